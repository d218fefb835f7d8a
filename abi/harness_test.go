package abi

import (
	"context"
	"fmt"
	"io"
	"iter"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/elf"
	"github.com/nuage-emu/nuage/memory"
)

// The kernel is tested without a processor: a guest thread is a Go function
// (a script) that writes registers and memory and then stops with a system
// call, as an engine's Run would.

// script is the program of a guest thread.
type script func(g *guest)

// scriptEngine runs scripts as coroutines. The entry point of a thread is the
// index of its script.
type scriptEngine struct {
	space   *memory.Space
	tb      testing.TB
	scripts *scripts

	mu      sync.Mutex
	cancels []func()
}

// scripts is what entry points mean. Scripts may add more while they run.
type scripts struct {
	machine *Machine
	mu      sync.Mutex
	list    []script
	images  map[uint64]script // by the entry point of an image that proc_exec can load
}

// entry returns the entry point of a script.
func (s *scripts) entry(f script) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, f)
	return uint64(len(s.list) - 1)
}

func (s *scripts) at(entry uint64) script {
	s.mu.Lock()
	defer s.mu.Unlock()
	if entry >= uint64(len(s.list)) {
		return s.images[entry]
	}
	return s.list[entry]
}

func (*scriptEngine) Name() string        { return "script" }
func (*scriptEngine) NewState() cpu.State { return &scriptState{} }

func (e *scriptEngine) Run(t *cpu.Thread, _ uint64) cpu.Stop {
	if t.TakeInterrupt() {
		return cpu.Stop{Kind: cpu.StopInterrupt, PC: t.State.PC()}
	}
	next, ok := t.Local.(func() (cpu.Stop, bool))
	if !ok {
		s := t.State.(*scriptState)
		f := e.scripts.at(s.pc)
		if f == nil {
			return cpu.Stop{Kind: cpu.StopFault, PC: s.pc, Fault: memory.Fault{Addr: s.pc, Access: memory.Exec}}
		}
		g := &guest{TB: e.tb, t: t, s: s, space: e.space, scripts: e.scripts, scratch: s.sp - 4096, vdso: vdsoAddress}
		if s.pc >= imageBase {
			g.vdso = g.auxv(cloudabi.AtSysinfoEhdr)
		}
		var cancel func()
		next, cancel = iter.Pull(func(yield func(cpu.Stop) bool) {
			defer func() {
				if r := recover(); r != nil && r != errKilled {
					panic(r)
				}
			}()
			g.yield = yield
			f(g)
		})
		e.mu.Lock()
		e.cancels = append(e.cancels, cancel)
		e.mu.Unlock()
		t.Local = next
	}
	stop, ok := next()
	if !ok { // the script has run off its end: execution of nothing
		return cpu.Stop{Kind: cpu.StopIllegal, PC: t.State.PC(), Text: "end of script"}
	}
	t.Retired++
	return stop
}

func (e *scriptEngine) Close() error {
	for _, cancel := range e.cancels {
		cancel()
	}
	return nil
}

var errKilled = fmt.Errorf("the guest thread is gone")

// scriptState is the registers of a script, in the shape of x86-64.
type scriptState struct {
	number     uint64
	args       [6]uint64
	result     [2]uint64
	carry      bool
	pc, sp, tp uint64
	start      [2]uint64
}

