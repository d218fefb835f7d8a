package vfs

import (
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// hostShared is what all handles of one host file have in common. I/O holds mu
// for reading; appending, and making an object, for writing.
type hostShared struct {
	id   fileID
	refs int // hostFS.mu

	mu     sync.RWMutex
	object [2]*memory.Object // read-only and writable
}

// best returns the object through which bytes are read, if any: what mappings
// have written shows in it even where the host cannot map files.
func (s *hostShared) best() *memory.Object {
	if s.object[1] != nil {
		return s.object[1]
	}
	return s.object[0]
}

func (h *hostFS) hold(id fileID) *hostShared {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.shared[id]
	if s == nil {
		s = &hostShared{id: id}
		h.shared[id] = s
	}
	s.refs++
	return s
}

func (h *hostFS) release(s *hostShared) {
	h.mu.Lock()
	s.refs--
	last := s.refs == 0
	if last {
		delete(h.shared, s.id)
	}
	h.mu.Unlock()
	if !last {
		return
	}
	for _, o := range s.object {
		if o != nil {
			o.Close()
		}
	}
}

// hostFile is a handle of a host file.
type hostFile struct {
	fs          *hostFS
	file        *os.File
	kind        cloudabi.Filetype
	shared      *hostShared
	read, write bool
	closed      atomic.Bool
}

// newFile owns f.
func (d *hostDir) newFile(f *os.File, flags OpenFlags) (File, error) {
	h := &hostFile{fs: d.fs, file: f, read: flags.Read, write: flags.Write}
	st, err := h.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	h.kind = st.Filetype
	h.shared = d.fs.hold(fileID{st.Dev, st.Ino})
	if h.kind == cloudabi.FiletypeFifo {
		return hostStream{h}, nil
	}
	return h, nil
}

// truncateNew empties a file that is being opened.
func (d *hostDir) truncateNew(f *os.File) error {
	h, err := d.newFile(f, OpenFlags{Write: true})
	if err != nil {
		return err
	}
	err = h.Truncate(0)
	d.fs.release(h.(*hostFile).shared)
	return err
}

func (f *hostFile) Filetype() cloudabi.Filetype { return f.kind }

func (f *hostFile) Stat() (cloudabi.Filestat, error) {
	info, err := f.file.Stat()
	if err != nil {
		return cloudabi.Filestat{}, hostErrno(err)
	}
	return hostStat(info, f.file.Name(), func() (*os.File, func() error, error) {
		return f.file, func() error { return nil }, nil
	}), nil
}

func (f *hostFile) SetTimes(t Times) error {
	atim, mtim, err := t.resolve(f.fs.now)
	if err != nil || atim == nil && mtim == nil {
		return err
	}
	return hostErrno(setTimesFile(f.file, atim, mtim))
}

func (f *hostFile) Sync(dataOnly bool) error {
	f.shared.mu.RLock()
	defer f.shared.mu.RUnlock()
	if o := f.shared.object[1]; o != nil {
		if err := o.Sync(); err != nil {
			return memoryErrno(err)
		}
	}
	if dataOnly {
		return hostErrno(syncData(f.file))
	}
	return hostErrno(f.file.Sync())
}

func (f *hostFile) Close() error {
	if f.closed.Swap(true) {
		return cloudabi.EBADF
	}
	err := f.file.Close()
	f.fs.release(f.shared)
	return hostErrno(err)
}

func (f *hostFile) ReadAt(p []byte, off int64) (int, error) {
	if !f.read {
		return 0, cloudabi.EBADF
	}
	if off < 0 {
		return 0, cloudabi.EINVAL
	}
	f.shared.mu.RLock()
	defer f.shared.mu.RUnlock()
	if o := f.shared.best(); o != nil {
		return readObject(o, p, off)
	}
	n, err := f.file.ReadAt(p, off)
	if err == io.EOF {
		err = nil
	}
	return n, hostErrno(err)
}

func (f *hostFile) WriteAt(p []byte, off int64) (int, error) {
	if !f.write {
		return 0, cloudabi.EBADF
	}
	if off < 0 {
		return 0, cloudabi.EINVAL
	}
	f.shared.mu.RLock()
	defer f.shared.mu.RUnlock()
	if o := f.shared.object[1]; o != nil {
		n, err := o.WriteAt(p, off)
		return n, memoryErrno(err)
	}
	n, err := f.file.WriteAt(p, off)
	return n, hostErrno(err)
}

func (f *hostFile) Append(p []byte) (int, int64, error) {
	if !f.write {
		return 0, 0, cloudabi.EBADF
	}
	f.shared.mu.Lock()
	defer f.shared.mu.Unlock()
	if o := f.shared.object[1]; o != nil {
		end := o.Size()
		n, err := o.WriteAt(p, end)
		return n, end + int64(n), memoryErrno(err)
	}
	n, end, err := appendTo(f.file, p)
	return n, end, hostErrno(err)
}

// appendAtEnd is appendTo where the host does not append by itself.
func appendAtEnd(f *os.File, p []byte) (int, int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, 0, err
	}
	n, err := f.WriteAt(p, info.Size())
	return n, info.Size() + int64(n), err
}

