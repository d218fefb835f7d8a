package softfloat

import (
	"math"
	"math/bits"
)

// Add is a+b rounded to f.
func (e *Env) Add(a, b Num, f *Format) Num {
	if a.IsNaN() || b.IsNaN() {
		return e.nan2(a, b)
	}
	return e.add(a, b, f)
}

// Sub is a-b rounded to f.
func (e *Env) Sub(a, b Num, f *Format) Num {
	if a.IsNaN() || b.IsNaN() {
		return e.nan2(a, b)
	}
	b.Neg = !b.Neg
	return e.add(a, b, f)
}

// add is Add for operands that are numbers.
func (e *Env) add(a, b Num, f *Format) Num {
	if a.Class|b.Class == Normal {
		return e.addFinite(a, b, f)
	}
	if a.Class == Infinity || b.Class == Infinity {
		return e.addInfinite(a, b)
	}
	e.operands(a, b)
	switch {
	case a.Class != Zero && b.Class != Zero:
		return e.addFinite(a, b, f)
	case a.Class != Zero:
		return e.round(a.Neg, a.Exp, a.Sig, 0, f)
	case b.Class != Zero:
		return e.round(b.Neg, b.Exp, b.Sig, 0, f)
	}
	e.RoundedUp = false
	if a.Neg != b.Neg {
		a.Neg = e.Rounding == Down
	}
	return a
}

// addInfinite is add where at least one operand is infinite.
func (e *Env) addInfinite(a, b Num) Num {
	if a.Class == b.Class && a.Neg != b.Neg {
		return e.invalid()
	}
	e.operands(a, b)
	e.RoundedUp = false
	if a.Class == Infinity {
		return a
	}
	return b
}

// addFinite adds two finite numbers that are not zero.
func (e *Env) addFinite(a, b Num, f *Format) Num {
	if a.Exp < b.Exp || a.Exp == b.Exp && a.Sig < b.Sig {
		a, b = b, a
	}
	hi, lo := shiftRightJam(b.Sig, 0, uint(a.Exp-b.Exp))
	if a.Neg == b.Neg {
		sum, carry := bits.Add64(a.Sig, hi, 0)
		if carry != 0 {
			lo = lo>>1 | sum<<63 | lo&1
			sum = sum>>1 | intBit
			a.Exp++
		}
		return e.round(a.Neg, a.Exp, sum, lo, f)
	}
	lo, borrow := bits.Sub64(0, lo, 0)
	hi, _ = bits.Sub64(a.Sig, hi, borrow)
	if hi|lo == 0 {
		e.RoundedUp = false
		return Num{Class: Zero, Neg: e.Rounding == Down}
	}
	return e.normRound(a.Neg, a.Exp, hi, lo, f)
}

// shiftRightJam moves hi:lo right by n bits; bits that fall out leave a one in
// the last place.
func shiftRightJam(hi, lo uint64, n uint) (uint64, uint64) {
	switch {
	case n == 0:
		return hi, lo
	case n < 64:
		var jam uint64
		if lo<<(64-n) != 0 {
			jam = 1
		}
		return hi >> n, hi<<(64-n) | lo>>n | jam
	case n < 128:
		n -= 64
		if lo != 0 || n != 0 && hi<<(64-n) != 0 {
			return 0, hi>>n | 1
		}
		return 0, hi >> n
	case hi|lo != 0:
		return 0, 1
	}
	return 0, 0
}

// Mul is a×b rounded to f.
func (e *Env) Mul(a, b Num, f *Format) Num {
	neg := a.Neg != b.Neg
	if a.Class|b.Class != Normal {
		switch {
		case a.IsNaN() || b.IsNaN():
			return e.nan2(a, b)
		case a.Class == Infinity && b.Class == Zero || a.Class == Zero && b.Class == Infinity:
			return e.invalid()
		}
		e.operands(a, b)
		switch {
		case a.Class == Infinity || b.Class == Infinity:
			e.RoundedUp = false
			return Num{Sig: intBit, Class: Infinity, Neg: neg}
		case a.Class == Zero || b.Class == Zero:
			e.RoundedUp = false
			return Num{Class: Zero, Neg: neg}
		}
	}
	exp := a.Exp + b.Exp + 1
	hi, lo := bits.Mul64(a.Sig, b.Sig)
	if hi&intBit == 0 {
		hi = hi<<1 | lo>>63
		lo <<= 1
		exp--
	}
	return e.round(neg, exp, hi, lo, f)
}

