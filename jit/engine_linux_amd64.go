package jit

import (
	"fmt"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/memory"
)

// maxCode is how much code an engine keeps, in chunks, before it starts anew.
const maxCode = 64 << 20 / chunkBytes

// engine translates the threads of one space. The lock order is mu, then
// contextsMu or unitsMu.
type engine struct {
	space     *memory.Space
	reference cpu.Engine
	o         Options
	code      *codeMemory
	exit      uint64
	onCode    func()

	// epoch changes when no code translated before may be run again: the
	// guest's code has changed, or there is too much of it.
	epoch atomic.Uint64

	mu         sync.Mutex
	translator *rewrite.Translator
	valid      uint64            // the epoch that what follows belongs to
	entries    map[uint64]uint64 // host addresses by guest address; 0: the interpreter's
	stubs      map[uint64]uint64 // of the table of indirect targets
	chunks     []int
	used       int    // of the last chunk
	ret        uint64 // the stub for returns
	table      *table // of indirect targets
	stats      Stats
	check      *check // nil: translations are trusted

	unitsMu sync.Mutex
	units   []unit // by host address

	contextsMu sync.Mutex
	contexts   []*context
}

// unit is where a translation lies.
type unit struct {
	host  uint64
	size  uint32
	marks []rewrite.Mark
}

