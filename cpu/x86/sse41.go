package x86

// SSE4.1 (Vol. 1, 5.10), in the manual's groups. What the lanes do is in
// packed_sse4.go; the floating-point instructions are in sse41fp.go.
var sse41Rows = Section{Ref: "Vol. 1, 5.10 Intel SSE4.1 Instructions", Feature: "SSE4.1", Rows: []Spec{
	{"66 0F 38 40 /r", "pmulld", "+Vx Wx", "", 0, packed(pmulld)},
	{"66 0F 38 28 /r", "pmuldq", "+Vx Wx", "", 0, packed(pmuldq)},

	{"66 0F 3A 41 /r", "dppd", "+Vx Wx Ib", "", 0, opFunc(dppd)},
	{"66 0F 3A 40 /r", "dpps", "+Vx Wx Ib", "", 0, opFunc(dpps)},
	{"66 0F 38 2A /r", "movntdqa", "=Vx Mx", "", 0, opFunc(movVec)},

	{"66 0F 3A 0D /r", "blendpd", "+Vx Wx Ib", "", 0, opFunc(blendpd)},
	{"66 0F 3A 0C /r", "blendps", "+Vx Wx Ib", "", 0, opFunc(blendps)},
	{"66 0F 38 15 /r", "blendvpd", "+Vx Wx XMM0", "", 0, blendByTop(fillQ)},
	{"66 0F 38 14 /r", "blendvps", "+Vx Wx XMM0", "", 0, blendByTop(fillTopD)},
	{"66 0F 38 10 /r", "pblendvb", "+Vx Wx XMM0", "", 0, blendByTop(fillTopB)},
	{"66 0F 3A 0E /r", "pblendw", "+Vx Wx Ib", "", 0, opFunc(pblendw)},

	{"66 0F 38 3A /r", "pminuw", "+Vx Wx", "", 0, packed(pminuw)},
	{"66 0F 38 3B /r", "pminud", "+Vx Wx", "", 0, packed(pminud)},
	{"66 0F 38 38 /r", "pminsb", "+Vx Wx", "", 0, packed(pminsb)},
	{"66 0F 38 39 /r", "pminsd", "+Vx Wx", "", 0, packed(pminsd)},
	{"66 0F 38 3E /r", "pmaxuw", "+Vx Wx", "", 0, packed(pmaxuw)},
	{"66 0F 38 3F /r", "pmaxud", "+Vx Wx", "", 0, packed(pmaxud)},
	{"66 0F 38 3C /r", "pmaxsb", "+Vx Wx", "", 0, packed(pmaxsb)},
	{"66 0F 38 3D /r", "pmaxsd", "+Vx Wx", "", 0, packed(pmaxsd)},

	{"66 0F 3A 08 /r", "roundps", "=Vx Wx Ib", "", 0, opFunc(roundps)},
	{"66 0F 3A 09 /r", "roundpd", "=Vx Wx Ib", "", 0, opFunc(roundpd)},
	{"66 0F 3A 0A /r", "roundss", "=Vd Wd Ib", "", 0, opFunc(roundss)},
	{"66 0F 3A 0B /r", "roundsd", "=Vq Wq Ib", "", 0, opFunc(roundsd)},

	{"66 0F 3A 17 /r", "extractps", "=Ed Vx Ib", "", 0, opFunc(pextrd)},
	{"66 0F 3A 21 /r", "insertps", "+Vx Ux Ib", "", 0, opFunc(insertps)},
	{"66 0F 3A 21 /r", "insertps", "+Vx Md Ib", "", 0, opFunc(insertps)},
	{"66 0F 3A 20 /r", "pinsrb", "+Vx Rd Ib", "", 0, opFunc(pinsrb)},
	{"66 0F 3A 20 /r", "pinsrb", "+Vx Mb Ib", "", 0, opFunc(pinsrb)},
	{"66 0F 3A 22 W0 /r", "pinsrd", "+Vx Ed Ib", "", 0, opFunc(pinsrd)},
	{"66 0F 3A 22 W1 /r", "pinsrq", "+Vx Eq Ib", "", 0, opFunc(pinsrq)},
	{"66 0F 3A 14 /r", "pextrb", "=Rd Vx Ib", "", 0, opFunc(pextrb)},
	{"66 0F 3A 14 /r", "pextrb", "=Mb Vx Ib", "", 0, opFunc(pextrb)},
	{"66 0F 3A 15 /r", "pextrw", "=Rd Vx Ib", "", 0, opFunc(pextrwStore)},
	{"66 0F 3A 15 /r", "pextrw", "=Mw Vx Ib", "", 0, opFunc(pextrwStore)},
	{"66 0F 3A 16 W0 /r", "pextrd", "=Ed Vx Ib", "", 0, opFunc(pextrd)},
	{"66 0F 3A 16 W1 /r", "pextrq", "=Eq Vx Ib", "", 0, opFunc(pextrq)},

	{"66 0F 38 20 /r", "pmovsxbw", "=Vx Wq", "", 0, extending64{extendBW, 32}},
	{"66 0F 38 21 /r", "pmovsxbd", "=Vx Wd", "", 0, extending32{extendBD, 16}},
	{"66 0F 38 22 /r", "pmovsxbq", "=Vx Ww", "", 0, opFunc(pmovsxbq)},
	{"66 0F 38 23 /r", "pmovsxwd", "=Vx Wq", "", 0, extending64{extendWD, 32}},
	{"66 0F 38 24 /r", "pmovsxwq", "=Vx Wd", "", 0, extending32{extendWQ, 16}},
	{"66 0F 38 25 /r", "pmovsxdq", "=Vx Wq", "", 0, extending64{extendDQ, 32}},
	{"66 0F 38 30 /r", "pmovzxbw", "=Vx Wq", "", 0, extending64{zeroBW, 32}},
	{"66 0F 38 31 /r", "pmovzxbd", "=Vx Wd", "", 0, extending32{zeroBD, 16}},
	{"66 0F 38 32 /r", "pmovzxbq", "=Vx Ww", "", 0, opFunc(pmovzxbq)},
	{"66 0F 38 33 /r", "pmovzxwd", "=Vx Wq", "", 0, extending64{zeroWD, 32}},
	{"66 0F 38 34 /r", "pmovzxwq", "=Vx Wd", "", 0, extending32{zeroWQ, 16}},
	{"66 0F 38 35 /r", "pmovzxdq", "=Vx Wq", "", 0, extending64{zeroDQ, 32}},

	{"66 0F 3A 42 /r", "mpsadbw", "+Vx Wx Ib", "", 0, opFunc(mpsadbw)},
	{"66 0F 38 41 /r", "phminposuw", "=Vx Wx", "", 0, opFunc(phminposuw)},
	{"66 0F 38 17 /r", "ptest", "Vx Wx", "w:oszapc", 0, opFunc(ptest)},
	{"66 0F 38 29 /r", "pcmpeqq", "+Vx Wx", "", 0, packed(pcmpeqq)},
	{"66 0F 38 2B /r", "packusdw", "+Vx Wx", "", 0, packing(packusdw)},
}}

