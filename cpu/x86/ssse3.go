package x86

// SSSE3 (Vol. 1, 5.8): the functions of packed_sse4.go on the halves of a
// vector register, and on MMX registers.
var ssse3Rows = Section{Ref: "Vol. 1, 5.8 Intel SSSE3 Instructions", Feature: "SSSE3", Rows: []Spec{
	{"66 0F 38 00 /r", "pshufb", "+Vx Wx", "", 0, opFunc(pshufbVec)},
	{"66 0F 38 01 /r", "phaddw", "+Vx Wx", "", 0, pairwise(phaddw)},
	{"66 0F 38 02 /r", "phaddd", "+Vx Wx", "", 0, pairwise(phaddd)},
	{"66 0F 38 03 /r", "phaddsw", "+Vx Wx", "", 0, pairwise(phaddsw)},
	{"66 0F 38 04 /r", "pmaddubsw", "+Vx Wx", "", 0, packed(pmaddubsw)},
	{"66 0F 38 05 /r", "phsubw", "+Vx Wx", "", 0, pairwise(phsubw)},
	{"66 0F 38 06 /r", "phsubd", "+Vx Wx", "", 0, pairwise(phsubd)},
	{"66 0F 38 07 /r", "phsubsw", "+Vx Wx", "", 0, pairwise(phsubsw)},
	{"66 0F 38 08 /r", "psignb", "+Vx Wx", "", 0, packed(psignb)},
	{"66 0F 38 09 /r", "psignw", "+Vx Wx", "", 0, packed(psignw)},
	{"66 0F 38 0A /r", "psignd", "+Vx Wx", "", 0, packed(psignd)},
	{"66 0F 38 0B /r", "pmulhrsw", "+Vx Wx", "", 0, packed(pmulhrsw)},
	{"66 0F 38 1C /r", "pabsb", "=Vx Wx", "", 0, packed(pabsb)},
	{"66 0F 38 1D /r", "pabsw", "=Vx Wx", "", 0, packed(pabsw)},
	{"66 0F 38 1E /r", "pabsd", "=Vx Wx", "", 0, packed(pabsd)},
	{"66 0F 3A 0F /r", "palignr", "+Vx Wx Ib", "", 0, opFunc(palignr)},

	{"NP 0F 38 00 /r", "pshufb", "+Pq Qq", "", 0, mmx(pshufb)},
	{"NP 0F 38 01 /r", "phaddw", "+Pq Qq", "", 0, mmx(phaddw)},
	{"NP 0F 38 02 /r", "phaddd", "+Pq Qq", "", 0, mmx(phaddd)},
	{"NP 0F 38 03 /r", "phaddsw", "+Pq Qq", "", 0, mmx(phaddsw)},
	{"NP 0F 38 04 /r", "pmaddubsw", "+Pq Qq", "", 0, mmx(pmaddubsw)},
	{"NP 0F 38 05 /r", "phsubw", "+Pq Qq", "", 0, mmx(phsubw)},
	{"NP 0F 38 06 /r", "phsubd", "+Pq Qq", "", 0, mmx(phsubd)},
	{"NP 0F 38 07 /r", "phsubsw", "+Pq Qq", "", 0, mmx(phsubsw)},
	{"NP 0F 38 08 /r", "psignb", "+Pq Qq", "", 0, mmx(psignb)},
	{"NP 0F 38 09 /r", "psignw", "+Pq Qq", "", 0, mmx(psignw)},
	{"NP 0F 38 0A /r", "psignd", "+Pq Qq", "", 0, mmx(psignd)},
	{"NP 0F 38 0B /r", "pmulhrsw", "+Pq Qq", "", 0, mmx(pmulhrsw)},
	{"NP 0F 38 1C /r", "pabsb", "=Pq Qq", "", 0, mmx(pabsb)},
	{"NP 0F 38 1D /r", "pabsw", "=Pq Qq", "", 0, mmx(pabsw)},
	{"NP 0F 38 1E /r", "pabsd", "=Pq Qq", "", 0, mmx(pabsd)},
	{"NP 0F 3A 0F /r", "palignr", "+Pq Qq Ib", "", 0, opFunc(mmxAlign)},
}}

// pairwise makes an instruction of a function that combines neighbours: those
// of the destination and those of the source make a half of the result each.
type pairwise func(a, b uint64) uint64

func (f pairwise) op() opFunc {
	return func(s *State, o *op) *op {
		lo, hi := s.vecSrc(o)
		d := &s.V[o.dst&31]
		d[0], d[1] = f(d[0], d[1]), f(lo, hi)
		return o.after()
	}
}

func pshufbVec(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	a, b := d[0], d[1]
	d[0], d[1] = shuffleBytes(a, b, lo), shuffleBytes(a, b, hi)
	return o.after()
}

func palignr(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = alignRight(d[0], d[1], lo, hi, o.imm)
	return o.after()
}

func mmxAlign(s *State, o *op) *op {
	v := s.mmxSrc(o)
	s.setMMX(o.dst, alignRight64(s.mmxReg(o.dst), v, o.imm))
	return o.after()
}
