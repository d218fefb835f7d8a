package x86

import "github.com/nuage-emu/nuage/memory"

// Control and state (Vol. 1, 8.3.10, 8.1.10 and 10.5).

func fnclex(s *State, o *op) *op {
	s.FPU.SW &^= fswFlags | fswSF | fswES | fswB
	return o.after()
}

func fninit(s *State, o *op) *op {
	s.FPU.init()
	return o.after()
}

// fwait only waits; so does FNOP.
func fwait(s *State, o *op) *op {
	s.fpuWait()
	return o.after()
}

func fincstp(s *State, o *op) *op { return s.turn(o, 1) }
func fdecstp(s *State, o *op) *op { return s.turn(o, 7) }

func (s *State) turn(o *op, n uint8) *op {
	s.fpuWait()
	s.FPU.SW &^= fswC1
	s.FPU.Top = (s.FPU.Top + n) & 7
	return o.after()
}

func ffree(s *State, o *op) *op {
	s.fpuWait()
	s.FPU.SW &^= fswC1
	s.FPU.Tag &^= 1 << ((s.FPU.Top + o.dst) & 7)
	return o.after()
}

func fldcw(s *State, o *op) *op {
	s.fpuWait()
	v := s.mem.Load16(s.ea(o))
	s.FPU.setCW(v)
	return o.after()
}

func fnstcw(s *State, o *op) *op {
	s.mem.Store16(s.ea(o), s.FPU.CW|fcwFixed)
	return o.after()
}

func fnstsw(s *State, o *op) *op {
	s.mem.Store16(s.ea(o), s.FPU.status())
	return o.after()
}

func fnstswAX(s *State, o *op) *op {
	setReg(s, RAX, s.FPU.status())
	return o.after()
}

// tagWord is the full tag word, which is made from the registers' contents.
func (f *FPU) tagWord() uint16 {
	w := uint16(0)
	for i := range f.ST {
		r := &f.ST[i]
		tag := uint16(0) // valid
		switch exp := r.SE & 0x7fff; {
		case f.Tag>>i&1 == 0:
			tag = 3
		case exp == 0 && r.Mant == 0:
			tag = 1
		case exp == 0 || exp == 0x7fff || r.Mant>>63 == 0:
			tag = 2
		}
		w |= tag << (2 * i)
	}
	return w
}

// setTagWord keeps what is empty.
func (f *FPU) setTagWord(w uint16) {
	f.Tag = 0
	for i := range f.ST {
		if w>>(2*i)&3 != 3 {
			f.Tag |= 1 << i
		}
	}
}

// The environment in its 32-bit protected mode form, 28 bytes, and its 16-bit
// one, 14 bytes (Vol. 1, figures 8-9 and 8-11). Segment selectors are not
// kept: they are zero.

func (s *State) putEnv32(a uint32) {
	f := &s.FPU
	const upper = 0xffff0000
	for i, v := range [7]uint32{
		upper | uint32(f.CW|fcwFixed), upper | uint32(f.status()), upper | uint32(f.tagWord()),
		uint32(f.IP), uint32(f.Op) << 16, uint32(f.DP), upper,
	} {
		s.mem.Store32(a+4*uint32(i), v)
	}
}

func (s *State) putEnv16(a uint32) {
	f := &s.FPU
	for i, v := range [7]uint16{f.CW | fcwFixed, f.status(), f.tagWord(), uint16(f.IP), 0, uint16(f.DP), 0} {
		s.mem.Store16(a+2*uint32(i), v)
	}
}

// fpuImage is what FLDENV and FRSTOR read before they change anything.
type fpuImage struct {
	cw, sw, tw, op uint16
	ip, dp         uint32
}

func (s *State) getEnv32(a uint32) fpuImage {
	s.mem.Probe(a, 28, memory.Read) // not all of it is of interest
	ld := func(i uint32) uint32 { return s.mem.Load32(a + 4*i) }
	im := fpuImage{cw: uint16(ld(0)), sw: uint16(ld(1)), tw: uint16(ld(2)), ip: ld(3), op: uint16(ld(4) >> 16 & 0x7ff), dp: ld(5)}
	return im
}

func (s *State) getEnv16(a uint32) fpuImage {
	s.mem.Probe(a, 14, memory.Read)
	ld := func(i uint32) uint16 { return s.mem.Load16(a + 2*i) }
	im := fpuImage{cw: ld(0), sw: ld(1), tw: ld(2), ip: uint32(ld(3)), dp: uint32(ld(5))}
	return im
}

func (f *FPU) setEnv(im fpuImage) {
	f.CW = im.cw&fcwValid | fcwFixed
	f.setTagWord(im.tw)
	f.IP, f.DP, f.Op = uint64(im.ip), uint64(im.dp), im.op
	f.setStatus(im.sw)
}

// FNSTENV masks all exceptions when it has stored.

func fnstenv32(s *State, o *op) *op {
	a := s.ea(o)
	s.writable(a, 28)
	s.putEnv32(a)
	s.maskAll()
	return o.after()
}

func fnstenv16(s *State, o *op) *op {
	a := s.ea(o)
	s.writable(a, 14)
	s.putEnv16(a)
	s.maskAll()
	return o.after()
}

func (s *State) maskAll() {
	s.FPU.CW |= fcwMasks
	s.FPU.summary()
}

func fldenv32(s *State, o *op) *op {
	s.fpuWait()
	im := s.getEnv32(s.ea(o))
	s.FPU.setEnv(im)
	return o.after()
}

