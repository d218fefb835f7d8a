package x86

import "github.com/nuage-emu/nuage/memory"

// Moves, shuffles and conversions of lanes' widths. A move of a scalar between
// registers takes the rest from VEX.vvvv; a load clears it.
var avxMoveRows = Section{Ref: "Vol. 1, 5.13 Intel AVX (VEX.128, floating-point VEX.256) and 5.16 Intel AVX2: moves and shuffles", Feature: "AVX, AVX2", Rows: []Spec{
	{"VEX.128/256.0F.WIG 28 /r", "vmovaps", "=Vx Wxa", "", 0, lengths{vload128, vload256}},
	{"VEX.128/256.0F.WIG 29 /r", "vmovaps", "=Wxa Vx", "", 0, lengths{vstore128, vstore256}},
	{"VEX.128/256.66.0F.WIG 28 /r", "vmovapd", "=Vx Wxa", "", 0, lengths{vload128, vload256}},
	{"VEX.128/256.66.0F.WIG 29 /r", "vmovapd", "=Wxa Vx", "", 0, lengths{vstore128, vstore256}},
	{"VEX.128/256.0F.WIG 10 /r", "vmovups", "=Vx Wx", "", 0, lengths{vload128, vload256}},
	{"VEX.128/256.0F.WIG 11 /r", "vmovups", "=Wx Vx", "", 0, lengths{vstore128, vstore256}},
	{"VEX.128/256.66.0F.WIG 10 /r", "vmovupd", "=Vx Wx", "", 0, lengths{vload128, vload256}},
	{"VEX.128/256.66.0F.WIG 11 /r", "vmovupd", "=Wx Vx", "", 0, lengths{vstore128, vstore256}},
	{"VEX.128/256.66.0F.WIG 6F /r", "vmovdqa", "=Vx Wxa", "", 0, lengths{vload128, vload256}},
	{"VEX.128/256.66.0F.WIG 7F /r", "vmovdqa", "=Wxa Vx", "", 0, lengths{vstore128, vstore256}},
	{"VEX.128/256.F3.0F.WIG 6F /r", "vmovdqu", "=Vx Wx", "", 0, lengths{vload128, vload256}},
	{"VEX.128/256.F3.0F.WIG 7F /r", "vmovdqu", "=Wx Vx", "", 0, lengths{vstore128, vstore256}},
	{"VEX.128/256.F2.0F.WIG F0 /r", "vlddqu", "=Vx Mx", "", 0, lengths{vload128, vload256}},
	{"VEX.128/256.66.0F38.WIG 2A /r", "vmovntdqa", "=Vx Mxa", "", 0, lengths{vload128, vload256}},
	{"VEX.128/256.0F.WIG 2B /r", "vmovntps", "=Mxa Vx", "", 0, lengths{vstore128, vstore256}},
	{"VEX.128/256.66.0F.WIG 2B /r", "vmovntpd", "=Mxa Vx", "", 0, lengths{vstore128, vstore256}},
	{"VEX.128/256.66.0F.WIG E7 /r", "vmovntdq", "=Mxa Vx", "", 0, lengths{vstore128, vstore256}},

	{"VEX.LIG.F3.0F.WIG 10 /r", "vmovss", "=Vdq Hdq Ud", "", 0, sse},
	{"VEX.LIG.F3.0F.WIG 10 /r", "vmovss", "=Vdq Md", "", 0, vex(vmovd)},
	{"VEX.LIG.F3.0F.WIG 11 /r", "vmovss", "=Udq Hdq Vd", "", 0, sse},
	{"VEX.LIG.F3.0F.WIG 11 /r", "vmovss", "=Md Vd", "", 0, sse},
	{"VEX.LIG.F2.0F.WIG 10 /r", "vmovsd", "=Vdq Hdq Uq", "", 0, sse},
	{"VEX.LIG.F2.0F.WIG 10 /r", "vmovsd", "=Vdq Mq", "", 0, vex(vmovq)},
	{"VEX.LIG.F2.0F.WIG 11 /r", "vmovsd", "=Udq Hdq Vq", "", 0, sse},
	{"VEX.LIG.F2.0F.WIG 11 /r", "vmovsd", "=Mq Vq", "", 0, sse},
	{"VEX.128.0F.WIG 12 /r", "vmovhlps", "=Vdq Hdq Udq", "", 0, sse},
	{"VEX.128.0F.WIG 12 /r", "vmovlps", "=Vdq Hdq Mq", "", 0, sse},
	{"VEX.128.66.0F.WIG 12 /r", "vmovlpd", "=Vdq Hdq Mq", "", 0, sse},
	{"VEX.128.0F.WIG 13 /r", "vmovlps", "=Mq Vq", "", 0, sse},
	{"VEX.128.66.0F.WIG 13 /r", "vmovlpd", "=Mq Vq", "", 0, sse},
	{"VEX.128.0F.WIG 16 /r", "vmovlhps", "=Vdq Hdq Uq", "", 0, sse},
	{"VEX.128.0F.WIG 16 /r", "vmovhps", "=Vdq Hdq Mq", "", 0, sse},
	{"VEX.128.66.0F.WIG 16 /r", "vmovhpd", "=Vdq Hdq Mq", "", 0, sse},
	{"VEX.128.0F.WIG 17 /r", "vmovhps", "=Mq Vdq", "", 0, sse},
	{"VEX.128.66.0F.WIG 17 /r", "vmovhpd", "=Mq Vdq", "", 0, sse},
	{"VEX.128.66.0F.W0 6E /r", "vmovd", "=Vdq Ed", "", 0, sse},
	{"VEX.128.66.0F.W1 6E /r", "vmovq", "=Vdq Eq", "", 0, sse},
	{"VEX.128.66.0F.W0 7E /r", "vmovd", "=Ed Vd", "", 0, sse},
	{"VEX.128.66.0F.W1 7E /r", "vmovq", "=Eq Vq", "", 0, sse},
	{"VEX.128.F3.0F.WIG 7E /r", "vmovq", "=Vdq Wq", "", 0, vex(vmovq)},
	{"VEX.128.66.0F.WIG D6 /r", "vmovq", "=Udq Vq", "", 0, sse},
	{"VEX.128.66.0F.WIG D6 /r", "vmovq", "=Mq Vq", "", 0, sse},
	{"VEX.128.F2.0F.WIG 12 /r", "vmovddup", "=Vdq Wq", "", 0, sse},
	{"VEX.256.F2.0F.WIG 12 /r", "vmovddup", "=Vqq Wqq", "", 0, sse},
	{"VEX.128/256.F3.0F.WIG 12 /r", "vmovsldup", "=Vx Wx", "", 0, sse},
	{"VEX.128/256.F3.0F.WIG 16 /r", "vmovshdup", "=Vx Wx", "", 0, sse},
	{"VEX.128.66.0F.WIG F7 /r", "vmaskmovdqu", "Vdq Udq | =Ydq", "", 0, maskmovdqu},

	{"VEX.128/256.0F.WIG 50 /r", "vmovmskps", "=Gd Ux", "", 0, lengths{movmskps, vmovmskps}},
	{"VEX.128/256.66.0F.WIG 50 /r", "vmovmskpd", "=Gd Ux", "", 0, lengths{movmskpd, vmovmskpd}},
	{"VEX.128/256.66.0F.WIG D7 /r", "vpmovmskb", "=Gd Ux", "", 0, lengths{pmovmskbVec, vpmovmskb}},

	{"VEX.128/256.0F.WIG C6 /r", "vshufps", "=Vx Hx Wx Ib", "", 0, sse},
	{"VEX.128/256.66.0F.WIG C6 /r", "vshufpd", "=Vx Hx Wx Ib", "", 0, sseNext(2)},
	{"VEX.128/256.0F.WIG 14 /r", "vunpcklps", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F.WIG 14 /r", "vunpcklpd", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.0F.WIG 15 /r", "vunpckhps", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F.WIG 15 /r", "vunpckhpd", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F.WIG 63 /r", "vpacksswb", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F.WIG 6B /r", "vpackssdw", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F.WIG 67 /r", "vpackuswb", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F38.WIG 2B /r", "vpackusdw", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F.WIG 60 /r", "vpunpcklbw", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F.WIG 61 /r", "vpunpcklwd", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F.WIG 62 /r", "vpunpckldq", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F.WIG 6C /r", "vpunpcklqdq", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F.WIG 68 /r", "vpunpckhbw", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F.WIG 69 /r", "vpunpckhwd", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F.WIG 6A /r", "vpunpckhdq", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F.WIG 6D /r", "vpunpckhqdq", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F.WIG 70 /r", "vpshufd", "=Vx Wx Ib", "", 0, sse},
	{"VEX.128/256.F2.0F.WIG 70 /r", "vpshuflw", "=Vx Wx Ib", "", 0, sse},
	{"VEX.128/256.F3.0F.WIG 70 /r", "vpshufhw", "=Vx Wx Ib", "", 0, sse},
	{"VEX.128/256.66.0F38.WIG 00 /r", "vpshufb", "=Vx Hx Wx", "", 0, sse},
	{"VEX.128/256.66.0F3A.WIG 0F /r", "vpalignr", "=Vx Hx Wx Ib", "", 0, sse},
	{"VEX.128/256.66.0F3A.WIG 0C /r", "vblendps", "=Vx Hx Wx Ib", "", 0, sseNext(4)},
	{"VEX.128/256.66.0F3A.WIG 0D /r", "vblendpd", "=Vx Hx Wx Ib", "", 0, sseNext(2)},
	{"VEX.128/256.66.0F3A.WIG 0E /r", "vpblendw", "=Vx Hx Wx Ib", "", 0, sse},
	{"VEX.128/256.66.0F3A.W0 4A /r", "vblendvps", "=Vx Hx Wx Lx", "", 0, blendBy(fillTopD)},
	{"VEX.128/256.66.0F3A.W0 4B /r", "vblendvpd", "=Vx Hx Wx Lx", "", 0, blendBy(fillQ)},
	{"VEX.128/256.66.0F3A.W0 4C /r", "vpblendvb", "=Vx Hx Wx Lx", "", 0, blendBy(fillTopB)},

	{"VEX.128.66.0F3A.WIG 21 /r", "vinsertps", "=Vdq Hdq Udq Ib", "", 0, sse},
	{"VEX.128.66.0F3A.WIG 21 /r", "vinsertps", "=Vdq Hdq Md Ib", "", 0, sse},
	{"VEX.128.66.0F3A.WIG 17 /r", "vextractps", "=Ed Vdq Ib", "", 0, sse},
	{"VEX.128.66.0F3A.WIG 20 /r", "vpinsrb", "=Vdq Hdq Rd Ib", "", 0, sse},
	{"VEX.128.66.0F3A.WIG 20 /r", "vpinsrb", "=Vdq Hdq Mb Ib", "", 0, sse},
	{"VEX.128.66.0F.WIG C4 /r", "vpinsrw", "=Vdq Hdq Rd Ib", "", 0, sse},
	{"VEX.128.66.0F.WIG C4 /r", "vpinsrw", "=Vdq Hdq Mw Ib", "", 0, sse},
	{"VEX.128.66.0F3A.W0 22 /r", "vpinsrd", "=Vdq Hdq Ed Ib", "", 0, sse},
	{"VEX.128.66.0F3A.W1 22 /r", "vpinsrq", "=Vdq Hdq Eq Ib", "", 0, sse},
	{"VEX.128.66.0F3A.WIG 14 /r", "vpextrb", "=Rd Vdq Ib", "", 0, sse},
	{"VEX.128.66.0F3A.WIG 14 /r", "vpextrb", "=Mb Vdq Ib", "", 0, sse},
	{"VEX.128.66.0F.WIG C5 /r", "vpextrw", "=Gd Udq Ib", "", 0, sse},
	{"VEX.128.66.0F3A.WIG 15 /r", "vpextrw", "=Rd Vdq Ib", "", 0, sse},
	{"VEX.128.66.0F3A.WIG 15 /r", "vpextrw", "=Mw Vdq Ib", "", 0, sse},
	{"VEX.128.66.0F3A.W0 16 /r", "vpextrd", "=Ed Vdq Ib", "", 0, sse},
	{"VEX.128.66.0F3A.W1 16 /r", "vpextrq", "=Eq Vdq Ib", "", 0, sse},

	{"VEX.128/256.66.0F38.WIG 20 /r", "vpmovsxbw", "=Vx Wx/2", "", 0, widening{extendBW, 32}},
	{"VEX.128/256.66.0F38.WIG 21 /r", "vpmovsxbd", "=Vx Wx/4", "", 0, widening{extendBD, 16}},
	{"VEX.128/256.66.0F38.WIG 22 /r", "vpmovsxbq", "=Vx Wx/8", "", 0, widening{extendBQ, 8}},
	{"VEX.128/256.66.0F38.WIG 23 /r", "vpmovsxwd", "=Vx Wx/2", "", 0, widening{extendWD, 32}},
	{"VEX.128/256.66.0F38.WIG 24 /r", "vpmovsxwq", "=Vx Wx/4", "", 0, widening{extendWQ, 16}},
	{"VEX.128/256.66.0F38.WIG 25 /r", "vpmovsxdq", "=Vx Wx/2", "", 0, widening{extendDQ, 32}},
	{"VEX.128/256.66.0F38.WIG 30 /r", "vpmovzxbw", "=Vx Wx/2", "", 0, widening{zeroBW, 32}},
	{"VEX.128/256.66.0F38.WIG 31 /r", "vpmovzxbd", "=Vx Wx/4", "", 0, widening{zeroBD, 16}},
	{"VEX.128/256.66.0F38.WIG 32 /r", "vpmovzxbq", "=Vx Wx/8", "", 0, widening{zeroBQ, 8}},
	{"VEX.128/256.66.0F38.WIG 33 /r", "vpmovzxwd", "=Vx Wx/2", "", 0, widening{zeroWD, 32}},
	{"VEX.128/256.66.0F38.WIG 34 /r", "vpmovzxwq", "=Vx Wx/4", "", 0, widening{zeroWQ, 16}},
	{"VEX.128/256.66.0F38.WIG 35 /r", "vpmovzxdq", "=Vx Wx/2", "", 0, widening{zeroDQ, 32}},

	{"VEX.128.0F.WIG 77", "vzeroupper", "", "", 0, opFunc(vzeroupper)},
	{"VEX.256.0F.WIG 77", "vzeroall", "", "", 0, opFunc(vzeroall)},
}}

