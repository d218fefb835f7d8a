package x86

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/nuage-emu/nuage/cpu/x86/native"
)

// The second half of the generator: machine states for an encoding.

// registers is the part of a state that both sides have, in one form.
type registers struct {
	R       [16]uint64
	Flags   uint64
	PC      uint64
	SegBase uint64 // of the segment that the instance uses: FS for the guest may be GS for the host
	X       [16]Vec
	MXCSR   uint32
	FCW     uint16
	FSW     uint16
	FTW     uint8
	ST      [8]Float80
}

// input is what an instance starts from.
type input struct {
	registers
	hot    [2 * hotReach]byte // memory around the area's edge
	target uint64             // address of the memory operand
}

var edgeInts = []uint64{
	0, 1, 2, 3, 0x7F, 0x80, 0x81, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000,
	0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFF80, 0xFFFFFFFFFFFF8000, 0xFFFFFFFF80000000,
	0x0123456789ABCDEF, 0xAAAAAAAAAAAAAAAA, 31, 32, 63, 64, 15, 16,
}

var edgeDoubles = []uint64{
	0, 1 << 63, 0x3FF0000000000000, 0xBFF0000000000000, 0x7FF0000000000000, 0xFFF0000000000000, // 0 1 inf
	0x7FF8000000000000, 0xFFF8000000000000, 0x7FF0000000000001, 0xFFF4000000000000, 0x7FFFFFFFFFFFFFFF, // NaNs
	1, 0x000FFFFFFFFFFFFF, 0x0010000000000000, 0x7FEFFFFFFFFFFFFF, 0x8000000000000001, // denormals, limits
	0x3FE0000000000000, 0x4000000000000000, 0x3FF8000000000000, 0x3FF0000000000001, 0x3FEFFFFFFFFFFFFF,
	0x43E0000000000000, 0x41DFFFFFFFC00000, 0xC1E0000000000000, 0x43DFFFFFFFFFFFFF, 0xC3E0000000000000, 0x41E0000000000000, // integer limits
	0x47EFFFFFE0000000, 0x3810000000000000, 0x36A0000000000000, 0x380FFFFFE0000000, 0x47EFFFFFF0000000, // single limits
	0x4330000000000001, 0x3CA0000000000000,
}

var edgeSingles = []uint32{
	0, 1 << 31, 0x3F800000, 0xBF800000, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000, 0x7F800001, 0xFFA00000,
	1, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0x80000001, 0x3F000000, 0x40000000, 0x3FC00000, 0x3F800001, 0x3F7FFFFF,
	0x4F000000, 0xCF000000, 0x4EFFFFFF, 0x5F000000, 0xDF000000, 0x4B000001,
}

// edgeInt picks an integer: an edge, a small one, or any.
func edgeInt(rnd *rand.Rand) uint64 {
	switch rnd.IntN(8) {
	case 0, 1, 2:
		return edgeInts[rnd.IntN(len(edgeInts))]
	case 3:
		return uint64(rnd.IntN(256))
	case 4:
		return -uint64(rnd.IntN(256))
	case 5:
		return uint64(1)<<rnd.IntN(64) - uint64(rnd.IntN(2))
	}
	return rnd.Uint64()
}

func edgeSingle(rnd *rand.Rand) uint32 {
	switch rnd.IntN(4) {
	case 0, 1:
		return edgeSingles[rnd.IntN(len(edgeSingles))]
	case 2:
		return math.Float32bits(float32(rnd.NormFloat64() * math.Pow(2, float64(rnd.IntN(64)-32))))
	}
	return rnd.Uint32()
}

func edgeDouble(rnd *rand.Rand) uint64 {
	switch rnd.IntN(4) {
	case 0, 1:
		return edgeDoubles[rnd.IntN(len(edgeDoubles))]
	case 2:
		return math.Float64bits(rnd.NormFloat64() * math.Pow(2, float64(rnd.IntN(128)-64)))
	}
	return rnd.Uint64()
}

