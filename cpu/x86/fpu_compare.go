package x86

import "github.com/nuage-emu/nuage/cpu/softfloat"

// Comparisons and classification (Vol. 1, 8.3.6).

// fpuCC are the condition codes of a relation.
var fpuCC = [4]uint16{
	softfloat.Less:      fswC0,
	softfloat.Equal:     fswC3,
	softfloat.Greater:   0,
	softfloat.Unordered: fswC0 | fswC2 | fswC3,
}

// compareCC ends a comparison that reports in the condition codes.
func (s *State) compareCC(o *op, b num, quiet bool, n int) *op {
	p := &s.FPU
	r := s.fpuEnv().Compare(p.num(0), b, quiet)
	write := s.fpuDone(o)
	p.SW = p.SW&^fswCC | fpuCC[r]
	if write {
		p.pop(n)
	}
	return o.after()
}

// compareEmpty is the end of such a comparison if a register is empty.
func (s *State) compareEmpty(o *op, n int) *op {
	p := &s.FPU
	masked := s.stackFault(o, false)
	p.SW = p.SW&^fswCC | fpuCC[softfloat.Unordered]
	if masked {
		p.pop(n)
	}
	return o.after()
}

// fcomReg compares ST(0) with ST(src) and pops n times.
type fcomReg struct {
	quiet bool
	n     int
}

func (r fcomReg) bind(b *binder) {
	quiet, n := r.quiet, r.n
	x87(func(s *State, o *op) *op {
		s.fpuWait()
		p := &s.FPU
		if p.empty(0) || p.empty(o.src) {
			return s.compareEmpty(o, n)
		}
		return s.compareCC(o, p.num(o.src), quiet, n)
	}).bind(b)
}

// fcompp compares ST(0) with ST(1) and pops both.
type fcompp bool

func (quiet fcompp) bind(b *binder) {
	x87(func(s *State, o *op) *op {
		s.fpuWait()
		p := &s.FPU
		if p.empty(0) || p.empty(1) {
			return s.compareEmpty(o, 2)
		}
		return s.compareCC(o, p.num(1), bool(quiet), 2)
	}).bind(b)
}

// fcomMem compares ST(0) with memory.
type fcomMem struct {
	load func(s *State, o *op) num
	n    int
}

func (r fcomMem) bind(b *binder) {
	load, n := r.load, r.n
	x87(func(s *State, o *op) *op {
		s.fpuWait()
		b := load(s, o)
		if s.FPU.empty(0) {
			return s.compareEmpty(o, n)
		}
		return s.compareCC(o, b, false, n)
	}).bind(b)
}

// ftst compares ST(0) with zero.
func ftst(s *State, o *op) *op {
	s.fpuWait()
	if s.FPU.empty(0) {
		return s.compareEmpty(o, 0)
	}
	return s.compareCC(o, num{Class: softfloat.Zero}, false, 0)
}

// fcomi reports in the flags.
type fcomi struct {
	quiet bool
	n     int
}

func (r fcomi) bind(b *binder) {
	quiet, n := r.quiet, r.n
	x87(func(s *State, o *op) *op {
		s.fpuWait()
		p := &s.FPU
		if p.empty(0) || p.empty(o.src) {
			masked := s.stackFault(o, false)
			s.setRelation(softfloat.Unordered)
			if masked {
				p.pop(n)
			}
			return o.after()
		}
		r := s.fpuEnv().Compare(p.num(0), p.num(o.src), quiet)
		c1 := p.SW & fswC1 // kept
		write := s.fpuDone(o)
		p.SW |= c1
		s.setRelation(r)
		if write {
			p.pop(n)
		}
		return o.after()
	}).bind(b)
}

// fxamCC are the condition codes of a class.
var fxamCC = [...]uint16{
	softfloat.Normal:        fswC2,
	softfloat.Subnormal:     fswC2 | fswC3,
	softfloat.Zero:          fswC3,
	softfloat.Infinity:      fswC0 | fswC2,
	softfloat.QuietNaN:      fswC0,
	softfloat.SignallingNaN: fswC0,
	softfloat.Unsupported:   0,
}

// fxam classifies ST(0); C1 is its sign even if it is empty.
func fxam(s *State, o *op) *op {
	s.fpuWait()
	p := &s.FPU
	v := p.get(0)
	cc := uint16(fswC0 | fswC3)
	if !p.empty(0) {
		cc = fxamCC[v.Unpack().Class]
	}
	if v.SE&0x8000 != 0 {
		cc |= fswC1
	}
	p.SW = p.SW&^fswCC | cc
	return o.after()
}
