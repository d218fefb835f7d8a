package x86

import (
	"math"

	"github.com/nuage-emu/nuage/cpu/softfloat"
)

// The floating-point instructions of SSE4.1: rounding to an integer, and dot
// products.

// roundingOf is the rounding mode that the immediate of ROUNDxx means: its own
// or, with bit 2 set, that of MXCSR.
func (s *State) roundingOf(imm uint64) softfloat.Rounding {
	if imm&4 != 0 {
		return softfloat.Rounding(s.MXCSR >> 13 & 3)
	}
	return softfloat.Rounding(imm & 3)
}

// quietRounding reports whether nothing is to be noted of an inexact result:
// the immediate says so, or it was noted before and is masked.
func (s *State) quietRounding(imm uint64) bool {
	const precision = uint32(softfloat.Inexact)
	return imm&8 != 0 || s.MXCSR&(precision|precision<<7) == precision|precision<<7
}

// hostRound rounds a finite number in Go's way, which is exact on every host.
func hostRound(x float64, r softfloat.Rounding) float64 {
	switch r {
	case softfloat.Down:
		return math.Floor(x)
	case softfloat.Up:
		return math.Ceil(x)
	case softfloat.TowardZero:
		return math.Trunc(x)
	}
	return math.RoundToEven(x)
}

// round64 and round32 round with s.float as the environment.

func (s *State) round64(a, imm uint64) uint64 {
	if softfloat.OrdinaryOrZero64(a) {
		x := math.Float64frombits(a)
		if r := hostRound(x, s.roundingOf(imm)); r == x || s.quietRounding(imm) {
			return math.Float64bits(r)
		}
	}
	e := &s.float
	return e.RoundToIntegral(e.UnpackF64(a), imm&8 == 0).F64()
}

func (s *State) round32(a uint32, imm uint64) uint32 {
	if softfloat.OrdinaryOrZero32(a) {
		x := float64(math.Float32frombits(a))
		if r := hostRound(x, s.roundingOf(imm)); r == x || s.quietRounding(imm) {
			return math.Float32bits(float32(r))
		}
	}
	e := &s.float
	return e.RoundToIntegral(e.UnpackF32(a), imm&8 == 0).F32()
}

// roundEnv prepares s.float for ROUNDxx.
func (s *State) roundEnv(imm uint64) { s.sseEnv().Rounding = s.roundingOf(imm) }

func roundsd(s *State, o *op) *op {
	b := s.vecSrc64(o)
	s.roundEnv(o.imm)
	r := s.round64(b, o.imm)
	s.sseRaise()
	s.V[o.dst&31][0] = r
	return o.after()
}

func roundss(s *State, o *op) *op {
	b := s.vecSrc32(o)
	s.roundEnv(o.imm)
	r := s.round32(b, o.imm)
	s.sseRaise()
	v := &s.V[o.dst&31]
	v[0] = v[0]&^math.MaxUint32 | uint64(r)
	return o.after()
}

func roundpd(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	r0, r1 := s.roundPD(lo, hi, o.imm)
	v := &s.V[o.dst&31]
	v[0], v[1] = r0, r1
	return o.after()
}

func roundps(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	r0, r1 := s.roundPS(lo, hi, o.imm)
	v := &s.V[o.dst&31]
	v[0], v[1] = r0, r1
	return o.after()
}

// roundPD and roundPS round the lanes of sixteen bytes.

func (s *State) roundPD(lo, hi, imm uint64) (r0, r1 uint64) {
	s.roundEnv(imm)
	r0, r1 = s.round64(lo, imm), s.round64(hi, imm)
	s.sseRaise()
	return r0, r1
}

func (s *State) roundPS(lo, hi, imm uint64) (r0, r1 uint64) {
	s.roundEnv(imm)
	r0 = uint64(s.round32(uint32(lo), imm)) | uint64(s.round32(uint32(lo>>32), imm))<<32
	r1 = uint64(s.round32(uint32(hi), imm)) | uint64(s.round32(uint32(hi>>32), imm))<<32
	s.sseRaise()
	return r0, r1
}

// The dot products are what Vol. 2 says they are, step by step: products,
// zeros where the immediate leaves them out, and a tree of sums. Every step
// notes its exceptions. Processors make the sums in every lane at once, with
// the lanes crossed over, so that each lane has an order of its own; it shows
// in which of two NaNs comes out.

func dppd(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = s.dotPD(d[0], d[1], lo, hi, o.imm)
	return o.after()
}

func dpps(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = s.dotPS(d[0], d[1], lo, hi, o.imm)
	return o.after()
}

func (s *State) dotPD(a0, a1, b0, b1, imm uint64) (r0, r1 uint64) {
	e := s.sseEnv()
	var p0, p1 uint64
	if imm&0x10 != 0 {
		p0 = e.MulF64(a0, b0)
	}
	if imm&0x20 != 0 {
		p1 = e.MulF64(a1, b1)
	}
	s.sseRaise()
	r0, r1 = e.AddF64(p0, p1), e.AddF64(p1, p0)
	s.sseRaise()
	return r0 & -(imm & 1), r1 & -(imm >> 1 & 1)
}

func (s *State) dotPS(a0, a1, b0, b1, imm uint64) (r0, r1 uint64) {
	e := s.sseEnv()
	product := func(bit uint, a, b uint64) uint32 {
		if imm>>bit&1 == 0 {
			return 0
		}
		return e.MulF32(uint32(a), uint32(b))
	}
	p := [4]uint32{product(4, a0, b0), product(5, a0>>32, b0>>32), product(6, a1, b1), product(7, a1>>32, b1>>32)}
	s.sseRaise()
	var q, r [4]uint32
	for i := range q {
		q[i] = e.AddF32(p[i^1], p[i])
	}
	s.sseRaise()
	for i := range r {
		r[i] = e.AddF32(q[i], q[i^2])
	}
	s.sseRaise()
	return (uint64(r[0]) | uint64(r[1])<<32) & blendMaskD(imm), (uint64(r[2]) | uint64(r[3])<<32) & blendMaskD(imm>>2)
}
