package x86

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/nuage-emu/nuage/cpu/x86/native"
)

// Edge operands. A walk is the product of what an instance's operands can be:
// every edge of an integer for a general register, every edge of the lane type
// for a vector (all combinations in every lane),
// every class of number for an x87 register, every combination of the flags
// read, every rounding, flushing and masking. The short run draws points of
// the product at random; with -diff.edges all of them are visited.

// dimension is one factor of the product.
type dimension struct {
	n   int
	set func(g *input, i int)
}

type walk struct {
	dims  []dimension
	total int
}

func (w *walk) add(n int, set func(g *input, i int)) {
	if n > 1 {
		w.dims = append(w.dims, dimension{n, set})
		w.total *= n
	}
}

// set brings point k of the product into the input.
func (w *walk) set(g *input, k int) {
	for i := range w.dims {
		d := &w.dims[i]
		d.set(g, k%d.n)
		k /= d.n
	}
}

// Integer edges by width in bytes: zero, one, the sign boundary, all ones and
// what lies beside them, carries out of nibbles and bytes.
var intEdges = map[int][]uint64{
	1: {0, 1, 2, 9, 0x0F, 0x10, 0x7E, 0x7F, 0x80, 0x81, 0x99, 0xFE, 0xFF},
	2: {0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x5555, 0x7FFE, 0x7FFF, 0x8000, 0x8001, 0xFF00, 0xFFFE, 0xFFFF},
	4: {0, 1, 2, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0xAAAAAAAA, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFF8000, 0xFFFFFFFE, 0xFFFFFFFF},
	8: {0, 1, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000, 0x5555555555555555, 0x7FFFFFFFFFFFFFFE, 0x7FFFFFFFFFFFFFFF,
		0x8000000000000000, 0x8000000000000001, 0xFFFFFFFF00000000, 0xFFFFFFFF80000000, 0xFFFFFFFFFFFFFFFE, 0xFFFFFFFFFFFFFFFF},
}

// countEdges are the counts of shifts: all that matter, and some that are cut.
var countEdges = func() (list []uint64) {
	for n := range uint64(68) {
		list = append(list, n)
	}
	return append(list, 127, 128, 129, 255)
}()

// halfEdges, wideSingles and wideDoubles: zeros, ones, infinities, quiet and
// signalling NaNs, denormals, limits, and what rounds to a tie.
var halfEdges = []uint16{0, 1 << 15, 0x3C00, 0xBC00, 0x7C00, 0xFC00, 0x7E00, 0xFE01, 0x7C01, 0xFDFF, 1, 0x8001, 0x03FF, 0x0400, 0x7BFF, 0xFBFF, 0x3555}

// fewSingles and fewDoubles are for the products of three operands.
var (
	fewSingles = []uint32{0, 1 << 31, 0x3F800000, 0xBF800001, 0x7F800000, 0xFF800000, 0x7FC00001, 0xFFA00002, 1, 0x807FFFFF, 0x00800000, 0x7F7FFFFF, 0x33800000, 0x4B000001}
	fewDoubles = []uint64{0, 1 << 63, 0x3FF0000000000000, 0xBFF0000000000001, 0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000001, 0xFFF4000000000002,
		1, 0x800FFFFFFFFFFFFF, 0x0010000000000000, 0x7FEFFFFFFFFFFFFF, 0x3CA0000000000000, 0x4330000000000001}
)

