package x86

// The 128-bit SIMD integer instructions. Those that treat lanes alike are the
// functions of packed.go on each half of the register.
var sse2IntRows = Section{Ref: "Vol. 1, 5.6.3 Intel SSE2 128-Bit SIMD Integer Instructions", Feature: "SSE2", Rows: []Spec{
	{"66 0F FC /r", "paddb", "+Vx Wx", "", 0, packed(paddb)},
	{"66 0F FD /r", "paddw", "+Vx Wx", "", 0, packed(paddw)},
	{"66 0F FE /r", "paddd", "+Vx Wx", "", 0, packed(paddd)},
	{"66 0F D4 /r", "paddq", "+Vx Wx", "", 0, packed(paddq)},
	{"66 0F EC /r", "paddsb", "+Vx Wx", "", 0, packed(paddsb)},
	{"66 0F ED /r", "paddsw", "+Vx Wx", "", 0, packed(paddsw)},
	{"66 0F DC /r", "paddusb", "+Vx Wx", "", 0, packed(paddusb)},
	{"66 0F DD /r", "paddusw", "+Vx Wx", "", 0, packed(paddusw)},
	{"66 0F F8 /r", "psubb", "+Vx Wx", "", 0, packed(psubb)},
	{"66 0F F9 /r", "psubw", "+Vx Wx", "", 0, packed(psubw)},
	{"66 0F FA /r", "psubd", "+Vx Wx", "", 0, packed(psubd)},
	{"66 0F FB /r", "psubq", "+Vx Wx", "", 0, packed(psubq)},
	{"66 0F E8 /r", "psubsb", "+Vx Wx", "", 0, packed(psubsb)},
	{"66 0F E9 /r", "psubsw", "+Vx Wx", "", 0, packed(psubsw)},
	{"66 0F D8 /r", "psubusb", "+Vx Wx", "", 0, packed(psubusb)},
	{"66 0F D9 /r", "psubusw", "+Vx Wx", "", 0, packed(psubusw)},

	{"66 0F D5 /r", "pmullw", "+Vx Wx", "", 0, packed(pmullw)},
	{"66 0F E5 /r", "pmulhw", "+Vx Wx", "", 0, packed(pmulhw)},
	{"66 0F E4 /r", "pmulhuw", "+Vx Wx", "", 0, packed(pmulhuw)},
	{"66 0F F4 /r", "pmuludq", "+Vx Wx", "", 0, packed(pmuludq)},
	{"66 0F F5 /r", "pmaddwd", "+Vx Wx", "", 0, packed(pmaddwd)},
	{"66 0F F6 /r", "psadbw", "+Vx Wx", "", 0, packed(psadbw)},
	{"66 0F E0 /r", "pavgb", "+Vx Wx", "", 0, packed(pavgb)},
	{"66 0F E3 /r", "pavgw", "+Vx Wx", "", 0, packed(pavgw)},
	{"66 0F DE /r", "pmaxub", "+Vx Wx", "", 0, packed(pmaxub)},
	{"66 0F EE /r", "pmaxsw", "+Vx Wx", "", 0, packed(pmaxsw)},
	{"66 0F DA /r", "pminub", "+Vx Wx", "", 0, packed(pminub)},
	{"66 0F EA /r", "pminsw", "+Vx Wx", "", 0, packed(pminsw)},

	{"66 0F 74 /r", "pcmpeqb", "+Vx Wx", "", 0, packed(pcmpeqb)},
	{"66 0F 75 /r", "pcmpeqw", "+Vx Wx", "", 0, packed(pcmpeqw)},
	{"66 0F 76 /r", "pcmpeqd", "+Vx Wx", "", 0, packed(pcmpeqd)},
	{"66 0F 64 /r", "pcmpgtb", "+Vx Wx", "", 0, packed(pcmpgtb)},
	{"66 0F 65 /r", "pcmpgtw", "+Vx Wx", "", 0, packed(pcmpgtw)},
	{"66 0F 66 /r", "pcmpgtd", "+Vx Wx", "", 0, packed(pcmpgtd)},

	{"66 0F DB /r", "pand", "+Vx Wx", "", 0, vecAnd},
	{"66 0F DF /r", "pandn", "+Vx Wx", "", 0, vecAndn},
	{"66 0F EB /r", "por", "+Vx Wx", "", 0, vecOr},
	{"66 0F EF /r", "pxor", "+Vx Wx", "", 0, vecXor},

	{"66 0F F1 /r", "psllw", "+Vx Wx", "", 0, shifted(psllw)},
	{"66 0F F2 /r", "pslld", "+Vx Wx", "", 0, shifted(pslld)},
	{"66 0F F3 /r", "psllq", "+Vx Wx", "", 0, shifted(psllq)},
	{"66 0F D1 /r", "psrlw", "+Vx Wx", "", 0, shifted(psrlw)},
	{"66 0F D2 /r", "psrld", "+Vx Wx", "", 0, shifted(psrld)},
	{"66 0F D3 /r", "psrlq", "+Vx Wx", "", 0, shifted(psrlq)},
	{"66 0F E1 /r", "psraw", "+Vx Wx", "", 0, shifted(psraw)},
	{"66 0F E2 /r", "psrad", "+Vx Wx", "", 0, shifted(psrad)},
	{"66 0F 71 /6", "psllw", "+Ux Ib", "", 0, shiftedImm(psllw)},
	{"66 0F 72 /6", "pslld", "+Ux Ib", "", 0, shiftedImm(pslld)},
	{"66 0F 73 /6", "psllq", "+Ux Ib", "", 0, shiftedImm(psllq)},
	{"66 0F 71 /2", "psrlw", "+Ux Ib", "", 0, shiftedImm(psrlw)},
	{"66 0F 72 /2", "psrld", "+Ux Ib", "", 0, shiftedImm(psrld)},
	{"66 0F 73 /2", "psrlq", "+Ux Ib", "", 0, shiftedImm(psrlq)},
	{"66 0F 71 /4", "psraw", "+Ux Ib", "", 0, shiftedImm(psraw)},
	{"66 0F 72 /4", "psrad", "+Ux Ib", "", 0, shiftedImm(psrad)},
	{"66 0F 73 /7", "pslldq", "+Ux Ib", "", 0, opFunc(pslldq)},
	{"66 0F 73 /3", "psrldq", "+Ux Ib", "", 0, opFunc(psrldq)},

	{"66 0F 63 /r", "packsswb", "+Vx Wx", "", 0, packing(packsswb)},
	{"66 0F 6B /r", "packssdw", "+Vx Wx", "", 0, packing(packssdw)},
	{"66 0F 67 /r", "packuswb", "+Vx Wx", "", 0, packing(packuswb)},
	{"66 0F 60 /r", "punpcklbw", "+Vx Wx", "", 0, unpacking{0, punpcklbw, punpckhbw}},
	{"66 0F 61 /r", "punpcklwd", "+Vx Wx", "", 0, unpacking{0, punpcklwd, punpckhwd}},
	{"66 0F 62 /r", "punpckldq", "+Vx Wx", "", 0, unpacking{0, punpckldq, punpckhdq}},
	{"66 0F 6C /r", "punpcklqdq", "+Vx Wx", "", 0, opFunc(unpackLow)},
	{"66 0F 68 /r", "punpckhbw", "+Vx Wx", "", 0, unpacking{1, punpcklbw, punpckhbw}},
	{"66 0F 69 /r", "punpckhwd", "+Vx Wx", "", 0, unpacking{1, punpcklwd, punpckhwd}},
	{"66 0F 6A /r", "punpckhdq", "+Vx Wx", "", 0, unpacking{1, punpckldq, punpckhdq}},
	{"66 0F 6D /r", "punpckhqdq", "+Vx Wx", "", 0, opFunc(unpackHigh)},

	{"66 0F 70 /r", "pshufd", "=Vx Wx Ib", "", 0, opFunc(pshufd)},
	{"F2 0F 70 /r", "pshuflw", "=Vx Wx Ib", "", 0, opFunc(pshuflw)},
	{"F3 0F 70 /r", "pshufhw", "=Vx Wx Ib", "", 0, opFunc(pshufhw)},
	{"66 0F C4 /r", "pinsrw", "+Vx Rd Ib", "", 0, opFunc(pinsrw)},
	{"66 0F C4 /r", "pinsrw", "+Vx Mw Ib", "", 0, opFunc(pinsrw)},
	{"66 0F C5 /r", "pextrw", "=Gd Ux Ib", "", 0, opFunc(pextrw)},
	{"66 0F D7 /r", "pmovmskb", "=Gd Ux", "", 0, opFunc(pmovmskbVec)},
}}

