package x86

import "math/bits"

// PCLMULQDQ (Vol. 1, 5.12): the product of two polynomials over {0,1}.
var pclmulRows = Section{Ref: "Vol. 1, 5.12 PCLMULQDQ", Feature: "PCLMULQDQ", Rows: []Spec{
	{"66 0F 3A 44 /r", "pclmulqdq", "+Vx Wx Ib", "", 0, opFunc(pclmulqdq)},
}}

func pclmulqdq(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	if o.imm&0x10 != 0 {
		lo = hi
	}
	d := &s.V[o.dst&31]
	d[0], d[1] = carryless(d[o.imm&1], lo)
	return o.after()
}

// carryless is the 127-bit product of a and b. Its upper half is the lower half
// of the product of the operands read backwards.
func carryless(a, b uint64) (lo, hi uint64) {
	lo = carrylessLow(a, b)
	hi = bits.Reverse64(carrylessLow(bits.Reverse64(a), bits.Reverse64(b))) >> 1
	return lo, hi
}

// carrylessLow is the low half of the product. Operands with three bits of zero
// between any two others can be multiplied as numbers: sums of up to 15 ones
// stay within four bits, of which only the lowest counts. (The sixteenth one
// there can be is in the highest four bits, and carries out of the word.)
func carrylessLow(a, b uint64) uint64 {
	const m0, m1, m2, m3 = 0x1111111111111111, 0x2222222222222222, 0x4444444444444444, 0x8888888888888888
	a0, a1, a2, a3 := a&m0, a&m1, a&m2, a&m3
	b0, b1, b2, b3 := b&m0, b&m1, b&m2, b&m3
	return (a0*b0^a1*b3^a2*b2^a3*b1)&m0 |
		(a0*b1^a1*b0^a2*b3^a3*b2)&m1 |
		(a0*b2^a1*b1^a2*b0^a3*b3)&m2 |
		(a0*b3^a1*b2^a2*b1^a3*b0)&m3
}
