package x86

import "math/bits"

// Bits and bytes (Vol. 1, 5.1.6 and 7.3.5).
var bitRows = Section{Ref: "Vol. 1, 5.1.6 Bit and Byte Instructions", Rows: []Spec{
	{"0F A3 /r", "bt", "Ev Gv", "w:c u:osap", 0, bindBit},
	{"0F AB /r", "bts", "+Ev Gv", "w:c u:osap", Lockable, bindBit},
	{"0F B3 /r", "btr", "+Ev Gv", "w:c u:osap", Lockable, bindBit},
	{"0F BB /r", "btc", "+Ev Gv", "w:c u:osap", Lockable, bindBit},
	{"0F BA /4", "bt", "Ev Ib", "w:c u:osap", 0, bindBit},
	{"0F BA /5", "bts", "+Ev Ib", "w:c u:osap", Lockable, bindBit},
	{"0F BA /6", "btr", "+Ev Ib", "w:c u:osap", Lockable, bindBit},
	{"0F BA /7", "btc", "+Ev Ib", "w:c u:osap", Lockable, bindBit},
	// With F3, the encodings of TZCNT and LZCNT, which the model does not
	// have: like every processor without them it executes BSF and BSR.
	{"0F BC /r", "bsf", "+Gv Ev", "w:z u:osapc", 0, sized{1: bsf[uint16], 2: bsf32, 3: bsf64}},
	{"0F BD /r", "bsr", "+Gv Ev", "w:z u:osapc", 0, sized{1: bsr[uint16], 2: bsr32, 3: bsr64}},
	{"0F 90+cc /r", "setcc", "=Eb", "r:oszpc", 0, opFunc(setcc)},
}}

var bitBy = [4]sized{
	{1: bitTest[uint16], 2: bitTest32, 3: bitTest64},
	{1: bitSet[uint16], 2: bitSet[uint32], 3: bitSet[uint64]},
	{1: bitReset[uint16], 2: bitReset[uint32], 3: bitReset[uint64]},
	{1: bitComplement[uint16], 2: bitComplement[uint32], 3: bitComplement[uint64]},
}

// bindBit: a register as the bit number of a memory operand reaches anywhere
// in the bit string that starts there; an immediate does not.
func bindBit(b *binder) {
	d := &b.d
	which := d.ModRM >> 3 & 3
	if d.Opcode != 0xBA {
		which = d.Opcode >> 3 & 3
	}
	o := b.operands(bitBy[which][sizeIndex(d.Size)])
	o.cc = b2u8(d.Lock())
	if d.HasMem && d.Opcode != 0xBA {
		o.width = 1 // mark: bit string
	} else {
		o.width = 0
	}
}

func b2u8(v bool) uint8 {
	if v {
		return 1
	}
	return 0
}

// bitOperand returns the bit number within the operand, as a mask, and the
// operand's address if it is in memory.
func bitOperand[T word](s *State, o *op) (mask T, m uint32) {
	n := sext(src[T](s, o))
	w := uint64(width[T]())
	if o.mem {
		m = s.ea(o)
		if o.width != 0 {
			m += uint32(int64(n)>>bits.Len64(w-1)) * uint32(w/8)
		}
	}
	return 1 << (n & (w - 1)), m
}

func bitTest[T word](s *State, o *op) *op {
	mask, m := bitOperand[T](s, o)
	var v T
	if o.mem {
		v = load[T](s, m)
	} else {
		v = reg[T](s, o.dst)
	}
	s.setCF(b2u(v&mask != 0))
	return o.after()
}

// bitUpdate replaces the operand by f and sets CF to the bit that was there.
func bitUpdate[T word](s *State, o *op, mask T, m uint32, f func(T) T) *op {
	var v T
	if o.mem {
		v = update(s, m, o.cc != 0, f)
	} else {
		v = reg[T](s, o.dst)
		setReg(s, o.dst, f(v))
	}
	s.setCF(b2u(v&mask != 0))
	return o.after()
}

func bitSet[T word](s *State, o *op) *op {
	mask, m := bitOperand[T](s, o)
	return bitUpdate(s, o, mask, m, func(v T) T { return v | mask })
}

func bitReset[T word](s *State, o *op) *op {
	mask, m := bitOperand[T](s, o)
	return bitUpdate(s, o, mask, m, func(v T) T { return v &^ mask })
}

func bitComplement[T word](s *State, o *op) *op {
	mask, m := bitOperand[T](s, o)
	return bitUpdate(s, o, mask, m, func(v T) T { return v ^ mask })
}

// bsf and bsr keep the destination if the source is zero, all 64 bits of it:
// undefined by the manual until lately, and what processors do. PF is that of
// the result, the other undefined flags are clear.
func bsf[T word](s *State, o *op) *op {
	v := uint64(rm[T](s, o))
	s.scan(v)
	if v != 0 {
		s.fs = uint64(bits.TrailingZeros64(v))
		setReg(s, o.dst, T(s.fs))
	}
	return o.after()
}

func bsr[T word](s *State, o *op) *op {
	v := uint64(rm[T](s, o))
	s.scan(v)
	if v != 0 {
		s.fs = uint64(bits.Len64(v) - 1)
		setReg(s, o.dst, T(s.fs))
	}
	return o.after()
}

func (s *State) scan(v uint64) { s.fz, s.fs, s.fx, s.cf = v, 0, 0, 0 }

func setcc(s *State, o *op) *op {
	setRM(s, o, uint8(b2u(s.cond(o.cc))))
	return o.after()
}
