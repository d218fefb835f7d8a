package x86

import "math"

// Floating-point instructions whose VEX form is more than the legacy one on
// each lane.

const topQ = 1 << 63

// The comparisons have 32 predicates; see [predicates].

func vcmppd(s *State, o *op) *op {
	b := s.rmVec(o)
	a := &s.V[o.src&31]
	s.sseEnv()
	var r Vec
	for i := range r[:o.cc] {
		r[i] = s.mask64(a[i], b[i], o.imm)
	}
	s.sseRaise()
	s.V[o.dst&31].copy(&r)
	return o.after()
}

func vcmpps(s *State, o *op) *op {
	b := s.rmVec(o)
	a := &s.V[o.src&31]
	s.sseEnv()
	var r Vec
	for i := range r[:o.cc] {
		r[i] = s.mask32(uint32(a[i]), uint32(b[i]), o.imm) | s.mask32(uint32(a[i]>>32), uint32(b[i]>>32), o.imm)<<32
	}
	s.sseRaise()
	s.V[o.dst&31].copy(&r)
	return o.after()
}

func vcmpsd(s *State, o *op) *op {
	b, _ := s.rmBytes(o, 8)
	a := &s.V[o.src&31]
	s.sseEnv()
	r := s.mask64(a[0], b, o.imm)
	s.sseRaise()
	s.V[o.dst&31].set128(r, a[1])
	return o.after()
}

func vcmpss(s *State, o *op) *op {
	b, _ := s.rmBytes(o, 4)
	a := &s.V[o.src&31]
	s.sseEnv()
	r := s.mask32(uint32(a[0]), uint32(b), o.imm)
	s.sseRaise()
	s.V[o.dst&31].set128(a[0]&^math.MaxUint32|r, a[1])
	return o.after()
}

// vdpps takes the steps of dotPS in both lanes at once, so that the exceptions
// of one step hide those of the next.
func vdpps(s *State, o *op) *op {
	b := s.rmVec(o)
	a := &s.V[o.src&31]
	e := s.sseEnv()
	var p, q [8]uint32
	for i := range p {
		if o.imm>>(4+i&3)&1 != 0 {
			p[i] = e.MulF32(uint32(a.lane32(uint64(i))), uint32(b.lane32(uint64(i))))
		}
	}
	s.sseRaise()
	for i := range q {
		q[i] = e.AddF32(p[i^1], p[i])
	}
	s.sseRaise()
	for i := range p {
		p[i] = e.AddF32(q[i], q[i^2])
	}
	s.sseRaise()
	var r Vec
	for i := range r {
		r[i] = (uint64(p[2*i]) | uint64(p[2*i+1])<<32) & blendMaskD(o.imm>>(i&1*2))
	}
	s.V[o.dst&31].copy(&r)
	return o.after()
}

func vcvtps2pd(s *State, o *op) *op {
	lo, hi := s.rm128(o)
	e := s.sseEnv()
	r := Vec{widen(e, uint32(lo)), widen(e, uint32(lo>>32)), widen(e, uint32(hi)), widen(e, uint32(hi>>32))}
	s.sseRaise()
	s.V[o.dst&31].copy(&r)
	return o.after()
}

func vcvtpd2ps(s *State, o *op) *op {
	b := s.rmVec(o)
	e := s.sseEnv()
	lo := uint64(e.F64ToF32(b[0])) | uint64(e.F64ToF32(b[1]))<<32
	hi := uint64(e.F64ToF32(b[2])) | uint64(e.F64ToF32(b[3]))<<32
	s.sseRaise()
	s.V[o.dst&31].set128(lo, hi)
	return o.after()
}

func vcvtdq2pd(s *State, o *op) *op {
	lo, hi := s.rm128(o)
	f := func(v uint64) uint64 { return math.Float64bits(float64(int32(v))) }
	s.V[o.dst&31].set256(f(lo), f(lo>>32), f(hi), f(hi>>32))
	return o.after()
}

func vcvtpd2dq(s *State, o *op) *op  { return s.doublesToInts(o, false) }
func vcvttpd2dq(s *State, o *op) *op { return s.doublesToInts(o, true) }

func (s *State) doublesToInts(o *op, truncate bool) *op {
	b := s.rmVec(o)
	e := s.truncating(s.sseEnv(), truncate)
	lo, hi := s.pairF64(e, b[0], b[1]), s.pairF64(e, b[2], b[3])
	s.sseRaise()
	s.V[o.dst&31].set128(lo, hi)
	return o.after()
}