// edges80 are the x87's: all classes of table 8-3 of Vol. 1, and ties.
var edges80 = func() (list []Float80) {
	for _, v := range []Float80{
		{0, 0}, {1 << 63, 0x3FFF}, {1 << 63, 0x4000}, {3 << 62, 0x3FFF}, {1 << 63, 0x3FFE}, // 0 1 2 1.5 0.5
		{1 << 63, 0x7FFF}, {3 << 62, 0x7FFF}, {3<<62 | 5, 0x7FFF}, {1<<63 | 5, 0x7FFF}, // infinity, NaNs
		{1, 0}, {1<<63 - 1, 0}, {1 << 63, 0}, {1 << 63, 1}, {1<<64 - 1, 0x7FFE}, // denormals, limits
		{1 << 62, 0x3FFF}, {0, 0x3FFF}, {0, 0x7FFF}, {1 << 62, 0x7FFF}, // unsupported
		{1<<64 - 1, 0x3FFE}, {1<<63 | 1, 0x3FFF}, {1 << 63, 0x3FBF}, // next to one; half a unit of its last place
		{1<<63 | 1<<39, 0x3FFF}, {1<<63 | 1<<10, 0x3FFF}, // ties of single and double precision
		{1 << 63, 0x3FFF + 15}, {1 << 63, 0x3FFF + 31}, {1 << 63, 0x3FFF + 63}, {1<<64 - 1, 0x3FFF + 62}, // integer limits
		{0xC90FDAA22168C235, 0x3FFF}, {1<<63 | 1<<39, 0x3FFF - 127}, {1<<63 | 1<<10, 0x3FFF + 1023},
	} {
		list = append(list, v, Float80{v.Mant, v.SE | 1<<15})
	}
	return list
}()

// bcdEdges are packed decimals, the first eight bytes and the last two.
var bcdEdges = [][2]uint64{{0, 0}, {0, 0x8000}, {1, 0}, {0x9999999999999999, 0x0099}, {0x9999999999999999, 0x8099}, {0x1234567890123456, 0x0078}, {0x0A, 0}, {0xFFFFFFFFC0000000, 0xFFFF}}

var mxcsrEdges = func() (list []uint32) {
	for rounding := range uint32(4) {
		for _, flush := range []uint32{0, 1 << 6, 1 << 15, 1<<15 | 1<<6} {
			list = append(list, 0x1F80|rounding<<13|flush, rounding<<13|flush)
		}
	}
	for i := range 6 {
		list = append(list, 0x1F80&^(1<<(7+i)), 1<<(7+i))
	}
	return append(list, 0x1FA0, 0x1FBF)
}()

var fcwEdges = func() (list []uint16) {
	for rounding := range uint16(4) {
		for _, precision := range []uint16{0, 2, 3} {
			list = append(list, 0x7F|precision<<8|rounding<<10)
		}
	}
	for i := range 6 {
		list = append(list, 0x37F&^(1<<i))
	}
	return append(list, 0x340, 0xF40)
}()

// laneType is what a vector row computes with.
type laneType uint8

const (
	lane8 laneType = iota
	lane16
	lane32
	lane64
	laneHalf
	laneSingle
	laneDouble
)

func (l laneType) float() bool { return l >= laneHalf }

var laneBytes = [...]int{lane8: 1, lane16: 2, lane32: 4, lane64: 8, laneHalf: 2, laneSingle: 4, laneDouble: 8}

// edges returns the lane's edges, few of them for products of three.
func (l laneType) edges(operands int) []uint64 {
	widen := func(v []uint32) (r []uint64) {
		for _, x := range v {
			r = append(r, uint64(x))
		}
		return r
	}
	switch l {
	case laneHalf:
		var r []uint64
		for _, x := range halfEdges {
			r = append(r, uint64(x))
		}
		return r
	case laneSingle:
		if operands > 2 {
			return widen(fewSingles)
		}
		return widen(edgeSingles)
	case laneDouble:
		if operands > 2 {
			return fewDoubles
		}
		return edgeDoubles
	}
	return intEdges[laneBytes[l]]
}

