package softfloat

import "math/bits"

// half is the weight of a tie in the 64-bit remainder of a rounding.
const half = 1 << 63

// increment reports whether a magnitude whose last kept bit is odd or not and
// whose dropped part is rem/2^64 of a last place is rounded up.
func (e *Env) increment(neg, odd bool, rem uint64) bool {
	switch e.Rounding {
	case NearestEven:
		return rem > half || rem == half && odd
	case Down:
		return neg && rem != 0
	case Up:
		return !neg && rem != 0
	case NearestAway:
		return rem >= half
	case ToOdd:
		return rem != 0 && !odd
	}
	return false
}

// shiftOut moves the 128-bit number hi:lo right by n >= 1 bits and returns
// what stays of hi, and what left it as a fraction of 2^64 with a sticky last bit.
func shiftOut(hi, lo uint64, n uint) (sig, rem uint64) {
	var sticky uint64
	if lo != 0 {
		sticky = 1
	}
	switch {
	case n < 64:
		return hi >> n, hi<<(64-n) | sticky
	case n == 64:
		return 0, hi | sticky
	case n < 128:
		n -= 64
		if hi<<(64-n) != 0 {
			sticky = 1
		}
		return 0, hi>>n | sticky
	}
	return 0, 1
}

// round rounds the non-zero magnitude (hi:lo)/2^127 × 2^exp, bit 63 of hi set
// and lo sticky in its last bit, to f, and raises what that raises.
func (e *Env) round(neg bool, exp int32, hi, lo uint64, f *Format) Num {
	if exp < f.emin {
		return e.roundTiny(neg, exp, hi, lo, f)
	}
	sig, rem := hi, lo
	drop := 64 - f.prec
	if drop != 0 {
		sig, rem = shiftOut(hi, lo, drop)
	}
	e.RoundedUp = false
	if rem != 0 {
		if e.increment(neg, sig&1 != 0, rem) {
			e.RoundedUp = true
			sig++
			if sig<<drop == 0 { // carried out of the top
				sig = intBit >> drop
				exp++
			}
		}
		if exp <= f.emax {
			e.raise(Inexact)
		}
	}
	if exp > f.emax {
		return e.overflow(neg, exp, sig<<drop, rem, f)
	}
	return Num{Sig: sig << drop, Exp: exp, Neg: neg}
}

// overflow is the result of a rounded magnitude too large for f.
func (e *Env) overflow(neg bool, exp int32, sig, rem uint64, f *Format) Num {
	e.raise(Overflow)
	if e.Wrap && e.Unmasked&Overflow != 0 {
		if rem != 0 {
			e.raise(Inexact)
		}
		exp -= wrapExponent
		if exp > f.emax { // only scaling gets here
			e.raise(Inexact)
			e.RoundedUp = true
			return Num{Sig: intBit, Class: Infinity, Neg: neg}
		}
		return Num{Sig: sig, Exp: exp, Neg: neg}
	}
	if rem != 0 || e.Unmasked&Overflow == 0 {
		e.raise(Inexact)
	}
	toInf := true
	switch e.Rounding {
	case Down:
		toInf = neg
	case Up:
		toInf = !neg
	case TowardZero, ToOdd:
		toInf = false
	}
	e.RoundedUp = toInf
	if toInf {
		return Num{Sig: intBit, Class: Infinity, Neg: neg}
	}
	return Num{Sig: ^uint64(0) << (64 - f.prec), Exp: f.emax, Neg: neg}
}

// wrapExponent is the bias adjustment of unmasked x87 overflow and underflow.
const wrapExponent = 24576

// roundTiny is round for exponents below f's smallest.
func (e *Env) roundTiny(neg bool, exp int32, hi, lo uint64, f *Format) Num {
	tiny := e.TinyBefore || e.staysTiny(neg, exp, hi, lo, f)
	if tiny && e.Unmasked&Underflow != 0 {
		return e.underflow(neg, exp, hi, lo, f)
	}
	if tiny && e.FlushToZero {
		e.RoundedUp = false
		e.raise(Underflow)
		if !e.TinyBefore {
			e.raise(Inexact)
		}
		return Num{Class: Zero, Neg: neg}
	}
	drop := 64 - f.prec
	n := drop + uint(f.emin-exp)
	sig, rem := shiftOut(hi, lo, n)
	e.RoundedUp = false
	if rem != 0 {
		e.raise(Inexact)
		if e.increment(neg, sig&1 != 0, rem) {
			e.RoundedUp = true
			sig++
		}
	}
	if tiny && rem != 0 {
		e.raise(Underflow)
	}
	sig <<= drop
	switch {
	case sig == 0:
		return Num{Class: Zero, Neg: neg}
	case sig&intBit != 0:
		return Num{Sig: sig, Exp: f.emin, Neg: neg}
	}
	return Num{Sig: sig, Exp: f.emin, Class: Subnormal, Neg: neg}
}

// underflow is the result of a tiny magnitude where that traps: rounded as if
// the exponent had no bound, which says whether it is inexact, and wrapped.
// Without Wrap the result is of no use, since it is not going to be written.
func (e *Env) underflow(neg bool, exp int32, hi, lo uint64, f *Format) Num {
	e.raise(Underflow)
	if !e.Wrap {
		return e.round(neg, f.emin, hi, lo, f)
	}
	if exp+wrapExponent < f.emin { // only scaling gets here
		e.raise(Inexact)
		e.RoundedUp = false
		return Num{Class: Zero, Neg: neg}
	}
	return e.round(neg, exp+wrapExponent, hi, lo, f)
}

// staysTiny reports whether a magnitude below f's smallest normal number is
// below it too when rounded with an unbounded exponent.
func (e *Env) staysTiny(neg bool, exp int32, hi, lo uint64, f *Format) bool {
	if exp != f.emin-1 {
		return true
	}
	sig, rem := hi, lo
	drop := 64 - f.prec
	if drop != 0 {
		sig, rem = shiftOut(hi, lo, drop)
	}
	return (sig+1)<<drop != 0 || !e.increment(neg, sig&1 != 0, rem)
}

// normRound normalises a non-zero hi:lo and rounds it.
func (e *Env) normRound(neg bool, exp int32, hi, lo uint64, f *Format) Num {
	if hi == 0 {
		hi, lo = lo, 0
		exp -= 64
	}
	if n := uint(bits.LeadingZeros64(hi)); n != 0 {
		hi = hi<<n | lo>>(64-n)
		lo <<= n
		exp -= int32(n)
	}
	return e.round(neg, exp, hi, lo, f)
}
