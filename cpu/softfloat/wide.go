package softfloat

import "math/bits"

// wide is a number with a 128-bit significand, (hi:lo)/2^127 × 2^exp with bit
// 63 of hi set, or zero. Its operations truncate: their relative error is
// below 2^-126, and the transcendental functions are computed with it.
type wide struct {
	hi, lo uint64
	exp    int32
	neg    bool
}

var wideOne = wide{hi: intBit}

func (n Num) wide() wide {
	if n.Class == Zero {
		return wide{neg: n.Neg}
	}
	return wide{hi: n.Sig, exp: n.Exp, neg: n.Neg}
}

func (a wide) zero() bool { return a.hi == 0 }

func (a wide) negate() wide {
	a.neg = !a.neg
	return a
}

// normal moves a non-zero significand up.
func (a wide) normal() wide {
	if a.hi == 0 {
		if a.lo == 0 {
			return wide{}
		}
		a.hi, a.lo = a.lo, 0
		a.exp -= 64
	}
	if n := uint(bits.LeadingZeros64(a.hi)); n != 0 {
		a.hi = a.hi<<n | a.lo>>(64-n)
		a.lo <<= n
		a.exp -= int32(n)
	}
	return a
}

func (a wide) add(b wide) wide {
	switch {
	case a.zero():
		return b
	case b.zero():
		return a
	}
	if a.exp < b.exp || a.exp == b.exp && (a.hi < b.hi || a.hi == b.hi && a.lo < b.lo) {
		a, b = b, a
	}
	switch n := uint(a.exp - b.exp); {
	case n >= 128:
		return a
	case n >= 64:
		b.hi, b.lo = 0, b.hi>>(n-64)
	case n > 0:
		b.hi, b.lo = b.hi>>n, b.lo>>n|b.hi<<(64-n)
	}
	var c uint64
	if a.neg == b.neg {
		a.lo, c = bits.Add64(a.lo, b.lo, 0)
		a.hi, c = bits.Add64(a.hi, b.hi, c)
		if c != 0 {
			a.lo = a.lo>>1 | a.hi<<63
			a.hi = a.hi>>1 | intBit
			a.exp++
		}
		return a
	}
	a.lo, c = bits.Sub64(a.lo, b.lo, 0)
	a.hi, _ = bits.Sub64(a.hi, b.hi, c)
	return a.normal()
}

func (a wide) sub(b wide) wide { return a.add(b.negate()) }

func (a wide) mul(b wide) wide {
	if a.zero() || b.zero() {
		return wide{neg: a.neg != b.neg}
	}
	h1, l1 := bits.Mul64(a.hi, b.hi)
	h2, _ := bits.Mul64(a.hi, b.lo)
	h3, _ := bits.Mul64(a.lo, b.hi)
	lo, c1 := bits.Add64(l1, h2, 0)
	lo, c2 := bits.Add64(lo, h3, 0)
	r := wide{hi: h1 + c1 + c2, lo: lo, exp: a.exp + b.exp + 1, neg: a.neg != b.neg}
	if r.hi&intBit == 0 {
		r.hi = r.hi<<1 | r.lo>>63
		r.lo <<= 1
		r.exp--
	}
	return r
}

// divSmall is a/n.
func (a wide) divSmall(n uint64) wide {
	if a.zero() {
		return a
	}
	s := uint(bits.LeadingZeros64(n))
	n <<= s
	a.exp -= 63 - int32(s)
	// a.hi may be n or more: shift the dividend down one place.
	q1, r := bits.Div64(a.hi>>1, a.hi<<63|a.lo>>1, n)
	q0, _ := bits.Div64(r, a.lo<<63, n)
	return wide{hi: q1, lo: q0, exp: a.exp, neg: a.neg}.normal()
}

// div is a/b, a bit at a time.
func (a wide) div(b wide) wide {
	if a.zero() {
		return wide{neg: a.neg != b.neg}
	}
	r := wide{exp: a.exp - b.exp, neg: a.neg != b.neg, lo: 1}
	hi, lo := a.hi, a.lo
	if hi < b.hi || hi == b.hi && lo < b.lo {
		r.exp--
		hi, lo = hi<<1|lo>>63, lo<<1 // the bit shifted out makes it at least b
	}
	lo, c := bits.Sub64(lo, b.lo, 0)
	hi, _ = bits.Sub64(hi, b.hi, c)
	for range 127 {
		top := hi >> 63
		hi, lo = hi<<1|lo>>63, lo<<1
		r.hi, r.lo = r.hi<<1|r.lo>>63, r.lo<<1
		l, c := bits.Sub64(lo, b.lo, 0)
		h, c := bits.Sub64(hi, b.hi, c)
		if top != 0 || c == 0 {
			hi, lo = h, l
			r.lo |= 1
		}
	}
	return r
}

// nudge makes a number whose low half is zero differ from the exact one by its
// last place, downwards if below is set: the value it stands for is not exact.
func (a wide) nudge(below bool) wide {
	if a.lo != 0 || a.hi == 0 {
		return a
	}
	if !below {
		a.lo = 1
		return a
	}
	a.hi--
	a.lo = ^uint64(0)
	return a.normal()
}

// scale is a × 2^n.
func (a wide) scale(n int32) wide {
	a.exp += n
	return a
}

// roundWide rounds an inexact result.
func (e *Env) roundWide(a wide) Num {
	if a.zero() {
		return Num{Class: Zero, Neg: a.neg}
	}
	return e.round(a.neg, a.exp, a.hi, a.lo|1, Extended)
}
