// Package softfloat is IEEE 754 binary floating point in plain Go: the same
// results and the same exception flags on every host.
//
// Formats are binary16, binary32, binary64 and the x87 double-extended format
// with its 64-bit significand and explicit integer bit. An operation unpacks
// its operands into [Num], computes with a 128-bit significand, and rounds
// once, to a [Format], under an [Env] that holds the rounding mode, the
// variants between processors, and the exception flags that come out. Start
// reading with [Env], then arith.go for the operations and round.go for the
// one place where results are rounded.
//
// Where the environment is the default one, the host's own arithmetic gives
// the very same bits: fast.go says when, and is what an interpreter tries first.
//
// The package knows nothing of registers, instructions or guest memory, never
// uses a host rounding mode, and relies on the host's floating point only for
// float64 and float32 operations that Go defines to be correctly rounded.
package softfloat

// Flags is a set of IEEE 754 exceptions. The bits are those of the x87 status
// word and of MXCSR (Intel SDM volume 1, 8.1.3 and 10.2.3).
type Flags uint8

// The exceptions.
const (
	Invalid    Flags = 1 << iota
	Denormal         // an operand was denormal (x86 only; IEEE 754 has no such flag)
	ZeroDivide       //
	Overflow         //
	Underflow        //
	Inexact          //

	// BeforeResult are the exceptions found by looking at the operands. On
	// x86, an unmasked one of them suppresses those found in the result.
	BeforeResult = Invalid | Denormal | ZeroDivide
)

// Rounding is a rounding direction. The first four have the encoding of the
// x86 rounding control field.
type Rounding uint8

// The rounding directions.
const (
	NearestEven Rounding = iota
	Down                 // towards minus infinity
	Up                   // towards plus infinity
	TowardZero
	NearestAway // ties away from zero
	ToOdd       // inexact results get an odd last bit
)

// NaNRule chooses which NaN an operation with NaN operands returns.
type NaNRule uint8

// The rules.
const (
	// NaNFirst: the first operand that is a NaN, quieted (SSE; Intel SDM
	// volume 1, table 4-7). The default NaN is negative.
	NaNFirst NaNRule = iota
	// NaNLarger: the quiet one of a quiet and a signalling NaN, otherwise the
	// one with the larger significand, otherwise the positive one (x87; same
	// table). The default NaN is negative.
	NaNLarger
	// NaNSignalling: the first signalling NaN, else the first quiet one (Arm
	// with FPCR.DN clear). The default NaN is positive.
	NaNSignalling
	// NaNDefault: always the default NaN, positive (Arm with FPCR.DN set).
	NaNDefault
)

// Env is the floating-point environment of an operation: what it obeys, and
// what it reports. The zero value is round to nearest even, SSE rules, all
// exceptions masked. An Env is not safe for concurrent use.
type Env struct {
	Rounding Rounding
	NaN      NaNRule

	// FlushToZero replaces a tiny result by a zero of its sign, unless
	// Underflow is in Unmasked.
	FlushToZero bool
	// DenormalsAreZero reads denormal binary16/32/64 operands as zero.
	DenormalsAreZero bool
	// TinyBefore detects tininess before rounding (Arm) and not after it (x86).
	TinyBefore bool
	// Wrap makes an unmasked overflow or underflow deliver the rounded result
	// with its exponent moved by 24576 towards zero, as the x87 does for
	// register destinations (Intel SDM volume 1, 8.5.4 and 8.5.5).
	Wrap bool

	// Unmasked are the exceptions that will trap. It does not stop an
	// operation; it changes what Underflow means (tiny, whether exact or not).
	Unmasked Flags

	// Flags collects exceptions; operations only ever add to it.
	Flags Flags
	// RoundedUp reports whether the latest rounding made the result larger in
	// magnitude (C1 of the x87 status word).
	RoundedUp bool
}

// Class is the kind of a number.
type Class uint8

// The classes. Comparisons in this package rely on their order.
const (
	Normal Class = iota
	Subnormal
	Zero
	Infinity
	QuietNaN
	SignallingNaN
	Unsupported // an x87 encoding that is not a number of any kind: always Invalid
)