// lane guesses the lane type of a vector row from its mnemonic: the source's
// for conversions.
func (r *Row) lane() laneType {
	name := r.legacyName()
	has := func(s ...string) bool {
		return slices.ContainsFunc(s, func(s string) bool { return strings.HasPrefix(name, s) })
	}
	ends := func(s ...string) bool {
		return slices.ContainsFunc(s, func(s string) bool { return strings.HasSuffix(name, s) })
	}
	switch {
	case has("cvtph"):
		return laneHalf
	case has("cvtps", "cvttps", "cvtss", "cvttss"):
		return laneSingle
	case has("cvtpd", "cvttpd", "cvtsd", "cvttsd"):
		return laneDouble
	case has("cvt"):
		return lane32
	case has("packssw", "packusw", "pmaddwd", "phaddsw", "phsubsw", "pmulh", "phminpos", "pmovsxw", "pmovzxw", "pshufhw", "pshuflw"):
		return lane16
	case has("packssd", "packusd", "pmuldq", "pmuludq", "pmovsxd", "pmovzxd"):
		return lane32
	case has("pmaddubsw", "psadbw", "mpsadbw", "pcmpestr", "pcmpistr", "aes", "pmovsxb", "pmovzxb"):
		return lane8
	case name[0] != 'p' && !has("m") && ends("ps", "ss"), has("testps", "maskmovps"):
		return laneSingle
	case name[0] != 'p' && !has("m") && ends("pd", "sd"), has("testpd", "maskmovpd"):
		return laneDouble
	case has("min", "max", "mul") && ends("ps", "ss"):
		return laneSingle
	case has("min", "max", "mul") && ends("pd", "sd"):
		return laneDouble
	case ends("b"):
		return lane8
	case ends("w"):
		return lane16
	case ends("d"):
		return lane32
	case ends("q"):
		return lane64
	}
	return lane32
}

// spot is where an operand lies.
type spot struct {
	mem   bool
	reg   uint8
	mmx   bool
	width int
}

// put writes the first bytes of v there.
func (s spot) put(g *input, e *encoding, region uint64, v *[32]byte) {
	switch {
	case s.mem:
		if i := g.at(e, region, g.target, s.width); i >= 0 && !(e.area.readOnly && i+s.width > hotReach) {
			copy(g.hot[i:i+s.width], v[:])
		}
	case s.mmx:
		i := (s.reg - uint8(g.FSW>>11)) & 7
		g.ST[i].Mant = binary.LittleEndian.Uint64(v[:])
	default:
		x := &g.X[s.reg&15]
		for i := range min(s.width, 32) / 8 {
			x[i] = binary.LittleEndian.Uint64(v[8*i:])
		}
		if s.width == 4 {
			x[0] = x[0]&^0xFFFFFFFF | uint64(binary.LittleEndian.Uint32(v[:]))
		}
	}
}

// vectors adds the combinations of the lanes' edges.
func (w *walk) vectors(e *encoding, region uint64, l laneType, spots []spot) {
	if len(spots) == 0 {
		return
	}
	list := l.edges(len(spots))
	size := laneBytes[l]
	combinations := 1
	for range spots {
		combinations *= len(list)
	}
	lanes := max(1, spots[0].width/size)
	w.add(combinations, func(g *input, i int) { // each lane gets each of them
		var v [3][32]byte
		for k := range lanes {
			c := (i + k) % combinations
			for j := range spots {
				var b [8]byte
				binary.LittleEndian.PutUint64(b[:], list[c%len(list)])
				copy(v[j][k*size%32:], b[:size])
				c /= len(list)
			}
		}
		for j := range spots {
			spots[j].put(g, e, region, &v[j])
		}
	})
}

