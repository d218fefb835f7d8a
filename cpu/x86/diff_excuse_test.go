package x86

import (
	"math"
	"strings"

	"github.com/nuage-emu/nuage/cpu/x86/native"
)

// What may differ from the host, and why. Everything here was seen on a
// processor and is either undefined in the manual, or a property of one
// processor that no program can rely on, or (approximations) bounded only.

// x87 status bits.
const (
	bitC0 = 1 << 8
	bitC1 = 1 << 9
	bitC2 = 1 << 10
	bitC3 = 1 << 14
	bitPE = 1 << 5
	bitUE = 1 << 4
	bitOE = 1 << 3
)

// excuse adjusts the results and says in ig what not to compare; true means
// that nothing can be compared.
func (p *pair) excuse(e *encoding, ig *ignore) bool {
	g, w := &p.got, &p.want
	name := e.row.legacyName()
	if w.kind == native.PageFault && g.kind == native.PageFault {
		p.alikeFaults(e)
	}
	if low, ok := hostsOwn[name]; ok {
		for _, r := range low {
			const half = 0xFFFFFFFF
			g.R[r] = g.R[r]&^half | w.R[r]&half
		}
	}
	if name == "rdrand" || name == "rdseed" {
		if w.Flags&FlagC == 0 {
			return true // the host's generator had none ready
		}
		r, mask := e.modrm&7|e.rex&rexB<<3, e.sizeMask()
		g.R[r] = g.R[r]&^mask | w.R[r]&mask
	}
	switch {
	case name == "int1" && w.kind == native.Done && g.kind == native.Breakpoint:
		g.kind = native.Done // the harness lets debug exceptions pass
	case name == "rol" || name == "ror":
		if e.row.opcode == 0xC0 || e.row.opcode == 0xC1 {
			// By an immediate other than 1: OF is undefined, and this
			// processor leaves it alone, unlike with a count in CL.
			ig.flags |= FlagO
		}
	case (name == "maskmovq" || name == "maskmovdqu") && w.kind == native.PageFault && g.kind == native.Done:
		return true // a processor may fault for bytes that the mask leaves out (Vol. 2B, MASKMOVDQU)
	case strings.HasPrefix(name, "rcp"), strings.HasPrefix(name, "rsqrt"):
		p.approximation(e)
	case e.row.sec == &x87Rows || strings.HasPrefix(name, "f") && e.row.opcode >= 0xD8 && e.row.opcode <= 0xDF && e.row.mapIndex == 0:
		return p.excuseX87(e, ig)
	}
	if e.rep && e.addr32 && (uint32(p.start[RCX]) == 0 || w.kind == native.PageFault) {
		// Before the first iteration is done some have cleared the upper halves.
		for _, r := range []int{RCX, RSI, RDI} {
			g.R[r], w.R[r] = uint64(uint32(g.R[r])), uint64(uint32(w.R[r]))
		}
	}
	if w.kind != native.Done && e.row.usesMMX() {
		ig.mmx = true // a faulting instruction may have entered MMX mode before
	}
	if w.kind == native.SIMDError && w.MXCSR&^(w.MXCSR>>7)&bitUE != 0 {
		ig.mxcsr |= bitPE // an underflow trap: PE is of a result that nobody sees
	}
	return false
}

// legacyName is the name without the v of a VEX encoding.
func (r *Row) legacyName() string {
	if r.vex {
		return strings.TrimPrefix(r.Name, "v")
	}
	return r.Name
}

// hostsOwn lists the instructions whose results are the host's own, and the
// registers whose lower halves have them. All else is compared: the upper
// halves, the flags, that nothing else changes.
var hostsOwn = map[string][]int{
	"cpuid":  {RAX, RBX, RCX, RDX},
	"rdtsc":  {RAX, RDX},
	"rdtscp": {RAX, RCX, RDX},
	"xgetbv": {RAX, RDX},
}

// sizeMask covers the bits of the operand size.
func (e *encoding) sizeMask() uint64 {
	switch {
	case e.rex&rexW != 0:
		return math.MaxUint64
	case strings.IndexByte(string(e.prefixes), 0x66) >= 0:
		return math.MaxUint16
	}
	return math.MaxUint32
}

// environment is the guest's outside world: rows that ask it are compared in
// part (see hostsOwn).
type environment struct{}

func (environment) Cycles() uint64  { return 0x123456789ABCDEF }
func (environment) Entropy() uint64 { return 0xFEDCBA9876543210 }

// alikeFaults makes the guest's account of a page fault the host's where they
// may differ.
func (p *pair) alikeFaults(e *encoding) {
	g, w := &p.got, &p.want
	if w.write && !p.readable(w.addr) || e.mem && e.row.isStack() {
		// Intel processors probe the destination of a read-modify-write for
		// writing at once; where nothing can be read either, a fault may say
		// that the reading was refused. And the order of two accesses is free.
		g.write = w.write
	}
	ops := e.row.Operands()
	const block = 15
	switch {
	case strings.HasPrefix(e.row.Name, "fx"), strings.Contains(e.row.Name, "maskmov"),
		len(ops) > 0 && (ops[0].Type == 'a' || ops[0].Type == 't'):
		// Microcode probes and writes parts of large operands in an order of
		// its own.
		if g.addr&^(native.PageSize-1) == w.addr&^(native.PageSize-1) {
			g.addr = w.addr
		}
		g.region = w.region
	case e.row.hasMethod('X') && e.row.hasMethod('Y'):
		// Both operands may be refused; which is tried first is free.
		if g.addr&^(native.PageSize-1) == w.addr&^(native.PageSize-1) {
			g.addr, g.write = w.addr, w.write
		}
	case e.row.Name == "enter":
		g.region = w.region // the frame is in memory when the last check fails
		if g.addr&^block == w.addr&^block {
			g.addr, g.write = w.addr, w.write
		}
	case g.addr&^block == w.addr&^block:
		// The window form learns addresses from the host, whose access may
		// have been an aligned one around the guest's: memory.Probe.
		g.addr = w.addr
	}
}

