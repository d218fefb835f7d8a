package arm64

import "github.com/nuage-emu/nuage/memory"

// Atomic memory operations (C3.2.12 to C3.2.14). The "%" of a name is the
// ordering: a for acquire, l for release, by the fields A and R. All are done
// sequentially consistent.
func lseRows() Section {
	return Section{Ref: "C3.2.12 Atomic memory operations", Feature: "FEAT_LSE", Rows: []Spec{
		{"ldadd%b", "00111000AR1sssss000000nnnnnttttt", "Ws =Wt +[n]:1", Ordered | Atomic, opFunc(ldadd8)},
		{"ldadd%h", "01111000AR1sssss000000nnnnnttttt", "Ws =Wt +[n]:2", Ordered | Atomic, opFunc(ldadd16)},
		{"ldadd%", "10111000AR1sssss000000nnnnnttttt", "Ws =Wt +[n]:4", Ordered | Atomic, opFunc(ldadd32)},
		{"ldadd%", "11111000AR1sssss000000nnnnnttttt", "Xs =Xt +[n]:8", Ordered | Atomic, opFunc(ldadd64)},
		{"ldclr%b", "00111000AR1sssss000100nnnnnttttt", "Ws =Wt +[n]:1", Ordered | Atomic, opFunc(ldclr8)},
		{"ldclr%h", "01111000AR1sssss000100nnnnnttttt", "Ws =Wt +[n]:2", Ordered | Atomic, opFunc(ldclr16)},
		{"ldclr%", "10111000AR1sssss000100nnnnnttttt", "Ws =Wt +[n]:4", Ordered | Atomic, opFunc(ldclr32)},
		{"ldclr%", "11111000AR1sssss000100nnnnnttttt", "Xs =Xt +[n]:8", Ordered | Atomic, opFunc(ldclr64)},
		{"ldeor%b", "00111000AR1sssss001000nnnnnttttt", "Ws =Wt +[n]:1", Ordered | Atomic, opFunc(ldeor8)},
		{"ldeor%h", "01111000AR1sssss001000nnnnnttttt", "Ws =Wt +[n]:2", Ordered | Atomic, opFunc(ldeor16)},
		{"ldeor%", "10111000AR1sssss001000nnnnnttttt", "Ws =Wt +[n]:4", Ordered | Atomic, opFunc(ldeor32)},
		{"ldeor%", "11111000AR1sssss001000nnnnnttttt", "Xs =Xt +[n]:8", Ordered | Atomic, opFunc(ldeor64)},
		{"ldset%b", "00111000AR1sssss001100nnnnnttttt", "Ws =Wt +[n]:1", Ordered | Atomic, opFunc(ldset8)},
		{"ldset%h", "01111000AR1sssss001100nnnnnttttt", "Ws =Wt +[n]:2", Ordered | Atomic, opFunc(ldset16)},
		{"ldset%", "10111000AR1sssss001100nnnnnttttt", "Ws =Wt +[n]:4", Ordered | Atomic, opFunc(ldset32)},
		{"ldset%", "11111000AR1sssss001100nnnnnttttt", "Xs =Xt +[n]:8", Ordered | Atomic, opFunc(ldset64)},
		{"ldsmax%b", "00111000AR1sssss010000nnnnnttttt", "Ws =Wt +[n]:1", Ordered | Atomic, opFunc(ldsmax8)},
		{"ldsmax%h", "01111000AR1sssss010000nnnnnttttt", "Ws =Wt +[n]:2", Ordered | Atomic, opFunc(ldsmax16)},
		{"ldsmax%", "10111000AR1sssss010000nnnnnttttt", "Ws =Wt +[n]:4", Ordered | Atomic, opFunc(ldsmax32)},
		{"ldsmax%", "11111000AR1sssss010000nnnnnttttt", "Xs =Xt +[n]:8", Ordered | Atomic, opFunc(ldsmax64)},
		{"ldsmin%b", "00111000AR1sssss010100nnnnnttttt", "Ws =Wt +[n]:1", Ordered | Atomic, opFunc(ldsmin8)},
		{"ldsmin%h", "01111000AR1sssss010100nnnnnttttt", "Ws =Wt +[n]:2", Ordered | Atomic, opFunc(ldsmin16)},
		{"ldsmin%", "10111000AR1sssss010100nnnnnttttt", "Ws =Wt +[n]:4", Ordered | Atomic, opFunc(ldsmin32)},
		{"ldsmin%", "11111000AR1sssss010100nnnnnttttt", "Xs =Xt +[n]:8", Ordered | Atomic, opFunc(ldsmin64)},
		{"ldumax%b", "00111000AR1sssss011000nnnnnttttt", "Ws =Wt +[n]:1", Ordered | Atomic, opFunc(ldumax8)},
		{"ldumax%h", "01111000AR1sssss011000nnnnnttttt", "Ws =Wt +[n]:2", Ordered | Atomic, opFunc(ldumax16)},
		{"ldumax%", "10111000AR1sssss011000nnnnnttttt", "Ws =Wt +[n]:4", Ordered | Atomic, opFunc(ldumax32)},
		{"ldumax%", "11111000AR1sssss011000nnnnnttttt", "Xs =Xt +[n]:8", Ordered | Atomic, opFunc(ldumax64)},
		{"ldumin%b", "00111000AR1sssss011100nnnnnttttt", "Ws =Wt +[n]:1", Ordered | Atomic, opFunc(ldumin8)},
		{"ldumin%h", "01111000AR1sssss011100nnnnnttttt", "Ws =Wt +[n]:2", Ordered | Atomic, opFunc(ldumin16)},
		{"ldumin%", "10111000AR1sssss011100nnnnnttttt", "Ws =Wt +[n]:4", Ordered | Atomic, opFunc(ldumin32)},
		{"ldumin%", "11111000AR1sssss011100nnnnnttttt", "Xs =Xt +[n]:8", Ordered | Atomic, opFunc(ldumin64)},
		{"swp%b", "00111000AR1sssss100000nnnnnttttt", "Ws =Wt +[n]:1", Ordered | Atomic, opFunc(swp8)},
		{"swp%h", "01111000AR1sssss100000nnnnnttttt", "Ws =Wt +[n]:2", Ordered | Atomic, opFunc(swp16)},
		{"swp%", "10111000AR1sssss100000nnnnnttttt", "Ws =Wt +[n]:4", Ordered | Atomic, opFunc(swp32)},
		{"swp%", "11111000AR1sssss100000nnnnnttttt", "Xs =Xt +[n]:8", Ordered | Atomic, opFunc(swp64)},

		{"cas%b", "000010001A1sssssR11111nnnnnttttt", "+Ws Wt +[n]:1", Ordered | Atomic, bindCAS(casFn8)},
		{"cas%h", "010010001A1sssssR11111nnnnnttttt", "+Ws Wt +[n]:2", Ordered | Atomic, bindCAS(casFn16)},
		{"cas%", "100010001A1sssssR11111nnnnnttttt", "+Ws Wt +[n]:4", Ordered | Atomic, bindCAS(casFn32)},
		{"cas%", "110010001A1sssssR11111nnnnnttttt", "+Xs Xt +[n]:8", Ordered | Atomic, bindCAS(casFn64)},
		{"casp%", "000010000A1sssssR11111nnnnnttttt", "+Ws +Ws+1 Wt Wt+1 +[n]:4x2", Ordered | Atomic, bindCAS(casp32)},
		{"casp%", "010010000A1sssssR11111nnnnnttttt", "+Xs +Xs+1 Xt Xt+1 +[n]:8x2", Ordered | Atomic, bindCAS(casp64)},
	}}
}

