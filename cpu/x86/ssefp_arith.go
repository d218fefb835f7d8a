package x86

import (
	"math"

	"github.com/nuage-emu/nuage/cpu/softfloat"
)

// Scalar and packed addition, subtraction, multiplication, division and square
// root (Vol. 1, 10.4.1.1 and 11.4.1.1). The host's arithmetic is tried first
// and decides nearly always; see softfloat/fast.go for why it may.

func addsd(s *State, o *op) *op {
	b := s.vecSrc64(o)
	v := &s.V[o.dst&31]
	r, ok := softfloat.FastAddF64(v[0], b)
	if !ok || !s.hostFloat() {
		r = s.addF64(v[0], b)
	}
	v[0] = r
	return o.after()
}

func addss(s *State, o *op) *op {
	b := s.vecSrc32(o)
	v := &s.V[o.dst&31]
	r, ok := softfloat.FastAddF32(uint32(v[0]), b)
	if !ok || !s.hostFloat() {
		r = s.addF32(uint32(v[0]), b)
	}
	v[0] = v[0]&^math.MaxUint32 | uint64(r)
	return o.after()
}

func addpd(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	r0, ok0 := softfloat.FastAddF64(v[0], lo)
	r1, ok1 := softfloat.FastAddF64(v[1], hi)
	if !ok0 || !ok1 || !s.hostFloat() {
		r0, r1 = s.packed64((*softfloat.Env).AddF64, v, lo, hi)
	}
	v[0], v[1] = r0, r1
	return o.after()
}

func addps(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	r0, ok0 := softfloat.FastAddF32(uint32(v[0]), uint32(lo))
	r1, ok1 := softfloat.FastAddF32(uint32(v[0]>>32), uint32(lo>>32))
	r2, ok2 := softfloat.FastAddF32(uint32(v[1]), uint32(hi))
	r3, ok3 := softfloat.FastAddF32(uint32(v[1]>>32), uint32(hi>>32))
	if ok0 && ok1 && ok2 && ok3 && s.hostFloat() {
		v[0], v[1] = uint64(r0)|uint64(r1)<<32, uint64(r2)|uint64(r3)<<32
	} else {
		v[0], v[1] = s.packed32((*softfloat.Env).AddF32, v, lo, hi)
	}
	return o.after()
}

func subsd(s *State, o *op) *op {
	b := s.vecSrc64(o)
	v := &s.V[o.dst&31]
	r, ok := softfloat.FastSubF64(v[0], b)
	if !ok || !s.hostFloat() {
		r = s.subF64(v[0], b)
	}
	v[0] = r
	return o.after()
}

func subss(s *State, o *op) *op {
	b := s.vecSrc32(o)
	v := &s.V[o.dst&31]
	r, ok := softfloat.FastSubF32(uint32(v[0]), b)
	if !ok || !s.hostFloat() {
		r = s.subF32(uint32(v[0]), b)
	}
	v[0] = v[0]&^math.MaxUint32 | uint64(r)
	return o.after()
}

func subpd(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	r0, ok0 := softfloat.FastSubF64(v[0], lo)
	r1, ok1 := softfloat.FastSubF64(v[1], hi)
	if !ok0 || !ok1 || !s.hostFloat() {
		r0, r1 = s.packed64((*softfloat.Env).SubF64, v, lo, hi)
	}
	v[0], v[1] = r0, r1
	return o.after()
}

func subps(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	r0, ok0 := softfloat.FastSubF32(uint32(v[0]), uint32(lo))
	r1, ok1 := softfloat.FastSubF32(uint32(v[0]>>32), uint32(lo>>32))
	r2, ok2 := softfloat.FastSubF32(uint32(v[1]), uint32(hi))
	r3, ok3 := softfloat.FastSubF32(uint32(v[1]>>32), uint32(hi>>32))
	if ok0 && ok1 && ok2 && ok3 && s.hostFloat() {
		v[0], v[1] = uint64(r0)|uint64(r1)<<32, uint64(r2)|uint64(r3)<<32
	} else {
		v[0], v[1] = s.packed32((*softfloat.Env).SubF32, v, lo, hi)
	}
	return o.after()
}

