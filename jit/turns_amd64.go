//go:build linux || windows || freebsd || darwin

package jit

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A goroutine in generated code has a thread of the host for itself, and the Go
// runtime does not know that it computes. With hundreds of guest threads that
// never wait the host would have hundreds of threads to run beside those of the
// embedding program, which would get as little as one of them; and Go ends a
// process with 10,000. So no more guest threads of the process than there are
// processors are left in generated code for long: of more, each has its turn.
//
// The one who sees to that looks at intervals, and only exists while there are
// more threads with a host stack than processors, so that coming in costs
// nothing. Who must wait is kicked and waits like any goroutine.

// turn is how long a thread is left in generated code while others wait.
const turn = 10 * time.Millisecond

var turns struct {
	mu       sync.Mutex
	engines  []*engine
	watching bool
}

// count makes the engine's threads take turns; discount ends it.
func (e *engine) count() {
	turns.mu.Lock()
	turns.engines = append(turns.engines, e)
	turns.mu.Unlock()
}

func (e *engine) discount() {
	turns.mu.Lock()
	turns.engines = slices.DeleteFunc(turns.engines, func(o *engine) bool { return o == e })
	turns.mu.Unlock()
}

// crowd begins to watch over the threads if there may be too many. It is called
// after a host stack was lent. turns.mu comes behind engine.mu and before
// engine.contextsMu.
func crowd() {
	turns.mu.Lock()
	defer turns.mu.Unlock()
	if turns.watching {
		return
	}
	if _, all := inCode(); all > runtime.GOMAXPROCS(0) {
		turns.watching = true
		go watch()
	}
}

// inCode returns the threads that are in generated code, and how many there are
// that could be. The caller holds turns.mu.
func inCode() (in []*thread, all int) {
	for _, e := range turns.engines {
		e.contextsMu.Lock()
		all += len(e.contexts)
		for _, c := range e.contexts {
			if r := c.owner.Load(); atomic.LoadUint64(&r.s.Context.Running) != 0 {
				in = append(in, r)
			}
		}
		e.contextsMu.Unlock()
	}
	return in, all
}

// watch gives turns until there are few enough threads.
func watch() {
	var w watcher
	for {
		time.Sleep(turn)
		turns.mu.Lock()
		in, all := inCode()
		if all <= runtime.GOMAXPROCS(0) {
			turns.watching = false
			turns.mu.Unlock()
			w.next(nil, len(w.waiting))
			return
		}
		turns.mu.Unlock()
		w.next(in, runtime.GOMAXPROCS(0))
	}
}

// watcher is what is remembered from one look to the next.
type watcher struct {
	waiting []*thread        // for their turn, the first in front
	seen    map[*thread]bool // in generated code at the last look
}

// next gives turns to those who wait and takes them from those who have had
// theirs, so that not more than places are in generated code.
func (w *watcher) next(in []*thread, places int) {
	w.waiting = slices.DeleteFunc(w.waiting, func(r *thread) bool { return !r.parked.Load() })
	var over []*thread
	stay := len(in)
	for _, had := range []bool{true, false} {
		for _, r := range in {
			if w.seen[r] == had && (stay > places || had && len(over) < len(w.waiting)) {
				over = append(over, r)
				stay--
			}
		}
	}
	w.seen = make(map[*thread]bool, len(in))
	for _, r := range in {
		w.seen[r] = true
	}
	for ; stay < places && len(w.waiting) > 0; stay++ {
		w.waiting[0].goOn()
		w.waiting = w.waiting[1:]
	}
	for _, r := range over {
		delete(w.seen, r)
		r.parked.Store(true)
		w.waiting = append(w.waiting, r)
	}
	takeOut(over)
}

// await waits for the thread's turn.
func (r *thread) await() {
	for r.parked.Load() && !r.t.Pending() {
		<-r.turn
	}
}

// goOn ends await.
func (r *thread) goOn() {
	if r.parked.Swap(false) {
		select {
		case r.turn <- struct{}{}:
		default:
		}
	}
}