func (s *scriptState) Arch() cpu.Arch { return cpu.X86_64 }
func (s *scriptState) Reset(st cpu.Start) {
	*s = scriptState{pc: st.PC, sp: st.SP, tp: st.ThreadPointer, start: st.Args}
}
func (s *scriptState) PC() uint64                 { return s.pc }
func (s *scriptState) SetPC(pc uint64)            { s.pc = pc }
func (s *scriptState) SP() uint64                 { return s.sp }
func (s *scriptState) ThreadPointer() uint64      { return s.tp }
func (s *scriptState) SetThreadPointer(tp uint64) { s.tp = tp }
func (s *scriptState) SetResult(n int, v uint64)  { s.result[n] = v }
func (s *scriptState) SetCarry(c bool)            { s.carry = c }
func (s *scriptState) Hash() uint64               { return 0 }
func (s *scriptState) Clone() cpu.State           { c := *s; return &c }
func (s *scriptState) Dump(w io.Writer)           { fmt.Fprintf(w, "pc %x sp %x\n", s.pc, s.sp) }
func (s *scriptState) Trap(t *cpu.Trap) {
	*t = cpu.Trap{Number: s.number, Regs: 6}
	copy(t.Args[:], s.args[:])
}

// guest is a script's view of its thread.
type guest struct {
	testing.TB
	t       *cpu.Thread
	s       *scriptState
	space   *memory.Space
	scripts *scripts
	yield   func(cpu.Stop) bool
	scratch uint64 // outputs and small things, below the stack pointer
	heap    uint64
	vdso    uint64
}

const vdsoAddress = 0xfff00000

// stop ends the Run with a reason.
func (g *guest) stop(s cpu.Stop) {
	if !g.yield(s) {
		panic(errKilled)
	}
}

// sys makes a call through the vDSO, with two output pointers that only count
// if the call has outputs, and returns those with the error number.
func (g *guest) sys(id cloudabi.CallID, in ...uint64) (out [2]uint64, errno cloudabi.Errno) {
	for i := range cloudabi.Calls[id].Outputs {
		g.store64(g.scratch+8*uint64(i), 0)
		in = append(in, g.scratch+8*uint64(i))
	}
	errno = g.sysC(id, in...)
	return [2]uint64{g.load64(g.scratch), g.load64(g.scratch + 8)}, errno
}

// sysC makes a call through the vDSO with exactly these C arguments.
func (g *guest) sysC(id cloudabi.CallID, in ...uint64) cloudabi.Errno {
	g.s.number = elf.TrapBase + uint64(id)
	for i, v := range in {
		if i < len(g.s.args) {
			g.s.args[i] = v
		} else {
			g.store64(g.s.sp+8+8*uint64(i-len(g.s.args)), v)
		}
	}
	g.stop(cpu.Stop{Kind: cpu.StopSyscall, PC: g.vdso + 4})
	return cloudabi.Errno(g.s.result[0])
}

// trap makes a call the way 2015 programs do.
func (g *guest) trap(number uint64, in ...uint64) (r [2]uint64, errno cloudabi.Errno) {
	g.s.number = number
	copy(g.s.args[:], in)
	g.s.result = [2]uint64{}
	g.stop(cpu.Stop{Kind: cpu.StopSyscall, PC: 0x400000})
	if g.s.carry {
		return r, cloudabi.Errno(g.s.result[0])
	}
	return g.s.result, 0
}

// ok makes a call that must succeed and returns its first output.
func (g *guest) ok(id cloudabi.CallID, in ...uint64) uint64 {
	g.Helper()
	out, errno := g.sys(id, in...)
	require.Equal(g, cloudabi.ESUCCESS, errno, "%v%x", id, in)
	return out[0]
}

// fails makes a call that must fail with that error number.
func (g *guest) fails(want cloudabi.Errno, id cloudabi.CallID, in ...uint64) {
	g.Helper()
	_, errno := g.sys(id, in...)
	require.Equal(g, want, errno, "%v%x", id, in)
}

// exit ends the process.
func (g *guest) exit(code uint64) { g.sys(cloudabi.CallProcExit, code) }