// target is the address of an atomic access to a T.
func target[T unit](s *State, o *op) uint32 { return s.aligned(o, sizeOf[T](), memory.Write) }

func ldadd[T unit](s *State, o *op) *op {
	a := target[T](s, o)
	s.R[o.rd&63] = uint64(update(s, a, T(s.R[o.rm&63]), doAdd))
	return o.after()
}

func ldclr[T unit](s *State, o *op) *op {
	a := target[T](s, o)
	s.R[o.rd&63] = uint64(update(s, a, T(s.R[o.rm&63]), doClear))
	return o.after()
}

func ldeor[T unit](s *State, o *op) *op {
	a := target[T](s, o)
	s.R[o.rd&63] = uint64(update(s, a, T(s.R[o.rm&63]), doXor))
	return o.after()
}

func ldset[T unit](s *State, o *op) *op {
	a := target[T](s, o)
	s.R[o.rd&63] = uint64(update(s, a, T(s.R[o.rm&63]), doOr))
	return o.after()
}

func swp[T unit](s *State, o *op) *op {
	a := target[T](s, o)
	s.R[o.rd&63] = uint64(update(s, a, T(s.R[o.rm&63]), doSwap))
	return o.after()
}

// What update does to memory.
const (
	doAdd = iota
	doClear
	doXor
	doOr
	doSwap
)