func blendpd(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = pick(lo, d[0], -(o.imm&1)), pick(hi, d[1], -(o.imm>>1&1))
	return o.after()
}

func blendps(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = pick(lo, d[0], blendMaskD(o.imm)), pick(hi, d[1], blendMaskD(o.imm>>2))
	return o.after()
}

func pblendw(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = pick(lo, d[0], blendMaskW(o.imm)), pick(hi, d[1], blendMaskW(o.imm>>4))
	return o.after()
}

// fillQ, fillTopD and fillTopB turn the top bit of each lane into a lane of
// that bit.

func fillQ(v uint64) uint64    { return uint64(int64(v) >> 63) }
func fillTopD(v uint64) uint64 { return fillD(v & topD) }
func fillTopB(v uint64) uint64 { return fillB(v & topB) }

// blendByTop takes the lanes of the source whose top bit in XMM0 is set.
type blendByTop func(v uint64) uint64

func (fill blendByTop) op() opFunc {
	return func(s *State, o *op) *op {
		lo, hi := s.vecSrc(o)
		m, d := &s.V[0], &s.V[o.dst&31]
		d[0], d[1] = pick(lo, d[0], fill(m[0])), pick(hi, d[1], fill(m[1]))
		return o.after()
	}
}

// insertps moves one doubleword of the source (memory has only one) to one of
// the destination and clears others.
func insertps(s *State, o *op) *op {
	var v uint64
	if o.mem {
		v = uint64(s.mem.Load32(s.ea(o)))
	} else {
		src := &s.V[o.src&31]
		v = dword(src[0], src[1], o.imm>>6)
	}
	d := &s.V[o.dst&31]
	p := &d[o.imm>>5&1]
	n := o.imm >> 4 & 1 * 32
	*p = *p&^(0xffffffff<<n) | v<<n
	d[0], d[1] = d[0]&^blendMaskD(o.imm), d[1]&^blendMaskD(o.imm>>2)
	return o.after()
}

