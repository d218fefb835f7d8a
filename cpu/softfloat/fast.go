package softfloat

import (
	"math"
	"math/bits"
)

// The fast path: an operation done by the host.
//
// Go's float64 and float32 operations are correctly rounded to nearest even on
// every host. If that is the rounding in force, all exceptions are masked, and
// operands and result are ordinary (normal numbers), then the host's result is
// the result, Inexact is the only exception there can be, and flush-to-zero
// and denormals-are-zero change nothing. A Fast function returns ok false
// where the numbers are not ordinary; with ok, the caller must have the Inexact
// flag set already. An Exact function (which takes zeros too) vouches with ok
// for a result that is exact, so it needs no flag. In all other cases the
// caller asks the operation of [Env].
//
// The explicit conversions below forbid the compiler to fuse operations.

// ordinary64 reports whether v is normal.
func ordinary64(v uint64) bool { return (v>>52+1)&0x7fe != 0 }

// ordinary32 reports whether v is normal.
func ordinary32(v uint32) bool { return (v>>23+1)&0xfe != 0 }

// largeEnough64 reports whether v is normal and not the smallest normal: a
// product or quotient that was rounded up to that one was tiny.
func largeEnough64(v uint64) bool { return v>>52&0x7ff-2 <= 0x7fc }

// largeEnough32 is largeEnough64 for binary32.
func largeEnough32(v uint32) bool { return v>>23&0xff-2 <= 0xfc }

// OrdinaryOrZero64 reports whether v is a normal number or a zero.
func OrdinaryOrZero64(v uint64) bool { return ordinary64(v) || v<<1 == 0 }

// OrdinaryOrZero32 reports whether v is a normal number or a zero.
func OrdinaryOrZero32(v uint32) bool { return ordinary32(v) || v<<1 == 0 }

// FastAddF64 is a+b.
func FastAddF64(a, b uint64) (r uint64, ok bool) {
	r = math.Float64bits(math.Float64frombits(a) + math.Float64frombits(b))
	return r, ordinary64(a) && ordinary64(b) && ordinary64(r)
}

// FastSubF64 is a-b.
func FastSubF64(a, b uint64) (r uint64, ok bool) {
	r = math.Float64bits(math.Float64frombits(a) - math.Float64frombits(b))
	return r, ordinary64(a) && ordinary64(b) && ordinary64(r)
}

// FastMulF64 is a×b.
func FastMulF64(a, b uint64) (r uint64, ok bool) {
	r = math.Float64bits(float64(math.Float64frombits(a) * math.Float64frombits(b)))
	return r, ordinary64(a) && ordinary64(b) && largeEnough64(r)
}

// FastDivF64 is a/b.
func FastDivF64(a, b uint64) (r uint64, ok bool) {
	r = math.Float64bits(math.Float64frombits(a) / math.Float64frombits(b))
	return r, ordinary64(a) && ordinary64(b) && largeEnough64(r)
}

// FastSqrtF64 is the square root of a.
func FastSqrtF64(a uint64) (r uint64, ok bool) {
	return math.Float64bits(math.Sqrt(math.Float64frombits(a))), ordinary64(a) && a>>63 == 0
}

// FastAddF32 is a+b.
func FastAddF32(a, b uint32) (r uint32, ok bool) {
	r = math.Float32bits(math.Float32frombits(a) + math.Float32frombits(b))
	return r, ordinary32(a) && ordinary32(b) && ordinary32(r)
}

// FastSubF32 is a-b.
func FastSubF32(a, b uint32) (r uint32, ok bool) {
	r = math.Float32bits(math.Float32frombits(a) - math.Float32frombits(b))
	return r, ordinary32(a) && ordinary32(b) && ordinary32(r)
}

// FastMulF32 is a×b.
func FastMulF32(a, b uint32) (r uint32, ok bool) {
	r = math.Float32bits(float32(math.Float32frombits(a) * math.Float32frombits(b)))
	return r, ordinary32(a) && ordinary32(b) && largeEnough32(r)
}

// FastDivF32 is a/b.
func FastDivF32(a, b uint32) (r uint32, ok bool) {
	r = math.Float32bits(math.Float32frombits(a) / math.Float32frombits(b))
	return r, ordinary32(a) && ordinary32(b) && largeEnough32(r)
}

