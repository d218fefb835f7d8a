package arm64

import (
	"github.com/nuage-emu/nuage/cpu/softfloat"
)

// Floating-point arithmetic on single elements, in the form of laneFunc, between
// fpBegin and fpEnd. The names in comments are those of the manual's shared
// pseudocode (J1.3).

func laneFADD(s *State, _, n, m uint64, e uint) uint64 {
	if r, ok := s.hostSum(n, m, e); ok {
		return r
	}
	env := &s.float
	return bitsOf(env.Add(num(env, n, e), num(env, m, e), format(e)), e)
}

func laneFSUB(s *State, _, n, m uint64, e uint) uint64 {
	if r, ok := s.hostSum(n, m^1<<(e-1), e); ok {
		return r
	}
	env := &s.float
	return bitsOf(env.Sub(num(env, n, e), num(env, m, e), format(e)), e)
}

func laneFMUL(s *State, _, n, m uint64, e uint) uint64 {
	if r, ok := s.hostProduct(n, m, e); ok {
		return r
	}
	env := &s.float
	return bitsOf(env.Mul(num(env, n, e), num(env, m, e), format(e)), e)
}

func laneFDIV(s *State, _, n, m uint64, e uint) uint64 {
	if r, ok := s.hostQuotient(n, m, e); ok {
		return r
	}
	env := &s.float
	return bitsOf(env.Div(num(env, n, e), num(env, m, e), format(e)), e)
}

func laneFSQRT(s *State, _, n, _ uint64, e uint) uint64 {
	if r, ok := s.hostRoot(n, e); ok {
		return r
	}
	env := &s.float
	return bitsOf(env.Sqrt(num(env, n, e), format(e)), e)
}

// mulAdd is FPMulAdd: n×m+d, rounded once.
func (s *State) mulAdd(d, n, m uint64, e uint) uint64 {
	if r, ok := s.hostMulAdd(d, n, m, e); ok {
		return r
	}
	env := &s.float
	return bitsOf(env.MulAdd(num(env, n, e), num(env, m, e), num(env, d, e), format(e)), e)
}

func laneFMLA(s *State, d, n, m uint64, e uint) uint64 { return s.mulAdd(d, n, m, e) }
func laneFMLS(s *State, d, n, m uint64, e uint) uint64 { return s.mulAdd(d, n^1<<(e-1), m, e) }

func laneFABS(_ *State, _, n, _ uint64, e uint) uint64 { return n &^ (1 << (e - 1)) }
func laneFNEG(_ *State, _, n, _ uint64, e uint) uint64 { return n ^ 1<<(e-1) }
func laneFABD(s *State, _, n, m uint64, e uint) uint64 {
	return laneFSUB(s, 0, n, m, e) &^ (1 << (e - 1))
}
func laneFNMUL(s *State, _, n, m uint64, e uint) uint64 { return laneFMUL(s, 0, n, m, e) ^ 1<<(e-1) }

// timesZero reports the product that FMULX and the steps give a value of its own.
func timesZero(a, b softfloat.Num) bool {
	return a.Class == softfloat.Infinity && b.Class == softfloat.Zero || a.Class == softfloat.Zero && b.Class == softfloat.Infinity
}

// laneFMULX is FPMulX: infinity times zero is two.
func laneFMULX(s *State, _, n, m uint64, e uint) uint64 {
	env := &s.float
	a, b := num(env, n, e), num(env, m, e)
	if timesZero(a, b) {
		two := softfloat.FromUint(2)
		two.Neg = a.Neg != b.Neg
		return bitsOf(two, e)
	}
	return bitsOf(env.Mul(a, b, format(e)), e)
}

// laneFRECPS is FPRecipStepFused: 2-n×m.
func laneFRECPS(s *State, _, n, m uint64, e uint) uint64 {
	env := &s.float
	a, b, two := num(env, n^1<<(e-1), e), num(env, m, e), softfloat.FromUint(2)
	if timesZero(a, b) {
		return bitsOf(two, e)
	}
	return bitsOf(env.MulAdd(a, b, two, format(e)), e)
}

// laneFRSQRTS is FPRSqrtStepFused: (3-n×m)/2, which is 1.5-(n/2)×m with one
// rounding.
func laneFRSQRTS(s *State, _, n, m uint64, e uint) uint64 {
	env := &s.float
	a, b := num(env, n^1<<(e-1), e), num(env, m, e)
	c := softfloat.FromUint(3)
	c.Exp--
	if timesZero(a, b) {
		return bitsOf(c, e)
	}
	a.Exp--
	return bitsOf(env.MulAdd(a, b, c, format(e)), e)
}

