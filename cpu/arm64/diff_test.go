package arm64

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/arm64/native"
	"github.com/nuage-emu/nuage/memory"
)

// The differential suite: every row that neither branches nor belongs to the
// system is executed by the interpreter and by package native, from the same
// registers and memory. NUAGE_DIFF=rounds[,seed] makes it run for longer.
//
//	NUAGE_DIFF=1000,7 go test -run TestDifferential -timeout 0 ./cpu/arm64

const (
	diffCode   = 0x20000000
	diffStates = 40 // of one instruction; a batch must fit into two pipes
)

// subject is the interpreter's side.
type subject struct {
	t      testing.TB
	space  *memory.Space
	object *memory.Object
	in     *Interpreter
	thread cpu.Thread
	state  State
}

func newSubject(t testing.TB) *subject {
	space, err := memory.New(memory.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { space.Close() })
	_, err = space.Map(memory.Mapping{Addr: native.MemBase &^ 0xfff, Len: 4096, Prot: memory.Read | memory.Write,
		MaxProt: memory.Read | memory.Write, Fixed: true})
	require.NoError(t, err)
	object, err := memory.NewObject(nil)
	require.NoError(t, err)
	require.NoError(t, object.Truncate(4096))
	_, err = space.Map(memory.Mapping{Addr: diffCode, Len: 4096, Prot: memory.Read | memory.Exec,
		MaxProt: memory.Read | memory.Exec, Fixed: true, Shared: true, Object: object})
	require.NoError(t, err)
	s := &subject{t: t, space: space, object: object, in: NewInterpreter(space, Options{})}
	s.thread.State = &s.state
	return s
}

func (s *subject) setCode(w uint32) {
	_, err := s.object.WriteAt([]byte{byte(w), byte(w >> 8), byte(w >> 16), byte(w >> 24)}, 0)
	require.NoError(s.t, err)
}

// execute executes the instruction last set on st, in place.
func (s *subject) execute(st *native.State) cpu.Stop {
	g := &s.state
	g.Reset(cpu.Start{PC: diffCode, SP: st.SP})
	copy(g.R[:31], st.X[:])
	g.SetFlags(uint32(st.NZCV))
	g.FPCR, g.FPSR, g.V = uint32(st.FPCR), uint32(st.FPSR), st.V
	require.NoError(s.t, s.space.WriteAt(st.Mem[:], native.MemBase))
	stop := s.in.Run(&s.thread, 1)
	copy(st.X[:], g.R[:31])
	st.SP, st.NZCV, st.FPCR, st.FPSR, st.V = g.R[SP], uint64(g.Flags()), uint64(g.FPCR), uint64(g.FPSR), g.V
	require.NoError(s.t, s.space.ReadAt(st.Mem[:], native.MemBase))
	return stop
}

// excluded says why a row has no part in the suite.
func excluded(r *Row) string {
	switch {
	case r.Attr&Ends != 0:
		return "leaves the block"
	case r.Name == "mrs" || r.Name == "msr" || strings.HasPrefix(r.Name, "dc\t"):
		return "presents another processor"
	case strings.Contains(r.Ops, "adr") || strings.Contains(r.Ops, "[label]"):
		return "depends on its address"
	case strings.HasPrefix(r.Name, "st") && strings.Contains(r.Name, "x") && r.Attr&Ordered != 0:
		return "needs the monitor"
	case r.Name == "hint":
		return "could wait"
	}
	return ""
}

var edges64 = []uint64{0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
	1<<63 - 1, 1 << 63, 1<<64 - 1, 1<<64 - 2, 0x5555555555555555, 0x0123456789abcdef, 63, 32, 31}

// floats are the edges of floating point: in each lane of their size.
var (
	floats64 = []uint64{0, 1 << 63, 1, 0x000fffffffffffff, 0x0010000000000000, 0x3ff0000000000000, 0xbff0000000000000,
		0x7fefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 0x7ff4000000000001, 0xfff8000000000123,
		0x3fe0000000000000, 0x4330000000000001, 0x41dfffffffe00000, 0x43e0000000000000, 0xc3e0000000000000, 0x3ff0000000000001, 0x4000000000000000}
	floats32 = []uint32{0, 1 << 31, 1, 0x007fffff, 0x00800000, 0x3f800000, 0xbf800000, 0x7f7fffff, 0x7f800000, 0xff800000,
		0x7fc00000, 0x7fa00001, 0xffc00123, 0x3f000000, 0x4b000001, 0x4f000000, 0xcf000000, 0x3f800001, 0x40000000, 0x33800000}
	floats16 = []uint16{0, 1 << 15, 1, 0x03ff, 0x0400, 0x3c00, 0xbc00, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x7d01, 0x3800, 0x6401, 0x3c01, 0x4000}
)

