package arm64

import (
	"encoding/binary"
	"math/rand/v2"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

const (
	codeAt  = 0x100000
	dataAt  = 0x200000
	stackAt = 0x300000 // end of the stack
)

// machine is a small space with code, data and a stack, and a thread in it.
type machine struct {
	t     testing.TB
	space *memory.Space
	in    *Interpreter
	th    *cpu.Thread
	s     *State
}

func newMachine(t testing.TB, code []uint32, opts Options) *machine {
	t.Helper()
	space, err := memory.New(memory.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, space.Close()) })
	m := &machine{t: t, space: space, in: NewInterpreter(space, opts)}
	m.mapAt(codeAt, 0x10000, memory.Read|memory.Write)
	m.mapAt(dataAt, 0x10000, memory.Read|memory.Write)
	m.mapAt(stackAt-0x10000, 0x10000, memory.Read|memory.Write)
	m.code(code)
	m.th = m.thread()
	m.s = m.th.State.(*State)
	return m
}

func (m *machine) thread() *cpu.Thread {
	th := &cpu.Thread{State: m.in.NewState(), Env: clock{}}
	th.State.Reset(cpu.Start{PC: codeAt, SP: stackAt - 0x1000})
	return th
}

type clock struct{}

func (clock) Cycles() uint64  { return 12345 }
func (clock) Entropy() uint64 { return 0 }

func (m *machine) mapAt(addr, n uint64, p memory.Prot) {
	_, err := m.space.Map(memory.Mapping{Addr: addr, Len: n, Prot: p, MaxProt: 7, Fixed: true})
	require.NoError(m.t, err)
}

// code writes machine code to codeAt and makes it executable.
func (m *machine) code(words []uint32) {
	code := make([]byte, 4*len(words))
	for i, w := range words {
		binary.LittleEndian.PutUint32(code[4*i:], w)
	}
	require.NoError(m.t, m.space.Protect(codeAt, 0x10000, memory.Read|memory.Write))
	require.NoError(m.t, m.space.WriteAt(code, codeAt))
	require.NoError(m.t, m.space.Protect(codeAt, 0x10000, memory.Read|memory.Exec))
}

// loopCode counts x1 up for ever: add x1, x1, #1; b -4.
var loopCode = []uint32{0x91000421, 0x17ffffff}

const brk = 0xd4200000

func TestFirstSteps(t *testing.T) {
	m := newMachine(t, []uint32{
		0xd28000a0, // mov x0, #5
		0x91001c21, // add x1, x1, #7
		0xf1000400, // subs x0, x0, #1
		0x54ffffc1, // b.ne to the add
		0xf81f0fe0, // str x0, [sp, #-16]!
		0x00000000, // udf #0
	}, Options{})
	stop := m.in.Run(m.th, 1000)
	require.Equal(t, cpu.StopIllegal, stop.Kind, "%v", stop)
	require.Equal(t, uint64(codeAt+20), stop.PC)
	require.Contains(t, stop.Text, "udf")
	require.Equal(t, uint64(35), m.s.R[1])
	require.Equal(t, uint64(17), m.th.Retired)
	require.Equal(t, uint64(stackAt-0x1010), m.s.SP())
}

func TestBudgetIsExact(t *testing.T) {
	for budget := uint64(0); budget < 200; budget++ {
		m := newMachine(t, loopCode, Options{})
		stop := m.in.Run(m.th, budget)
		require.Equal(t, cpu.StopBudget, stop.Kind)
		require.Equal(t, budget, m.th.Retired)
		require.Equal(t, (budget+1)/2, m.s.R[1])
		require.Equal(t, codeAt+budget%2*4, m.s.PC())
		require.Equal(t, m.s.PC(), stop.PC)
	}
}

func TestInterrupts(t *testing.T) {
	m := newMachine(t, loopCode, Options{})
	m.th.Interrupt()
	require.Equal(t, cpu.StopInterrupt, m.in.Run(m.th, 10).Kind)
	require.Zero(t, m.th.Retired)
	time.AfterFunc(5*time.Millisecond, m.th.Interrupt)
	stop := m.in.Run(m.th, cpu.Unlimited)
	require.Equal(t, cpu.StopInterrupt, stop.Kind)
	require.Equal(t, m.s.PC(), stop.PC)
	require.Equal(t, cpu.StopBudget, m.in.Run(m.th, 10).Kind, "the interrupt is consumed")
}

