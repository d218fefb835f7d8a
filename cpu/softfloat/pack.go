package softfloat

import "math/bits"

// unpackBinary unpacks a format with a hidden integer bit: exp is the biased
// exponent, frac the fraction moved up to bit 62.
func (e *Env) unpackBinary(neg bool, exp, expMax, bias int32, frac uint64) Num {
	switch exp {
	case 0:
		if frac == 0 {
			return Num{Class: Zero, Neg: neg}
		}
		if e.DenormalsAreZero {
			if e.TinyBefore {
				e.raise(Denormal) // Arm reports the flush
			}
			return Num{Class: Zero, Neg: neg}
		}
		n := bits.LeadingZeros64(frac)
		return Num{Sig: frac << n, Exp: 1 - bias - int32(n), Class: Subnormal, Neg: neg}
	case expMax:
		if frac == 0 {
			return Num{Sig: intBit, Class: Infinity, Neg: neg}
		}
		class := QuietNaN
		if frac&quietBit == 0 {
			class = SignallingNaN
		}
		return Num{Sig: frac | intBit, Class: class, Neg: neg}
	}
	return Num{Sig: frac | intBit, Exp: exp - bias, Neg: neg}
}

// UnpackF16 unpacks a binary16.
func (e *Env) UnpackF16(v uint16) Num {
	return e.unpackBinary(v>>15 != 0, int32(v>>10&0x1f), 0x1f, 15, uint64(v&0x3ff)<<53)
}

// UnpackF32 unpacks a binary32.
func (e *Env) UnpackF32(v uint32) Num {
	return e.unpackBinary(v>>31 != 0, int32(v>>23&0xff), 0xff, 127, uint64(v&0x7fffff)<<40)
}

// UnpackF64 unpacks a binary64.
func (e *Env) UnpackF64(v uint64) Num {
	return e.unpackBinary(v>>63 != 0, int32(v>>52&0x7ff), 0x7ff, 1023, v<<12>>1)
}

// Unpack unpacks an x87 number. Pseudo-denormals are Subnormal with their
// value; unnormals, pseudo-infinities and pseudo-NaNs are Unsupported (Intel
// SDM volume 1, 8.2.2).
func (v X80) Unpack() Num {
	neg := v.SE>>15 != 0
	exp := int32(v.SE & 0x7fff)
	switch {
	case exp == 0:
		if v.Sig == 0 {
			return Num{Class: Zero, Neg: neg}
		}
		n := bits.LeadingZeros64(v.Sig)
		return Num{Sig: v.Sig << n, Exp: -16382 - int32(n), Class: Subnormal, Neg: neg}
	case v.Sig&intBit == 0:
		return Num{Sig: v.Sig, Exp: exp, Class: Unsupported, Neg: neg}
	case exp == 0x7fff:
		switch {
		case v.Sig == intBit:
			return Num{Sig: intBit, Class: Infinity, Neg: neg}
		case v.Sig&quietBit == 0:
			return Num{Sig: v.Sig, Class: SignallingNaN, Neg: neg}
		}
		return Num{Sig: v.Sig, Class: QuietNaN, Neg: neg}
	}
	return Num{Sig: v.Sig, Exp: exp - 16383, Neg: neg}
}

// FromInt is the exact value of an integer.
func FromInt(v int64) Num {
	if v < 0 {
		n := FromUint(uint64(-v))
		n.Neg = true
		return n
	}
	return FromUint(uint64(v))
}

// FromUint is the exact value of an unsigned integer.
func FromUint(v uint64) Num {
	if v == 0 {
		return Num{Class: Zero}
	}
	n := bits.LeadingZeros64(v)
	return Num{Sig: v << n, Exp: 63 - int32(n)}
}

// packBinary returns the biased exponent and the fraction, moved down by shift.
func (n Num) packBinary(bias, expMax int32, shift uint) (exp, frac uint64) {
	switch n.Class {
	case Normal:
		return uint64(n.Exp + bias), n.Sig << 1 >> (shift + 1)
	case Subnormal:
		return 0, n.Sig >> shift
	case Zero:
		return 0, 0
	}
	return uint64(expMax), n.Sig << 1 >> (shift + 1)
}

func signBit(neg bool) uint64 {
	if neg {
		return 1
	}
	return 0
}

// F16 packs a number that was rounded to Binary16.
func (n Num) F16() uint16 {
	exp, frac := n.packBinary(15, 0x1f, 53)
	return uint16(signBit(n.Neg)<<15 | exp<<10 | frac)
}

// F32 packs a number that was rounded to Binary32.
func (n Num) F32() uint32 {
	exp, frac := n.packBinary(127, 0xff, 40)
	return uint32(signBit(n.Neg)<<31 | exp<<23 | frac)
}

// F64 packs a number that was rounded to Binary64.
func (n Num) F64() uint64 {
	exp, frac := n.packBinary(1023, 0x7ff, 11)
	return signBit(n.Neg)<<63 | exp<<52 | frac
}

// X80 packs a number that was rounded to one of the Extended formats.
func (n Num) X80() X80 {
	se := uint16(signBit(n.Neg) << 15)
	switch n.Class {
	case Normal:
		return X80{n.Sig, se | uint16(n.Exp+16383)}
	case Subnormal:
		return X80{n.Sig, se}
	case Zero:
		return X80{0, se}
	}
	return X80{n.Sig, se | 0x7fff}
}

// Widen is the x87 number with the value of an operand of a narrower format:
// exact, raising nothing, signalling NaNs unchanged.
func (n Num) Widen() X80 {
	if n.Class == Subnormal {
		n.Class = Normal // no narrower format reaches the x87's denormals
	}
	return n.X80()
}
