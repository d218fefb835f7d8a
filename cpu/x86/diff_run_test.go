package x86

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"os"
	"strings"
	"testing"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86/native"
	"github.com/nuage-emu/nuage/memory"
	"github.com/stretchr/testify/require"
)

// pair is the two processors side by side, with a region of memory at the same
// address on both.
type pair struct {
	host   *native.Machine
	hasGS  bool
	hasAVX bool
	intel  bool // undefined results are compared too: the interpreter has Intel's
	base   uint64
	space  *memory.Space
	in     *Interpreter
	th     *cpu.Thread
	s      *State
	writer uint64 // where the guest's code is written: another mapping of it
	runs   int

	start     [16]uint64
	startST   [8]Float80
	got, want result
	mem       [2 * hotReach]byte // the guest's memory after the run
}

// result is a state after a run.
type result struct {
	registers
	kind   native.Kind
	addr   uint64
	write  bool
	fetch  bool
	text   fmt.Stringer // the outcome or stop
	region []byte       // the hot bytes
}

func newPair(t testing.TB, form memory.Form) *pair {
	host, err := native.New()
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(host.Close)
	p := &pair{host: host, base: host.Base(), intel: isIntel()}
	p.hasGS = host.HasGS()
	host.LoadGS = p.hasGS
	p.hasAVX = host.UseAVX() == nil
	p.space, err = memory.New(memory.Options{Form: form})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.space.Close()) })
	p.mapGuest(t)
	p.in = NewInterpreter(p.space, Options{})
	p.th = &cpu.Thread{State: p.in.NewState(), Env: environment{}}
	p.s = p.th.State.(*State)
	return p
}

func isIntel() bool {
	b, err := os.ReadFile("/proc/cpuinfo")
	return err == nil && bytes.Contains(b, []byte("GenuineIntel"))
}

// mapGuest gives the guest the same pages as the host's region. Its code is an
// object that is mapped a second time for writing: the interpreter then checks
// every block against memory, and changing the code costs no system call.
func (p *pair) mapGuest(t testing.TB) {
	mapAt := func(m memory.Mapping) {
		m.Fixed, m.MaxProt = true, 7
		_, err := p.space.Map(m)
		require.NoError(t, err)
	}
	const read, write, exec = memory.Read, memory.Write, memory.Exec
	code, err := memory.NewObject(nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, code.Close()) })
	require.NoError(t, code.Truncate(native.CodeSize))
	p.writer = p.base + 0x1000_0000
	mapAt(memory.Mapping{Addr: p.writer, Len: native.CodeSize, Prot: read | write, Shared: true, Object: code})
	mapAt(memory.Mapping{Addr: p.base + native.CodeOffset, Len: native.CodeSize, Prot: read | exec, Shared: true, Object: code})
	require.NoError(t, p.space.WriteAt(bytes.Repeat([]byte{0xCC}, native.CodeSize), p.writer))
	for _, m := range []struct{ offset, size int }{
		{native.OpenOffset, 2 * native.PageSize}, {native.EdgeOffset, native.PageSize}, {native.ReadOnlyOffset, 2 * native.PageSize},
	} {
		mapAt(memory.Mapping{Addr: p.base + uint64(m.offset), Len: uint64(m.size), Prot: read | write})
		require.NoError(t, p.space.WriteAt(p.host.Bytes(m.offset, m.size), p.base+uint64(m.offset)))
	}
	require.NoError(t, p.space.Protect(p.base+native.ReadOnlyOffset+native.PageSize, native.PageSize, read))
}

// span is the part of the hot bytes that exists.
func (a *area) span() (lo, hi int) {
	lo, hi = 0, 2*hotReach
	if !a.low {
		lo = hotReach
	}
	if !a.high {
		hi = hotReach
	}
	return lo, hi
}

