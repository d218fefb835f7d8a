package arm64

import "github.com/nuage-emu/nuage/memory"

// Exclusive, acquire and release accesses (C3.2.6, C3.2.7).
//
// The monitor remembers address, size and value of a load-exclusive. The store
// succeeds if address and size are the same and the memory still has the
// value, which it finds out by a compare-and-swap of the host: stronger than
// the manual asks for in nothing but that a write of the same value in between
// goes unnoticed, and no algorithm may rely on noticing it across processors
// with differently large reservation granules.
func exclusiveRows() Section {
	return Section{Ref: "C3.2.6 Load-Exclusive/Store-Exclusive", Rows: []Spec{
		{"stxrb", "00001000000sssss0xxxxxnnnnnttttt", "=Ws Wt =[n]:1", Ordered | Atomic, stx(stxr8)},
		{"stxrh", "01001000000sssss0xxxxxnnnnnttttt", "=Ws Wt =[n]:2", Ordered | Atomic, stx(stxr16)},
		{"stxr", "10001000000sssss0xxxxxnnnnnttttt", "=Ws Wt =[n]:4", Ordered | Atomic, stx(stxr32)},
		{"stxr", "11001000000sssss0xxxxxnnnnnttttt", "=Ws Xt =[n]:8", Ordered | Atomic, stx(stxr64)},
		{"stlxrb", "00001000000sssss1xxxxxnnnnnttttt", "=Ws Wt =[n]:1", Ordered | Atomic, stx(stxr8)},
		{"stlxrh", "01001000000sssss1xxxxxnnnnnttttt", "=Ws Wt =[n]:2", Ordered | Atomic, stx(stxr16)},
		{"stlxr", "10001000000sssss1xxxxxnnnnnttttt", "=Ws Wt =[n]:4", Ordered | Atomic, stx(stxr32)},
		{"stlxr", "11001000000sssss1xxxxxnnnnnttttt", "=Ws Xt =[n]:8", Ordered | Atomic, stx(stxr64)},
		{"ldxrb", "00001000010xxxxx0xxxxxnnnnnttttt", "=Wt [n]:1", Ordered | Atomic, opFunc(ldxr8)},
		{"ldxrh", "01001000010xxxxx0xxxxxnnnnnttttt", "=Wt [n]:2", Ordered | Atomic, opFunc(ldxr16)},
		{"ldxr", "10001000010xxxxx0xxxxxnnnnnttttt", "=Wt [n]:4", Ordered | Atomic, opFunc(ldxr32)},
		{"ldxr", "11001000010xxxxx0xxxxxnnnnnttttt", "=Xt [n]:8", Ordered | Atomic, opFunc(ldxr64)},
		{"ldaxrb", "00001000010xxxxx1xxxxxnnnnnttttt", "=Wt [n]:1", Ordered | Atomic, opFunc(ldxr8)},
		{"ldaxrh", "01001000010xxxxx1xxxxxnnnnnttttt", "=Wt [n]:2", Ordered | Atomic, opFunc(ldxr16)},
		{"ldaxr", "10001000010xxxxx1xxxxxnnnnnttttt", "=Wt [n]:4", Ordered | Atomic, opFunc(ldxr32)},
		{"ldaxr", "11001000010xxxxx1xxxxxnnnnnttttt", "=Xt [n]:8", Ordered | Atomic, opFunc(ldxr64)},

		{"stxp", "10001000001sssss0uuuuunnnnnttttt", "=Ws Wt Wu =[n]:4x2", Ordered | Atomic, stx(stxp32)},
		{"stxp", "11001000001sssss0uuuuunnnnnttttt", "=Ws Xt Xu =[n]:8x2", Ordered | Atomic, stx(stxp64)},
		{"stlxp", "10001000001sssss1uuuuunnnnnttttt", "=Ws Wt Wu =[n]:4x2", Ordered | Atomic, stx(stxp32)},
		{"stlxp", "11001000001sssss1uuuuunnnnnttttt", "=Ws Xt Xu =[n]:8x2", Ordered | Atomic, stx(stxp64)},
		{"ldxp", "10001000011xxxxx0uuuuunnnnnttttt", "=Wt =Wu [n]:4x2", Ordered | Atomic, opFunc(ldxp32)},
		{"ldxp", "11001000011xxxxx0uuuuunnnnnttttt", "=Xt =Xu [n]:8x2", Ordered | Atomic, opFunc(ldxp64)},
		{"ldaxp", "10001000011xxxxx1uuuuunnnnnttttt", "=Wt =Wu [n]:4x2", Ordered | Atomic, opFunc(ldxp32)},
		{"ldaxp", "11001000011xxxxx1uuuuunnnnnttttt", "=Xt =Xu [n]:8x2", Ordered | Atomic, opFunc(ldxp64)},

		{"stlrb", "00001000100xxxxx1xxxxxnnnnnttttt", "Wt =[n]:1", Ordered, opFunc(stlr8)},
		{"stlrh", "01001000100xxxxx1xxxxxnnnnnttttt", "Wt =[n]:2", Ordered, opFunc(stlr16)},
		{"stlr", "10001000100xxxxx1xxxxxnnnnnttttt", "Wt =[n]:4", Ordered, opFunc(stlr32)},
		{"stlr", "11001000100xxxxx1xxxxxnnnnnttttt", "Xt =[n]:8", Ordered, opFunc(stlr64)},
		{"ldarb", "00001000110xxxxx1xxxxxnnnnnttttt", "=Wt [n]:1", Ordered, opFunc(ldar8)},
		{"ldarh", "01001000110xxxxx1xxxxxnnnnnttttt", "=Wt [n]:2", Ordered, opFunc(ldar16)},
		{"ldar", "10001000110xxxxx1xxxxxnnnnnttttt", "=Wt [n]:4", Ordered, opFunc(ldar32)},
		{"ldar", "11001000110xxxxx1xxxxxnnnnnttttt", "=Xt [n]:8", Ordered, opFunc(ldar64)},
	}}
}