// Div is a/b rounded to f.
func (e *Env) Div(a, b Num, f *Format) Num {
	neg := a.Neg != b.Neg
	if a.Class|b.Class != Normal {
		switch {
		case a.IsNaN() || b.IsNaN():
			return e.nan2(a, b)
		case a.Class == b.Class && (a.Class == Infinity || a.Class == Zero):
			return e.invalid()
		}
		if b.Class == Zero && a.Class != Infinity {
			// A denormal divided by zero reports the division only.
			e.raise(ZeroDivide)
			e.RoundedUp = false
			return Num{Sig: intBit, Class: Infinity, Neg: neg}
		}
		e.operands(a, b)
		switch {
		case a.Class == Infinity:
			e.RoundedUp = false
			return Num{Sig: intBit, Class: Infinity, Neg: neg}
		case a.Class == Zero || b.Class == Infinity:
			e.RoundedUp = false
			return Num{Class: Zero, Neg: neg}
		}
	}
	exp := a.Exp - b.Exp
	var q, r uint64
	if a.Sig < b.Sig {
		exp--
		q, r = bits.Div64(a.Sig, 0, b.Sig)
	} else {
		q, r = bits.Div64(a.Sig>>1, a.Sig<<63, b.Sig)
	}
	return e.round(neg, exp, q, compareHalf(r, b.Sig), f)
}

// compareHalf is a remainder of rounding that lies on the same side of a tie
// as r/d, where r < d.
func compareHalf(r, d uint64) uint64 {
	switch {
	case r == 0:
		return 0
	case r > d-r:
		return half | half>>1
	case r == d-r:
		return half
	}
	return half >> 1
}

// Sqrt is the square root of a rounded to f.
func (e *Env) Sqrt(a Num, f *Format) Num {
	switch {
	case a.IsNaN():
		return e.nan1(a)
	case a.Class == Zero:
		e.RoundedUp = false
		return a
	case a.Neg:
		return e.invalid()
	case a.Class == Infinity:
		e.RoundedUp = false
		return a
	}
	e.operands(a, a)
	// The radicand as an integer of 127 or 128 bits with an even exponent.
	hi, lo := a.Sig>>1, a.Sig<<63
	if a.Exp&1 != 0 {
		hi, lo = a.Sig, 0
	}
	s, rhi, rlo := sqrt128(hi, lo)
	var rem uint64
	switch {
	case rhi != 0 || rlo > s: // n > s²+s, hence the root is above s+½
		rem = half | half>>1
	case rlo != 0:
		rem = half >> 1
	}
	return e.round(false, a.Exp>>1, s, rem, f)
}

// sqrt128 is the integer square root of n = hi:lo >= 2^126 and the remainder n-s².
func sqrt128(hi, lo uint64) (s, rhi, rlo uint64) {
	est := math.Sqrt(float64(hi)) * (1 << 32)
	if est >= 1<<64 {
		s = math.MaxUint64
	} else {
		s = uint64(est)
	}
	// One Newton step on the remainder brings the 52 good bits to 64.
	rhi, rlo, neg := residue(hi, lo, s)
	d := s
	if neg {
		// |n-s²| / 2s is at most 2^13 here
		q := quotient(rhi, rlo, d)
		s -= q + 1
	} else {
		q := quotient(rhi, rlo, d)
		if s+q < s {
			s = math.MaxUint64
		} else {
			s += q
		}
	}
	for {
		rhi, rlo, neg = residue(hi, lo, s)
		if neg {
			s--
			continue
		}
		// s is too small if the remainder exceeds 2s.
		if rhi > s>>63 || rhi == s>>63 && rlo > s<<1 {
			s++
			continue
		}
		return s, rhi, rlo
	}
}

// residue is |n-s²| and whether n-s² is negative.
func residue(hi, lo, s uint64) (rhi, rlo uint64, neg bool) {
	phi, plo := bits.Mul64(s, s)
	rlo, borrow := bits.Sub64(lo, plo, 0)
	rhi, borrow = bits.Sub64(hi, phi, borrow)
	if borrow == 0 {
		return rhi, rlo, false
	}
	rlo, borrow = bits.Sub64(0, rlo, 0)
	rhi, _ = bits.Sub64(0, rhi, borrow)
	return rhi, rlo, true
}

