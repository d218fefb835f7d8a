//go:build linux || windows || freebsd || darwin

package jit

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// thread is what the engine keeps of a guest thread from one Run to the next.
type thread struct {
	e *engine
	t *cpu.Thread
	s *x86.State

	c     *context // while that says that it is this thread's; see begin
	epoch uint64   // of what the host stack and found say
	ret   uint64   // the stub for returns

	fallbacks *[64]fallback // by the low bits of pc; nil: there were none

	kick    func()
	kicking atomic.Bool

	// ahead is how many instructions are the interpreter's because a turn ended
	// among them, and aheads how often such may be looked for until the next.
	ahead, aheads int

	parked atomic.Bool // it is not the thread's turn
	turn   chan struct{}
}

// none is the epoch of no code.
const none = ^uint64(0)

// Run implements [cpu.Engine].
func (e *engine) Run(t *cpu.Thread, budget uint64) cpu.Stop {
	s := t.State.(*x86.State)
	if budget != cpu.Unlimited && !e.o.Metered {
		return e.reference.Run(t, budget)
	}
	r, ok := s.Context.Owner.(*thread)
	if !ok || r.e != e || r.t != t {
		r = e.newThread(t, s)
	}
	if r.c == nil && !r.renew() {
		return e.reference.Run(t, budget)
	}
	r.load()
	return r.loop(budget)
}

// newThread makes a thread of one that runs for the first time. It does not ask
// for a host stack yet. The function that takes it out of generated code stays
// with t: out of Run it does nothing.
func (e *engine) newThread(t *cpu.Thread, s *x86.State) *thread {
	r := &thread{e: e, t: t, s: s, epoch: none, turn: make(chan struct{}, 1)}
	r.kick = r.interrupt
	x := &s.Context
	for i := range x.Align {
		x.Align[i] = uint8(i & 7)
	}
	x.Owner, x.Base = r, uint64(uintptr(e.space.WindowBase()))
	for reason, at := range gateOf(e.convention).out {
		x.Out[reason] = uint64(at)
	}
	if c := t.Clock; c != nil && !e.o.Metered && e.convention == rewrite.StateInGS {
		x.ClockPC, x.ClockCall, x.ClockMono, x.ClockReal, x.ClockAdd = c.PC, c.Number, c.Monotonic, c.Realtime, c.Offset
	}
	if w := t.Write; w != nil && !e.o.Metered && e.convention == rewrite.StateInGS {
		x.WritePC, x.Write = w.PC, w
	}
	t.OnInterrupt(&r.kick)
	return r
}

func (r *thread) loop(budget uint64) cpu.Stop {
	x := &r.s.Context
	for {
		slice := min(budget, budgetBytes)
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
		if !r.begin() {
			if r.t.Pending() {
				r.settle(pc)
				r.t.TakeInterrupt()
				return cpu.Stop{Kind: cpu.StopInterrupt, PC: pc}, true
			}
			if r.parked.Load() {
				r.await()
				continue
			}
			if !r.renew() {
				x.Reason = rewrite.ExitInterpret
				return r.settle(pc)
			}
			continue
		}
		f := &r.c.found[pc%recent]
		if f.pc != pc || f.host == 0 {
			atomic.StoreUint64(&x.Running, 0)
			if r.aheads > 0 && r.walk(pc) || !r.lookup(pc) {
				x.Reason = rewrite.ExitInterpret
				r.settle(pc)
				return r.e.refusal(pc)
			}
			continue
		}
		x.Target = f.host
		r.execute()
	again:
		r.exhausted()
		r.c.counts.left[x.Reason%8]++
		switch x.Reason {
		case rewrite.ExitDirect:
			pc = x.T0
			r.connect(pc, x.T1)
		case rewrite.ExitIndirect:
			pc = x.T0
			r.e.direct(pc, r.epoch)
		case rewrite.ExitSyscall:
			at := x.T1
			r.settle(x.T0)
			s.R[x86.RCX], s.R[x86.R11] = x.T0, s.Flags()
			if x.Written != 0 {
				r.storeWritten()
				x.Flags = s.NativeFlags()
				pc = s.PC()
				continue
			}
			kernel := r.t.Kernel
			if kernel == nil || r.e.o.Metered {
				return cpu.Stop{Kind: cpu.StopSyscall, PC: at}, true
			}
			if !kernel.Syscall(at) {
				return cpu.Stop{Kind: cpu.StopInterrupt, PC: at}, true
			}
			x.Flags = s.NativeFlags()
			pc = s.PC()
		case rewrite.ExitInterpret, rewrite.ExitBudget:
			return r.settle(x.T0)
		case rewrite.ExitTrap:
			// Until it is known where the thread goes on it counts as running,
			// so that nobody gives the code back.
			next, what := r.trapped()
			if what == goOn {
				x.Target = x.TrapPC
				r.execute() // whatever else is wanted
				goto again
			}
			atomic.StoreUint64(&x.Running, 0)
			switch what {
			case reenter:
				pc = next
			case broken:
				r.settle(next)
				return cpu.Stop{Kind: cpu.StopIllegal, PC: next, Text: fmt.Sprintf(
					"internal error: trap %d in the translation of the code near %#x, at the host's address %#x, which no instruction of the program can cause",
					x.Signal, next, x.TrapAddr)}, true
			default:
				return r.settle(next)
			}
		}
	}
}

