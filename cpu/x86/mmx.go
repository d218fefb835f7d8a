package x86

// The MMX instructions, those that SSE and SSE2 added to them included. They
// are the functions of packed.go on the significands of the x87 registers:
// MMi is physical register Ri.
var mmxRows = Section{Ref: "Vol. 1, 5.4 MMX Instructions; 5.5.4 and 5.6.3: 64-bit SIMD integer instructions", Feature: "MMX", Rows: []Spec{
	{"NP 0F 6E W0 /r", "movd", "=Pq Ed", "", 0, opFunc(mmxFromGeneral[uint32])},
	{"NP 0F 6E W1 /r", "movq", "=Pq Eq", "", 0, opFunc(mmxFromGeneral[uint64])},
	{"NP 0F 7E W0 /r", "movd", "=Ed Pd", "", 0, opFunc(mmxToGeneral[uint32])},
	{"NP 0F 7E W1 /r", "movq", "=Eq Pq", "", 0, opFunc(mmxToGeneral[uint64])},
	{"NP 0F 6F /r", "movq", "=Pq Qq", "", 0, opFunc(mmxMove)},
	{"NP 0F 7F /r", "movq", "=Nq Pq", "", 0, opFunc(mmxMove)},
	{"NP 0F 7F /r", "movq", "=Mq Pq", "", 0, opFunc(mmxStore)},
	{"NP 0F E7 /r", "movntq", "=Mq Pq", "", 0, opFunc(mmxStore)},
	{"NP 0F F7 /r", "maskmovq", "Pq Nq | =Yq", "", 0, maskmovq},
	{"F3 0F D6 /r", "movq2dq", "=Vx Nq", "", 0, opFunc(movq2dq)},
	{"F2 0F D6 /r", "movdq2q", "=Pq Uq", "", 0, opFunc(movdq2q)},
	{"NP 0F 77", "emms", "", "", 0, opFunc(emms)},

	{"NP 0F FC /r", "paddb", "+Pq Qq", "", 0, mmx(paddb)},
	{"NP 0F FD /r", "paddw", "+Pq Qq", "", 0, mmx(paddw)},
	{"NP 0F FE /r", "paddd", "+Pq Qq", "", 0, mmx(paddd)},
	{"NP 0F D4 /r", "paddq", "+Pq Qq", "", 0, mmx(paddq)},
	{"NP 0F EC /r", "paddsb", "+Pq Qq", "", 0, mmx(paddsb)},
	{"NP 0F ED /r", "paddsw", "+Pq Qq", "", 0, mmx(paddsw)},
	{"NP 0F DC /r", "paddusb", "+Pq Qq", "", 0, mmx(paddusb)},
	{"NP 0F DD /r", "paddusw", "+Pq Qq", "", 0, mmx(paddusw)},
	{"NP 0F F8 /r", "psubb", "+Pq Qq", "", 0, mmx(psubb)},
	{"NP 0F F9 /r", "psubw", "+Pq Qq", "", 0, mmx(psubw)},
	{"NP 0F FA /r", "psubd", "+Pq Qq", "", 0, mmx(psubd)},
	{"NP 0F FB /r", "psubq", "+Pq Qq", "", 0, mmx(psubq)},
	{"NP 0F E8 /r", "psubsb", "+Pq Qq", "", 0, mmx(psubsb)},
	{"NP 0F E9 /r", "psubsw", "+Pq Qq", "", 0, mmx(psubsw)},
	{"NP 0F D8 /r", "psubusb", "+Pq Qq", "", 0, mmx(psubusb)},
	{"NP 0F D9 /r", "psubusw", "+Pq Qq", "", 0, mmx(psubusw)},

	{"NP 0F D5 /r", "pmullw", "+Pq Qq", "", 0, mmx(pmullw)},
	{"NP 0F E5 /r", "pmulhw", "+Pq Qq", "", 0, mmx(pmulhw)},
	{"NP 0F E4 /r", "pmulhuw", "+Pq Qq", "", 0, mmx(pmulhuw)},
	{"NP 0F F4 /r", "pmuludq", "+Pq Qq", "", 0, mmx(pmuludq)},
	{"NP 0F F5 /r", "pmaddwd", "+Pq Qq", "", 0, mmx(pmaddwd)},
	{"NP 0F F6 /r", "psadbw", "+Pq Qq", "", 0, mmx(psadbw)},
	{"NP 0F E0 /r", "pavgb", "+Pq Qq", "", 0, mmx(pavgb)},
	{"NP 0F E3 /r", "pavgw", "+Pq Qq", "", 0, mmx(pavgw)},
	{"NP 0F DE /r", "pmaxub", "+Pq Qq", "", 0, mmx(pmaxub)},
	{"NP 0F EE /r", "pmaxsw", "+Pq Qq", "", 0, mmx(pmaxsw)},
	{"NP 0F DA /r", "pminub", "+Pq Qq", "", 0, mmx(pminub)},
	{"NP 0F EA /r", "pminsw", "+Pq Qq", "", 0, mmx(pminsw)},

	{"NP 0F 74 /r", "pcmpeqb", "+Pq Qq", "", 0, mmx(pcmpeqb)},
	{"NP 0F 75 /r", "pcmpeqw", "+Pq Qq", "", 0, mmx(pcmpeqw)},
	{"NP 0F 76 /r", "pcmpeqd", "+Pq Qq", "", 0, mmx(pcmpeqd)},
	{"NP 0F 64 /r", "pcmpgtb", "+Pq Qq", "", 0, mmx(pcmpgtb)},
	{"NP 0F 65 /r", "pcmpgtw", "+Pq Qq", "", 0, mmx(pcmpgtw)},
	{"NP 0F 66 /r", "pcmpgtd", "+Pq Qq", "", 0, mmx(pcmpgtd)},

	{"NP 0F DB /r", "pand", "+Pq Qq", "", 0, mmx(pand)},
	{"NP 0F DF /r", "pandn", "+Pq Qq", "", 0, mmx(pandn)},
	{"NP 0F EB /r", "por", "+Pq Qq", "", 0, mmx(por)},
	{"NP 0F EF /r", "pxor", "+Pq Qq", "", 0, mmx(pxor)},

	{"NP 0F F1 /r", "psllw", "+Pq Qq", "", 0, mmx(psllw)},
	{"NP 0F F2 /r", "pslld", "+Pq Qq", "", 0, mmx(pslld)},
	{"NP 0F F3 /r", "psllq", "+Pq Qq", "", 0, mmx(psllq)},
	{"NP 0F D1 /r", "psrlw", "+Pq Qq", "", 0, mmx(psrlw)},
	{"NP 0F D2 /r", "psrld", "+Pq Qq", "", 0, mmx(psrld)},
	{"NP 0F D3 /r", "psrlq", "+Pq Qq", "", 0, mmx(psrlq)},
	{"NP 0F E1 /r", "psraw", "+Pq Qq", "", 0, mmx(psraw)},
	{"NP 0F E2 /r", "psrad", "+Pq Qq", "", 0, mmx(psrad)},
	{"NP 0F 71 /6", "psllw", "+Nq Ib", "", 0, mmxShiftImm(psllw)},
	{"NP 0F 72 /6", "pslld", "+Nq Ib", "", 0, mmxShiftImm(pslld)},
	{"NP 0F 73 /6", "psllq", "+Nq Ib", "", 0, mmxShiftImm(psllq)},
	{"NP 0F 71 /2", "psrlw", "+Nq Ib", "", 0, mmxShiftImm(psrlw)},
	{"NP 0F 72 /2", "psrld", "+Nq Ib", "", 0, mmxShiftImm(psrld)},
	{"NP 0F 73 /2", "psrlq", "+Nq Ib", "", 0, mmxShiftImm(psrlq)},
	{"NP 0F 71 /4", "psraw", "+Nq Ib", "", 0, mmxShiftImm(psraw)},
	{"NP 0F 72 /4", "psrad", "+Nq Ib", "", 0, mmxShiftImm(psrad)},

	{"NP 0F 63 /r", "packsswb", "+Pq Qq", "", 0, mmxPacking(packsswb)},
	{"NP 0F 6B /r", "packssdw", "+Pq Qq", "", 0, mmxPacking(packssdw)},
	{"NP 0F 67 /r", "packuswb", "+Pq Qq", "", 0, mmxPacking(packuswb)},
	{"NP 0F 60 /r", "punpcklbw", "+Pq Qd", "", 0, mmxLow(punpcklbw)},
	{"NP 0F 61 /r", "punpcklwd", "+Pq Qd", "", 0, mmxLow(punpcklwd)},
	{"NP 0F 62 /r", "punpckldq", "+Pq Qd", "", 0, mmxLow(punpckldq)},
	{"NP 0F 68 /r", "punpckhbw", "+Pq Qq", "", 0, mmx(punpckhbw)},
	{"NP 0F 69 /r", "punpckhwd", "+Pq Qq", "", 0, mmx(punpckhwd)},
	{"NP 0F 6A /r", "punpckhdq", "+Pq Qq", "", 0, mmx(punpckhdq)},
	{"NP 0F 70 /r", "pshufw", "=Pq Qq Ib", "", 0, opFunc(pshufw)},
	{"NP 0F C4 /r", "pinsrw", "+Pq Rd Ib", "", 0, opFunc(mmxInsertWord)},
	{"NP 0F C4 /r", "pinsrw", "+Pq Mw Ib", "", 0, opFunc(mmxInsertWord)},
	{"NP 0F C5 /r", "pextrw", "=Gd Nq Ib", "", 0, opFunc(mmxExtractWord)},
	{"NP 0F D7 /r", "pmovmskb", "=Gd Nq", "", 0, opFunc(mmxMask)},
}}

