package x86

import "github.com/nuage-emu/nuage/memory"

// Moves, bitwise operations and shuffles of the floating-point sets: nothing
// in them looks at the values as numbers. A destination as wide as its operand
// type keeps the register's other bytes; one of type x is written whole.
var sseMoveRows = Section{Ref: "Vol. 1, 5.5.1 and 5.6.1: data transfer, logical, shuffle and unpack; 5.5.5 and 5.6.4: cacheability control",
	Feature: "SSE2", Rows: []Spec{
		{"NP 0F 28 /r", "movaps", "=Vx Wx", "", 0, opFunc(movVec)},
		{"NP 0F 29 /r", "movaps", "=Wx Vx", "", 0, opFunc(movToRM)},
		{"66 0F 28 /r", "movapd", "=Vx Wx", "", 0, opFunc(movVec)},
		{"66 0F 29 /r", "movapd", "=Wx Vx", "", 0, opFunc(movToRM)},
		{"NP 0F 10 /r", "movups", "=Vx Wxu", "", 0, opFunc(movVec)},
		{"NP 0F 11 /r", "movups", "=Wxu Vx", "", 0, opFunc(movToRM)},
		{"66 0F 10 /r", "movupd", "=Vx Wxu", "", 0, opFunc(movVec)},
		{"66 0F 11 /r", "movupd", "=Wxu Vx", "", 0, opFunc(movToRM)},
		{"66 0F 6F /r", "movdqa", "=Vx Wx", "", 0, opFunc(movVec)},
		{"66 0F 7F /r", "movdqa", "=Wx Vx", "", 0, opFunc(movToRM)},
		{"F3 0F 6F /r", "movdqu", "=Vx Wxu", "", 0, opFunc(movVec)},
		{"F3 0F 7F /r", "movdqu", "=Wxu Vx", "", 0, opFunc(movToRM)},

		{"F3 0F 10 /r", "movss", "=Vd Ud", "", 0, opFunc(movLow32)},
		{"F3 0F 10 /r", "movss", "=Vx Md", "", 0, opFunc(loadLow32)},
		{"F3 0F 11 /r", "movss", "=Ud Vd", "", 0, opFunc(movLow32)},
		{"F3 0F 11 /r", "movss", "=Md Vd", "", 0, opFunc(storeLow32)},
		{"F2 0F 10 /r", "movsd", "=Vq Uq", "", 0, opFunc(movLow64)},
		{"F2 0F 10 /r", "movsd", "=Vx Mq", "", 0, opFunc(loadLow64)},
		{"F2 0F 11 /r", "movsd", "=Uq Vq", "", 0, opFunc(movLow64)},
		{"F2 0F 11 /r", "movsd", "=Mq Vq", "", 0, opFunc(storeLow64)},

		{"NP 0F 12 /r", "movhlps", "=Vq Ux", "", 0, opFunc(movhlps)},
		{"NP 0F 12 /r", "movlps", "=Vq Mq", "", 0, opFunc(mergeLow64)},
		{"66 0F 12 /r", "movlpd", "=Vq Mq", "", 0, opFunc(mergeLow64)},
		{"NP 0F 13 /r", "movlps", "=Mq Vq", "", 0, opFunc(storeLow64)},
		{"66 0F 13 /r", "movlpd", "=Mq Vq", "", 0, opFunc(storeLow64)},
		{"NP 0F 16 /r", "movlhps", "+Vx Uq", "", 0, opFunc(mergeHigh64)},
		{"NP 0F 16 /r", "movhps", "+Vx Mq", "", 0, opFunc(mergeHigh64)},
		{"66 0F 16 /r", "movhpd", "+Vx Mq", "", 0, opFunc(mergeHigh64)},
		{"NP 0F 17 /r", "movhps", "=Mq Vx", "", 0, opFunc(storeHigh64)},
		{"66 0F 17 /r", "movhpd", "=Mq Vx", "", 0, opFunc(storeHigh64)},

		{"66 0F 6E W0 /r", "movd", "=Vx Ed", "", 0, opFunc(movFromGeneral[uint32])},
		{"66 0F 6E W1 /r", "movq", "=Vx Eq", "", 0, opFunc(movFromGeneral[uint64])},
		{"66 0F 7E W0 /r", "movd", "=Ed Vd", "", 0, opFunc(movToGeneral[uint32])},
		{"66 0F 7E W1 /r", "movq", "=Eq Vq", "", 0, opFunc(movToGeneral[uint64])},
		{"F3 0F 7E /r", "movq", "=Vx Wq", "", 0, opFunc(loadLow64)},
		{"66 0F D6 /r", "movq", "=Ux Vq", "", 0, opFunc(loadLow64)},
		{"66 0F D6 /r", "movq", "=Mq Vq", "", 0, opFunc(storeLow64)},

		{"NP 0F 50 /r", "movmskps", "=Gd Ux", "", 0, opFunc(movmskps)},
		{"66 0F 50 /r", "movmskpd", "=Gd Ux", "", 0, opFunc(movmskpd)},

		{"NP 0F 54 /r", "andps", "+Vx Wx", "", 0, vecAnd},
		{"66 0F 54 /r", "andpd", "+Vx Wx", "", 0, vecAnd},
		{"NP 0F 55 /r", "andnps", "+Vx Wx", "", 0, vecAndn},
		{"66 0F 55 /r", "andnpd", "+Vx Wx", "", 0, vecAndn},
		{"NP 0F 56 /r", "orps", "+Vx Wx", "", 0, vecOr},
		{"66 0F 56 /r", "orpd", "+Vx Wx", "", 0, vecOr},
		{"NP 0F 57 /r", "xorps", "+Vx Wx", "", 0, vecXor},
		{"66 0F 57 /r", "xorpd", "+Vx Wx", "", 0, vecXor},

		{"NP 0F C6 /r", "shufps", "+Vx Wx Ib", "", 0, opFunc(shufps)},
		{"66 0F C6 /r", "shufpd", "+Vx Wx Ib", "", 0, opFunc(shufpd)},
		{"NP 0F 14 /r", "unpcklps", "+Vx Wx", "", 0, unpacking{0, punpckldq, punpckhdq}},
		{"66 0F 14 /r", "unpcklpd", "+Vx Wx", "", 0, opFunc(unpackLow)},
		{"NP 0F 15 /r", "unpckhps", "+Vx Wx", "", 0, unpacking{1, punpckldq, punpckhdq}},
		{"66 0F 15 /r", "unpckhpd", "+Vx Wx", "", 0, opFunc(unpackHigh)},

		{"NP 0F 2B /r", "movntps", "=Mx Vx", "", 0, opFunc(movToRM)},
		{"66 0F 2B /r", "movntpd", "=Mx Vx", "", 0, opFunc(movToRM)},
		{"66 0F E7 /r", "movntdq", "=Mx Vx", "", 0, opFunc(movToRM)},
		{"NP 0F C3 /r", "movnti", "=My Gy", "", 0, sized{nil, nil, movnti[uint32], movnti[uint64]}},
		{"66 0F F7 /r", "maskmovdqu", "Vx Ux | =Yx", "", 0, maskmovdqu},
		{"NP 0F AE /7", "clflush", "Mb", "", 0, opFunc(clflush)},
		{"0F 18 /0", "prefetchnta", "&Mb", "", 0, opFunc(hint)},
		{"0F 18 /1", "prefetcht0", "&Mb", "", 0, opFunc(hint)},
		{"0F 18 /2", "prefetcht1", "&Mb", "", 0, opFunc(hint)},
		{"0F 18 /3", "prefetcht2", "&Mb", "", 0, opFunc(hint)},
	}}