// rcpcRows are the RCpc loads: the sequentially consistent ones will do.
func rcpcRows() Section {
	return Section{Ref: "C3.2.8 Load-AcquirePC", Feature: "FEAT_LRCPC", Rows: []Spec{
		{"ldaprb", "0011100010111111110000nnnnnttttt", "=Wt [n]:1", Ordered, opFunc(ldar8)},
		{"ldaprh", "0111100010111111110000nnnnnttttt", "=Wt [n]:2", Ordered, opFunc(ldar16)},
		{"ldapr", "1011100010111111110000nnnnnttttt", "=Wt [n]:4", Ordered, opFunc(ldar32)},
		{"ldapr", "1111100010111111110000nnnnnttttt", "=Xt [n]:8", Ordered, opFunc(ldar64)},
	}}
}

// acquire reads memory at address a, atomically and before what follows.
func acquire[T unit](s *State, a uint32) T {
	switch uint64(^T(0)) {
	case 0xff:
		return T(s.mem.LoadAcquire8(a))
	case 0xffff:
		return T(s.mem.LoadAcquire16(a))
	case 0xffffffff:
		return T(s.mem.LoadAcquire32(a))
	}
	return T(s.mem.LoadAcquire64(a))
}

// release writes memory at address a, atomically and after what went before.
func release[T unit](s *State, a uint32, v T) {
	switch uint64(^T(0)) {
	case 0xff:
		s.mem.StoreRelease8(a, uint8(v))
	case 0xffff:
		s.mem.StoreRelease16(a, uint16(v))
	case 0xffffffff:
		s.mem.StoreRelease32(a, uint32(v))
	default:
		s.mem.StoreRelease64(a, uint64(v))
	}
}