// lane picks 64 bits of a vector: integers, singles or a double.
func lane(rnd *rand.Rand) uint64 {
	switch rnd.IntN(4) {
	case 0:
		return edgeInt(rnd)
	case 1:
		return edgeDouble(rnd)
	case 2:
		return uint64(edgeSingle(rnd)) | uint64(edgeSingle(rnd))<<32
	}
	return rnd.Uint64()
}

// edge80 picks an x87 value, unsupported encodings included.
func edge80(rnd *rand.Rand) Float80 {
	sign := uint16(rnd.IntN(2)) << 15
	switch rnd.IntN(12) {
	case 0:
		return Float80{SE: sign}
	case 1:
		return Float80{Mant: 1 << 63, SE: sign | 0x7FFF}
	case 2:
		return Float80{Mant: 3<<62 | rnd.Uint64()>>2, SE: sign | 0x7FFF} // quiet
	case 3:
		return Float80{Mant: 2<<62 | rnd.Uint64()>>2 | 1, SE: sign | 0x7FFF} // signalling
	case 4:
		return Float80{Mant: rnd.Uint64() >> (1 + rnd.IntN(63)), SE: sign} // denormal
	case 5:
		return Float80{Mant: rnd.Uint64(), SE: uint16(rnd.Uint32())} // anything
	case 6:
		return Float80{Mant: 1 << 63, SE: sign | uint16(16383-70+rnd.IntN(140))} // a power of two
	case 7, 8:
		return Float80{Mant: 1<<63 | rnd.Uint64()<<rnd.IntN(64), SE: sign | uint16(16383-4+rnd.IntN(8))} // near one
	case 9:
		return Float80{Mant: 1<<63 | rnd.Uint64()<<rnd.IntN(64), SE: sign | uint16(16383+rnd.IntN(66))} // integer range
	case 10:
		return Float80{Mant: 1<<63 | rnd.Uint64(), SE: sign | []uint16{1, 2, 0x7FFE, 0x7FFD, 16383 - 1022, 16383 + 1023, 16383 - 126, 16383 + 127}[rnd.IntN(8)]}
	}
	return Float80{Mant: 1<<63 | rnd.Uint64(), SE: sign | uint16(1+rnd.IntN(0x7FFD))}
}

func mxcsr(rnd *rand.Rand) uint32 {
	v := uint32(0x1F80)
	if chance(rnd, 1, 2) {
		v |= uint32(rnd.IntN(4))<<13 | uint32(rnd.IntN(64))
		if chance(rnd, 1, 3) {
			v |= []uint32{1 << 6, 1 << 15, 1<<15 | 1<<6}[rnd.IntN(3)]
		}
	}
	if chance(rnd, 1, 8) {
		v &^= uint32(rnd.IntN(64)) << 7
	}
	return v
}

// x87 picks control, status and tags. The summary bits follow from the others,
// as they do in a processor.
func (g *input) x87(rnd *rand.Rand) {
	g.FCW = 0x37F
	if chance(rnd, 1, 2) {
		g.FCW = 0x7F | []uint16{0, 2, 3}[rnd.IntN(3)]<<8 | uint16(rnd.IntN(4))<<10
	}
	if chance(rnd, 1, 8) {
		g.FCW &^= uint16(rnd.IntN(64))
	}
	g.FSW = uint16(rnd.IntN(8)) << 11
	if chance(rnd, 1, 4) {
		g.FSW |= uint16(rnd.Uint32()) & 0x477F
	} else {
		g.FSW |= uint16(rnd.Uint32()) & 0x4700
	}
	if g.FSW&^g.FCW&0x3F != 0 {
		if chance(rnd, 1, 4) {
			g.FSW |= 0x8080
		} else {
			g.FSW &^= 0x3F
		}
	}
	g.FTW = []uint8{0xFF, 0xFF, 0, uint8(rnd.Uint32())}[rnd.IntN(4)]
	for i := range g.ST {
		g.ST[i] = edge80(rnd)
	}
}

