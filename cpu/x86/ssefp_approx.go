package x86

import (
	"math"
)

// RCPPS, RCPSS, RSQRTPS and RSQRTSS. The manual asks for a relative error of
// at most 1.5 × 2^-12, and processors differ within that, so ours is defined
// here: the argument's significand is cut to its first 12 bits, the function
// of the middle of that interval computed and rounded to 12 bits. They raise
// no exceptions; denormal arguments count as zero, and results that would be
// denormal are zero (Vol. 2, RCPPS and RSQRTPS).

// rcp32 approximates 1/a.
func rcp32(a uint32) uint32 {
	sign := a & (1 << 31)
	exp := a >> 23 & 0xff
	switch {
	case exp == 0:
		return sign | 0x7f800000
	case exp == 255 && a<<9 != 0:
		return a | 1<<22
	case exp == 255:
		return sign
	}
	// 1.f, f in 4096ths and a half: 8192/(8192+2f+1) lies in (1/2, 1).
	d := 2*(a>>11&0xfff) + 1 + 8192
	// The significand of 1/1.f in [1, 2), in 8192ths, to nearest.
	q := (8192*16384 + d/2) / d
	if exp >= 253 {
		return sign // 2^(253-exp)/2 is denormal
	}
	// q = 16384 would be the exact power of two; the half in d keeps it below.
	return sign | (253-exp)<<23 | (q-8192)<<10
}

// rsqrt32 approximates 1/√a.
func rsqrt32(a uint32) uint32 {
	exp := a >> 23 & 0xff
	switch {
	case exp == 255 && a<<9 != 0:
		return a | 1<<22
	case exp == 0:
		return a&(1<<31) | 0x7f800000
	case a>>31 != 0:
		return 0xffc00000
	case exp == 255:
		return 0
	}
	// With the exponent made even, the significand lies in [1, 4), in 8192ths.
	m := uint64(2*(a>>11&0xfff) + 1 + 8192)
	e := int32(exp) - 127
	if e&1 != 0 {
		m *= 2
	}
	e >>= 1
	// 1/√m in (1/2, 1): the integer q in (8192, 16384) with q² m next to 2^41,
	// since (q/16384)² (m/8192) = 1.
	q := uint64(math.Sqrt(float64((1 << 41) / m)))
	for (2*q+1)*(2*q+1)*m < 1<<43 {
		q++
	}
	for (2*q-1)*(2*q-1)*m > 1<<43 {
		q--
	}
	return uint32(126-e)<<23 | uint32(q-8192)<<10
}

type approxSS func(uint32) uint32

func (f approxSS) op() opFunc {
	return func(s *State, o *op) *op {
		r := f(s.vecSrc32(o))
		d := &s.V[o.dst&31][0]
		*d = *d&^math.MaxUint32 | uint64(r)
		return o.after()
	}
}

type approxPS func(uint32) uint32

func (f approxPS) op() opFunc {
	return func(s *State, o *op) *op {
		lo, hi := s.vecSrc(o)
		v := &s.V[o.dst&31]
		v[0] = uint64(f(uint32(lo))) | uint64(f(uint32(lo>>32)))<<32
		v[1] = uint64(f(uint32(hi))) | uint64(f(uint32(hi>>32)))<<32
		return o.after()
	}
}