func TestFaultChangesNothing(t *testing.T) {
	const hole = 0x50000000
	for _, c := range []struct {
		name string
		word uint32
		base uint64
		want memory.Fault
	}{
		{"ldr", 0xf9400002, hole, memory.Fault{Addr: hole, Access: memory.Read}},
		{"ldr across pages", 0xf9400002, hole - 3, memory.Fault{Addr: hole, Access: memory.Read}},
		{"ldr pre", 0xf8408c02, hole, memory.Fault{Addr: hole + 8, Access: memory.Read}},
		{"ldr post", 0xf8408402, hole, memory.Fault{Addr: hole, Access: memory.Read}},
		{"str", 0xf9000002, hole, memory.Fault{Addr: hole, Access: memory.Write}},
		{"str across pages", 0xf9000002, hole - 3, memory.Fault{Addr: hole, Access: memory.Write}},
		{"str pre", 0xf8008c02, hole, memory.Fault{Addr: hole + 8, Access: memory.Write}},
		{"stp across pages", 0xa9000c02, hole - 8, memory.Fault{Addr: hole, Access: memory.Write}},
		{"ldp across pages", 0xa9400c02, hole - 8, memory.Fault{Addr: hole, Access: memory.Read}},
		{"ldadd", 0xf8220003, hole, memory.Fault{Addr: hole, Access: memory.Write}},
		{"cas", 0xc8a27c03, hole, memory.Fault{Addr: hole, Access: memory.Write}},
		{"ldxr", 0xc85f7c02, hole, memory.Fault{Addr: hole, Access: memory.Read}},
		{"ldar", 0xc8dffc02, hole, memory.Fault{Addr: hole, Access: memory.Read}},
		{"stlr", 0xc89ffc02, hole, memory.Fault{Addr: hole, Access: memory.Write}},
		{"dc zva", 0xd50b7420, hole, memory.Fault{Addr: hole, Access: memory.Write}},
		{"ldar misaligned", 0xc8dffc02, dataAt + 4, memory.Fault{Addr: dataAt + 4, Access: memory.Read, Bus: true}},
		{"stlr misaligned", 0xc89ffc02, dataAt + 1, memory.Fault{Addr: dataAt + 1, Access: memory.Write, Bus: true}},
		{"ldadd misaligned", 0xf8220003, dataAt + 4, memory.Fault{Addr: dataAt + 4, Access: memory.Write, Bus: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMachine(t, []uint32{0xd503201f, c.word}, Options{})
			m.mapAt(hole-0x10000, 0x10000, memory.Read|memory.Write)
			m.s.R[0], m.s.R[2], m.s.R[3] = c.base, 5, 6
			m.s.SetFlags(FlagC | FlagZ)
			require.Equal(t, cpu.StopBudget, m.in.Run(m.th, 1).Kind)
			before := m.s.Hash()
			stop := m.in.Run(m.th, 100)
			require.Equal(t, cpu.StopFault, stop.Kind)
			require.Equal(t, c.want, stop.Fault)
			require.Equal(t, m.s.PC(), stop.PC)
			require.Equal(t, before, m.s.Hash())
			require.Equal(t, uint64(1), m.th.Retired)
			page := make([]byte, 0x10000)
			require.NoError(t, m.space.ReadAt(page, hole-0x10000))
			require.Equal(t, make([]byte, 0x10000), page)
		})
	}
}

