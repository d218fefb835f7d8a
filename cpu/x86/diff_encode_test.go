package x86

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"strings"

	"github.com/nuage-emu/nuage/cpu/x86/native"
)

// The first half of the differential suite's generator: encodings of a row.
// It knows the instruction format on its own and shares nothing with the
// decoder, so that a misread field shows as a difference.

// Where things lie in the region that both sides have at the same address.
// Operands are placed within reach of an edge between two pages.
const (
	hotReach   = 1024 // compared on either side of the edge
	placeReach = 512  // operands' addresses lie within this distance
)

// area is a place for operands: an edge between two pages.
type area struct {
	name     string
	edge     int  // offset in the region
	low      bool // the bytes below the edge are accessible
	high     bool // those above are
	readOnly bool // those above only for reading
}

var areas = []area{
	{name: "open", edge: native.OpenOffset + native.PageSize, low: true, high: true},
	{name: "end", edge: native.EdgeOffset + native.PageSize, low: true},
	{name: "start", edge: native.EdgeOffset, high: true},
	{name: "read-only", edge: native.ReadOnlyOffset + native.PageSize, low: true, high: true, readOnly: true},
}

// encoding is an instance of a row: machine code and what its author had in
// mind.
type encoding struct {
	row  *Row
	area area
	code []byte
	at   int // offset in the code pages

	prefixes []byte
	rex      uint8 // with bit 6 if present; of VEX: W R X B
	vvvv     uint8
	long     bool // VEX.L
	modrm    uint8

	mem         bool
	rip, moffs  bool
	addr32      bool
	seg         byte // segment override: 0, prefixFS or prefixGS
	segBase     uint64
	base, index int // register numbers, -1 if absent
	vindex      int // the index register of VSIB
	scale       uint
	disp        int64
	target      uint64 // effective address, where the encoding fixes it

	rep     bool
	landing uint64 // where a branch goes if taken
}

const (
	prefixFS   = 0x64
	prefixGS   = 0x65
	prefixLock = 0xF0
)

// hostCode is the code for the host, whose FS belongs to Go: GS takes its
// place.
func (e *encoding) hostCode() []byte {
	if e.seg != prefixFS {
		return e.code
	}
	code := append([]byte(nil), e.code...)
	for i := range e.prefixes {
		if code[i] == prefixFS {
			code[i] = prefixGS
		}
	}
	return code
}

// seedOf makes the seed of instance k of a row. It depends on the row's text,
// so that a failure reproduces after the table has changed elsewhere.
func seedOf(r *Row, seed uint64) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(r.String()))
	return rand.New(rand.NewPCG(h.Sum64(), seed))
}

// chance is true n times in d.
func chance(r *rand.Rand, n, d int) bool { return r.IntN(d) < n }

func (r *Row) hasType(types string) bool {
	for _, o := range r.Operands() {
		if o.Method != 'r' && strings.IndexByte(types, o.Type) >= 0 || o.Method == 'r' && o.Type == 'v' {
			return true
		}
	}
	for _, o := range r.Implicit() {
		if strings.IndexByte(types, o.Type) >= 0 {
			return true
		}
	}
	return false
}

func (r *Row) hasMethod(m byte) bool {
	for _, list := range [][]Operand{r.Operands(), r.Implicit()} {
		for _, o := range list {
			if o.Method == m {
				return true
			}
		}
	}
	return false
}

// isStack reports whether the row accesses the stack.
func (r *Row) isStack() bool {
	switch r.Name {
	case "push", "pop", "call", "ret", "enter", "leave", "retf", "iret/iretd/iretq":
		return true
	}
	return r.hasMethod('T') || strings.HasPrefix(r.Name, "pushf") || strings.HasPrefix(r.Name, "popf")
}

