package vfs

import (
	"os"
	"sync/atomic"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// hostSpecial is a fifo or a socket of the host as a place to meet. The host has
// no way to hold such an object without taking part in it, so this is only what
// the name was: two objects of which one is removed before the other is made may
// get the same number.
type hostSpecial struct {
	noBytes
	fs     *hostFS
	st     cloudabi.Filestat
	kind   cloudabi.Filetype
	closed atomic.Bool
}

// hostIdentity is of one machine, and the same whatever directory it was
// reached through.
type hostIdentity struct{ id fileID }

func (d *hostDir) special(name string) (File, error) {
	st, err := d.stat(name)
	if err != nil {
		return nil, err
	}
	if !isSpecial(st.Filetype) {
		return nil, cloudabi.EAGAIN // swapped since it was looked at
	}
	return &hostSpecial{fs: d.fs, st: st, kind: st.Filetype}, nil
}

func (s *hostSpecial) Filetype() cloudabi.Filetype      { return s.kind }
func (s *hostSpecial) Identity() any                    { return hostIdentity{fileID{s.st.Dev, s.st.Ino}} }
func (s *hostSpecial) Stat() (cloudabi.Filestat, error) { return s.st, nil }

// SetTimes has no object to work on: the name may be gone.
func (s *hostSpecial) SetTimes(Times) error { return cloudabi.ENOTSUP }

func (s *hostSpecial) Close() error {
	if s.closed.Swap(true) {
		return cloudabi.EBADF
	}
	return nil
}

func (d *hostDir) MakeSpecial(name string, kind cloudabi.Filetype) (Special, error) {
	if err := checkHostName(name); err != nil {
		return nil, err
	}
	if _, err := d.root.Lstat(name); err == nil {
		return nil, cloudabi.EEXIST // before a host without them says ENOTSUP
	}
	err := hostErrno(makeSpecialAt(d, name, kind))
	if err != nil && err != cloudabi.EEXIST && kind != cloudabi.FiletypeFifo {
		err = d.makePlaceholder(name)
	}
	if err != nil {
		return nil, err
	}
	st, err := d.stat(name)
	if err != nil {
		return nil, err
	}
	return &hostSpecial{fs: d.fs, st: st, kind: kind}, nil
}

// makePlaceholder makes an empty file in the place of a socket.
func (d *hostDir) makePlaceholder(name string) error {
	f, err := d.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o777)
	if err != nil {
		return hostErrno(err)
	}
	return hostErrno(f.Close())
}

// IdentityOf returns what [Special.Identity] of an open file's object would be,
// for a file that stands in the place of a socket; nil if it never does.
func IdentityOf(f File) any {
	switch f := f.(type) {
	case Special:
		return f.Identity()
	case readOnlyFile:
		return IdentityOf(f.File)
	case *hostFile:
		return hostIdentity{f.shared.id}
	case *stableFile:
		return f.object
	}
	return nil
}
