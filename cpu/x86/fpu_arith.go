package x86

import "github.com/nuage-emu/nuage/cpu/softfloat"

// Arithmetic (Vol. 1, 8.3.5).

func fpuAdd(e *softfloat.Env, a, b num, f *softfloat.Format) num  { return e.Add(a, b, f) }
func fpuMul(e *softfloat.Env, a, b num, f *softfloat.Format) num  { return e.Mul(a, b, f) }
func fpuSub(e *softfloat.Env, a, b num, f *softfloat.Format) num  { return e.Sub(a, b, f) }
func fpuDiv(e *softfloat.Env, a, b num, f *softfloat.Format) num  { return e.Div(a, b, f) }
func fpuSubR(e *softfloat.Env, a, b num, f *softfloat.Format) num { return e.Sub(b, a, f) }
func fpuDivR(e *softfloat.Env, a, b num, f *softfloat.Format) num { return e.Div(b, a, f) }

// fpuRegs is ST(dst) = f(ST(dst), ST(src)), and n pops.
type fpuRegs struct {
	f fpuFunc
	n int
}

func (r fpuRegs) bind(b *binder) {
	f, n := r.f, r.n
	x87(func(s *State, o *op) *op {
		s.fpuWait()
		p := &s.FPU
		if p.empty(o.dst) || p.empty(o.src) {
			return s.underflow(o, o.dst, n)
		}
		r := f(s.fpuEnv(), p.num(o.dst), p.num(o.src), p.format())
		if s.fpuDone(o) {
			p.set(o.dst, r.X80())
			p.pop(n)
		}
		return o.after()
	}).bind(b)
}

// fpuMem is ST(0) = f(ST(0), memory).
type fpuMem struct {
	load func(s *State, o *op) num
	f    fpuFunc
}

func (r fpuMem) bind(b *binder) {
	load, f := r.load, r.f
	x87(func(s *State, o *op) *op {
		s.fpuWait()
		b := load(s, o)
		p := &s.FPU
		if p.empty(0) {
			return s.underflow(o, 0, 0)
		}
		r := f(s.fpuEnv(), p.num(0), b, p.format())
		if s.fpuDone(o) {
			p.set(0, r.X80())
		}
		return o.after()
	}).bind(b)
}

// The memory operands, exact and with their signalling NaNs and denormals
// still known as such.
func loadM32(s *State, o *op) num { return new(softfloat.Env).UnpackF32(s.mem.Load32(s.ea(o))) }
func loadM64(s *State, o *op) num { return new(softfloat.Env).UnpackF64(s.mem.Load64(s.ea(o))) }
func loadI16(s *State, o *op) num { return softfloat.FromInt(int64(int16(s.mem.Load16(s.ea(o))))) }
func loadI32(s *State, o *op) num { return softfloat.FromInt(int64(int32(s.mem.Load32(s.ea(o))))) }
func loadI64(s *State, o *op) num { return softfloat.FromInt(int64(s.mem.Load64(s.ea(o)))) }

// fpuUnary is ST(0) = f(ST(0)).
type fpuUnary func(e *softfloat.Env, a num, p *softfloat.Format) num

func (f fpuUnary) bind(b *binder) {
	x87(func(s *State, o *op) *op {
		s.fpuWait()
		p := &s.FPU
		if p.empty(0) {
			return s.underflow(o, 0, 0)
		}
		r := f(s.fpuEnv(), p.num(0), p.format())
		if s.fpuDone(o) {
			p.set(0, r.X80())
		}
		return o.after()
	}).bind(b)
}

func frndint(e *softfloat.Env, a num, _ *softfloat.Format) num {
	if a.Class == softfloat.Subnormal {
		e.Flags |= softfloat.Denormal
	}
	return e.RoundToIntegral(a, true)
}

// fpuBinary is ST(dst) = f(ST(0), ST(1)), and n pops.
type fpuBinary struct {
	f   func(e *softfloat.Env, a, b num) num
	dst uint8
	n   int
}

