package vfs

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"sync"
	"sync/atomic"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// maxHeld bounds what is held in memory of the files of one fs.FS whose file
// system cannot read at an offset, or that are mapped.
const maxHeld = 1 << 30

// NewFS returns the root directory of an fs.FS, which can only be read: every
// change is EROFS. Symbolic links are followed by the walker if fsys is an
// [fs.ReadLinkFS]; one that follows links by itself, such as os.DirFS, must not be
// given to a program: it leaves the directory (use [NewHost]).
//
// Files that implement neither io.ReaderAt nor io.Seeker, and files that are
// mapped, are held in memory while they are open, together at most 1 GiB
// (ENOMEM). Inode numbers are made of the paths, so they are the same each time.
// Names that are not UTF-8 do not exist here.
func NewFS(fsys fs.FS) Dir {
	return NewReadOnly(&ioDir{fs: &ioFS{fsys: fsys, held: map[string]*heldFile{}}, path: "."})
}

type ioFS struct {
	fsys fs.FS

	mu    sync.Mutex
	held  map[string]*heldFile
	total int64
}

// heldFile is a file's bytes, shared by those who have it open.
type heldFile struct {
	object *memory.Object
	size   int64
	refs   int
}

// ioDir is a directory of an fs.FS: a path that the walker has made of names, so
// it is valid and below the root.
type ioDir struct {
	noChanges
	fs   *ioFS
	path string
	list listing
}

// noChanges completes Dir: NewReadOnly never calls these.
type noChanges struct{}

func (noChanges) SetTimes(Times) error           { return cloudabi.EROFS }
func (noChanges) Sync(bool) error                { return nil }
func (noChanges) Mkdir(string) error             { return cloudabi.EROFS }
func (noChanges) Symlink(string, string) error   { return cloudabi.EROFS }
func (noChanges) Link(string, Dir, string) error { return cloudabi.EROFS }
func (noChanges) Rename(string, Dir, string) error {
	return cloudabi.EROFS
}
func (noChanges) MakeSpecial(string, cloudabi.Filetype) (Special, error) {
	return nil, cloudabi.EROFS
}
func (noChanges) Unlink(string) error            { return cloudabi.EROFS }
func (noChanges) Rmdir(string) error             { return cloudabi.EROFS }
func (noChanges) SetTimesOf(string, Times) error { return cloudabi.EROFS }

func (d *ioDir) Close() error { return nil }

func (d *ioDir) Reopen() (Dir, error) { return &ioDir{fs: d.fs, path: d.path}, nil }

func (d *ioDir) Stat() (cloudabi.Filestat, error) { return d.fs.stat(d.path) }

func (d *ioDir) child(name string) (string, error) {
	p := path.Join(d.path, name)
	if !fs.ValidPath(p) {
		return "", cloudabi.ENOENT
	}
	return p, nil
}

func (h *ioFS) stat(p string) (cloudabi.Filestat, error) {
	info, err := fs.Lstat(h.fsys, p)
	if err != nil {
		return cloudabi.Filestat{}, hostErrno(err)
	}
	st := cloudabi.Filestat{
		Ino:      cloudabi.Inode(position(p)),
		Filetype: modeFiletype(info.Mode()),
		Nlink:    1,
		Mtim:     cloudabi.Timestamp(nanoseconds(info.ModTime())),
	}
	st.Atim, st.Ctim = st.Mtim, st.Mtim
	switch st.Filetype {
	case cloudabi.FiletypeRegularFile:
		st.Size = cloudabi.Filesize(max(0, info.Size()))
	case cloudabi.FiletypeSymbolicLink:
		if text, err := fs.ReadLink(h.fsys, p); err == nil {
			st.Size = cloudabi.Filesize(len(text))
		}
	}
	return st, nil
}

func (d *ioDir) Lookup(name string) (cloudabi.Filestat, error) {
	p, err := d.child(name)
	if err != nil {
		return cloudabi.Filestat{}, err
	}
	return d.fs.stat(p)
}

