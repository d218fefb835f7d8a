package abi

import "sync"

// waitQueue holds those who wait for an object's state to change. The zero
// value is ready for use.
type waitQueue struct {
	mu      sync.Mutex
	entries []*waitEntry // in order of arrival
}

// waitEntry is one interest of one thread.
type waitEntry struct {
	who  waiter
	only interest // 0: told of everything
}

// waiter is told that a state may have changed. That happens with the queue's
// mutex held; it must be quick and take no kernel lock but poller.mu.
type waiter interface{ unpark() }

// interest is a set of directions.
type interest uint8

func interestIn(d Direction) interest { return 1 << d }

func (q *waitQueue) add(e *waitEntry) {
	q.mu.Lock()
	q.entries = append(q.entries, e)
	q.mu.Unlock()
}

func (q *waitQueue) remove(e *waitEntry) {
	q.mu.Lock()
	for i, o := range q.entries {
		if o == e {
			q.entries = append(q.entries[:i], q.entries[i+1:]...)
			break
		}
	}
	q.mu.Unlock()
}

// wake tells everybody that the state may have changed.
func (q *waitQueue) wake() {
	q.mu.Lock()
	for _, e := range q.entries {
		e.who.unpark()
	}
	q.mu.Unlock()
}

// wakeFor tells those that have to do with one direction.
func (q *waitQueue) wakeFor(d Direction) {
	q.mu.Lock()
	for _, e := range q.entries {
		if e.only == 0 || e.only&interestIn(d) != 0 {
			e.who.unpark()
		}
	}
	q.mu.Unlock()
}

// await parks the thread until try reports that it is done with something
// other than EAGAIN, watching q for changes. It returns EINTR, which nobody
// sees, when the process ends meanwhile.
func (t *Thread) await(q *waitQueue, why wait, try func() (done bool)) (alive bool) {
	if try() {
		return true
	}
	e := &waitEntry{who: t}
	q.add(e)
	defer q.remove(e)
	for !try() {
		if !t.park(Forever, why) {
			return false
		}
	}
	return true
}