func newEngine(space *memory.Space, reference cpu.Engine, o Options) (cpu.Engine, error) {
	if reference.NewState().Arch() != cpu.X86_64 {
		return nil, fmt.Errorf("%w: there is no translator for %v", ErrUnavailable, reference.NewState().Arch())
	}
	if space.WindowBase() == nil {
		return nil, fmt.Errorf("%w: guest memory is not in the window form", ErrUnavailable)
	}
	c, err := code()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	_, exit, _ := addresses()
	e := &engine{space: space, reference: reference, o: o, code: c, exit: uint64(exit)}
	if e.table, err = newTable(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	e.translator = rewrite.NewTranslator(rewrite.Options{Supported: supported, Metered: o.Metered})
	if o.Verify {
		e.check = newCheck()
	}
	e.valid = ^uint64(0)
	e.onCode = func() { e.epoch.Add(1); e.expel() }
	space.OnCodeChange(&e.onCode)
	return e, nil
}

func (e *engine) Name() string { return "jit" }

func (e *engine) NewState() cpu.State { return e.reference.NewState() }

func (e *engine) Close() error {
	e.space.OnCodeChange(nil)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.code.release(e.chunks)
	e.chunks, e.entries = nil, nil
	e.setUnits(nil)
	e.table.release()
	e.contextsMu.Lock()
	defer e.contextsMu.Unlock()
	for _, c := range e.contexts {
		c.release()
	}
	e.contexts = nil
	return e.reference.Close()
}

// maxContexts is how many threads keep their host stacks while they are not
// running.
const maxContexts = 64

// context returns the context of a thread that begins to run.
func (e *engine) context(s *x86.State) *context {
	e.contextsMu.Lock()
	defer e.contextsMu.Unlock()
	if c, ok := s.Context.Owner.(*context); ok && c.owner == s {
		c.busy = true
		return c
	}
	var c *context
	if len(e.contexts) >= maxContexts {
		if i := slices.IndexFunc(e.contexts, func(c *context) bool { return !c.busy }); i >= 0 {
			c = e.contexts[i]
			e.contexts = append(slices.Delete(e.contexts, i, i+1), c)
		}
	}
	if c == nil {
		var err error
		if c, err = newContext(); err != nil {
			return nil
		}
		e.contexts = append(e.contexts, c)
	}
	c.owner, c.busy, c.epoch = s, true, ^uint64(0)
	x := &s.Context
	for i := range x.Align {
		x.Align[i] = uint8(i & 7)
	}
	x.Owner, x.Exit, x.Table, x.Base = c, e.exit, e.table.address(), uint64(uintptr(e.space.WindowBase()))
	return c
}

func (e *engine) idle(c *context) {
	e.contextsMu.Lock()
	c.busy = false
	e.contextsMu.Unlock()
}

// expel takes all threads out of generated code.
func (e *engine) expel() {
	e.contextsMu.Lock()
	defer e.contextsMu.Unlock()
	for _, c := range e.contexts {
		for try := 0; !kick(c.owner, try); try++ {
			pause(try)
		}
	}
}

// kick asks a thread to leave generated code. It reports whether it is out.
func kick(s *x86.State, try int) bool {
	x := &s.Context
	atomic.StoreUint64(&x.Kick, 1)
	if atomic.LoadUint64(&x.Running) == 0 {
		return true
	}
	if tid := atomic.LoadUint64(&x.ThreadID); tid != 0 && try%16 == 0 {
		_ = unix.Tgkill(unix.Getpid(), int(tid), unix.SIGURG) // gone: so it is out
	}
	return atomic.LoadUint64(&x.Running) == 0
}

func pause(try int) {
	if try > 64 {
		time.Sleep(20 * time.Microsecond)
	}
}

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

// interrupt takes the thread out of generated code, soon.
func (r *thread) interrupt() {
	if kick(r.s, 0) || r.kicking.Swap(true) {
		return
	}
	go func() {
		defer r.kicking.Store(false)
		for try := 0; r.t.Pending() && !kick(r.s, try); try++ {
			pause(try + 48)
		}
	}()
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
			return r.settle(pc)
		}
		host, ok := r.c.find(pc)
		if !ok || r.c.epoch != r.e.epoch.Load() {
			if host, ok = r.lookup(pc); !ok {
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
				execute(s) // whatever else is wanted
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
	execute(r.s)
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
	if x.Signal == uint64(unix.SIGSEGV) && r.c.inGuard(x.TrapAddr) {
		// The host stack is full: forget the callers.
		r.c.resetStack(s, r.c.ret)
		return 0, goOn
	}
	m, ok := r.e.markAt(x.TrapPC)
	if !ok || m.State == rewrite.Within {
		if x.Signal == uint64(unix.SIGURG) {
			x.Table = blankAddress() // so that it does not go far
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
	if x.Signal == uint64(unix.SIGURG) {
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
	stop := r.e.reference.Run(r.t, min(budget, steps))
	if stop.Kind != cpu.StopBudget {
		return stop, true
	}
	r.s.Context.Flags = r.s.NativeFlags()
	return stop, false
}

// lookup returns the code for pc, translating it if need be, and notes it in
// the thread's table.
func (r *thread) lookup(pc uint64) (uint64, bool) {
	e := r.e
	e.mu.Lock()
	defer e.mu.Unlock()
	epoch := e.refresh()
	if r.c.epoch != epoch {
		r.c.reset(r.s, e.ret)
		r.c.epoch = epoch
	}
	host := e.find(pc)
	if host == 0 {
		return 0, false
	}
	if e.check != nil && !e.check.entry(pc, host) {
		return 0, false
	}
	if r.c.epoch == e.epoch.Load() {
		r.c.put(pc, host)
	}
	return host, true
}

// connect fills in a direct branch, if the code it belongs to is still there.
func (r *thread) connect(pc, field uint64) {
	e := r.e
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refresh() != r.c.epoch {
		return
	}
	host := e.find(pc)
	if host == 0 || r.c.epoch != e.epoch.Load() {
		return
	}
	displacement := uint32(host - field - 4)
	if e.check != nil && !e.check.link(pc, field, displacement) {
		e.entries[pc] = 0
		return
	}
	patch(e.code.write, int(field-uint64(e.code.exec)), displacement)
}

// direct puts the code for pc into the table of indirect targets.
func (e *engine) direct(pc, epoch uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refresh() != epoch {
		return
	}
	stub, ok := e.stubs[pc]
	if host, known := e.entries[pc]; !ok && known && host != 0 {
		u := e.translator.EntryStub(pc)
		field := uint64(u.Exits[0].Field)
		if e.check != nil && !e.check.unit(pc, u, true) {
			return
		}
		if stub, ok = e.place(u); !ok {
			return
		}
		if e.check != nil {
			e.check.placed(pc, stub, u, true)
		}
		displacement := uint32(host - stub - field - 4)
		if e.check != nil && !e.check.link(pc, stub+field, displacement) {
			return
		}
		patch(e.code.write, int(stub+field-uint64(e.code.exec)), displacement)
		e.stubs[pc] = stub
	} else if !ok && !known {
		if stub = e.translate(pc, true); stub == 0 {
			return
		}
		e.stubs[pc] = stub
	}
	if e.check != nil && !e.check.target(pc, stub) {
		return
	}
	if stub != 0 && e.valid == e.epoch.Load() {
		e.table.set(pc, stub)
	}
}

// refresh drops what was translated in an earlier epoch. The caller holds e.mu.
func (e *engine) refresh() uint64 {
	epoch := e.epoch.Load()
	if e.valid == epoch {
		return epoch
	}
	if len(e.chunks) > 0 {
		e.expel() // all leave, and none comes in with an old epoch
		e.code.release(e.chunks)
	}
	e.valid, e.chunks, e.used = epoch, nil, chunkBytes
	e.setUnits(nil)
	e.entries, e.stubs = make(map[uint64]uint64), make(map[uint64]uint64)
	e.table.reset()
	e.ret = 0
	if e.check != nil {
		e.check.reset()
	}
	stub := e.translator.ReturnStub()
	if e.check != nil && !e.check.returnStub(stub) {
		return epoch
	}
	if host, ok := e.place(stub); ok {
		e.ret = host
	}
	return epoch
}

// find returns the host address of the code for pc, or 0 if the interpreter
// must run it. The caller holds e.mu.
func (e *engine) find(pc uint64) uint64 {
	if host, ok := e.entries[pc]; ok {
		return host
	}
	e.translate(pc, false)
	return e.entries[pc]
}

// translate translates the code at pc and returns where the unit begins: for an
// indirect one, with its entry stub. The caller holds e.mu.
func (e *engine) translate(pc uint64, indirect bool) uint64 {
	if e.ret == 0 || pc >= e.space.Size() {
		return 0
	}
	var volatile bool
	fetch := func(pc uint64) []byte {
		buf := make([]byte, 512)
		n, v, err := e.space.Fetch(buf, pc)
		if err != nil || v {
			volatile = volatile || v
			return nil
		}
		return buf[:n]
	}
	translate := e.translator.Translate
	if indirect {
		translate = e.translator.TranslateTarget
	}
	u, ok := translate(pc, fetch)
	if !ok {
		if !volatile {
			e.entries[pc] = 0
		}
		return 0
	}
	if e.check != nil && !e.check.unit(pc, u, indirect) {
		e.entries[pc] = 0
		return 0
	}
	host, ok := e.place(u)
	if !ok {
		// Too much code: start anew.
		e.epoch.Add(1)
		return 0
	}
	if e.check != nil {
		e.check.placed(pc, host, u, indirect)
	}
	for _, n := range u.Entries {
		if old := e.entries[n.PC]; old == 0 {
			e.entries[n.PC] = host + uint64(n.Offset)
		}
	}
	e.stats.add(u)
	return host
}

// refusal is the stop of a thread at pc, if the translation there must not be
// run.
func (e *engine) refusal(pc uint64) (stop cpu.Stop, yes bool) {
	if e.check == nil {
		return cpu.Stop{}, false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	err := e.check.refusal(pc)
	if err == nil {
		return cpu.Stop{}, false
	}
	return cpu.Stop{Kind: cpu.StopIllegal, PC: pc, Text: err.Error()}, true
}

// place copies a unit into code memory.
func (e *engine) place(u *rewrite.Unit) (uint64, bool) {
	size := (len(u.Code) + 15) &^ 15
	if size > chunkBytes {
		return 0, false
	}
	if len(e.chunks) == 0 || e.used+size > chunkBytes {
		if len(e.chunks) >= maxCode {
			return 0, false
		}
		at, ok := e.code.chunk()
		if !ok {
			return 0, false
		}
		e.chunks, e.used = append(e.chunks, at), 0
	}
	at := e.chunks[len(e.chunks)-1] + e.used
	copy(e.code.write[at:], u.Code)
	e.used += size
	host := uint64(e.code.exec) + uint64(at)
	e.unitsMu.Lock()
	defer e.unitsMu.Unlock()
	i := sort.Search(len(e.units), func(i int) bool { return e.units[i].host > host })
	e.units = slices.Insert(e.units, i, unit{host, uint32(len(u.Code)), slices.Clone(u.Marks)})
	return host, true
}

func (e *engine) setUnits(u []unit) {
	e.unitsMu.Lock()
	e.units = u
	e.unitsMu.Unlock()
}

// markAt returns what the state is at a host address.
func (e *engine) markAt(host uint64) (rewrite.Mark, bool) {
	e.unitsMu.Lock()
	defer e.unitsMu.Unlock()
	i := sort.Search(len(e.units), func(i int) bool { return e.units[i].host > host }) - 1
	if i < 0 || host-e.units[i].host >= uint64(e.units[i].size) {
		return rewrite.Mark{}, false
	}
	off := uint32(host - e.units[i].host)
	m := e.units[i].marks
	k := sort.Search(len(m), func(k int) bool { return m[k].Offset > off }) - 1
	if k < 0 {
		return rewrite.Mark{}, false
	}
	return m[k], true
}