func TestFetchFaults(t *testing.T) {
	for _, c := range []struct {
		target uint64
		want   memory.Fault
	}{
		{1<<32 + codeAt, memory.Fault{Addr: 1<<32 + codeAt, Access: memory.Exec}},
		{codeAt + 2, memory.Fault{Addr: codeAt + 2, Access: memory.Exec, Bus: true}},
		{dataAt, memory.Fault{Addr: dataAt, Access: memory.Exec}},
	} {
		m := newMachine(t, []uint32{0xd61f0000}, Options{}) // br x0
		m.s.R[0] = c.target
		stop := m.in.Run(m.th, 10)
		require.Equal(t, cpu.StopFault, stop.Kind)
		require.Equal(t, c.want, stop.Fault)
		require.Equal(t, c.target, m.s.PC())
		require.Equal(t, uint64(1), m.th.Retired)
	}
}

func TestStops(t *testing.T) {
	for _, c := range []struct {
		name    string
		word    uint32
		kind    cpu.StopKind
		pc      uint64
		retired uint64
		text    string
	}{
		{"svc", 0xd4000001, cpu.StopSyscall, codeAt + 4, 1, ""},
		{"brk", brk, cpu.StopBreakpoint, codeAt, 0, ""},
		{"udf", 0x0000002a, cpu.StopIllegal, codeAt, 0, "0000002a udf\t#42"},
		{"hvc", 0xd4000002, cpu.StopIllegal, codeAt, 0, "d4000002 .inst 0xd4000002"},
		{"system register of EL1", 0xd5381000, cpu.StopIllegal, codeAt, 0, "d5381000 .inst 0xd5381000"},
	} {
		m := newMachine(t, []uint32{c.word}, Options{})
		stop := m.in.Run(m.th, 10)
		require.Equal(t, c.kind, stop.Kind, c.name)
		require.Equal(t, uint64(codeAt), stop.PC, c.name)
		require.Equal(t, c.pc, m.s.PC(), c.name)
		require.Equal(t, c.retired, m.th.Retired, c.name)
		require.Equal(t, c.text, stop.Text, c.name)
	}
}

func TestBranches(t *testing.T) {
	for _, c := range []struct {
		name   string
		word   uint32
		x0     uint64
		flags  uint32
		taken  bool
		linked bool
	}{
		{"b", 0x14000004, 0, 0, true, false},
		{"bl", 0x94000004, 0, 0, true, true},
		{"cbz", 0xb4000080, 0, 0, true, false},
		{"cbz w", 0x34000080, 1 << 32, 0, true, false},
		{"cbz not", 0xb4000080, 1 << 32, 0, false, false},
		{"cbnz", 0xb5000080, 1 << 32, 0, true, false},
		{"cbnz w not", 0x35000080, 1 << 32, 0, false, false},
		{"tbz 40", 0xb6400080, ^uint64(1 << 40), 0, true, false},
		{"tbz 40 not", 0xb6400080, 1 << 40, 0, false, false},
		{"tbnz 3", 0x37180080, 8, 0, true, false},
		{"tbnz 3 not", 0x37180080, ^uint64(8), 0, false, false},
		{"tbz xzr", 0x3600009f, 1, 0, true, false},
		{"br", 0xd61f0000, codeAt + 16, 0, true, false},
		{"blr", 0xd63f0000, codeAt + 16, 0, true, true},
		{"ret x0", 0xd65f0000, codeAt + 16, 0, true, false},
	} {
		m := newMachine(t, []uint32{c.word, brk, brk, brk, brk}, Options{})
		m.s.R[0], m.s.R[LR] = c.x0, 77
		m.s.SetFlags(c.flags)
		require.Equal(t, cpu.StopBreakpoint, m.in.Run(m.th, 10).Kind, c.name)
		want := uint64(codeAt + 4)
		if c.taken {
			want = codeAt + 16
		}
		require.Equal(t, want, m.s.PC(), c.name)
		link := uint64(77)
		if c.linked {
			link = codeAt + 4
		}
		require.Equal(t, link, m.s.R[LR], c.name)
	}
	m := newMachine(t, []uint32{0xd63f03c0, brk, brk, brk, brk}, Options{}) // blr x30
	m.s.R[LR] = codeAt + 16
	require.Equal(t, cpu.StopBreakpoint, m.in.Run(m.th, 10).Kind)
	require.Equal(t, uint64(codeAt+16), m.s.PC())
	require.Equal(t, uint64(codeAt+4), m.s.R[LR])
}