// packed makes an instruction of a function that treats the halves of the
// register alike.
type packed func(a, b uint64) uint64

func (f packed) op() opFunc {
	return func(s *State, o *op) *op {
		lo, hi := s.vecSrc(o)
		d := &s.V[o.dst&31]
		d[0], d[1] = f(d[0], lo), f(d[1], hi)
		return o.after()
	}
}

// The bitwise operations are frequent enough to be written out.

func vecAnd(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = d[0]&lo, d[1]&hi
	return o.after()
}

func vecAndn(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = ^d[0]&lo, ^d[1]&hi
	return o.after()
}

func vecOr(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = d[0]|lo, d[1]|hi
	return o.after()
}

func vecXor(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = d[0]^lo, d[1]^hi
	return o.after()
}

// shifted takes the count from the low half of the second operand, all 64 bits
// of it; a memory operand is 16 bytes all the same.
type shifted func(a, n uint64) uint64

func (f shifted) op() opFunc {
	return func(s *State, o *op) *op {
		n, _ := s.vecSrc(o)
		d := &s.V[o.dst&31]
		d[0], d[1] = f(d[0], n), f(d[1], n)
		return o.after()
	}
}

type shiftedImm func(a, n uint64) uint64

func (f shiftedImm) op() opFunc {
	return func(s *State, o *op) *op {
		n := uint64(uint8(o.imm))
		d := &s.V[o.dst&31]
		d[0], d[1] = f(d[0], n), f(d[1], n)
		return o.after()
	}
}