// randomBytes is where memory contents come from: a window into it is cheaper
// than as many random numbers.
var randomBytes = func() []byte {
	b := make([]byte, 1<<16)
	r := rand.New(rand.NewPCG(1, 2))
	for i := 0; i < len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], lane(r))
	}
	return b
}()

var laneStore = func() (s [1 << 14]uint64) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range s {
		s[i] = lane(r)
	}
	return s
}()

// at returns the offset in hot of an address, or -1 if n bytes there are not
// in it.
func (g *input) at(e *encoding, region, addr uint64, n int) int {
	off := int64(addr) - int64(region) - int64(e.area.edge) + hotReach
	if off < 0 || off+int64(n) > int64(len(g.hot)) {
		return -1
	}
	return int(off)
}

// put writes v at addr if that lies in hot.
func (g *input) put(e *encoding, region, addr, v uint64) {
	if i := g.at(e, region, addr, 8); i >= 0 && !(e.area.readOnly && i+8 > hotReach) {
		binary.LittleEndian.PutUint64(g.hot[i:], v)
	}
}

// holds reports whether reading the 8 bytes at addr gives v or faults.
func (g *input) holds(e *encoding, region, addr, v uint64) bool {
	i := g.at(e, region, addr, 8)
	if i < 0 {
		return false
	}
	if !e.area.low && i < hotReach || !e.area.high && i+8 > hotReach {
		return true
	}
	return binary.LittleEndian.Uint64(g.hot[i:]) == v
}

// prepare fills in a state for e. region is the address of the region. It
// reports false if the dice fell badly.
func (g *input) prepare(rnd *rand.Rand, e *encoding, region uint64) bool {
	for i := range g.R {
		g.R[i] = edgeInt(rnd)
	}
	for i := range g.X {
		// Mostly from a store, which is cheaper than making them.
		if n := rnd.Uint64(); n>>60 != 0 {
			const k = uint64(len(laneStore))
			g.X[i] = Vec{laneStore[n%k], laneStore[n>>14%k], laneStore[n>>28%k], laneStore[n>>42%k]}
		} else {
			g.X[i] = Vec{lane(rnd), lane(rnd), lane(rnd), lane(rnd)}
		}
	}
	g.Flags = rnd.Uint64() & native.FlagsMask
	if chance(rnd, 3, 4) {
		g.Flags &^= FlagD
	}
	g.MXCSR = mxcsr(rnd)
	g.x87(rnd)
	copy(g.hot[:], randomBytes[rnd.IntN(len(randomBytes)-len(g.hot)):])
	if e.area.readOnly {
		clear(g.hot[hotReach:]) // as it is on both sides
	}
	g.SegBase = e.segBase
	edge := region + uint64(e.area.edge)
	hot := func() uint64 { return edge + uint64(e.place(rnd)) }
	pc := region + native.CodeOffset + uint64(e.at)

	fixed := g.implicit(rnd, e, hot)
	target, ok := g.address(rnd, e, fixed, hot)
	if !ok {
		return false
	}
	g.target = target
	if e.splitsLock(target) {
		return false
	}
	if e.mem || e.moffs {
		g.operand(rnd, e, region, target)
	}
	return g.special(rnd, e, region, pc, target)
}

