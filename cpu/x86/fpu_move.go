package x86

import (
	"encoding/binary"

	"github.com/nuage-emu/nuage/cpu/softfloat"
	"github.com/nuage-emu/nuage/memory"
)

// Loads, stores, exchanges and constants (Vol. 1, 8.3.3 and 8.3.4).

// fldReal loads a number of a narrower format. An unmasked denormal operand
// does not keep it from being loaded.
type fldReal func(s *State, o *op) num

func (load fldReal) bind(b *binder) {
	x87(func(s *State, o *op) *op {
		s.fpuWait()
		v := load(s, o)
		if !s.pushes(o) {
			return o.after()
		}
		r := s.fpuEnv().Round(v, softfloat.Extended)
		if s.fpuDone(o) || s.float.Flags&softfloat.Invalid == 0 {
			s.FPU.push(r.X80())
		}
		return o.after()
	}).bind(b)
}

// fldExact loads what needs no look.
type fldExact func(s *State, o *op) x80

func (load fldExact) bind(b *binder) {
	x87(func(s *State, o *op) *op {
		s.fpuWait()
		v := load(s, o)
		if s.pushes(o) {
			s.FPU.SW &^= fswC1
			s.FPU.push(v)
		}
		return o.after()
	}).bind(b)
}

func loadX80(s *State, o *op) x80 {
	a := s.ea(o)
	return x80{Sig: s.mem.Load64(a), SE: s.mem.Load16(a + 8)}
}

func loadInt16(s *State, o *op) x80 { return loadI16(s, o).X80() }
func loadInt32(s *State, o *op) x80 { return loadI32(s, o).X80() }
func loadInt64(s *State, o *op) x80 { return loadI64(s, o).X80() }

func loadBCD(s *State, o *op) x80 {
	v := loadX80(s, o)
	var b [10]byte
	binary.LittleEndian.PutUint64(b[:], v.Sig)
	binary.LittleEndian.PutUint16(b[8:], v.SE)
	return softfloat.FromBCD(b).X80()
}

// constant is one of the numbers that FLD1 and its like load: a 64-bit
// significand, and how rounding to nearest made it (down: the number lies
// above it; 0: exact), from which the other rounding modes follow.
type constant struct {
	x     x80
	above bool // the number lies above x
	below bool // the number lies below x
}

type fldConst struct{ c *constant }

func (f fldConst) bind(b *binder) {
	c := f.c
	fldExact(func(s *State, _ *op) x80 {
		v := c.x
		switch rc := softfloat.Rounding(s.FPU.CW >> 10 & 3); {
		case rc == softfloat.Up && c.above:
			v.Sig++
		case (rc == softfloat.Down || rc == softfloat.TowardZero) && c.below:
			v.Sig--
		}
		return v
	}).bind(b)
}

var (
	fpuOne  = constant{x: x80{Sig: 1 << 63, SE: 0x3fff}}
	fpuZero = constant{}
	fpuL2T  = constant{x: x80{Sig: 0xd49a784bcd1b8afe, SE: 0x4000}, above: true} // log2 10
	fpuL2E  = constant{x: x80{Sig: 0xb8aa3b295c17f0bc, SE: 0x3fff}, below: true} // log2 e
	fpuPi   = constant{x: x80{Sig: 0xc90fdaa22168c235, SE: 0x4000}, below: true}
	fpuLg2  = constant{x: x80{Sig: 0x9a209a84fbcff799, SE: 0x3ffd}, below: true} // log10 2
	fpuLn2  = constant{x: x80{Sig: 0xb17217f7d1cf79ac, SE: 0x3ffe}, below: true}
)

// fldReg is FLD ST(i).
func fldReg(s *State, o *op) *op {
	s.fpuWait()
	p := &s.FPU
	if p.empty(o.dst) {
		if s.stackFault(o, false) {
			p.push(fpuIndefinite)
		}
		return o.after()
	}
	if !s.pushes(o) {
		return o.after()
	}
	p.SW &^= fswC1
	p.push(p.get(o.dst))
	return o.after()
}

// fstReg is FST ST(i) and FSTP ST(i).
type fstReg int

func (n fstReg) bind(b *binder) {
	x87(func(s *State, o *op) *op {
		s.fpuWait()
		p := &s.FPU
		if p.empty(0) {
			return s.underflow(o, o.dst, int(n))
		}
		p.SW &^= fswC1
		p.set(o.dst, p.get(0))
		p.pop(int(n))
		return o.after()
	}).bind(b)
}

// fpuStore stores what convert makes of ST(0), and pops n times. The
// indefinite is stored if ST(0) is empty. An unmasked exception leaves memory
// and stack alone, save for an inexact result (Vol. 1, 8.5).
type fpuStore struct {
	convert    func(e *softfloat.Env, a num) uint64
	indefinite uint64
	put        func(s *State, o *op, v uint64)
	n          int
}

func (r fpuStore) bind(b *binder) {
	convert, indefinite, put, n := r.convert, r.indefinite, r.put, r.n
	x87(func(s *State, o *op) *op {
		s.fpuWait()
		p := &s.FPU
		if p.empty(0) {
			if p.CW&uint16(softfloat.Invalid) != 0 {
				put(s, o, indefinite)
			}
			if s.stackFault(o, false) {
				p.pop(n)
			}
			return o.after()
		}
		e := s.fpuEnv()
		e.Wrap = false
		v := convert(e, p.num(0))
		write := e.Flags&e.Unmasked&^softfloat.Inexact == 0
		if write {
			put(s, o, v)
		} else { // nor is it said whether the result would have been exact
			e.Flags &^= softfloat.Inexact
			e.RoundedUp = false
		}
		s.fpuDone(o)
		if write {
			p.pop(n)
		}
		return o.after()
	}).bind(b)
}