// newWalk makes the walk of an instance, which has been decoded.
func newWalk(e *encoding, inst *Inst, region uint64) *walk {
	w := &walk{total: 1}
	r := e.row
	w.flags(r)
	if r.isStack() || r.loadsSegment() || r.Attr&Ends != 0 || r.hasMethod('X') || r.hasMethod('Y') || r.vsib != 0 {
		return w
	}
	if r.sec == &x87Rows {
		w.x87(e, inst, region)
		return w
	}
	used := uint32(0) // general registers that are taken
	if r.Name == "xlatb" || e.mem && r.digit() < 0 && strings.HasPrefix(r.Name, "bt") {
		return w // they are addresses
	}
	if e.mem {
		for _, reg := range []int{e.base, e.index} {
			if reg >= 0 {
				used |= 1 << reg
			}
		}
	}
	var spots []spot
	floats := false
	operand := func(a *Arg) {
		switch a.Kind {
		case ArgReg:
			if a.Op.Read && used>>(a.Reg&15)&1 == 0 {
				used |= 1 << (a.Reg & 15)
				w.register(a.Reg, int(a.Width), a.Op.Method == 'r' && a.Op.Type == 'b' && a.Reg == RCX)
			}
		case ArgVec, ArgMMX:
			s := spot{reg: a.Reg, mmx: a.Kind == ArgMMX, width: int(a.Width)}
			if a.Op.Read && len(spots) < 3 && !slices.Contains(spots, s) {
				spots = append(spots, s)
			}
			floats = true
		case ArgMem:
			if !a.Op.Access || !a.Op.Read {
				return
			}
			if r.isVector() && len(spots) < 3 {
				spots = append(spots, spot{mem: true, width: min(int(a.Width), 32)})
			} else if list := intEdges[int(a.Width)]; list != nil {
				w.memory(e, region, list, int(a.Width))
			}
		}
	}
	for i := range inst.Args[:inst.NArgs] {
		operand(&inst.Args[i])
	}
	for _, o := range r.Implicit() {
		if o.Method == 'r' {
			operand(&Arg{Kind: ArgReg, Reg: o.Reg, Width: uint8(o.Width(int(inst.Size))), Op: o})
		}
	}
	if r.isVector() {
		w.vectors(e, region, r.lane(), spots)
		if floats && (r.lane().float() || strings.HasPrefix(r.legacyName(), "cvt")) {
			w.add(len(mxcsrEdges), func(g *input, i int) { g.MXCSR = mxcsrEdges[i] })
		}
	}
	return w
}

// isVector reports whether the row has a vector or MMX operand.
func (r *Row) isVector() bool {
	for _, m := range []byte("VWUHLPQN") {
		if r.hasMethod(m) {
			return true
		}
	}
	return false
}

// flags adds all combinations of the flags that the row reads.
func (w *walk) flags(r *Row) {
	read := uint64(r.FlagsRead()) & native.FlagsMask
	w.add(1<<bits.OnesCount64(read), func(g *input, i int) {
		g.Flags &^= read
		for m := read; m != 0; m &= m - 1 {
			if i&1 != 0 {
				g.Flags |= m & -m
			}
			i >>= 1
		}
	})
}

// register adds the edges of a general register.
func (w *walk) register(reg uint8, width int, count bool) {
	list := intEdges[width]
	if count {
		list = countEdges
	}
	if list == nil {
		return
	}
	mask, shift := ^uint64(0)>>(64-8*width), uint(reg>>5<<3)
	w.add(len(list), func(g *input, i int) {
		p := &g.R[reg&15]
		*p = *p&^(mask<<shift) | list[i]<<shift
	})
}

// memory adds the edges of an operand in memory.
func (w *walk) memory(e *encoding, region uint64, list []uint64, width int) {
	s := spot{mem: true, width: width}
	w.add(len(list), func(g *input, i int) {
		var v [32]byte
		binary.LittleEndian.PutUint64(v[:], list[i])
		s.put(g, e, region, &v)
	})
}

// x87 adds the edges of the stack's upper registers and of memory, and the
// control words.
func (w *walk) x87(e *encoding, inst *Inst, region uint64) {
	r := e.row
	pushes := false
	for i := range r.Implicit() {
		pushes = pushes || r.Implicit()[i].Write && !r.Implicit()[i].Read && r.Implicit()[i].Method == 'f'
	}
	switch r.Name {
	case "fldenv", "frstor", "fldcw", "fnsave", "fnstenv":
		return
	case "fptan", "fxtract", "fsincos":
		pushes = true
	}
	w.add(len(fcwEdges), func(g *input, i int) {
		g.FCW, g.FSW, g.FTW = fcwEdges[i], g.FSW&0x3800, 0xFF
		if pushes {
			g.FTW &^= 1 << ((g.FSW>>11 - 1) & 7)
		}
	})
	st := func(k int) {
		w.add(len(edges80), func(g *input, i int) { g.ST[k] = edges80[i] })
	}
	if !pushes || r.hasMethod('F') || r.Name[1] != 'l' {
		st(0)
	}
	switch {
	case e.mem && inst.Args[0].Op.Read:
		w.x87Memory(e, region, r)
	case r.hasMethod('F') && inst.NArgs > 0:
		for i := range inst.Args[:inst.NArgs] {
			if a := &inst.Args[i]; a.Kind == ArgST && a.Reg != 0 {
				st(int(a.Reg))
			}
		}
	case slices.Contains([]string{"fyl2x", "fyl2xp1", "fpatan", "fprem", "fprem1", "fscale", "fcompp", "fucompp"}, r.Name):
		st(1)
	}
}

