package jit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/memory"
)

var (
	lockTime = flag.Duration("lockstep.time", time.Second, "how long to compare random programs")
	lockSeed = flag.Uint64("lockstep.seed", 1, "where the random programs begin")
	lockStep = flag.Uint64("lockstep.step", 3000, "compare after at most that many instructions")
)

// The layout of random programs. The data is one object mapped again and
// again, so that most wild addresses hit it and it is small to compare.
const (
	codeAt    = 0x0040_0000
	guestCode = 64 << 10
	dataAt    = 0x1000_0000
	dataSize  = 1 << 20
	dataEnd   = 0xE000_0000
	views     = 256 // mappings of the data, evenly spread
)

// environment gives both engines the same answers.
type environment struct{ n uint64 }

func (e *environment) Cycles() uint64  { e.n += 1001; return e.n }
func (e *environment) Entropy() uint64 { e.n += 7; return e.n * 0x9e3779b97f4a7c15 }

// side is one of the two machines compared.
type side struct {
	space  *memory.Space
	engine cpu.Engine
	thread *cpu.Thread
	data   *memory.Object
}

func newSide(t *testing.T, code []byte, o *Options) *side {
	t.Helper()
	s := &side{}
	var err error
	s.space, err = memory.New(memory.Options{Form: memory.Window})
	if err != nil {
		t.Skip("no window form of memory here")
	}
	s.data, err = memory.NewObject(nil)
	require.NoError(t, err)
	require.NoError(t, s.data.Truncate(dataSize))
	for i := range uint64(views) {
		at := dataAt + i*((dataEnd-dataAt)/views)
		_, err := s.space.Map(memory.Mapping{Addr: at &^ 0xFFFF, Len: dataSize, Prot: memory.Read | memory.Write, MaxProt: memory.Read | memory.Write,
			Fixed: true, Shared: true, Object: s.data})
		require.NoError(t, err)
	}
	_, err = s.space.Map(memory.Mapping{Addr: codeAt, Len: guestCode, Prot: memory.Write, MaxProt: memory.Read | memory.Write | memory.Exec, Fixed: true})
	require.NoError(t, err)
	require.NoError(t, s.space.WriteAt(code, codeAt))
	require.NoError(t, s.space.Protect(codeAt, guestCode, memory.Read|memory.Exec))
	// The stack is touched: where memory comes when it is (Windows), the
	// interpreter sees to it, and tests count what that does.
	require.NoError(t, s.space.WriteAt(make([]byte, 64), dataAt+dataSize/2-64))
	s.engine = x86.NewInterpreter(s.space, x86.Options{})
	if o != nil {
		s.engine, err = New(s.space, s.engine, *o)
		if errors.Is(err, ErrUnavailable) {
			t.Skip(err)
		}
		require.NoError(t, err)
	}
	s.thread = &cpu.Thread{State: s.engine.NewState(), Env: &environment{}}
	s.thread.State.Reset(cpu.Start{PC: codeAt, SP: dataAt + dataSize/2})
	return s
}

func (s *side) close(t *testing.T) {
	require.NoError(t, s.engine.Close())
	require.NoError(t, s.space.Close())
	s.data.Close()
}

// program draws a random program: short blocks of random instructions that
// branch, call and return to one another.
func program(rnd *rand.Rand) (code []byte, starts []uint64) {
	rows := x86.Rows()
	const blocks = 300
	starts = make([]uint64, 0, blocks)
	type fix struct{ at, block int }
	var fixes []fix
	rel := func(b ...byte) {
		code = append(append(code, b...), 0, 0, 0, 0)
		fixes = append(fixes, fix{len(code) - 4, rnd.IntN(blocks)})
	}
	for range blocks {
		starts = append(starts, codeAt+uint64(len(code)))
		for range 1 + rnd.IntN(10) {
			switch rnd.IntN(24) {
			case 0: // a pointer
				code = append(code, 0x48|byte(rnd.IntN(2)), 0xB8|byte(rnd.IntN(8)))
				code = binary.LittleEndian.AppendUint64(code, dataAt+uint64(rnd.Uint32N(0x4000_0000)))
			case 1:
				rel(0x0F, 0x80|byte(rnd.IntN(16)))
			case 2: // push or pop
				code = append(code, 0x40|byte(rnd.IntN(2)), 0x50|byte(rnd.IntN(16)))
			case 3: // the stack pointer, moved a little
				code = append(code, 0x48, 0x83, []byte{0xC4, 0xEC}[rnd.IntN(2)], byte(rnd.IntN(256)))
			case 4: // back to where the stack is
				code = append(code, 0xBC)
				code = binary.LittleEndian.AppendUint32(code, dataAt+dataSize/4+rnd.Uint32N(dataSize/2))
			case 5: // plain integer instructions as compilers use them
				code = append(code, 0x48|byte(rnd.IntN(8)), []byte{0x01, 0x03, 0x21, 0x23, 0x29, 0x2B, 0x31, 0x33, 0x39, 0x3B, 0x85, 0x89, 0x8B, 0x8D}[rnd.IntN(14)], 0x40|byte(rnd.IntN(64)), byte(rnd.IntN(256)), byte(rnd.IntN(256)))
			default:
				code = append(code, rows[rnd.IntN(len(rows))].Instance(rnd)...)
			}
		}
		switch rnd.IntN(8) {
		case 0, 1:
			rel(0xE9)
		case 2, 3:
			rel(0xE8)
		case 4:
			code = append(code, 0xC3)
		case 5: // an indirect jump or call: lea rax, [rip + block]; jmp or call rax
			rel(0x48, 0x8D, 0x05)
			code = append(code, 0xFF, []byte{0xE0, 0xD0}[rnd.IntN(2)])
		}
	}
	for _, f := range fixes {
		binary.LittleEndian.PutUint32(code[f.at:], uint32(starts[f.block]-codeAt-uint64(f.at)-4))
	}
	return code[:min(len(code), guestCode)], starts
}