func toF32(e *softfloat.Env, a num) uint64 {
	return uint64(e.RoundQuietly(a, softfloat.Binary32).F32())
}
func toF64(e *softfloat.Env, a num) uint64 { return e.RoundQuietly(a, softfloat.Binary64).F64() }

// toInt converts to an integer of width bits, or the integer indefinite.
func toInt(e *softfloat.Env, a num, width uint) uint64 {
	v, ok := e.ToInt(a, width)
	if !ok {
		return 1 << (width - 1)
	}
	return uint64(v)
}

func toInt16(e *softfloat.Env, a num) uint64 { return toInt(e, a, 16) }
func toInt32(e *softfloat.Env, a num) uint64 { return toInt(e, a, 32) }
func toInt64(e *softfloat.Env, a num) uint64 { return toInt(e, a, 64) }

func put16(s *State, o *op, v uint64) { s.mem.Store16(s.ea(o), uint16(v)) }
func put32(s *State, o *op, v uint64) { s.mem.Store32(s.ea(o), uint32(v)) }
func put64(s *State, o *op, v uint64) { s.mem.Store64(s.ea(o), v) }

// The stores, by how often they pop.
type (
	fstF32 int
	fstF64 int
	fist16 int
	fist32 int
	fist64 int
)

func (n fstF32) bind(b *binder) { fpuStore{toF32, 0xffc00000, put32, int(n)}.bind(b) }
func (n fstF64) bind(b *binder) { fpuStore{toF64, 0xfff8 << 48, put64, int(n)}.bind(b) }
func (n fist16) bind(b *binder) { fpuStore{toInt16, 1 << 15, put16, int(n)}.bind(b) }
func (n fist32) bind(b *binder) { fpuStore{toInt32, 1 << 31, put32, int(n)}.bind(b) }
func (n fist64) bind(b *binder) { fpuStore{toInt64, 1 << 63, put64, int(n)}.bind(b) }

// put80 stores ten bytes, all or none.
func (s *State) put80(a uint32, v x80) {
	s.writable(a, 10)
	s.mem.Store64(a, v.Sig)
	s.mem.Store16(a+8, v.SE)
}

// writable makes a store of n bytes at a, done in pieces and in order, one that
// happens whole or not at all: it faults if the bytes reach into a page that
// cannot be written. (If the first piece faults, nothing has happened anyway.)
// n is less than a page.
func (s *State) writable(a, n uint32) {
	if last := a + n - 1; last>>12 != a>>12 {
		s.mem.Probe(a, n, memory.Write)
	}
}

// fstp80 stores without a look at the number.
func fstp80(s *State, o *op) *op {
	s.fpuWait()
	p := &s.FPU
	if p.empty(0) {
		if p.CW&uint16(softfloat.Invalid) != 0 {
			s.put80(s.ea(o), fpuIndefinite)
		}
		if s.stackFault(o, false) {
			p.pop(1)
		}
		return o.after()
	}
	s.put80(s.ea(o), p.get(0))
	p.SW &^= fswC1
	p.pop(1)
	return o.after()
}

func fbstp(s *State, o *op) *op {
	s.fpuWait()
	p := &s.FPU
	n := num{Class: softfloat.QuietNaN} // gives the packed BCD indefinite
	empty := p.empty(0)
	if !empty {
		n = p.num(0)
	}
	e := s.fpuEnv()
	b := e.ToBCD(n)
	write := e.Flags&e.Unmasked&^softfloat.Inexact == 0
	if write {
		s.put80(s.ea(o), x80{Sig: binary.LittleEndian.Uint64(b[:]), SE: binary.LittleEndian.Uint16(b[8:])})
	}
	if empty {
		s.stackFault(o, false)
	} else {
		s.fpuDone(o)
	}
	if write {
		p.pop(1)
	}
	return o.after()
}

// fxch exchanges; an empty register counts as the indefinite.
func fxch(s *State, o *op) *op {
	s.fpuWait()
	p := &s.FPU
	if p.empty(0) || p.empty(o.dst) {
		if !s.stackFault(o, false) {
			return o.after()
		}
		if p.empty(0) {
			p.set(0, fpuIndefinite)
		}
		if p.empty(o.dst) {
			p.set(o.dst, fpuIndefinite)
		}
	} else {
		p.SW &^= fswC1
	}
	a, b := p.get(0), p.get(o.dst)
	p.set(0, b)
	p.set(o.dst, a)
	return o.after()
}

// fcmov moves on a condition of the flags, coded as in Jcc.
type fcmov uint8

func (cc fcmov) bind(b *binder) {
	x87(func(s *State, o *op) *op {
		s.fpuWait()
		p := &s.FPU
		if p.empty(0) || p.empty(o.src) {
			return s.underflow(o, 0, 0)
		}
		if s.cond(uint8(cc)) {
			p.set(0, p.get(o.src))
		}
		return o.after()
	}).bind(b)
}