// implicit gives the registers that an instruction uses as addresses or counts
// without saying so their values, and returns which.
func (g *input) implicit(rnd *rand.Rand, e *encoding, hot func() uint64) (fixed uint32) {
	r := e.row
	set := func(reg int, v uint64) {
		if e.addr32 && reg != RSP && reg != RBP {
			v = v&0xFFFFFFFF | rnd.Uint64()<<32
		}
		g.R[reg] = v
		fixed |= 1 << reg
	}
	if r.isStack() {
		set(RSP, hot())
	}
	switch r.Name {
	case "enter", "leave":
		set(RBP, hot())
	case "maskmovdqu", "maskmovq", "vmaskmovdqu":
		set(RDI, hot()-g.SegBase)
	case "xlatb":
		set(RBX, hot()-g.R[RAX]&0xFF-g.SegBase)
	case "loop", "loope", "loopne", "jrcxz", "jecxz", "jecxz/jrcxz":
		set(RCX, uint64(rnd.IntN(3)))
	}
	if r.hasMethod('X') {
		set(RSI, hot()-g.SegBase)
	}
	if r.hasMethod('Y') && !strings.Contains(r.Name, "maskmov") {
		set(RDI, hot())
	}
	if e.rep {
		n := uint64(rnd.IntN(8))
		if chance(rnd, 1, 4) {
			n = uint64(rnd.IntN(48))
		}
		set(RCX, n)
	}
	return fixed
}

// address solves base, index and displacement for a place in the area.
func (g *input) address(rnd *rand.Rand, e *encoding, fixed uint32, hot func() uint64) (uint64, bool) {
	if !e.mem {
		return e.target, true
	}
	free := func(reg int) bool { return fixed&(1<<reg) == 0 }
	target := hot()
	low := func(v uint64) uint64 { return v }
	if e.addr32 {
		high := rnd.Uint64() << 32
		low = func(v uint64) uint64 { return v&0xFFFFFFFF | high }
	}
	disp := uint64(e.disp)
	if e.row.vsib != 0 {
		return g.indices(rnd, e, low, hot), true
	}
	offset := target - g.SegBase
	switch {
	case e.base < 0 && e.index < 0:
		return e.target, true
	case e.base < 0: // the index must be a multiple away
		if !free(e.index) {
			return 0, false
		}
		i := (offset - disp) >> e.scale
		if int64(offset-disp) < 0 {
			i = uint64(int64(offset-disp) >> e.scale)
		}
		g.R[e.index] = low(i)
		return i<<e.scale + disp + g.SegBase, true
	case e.index == e.base:
		if !free(e.base) {
			return 0, false
		}
		v := uint64(int64(offset-disp) / (1 + 1<<e.scale))
		g.R[e.base] = low(v)
		return v + v<<e.scale + disp + g.SegBase, true
	case !free(e.base):
		i := uint64(0)
		if e.index >= 0 {
			if !free(e.index) || int64(e.disp) != int64(int8(e.disp)) {
				return 0, false
			}
			i = uint64(rnd.IntN(16))
			g.R[e.index] = low(i)
		}
		if int64(e.disp) != int64(int8(e.disp)) {
			return 0, false
		}
		return g.R[e.base] + i<<e.scale + disp + g.SegBase, true
	}
	i := uint64(0)
	if e.index >= 0 {
		if !free(e.index) {
			return 0, false
		}
		i = g.R[e.index]
	}
	g.R[e.base] = low(offset - disp - i<<e.scale)
	return target, true
}

// splitsLock reports whether the instance is a locked access across cache
// lines. Kernels punish these with up to a fifth of a second each.
func (e *encoding) splitsLock(target uint64) bool {
	locked := e.mem && e.row.Name == "xchg"
	for _, p := range e.prefixes {
		locked = locked || p == prefixLock
	}
	if !locked {
		return false
	}
	if strings.HasPrefix(e.row.Name, "bt") && e.row.digit() < 0 {
		return target&7 != 0 // the access may be a multiple of the operand's size away
	}
	return target&63 > 56
}