func (d *ioDir) OpenDir(name string) (Dir, error) {
	p, err := d.child(name)
	if err != nil {
		return nil, err
	}
	st, err := d.fs.stat(p)
	switch {
	case err != nil:
		return nil, err
	case st.Filetype == cloudabi.FiletypeSymbolicLink:
		return nil, cloudabi.ELOOP
	case st.Filetype != cloudabi.FiletypeDirectory:
		return nil, cloudabi.ENOTDIR
	}
	return &ioDir{fs: d.fs, path: p}, nil
}

func (d *ioDir) Readlink(name string) (string, error) {
	p, err := d.child(name)
	if err != nil {
		return "", err
	}
	st, err := d.fs.stat(p)
	if err != nil {
		return "", err
	}
	if st.Filetype != cloudabi.FiletypeSymbolicLink {
		return "", cloudabi.EINVAL
	}
	text, err := fs.ReadLink(d.fs.fsys, p)
	if err == nil {
		return text, nil
	}
	if _, ok := d.fs.fsys.(fs.ReadLinkFS); !ok {
		return "", cloudabi.ENOTSUP
	}
	return "", hostErrno(err)
}

func (d *ioDir) ReadDir(cookie uint64, emit func(Entry) bool) error {
	return d.list.read(d, cookie, emit)
}

// scan is for the listing.
func (d *ioDir) scan(yield func(string) bool) error {
	f, err := d.fs.fsys.Open(d.path)
	if err != nil {
		return hostErrno(err)
	}
	defer f.Close()
	r, ok := f.(fs.ReadDirFile)
	if !ok {
		entries, err := fs.ReadDir(d.fs.fsys, d.path)
		for _, e := range entries {
			if len(e.Name()) <= NameMax && !yield(e.Name()) {
				return nil
			}
		}
		return hostErrno(err)
	}
	for {
		entries, err := r.ReadDir(1024)
		for _, e := range entries {
			if len(e.Name()) <= NameMax && !yield(e.Name()) {
				return nil
			}
		}
		if err == io.EOF || err == nil && len(entries) == 0 {
			return nil
		}
		if err != nil {
			return hostErrno(err)
		}
	}
}

// entry is for the listing.
func (d *ioDir) entry(name string) (uint64, cloudabi.Filetype, error) {
	p := d.path
	switch name {
	case ".":
	case "..":
		p = path.Dir(p)
	default:
		var err error
		if p, err = d.child(name); err != nil {
			return 0, 0, err
		}
	}
	st, err := d.fs.stat(p)
	return uint64(st.Ino), st.Filetype, err
}

func (d *ioDir) OpenFile(name string, flags OpenFlags) (File, error) {
	p, err := d.child(name)
	if err != nil {
		return nil, err
	}
	st, err := d.fs.stat(p)
	switch {
	case err != nil:
		return nil, err
	case st.Filetype == cloudabi.FiletypeSymbolicLink:
		return nil, cloudabi.ELOOP
	case st.Filetype == cloudabi.FiletypeDirectory:
		return nil, cloudabi.EISDIR
	case st.Filetype != cloudabi.FiletypeRegularFile:
		return nil, cloudabi.ENOTSUP
	case flags.Write:
		return nil, cloudabi.EROFS
	}
	f, err := d.fs.fsys.Open(p)
	if err != nil {
		return nil, hostErrno(err)
	}
	file := &ioFile{fs: d.fs, path: p, file: f}
	if _, ok := f.(io.ReaderAt); ok {
		return file, nil
	}
	if _, ok := f.(io.Seeker); ok {
		return file, nil
	}
	if err := file.hold(); err != nil {
		f.Close()
		return nil, err
	}
	return file, nil
}

// ioFile is a handle of a file of an fs.FS.
type ioFile struct {
	noFileChanges
	fs     *ioFS
	path   string
	closed atomic.Bool

	mu   sync.Mutex // of the position, where file has one
	file fs.File
	held atomic.Pointer[heldFile] // set once
}

// noFileChanges completes File.
type noFileChanges struct{}