// The shifts of the whole register count bytes; Go's shifts give zero from 64
// bits on, which makes one formula do for all counts up to 16.

func pslldq(s *State, o *op) *op {
	n := 8 * min(uint64(uint8(o.imm)), 16)
	d := &s.V[o.dst&31]
	d[0], d[1] = d[0]<<n, d[1]<<n|d[0]>>(64-n)|d[0]<<(n-64)
	return o.after()
}

func psrldq(s *State, o *op) *op {
	n := 8 * min(uint64(uint8(o.imm)), 16)
	d := &s.V[o.dst&31]
	d[0], d[1] = d[0]>>n|d[1]<<(64-n)|d[1]>>(n-64), d[1]>>n
	return o.after()
}

// packing puts the packed lanes of the destination below those of the source.
type packing func(a uint64) uint64

func (f packing) op() opFunc {
	return func(s *State, o *op) *op {
		lo, hi := s.vecSrc(o)
		d := &s.V[o.dst&31]
		d[0], d[1] = f(d[0])|f(d[1])<<32, f(lo)|f(hi)<<32
		return o.after()
	}
}

// unpacking interleaves one half (0: low, 1: high) of the two operands.
type unpacking struct {
	half      int
	low, high func(a, b uint64) uint64
}

func (u unpacking) op() opFunc {
	half, low, high := u.half, u.low, u.high
	return func(s *State, o *op) *op {
		b, hi := s.vecSrc(o)
		if half == 1 {
			b = hi
		}
		d := &s.V[o.dst&31]
		a := d[half]
		d[0], d[1] = low(a, b), high(a, b)
		return o.after()
	}
}

// unpackLow and unpackHigh are PUNPCKLQDQ and PUNPCKHQDQ, and the same for
// doubles.
func unpackLow(s *State, o *op) *op {
	lo, _ := s.vecSrc(o)
	s.V[o.dst&31][1] = lo
	return o.after()
}

func unpackHigh(s *State, o *op) *op {
	_, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = d[1], hi
	return o.after()
}

// dword picks doubleword i of the 16 bytes lo, hi.
func dword(lo, hi uint64, i uint64) uint64 {
	if i&2 != 0 {
		lo = hi
	}
	return uint64(uint32(lo >> (i & 1 * 32)))
}

func pshufd(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	sel := o.imm
	d := &s.V[o.dst&31]
	d[0] = dword(lo, hi, sel) | dword(lo, hi, sel>>2)<<32
	d[1] = dword(lo, hi, sel>>4) | dword(lo, hi, sel>>6)<<32
	return o.after()
}

func pshuflw(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = shufw(lo, uint8(o.imm)), hi
	return o.after()
}

func pshufhw(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = lo, shufw(hi, uint8(o.imm))
	return o.after()
}

// wordSrc is the second operand of PINSRW: a word in memory or the low word of
// a general register.
func wordSrc(s *State, o *op) uint64 {
	if o.mem {
		return uint64(s.mem.Load16(s.ea(o)))
	}
	return s.R[o.src&31] & 0xffff
}

// insertWord replaces word i&3 of v.
func insertWord(v, w, i uint64) uint64 {
	n := i & 3 * 16
	return v&^(0xffff<<n) | w<<n
}

func pinsrw(s *State, o *op) *op {
	w := wordSrc(s, o)
	p := &s.V[o.dst&31][o.imm>>2&1]
	*p = insertWord(*p, w, o.imm)
	return o.after()
}

func pextrw(s *State, o *op) *op {
	s.R[o.dst&31] = s.V[o.src&31][o.imm>>2&1] >> (o.imm & 3 * 16) & 0xffff
	return o.after()
}

func pmovmskbVec(s *State, o *op) *op {
	v := &s.V[o.src&31]
	s.R[o.dst&31] = pmovmskb(v[0]) | pmovmskb(v[1])<<8
	return o.after()
}