// mmxCheck raises an x87 exception that is still pending, as every MMX
// instruction does before anything else (Vol. 3, 12.5).
func (s *State) mmxCheck() {
	const summary = 1 << 7
	if s.FPU.SW&summary != 0 {
		panic(trapFloat)
	}
}

// mmxEnter makes the x87 state that of an MMX program: TOP is zero and all
// registers are in use (Vol. 1, 9.5.1). It comes after the last access that
// may fault.
func (s *State) mmxEnter() { s.FPU.Top, s.FPU.Tag = 0, 0xff }

// mmxReg reads register r.
func (s *State) mmxReg(r uint8) uint64 { return s.FPU.ST[r&7].Mant }

// setMMX enters and writes register r; sign and exponent become ones.
func (s *State) setMMX(r uint8, v uint64) {
	s.mmxEnter()
	s.FPU.ST[r&7] = Float80{Mant: v, SE: 0xffff}
}

// mmxSrc checks for a pending exception and reads the second operand.
func (s *State) mmxSrc(o *op) uint64 {
	s.mmxCheck()
	if o.mem {
		return s.mem.Load64(s.ea(o))
	}
	return s.mmxReg(o.src)
}

type mmx func(a, b uint64) uint64

func (f mmx) op() opFunc {
	return func(s *State, o *op) *op {
		b := s.mmxSrc(o)
		s.setMMX(o.dst, f(s.mmxReg(o.dst), b))
		return o.after()
	}
}

