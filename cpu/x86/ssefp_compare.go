package x86

import (
	"math"

	"github.com/nuage-emu/nuage/cpu/softfloat"
)

// Comparisons, minima and maxima (Vol. 1, 10.4.1.1, 10.4.2 and 11.4).

// predicates are what CMPcc asks, by the low bits of its immediate: a set of
// relations, and whether quiet NaNs go without an Invalid exception. SSE has
// the first eight. AVX has all, and twice: with bit 4 of the immediate set, the
// quiet ones signal and the others do not.
var predicates = [16]struct {
	holds uint8
	quiet bool
}{
	{1 << softfloat.Equal, true},                                                // eq
	{1 << softfloat.Less, false},                                                // lt
	{1<<softfloat.Less | 1<<softfloat.Equal, false},                             // le
	{1 << softfloat.Unordered, true},                                            // unord
	{1<<softfloat.Less | 1<<softfloat.Greater | 1<<softfloat.Unordered, true},   // neq
	{1<<softfloat.Equal | 1<<softfloat.Greater | 1<<softfloat.Unordered, false}, // nlt
	{1<<softfloat.Greater | 1<<softfloat.Unordered, false},                      // nle
	{1<<softfloat.Less | 1<<softfloat.Equal | 1<<softfloat.Greater, true},       // ord
	{1<<softfloat.Equal | 1<<softfloat.Unordered, true},                         // eq_uq
	{1<<softfloat.Less | 1<<softfloat.Unordered, false},                         // nge
	{1<<softfloat.Less | 1<<softfloat.Equal | 1<<softfloat.Unordered, false},    // ngt
	{0, true}, // false
	{1<<softfloat.Less | 1<<softfloat.Greater, true},                                               // neq_oq
	{1<<softfloat.Equal | 1<<softfloat.Greater, false},                                             // ge
	{1 << softfloat.Greater, false},                                                                // gt
	{1<<softfloat.Less | 1<<softfloat.Equal | 1<<softfloat.Greater | 1<<softfloat.Unordered, true}, // true
}

// relation64 compares ordinary numbers and zeros, for which no environment is needed.
func relation64(a, b uint64) (r softfloat.Relation, ok bool) {
	if !softfloat.OrdinaryOrZero64(a) || !softfloat.OrdinaryOrZero64(b) {
		return 0, false
	}
	x, y := math.Float64frombits(a), math.Float64frombits(b)
	switch {
	case x < y:
		return softfloat.Less, true
	case x > y:
		return softfloat.Greater, true
	}
	return softfloat.Equal, true
}

func relation32(a, b uint32) (r softfloat.Relation, ok bool) {
	if !softfloat.OrdinaryOrZero32(a) || !softfloat.OrdinaryOrZero32(b) {
		return 0, false
	}
	x, y := math.Float32frombits(a), math.Float32frombits(b)
	switch {
	case x < y:
		return softfloat.Less, true
	case x > y:
		return softfloat.Greater, true
	}
	return softfloat.Equal, true
}

// compare64 compares with s.float as the environment.
func (s *State) compare64(a, b uint64, quiet bool) softfloat.Relation {
	if r, ok := relation64(a, b); ok {
		return r
	}
	return s.float.CompareF64(a, b, bool(quiet))
}

func (s *State) compare32(a, b uint32, quiet bool) softfloat.Relation {
	if r, ok := relation32(a, b); ok {
		return r
	}
	return s.float.CompareF32(a, b, bool(quiet))
}

// mask64 is the lane that CMPcc gives: all ones or all zeros.
func (s *State) mask64(a, b uint64, pred uint64) uint64 {
	p := &predicates[pred&15]
	return -uint64(p.holds >> s.compare64(a, b, p.quiet != (pred&16 != 0)) & 1)
}

func (s *State) mask32(a, b uint32, pred uint64) uint64 {
	p := &predicates[pred&15]
	return uint64(uint32(-uint64(p.holds >> s.compare32(a, b, p.quiet != (pred&16 != 0)) & 1)))
}

func cmpsd(s *State, o *op) *op {
	b := s.vecSrc64(o)
	v := &s.V[o.dst&31]
	s.sseEnv()
	r := s.mask64(v[0], b, o.imm&7)
	s.sseRaise()
	v[0] = r
	return o.after()
}

func cmpss(s *State, o *op) *op {
	b := s.vecSrc32(o)
	v := &s.V[o.dst&31]
	s.sseEnv()
	r := s.mask32(uint32(v[0]), b, o.imm&7)
	s.sseRaise()
	v[0] = v[0]&^math.MaxUint32 | r
	return o.after()
}

func cmppd(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	s.sseEnv()
	r0, r1 := s.mask64(v[0], lo, o.imm&7), s.mask64(v[1], hi, o.imm&7)
	s.sseRaise()
	v[0], v[1] = r0, r1
	return o.after()
}

func cmpps(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	v := &s.V[o.dst&31]
	s.sseEnv()
	r0 := s.mask32(uint32(v[0]), uint32(lo), o.imm&7) | s.mask32(uint32(v[0]>>32), uint32(lo>>32), o.imm&7)<<32
	r1 := s.mask32(uint32(v[1]), uint32(hi), o.imm&7) | s.mask32(uint32(v[1]>>32), uint32(hi>>32), o.imm&7)<<32
	s.sseRaise()
	v[0], v[1] = r0, r1
	return o.after()
}

