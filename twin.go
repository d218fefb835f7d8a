package nuage

import (
	"bytes"
	"errors"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/host"
	"github.com/nuage-emu/nuage/vfs"
)

// twin is what two machines in lockstep are given of one capability: the same
// to read, and nothing to change that the other would see.
type twin struct {
	// make makes the object of a side. It is called again when the program is
	// run again.
	make   func(side int, m *Machine, image *Image) (abi.Object, error)
	stream *twinStream // nil: it is none
	close  func() error
}

func (t *twin) end() {
	if t.close != nil {
		_ = t.close() // it was read from, and what was written has been reported
	}
}

// forgotten reports whether the program cannot be run again with the same input.
func (t *twin) forgotten() bool { return t.stream != nil && t.stream.forgotten.Load() }

// twin makes twins of the capability. Those that say nothing about it can be
// made twice.
func (c *Capability) twin() (*twin, error) {
	if c.apart != nil {
		return c.apart()
	}
	return &twin{make: func(_ int, m *Machine, image *Image) (abi.Object, error) { return c.make(m, image) }}, nil
}

// errNoTwin is for what can be given to one program only.
var errNoTwin = errors.New("a connection cannot be given to two programs in lockstep, which would each have to hear all of it; give it a stream, such as a file or a pipe")

func noTwin() (*twin, error) { return nil, errNoTwin }

// twinOverlay is for directories: what each side changes stays in memory.
func twinOverlay(open func(m *Machine) (vfs.Dir, error)) (*twin, error) {
	return &twin{make: func(_ int, m *Machine, _ *Image) (abi.Object, error) {
		d, err := m.overlay(open)
		if err != nil {
			return nil, err
		}
		return abi.NewDirectory(m.stable(d)), nil
	}}, nil
}

// twinFile is for a file of the host.
func twinFile(path string, mode FileMode) (*twin, error) {
	if info, err := os.Stat(path); err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		f, err := openStreamFile(path, mode)
		if err != nil {
			return nil, err
		}
		s, err := endsOf(f, false)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		t := twinOf(s)
		t.close = f.Close
		return t, nil
	}
	return &twin{make: func(_ int, m *Machine, _ *Image) (abi.Object, error) {
		if mode == ReadFile {
			return m.hostFile(path, mode)
		}
		return m.fileIn(path, mode, func(dir string) (vfs.Dir, error) {
			d, err := m.overlay(func(m *Machine) (vfs.Dir, error) {
				return vfs.NewHost(dir, vfs.HostOptions{Clock: m.clock()})
			})
			return m.stable(d), err
		})
	}}, nil
}

// twinOSFile is for an open file of this process.
func twinOSFile(f *os.File) (*twin, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, errors.New("it is not open in this process")
	case info.IsDir():
		return twinOverlay(func(m *Machine) (vfs.Dir, error) { return m.inheritedDir(f) })
	case info.Mode()&fs.ModeSocket != 0:
		return nil, errNoTwin
	}
	s, err := endsOf(f, false)
	if err != nil {
		return nil, err
	}
	return twinOf(s), nil
}

// twinOf is for streams: whichever side is first at a read or write does it, and
// the other one gets the same result.
func twinOf(s streamEnds) *twin {
	t := &twinStream{under: s}
	return &twin{stream: t, make: func(side int, _ *Machine, _ *Image) (abi.Object, error) {
		var r io.Reader
		var w io.Writer
		if s.r != nil {
			r = &twinReader{t: t}
		}
		if s.w != nil {
			w = &twinWriter{t: t}
		}
		return abi.NewStream(host.NewStream(r, w, s.options)), nil
	}}
}

// What is kept of a stream, so that the program can be run again: bytes of
// input, and results of writes.
const (
	maxInput  = 64 << 20
	maxWrites = 1 << 20
)

// twinStream is a stream of the host that several programs use in turn, each of
// which sees all of it. Readers and writers remember how far they are.
type twinStream struct {
	under streamEnds

	reading sync.Mutex // held during a Read of the host, too
	read    []outcome
	first   int // the number of read[0]
	kept    int // bytes

	writing    sync.Mutex // held during a Write of the host, too
	wrote      []written
	firstWrote int

	forgotten atomic.Bool // the first outcomes are not there any more
}

// outcome is what a read has come to.
type outcome struct {
	data []byte
	err  error
}

// written is what a write has come to, and a hash of what it was to write.
type written struct {
	hash uint64
	n    int
	err  error
}

var errForgotten = errors.New("what was read and written is not kept any more")

type twinReader struct {
	t    *twinStream
	next int    // the outcome to give
	rest []byte // of the last one
	err  error  // that comes after rest
}

// Read implements io.Reader.
func (r *twinReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 && r.err == nil {
		o, err := r.t.outcome(r.next, len(p))
		if err != nil {
			return 0, err
		}
		r.rest, r.err = o.data, o.err
		r.next++
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	if len(r.rest) > 0 {
		return n, nil
	}
	err := r.err
	r.err = nil
	return n, err
}

// outcome returns the result of the k-th read, which asks the host for up to n
// bytes if nobody has been there before.
func (t *twinStream) outcome(k, n int) (outcome, error) {
	t.reading.Lock()
	defer t.reading.Unlock()
	if k < t.first {
		return outcome{}, errForgotten
	}
	if k-t.first < len(t.read) {
		return t.read[k-t.first], nil
	}
	buf := make([]byte, n)
	n, err := t.under.r.Read(buf)
	o := outcome{data: bytes.Clone(buf[:n]), err: err}
	t.read = append(t.read, o)
	for t.kept += n; t.kept > maxInput && len(t.read) > 2; t.first++ {
		t.kept -= len(t.read[0].data)
		t.read[0] = outcome{}
		t.read = t.read[1:]
		t.forgotten.Store(true)
	}
	return o, nil
}

type twinWriter struct {
	t    *twinStream
	next int
}

var writeSeed = maphash.MakeSeed()

var errOtherOutput = errors.New("the two programs write different things")

// Write implements io.Writer.
func (w *twinWriter) Write(p []byte) (int, error) {
	t := w.t
	t.writing.Lock()
	defer t.writing.Unlock()
	hash := maphash.Bytes(writeSeed, p)
	if w.next < t.firstWrote {
		return 0, errForgotten
	}
	if w.next-t.firstWrote == len(t.wrote) {
		n, err := t.under.w.Write(p)
		t.wrote = append(t.wrote, written{hash: hash, n: n, err: err})
	}
	o := t.wrote[w.next-t.firstWrote]
	w.next++
	if len(t.wrote) > maxWrites {
		t.forgotten.Store(true)
		t.firstWrote += maxWrites / 2
		t.wrote = append([]written{}, t.wrote[maxWrites/2:]...)
	}
	if o.hash != hash {
		return 0, errOtherOutput
	}
	return o.n, o.err
}