// exhausted makes a trap by which code has met the end of its budget what it
// stands for.
func (r *thread) exhausted() {
	x := &r.s.Context
	if !r.e.o.Metered || x.Reason != rewrite.ExitTrap || x.Signal == kickSignal || x.TrapAddr-(r.e.floor-guardBytes) >= guardBytes {
		return
	}
	if m, ok := r.e.markAt(x.TrapPC); ok && m.State == rewrite.Before {
		x.Reason, x.T0 = rewrite.ExitBudget, uint64(m.PC)
		atomic.StoreUint64(&x.Running, 0)
	}
}

// load is the opposite of settle for what a State keeps in another form.
func (r *thread) load() {
	x := &r.s.Context
	x.Flags, x.Fixed, x.Upper = r.s.NativeFlags(), r.s.FixedFlags(), r.s.UpperHalves()
}

// execute runs generated code until it leaves.
func (r *thread) execute() {
	if !r.e.o.Metered {
		execute(r.s, r.e.convention)
		return
	}
	s, x := r.s, &r.s.Context
	x.Displaced, s.R[rewrite.Counter] = s.R[rewrite.Counter], r.e.floor+uint64(x.Left)
	execute(s, r.e.convention)
	x.Left, s.R[rewrite.Counter] = int64(s.R[rewrite.Counter]-r.e.floor), x.Displaced
}

// settle makes the State that of the moment before the instruction at pc.
func (r *thread) settle(pc uint64) (cpu.Stop, bool) {
	r.s.SetPC(pc)
	r.s.SetNativeFlags(r.s.Context.Flags)
	return cpu.Stop{}, false
}

// storeWritten is the end of a write that was answered but for storing the number
// of bytes, which was refused to generated code.
func (r *thread) storeWritten() {
	s, x := r.s, &r.s.Context
	n := binary.LittleEndian.AppendUint64(nil, x.Written)
	x.Written = 0
	result := uint64(0)
	if r.e.space.WriteAt(n, s.R[x86.R10]) != nil {
		result = x.Write.Refused
	}
	s.SetResult(0, result)
}

// begin makes the thread count as running, unless there is a reason to look
// around first. Whoever wants the thread out, or its host stack, either sees
// that it is running, or is seen here.
func (r *thread) begin() bool {
	x := &r.s.Context
	atomic.StoreUint64(&x.Running, 1)
	if r.current() {
		if atomic.LoadUint64(&x.Kick) == 0 {
			return true
		}
		atomic.StoreUint64(&x.Kick, 0)
		if r.current() {
			return true
		}
	}
	atomic.StoreUint64(&x.Running, 0)
	return false
}