// setRelation sets ZF, PF and CF to a relation and clears OF, SF and AF, as
// COMISD and FCOMI do.
func (s *State) setRelation(r softfloat.Relation) {
	switch r {
	case softfloat.Less:
		s.cf, s.fz, s.fs, s.fx = 1, 1, 1, 1<<63
	case softfloat.Equal:
		s.cf, s.fz, s.fs, s.fx = 0, 0, 1, 0
	case softfloat.Greater:
		s.cf, s.fz, s.fs, s.fx = 0, 1, 1, 0
	default:
		s.cf, s.fz, s.fs, s.fx = 1, 0, 0, 1<<63
	}
}

// setOrder is setRelation of two ordinary numbers, without a branch.
func (s *State) setOrder(less, equal bool) {
	s.cf = b2u(less)
	s.fx = s.cf << 63
	s.fz = b2u(!equal)
	s.fs = 1
}

type comi64 bool

func (quiet comi64) op() opFunc {
	return func(s *State, o *op) *op {
		b := s.vecSrc64(o)
		a := s.V[o.dst&31][0]
		if softfloat.OrdinaryOrZero64(a) && softfloat.OrdinaryOrZero64(b) {
			x, y := math.Float64frombits(a), math.Float64frombits(b)
			s.setOrder(x < y, x == y)
			return o.after()
		}
		r := s.sseEnv().CompareF64(a, b, bool(quiet))
		s.sseRaise()
		s.setRelation(r)
		return o.after()
	}
}

type comi32 bool

func (quiet comi32) op() opFunc {
	return func(s *State, o *op) *op {
		b := s.vecSrc32(o)
		a := uint32(s.V[o.dst&31][0])
		if softfloat.OrdinaryOrZero32(a) && softfloat.OrdinaryOrZero32(b) {
			x, y := math.Float32frombits(a), math.Float32frombits(b)
			s.setOrder(x < y, x == y)
			return o.after()
		}
		r := s.sseEnv().CompareF32(a, b, bool(quiet))
		s.sseRaise()
		s.setRelation(r)
		return o.after()
	}
}

// A minimum or maximum is the second operand unless the first is certainly the
// smaller or the larger one: so it is with NaNs and with two zeros. The second
// operand comes out unchanged, but for a denormal taken as zero.

func min64(e *softfloat.Env, a, b uint64) uint64 { return pick64(e, a, b, softfloat.Less) }
func max64(e *softfloat.Env, a, b uint64) uint64 { return pick64(e, a, b, softfloat.Greater) }
func min32(e *softfloat.Env, a, b uint32) uint32 { return pick32(e, a, b, softfloat.Less) }
func max32(e *softfloat.Env, a, b uint32) uint32 { return pick32(e, a, b, softfloat.Greater) }

func pick64(e *softfloat.Env, a, b uint64, want softfloat.Relation) uint64 {
	r, ok := relation64(a, b)
	if !ok {
		r = e.CompareF64(a, b, false)
	}
	if r == want {
		b = a
	}
	if e.DenormalsAreZero && b>>52&0x7ff == 0 {
		b &= 1 << 63
	}
	return b
}

func pick32(e *softfloat.Env, a, b uint32, want softfloat.Relation) uint32 {
	r, ok := relation32(a, b)
	if !ok {
		r = e.CompareF32(a, b, false)
	}
	if r == want {
		b = a
	}
	if e.DenormalsAreZero && b>>23&0xff == 0 {
		b &= 1 << 31
	}
	return b
}

func minsd(s *State, o *op) *op {
	b := s.vecSrc64(o)
	v := &s.V[o.dst&31]
	if softfloat.OrdinaryOrZero64(v[0]) && softfloat.OrdinaryOrZero64(b) {
		if !(math.Float64frombits(v[0]) < math.Float64frombits(b)) {
			v[0] = b
		}
		return o.after()
	}
	r := min64(s.sseEnv(), v[0], b)
	s.sseRaise()
	v[0] = r
	return o.after()
}

func minss(s *State, o *op) *op {
	b := s.vecSrc32(o)
	v := &s.V[o.dst&31]
	r := uint32(v[0])
	if softfloat.OrdinaryOrZero32(r) && softfloat.OrdinaryOrZero32(b) {
		if !(math.Float32frombits(r) < math.Float32frombits(b)) {
			r = b
		}
	} else {
		r = min32(s.sseEnv(), r, b)
		s.sseRaise()
	}
	v[0] = v[0]&^math.MaxUint32 | uint64(r)
	return o.after()
}

func maxsd(s *State, o *op) *op {
	b := s.vecSrc64(o)
	v := &s.V[o.dst&31]
	if softfloat.OrdinaryOrZero64(v[0]) && softfloat.OrdinaryOrZero64(b) {
		if !(math.Float64frombits(v[0]) > math.Float64frombits(b)) {
			v[0] = b
		}
		return o.after()
	}
	r := max64(s.sseEnv(), v[0], b)
	s.sseRaise()
	v[0] = r
	return o.after()
}

func maxss(s *State, o *op) *op {
	b := s.vecSrc32(o)
	v := &s.V[o.dst&31]
	r := uint32(v[0])
	if softfloat.OrdinaryOrZero32(r) && softfloat.OrdinaryOrZero32(b) {
		if !(math.Float32frombits(r) > math.Float32frombits(b)) {
			r = b
		}
	} else {
		r = max32(s.sseEnv(), r, b)
		s.sseRaise()
	}
	v[0] = v[0]&^math.MaxUint32 | uint64(r)
	return o.after()
}