// quotient is (hi:lo)/(2s).
func quotient(hi, lo, s uint64) uint64 {
	lo = lo>>1 | hi<<63
	hi >>= 1
	q, _ := bits.Div64(hi, lo, s)
	return q
}

// MulAdd is a×b+c rounded once to f, which must be one of the Binary formats
// (the operands then have at most 53 bits, which the 128-bit sum relies on).
// As on x86, a quiet NaN c hides the invalid product of zero and infinity.
func (e *Env) MulAdd(a, b, c Num, f *Format) Num {
	neg := a.Neg != b.Neg
	if a.Class|b.Class|c.Class != Normal {
		invalid := a.Class == Infinity && b.Class == Zero || a.Class == Zero && b.Class == Infinity
		switch {
		case a.IsNaN() || b.IsNaN() || c.IsNaN():
			return e.nan3(a, b, c, invalid)
		case invalid:
			return e.invalid()
		}
		infinite := a.Class == Infinity || b.Class == Infinity
		if infinite && c.Class == Infinity && neg != c.Neg {
			return e.invalid()
		}
		e.operands(a, b)
		e.operands(c, c)
		switch {
		case infinite:
			e.RoundedUp = false
			return Num{Sig: intBit, Class: Infinity, Neg: neg}
		case c.Class == Infinity:
			e.RoundedUp = false
			return c
		case a.Class == Zero || b.Class == Zero:
			if c.Class == Zero {
				e.RoundedUp = false
				if c.Neg != neg {
					c.Neg = e.Rounding == Down
				}
				return c
			}
			return e.round(c.Neg, c.Exp, c.Sig, 0, f)
		}
	}
	exp := a.Exp + b.Exp + 1
	hi, lo := bits.Mul64(a.Sig, b.Sig)
	if hi&intBit == 0 {
		hi = hi<<1 | lo>>63
		lo <<= 1
		exp--
	}
	if c.Class == Zero {
		return e.round(neg, exp, hi, lo, f)
	}
	return e.add128(neg, exp, hi, lo, c.Neg, c.Exp, c.Sig, 0, f)
}

// nan3 is the NaN of a multiply-add.
func (e *Env) nan3(a, b, c Num, invalid bool) Num {
	switch {
	case e.NaN >= NaNSignalling:
		return e.nan3Arm(a, b, c, invalid)
	case a.IsNaN() || b.IsNaN():
		if c.Class == SignallingNaN {
			e.raise(Invalid)
		}
		return e.nan2(a, b)
	}
	return e.nan1(c)
}

// nan3Arm looks for a signalling NaN first, and at the addend before the
// factors (FPProcessNaNs3); an invalid product counts unless the addend signals
// (FPMulAdd).
func (e *Env) nan3Arm(a, b, c Num, invalid bool) Num {
	for _, n := range [...]Num{c, a, b} {
		if n.Class == SignallingNaN {
			return e.nan1(n)
		}
	}
	switch {
	case invalid:
		return e.invalid()
	case c.IsNaN():
		return e.nan1(c)
	case a.IsNaN():
		return e.nan1(a)
	}
	return e.nan1(b)
}

// add128 adds two non-zero magnitudes of 128 bits.
func (e *Env) add128(an bool, ae int32, ahi, alo uint64, bn bool, be int32, bhi, blo uint64, f *Format) Num {
	if ae < be || ae == be && (ahi < bhi || ahi == bhi && alo < blo) {
		an, ae, ahi, alo, bn, be, bhi, blo = bn, be, bhi, blo, an, ae, ahi, alo
	}
	bhi, blo = shiftRightJam(bhi, blo, uint(ae-be))
	if an == bn {
		lo, carry := bits.Add64(alo, blo, 0)
		hi, carry := bits.Add64(ahi, bhi, carry)
		if carry != 0 {
			lo = lo>>1 | hi<<63 | lo&1
			hi = hi>>1 | intBit
			ae++
		}
		return e.round(an, ae, hi, lo, f)
	}
	lo, borrow := bits.Sub64(alo, blo, 0)
	hi, _ := bits.Sub64(ahi, bhi, borrow)
	if hi|lo == 0 {
		e.RoundedUp = false
		return Num{Class: Zero, Neg: e.Rounding == Down}
	}
	return e.normRound(an, ae, hi, lo, f)
}