func mulsd(s *State, o *op) *op {
	b := s.vecSrc64(o)
	v := &s.V[o.dst&31]
	r, ok := softfloat.FastMulF64(v[0], b)
	if !ok || !s.hostFloat() {
		r = s.mulF64(v[0], b)
	}
	v[0] = r
	return o.after()
}

func mulss(s *State, o *op) *op {
	b := s.vecSrc32(o)
	v := &s.V[o.dst&31]
	r, ok := softfloat.FastMulF32(uint32(v[0]), b)
	if !ok || !s.hostFloat() {
		r = s.mulF32(uint32(v[0]), b)
	}
	v[0] = v[0]&^math.MaxUint32 | uint64(r)
	return o.after()
}

func mulpd(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	r0, ok0 := softfloat.FastMulF64(v[0], lo)
	r1, ok1 := softfloat.FastMulF64(v[1], hi)
	if !ok0 || !ok1 || !s.hostFloat() {
		r0, r1 = s.packed64((*softfloat.Env).MulF64, v, lo, hi)
	}
	v[0], v[1] = r0, r1
	return o.after()
}

func mulps(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	r0, ok0 := softfloat.FastMulF32(uint32(v[0]), uint32(lo))
	r1, ok1 := softfloat.FastMulF32(uint32(v[0]>>32), uint32(lo>>32))
	r2, ok2 := softfloat.FastMulF32(uint32(v[1]), uint32(hi))
	r3, ok3 := softfloat.FastMulF32(uint32(v[1]>>32), uint32(hi>>32))
	if ok0 && ok1 && ok2 && ok3 && s.hostFloat() {
		v[0], v[1] = uint64(r0)|uint64(r1)<<32, uint64(r2)|uint64(r3)<<32
	} else {
		v[0], v[1] = s.packed32((*softfloat.Env).MulF32, v, lo, hi)
	}
	return o.after()
}

func divsd(s *State, o *op) *op {
	b := s.vecSrc64(o)
	v := &s.V[o.dst&31]
	r, ok := softfloat.FastDivF64(v[0], b)
	if !ok || !s.hostFloat() {
		r = s.divF64(v[0], b)
	}
	v[0] = r
	return o.after()
}

func divss(s *State, o *op) *op {
	b := s.vecSrc32(o)
	v := &s.V[o.dst&31]
	r, ok := softfloat.FastDivF32(uint32(v[0]), b)
	if !ok || !s.hostFloat() {
		r = s.divF32(uint32(v[0]), b)
	}
	v[0] = v[0]&^math.MaxUint32 | uint64(r)
	return o.after()
}

func divpd(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	r0, ok0 := softfloat.FastDivF64(v[0], lo)
	r1, ok1 := softfloat.FastDivF64(v[1], hi)
	if !ok0 || !ok1 || !s.hostFloat() {
		r0, r1 = s.packed64((*softfloat.Env).DivF64, v, lo, hi)
	}
	v[0], v[1] = r0, r1
	return o.after()
}

func divps(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	r0, ok0 := softfloat.FastDivF32(uint32(v[0]), uint32(lo))
	r1, ok1 := softfloat.FastDivF32(uint32(v[0]>>32), uint32(lo>>32))
	r2, ok2 := softfloat.FastDivF32(uint32(v[1]), uint32(hi))
	r3, ok3 := softfloat.FastDivF32(uint32(v[1]>>32), uint32(hi>>32))
	if ok0 && ok1 && ok2 && ok3 && s.hostFloat() {
		v[0], v[1] = uint64(r0)|uint64(r1)<<32, uint64(r2)|uint64(r3)<<32
	} else {
		v[0], v[1] = s.packed32((*softfloat.Env).DivF32, v, lo, hi)
	}
	return o.after()
}