// mmxLow is mmx for instructions that read only four bytes of memory.
type mmxLow func(a, b uint64) uint64

func (f mmxLow) op() opFunc {
	return func(s *State, o *op) *op {
		s.mmxCheck()
		b := s.mmxReg(o.src)
		if o.mem {
			b = uint64(s.mem.Load32(s.ea(o)))
		}
		s.setMMX(o.dst, f(s.mmxReg(o.dst), b))
		return o.after()
	}
}

type mmxShiftImm func(a, n uint64) uint64

func (f mmxShiftImm) op() opFunc {
	return func(s *State, o *op) *op {
		s.mmxCheck()
		s.setMMX(o.dst, f(s.mmxReg(o.dst), uint64(uint8(o.imm))))
		return o.after()
	}
}

type mmxPacking func(a uint64) uint64

func (f mmxPacking) op() opFunc {
	return mmx(func(a, b uint64) uint64 { return f(a) | f(b)<<32 }).op()
}

func mmxFromGeneral[T word](s *State, o *op) *op {
	s.mmxCheck()
	s.setMMX(o.dst, uint64(rm[T](s, o)))
	return o.after()
}

func mmxToGeneral[T word](s *State, o *op) *op {
	s.mmxCheck()
	setRM(s, o, T(s.mmxReg(o.src)))
	s.mmxEnter()
	return o.after()
}

func mmxMove(s *State, o *op) *op {
	s.setMMX(o.dst, s.mmxSrc(o))
	return o.after()
}

func mmxStore(s *State, o *op) *op {
	s.mmxCheck()
	s.mem.Store64(s.ea(o), s.mmxReg(o.src))
	s.mmxEnter()
	return o.after()
}

func maskmovq(b *binder) { b.maskmov(storeMasked64) }

func storeMasked64(s *State, o *op) *op {
	s.mmxCheck()
	s.storeMasked(s.ea(o), []uint64{s.mmxReg(o.dst)}, []uint64{s.mmxReg(o.src)})
	s.mmxEnter()
	return o.after()
}

func movq2dq(s *State, o *op) *op {
	s.mmxCheck()
	v := s.mmxReg(o.src)
	s.mmxEnter()
	d := &s.V[o.dst&31]
	d[0], d[1] = v, 0
	return o.after()
}

func movdq2q(s *State, o *op) *op {
	s.mmxCheck()
	s.setMMX(o.dst, s.V[o.src&31][0])
	return o.after()
}

// emms leaves the registers' contents, but marks them empty.
func emms(s *State, o *op) *op {
	s.mmxCheck()
	s.FPU.Top, s.FPU.Tag = 0, 0
	return o.after()
}

func pshufw(s *State, o *op) *op {
	v := s.mmxSrc(o)
	s.setMMX(o.dst, shufw(v, uint8(o.imm)))
	return o.after()
}

func mmxInsertWord(s *State, o *op) *op {
	s.mmxCheck()
	w := wordSrc(s, o)
	s.setMMX(o.dst, insertWord(s.mmxReg(o.dst), w, o.imm))
	return o.after()
}

func mmxExtractWord(s *State, o *op) *op {
	s.mmxCheck()
	s.mmxEnter()
	s.R[o.dst&31] = s.mmxReg(o.src) >> (o.imm & 3 * 16) & 0xffff
	return o.after()
}

func mmxMask(s *State, o *op) *op {
	s.mmxCheck()
	s.mmxEnter()
	s.R[o.dst&31] = pmovmskb(s.mmxReg(o.src))
	return o.after()
}
