package x86

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

// loopCode counts rbx up for ever: inc rbx; jmp -5.
var loopCode = []byte{0x48, 0xff, 0xc3, 0xeb, 0xfb}

func TestBudgetIsExact(t *testing.T) {
	for budget := uint64(0); budget < 200; budget++ {
		m := newMachine(t, loopCode, Options{})
		stop := m.in.Run(m.th, budget)
		require.Equal(t, cpu.StopBudget, stop.Kind)
		require.Equal(t, budget, m.th.Retired)
		require.Equal(t, (budget+1)/2, m.s.R[RBX])
		require.Equal(t, codeAt+budget%2*3, m.s.PC())
		require.Equal(t, m.s.PC(), stop.PC)
	}
}

// TestStepsEqualBlocks: the compiled programs leave the same state after any
// number of instructions, however they are cut into runs.
func TestStepsEqualBlocks(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for which := range workResults {
		whole, cut := workMachine(t), workMachine(t)
		startWork(whole, which, 1)
		startWork(cut, which, 1)
		for range 300 {
			n := rnd.Uint64N(90)
			require.Equal(t, cpu.StopBudget, whole.in.Run(whole.th, n).Kind)
			for left := n; left > 0; {
				k := min(left, 1+rnd.Uint64N(3))
				require.Equal(t, cpu.StopBudget, cut.in.Run(cut.th, k).Kind)
				left -= k
			}
			require.Equal(t, whole.s.Hash(), cut.s.Hash())
		}
	}
}

func TestInterruptStopsALoop(t *testing.T) {
	m := newMachine(t, loopCode, Options{})
	time.AfterFunc(5*time.Millisecond, m.th.Interrupt)
	stop := m.in.Run(m.th, cpu.Unlimited)
	require.Equal(t, cpu.StopInterrupt, stop.Kind)
	require.Equal(t, m.s.PC(), stop.PC)
	require.Equal(t, cpu.StopBudget, m.in.Run(m.th, 10).Kind, "the interrupt is consumed")
}

func TestInterruptBeforeRun(t *testing.T) {
	m := newMachine(t, loopCode, Options{})
	m.th.Interrupt()
	require.Equal(t, cpu.StopInterrupt, m.in.Run(m.th, 10).Kind)
	require.Zero(t, m.th.Retired)
}

// TestInterruptInsideRepetition: a long REP SCASB stops between iterations,
// not retired, its registers telling how far it came, and goes on from there.
func TestInterruptInsideRepetition(t *testing.T) {
	m := newMachine(t, []byte{0xf2, 0xae, 0xcc}, Options{}) // repne scasb; int3
	m.s.R[RDI], m.s.R[RCX], m.s.R[RAX] = dataAt, 0x10000, 1
	require.NoError(t, m.space.WriteAt([]byte{1}, dataAt+0xffff))
	m.s.SetFlags(FlagC)
	m.in.Run(m.th, 0)
	// The interrupt is there before the first chunk is done, but after the
	// block was entered: raised by the environment of an RDTSC before it.
	m.code(codeAt, []byte{0x0f, 0x31, 0xb8, 1, 0, 0, 0, 0xf2, 0xae, 0xcc})
	m.th.Env = interrupter{m.th}
	stop := m.in.Run(m.th, cpu.Unlimited)
	require.Equal(t, cpu.StopInterrupt, stop.Kind)
	require.Equal(t, uint64(codeAt+7), stop.PC)
	require.Equal(t, uint64(2), m.th.Retired)
	done := m.s.R[RDI] - dataAt
	require.Equal(t, uint64(chunk), done)
	require.Equal(t, 0x10000-done, m.s.R[RCX])
	require.NotZero(t, m.s.Flags()&FlagC, "flags change when the instruction is complete")
	stop = m.in.Run(m.th, cpu.Unlimited)
	require.Equal(t, cpu.StopBreakpoint, stop.Kind)
	require.Equal(t, uint64(4), m.th.Retired)
	require.Equal(t, uint64(dataAt+0x10000), m.s.R[RDI])
	require.NotZero(t, m.s.Flags()&FlagZ)
}