// update does an atomic operation of the memory package and returns what was
// there.
func update[T unit](s *State, a uint32, v T, do int) T {
	switch uint64(^T(0)) {
	case 0xff:
		v := uint8(v)
		switch do {
		case doAdd:
			return T(s.mem.Add8(a, v))
		case doClear:
			return T(s.mem.And8(a, ^v))
		case doXor:
			return T(s.mem.Xor8(a, v))
		case doOr:
			return T(s.mem.Or8(a, v))
		}
		return T(s.mem.Xchg8(a, v))
	case 0xffff:
		v := uint16(v)
		switch do {
		case doAdd:
			return T(s.mem.Add16(a, v))
		case doClear:
			return T(s.mem.And16(a, ^v))
		case doXor:
			return T(s.mem.Xor16(a, v))
		case doOr:
			return T(s.mem.Or16(a, v))
		}
		return T(s.mem.Xchg16(a, v))
	case 0xffffffff:
		v := uint32(v)
		switch do {
		case doAdd:
			return T(s.mem.Add32(a, v))
		case doClear:
			return T(s.mem.And32(a, ^v))
		case doXor:
			return T(s.mem.Xor32(a, v))
		case doOr:
			return T(s.mem.Or32(a, v))
		}
		return T(s.mem.Xchg32(a, v))
	}
	w := uint64(v)
	switch do {
	case doAdd:
		return T(s.mem.Add64(a, w))
	case doClear:
		return T(s.mem.And64(a, ^w))
	case doXor:
		return T(s.mem.Xor64(a, w))
	case doOr:
		return T(s.mem.Or64(a, w))
	}
	return T(s.mem.Xchg64(a, w))
}

func ldsmax[T unit](s *State, o *op) *op {
	a, v := target[T](s, o), T(s.R[o.rm&63])
	for {
		old := acquire[T](s, a)
		r := v
		if sext(old) > sext(v) {
			r = old
		}
		if cas(s, a, old, r) == old {
			s.R[o.rd&63] = uint64(old)
			return o.after()
		}
	}
}

func ldsmin[T unit](s *State, o *op) *op {
	a, v := target[T](s, o), T(s.R[o.rm&63])
	for {
		old := acquire[T](s, a)
		r := v
		if sext(old) < sext(v) {
			r = old
		}
		if cas(s, a, old, r) == old {
			s.R[o.rd&63] = uint64(old)
			return o.after()
		}
	}
}

func ldumax[T unit](s *State, o *op) *op {
	a, v := target[T](s, o), T(s.R[o.rm&63])
	for {
		old := acquire[T](s, a)
		r := v
		if old > v {
			r = old
		}
		if cas(s, a, old, r) == old {
			s.R[o.rd&63] = uint64(old)
			return o.after()
		}
	}
}

func ldumin[T unit](s *State, o *op) *op {
	a, v := target[T](s, o), T(s.R[o.rm&63])
	for {
		old := acquire[T](s, a)
		r := v
		if old < v {
			r = old
		}
		if cas(s, a, old, r) == old {
			s.R[o.rd&63] = uint64(old)
			return o.after()
		}
	}
}

// bindCAS: rd is where Rs is written, ra where it is read, rm is Rt. Of a pair
// these are the first registers; the second ones follow, in imm.
func bindCAS(fn opFunc) func(*binder) {
	return func(b *binder) {
		o := b.operands(fn)
		o.rd, o.ra, o.rm = b.regW('s'), b.reg('s'), b.reg('t')
		if b.d.NArgs == 5 {
			second := func(i int, none uint8) uint8 {
				if r := b.d.Args[i].Reg; r != Zero {
					return r
				}
				return none
			}
			o.imm = uint64(second(1, Zero))
			o.sh = second(3, Zero)
			o.cc = second(1, Discard)
		}
	}
}

func casFn[T unit](s *State, o *op) *op {
	a := target[T](s, o)
	s.R[o.rd&63] = uint64(cas(s, a, T(s.R[o.ra&63]), T(s.R[o.rm&63])))
	return o.after()
}

func casp32(s *State, o *op) *op {
	a := s.aligned(o, 8, memory.Write)
	old := uint64(uint32(s.R[o.ra&63])) | s.R[o.imm&63]<<32
	v := s.mem.Cas64(a, old, uint64(uint32(s.R[o.rm&63]))|s.R[o.sh&63]<<32)
	s.R[o.rd&63], s.R[o.cc&63] = uint64(uint32(v)), v>>32
	return o.after()
}

func casp64(s *State, o *op) *op {
	a := s.aligned(o, 16, memory.Write)
	s.R[o.rd&63], s.R[o.cc&63] = s.mem.Cas128(a, s.R[o.ra&63], s.R[o.imm&63], s.R[o.rm&63], s.R[o.sh&63])
	return o.after()
}
