package x86

import "math/bits"

// Data transfer (Vol. 1, 5.1.1 and 7.3.1).
var moveRows = Section{Ref: "Vol. 1, 5.1.1 Data Transfer Instructions", Rows: []Spec{
	{"88 /r", "mov", "=Eb Gb", "", 0, movForms},
	{"89 /r", "mov", "=Ev Gv", "", 0, movForms},
	{"8A /r", "mov", "=Gb Eb", "", 0, movForms},
	{"8B /r", "mov", "=Gv Ev", "", 0, movForms},
	{"A0", "mov", "=AL Ob", "", 0, movForms},
	{"A1", "mov", "=rAX Ov", "", 0, movForms},
	{"A2", "mov", "=Ob AL", "", 0, movForms},
	{"A3", "mov", "=Ov rAX", "", 0, movForms},
	{"B0+r", "mov", "=Zb Ib", "", 0, movForms},
	{"B8+r", "mov", "=Zv Iv", "", 0, movForms},
	{"C6 /0", "mov", "=Eb Ib", "", 0, movForms},
	{"C7 /0", "mov", "=Ev Iz", "", 0, movForms},
	{"0F B6 /r", "movzx", "=Gv Eb", "", 0, sized{1: movzx[uint16, uint8], 2: movzx32x8, 3: movzx64x8}},
	{"0F B7 /r", "movzx", "=Gv Ew", "", 0, sized{1: movzx[uint16, uint16], 2: movzx32x16, 3: movzx64x16}},
	{"0F BE /r", "movsx", "=Gv Eb", "", 0, sized{1: movsx[uint16, uint8], 2: movsx32x8, 3: movsx64x8}},
	{"0F BF /r", "movsx", "=Gv Ew", "", 0, sized{1: movsx[uint16, uint16], 2: movsx32x16, 3: movsx64x16}},
	{"63 /r", "movsxd", "=Gv Ez", "", 0, sized{1: movsx[uint16, uint16], 2: movsx32x32, 3: movsx64x32}},
	{"0F 40+cc /r", "cmovcc", "+Gv Ev", "r:oszpc", 0, sized{1: cmov[uint16], 2: cmov32, 3: cmov64}},

	{"86 /r", "xchg", "+Eb +Gb", "", Lockable, xchgBy},
	{"87 /r", "xchg", "+Ev +Gv", "", Lockable, xchgBy},
	{"90+r", "xchg", "+Zv +rAX", "", 0, xchgBy},
	{"0F C8+r", "bswap", "+Zv", "", 0, sized{1: bswap16, 2: bswap32, 3: bswap64}},
	{"0F C0 /r", "xadd", "+Eb +Gb", "w:oszapc", Lockable, xaddForms},
	{"0F C1 /r", "xadd", "+Ev +Gv", "w:oszapc", Lockable, xaddForms},
	{"0F B0 /r", "cmpxchg", "+Eb Gb | +AL", "w:oszapc", Lockable, cmpxchgForms},
	{"0F B1 /r", "cmpxchg", "+Ev Gv | +rAX", "w:oszapc", Lockable, cmpxchgForms},
	{"W0 0F C7 /1", "cmpxchg8b", "+Mq | +EAX +EDX EBX ECX", "w:z", Lockable, opFunc(cmpxchg8b)},
	{"W1 0F C7 /1", "cmpxchg16b", "+Mx | +RAX +RDX RBX RCX", "w:z", Lockable, opFunc(cmpxchg16b)},

	{"50+r", "push", "Zv | +RSP =Tv", "", D64, sized{1: push[uint16], 3: push64}},
	{"FF /6", "push", "Ev | +RSP =Tv", "", D64, pushForms},
	{"68", "push", "Iz | +RSP =Tv", "", D64, sized{1: push[uint16], 3: push64}},
	{"6A", "push", "Ibs | +RSP =Tv", "", D64, bindPushByte},
	{"58+r", "pop", "=Zv | +RSP Tv", "", D64, sized{1: pop[uint16], 3: pop64}},
	{"8F /0", "pop", "=Ev | +RSP Tv", "", D64, bindPop},

	{"98", "cbw/cwde/cdqe", "| +rAX", "", 0, sized{1: extend[uint16, uint8], 2: extend32x16, 3: extend64x32}},
	{"99", "cwd/cdq/cqo", "| rAX =rDX", "", 0, sized{1: extendD[uint16], 2: extendD32, 3: extendD64}},
}}

