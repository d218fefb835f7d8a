package x86

import "github.com/nuage-emu/nuage/cpu/softfloat"

// SSE3 (Vol. 1, 5.7). MONITOR and MWAIT are not for user programs: they are
// undefined at this level, and have no rows.
var sse3Rows = Section{Ref: "Vol. 1, 5.7 Intel SSE3 Instructions", Feature: "SSE3", Rows: []Spec{
	{"DB /1", "fisttp", "=Md | ST0", "", 0, fpuStore{truncate32, 1 << 31, put32, 1}},
	{"DD /1", "fisttp", "=Mq | ST0", "", 0, fpuStore{truncate64, 1 << 63, put64, 1}},
	{"DF /1", "fisttp", "=Mw | ST0", "", 0, fpuStore{truncate16, 1 << 15, put16, 1}},

	{"F2 0F F0 /r", "lddqu", "=Vx Mxu", "", 0, opFunc(movVec)},
	{"F2 0F 12 /r", "movddup", "=Vx Wq", "", 0, opFunc(movddup)},
	{"F3 0F 12 /r", "movsldup", "=Vx Wx", "", 0, opFunc(movsldup)},
	{"F3 0F 16 /r", "movshdup", "=Vx Wx", "", 0, opFunc(movshdup)},

	{"F2 0F D0 /r", "addsubps", "+Vx Wx", "", 0, opFunc(addsubps)},
	{"66 0F D0 /r", "addsubpd", "+Vx Wx", "", 0, opFunc(addsubpd)},
	{"F2 0F 7C /r", "haddps", "+Vx Wx", "", 0, horizontal32((*State).sum32)},
	{"66 0F 7C /r", "haddpd", "+Vx Wx", "", 0, horizontal64((*State).sum64)},
	{"F2 0F 7D /r", "hsubps", "+Vx Wx", "", 0, horizontal32((*State).diff32)},
	{"66 0F 7D /r", "hsubpd", "+Vx Wx", "", 0, horizontal64((*State).diff64)},
}}

// FISTTP truncates, whatever the control word says.

func truncate(e *softfloat.Env, a num, width uint) uint64 {
	e.Rounding = softfloat.TowardZero
	return toInt(e, a, width)
}

func truncate16(e *softfloat.Env, a num) uint64 { return truncate(e, a, 16) }
func truncate32(e *softfloat.Env, a num) uint64 { return truncate(e, a, 32) }
func truncate64(e *softfloat.Env, a num) uint64 { return truncate(e, a, 64) }