func sqrtsd(s *State, o *op) *op {
	b := s.vecSrc64(o)
	v := &s.V[o.dst&31]
	r, ok := softfloat.FastSqrtF64(b)
	if !ok || !s.hostFloat() {
		e := s.sseEnv()
		r = e.SqrtF64(b)
		s.sseRaise()
	}
	v[0] = r
	return o.after()
}

func sqrtss(s *State, o *op) *op {
	b := s.vecSrc32(o)
	v := &s.V[o.dst&31]
	r, ok := softfloat.FastSqrtF32(b)
	if !ok || !s.hostFloat() {
		e := s.sseEnv()
		r = e.SqrtF32(b)
		s.sseRaise()
	}
	v[0] = v[0]&^math.MaxUint32 | uint64(r)
	return o.after()
}

func sqrtpd(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	r0, ok0 := softfloat.FastSqrtF64(lo)
	r1, ok1 := softfloat.FastSqrtF64(hi)
	if !ok0 || !ok1 || !s.hostFloat() {
		r0, r1 = s.packed64(sqrt64, v, lo, hi)
	}
	v[0], v[1] = r0, r1
	return o.after()
}

func sqrtps(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	v[0], v[1] = s.packed32(sqrt32, v, lo, hi)
	return o.after()
}

func sqrt64(e *softfloat.Env, _, b uint64) uint64 { return e.SqrtF64(b) }
func sqrt32(e *softfloat.Env, _, b uint32) uint32 { return e.SqrtF32(b) }

// What follows is the way of an operation that the host cannot do: without a
// flag to set if the result is exact, in software otherwise.

func (s *State) addF64(a, b uint64) uint64 {
	if s.MXCSR&(mxcsrMasks|mxcsrRC) == mxcsrMasks {
		if r, ok := softfloat.ExactAddF64(a, b); ok {
			return r
		}
	}
	e := s.sseEnv()
	r := e.AddF64(a, b)
	s.sseRaise()
	return r
}

func (s *State) addF32(a, b uint32) uint32 {
	if s.MXCSR&(mxcsrMasks|mxcsrRC) == mxcsrMasks {
		if r, ok := softfloat.ExactAddF32(a, b); ok {
			return r
		}
	}
	e := s.sseEnv()
	r := e.AddF32(a, b)
	s.sseRaise()
	return r
}

func (s *State) subF64(a, b uint64) uint64 {
	if s.MXCSR&(mxcsrMasks|mxcsrRC) == mxcsrMasks {
		if r, ok := softfloat.ExactAddF64(a, b^1<<63); ok {
			return r
		}
	}
	e := s.sseEnv()
	r := e.SubF64(a, b)
	s.sseRaise()
	return r
}

func (s *State) subF32(a, b uint32) uint32 {
	if s.MXCSR&(mxcsrMasks|mxcsrRC) == mxcsrMasks {
		if r, ok := softfloat.ExactAddF32(a, b^1<<31); ok {
			return r
		}
	}
	e := s.sseEnv()
	r := e.SubF32(a, b)
	s.sseRaise()
	return r
}

func (s *State) mulF64(a, b uint64) uint64 {
	if s.MXCSR&(mxcsrMasks|mxcsrRC) == mxcsrMasks {
		if r, ok := softfloat.ExactMulF64(a, b); ok {
			return r
		}
	}
	e := s.sseEnv()
	r := e.MulF64(a, b)
	s.sseRaise()
	return r
}

func (s *State) mulF32(a, b uint32) uint32 {
	if s.MXCSR&(mxcsrMasks|mxcsrRC) == mxcsrMasks {
		if r, ok := softfloat.ExactMulF32(a, b); ok {
			return r
		}
	}
	e := s.sseEnv()
	r := e.MulF32(a, b)
	s.sseRaise()
	return r
}

func (s *State) divF64(a, b uint64) uint64 {
	e := s.sseEnv()
	r := e.DivF64(a, b)
	s.sseRaise()
	return r
}

func (s *State) divF32(a, b uint32) uint32 {
	e := s.sseEnv()
	r := e.DivF32(a, b)
	s.sseRaise()
	return r
}