// minMax is FPMax or FPMin: NaNs are propagated, and -0 is less than +0.
func (s *State) minMax(n, m uint64, e uint, greatest bool) uint64 {
	if r, ok := hostRelation(n, m, e); ok && r != softfloat.Equal {
		if (r == softfloat.Greater) == greatest {
			return n
		}
		return m
	}
	env := &s.float
	a, b := num(env, n, e), num(env, m, e)
	if a.IsNaN() || b.IsNaN() {
		return bitsOf(env.Add(a, b, format(e)), e)
	}
	var pick softfloat.Num
	switch rel := env.Compare(a, b, true); {
	case rel == softfloat.Equal && a.Class == softfloat.Zero:
		pick = a
		pick.Neg = a.Neg && b.Neg
		if !greatest {
			pick.Neg = a.Neg || b.Neg
		}
	case (rel == softfloat.Greater) == greatest:
		pick = a
	default:
		pick = b
	}
	return repack(env, pick, e)
}

// repack packs an operand, which has its leading bit set even if denormal.
func repack(env *softfloat.Env, n softfloat.Num, e uint) uint64 {
	return bitsOf(env.RoundQuietly(n, format(e)), e)
}

func laneFMAX(s *State, _, n, m uint64, e uint) uint64 { return s.minMax(n, m, e, true) }
func laneFMIN(s *State, _, n, m uint64, e uint) uint64 { return s.minMax(n, m, e, false) }

// minMaxNum is FPMaxNum or FPMinNum: one quiet NaN gives way to the other
// operand.
func (s *State) minMaxNum(n, m uint64, e uint, greatest bool) uint64 {
	frac, _ := layout(e)
	inf := infinity(e)
	quiet := func(v uint64) bool { return v&(inf|1<<(frac-1)) == inf|1<<(frac-1) }
	least := inf
	if greatest {
		least |= 1 << (e - 1)
	}
	switch qn, qm := quiet(n), quiet(m); {
	case qn && !qm:
		n = least
	case qm && !qn:
		m = least
	}
	return s.minMax(n, m, e, greatest)
}

func laneFMAXNM(s *State, _, n, m uint64, e uint) uint64 { return s.minMaxNum(n, m, e, true) }
func laneFMINNM(s *State, _, n, m uint64, e uint) uint64 { return s.minMaxNum(n, m, e, false) }

// Comparisons that make masks: FPCompareEQ is quiet, the others signal for any
// NaN.

func (s *State) relation(n, m uint64, e uint, quiet bool) softfloat.Relation {
	if r, ok := hostRelation(n, m, e); ok {
		return r
	}
	env := &s.float
	return env.Compare(num(env, n, e), num(env, m, e), quiet)
}

func laneFCMEQ(s *State, _, n, m uint64, e uint) uint64 {
	return truth(s.relation(n, m, e, true) == softfloat.Equal)
}

func laneFCMGT(s *State, _, n, m uint64, e uint) uint64 {
	return truth(s.relation(n, m, e, false) == softfloat.Greater)
}

func laneFCMGE(s *State, _, n, m uint64, e uint) uint64 {
	r := s.relation(n, m, e, false)
	return truth(r == softfloat.Greater || r == softfloat.Equal)
}

func laneFACGT(s *State, _, n, m uint64, e uint) uint64 {
	return laneFCMGT(s, 0, laneFABS(s, 0, n, 0, e), laneFABS(s, 0, m, 0, e), e)
}

func laneFACGE(s *State, _, n, m uint64, e uint) uint64 {
	return laneFCMGE(s, 0, laneFABS(s, 0, n, 0, e), laneFABS(s, 0, m, 0, e), e)
}

func laneFCMEQ0(s *State, _, n, _ uint64, e uint) uint64 { return laneFCMEQ(s, 0, n, 0, e) }
func laneFCMGT0(s *State, _, n, _ uint64, e uint) uint64 { return laneFCMGT(s, 0, n, 0, e) }
func laneFCMGE0(s *State, _, n, _ uint64, e uint) uint64 { return laneFCMGE(s, 0, n, 0, e) }
func laneFCMLT0(s *State, _, n, _ uint64, e uint) uint64 { return laneFCMGT(s, 0, 0, n, e) }
func laneFCMLE0(s *State, _, n, _ uint64, e uint) uint64 { return laneFCMGE(s, 0, 0, n, e) }

// compareFlags is FPCompare: NZCV of a comparison.
func (s *State) compareFlags(n, m uint64, e uint, quiet bool) {
	switch s.relation(n, m, e, quiet) {
	case softfloat.Less:
		s.SetFlags(FlagN)
	case softfloat.Equal:
		s.SetFlags(FlagZ | FlagC)
	case softfloat.Greater:
		s.SetFlags(FlagC)
	default:
		s.SetFlags(FlagC | FlagV)
	}
}
