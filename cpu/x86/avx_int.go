package x86

// The integer instructions: 128 bits are AVX, 256 bits AVX2. All are the VEX
// forms of those of SSE2 to SSE4.2, AES and PCLMULQDQ.
var avxIntRows = Section{Ref: "Vol. 1, 5.13 Intel AVX (VEX.128) and 5.16 Intel AVX2 (VEX.256)", Feature: "AVX, AVX2", Rows: []Spec{
	{"VEX.128/256.66.0F.WIG FC /r", "vpaddb", "=Vx Hx Wx", "", 0, each(paddb)},
	{"VEX.128/256.66.0F.WIG FD /r", "vpaddw", "=Vx Hx Wx", "", 0, each(paddw)},
	{"VEX.128/256.66.0F.WIG FE /r", "vpaddd", "=Vx Hx Wx", "", 0, each(paddd)},
	{"VEX.128/256.66.0F.WIG D4 /r", "vpaddq", "=Vx Hx Wx", "", 0, each(paddq)},
	{"VEX.128/256.66.0F.WIG EC /r", "vpaddsb", "=Vx Hx Wx", "", 0, each(paddsb)},
	{"VEX.128/256.66.0F.WIG ED /r", "vpaddsw", "=Vx Hx Wx", "", 0, each(paddsw)},
	{"VEX.128/256.66.0F.WIG DC /r", "vpaddusb", "=Vx Hx Wx", "", 0, each(paddusb)},
	{"VEX.128/256.66.0F.WIG DD /r", "vpaddusw", "=Vx Hx Wx", "", 0, each(paddusw)},
	{"VEX.128/256.66.0F.WIG F8 /r", "vpsubb", "=Vx Hx Wx", "", 0, each(psubb)},
	{"VEX.128/256.66.0F.WIG F9 /r", "vpsubw", "=Vx Hx Wx", "", 0, each(psubw)},
	{"VEX.128/256.66.0F.WIG FA /r", "vpsubd", "=Vx Hx Wx", "", 0, each(psubd)},
	{"VEX.128/256.66.0F.WIG FB /r", "vpsubq", "=Vx Hx Wx", "", 0, each(psubq)},
	{"VEX.128/256.66.0F.WIG E8 /r", "vpsubsb", "=Vx Hx Wx", "", 0, each(psubsb)},
	{"VEX.128/256.66.0F.WIG E9 /r", "vpsubsw", "=Vx Hx Wx", "", 0, each(psubsw)},
	{"VEX.128/256.66.0F.WIG D8 /r", "vpsubusb", "=Vx Hx Wx", "", 0, each(psubusb)},
	{"VEX.128/256.66.0F.WIG D9 /r", "vpsubusw", "=Vx Hx Wx", "", 0, each(psubusw)},
	{"VEX.128/256.66.0F38.WIG 1C /r", "vpabsb", "=Vx Wx", "", 0, each(pabsb)},
	{"VEX.128/256.66.0F38.WIG 1D /r", "vpabsw", "=Vx Wx", "", 0, each(pabsw)},
	{"VEX.128/256.66.0F38.WIG 1E /r", "vpabsd", "=Vx Wx", "", 0, each(pabsd)},
	{"VEX.128/256.66.0F38.WIG 08 /r", "vpsignb", "=Vx Hx Wx", "", 0, each(psignb)},
	{"VEX.128/256.66.0F38.WIG 09 /r", "vpsignw", "=Vx Hx Wx", "", 0, each(psignw)},
	{"VEX.128/256.66.0F38.WIG 0A /r", "vpsignd", "=Vx Hx Wx", "", 0, each(psignd)},
	{"VEX.128/256.66.0F38.WIG 01 /r", "vphaddw", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F38.WIG 02 /r", "vphaddd", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F38.WIG 03 /r", "vphaddsw", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F38.WIG 05 /r", "vphsubw", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F38.WIG 06 /r", "vphsubd", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F38.WIG 07 /r", "vphsubsw", "=Vx Hx Wx", "", 0, sse},

	{"VEX.128/256.66.0F.WIG D5 /r", "vpmullw", "=Vx Hx Wx", "", 0, each(pmullw)},
	{"VEX.128/256.66.0F.WIG E5 /r", "vpmulhw", "=Vx Hx Wx", "", 0, each(pmulhw)},
	{"VEX.128/256.66.0F.WIG E4 /r", "vpmulhuw", "=Vx Hx Wx", "", 0, each(pmulhuw)},
	{"VEX.128/256.66.0F38.WIG 0B /r", "vpmulhrsw", "=Vx Hx Wx", "", 0, each(pmulhrsw)},
	{"VEX.128/256.66.0F38.WIG 40 /r", "vpmulld", "=Vx Hx Wx", "", 0, each(pmulld)},
	{"VEX.128/256.66.0F.WIG F4 /r", "vpmuludq", "=Vx Hx Wx", "", 0, each(pmuludq)},
	{"VEX.128/256.66.0F38.WIG 28 /r", "vpmuldq", "=Vx Hx Wx", "", 0, each(pmuldq)},
	{"VEX.128/256.66.0F.WIG F5 /r", "vpmaddwd", "=Vx Hx Wx", "", 0, each(pmaddwd)},
	{"VEX.128/256.66.0F38.WIG 04 /r", "vpmaddubsw", "=Vx Hx Wx", "", 0, each(pmaddubsw)},
	{"VEX.128/256.66.0F.WIG F6 /r", "vpsadbw", "=Vx Hx Wx", "", 0, each(psadbw)},
	{"VEX.128/256.66.0F3A.WIG 42 /r", "vmpsadbw", "=Vx Hx Wx Ib", "", 0, sseNext(3)},
	{"VEX.128.66.0F38.WIG 41 /r", "vphminposuw", "=Vdq Wdq", "", 0, sse},
	{"VEX.128/256.66.0F.WIG E0 /r", "vpavgb", "=Vx Hx Wx", "", 0, each(pavgb)},
	{"VEX.128/256.66.0F.WIG E3 /r", "vpavgw", "=Vx Hx Wx", "", 0, each(pavgw)},
	{"VEX.128/256.66.0F.WIG DE /r", "vpmaxub", "=Vx Hx Wx", "", 0, each(pmaxub)},
	{"VEX.128/256.66.0F38.WIG 3E /r", "vpmaxuw", "=Vx Hx Wx", "", 0, each(pmaxuw)},
	{"VEX.128/256.66.0F38.WIG 3F /r", "vpmaxud", "=Vx Hx Wx", "", 0, each(pmaxud)},
	{"VEX.128/256.66.0F38.WIG 3C /r", "vpmaxsb", "=Vx Hx Wx", "", 0, each(pmaxsb)},
	{"VEX.128/256.66.0F.WIG EE /r", "vpmaxsw", "=Vx Hx Wx", "", 0, each(pmaxsw)},
	{"VEX.128/256.66.0F38.WIG 3D /r", "vpmaxsd", "=Vx Hx Wx", "", 0, each(pmaxsd)},
	{"VEX.128/256.66.0F.WIG DA /r", "vpminub", "=Vx Hx Wx", "", 0, each(pminub)},
	{"VEX.128/256.66.0F38.WIG 3A /r", "vpminuw", "=Vx Hx Wx", "", 0, each(pminuw)},
	{"VEX.128/256.66.0F38.WIG 3B /r", "vpminud", "=Vx Hx Wx", "", 0, each(pminud)},
	{"VEX.128/256.66.0F38.WIG 38 /r", "vpminsb", "=Vx Hx Wx", "", 0, each(pminsb)},
	{"VEX.128/256.66.0F.WIG EA /r", "vpminsw", "=Vx Hx Wx", "", 0, each(pminsw)},
	{"VEX.128/256.66.0F38.WIG 39 /r", "vpminsd", "=Vx Hx Wx", "", 0, each(pminsd)},

	{"VEX.128/256.66.0F.WIG 74 /r", "vpcmpeqb", "=Vx Hx Wx", "", 0, each(pcmpeqb)},
	{"VEX.128/256.66.0F.WIG 75 /r", "vpcmpeqw", "=Vx Hx Wx", "", 0, each(pcmpeqw)},
	{"VEX.128/256.66.0F.WIG 76 /r", "vpcmpeqd", "=Vx Hx Wx", "", 0, each(pcmpeqd)},
	{"VEX.128/256.66.0F38.WIG 29 /r", "vpcmpeqq", "=Vx Hx Wx", "", 0, each(pcmpeqq)},
	{"VEX.128/256.66.0F.WIG 64 /r", "vpcmpgtb", "=Vx Hx Wx", "", 0, each(pcmpgtb)},
	{"VEX.128/256.66.0F.WIG 65 /r", "vpcmpgtw", "=Vx Hx Wx", "", 0, each(pcmpgtw)},
	{"VEX.128/256.66.0F.WIG 66 /r", "vpcmpgtd", "=Vx Hx Wx", "", 0, each(pcmpgtd)},
	{"VEX.128/256.66.0F38.WIG 37 /r", "vpcmpgtq", "=Vx Hx Wx", "", 0, each(pcmpgtq)},
	{"VEX.128/256.66.0F38.WIG 17 /r", "vptest", "Vx Wx", "w:oszapc", 0, vexTest(^uint64(0))},
	{"VEX.128.66.0F3A.W0/W1 60 /r", "vpcmpestrm", "Vdq Wdq Ib | rAX rDX =XMM0", "w:oszapc", 0, sseXMM0{}},
	{"VEX.128.66.0F3A.W0/W1 61 /r", "vpcmpestri", "Vdq Wdq Ib | rAX rDX =ECX", "w:oszapc", 0, sse},
	{"VEX.128.66.0F3A.WIG 62 /r", "vpcmpistrm", "Vdq Wdq Ib | =XMM0", "w:oszapc", 0, sseXMM0{}},
	{"VEX.128.66.0F3A.WIG 63 /r", "vpcmpistri", "Vdq Wdq Ib | =ECX", "w:oszapc", 0, sse},

	{"VEX.128/256.66.0F.WIG DB /r", "vpand", "=Vx Hx Wx", "", 0, lengths{vand128, vand256}},
	{"VEX.128/256.66.0F.WIG DF /r", "vpandn", "=Vx Hx Wx", "", 0, lengths{vandn128, vandn256}},
	{"VEX.128/256.66.0F.WIG EB /r", "vpor", "=Vx Hx Wx", "", 0, lengths{vor128, vor256}},
	{"VEX.128/256.66.0F.WIG EF /r", "vpxor", "=Vx Hx Wx", "", 0, lengths{vxor128, vxor256}},
	{"VEX.128/256.0F.WIG 54 /r", "vandps", "=Vx Hx Wx", "", 0, lengths{vand128, vand256}},
	{"VEX.128/256.66.0F.WIG 54 /r", "vandpd", "=Vx Hx Wx", "", 0, lengths{vand128, vand256}},
	{"VEX.128/256.0F.WIG 55 /r", "vandnps", "=Vx Hx Wx", "", 0, lengths{vandn128, vandn256}},
	{"VEX.128/256.66.0F.WIG 55 /r", "vandnpd", "=Vx Hx Wx", "", 0, lengths{vandn128, vandn256}},
	{"VEX.128/256.0F.WIG 56 /r", "vorps", "=Vx Hx Wx", "", 0, lengths{vor128, vor256}},
	{"VEX.128/256.66.0F.WIG 56 /r", "vorpd", "=Vx Hx Wx", "", 0, lengths{vor128, vor256}},
	{"VEX.128/256.0F.WIG 57 /r", "vxorps", "=Vx Hx Wx", "", 0, lengths{vxor128, vxor256}},
	{"VEX.128/256.66.0F.WIG 57 /r", "vxorpd", "=Vx Hx Wx", "", 0, lengths{vxor128, vxor256}},

	{"VEX.128/256.66.0F.WIG F1 /r", "vpsllw", "=Vx Hx Wdq", "", 0, eachBy(psllw)},
	{"VEX.128/256.66.0F.WIG F2 /r", "vpslld", "=Vx Hx Wdq", "", 0, eachBy(pslld)},
	{"VEX.128/256.66.0F.WIG F3 /r", "vpsllq", "=Vx Hx Wdq", "", 0, eachBy(psllq)},
	{"VEX.128/256.66.0F.WIG D1 /r", "vpsrlw", "=Vx Hx Wdq", "", 0, eachBy(psrlw)},
	{"VEX.128/256.66.0F.WIG D2 /r", "vpsrld", "=Vx Hx Wdq", "", 0, eachBy(psrld)},
	{"VEX.128/256.66.0F.WIG D3 /r", "vpsrlq", "=Vx Hx Wdq", "", 0, eachBy(psrlq)},
	{"VEX.128/256.66.0F.WIG E1 /r", "vpsraw", "=Vx Hx Wdq", "", 0, eachBy(psraw)},
	{"VEX.128/256.66.0F.WIG E2 /r", "vpsrad", "=Vx Hx Wdq", "", 0, eachBy(psrad)},
	{"VEX.128/256.66.0F.WIG 71 /6", "vpsllw", "=Hx Ux Ib", "", 0, eachBy(psllw)},
	{"VEX.128/256.66.0F.WIG 72 /6", "vpslld", "=Hx Ux Ib", "", 0, eachBy(pslld)},
	{"VEX.128/256.66.0F.WIG 73 /6", "vpsllq", "=Hx Ux Ib", "", 0, eachBy(psllq)},
	{"VEX.128/256.66.0F.WIG 71 /2", "vpsrlw", "=Hx Ux Ib", "", 0, eachBy(psrlw)},
	{"VEX.128/256.66.0F.WIG 72 /2", "vpsrld", "=Hx Ux Ib", "", 0, eachBy(psrld)},
	{"VEX.128/256.66.0F.WIG 73 /2", "vpsrlq", "=Hx Ux Ib", "", 0, eachBy(psrlq)},
	{"VEX.128/256.66.0F.WIG 71 /4", "vpsraw", "=Hx Ux Ib", "", 0, eachBy(psraw)},
	{"VEX.128/256.66.0F.WIG 72 /4", "vpsrad", "=Hx Ux Ib", "", 0, eachBy(psrad)},
	{"VEX.128/256.66.0F.WIG 73 /7", "vpslldq", "=Hx Ux Ib", "", 0, sse},
	{"VEX.128/256.66.0F.WIG 73 /3", "vpsrldq", "=Hx Ux Ib", "", 0, sse},
	{"VEX.128/256.66.0F38.W0 47 /r", "vpsllvd", "=Vx Hx Wx", "", 0, each(vpsllvd)},
	{"VEX.128/256.66.0F38.W1 47 /r", "vpsllvq", "=Vx Hx Wx", "", 0, each(psllq)},
	{"VEX.128/256.66.0F38.W0 45 /r", "vpsrlvd", "=Vx Hx Wx", "", 0, each(vpsrlvd)},
	{"VEX.128/256.66.0F38.W1 45 /r", "vpsrlvq", "=Vx Hx Wx", "", 0, each(psrlq)},
	{"VEX.128/256.66.0F38.W0 46 /r", "vpsravd", "=Vx Hx Wx", "", 0, each(vpsravd)},

	{"VEX.128.66.0F38.WIG DB /r", "vaesimc", "=Vdq Wdq", "", 0, sse},
	{"VEX.128.66.0F38.WIG DC /r", "vaesenc", "=Vdq Hdq Wdq", "", 0, sse},
	{"VEX.128.66.0F38.WIG DD /r", "vaesenclast", "=Vdq Hdq Wdq", "", 0, sse},
	{"VEX.128.66.0F38.WIG DE /r", "vaesdec", "=Vdq Hdq Wdq", "", 0, sse},
	{"VEX.128.66.0F38.WIG DF /r", "vaesdeclast", "=Vdq Hdq Wdq", "", 0, sse},
	{"VEX.128.66.0F3A.WIG DF /r", "vaeskeygenassist", "=Vdq Wdq Ib", "", 0, sse},
	{"VEX.128.66.0F3A.WIG 44 /r", "vpclmulqdq", "=Vdq Hdq Wdq Ib", "", 0, sse},
}}

// The shifts with a count for each lane.

func vpsllvd(a, n uint64) uint64 {
	return pslld(a, uint64(uint32(n)))&0xffffffff | pslld(a, n>>32)&^0xffffffff
}

func vpsrlvd(a, n uint64) uint64 {
	return psrld(a, uint64(uint32(n)))&0xffffffff | psrld(a, n>>32)&^0xffffffff
}

func vpsravd(a, n uint64) uint64 {
	return psrad(a, uint64(uint32(n)))&0xffffffff | psrad(a, n>>32)&^0xffffffff
}

// The bitwise operations are frequent enough to be written out.

func vand128(s *State, o *op) *op {
	lo, hi := s.rm128(o)
	a := &s.V[o.src&31]
	s.V[o.dst&31].set128(a[0]&lo, a[1]&hi)
	return o.after()
}

func vand256(s *State, o *op) *op {
	b := s.rmVec(o)
	a := &s.V[o.src&31]
	s.V[o.dst&31].set256(a[0]&b[0], a[1]&b[1], a[2]&b[2], a[3]&b[3])
	return o.after()
}

func vandn128(s *State, o *op) *op {
	lo, hi := s.rm128(o)
	a := &s.V[o.src&31]
	s.V[o.dst&31].set128(lo&^a[0], hi&^a[1])
	return o.after()
}

func vandn256(s *State, o *op) *op {
	b := s.rmVec(o)
	a := &s.V[o.src&31]
	s.V[o.dst&31].set256(b[0]&^a[0], b[1]&^a[1], b[2]&^a[2], b[3]&^a[3])
	return o.after()
}

func vor128(s *State, o *op) *op {
	lo, hi := s.rm128(o)
	a := &s.V[o.src&31]
	s.V[o.dst&31].set128(a[0]|lo, a[1]|hi)
	return o.after()
}

func vor256(s *State, o *op) *op {
	b := s.rmVec(o)
	a := &s.V[o.src&31]
	s.V[o.dst&31].set256(a[0]|b[0], a[1]|b[1], a[2]|b[2], a[3]|b[3])
	return o.after()
}

func vxor128(s *State, o *op) *op {
	lo, hi := s.rm128(o)
	a := &s.V[o.src&31]
	s.V[o.dst&31].set128(a[0]^lo, a[1]^hi)
	return o.after()
}

func vxor256(s *State, o *op) *op {
	b := s.rmVec(o)
	a := &s.V[o.src&31]
	s.V[o.dst&31].set256(a[0]^b[0], a[1]^b[1], a[2]^b[2], a[3]^b[3])
	return o.after()
}