// place puts the encoding's code in both code pages.
func (p *pair) place(t testing.TB, e *encoding) {
	p.host.SetCode(e.at, e.hostCode())
	var line [64]byte
	for i := range line {
		line[i] = 0xCC
	}
	copy(line[:], e.code)
	require.NoError(t, p.space.WriteAt(line[:], p.writer+uint64(e.at)))
}

// run executes e on in, on both sides, and leaves the results in got and want.
func (p *pair) run(t testing.TB, e *encoding, in *input) {
	lo, hi := e.area.span()
	writeHi := hi
	at := e.area.edge - hotReach
	if e.area.readOnly {
		writeHi = hotReach
	}
	hostHot := p.host.Bytes(at, 2*hotReach)
	copy(hostHot[lo:writeHi], in.hot[lo:writeHi])
	if err := p.space.WriteAt(in.hot[lo:writeHi], p.base+uint64(at+lo)); err != nil {
		t.Fatal(err)
	}
	p.start, p.startST = in.R, in.ST
	p.runHost(e, in)
	p.want.region = hostHot[lo:hi]
	p.runGuest(e, in)
	if err := p.space.ReadAt(p.mem[lo:hi], p.base+uint64(at+lo)); err != nil {
		t.Fatal(err)
	}
	p.got.region = p.mem[lo:hi]
	p.runs++
}

func (p *pair) runHost(e *encoding, in *input) {
	s := p.host.State()
	s.R, s.Flags, s.GSBase = in.R, in.Flags, in.SegBase
	f := &s.FX
	*f = native.FXImage{FCW: in.FCW, FSW: in.FSW, FTW: in.FTW, MXCSR: in.MXCSR}
	for i := range in.X {
		f.XMM[i] = [2]uint64(in.X[i][:2])
		s.YMMHigh[i] = [2]uint64(in.X[i][2:])
	}
	for i := range f.ST {
		f.ST[i].Mantissa, f.ST[i].SignExp = in.ST[i].Mant, in.ST[i].SE
	}
	o := p.host.Run()
	w := &p.want
	*w = result{kind: o.Kind, addr: o.Addr, write: o.Write, fetch: o.Fetch, text: o}
	w.R, w.Flags, w.PC, w.SegBase = s.R, s.Flags&native.FlagsMask, o.PC, s.GSBase
	w.MXCSR, w.FCW, w.FSW, w.FTW = f.MXCSR, f.FCW, f.FSW, f.FTW
	for i := range w.X {
		w.X[i] = Vec{f.XMM[i][0], f.XMM[i][1], s.YMMHigh[i][0], s.YMMHigh[i][1]}
	}
	for i := range f.ST {
		w.ST[i] = Float80{Mant: f.ST[i].Mantissa, SE: f.ST[i].SignExp}
	}
	if o.Kind == native.Breakpoint && e.row.Name != "int3" { // a branch went where nothing is
		w.kind = native.Done
		w.PC--
	}
}

func (p *pair) runGuest(e *encoding, in *input) {
	s := p.s
	*s = State{}
	copy(s.R[:], in.R[:])
	seg := GSBase
	if e.seg == prefixFS {
		seg = FSBase
	}
	s.R[seg] = in.SegBase
	s.SetFlags(in.Flags)
	s.SetPC(p.base + native.CodeOffset + uint64(e.at))
	for i := range in.X {
		s.V[i] = in.X[i]
		if !p.hasAVX {
			s.V[i][2], s.V[i][3] = 0, 0
		}
	}
	s.MXCSR = in.MXCSR
	f := &s.FPU
	f.CW, f.SW, f.Top, f.Tag = in.FCW, in.FSW&^0x3800, uint8(in.FSW>>11&7), in.FTW
	for i := range in.ST {
		f.ST[(int(f.Top)+i)&7] = in.ST[i]
	}
	p.th.Retired = 0
	stop := p.in.Run(p.th, 1)
	g := &p.got
	*g = result{text: stop}
	copy(g.R[:], s.R[:16])
	g.Flags, g.PC, g.SegBase = s.Flags()&native.FlagsMask, s.PC(), s.R[seg]
	g.X = [16]Vec(s.V[:16])
	g.MXCSR, g.FCW, g.FSW, g.FTW = s.MXCSR, f.CW, f.SW|uint16(f.Top)<<11, f.Tag
	for i := range g.ST {
		g.ST[i] = f.ST[(int(f.Top)+i)&7]
	}
	p.guestKind(stop, e)
}

