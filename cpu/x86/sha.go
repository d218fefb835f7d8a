package x86

import "math/bits"

// The SHA extensions (Vol. 1, 5.14 names them; FIPS 180-4 has the functions).
// The words of a register are written highest first in the manual's text, and
// the instructions follow it: the first word is in the top lane.
var shaRows = Section{Ref: "Vol. 1, 5.14 Intel SHA Extensions", Feature: "SHA", Rows: []Spec{
	{"NP 0F 3A CC /r", "sha1rnds4", "+Vx Wx Ib", "", 0, opFunc(sha1rnds4)},
	{"NP 0F 38 C8 /r", "sha1nexte", "+Vx Wx", "", 0, opFunc(sha1nexte)},
	{"NP 0F 38 C9 /r", "sha1msg1", "+Vx Wx", "", 0, opFunc(sha1msg1)},
	{"NP 0F 38 CA /r", "sha1msg2", "+Vx Wx", "", 0, opFunc(sha1msg2)},
	{"NP 0F 38 CB /r", "sha256rnds2", "+Vx Wx XMM0", "", 0, opFunc(sha256rnds2)},
	{"NP 0F 38 CC /r", "sha256msg1", "+Vx Wx", "", 0, opFunc(sha256msg1)},
	{"NP 0F 38 CD /r", "sha256msg2", "+Vx Wx", "", 0, opFunc(sha256msg2)},
}}

// The constant and the logical function of each twenty rounds.
var sha1Constants = [4]uint32{0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6}

func sha1Function(which, b, c, d uint32) uint32 {
	switch which {
	case 0:
		return d ^ b&(c^d)
	case 2:
		return b&c | d&(b|c)
	}
	return b ^ c ^ d
}

func sha1rnds4(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	a, b, c, d, e := uint32(v[1]>>32), uint32(v[1]), uint32(v[0]>>32), uint32(v[0]), uint32(0)
	which := uint32(o.imm & 3)
	k := sha1Constants[which]
	for _, w := range [4]uint32{uint32(hi >> 32), uint32(hi), uint32(lo >> 32), uint32(lo)} {
		a, b, c, d, e = sha1Function(which, b, c, d)+bits.RotateLeft32(a, 5)+w+e+k, a, bits.RotateLeft32(b, 30), c, d
	}
	v[0], v[1] = halves(d, c), halves(b, a)
	return o.after()
}

func sha1nexte(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	e := bits.RotateLeft32(uint32(v[1]>>32), 30)
	v[0], v[1] = lo, halves(uint32(hi), uint32(hi>>32)+e)
	return o.after()
}

func sha1msg1(s *State, o *op) *op {
	_, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	v[0], v[1] = v[0]^hi, v[1]^v[0]
	return o.after()
}

func sha1msg2(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	w13, w14, w15 := uint32(hi), uint32(lo>>32), uint32(lo)
	w16 := bits.RotateLeft32(uint32(v[1]>>32)^w13, 1)
	w17 := bits.RotateLeft32(uint32(v[1])^w14, 1)
	w18 := bits.RotateLeft32(uint32(v[0]>>32)^w15, 1)
	w19 := bits.RotateLeft32(uint32(v[0])^w16, 1)
	v[0], v[1] = halves(w19, w18), halves(w17, w16)
	return o.after()
}

func sha256rnds2(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	c, d, g, h := uint32(v[1]>>32), uint32(v[1]), uint32(v[0]>>32), uint32(v[0])
	a, b, e, f := uint32(hi>>32), uint32(hi), uint32(lo>>32), uint32(lo)
	for _, wk := range [2]uint32{uint32(s.V[0][0]), uint32(s.V[0][0] >> 32)} {
		t := h + wk + (g ^ e&(f^g)) + (bits.RotateLeft32(e, -6) ^ bits.RotateLeft32(e, -11) ^ bits.RotateLeft32(e, -25))
		u := a&b | c&(a|b)
		u += bits.RotateLeft32(a, -2) ^ bits.RotateLeft32(a, -13) ^ bits.RotateLeft32(a, -22)
		a, b, c, d, e, f, g, h = t+u, a, b, c, d+t, e, f, g
	}
	v[0], v[1] = halves(f, e), halves(b, a)
	return o.after()
}

func sha256sigma0(v uint32) uint32 {
	return bits.RotateLeft32(v, -7) ^ bits.RotateLeft32(v, -18) ^ v>>3
}

func sha256sigma1(v uint32) uint32 {
	return bits.RotateLeft32(v, -17) ^ bits.RotateLeft32(v, -19) ^ v>>10
}

func sha256msg1(s *State, o *op) *op {
	lo, _ := s.vecSrc(o)
	v := &s.V[o.dst&31]
	w0, w1, w2, w3, w4 := uint32(v[0]), uint32(v[0]>>32), uint32(v[1]), uint32(v[1]>>32), uint32(lo)
	v[0] = halves(w0+sha256sigma0(w1), w1+sha256sigma0(w2))
	v[1] = halves(w2+sha256sigma0(w3), w3+sha256sigma0(w4))
	return o.after()
}

func sha256msg2(s *State, o *op) *op {
	_, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	w14, w15 := uint32(hi), uint32(hi>>32)
	w16 := uint32(v[0]) + sha256sigma1(w14)
	w17 := uint32(v[0]>>32) + sha256sigma1(w15)
	w18 := uint32(v[1]) + sha256sigma1(w16)
	w19 := uint32(v[1]>>32) + sha256sigma1(w17)
	v[0], v[1] = halves(w16, w17), halves(w18, w19)
	return o.after()
}
