package arm64

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/nuage-emu/nuage/cpu/arm64/native"
)

// trial is an instruction of the differential suite: what of its encoding may
// be chosen, and how registers and memory are filled for it.
type trial struct {
	d       Inst
	b       native.Batch
	common  native.Common
	width   uint // of the elements that its vector operands have
	float   bool // its vector operands are numbers in floating point
	sources int  // how many registers it may read
}

// excluded says why a row has no part in the suite.
func excluded(r *Row) string {
	switch r.Name {
	case "svc":
		return "calls the system"
	}
	return ""
}

// model is the processor on which the row is executed.
func model(r *Row) string {
	if strings.HasPrefix(r.Name, "dc\t") {
		return native.Plain // the other one's DC ZVA clears 512 bytes
	}
	return native.All
}

// instance makes a word of the row, or says that it found none.
func instance(r *Row, rnd *rand.Rand, d *Inst) (uint32, bool) {
	for range 100 {
		w := constrain(r, r.Instance(rnd), rnd)
		if DecodeWord(d, w, native.Slot) == nil && d.Row == r && predictable(d) && !mistaken(d) {
			return w, true
		}
	}
	return 0, false
}

// constrain makes targets, system registers and hints such as the suite can
// deal with.
func constrain(r *Row, w uint32, rnd *rand.Rand) uint32 {
	put := func(letter byte, v uint64) {
		for _, f := range r.fields {
			if f.letter == letter {
				mask := uint32(1)<<f.width - 1
				w = w&^(mask<<f.lo) | uint32(v)&mask<<f.lo
			}
		}
	}
	distance := func(to uint64) uint64 { return uint64(int64(to-native.Slot) / 4) }
	switch {
	case r.Name == "mrs" || r.Name == "msr":
		registers := [...]uint32{sysregNumber(3, 4, 2, 0), sysregNumber(3, 4, 4, 0), sysregNumber(3, 4, 4, 1)}
		put('i', uint64(registers[rnd.IntN(3)]))
	case r.Name == "hint":
		if i := r.field(w, 'i'); i == 2 || i == 3 {
			put('i', 0) // WFE and WFI may wait
		}
	case strings.Contains(r.Ops, "[label]"):
		put('i', distance(native.MemAt(0)+rnd.Uint64N(native.MemSize/4-4)*4))
	case strings.Contains(r.Ops, "label"):
		put('i', distance(native.Pads[rnd.IntN(len(native.Pads))]))
	}
	return w
}

