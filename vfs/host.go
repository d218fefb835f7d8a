package vfs

import (
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// The host backend gives out a directory of the host. Each open directory is an
// os.Root, which the system resolves names in; names are single components and
// symbolic links are never left to the host to follow: what a name is, is looked
// at first, then it is opened, then compared with what was looked at. If another
// host process swaps something in between, os.Root still does not leave the
// directory, and the comparison notices.
//
// What the host cannot do:
//   - Names are compared as the host compares them: on a file system without
//     case two spellings are one name. On Windows a name that Windows has no
//     place for (backslash, colon, reserved device names, a final dot …) is
//     EINVAL, and one that is not UTF-8 is EILSEQ.
//   - Devices and sockets cannot be opened (ENOTSUP); named pipes can, on Unix,
//     as a [Stream], without waiting for the other end.
//   - A [Special] has no hold on the object: it is what the host said of the
//     name when it was opened. Named pipes can be made on Linux, FreeBSD,
//     OpenBSD and DragonFly (elsewhere ENOTSUP, for want of a call relative to
//     a directory). Where the host cannot make a socket that nobody is behind,
//     an empty regular file takes its place (host_special*.go).
//   - The times of a symbolic link itself can be set on Linux, macOS and the
//     BSDs; elsewhere that is ENOTSUP. The times of an open file have
//     microseconds on macOS and the BSDs; on Solaris, AIX, Plan 9 and
//     WebAssembly they cannot be set (ENOTSUP).
//   - Between two directories that are open, Linux, macOS and the BSDs rename
//     and link by their descriptors. Elsewhere it is done by the path from the
//     directory that NewHost was given: ESTALE if one of the two has been moved
//     meanwhile; and a directory takes the place of an empty one in two steps.
//   - Following a symbolic link changes its time of access where the host has
//     it so, except on Linux for the links that programs have made
//     (host_links.go).
//   - Append is atomic against everybody on Unix, elsewhere only against guests
//     of the same NewHost.
//   - On js/wasm os.Root itself is not safe against other processes that swap
//     names at the same time.
//   - A host process that replaces a directory by a named pipe in the moment
//     it is opened can hold up that open.

// HostOptions are what a directory of the host is given out with.
type HostOptions struct {
	// ReadOnly: all changes are EROFS.
	ReadOnly bool
	// Clock gives the time where a program sets a time to now. What the host
	// itself records is the host's time. nil: 0.
	Clock Clock
}

// NewHost opens a directory of the host. Errors are error numbers too.
func NewHost(path string, o HostOptions) (Dir, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		if info, serr := os.Stat(path); serr == nil && !info.IsDir() {
			return nil, cloudabi.ENOTDIR
		}
		return nil, hostErrno(err)
	}
	return NewHostRoot(root, o)
}

// NewHostRoot is [NewHost] for a directory that is already open. It owns root,
// even if it fails.
func NewHostRoot(root *os.Root, o HostOptions) (Dir, error) {
	if errEscapes.Load() == nil {
		_, err := root.Lstat("..")
		var p *fs.PathError
		if errors.As(err, &p) {
			errEscapes.Store(&p.Err)
		}
	}
	h := &hostFS{clock: o.Clock, shared: map[fileID]*hostShared{}}
	if needTop {
		top, err := root.OpenRoot(".")
		if err != nil {
			root.Close()
			return nil, hostErrno(err)
		}
		h.top = top
	}
	var d Dir = h.newDir(root, ".")
	if o.ReadOnly {
		d = NewReadOnly(d)
	}
	return d, nil
}

type hostFS struct {
	clock Clock
	// top is the directory that NewHost was given, where paths are needed
	// (host_at_other.go); it is closed with the last directory.
	top  *os.Root
	dirs atomic.Int64

	links linkCache

	mu     sync.Mutex
	shared map[fileID]*hostShared
}

type fileID struct {
	dev cloudabi.Device
	ino cloudabi.Inode
}

func (h *hostFS) now() uint64 {
	if h.clock == nil {
		return 0
	}
	return h.clock()
}

// hostDir is a handle of a host directory.
type hostDir struct {
	fs     *hostFS
	root   *os.Root
	path   string // from the top, at the time of opening
	list   listing
	closed atomic.Bool
}

func (h *hostFS) newDir(root *os.Root, path string) *hostDir {
	h.dirs.Add(1)
	return &hostDir{fs: h, root: root, path: path}
}

