package abi

import "github.com/nuage-emu/nuage/cpu"

// scheduler decides which guest threads run. Everything that a thread's
// progress can depend on besides the guest's own instructions passes through
// it: starting, waiting, waking, and how far a thread runs before the next
// one's turn.
type scheduler interface {
	// start makes the thread run; body is its whole life.
	start(t *Thread, body func())
	// park suspends the calling thread until unpark or the deadline. It may
	// return early. An unpark that came since the last park makes it return
	// at once, so no wake-up is lost.
	park(t *Thread, deadline uint64, why wait)
	// unpark ends the present or else the next park of t. It never waits.
	unpark(t *Thread)
	// yield lets other threads run.
	yield(t *Thread)
	// budget is how many instructions the thread may retire before the
	// scheduler wants to be asked again.
	budget(t *Thread) uint64
	// free reports whether threads run without budgets and ran is of no interest.
	free() bool
	// ran tells that the thread has retired instructions, when what ended that
	// was its own doing or its budget.
	ran(t *Thread)
}

// wait says what a parked thread waits for. A deterministic scheduler must
// tell the waits that only the host can end from those that other guest
// threads or virtual time will end.
type wait uint8

const (
	waitEvent wait = iota // locks, condition variables, clocks, poll
	waitInput             // bytes or connections from the host
	waitHost              // the host finishing what was handed to it
	waitStop              // a stopped process being continued
)

// parallel runs each guest thread on a goroutine; the Go runtime schedules.
type parallel struct {
	host    Host
	quantum uint64 // see Cooperative
}

func (parallel) start(_ *Thread, body func()) { go body() }

func (s parallel) park(t *Thread, deadline uint64, _ wait) {
	if deadline == Forever {
		<-t.wake
		return
	}
	cancel := s.host.At(deadline, func() { s.unpark(t) })
	<-t.wake
	cancel()
}

func (parallel) unpark(t *Thread) {
	select {
	case t.wake <- struct{}{}:
	default: // a wake-up is waiting already
	}
}

func (parallel) yield(*Thread) { gosched() }

func (s parallel) budget(*Thread) uint64 { return s.quantum }

func (parallel) ran(*Thread) {}

func (s parallel) free() bool { return s.quantum == cpu.Unlimited }

// quantum is how many instructions a thread may retire between rests.
func quantum(h Host) uint64 {
	if c, ok := h.(Cooperative); ok {
		return c.Quantum()
	}
	return cpu.Unlimited
}

// rest is called when the thread has come out of its engine.
func (t *Thread) rest() {
	if q := t.machine.quantum; q != cpu.Unlimited && t.cpu.Retired-t.rested >= q {
		t.rested = t.cpu.Retired
		t.machine.outer.(Cooperative).Rest()
	}
}