// predictable leaves out what the manual calls constrained unpredictable
// (K1.2), and the encodings of which a bit that should be one is not.
func predictable(d *Inst) bool {
	a := d.mem()
	if a == nil {
		return true
	}
	n, t := d.Field('n'), d.Field('t')
	if !a.Op.Write && d.Row.has('u') && d.Row.has('t') && d.Field('u') == t {
		return false // a pair loaded into one register
	}
	if storeExclusive(d.Row) {
		if s := d.Field('s'); s == t && t != 31 || s == n && n != 31 || d.Row.has('u') && s == d.Field('u') && s != 31 {
			return false
		}
	}
	if a.Op.kind == kinds()["[dczva]"] && t == 31 {
		return false // address zero
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

// mistaken tells what qemu 7.2 gets wrong in a way that cannot be corrected.
func mistaken(d *Inst) bool {
	return strings.HasPrefix(d.Row.Name, "casp") && (d.Field('s') == 30 || d.Field('t') == 30)
}

func storeExclusive(r *Row) bool {
	return strings.HasPrefix(r.Name, "st") && strings.Contains(r.Name, "x") && r.Attr&Ordered != 0
}

// computes reports whether the row's vector operands are floating point.
func computes(r *Row) bool {
	return r.Attr&FP != 0 && (strings.HasPrefix(r.Name, "f") || strings.Contains(r.Name, "cvtf"))
}

// newTrial prepares for the instruction w, which d has decoded.
func newTrial(d *Inst, w uint32, rnd *rand.Rand) *trial {
	t := &trial{d: *d, width: 64, float: computes(d.Row)}
	t.b.Word, t.b.Common = w, &t.common
	t.registers()
	t.b.Memory = d.mem() != nil || strings.Contains(d.Row.Name, "c\t") || d.Row.Attr&Ordered != 0
	for i := range d.Args[:d.NArgs] { // the source's width, which stands last
		if a := &d.Args[i]; a.Kind == ArgVec && a.Value&0xff != 0 {
			t.width = min(uint(a.Value&0xff), 64)
		}
	}
	for i := range t.common.X {
		t.common.X[i] = edge64(rnd)
	}
	for i := range t.common.V {
		t.common.V[i] = [2]uint64{edgeVector(rnd), edgeVector(rnd)}
	}
	if storeExclusive(d.Row) {
		t.exclusive(rnd)
	}
	return t
}

// registers names the registers that the instruction may use, rather too many
// than too few.
func (t *trial) registers() {
	d := &t.d
	vector := d.Row.Attr&FP != 0
	x := func(r uint32) {
		if r < 31 && !slices.Contains(t.b.X, uint8(r)) {
			t.b.X = append(t.b.X, uint8(r))
		}
	}
	v := func(r uint32) {
		if r &= 31; vector && !slices.Contains(t.b.V, uint8(r)) {
			t.b.V = append(t.b.V, uint8(r))
		}
	}
	for _, f := range d.Row.fields {
		if strings.IndexByte("dnmatus", f.letter) < 0 || f.width < 4 {
			continue
		}
		r := d.Field(f.letter)
		x(r)
		v(r)
		t.sources++
		if f.width == 4 { // with a bit of an element's number
			v(r + 16)
		}
	}
	for i := range d.Args[:d.NArgs] {
		a := &d.Args[i]
		if a.Op.next {
			x(d.Field(a.Op.field) + 1)
		}
		if p, ok := parseVecOperand(a.Op.Text[roleLen(a.Op):]); ok && a.Kind == ArgVec {
			for k := range p.count {
				v(uint32(a.Reg) + uint32(k))
			}
		}
	}
	if d.Row.Name == "bl" || d.Row.Name == "blr" {
		x(30)
	}
}

// exclusive puts before a store-exclusive what makes it succeed, mostly.
func (t *trial) exclusive(rnd *rand.Rand) {
	const clrex = 0xd5033f5f
	t.b.Before = []uint32{clrex}
	var spare []uint32
	for r := uint32(0); len(spare) < 2; r++ {
		if !slices.Contains(t.b.X, uint8(r)) {
			spare = append(spare, r)
			t.b.X = append(t.b.X, uint8(r))
		}
	}
	w := t.d.Word
	// The same size: with another one, what happens is constrained
	// unpredictable (B2.9.5).
	if rnd.IntN(8) == 0 {
		return // not even a load
	}
	load := w>>30<<30 | w&0x08200000 | 0x00400000 | 31<<16 | 31<<10 | t.d.Field('n')<<5 | spare[0]
	if w>>21&1 != 0 { // a pair
		load = load&^(31<<10) | spare[1]<<10
	}
	t.b.Before = append(t.b.Before, load)
	if rnd.IntN(8) == 0 {
		t.b.Before = append(t.b.Before, clrex)
	}
}

// x is the register r in a record; 31 is the stack pointer.
func (t *trial) x(rec *native.Record, r uint32) *uint64 {
	if i := slices.Index(t.b.X, uint8(r)); i >= 0 {
		return &rec.X[i]
	}
	return &rec.SP
}

// fill makes n records.
func (t *trial) fill(n int, rnd *rand.Rand) {
	numbers := t.float && rnd.IntN(2) == 0
	edges := floatEdgesOf[t.width]
	t.b.Records = slices.Grow(t.b.Records[:0], n)[:n]
	for i := range t.b.Records {
		r := &t.b.Records[i]
		*r = native.Record{SP: edge64(rnd), NZCV: uint64(rnd.Uint32()) & 0xf0000000}
		t.environment(r, rnd)
		for k := range t.b.X {
			r.X[k] = edge64(rnd)
		}
		for k := range t.b.V {
			if !numbers || edges == nil {
				r.V[k] = [2]uint64{edgeVector(rnd), edgeVector(rnd)}
				continue
			}
			for at := uint(0); at < 128; at += t.width {
				setElement(&r.V[k], at/t.width, t.width, floatOperand(rnd, edges, t.width))
			}
		}
		t.place(i, r, rnd)
	}
}

// environment chooses FPCR and FPSR.
func (t *trial) environment(r *native.Record, rnd *rand.Rand) {
	switch rnd.IntN(4) {
	case 0:
		r.FPSR = fpsrIXC // the fast paths
	case 1:
	default:
		r.FPCR = uint64(rnd.Uint32()) & fpcrMask
	}
	if rnd.IntN(4) == 0 {
		r.FPSR = uint64(rnd.Uint32()) & fpsrMask
	}
}

// place fills the memory of record i and aims at it.
func (t *trial) place(i int, r *native.Record, rnd *rand.Rand) {
	d := &t.d
	switch d.Row.Name {
	case "br", "blr", "ret":
		*t.x(r, d.Field('n')) = native.Pads[rnd.IntN(len(native.Pads))]
		return
	}
	if !t.b.Memory {
		return
	}
	for k := 0; k < native.MemSize; k += 8 {
		v := rnd.Uint64()
		for b := range 8 {
			r.Mem[k+b] = byte(v >> (8 * b))
		}
	}
	if d.mem() == nil {
		*t.x(r, d.Field('t')) = native.MemAt(i)
		return
	}
	size := accessSize(d)
	off := rnd.IntN(native.MemSize - size + 1)
	if d.Row.Attr&Ordered != 0 || size > 64 {
		off &^= size - 1
	}
	t.aim(r, native.MemAt(i)+uint64(off), rnd)
	if strings.HasPrefix(d.Row.Name, "cas") && rnd.IntN(2) == 0 {
		t.expect(r, off)
	}
}

// accessSize is how many bytes the instruction accesses.
func accessSize(d *Inst) int {
	a := d.mem()
	if a.Op.kind == kinds()["[n]"] || a.Op.kind == &postIndexStructure {
		if d.Row.Attr&FP != 0 {
			return int(structureBytes(d))
		}
	}
	return int(a.Op.Scale) * int(a.Op.Count)
}

// aim makes the memory operand have an address.
func (t *trial) aim(r *native.Record, base uint64, rnd *rand.Rand) {
	d := &t.d
	a := d.mem()
	switch {
	case a.Op.kind == kinds()["[label]"]:
		return
	case a.Op.kind == kinds()["[dczva]"]:
		*t.x(r, d.Field('t')) = base
		return
	case a.Op.kind == kinds()["[n,Rm,ext]"]:
		m, shift := d.Field('m'), uint(0)
		if d.Field('S') != 0 {
			shift = uint(log2(a.Op.Scale))
		}
		index := uint64(0)
		if m != 31 {
			index = *t.x(r, m)
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
	*t.x(r, d.Field('n')) = base
}

// expect makes a compare-and-swap find what it compares with.
func (t *trial) expect(r *native.Record, off int) {
	d := &t.d
	a := d.mem()
	scale := int(a.Op.Scale)
	for i := range int(a.Op.Count) {
		s := d.Field('s') + uint32(i)
		if s >= 31 || s == d.Field('n') {
			return
		}
		v := uint64(0)
		for k := scale - 1; k >= 0; k-- {
			v = v<<8 | uint64(r.Mem[off+i*scale+k])
		}
		x := t.x(r, s)
		*x = *x&^ones(uint(8*scale)) | v
	}
}