// The new instructions of AVX and AVX2.
var avxNewRows = Section{Ref: "Vol. 1, 5.13 Intel AVX and 5.16 Intel AVX2: broadcasts, permutations, masked moves", Feature: "AVX, AVX2", Rows: []Spec{
	{"VEX.128/256.66.0F38.W0 18 /r", "vbroadcastss", "=Vx Wd", "", 0, broadcast{32}},
	{"VEX.256.66.0F38.W0 19 /r", "vbroadcastsd", "=Vqq Wq", "", 0, broadcast{64}},
	{"VEX.256.66.0F38.W0 1A /r", "vbroadcastf128", "=Vqq Mdq", "", 0, vex(vbroadcast128)},
	{"VEX.128/256.66.0F38.W0 78 /r", "vpbroadcastb", "=Vx Wb", "", 0, broadcast{8}},
	{"VEX.128/256.66.0F38.W0 79 /r", "vpbroadcastw", "=Vx Ww", "", 0, broadcast{16}},
	{"VEX.128/256.66.0F38.W0 58 /r", "vpbroadcastd", "=Vx Wd", "", 0, broadcast{32}},
	{"VEX.128/256.66.0F38.W0 59 /r", "vpbroadcastq", "=Vx Wq", "", 0, broadcast{64}},
	{"VEX.256.66.0F38.W0 5A /r", "vbroadcasti128", "=Vqq Mdq", "", 0, vex(vbroadcast128)},

	{"VEX.256.66.0F3A.W0 18 /r", "vinsertf128", "=Vqq Hqq Wdq Ib", "", 0, vex(vinsert128)},
	{"VEX.256.66.0F3A.W0 38 /r", "vinserti128", "=Vqq Hqq Wdq Ib", "", 0, vex(vinsert128)},
	{"VEX.256.66.0F3A.W0 19 /r", "vextractf128", "=Wdq Vqq Ib", "", 0, opFunc(vextract128)},
	{"VEX.256.66.0F3A.W0 39 /r", "vextracti128", "=Wdq Vqq Ib", "", 0, opFunc(vextract128)},
	{"VEX.256.66.0F3A.W0 06 /r", "vperm2f128", "=Vqq Hqq Wqq Ib", "", 0, vex(vperm2x128)},
	{"VEX.256.66.0F3A.W0 46 /r", "vperm2i128", "=Vqq Hqq Wqq Ib", "", 0, vex(vperm2x128)},
	{"VEX.256.66.0F38.W0 36 /r", "vpermd", "=Vqq Hqq Wqq", "", 0, vex(vpermd)},
	{"VEX.256.66.0F38.W0 16 /r", "vpermps", "=Vqq Hqq Wqq", "", 0, vex(vpermd)},
	{"VEX.256.66.0F3A.W1 00 /r", "vpermq", "=Vqq Wqq Ib", "", 0, vex(vpermq)},
	{"VEX.256.66.0F3A.W1 01 /r", "vpermpd", "=Vqq Wqq Ib", "", 0, vex(vpermq)},
	{"VEX.128/256.66.0F38.W0 0C /r", "vpermilps", "=Vx Hx Wx", "", 0, vex(vpermilps)},
	{"VEX.128/256.66.0F38.W0 0D /r", "vpermilpd", "=Vx Hx Wx", "", 0, vex(vpermilpd)},
	{"VEX.128/256.66.0F3A.W0 04 /r", "vpermilps", "=Vx Wx Ib", "", 0, vex(vpermilpsImm)},
	{"VEX.128/256.66.0F3A.W0 05 /r", "vpermilpd", "=Vx Wx Ib", "", 0, vex(vpermilpdImm)},
	{"VEX.128/256.66.0F3A.W0 02 /r", "vpblendd", "=Vx Hx Wx Ib", "", 0, vex(vpblendd)},

	{"VEX.128/256.66.0F38.W0 2C /r", "vmaskmovps", "=Vx Hx Mx", "", 0, vex(vmaskload32)},
	{"VEX.128/256.66.0F38.W0 2D /r", "vmaskmovpd", "=Vx Hx Mx", "", 0, vex(vmaskload64)},
	{"VEX.128/256.66.0F38.W0 2E /r", "vmaskmovps", "=Mx Hx Vx", "", 0, vex(vmaskstore32)},
	{"VEX.128/256.66.0F38.W0 2F /r", "vmaskmovpd", "=Mx Hx Vx", "", 0, vex(vmaskstore64)},
	{"VEX.128/256.66.0F38.W0 8C /r", "vpmaskmovd", "=Vx Hx Mx", "", 0, vex(vmaskload32)},
	{"VEX.128/256.66.0F38.W1 8C /r", "vpmaskmovq", "=Vx Hx Mx", "", 0, vex(vmaskload64)},
	{"VEX.128/256.66.0F38.W0 8E /r", "vpmaskmovd", "=Mx Hx Vx", "", 0, vex(vmaskstore32)},
	{"VEX.128/256.66.0F38.W1 8E /r", "vpmaskmovq", "=Mx Hx Vx", "", 0, vex(vmaskstore64)},
}}