func edge64(rnd *rand.Rand) uint64 {
	switch rnd.IntN(4) {
	case 0:
		return edges64[rnd.IntN(len(edges64))]
	case 1:
		return rnd.Uint64() >> rnd.IntN(64)
	}
	return rnd.Uint64()
}

func edgeVector(rnd *rand.Rand) uint64 {
	switch rnd.IntN(5) {
	case 0:
		return floats64[rnd.IntN(len(floats64))]
	case 1:
		return uint64(floats32[rnd.IntN(len(floats32))]) | uint64(floats32[rnd.IntN(len(floats32))])<<32
	case 2:
		v := uint64(0)
		for range 4 {
			v = v<<16 | uint64(floats16[rnd.IntN(len(floats16))])
		}
		return v
	}
	return edge64(rnd)
}

// instance makes a word of the row, or says that it found none.
func instance(r *Row, rnd *rand.Rand, d *Inst) (uint32, bool) {
	for range 100 {
		w := r.Instance(rnd)
		if DecodeWord(d, w, diffCode) == nil && predictable(d) {
			return w, true
		}
	}
	return 0, false
}

// predictable leaves out what the manual calls constrained unpredictable.
func predictable(d *Inst) bool {
	a := d.mem()
	n, t := d.Field('n'), d.Field('t')
	loads := a != nil && !a.Op.Write && d.Row.has('u') && d.Row.has('t')
	if loads && d.Field('u') == t {
		return false
	}
	if a == nil {
		return true
	}
	writeback := strings.ContainsAny(a.Op.Text, "!") || strings.Contains(a.Op.Text, "],")
	vector := d.Row.Attr&FP != 0
	if writeback && n != 31 && !vector && (n == t || d.Row.has('u') && n == d.Field('u')) {
		return false
	}
	if d.Row.has('m') && d.Field('m') == n && n != 31 {
		return false // the base and the index cannot both be chosen
	}
	return true
}

// randomState fills st for an instruction.
func randomState(d *Inst, rnd *rand.Rand, st *native.State) {
	for i := range st.X {
		st.X[i] = edge64(rnd)
	}
	st.SP = edge64(rnd)
	st.NZCV = uint64(rnd.Uint32()) & 0xf0000000
	st.FPCR = 0
	if rnd.IntN(2) == 0 {
		st.FPCR = uint64(rnd.Uint32()) & fpcrMask
	}
	st.FPSR = 0
	if rnd.IntN(4) == 0 {
		st.FPSR = uint64(rnd.Uint32()) & fpsrMask
	}
	for i := range st.V {
		st.V[i] = [2]uint64{edgeVector(rnd), edgeVector(rnd)}
	}
	for i := range st.Mem {
		st.Mem[i] = byte(rnd.Uint32())
	}
	if d.mem() == nil {
		return
	}
	aim(d, rnd, st)
	if strings.HasPrefix(d.Row.Name, "cas") && rnd.IntN(2) == 0 {
		expect(d, st)
	}
}

// aim points the base of the memory operand into the memory.
func aim(d *Inst, rnd *rand.Rand, st *native.State) {
	a := d.mem()
	size := int(a.Op.Scale) * int(a.Op.Count)
	off := rnd.IntN(native.MemSize - size)
	if d.Row.Attr&Ordered != 0 {
		off &^= size - 1
	}
	base := uint64(native.MemBase + off)
	switch {
	case a.Op.kind == kinds["[n,Rm,ext]"]:
		m, shift := d.Field('m'), uint(0)
		if d.Field('S') != 0 {
			shift = uint(log2(a.Op.Scale))
		}
		index := uint64(0)
		if m != 31 {
			index = edge64(rnd)
			st.X[m] = index
		}
		switch d.Field('o') {
		case 2:
			index = uint64(uint32(index))
		case 6:
			index = uint64(int64(int32(index)))
		}
		base -= index << shift
	case !postIndexed(a.Op.kind):
		base -= a.Value
	}
	if n := d.Field('n'); n == 31 {
		st.SP = base
	} else {
		st.X[n] = base
	}
}

// expect makes a compare-and-swap find what it compares with.
func expect(d *Inst, st *native.State) {
	a := d.mem()
	base := st.SP
	if n := d.Field('n'); n != 31 {
		base = st.X[n]
	}
	at := st.Mem[base-native.MemBase:]
	for i := range int(a.Op.Count) {
		r := int(d.Field('s')) + i
		if r == 31 || uint32(r) == d.Field('n') {
			return
		}
		v := uint64(0)
		for k := int(a.Op.Scale) - 1; k >= 0; k-- {
			v = v<<8 | uint64(at[i*int(a.Op.Scale)+k])
		}
		st.X[r] = st.X[r]&^(1<<(8*uint(a.Op.Scale))-1) | v
	}
}

