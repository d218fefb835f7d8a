package abi

import (
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

// Thread is one guest thread. Its methods, among them the handlers of the
// system calls, are called on the goroutine that runs the thread, unless they
// say otherwise.
type Thread struct {
	cpu     cpu.Thread
	machine *Machine
	proc    *Process
	tid     uint32

	// wake holds at most one wake-up (parallel scheduler) or the permission to
	// run (deterministic scheduler).
	wake chan struct{}
	turn turn // of the deterministic scheduler

	// The time spent running, which other goroutines read for the CPU time of
	// the process: ran up to the time since, and since then if running.
	timeMu  sync.Mutex
	ran     uint64
	since   uint64
	running bool

	args     args     // of the call under way
	trap     cpu.Trap // as its registers say
	pointers [10]uint64
	iovecs   []iovec
	short    [256]byte // for transfers that are no longer
	made     [maxCalls]uint64
	write    cpu.Write // that an engine answers; see plan.go
	planner  bool      // it is known to the descriptor table

	left     bool        // loop has ended, by no panic
	killed   atomic.Bool // another thread of the process replaces the program
	replaced bool        // the call under way has replaced it
	rested   uint64      // instructions retired at the last rest; see Cooperative

	// exitLock is the lock that thread_exit asked to release, once the thread
	// runs no more.
	exiting   bool
	exitLock  uint64
	exitScope cloudabi.Scope
}

// space is the address space of the thread.
func (t *Thread) space() *memory.Space { return t.proc.program.space }

// start lets the thread run.
func (t *Thread) start() { t.machine.sched.start(t, t.run) }

// run is the life of a guest thread.
func (t *Thread) run() {
	t.proc.enter(t)
	t.clock(true)
	defer t.leave()
	t.loop()
	t.left = true
}

// loop runs the guest until the thread is to leave.
func (t *Thread) loop() {
	if t.machine.sched.free() {
		t.cpu.Kernel, t.cpu.Clock, t.cpu.Write = t, t.ownClock(), t.ownWrite()
	}
	for !t.exiting && t.proceed() {
		stop := t.proc.program.engine.Run(&t.cpu, t.machine.sched.budget(t))
		if stop.Kind != cpu.StopInterrupt {
			t.machine.sched.ran(t)
		}
		t.rest()
		switch stop.Kind {
		case cpu.StopSyscall:
			t.syscall(stop.PC)
		case cpu.StopBudget:
			t.machine.sched.yield(t)
		case cpu.StopInterrupt:
			// proceed looks for the reason.
		default:
			t.proc.dieOf(t, faultSignal(stop), stop)
			return
		}
	}
}

// Syscall implements [cpu.Kernel]: it is [Thread.loop] for a system call that
// comes while the engine runs, and reports whether that may simply go on.
func (t *Thread) Syscall(pc uint64) bool {
	t.syscall(pc)
	return !t.exiting && !t.replaced && !t.proc.attention.Load()
}

// leave is the end of a thread, whatever the reason.
func (t *Thread) leave() {
	if r := recover(); r != nil || !t.left {
		// A defect of the emulator is not the embedding program's: it ends
		// the guest, with all there is to know in the status.
		t.proc.end(ExitStatus{
			Signal: cloudabi.SIGSYS,
			Text: fmt.Sprintf("internal error of the emulator at pc %#x, thread %d: %v\n%s",
				t.cpu.State.PC(), t.tid, r, debug.Stack()),
		})
	}
	if t.exiting && !t.dying() {
		t.releaseExitLock()
	}
	t.dismiss()
	t.proc.exit()
	t.proc.removeThread(t)
}

// proceed reports whether the thread may run guest instructions, after waiting
// as long as the process is stopped.
func (t *Thread) proceed() bool {
	p := t.proc
	if !p.attention.Load() {
		return true
	}
	for {
		p.mu.Lock()
		halted := p.halted
		p.mu.Unlock()
		f := p.freezer.Load()
		switch {
		case t.dying():
			return false
		case !halted && (f == nil || f == t):
			return true
		}
		t.park(Forever, waitStop)
	}
}

// dying reports whether the thread is to leave. It may be called from any
// goroutine.
func (t *Thread) dying() bool { return t.proc.over.Load() || t.killed.Load() }

// gone reports whether the call under way has nobody to return to.
func (t *Thread) gone() bool { return t.exiting || t.replaced || t.dying() }

// park suspends the thread until unpark is called or the host's monotonic
// clock reaches the deadline. It may return early. It reports false if the
// thread is to leave; the caller then undoes what it has queued and returns,
// with any error number, for nobody will see it.
func (t *Thread) park(deadline uint64, why wait) (alive bool) {
	if t.dying() {
		return false
	}
	t.clock(false)
	t.proc.exit()
	t.machine.sched.park(t, deadline, why)
	t.proc.enter(t)
	t.clock(true)
	return !t.dying()
}

// unpark ends the present or else the next park. It may be called from any
// goroutine, and with any mutex of the kernel held.
func (t *Thread) unpark() { t.machine.sched.unpark(t) }

// clock notes that the thread runs from now on, or does not.
//
// In deterministic mode the scheduler counts instructions instead.
func (t *Thread) clock(running bool) {
	if t.machine.deterministic() {
		return
	}
	now := t.machine.host.Monotonic()
	t.timeMu.Lock()
	defer t.timeMu.Unlock()
	if t.running && now > t.since {
		t.ran += now - t.since
	}
	t.since, t.running = now, running
}

// busy is how long the thread has been running up to the time now, in
// nanoseconds. It may be called from any goroutine.
func (t *Thread) busy(now uint64) uint64 {
	t.timeMu.Lock()
	defer t.timeMu.Unlock()
	if t.running && now > t.since {
		return t.ran + now - t.since
	}
	return t.ran
}

// faultSignal is the signal a parent sees (abi/startup.md section 8).
func faultSignal(s cpu.Stop) cloudabi.Signal {
	switch s.Kind {
	case cpu.StopFault:
		if s.Fault.Bus {
			return cloudabi.SIGBUS
		}
		return cloudabi.SIGSEGV
	case cpu.StopIllegal:
		return cloudabi.SIGILL
	case cpu.StopArithmetic:
		return cloudabi.SIGFPE
	case cpu.StopBreakpoint:
		return cloudabi.SIGTRAP
	}
	return cloudabi.SIGSYS
}