// Moves of whole registers: operands by position.

func vload128(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	s.V[o.dst&31].set128(lo, hi)
	return o.after()
}

func vload256(s *State, o *op) *op {
	s.V[o.dst&31].copy(s.rmVec(o))
	return o.after()
}

func vstore128(s *State, o *op) *op {
	v := &s.V[o.src&31]
	if o.mem {
		s.store128(o, v[0], v[1])
	} else {
		s.V[o.dst&31].set128(v[0], v[1])
	}
	return o.after()
}

func vstore256(s *State, o *op) *op {
	v := &s.V[o.src&31]
	if o.mem {
		s.store256(o, v)
	} else {
		s.V[o.dst&31].copy(v)
	}
	return o.after()
}

func vmovq(s *State, o *op) *op {
	v := s.rmLow64(o)
	s.V[o.dst&31].set128(v, 0)
	return o.after()
}

// vmovd is the load of VMOVSS.
func vmovd(s *State, o *op) *op {
	v := s.mem.Load32(s.ea(o))
	s.V[o.dst&31].set128(uint64(v), 0)
	return o.after()
}

func vmovmskps(s *State, o *op) *op {
	v := &s.V[o.src&31]
	pair := func(v uint64) uint64 { return v>>31&1 | v>>62&2 }
	s.R[o.dst&31] = pair(v[0]) | pair(v[1])<<2 | pair(v[2])<<4 | pair(v[3])<<6
	return o.after()
}

