package nuage

import (
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/abi/host"
	"github.com/nuage-emu/nuage/vfs"
)

// Capability is something a program can be given. It describes what to open;
// opening happens when a process is started with it. Unless a constructor says
// that it takes over what it is made from, a capability may be given to any
// number of processes.
type Capability struct {
	name  string
	mode  access
	make  func(m *Machine, image *Image) (abi.Object, error)
	apart func() (*twin, error) // for two machines in lockstep; nil: make does for each
	once  bool                  // make has taken something over
	taken bool
	// base and inheriting restrict the rights further, where limited is set.
	limited          bool
	base, inheriting cloudabi.Rights
}

type access uint8

const (
	readWrite access = iota
	readOnly
	writeOnly
)

// open makes a descriptor of the capability.
func (c *Capability) open(m *Machine, image *Image) (abi.DescriptorSpec, error) {
	if c.once && c.taken {
		return abi.DescriptorSpec{}, fmt.Errorf("nuage: %s was given to a process before and belongs to it", c.name)
	}
	c.taken = true
	o, err := c.make(m, image)
	if err != nil {
		return abi.DescriptorSpec{}, &OpenError{c, err}
	}
	most := abi.LargestRights(o)
	spec := abi.DescriptorSpec{Object: o, Base: most.Base, Inheriting: most.Inheriting}
	if most.Base&cloudabi.RightFileOpen == 0 { // not a directory, whose rights say it all
		spec.ReadOnly, spec.WriteOnly = c.mode == readOnly, c.mode == writeOnly
	}
	switch c.mode {
	case readOnly:
		spec.Base &^= changing
		spec.Inheriting &^= changing
	case writeOnly:
		spec.Base &^= cloudabi.RightFdRead
	}
	if c.limited {
		spec.Base &= c.base
		spec.Inheriting &= c.inheriting
	}
	spec.NoRights = spec.Base|spec.Inheriting == 0
	return spec, nil
}

// OpenError is the error of [Machine.Start] about a capability that could not
// be opened.
type OpenError struct {
	Capability *Capability
	Err        error
}

// Error implements error.
func (e *OpenError) Error() string { return fmt.Sprintf("opening %s: %v", e.Capability.name, e.Err) }

// Unwrap returns the cause.
func (e *OpenError) Unwrap() error { return e.Err }

// changing are the rights with which something can be changed.
const changing = cloudabi.RightFdDatasync | cloudabi.RightFdWrite | cloudabi.RightFileAllocate |
	cloudabi.RightFileCreateDirectory | cloudabi.RightFileCreateFile | cloudabi.RightFileCreateFifo |
	cloudabi.RightFileLinkSource | cloudabi.RightFileLinkTarget | cloudabi.RightFileRenameSource |
	cloudabi.RightFileRenameTarget | cloudabi.RightFileStatFputSize | cloudabi.RightFileStatFputTimes |
	cloudabi.RightFileStatPutTimes | cloudabi.RightFileSymlink | cloudabi.RightFileUnlink |
	cloudabi.RightSockBindDirectory

// WithRights returns the capability with its rights cut down to the given
// ones: base for what is done with the descriptor itself, inheriting for what
// is opened through it.
func (c *Capability) WithRights(base, inheriting cloudabi.Rights) *Capability {
	d := *c
	if d.limited {
		base &= d.base
		inheriting &= d.inheriting
	}
	d.limited, d.base, d.inheriting = true, base, inheriting
	return &d
}

// ReadOnly returns the capability without the rights that change anything.
func (c *Capability) ReadOnly() *Capability {
	d := *c
	d.mode = readOnly
	return &d
}

// String says what the capability is.
func (c *Capability) String() string { return c.name }