func (d *hostDir) Close() error {
	if d.closed.Swap(true) {
		return cloudabi.EBADF
	}
	err := d.root.Close()
	if d.fs.dirs.Add(-1) == 0 && d.fs.top != nil {
		d.fs.top.Close()
	}
	return hostErrno(err)
}

func (d *hostDir) Reopen() (Dir, error) {
	root, err := d.root.OpenRoot(".")
	if err != nil {
		return nil, hostErrno(err)
	}
	return d.fs.newDir(root, d.path), nil
}

func (d *hostDir) Stat() (cloudabi.Filestat, error) { return d.stat(".") }

func (d *hostDir) Lookup(name string) (cloudabi.Filestat, error) {
	if err := checkHostName(name); err != nil {
		return cloudabi.Filestat{}, err
	}
	return d.stat(name)
}

func (d *hostDir) stat(name string) (cloudabi.Filestat, error) {
	info, err := d.root.Lstat(name)
	if err != nil {
		return cloudabi.Filestat{}, hostErrno(err)
	}
	return hostStat(info, d.path+"/"+name, func() (*os.File, func() error, error) {
		f, err := d.root.Open(name)
		if err != nil {
			return nil, nil, err
		}
		return f, f.Close, nil
	}), nil
}

// opener returns the object open, and what to call when it is not needed any
// more.
type opener func() (f *os.File, done func() error, err error)

// hostStat turns what the host tells about an object into the ABI's form. path
// and open help where the host does not number objects.
func hostStat(info fs.FileInfo, path string, open opener) cloudabi.Filestat {
	st := cloudabi.Filestat{
		Filetype: modeFiletype(info.Mode()),
		Nlink:    1,
		Mtim:     cloudabi.Timestamp(nanoseconds(info.ModTime())),
	}
	if size := info.Size(); size > 0 {
		st.Size = cloudabi.Filesize(size)
	}
	st.Atim, st.Ctim = st.Mtim, st.Mtim
	identify(&st, info, path, open)
	return st
}

// nanoseconds returns a time in the ABI's form: what lies outside is the end
// that it lies beyond.
func nanoseconds(t time.Time) uint64 {
	s := t.Unix()
	switch {
	case s < 0:
		return 0
	case uint64(s) >= math.MaxUint64/1_000_000_000:
		return math.MaxUint64
	}
	return uint64(s)*1e9 + uint64(t.Nanosecond())
}

// timeOf undoes nanoseconds. A nil time is the zero time.Time, which os takes
// for "as it is".
func timeOf(ns *uint64) time.Time {
	if ns == nil {
		return time.Time{}
	}
	return time.Unix(int64(*ns/1e9), int64(*ns%1e9))
}

func modeFiletype(m fs.FileMode) cloudabi.Filetype {
	switch {
	case m.IsRegular():
		return cloudabi.FiletypeRegularFile
	case m.IsDir():
		return cloudabi.FiletypeDirectory
	case m&fs.ModeSymlink != 0:
		return cloudabi.FiletypeSymbolicLink
	case m&fs.ModeCharDevice != 0:
		return cloudabi.FiletypeCharacterDevice
	case m&fs.ModeDevice != 0:
		return cloudabi.FiletypeBlockDevice
	case m&fs.ModeNamedPipe != 0:
		return cloudabi.FiletypeFifo
	case m&fs.ModeSocket != 0:
		return cloudabi.FiletypeSocketStream
	}
	return cloudabi.FiletypeUnknown
}

// swaps is how often something may be swapped between looking and opening.
const swaps = 16

func (d *hostDir) OpenDir(name string) (Dir, error) {
	if err := checkHostName(name); err != nil {
		return nil, err
	}
	for range swaps {
		info, err := d.root.Lstat(name)
		if err != nil {
			return nil, hostErrno(err)
		}
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			return nil, cloudabi.ELOOP
		case !info.IsDir():
			return nil, cloudabi.ENOTDIR
		}
		root, err := d.root.OpenRoot(name)
		if err != nil {
			if again, aerr := d.root.Lstat(name); aerr == nil && os.SameFile(info, again) {
				return nil, hostErrno(err)
			}
			continue
		}
		if opened, err := root.Lstat("."); err == nil && os.SameFile(info, opened) {
			return d.fs.newDir(root, joinHost(d.path, name)), nil
		}
		root.Close()
	}
	return nil, cloudabi.EAGAIN
}