func vmovmskpd(s *State, o *op) *op {
	v := &s.V[o.src&31]
	s.R[o.dst&31] = v[0]>>63 | v[1]>>62&2 | v[2]>>61&4 | v[3]>>60&8
	return o.after()
}

func vpmovmskb(s *State, o *op) *op {
	v := &s.V[o.src&31]
	s.R[o.dst&31] = pmovmskb(v[0]) | pmovmskb(v[1])<<8 | pmovmskb(v[2])<<16 | pmovmskb(v[3])<<24
	return o.after()
}

func vzeroupper(s *State, o *op) *op {
	for i := range s.V[:16] {
		s.V[i][2], s.V[i][3] = 0, 0
	}
	return o.after()
}

func vzeroall(s *State, o *op) *op {
	clear(s.V[:16])
	return o.after()
}

// blendBy is the Do of a blend by the top bits of the lanes of the register in
// the immediate.
type blendBy func(v uint64) uint64

func (fill blendBy) op(words uint8) opFunc {
	return func(s *State, o *op) *op {
		b := s.rmVec(o)
		a, m := &s.V[o.src&31], &s.V[o.imm&15]
		var r Vec
		for i := range r[:words] {
			r[i] = pick(b[i], a[i], fill(m[i]))
		}
		s.V[o.dst&31].copy(&r)
		return o.after()
	}
}

