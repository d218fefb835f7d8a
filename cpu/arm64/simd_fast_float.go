package arm64

import (
	"github.com/nuage-emu/nuage/cpu/softfloat"
)

// Sums and products of whole vectors of double precision, and of single, with
// nothing called on the way: what the inner loops of compiled programs consist of.

// straight is a shape with a function of its own for two doubles and one for
// four singles, both of which fall back on rest's function for them.
func straight(double, single func(general opFunc) opFunc, rest func(*binder)) func(*binder) {
	return func(b *binder) {
		rest(b)
		o := &b.ops[len(b.ops)-1]
		switch {
		case o.cc != 1:
		case o.sh == 64:
			o.fn = double(o.fn)
		case o.sh == 32:
			o.fn = single(o.fn)
		}
	}
}

func fadd2d(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], &s.V[o.rm&31]
		lo, ok := softfloat.FastAddF64(n[0], m[0])
		hi, ok1 := softfloat.FastAddF64(n[1], m[1])
		if !ok || !ok1 || !s.hostFloat() {
			return general(s, o)
		}
		s.V[o.rd&31] = [2]uint64{lo, hi}
		return o.after()
	}
}

func fsub2d(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], &s.V[o.rm&31]
		lo, ok := softfloat.FastSubF64(n[0], m[0])
		hi, ok1 := softfloat.FastSubF64(n[1], m[1])
		if !ok || !ok1 || !s.hostFloat() {
			return general(s, o)
		}
		s.V[o.rd&31] = [2]uint64{lo, hi}
		return o.after()
	}
}

func fmul2d(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], &s.V[o.rm&31]
		lo, ok := softfloat.FastMulF64(n[0], m[0])
		hi, ok1 := softfloat.FastMulF64(n[1], m[1])
		if !ok || !ok1 || !s.hostFloat() {
			return general(s, o)
		}
		s.V[o.rd&31] = [2]uint64{lo, hi}
		return o.after()
	}
}

// fmulElem2d multiplies by element imm of rm.
func fmulElem2d(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], s.V[o.rm&31][o.imm&1]
		lo, ok := softfloat.FastMulF64(n[0], m)
		hi, ok1 := softfloat.FastMulF64(n[1], m)
		if !ok || !ok1 || !s.hostFloat() {
			return general(s, o)
		}
		s.V[o.rd&31] = [2]uint64{lo, hi}
		return o.after()
	}
}

func fadd4s(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], &s.V[o.rm&31]
		r0, ok0 := softfloat.FastAddF32(uint32(n[0]), uint32(m[0]))
		r1, ok1 := softfloat.FastAddF32(uint32(n[0]>>32), uint32(m[0]>>32))
		r2, ok2 := softfloat.FastAddF32(uint32(n[1]), uint32(m[1]))
		r3, ok3 := softfloat.FastAddF32(uint32(n[1]>>32), uint32(m[1]>>32))
		if !ok0 || !ok1 || !ok2 || !ok3 || !s.hostFloat() {
			return general(s, o)
		}
		s.V[o.rd&31] = [2]uint64{uint64(r0) | uint64(r1)<<32, uint64(r2) | uint64(r3)<<32}
		return o.after()
	}
}

func fsub4s(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], &s.V[o.rm&31]
		r0, ok0 := softfloat.FastSubF32(uint32(n[0]), uint32(m[0]))
		r1, ok1 := softfloat.FastSubF32(uint32(n[0]>>32), uint32(m[0]>>32))
		r2, ok2 := softfloat.FastSubF32(uint32(n[1]), uint32(m[1]))
		r3, ok3 := softfloat.FastSubF32(uint32(n[1]>>32), uint32(m[1]>>32))
		if !ok0 || !ok1 || !ok2 || !ok3 || !s.hostFloat() {
			return general(s, o)
		}
		s.V[o.rd&31] = [2]uint64{uint64(r0) | uint64(r1)<<32, uint64(r2) | uint64(r3)<<32}
		return o.after()
	}
}

func fmul4s(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], &s.V[o.rm&31]
		r0, ok0 := softfloat.FastMulF32(uint32(n[0]), uint32(m[0]))
		r1, ok1 := softfloat.FastMulF32(uint32(n[0]>>32), uint32(m[0]>>32))
		r2, ok2 := softfloat.FastMulF32(uint32(n[1]), uint32(m[1]))
		r3, ok3 := softfloat.FastMulF32(uint32(n[1]>>32), uint32(m[1]>>32))
		if !ok0 || !ok1 || !ok2 || !ok3 || !s.hostFloat() {
			return general(s, o)
		}
		s.V[o.rd&31] = [2]uint64{uint64(r0) | uint64(r1)<<32, uint64(r2) | uint64(r3)<<32}
		return o.after()
	}
}

// asIs leaves the general way.
func asIs(general opFunc) opFunc { return general }