// TestConditions: every condition under every flags, as a branch alone, in
// front of which stands nothing that it could join, and as CSEL has it.
func TestConditions(t *testing.T) {
	holds := func(c uint32, n, z, cf, v bool) bool {
		r := [8]bool{z, cf, n, v, cf && !z, n == v, n == v && !z, true}[c>>1]
		return r != (c&1 == 1 && c != 15)
	}
	for c := range uint32(16) {
		m := newMachine(t, []uint32{0x54000040 | c, brk, 0xd4000001}, Options{})
		for f := range uint32(16) {
			m.s.SetPC(codeAt)
			m.s.SetFlags(f << 28)
			require.Equal(t, f<<28, m.s.Flags())
			want := cpu.StopBreakpoint
			if holds(c, f&8 != 0, f&4 != 0, f&2 != 0, f&1 != 0) {
				want = cpu.StopSyscall
			}
			require.Equal(t, want, m.in.Run(m.th, 10).Kind, "condition %d, flags %x", c, f)
		}
	}
}

// TestFusedBranches: an instruction that sets the flags and the branch behind
// it do together what they do one by one.
func TestFusedBranches(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 5))
	setters := []uint32{0xeb010000, 0x6b010000, 0xeb01081f, 0x6b01001f, 0xea010000, 0x6a01001f, 0xf1001400, 0x7100141f, 0xf2401c00, 0x72001c1f,
		0xeb218bff, 0xab010000, 0x31000400}
	for _, set := range setters {
		for c := range uint32(16) {
			code := []uint32{set, 0x54000040 | c, brk, 0xd4000001}
			whole, steps := newMachine(t, code, Options{}), newMachine(t, code, Options{})
			for range 40 {
				a, b := edge64(rnd), edge64(rnd)
				for _, m := range []*machine{whole, steps} {
					m.s.SetPC(codeAt)
					m.s.R[0], m.s.R[1] = a, b
				}
				x := whole.in.Run(whole.th, 10)
				y := steps.in.Run(steps.th, 1)
				for y.Kind == cpu.StopBudget {
					y = steps.in.Run(steps.th, 1)
				}
				require.Equal(t, y, x, "%08x condition %d of %x, %x", set, c, a, b)
				require.Equal(t, steps.s.Hash(), whole.s.Hash())
				require.Equal(t, steps.th.Retired, whole.th.Retired)
			}
		}
	}
}

func TestChangedCodeRuns(t *testing.T) {
	m := newMachine(t, loopCode, Options{})
	require.Equal(t, cpu.StopBudget, m.in.Run(m.th, 1000).Kind)
	m.code([]uint32{0xd1000421, 0x17ffffff}) // sub x1, x1, #1
	require.Equal(t, cpu.StopBudget, m.in.Run(m.th, 1000).Kind)
	require.Zero(t, m.s.R[1])
	require.NoError(t, m.space.Unmap(codeAt, 0x10000))
	require.Equal(t, cpu.StopFault, m.in.Run(m.th, 1000).Kind)
}

func TestCheckedAddresses(t *testing.T) {
	for _, c := range []struct {
		word uint32
		addr uint64 // of the fault
		want memory.Prot
	}{
		{0xf9400401, 5<<32 | dataAt + 8, memory.Read},  // ldr x1, [x0, #8]
		{0xf8008401, 5<<32 | dataAt, memory.Write},     // str x1, [x0], #8
		{0xf8008c01, 5<<32 | dataAt + 8, memory.Write}, // str x1, [x0, #8]!
		{0xf8627801, 5<<32 | dataAt + 16, memory.Read}, // ldr x1, [x0, x2, lsl #3]
		{0xf862d801, 5<<32 | dataAt + 16, memory.Read}, // ldr x1, [x0, w2, sxtw #3]
		{0xa9400401, 5<<32 | dataAt, memory.Read},      // ldp x1, x1, [x0]
	} {
		for _, checked := range []bool{false, true} {
			m := newMachine(t, []uint32{c.word, brk}, Options{Checked: checked})
			m.s.R[0], m.s.R[2] = 5<<32|dataAt, 2
			stop := m.in.Run(m.th, 1)
			if !checked {
				require.Equal(t, cpu.StopBudget, stop.Kind, "%08x modulo 2^32", c.word)
				continue
			}
			require.Equal(t, cpu.StopFault, stop.Kind, "%08x", c.word)
			require.Equal(t, memory.Fault{Addr: c.addr, Access: c.want}, stop.Fault)
		}
	}
}

