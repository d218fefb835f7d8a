package abi

import (
	"math"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/vfs"
)

// path copies in the path in arguments i and i+1. This comes before the
// descriptor is looked at (abi/semantics.md section 1).
func (t *Thread) path(a *args, i int) (string, cloudabi.Errno) {
	if a.v[i+1] >= vfs.PathMax {
		return "", cloudabi.ENAMETOOLONG
	}
	s, errno := t.loadString(a.v[i], a.v[i+1], vfs.PathMax)
	if errno != 0 {
		return "", errno
	}
	return s, errnoOf(vfs.CheckPath(s))
}

// directory returns the directory in argument i, demanding the rights that the
// call table lists and those in more. The caller releases the descriptor.
func (t *Thread) directory(a *args, i int, more cloudabi.Rights) (*directory, descriptor, cloudabi.Errno) {
	d, errno := t.descriptor(a, i, more)
	if errno != 0 {
		return nil, d, errno
	}
	dir, ok := d.file.object.(*directory)
	if !ok {
		d.file.release()
		return nil, d, cloudabi.ENOTDIR
	}
	return dir, d, cloudabi.ESUCCESS
}

// at does something with a name: the path in arguments i and i+1 below the
// directory in argument fd.
func (t *Thread) at(a *args, fd, i int, more cloudabi.Rights, f func(dir *directory, path string) error) cloudabi.Errno {
	path, errno := t.path(a, i)
	if errno != 0 {
		return errno
	}
	dir, d, errno := t.directory(a, fd, more)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	return errnoOf(f(dir, path))
}

// twoNames does something with two names: arguments 0 to 2 and 3 to 5.
func (t *Thread) twoNames(a *args, f func(dir1 *directory, path1 string, dir2 *directory, path2 string) error) cloudabi.Errno {
	path1, errno := t.path(a, 1)
	if errno != 0 {
		return errno
	}
	path2, errno := t.path(a, 4)
	if errno != 0 {
		return errno
	}
	dir1, d1, errno := t.directory(a, 0, 0)
	if errno != 0 {
		return errno
	}
	defer d1.file.release()
	dir2, d2, errno := t.directory(a, 3, 0)
	if errno != 0 {
		return errno
	}
	defer d2.file.release()
	return errnoOf(f(dir1, path1, dir2, path2))
}

// Rights of which one makes file_open open for reading or writing.
const (
	readingRights = cloudabi.RightFdRead | cloudabi.RightFileReaddir | cloudabi.RightMemMapExec
	writingRights = cloudabi.RightFdDatasync | cloudabi.RightFdWrite | cloudabi.RightFileAllocate |
		cloudabi.RightFileStatFputSize
)

// openNeeds returns what file_open demands of the directory's two words beyond
// the right to open (abi/rights.md section 5).
func openNeeds(oflags cloudabi.Oflags, s cloudabi.Fdstat) (base, inheriting cloudabi.Rights) {
	inheriting = s.RightsBase | s.RightsInheriting
	if oflags&cloudabi.OCreat != 0 {
		base |= cloudabi.RightFileCreateFile
	}
	if oflags&cloudabi.OTrunc != 0 {
		inheriting |= cloudabi.RightFileStatFputSize
	}
	if s.Flags&cloudabi.FdflagDsync != 0 {
		inheriting |= cloudabi.RightFdDatasync
	}
	if s.Flags&(cloudabi.FdflagSync|cloudabi.FdflagRsync) != 0 {
		inheriting |= cloudabi.RightFdSync
	}
	if s.RightsBase&writingRights != 0 && oflags&cloudabi.OTrunc == 0 && s.Flags&cloudabi.FdflagAppend == 0 {
		inheriting |= cloudabi.RightFdSeek
	}
	return base, inheriting
}

func (t *Thread) fileOpen(a *args) cloudabi.Errno {
	path, errno := t.path(a, 1)
	if errno != 0 {
		return errno
	}
	oflags := cloudabi.Oflags(a.v[3])
	var b [cloudabi.FdstatSize]byte
	if errno := t.load(b[:], a.v[4]); errno != 0 {
		return errno
	}
	var s cloudabi.Fdstat
	s.Get(b[:])
	n := t.numbering(a)
	n.readFdstat(&s)
	base, inheriting := openNeeds(oflags, s)
	dir, d, errno := t.directory(a, 0, base)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	if d.inheriting&inheriting != inheriting {
		return cloudabi.ENOTCAPABLE
	}
	// Nothing is to be created if there is no number for it.
	if t.proc.fds.full() {
		return cloudabi.EMFILE
	}
	write := s.RightsBase&writingRights != 0
	read := s.RightsBase&readingRights != 0 || !write
	opened, err := vfs.Open(dir, path, vfs.OpenOptions{
		Follow:    a.follow(0),
		Directory: oflags&cloudabi.ODirectory != 0,
		Flags: vfs.OpenFlags{
			Read: read, Write: write,
			Create:    oflags&cloudabi.OCreat != 0,
			Exclusive: oflags&cloudabi.OExcl != 0,
			Truncate:  oflags&cloudabi.OTrunc != 0,
			Special:   true,
		},
	})
	if err != nil {
		return errnoOf(err)
	}
	var o Object
	switch special, ok := opened.File.(vfs.Special); {
	case opened.Dir != nil:
		o = NewDirectory(opened.Dir)
	case ok:
		if o, errno = t.openFifo(special, read, write, s.Flags&cloudabi.FdflagNonblock != 0); errno != 0 {
			return errno
		}
	default:
		o = newRegular(opened.File, opened.Filetype)
	}
	f, errno := t.machine.newOpenFile(o, s.Flags&fdflags)
	if errno != 0 {
		return errno
	}
	f.readable, f.writable = read, write
	passed := d.inheriting & n.unnamed()
	return a.descriptorResult(t.install(f, s.RightsBase|passed, s.RightsInheriting|passed))
}