func (f *hostFile) Size() (int64, error) {
	info, err := f.file.Stat()
	if err != nil {
		return 0, hostErrno(err)
	}
	return info.Size(), nil
}

func (f *hostFile) Truncate(size int64) error {
	if !f.write {
		return cloudabi.EBADF
	}
	if size < 0 || f.kind != cloudabi.FiletypeRegularFile {
		return cloudabi.EINVAL
	}
	f.shared.mu.Lock()
	defer f.shared.mu.Unlock()
	if o := f.shared.object[1]; o != nil {
		return memoryErrno(o.Truncate(size))
	}
	return hostErrno(f.file.Truncate(size))
}

func (f *hostFile) Allocate(off, n int64) error {
	if !f.write {
		return cloudabi.EBADF
	}
	if off < 0 || n <= 0 {
		return cloudabi.EINVAL
	}
	if off+n < 0 {
		return cloudabi.EFBIG
	}
	if f.kind != cloudabi.FiletypeRegularFile {
		return cloudabi.ESPIPE
	}
	f.shared.mu.Lock()
	defer f.shared.mu.Unlock()
	if o := f.shared.object[1]; o != nil {
		return f.grow(off+n, o.Truncate)
	}
	err := hostErrno(reserve(f.file, off, n))
	if err == cloudabi.ENOTSUP {
		return f.grow(off+n, f.file.Truncate)
	}
	return err
}

// grow lengthens the file where the host cannot reserve room.
func (f *hostFile) grow(size int64, truncate func(int64) error) error {
	now, err := f.Size()
	if err != nil || now >= size {
		return err
	}
	return memoryErrno(truncate(size))
}

// Object gives all handles that are open at the same time the same object, one
// for those that may write and one for the others.
func (f *hostFile) Object() (*memory.Object, error) {
	if f.kind != cloudabi.FiletypeRegularFile {
		return nil, cloudabi.ENODEV
	}
	f.shared.mu.Lock()
	defer f.shared.mu.Unlock()
	writable := 0
	if f.write {
		writable = 1
	}
	if o := f.shared.object[writable]; o != nil {
		return o, nil
	}
	file, err := duplicate(f.file)
	if err != nil {
		return nil, hostErrno(err)
	}
	o, err := memory.NewFileObject(file, f.write)
	if err != nil {
		file.Close()
		return nil, memoryErrno(err)
	}
	f.shared.object[writable] = o
	return o, nil
}

// hostStream is a named pipe.
type hostStream struct{ *hostFile }

func (hostStream) ReadAt([]byte, int64) (int, error)  { return 0, cloudabi.ESPIPE }
func (hostStream) WriteAt([]byte, int64) (int, error) { return 0, cloudabi.ESPIPE }
func (hostStream) Append([]byte) (int, int64, error)  { return 0, 0, cloudabi.ESPIPE }
func (hostStream) Size() (int64, error)               { return 0, nil }

func (s hostStream) Read(p []byte) (int, error) {
	if !s.read {
		return 0, cloudabi.EBADF
	}
	n, err := readNow(s.file, p)
	return n, hostErrno(err)
}

func (s hostStream) Write(p []byte) (int, error) {
	if !s.write {
		return 0, cloudabi.EBADF
	}
	n, err := writeNow(s.file, p)
	return n, hostErrno(err)
}
