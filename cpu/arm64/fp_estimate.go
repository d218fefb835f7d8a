package arm64

import (
	"sync"

	"github.com/nuage-emu/nuage/cpu/softfloat"
)

// The estimates of reciprocals and of reciprocal square roots. The manual
// defines them to the last bit (RecipEstimate, RecipSqrtEstimate); tables
// hold what its integer formulas give.

// estimates are the tables.
type estimates struct {
	recip     [256]uint16 // index: the operand's 9 bits less 256
	recipSqrt [384]uint16 // index: less 128
}

// estimateTables are made when they are needed: few programs do.
var estimateTables = sync.OnceValue(func() *estimates {
	t := new(estimates)
	for i := range t.recip {
		a := 2*(i+256) + 1
		t.recip[i] = uint16((1<<19/a + 1) / 2)
	}
	for i := range t.recipSqrt {
		a := i + 128
		if a < 256 {
			a = 2*a + 1
		} else {
			a = (a>>1<<1 + 1) * 2
		}
		b := 512
		for a*(b+1)*(b+1) < 1<<28 {
			b++
		}
		t.recipSqrt[i] = uint16((b + 1) / 2)
	}
	return t
})

// estimateOperand is the exponent and the fraction of a number, the latter
// moved up to 52 bits.
func estimateOperand(v uint64, e uint) (exp int64, fraction uint64) {
	frac, top := layout(e)
	return int64(v >> frac & top), v & (1<<frac - 1) << (52 - frac)
}

// estimateResult packs one.
func estimateResult(neg bool, exp int64, fraction uint64, e uint) uint64 {
	frac, _ := layout(e)
	r := uint64(exp)<<frac | fraction>>(52-frac)
	if neg {
		r |= 1 << (e - 1)
	}
	return r
}

const fraction52 = 1<<52 - 1

// laneFRECPE is FPRecipEstimate.
func laneFRECPE(s *State, _, n, _ uint64, e uint) uint64 {
	env := &s.float
	a := num(env, n, e)
	_, top := layout(e)
	emax := int32(top / 2) // the exponent of the largest numbers, and the bias
	switch {
	case a.IsNaN():
		return repack(env, a, e)
	case a.Class == softfloat.Infinity:
		return estimateResult(a.Neg, 0, 0, e)
	case a.Class == softfloat.Zero:
		env.Flags |= softfloat.ZeroDivide
		return estimateResult(a.Neg, int64(top), 0, e)
	case a.Exp < -emax-1:
		env.Flags |= softfloat.Overflow | softfloat.Inexact
		toInf := env.Rounding == softfloat.NearestEven || env.Rounding == softfloat.Up && !a.Neg || env.Rounding == softfloat.Down && a.Neg
		if toInf {
			return estimateResult(a.Neg, int64(top), 0, e)
		}
		return estimateResult(a.Neg, int64(top)-1, fraction52, e)
	case env.FlushToZero && a.Exp >= emax-1:
		env.Flags |= softfloat.Underflow
		return estimateResult(a.Neg, 0, 0, e)
	}
	exp, fraction := estimateOperand(n, e)
	if exp == 0 {
		if fraction>>51 == 0 {
			exp = -1
			fraction <<= 1
		}
		fraction = fraction << 1 & fraction52
	}
	fraction = uint64(estimateTables().recip[fraction>>44]) & 0xff << 44
	exp = int64(2*emax-1) - exp
	switch exp {
	case 0:
		fraction = 1<<51 | fraction>>1
	case -1:
		fraction = 1<<50 | fraction>>2
		exp = 0
	}
	return estimateResult(a.Neg, exp, fraction, e)
}

// laneFRSQRTE is FPRSqrtEstimate.
func laneFRSQRTE(s *State, _, n, _ uint64, e uint) uint64 {
	env := &s.float
	a := num(env, n, e)
	_, top := layout(e)
	switch {
	case a.IsNaN():
		return repack(env, a, e)
	case a.Class == softfloat.Zero:
		env.Flags |= softfloat.ZeroDivide
		return estimateResult(a.Neg, int64(top), 0, e)
	case a.Neg:
		env.Flags |= softfloat.Invalid
		return bitsOf(env.DefaultNaN(), e)
	case a.Class == softfloat.Infinity:
		return 0
	}
	exp, fraction := estimateOperand(n, e)
	if exp == 0 {
		for fraction>>51 == 0 {
			fraction <<= 1
			exp--
		}
		fraction = fraction << 1 & fraction52
	}
	scaled := 1<<8 | fraction>>44
	if exp&1 != 0 {
		scaled = 1<<7 | fraction>>45
	}
	exp = (3*int64(top/2) - 1 - exp) / 2
	return estimateResult(false, exp, uint64(estimateTables().recipSqrt[scaled-128])&0xff<<44, e)
}

// laneFRECPX is FPRecpX: the exponent of the reciprocal.
func laneFRECPX(s *State, _, n, _ uint64, e uint) uint64 {
	env := &s.float
	a := num(env, n, e)
	if a.IsNaN() {
		return repack(env, a, e)
	}
	frac, top := layout(e)
	exp := n >> frac & top
	if exp == 0 {
		exp = top - 1
	} else {
		exp ^= top
	}
	return n&(1<<(e-1)) | exp<<frac
}

// laneURECPE and laneURSQRTE estimate for unsigned fractions of 32 bits.

func laneURECPE(_ *State, _, n, _ uint64, _ uint) uint64 {
	if n>>31 == 0 {
		return 0xffffffff
	}
	return uint64(estimateTables().recip[n>>23-256]) << 23
}

func laneURSQRTE(_ *State, _, n, _ uint64, _ uint) uint64 {
	if n>>30 == 0 {
		return 0xffffffff
	}
	return uint64(estimateTables().recipSqrt[n>>23-128]) << 23
}
