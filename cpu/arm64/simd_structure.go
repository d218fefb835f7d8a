package arm64

import (
	"github.com/nuage-emu/nuage/memory"
)

// Loads and stores of structures of one to four elements (C3.2.10): element r
// of a structure belongs to register rd+r. In an op, ra is the number of
// registers, link that of the elements of a structure, imm what is added to the
// base behind the access, or rm the register.

// structureBytes is how much memory the instruction accesses.
func structureBytes(d *Inst) uint {
	a := &d.Args[0]
	v, _ := parseVecOperand(a.Op.Text[roleLen(a.Op):])
	if v.elem != 0 || v.repeats(d) {
		return uint(v.count) * uint(a.Value&0xff) / 8
	}
	return uint(v.count) * 8 << d.Field('Q')
}

func roleLen(o *Operand) int {
	if o.Text[0] == '{' {
		return 0
	}
	return 1
}

// repeats reports whether d is one of LD1R to LD4R.
func (v *vecOperand) repeats(d *Inst) bool { return d.Row.Name[len(d.Row.Name)-1] == 'r' }

// structure emits an op. The write-back is there if the row has it.
func (b *binder) structure(run opFunc, of int) {
	d := &b.d
	v, _ := parseVecOperand(d.Args[0].Op.Text[roleLen(d.Args[0].Op):])
	o := b.vector(run, 0)
	o.ra, o.link = uint8(v.count), uint8(of)
	if of == 0 {
		o.link = o.ra
	}
	o.imm, o.rm = 0, Zero
	if d.Row.has('m') {
		if o.rm = uint8(d.Field('m')); o.rm == 31 {
			o.rm, o.imm = Zero, uint64(structureBytes(d))
		}
	}
	if v.elem != 0 {
		o.imm |= d.Args[0].Value >> 8 << 32
	}
}

// writeBack adds to the base what the instruction says. An element's number
// stands in the upper half of imm.
func (s *State) writeBack(o *op) {
	s.R[o.rn&63] += s.R[o.rm&63] + o.imm&ones(32)
}

// elementsOf makes an op of the structures that elements are dealt to in turn;
// of is 1 for LD1 and ST1, whose registers follow each other, else 0.
func elementsOf(run opFunc, of int) func(*binder) {
	return func(b *binder) { b.structure(run, of) }
}

// loadStructures reads whole registers.
func loadStructures(s *State, o *op) *op {
	a := uint32(s.R[o.rn&63])
	var r [4][2]uint64
	n, full := uint(o.ra), uint(o.cc)
	var raw [8]uint64
	for i := range n << full {
		raw[i&7] = s.mem.Load64(a + uint32(8*i))
	}
	if o.link == 1 {
		for i := range n << full {
			r[i>>full&3][i&full] = raw[i&7]
		}
	} else {
		e := uint(o.sh)
		per := 64 / e
		for i := range n * per << full {
			x := raw[i/per&7] >> (i % per * e) & ones(e)
			k := i / n
			r[i%n&3][k/per&1] |= x << (k % per * e)
		}
	}
	for i := range n {
		s.V[(uint(o.rd)+i)&31] = r[i&3]
	}
	s.writeBack(o)
	return o.after()
}

// storeStructures writes whole registers.
func storeStructures(s *State, o *op) *op {
	a := uint32(s.R[o.rn&63])
	n, full := uint(o.ra), uint(o.cc)
	var raw [8]uint64
	if o.link == 1 {
		for i := range n << full {
			raw[i&7] = s.V[(uint(o.rd)+i>>full)&31][i&full]
		}
	} else {
		e := uint(o.sh)
		per := 64 / e
		for i := range n * per << full {
			k := i / n
			x := s.V[(uint(o.rd)+i%n)&31][k/per&1] >> (k % per * e) & ones(e)
			raw[i/per&7] |= x << (i % per * e)
		}
	}
	s.mem.Probe(a, uint32(n<<full*8), memory.Write)
	for i := range n << full {
		s.mem.Store64(a+uint32(8*i), raw[i&7])
	}
	s.writeBack(o)
	return o.after()
}

// loadUnit and storeUnit access an element of e bits.

func (s *State) loadUnit(a uint32, e uint) uint64 {
	switch e {
	case 8:
		return uint64(s.mem.Load8(a))
	case 16:
		return uint64(s.mem.Load16(a))
	case 32:
		return uint64(s.mem.Load32(a))
	}
	return s.mem.Load64(a)
}

func (s *State) storeUnit(a uint32, e uint, v uint64) {
	switch e {
	case 8:
		s.mem.Store8(a, uint8(v))
	case 16:
		s.mem.Store16(a, uint16(v))
	case 32:
		s.mem.Store32(a, uint32(v))
	default:
		s.mem.Store64(a, v)
	}
}

// loadElement reads one element of each register.
func loadElement(s *State, o *op) *op {
	a, e := uint32(s.R[o.rn&63]), uint(o.sh)
	var v [4]uint64
	for i := range uint32(o.ra) {
		v[i&3] = s.loadUnit(a+i*uint32(e/8), e)
	}
	for i := range uint(o.ra) {
		setElement(&s.V[(uint(o.rd)+i)&31], uint(o.imm>>32), e, v[i&3])
	}
	s.writeBack(o)
	return o.after()
}

// loadRepeat reads one element for all of each register.
func loadRepeat(s *State, o *op) *op {
	a, e := uint32(s.R[o.rn&63]), uint(o.sh)
	var v [4]uint64
	for i := range uint32(o.ra) {
		v[i&3] = repeat(s.loadUnit(a+i*uint32(e/8), e), e)
	}
	for i := range uint(o.ra) {
		s.V[(uint(o.rd)+i)&31] = [2]uint64{v[i&3], v[i&3] * uint64(o.cc)}
	}
	s.writeBack(o)
	return o.after()
}

// storeElement writes one element of each register.
func storeElement(s *State, o *op) *op {
	a, e := uint32(s.R[o.rn&63]), uint(o.sh)
	s.mem.Probe(a, uint32(uint(o.ra)*e/8), memory.Write)
	for i := range uint(o.ra) {
		s.storeUnit(a+uint32(i*e/8), e, getElement(&s.V[(uint(o.rd)+i)&31], uint(o.imm>>32), e))
	}
	s.writeBack(o)
	return o.after()
}