// guestKind names the processor's exception that a stop stands for.
func (p *pair) guestKind(stop cpu.Stop, e *encoding) {
	g := &p.got
	switch stop.Kind {
	case cpu.StopBudget:
		g.kind = native.Done
		if p.th.Retired != 1 {
			g.kind = native.Other
		}
	case cpu.StopIllegal:
		g.kind = native.IllegalInstruction
	case cpu.StopArithmetic:
		g.kind = native.DivideError
		if p.want.kind == native.X87Error || p.want.kind == native.SIMDError {
			g.kind = p.want.kind // the stop does not tell them apart
		}
	case cpu.StopBreakpoint:
		g.kind = native.Breakpoint
	case cpu.StopFault:
		g.kind = native.PageFault
		g.addr, g.write, g.fetch = stop.Fault.Addr, stop.Fault.Access == memory.Write, stop.Fault.Access == memory.Exec
		if stop.Fault.Addr == 0 {
			g.kind, g.write = native.GeneralProtection, false
		}
	default:
		g.kind = native.Other
	}
}

// compare lists the differences between the two results, "" if none.
func (p *pair) compare(e *encoding) string {
	g, w := &p.got, &p.want
	ig := ignore{}
	if !p.intel {
		ig.flags |= uint64(e.row.FlagsUndefined())
	}
	if p.excuse(e, &ig) {
		return ""
	}
	if g.kind == w.kind && g.addr == w.addr && g.write == w.write && g.fetch == w.fetch && g.PC == w.PC && bytes.Equal(g.region, w.region) {
		a, b := g.registers, w.registers
		ig.apply(&a)
		ig.apply(&b)
		if a == b {
			return ""
		}
	}
	return p.describe(e, &ig)
}

// ignore is what is not compared.
type ignore struct {
	flags uint64
	fsw   uint16
	r     uint16 // general registers
	x     uint16 // vector registers
	st    uint8
	mxcsr uint32
	mmx   bool // x87 state: an MMX instruction that faults may have entered MMX mode before
}

func (ig *ignore) apply(r *registers) {
	r.Flags &^= ig.flags
	r.FSW &^= ig.fsw
	r.MXCSR &^= ig.mxcsr
	if ig.mmx {
		r.FSW &^= 7 << 11
		r.FTW = 0
		r.ST = [8]Float80{}
	}
	for m := ig.r; m != 0; m &= m - 1 {
		r.R[bits.TrailingZeros16(m)] = 0
	}
	for m := ig.x; m != 0; m &= m - 1 {
		r.X[bits.TrailingZeros16(m)] = Vec{}
	}
	for m := ig.st; m != 0; m &= m - 1 {
		r.ST[bits.TrailingZeros8(m)] = Float80{}
	}
}

// readable reports whether the page of an address in the region can be read.
func (p *pair) readable(addr uint64) bool {
	switch (addr - p.base) &^ (native.PageSize - 1) {
	case native.OpenOffset, native.OpenOffset + native.PageSize, native.EdgeOffset, native.ReadOnlyOffset, native.ReadOnlyOffset + native.PageSize,
		native.CodeOffset, native.CodeOffset + native.PageSize:
		return true
	}
	return false
}