// Reader is a stream the program reads. Reads of r happen on a goroutine and
// only when the program asks; one that never returns does not keep the process
// from ending. Files, among them pipes, are read without a goroutine where the
// host allows, through a descriptor of the process's own.
func Reader(r io.Reader) *Capability {
	return &Capability{name: "reader", mode: readOnly, make: func(*Machine, *Image) (abi.Object, error) {
		return abi.NewStream(host.NewStream(r, nil, host.StreamOptions{})), nil
	}, apart: func() (*twin, error) { return twinOf(streamEnds{r: r}), nil }}
}

// Writer is a stream the program writes. What it has written has reached w
// when a process that used it is done. If several processes write to w at the
// same time, w must be able to stand it.
func Writer(w io.Writer) *Capability {
	return &Capability{name: "writer", mode: writeOnly, make: func(*Machine, *Image) (abi.Object, error) {
		return abi.NewStream(host.NewStream(nil, w, host.StreamOptions{})), nil
	}, apart: func() (*twin, error) { return twinOf(streamEnds{w: w}), nil }}
}

// ReadWriter is a stream in both directions.
func ReadWriter(rw io.ReadWriter) *Capability {
	return &Capability{name: "stream", make: func(*Machine, *Image) (abi.Object, error) {
		return abi.NewStream(host.NewStream(rw, rw, host.StreamOptions{})), nil
	}, apart: func() (*twin, error) { return twinOf(streamEnds{r: rw, w: rw}), nil }}
}

// Conn is a network connection, or a datagram socket, which keeps the boundaries
// of messages; one that is not connected to a peer can only receive. It is taken
// over: the process closes it.
func Conn(c net.Conn) *Capability {
	return &Capability{name: "connection", once: true, apart: noTwin, make: func(*Machine, *Image) (abi.Object, error) {
		return abi.NewStream(host.NewConn(c)), nil
	}}
}

// Listener is a listening socket. It is taken over: the process closes it.
func Listener(l net.Listener) *Capability {
	return &Capability{name: "listener", once: true, apart: noTwin, make: func(*Machine, *Image) (abi.Object, error) {
		return abi.NewListener(host.NewListener(l)), nil
	}}
}

// FS is a directory with the contents of any io/fs file system, which the
// program can only read.
func FS(fsys fs.FS) *Capability {
	return &Capability{name: "file system", mode: readOnly, make: func(m *Machine, _ *Image) (abi.Object, error) {
		return abi.NewDirectory(vfs.NewFS(fsys)), nil
	}}
}

// Dir is a directory of the host. The program can name what is below it, and
// nothing else, whatever symbolic links there are.
func Dir(path string) *Capability {
	return &Capability{name: fmt.Sprintf("directory %q", path), make: func(m *Machine, _ *Image) (abi.Object, error) {
		d, err := m.hostDir(path)
		if err != nil {
			return nil, err
		}
		return abi.NewDirectory(d), nil
	}, apart: func() (*twin, error) {
		return twinOverlay(func(m *Machine) (vfs.Dir, error) { return vfs.NewHost(path, vfs.HostOptions{Clock: m.clock()}) })
	}}
}

// Overlay is a directory of the host that the program can change without the
// host seeing anything of it: the changes stay in memory, charged to the
// machine's memory limit, and go with the process.
func Overlay(path string) *Capability {
	return &Capability{name: fmt.Sprintf("overlay over %q", path), make: func(m *Machine, _ *Image) (abi.Object, error) {
		o, err := m.overlay(func(m *Machine) (vfs.Dir, error) { return vfs.NewHost(path, vfs.HostOptions{Clock: m.clock()}) })
		if err != nil {
			return nil, err
		}
		return abi.NewDirectory(m.stable(o)), nil
	}}
}

// MemoryDir is a new empty directory in memory, charged to the machine's
// memory limit. See [NewMemoryFS] for one whose contents can be seen from
// outside.
func MemoryDir() *Capability {
	return &Capability{name: "directory in memory", make: func(m *Machine, _ *Image) (abi.Object, error) {
		return abi.NewDirectory(m.stable(vfs.NewMemory(m.clock(), m.abi.Quota()))), nil
	}}
}