// current reports whether nothing keeps the thread from running: it has a host
// stack, what that and found say is of the current code, and nobody wants it.
func (r *thread) current() bool {
	return !r.t.Pending() && !r.parked.Load() && r.c.owner.Load() == r && r.epoch == r.e.epoch.Load()
}

// renew makes the thread forget old code, on a host stack of its own. It
// reports whether there is one.
func (r *thread) renew() bool {
	e := r.e
	e.mu.Lock()
	defer e.mu.Unlock()
	epoch := e.refresh()
	if !e.lend(r) {
		return false
	}
	crowd()
	clear(r.c.found[:])
	if r.fallbacks != nil {
		clear(r.fallbacks[:])
	}
	r.ret, r.epoch = e.ret, epoch
	r.c.resetStack(r.s, r.ret)
	return true
}

// maxAheads is how many branches a thread passes until it comes to code that there
// is.
const maxAheads = 8

// walk reports whether the interpreter is to go on at pc, where a turn ended: what
// is in the middle of code would be translated again for each place in it.
func (r *thread) walk(pc uint64) bool {
	r.aheads--
	if r.ahead = r.e.distance(pc); r.ahead == 0 {
		r.aheads = 0
	}
	return r.ahead > 0
}

// What to do after a trap.
type outcome uint8

const (
	interpret outcome = iota // the instruction is the interpreter's
	reenter                  // generated code, at an instruction's beginning
	goOn                     // generated code, where it was
	broken                   // nothing: it trapped where it must not
)

// trapped decides what to do after a trap or signal. It must not wait for the
// engine's lock: who holds that may be waiting for the thread to be out.
func (r *thread) trapped() (pc uint64, what outcome) {
	s, x := r.s, &r.s.Context
	if x.Signal != kickSignal && r.c.inGuard(x.TrapAddr) {
		// The host stack is full: forget the callers.
		r.c.resetStack(s, r.ret)
		return 0, goOn
	}
	m, ok := r.e.markAt(x.TrapPC)
	switch {
	case x.Signal != kickSignal && (!ok || m.State == rewrite.Within || m.State == rewrite.Arriving):
		return uint64(m.PC), broken
	case !ok || m.State == rewrite.Within:
		atomic.StoreUint64(&x.Kick, askAgain)
		return 0, goOn
	}
	x.Left += int64(m.Rest)
	s.R[x86.RSP] += uint64(int64(m.Stack))
	pc = uint64(m.PC)
	switch m.State {
	case rewrite.Arriving:
		pc = x.T0
	case rewrite.CopyBefore:
		s.R[x86.RCX] = x.T1
		s.R[x86.RSI] -= x.Base
		s.R[x86.RDI] -= x.Base
	case rewrite.FillBefore:
		s.R[x86.RCX] = x.T1
		s.R[x86.RDI] -= x.Base
	}
	if x.Signal == kickSignal {
		return pc, reenter
	}
	return pc, interpret
}

// steps is how many instructions the interpreter runs before generated code is
// looked for again: those behind one that must be interpreted often must be,
// too.
const steps = 1

// lastSteps is how many it runs where less is left of the budget than the code
// would retire at once: all that is left, since no code begins in the middle.
const lastSteps = rewrite.MaxUnit

// starvedSteps is the same while there is no code memory.
const starvedSteps = 10_000

// interpret runs instructions that generated code does not.
func (r *thread) interpret(budget uint64) (cpu.Stop, bool) {
	if budget == 0 {
		return cpu.Stop{Kind: cpu.StopBudget, PC: r.s.PC()}, true
	}
	n := uint64(steps)
	switch {
	case r.ahead > 0:
		n, r.ahead = uint64(r.ahead), 0
	case r.s.Context.Reason == rewrite.ExitBudget:
		n, r.aheads = lastSteps, maxAheads
	default:
		r.interpreted(r.s.PC())
	}
	if r.e.starved.Load() {
		n = starvedSteps
	}
	stop := r.e.reference.Run(r.t, min(budget, n))
	if stop.Kind != cpu.StopBudget {
		return stop, true
	}
	r.load()
	return stop, false
}