func fldenv16(s *State, o *op) *op {
	s.fpuWait()
	im := s.getEnv16(s.ea(o))
	s.FPU.setEnv(im)
	return o.after()
}

func fnsave32(s *State, o *op) *op {
	a := s.ea(o)
	s.writable(a, 108)
	s.putEnv32(a)
	s.putStack(a+28, 10)
	s.FPU.init()
	return o.after()
}

func fnsave16(s *State, o *op) *op {
	a := s.ea(o)
	s.writable(a, 94)
	s.putEnv16(a)
	s.putStack(a+14, 10)
	s.FPU.init()
	return o.after()
}

func frstor32(s *State, o *op) *op {
	s.fpuWait()
	a := s.ea(o)
	im, regs := s.getEnv32(a), s.getStack(a+28, 10)
	s.FPU.setEnv(im)
	s.FPU.fill(&regs)
	return o.after()
}

func frstor16(s *State, o *op) *op {
	s.fpuWait()
	a := s.ea(o)
	im, regs := s.getEnv16(a), s.getStack(a+14, 10)
	s.FPU.setEnv(im)
	s.FPU.fill(&regs)
	return o.after()
}

// putStack stores ST(0) to ST(7), step bytes apart.
func (s *State) putStack(a, step uint32) {
	for i := range uint8(8) {
		v := s.FPU.get(i)
		s.mem.Store64(a, v.Sig)
		s.mem.Store16(a+8, v.SE)
		a += step
	}
}

func (s *State) getStack(a, step uint32) (regs [8]Float80) {
	for i := range regs {
		regs[i] = Float80{Mant: s.mem.Load64(a), SE: s.mem.Load16(a + 8)}
		a += step
	}
	return regs
}

// fill sets ST(0) to ST(7), empty ones too, for the TOP in force.
func (f *FPU) fill(regs *[8]Float80) {
	for i := range regs {
		f.ST[(int(f.Top)+i)&7] = regs[i]
	}
}

// The image of FXSAVE (Vol. 1, table 10-2): offsets.
const (
	fxIP    = 8
	fxDP    = 16
	fxMXCSR = 24
	fxST    = 32
	fxXMM   = 160
	fxSize  = 416 // what is written of the 512 bytes
)

// aligned16 is the effective address, which must be a multiple of 16.
func (s *State) aligned16(o *op) uint32 {
	a := s.ea(o)
	if a&15 != 0 {
		panic(trapProtection)
	}
	return a
}

// fxsave stores the state; wide is the form with REX.W, whose pointers have 64
// bits.
type fxsave bool

func (wide fxsave) op() opFunc {
	return func(s *State, o *op) *op {
		a := s.aligned16(o)
		s.writable(a, fxSize)
		s.storeX87(a, bool(wide))
		s.storeMXCSR(a)
		s.storeXMM(a)
		return o.after()
	}
}

// storeX87, storeMXCSR and storeXMM store a part of the image at a.

func (s *State) storeX87(a uint32, wide bool) {
	f := &s.FPU
	s.mem.Store64(a, uint64(f.CW|fcwFixed)|uint64(f.status())<<16|uint64(f.Tag)<<32|uint64(f.Op)<<48)
	ip, dp := f.IP, f.DP
	if !wide {
		ip, dp = uint64(uint32(ip)), uint64(uint32(dp))
	}
	s.mem.Store64(a+fxIP, ip)
	s.mem.Store64(a+fxDP, dp)
	for i := range uint32(8) {
		v := f.get(uint8(i))
		s.mem.Store128(a+fxST+16*i, v.Sig, uint64(v.SE))
	}
}

func (s *State) storeMXCSR(a uint32) { s.mem.Store64(a+fxMXCSR, uint64(s.MXCSR)|mxcsrValid<<32) }

func (s *State) storeXMM(a uint32) {
	for i := range uint32(16) {
		s.mem.Store128(a+fxXMM+16*i, s.V[i][0], s.V[i][1])
	}
}

type fxrstor bool

func (wide fxrstor) op() opFunc {
	return func(s *State, o *op) *op {
		a := s.aligned16(o)
		var image [fxSize / 8]uint64
		for i := uint32(0); i < fxSize/8; i += 2 {
			image[i], image[i+1] = s.mem.Load128(a + 8*i)
		}
		mxcsr := uint32(image[fxMXCSR/8])
		if mxcsr&^mxcsrValid != 0 {
			panic(trapProtection)
		}
		s.MXCSR = mxcsr
		s.FPU.fromImage(image[:fxXMM/8], bool(wide))
		for i := range s.V[:16] {
			s.V[i][0], s.V[i][1] = image[fxXMM/8+2*i], image[fxXMM/8+2*i+1]
		}
		return o.after()
	}
}

// fromImage loads the x87 part of the image, in words of 64 bits.
func (f *FPU) fromImage(image []uint64, wide bool) {
	head := image[0]
	f.CW = uint16(head)&fcwValid | fcwFixed
	f.setStatus(uint16(head >> 16))
	f.Tag, f.Op = uint8(head>>32), uint16(head>>48)&0x7ff
	f.IP, f.DP = image[fxIP/8], image[fxDP/8]
	if !wide {
		f.IP, f.DP = uint64(uint32(f.IP)), uint64(uint32(f.DP))
	}
	for i := range 8 {
		f.ST[(int(f.Top)+i)&7] = Float80{Mant: image[fxST/8+2*i], SE: uint16(image[fxST/8+2*i+1])}
	}
}