func (noFileChanges) SetTimes(Times) error               { return cloudabi.EROFS }
func (noFileChanges) Sync(bool) error                    { return nil }
func (noFileChanges) WriteAt([]byte, int64) (int, error) { return 0, cloudabi.EBADF }
func (noFileChanges) Append([]byte) (int, int64, error)  { return 0, 0, cloudabi.EBADF }
func (noFileChanges) Truncate(int64) error               { return cloudabi.EBADF }
func (noFileChanges) Allocate(int64, int64) error        { return cloudabi.EBADF }

func (f *ioFile) Filetype() cloudabi.Filetype { return cloudabi.FiletypeRegularFile }

func (f *ioFile) Stat() (cloudabi.Filestat, error) { return f.fs.stat(f.path) }

func (f *ioFile) Size() (int64, error) {
	if h := f.held.Load(); h != nil {
		return h.size, nil
	}
	info, err := f.file.Stat()
	if err != nil {
		return 0, hostErrno(err)
	}
	return info.Size(), nil
}

func (f *ioFile) Close() error {
	if f.closed.Swap(true) {
		return cloudabi.EBADF
	}
	err := f.file.Close()
	if h := f.held.Load(); h != nil {
		f.fs.unhold(f.path, h)
	}
	return hostErrno(err)
}

func (f *ioFile) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, cloudabi.EINVAL
	}
	if h := f.held.Load(); h != nil {
		if off >= h.size {
			return 0, nil
		}
		return readObject(h.object, p[:min(int64(len(p)), h.size-off)], off)
	}
	n, err := f.readFile(p, off)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return n, hostErrno(err)
}

func (f *ioFile) readFile(p []byte, off int64) (int, error) {
	if r, ok := f.file.(io.ReaderAt); ok {
		// Not every ReaderAt takes an offset past the end for the end.
		if size, err := f.Size(); err == nil && off >= size {
			return 0, io.EOF
		}
		return r.ReadAt(p, off)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.file.(io.Seeker).Seek(off, io.SeekStart); err != nil {
		return 0, err
	}
	return io.ReadFull(f.file, p)
}

func (f *ioFile) Object() (*memory.Object, error) {
	if f.held.Load() == nil {
		if err := f.hold(); err != nil {
			return nil, err
		}
	}
	return f.held.Load().object, nil
}

// hold reads the file into memory, or joins those who have done so.
func (f *ioFile) hold() error {
	h := f.fs
	h.mu.Lock()
	defer h.mu.Unlock()
	if f.held.Load() != nil {
		return nil
	}
	if held := h.held[f.path]; held != nil {
		held.refs++
		f.held.Store(held)
		return nil
	}
	file, err := h.fsys.Open(f.path) // f.file may have a position
	if err != nil {
		return hostErrno(err)
	}
	defer file.Close()
	o, err := memory.NewObject(nil)
	if err != nil {
		return memoryErrno(err)
	}
	size, err := copyBounded(o, file, maxHeld-h.total)
	if err != nil {
		o.Close()
		return err
	}
	held := &heldFile{object: o, size: size, refs: 1}
	h.held[f.path] = held
	h.total += size
	f.held.Store(held)
	return nil
}

func (h *ioFS) unhold(path string, held *heldFile) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if held.refs--; held.refs == 0 {
		delete(h.held, path)
		h.total -= held.size
		held.object.Close()
	}
}

// copyBounded copies a file into an object, or ENOMEM if it is longer than most.
func copyBounded(o *memory.Object, file io.Reader, most int64) (int64, error) {
	buf := make([]byte, chunkSize)
	for size := int64(0); ; {
		n, err := io.ReadFull(file, buf)
		if size+int64(n) > most {
			return 0, cloudabi.ENOMEM
		}
		if n > 0 {
			if err := truncateObject(o, size+int64(n)); err != nil {
				return 0, err
			}
			if err := writeObject(o, buf[:n], size); err != nil {
				return 0, err
			}
			size += int64(n)
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return size, nil
		}
		if err != nil {
			return 0, hostErrno(err)
		}
	}
}
