package x86

import "math/bits"

// Multiplication and division; the rows are in arith.go.

// mulFlags sets CF and OF if the product does not fit the lower half. The
// others are undefined; like Intel processors we set SF and PF by the low half
// and clear ZF and AF.
func mulFlags[T word](s *State, low T, over bool) {
	s.fs = sext(low)
	s.fz = 1
	s.cf = b2u(over)
	s.fx = 0 // OF equals CF
}

func mul8(s *State, o *op) *op {
	p := uint16(srcOrDst[uint8](s, o)) * uint16(uint8(s.R[RAX]))
	setReg(s, RAX, p)
	mulFlags(s, uint8(p), p>>8 != 0)
	return o.after()
}

func mul16(s *State, o *op) *op {
	p := uint32(srcOrDst[uint16](s, o)) * uint32(uint16(s.R[RAX]))
	setReg(s, RAX, uint16(p))
	setReg(s, RDX, uint16(p>>16))
	mulFlags(s, uint16(p), p>>16 != 0)
	return o.after()
}

func mul32(s *State, o *op) *op {
	p := uint64(srcOrDst[uint32](s, o)) * uint64(uint32(s.R[RAX]))
	s.R[RAX], s.R[RDX] = uint64(uint32(p)), p>>32
	mulFlags(s, uint32(p), p>>32 != 0)
	return o.after()
}

func mul64(s *State, o *op) *op {
	hi, lo := bits.Mul64(srcOrDst[uint64](s, o), s.R[RAX])
	s.R[RAX], s.R[RDX] = lo, hi
	mulFlags(s, lo, hi != 0)
	return o.after()
}

// srcOrDst reads the only operand of the row: register dst or memory.
func srcOrDst[T word](s *State, o *op) T { return rmDst[T](s, o) }

func imul8(s *State, o *op) *op {
	p := int16(int8(srcOrDst[uint8](s, o))) * int16(int8(s.R[RAX]))
	setReg(s, RAX, uint16(p))
	mulFlags(s, uint8(p), p != int16(int8(p)))
	return o.after()
}

func imul16(s *State, o *op) *op {
	p := int32(int16(srcOrDst[uint16](s, o))) * int32(int16(s.R[RAX]))
	setReg(s, RAX, uint16(p))
	setReg(s, RDX, uint16(p>>16))
	mulFlags(s, uint16(p), p != int32(int16(p)))
	return o.after()
}

func imul32(s *State, o *op) *op {
	p := int64(int32(srcOrDst[uint32](s, o))) * int64(int32(s.R[RAX]))
	s.R[RAX], s.R[RDX] = uint64(uint32(p)), uint64(p)>>32
	mulFlags(s, uint32(p), p != int64(int32(p)))
	return o.after()
}

func imul64(s *State, o *op) *op {
	hi, lo := signedMul(srcOrDst[uint64](s, o), s.R[RAX])
	s.R[RAX], s.R[RDX] = lo, hi
	mulFlags(s, lo, hi != uint64(int64(lo)>>63))
	return o.after()
}

// signedMul multiplies two signed 64-bit numbers.
func signedMul(a, b uint64) (hi, lo uint64) {
	hi, lo = bits.Mul64(a, b)
	hi -= uint64(int64(a)>>63)&b + uint64(int64(b)>>63)&a
	return hi, lo
}

func imul2[T word](s *State, o *op) *op {
	imulTo(s, o, rm[T](s, o), reg[T](s, o.dst))
	return o.after()
}

func imul3[T word](s *State, o *op) *op {
	imulTo(s, o, rm[T](s, o), T(o.imm))
	return o.after()
}

func imulTo[T word](s *State, o *op, a, b T) {
	p := int64(sext(a)) * int64(sext(b))
	setReg(s, o.dst, T(p))
	mulFlags(s, T(p), p != int64(sext(T(p))))
}

func imul2x64(s *State, o *op) *op {
	imulTo64(s, o, rm[uint64](s, o), s.R[o.dst&31])
	return o.after()
}