// widening is the Do of an instruction that widens lanes: of makes 8 bytes of
// those that begin at bit 0, step is how many bits it consumes.
type widening struct {
	of   func(a uint64) uint64
	step uint
}

func (e widening) op(words uint8) opFunc {
	return func(s *State, o *op) *op {
		lo, hi := s.rmBytes(o, uint8(e.step)*words/8)
		var r Vec
		for i := range r[:words] {
			r[i] = e.of(lo)
			lo, hi = lo>>e.step|hi<<(64-e.step), hi>>e.step
		}
		s.V[o.dst&31].copy(&r)
		return o.after()
	}
}

// broadcast is the Do of an instruction that fills the destination with copies
// of an element of so many bits.
type broadcast struct{ bits uint8 }

func (w broadcast) op(words uint8) opFunc {
	each := ^uint64(0)
	if w.bits < 64 {
		each /= 1<<w.bits - 1 // the lowest bit of every element
	} else {
		each = 1
	}
	return func(s *State, o *op) *op {
		v, _ := s.rmBytes(o, w.bits/8)
		v = v << (64 - w.bits) >> (64 - w.bits) * each
		r := Vec{v, v, v, v}
		clear(r[words:])
		s.V[o.dst&31].copy(&r)
		return o.after()
	}
}

func vbroadcast128(s *State, o *op) *op {
	lo, hi := s.rm128(o)
	s.V[o.dst&31].set256(lo, hi, lo, hi)
	return o.after()
}