func (t *Thread) fileCreate(a *args) cloudabi.Errno {
	switch kind := cloudabi.Filetype(a.v[3]); {
	case kind == cloudabi.FiletypeFifo && t.early():
		return t.at(a, 0, 1, cloudabi.RightFileCreateFifo, func(dir *directory, path string) error {
			s, err := vfs.MakeSpecial(dir.Dir, path, kind)
			if err != nil {
				return err
			}
			return s.Close()
		})
	case kind != cloudabi.FiletypeDirectory:
		return cloudabi.EINVAL
	}
	return t.at(a, 0, 1, cloudabi.RightFileCreateDirectory, func(dir *directory, path string) error {
		return vfs.Mkdir(dir, path)
	})
}

func (t *Thread) fileLink(a *args) cloudabi.Errno {
	return t.twoNames(a, func(dir1 *directory, path1 string, dir2 *directory, path2 string) error {
		return vfs.Link(dir1.Dir, path1, a.follow(0), dir2.Dir, path2)
	})
}

func (t *Thread) fileRename(a *args) cloudabi.Errno {
	return t.twoNames(a, func(dir1 *directory, path1 string, dir2 *directory, path2 string) error {
		return vfs.Rename(dir1.Dir, path1, dir2.Dir, path2)
	})
}

func (t *Thread) fileReadlink(a *args) cloudabi.Errno {
	return t.at(a, 0, 1, 0, func(dir *directory, path string) error {
		target, err := vfs.Readlink(dir.Dir, path)
		if err != nil {
			return err
		}
		b := []byte(target)
		b = b[:min(uint64(len(b)), a.v[4])]
		if errno := t.store(b, a.v[3]); errno != 0 {
			return errno
		}
		a.out[0] = uint64(len(b))
		return nil
	})
}

func (t *Thread) fileSymlink(a *args) cloudabi.Errno {
	target, errno := t.path(a, 0)
	if errno != 0 {
		return errno
	}
	return t.at(a, 2, 3, 0, func(dir *directory, path string) error {
		return vfs.Symlink(target, dir.Dir, path)
	})
}

func (t *Thread) fileUnlink(a *args) cloudabi.Errno {
	return t.at(a, 0, 1, 0, func(dir *directory, path string) error {
		return vfs.Unlink(dir.Dir, path, cloudabi.Ulflags(a.v[3])&cloudabi.UnlinkRemovedir != 0)
	})
}

// storeFilestat writes a filestat to the guest.
func (t *Thread) storeFilestat(st cloudabi.Filestat, addr uint64) cloudabi.Errno {
	st.Filetype = t.shownKind(st.Filetype)
	b := make([]byte, cloudabi.FilestatSize)
	st.Put(b)
	return t.store(b, addr)
}

func (t *Thread) loadFilestat(addr uint64) (st cloudabi.Filestat, errno cloudabi.Errno) {
	b := make([]byte, cloudabi.FilestatSize)
	if errno = t.load(b, addr); errno == 0 {
		st.Get(b)
	}
	return st, errno
}

func (t *Thread) fileStatGet(a *args) cloudabi.Errno {
	return t.at(a, 0, 1, 0, func(dir *directory, path string) error {
		st, err := vfs.Stat(dir.Dir, path, a.follow(0))
		if err != nil {
			return err
		}
		if errno := t.storeFilestat(st, a.v[3]); errno != 0 {
			return errno
		}
		return nil
	})
}

func (t *Thread) fileStatFget(a *args) cloudabi.Errno {
	d, errno := t.descriptor(a, 0, 0)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	st, err := d.file.object.stat()
	if err != nil {
		return errnoOf(err)
	}
	st.Filetype = d.file.object.filetype()
	return t.storeFilestat(st, a.v[1])
}

// timeFlags are the bits that set times.
const timeFlags = cloudabi.FilestatAtim | cloudabi.FilestatAtimNow | cloudabi.FilestatMtim | cloudabi.FilestatMtimNow

func times(flags cloudabi.Fsflags, st cloudabi.Filestat) vfs.Times {
	return vfs.Times{Flags: flags & timeFlags, Atim: uint64(st.Atim), Mtim: uint64(st.Mtim)}
}

