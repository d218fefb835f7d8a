package arm64

// Arithmetic on whole vectors of double precision, and of single, with nothing
// called on the way where that is possible: what the inner loops of compiled
// programs consist of. See fp_host.go for when it may be done so.

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
		lo, ok0 := hostAdd64(n[0], m[0])
		hi, ok1 := hostAdd64(n[1], m[1])
		if !ok0 || !ok1 || !s.near() {
			return general(s, o)
		}
		d := &s.V[o.rd&31]
		d[0], d[1] = lo, hi
		return o.after()
	}
}

func fadd4s(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], &s.V[o.rm&31]
		r0, ok0 := hostAdd32(uint32(n[0]), uint32(m[0]))
		r1, ok1 := hostAdd32(uint32(n[0]>>32), uint32(m[0]>>32))
		r2, ok2 := hostAdd32(uint32(n[1]), uint32(m[1]))
		r3, ok3 := hostAdd32(uint32(n[1]>>32), uint32(m[1]>>32))
		if !ok0 || !ok1 || !ok2 || !ok3 || !s.near() {
			return general(s, o)
		}
		s.join(o, r0, r1, r2, r3)
		return o.after()
	}
}

func fsub2d(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], &s.V[o.rm&31]
		lo, ok0 := hostSub64(n[0], m[0])
		hi, ok1 := hostSub64(n[1], m[1])
		if !ok0 || !ok1 || !s.near() {
			return general(s, o)
		}
		d := &s.V[o.rd&31]
		d[0], d[1] = lo, hi
		return o.after()
	}
}

func fsub4s(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], &s.V[o.rm&31]
		r0, ok0 := hostSub32(uint32(n[0]), uint32(m[0]))
		r1, ok1 := hostSub32(uint32(n[0]>>32), uint32(m[0]>>32))
		r2, ok2 := hostSub32(uint32(n[1]), uint32(m[1]))
		r3, ok3 := hostSub32(uint32(n[1]>>32), uint32(m[1]>>32))
		if !ok0 || !ok1 || !ok2 || !ok3 || !s.near() {
			return general(s, o)
		}
		s.join(o, r0, r1, r2, r3)
		return o.after()
	}
}

func fmul2d(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], &s.V[o.rm&31]
		lo, ok0 := hostMul64(n[0], m[0])
		hi, ok1 := hostMul64(n[1], m[1])
		if !ok0 || !ok1 || !s.near() {
			return general(s, o)
		}
		d := &s.V[o.rd&31]
		d[0], d[1] = lo, hi
		return o.after()
	}
}

func fmul4s(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], &s.V[o.rm&31]
		r0, ok0 := hostMul32(uint32(n[0]), uint32(m[0]))
		r1, ok1 := hostMul32(uint32(n[0]>>32), uint32(m[0]>>32))
		r2, ok2 := hostMul32(uint32(n[1]), uint32(m[1]))
		r3, ok3 := hostMul32(uint32(n[1]>>32), uint32(m[1]>>32))
		if !ok0 || !ok1 || !ok2 || !ok3 || !s.near() {
			return general(s, o)
		}
		s.join(o, r0, r1, r2, r3)
		return o.after()
	}
}

func fdiv2d(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], &s.V[o.rm&31]
		lo, ok0 := hostDiv64(n[0], m[0])
		hi, ok1 := hostDiv64(n[1], m[1])
		if !ok0 || !ok1 || !s.near() {
			return general(s, o)
		}
		d := &s.V[o.rd&31]
		d[0], d[1] = lo, hi
		return o.after()
	}
}

func fdiv4s(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], &s.V[o.rm&31]
		r0, ok0 := hostDiv32(uint32(n[0]), uint32(m[0]))
		r1, ok1 := hostDiv32(uint32(n[0]>>32), uint32(m[0]>>32))
		r2, ok2 := hostDiv32(uint32(n[1]), uint32(m[1]))
		r3, ok3 := hostDiv32(uint32(n[1]>>32), uint32(m[1]>>32))
		if !ok0 || !ok1 || !ok2 || !ok3 || !s.near() {
			return general(s, o)
		}
		s.join(o, r0, r1, r2, r3)
		return o.after()
	}
}

// join writes a vector of four words.
func (s *State) join(o *op, r0, r1, r2, r3 uint32) {
	d := &s.V[o.rd&31]
	d[0], d[1] = uint64(r0)|uint64(r1)<<32, uint64(r2)|uint64(r3)<<32
}

// fmulElem2d and fmulElem4s multiply by element imm of rm.
func fmulElem2d(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], s.V[o.rm&31][o.imm&1]
		lo, ok0 := hostMul64(n[0], m)
		hi, ok1 := hostMul64(n[1], m)
		if !ok0 || !ok1 || !s.near() {
			return general(s, o)
		}
		d := &s.V[o.rd&31]
		d[0], d[1] = lo, hi
		return o.after()
	}
}

func fmulElem4s(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], uint32(s.element(o, 32))
		r0, ok0 := hostMul32(uint32(n[0]), m)
		r1, ok1 := hostMul32(uint32(n[0]>>32), m)
		r2, ok2 := hostMul32(uint32(n[1]), m)
		r3, ok3 := hostMul32(uint32(n[1]>>32), m)
		if !ok0 || !ok1 || !ok2 || !ok3 || !s.near() {
			return general(s, o)
		}
		s.join(o, r0, r1, r2, r3)
		return o.after()
	}
}

// The fused multiply-adds: the bits of negate change the signs of n's elements,
// and with element m is one element of rm.

func fused2d(negate uint64, element bool) func(opFunc) opFunc {
	return func(general opFunc) opFunc {
		return func(s *State, o *op) *op {
			d, n, m := &s.V[o.rd&31], &s.V[o.rn&31], s.V[o.rm&31]
			if element {
				m[0] = m[o.imm&1]
				m[1] = m[0]
			}
			lo, ok0 := hostFMA64(d[0], n[0]^negate, m[0])
			hi, ok1 := hostFMA64(d[1], n[1]^negate, m[1])
			if !ok0 || !ok1 || !s.near() {
				return general(s, o)
			}
			d[0], d[1] = lo, hi
			return o.after()
		}
	}
}

func fused4s(negate uint32, element bool) func(opFunc) opFunc {
	return func(general opFunc) opFunc {
		return func(s *State, o *op) *op {
			d, n, m := &s.V[o.rd&31], &s.V[o.rn&31], s.V[o.rm&31]
			if element {
				m[0] = repeat(s.element(o, 32), 32)
				m[1] = m[0]
			}
			r0, ok0 := hostFMA32(uint32(d[0]), uint32(n[0])^negate, uint32(m[0]))
			r1, ok1 := hostFMA32(uint32(d[0]>>32), uint32(n[0]>>32)^negate, uint32(m[0]>>32))
			r2, ok2 := hostFMA32(uint32(d[1]), uint32(n[1])^negate, uint32(m[1]))
			r3, ok3 := hostFMA32(uint32(d[1]>>32), uint32(n[1]>>32)^negate, uint32(m[1]>>32))
			if !ok0 || !ok1 || !ok2 || !ok3 || !s.near() {
				return general(s, o)
			}
			s.join(o, r0, r1, r2, r3)
			return o.after()
		}
	}
}
