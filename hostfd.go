package nuage

import (
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"

	"golang.org/x/term"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/abi/host"
	"github.com/nuage-emu/nuage/vfs"
)

// OSFile is an open file of this process: standard output, a pipe, a socket, a
// directory. It stays open when the program has ended. A regular file becomes a
// stream too, at the offset that it has and shares with its other users; to
// give a program a file with all that files can do, use [File].
func OSFile(f *os.File) *Capability {
	return &Capability{name: f.Name(), make: func(m *Machine, _ *Image) (abi.Object, error) {
		return osFile(f, false)
	}, apart: func() (*twin, error) { return twinOSFile(f) }}
}

// HostFD is the descriptor of this process with the given number, as it was
// inherited: what "!fd 3" in a launcher's configuration means.
func HostFD(n uint32) *Capability {
	return &Capability{name: fmt.Sprintf("descriptor %d", n), make: func(m *Machine, _ *Image) (abi.Object, error) {
		if n < uint32(len(standard)) {
			return osFile(*standard[n], false)
		}
		f := os.NewFile(uintptr(n), fmt.Sprintf("/dev/fd/%d", n))
		if f == nil {
			return nil, cloudabi.EBADF
		}
		return m.inherited(f)
	}, apart: func() (*twin, error) {
		if n < uint32(len(standard)) {
			return twinOSFile(*standard[n])
		}
		f := os.NewFile(uintptr(n), fmt.Sprintf("/dev/fd/%d", n))
		if f == nil {
			return nil, cloudabi.EBADF
		}
		return twinOSFile(f)
	}}
}

// standard are the descriptors that every process has. Whoever embeds the
// package may have replaced the files.
var standard = [...]**os.File{&os.Stdin, &os.Stdout, &os.Stderr}

// inherited makes an object of a descriptor that this process did not open.
func (m *Machine) inherited(f *os.File) (abi.Object, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("it is not open in this process: %w", unwrapPath(err))
	case info.IsDir():
		d, err := m.inheritedDir(f)
		if err != nil {
			return nil, err
		}
		return abi.NewDirectory(m.stable(d)), nil
	case info.Mode()&fs.ModeSocket != 0:
		if c, err := net.FileConn(f); err == nil {
			return abi.NewStream(host.NewConn(c)), nil
		}
		if l, err := net.FileListener(f); err == nil {
			return abi.NewListener(host.NewListener(l)), nil
		}
	}
	return osFile(f, false)
}

func (m *Machine) inheritedDir(f *os.File) (vfs.Dir, error) {
	root, err := os.OpenRoot(f.Name())
	if err != nil {
		return nil, unwrapPath(err)
	}
	return vfs.NewHostRoot(root, vfs.HostOptions{Clock: m.clock()})
}

// osFile makes a stream of an open file, closing it in the end if owned.
func osFile(f *os.File, owned bool) (abi.Object, error) {
	s, err := endsOf(f, owned)
	if err != nil {
		return nil, err
	}
	return abi.NewStream(host.NewStream(s.r, s.w, s.options)), nil
}

// streamEnds are what a stream of the host is made of. Reader or writer may be
// missing.
type streamEnds struct {
	r       io.Reader
	w       io.Writer
	options host.StreamOptions
}

// endsOf are those of an open file. Which of reading and writing is possible
// shows when it is tried: a host tells nobody how a descriptor was opened.
func endsOf(f *os.File, owned bool) (streamEnds, error) {
	info, err := f.Stat()
	if err != nil {
		return streamEnds{}, fmt.Errorf("it is not open in this process: %w", unwrapPath(err))
	}
	s := streamEnds{r: f, w: f}
	if info.Mode()&fs.ModeCharDevice != 0 {
		s.options.Filetype = cloudabi.FiletypeCharacterDevice
		s.options.Terminal = isTerminal(f)
	}
	switch {
	case owned:
		s.options.Close = f.Close
	case f == os.Stdin:
		s.w = nil
	case f == os.Stdout || f == os.Stderr:
		s.r = nil
	}
	return s, nil
}

// isTerminal asks without calling Fd, which would make the file blocking for all
// who have it open.
func isTerminal(f *os.File) (yes bool) {
	if raw, err := f.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { yes = term.IsTerminal(int(fd)) })
	}
	return yes
}