func movVec(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = lo, hi
	return o.after()
}

func movToRM(s *State, o *op) *op {
	v := &s.V[o.src&31]
	if o.mem {
		s.store128(o, v[0], v[1])
		return o.after()
	}
	d := &s.V[o.dst&31]
	d[0], d[1] = v[0], v[1]
	return o.after()
}

func movLow32(s *State, o *op) *op {
	d := &s.V[o.dst&31]
	d[0] = d[0]&^0xffffffff | s.V[o.src&31][0]&0xffffffff
	return o.after()
}

func loadLow32(s *State, o *op) *op {
	v := s.mem.Load32(s.ea(o))
	d := &s.V[o.dst&31]
	d[0], d[1] = uint64(v), 0
	return o.after()
}

func storeLow32(s *State, o *op) *op {
	s.mem.Store32(s.ea(o), uint32(s.V[o.src&31][0]))
	return o.after()
}

func movLow64(s *State, o *op) *op {
	s.V[o.dst&31][0] = s.V[o.src&31][0]
	return o.after()
}

// loadLow64 clears the upper half, from memory and from a register alike.
func loadLow64(s *State, o *op) *op {
	v := s.vecSrc64(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = v, 0
	return o.after()
}

func storeLow64(s *State, o *op) *op {
	s.mem.Store64(s.ea(o), s.V[o.src&31][0])
	return o.after()
}

func storeHigh64(s *State, o *op) *op {
	s.mem.Store64(s.ea(o), s.V[o.src&31][1])
	return o.after()
}

func mergeLow64(s *State, o *op) *op {
	s.V[o.dst&31][0] = s.vecSrc64(o)
	return o.after()
}

func mergeHigh64(s *State, o *op) *op {
	s.V[o.dst&31][1] = s.vecSrc64(o)
	return o.after()
}

func movhlps(s *State, o *op) *op {
	s.V[o.dst&31][0] = s.V[o.src&31][1]
	return o.after()
}

func movFromGeneral[T word](s *State, o *op) *op {
	v := uint64(rm[T](s, o))
	d := &s.V[o.dst&31]
	d[0], d[1] = v, 0
	return o.after()
}

func movToGeneral[T word](s *State, o *op) *op {
	setRM(s, o, T(s.V[o.src&31][0]))
	return o.after()
}

func movmskps(s *State, o *op) *op {
	v := &s.V[o.src&31]
	s.R[o.dst&31] = v[0]>>31&1 | v[0]>>62&2 | v[1]>>29&4 | v[1]>>60&8
	return o.after()
}

func movmskpd(s *State, o *op) *op {
	v := &s.V[o.src&31]
	s.R[o.dst&31] = v[0]>>63 | v[1]>>62&2
	return o.after()
}

func shufps(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	sel := o.imm
	d := &s.V[o.dst&31]
	a, b := d[0], d[1]
	d[0] = dword(a, b, sel) | dword(a, b, sel>>2)<<32
	d[1] = dword(lo, hi, sel>>4) | dword(lo, hi, sel>>6)<<32
	return o.after()
}

func shufpd(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	a, b := d[o.imm&1], lo
	if o.imm&2 != 0 {
		b = hi
	}
	d[0], d[1] = a, b
	return o.after()
}

func movnti[T word](s *State, o *op) *op {
	store(s, s.ea(o), reg[T](s, o.src))
	return o.after()
}

// maskmovdqu and maskmovq address memory by rdi and a segment override.
func maskmovdqu(b *binder) { b.maskmov(storeMasked128) }

func (b *binder) maskmov(fn opFunc) {
	o := b.operands(fn)
	o.base, o.index, o.mem = RDI, b.d.segment(), true
}

func storeMasked128(s *State, o *op) *op {
	v, m := &s.V[o.dst&31], &s.V[o.src&31]
	s.storeMasked(s.ea(o), v[:2], m[:2])
	return o.after()
}

// storeMasked writes those bytes of v to memory at a whose mask byte has its
// top bit set. Nothing is written if a byte cannot be: the first byte in either
// page is probed.
func (s *State) storeMasked(a uint32, v, mask []uint64) {
	selected := func(i int) bool { return mask[i>>3]>>(i&7*8)&0x80 != 0 }
	page := ^uint32(0)
	for i := range 8 * len(v) {
		if at := a + uint32(i); selected(i) && at>>12 != page {
			page = at >> 12
			s.mem.Probe(at, 1, memory.Write)
		}
	}
	for i := range 8 * len(v) {
		if selected(i) {
			s.mem.Store8(a+uint32(i), uint8(v[i>>3]>>(i&7*8)))
		}
	}
}

// clflush has no cache to flush, but it faults like a load (SDM, CLFLUSH).
func clflush(s *State, o *op) *op {
	s.mem.Probe(s.ea(o), 1, memory.Read) // the compiler would drop a load that nobody uses
	return o.after()
}

// hint does nothing.
func hint(s *State, o *op) *op { return o.after() }