func (p *pair) describe(e *encoding, ig *ignore) string {
	var b strings.Builder
	g, w := p.got.registers, p.want.registers
	ig.apply(&g)
	ig.apply(&w)
	line := func(name string, got, want any) {
		if got != want {
			fmt.Fprintf(&b, "  %-8s got %s, host %s\n", name, hexes(got), hexes(want))
		}
	}
	if p.got.kind != p.want.kind || p.got.addr != p.want.addr || p.got.write != p.want.write || p.got.fetch != p.want.fetch {
		fmt.Fprintf(&b, "  outcome  got %s, %d retired\n           host %s\n", p.got.text, p.th.Retired, p.want.text)
	}
	line("pc", g.PC, w.PC)
	for i := range g.R {
		line(regNames64[i], g.R[i], w.R[i])
	}
	if g.Flags != w.Flags {
		fmt.Fprintf(&b, "  flags    got %s, host %s\n", flagNames(g.Flags), flagNames(w.Flags))
	}
	for i := range g.X {
		line(fmt.Sprintf("ymm%d", i), g.X[i], w.X[i])
	}
	line("segbase", g.SegBase, w.SegBase)
	line("mxcsr", g.MXCSR, w.MXCSR)
	line("fcw", g.FCW, w.FCW)
	line("fsw", g.FSW, w.FSW)
	line("ftw", g.FTW, w.FTW)
	for i := range g.ST {
		line(fmt.Sprintf("st%d", i), g.ST[i], w.ST[i])
	}
	lo, _ := e.area.span()
	for i := range p.got.region {
		if p.got.region[i] != p.want.region[i] {
			at := i &^ 7
			addr := p.base + uint64(e.area.edge-hotReach+lo+at)
			fmt.Fprintf(&b, "  memory at %#x: got % x, host % x\n", addr, p.got.region[at:min(at+16, len(p.got.region))], p.want.region[at:min(at+16, len(p.got.region))])
			break
		}
	}
	return b.String()
}

func hexes(v any) string {
	switch v := v.(type) {
	case Vec:
		return fmt.Sprintf("%016x_%016x_%016x_%016x", v[3], v[2], v[1], v[0])
	case Float80:
		return fmt.Sprintf("%04x_%016x", v.SE, v.Mant)
	}
	return fmt.Sprintf("%#x", v)
}

// inputs prints what a person needs of the input to redo the instance by hand.
func (p *pair) inputs(e *encoding, in *input) string {
	var b strings.Builder
	for i := range in.R {
		fmt.Fprintf(&b, "%s=%x ", regNames64[i], in.R[i])
	}
	fmt.Fprintf(&b, "flags=%s segbase=%x", flagNames(in.Flags), in.SegBase)
	switch e.row.sec {
	case &x87Rows, &mmxRows:
		fmt.Fprintf(&b, "\n    fcw=%04x fsw=%04x ftw=%02x", in.FCW, in.FSW, in.FTW)
		for i := range in.ST {
			fmt.Fprintf(&b, " st%d=%s", i, hexes(in.ST[i]))
		}
	}
	if strings.ContainsAny(e.row.Ops, "VWUHL") {
		fmt.Fprintf(&b, "\n    mxcsr=%04x", in.MXCSR)
		for i := range in.X {
			fmt.Fprintf(&b, " ymm%d=%s", i, hexes(in.X[i]))
		}
	}
	if e.mem && e.base >= 0 {
		addr := in.R[e.base] + uint64(e.disp) + in.SegBase
		if e.index >= 0 {
			addr += in.R[e.index] << e.scale
		}
		addr = uint64(uint32(addr))
		if i := in.at(e, p.base, addr, 16); i >= 0 {
			fmt.Fprintf(&b, "\n    memory at %#x: %016x %016x", addr, binary.LittleEndian.Uint64(in.hot[i:]), binary.LittleEndian.Uint64(in.hot[i+8:]))
		} else {
			fmt.Fprintf(&b, "\n    memory at %#x", addr)
		}
	}
	fmt.Fprintf(&b, "\n    (%s edge at %#x)", e.area.name, p.base+uint64(e.area.edge))
	return b.String()
}
