package vfs

import (
	"sync/atomic"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// treeFile is a handle of a tree's regular file.
type treeFile struct {
	inode       *inode
	read, write bool
	closed      atomic.Bool
}

func (f *treeFile) Filetype() cloudabi.Filetype { return cloudabi.FiletypeRegularFile }

func (f *treeFile) Stat() (cloudabi.Filestat, error) {
	t := f.inode.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	return f.inode.stat(), nil
}

func (f *treeFile) SetTimes(times Times) error {
	if err := f.keep(); err != nil {
		return err
	}
	return f.inode.apply(times)
}

func (f *treeFile) Sync(bool) error { return nil }

func (f *treeFile) Close() error {
	if f.closed.Swap(true) {
		return cloudabi.EBADF
	}
	t := f.inode.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	t.release(f.inode)
	return nil
}

// ReadAt marks the access only when the last one is not later than the last
// change: programs that compare the two still see that the file was read since,
// and not each read asks for the time.
func (f *treeFile) ReadAt(p []byte, off int64) (int, error) {
	if !f.read {
		return 0, cloudabi.EBADF
	}
	n, err := f.inode.data.readAt(p, off)
	if i := f.inode; n > 0 && i.lower == nil && i.atim.Load() <= i.mtim.Load() {
		i.atim.Store(i.tree.now())
	}
	return n, err
}

func (f *treeFile) WriteAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, cloudabi.EINVAL
	}
	n, _, err := f.writeAt(p, off)
	return n, err
}

func (f *treeFile) Append(p []byte) (int, int64, error) {
	return f.writeAt(p, -1)
}

func (f *treeFile) writeAt(p []byte, off int64) (int, int64, error) {
	if err := f.mayChange(); err != nil {
		return 0, 0, err
	}
	n, end, err := f.inode.data.writeAt(p, off)
	if n > 0 {
		f.inode.changed()
	}
	return n, end, err
}

// mayChange is called before a change of the bytes.
func (f *treeFile) mayChange() error {
	if !f.write {
		return cloudabi.EBADF
	}
	return f.keep()
}

// keep makes a file of an overlay one that has changed.
func (f *treeFile) keep() error {
	if f.inode.lower == nil {
		return nil
	}
	t := f.inode.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.keep(f.inode)
}

func (f *treeFile) Size() (int64, error) { return f.inode.data.length(), nil }

func (f *treeFile) Truncate(size int64) error {
	if err := f.mayChange(); err != nil {
		return err
	}
	return f.truncateKept(size)
}

// truncate is Truncate under tree.mu.
func (f *treeFile) truncate(size int64) error {
	if err := f.inode.tree.keep(f.inode); err != nil {
		return err
	}
	return f.truncateKept(size)
}

func (f *treeFile) truncateKept(size int64) error {
	if err := f.inode.data.truncate(size); err != nil {
		return err
	}
	f.inode.changed()
	return nil
}

func (f *treeFile) Allocate(off, n int64) error {
	if err := f.mayChange(); err != nil {
		return err
	}
	if err := f.inode.data.allocate(off, n); err != nil {
		return err
	}
	f.inode.changed()
	return nil
}

// Object moves the file's bytes into an object first; a file of an overlay is
// taken up whole, since what a mapping changes cannot be seen.
func (f *treeFile) Object() (*memory.Object, error) {
	if err := f.keep(); err != nil {
		return nil, err
	}
	return f.inode.data.mapped()
}
