package vfs

import (
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// NewReadOnly returns a directory that shows d and refuses every change of
// anything below it with EROFS. It owns d.
//
// This is more than a directory that a runner has opened read-only, as the
// classic launcher does with !file: creating below such a one depends on its
// rights and is allowed (abi/argdata.md section 6.3). Use it where a user asks
// for a read-only tree.
func NewReadOnly(d Dir) Dir {
	if r, ok := d.(readOnlyDir); ok {
		return r
	}
	return readOnlyDir{d}
}

type readOnlyDir struct{ Dir }

func (r readOnlyDir) Reopen() (Dir, error) { return readOnlyOpened(r.Dir.Reopen()) }

func (r readOnlyDir) OpenDir(name string) (Dir, error) { return readOnlyOpened(r.Dir.OpenDir(name)) }

func readOnlyOpened(d Dir, err error) (Dir, error) {
	if err != nil {
		return nil, err
	}
	return readOnlyDir{d}, nil
}

func (r readOnlyDir) OpenFile(name string, flags OpenFlags) (File, error) {
	if !flags.Write && !flags.Create {
		return readOnlyOpen(r.Dir.OpenFile(name, flags))
	}
	// What is wrong with the name comes first, as on a disk that is read-only.
	st, err := r.Lookup(name)
	switch {
	case err == cloudabi.ENOENT && flags.Create:
		return nil, cloudabi.EROFS
	case err != nil:
		return nil, err
	case flags.Exclusive:
		return nil, cloudabi.EEXIST
	case st.Filetype == cloudabi.FiletypeDirectory:
		return nil, cloudabi.EISDIR
	case st.Filetype == cloudabi.FiletypeSymbolicLink:
		return nil, cloudabi.ELOOP
	case flags.Write && !(flags.Special && isSpecial(st.Filetype)):
		return nil, cloudabi.EROFS
	}
	flags.Create = false
	return readOnlyOpen(r.Dir.OpenFile(name, flags))
}

func readOnlyOpen(f File, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	switch s := f.(type) {
	case Stream:
		return readOnlyStream{readOnlyFile{f}, s}, nil
	case Special:
		return readOnlySpecial{readOnlyFile{f}, s}, nil
	}
	return readOnlyFile{f}, nil
}

// refuse is EROFS for a name that is there, and what is wrong otherwise.
func (r readOnlyDir) refuse(name string) error {
	if _, err := r.Lookup(name); err != nil {
		return err
	}
	return cloudabi.EROFS
}

// refuseNew is EROFS for a name that is not there.
func (r readOnlyDir) refuseNew(name string) error {
	switch _, err := r.Lookup(name); err {
	case nil:
		return cloudabi.EEXIST
	case cloudabi.ENOENT:
		return cloudabi.EROFS
	default:
		return err
	}
}

func (r readOnlyDir) SetTimes(Times) error    { return cloudabi.EROFS }
func (r readOnlyDir) Sync(bool) error         { return nil }
func (r readOnlyDir) Mkdir(name string) error { return r.refuseNew(name) }
func (r readOnlyDir) MakeSpecial(name string, _ cloudabi.Filetype) (Special, error) {
	return nil, r.refuseNew(name)
}
func (r readOnlyDir) Symlink(_, name string) error       { return r.refuseNew(name) }
func (r readOnlyDir) Unlink(name string) error           { return r.refuse(name) }
func (r readOnlyDir) Rmdir(name string) error            { return r.refuse(name) }
func (r readOnlyDir) SetTimesOf(n string, _ Times) error { return r.refuse(n) }

func (r readOnlyDir) Link(name string, _ Dir, _ string) error   { return r.refuse(name) }
func (r readOnlyDir) Rename(name string, _ Dir, _ string) error { return r.refuse(name) }

type readOnlyFile struct{ File }

func (readOnlyFile) SetTimes(Times) error               { return cloudabi.EROFS }
func (readOnlyFile) Sync(bool) error                    { return nil }
func (readOnlyFile) WriteAt([]byte, int64) (int, error) { return 0, cloudabi.EBADF }
func (readOnlyFile) Append([]byte) (int, int64, error)  { return 0, 0, cloudabi.EBADF }
func (readOnlyFile) Truncate(int64) error               { return cloudabi.EBADF }
func (readOnlyFile) Allocate(int64, int64) error        { return cloudabi.EBADF }
func (f readOnlyFile) Object() (*memory.Object, error)  { return f.File.Object() }

type readOnlyStream struct {
	readOnlyFile
	stream Stream
}

func (s readOnlyStream) Read(p []byte) (int, error) { return s.stream.Read(p) }
func (readOnlyStream) Write([]byte) (int, error)    { return 0, cloudabi.EBADF }

type readOnlySpecial struct {
	readOnlyFile
	special Special
}

func (s readOnlySpecial) Identity() any                    { return s.special.Identity() }
func (readOnlySpecial) WriteAt([]byte, int64) (int, error) { return 0, cloudabi.ESPIPE }
func (readOnlySpecial) Append([]byte) (int, int64, error)  { return 0, 0, cloudabi.ESPIPE }
