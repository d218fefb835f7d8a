package x86

import (
	"math"

	"github.com/nuage-emu/nuage/cpu/softfloat"
)

// The four scalar operations, frequent enough not to go the way of the other
// VEX forms: see ssefp_arith.go for their parts.

func vaddsd(s *State, o *op) *op {
	b := s.rmLow64(o)
	a := &s.V[o.src&31]
	r, ok := softfloat.FastAddF64(a[0], b)
	if !ok || !s.hostFloat() {
		r = s.addF64(a[0], b)
	}
	s.V[o.dst&31].set128(r, a[1])
	return o.after()
}

func vaddss(s *State, o *op) *op {
	b := s.rmLow32(o)
	a := &s.V[o.src&31]
	r, ok := softfloat.FastAddF32(uint32(a[0]), b)
	if !ok || !s.hostFloat() {
		r = s.addF32(uint32(a[0]), b)
	}
	s.V[o.dst&31].set128(a[0]&^math.MaxUint32|uint64(r), a[1])
	return o.after()
}

func vsubsd(s *State, o *op) *op {
	b := s.rmLow64(o)
	a := &s.V[o.src&31]
	r, ok := softfloat.FastSubF64(a[0], b)
	if !ok || !s.hostFloat() {
		r = s.subF64(a[0], b)
	}
	s.V[o.dst&31].set128(r, a[1])
	return o.after()
}

func vsubss(s *State, o *op) *op {
	b := s.rmLow32(o)
	a := &s.V[o.src&31]
	r, ok := softfloat.FastSubF32(uint32(a[0]), b)
	if !ok || !s.hostFloat() {
		r = s.subF32(uint32(a[0]), b)
	}
	s.V[o.dst&31].set128(a[0]&^math.MaxUint32|uint64(r), a[1])
	return o.after()
}

func vmulsd(s *State, o *op) *op {
	b := s.rmLow64(o)
	a := &s.V[o.src&31]
	r, ok := softfloat.FastMulF64(a[0], b)
	if !ok || !s.hostFloat() {
		r = s.mulF64(a[0], b)
	}
	s.V[o.dst&31].set128(r, a[1])
	return o.after()
}

func vmulss(s *State, o *op) *op {
	b := s.rmLow32(o)
	a := &s.V[o.src&31]
	r, ok := softfloat.FastMulF32(uint32(a[0]), b)
	if !ok || !s.hostFloat() {
		r = s.mulF32(uint32(a[0]), b)
	}
	s.V[o.dst&31].set128(a[0]&^math.MaxUint32|uint64(r), a[1])
	return o.after()
}

func vdivsd(s *State, o *op) *op {
	b := s.rmLow64(o)
	a := &s.V[o.src&31]
	r, ok := softfloat.FastDivF64(a[0], b)
	if !ok || !s.hostFloat() {
		r = s.divF64(a[0], b)
	}
	s.V[o.dst&31].set128(r, a[1])
	return o.after()
}

func vdivss(s *State, o *op) *op {
	b := s.rmLow32(o)
	a := &s.V[o.src&31]
	r, ok := softfloat.FastDivF32(uint32(a[0]), b)
	if !ok || !s.hostFloat() {
		r = s.divF32(uint32(a[0]), b)
	}
	s.V[o.dst&31].set128(a[0]&^math.MaxUint32|uint64(r), a[1])
	return o.after()
}