type interrupter struct{ th *cpu.Thread }

func (i interrupter) Cycles() uint64  { i.th.Interrupt(); return 0 }
func (i interrupter) Entropy() uint64 { return 0 }

func TestFaultChangesNothing(t *testing.T) {
	const hole = 0x50000000
	for _, c := range []struct {
		name   string
		code   []byte
		access memory.Prot
		addr   uint64
	}{
		{"load", []byte{0x48, 0x8b, 0x07}, memory.Read, hole},
		{"load across pages", []byte{0x48, 0x8b, 0x47, 0xfd}, memory.Read, hole},
		{"store", []byte{0x48, 0x89, 0x07}, memory.Write, hole},
		{"add to memory", []byte{0x48, 0x01, 0x07}, memory.Write, hole},
		{"add from memory", []byte{0x48, 0x03, 0x07}, memory.Read, hole},
		{"push", []byte{0x48, 0x89, 0xfc, 0x50}, memory.Write, hole - 8},
		{"call", []byte{0x48, 0x89, 0xfc, 0xe8, 0, 0, 0, 0}, memory.Write, hole - 8},
		{"ret", []byte{0x48, 0x89, 0xfc, 0xc3}, memory.Read, hole},
		{"movsb", []byte{0xa4}, memory.Write, hole},
		{"stosq", []byte{0x48, 0xab}, memory.Write, hole},
		{"lock xadd", []byte{0xf0, 0x48, 0x0f, 0xc1, 0x07}, memory.Write, hole},
		{"cmp and branch", []byte{0x48, 0x39, 0x07, 0x74, 0x00}, memory.Read, hole},
		{"xchg", []byte{0x48, 0x87, 0x07}, memory.Write, hole},
		{"jmp [mem]", []byte{0xff, 0x27}, memory.Read, hole},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMachine(t, c.code, Options{})
			if c.name == "load across pages" {
				m.mapAt(hole-0x10000, 0x10000, memory.Read|memory.Write)
			}
			m.s.R[RDI], m.s.R[RSI], m.s.R[RAX] = hole, dataAt, 5
			m.s.SetFlags(FlagC | FlagZ)
			if len(c.code) > 3 && c.code[0] == 0x48 && c.code[1] == 0x89 && c.code[2] == 0xfc {
				require.Equal(t, cpu.StopBudget, m.in.Run(m.th, 1).Kind) // mov rsp, rdi
			}
			before, retired := m.s.Hash(), m.th.Retired
			stop := m.in.Run(m.th, 100)
			require.Equal(t, cpu.StopFault, stop.Kind)
			require.Equal(t, memory.Fault{Addr: c.addr, Access: c.access}, stop.Fault)
			require.Equal(t, m.s.PC(), stop.PC)
			require.Equal(t, before, m.s.Hash())
			require.Equal(t, retired, m.th.Retired)
		})
	}
}

// TestRepeatedMoveFaults: REP MOVSB into a hole keeps what was moved.
func TestRepeatedMoveFaults(t *testing.T) {
	m := newMachine(t, []byte{0xf3, 0xa4, 0xcc}, Options{})
	m.s.R[RSI], m.s.R[RDI], m.s.R[RCX] = dataAt, dataAt+0x10000-100, 1000
	require.NoError(t, m.space.WriteAt([]byte("hello"), dataAt))
	stop := m.in.Run(m.th, 100)
	require.Equal(t, cpu.StopFault, stop.Kind)
	require.Equal(t, uint64(dataAt+0x10000), stop.Fault.Addr)
	require.Equal(t, memory.Write, stop.Fault.Access)
	require.Equal(t, uint64(900), m.s.R[RCX])
	require.Equal(t, uint64(dataAt+100), m.s.R[RSI])
	require.Zero(t, m.th.Retired)
	got := make([]byte, 5)
	require.NoError(t, m.space.ReadAt(got, dataAt+0x10000-100))
	require.Equal(t, "hello", string(got))
}