// FastSqrtF32 is the square root of a.
func FastSqrtF32(a uint32) (r uint32, ok bool) {
	// The square root in double precision, rounded again, is the correctly
	// rounded one: 53 >= 2×24+2.
	r = math.Float32bits(float32(math.Sqrt(float64(math.Float32frombits(a)))))
	return r, ordinary32(a) && a>>31 == 0
}

// FastF64ToF32 narrows a.
func FastF64ToF32(a uint64) (r uint32, ok bool) {
	r = math.Float32bits(float32(math.Float64frombits(a)))
	return r, ordinary64(a) && largeEnough32(r)
}

// ExactAddF64 is a+b where that is exact and its operands are ordinary or
// zero: what a program computes before its first inexact operation, and sums
// with zero. For a-b flip b's sign.
func ExactAddF64(a, b uint64) (r uint64, ok bool) {
	x, y := math.Float64frombits(a), math.Float64frombits(b)
	s := x + y
	r = math.Float64bits(s)
	if !OrdinaryOrZero64(a) || !OrdinaryOrZero64(b) || !OrdinaryOrZero64(r) {
		return r, false
	}
	// The rounding error of a sum, computed exactly (Knuth, volume 2, 4.2.2).
	t := s - x
	return r, (x-(s-t))+(y-t) == 0
}

// ExactAddF32 is ExactAddF64 for binary32.
func ExactAddF32(a, b uint32) (r uint32, ok bool) {
	x, y := math.Float32frombits(a), math.Float32frombits(b)
	s := x + y
	r = math.Float32bits(s)
	if !OrdinaryOrZero32(a) || !OrdinaryOrZero32(b) || !OrdinaryOrZero32(r) {
		return r, false
	}
	t := s - x
	return r, (x-(s-t))+(y-t) == 0
}

// ExactMulF64 is a×b where the significands are short enough for that to be exact.
func ExactMulF64(a, b uint64) (r uint64, ok bool) {
	r = math.Float64bits(float64(math.Float64frombits(a) * math.Float64frombits(b)))
	if !ordinary64(a) || !ordinary64(b) {
		// A zero times a number.
		return r, r<<1 == 0 && OrdinaryOrZero64(a) && OrdinaryOrZero64(b)
	}
	return r, largeEnough64(r) && bits.TrailingZeros64(a|1<<52)+bits.TrailingZeros64(b|1<<52) >= 53
}

// ExactMulF32 is ExactMulF64 for binary32.
func ExactMulF32(a, b uint32) (r uint32, ok bool) {
	r = math.Float32bits(float32(math.Float32frombits(a) * math.Float32frombits(b)))
	if !ordinary32(a) || !ordinary32(b) {
		return r, r<<1 == 0 && OrdinaryOrZero32(a) && OrdinaryOrZero32(b)
	}
	return r, largeEnough32(r) && bits.TrailingZeros32(a|1<<23)+bits.TrailingZeros32(b|1<<23) >= 24
}

// FastMulAddF64 is a×b+c, rounded once.
func FastMulAddF64(a, b, c uint64) (r uint64, ok bool) {
	if !ordinary64(a) || !ordinary64(b) || !ordinary64(c) {
		return 0, false // before what some hosts do in software
	}
	r = math.Float64bits(math.FMA(math.Float64frombits(a), math.Float64frombits(b), math.Float64frombits(c)))
	return r, largeEnough64(r)
}

// FastMulAddF32 is a×b+c, rounded once: the product is exact in double
// precision, and rounding the sum twice errs only if it looks like a tie of
// single precision.
func FastMulAddF32(a, b, c uint32) (r uint32, ok bool) {
	x, y, z := math.Float32frombits(a), math.Float32frombits(b), math.Float32frombits(c)
	sum := float64(float64(x)*float64(y)) + float64(z)
	r = math.Float32bits(float32(sum))
	return r, ordinary32(a) && ordinary32(b) && ordinary32(c) && largeEnough32(r) && math.Float64bits(sum)&(1<<29-1) != 1<<28
}