// encode makes an instance of row r, or returns nil if the dice fell badly.
// reg forces the register form.
func encode(rnd *rand.Rand, r *Row, base uint64, hasGS, reg bool) *encoding {
	e := &encoding{row: r, base: -1, index: -1}
	e.area = areas[0]
	if !reg && chance(rnd, 1, 5) && !r.loadsSegment() {
		e.area = areas[1+rnd.IntN(3)]
	}
	e.at = 256 + rnd.IntN(40)*128 + rnd.IntN(32)
	var opcode []byte
	e.chooseForm(rnd, reg)
	e.choosePrefixes(rnd, hasGS)
	switch r.mapIndex {
	case 1:
		opcode = append(opcode, 0x0F)
	case 2:
		opcode = append(opcode, 0x0F, 0x38)
	case 3:
		opcode = append(opcode, 0x0F, 0x3A)
	}
	op := r.opcode
	if r.count > 1 {
		op += uint8(rnd.IntN(int(r.count)))
	}
	opcode = append(opcode, op)

	e.code = append(e.code, e.prefixes...)
	if r.vex {
		e.code = append(append(e.code, e.vex(rnd)...), op)
	} else {
		if e.rex != 0 {
			e.code = append(e.code, e.rex)
		}
		e.code = append(e.code, opcode...)
	}
	pc := base + native.CodeOffset + uint64(e.at)
	dispAt, ok := e.chooseModRM(rnd, base)
	if !ok {
		return nil
	}
	if e.moffs {
		e.target = base + uint64(e.area.edge) + uint64(rnd.IntN(2*placeReach)) - placeReach
		if e.addr32 {
			e.code = binary.LittleEndian.AppendUint32(e.code, uint32(e.target-e.segBase))
		} else {
			e.code = binary.LittleEndian.AppendUint64(e.code, e.target-e.segBase)
		}
	}
	if !e.immediates(rnd, pc) {
		return nil
	}
	if len(e.code) > maxLen {
		return nil
	}
	if r.Name == "enter" { // few nested frames; a small one, or one that ends below the region
		e.code[len(e.code)-1] &= 3
		if chance(rnd, 1, 2) {
			e.code[len(e.code)-2] &= 1
		} else {
			e.code[len(e.code)-2] |= 0xF0
		}
	}
	if e.rip {
		disp := int64(e.target) - int64(pc) - int64(len(e.code))
		binary.LittleEndian.PutUint32(e.code[dispAt:], uint32(disp))
	}
	if r.Name == "int" { // nor a vector that a program may use
		if v := &e.code[len(e.code)-1]; *v == 3 || *v == 4 || *v == 0x80 {
			*v = 0xFF
		}
	}
	return e
}

// loadsSegment reports whether the row loads a segment register, which on the
// host must be refused: see special.
func (r *Row) loadsSegment() bool {
	switch r.Name {
	case "lss", "lfs", "lgs", "callf", "jmpf", "retf", "iret/iretd/iretq", "lar", "lsl", "verr", "verw":
		return true
	}
	for _, o := range r.Operands() {
		if (o.Method == 'S' || o.Method == 's') && o.Write {
			return true
		}
	}
	return false
}

// chooseForm decides between the register and the memory form.
func (e *encoding) chooseForm(rnd *rand.Rand, reg bool) {
	r := e.row
	switch {
	case r.hasMethod('O'):
		e.moffs = true
	case !r.modrm || r.FixedModRM():
	case r.allows&anyMode == factMem:
		e.mem = true
	case r.allows&anyMode == anyMode:
		e.mem = !reg && chance(rnd, 1, 2)
	}
}

