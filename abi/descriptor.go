package abi

import (
	"sync"
	"sync/atomic"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
)

// openFile is an object that was opened: what duplicates of a descriptor
// share. It is closed with the last reference; each descriptor is one, and so
// is each call that is under way on it.
type openFile struct {
	machine *Machine
	object  Object
	// Which transfers the object was opened for; the wrong one is EBADF.
	readable, writable bool

	refs atomic.Int64
	// How many of refs are descriptors under way in messages (inflight.go).
	inflight atomic.Int64
	flags    atomic.Uint32 // cloudabi.Fdflags

	mu      sync.Mutex
	offset  int64               // of positional objects
	watched map[*watch]struct{} // by event queues
}

// newOpenFile wraps an object with one reference, which the caller has. On
// failure the object is closed.
func (m *Machine) newOpenFile(o Object, flags cloudabi.Fdflags) (*openFile, cloudabi.Errno) {
	if n := m.openFiles.Add(1); uint64(n) > m.limits.OpenFiles {
		m.openFiles.Add(-1)
		o.close()
		return nil, cloudabi.ENFILE
	}
	if s, ok := o.(*sharedMemory); ok && s.ino.Load() == 0 {
		s.ino.CompareAndSwap(0, m.shared.Add(1))
	}
	f := &openFile{machine: m, object: o, readable: true, writable: true}
	f.refs.Store(1)
	f.flags.Store(uint32(flags))
	return f, cloudabi.ESUCCESS
}

func (f *openFile) has(flags cloudabi.Fdflags) bool {
	return cloudabi.Fdflags(f.flags.Load())&flags != 0
}

// release drops a reference. No mutex is held, since the last one closes.
func (f *openFile) release() {
	switch n := f.refs.Add(-1); {
	case n == 0:
		f.unwatch()
		f.object.close()
		f.machine.openFiles.Add(-1)
	case n == f.inflight.Load():
		f.machine.collect() // only messages hold it now
	}
}

// descriptor is what a number stands for. The rights belong to the number, the
// open file is shared.
type descriptor struct {
	file             *openFile // nil: the number is free
	base, inheriting cloudabi.Rights
}

// fdTable is the descriptors of a process.
type fdTable struct {
	limit uint64

	mu     sync.RWMutex
	slots  []descriptor
	free   int // no lower number is free
	closed bool

	machine    *Machine      // set if there are planners
	planners   []*cpu.Write  // of the threads that have made plans
	generation atomic.Uint64 // which of them hold; see plan.go
}

// get returns the descriptor with a reference to its open file, which the
// caller releases. EBADF is decided before ENOTCAPABLE.
func (ft *fdTable) get(fd cloudabi.Fd, need cloudabi.Rights) (descriptor, cloudabi.Errno) {
	ft.mu.RLock()
	d, errno := ft.peek(fd)
	switch {
	case errno != 0:
	case d.base&need != need:
		errno = cloudabi.ENOTCAPABLE
	default:
		d.file.refs.Add(1)
		found := *d
		ft.mu.RUnlock()
		return found, cloudabi.ESUCCESS
	}
	ft.mu.RUnlock()
	return descriptor{}, errno
}

// peek returns the slot of an open number. The caller holds ft.mu.
func (ft *fdTable) peek(fd cloudabi.Fd) (*descriptor, cloudabi.Errno) {
	if uint64(fd) >= uint64(len(ft.slots)) || ft.slots[fd].file == nil {
		return nil, cloudabi.EBADF
	}
	return &ft.slots[fd], cloudabi.ESUCCESS
}

// add puts d, with the caller's reference, at the lowest free number. On
// failure the reference is released.
func (ft *fdTable) add(d descriptor) (cloudabi.Fd, cloudabi.Errno) {
	ft.mu.Lock()
	n := ft.free
	for n < len(ft.slots) && ft.slots[n].file != nil {
		n++
	}
	if ft.closed || uint64(n) >= ft.limit {
		ft.mu.Unlock()
		d.file.release()
		return 0, cloudabi.EMFILE
	}
	if n == len(ft.slots) {
		ft.slots = append(ft.slots, descriptor{})
	}
	ft.slots[n] = d
	ft.free = n + 1
	ft.mu.Unlock()
	return cloudabi.Fd(n), cloudabi.ESUCCESS
}

// remove frees a number.
func (ft *fdTable) remove(fd cloudabi.Fd) cloudabi.Errno {
	ft.mu.Lock()
	d, errno := ft.peek(fd)
	if errno != 0 {
		ft.mu.Unlock()
		return errno
	}
	f := d.file
	*d = descriptor{}
	ft.void()
	ft.free = min(ft.free, int(fd))
	ft.mu.Unlock()
	f.release()
	return cloudabi.ESUCCESS
}

// replace makes `to` a duplicate of `from`; both must be open.
func (ft *fdTable) replace(from, to cloudabi.Fd) cloudabi.Errno {
	ft.mu.Lock()
	src, errno := ft.peek(from)
	if errno != 0 {
		ft.mu.Unlock()
		return errno
	}
	dst, errno := ft.peek(to)
	if errno != 0 || src == dst {
		ft.mu.Unlock()
		return errno
	}
	old := dst.file
	src.file.refs.Add(1)
	*dst = *src
	ft.void()
	ft.mu.Unlock()
	old.release()
	return cloudabi.ESUCCESS
}

// restrict replaces both words of rights, neither of which may gain any. Those
// in keep stay as they are.
func (ft *fdTable) restrict(fd cloudabi.Fd, base, inheriting, keep cloudabi.Rights) cloudabi.Errno {
	ft.mu.Lock()
	defer ft.mu.Unlock()
	d, errno := ft.peek(fd)
	if errno != 0 {
		return errno
	}
	base |= d.base & keep
	inheriting |= d.inheriting & keep
	if base&^d.base != 0 || inheriting&^d.inheriting != 0 {
		return cloudabi.ENOTCAPABLE
	}
	d.base, d.inheriting = base, inheriting
	ft.void()
	return cloudabi.ESUCCESS
}

// closeAll frees every number for good.
func (ft *fdTable) closeAll() {
	ft.mu.Lock()
	slots := ft.slots
	ft.slots, ft.free, ft.closed = nil, 0, true
	ft.void()
	ft.mu.Unlock()
	for _, d := range slots {
		if d.file != nil {
			d.file.release()
		}
	}
}

// descriptor returns what argument i names, demanding the rights that the call
// table lists for it and those in more. The caller releases the open file.
func (t *Thread) descriptor(a *args, i int, more cloudabi.Rights) (descriptor, cloudabi.Errno) {
	return t.proc.fds.get(a.fd(i), a.row.rights[i]|more)
}

// install gives an open file a number, with the largest rights of its kind cut
// down to those given. The reference to f passes on.
func (t *Thread) install(f *openFile, base, inheriting cloudabi.Rights) (cloudabi.Fd, cloudabi.Errno) {
	most := visible(f.object, t.early())
	return t.proc.fds.add(descriptor{f, base & most.Base, inheriting & most.Inheriting})
}

// full reports whether add would fail at this moment.
func (ft *fdTable) full() bool {
	ft.mu.RLock()
	defer ft.mu.RUnlock()
	if uint64(len(ft.slots)) < ft.limit {
		return false
	}
	for _, d := range ft.slots[ft.free:] {
		if d.file == nil {
			return false
		}
	}
	return true
}
