package arm64

import (
	"math"
	"math/bits"

	"github.com/nuage-emu/nuage/cpu/softfloat"
)

// Arithmetic left to the host. Go's operations on float64 and float32 round
// correctly to nearest even on every host, denormals included. If that is the
// rounding in force and nothing is flushed, it is enough to look at the result:
// one that is a normal number (and not the least one, if it was rounded)
// comes of finite operands and has overflowed and underflowed nowhere, so that
// Inexact is the only exception there can have been. ok says that a result is
// of this kind, or is a zero without having underflowed.
//
// State.near says when that is all; otherwise the functions with State.host
// look at operands that might have to be flushed, and find out whether the
// result is inexact.
//
// The explicit conversions forbid the compiler to fuse operations.

// near reports whether results of the host's may be taken as they are: round
// to nearest, nothing flushed, and Inexact noted already.
func (s *State) near() bool {
	return s.FPCR&(fpcrRMode|fpcrFZ) == 0 && s.FPSR&fpsrIXC != 0
}

func ordinary64(v uint64) bool { return (v>>52+1)&0x7fe != 0 }
func ordinary32(v uint32) bool { return (v>>23+1)&0xfe != 0 }

// settled reports whether a sum is normal or zero. Sums cannot underflow.
func settled64(r uint64) bool { return (r>>52+1)&0x7fe != 0 || r<<1 == 0 }
func settled32(r uint32) bool { return (r>>23+1)&0xfe != 0 || r<<1 == 0 }

// largeEnough reports whether v is normal and not the least normal number: what
// was rounded up to that one was tiny.
func largeEnough64(v uint64) bool { return v>>52&0x7ff-2 <= 0x7fc }
func largeEnough32(v uint32) bool { return v>>23&0xff-2 <= 0xfc }

func hostAdd64(n, m uint64) (r uint64, ok bool) {
	r = math.Float64bits(math.Float64frombits(n) + math.Float64frombits(m))
	return r, settled64(r)
}

func hostAdd32(n, m uint32) (r uint32, ok bool) {
	r = math.Float32bits(math.Float32frombits(n) + math.Float32frombits(m))
	return r, settled32(r)
}

func hostSub64(n, m uint64) (r uint64, ok bool) {
	r = math.Float64bits(math.Float64frombits(n) - math.Float64frombits(m))
	return r, settled64(r)
}

func hostSub32(n, m uint32) (r uint32, ok bool) {
	r = math.Float32bits(math.Float32frombits(n) - math.Float32frombits(m))
	return r, settled32(r)
}

func hostMul64(n, m uint64) (r uint64, ok bool) {
	r = math.Float64bits(float64(math.Float64frombits(n) * math.Float64frombits(m)))
	return r, largeEnough64(r) || r<<1 == 0 && (n<<1 == 0 || m<<1 == 0)
}

func hostMul32(n, m uint32) (r uint32, ok bool) {
	r = math.Float32bits(float32(math.Float32frombits(n) * math.Float32frombits(m)))
	return r, largeEnough32(r) || r<<1 == 0 && (n<<1 == 0 || m<<1 == 0)
}

func hostDiv64(n, m uint64) (r uint64, ok bool) {
	r = math.Float64bits(math.Float64frombits(n) / math.Float64frombits(m))
	return r, largeEnough64(r) || r<<1 == 0 && n<<1 == 0
}

func hostDiv32(n, m uint32) (r uint32, ok bool) {
	r = math.Float32bits(math.Float32frombits(n) / math.Float32frombits(m))
	return r, largeEnough32(r) || r<<1 == 0 && n<<1 == 0
}

func hostSqrt64(n uint64) (r uint64, ok bool) {
	r = math.Float64bits(math.Sqrt(math.Float64frombits(n)))
	return r, settled64(r)
}

// hostSqrt32 rounds twice, which is right for square roots: 53 >= 2×24+2.
func hostSqrt32(n uint32) (r uint32, ok bool) {
	r = math.Float32bits(float32(math.Sqrt(float64(math.Float32frombits(n)))))
	return r, settled32(r)
}