func (t *Thread) fileStatPut(a *args) cloudabi.Errno {
	flags := cloudabi.Fsflags(a.v[4])
	if flags&^timeFlags != 0 {
		return cloudabi.EINVAL
	}
	st, errno := t.loadFilestat(a.v[3])
	if errno != 0 {
		return errno
	}
	return t.at(a, 0, 1, 0, func(dir *directory, path string) error {
		return vfs.SetTimes(dir.Dir, path, a.follow(0), times(flags, st))
	})
}

func (t *Thread) fileStatFput(a *args) cloudabi.Errno {
	flags := cloudabi.Fsflags(a.v[2])
	resize := flags == cloudabi.FilestatSizeFlag
	if !resize && (flags == 0 || flags&^timeFlags != 0) {
		return cloudabi.EINVAL
	}
	st, errno := t.loadFilestat(a.v[1])
	if errno != 0 {
		return errno
	}
	need := cloudabi.RightFileStatFputTimes
	if resize {
		need = cloudabi.RightFileStatFputSize
	}
	d, errno := t.descriptor(a, 0, need)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	if !resize {
		if o, ok := d.file.object.(stored); ok {
			return errnoOf(o.SetTimes(times(flags, st)))
		}
		return cloudabi.EINVAL
	}
	o, ok := d.file.object.(resizable)
	switch {
	case !ok, st.Size > math.MaxInt64:
		return cloudabi.EINVAL
	case !d.file.writable:
		return cloudabi.EBADF
	}
	return errnoOf(o.Truncate(int64(st.Size)))
}

func (t *Thread) fileAdvise(a *args) cloudabi.Errno {
	advice := cloudabi.Advice(a.v[3])
	off, n := a.v[1], a.v[2]
	if advice < cloudabi.AdviceDontneed || advice > cloudabi.AdviceWillneed ||
		off > math.MaxInt64 || n > math.MaxInt64 || off+n > math.MaxInt64 {
		return cloudabi.EINVAL
	}
	d, errno := t.descriptor(a, 0, 0)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	switch d.file.object.(type) {
	case *regular, *directory:
		return cloudabi.ESUCCESS
	case pollable:
		return cloudabi.ESPIPE
	}
	return cloudabi.ENODEV
}

func (t *Thread) fileAllocate(a *args) cloudabi.Errno {
	off, n := a.v[1], a.v[2]
	switch {
	case n == 0, off > math.MaxInt64, n > math.MaxInt64:
		return cloudabi.EINVAL
	case off+n > math.MaxInt64:
		return cloudabi.EFBIG
	}
	d, errno := t.descriptor(a, 0, 0)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	switch o := d.file.object.(type) {
	case *regular:
		if !d.file.writable {
			return cloudabi.EBADF
		}
		return errnoOf(o.Allocate(int64(off), int64(n)))
	case pollable:
		return cloudabi.ESPIPE
	}
	return cloudabi.ENODEV
}

// guestWriter fills a guest buffer of which it only becomes clear bit by bit
// what goes in.
type guestWriter struct {
	t    *Thread
	addr uint64
	left uint64 // room behind what is in buf
	buf  []byte
	used uint64
}

// write appends as much of p as there is room for.
func (w *guestWriter) write(p []byte) cloudabi.Errno {
	p = p[:min(uint64(len(p)), w.left)]
	w.left -= uint64(len(p))
	for len(p) > 0 {
		n := copy(w.buf[len(w.buf):cap(w.buf)], p)
		w.buf, p = w.buf[:len(w.buf)+n], p[n:]
		if len(w.buf) == cap(w.buf) {
			if errno := w.flush(); errno != 0 {
				return errno
			}
		}
	}
	return cloudabi.ESUCCESS
}

func (w *guestWriter) flush() cloudabi.Errno {
	errno := w.t.store(w.buf, w.addr+w.used)
	w.used += uint64(len(w.buf))
	w.buf = w.buf[:0]
	return errno
}

func (t *Thread) fileReaddir(a *args) cloudabi.Errno {
	dir, d, errno := t.directory(a, 0, 0)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	w := guestWriter{t: t, addr: a.v[1], left: a.v[2], buf: buf[:0]}
	err := dir.ReadDir(a.v[3], func(e vfs.Entry) bool {
		entry := cloudabi.Dirent{
			Next:   cloudabi.Dircookie(e.Next),
			Ino:    cloudabi.Inode(e.Inode),
			Namlen: uint32(len(e.Name)),
			Type:   t.shownKind(e.Filetype),
		}
		var b [cloudabi.DirentSize]byte
		entry.Put(b[:])
		if errno = w.write(b[:]); errno == 0 {
			errno = w.write([]byte(e.Name))
		}
		return errno == 0 && w.left > 0 && !t.dying()
	})
	if err != nil {
		return errnoOf(err)
	}
	if errno == 0 {
		errno = w.flush()
	}
	a.out[0] = w.used
	return errno
}