// TestExclusives: the store succeeds with the monitor closed on that address
// and the value unchanged, and only once.
func TestExclusives(t *testing.T) {
	const (
		ldxr  = 0xc85f7c02 // ldxr x2, [x0]
		stxr  = 0xc8037c01 // stxr w3, x1, [x0]
		clrex = 0xd5033f5f
		nop   = 0xd503201f
		other = 0xf9000004 // str x4, [x0]
		ldxrw = 0x885f7c02
		ldxp  = 0xc87f1402 // ldxp x2, x5, [x0]
		stxp  = 0xc8231801 // stxp w3, x1, x6, [x0]
		next  = 0x91004000 // add x0, x0, #16
	)
	for _, c := range []struct {
		name string
		code []uint32
		fail uint64
	}{
		{"plain", []uint32{ldxr, nop, stxr}, 0},
		{"no load", []uint32{stxr}, 1},
		{"clrex", []uint32{ldxr, clrex, stxr}, 1},
		{"twice", []uint32{ldxr, stxr, stxr}, 1},
		{"value changed", []uint32{ldxr, other, stxr}, 1},
		{"other size", []uint32{ldxrw, stxr}, 1},
		{"other address", []uint32{ldxr, next, stxr}, 1},
		{"system call between", []uint32{ldxr, 0xd4000001, stxr}, 1},
		{"pair", []uint32{ldxp, stxp}, 0},
		{"pair changed", []uint32{ldxp, other, stxp}, 1},
		{"pair after single", []uint32{ldxr, stxp}, 1},
	} {
		m := newMachine(t, append(c.code, brk), Options{})
		m.s.R[0], m.s.R[1], m.s.R[3], m.s.R[4], m.s.R[6] = dataAt, 111, 99, 222, 333
		stop := m.in.Run(m.th, 1)
		for stop.Kind == cpu.StopBudget || stop.Kind == cpu.StopSyscall {
			stop = m.in.Run(m.th, 1) // a budget's end leaves the monitor alone
		}
		require.Equal(t, cpu.StopBreakpoint, stop.Kind, c.name)
		require.Equal(t, c.fail, m.s.R[3], c.name)
		if c.fail == 0 {
			var b [8]byte
			require.NoError(t, m.space.ReadAt(b[:], dataAt))
			require.Equal(t, uint64(111), binary.LittleEndian.Uint64(b[:]), c.name)
		}
	}
}

// TestPairWithZero: the register behind x30 is XZR for CASP, for all three uses.
func TestPairWithZero(t *testing.T) {
	m := newMachine(t, []uint32{0x483e7c1e, brk}, Options{}) // casp x30, xzr, x30, xzr, [x0]
	sp := m.s.SP()
	for _, high := range []uint64{0, 7} {
		want := [2]uint64{55, high}
		m.s.SetPC(codeAt)
		m.s.R[0], m.s.R[30] = dataAt, 55
		var b [16]byte
		binary.LittleEndian.PutUint64(b[:], 55)
		binary.LittleEndian.PutUint64(b[8:], high)
		require.NoError(t, m.space.WriteAt(b[:], dataAt))
		require.Equal(t, cpu.StopBudget, m.in.Run(m.th, 1).Kind)
		require.NoError(t, m.space.ReadAt(b[:], dataAt))
		require.Equal(t, want, [2]uint64{binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])})
		require.Equal(t, uint64(55), m.s.R[30])
		require.Equal(t, sp, m.s.SP())
		require.Zero(t, m.s.R[Zero])
	}
	m = newMachine(t, []uint32{0x483e7c02, brk}, Options{}) // casp x30, xzr, x2, x3, [x0]
	m.s.R[0], m.s.R[30], m.s.R[2], m.s.R[3] = dataAt, 0, 8, 9
	require.Equal(t, cpu.StopBudget, m.in.Run(m.th, 1).Kind)
	var b [16]byte
	require.NoError(t, m.space.ReadAt(b[:], dataAt))
	require.Equal(t, [2]uint64{8, 9}, [2]uint64{binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])})
}