func TestFetchFaults(t *testing.T) {
	m := newMachine(t, []byte{0xff, 0xe0}, Options{}) // jmp rax
	m.s.R[RAX] = 1<<32 + codeAt
	stop := m.in.Run(m.th, 10)
	require.Equal(t, cpu.StopFault, stop.Kind)
	require.Equal(t, memory.Fault{Addr: 1<<32 + codeAt, Access: memory.Exec}, stop.Fault, "no aliasing above the window")
	require.Equal(t, uint64(1), m.th.Retired)

	// An instruction that begins at the end of the code: the missing byte.
	code := make([]byte, 0x10000)
	code[0xfffe], code[0xffff] = 0x48, 0x8b
	m = newMachine(t, code, Options{})
	m.s.SetPC(codeAt + 0xfffe)
	stop = m.in.Run(m.th, 10)
	require.Equal(t, cpu.StopFault, stop.Kind)
	require.Equal(t, uint64(codeAt+0xfffe), stop.PC)
	require.Equal(t, uint64(codeAt+0x10000), stop.Fault.Addr)
}

func TestStops(t *testing.T) {
	for _, c := range []struct {
		name    string
		code    []byte
		kind    cpu.StopKind
		pc      uint64 // after the stop
		retired uint64
		text    string
	}{
		{"syscall", []byte{0x0f, 0x05}, cpu.StopSyscall, codeAt + 2, 1, ""},
		{"int3", []byte{0xcc}, cpu.StopBreakpoint, codeAt + 1, 1, ""},
		{"ud2", []byte{0x0f, 0x0b}, cpu.StopIllegal, codeAt, 0, "0f 0b  ud2"},
		{"evex", []byte{0x62, 0xf1, 0x74, 0x48, 0x58, 0xc2}, cpu.StopIllegal, codeAt, 0, "62 f1 74 48 58 c2 00 00  (bad)"},
		{"divide by zero", []byte{0xf7, 0xf1}, cpu.StopArithmetic, codeAt, 0, "f7 f1  div ecx: divide error"},
		{"hlt", []byte{0xf4}, cpu.StopFault, codeAt, 0, ""},
		{"int 0x80", []byte{0xcd, 0x80}, cpu.StopFault, codeAt, 0, ""},
	} {
		m := newMachine(t, c.code, Options{})
		stop := m.in.Run(m.th, 10)
		require.Equal(t, c.kind, stop.Kind, c.name)
		require.Equal(t, uint64(codeAt), stop.PC, c.name)
		require.Equal(t, c.pc, m.s.PC(), c.name)
		require.Equal(t, c.retired, m.th.Retired, c.name)
		require.Equal(t, c.text, stop.Text, c.name)
		if c.kind == cpu.StopSyscall {
			require.Equal(t, uint64(codeAt+2), m.s.R[RCX])
			require.Equal(t, m.s.Flags(), m.s.R[R11])
		}
	}
}

// TestChangedCodeRuns: code replaced through Protect is honoured by blocks
// that were chained to the old one.
func TestChangedCodeRuns(t *testing.T) {
	m := newMachine(t, loopCode, Options{})
	require.Equal(t, cpu.StopBudget, m.in.Run(m.th, 1000).Kind)
	m.code(codeAt, []byte{0x48, 0xff, 0xcb, 0xeb, 0xfb}) // dec rbx
	require.Equal(t, cpu.StopBudget, m.in.Run(m.th, 1000).Kind)
	require.Zero(t, m.s.R[RBX])
	require.NoError(t, m.space.Unmap(codeAt, 0x10000))
	require.Equal(t, cpu.StopFault, m.in.Run(m.th, 1000).Kind)
}

