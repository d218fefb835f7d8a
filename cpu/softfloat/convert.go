package softfloat

// Round is the operand a in another format, rounded: a conversion between
// formats. Signalling NaNs raise Invalid and become quiet; a NaN's payload
// loses its low bits. Denormal operands raise Denormal.
func (e *Env) Round(a Num, f *Format) Num {
	e.operands(a, a)
	return e.RoundQuietly(a, f)
}

// RoundQuietly is Round without the Denormal exception: x87 stores.
func (e *Env) RoundQuietly(a Num, f *Format) Num {
	switch {
	case a.IsNaN():
		a = e.nan1(a)
		a.Sig &= ^uint64(0) << (64 - f.prec)
		return a
	case a.Class >= Zero:
		e.RoundedUp = false
		return a
	}
	return e.round(a.Neg, a.Exp, a.Sig, 0, f)
}

// integral splits the magnitude of a finite operand at the binary point and
// rounds: the integer, and whether it was inexact. ok is false when the integer
// does not fit 64 bits.
func (e *Env) integral(a Num) (v uint64, inexact, ok bool) {
	if a.Class == Zero {
		return 0, false, true
	}
	if a.Exp > 63 {
		return 0, false, false
	}
	if a.Exp == 63 {
		return a.Sig, false, true
	}
	sig, rem := shiftOut(a.Sig, 0, uint(63-a.Exp))
	if rem != 0 && e.increment(a.Neg, sig&1 != 0, rem) {
		e.RoundedUp = true
		sig++ // at most 2^63: sig had a bit shifted out
	}
	return sig, rem != 0, true
}

// ToInt converts a to a signed integer of width bits (16, 32 or 64). Where the
// rounded value does not fit, or a is a NaN, it raises Invalid and returns the
// nearest integer (0 for a NaN) and false.
func (e *Env) ToInt(a Num, width uint) (int64, bool) {
	e.RoundedUp = false
	limit := uint64(1) << (width - 1) // the magnitude of the most negative
	if a.IsNaN() {
		e.raise(Invalid)
		return 0, false
	}
	v, inexact, ok := uint64(0), false, false
	if a.Class != Infinity {
		v, inexact, ok = e.integral(a)
	}
	switch {
	case !ok || v > limit || v == limit && !a.Neg:
		e.raise(Invalid)
		e.RoundedUp = false
		if a.Neg {
			return -int64(limit-1) - 1, false
		}
		return int64(limit - 1), false
	case inexact:
		e.raise(Inexact)
	}
	if a.Neg {
		return -int64(v), true
	}
	return int64(v), true
}

// ToUint is ToInt for unsigned integers of width bits.
func (e *Env) ToUint(a Num, width uint) (uint64, bool) {
	e.RoundedUp = false
	limit := ^uint64(0) >> (64 - width)
	if a.IsNaN() {
		e.raise(Invalid)
		return 0, false
	}
	v, inexact, ok := uint64(0), false, false
	if a.Class != Infinity {
		v, inexact, ok = e.integral(a)
	}
	if !ok || v > limit || v != 0 && a.Neg {
		e.raise(Invalid)
		e.RoundedUp = false
		if a.Neg {
			return 0, false
		}
		return limit, false
	}
	if inexact {
		e.raise(Inexact)
	}
	return v, true
}

// RoundToIntegral is a rounded to an integer in its own format. It raises
// Inexact only if asked to, and Denormal never (FRNDINT does, ROUNDSD does not).
func (e *Env) RoundToIntegral(a Num, raiseInexact bool) Num {
	e.RoundedUp = false
	switch {
	case a.IsNaN():
		return e.nan1(a)
	case a.Class >= Zero || a.Exp >= 63:
		return a
	}
	v, inexact, _ := e.integral(a)
	if inexact && raiseInexact {
		e.raise(Inexact)
	}
	n := FromUint(v)
	n.Neg = a.Neg
	return n
}

// ToBCD converts a to the x87's packed decimal: 18 digits, the sign in byte 9
// (Intel SDM volume 1, 4.7). What does not fit raises Invalid and gives the
// packed BCD indefinite.
func (e *Env) ToBCD(a Num) [10]byte {
	e.RoundedUp = false
	v, inexact, ok := uint64(0), false, false
	if a.Class < Infinity {
		v, inexact, ok = e.integral(a)
	}
	if !ok || v > 999_999_999_999_999_999 {
		e.raise(Invalid)
		e.RoundedUp = false
		return [10]byte{7: 0xc0, 8: 0xff, 9: 0xff}
	}
	if inexact {
		e.raise(Inexact)
	}
	var out [10]byte
	for i := range 9 {
		out[i] = byte(v%10 | v/10%10<<4)
		v /= 100
	}
	if a.Neg {
		out[9] = 0x80
	}
	return out
}

// FromBCD is the value of a packed decimal. Digits above nine count with their
// value, as the processor's own conversion has it.
func FromBCD(b [10]byte) Num {
	v := uint64(0)
	for i := 8; i >= 0; i-- {
		v = v*100 + uint64(b[i]>>4)*10 + uint64(b[i]&15)
	}
	n := FromUint(v)
	n.Neg = b[9]&0x80 != 0
	return n
}
