package softfloat

import "math/bits"

// The x87's transcendental functions. They are computed with 128 bits and
// rounded once, so they are correctly rounded but for a chance of about one in
// 2^50, well within the unit in the last place that the manual grants (Intel
// SDM volume 1, 8.3.10), and the same everywhere, which no two processors are.

// Constants to 128 bits.
var (
	widePi    = wide{exp: 1, hi: 0xc90fdaa22168c234, lo: 0xc4c6628b80dc1cd1}
	wideLn2   = wide{exp: -1, hi: 0xb17217f7d1cf79ab, lo: 0xc9e3b39803f2f6af}
	wideLog2e = wide{exp: 0, hi: 0xb8aa3b295c17f0bb, lo: 0xbe87fed0691d3e89}
)

// atanTable holds the arc tangents of sixteenths.
var atanTable = [17]wide{
	1:  {exp: -5, hi: 0xffaaddb967ef4e36, lo: 0xcb2792dc0e2e0d51},
	2:  {exp: -4, hi: 0xfeadd4d5617b6e32, lo: 0xc897989f3e888ef8},
	3:  {exp: -3, hi: 0xbdcbda5e72d81134, lo: 0x7b0b4f881c9c7488},
	4:  {exp: -3, hi: 0xfadbafc96406eb15, lo: 0x6dc79ef5f7a217e6},
	5:  {exp: -2, hi: 0x9b13b9b83f5e5e69, lo: 0xc5abb498d27af328},
	6:  {exp: -2, hi: 0xb7b0ca0f26f78473, lo: 0x8aa32122dcfe4483},
	7:  {exp: -2, hi: 0xd327761e611fe5b6, lo: 0x427c95e9001e7136},
	8:  {exp: -2, hi: 0xed63382b0dda7b45, lo: 0x6fe445ecbc3a8d03},
	9:  {exp: -1, hi: 0x832bf4a6d9867e2a, lo: 0x4b6a09cb61a515c1},
	10: {exp: -1, hi: 0x8f005d5ef7f59f9b, lo: 0x5c835e1665c43748},
	11: {exp: -1, hi: 0x9a2f80e671bdda20, lo: 0x4226f8e2204ff3bd},
	12: {exp: -1, hi: 0xa4bc7d1934f70924, lo: 0x19a87f2a457dac9f},
	13: {exp: -1, hi: 0xaeac4c38b4d8c080, lo: 0x14725e2f3e52070a},
	14: {exp: -1, hi: 0xb8053e2bc2319e73, lo: 0xcb2da55210a4443d},
	15: {exp: -1, hi: 0xc0ce85b8ac526640, lo: 0x89dd62c46e92fa25},
	16: {exp: -1, hi: 0xc90fdaa22168c234, lo: 0xc4c6628b80dc1cd1},
}

// piTrig is 2^64 times the 66-bit number that the processor takes for π when it
// reduces an argument (Intel SDM volume 1, 8.3.8).
const (
	piTrigHi = 0x3
	piTrigLo = 0x243f6a8885a308d3
)

// reduce writes a, finite and below 2^63 in magnitude, as q π/2 + r with r in
// [-π/4, π/4], exactly, π being piTrig. q is given modulo 4, for |a|.
func reduce(a Num) (r wide, q uint) {
	r = a.wide()
	if a.Exp < -1 {
		return r, 0
	}
	// a and π/2 as integers in units of 2^-65.
	n := uint(a.Exp + 2)
	hi, lo := uint64(0), a.Sig
	switch {
	case n == 64:
		hi, lo = lo, 0
	case n > 0:
		hi, lo = lo>>(64-n), lo<<n
	}
	for i := 62; i >= 0; i-- {
		phi, plo := shl128(piTrigHi, piTrigLo, uint(i))
		q <<= 1
		l, c := bits.Sub64(lo, plo, 0)
		h, c := bits.Sub64(hi, phi, c)
		if c == 0 {
			hi, lo = h, l
			q |= 1
		}
	}
	l, c := bits.Sub64(piTrigLo, lo, 0)
	h, _ := bits.Sub64(piTrigHi, hi, c)
	if h < hi || h == hi && l < lo {
		hi, lo = h, l
		r.neg = !r.neg
		q++
	}
	return wide{hi: hi, lo: lo, exp: 127 - 65, neg: r.neg}.normal(), q & 3
}

func shl128(hi, lo uint64, n uint) (uint64, uint64) {
	if n >= 64 {
		return lo << (n - 64), 0
	}
	return hi<<n | lo>>(64-n), lo << n
}

// alternating is 1 - z/(f(f+1)) (1 - z/((f+2)(f+3)) (1 - ...)).
func alternating(z wide, f uint64) wide {
	t := wideOne
	for k := f + 32; k >= f; k -= 2 {
		t = wideOne.sub(z.mul(t).divSmall(k * (k + 1)))
		if k < 2 {
			break
		}
	}
	return t
}

// sinCos is the sine and the cosine of r in [-π/4, π/4], r not zero.
func sinCos(r wide) (sin, cos wide) {
	z := r.mul(r)
	return r.mul(alternating(z, 2)).nudge(true), alternating(z, 1).nudge(true)
}