func (g *guest) store(addr uint64, p []byte) { require.NoError(g, g.space.WriteAt(p, addr)) }
func (g *guest) store64(addr, v uint64)      { g.store(addr, le.AppendUint64(nil, v)) }
func (g *guest) load(addr uint64, n int) []byte {
	p := make([]byte, n)
	require.NoError(g, g.space.ReadAt(p, addr))
	return p
}
func (g *guest) load64(addr uint64) uint64 { return le.Uint64(g.load(addr, 8)) }
func (g *guest) word(addr uint64) uint32 {
	v, err := g.space.LoadAtomic32(addr)
	require.NoError(g, err)
	return v
}
func (g *guest) setWord(addr uint64, v uint32) { require.NoError(g, g.space.StoreAtomic32(addr, v)) }
func (g *guest) cas(addr uint64, old, to uint32) bool {
	ok, err := g.space.CompareAndSwap32(addr, old, to)
	require.NoError(g, err)
	return ok
}

// alloc returns n bytes of fresh memory.
func (g *guest) alloc(n int) uint64 {
	a, err := g.space.Map(memory.Mapping{Len: uint64(n), Prot: memory.Read | memory.Write, MaxProt: allAccess})
	require.NoError(g, err)
	return a
}

// put copies bytes to fresh memory.
func (g *guest) put(p []byte) uint64 {
	if g.heap == 0 || g.heap%65536+uint64(len(p))+16 > 65536 {
		g.heap = g.alloc(max(65536, len(p)+4096))
	}
	a := g.heap
	g.store(a, p)
	g.heap = (a + uint64(len(p)) + 15) &^ 15
	return a
}

// str returns address and length of a string, as paths are passed.
func (g *guest) str(s string) (addr, n uint64) { return g.put([]byte(s + "#")), uint64(len(s)) }

// iov returns address and length of a list of buffers.
func (g *guest) iov(pairs ...uint64) (addr, n uint64) {
	var b []byte
	for _, v := range pairs {
		b = le.AppendUint64(b, v)
	}
	return g.put(append(b, 0)), uint64(len(pairs) / 2)
}

// thread starts another thread and returns its id.
func (g *guest) thread(f script) uint32 {
	g.Helper()
	tid, errno := g.tryThread(f)
	require.Equal(g, cloudabi.ESUCCESS, errno)
	return tid
}

func (g *guest) tryThread(f script) (uint32, cloudabi.Errno) {
	stack := g.alloc(16384)
	attr := cloudabi.Threadattr{EntryPoint: g.scripts.entry(f), Stack: stack, StackLen: 16384, Argument: 0x1234}
	b := make([]byte, cloudabi.ThreadattrSize)
	attr.Put(b)
	out, errno := g.sys(cloudabi.CallThreadCreate, g.put(b))
	return uint32(out[0]), errno
}

// tid is the thread's own id.
func (g *guest) tid() uint32 { return uint32(g.s.start[0]) }

// testHost is a host whose clock only moves when told to, or at once to
// wherever a timer is set.
type testHost struct {
	auto bool

	mu     sync.Mutex
	now    uint64
	seed   byte
	timers []*testTimer
}

type testTimer struct {
	at uint64
	f  func()
}

const testRealtime = 1_500_000_000_000_000_000

func (h *testHost) Monotonic() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}
func (h *testHost) Realtime() uint64                   { return h.Monotonic() + testRealtime }
func (h *testHost) Resolution(cloudabi.Clockid) uint64 { return 7 }
func (h *testHost) Cycles() uint64                     { return h.Monotonic() }
func (h *testHost) CPUs() int                          { return 3 }
func (h *testHost) Random(p []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range p {
		h.seed = h.seed*5 + 3
		p[i] = h.seed | 1
	}
}

func (h *testHost) At(at uint64, f func()) func() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.auto {
		h.now = max(h.now, at)
	}
	if at <= h.now {
		go f()
		return func() {}
	}
	timer := &testTimer{at, f}
	h.timers = append(h.timers, timer)
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.timers = slices.DeleteFunc(h.timers, func(o *testTimer) bool { return o == timer })
	}
}