// cas replaces old by new at address a, atomically, and returns what was there.
func cas[T unit](s *State, a uint32, old, new T) T {
	switch uint64(^T(0)) {
	case 0xff:
		return T(s.mem.Cas8(a, uint8(old), uint8(new)))
	case 0xffff:
		return T(s.mem.Cas16(a, uint16(old), uint16(new)))
	case 0xffffffff:
		return T(s.mem.Cas32(a, uint32(old), uint32(new)))
	}
	return T(s.mem.Cas64(a, uint64(old), uint64(new)))
}

// sizeOf is the size of a T in bytes.
func sizeOf[T unit]() uint32 {
	switch uint64(^T(0)) {
	case 0xff:
		return 1
	case 0xffff:
		return 2
	case 0xffffffff:
		return 4
	}
	return 8
}

func ldar[T unit](s *State, o *op) *op {
	a := s.aligned(o, sizeOf[T](), memory.Read)
	s.R[o.rd&63] = uint64(acquire[T](s, a))
	return o.after()
}

func stlr[T unit](s *State, o *op) *op {
	a := s.aligned(o, sizeOf[T](), memory.Write)
	release(s, a, T(s.R[o.rd&63]))
	return o.after()
}

func ldxr[T unit](s *State, o *op) *op {
	a := s.aligned(o, sizeOf[T](), memory.Read)
	v := uint64(acquire[T](s, a))
	s.mon = monitor{addr: uint64(a), lo: v, size: uint8(sizeOf[T]())}
	s.R[o.rd&63] = v
	return o.after()
}

// stx binds a store-exclusive: rm is the status register, for writing.
func stx(fn opFunc) func(*binder) {
	return func(b *binder) {
		o := b.operands(fn)
		o.rm = b.regW('s')
	}
}

// claim reports whether the monitor covers n bytes at a.
func (s *State) claim(a uint32, n uint8) bool {
	return s.mon.addr == uint64(a) && s.mon.size == n
}

// settle ends a store-exclusive: the monitor opens, the status is written.
func (s *State) settle(o *op, done bool) *op {
	s.mon.size = 0
	s.R[o.rm&63] = 1
	if done {
		s.R[o.rm&63] = 0
	}
	return o.after()
}

func stxr[T unit](s *State, o *op) *op {
	a := s.aligned(o, sizeOf[T](), memory.Write)
	done := false
	if s.claim(a, uint8(sizeOf[T]())) {
		old := T(s.mon.lo)
		done = cas(s, a, old, T(s.R[o.rd&63])) == old
	}
	return s.settle(o, done)
}

func ldxp32(s *State, o *op) *op {
	a := s.aligned(o, 8, memory.Read)
	v := s.mem.LoadAcquire64(a)
	s.mon = monitor{addr: uint64(a), lo: v, size: 8}
	s.R[o.rd&63], s.R[o.ra&63] = uint64(uint32(v)), v>>32
	return o.after()
}

// ldxp64 reads the halves one by one, as the manual allows; a torn value makes
// the store fail.
func ldxp64(s *State, o *op) *op {
	a := s.aligned(o, 16, memory.Read)
	lo, hi := s.mem.Load128(a)
	s.mon = monitor{addr: uint64(a), lo: lo, hi: hi, size: 16}
	s.R[o.rd&63], s.R[o.ra&63] = lo, hi
	return o.after()
}

func stxp32(s *State, o *op) *op {
	a := s.aligned(o, 8, memory.Write)
	done := false
	if s.claim(a, 8) {
		v := uint64(uint32(s.R[o.rd&63])) | s.R[o.ra&63]<<32
		done = s.mem.Cas64(a, s.mon.lo, v) == s.mon.lo
	}
	return s.settle(o, done)
}

func stxp64(s *State, o *op) *op {
	a := s.aligned(o, 16, memory.Write)
	done := false
	if s.claim(a, 16) {
		lo, hi := s.mem.Cas128(a, s.mon.lo, s.mon.hi, s.R[o.rd&63], s.R[o.ra&63])
		done = lo == s.mon.lo && hi == s.mon.hi
	}
	return s.settle(o, done)
}