// Executable is the file of the program itself.
func Executable() *Capability {
	return &Capability{name: "the program", mode: readOnly, make: func(m *Machine, image *Image) (abi.Object, error) {
		d := vfs.NewFS(imageFS{image})
		f, err := d.OpenFile(imageName, vfs.OpenFlags{Read: true})
		_ = d.Close()
		if err != nil {
			return nil, err
		}
		return abi.NewFile(f), nil
	}}
}

// FileMode says how [File] opens a file.
type FileMode uint8

// The modes.
const (
	ReadFile   FileMode = iota // for reading
	WriteFile                  // for reading and writing; it must exist
	CreateFile                 // for reading and writing; made, or emptied
)

// File is a file of the host, opened in the given mode. What is not a regular
// file (a named pipe, a device) becomes a stream.
func File(path string, mode FileMode) *Capability {
	c := &Capability{name: fmt.Sprintf("file %q", path), make: func(m *Machine, _ *Image) (abi.Object, error) {
		return m.hostFile(path, mode)
	}, apart: func() (*twin, error) { return twinFile(path, mode) }}
	if mode == ReadFile {
		c.mode = readOnly
	}
	return c
}

func (m *Machine) clock() vfs.Clock { return m.abi.Host().Realtime }

func (m *Machine) hostDir(path string) (vfs.Dir, error) {
	d, err := vfs.NewHost(path, vfs.HostOptions{Clock: m.clock()})
	return m.stable(d), err
}

// stable gives the programs of a deterministic machine one view of every
// directory they can write to, whether the host, memory or both keep it: nothing
// of the host's own shows. d may be nil.
func (m *Machine) stable(d vfs.Dir) vfs.Dir {
	if d == nil || !m.options.Deterministic {
		return d
	}
	return vfs.NewStable(d, m.clock(), abi.VirtualEpoch)
}

// overlay opens a directory below an overlay.
func (m *Machine) overlay(open func(m *Machine) (vfs.Dir, error)) (vfs.Dir, error) {
	d, err := open(m)
	if err != nil {
		return nil, err
	}
	o, err := vfs.NewOverlay(d, m.clock(), m.abi.Quota())
	if err != nil {
		_ = d.Close()
		return nil, err
	}
	return o, nil
}

// hostFile opens a file of the host.
func (m *Machine) hostFile(path string, mode FileMode) (abi.Object, error) {
	if info, err := os.Stat(path); err == nil {
		switch {
		case info.IsDir():
			return nil, fmt.Errorf("it is a directory")
		case !info.Mode().IsRegular():
			f, err := openStreamFile(path, mode)
			if err != nil {
				return nil, err
			}
			return osFile(f, true)
		}
	}
	return m.fileIn(path, mode, m.hostDir)
}

// fileIn opens a file through the directory it is in, as programs do.
func (m *Machine) fileIn(path string, mode FileMode, open func(dir string) (vfs.Dir, error)) (abi.Object, error) {
	dir, base := filepath.Split(path)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		dir, base = filepath.Split(real)
	} else if mode != CreateFile {
		return nil, unwrapPath(err)
	}
	if dir == "" {
		dir = "."
	}
	d, err := open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	f, err := d.OpenFile(base, vfs.OpenFlags{Read: true, Write: mode != ReadFile, Create: mode == CreateFile, Truncate: mode == CreateFile})
	if err != nil {
		return nil, err
	}
	return abi.NewFile(f), nil
}

// unwrapPath takes the path out of an error whose message will name it.
func unwrapPath(err error) error {
	if e, ok := err.(*fs.PathError); ok {
		return e.Err
	}
	return err
}

// openStreamFile opens what is not a regular file.
func openStreamFile(path string, mode FileMode) (*os.File, error) {
	flags := os.O_RDWR
	if mode == ReadFile {
		flags = os.O_RDONLY
	}
	f, err := os.OpenFile(path, flags, 0)
	if err != nil {
		return nil, unwrapPath(err)
	}
	return f, nil
}
