package x86

import (
	"math"

	"github.com/nuage-emu/nuage/cpu/softfloat"
)

// Conversions (Vol. 1, 11.4.1.6 and 10.4.3). An integer result that does not
// fit is the integer indefinite: the most negative integer.

const (
	indefinite32 = 1 << 31
	indefinite64 = 1 << 63
)

// int32Of converts n, to the nearest by MXCSR or truncating.
func (s *State) int32Of(n softfloat.Num) uint64 {
	v, ok := s.float.ToInt(n, 32)
	if !ok {
		return indefinite32
	}
	return uint64(uint32(v))
}

func (s *State) int64Of(n softfloat.Num) uint64 {
	v, ok := s.float.ToInt(n, 64)
	if !ok {
		return indefinite64
	}
	return uint64(v)
}

// truncating sets the rounding of the CVTT forms.
func (s *State) truncating(e *softfloat.Env, t bool) *softfloat.Env {
	if t {
		e.Rounding = softfloat.TowardZero
	}
	return e
}

// intByHost reports whether the host's conversion of b, which gave v, may be
// taken: the number is ordinary, and if v is inexact that is on record.
func (s *State) intByHost(b uint64, v int64) bool {
	return softfloat.OrdinaryOrZero64(b) && (float64(v) == math.Float64frombits(b) || s.hostFloat())
}

// cvttsd2si truncates, as Go does.
func cvttsd2si(s *State, o *op) *op {
	b := s.vecSrc64(o)
	if f := math.Float64frombits(b); f > -1<<31 && f < 1<<31 {
		if v := int64(f); s.intByHost(b, v) {
			setReg(s, o.dst, uint32(v))
			return o.after()
		}
	}
	n := s.truncating(s.sseEnv(), true).UnpackF64(b)
	r := s.int32Of(n)
	s.sseRaise()
	s.R[o.dst&31] = r
	return o.after()
}

func cvttsd2siq(s *State, o *op) *op {
	b := s.vecSrc64(o)
	if f := math.Float64frombits(b); f > -1<<53 && f < 1<<53 {
		if v := int64(f); s.intByHost(b, v) {
			s.R[o.dst&31] = uint64(v)
			return o.after()
		}
	}
	n := s.truncating(s.sseEnv(), true).UnpackF64(b)
	r := s.int64Of(n)
	s.sseRaise()
	s.R[o.dst&31] = r
	return o.after()
}

func cvtsd2si(s *State, o *op) *op {
	b := s.vecSrc64(o)
	n := s.sseEnv().UnpackF64(b)
	r := s.int32Of(n)
	s.sseRaise()
	s.R[o.dst&31] = r
	return o.after()
}

func cvtsd2siq(s *State, o *op) *op {
	b := s.vecSrc64(o)
	n := s.sseEnv().UnpackF64(b)
	r := s.int64Of(n)
	s.sseRaise()
	s.R[o.dst&31] = r
	return o.after()
}

// cvtss2si makes CVTSS2SI and CVTTSS2SI of both sizes.
type cvtss2si bool

func (truncate cvtss2si) bind(b *binder) {
	toInt := (*State).int32Of
	if b.d.Size == 8 {
		toInt = (*State).int64Of
	}
	b.operands(func(s *State, o *op) *op {
		b := s.vecSrc32(o)
		n := s.truncating(s.sseEnv(), bool(truncate)).UnpackF32(b)
		r := toInt(s, n)
		s.sseRaise()
		s.R[o.dst&31] = r
		return o.after()
	})
}

// cvtsi2sd from 32 bits is always exact.
func cvtsi2sd(s *State, o *op) *op {
	v := int32(rm[uint32](s, o))
	s.V[o.dst&31][0] = math.Float64bits(float64(v))
	return o.after()
}

func cvtsi2sdq(s *State, o *op) *op {
	v := int64(rm[uint64](s, o))
	d := &s.V[o.dst&31][0]
	if v > -(1<<53) && v < 1<<53 {
		*d = math.Float64bits(float64(v))
		return o.after()
	}
	r := s.sseEnv().Round(softfloat.FromInt(v), softfloat.Binary64).F64()
	s.sseRaise()
	*d = r
	return o.after()
}

func cvtsi2ss(s *State, o *op) *op  { return s.toSingle(o, int64(int32(rm[uint32](s, o)))) }
func cvtsi2ssq(s *State, o *op) *op { return s.toSingle(o, int64(rm[uint64](s, o))) }

func (s *State) toSingle(o *op, v int64) *op {
	r := s.single(s.sseEnv(), v)
	s.sseRaise()
	d := &s.V[o.dst&31][0]
	*d = *d&^math.MaxUint32 | r
	return o.after()
}

func (s *State) single(e *softfloat.Env, v int64) uint64 {
	if v > -(1<<24) && v < 1<<24 {
		return uint64(math.Float32bits(float32(v)))
	}
	return uint64(e.Round(softfloat.FromInt(v), softfloat.Binary32).F32())
}

// widen is exact; it only looks at denormals and NaNs twice.
func widen(e *softfloat.Env, v uint32) uint64 {
	if softfloat.OrdinaryOrZero32(v) {
		return math.Float64bits(float64(math.Float32frombits(v)))
	}
	return e.F32ToF64(v)
}

