package arm64

import "github.com/nuage-emu/nuage/cpu/softfloat"

// FPCR (C5.2.7 of the manual): what of it the presented processor has.
const (
	fpcrFZ16  = 1 << 19
	fpcrRMode = 3 << 22
	fpcrFZ    = 1 << 24
	fpcrDN    = 1 << 25
	fpcrAHP   = 1 << 26
	fpcrValid = fpcrFZ16 | fpcrRMode | fpcrFZ | fpcrDN | fpcrAHP
)

// FPSR (C5.2.8).
const (
	fpsrIOC = 1 << 0
	fpsrDZC = 1 << 1
	fpsrOFC = 1 << 2
	fpsrUFC = 1 << 3
	fpsrIXC = 1 << 4
	fpsrIDC = 1 << 7
	fpsrQC  = 1 << 27
)

// saturated notes that a SIMD integer operation saturated.
func (s *State) saturated() { s.FPSR |= fpsrQC }

// rmode is FPCR.RMode as a rounding direction.
var rmode = [4]softfloat.Rounding{softfloat.NearestEven, softfloat.Up, softfloat.Down, softfloat.TowardZero}

// fpBegin prepares s.float for an operation on elements of e bits. It lives in
// the State, since one on the stack would be allocated for every indirect call.
func (s *State) fpBegin(e uint) *softfloat.Env {
	c := s.FPCR
	flush := c&fpcrFZ != 0
	if e == 16 {
		flush = c&fpcrFZ16 != 0
	}
	s.float = softfloat.Env{
		Rounding: rmode[c>>22&3], NaN: softfloat.NaNSignalling, TinyBefore: true,
		FlushToZero: flush, DenormalsAreZero: flush,
	}
	if c&fpcrDN != 0 {
		s.float.NaN = softfloat.NaNDefault
	}
	s.host, s.inexact = c&fpcrRMode == 0 && e != 16, s.FPSR&fpsrIXC != 0
	return &s.float
}

// fpEnd notes the exceptions of the operation that fpBegin began. Denormal
// operands are reported where they were flushed, but not for half precision
// (FPUnpackBase raises InputDenorm for FPCR.FZ only).
func (s *State) fpEnd(e uint) {
	f := s.float.Flags
	if f == 0 {
		return
	}
	var r uint32
	if f&softfloat.Invalid != 0 {
		r |= fpsrIOC
	}
	if f&softfloat.ZeroDivide != 0 {
		r |= fpsrDZC
	}
	if f&softfloat.Overflow != 0 {
		r |= fpsrOFC
	}
	if f&softfloat.Underflow != 0 {
		r |= fpsrUFC
	}
	if f&softfloat.Inexact != 0 {
		r |= fpsrIXC
	}
	if f&softfloat.Denormal != 0 && s.float.DenormalsAreZero && e != 16 {
		r |= fpsrIDC
	}
	s.FPSR |= r
}

// num unpacks an element of e bits, and bitsOf packs one.

func num(env *softfloat.Env, v uint64, e uint) softfloat.Num {
	switch e {
	case 16:
		return env.UnpackF16(uint16(v))
	case 32:
		return env.UnpackF32(uint32(v))
	}
	return env.UnpackF64(v)
}

func bitsOf(n softfloat.Num, e uint) uint64 {
	switch e {
	case 16:
		return uint64(n.F16())
	case 32:
		return uint64(n.F32())
	}
	return n.F64()
}

// format is the format of e bits.
func format(e uint) *softfloat.Format {
	switch e {
	case 16:
		return softfloat.Binary16
	case 32:
		return softfloat.Binary32
	}
	return softfloat.Binary64
}

// layout describes the fields of a format: the width of its fraction, and
// the largest biased exponent.
func layout(e uint) (frac uint, top uint64) {
	switch e {
	case 16:
		return 10, 0x1f
	case 32:
		return 23, 0xff
	}
	return 52, 0x7ff
}

// infinity is the positive infinity of e bits.
func infinity(e uint) uint64 {
	frac, top := layout(e)
	return top << frac
}