var (
	movForms = &forms{
		rr: sized{movRR8, movRR[uint16], movRR32, movRR64},
		rm: sized{movRM8, movRM[uint16], movRM32, movRM64},
		mr: sized{movMR8, movMR[uint16], movMR32, movMR64},
	}
	pushForms = &forms{
		rr: sized{1: push[uint16], 3: push64},
		mr: sized{1: pushM[uint16], 3: pushM64},
	}
	xchgBy    = sized{xchgRM8, xchgRM[uint16], xchgRM32, xchgRM64}
	xaddForms = &forms{
		rr: sized{xadd8, xadd[uint16], xadd32, xadd64},
		mr: sized{xadd8, xadd[uint16], xadd32, xadd64},
		lk: sized{xaddLK8, xaddLK[uint16], xaddLK32, xaddLK64},
	}
	cmpxchgForms = &forms{
		rr: sized{cmpxchg8, cmpxchg[uint16], cmpxchg32, cmpxchg64},
		mr: sized{cmpxchg8, cmpxchg[uint16], cmpxchg32, cmpxchg64},
		lk: sized{cmpxchgLK8, cmpxchgLK[uint16], cmpxchgLK32, cmpxchgLK64},
	}
)

func movRR[T word](s *State, o *op) *op {
	setReg(s, o.dst, src[T](s, o))
	return o.after()
}

func movRM[T word](s *State, o *op) *op {
	setReg(s, o.dst, load[T](s, s.ea(o)))
	return o.after()
}

func movMR[T word](s *State, o *op) *op {
	store(s, s.ea(o), src[T](s, o))
	return o.after()
}

func movzx[D, S word](s *State, o *op) *op {
	setReg(s, o.dst, D(rm[S](s, o)))
	return o.after()
}

func movsx[D, S word](s *State, o *op) *op {
	setReg(s, o.dst, D(sext(rm[S](s, o))))
	return o.after()
}

// cmov reads its source and writes its destination in any case.
func cmov[T word](s *State, o *op) *op {
	v := rm[T](s, o)
	if !s.cond(o.cc) {
		v = reg[T](s, o.dst)
	}
	setReg(s, o.dst, v)
	return o.after()
}

// xchgRM with memory is locked with or without the prefix.
func xchgRM[T word](s *State, o *op) *op {
	v := reg[T](s, o.src)
	var old T
	if o.mem {
		old = xchg(s, s.ea(o), v)
	} else {
		old = reg[T](s, o.dst)
		setReg(s, o.dst, v)
	}
	setReg(s, o.src, old)
	return o.after()
}

// bswap16 is undefined; processors clear the register.
func bswap16(s *State, o *op) *op {
	setReg(s, o.dst, uint16(0))
	return o.after()
}

func bswap32(s *State, o *op) *op {
	s.R[o.dst&31] = uint64(bits.ReverseBytes32(uint32(s.R[o.dst&31])))
	return o.after()
}

func bswap64(s *State, o *op) *op {
	s.R[o.dst&31] = bits.ReverseBytes64(s.R[o.dst&31])
	return o.after()
}

// xadd writes the source register first: with both the same, the sum wins.
func xadd[T word](s *State, o *op) *op {
	a, b := rmDst[T](s, o), reg[T](s, o.src)
	if o.mem {
		store(s, s.ea(o), a+b)
		setReg(s, o.src, a)
	} else {
		setReg(s, o.src, a)
		setReg(s, o.dst, a+b)
	}
	addFlags(s, a, b, a+b)
	return o.after()
}

func xaddLK[T word](s *State, o *op) *op {
	a, b := locked(s, o, func(a, b T) T { return a + b })
	setReg(s, o.src, a)
	addFlags(s, a, b, a+b)
	return o.after()
}