// indices sets the base and the elements of the index register of a VSIB
// operand, so that each element lies in the area.
func (g *input) indices(rnd *rand.Rand, e *encoding, low func(uint64) uint64, hot func() uint64) uint64 {
	origin := uint64(e.disp) + g.SegBase
	if e.base >= 0 {
		g.R[e.base] = low(hot() - origin)
		origin += g.R[e.base]
	}
	v := &g.X[e.vindex]
	for i := range v {
		if e.row.vsib == 64 {
			v[i] = uint64(int64(hot()-origin) >> e.scale)
			continue
		}
		v[i] = 0
		for n := 0; n < 64; n += 32 {
			v[i] |= uint64(uint32(int64(int32(hot()-origin))>>e.scale)) << n
		}
	}
	if chance(rnd, 1, 2) {
		for i := range g.X[e.vvvv] {
			g.X[e.vvvv][i] |= 0x8000000080000000
		}
	}
	return hot()
}

// operand puts an interesting value where the memory operand is.
func (g *input) operand(rnd *rand.Rand, e *encoding, region, target uint64) {
	switch {
	case e.row.sec == &x87Rows && chance(rnd, 1, 2):
		v := edge80(rnd)
		g.put(e, region, target+8, uint64(v.SE)|rnd.Uint64()<<16)
		g.put(e, region, target, v.Mant)
	case chance(rnd, 3, 4):
		g.put(e, region, target, lane(rnd))
		g.put(e, region, target+8, lane(rnd))
	}
}

// strings gives the string comparisons operands with few different elements,
// and nulls and lengths within the register.
func (g *input) strings(rnd *rand.Rand, e *encoding, region, target uint64) {
	few := func() uint64 {
		v := rnd.Uint64() & 0x0303030303030303
		switch rnd.IntN(4) {
		case 0:
			v |= 0x0404040404040404 // no nulls
		case 1:
			v = v&0x0003000300030003 | 0x0001000100010001 // words
		case 2:
			v |= 0x8000000000000000 >> (8 * rnd.IntN(8))
		}
		return v
	}
	if chance(rnd, 3, 4) {
		g.X[e.modrm>>3&7|e.rex&rexR<<1] = Vec{few(), few(), rnd.Uint64(), rnd.Uint64()}
		g.X[e.modrm&7|e.rex&rexB<<3] = Vec{few(), few(), rnd.Uint64(), rnd.Uint64()}
		if e.mem {
			g.put(e, region, target, few())
			g.put(e, region, target+8, few())
		}
	}
	for _, r := range []int{RAX, RDX} {
		if chance(rnd, 3, 4) && !(e.mem && (e.base == r || e.index == r)) {
			g.R[r] = uint64(rnd.IntN(40) - 20)
		}
	}
}