func vinsert128(s *State, o *op) *op {
	lo, hi := s.rm128(o)
	a, d := &s.V[o.src&31], &s.V[o.dst&31]
	if o.imm&1 == 0 {
		d.set256(lo, hi, a[2], a[3])
	} else {
		d.set256(a[0], a[1], lo, hi)
	}
	return o.after()
}

func vextract128(s *State, o *op) *op {
	v, i := &s.V[o.src&31], o.imm&1*2
	lo, hi := v[i], v[i+1]
	if o.mem {
		s.store128(o, lo, hi)
	} else {
		s.V[o.dst&31].set128(lo, hi)
	}
	return o.after()
}

// vperm2x128 picks one of the four lanes of both sources, or zero, twice.
func vperm2x128(s *State, o *op) *op {
	b := s.rmVec(o)
	a := &s.V[o.src&31]
	lane := func(sel uint64) (lo, hi uint64) {
		v, i := a, sel&1*2
		if sel&2 != 0 {
			v = b
		}
		if sel&8 != 0 {
			return 0, 0
		}
		return v[i], v[i+1]
	}
	var r Vec
	r[0], r[1] = lane(o.imm)
	r[2], r[3] = lane(o.imm >> 4)
	s.V[o.dst&31].copy(&r)
	return o.after()
}

// lane32 is doubleword i of v.
func (v *Vec) lane32(i uint64) uint64 { return uint64(uint32(v[i>>1&3] >> (i & 1 * 32))) }

func vpermd(s *State, o *op) *op {
	b := s.rmVec(o)
	sel := &s.V[o.src&31]
	var r Vec
	for i, x := range sel {
		r[i] = b.lane32(x&7) | b.lane32(x>>32&7)<<32
	}
	s.V[o.dst&31].copy(&r)
	return o.after()
}