// hostFMA64 is n×m+d, rounded once.
func hostFMA64(d, n, m uint64) (r uint64, ok bool) {
	r = math.Float64bits(math.FMA(math.Float64frombits(n), math.Float64frombits(m), math.Float64frombits(d)))
	return r, largeEnough64(r) || r<<1 == 0 && d<<1 == 0 && (n<<1 == 0 || m<<1 == 0)
}

// hostFMA32 adds the exact product in double precision. Rounding that sum
// again errs only if it looks like a tie of single precision.
func hostFMA32(d, n, m uint32) (r uint32, ok bool) {
	p := float64(float64(math.Float32frombits(n)) * float64(math.Float32frombits(m)))
	sum := p + float64(math.Float32frombits(d))
	r = math.Float32bits(float32(sum))
	return r, largeEnough32(r) && math.Float64bits(sum)&(1<<29-1) != 1<<28 ||
		r<<1 == 0 && d<<1 == 0 && (n<<1 == 0 || m<<1 == 0)
}

// Whether a result that is ok is exact.

// exactSum finds the rounding error of a sum (Knuth, volume 2, 4.2.2), which is
// exact itself unless something overflows on the way.
func exactSum64(n, m, r uint64) bool {
	x, y, s := math.Float64frombits(n), math.Float64frombits(m), math.Float64frombits(r)
	t := s - x
	return (x-(s-t))+(y-t) == 0
}

func exactSum32(n, m, r uint32) bool {
	x, y, s := math.Float32frombits(n), math.Float32frombits(m), math.Float32frombits(r)
	t := s - x
	return (x-(s-t))+(y-t) == 0
}

// far reports whether an exponent is so large that intermediate results may
// overflow.
func far64(r uint64) bool { return r>>52&0x7ff >= 0x7fd }
func far32(r uint32) bool { return r>>23&0xff >= 0xfd }

// exactProduct multiplies the significands of normal numbers.
func exactProduct64(n, m uint64) bool {
	const frac = 1<<52 - 1
	hi, lo := bits.Mul64(n&frac|1<<52, m&frac|1<<52)
	lost := uint64(1)<<(52+hi>>41) - 1 // the product has 105 or 106 bits
	return lo&lost == 0
}

// exactRoot and exactQuotient multiply back. The numbers must be such that the
// difference is a normal number or zero: see balanced.
func exactRoot64(n, r uint64) bool {
	x := math.Float64frombits(r)
	return math.FMA(x, x, -math.Float64frombits(n)) == 0
}

func exactQuotient64(n, m, r uint64) bool {
	return math.FMA(math.Float64frombits(r), math.Float64frombits(m), -math.Float64frombits(n)) == 0
}

// balanced reports whether v is far from both ends of the exponents.
func balanced64(v uint64) bool { return v>>52&0x7ff-0x100 <= 0x600 }

// exact32 reports whether r is x.
func exact32(x float64, r uint32) bool { return float64(math.Float32frombits(r)) == x }

func float32of(v uint64) float64 { return float64(math.Float32frombits(uint32(v))) }

// plain reports whether n and m are read as they are: see State.host.
func (s *State) plain(n, m uint64, e uint) bool {
	if !s.float.FlushToZero {
		return true
	}
	if e == 64 {
		return softfloat.OrdinaryOrZero64(n) && softfloat.OrdinaryOrZero64(m)
	}
	return softfloat.OrdinaryOrZero32(uint32(n)) && softfloat.OrdinaryOrZero32(uint32(m))
}

// note raises Inexact unless a result is exact.
func (s *State) note(exact bool) {
	if !exact {
		s.float.Flags |= softfloat.Inexact
	}
}

