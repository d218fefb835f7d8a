//go:build linux || windows || freebsd || darwin

package jit

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/nuage-emu/nuage/cpu/x86"
)

// How a thread is taken out of generated code from outside: whoever wants it
// out says why first (thread.Pending, engine.epoch), then kicks until it is out.
// A kick can be lost, since it may come before generated code has been reached;
// so it is repeated.

// expel takes all threads out of generated code. Those that come in after it
// has begun have seen the epoch that it is called for. It waits for all at
// once, and holds no lock meanwhile: a thread that the host does not run cannot
// leave, and nobody else should have to wait for that.
func (e *engine) expel() {
	e.contextsMu.Lock()
	in := make([]*thread, 0, len(e.contexts))
	for _, c := range e.contexts {
		in = append(in, c.owner.Load())
	}
	e.contextsMu.Unlock()
	takeOut(in)
}

// takeOut kicks threads until all are out.
func takeOut(in []*thread) {
	for try := 0; ; try++ {
		in = slices.DeleteFunc(in, func(r *thread) bool { return kick(r.s, try) })
		if len(in) == 0 {
			return
		}
		pause(try)
	}
}

// Kicks are repeated every resend tries; from long on it is suspected, at every
// power of two, that they do not arrive.
const (
	resend = 16
	long   = 64
)

// What Context.Kick says besides 0.
const (
	asked    = 1 // to leave at the next signal
	askAgain = 2 // the signal came where the thread could not leave
)

// kick asks a thread to leave generated code. It reports whether it is out.
func kick(s *x86.State, try int) bool {
	x := &s.Context
	before := atomic.SwapUint64(&x.Kick, asked)
	if atomic.LoadUint64(&x.Running) == 0 {
		return true
	}
	if try > 0 && before == 0 {
		return true // it was out, and has seen why when it came in again
	}
	if tid := atomic.LoadUint64(&x.ThreadID); tid != 0 && (before == askAgain || try%resend == 0) {
		kickThread(s, tid, try >= long && try&(try-1) == 0)
	}
	return atomic.LoadUint64(&x.Running) == 0
}

// pause waits a little between two tries, longer if the host does not seem to
// run the thread.
func pause(try int) {
	if try > 64 {
		time.Sleep(min(20*time.Microsecond<<min((try-64)/resend, 8), time.Millisecond))
	}
}

// interrupt takes the thread out of generated code, soon.
func (r *thread) interrupt() {
	r.goOn()
	if kick(r.s, 0) || r.kicking.Swap(true) {
		return
	}
	go func() {
		for {
			for try := 0; r.t.Pending() && !kick(r.s, try); try++ {
				pause(try + 48)
			}
			r.kicking.Store(false)
			// Who came just now has relied on this goroutine.
			if !r.t.Pending() || kick(r.s, 0) || r.kicking.Swap(true) {
				return
			}
		}
	}()
}