func vpermq(s *State, o *op) *op {
	b := s.rmVec(o)
	sel := o.imm
	s.V[o.dst&31].set256(b[sel&3], b[sel>>2&3], b[sel>>4&3], b[sel>>6&3])
	return o.after()
}

// The in-lane permutations take the elements of VEX.vvvv by the lowest bits of
// the selectors (doubles by bit 1), or those of ModRM.rm by the immediate.

func vpermilps(s *State, o *op) *op {
	sel := s.rmVec(o)
	a := &s.V[o.src&31]
	var r Vec
	for i := range r[:o.cc] {
		lane := uint64(i) &^ 1 * 2
		r[i] = a.lane32(lane|sel[i]&3) | a.lane32(lane|sel[i]>>32&3)<<32
	}
	s.V[o.dst&31].copy(&r)
	return o.after()
}

func vpermilpd(s *State, o *op) *op {
	sel := s.rmVec(o)
	a := &s.V[o.src&31]
	var r Vec
	for i := range r[:o.cc] {
		r[i] = a[uint64(i)&^1|sel[i]>>1&1]
	}
	s.V[o.dst&31].copy(&r)
	return o.after()
}

func vpermilpsImm(s *State, o *op) *op {
	a := s.rmVec(o)
	var r Vec
	for i := range r[:o.cc] {
		lane, sel := uint64(i)&^1*2, o.imm>>(i&1*4)
		r[i] = a.lane32(lane|sel&3) | a.lane32(lane|sel>>2&3)<<32
	}
	s.V[o.dst&31].copy(&r)
	return o.after()
}

func vpermilpdImm(s *State, o *op) *op {
	a := s.rmVec(o)
	var r Vec
	for i := range r[:o.cc] {
		r[i] = a[uint64(i)&^1|o.imm>>i&1]
	}
	s.V[o.dst&31].copy(&r)
	return o.after()
}

func vpblendd(s *State, o *op) *op {
	b := s.rmVec(o)
	a := &s.V[o.src&31]
	var r Vec
	for i := range r[:o.cc] {
		r[i] = pick(b[i], a[i], blendMaskD(o.imm>>(2*i)))
	}
	s.V[o.dst&31].copy(&r)
	return o.after()
}

// The masked moves access the elements whose mask, in VEX.vvvv, has its top bit
// set, and no others: nothing else can fault.

func vmaskload32(s *State, o *op) *op {
	at, m := s.ea(o), s.V[o.src&31]
	var r Vec
	for i := range uint32(o.cc) * 2 {
		if m[i>>1]>>(i&1*32+31)&1 != 0 {
			r[i>>1] |= uint64(s.mem.Load32(at+4*i)) << (i & 1 * 32)
		}
	}
	s.V[o.dst&31].copy(&r)
	return o.after()
}

func vmaskload64(s *State, o *op) *op {
	at, m := s.ea(o), s.V[o.src&31]
	var r Vec
	for i := range uint32(o.cc) {
		if int64(m[i]) < 0 {
			r[i] = s.mem.Load64(at + 8*i)
		}
	}
	s.V[o.dst&31].copy(&r)
	return o.after()
}

// A masked store writes everything or nothing: where the operand crosses into
// another page, all elements are tried first.

func vmaskstore32(s *State, o *op) *op {
	at, m, v := s.ea(o), &s.V[o.src&31], &s.V[o.aux&31]
	selected := func(i uint32) bool { return m[i>>1]>>(i&1*32+31)&1 != 0 }
	n := uint32(o.cc) * 2
	if at&0xfff+4*n > 0x1000 {
		for i := range n {
			if selected(i) {
				s.mem.Probe(at+4*i, 4, memory.Write)
			}
		}
	}
	for i := range n {
		if selected(i) {
			s.mem.Store32(at+4*i, uint32(v[i>>1]>>(i&1*32)))
		}
	}
	return o.after()
}

func vmaskstore64(s *State, o *op) *op {
	at, m, v := s.ea(o), &s.V[o.src&31], &s.V[o.aux&31]
	n := uint32(o.cc)
	if at&0xfff+8*n > 0x1000 {
		for i := range n {
			if int64(m[i]) < 0 {
				s.mem.Probe(at+8*i, 8, memory.Write)
			}
		}
	}
	for i := range n {
		if int64(m[i]) < 0 {
			s.mem.Store64(at+8*i, v[i])
		}
	}
	return o.after()
}
