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
	"github.com/nuage-emu/nuage/jit/lockstep"
	"github.com/nuage-emu/nuage/memory"
)

var (
	lockTime   = flag.Duration("lockstep.time", time.Second, "how long to compare random programs")
	lockSeed   = flag.Uint64("lockstep.seed", 1, "where the random programs begin")
	lockBlocks = flag.Uint64("lockstep.blocks", 0, "stop after that many blocks; 0 is no limit")
	lockMemory = flag.Bool("lockstep.memory", false, "compare memory each time, not only at the end of a program")
	lockStep   = flag.Uint64("lockstep.step", 3000, "compare after at most that many instructions")
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
	c := &compared{kinds: map[cpu.StopKind]uint64{}}
	for _, once := range []struct{ number, kind uint64 }{
		{138, 0},     // ROL of memory by an immediate
		{7775, 0},    // a locked access that crosses a cache line, where nothing is mapped: the host hangs
		{1000146, 0}, // AH to DH beside a memory operand whose address needs T1
		{523, 1},     // REP MOVSB to what it reads, by another address: the interpreter copied it as a whole
		{561, 1},     // MOV of r8 to rsp, whose check takes T1, and r8 again
		{20, 2},      // ADD of r15 to itself in the State, of which T1 then had an old copy
		{1000591, 1}, // ROR of memory by an immediate, behind a loop that ends with DEC: OF was set
	} {
		for _, o.EveryRun = range []bool{false, true} {
			lockstepOne(t, once.number, once.kind, o, c)
		}
	}
	*c = compared{kinds: c.kinds}
	n := *lockSeed
	for ; (time.Since(begin) < *lockTime || n < *lockSeed+4) && (*lockBlocks == 0 || c.blocks < *lockBlocks); n++ {
		o.EveryRun = n/uint64(len(generators))%2 == 1
		lockstepOne(t, n, n%uint64(len(generators)), o, c)
		if c.logged+1_000_000 <= c.blocks {
			c.logged = c.blocks
			t.Logf("%v: program %d, %v", time.Since(begin).Round(time.Second), n, c)
		}
	}
	t.Logf("%d programs from seed %d: %v", n-*lockSeed, *lockSeed, c)
}

// compared is what random programs have come to.
type compared struct {
	blocks, retired, stops uint64
	changes, skipped       uint64
	logged                 uint64
	kinds                  map[cpu.StopKind]uint64
}

func (c *compared) String() string {
	return fmt.Sprintf("%d blocks, %d instructions, %d comparisons (%d left out), %d changes of code, %v",
		c.blocks, c.retired, c.stops, c.skipped, c.changes, c.kinds)
}

// blockwise runs the reference a block at a time and counts them. A block goes
// up to the first instruction behind which control may go elsewhere.
type blockwise struct {
	*side
	known  map[uint64]uint64 // the instructions of blocks, by address
	blocks uint64
	path   []uint64 // the blocks of this run
}

func newBlockwise(s *side) *blockwise { return &blockwise{side: s, known: map[uint64]uint64{}} }

func (b *blockwise) run(budget uint64) cpu.Stop {
	b.path = b.path[:0]
	for {
		pc := b.thread.State.PC()
		b.path = append(b.path, pc)
		k, ok := b.known[pc]
		if !ok {
			k = b.length(pc)
			b.known[pc] = k
		}
		n := min(k, budget)
		before := b.thread.Retired
		stop := b.engine.Run(b.thread, n)
		budget -= b.thread.Retired - before
		b.blocks++
		if stop.Kind != cpu.StopBudget || budget == 0 {
			return stop
		}
	}
}

// last shows the last blocks of the run.
func (b *blockwise) last(code []byte) string {
	var t strings.Builder
	for _, pc := range b.path[max(0, len(b.path)-4):] {
		fmt.Fprintf(&t, "block\n%s", disassembly(code, pc, int(b.known[pc])))
	}
	return t.String()
}