// special looks after rows whose operands must not be just anything.
func (g *input) special(rnd *rand.Rand, e *encoding, region, pc, target uint64) bool {
	rm := int(e.modrm&7 | e.rex&rexB<<3)
	reg := int(e.modrm>>3&7 | e.rex&rexR<<1)
	rnd64 := rnd.Uint64()
	if e.row.Attr&RepZ != 0 && chance(rnd, 1, 2) {
		g.alike(rnd, e)
	}
	if e.row.loadsSegment() {
		return g.selectors(rnd, e, region, target, rm)
	}
	if name := e.row.legacyName(); strings.HasPrefix(name, "pcmpestr") || strings.HasPrefix(name, "pcmpistr") {
		g.strings(rnd, e, region, target)
		return true
	}
	switch name := e.row.Name; name {
	case "jmp", "call":
		if !e.row.modrm {
			break
		}
		to := landing(rnd, pc, e.at)
		switch {
		case e.mem:
			g.put(e, region, target, to)
			return g.holds(e, region, target, to)
		case rm == RSP && name == "call":
			return false
		default:
			g.R[rm] = to
		}
	case "ret":
		to := landing(rnd, pc, e.at)
		g.put(e, region, g.R[RSP], to)
		return g.holds(e, region, g.R[RSP], to)
	case "popf/popfd/popfq":
		g.put(e, region, g.R[RSP], rnd64&native.FlagsMask)
	case "bt", "bts", "btr", "btc":
		if e.mem && e.row.digit() < 0 { // the bit offset moves the address
			if reg == e.base || reg == e.index {
				return false
			}
			g.R[reg] = uint64(int64(rnd.IntN(2048) - 1024))
			if chance(rnd, 3, 4) && e.rex&rexW == 0 {
				g.R[reg] = g.R[reg]&0xFFFFFFFF | rnd64<<32 // ignored by the smaller sizes
			}
			for _, p := range e.prefixes {
				if p == 0x66 && e.rex&rexW == 0 {
					g.R[reg] = g.R[reg]&0xFFFF | rnd64<<16
				}
			}
		}
	case "cmpxchg", "cmpxchg8b", "cmpxchg16b", "cmpxchg8b/cmpxchg16b":
		if !chance(rnd, 1, 2) {
			break
		}
		if !e.mem {
			g.R[RAX] = g.R[rm]
			break
		}
		if i := g.at(e, region, target, 16); i >= 0 && e.base != RAX && e.index != RAX && e.base != RDX && e.index != RDX {
			g.R[RAX] = binary.LittleEndian.Uint64(g.hot[i:])
			g.R[RDX] = binary.LittleEndian.Uint64(g.hot[i+8:])
			if e.rex&rexW == 0 && name != "cmpxchg" {
				g.R[RDX] = g.R[RAX] >> 32
			}
		}
	case "div", "idiv":
		keep := func(r int) bool { return e.mem && (e.base == r || e.index == r) }
		if chance(rnd, 3, 4) && !keep(RDX) {
			g.R[RDX] = []uint64{0, 0, ^uint64(0), 1, 2}[rnd.IntN(5)]
		}
		if chance(rnd, 1, 2) && !keep(RAX) {
			g.R[RAX] = []uint64{uint64(rnd.IntN(300)), -uint64(rnd.IntN(300)), rnd64}[rnd.IntN(3)]
		}
	case "ldmxcsr":
		g.put(e, region, target, uint64(mxcsr(rnd)))
		if chance(rnd, 1, 16) {
			g.put(e, region, target, rnd64)
		}
	case "fxrstor", "fxrstor64":
		g.put(e, region, target+24, uint64(mxcsr(rnd)))
	}
	return true
}

// alike fills memory with elements of which most are the same, and rax with one
// of these, so that comparisons go on.
func (g *input) alike(rnd *rand.Rand, e *encoding) {
	v := lane(rnd)
	if chance(rnd, 1, 2) {
		v = v & 0xFF * 0x0101_0101_0101_0101
	}
	end := len(g.hot)
	if e.area.readOnly {
		end = hotReach
	}
	g.R[RAX] = v
	for i := 0; i < end; i += 8 {
		binary.LittleEndian.PutUint64(g.hot[i:], v)
	}
	for range rnd.IntN(100) {
		g.hot[rnd.IntN(end)]++
	}
}

// selectors makes every selector that the instruction could load one that
// reaches no descriptor: the host then refuses the load, as the interpreter
// refuses all of them, and keeps its own segments.
func (g *input) selectors(rnd *rand.Rand, e *encoding, region, target uint64, rm int) bool {
	const none = 0xFFFF // in the local descriptor table, which is empty
	selector := uint64(none)
	if n := e.row.Name; n[0] == 'v' || n == "lar" || n == "lsl" { // these only look
		selector = []uint64{none, 0, 1, 2, 3, rnd.Uint64()&^0xFFF8 | 4}[rnd.IntN(6)] & none
	}
	at, size := target, uint64(16)
	switch {
	case e.row.isStack():
		at, size = g.R[RSP], 40
	case !e.mem:
		if rm == RSP && e.row.isStack() {
			return false
		}
		g.R[rm] = g.R[rm]&^none | selector
		return true
	}
	fill := selector * 0x0001_0001_0001_0001
	for i := uint64(0); i < size; i += 8 {
		g.put(e, region, at+i, fill)
	}
	for i := uint64(0); i < size; i += 8 {
		if !g.holds(e, region, at+i, fill) {
			return false
		}
	}
	return true
}