func (e *encoding) choosePrefixes(rnd *rand.Rand, hasGS bool) {
	r := e.row
	sized := r.hasType("vzyp")
	var p []byte
	if e.mem && r.Attr&Lockable != 0 && r.Operands()[0].isRM() && chance(rnd, 1, 3) {
		p = append(p, prefixLock)
	}
	if sized && r.prefix == 0 && chance(rnd, 1, 3) {
		p = append(p, 0x66)
	}
	if r.Attr&(Rep|RepZ) != 0 && chance(rnd, 1, 2) {
		e.rep = true
		if r.Attr&RepZ != 0 && chance(rnd, 1, 2) {
			p = append(p, 0xF2)
		} else {
			p = append(p, 0xF3)
		}
	}
	if (e.mem || e.moffs || r.hasMethod('X') || r.hasMethod('Y')) && chance(rnd, 1, 8) {
		p = append(p, 0x67)
		e.addr32 = true
	}
	if (e.mem || e.moffs || r.hasMethod('X') || r.Name == "xlatb" || strings.HasPrefix(r.Name, "maskmov")) && hasGS && chance(rnd, 1, 12) {
		e.seg = []byte{prefixFS, prefixGS}[rnd.IntN(2)]
		e.segBase = uint64(rnd.IntN(1 << 28)) // below every address of the region
		p = append(p, e.seg)
	} else if chance(rnd, 1, 16) {
		p = append(p, []byte{0x26, 0x2E, 0x36, 0x3E}[rnd.IntN(4)])
	}
	switch r.prefix {
	case 0x66, 0xF2, 0xF3:
		if !r.vex {
			p = append(p, r.prefix)
		}
	}
	rnd.Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
	e.prefixes = p

	if chance(rnd, 3, 5) {
		e.rex = 0x40 | uint8(rnd.IntN(16))
	}
	switch {
	case r.wbit() == 0:
		e.rex &^= rexW
	case r.wbit() == 1:
		e.rex |= 0x40 | rexW
	}
}

// vex chooses a VEX prefix.
func (e *encoding) vex(rnd *rand.Rand) []byte {
	r := e.row
	e.rex &= 15
	w, l := e.rex&rexW != 0, chance(rnd, 1, 2)
	for _, part := range strings.Split(strings.Fields(r.Enc)[0], ".") {
		switch part {
		case "128", "LZ":
			l = false
		case "256":
			l = true
		}
	}
	e.long = l
	e.vvvv = uint8(rnd.IntN(16))
	if !r.hasMethod('H') && !r.hasMethod('B') {
		e.vvvv = 0
	}
	last := ^e.vvvv & 15 << 3
	if l {
		last |= 4
	}
	switch r.prefix {
	case 0x66:
		last |= 1
	case 0xF3:
		last |= 2
	case 0xF2:
		last |= 3
	}
	inverted := ^e.rex & (rexR | rexX | rexB) << 5
	if r.mapIndex == 1 && !w && e.rex&(rexX|rexB) == 0 && chance(rnd, 3, 4) {
		return []byte{0xC5, inverted&0x80 | last}
	}
	if w {
		last |= 0x80
	}
	return []byte{0xC4, inverted | r.mapIndex, last}
}

