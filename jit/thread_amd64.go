//go:build linux

package jit

import (
	"fmt"
	"sync/atomic"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// thread is one Run under way.
type thread struct {
	e *engine
	t *cpu.Thread
	s *x86.State
	c *context

	kick    func()
	kicking atomic.Bool
}

// Run implements [cpu.Engine].
func (e *engine) Run(t *cpu.Thread, budget uint64) cpu.Stop {
	s := t.State.(*x86.State)
	if budget != cpu.Unlimited && !e.o.Metered {
		return e.reference.Run(t, budget)
	}
	c := e.context(s)
	if c == nil {
		return e.reference.Run(t, budget)
	}
	r := &thread{e: e, t: t, s: s, c: c}
	r.kick = r.interrupt
	t.OnInterrupt(&r.kick)
	s.Context.Flags = s.NativeFlags()
	stop := r.loop(budget)
	t.OnInterrupt(nil)
	e.idle(c)
	return stop
}

// maxLeft keeps the counter's upper half zero, which metered code reads.
const maxLeft = 1 << 31

func (r *thread) loop(budget uint64) cpu.Stop {
	x := &r.s.Context
	for {
		slice := min(budget, maxLeft)
		x.Left = int64(slice)
		stop, done := r.run()
		if r.e.o.Metered {
			n := slice - uint64(x.Left)
			r.t.Retired += n
			if budget != cpu.Unlimited {
				budget -= n
			}
		}
		if !done {
			before := r.t.Retired
			stop, done = r.interpret(budget)
			if budget != cpu.Unlimited {
				budget -= r.t.Retired - before
			}
		}
		if done {
			return stop
		}
	}
}

// run runs generated code until there is a stop (done) or something that the
// interpreter must do at s.PC.
func (r *thread) run() (stop cpu.Stop, done bool) {
	s, x := r.s, &r.s.Context
	pc := s.PC()
	for {
		if s.SP()>>32 != 0 {
			x.Reason = rewrite.ExitInterpret
			return r.settle(pc)
		}
		host, ok := r.c.find(pc)
		if !ok || r.c.epoch != r.e.epoch.Load() {
			if host, ok = r.lookup(pc); !ok {
				x.Reason = rewrite.ExitInterpret
				r.settle(pc)
				return r.e.refusal(pc)
			}
		}
		x.Target = host
		if !r.enter() {
			if r.t.Pending() {
				r.settle(pc)
				r.t.TakeInterrupt()
				return cpu.Stop{Kind: cpu.StopInterrupt, PC: pc}, true
			}
			continue
		}
	again:
		r.c.counts.left[x.Reason%8]++
		switch x.Reason {
		case rewrite.ExitDirect:
			pc = x.T0
			r.connect(pc, x.T1)
		case rewrite.ExitIndirect:
			pc = x.T0
			r.e.direct(pc, r.c.epoch)
		case rewrite.ExitSyscall:
			r.settle(x.T0)
			s.R[x86.RCX], s.R[x86.R11] = x.T0, s.Flags()
			return cpu.Stop{Kind: cpu.StopSyscall, PC: x.T1}, true
		case rewrite.ExitInterpret, rewrite.ExitBudget:
			return r.settle(x.T0)
		case rewrite.ExitTrap:
			// Until it is known where the thread goes on it counts as running,
			// so that nobody gives the code back.
			next, what := r.trapped()
			if what == goOn {
				x.Target = x.TrapPC
				execute(s, r.e.convention) // whatever else is wanted
				goto again
			}
			atomic.StoreUint64(&x.Running, 0)
			switch what {
			case reenter:
				pc = next
			default:
				return r.settle(next)
			}
		}
	}
}

// settle makes the State that of the moment before the instruction at pc.
func (r *thread) settle(pc uint64) (cpu.Stop, bool) {
	r.s.SetPC(pc)
	r.s.SetNativeFlags(r.s.Context.Flags)
	return cpu.Stop{}, false
}

// enter runs generated code at Context.Target, unless there is a reason to
// look around first. Whoever wants the thread out either sees that it is
// running, or is seen here.
func (r *thread) enter() bool {
	x := &r.s.Context
	atomic.StoreUint64(&x.Running, 1)
	if r.t.Pending() || r.c.epoch != r.e.epoch.Load() {
		atomic.StoreUint64(&x.Running, 0)
		return false
	}
	atomic.StoreUint64(&x.Kick, 0)
	x.Table = r.e.table.address()
	if r.t.Pending() || r.c.epoch != r.e.epoch.Load() {
		atomic.StoreUint64(&x.Running, 0)
		return false
	}
	execute(r.s, r.e.convention)
	return true
}

// What to do after a trap.
type outcome uint8

const (
	interpret outcome = iota // the instruction is the interpreter's
	reenter                  // generated code, at an instruction's beginning
	goOn                     // generated code, where it was
)

// trapped decides what to do after a trap or signal. It must not wait for the
// engine's lock: who holds that may be waiting for the thread to be out.
func (r *thread) trapped() (pc uint64, what outcome) {
	s, x := r.s, &r.s.Context
	if x.Signal != kickSignal && r.c.inGuard(x.TrapAddr) {
		// The host stack is full: forget the callers.
		r.c.resetStack(s, r.c.ret)
		return 0, goOn
	}
	m, ok := r.e.markAt(x.TrapPC)
	if !ok || m.State == rewrite.Within {
		if x.Signal == kickSignal {
			x.Table = r.e.blank.address() // so that it does not go far
			atomic.StoreUint64(&x.Kick, askAgain)
			return 0, goOn
		}
		panic(fmt.Sprintf("jit: signal %d at %#x in generated code, address %#x, mark %+v", x.Signal, x.TrapPC, x.TrapAddr, m))
	}
	x.Left += int64(m.Rest)
	s.R[x86.RSP] += uint64(int64(m.Stack))
	switch m.State {
	case rewrite.CopyBefore:
		s.R[x86.RSI] -= x.Base
		s.R[x86.RDI] -= x.Base
	case rewrite.FillBefore:
		s.R[x86.RDI] -= x.Base
	}
	if x.Signal == kickSignal {
		return uint64(m.PC), reenter
	}
	return uint64(m.PC), interpret
}

// steps is how many instructions the interpreter runs before generated code is
// looked for again: those behind one that must be interpreted often must be,
// too.
const steps = 1

// interpret runs instructions that generated code does not.
func (r *thread) interpret(budget uint64) (cpu.Stop, bool) {
	if budget == 0 {
		return cpu.Stop{Kind: cpu.StopBudget, PC: r.s.PC()}, true
	}
	if r.s.Context.Reason != rewrite.ExitBudget {
		r.c.counts.interpreted(r.e, r.s.PC())
	}
	stop := r.e.reference.Run(r.t, min(budget, steps))
	if stop.Kind != cpu.StopBudget {
		return stop, true
	}
	r.s.Context.Flags = r.s.NativeFlags()
	return stop, false
}
