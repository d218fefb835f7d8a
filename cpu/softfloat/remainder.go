package softfloat

import "math/bits"

// Remainder is the x87's partial remainder of a by b: with nearest false the
// remainder of the truncated quotient (FPREM), else that of the quotient
// rounded to nearest even (FPREM1). When the exponents differ by less than 64
// it is complete, and q holds the low bits of the quotient's magnitude.
// Otherwise one call reduces the difference by 32 to 63, as the processors do,
// and complete is false. The result is exact.
func (e *Env) Remainder(a, b Num, nearest bool) (r Num, q uint64, complete bool) {
	e.RoundedUp = false
	switch {
	case a.IsNaN() || b.IsNaN():
		return e.nan2(a, b), 0, true
	case a.Class == Infinity || b.Class == Zero:
		return e.invalid(), 0, true
	}
	e.operands(a, b)
	switch {
	case a.Class == Zero:
		return a, 0, true
	case b.Class == Infinity:
		return unchanged(a), 0, true
	}
	d := a.Exp - b.Exp
	if d >= 64 {
		n := uint(d&31 | 32)
		_, rem := bits.Div64(a.Sig>>(64-n), a.Sig<<n, b.Sig)
		return e.exact(a.Neg, b.Exp+d-int32(n), rem), 0, false
	}
	neg, exp, rem := a.Neg, b.Exp, uint64(0)
	switch {
	case d >= 0:
		var hi uint64
		if d > 0 {
			hi = a.Sig >> (64 - d)
		}
		if hi == 0 && a.Sig<<d < b.Sig {
			rem = a.Sig << d
		} else {
			q, rem = bits.Div64(hi, a.Sig<<d, b.Sig)
		}
		if nearest && (rem > b.Sig-rem || rem == b.Sig-rem && q&1 != 0) {
			q++
			rem = b.Sig - rem
			neg = !neg
		}
	case d == -1 && nearest && a.Sig > b.Sig:
		q, exp, rem, neg = 1, a.Exp, b.Sig<<1-a.Sig, !neg
	default:
		exp, rem = a.Exp, a.Sig
	}
	if rem == 0 {
		return Num{Class: Zero, Neg: a.Neg}, q, true
	}
	return e.exact(neg, exp, rem), q, true
}

// unchanged packs an operand as it is: no Underflow, even where that is unmasked.
func unchanged(a Num) Num {
	masked := Env{}
	return masked.round(a.Neg, a.Exp, a.Sig, 0, Extended)
}

// exact is the number sig × 2^(exp-63), which Extended holds exactly.
func (e *Env) exact(neg bool, exp int32, sig uint64) Num {
	if sig == 0 {
		return Num{Class: Zero, Neg: neg}
	}
	return e.normRound(neg, exp, sig, 0, Extended)
}

// Scale is a × 2^trunc(b) in the Extended format (FSCALE).
func (e *Env) Scale(a, b Num) Num {
	e.RoundedUp = false
	switch {
	case a.IsNaN() || b.IsNaN():
		return e.nan2(a, b)
	case b.Class == Infinity && (a.Class == Zero && !b.Neg || a.Class == Infinity && b.Neg):
		return e.invalid()
	}
	e.operands(a, b)
	switch {
	case a.Class == Zero || a.Class == Infinity:
		return a
	case b.Class == Infinity && b.Neg:
		return Num{Class: Zero, Neg: a.Neg}
	case b.Class == Infinity:
		return Num{Sig: intBit, Class: Infinity, Neg: a.Neg}
	case b.Class == Zero:
		return unchanged(a)
	case b.Exp < 0:
		return e.round(a.Neg, a.Exp, a.Sig, 0, Extended)
	}
	n := int32(0x20000) // enough to overflow or underflow anything
	if b.Exp < 17 {
		n = int32(b.Sig >> (63 - b.Exp))
	}
	if b.Neg {
		n = -n
	}
	return e.round(a.Neg, a.Exp+n, a.Sig, 0, Extended)
}

// Extract splits a into its exponent, as a number, and its significand in
// [1,2) with a's sign (FXTRACT).
func (e *Env) Extract(a Num) (exp, sig Num) {
	e.RoundedUp = false
	switch {
	case a.IsNaN():
		n := e.nan1(a)
		return n, n
	case a.Class == Infinity:
		return Num{Sig: intBit, Class: Infinity}, a
	case a.Class == Zero:
		e.raise(ZeroDivide)
		return Num{Sig: intBit, Class: Infinity, Neg: true}, a
	}
	e.operands(a, a)
	return FromInt(int64(a.Exp)), Num{Sig: a.Sig, Neg: a.Neg}
}