// trig prepares a trigonometric function: special says that n is the result,
// ok that the argument was in range.
func (e *Env) trig(a Num) (n Num, special, ok bool) {
	e.RoundedUp = false
	switch {
	case a.IsNaN():
		return e.nan1(a), true, true
	case a.Class == Infinity:
		return e.invalid(), true, true
	case a.Class != Zero && a.Exp >= 63:
		return a, true, false
	}
	e.operands(a, a)
	return a, a.Class == Zero, true
}

// quadrant is the sine and cosine of a finite argument that is not zero.
func quadrant(a Num) (sin, cos wide) {
	r, q := reduce(a)
	if r.zero() {
		sin, cos = wide{}, wideOne
	} else {
		sin, cos = sinCos(r)
	}
	// sin and cos of |a| + q π/2 with a's sign put back: the sine is odd.
	if a.Neg {
		sin = sin.negate()
	}
	switch q {
	case 1:
		sin, cos = cos, sin.negate()
	case 2:
		sin, cos = sin.negate(), cos.negate()
	case 3:
		sin, cos = cos.negate(), sin
	}
	if a.Neg {
		sin = sin.negate()
	}
	return sin, cos
}

// Sin is the sine of a; not ok if a is out of range (2^63 and beyond).
func (e *Env) Sin(a Num) (r Num, ok bool) {
	if n, special, ok := e.trig(a); special {
		return n, ok
	}
	sin, _ := quadrant(a)
	return e.roundWide(sin), true
}

// Cos is the cosine of a; not ok if a is out of range.
func (e *Env) Cos(a Num) (r Num, ok bool) {
	if n, special, ok := e.trig(a); special {
		if n.Class == Zero {
			return FromInt(1), ok
		}
		return n, ok
	}
	_, cos := quadrant(a)
	return e.roundWide(cos), true
}

// SinCos is both; not ok if a is out of range.
func (e *Env) SinCos(a Num) (sin, cos Num, ok bool) {
	if n, special, ok := e.trig(a); special {
		if n.Class == Zero {
			return n, FromInt(1), ok
		}
		return n, n, ok
	}
	s, c := quadrant(a)
	return e.roundWide(s), e.roundWide(c), true
}

// Tan is the tangent of a and the number that FPTAN pushes after it, which is
// one, or the NaN that the tangent is; not ok if a is out of range.
func (e *Env) Tan(a Num) (tan, one Num, ok bool) {
	if n, special, ok := e.trig(a); special {
		if n.Class == Zero {
			return n, FromInt(1), ok
		}
		return n, n, ok
	}
	s, c := quadrant(a)
	if s.zero() {
		return e.roundWide(s), FromInt(1), true
	}
	return e.roundWide(s.div(c).nudge(false)), FromInt(1), true
}

// Exp2M1 is 2^a-1 for a in [-1, 1]; outside, where the manual leaves it
// undefined, a comes back unchanged.
func (e *Env) Exp2M1(a Num) Num {
	e.RoundedUp = false
	switch {
	case a.IsNaN():
		return e.nan1(a)
	case a.Class == Infinity && a.Neg:
		n := FromInt(-1)
		return n
	case a.Class >= Zero:
		return a
	}
	e.operands(a, a)
	if a.Exp >= 0 {
		e.raise(Inexact) // as processors do, though 2^±1-1 is exact
		if a.Exp == 0 && a.Sig == intBit && a.Neg {
			return Num{Sig: intBit, Exp: -1, Neg: true}
		}
		return a // 2^1-1 is 1
	}
	z := a.wide().mul(wideLn2)
	t := wideOne
	for k := uint64(36); k >= 2; k-- {
		t = wideOne.add(z.mul(t).divSmall(k))
	}
	return e.roundWide(z.mul(t))
}

// lnOver is 2 artanh(s), |s| below 0.18: ln((1+s)/(1-s)).
func lnOver(s wide) wide {
	z := s.mul(s)
	t := wide{}
	for k := uint64(53); k >= 1; k -= 2 {
		t = wideOne.divSmall(k).add(z.mul(t))
		if k == 1 {
			break
		}
	}
	return s.mul(t).scale(1)
}

// sqrt2 is the significand above which a number is halved before its logarithm
// is taken.
const sqrt2 = 0xb504f333f9de6484

// log2 is the logarithm of a positive number, as an integer and the rest.
func log2(x wide) (n int32, frac wide) {
	n = x.exp
	x.exp = 0
	if x.hi >= sqrt2 {
		x.exp--
		n++
	}
	d := x.sub(wideOne)
	if d.zero() {
		return n, d
	}
	return n, lnOver(d.div(x.add(wideOne))).mul(wideLog2e)
}

