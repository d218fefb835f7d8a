package vfs

import (
	"sync"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// NewStable returns the directory lower without what differs from one host to
// the next, for deterministic runs:
//
//   - Devices and inodes are numbered in the order in which the program meets
//     them. An object that the program makes gets a new number, also where the
//     host gives it that of one that is gone.
//   - Times are those of the clock at which the program changed the object; what
//     was there before has the time epoch. They are kept beside the host, which
//     never sees them. Reading changes none, nor do stores to a shared mapping.
//   - Directories have size 0, and 1 link.
//   - The order of listings follows from the names.
//
// So a program cannot tell by any of these whether its directory is the host's,
// in memory, or an overlay. The numbers hold for all that is reached through
// lower, which is closed with the result; names that another host process
// changes meanwhile are at best new objects.
func NewStable(lower Dir, clock Clock, epoch uint64) Dir {
	s := &stableFS{clock: clock, epoch: epoch, known: map[fileID]*stableObject{}, devices: map[cloudabi.Device]cloudabi.Device{}}
	o := &stableObject{}
	if st, err := lower.Stat(); err == nil {
		o = s.object(st)
	}
	return &stableDir{Dir: lower, fs: s, object: o}
}

type stableFS struct {
	clock Clock
	epoch uint64

	mu      sync.Mutex // guards what follows and all objects
	known   map[fileID]*stableObject
	devices map[cloudabi.Device]cloudabi.Device
	inodes  cloudabi.Inode
}

// stableObject is what the program is told of an object instead of what the
// host says. It lives as long as the object has a name or is open.
type stableObject struct {
	dev              cloudabi.Device
	ino              cloudabi.Inode
	atim, mtim, ctim uint64
}

func (s *stableFS) now() uint64 {
	if s.clock == nil {
		return 0
	}
	return s.clock()
}

// object returns what is known of an object of the host.
func (s *stableFS) object(st cloudabi.Filestat) *stableObject {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := fileID{st.Dev, st.Ino}
	o := s.known[id]
	if o == nil {
		o = s.number(id, s.epoch)
	}
	return o
}

// number makes an object known. The caller holds s.mu.
func (s *stableFS) number(id fileID, now uint64) *stableObject {
	dev, ok := s.devices[id.dev]
	if !ok {
		dev = cloudabi.Device(len(s.devices) + 1)
		s.devices[id.dev] = dev
	}
	s.inodes++
	o := &stableObject{dev: dev, ino: s.inodes, atim: now, mtim: now, ctim: now}
	s.known[id] = o
	return o
}

// made makes known what the program has made, whatever had its number before.
func (s *stableFS) made(st cloudabi.Filestat) *stableObject {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.number(fileID{st.Dev, st.Ino}, now)
}

// changed sets the times of objects whose contents or attributes changed.
func (s *stableFS) changed(contents bool, objects ...*stableObject) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range objects {
		o.ctim = now
		if contents {
			o.mtim = now
		}
	}
}

// removed forgets an object that has lost its last name. Those who have it open
// hold what is known.
func (s *stableFS) removed(st cloudabi.Filestat) {
	if st.Filetype == cloudabi.FiletypeDirectory || st.Nlink <= 1 {
		s.mu.Lock()
		delete(s.known, fileID{st.Dev, st.Ino})
		s.mu.Unlock()
		return
	}
	s.changed(false, s.object(st))
}

// show replaces what the host says.
func (s *stableFS) show(st cloudabi.Filestat, o *stableObject) cloudabi.Filestat {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Dev, st.Ino = o.dev, o.ino
	st.Atim, st.Mtim, st.Ctim = cloudabi.Timestamp(o.atim), cloudabi.Timestamp(o.mtim), cloudabi.Timestamp(o.ctim)
	if st.Filetype == cloudabi.FiletypeDirectory {
		st.Size, st.Nlink = 0, 1
	}
	return st
}