func joinHost(dir, name string) string {
	if dir == "." {
		return name
	}
	return dir + "/" + name
}

func (d *hostDir) OpenFile(name string, flags OpenFlags) (File, error) {
	if err := checkHostName(name); err != nil {
		return nil, err
	}
	for range swaps {
		info, err := d.root.Lstat(name)
		if err != nil && hostErrno(err) == cloudabi.ENOENT && flags.Create {
			f, err := d.openHost(name, flags, os.O_CREATE|os.O_EXCL)
			if err == nil {
				return d.newFile(f, flags)
			}
			if err = hostErrno(err); err != cloudabi.EEXIST || flags.Exclusive {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, hostErrno(err)
		}
		if flags.Exclusive {
			return nil, cloudabi.EEXIST
		}
		if kind := modeFiletype(info.Mode()); flags.Special && isSpecial(kind) {
			return d.special(name)
		} else if err := mayOpen(kind); err != nil {
			return nil, err
		}
		f, err := d.openHost(name, flags, 0)
		if err != nil {
			if again, aerr := d.root.Lstat(name); aerr == nil && os.SameFile(info, again) {
				return nil, hostErrno(err)
			}
			continue
		}
		if opened, err := f.Stat(); err != nil || !os.SameFile(info, opened) {
			f.Close()
			continue
		}
		if flags.Truncate && info.Mode().IsRegular() {
			if err := d.truncateNew(f); err != nil {
				f.Close()
				return nil, err
			}
		}
		return d.newFile(f, flags)
	}
	return nil, cloudabi.EAGAIN
}

// mayOpen reports whether an object of this kind can be opened as a file.
func mayOpen(kind cloudabi.Filetype) error {
	switch kind {
	case cloudabi.FiletypeRegularFile:
		return nil
	case cloudabi.FiletypeFifo:
		if canStream {
			return nil
		}
	case cloudabi.FiletypeSymbolicLink:
		return cloudabi.ELOOP
	case cloudabi.FiletypeDirectory:
		return cloudabi.EISDIR
	}
	return cloudabi.ENOTSUP
}

// openHost opens a file. One that is to be written is opened for reading too if
// that is possible, since a shared mapping for writing needs both.
func (d *hostDir) openHost(name string, flags OpenFlags, extra int) (*os.File, error) {
	extra |= openNonblock
	if !flags.Write {
		return d.root.OpenFile(name, os.O_RDONLY|extra, 0o777)
	}
	if !flags.Read {
		// A named pipe must not be opened for reading just so: writing to it
		// would then never be EPIPE.
		if info, err := d.root.Lstat(name); err == nil && !info.Mode().IsRegular() {
			return d.root.OpenFile(name, os.O_WRONLY|extra, 0)
		}
	}
	f, err := d.root.OpenFile(name, os.O_RDWR|extra, 0o777)
	if err != nil && !flags.Read && hostErrno(err) == cloudabi.EACCES {
		return d.root.OpenFile(name, os.O_WRONLY|extra, 0o777)
	}
	return f, err
}

func (d *hostDir) Readlink(name string) (string, error) {
	if err := checkHostName(name); err != nil {
		return "", err
	}
	if !d.fs.links.empty() {
		if id, _, ok := d.identifyLink(name); ok {
			if text, ok := d.fs.links.get(id); ok {
				return text, nil
			}
		}
	}
	text, err := d.root.Readlink(name)
	if err != nil {
		// Not every system says that it is something else.
		if info, serr := d.root.Lstat(name); serr == nil && info.Mode()&fs.ModeSymlink == 0 {
			return "", cloudabi.EINVAL
		}
		return "", hostErrno(err)
	}
	return guestLink(text), nil
}

func (d *hostDir) Mkdir(name string) error {
	if err := checkHostName(name); err != nil {
		return err
	}
	return hostErrno(d.root.Mkdir(name, 0o777))
}

func (d *hostDir) Symlink(target, name string) error {
	if err := checkHostName(name); err != nil {
		return err
	}
	if _, err := d.root.Lstat(name); err == nil {
		return cloudabi.EEXIST // before a host without links says ENOTSUP
	}
	text, err := hostLink(target)
	if err != nil {
		return err
	}
	if err := d.root.Symlink(text, name); err != nil {
		return hostErrno(err)
	}
	if id, size, ok := d.identifyLink(name); ok && size == uint64(len(text)) {
		d.fs.links.put(id, target)
	}
	return nil
}

// pair checks what two-name operations need.
func (d *hostDir) pair(name string, newDir Dir, newName string) (*hostDir, error) {
	to, ok := newDir.(*hostDir)
	if !ok {
		return nil, cloudabi.EXDEV
	}
	if err := checkHostName(name); err != nil {
		return nil, err
	}
	return to, checkHostName(newName)
}

func (d *hostDir) Link(name string, newDir Dir, newName string) error {
	to, err := d.pair(name, newDir, newName)
	if err != nil {
		return err
	}
	info, err := d.root.Lstat(name)
	if err != nil {
		return hostErrno(err)
	}
	if info.IsDir() {
		return cloudabi.EPERM
	}
	return hostErrno(linkAt(d, name, to, newName))
}

func (d *hostDir) Rename(name string, newDir Dir, newName string) error {
	to, err := d.pair(name, newDir, newName)
	if err != nil {
		return err
	}
	err = hostErrno(renameAt(d, name, to, newName))
	if err == cloudabi.EEXIST || err == cloudabi.ENOTEMPTY {
		// Linux says so too of a file that is to replace the directory it is in.
		err = cloudabi.ENOTEMPTY
		if info, serr := d.root.Lstat(name); serr == nil && !info.IsDir() {
			err = cloudabi.EISDIR
		}
	}
	return err
}

func (d *hostDir) Unlink(name string) error {
	if err := checkHostName(name); err != nil {
		return err
	}
	info, err := d.root.Lstat(name)
	if err != nil {
		return hostErrno(err)
	}
	if info.IsDir() {
		return cloudabi.EPERM
	}
	if err = hostErrno(removeAt(d, name, false)); err == cloudabi.EISDIR {
		err = cloudabi.EPERM
	}
	return err
}

func (d *hostDir) Rmdir(name string) error {
	if err := checkHostName(name); err != nil {
		return err
	}
	info, err := d.root.Lstat(name)
	if err != nil {
		return hostErrno(err)
	}
	if !info.IsDir() {
		return cloudabi.ENOTDIR
	}
	if err = hostErrno(removeAt(d, name, true)); err == cloudabi.EEXIST {
		err = cloudabi.ENOTEMPTY
	}
	return err
}

func (d *hostDir) SetTimes(t Times) error {
	atim, mtim, err := t.resolve(d.fs.now)
	if err != nil || atim == nil && mtim == nil {
		return err
	}
	return hostErrno(d.root.Chtimes(".", timeOf(atim), timeOf(mtim)))
}

func (d *hostDir) SetTimesOf(name string, t Times) error {
	if err := checkHostName(name); err != nil {
		return err
	}
	atim, mtim, err := t.resolve(d.fs.now)
	if err != nil {
		return err
	}
	if atim == nil && mtim == nil {
		_, err := d.root.Lstat(name)
		return hostErrno(err)
	}
	return hostErrno(setTimesAt(d, name, atim, mtim))
}

func (d *hostDir) Sync(dataOnly bool) error {
	f, err := d.root.Open(".")
	if err != nil {
		return hostErrno(err)
	}
	defer f.Close()
	err = hostErrno(f.Sync())
	if err == cloudabi.EINVAL || err == cloudabi.EBADF || err == cloudabi.EACCES || err == cloudabi.ENOTSUP {
		return nil // the host cannot sync a directory: nothing to wait for
	}
	return err
}

func (d *hostDir) ReadDir(cookie uint64, emit func(Entry) bool) error {
	return d.list.read(d, cookie, emit)
}

// scan is for the listing.
func (d *hostDir) scan(yield func(string) bool) error {
	f, err := d.root.Open(".")
	if err != nil {
		return hostErrno(err)
	}
	defer f.Close()
	for {
		names, err := f.Readdirnames(1024)
		for _, n := range names {
			if len(n) <= NameMax && !yield(n) {
				return nil
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return hostErrno(err)
		}
	}
}

// entry is for the listing. The directory above is not open, and not the
// program's to know: ".." has the number of "." here.
func (d *hostDir) entry(name string) (uint64, cloudabi.Filetype, error) {
	if name == ".." {
		name = "."
	}
	st, err := d.stat(name)
	if err != nil && err != cloudabi.ENOENT {
		return position(name), cloudabi.FiletypeUnknown, nil
	}
	return uint64(st.Ino), st.Filetype, err
}