func movddup(s *State, o *op) *op {
	v := s.vecSrc64(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = v, v
	return o.after()
}

// lowTwice and highTwice double one doubleword of v.

func lowTwice(v uint64) uint64  { return v&0xffffffff | v<<32 }
func highTwice(v uint64) uint64 { return v>>32 | v>>32<<32 }

func movsldup(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = lowTwice(lo), lowTwice(hi)
	return o.after()
}

func movshdup(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = highTwice(lo), highTwice(hi)
	return o.after()
}

// sum and diff are lane-wise sums and differences of sixteen bytes, with all
// their exceptions.

func (s *State) sum64(a0, a1, b0, b1 uint64) (r0, r1 uint64) {
	r0, ok0 := softfloat.FastAddF64(a0, b0)
	r1, ok1 := softfloat.FastAddF64(a1, b1)
	if !ok0 || !ok1 || !s.hostFloat() {
		r0, r1 = s.packed64((*softfloat.Env).AddF64, &Vec{a0, a1}, b0, b1)
	}
	return r0, r1
}

func (s *State) diff64(a0, a1, b0, b1 uint64) (r0, r1 uint64) {
	r0, ok0 := softfloat.FastSubF64(a0, b0)
	r1, ok1 := softfloat.FastSubF64(a1, b1)
	if !ok0 || !ok1 || !s.hostFloat() {
		r0, r1 = s.packed64((*softfloat.Env).SubF64, &Vec{a0, a1}, b0, b1)
	}
	return r0, r1
}

func (s *State) sum32(a0, a1, b0, b1 uint64) (r0, r1 uint64) {
	x0, ok0 := softfloat.FastAddF32(uint32(a0), uint32(b0))
	x1, ok1 := softfloat.FastAddF32(uint32(a0>>32), uint32(b0>>32))
	x2, ok2 := softfloat.FastAddF32(uint32(a1), uint32(b1))
	x3, ok3 := softfloat.FastAddF32(uint32(a1>>32), uint32(b1>>32))
	if ok0 && ok1 && ok2 && ok3 && s.hostFloat() {
		return uint64(x0) | uint64(x1)<<32, uint64(x2) | uint64(x3)<<32
	}
	return s.packed32((*softfloat.Env).AddF32, &Vec{a0, a1}, b0, b1)
}

func (s *State) diff32(a0, a1, b0, b1 uint64) (r0, r1 uint64) {
	x0, ok0 := softfloat.FastSubF32(uint32(a0), uint32(b0))
	x1, ok1 := softfloat.FastSubF32(uint32(a0>>32), uint32(b0>>32))
	x2, ok2 := softfloat.FastSubF32(uint32(a1), uint32(b1))
	x3, ok3 := softfloat.FastSubF32(uint32(a1>>32), uint32(b1>>32))
	if ok0 && ok1 && ok2 && ok3 && s.hostFloat() {
		return uint64(x0) | uint64(x1)<<32, uint64(x2) | uint64(x3)<<32
	}
	return s.packed32((*softfloat.Env).SubF32, &Vec{a0, a1}, b0, b1)
}

// horizontal64 and horizontal32 combine neighbours: the destination's make the
// low half of the result, the source's the high half.

type horizontal64 func(s *State, a0, a1, b0, b1 uint64) (r0, r1 uint64)

func (f horizontal64) op() opFunc {
	return func(s *State, o *op) *op {
		lo, hi := s.vecSrc(o)
		d := &s.V[o.dst&31]
		d[0], d[1] = f(s, d[0], lo, d[1], hi)
		return o.after()
	}
}

type horizontal32 func(s *State, a0, a1, b0, b1 uint64) (r0, r1 uint64)

func (f horizontal32) op() opFunc {
	return func(s *State, o *op) *op {
		lo, hi := s.vecSrc(o)
		d := &s.V[o.dst&31]
		d[0], d[1] = f(s, evenD(d[0], d[1]), evenD(lo, hi), oddD(d[0], d[1]), oddD(lo, hi))
		return o.after()
	}
}

// alternate64 and alternate32 subtract in the even lanes and add in the odd.

func (s *State) alternate64(a0, a1, b0, b1 uint64) (r0, r1 uint64) {
	r0, ok0 := softfloat.FastSubF64(a0, b0)
	r1, ok1 := softfloat.FastAddF64(a1, b1)
	if !ok0 || !ok1 || !s.hostFloat() {
		e := s.sseEnv()
		r0, r1 = e.SubF64(a0, b0), e.AddF64(a1, b1)
		s.sseRaise()
	}
	return r0, r1
}

func (s *State) alternate32(a0, a1, b0, b1 uint64) (r0, r1 uint64) {
	x0, ok0 := softfloat.FastSubF32(uint32(a0), uint32(b0))
	x1, ok1 := softfloat.FastAddF32(uint32(a0>>32), uint32(b0>>32))
	x2, ok2 := softfloat.FastSubF32(uint32(a1), uint32(b1))
	x3, ok3 := softfloat.FastAddF32(uint32(a1>>32), uint32(b1>>32))
	if !ok0 || !ok1 || !ok2 || !ok3 || !s.hostFloat() {
		e := s.sseEnv()
		x0, x1 = e.SubF32(uint32(a0), uint32(b0)), e.AddF32(uint32(a0>>32), uint32(b0>>32))
		x2, x3 = e.SubF32(uint32(a1), uint32(b1)), e.AddF32(uint32(a1>>32), uint32(b1>>32))
		s.sseRaise()
	}
	return uint64(x0) | uint64(x1)<<32, uint64(x2) | uint64(x3)<<32
}

func addsubpd(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = s.alternate64(d[0], d[1], lo, hi)
	return o.after()
}

func addsubps(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = s.alternate32(d[0], d[1], lo, hi)
	return o.after()
}