func cvtss2sd(s *State, o *op) *op {
	b := s.vecSrc32(o)
	v := &s.V[o.dst&31][0]
	if softfloat.OrdinaryOrZero32(b) {
		*v = math.Float64bits(float64(math.Float32frombits(b)))
		return o.after()
	}
	r := s.sseEnv().F32ToF64(b)
	s.sseRaise()
	*v = r
	return o.after()
}

func cvtsd2ss(s *State, o *op) *op {
	b := s.vecSrc64(o)
	r, ok := softfloat.FastF64ToF32(b)
	if !ok || !s.hostFloat() {
		r = s.sseEnv().F64ToF32(b)
		s.sseRaise()
	}
	d := &s.V[o.dst&31][0]
	*d = *d&^math.MaxUint32 | uint64(r)
	return o.after()
}

func cvtps2pd(s *State, o *op) *op {
	b := s.vecSrc64(o)
	e := s.sseEnv()
	r0, r1 := widen(e, uint32(b)), widen(e, uint32(b>>32))
	s.sseRaise()
	v := &s.V[o.dst&31]
	v[0], v[1] = r0, r1
	return o.after()
}

func cvtpd2ps(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	e := s.sseEnv()
	r := uint64(e.F64ToF32(lo)) | uint64(e.F64ToF32(hi))<<32
	s.sseRaise()
	v := &s.V[o.dst&31]
	v[0], v[1] = r, 0
	return o.after()
}

func cvtdq2pd(s *State, o *op) *op {
	b := s.vecSrc64(o)
	v := &s.V[o.dst&31]
	v[0] = math.Float64bits(float64(int32(b)))
	v[1] = math.Float64bits(float64(int32(b >> 32)))
	return o.after()
}

func cvtdq2ps(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	e := s.sseEnv()
	r0 := s.single(e, int64(int32(lo))) | s.single(e, int64(int32(lo>>32)))<<32
	r1 := s.single(e, int64(int32(hi))) | s.single(e, int64(int32(hi>>32)))<<32
	s.sseRaise()
	v := &s.V[o.dst&31]
	v[0], v[1] = r0, r1
	return o.after()
}

// pairF32 converts the two single-precision numbers in w.
func (s *State) pairF32(e *softfloat.Env, w uint64) uint64 {
	return s.int32Of(e.UnpackF32(uint32(w))) | s.int32Of(e.UnpackF32(uint32(w>>32)))<<32
}

func (s *State) pairF64(e *softfloat.Env, lo, hi uint64) uint64 {
	return s.int32Of(e.UnpackF64(lo)) | s.int32Of(e.UnpackF64(hi))<<32
}

type cvtps2dq bool

func (truncate cvtps2dq) op() opFunc {
	return func(s *State, o *op) *op {
		lo, hi := s.vecSrc(o)
		e := s.truncating(s.sseEnv(), bool(truncate))
		r0, r1 := s.pairF32(e, lo), s.pairF32(e, hi)
		s.sseRaise()
		v := &s.V[o.dst&31]
		v[0], v[1] = r0, r1
		return o.after()
	}
}

type cvtpd2dq bool

func (truncate cvtpd2dq) op() opFunc {
	return func(s *State, o *op) *op {
		lo, hi := s.vecSrc(o)
		e := s.truncating(s.sseEnv(), bool(truncate))
		r := s.pairF64(e, lo, hi)
		s.sseRaise()
		v := &s.V[o.dst&31]
		v[0], v[1] = r, 0
		return o.after()
	}
}

// The forms with an MMX register enter the MMX state as all of MMX does (see
// mmx.go), even if an unmasked exception then stops them. CVTPI2PS and
// CVTPI2PD from memory leave the x87 alone.

// mmxOrMem is the source of those two.
func (s *State) mmxOrMem(o *op) uint64 {
	if o.mem {
		return s.mem.Load64(s.ea(o))
	}
	b := s.mmxSrc(o)
	s.mmxEnter()
	return b
}

func cvtpi2ps(s *State, o *op) *op {
	b := s.mmxOrMem(o)
	e := s.sseEnv()
	r := s.single(e, int64(int32(b))) | s.single(e, int64(int32(b>>32)))<<32
	s.sseRaise()
	s.V[o.dst&31][0] = r
	return o.after()
}

func cvtpi2pd(s *State, o *op) *op {
	b := s.mmxOrMem(o)
	v := &s.V[o.dst&31]
	v[0] = math.Float64bits(float64(int32(b)))
	v[1] = math.Float64bits(float64(int32(b >> 32)))
	return o.after()
}

type cvtps2pi bool

func (truncate cvtps2pi) op() opFunc {
	return func(s *State, o *op) *op {
		s.mmxCheck()
		b := s.vecSrc64(o)
		r := s.pairF32(s.truncating(s.sseEnv(), bool(truncate)), b)
		s.mmxEnter()
		s.sseRaise()
		s.setMMX(o.dst, r)
		return o.after()
	}
}

type cvtpd2pi bool

func (truncate cvtpd2pi) op() opFunc {
	return func(s *State, o *op) *op {
		s.mmxCheck()
		lo, hi := s.vecSrc(o)
		r := s.pairF64(s.truncating(s.sseEnv(), bool(truncate)), lo, hi)
		s.mmxEnter()
		s.sseRaise()
		s.setMMX(o.dst, r)
		return o.after()
	}
}
