package x86

import "github.com/nuage-emu/nuage/cpu/softfloat"

// Half-precision conversions (Vol. 1, 5.14 and 14.4). Halves are denormal, as
// they are, whatever MXCSR says: neither DAZ nor FTZ applies to them.
var f16cRows = Section{Ref: "Vol. 1, 5.14 16-bit Floating-Point Conversion", Feature: "F16C", Rows: []Spec{
	{Enc: "VEX.128/256.66.0F38.W0 13 /r", Name: "vcvtph2ps", Ops: "=Vx Wx/2", Do: bindVector(vcvtph2ps)},
	{Enc: "VEX.128/256.66.0F3A.W0 1D /r", Name: "vcvtps2ph", Ops: "=Wx/2 Vx Ib", Do: bindVector(vcvtps2ph)},
}}

// bindVector binds a function that finds the vector length in op.width.
type bindVector func(s *State, o *op) *op

func (fn bindVector) bind(b *binder) { b.operands(opFunc(fn)).width = b.d.VecLen }

// vcvtph2ps is exact; a signalling NaN is its only exception.
func vcvtph2ps(s *State, o *op) *op {
	var h [2]uint64
	switch {
	case !o.mem:
		h = [2]uint64(s.V[o.src&31][:2])
	case o.width == 32:
		h[0], h[1] = s.load128(o)
	default:
		h[0] = s.mem.Load64(s.ea(o))
	}
	e := s.sseEnv()
	e.DenormalsAreZero = false
	var r Vec
	for i := range r[:o.width/8] {
		w := h[i/2] >> (i % 2 * 32)
		r[i] = uint64(widenHalf(e, uint16(w))) | uint64(widenHalf(e, uint16(w>>16)))<<32
	}
	s.sseRaise()
	s.V[o.dst&15] = r
	return o.after()
}

func widenHalf(e *softfloat.Env, h uint16) uint32 {
	return e.RoundQuietly(e.UnpackF16(h), softfloat.Binary32).F32()
}

// vcvtps2ph rounds as the immediate says, or MXCSR.
func vcvtps2ph(s *State, o *op) *op {
	e := s.sseEnv()
	e.FlushToZero = false
	if o.imm&4 == 0 {
		e.Rounding = softfloat.Rounding(o.imm & 3)
	}
	src := &s.V[o.src&31]
	var h [2]uint64
	for i, v := range src[:o.width/8] {
		w := uint64(narrowHalf(e, uint32(v))) | uint64(narrowHalf(e, uint32(v>>32)))<<16
		h[i/2] |= w << (i % 2 * 32)
	}
	s.sseRaise()
	switch {
	case !o.mem:
		s.V[o.dst&15] = Vec{h[0], h[1]}
	case o.width == 32:
		s.store128(o, h[0], h[1])
	default:
		s.mem.Store64(s.ea(o), h[0])
	}
	return o.after()
}

func narrowHalf(e *softfloat.Env, v uint32) uint16 {
	return e.Round(e.UnpackF32(v), softfloat.Binary16).F16()
}