// Num is an unpacked number: an operand, or a result ready to be packed.
//
// A finite value is Sig × 2^(Exp-63); operands have bit 63 of Sig set. A NaN
// keeps its payload in Sig as the x87 format has it: bit 63 set, bit 62 the
// quiet bit. A Num that came out of an operation may be a Subnormal with bit
// 63 clear; it can be packed into the format it was rounded to, and nothing else.
type Num struct {
	Sig   uint64
	Exp   int32
	Class Class
	Neg   bool
}

// IsNaN reports whether n is a NaN or an unsupported encoding.
func (n Num) IsNaN() bool { return n.Class >= QuietNaN }

// Format is a target of rounding.
type Format struct {
	prec       uint  // bits of the significand, with the integer bit
	emin, emax int32 // exponents of the smallest and the largest normal number
}

// The formats. Extended24 and Extended53 are the x87 format under precision
// control: fewer bits of significand, the full range of exponents.
var (
	Binary16   = &Format{11, -14, 15}
	Binary32   = &Format{24, -126, 127}
	Binary64   = &Format{53, -1022, 1023}
	Extended   = &Format{64, -16382, 16383}
	Extended53 = &Format{53, -16382, 16383}
	Extended24 = &Format{24, -16382, 16383}
)

// X80 is a number in the x87 double-extended format.
type X80 struct {
	Sig uint64 // with the explicit integer bit
	SE  uint16 // sign and biased exponent
}

const (
	intBit   = 1 << 63
	quietBit = 1 << 62
)

// raise adds f to the flags.
func (e *Env) raise(f Flags) { e.Flags |= f }

// DefaultNaN is the NaN that invalid operations return.
func (e *Env) DefaultNaN() Num {
	return Num{Sig: intBit | quietBit, Class: QuietNaN, Neg: e.NaN <= NaNLarger}
}

// invalid raises Invalid and returns the default NaN.
func (e *Env) invalid() Num {
	e.raise(Invalid)
	e.RoundedUp = false
	return e.DefaultNaN()
}

// Quiet is n as a quiet NaN.
func (n Num) quiet() Num {
	n.Sig |= quietBit
	n.Class = QuietNaN
	return n
}

// nan1 is the result of an operation whose only operand is a NaN.
func (e *Env) nan1(a Num) Num {
	e.RoundedUp = false
	if a.Class == Unsupported {
		return e.invalid()
	}
	if a.Class == SignallingNaN {
		e.raise(Invalid)
	}
	if e.NaN == NaNDefault {
		return e.DefaultNaN()
	}
	return a.quiet()
}

// nan2 is the result of an operation with at least one NaN among a and b.
func (e *Env) nan2(a, b Num) Num {
	e.RoundedUp = false
	if a.Class == Unsupported || b.Class == Unsupported {
		return e.invalid()
	}
	if a.Class == SignallingNaN || b.Class == SignallingNaN {
		e.raise(Invalid)
	}
	switch {
	case e.NaN == NaNDefault:
		return e.DefaultNaN()
	case !b.IsNaN():
		return a.quiet()
	case !a.IsNaN():
		return b.quiet()
	}
	switch e.NaN {
	case NaNSignalling:
		if b.Class == SignallingNaN && a.Class != SignallingNaN {
			return b.quiet()
		}
	case NaNLarger:
		return largerNaN(a, b)
	}
	return a.quiet()
}

// largerNaN is the x87's choice between two NaNs.
func largerNaN(a, b Num) Num {
	if a.Class != b.Class {
		if a.Class == SignallingNaN {
			return b
		}
		return a
	}
	a, b = a.quiet(), b.quiet()
	if b.Sig > a.Sig || b.Sig == a.Sig && a.Neg {
		return b
	}
	return a
}

// operands raises Denormal if one of the operands of an operation is denormal.
func (e *Env) operands(a, b Num) {
	if a.Class == Subnormal || b.Class == Subnormal {
		e.raise(Denormal)
	}
}