func (s *stableFS) setTimes(o *stableObject, t Times) error {
	atim, mtim, err := t.resolve(s.now)
	if err != nil || atim == nil && mtim == nil {
		return err
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if atim != nil {
		o.atim = *atim
	}
	if mtim != nil {
		o.mtim = *mtim
	}
	o.ctim = now
	return nil
}

// stableDir is a directory of the host as the program sees it. What it does not
// have here is the lower directory's.
type stableDir struct {
	Dir
	fs     *stableFS
	object *stableObject
	list   listing
}

func (d *stableDir) Reopen() (Dir, error) {
	lower, err := d.Dir.Reopen()
	if err != nil {
		return nil, err
	}
	return &stableDir{Dir: lower, fs: d.fs, object: d.object}, nil
}

func (d *stableDir) Stat() (cloudabi.Filestat, error) {
	st, err := d.Dir.Stat()
	if err != nil {
		return st, err
	}
	return d.fs.show(st, d.object), nil
}

func (d *stableDir) SetTimes(t Times) error { return d.fs.setTimes(d.object, t) }

func (d *stableDir) Lookup(name string) (cloudabi.Filestat, error) {
	st, err := d.Dir.Lookup(name)
	if err != nil {
		return st, err
	}
	return d.fs.show(st, d.fs.object(st)), nil
}

func (d *stableDir) OpenDir(name string) (Dir, error) {
	lower, err := d.Dir.OpenDir(name)
	if err != nil {
		return nil, err
	}
	st, err := lower.Stat()
	if err != nil {
		_ = lower.Close()
		return nil, err
	}
	return &stableDir{Dir: lower, fs: d.fs, object: d.fs.object(st)}, nil
}

func (d *stableDir) OpenFile(name string, flags OpenFlags) (File, error) {
	_, missing := d.Dir.Lookup(name)
	lower, err := d.Dir.OpenFile(name, flags)
	if err != nil {
		return nil, err
	}
	st, err := lower.Stat()
	if err != nil {
		_ = lower.Close()
		return nil, err
	}
	f := &stableFile{File: lower, fs: d.fs}
	switch {
	case missing != nil:
		f.object = d.fs.made(st)
		d.fs.changed(true, d.object)
	default:
		f.object = d.fs.object(st)
		if flags.Truncate {
			d.fs.changed(true, f.object)
		}
	}
	switch s := lower.(type) {
	case Stream:
		return &stableStream{f, s}, nil
	case Special:
		return &stableSpecial{f}, nil
	}
	return f, nil
}

func (d *stableDir) MakeSpecial(name string, kind cloudabi.Filetype) (Special, error) {
	lower, err := d.Dir.MakeSpecial(name, kind)
	if err != nil {
		return nil, err
	}
	st, err := lower.Stat()
	if err != nil {
		_ = lower.Close()
		return nil, err
	}
	f := &stableFile{File: lower, fs: d.fs, object: d.fs.made(st)}
	d.fs.changed(true, d.object)
	return &stableSpecial{f}, nil
}

// make does what makes a new object of the name.
func (d *stableDir) make(name string, f func() error) error {
	if err := f(); err != nil {
		return err
	}
	if st, err := d.Dir.Lookup(name); err == nil {
		d.fs.made(st)
	}
	d.fs.changed(true, d.object)
	return nil
}

func (d *stableDir) Mkdir(name string) error {
	return d.make(name, func() error { return d.Dir.Mkdir(name) })
}

func (d *stableDir) Symlink(target, name string) error {
	return d.make(name, func() error { return d.Dir.Symlink(target, name) })
}

func (d *stableDir) Link(name string, newDir Dir, newName string) error {
	to, ok := newDir.(*stableDir)
	if !ok || to.fs != d.fs {
		return cloudabi.EXDEV
	}
	if err := d.Dir.Link(name, to.Dir, newName); err != nil {
		return err
	}
	if st, err := d.Dir.Lookup(name); err == nil {
		d.fs.changed(false, d.fs.object(st))
	}
	d.fs.changed(true, to.object)
	return nil
}

func (d *stableDir) Rename(name string, newDir Dir, newName string) error {
	to, ok := newDir.(*stableDir)
	if !ok || to.fs != d.fs {
		return cloudabi.EXDEV
	}
	from, _ := d.Dir.Lookup(name)
	replaced, none := to.Dir.Lookup(newName)
	if err := d.Dir.Rename(name, to.Dir, newName); err != nil {
		return err
	}
	if none == nil {
		if replaced.Dev == from.Dev && replaced.Ino == from.Ino {
			return nil // two names of one object: nothing happened
		}
		d.fs.removed(replaced)
	}
	d.fs.changed(false, d.fs.object(from))
	d.fs.changed(true, d.object, to.object)
	return nil
}

// remove does what takes the name away.
func (d *stableDir) remove(name string, f func() error) error {
	st, _ := d.Dir.Lookup(name)
	if err := f(); err != nil {
		return err
	}
	d.fs.removed(st)
	d.fs.changed(true, d.object)
	return nil
}

func (d *stableDir) Unlink(name string) error {
	return d.remove(name, func() error { return d.Dir.Unlink(name) })
}

func (d *stableDir) Rmdir(name string) error {
	return d.remove(name, func() error { return d.Dir.Rmdir(name) })
}

func (d *stableDir) SetTimesOf(name string, t Times) error {
	st, err := d.Dir.Lookup(name)
	if err != nil {
		return err
	}
	return d.fs.setTimes(d.fs.object(st), t)
}

// ReadDir gives entries the positions that follow from their names, whatever
// those of the lower directory follow from.
func (d *stableDir) ReadDir(cookie uint64, emit func(Entry) bool) error {
	return d.list.read(d, cookie, emit)
}

// scan and entry make a directory the source of its listing.
func (d *stableDir) scan(yield func(name string) bool) error {
	return d.Dir.ReadDir(0, func(e Entry) bool { return e.Name == "." || e.Name == ".." || yield(e.Name) })
}

func (d *stableDir) entry(name string) (inode uint64, kind cloudabi.Filetype, err error) {
	if name == "." || name == ".." {
		// Which object the parent is, and whether the program may know it, the
		// host decides; the directory itself stands for it.
		return uint64(d.object.ino), cloudabi.FiletypeDirectory, nil
	}
	st, err := d.Dir.Lookup(name)
	if err != nil {
		return 0, 0, err
	}
	return uint64(d.fs.object(st).ino), st.Filetype, nil
}

// stableFile is an open file of the host as the program sees it.
type stableFile struct {
	File
	fs     *stableFS
	object *stableObject
}

func (f *stableFile) Stat() (cloudabi.Filestat, error) {
	st, err := f.File.Stat()
	if err != nil {
		return st, err
	}
	return f.fs.show(st, f.object), nil
}

func (f *stableFile) SetTimes(t Times) error { return f.fs.setTimes(f.object, t) }

func (f *stableFile) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(p, off)
	if n > 0 {
		f.fs.changed(true, f.object)
	}
	return n, err
}

func (f *stableFile) Append(p []byte) (int, int64, error) {
	n, end, err := f.File.Append(p)
	if n > 0 {
		f.fs.changed(true, f.object)
	}
	return n, end, err
}

func (f *stableFile) Truncate(size int64) error {
	err := f.File.Truncate(size)
	if err == nil {
		f.fs.changed(true, f.object)
	}
	return err
}

func (f *stableFile) Allocate(off, n int64) error {
	err := f.File.Allocate(off, n)
	if err == nil {
		f.fs.changed(true, f.object)
	}
	return err
}

// stableStream is a stableFile without positions.
type stableStream struct {
	*stableFile
	stream Stream
}

func (s *stableStream) Read(p []byte) (int, error)  { return s.stream.Read(p) }
func (s *stableStream) Write(p []byte) (int, error) { return s.stream.Write(p) }

// stableSpecial is a fifo or a socket. What is known of it is its identity.
type stableSpecial struct{ *stableFile }

func (s *stableSpecial) Identity() any { return s.object }