func TestCheckedAddresses(t *testing.T) {
	code := []byte{0x8b, 0x07} // mov eax, [rdi]
	m := newMachine(t, code, Options{})
	m.s.R[RDI] = 5<<32 | dataAt
	require.Equal(t, cpu.StopBudget, m.in.Run(m.th, 1).Kind, "modulo 2^32")
	m = newMachine(t, code, Options{Checked: true})
	m.s.R[RDI] = 5<<32 | dataAt
	stop := m.in.Run(m.th, 1)
	require.Equal(t, cpu.StopFault, stop.Kind)
	require.Equal(t, memory.Fault{Addr: 5<<32 | dataAt, Access: memory.Read}, stop.Fault)
}

// TestLockedAddsDoNotRace: threads adding to one cell lose nothing, aligned or
// across a cache line, while another changes the code's version all the time.
func TestLockedAddsDoNotRace(t *testing.T) {
	const threads, rounds = 4, 20000
	for _, addr := range []uint64{dataAt, dataAt + 61} {
		m := newMachine(t, []byte{
			0xf0, 0x48, 0x83, 0x07, 0x01, // lock add qword [rdi], 1
			0xff, 0xc9, // dec ecx
			0x75, 0xf7, // jne
			0xcc,
		}, Options{})
		m.mapAt(0x600000, 0x1000, memory.Read|memory.Write)
		var wg sync.WaitGroup
		stops := make([]cpu.Stop, threads)
		for i := range threads {
			th := m.thread()
			s := th.State.(*State)
			s.R[RDI], s.R[RCX] = addr, rounds
			wg.Go(func() { stops[i] = m.in.Run(th, cpu.Unlimited) })
		}
		for i := range 50 {
			prot := memory.Read | memory.Exec
			if i%2 == 1 {
				prot = memory.Read
			}
			require.NoError(t, m.space.Protect(0x600000, 0x1000, prot))
		}
		wg.Wait()
		for _, stop := range stops {
			require.Equal(t, cpu.StopBreakpoint, stop.Kind)
		}
		var got [8]byte
		require.NoError(t, m.space.ReadAt(got[:], addr))
		require.Equal(t, le64(threads*rounds), got[:])
	}
}

// FuzzRun executes arbitrary bytes: nothing panics or hangs, and stepping one
// instruction at a time leaves the state and memory that running does.
func FuzzRun(f *testing.F) {
	rnd := rand.New(rand.NewPCG(9, 9))
	for range 200 {
		var code []byte
		for range 1 + rnd.IntN(12) {
			code = append(code, Rows()[rnd.IntN(len(Rows()))].Instance(rnd)...)
		}
		f.Add(code, rnd.Uint64())
	}
	f.Add(workCode, uint64(1))
	f.Fuzz(func(t *testing.T, code []byte, seed uint64) {
		if len(code) > 0x1000 {
			return
		}
		run, step := fuzzMachine(t, code, seed), fuzzMachine(t, code, seed)
		const budget = 300
		a := run.in.Run(run.th, budget)
		var b cpu.Stop
		for range budget {
			if b = step.in.Run(step.th, 1); b.Kind != cpu.StopBudget {
				break
			}
		}
		require.Equal(t, a, b)
		require.Equal(t, run.th.Retired, step.th.Retired)
		require.Equal(t, run.s.Hash(), step.s.Hash())
		x, y := make([]byte, 0x10000), make([]byte, 0x10000)
		require.NoError(t, run.space.ReadAt(x, dataAt))
		require.NoError(t, step.space.ReadAt(y, dataAt))
		require.Equal(t, x, y)
	})
}

func fuzzMachine(t *testing.T, code []byte, seed uint64) *machine {
	m := newMachine(t, code, Options{})
	rnd := rand.New(rand.NewPCG(seed, 1))
	for i := range 16 {
		if i != RSP {
			m.s.R[i] = dataAt + 0x4000 + rnd.Uint64N(0x8000)
		}
	}
	m.s.R[RCX] = rnd.Uint64N(64)
	return m
}
