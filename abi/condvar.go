package abi

import (
	"slices"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// waitCondvar makes w wait on its condition variable and releases its lock. The
// caller holds fx.mu.
func (fx *futexes) waitCondvar(w *futexWaiter) cloudabi.Errno {
	t := w.t
	c := fx.condvars[w.condvarKey]
	if c != nil && c.lock != w.key {
		return cloudabi.EINVAL
	}
	word, err := t.space().LoadAtomic32(w.lock)
	switch {
	case err != nil:
		return cloudabi.EFAULT
	case word&lockWrite != 0 && word&lockOwner != t.tid:
		return cloudabi.EPERM
	}
	if errno := t.setWord(w.condvar, condvarWaiting); errno != 0 {
		return errno
	}
	if errno := fx.release(t, w.lock, w.key); errno != 0 {
		if c == nil {
			_ = t.setWord(w.condvar, 0)
		}
		return errno
	}
	if c == nil {
		c = &condvarQueue{lock: w.key}
		fx.condvars[w.condvarKey] = c
	}
	c.waiters = append(c.waiters, w)
	return cloudabi.ESUCCESS
}

// leaveCondvar takes w off its condition variable. The caller holds fx.mu.
func (fx *futexes) leaveCondvar(w *futexWaiter) {
	c := fx.condvars[w.condvarKey]
	c.waiters = slices.DeleteFunc(c.waiters, func(o *futexWaiter) bool { return o == w })
	if len(c.waiters) == 0 {
		_ = w.t.setWord(w.condvar, 0)
		delete(fx.condvars, w.condvarKey)
	}
	w.condvar = 0
}

func (t *Thread) condvarSignal(a *args) cloudabi.Errno {
	scope, ok, errno := t.scope(a, 1)
	if errno != 0 {
		return errno
	}
	n := a.v[2]
	if !ok {
		// Without the scope the second argument is the number. Programs of
		// the days in between have one of each; waking more than was asked
		// is permitted, waking fewer is not.
		n = max(n, t.trap.Args[1]&0xffffffff)
	}
	key, errno := t.futexKey(a.v[0], scope)
	if errno != 0 {
		return errno
	}
	return t.machine.futex.signal(t, a.v[0], key, n)
}

// signal takes up to n waiters off a condition variable in the order of their
// arrival and lines them up for their lock. The first one gets it here and now
// if it is free, as if it had woken up at once; there is no state in which the
// lock is free and signalled threads wait.
func (fx *futexes) signal(t *Thread, addr uint64, key futexKey, n uint64) cloudabi.Errno {
	fx.mu.Lock()
	defer fx.mu.Unlock()
	c := fx.condvars[key]
	if c == nil || n == 0 {
		return cloudabi.ESUCCESS
	}
	c.waiters = slices.DeleteFunc(c.waiters, func(w *futexWaiter) bool {
		ending := w.t.dying()
		if ending {
			w.condvar = 0
		}
		return ending
	})
	n = min(n, uint64(len(c.waiters)))
	if n == uint64(len(c.waiters)) {
		if errno := t.setWord(addr, 0); errno != 0 {
			return errno
		}
		delete(fx.condvars, key)
	}
	woken := c.waiters[:n]
	c.waiters = c.waiters[n:]
	for _, w := range woken {
		w.condvar = 0
		fx.acquire(w)
		// Its deadline does not count any more; it must notice.
		w.t.unpark()
	}
	return cloudabi.ESUCCESS
}