// cmpxchg writes its destination in any case when it is memory; a 32-bit
// register keeps its upper half if the comparison fails, and so does rax if it
// succeeds.
func cmpxchg[T word](s *State, o *op) *op {
	a, acc := rmDst[T](s, o), reg[T](s, RAX)
	switch {
	case a == acc:
		setRM(s, o, reg[T](s, o.src))
	case o.mem:
		store(s, s.ea(o), a)
		setReg(s, RAX, a)
	default:
		setReg(s, RAX, a)
	}
	cmpFlags(s, acc, a)
	return o.after()
}

func cmpxchgLK[T word](s *State, o *op) *op {
	acc := reg[T](s, RAX)
	new := reg[T](s, o.src)
	a := update(s, s.ea(o), true, func(v T) T {
		if v == acc {
			return new
		}
		return v
	})
	if a != acc {
		setReg(s, RAX, a)
	}
	cmpFlags(s, acc, a)
	return o.after()
}

func cmpxchg8b(s *State, o *op) *op {
	old := s.R[RDX]<<32 | uint64(uint32(s.R[RAX]))
	new := s.R[RCX]<<32 | uint64(uint32(s.R[RBX]))
	a := update(s, s.ea(o), true, func(v uint64) uint64 {
		if v == old {
			return new
		}
		return v
	})
	if a != old {
		s.R[RAX], s.R[RDX] = uint64(uint32(a)), a>>32
	}
	s.setZ(a == old)
	return o.after()
}

func cmpxchg16b(s *State, o *op) *op {
	m := s.alignedEA(o)
	lo, hi := s.mem.Cas128(m, s.R[RAX], s.R[RDX], s.R[RBX], s.R[RCX])
	equal := lo == s.R[RAX] && hi == s.R[RDX]
	s.R[RAX], s.R[RDX] = lo, hi
	s.setZ(equal)
	return o.after()
}

// push stores register or immediate below the stack pointer, and only then
// moves it.
func push[T word](s *State, o *op) *op {
	sp := s.R[RSP] - uint64(width[T]()/8)
	store(s, uint32(sp), T(s.R[o.dst&31]+o.imm))
	s.R[RSP] = sp
	return o.after()
}

func pushM[T word](s *State, o *op) *op {
	v := load[T](s, s.ea(o))
	sp := s.R[RSP] - uint64(width[T]()/8)
	store(s, uint32(sp), v)
	s.R[RSP] = sp
	return o.after()
}

// pushed stores v, of w bits, below the stack pointer and moves that.
func (s *State) pushed(v uint64, w uint) {
	sp := s.R[RSP] - uint64(w/8)
	if w == 16 {
		s.mem.Store16(uint32(sp), uint16(v))
	} else {
		s.mem.Store64(uint32(sp), v)
	}
	s.R[RSP] = sp
}

// bindPushByte: the operand size is not that of the immediate.
func bindPushByte(b *binder) {
	b.d.Size = 8
	if b.d.Has(PrefixOpsize) && b.d.REX&rexW == 0 {
		b.d.Size = 2
		b.operands(push[uint16])
		return
	}
	b.operands(push64)
}

func pop[T word](s *State, o *op) *op {
	sp := s.R[RSP]
	v := load[T](s, uint32(sp))
	s.R[RSP] = sp + uint64(width[T]()/8)
	setReg(s, o.dst, v)
	return o.after()
}

// bindPop: a memory operand addressed by rsp is addressed with the value that
// rsp has after the pop.
func bindPop(b *binder) {
	d := &b.d
	if d.HasMem && d.Mem.Base == RSP {
		d.Mem.Disp += int64(d.Size)
	}
	fn := sized{1: pop[uint16], 3: pop64}
	if d.HasMem {
		fn = sized{1: popM[uint16], 3: popM64}
	}
	b.operands(fn[sizeIndex(d.Size)])
}

func popM[T word](s *State, o *op) *op {
	sp := s.R[RSP]
	v := load[T](s, uint32(sp))
	store(s, s.ea(o), v)
	s.R[RSP] = sp + uint64(width[T]()/8)
	return o.after()
}

func extend[D, S word](s *State, o *op) *op {
	setReg(s, RAX, D(sext(S(s.R[RAX]))))
	return o.after()
}

func extendD[T word](s *State, o *op) *op {
	setReg(s, RDX, T(int64(sext(T(s.R[RAX])))>>63))
	return o.after()
}