// seed gives a thread fresh registers: pointers, small numbers and anything.
func seed(s *x86.State, rnd *rand.Rand, starts []uint64) {
	for i := range 16 {
		switch rnd.IntN(8) {
		case 0:
			s.R[i] = rnd.Uint64()
		case 1:
			s.R[i] = uint64(rnd.IntN(64))
		default:
			s.R[i] = dataAt + uint64(rnd.Uint32N(0xC000_0000))
		}
	}
	if rnd.IntN(16) != 0 {
		s.R[x86.RSP] = dataAt + dataSize/4 + uint64(rnd.Uint32N(dataSize/2))
	}
	s.R[x86.FSBase], s.R[x86.GSBase] = dataAt, 0
	for i := range 16 {
		for k := range s.V[i] {
			s.V[i][k] = rnd.Uint64()
		}
	}
	s.MXCSR = 0x1F80
	if rnd.IntN(4) == 0 {
		s.MXCSR = 0x1F80 | uint32(rnd.IntN(4))<<13 | uint32(rnd.IntN(2))<<15 | uint32(rnd.IntN(2))<<6
	}
	s.SetFlags(rnd.Uint64() & (x86.FlagsStatus | x86.FlagD&-uint64(rnd.IntN(8)/7)))
	s.SetPC(starts[rnd.IntN(len(starts))])
}

// TestLockstepRandom runs random programs in the interpreter and as metered
// code, and compares everything after each stop.
func TestLockstepRandom(t *testing.T) { lockstepRandom(t, Options{Metered: true, Verify: true}) }

// TestLockstepPortable is the same with the code for other hosts.
func TestLockstepPortable(t *testing.T) {
	lockstepRandom(t, Options{Metered: true, Verify: true, Portable: true})
}

func lockstepRandom(t *testing.T, o Options) {
	begin := time.Now()
	var retired, stops uint64
	kinds := map[cpu.StopKind]uint64{}
	for _, once := range []uint64{
		138,     // ROL of memory by an immediate
		7775,    // a locked access that crosses a cache line, where nothing is mapped: the host hangs
		1000146, // AH to DH beside a memory operand whose address needs T1
	} {
		lockstep(t, once, o, kinds)
	}
	n := *lockSeed
	for ; time.Since(begin) < *lockTime || n < *lockSeed+3; n++ {
		r, s := lockstep(t, n, o, kinds)
		retired += r
		stops += s
	}
	t.Logf("%d programs from seed %d, %d instructions, %d comparisons, %v", n-*lockSeed, *lockSeed, retired, stops, kinds)
}

func lockstep(t *testing.T, number uint64, o Options, kinds map[cpu.StopKind]uint64) (retired, stops uint64) {
	rnd := rand.New(rand.NewPCG(number, 0))
	code, starts := program(rnd)
	a, b := newSide(t, code, nil), newSide(t, code, &o)
	defer a.close(t)
	defer b.close(t)
	sa, sb := a.thread.State.(*x86.State), b.thread.State.(*x86.State)
	seeds := rnd.Uint64()
	again := func() {
		r := rand.New(rand.NewPCG(seeds, 1))
		seed(sa, r, starts)
		r = rand.New(rand.NewPCG(seeds, 1))
		seed(sb, r, starts)
		seeds++
	}
	again()
	for range 400 {
		budget := 1 + rnd.Uint64N(*lockStep)
		before := sa.Clone()
		pc := sa.PC()
		stop1 := a.engine.Run(a.thread, budget)
		stop2 := b.engine.Run(b.thread, budget)
		stops++
		kinds[stop1.Kind]++
		if stop1 != stop2 || sa.Hash() != sb.Hash() || a.thread.Retired != b.thread.Retired {
			t.Fatalf("program %d (-lockstep.seed %d), from %#x with budget %d: the engines differ\ninterpreter: %v, retired %d\n%s\ntranslator: %v, retired %d\n%s\nbefore:\n%s\n%s",
				number, number, pc, budget, stop1, a.thread.Retired, dump(sa), stop2, b.thread.Retired, dump(sb), dump(before), disassembly(code, pc, 12))
		}
		if stop1.Kind != cpu.StopBudget {
			again()
		}
	}
	va, vb := make([]byte, dataSize), make([]byte, dataSize)
	_, err := a.data.ReadAt(va, 0)
	require.NoError(t, err)
	_, err = b.data.ReadAt(vb, 0)
	require.NoError(t, err)
	require.True(t, bytes.Equal(va, vb), "program %d: memory differs", number)
	return a.thread.Retired, stops
}

func dump(s cpu.State) string {
	var b strings.Builder
	s.Dump(&b)
	return b.String()
}

func disassembly(code []byte, pc uint64, n int) string {
	var b strings.Builder
	for range n {
		if pc < codeAt || pc-codeAt >= uint64(len(code)) {
			break
		}
		text, size := x86.Disassemble(code[pc-codeAt:], pc, nil)
		fmt.Fprintf(&b, "%#x  % x  %s\n", pc, code[pc-codeAt:][:max(size, 1)], text)
		pc += uint64(max(size, 1))
	}
	return b.String()
}