func (r fpuBinary) bind(b *binder) {
	f, dst, n := r.f, r.dst, r.n
	x87(func(s *State, o *op) *op {
		s.fpuWait()
		p := &s.FPU
		if p.empty(0) || p.empty(1) {
			return s.underflow(o, dst, n)
		}
		r := f(s.fpuEnv(), p.num(0), p.num(1))
		if s.fpuDone(o) {
			p.set(dst, r.X80())
			p.pop(n)
		}
		return o.after()
	}).bind(b)
}

// fprem is FPREM and FPREM1; the quotient's low bits go to C0, C3 and C1.
type fprem bool

func (nearest fprem) bind(b *binder) {
	x87(func(s *State, o *op) *op {
		s.fpuWait()
		p := &s.FPU
		p.SW &^= fswC2
		if p.empty(0) || p.empty(1) {
			return s.underflow(o, 0, 0)
		}
		r, q, complete := s.fpuEnv().Remainder(p.num(0), p.num(1), bool(nearest))
		if s.fpuDone(o) {
			switch {
			case !complete:
				p.SW = p.SW&^fswCC | fswC2
			case !r.IsNaN():
				p.SW = p.SW&^fswCC | uint16(q&4<<6|q&1<<9|q&2<<13)
			}
			p.set(0, r.X80())
		}
		return o.after()
	}).bind(b)
}

// fpuPair replaces ST(0) by the first result of f and pushes the second: FXTRACT,
// FPTAN and FSINCOS. clear are condition codes to clear first. Out of range (f
// says no), it sets C2 and changes nothing.
type fpuPair struct {
	clear uint16
	f     func(e *softfloat.Env, a num) (below, top num, ok bool)
}

func (r fpuPair) bind(b *binder) {
	clear, f := r.clear, r.f
	x87(func(s *State, o *op) *op {
		s.fpuWait()
		p := &s.FPU
		p.SW &^= clear
		if p.empty(0) || !p.empty(7) {
			if s.stackFault(o, !p.empty(0)) {
				p.set(0, fpuIndefinite)
				p.push(fpuIndefinite)
			}
			return o.after()
		}
		below, top, ok := f(s.fpuEnv(), p.num(0))
		if !ok {
			p.SW = p.SW&^fswC1 | fswC2
			return o.after()
		}
		if s.fpuDone(o) {
			p.set(0, below.X80())
			p.push(top.X80())
		}
		return o.after()
	}).bind(b)
}

func fxtract(e *softfloat.Env, a num) (below, top num, ok bool) {
	below, top = e.Extract(a)
	return below, top, true
}

// fpuSign is FCHS and FABS: no number is looked at.
type fpuSign func(se uint16) uint16

func (f fpuSign) bind(b *binder) {
	x87(func(s *State, o *op) *op {
		s.fpuWait()
		p := &s.FPU
		if p.empty(0) {
			return s.underflow(o, 0, 0)
		}
		p.SW &^= fswC1
		v := p.get(0)
		v.SE = f(v.SE)
		p.set(0, v)
		return o.after()
	}).bind(b)
}

func fchs(se uint16) uint16 { return se ^ 0x8000 }
func fabs(se uint16) uint16 { return se &^ 0x8000 }

func f2xm1(e *softfloat.Env, a num, _ *softfloat.Format) num { return e.Exp2M1(a) }

// fpuTrig is FSIN and FCOS: C2 tells that the argument is out of range.
type fpuTrig func(e *softfloat.Env, a num) (num, bool)

func (f fpuTrig) bind(b *binder) {
	x87(func(s *State, o *op) *op {
		s.fpuWait()
		p := &s.FPU
		p.SW &^= fswC2
		if p.empty(0) {
			return s.underflow(o, 0, 0)
		}
		r, ok := f(s.fpuEnv(), p.num(0))
		if !ok {
			p.SW = p.SW&^fswC1 | fswC2
			return o.after()
		}
		if s.fpuDone(o) {
			p.set(0, r.X80())
		}
		return o.after()
	}).bind(b)
}