func (w *walk) x87Memory(e *encoding, region uint64, r *Row) {
	width := r.Operands()[0].Width(4)
	switch {
	case r.Name == "fbld":
		w.add(len(bcdEdges), func(g *input, i int) {
			g.put(e, region, g.target+2, bcdEdges[i][0]>>16|bcdEdges[i][1]<<48)
			g.put(e, region, g.target, bcdEdges[i][0])
		})
	case width == 10:
		w.add(len(edges80), func(g *input, i int) {
			g.put(e, region, g.target+2, edges80[i].Mant>>16|uint64(edges80[i].SE)<<48)
			g.put(e, region, g.target, edges80[i].Mant)
		})
	case r.Name[1] == 'i':
		w.memory(e, region, intEdges[width], width)
	case width == 4:
		w.memory(e, region, laneSingle.edges(1), 4)
	default:
		w.memory(e, region, laneDouble.edges(1), 8)
	}
}

// edgeCap bounds the points of a walk that one shape visits. Only products of
// four operands are larger; of those a part is visited, spread evenly.
const edgeCap = 150_000

// allEdges visits the walk of every shape of every row: register and memory
// form, operand sizes, vector lengths, conditions, LOCK, two operands in one
// register; and with every value of an immediate byte, part of the walk for
// each.
func (d *differ) allEdges() {
	for _, r := range d.list {
		seen := map[string]bool{}
		for seed := *diffSeed; seed < *diffSeed+120 && d.failed[r] == 0; seed++ {
			rnd, e, inst := d.make(r, seed)
			if e == nil || inst.Row == nil || e.area.edge != areas[0].edge || e.seg != 0 || e.addr32 {
				continue
			}
			key := fmt.Sprint(e.mem, inst.Size, inst.VecLen, inst.Lock(), oneRegister(inst))
			if r.count == 16 {
				key += fmt.Sprint(inst.Opcode)
			}
			if seen[key] {
				continue
			}
			d.last[r] = seed
			if d.walkAll(rnd, e, inst, seed) {
				seen[key] = true
			}
		}
	}
}

func oneRegister(inst *Inst) bool {
	a := &inst.Args
	return inst.NArgs > 1 && a[0].Kind == a[1].Kind && a[0].Kind <= ArgST && a[0].Reg == a[1].Reg
}

// walkAll visits the points of an encoding's walk.
func (d *differ) walkAll(rnd *rand.Rand, e *encoding, inst *Inst, seed uint64) bool {
	w := newWalk(e, inst, d.p.base)
	imms, points := 1, min(w.total, edgeCap)
	hasImm := e.row.immediateByte()
	if hasImm {
		imms, points = 256, min(w.total, 256)
	}
	at := 0
	for imm := range imms {
		if hasImm {
			e.code[len(e.code)-1] = uint8(imm)
		}
		d.p.place(d.t, e)
		for k := range points {
			if k%64 == 0 && !d.prepared(rnd, e) {
				return false
			}
			if at += max(1, w.total/points); at >= w.total {
				at = (at + 1) % w.total // another part
			}
			w.set(&d.in, at)
			if text := d.one(e.row, e); text != "" {
				d.report(e.row, e, seed, k, text)
				return true
			}
		}
	}
	return true
}

// prepared finds a state for the encoding.
func (d *differ) prepared(rnd *rand.Rand, e *encoding) bool {
	for range 50 {
		if d.in.prepare(rnd, e, d.p.base) {
			return true
		}
	}
	return false
}

// immediateByte reports whether the instruction ends with a byte that may be
// anything.
func (r *Row) immediateByte() bool {
	if r.Attr&Ends != 0 || r.isStack() || len(r.Operands()) == 0 {
		return false
	}
	o := &r.Operands()[len(r.Operands())-1]
	return o.Method == 'I' && o.Type == 'b'
}