// YLog2 is y log2 x (FYL2X).
func (e *Env) YLog2(x, y Num) Num {
	e.RoundedUp = false
	switch {
	case x.IsNaN() || y.IsNaN():
		return e.nan2(x, y)
	case x.Class == Zero && y.Class == Zero, x.Neg && x.Class != Zero:
		return e.invalid()
	case x.Class == Zero:
		if y.Class == Infinity {
			return Num{Sig: intBit, Class: Infinity, Neg: !y.Neg}
		}
		e.raise(ZeroDivide)
		return Num{Sig: intBit, Class: Infinity, Neg: !y.Neg}
	}
	one := x.Class <= Subnormal && x.Exp == 0 && x.Sig == intBit
	switch {
	case x.Class == Infinity && y.Class == Zero, one && y.Class == Infinity:
		return e.invalid()
	}
	e.operands(x, y)
	negative := x.Class != Infinity && x.Exp < 0
	switch {
	case x.Class == Infinity || y.Class == Infinity:
		return Num{Sig: intBit, Class: Infinity, Neg: y.Neg != negative}
	case one || y.Class == Zero:
		return Num{Class: Zero, Neg: y.Neg != negative}
	}
	n, frac := log2(x.wide())
	if frac.zero() {
		return e.calledInexact(e.Mul(FromInt(int64(n)), unsubnormal(y), Extended))
	}
	return e.roundWide(FromInt(int64(n)).wide().add(frac).mul(y.wide()))
}

// calledInexact gives an exact result, the logarithm of a power of two, the
// exceptions that processors raise with it all the same.
func (e *Env) calledInexact(r Num) Num {
	e.raise(Inexact)
	if r.Class == Subnormal {
		e.raise(Underflow)
	}
	return r
}

// unsubnormal makes an operand one whose denormality has been noted.
func unsubnormal(a Num) Num {
	if a.Class == Subnormal {
		a.Class = Normal
	}
	return a
}

// YLog2P1 is y log2(x+1) (FYL2XP1). The manual defines it for |x| below
// 1-√½; it is computed here for every x above -1.
func (e *Env) YLog2P1(x, y Num) Num {
	e.RoundedUp = false
	switch {
	case x.IsNaN() || y.IsNaN():
		return e.nan2(x, y)
	case x.Neg && x.Class != Zero && (x.Class == Infinity || x.Exp >= 0),
		x.Class == Infinity && y.Class == Zero,
		x.Class == Zero && y.Class == Infinity:
		return e.invalid()
	}
	e.operands(x, y)
	neg := x.Neg != y.Neg
	switch {
	case x.Class == Infinity || y.Class == Infinity:
		return Num{Sig: intBit, Class: Infinity, Neg: neg}
	case x.Class == Zero || y.Class == Zero:
		return Num{Class: Zero, Neg: neg}
	}
	w := x.wide()
	if x.Exp < -2 {
		frac := lnOver(w.div(w.add(wideOne.scale(1)))).mul(wideLog2e)
		return e.roundWide(frac.mul(y.wide()))
	}
	n, frac := log2(w.add(wideOne))
	if frac.zero() {
		return e.calledInexact(e.Mul(FromInt(int64(n)), unsubnormal(y), Extended))
	}
	return e.roundWide(FromInt(int64(n)).wide().add(frac).mul(y.wide()))
}

// atan is the arc tangent of t in [0, 1], t not zero.
func atan(t wide) wide {
	j := uint64(0)
	if t.exp >= -5 {
		j = t.hi >> (63 - 5 - t.exp)
		j = (j + 1) / 2 // the nearest sixteenth
	}
	base := wide{}
	u := t
	if j != 0 {
		base = atanTable[j]
		c := FromUint(j).wide().scale(-4)
		u = t.sub(c).div(wideOne.add(t.mul(c)))
		if u.zero() {
			return base
		}
	}
	// u lies within a 32nd of zero.
	z := u.mul(u)
	s := wide{}
	for k := uint64(27); ; k -= 2 {
		s = wideOne.divSmall(k).sub(z.mul(s))
		if k == 1 {
			break
		}
	}
	return base.add(u.mul(s).nudge(true))
}

// Atan2 is the angle of the point (x, y): FPATAN with x in ST(0), y in ST(1).
func (e *Env) Atan2(x, y Num) Num {
	e.RoundedUp = false
	if x.IsNaN() || y.IsNaN() {
		return e.nan2(x, y)
	}
	e.operands(x, y)
	var a wide // the angle of (|x|, |y|)
	switch {
	case y.Class == Zero || x.Class == Infinity && y.Class != Infinity:
		if !x.Neg {
			return Num{Class: Zero, Neg: y.Neg}
		}
	case x.Class == Infinity:
		a = widePi.scale(-2)
	case y.Class == Infinity || x.Class == Zero:
		a = widePi.scale(-1)
	default:
		a = atan2(x.wide(), y.wide())
	}
	if x.Neg {
		a = widePi.sub(a)
	}
	a.neg = y.Neg
	return e.roundWide(a)
}

// atan2 is the angle of (|x|, |y|), neither of which is zero.
func atan2(x, y wide) wide {
	x.neg, y.neg = false, false
	if d := y.sub(x); !d.neg && !d.zero() {
		return widePi.scale(-1).sub(atan(x.div(y)))
	}
	return atan(y.div(x))
}