// length is how many instructions the block at pc has.
func (b *blockwise) length(pc uint64) (n uint64) {
	for {
		n++
		var buf [15]byte
		var in x86.Inst
		size, _, err := b.space.Fetch(buf[:], pc)
		if err != nil || x86.Decode(&in, buf[:size], pc) != nil ||
			in.Row.Attr&x86.Ends != 0 || in.NArgs > 0 && in.Args[0].Kind == x86.ArgRel {
			return n
		}
		pc = in.Next()
	}
}

// change replaces some bytes of both programs' code, in the way in which a
// program does it.
func change(t *testing.T, rnd *rand.Rand, starts []uint64, sides ...*side) {
	rows := x86.Rows()
	at := starts[rnd.IntN(len(starts))]
	code := rows[rnd.IntN(len(rows))].Instance(rnd)
	if rnd.IntN(4) == 0 {
		code = []byte{0xE9}
		code = binary.LittleEndian.AppendUint32(code, uint32(starts[rnd.IntN(len(starts))]-at-5))
	}
	if at+uint64(len(code)) > codeAt+guestCode {
		return
	}
	for _, s := range sides {
		require.NoError(t, s.space.Protect(codeAt, guestCode, memory.Write))
		require.NoError(t, s.space.WriteAt(code, at))
		require.NoError(t, s.space.Protect(codeAt, guestCode, memory.Read|memory.Exec))
	}
}

// lockstepOne compares one program; half of those of the newer kinds change.
func lockstepOne(t *testing.T, number, kind uint64, o Options, c *compared) {
	rnd := rand.New(rand.NewPCG(number, 0))
	g := generators[kind]
	code, starts := g.program(rnd)
	a, b := newSide(t, code, nil), newSide(t, code, &o)
	defer a.close(t)
	defer b.close(t)
	sa, sb := a.thread.State.(*x86.State), b.thread.State.(*x86.State)
	reference := newBlockwise(a)
	seeds := rnd.Uint64()
	again := func() {
		r := rand.New(rand.NewPCG(seeds, 1))
		g.seed(sa, r, starts)
		r = rand.New(rand.NewPCG(seeds, 1))
		g.seed(sb, r, starts)
		seeds++
	}
	again()
	changing := number%4 == 1
	for range 400 {
		if changing && rnd.IntN(16) == 0 {
			change(t, rnd, starts, a, b)
			clear(reference.known)
			c.changes++
		}
		budget := 1 + rnd.Uint64N(*lockStep)
		before := sa.Clone()
		pc := sa.PC()
		stop1 := reference.run(budget)
		stop2 := b.engine.Run(b.thread, budget)
		c.stops++
		c.kinds[stop1.Kind]++
		if stop1 != stop2 || sa.Hash() != sb.Hash() || a.thread.Retired != b.thread.Retired {
			_ = a.space.ReadAt(code, codeAt)
			t.Fatalf("program %d (-lockstep.seed %d), from %#x with budget %d: the engines differ\ninterpreter: %v, retired %d\ntranslator: %v, retired %d\n%s\nbefore:\n%s\n%s",
				number, number, pc, budget, stop1, a.thread.Retired, stop2, b.thread.Retired, differing(sa, sb), dump(before), reference.last(code))
		}
		if *lockMemory {
			if text := differingData(t, a, b); text != "" {
				_ = a.space.ReadAt(code, codeAt)
				t.Fatalf("program %d (-lockstep.seed %d), from %#x with budget %d, %v: memory differs\n%s\nafter:\n%s\nbefore:\n%s\n%s",
					number, number, pc, budget, stop1, text, dump(sa), dump(before), reference.last(code))
			}
		}
		if stop1.Kind != cpu.StopBudget {
			again()
		}
	}
	require.Empty(t, differingData(t, a, b), "program %d: memory differs; -lockstep.seed %d -lockstep.memory finds out where", number, number)
	c.blocks += reference.blocks
	c.retired += a.thread.Retired
}