// hostSum is n+m on the host, with its flag.
func (s *State) hostSum(n, m uint64, e uint) (uint64, bool) {
	if !s.host || !s.plain(n, m, e) {
		return 0, false
	}
	if e == 64 {
		r, ok := hostAdd64(n, m)
		if s.inexact || !ok {
			return r, ok
		}
		s.note(exactSum64(n, m, r) || far64(r))
		return r, !far64(r)
	}
	r, ok := hostAdd32(uint32(n), uint32(m))
	if s.inexact || !ok {
		return uint64(r), ok
	}
	s.note(exactSum32(uint32(n), uint32(m), r) || far32(r))
	return uint64(r), !far32(r)
}

// hostProduct is n×m on the host, with its flag.
func (s *State) hostProduct(n, m uint64, e uint) (uint64, bool) {
	if !s.host || !s.plain(n, m, e) {
		return 0, false
	}
	if e == 64 {
		r, ok := hostMul64(n, m)
		switch {
		case s.inexact || !ok || r<<1 == 0:
			return r, ok
		case !ordinary64(n) || !ordinary64(m):
			return 0, false
		}
		s.note(exactProduct64(n, m))
		return r, true
	}
	r, ok := hostMul32(uint32(n), uint32(m))
	if ok && !s.inexact {
		s.note(exact32(float64(float32of(n)*float32of(m)), r))
	}
	return uint64(r), ok
}

// hostQuotient is n÷m on the host, with its flag.
func (s *State) hostQuotient(n, m uint64, e uint) (uint64, bool) {
	if !s.host || !s.plain(n, m, e) {
		return 0, false
	}
	if e == 64 {
		r, ok := hostDiv64(n, m)
		switch {
		case s.inexact || !ok || r<<1 == 0:
			return r, ok
		case !balanced64(n) || !balanced64(m) || !balanced64(r):
			return 0, false
		}
		s.note(exactQuotient64(n, m, r))
		return r, true
	}
	r, ok := hostDiv32(uint32(n), uint32(m))
	if ok && !s.inexact && r<<1 != 0 {
		s.note(float64(float32of(uint64(r))*float32of(m)) == float32of(n))
	}
	return uint64(r), ok
}

// hostRoot is the square root of n on the host, with its flag.
func (s *State) hostRoot(n uint64, e uint) (uint64, bool) {
	if !s.host || !s.plain(n, n, e) {
		return 0, false
	}
	if e == 64 {
		r, ok := hostSqrt64(n)
		switch {
		case s.inexact || !ok || r<<1 == 0:
			return r, ok
		case !balanced64(n):
			return 0, false
		}
		s.note(exactRoot64(n, r))
		return r, true
	}
	r, ok := hostSqrt32(uint32(n))
	if ok && !s.inexact {
		s.note(float64(float32of(uint64(r))*float32of(uint64(r))) == float32of(n))
	}
	return uint64(r), ok
}

// hostMulAdd is n×m+d on the host. It leaves what may be exact, unless the
// product is, to others.
func (s *State) hostMulAdd(d, n, m uint64, e uint) (uint64, bool) {
	if !s.host || !s.plain(n, m, e) || !s.plain(d, d, e) {
		return 0, false
	}
	if e == 32 {
		r, ok := hostFMA32(uint32(d), uint32(n), uint32(m))
		if ok && !s.inexact {
			p, z := math.Float64bits(float64(float32of(n)*float32of(m))), math.Float64bits(float32of(d))
			sum := math.Float64bits(math.Float64frombits(p) + math.Float64frombits(z))
			s.note(exactSum64(p, z, sum) && exact32(math.Float64frombits(sum), r))
		}
		return uint64(r), ok
	}
	r, ok := hostFMA64(d, n, m)
	if s.inexact || !ok || r<<1 == 0 {
		return r, ok
	}
	p, ok := hostMul64(n, m)
	if !ok || far64(p) || far64(r) || p<<1 != 0 && !(ordinary64(n) && ordinary64(m) && exactProduct64(n, m)) {
		return 0, false
	}
	s.note(exactSum64(p, d, r))
	return r, true
}
