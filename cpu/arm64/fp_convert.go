package arm64

import (
	"math"

	"github.com/nuage-emu/nuage/cpu/softfloat"
)

// Conversions, in the form of laneFunc where they fit it.

// toFixed makes FPToFixed with a rounding direction: m is the number of
// fraction bits. The result has the width of the operand.
func toFixed(r softfloat.Rounding, unsigned bool) laneFunc {
	return func(s *State, _, n, m uint64, e uint) uint64 {
		return s.toFixed(n, e, e, uint(m), r, unsigned)
	}
}

// toFixed converts n, of e bits, to a fixed-point number of width bits with
// fbits behind the point.
func (s *State) toFixed(n uint64, e, width, fbits uint, r softfloat.Rounding, unsigned bool) uint64 {
	if r == softfloat.TowardZero && fbits == 0 {
		if v, exact, ok := hostTruncate(n, e, unsigned); ok {
			s.note(exact)
			return v
		}
	}
	env := &s.float
	a := num(env, n, e)
	a.Exp += int32(fbits)
	env.Rounding = r // of this operation, which has no other
	if unsigned {
		v, _ := env.ToUint(a, width)
		return v
	}
	v, _ := env.ToInt(a, width)
	return uint64(v)
}

// fromFixed is FixedToFP.
func (s *State) fromFixed(v uint64, width, e, fbits uint, unsigned bool) uint64 {
	if s.host && fbits == 0 {
		if r, exact, ok := hostInt(v, width, e, unsigned); ok {
			s.note(exact)
			return r
		}
	}
	var a softfloat.Num
	if unsigned {
		a = softfloat.FromUint(v)
	} else {
		a = softfloat.FromInt(sx(v, width))
	}
	a.Exp -= int32(fbits)
	return repack(&s.float, a, e)
}

func laneSCVTF(s *State, _, n, m uint64, e uint) uint64 { return s.fromFixed(n, e, e, uint(m), false) }
func laneUCVTF(s *State, _, n, m uint64, e uint) uint64 { return s.fromFixed(n, e, e, uint(m), true) }

// roundInt makes FPRoundInt with a rounding direction; exact reports Inexact.
func roundInt(r softfloat.Rounding, exact bool) laneFunc {
	return func(s *State, _, n, _ uint64, e uint) uint64 {
		switch {
		case exact:
		case e == 64 && ordinary64(n):
			return math.Float64bits(integralHost(math.Float64frombits(n), r))
		case e == 32 && ordinary32(uint32(n)):
			return uint64(math.Float32bits(float32(integralHost(float64(math.Float32frombits(uint32(n))), r))))
		}
		s.float.Rounding = r // of this operation, which has no other
		return laneFRINT(s, n, e, exact)
	}
}

// laneFRINTX and laneFRINTI round as FPCR says.
func laneFRINTX(s *State, _, n, _ uint64, e uint) uint64 { return laneFRINT(s, n, e, true) }
func laneFRINTI(s *State, _, n, _ uint64, e uint) uint64 { return laneFRINT(s, n, e, false) }

func laneFRINT(s *State, n uint64, e uint, exact bool) uint64 {
	env := &s.float
	return bitsOf(env.RoundToIntegral(num(env, n, e), exact), e)
}

// convert is FPConvert between formats of from and to bits. FPCR.FZ16 does not
// concern it (FPUnpackCV, FPRoundCV), FPCR.AHP does.
func (s *State) convert(v uint64, from, to uint) uint64 {
	env := &s.float
	flush := s.FPCR&fpcrFZ != 0
	env.DenormalsAreZero = flush && from != 16
	env.FlushToZero = flush && to != 16
	if s.FPCR&fpcrAHP != 0 {
		switch {
		case from == 16:
			return bitsOf(env.RoundQuietly(fromAlternative(env, uint16(v)), format(to)), to)
		case to == 16:
			return s.toAlternative(num(env, v, from))
		}
	}
	if s.host && from == 64 && to == 32 && env.Rounding == softfloat.NearestEven {
		if r, ok := softfloat.FastF64ToF32(v); ok {
			s.note(exact32(math.Float64frombits(v), r))
			return uint64(r)
		}
	}
	if from == 32 && to == 64 && softfloat.OrdinaryOrZero32(uint32(v)) {
		return math.Float64bits(float64(math.Float32frombits(uint32(v))))
	}
	return bitsOf(env.RoundQuietly(num(env, v, from), format(to)), to)
}

// fromAlternative unpacks Arm's alternative half precision (A1.4.2), whose
// largest exponent is that of ordinary numbers.
func fromAlternative(env *softfloat.Env, v uint16) softfloat.Num {
	if v>>10&0x1f != 0x1f {
		return env.UnpackF16(v)
	}
	n := env.UnpackF16(v &^ 0x4000) // with exponent 15 in place of 31
	n.Exp += 16
	return n
}

// toAlternative rounds to alternative half precision, which has neither NaNs
// nor infinities: both, and overflow, are invalid operations.
func (s *State) toAlternative(n softfloat.Num) uint64 {
	env := &s.float
	sign := uint64(0)
	if n.Neg {
		sign = 0x8000
	}
	switch {
	case n.IsNaN():
		env.Flags |= softfloat.Invalid
		return sign
	case n.Class == softfloat.Infinity:
		env.Flags |= softfloat.Invalid
		return sign | 0x7fff
	}
	if n.Class != softfloat.Zero && n.Exp >= 15 {
		// The significand is rounded at a lower exponent, where it cannot
		// overflow; what matters is where it ends.
		before := env.Flags
		up := n.Exp - 14
		n.Exp = 14
		r := env.RoundQuietly(n, softfloat.Binary16)
		if r.Exp += up; r.Exp > 16 {
			env.Flags = before | softfloat.Invalid
			return sign | 0x7fff
		}
		return uint64(r.F16())
	}
	r := env.RoundQuietly(n, softfloat.Binary16)
	return uint64(r.F16())
}

// fjcvtzs is FPToFixedJS: truncation modulo 2^32, and whether nothing was lost.
func (s *State) fjcvtzs(v uint64) (r uint32, exact bool) {
	env := &s.float
	a := num(env, v, 64)
	switch {
	case a.IsNaN() || a.Class == softfloat.Infinity:
		env.Flags |= softfloat.Invalid
		return 0, false
	case a.Class == softfloat.Zero:
		return 0, !a.Neg
	case a.Exp < 0:
		env.Flags |= softfloat.Inexact
		return 0, false
	}
	// The integer part modulo 2^32, and the fraction.
	var whole, fraction uint64
	switch {
	case a.Exp <= 63:
		whole, fraction = a.Sig>>(63-a.Exp), a.Sig<<1<<a.Exp
	case a.Exp < 63+32:
		whole = a.Sig << (a.Exp - 63)
	}
	r = uint32(whole)
	if a.Neg {
		r = -r
	}
	limit := uint64(1<<31 - 1)
	if a.Neg {
		limit++
	}
	switch {
	case a.Exp > 62 || whole > limit:
		env.Flags |= softfloat.Invalid
		return r, false
	case fraction != 0:
		env.Flags |= softfloat.Inexact
		return r, false
	}
	return r, true
}
