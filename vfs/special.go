package vfs

import (
	"sync/atomic"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// isSpecial reports whether objects of this kind are places to meet.
func isSpecial(kind cloudabi.Filetype) bool {
	switch kind {
	case cloudabi.FiletypeFifo, cloudabi.FiletypeSocketStream, cloudabi.FiletypeSocketDgram, cloudabi.FiletypeSocketSeqpacket:
		return true
	}
	return false
}

// noBytes is the part of [File] that an object without bytes refuses.
type noBytes struct{}

func (noBytes) ReadAt([]byte, int64) (int, error)  { return 0, cloudabi.ESPIPE }
func (noBytes) WriteAt([]byte, int64) (int, error) { return 0, cloudabi.ESPIPE }
func (noBytes) Append([]byte) (int, int64, error)  { return 0, 0, cloudabi.ESPIPE }
func (noBytes) Size() (int64, error)               { return 0, nil }
func (noBytes) Truncate(int64) error               { return cloudabi.EINVAL }
func (noBytes) Allocate(int64, int64) error        { return cloudabi.ESPIPE }
func (noBytes) Object() (*memory.Object, error)    { return nil, cloudabi.ENODEV }
func (noBytes) Sync(bool) error                    { return cloudabi.EINVAL }

// treeSpecial is a handle of a tree's fifo or socket.
type treeSpecial struct {
	noBytes
	inode  *inode
	closed atomic.Bool
}

// openSpecial makes a handle. The caller holds t.mu.
func (t *tree) openSpecial(o *inode) (*treeSpecial, error) {
	if err := t.open(o); err != nil {
		return nil, err
	}
	return &treeSpecial{inode: o}, nil
}

func (s *treeSpecial) Filetype() cloudabi.Filetype { return s.inode.kind }

// Identity is the inode: it exists once while it is open.
func (s *treeSpecial) Identity() any { return s.inode }

func (s *treeSpecial) Stat() (cloudabi.Filestat, error) {
	t := s.inode.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	return s.inode.stat(), nil
}

func (s *treeSpecial) SetTimes(times Times) error {
	t := s.inode.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.keep(s.inode); err != nil {
		return err
	}
	return s.inode.apply(times)
}

func (s *treeSpecial) Close() error {
	if s.closed.Swap(true) {
		return cloudabi.EBADF
	}
	t := s.inode.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	t.release(s.inode)
	return nil
}

func (d *treeDir) MakeSpecial(name string, kind cloudabi.Filetype) (Special, error) {
	t, i := d.locked()
	defer t.mu.Unlock()
	switch _, err := t.find(i, name); err {
	case nil:
		return nil, cloudabi.EEXIST
	case cloudabi.ENOENT:
	default:
		return nil, err
	}
	o, err := t.create(i, name, kind, "")
	if err != nil {
		return nil, err
	}
	return t.openSpecial(o)
}