func pinsrb(s *State, o *op) *op {
	v := s.R[o.src&31] & 0xff
	if o.mem {
		v = uint64(s.mem.Load8(s.ea(o)))
	}
	p := &s.V[o.dst&31][o.imm>>3&1]
	n := o.imm & 7 * 8
	*p = *p&^(0xff<<n) | v<<n
	return o.after()
}

func pinsrd(s *State, o *op) *op {
	v := uint64(rm[uint32](s, o))
	p := &s.V[o.dst&31][o.imm>>1&1]
	n := o.imm & 1 * 32
	*p = *p&^(0xffffffff<<n) | v<<n
	return o.after()
}

func pinsrq(s *State, o *op) *op {
	v := rm[uint64](s, o)
	s.V[o.dst&31][o.imm&1] = v
	return o.after()
}

// A lane extracted to a register fills all of it.

func pextrb(s *State, o *op) *op {
	v := uint8(s.V[o.src&31][o.imm>>3&1] >> (o.imm & 7 * 8))
	if o.mem {
		s.mem.Store8(s.ea(o), v)
	} else {
		s.R[o.dst&31] = uint64(v)
	}
	return o.after()
}

func pextrwStore(s *State, o *op) *op {
	v := uint16(s.V[o.src&31][o.imm>>2&1] >> (o.imm & 3 * 16))
	if o.mem {
		s.mem.Store16(s.ea(o), v)
	} else {
		s.R[o.dst&31] = uint64(v)
	}
	return o.after()
}

func pextrd(s *State, o *op) *op {
	v := &s.V[o.src&31]
	setRM(s, o, uint32(dword(v[0], v[1], o.imm)))
	return o.after()
}

func pextrq(s *State, o *op) *op {
	setRM(s, o, s.V[o.src&31][o.imm&1])
	return o.after()
}

// extending64 and extending32 widen the lanes of 8 or 4 bytes; those of the
// high half of the result start at bit from.

type extending64 struct {
	f    func(a uint64) uint64
	from uint
}

func (x extending64) op() opFunc {
	f, from := x.f, x.from
	return func(s *State, o *op) *op {
		v := s.vecSrc64(o)
		d := &s.V[o.dst&31]
		d[0], d[1] = f(v), f(v>>(from&63))
		return o.after()
	}
}

type extending32 struct {
	f    func(a uint64) uint64
	from uint
}

func (x extending32) op() opFunc {
	f, from := x.f, x.from
	return func(s *State, o *op) *op {
		v := uint64(s.vecSrc32(o))
		d := &s.V[o.dst&31]
		d[0], d[1] = f(v), f(v>>(from&63))
		return o.after()
	}
}

// vecSrc16 reads two bytes.
func (s *State) vecSrc16(o *op) uint64 {
	if o.mem {
		return uint64(s.mem.Load16(s.ea(o)))
	}
	return s.V[o.src&31][0]
}

func pmovsxbq(s *State, o *op) *op {
	v := s.vecSrc16(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = extendBQ(v), extendBQ(v>>8)
	return o.after()
}

func pmovzxbq(s *State, o *op) *op {
	v := s.vecSrc16(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = zeroBQ(v), zeroBQ(v>>8)
	return o.after()
}

func mpsadbw(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = blockDistances(d[0], d[1], lo, hi, o.imm)
	return o.after()
}

func phminposuw(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	d[0], d[1] = minpos(lo, hi), 0
	return o.after()
}

// testFlags sets ZF and CF and clears the others.
func (s *State) testFlags(z, c bool) {
	s.fz, s.fs, s.cf = b2u(!z), 1, b2u(c) // a low byte of 1: no parity
	s.fx = s.cf << 63                     // OF is clear
}

func ptest(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	s.testFlags(d[0]&lo|d[1]&hi == 0, lo&^d[0]|hi&^d[1] == 0)
	return o.after()
}