// difference lists what got and want differ in.
func difference(got, want *native.State) string {
	var b strings.Builder
	word := func(name string, g, w uint64) {
		if g != w {
			fmt.Fprintf(&b, "\n\t%-5s interpreter %016x, native %016x", name, g, w)
		}
	}
	for i := range got.X {
		word("x"+strconv.Itoa(i), got.X[i], want.X[i])
	}
	word("sp", got.SP, want.SP)
	word("nzcv", got.NZCV, want.NZCV)
	word("fpcr", got.FPCR, want.FPCR)
	word("fpsr", got.FPSR, want.FPSR)
	for i := range got.V {
		word(fmt.Sprintf("v%dlo", i), got.V[i][0], want.V[i][0])
		word(fmt.Sprintf("v%dhi", i), got.V[i][1], want.V[i][1])
	}
	if got.Mem != want.Mem {
		fmt.Fprintf(&b, "\n\tmemory\n\t\tinterpreter %x\n\t\tnative      %x", got.Mem, want.Mem)
	}
	return b.String()
}

// inputs names the registers of the instruction with their values before it.
func inputs(d *Inst, st *native.State) string {
	var b strings.Builder
	fmt.Fprintf(&b, "nzcv %x fpcr %x fpsr %x", st.NZCV, st.FPCR, st.FPSR)
	for _, f := range d.Row.fields {
		if r := d.Field(f.letter); f.width == 5 && strings.IndexByte("dnmatus", f.letter) >= 0 {
			if r < 31 {
				fmt.Fprintf(&b, " x%d %x", r, st.X[r])
			}
			if d.Row.Attr&FP != 0 {
				fmt.Fprintf(&b, " v%d %016x%016x", r, st.V[r][1], st.V[r][0])
			}
		}
	}
	return b.String()
}

// diffEffort is the rounds and the seed.
func diffEffort(t *testing.T) (rounds int, seed uint64) {
	rounds, seed = 3, 1
	if testing.Short() {
		rounds = 1
	}
	if e := os.Getenv("NUAGE_DIFF"); e != "" {
		n, s, _ := strings.Cut(e, ",")
		var err error
		rounds, err = strconv.Atoi(n)
		require.NoError(t, err)
		if s != "" {
			seed, err = strconv.ParseUint(s, 0, 64)
			require.NoError(t, err)
		}
	}
	return rounds, seed
}

func startNative(t testing.TB) *native.Machine {
	if err := native.Find(); err != nil {
		if os.Getenv("NUAGE_CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	m, err := native.Start(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

func TestDifferential(t *testing.T) {
	m := startNative(t)
	s := newSubject(t)
	rounds, seed := diffEffort(t)
	only := os.Getenv("NUAGE_DIFF_ROW")
	executed, failures := 0, 0
	for _, r := range Rows() {
		if excluded(r) != "" || only != "" && r.Name != only {
			continue
		}
		rnd := rand.New(rand.NewPCG(seed, uint64(r.index)))
		for range rounds {
			var d Inst
			w, ok := instance(r, rnd, &d)
			if !ok {
				continue
			}
			n, bad := onBoth(t, m, s, &d, w, rnd)
			executed += n
			if bad {
				failures++
				break
			}
		}
		if failures > 60 {
			t.Fatal("too many differences")
		}
	}
	t.Logf("%d instructions executed with seed %d", executed, seed)
}

// onBoth executes the instruction on random states on both sides.
func onBoth(t *testing.T, m *native.Machine, s *subject, d *Inst, w uint32, rnd *rand.Rand) (n int, failed bool) {
	before := make([]native.State, diffStates)
	for i := range before {
		randomState(d, rnd, &before[i])
	}
	want := append([]native.State(nil), before...)
	if err := m.Execute(w, want); err != nil {
		t.Fatalf("%08x %s (%v): %v", w, d.Text(nil), d.Row, err)
	}
	s.setCode(w)
	for i := range before {
		got := before[i]
		stop := s.execute(&got)
		if stop.Kind != cpu.StopBudget {
			t.Errorf("%08x %s (%v): %v", w, d.Text(nil), d.Row, stop)
			return i, true
		}
		corrected(d, &want[i])
		if diff := difference(&got, &want[i]); diff != "" {
			t.Errorf("%08x %s (%v)\n\t%s%s", w, d.Text(nil), d.Row, inputs(d, &before[i]), diff)
			return i, true
		}
	}
	return len(before), false
}