// differingData has a line for each of the first bytes that are not the same.
func differingData(t *testing.T, a, b *side) string {
	t.Helper()
	va, vb := make([]byte, dataSize), make([]byte, dataSize)
	_, err := a.data.ReadAt(va, 0)
	require.NoError(t, err)
	_, err = b.data.ReadAt(vb, 0)
	require.NoError(t, err)
	if bytes.Equal(va, vb) {
		return ""
	}
	var text strings.Builder
	for i, n := 0, 0; i < len(va) && n < 16; i++ {
		if va[i] != vb[i] {
			fmt.Fprintf(&text, "data+%#x interpreter %02x, translator %02x\n", i, va[i], vb[i])
			n++
		}
	}
	return text.String()
}

// TestLockstepFree compares free code, which counts nothing and can only be
// compared where it stops by itself. The reference goes first, up to a limit; if
// it has not stopped by then, the translator is given its state and memory.
func TestLockstepFree(t *testing.T) {
	begin := time.Now()
	c := &compared{kinds: map[cpu.StopKind]uint64{}}
	n := *lockSeed
	for ; (time.Since(begin) < *lockTime || n < *lockSeed+4) && (*lockBlocks == 0 || c.blocks < *lockBlocks); n++ {
		lockstepFree(t, n, n%uint64(len(generators)), c)
	}
	t.Logf("%d programs from seed %d: %v", n-*lockSeed, *lockSeed, c)
}

func lockstepFree(t *testing.T, number, kind uint64, c *compared) {
	rnd := rand.New(rand.NewPCG(number, 2))
	g := generators[kind]
	code, starts := g.program(rnd)
	a, b := newSide(t, code, nil), newSide(t, code, &Options{Verify: true})
	defer a.close(t)
	defer b.close(t)
	sa, sb := a.thread.State.(*x86.State), b.thread.State.(*x86.State)
	reference := newBlockwise(a)
	seeds := rnd.Uint64()
	data := make([]byte, dataSize)
	for range 400 {
		g.seed(sa, rand.New(rand.NewPCG(seeds, 1)), starts)
		g.seed(sb, rand.New(rand.NewPCG(seeds, 1)), starts)
		seeds++
		*b.thread.Env.(*environment) = *a.thread.Env.(*environment)
		pc, before := sa.PC(), sa.Clone()
		stop1 := reference.run(*lockStep)
		if stop1.Kind == cpu.StopBudget {
			c.skipped++
			_, err := a.data.ReadAt(data, 0)
			require.NoError(t, err)
			_, err = b.data.WriteAt(data, 0)
			require.NoError(t, err)
			sb.FPU = sa.FPU // the rest is drawn anew
			continue
		}
		c.stops++
		c.kinds[stop1.Kind]++
		stop2 := b.engine.Run(b.thread, cpu.Unlimited)
		if stop1 != stop2 || sa.Hash() != sb.Hash() {
			t.Fatalf("program %d (-lockstep.seed %d), from %#x: the engines differ\ninterpreter: %v\ntranslator: %v\n%s\nbefore:\n%s\n%s",
				number, number, pc, stop1, stop2, differing(sa, sb), dump(before), reference.last(code))
		}
	}
	require.Empty(t, differingData(t, a, b), "program %d: memory differs", number)
	c.blocks += reference.blocks
	c.retired += a.thread.Retired
}

// differing has a line for each register that is not the same.
func differing(a, b cpu.State) string {
	var t strings.Builder
	for _, r := range lockstep.Registers(a, b) {
		fmt.Fprintf(&t, "%-6s interpreter %s, translator %s\n", r.Name, r.Reference, r.Subject)
	}
	return t.String()
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

// bytesOf joins what instructions are made of.
func bytesOf(parts ...any) (code []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case int: // a byte
			code = append(code, byte(p))
		case uint32:
			code = binary.LittleEndian.AppendUint32(code, p)
		case uint64:
			code = binary.LittleEndian.AppendUint64(code, p)
		case []byte:
			code = append(code, p...)
		}
	}
	return code
}
