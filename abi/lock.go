package abi

import (
	"slices"
	"sync"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// Locks and condition variables as abi/semantics.md section 8 has them. The
// words are the guest's and change under its atomic instructions at any time;
// the queues are here, one mutex for all of a machine's. Every change of a word
// that goes with a change of a queue is made under that mutex.

// Bits of a lock word.
const (
	lockWrite   = uint32(cloudabi.LockWrlocked)
	lockManaged = uint32(cloudabi.LockKernelManaged)
	lockOwner   = lockWrite - 1
)

// condvarWaiting is what a condition variable holds while threads wait on it.
const condvarWaiting = ^uint32(0)

// futexes is the queues of a machine.
type futexes struct {
	mu       sync.Mutex
	locks    map[futexKey]*lockQueue
	condvars map[futexKey]*condvarQueue
}

func (fx *futexes) init() {
	fx.locks = make(map[futexKey]*lockQueue)
	fx.condvars = make(map[futexKey]*condvarQueue)
}

// futexKey is the identity of a word: the place in a shared object, or else the
// address in one address space.
type futexKey struct {
	space  *memory.Space
	object uint64
	offset uint64
}

// lockQueue exists while threads wait for a lock.
type lockQueue struct {
	// managed says that we have set the bit in the word: release has to come
	// through us. A queue that is not managed is empty.
	managed bool
	owner   uint32 // of a managed lock; 0 if held by readers or not known
	writers []*futexWaiter
	readers []*futexWaiter
}

// condvarQueue exists while threads wait on a condition variable. All of them
// use the same lock.
type condvarQueue struct {
	lock    futexKey
	waiters []*futexWaiter
}

// futexWaiter is a thread that wants a lock, at once or after a condition
// variable was signalled. It reaches the words through its own mappings.
type futexWaiter struct {
	t     *Thread
	write bool
	lock  uint64 // address
	key   futexKey

	condvar    uint64 // address; 0 if none, or if the wait on it is over
	condvarKey futexKey

	done  bool // the lock is ours, or errno tells why not
	errno cloudabi.Errno
}

func (w *futexWaiter) finish(errno cloudabi.Errno) {
	w.done, w.errno = true, errno
	w.t.unpark()
}

// futexKey returns the identity of the word at addr.
func (t *Thread) futexKey(addr uint64, scope cloudabi.Scope) (futexKey, cloudabi.Errno) {
	switch {
	case scope != cloudabi.ScopePrivate && scope != cloudabi.ScopeShared:
		return futexKey{}, cloudabi.EINVAL
	case addr%4 != 0:
		return futexKey{}, cloudabi.EINVAL
	}
	object, offset, shared, err := t.space().ShareKey(addr)
	if err != nil {
		return futexKey{}, cloudabi.EFAULT
	}
	if scope == cloudabi.ScopeShared && shared {
		return futexKey{object: object, offset: offset}, cloudabi.ESUCCESS
	}
	return futexKey{space: t.space(), offset: addr}, cloudabi.ESUCCESS
}

// update replaces a word by f of it, or leaves it alone if f says so. A guest
// that changes the word all the time can make this repeat, but for a thread of
// a process that is ending only a while.
func (t *Thread) update(addr uint64, f func(word uint32) (to uint32, change bool)) cloudabi.Errno {
	const attempts = 1000
	for i := 0; i < attempts || !t.dying(); i++ {
		word, err := t.space().LoadAtomic32(addr)
		if err != nil {
			return cloudabi.EFAULT
		}
		to, change := f(word)
		if !change {
			return cloudabi.ESUCCESS
		}
		swapped, err := t.space().CompareAndSwap32(addr, word, to)
		if err != nil {
			return cloudabi.EFAULT
		}
		if swapped {
			return cloudabi.ESUCCESS
		}
	}
	return cloudabi.EINTR
}

// setWord stores a lock or condition variable word.
func (t *Thread) setWord(addr uint64, word uint32) cloudabi.Errno {
	if t.space().StoreAtomic32(addr, word) != nil {
		return cloudabi.EFAULT
	}
	return cloudabi.ESUCCESS
}

// acquire gets w the lock or puts it into the lock's queue. It finishes w in
// the first case, and when it fails. The caller holds fx.mu.
func (fx *futexes) acquire(w *futexWaiter) {
	l := fx.locks[w.key]
	queue := l != nil
	if queue && w.write && l.owner == w.t.tid {
		w.finish(cloudabi.EDEADLK)
		return
	}
	var owner uint32
	result := cloudabi.ESUCCESS
	errno := w.t.update(w.lock, func(word uint32) (uint32, bool) {
		switch {
		case w.write && word&^lockManaged == w.t.tid|lockWrite:
			result = cloudabi.EDEADLK
			return 0, false
		case l != nil: // managed already
			return 0, false
		case word&lockManaged != 0:
			result = cloudabi.EINVAL
			return 0, false
		case w.write && word == 0:
			queue = false
			return w.t.tid | lockWrite, true
		case !w.write && word&lockWrite == 0:
			queue = false
			return word + 1, true
		}
		// A lock held by readers has no owner, whatever their number: the
		// existing systems take it for a thread id (section 8.4).
		queue, owner = true, 0
		if word&lockWrite != 0 {
			owner = word & lockOwner
		}
		return word | lockManaged, true
	})
	if errno != 0 {
		result = errno
	}
	if result != 0 || !queue {
		w.finish(result)
		return
	}
	if l == nil {
		l = &lockQueue{managed: true, owner: owner}
		fx.locks[w.key] = l
	}
	if w.write {
		l.writers = append(l.writers, w)
	} else {
		l.readers = append(l.readers, w)
	}
}

// mayRelease checks that t holds the lock, as far as the rules ask.
func (fx *futexes) mayRelease(t *Thread, addr uint64, key futexKey) cloudabi.Errno {
	l := fx.locks[key]
	if l == nil {
		return cloudabi.ESUCCESS
	}
	owner := l.owner
	if owner == 0 {
		word, err := t.space().LoadAtomic32(addr)
		if err != nil {
			return cloudabi.EFAULT
		}
		if word&lockWrite != 0 {
			owner = word & lockOwner
		}
	}
	if owner != t.tid {
		return cloudabi.EPERM
	}
	return cloudabi.ESUCCESS
}

// release gives the lock of thread t to those who wait. The caller holds fx.mu.
func (fx *futexes) release(t *Thread, addr uint64, key futexKey) cloudabi.Errno {
	if errno := fx.mayRelease(t, addr, key); errno != 0 {
		return errno
	}
	l := fx.locks[key]
	if l == nil {
		return t.setWord(addr, 0)
	}
	// Threads of a process that is ending leave by themselves; a lock handed
	// to them would be held by a dead thread.
	l.writers = slices.DeleteFunc(l.writers, func(w *futexWaiter) bool { return w.t.dying() })
	l.readers = slices.DeleteFunc(l.readers, func(w *futexWaiter) bool { return w.t.dying() })
	if len(l.writers) > 0 {
		w := l.writers[0]
		word := w.t.tid | lockWrite
		more := len(l.writers) > 1 || len(l.readers) > 0
		if more {
			word |= lockManaged
		}
		if errno := t.setWord(addr, word); errno != 0 {
			return errno
		}
		l.writers, l.owner = l.writers[1:], w.t.tid
		if !more {
			delete(fx.locks, key)
		}
		w.finish(cloudabi.ESUCCESS)
		return cloudabi.ESUCCESS
	}
	if errno := t.setWord(addr, uint32(len(l.readers))); errno != 0 {
		return errno
	}
	delete(fx.locks, key)
	for _, w := range l.readers {
		w.finish(cloudabi.ESUCCESS)
	}
	return cloudabi.ESUCCESS
}

// giveUp takes w out of whatever queue it is in. If it was the last one, the
// word is given back to the guest. The caller holds fx.mu.
func (fx *futexes) giveUp(w *futexWaiter) {
	if w.condvar != 0 {
		fx.leaveCondvar(w)
		return
	}
	l := fx.locks[w.key]
	if l == nil {
		return
	}
	isW := func(o *futexWaiter) bool { return o == w }
	l.writers = slices.DeleteFunc(l.writers, isW)
	l.readers = slices.DeleteFunc(l.readers, isW)
	if len(l.writers) == 0 && len(l.readers) == 0 {
		_ = w.t.update(w.lock, func(word uint32) (uint32, bool) {
			return word &^ lockManaged, word&lockManaged != 0
		})
		delete(fx.locks, w.key)
	}
}

// waitFutex parks the thread until w is finished or the deadline has come. A
// lock obtained at the moment of the timeout counts as obtained.
func (t *Thread) waitFutex(w *futexWaiter, deadline uint64) (timedOut, alive bool) {
	fx := &t.machine.futex
	for {
		fx.mu.Lock()
		done := w.done
		moved := w.condvarKey != (futexKey{}) && w.condvar == 0
		fx.mu.Unlock()
		switch {
		case done:
			return false, true
		case moved:
			// Signalled: the thread waits for the lock now, however long.
			deadline = Forever
		case deadline != Forever && t.machine.host.Monotonic() >= deadline:
			fx.mu.Lock()
			// It may have been finished or moved since we looked.
			expired := !w.done && (w.condvarKey == (futexKey{}) || w.condvar != 0)
			if expired {
				fx.giveUp(w)
			}
			fx.mu.Unlock()
			if expired {
				return true, true
			}
			continue
		}
		if !t.park(deadline, waitEvent) {
			fx.mu.Lock()
			if !w.done {
				fx.giveUp(w)
			}
			fx.mu.Unlock()
			return false, false
		}
	}
}

func (t *Thread) lockUnlock(a *args) cloudabi.Errno {
	scope, _, errno := t.scope(a, 1)
	if errno != 0 {
		return errno
	}
	return t.unlock(a.v[0], scope)
}

func (t *Thread) unlock(addr uint64, scope cloudabi.Scope) cloudabi.Errno {
	key, errno := t.futexKey(addr, scope)
	if errno != 0 {
		return errno
	}
	fx := &t.machine.futex
	fx.mu.Lock()
	defer fx.mu.Unlock()
	return fx.release(t, addr, key)
}