// transcendental lists the x87 functions that we compute ourselves, within one
// unit in the last place of the host's results.
var transcendental = map[string]bool{"f2xm1": true, "fptan": true, "fpatan": true, "fyl2x": true, "fyl2xp1": true, "fsin": true, "fcos": true, "fsincos": true}

func (p *pair) excuseX87(e *encoding, ig *ignore) bool {
	g, w := &p.got, &p.want
	name := e.row.Name
	if w.FSW&^w.FCW&(bitUE|bitOE) != 0 {
		ig.fsw |= bitPE | bitC1 // trapped: of a result that nobody sees
	}
	switch {
	case strings.HasPrefix(name, "fcmov"), strings.HasPrefix(name, "fcomi"), strings.HasPrefix(name, "fucomi"),
		name == "ffree", name == "fxch", name == "fld":
		ig.fsw |= bitC1 // undefined, or of two stack faults at once
	case strings.HasPrefix(name, "fprem"):
		if w.ST[0].SE&0x7FFF == 0x7FFF || w.FSW&1 != 0 {
			ig.fsw |= bitC0 | bitC1 | bitC3 // no quotient
		}
	case transcendental[name]:
		ig.fsw |= bitC1 // which way the host's approximation was rounded
		if w.FSW&0x40 != 0 {
			ig.fsw |= bitC2 // stack fault
		}
		for i := range 2 {
			if w.FCW&bitUE == 0 && (g.FSW^w.FSW)&bitUE != 0 && within1(unwrapped(g.ST[i], g.FSW), unwrapped(w.ST[i], w.FSW)) {
				ig.fsw |= bitUE | bitPE | fswES | fswB // one of them is tiny, and wrapped
				g.ST[i] = w.ST[i]
			}
			if within1(g.ST[i], w.ST[i]) {
				if g.ST[i] != w.ST[i] && g.ST[i].SE&0x7FFF <= 1 {
					ig.fsw |= bitUE // one of them is tiny
				}
				g.ST[i] = w.ST[i]
			}
		}
		if outOfDomain(name, p.startST) {
			return true
		}
	}
	return false
}

// unwrapped is the result of an underflow that was delivered with its exponent
// moved up, where that lies just below the smallest normal number.
func unwrapped(v Float80, fsw uint16) Float80 {
	if fsw&bitUE != 0 && v.SE&0x7FFF == 24576 && v.Mant == math.MaxUint64 {
		return Float80{Mant: 1<<63 - 1, SE: v.SE &^ 0x7FFF} // as good as its neighbour in the denormals
	}
	return v
}

// within1 reports whether two finite values differ by at most one unit in the
// last place.
func within1(a, b Float80) bool {
	if a.SE>>15 != b.SE>>15 {
		return false
	}
	x, y := a.Mant, b.Mant
	switch {
	case a.SE == b.SE:
		return x-y+1 <= 2
	case a.SE|b.SE|1<<15 == 1<<15|1: // a denormal and the smallest normal number
		return x-y+1 <= 2
	case a.SE == b.SE+1:
		return x == 1<<63 && y == math.MaxUint64
	case b.SE == a.SE+1:
		return y == 1<<63 && x == math.MaxUint64
	}
	return false
}

// outOfDomain reports operands for which the manual leaves the result open.
func outOfDomain(name string, st [8]Float80) bool {
	e := st[0].SE & 0x7FFF
	switch name {
	case "f2xm1": // beyond -1 to 1
		return e >= 0x3FFF && !(e == 0x3FFF && st[0].Mant == 1<<63)
	case "fyl2xp1": // beyond ±(1 - sqrt(2)/2), about 0.29
		return e >= 0x3FFD
	}
	return false
}

// approximation accepts lanes within twice the bound of RCPPS and RSQRTPS:
// both sides may be off by 1.5 * 2^-12.
func (p *pair) approximation(e *encoding) {
	const bound = 2 * 1.5 / 4096
	for i := range p.got.X {
		for j := range 4 {
			g, w := &p.got.X[i][j], p.want.X[i][j]
			for shift := 0; shift < 64; shift += 32 {
				a, b := math.Float32frombits(uint32(*g>>shift)), math.Float32frombits(uint32(w>>shift))
				if d := math.Abs(float64(a) - float64(b)); d <= bound*math.Abs(float64(b)) {
					*g = *g&^(0xFFFFFFFF<<shift) | w>>shift&0xFFFFFFFF<<shift
				}
			}
		}
	}
}

func (r *Row) usesMMX() bool { return r.hasMethod('P') || r.hasMethod('Q') || r.hasMethod('N') }
