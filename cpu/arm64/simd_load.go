package arm64

import (
	"github.com/nuage-emu/nuage/memory"
)

// Loads and stores of vector registers (C3.2.9, C3.2.10). A register that is
// loaded in part is zero in the rest.

func vldrImm[T unit](s *State, o *op) *op {
	s.V[o.rd&31] = [2]uint64{uint64(load[T](s, uint32(s.R[o.rn&63]+o.imm))), 0}
	return o.after()
}

func vldrLSL[T unit](s *State, o *op) *op {
	s.V[o.rd&31] = [2]uint64{uint64(load[T](s, uint32(s.R[o.rn&63]+s.R[o.rm&63]<<(o.sh&63)))), 0}
	return o.after()
}

func vldrPre[T unit](s *State, o *op) *op {
	a := s.R[o.rn&63] + o.imm
	s.V[o.rd&31] = [2]uint64{uint64(load[T](s, uint32(a))), 0}
	s.R[o.rn&63] = a
	return o.after()
}

func vldrPost[T unit](s *State, o *op) *op {
	a := s.R[o.rn&63]
	s.V[o.rd&31] = [2]uint64{uint64(load[T](s, uint32(a))), 0}
	s.R[o.rn&63] = a + o.imm
	return o.after()
}

func vstrImm[T unit](s *State, o *op) *op {
	store(s, uint32(s.R[o.rn&63]+o.imm), T(s.V[o.rd&31][0]))
	return o.after()
}

func vstrLSL[T unit](s *State, o *op) *op {
	store(s, uint32(s.R[o.rn&63]+s.R[o.rm&63]<<(o.sh&63)), T(s.V[o.rd&31][0]))
	return o.after()
}

func vstrPre[T unit](s *State, o *op) *op {
	a := s.R[o.rn&63] + o.imm
	store(s, uint32(a), T(s.V[o.rd&31][0]))
	s.R[o.rn&63] = a
	return o.after()
}

func vstrPost[T unit](s *State, o *op) *op {
	a := s.R[o.rn&63]
	store(s, uint32(a), T(s.V[o.rd&31][0]))
	s.R[o.rn&63] = a + o.imm
	return o.after()
}

// The 128-bit forms.

func qldr(s *State, r uint8, a uint64) {
	lo, hi := s.mem.Load128(uint32(a))
	s.V[r&31] = [2]uint64{lo, hi}
}

func qstr(s *State, r uint8, a uint64) {
	v := &s.V[r&31]
	s.mem.Store128(uint32(a), v[0], v[1])
}

// qldrImm and qldrLSL are Load128 written out, which the compiler does not do.
func qldrImm(s *State, o *op) *op {
	a := uint32(s.R[o.rn&63] + o.imm)
	lo := s.mem.Load64(a)
	hi := s.mem.Load64(a + 8)
	d := &s.V[o.rd&31]
	d[0], d[1] = lo, hi
	return o.after()
}

func qldrLSL(s *State, o *op) *op {
	a := uint32(s.R[o.rn&63] + s.R[o.rm&63]<<(o.sh&63))
	lo := s.mem.Load64(a)
	hi := s.mem.Load64(a + 8)
	d := &s.V[o.rd&31]
	d[0], d[1] = lo, hi
	return o.after()
}

func qldrPre(s *State, o *op) *op {
	a := s.R[o.rn&63] + o.imm
	qldr(s, o.rd, a)
	s.R[o.rn&63] = a
	return o.after()
}

func qldrPost(s *State, o *op) *op {
	a := s.R[o.rn&63]
	qldr(s, o.rd, a)
	s.R[o.rn&63] = a + o.imm
	return o.after()
}

// qstrImm and qstrLSL write an aligned register without a call: it lies in one
// page, so that either all of it faults or nothing.
func qstrImm(s *State, o *op) *op {
	a := uint32(s.R[o.rn&63] + o.imm)
	if a&15 != 0 {
		qstr(s, o.rd, uint64(a))
		return o.after()
	}
	v := &s.V[o.rd&31]
	s.mem.Store64(a, v[0])
	s.mem.Store64(a+8, v[1])
	return o.after()
}

func qstrLSL(s *State, o *op) *op {
	a := uint32(s.R[o.rn&63] + s.R[o.rm&63]<<(o.sh&63))
	if a&15 != 0 {
		qstr(s, o.rd, uint64(a))
		return o.after()
	}
	v := &s.V[o.rd&31]
	s.mem.Store64(a, v[0])
	s.mem.Store64(a+8, v[1])
	return o.after()
}

func qstrPre(s *State, o *op) *op {
	a := s.R[o.rn&63] + o.imm
	qstr(s, o.rd, a)
	s.R[o.rn&63] = a
	return o.after()
}

func qstrPost(s *State, o *op) *op {
	a := s.R[o.rn&63]
	qstr(s, o.rd, a)
	s.R[o.rn&63] = a + o.imm
	return o.after()
}

// Pairs: ra is the second register, sh the bytes of one. Both accesses come
// before every change, so that a fault changes nothing.

func (s *State) vldp(o *op, a uint32) {
	var v, w [2]uint64
	switch o.sh {
	case 4:
		x := s.mem.Load64(a)
		v[0], w[0] = uint64(uint32(x)), x>>32
	case 8:
		v[0], w[0] = s.mem.Load128(a)
	default:
		v[0] = s.mem.Load64(a)
		v[1] = s.mem.Load64(a + 8)
		w[0] = s.mem.Load64(a + 16)
		w[1] = s.mem.Load64(a + 24)
	}
	s.V[o.rd&31] = v
	s.V[o.ra&31] = w
}

func (s *State) vstp(o *op, a uint32) {
	v, w := &s.V[o.rd&31], &s.V[o.ra&31]
	switch o.sh {
	case 4:
		s.mem.Store64(a, v[0]&ones(32)|w[0]<<32)
	case 8:
		s.mem.Store128(a, v[0], w[0])
	default:
		if a&(memory.PageSize-1) > memory.PageSize-32 { // on two pages
			s.mem.Probe(a, 32, memory.Write)
		}
		s.mem.Store64(a, v[0])
		s.mem.Store64(a+8, v[1])
		s.mem.Store64(a+16, w[0])
		s.mem.Store64(a+24, w[1])
	}
}

func vldpImm(s *State, o *op) *op {
	s.vldp(o, uint32(s.R[o.rn&63]+o.imm))
	return o.after()
}

func vldpPre(s *State, o *op) *op {
	a := s.R[o.rn&63] + o.imm
	s.vldp(o, uint32(a))
	s.R[o.rn&63] = a
	return o.after()
}

func vldpPost(s *State, o *op) *op {
	a := s.R[o.rn&63]
	s.vldp(o, uint32(a))
	s.R[o.rn&63] = a + o.imm
	return o.after()
}

func vstpImm(s *State, o *op) *op {
	s.vstp(o, uint32(s.R[o.rn&63]+o.imm))
	return o.after()
}

func vstpPre(s *State, o *op) *op {
	a := s.R[o.rn&63] + o.imm
	s.vstp(o, uint32(a))
	s.R[o.rn&63] = a
	return o.after()
}

func vstpPost(s *State, o *op) *op {
	a := s.R[o.rn&63]
	s.vstp(o, uint32(a))
	s.R[o.rn&63] = a + o.imm
	return o.after()
}

func vpair(run opFunc) func(*binder) {
	return func(b *binder) {
		scale := b.d.mem().Op.Scale
		b.operands(run).sh = scale
	}
}