// TestAtomicsDoNotRace: threads adding to one cell lose nothing.
func TestAtomicsDoNotRace(t *testing.T) {
	const threads, rounds = 4, 20000
	for name, code := range map[string][]uint32{
		"ldadd":     {0xf8220003, 0xf1000421, 0x54ffffc1, brk},
		"exclusive": {0xc85ffc03, 0x91000463, 0xc804fc03, 0x35ffffa4, 0xf1000421, 0x54ffff61, brk},
		"cas":       {0xc8dffc03, 0xaa0303e5, 0x91000466, 0xc8e5fc06, 0xeb0300bf, 0x54ffff61, 0xf1000421, 0x54ffff21, brk},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t, code, Options{})
			var wg sync.WaitGroup
			stops := make([]cpu.Stop, threads)
			for i := range threads {
				th := m.thread()
				s := th.State.(*State)
				s.R[0], s.R[1], s.R[2] = dataAt, rounds, 1
				wg.Go(func() { stops[i] = m.in.Run(th, cpu.Unlimited) })
			}
			wg.Wait()
			for _, stop := range stops {
				require.Equal(t, cpu.StopBreakpoint, stop.Kind)
			}
			var got [8]byte
			require.NoError(t, m.space.ReadAt(got[:], dataAt))
			require.Equal(t, uint64(threads*rounds), binary.LittleEndian.Uint64(got[:]))
		})
	}
}

func TestSystemRegisters(t *testing.T) {
	for _, c := range []struct {
		name string
		word uint32
		want uint64
	}{
		{"tpidr_el0", 0xd53bd040, 0x1234},
		{"tpidrro_el0", 0xd53bd060, 0},
		{"cntvct_el0", 0xd53be040, 12345},
		{"cntfrq_el0", 0xd53be000, 1e9},
		{"ctr_el0", 0xd53b0020, ctr},
		{"dczid_el0", 0xd53b00e0, 4},
		{"id_aa64isar0_el1", 0xd5380600, idISAR0},
		{"id_aa64isar1_el1", 0xd5380620, idISAR1},
		{"id_aa64pfr0_el1", 0xd5380400, idPFR0},
		{"reserved", 0xd5380760, 0},
		{"nzcv", 0xd53b4200, FlagN | FlagC},
		{"fpcr", 0xd53b4400, 0x01c00000},
		{"fpsr", 0xd53b4420, 0x9f},
	} {
		m := newMachine(t, []uint32{c.word}, Options{})
		m.s.SetThreadPointer(0x1234)
		m.s.SetFlags(FlagN | FlagC)
		m.s.FPCR, m.s.FPSR, m.s.R[0] = 0x01c00000, 0x9f, 1
		require.Equal(t, cpu.StopBudget, m.in.Run(m.th, 1).Kind, c.name)
		require.Equal(t, c.want, m.s.R[0], c.name)
	}
	m := newMachine(t, []uint32{0xd51b4400, 0xd51b4420, 0xd51bd040, 0xd51b4200}, Options{})
	m.s.R[0] = ^uint64(0)
	require.Equal(t, cpu.StopBudget, m.in.Run(m.th, 4).Kind)
	require.Equal(t, uint32(fpcrMask), m.s.FPCR, "only bits that exist")
	require.Equal(t, uint32(fpsrMask), m.s.FPSR)
	require.Equal(t, ^uint64(0), m.s.ThreadPointer())
	require.Equal(t, uint32(FlagN|FlagZ|FlagC|FlagV), m.s.Flags())
}