// advance moves the clock and rings what is due.
func (h *testHost) advance(d uint64) {
	h.mu.Lock()
	h.now += d
	var due []*testTimer
	h.timers = slices.DeleteFunc(h.timers, func(o *testTimer) bool {
		if o.at <= h.now {
			due = append(due, o)
		}
		return o.at <= h.now
	})
	h.mu.Unlock()
	for _, timer := range due {
		timer.f()
	}
}

// waitTimers waits until n timers are set.
func (h *testHost) waitTimers(tb testing.TB, n int) {
	eventually(tb, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.timers) >= n
	})
}

// eventually waits until something is the case. What a script was to do does
// not come once the test has failed.
func eventually(tb testing.TB, f func() bool) {
	tb.Helper()
	for !f() {
		if tb.Failed() || tb.Context().Err() != nil {
			tb.Fatal("the test has failed or ended")
		}
		runtime.Gosched()
	}
}

// world is a machine and what a test wants to say about its processes.
type world struct {
	testing.TB
	host  *testHost
	m     *Machine
	form  memory.Form
	early bool // programs are from before the final ABI
}

func newWorld(tb testing.TB, limits Limits) *world {
	w := &world{TB: tb, host: &testHost{auto: true, now: 1e9}}
	var err error
	w.m, err = NewMachine(MachineOptions{Host: w.host, Limits: limits})
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = w.m.Close() })
	return w
}

// start runs a script as a process.
func (w *world) start(ctx context.Context, f script, fds ...DescriptorSpec) *Process {
	w.Helper()
	p, err := w.tryStart(ctx, f, fds...)
	require.NoError(w, err)
	return p
}

func (w *world) tryStart(ctx context.Context, f script, fds ...DescriptorSpec) (*Process, error) {
	files, err := w.m.openAll(fds)
	if err != nil {
		return nil, err
	}
	space, err := memory.New(memory.Options{Form: w.form, Quota: w.m.quota})
	require.NoError(w, err)
	s := &scripts{machine: w.m}
	p := w.m.newProcess(func(_ cpu.Arch, space *memory.Space) (cpu.Engine, error) {
		return &scriptEngine{space: space, tb: w.TB, scripts: s}, nil
	}, files)
	files.show(w.early)
	p.form = w.form
	p.program, err = p.newProgram(cpu.X86_64, space)
	require.NoError(w, err)
	p.program.early = w.early
	p.program.vdso = addressRange{vdsoAddress, vdsoAddress + 4096}
	err = p.launch(ctx, func(t *Thread) (cpu.Start, error) {
		stack, err := space.Map(memory.Mapping{Len: 16384, Prot: memory.Read | memory.Write, MaxProt: allAccess})
		sp := stack + 16384 - 256
		return cpu.Start{PC: s.entry(f), SP: sp, Args: [2]uint64{uint64(t.tid)}}, err
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// wait returns how a process ended.
func (w *world) wait(p *Process) ExitStatus {
	w.Helper()
	s, err := p.Wait(w.Context())
	require.NoError(w, err)
	return s
}

// run runs a script to its end, which has to be proc_exit(0) or running off
// the end of the script.
func (w *world) run(f script, fds ...DescriptorSpec) {
	w.Helper()
	s := w.wait(w.start(w.Context(), func(g *guest) { f(g); g.exit(0) }, fds...))
	require.Equal(w, "exited with code 0", s.String())
}

// run runs a script in a machine of its own.
func run(tb testing.TB, f script, fds ...DescriptorSpec) {
	tb.Helper()
	newWorld(tb, Limits{}).run(f, fds...)
}

// waitingThreads counts the threads of the machine that wait for something. A
// script may ask, since it knows the machine behind the curtain.
func (g *guest) waitingThreads() int {
	n := 0
	m := g.scripts.machine
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.threads {
		t.timeMu.Lock()
		if !t.running && t.since != 0 {
			n++
		}
		t.timeMu.Unlock()
	}
	return n
}