// chooseModRM appends ModRM, SIB and displacement.
func (e *encoding) chooseModRM(rnd *rand.Rand, base uint64) (dispAt int, ok bool) {
	r := e.row
	switch {
	case !r.modrm:
		return 0, true
	case r.FixedModRM():
		e.modrm = r.fixed + uint8(rnd.IntN(0x100-int(r.mask)))
		e.code = append(e.code, e.modrm)
		return 0, true
	}
	reg := uint8(rnd.IntN(8))
	if digit := r.digit(); digit >= 0 {
		reg = uint8(digit)
	}
	if !e.mem {
		e.modrm = 0xC0 | reg<<3 | uint8(rnd.IntN(8))
		e.code = append(e.code, e.modrm)
		return 0, true
	}
	mod, rm := uint8(rnd.IntN(3)), uint8(rnd.IntN(8))
	if r.vsib != 0 {
		rm = 4
	}
	e.modrm = mod<<6 | reg<<3 | rm
	e.code = append(e.code, e.modrm)
	dispN := []int{0, 1, 4}[mod]
	e.base = int(rm | e.rex&rexB<<3)
	switch {
	case rm == 4:
		sib := uint8(rnd.IntN(256))
		e.code = append(e.code, sib)
		e.scale = uint(sib >> 6)
		e.base = int(sib&7 | e.rex&rexB<<3)
		if x := int(sib>>3&7 | e.rex&rexX<<2); r.vsib != 0 {
			e.vindex = x
		} else if x != RSP {
			e.index = x
		}
		if sib&7 == 5 && mod == 0 {
			e.base, dispN = -1, 4
		}
	case rm == 5 && mod == 0:
		e.base, e.rip, dispN = -1, true, 4
	}
	dispAt = len(e.code)
	place := base + uint64(e.area.edge) + uint64(e.place(rnd))
	switch dispN {
	case 1:
		e.disp = int64(int8(rnd.Uint32()))
		e.code = append(e.code, uint8(e.disp))
	case 4:
		e.disp = int64(int32(rnd.Uint32()))
		if chance(rnd, 1, 2) || e.base == RSP {
			e.disp = int64(rnd.IntN(256)) - 128
		}
		if e.base < 0 {
			e.target = place
			e.disp = int64(place)
			if e.index >= 0 {
				e.disp &^= 0x7F
			}
		}
		e.code = binary.LittleEndian.AppendUint32(e.code, uint32(e.disp))
	}
	if e.seg != 0 && (e.base < 0 || e.addr32) {
		return 0, false // the sum is fixed without the segment base
	}
	return dispAt, true
}

// place picks an operand's distance from the edge.
func (e *encoding) place(rnd *rand.Rand) int64 {
	near := e.area.edge != areas[0].edge || chance(rnd, 1, 4)
	var d int64
	if near {
		d = int64(rnd.IntN(48)) - 32
	} else {
		d = int64(rnd.IntN(2*placeReach)) - placeReach
	}
	if chance(rnd, 1, 2) || e.row.wantsAlignment() && chance(rnd, 7, 8) {
		d &^= 15
	}
	return d
}

func (r *Row) wantsAlignment() bool {
	for _, o := range r.Operands() {
		if o.Align && o.isRM() {
			return true
		}
	}
	return strings.HasPrefix(r.Name, "fx") || r.Name == "cmpxchg16b"
}

// immediates appends the immediates and branch displacements.
func (e *encoding) immediates(rnd *rand.Rand, pc uint64) bool {
	opsize16 := false
	for _, p := range e.prefixes {
		opsize16 = opsize16 || p == 0x66
	}
	n := 0
	for _, o := range e.row.Operands() {
		switch o.Method {
		case 'I', 'L':
			switch o.Type {
			case 'b', 'x': // x: a register in the byte
				n++
			case 'w':
				n += 2
			case 'd':
				n += 4
			default:
				size := 4
				switch {
				case e.rex&rexW != 0:
					size = 8
				case opsize16:
					size = 2
				}
				if o.Type == 'z' {
					size = min(size, 4)
				}
				n += size
			}
			for size := n; size > 0; size = 0 {
				v := edgeInt(rnd)
				var b [8]byte
				binary.LittleEndian.PutUint64(b[:], v)
				e.code = append(e.code, b[:n]...)
			}
			n = 0
		case 'J':
			size := 4
			if o.Type == 'b' {
				size = 1
			}
			next := pc + uint64(len(e.code)+size)
			for {
				if size == 1 {
					e.landing = next + uint64(int64(int8(rnd.Uint32())))
				} else {
					e.landing = landing(rnd, pc, e.at)
				}
				if e.landing < pc-16 || e.landing >= next+16 || e.landing == next {
					break
				}
			}
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], e.landing-next)
			e.code = append(e.code, b[:size]...)
		}
	}
	return true
}

// landing picks an address in the code pages where nothing but int3 lies.
func landing(rnd *rand.Rand, pc uint64, at int) uint64 {
	for {
		off := rnd.IntN(native.CodeSize)
		if off < at-16 || off > at+32 {
			return pc - uint64(at) + uint64(off)
		}
	}
}