func imul3x64(s *State, o *op) *op {
	imulTo64(s, o, rm[uint64](s, o), o.imm)
	return o.after()
}

func imulTo64(s *State, o *op, a, b uint64) {
	hi, lo := signedMul(a, b)
	s.R[o.dst&31] = lo
	mulFlags(s, lo, hi != uint64(int64(lo)>>63))
}

// The divisions leave all flags undefined; Intel processors keep them, and so
// do we. A quotient that does not fit is a divide error, like a zero divisor.

func div8(s *State, o *op) *op {
	d, n := uint16(srcOrDst[uint8](s, o)), uint16(s.R[RAX])
	if d == 0 || n/d > 0xff {
		panic(trapDivide)
	}
	setReg(s, RAX, n/d|n%d<<8)
	return o.after()
}

func div16(s *State, o *op) *op {
	d := uint32(srcOrDst[uint16](s, o))
	n := uint32(uint16(s.R[RDX]))<<16 | uint32(uint16(s.R[RAX]))
	if d == 0 || n/d > 0xffff {
		panic(trapDivide)
	}
	setReg(s, RAX, uint16(n/d))
	setReg(s, RDX, uint16(n%d))
	return o.after()
}

func div32(s *State, o *op) *op {
	d := uint64(srcOrDst[uint32](s, o))
	n := s.R[RDX]<<32 | uint64(uint32(s.R[RAX]))
	if d == 0 || n/d > 0xffffffff {
		panic(trapDivide)
	}
	s.R[RAX], s.R[RDX] = n/d, n%d
	return o.after()
}

func div64(s *State, o *op) *op {
	d := srcOrDst[uint64](s, o)
	if d <= s.R[RDX] { // covers zero: the quotient would need a 65th bit
		panic(trapDivide)
	}
	s.R[RAX], s.R[RDX] = bits.Div64(s.R[RDX], s.R[RAX], d)
	return o.after()
}

func idiv8(s *State, o *op) *op {
	d, n := int32(int8(srcOrDst[uint8](s, o))), int32(int16(s.R[RAX]))
	if d == 0 || n/d != int32(int8(n/d)) {
		panic(trapDivide)
	}
	setReg(s, RAX, uint16(uint8(n/d))|uint16(n%d)<<8)
	return o.after()
}

func idiv16(s *State, o *op) *op {
	d := int64(int16(srcOrDst[uint16](s, o)))
	n := int64(int32(uint32(uint16(s.R[RDX]))<<16 | uint32(uint16(s.R[RAX]))))
	if d == 0 || n/d != int64(int16(n/d)) {
		panic(trapDivide)
	}
	setReg(s, RAX, uint16(n/d))
	setReg(s, RDX, uint16(n%d))
	return o.after()
}

func idiv32(s *State, o *op) *op {
	d := int64(int32(srcOrDst[uint32](s, o)))
	n := int64(s.R[RDX]<<32 | uint64(uint32(s.R[RAX])))
	// n / -1 does not overflow in Go: it wraps, and the check below sees it.
	if d == 0 || n/d != int64(int32(n/d)) {
		panic(trapDivide)
	}
	s.R[RAX], s.R[RDX] = uint64(uint32(n/d)), uint64(uint32(n%d))
	return o.after()
}

func idiv64(s *State, o *op) *op {
	d := srcOrDst[uint64](s, o)
	hi, lo := s.R[RDX], s.R[RAX]
	negN, negD := int64(hi) < 0, int64(d) < 0
	if negN {
		var c uint64
		lo, c = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, c)
	}
	if negD {
		d = -d
	}
	if d <= hi {
		panic(trapDivide)
	}
	q, r := bits.Div64(hi, lo, d)
	if negN != negD {
		if q > 1<<63 {
			panic(trapDivide)
		}
		q = -q
	} else if q >= 1<<63 {
		panic(trapDivide)
	}
	if negN {
		r = -r
	}
	s.R[RAX], s.R[RDX] = q, r
	return o.after()
}