func TestZVA(t *testing.T) {
	m := newMachine(t, []uint32{0xd50b7420}, Options{})
	fill := make([]byte, 256)
	for i := range fill {
		fill[i] = 0xee
	}
	require.NoError(t, m.space.WriteAt(fill, dataAt))
	m.s.R[0] = dataAt + 64 + 13
	require.Equal(t, cpu.StopBudget, m.in.Run(m.th, 1).Kind)
	clear(fill[64:128])
	got := make([]byte, 256)
	require.NoError(t, m.space.ReadAt(got, dataAt))
	require.Equal(t, fill, got)
}

func TestStateContract(t *testing.T) {
	var s State
	s.Reset(cpu.Start{PC: 0x1000, SP: 0x2000, ThreadPointer: 0x3000, Args: [2]uint64{4, 5}})
	require.Equal(t, []uint64{4, 5, 0x1000, 0x2000}, []uint64{s.R[0], s.R[1], s.R[LR], s.SP()})
	require.Equal(t, uint64(0x3000), s.ThreadPointer())
	for i := range 9 {
		s.R[i] = uint64(10 + i)
	}
	var trap cpu.Trap
	s.Trap(&trap)
	require.Equal(t, cpu.Trap{Number: 18, Regs: 8, Args: [8]uint64{10, 11, 12, 13, 14, 15, 16, 17}}, trap)
	h := s.Hash()
	c := s.Clone().(*State)
	require.Equal(t, h, c.Hash())
	c.SetCarry(true)
	require.Equal(t, uint32(FlagC), c.Flags()&FlagC)
	require.NotEqual(t, h, c.Hash())
	c.SetCarry(false)
	require.Equal(t, h, c.Hash())
	c.SetResult(1, 99)
	require.Equal(t, uint64(99), c.R[1])
	require.NotEqual(t, h, c.Hash())
}

// TestGeneratedIsCurrent: mono_gen.go is what cpu/internal/mono makes of the
// sources.
func TestGeneratedIsCurrent(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("go is not installed")
	}
	out, err := exec.Command("go", "run", "../internal/mono", "-check").CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// FuzzDecode: nothing panics, and what decodes is one of its row's words.
func FuzzDecode(f *testing.F) {
	for _, r := range Rows() {
		f.Add(r.value, uint64(codeAt))
		f.Add(r.value|^r.mask, uint64(1<<64-4))
	}
	f.Fuzz(func(t *testing.T, w uint32, pc uint64) {
		var d Inst
		if DecodeWord(&d, w, pc) != nil {
			return
		}
		require.Equal(t, d.Row.value, w&d.Row.mask)
		require.NotEmpty(t, d.Text(func(uint64) (string, uint64, bool) { return "f", 4, true }))
	})
}

// FuzzRun executes arbitrary words: nothing panics or hangs, and stepping one
// instruction at a time leaves the state and memory that running does.
func FuzzRun(f *testing.F) {
	rnd := rand.New(rand.NewPCG(9, 9))
	for range 200 {
		var code []byte
		for range 1 + rnd.IntN(20) {
			r := Rows()[rnd.IntN(len(Rows()))]
			code = binary.LittleEndian.AppendUint32(code, r.Instance(rnd))
		}
		f.Add(code, rnd.Uint64())
	}
	f.Fuzz(func(t *testing.T, code []byte, seed uint64) {
		if len(code) > 0x1000 {
			return
		}
		var words []uint32
		for ; len(code) >= 4; code = code[4:] {
			words = append(words, binary.LittleEndian.Uint32(code))
		}
		run, step := fuzzMachine(t, words, seed), fuzzMachine(t, words, seed)
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

func fuzzMachine(t *testing.T, code []uint32, seed uint64) *machine {
	m := newMachine(t, code, Options{})
	rnd := rand.New(rand.NewPCG(seed, 1))
	for i := range 31 {
		m.s.R[i] = dataAt + 0x4000 + rnd.Uint64N(0x1000)*8
	}
	for i := range m.s.V {
		m.s.V[i] = [2]uint64{edgeVector(rnd), edgeVector(rnd)}
	}
	m.s.R[1], m.s.R[2] = rnd.Uint64N(64), edge64(rnd)
	return m
}
