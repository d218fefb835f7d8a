package x86

import "github.com/nuage-emu/nuage/memory"

// The XSAVE feature set (Vol. 1, chapter 13), for the three components that the
// model has: x87, SSE and AVX. XCR0 has them enabled and cannot be changed.
// XSAVES and XRSTORS are for systems, and not presented.

var xsaveRows = Section{Ref: "Vol. 1, 5.3 and chapter 13", Feature: "XSAVE", Rows: []Spec{
	{"NP 0F 01 D0", "xgetbv", "| ECX =EAX =EDX", "", 0, opFunc(xgetbv)},
	{"NP 0F 01 D1", "xsetbv", "| ECX EAX EDX", "", Ends, opFunc(protection)},
	{"NP W0 0F AE /4", "xsave", "=Ma | EAX EDX", "", 0, xsave(false)},
	{"NP W1 0F AE /4", "xsave64", "=Ma | EAX EDX", "", 0, xsave(true)},
	{"NP W0 0F AE /5", "xrstor", "Ma | EAX EDX", "", 0, xrstor(false)},
	{"NP W1 0F AE /5", "xrstor64", "Ma | EAX EDX", "", 0, xrstor(true)},
}}

var xsaveoptRows = Section{Ref: "Vol. 1, 13.9", Feature: "XSAVEOPT", Rows: []Spec{
	{"NP W0 0F AE /6", "xsaveopt", "=Ma | EAX EDX", "", 0, xsaveopt(false)},
	{"NP W1 0F AE /6", "xsaveopt64", "=Ma | EAX EDX", "", 0, xsaveopt(true)},
}}

var xsavecRows = Section{Ref: "Vol. 1, 13.10", Feature: "XSAVEC", Rows: []Spec{
	{"NP W0 0F C7 /4", "xsavec", "=Ma | EAX EDX", "", 0, xsavec(false)},
	{"NP W1 0F C7 /4", "xsavec64", "=Ma | EAX EDX", "", 0, xsavec(true)},
}}

// State components, and XCR0.
const (
	xstateX87 = 1 << 0
	xstateSSE = 1 << 1
	xstateAVX = 1 << 2

	xcr0 = xstateX87 | xstateSSE | xstateAVX

	xcompacted = 1 << 63 // of XCOMP_BV: the compacted format
)

// The layout of the area: behind the 512 bytes of FXSAVE the header, behind it
// the upper halves of the YMM registers. Since there is no other component
// behind the legacy ones, both formats have it there.
const (
	xsaveHeader = 512
	xsaveAVX    = 576
	xsaveSize   = 832

	mxcsrInit = 0x1f80
)

// xinuse is the set of the components that are not in their initial state,
// found by looking at them. MXCSR counts for the compacted format only.
func (s *State) xinuse() (set uint64) {
	if s.FPU != (FPU{CW: fcwInit}) {
		set |= xstateX87
	}
	var sse, avx uint64
	for i := range s.V[:16] {
		v := &s.V[i]
		sse |= v[0] | v[1]
		avx |= v[2] | v[3]
	}
	if sse != 0 {
		set |= xstateSSE
	}
	if avx != 0 {
		set |= xstateAVX
	}
	return set
}

// xgetbv reads XCR0, or with an index of 1 those of its components in use.
func xgetbv(s *State, o *op) *op {
	v := uint64(xcr0)
	switch uint32(s.R[RCX]) {
	case 0:
	case 1:
		v = s.xinuse()
		if s.MXCSR != mxcsrInit {
			v |= xstateSSE
		}
	default:
		panic(trapProtection)
	}
	s.R[RAX], s.R[RDX] = v, 0
	return o.after()
}

// requested is the requested-feature bitmap, RFBM.
func (s *State) requested() uint64 { return xcr0 & s.R[RAX] }

// xsaveArea is the address of the area, which must be a multiple of 64.
func (s *State) xsaveArea(o *op) uint32 {
	a := s.ea(o)
	if a&63 != 0 {
		panic(trapProtection)
	}
	return a
}

// xsaveWritable refuses to begin if the components in set, or the header,
// cannot be stored.
func (s *State) xsaveWritable(a uint32, set uint64, mxcsr bool) {
	first, end := uint32(xsaveHeader), uint32(xsaveHeader+16)
	switch {
	case set&(xstateX87|xstateSSE) != 0:
		first = 0
	case mxcsr:
		first = fxMXCSR
	}
	if set&xstateAVX != 0 {
		end = xsaveSize
	}
	s.writable(a+first, end-first)
}

// xstore stores the components in set, without MXCSR.
func (s *State) xstore(a uint32, set uint64, wide bool) {
	if set&xstateX87 != 0 {
		s.storeX87(a, wide)
	}
	if set&xstateSSE != 0 {
		s.storeXMM(a)
	}
	if set&xstateAVX != 0 {
		for i := range uint32(16) {
			s.mem.Store128(a+xsaveAVX+16*i, s.V[i][2], s.V[i][3])
		}
	}
}

type xsave bool

func (wide xsave) op() opFunc {
	return func(s *State, o *op) *op { return s.xsaveStandard(o, bool(wide), xcr0) }
}

// xsaveopt leaves out what is in its initial state. What has not changed since
// the last XRSTOR from the same place may be left out too, but is not.
type xsaveopt bool

func (wide xsaveopt) op() opFunc {
	return func(s *State, o *op) *op { return s.xsaveStandard(o, bool(wide), s.xinuse()) }
}

// xsaveStandard saves those of the requested components that are in set, and
// notes in XSTATE_BV which are in use. MXCSR is saved with SSE and with AVX,
// in use or not.
func (s *State) xsaveStandard(o *op, wide bool, set uint64) *op {
	a := s.xsaveArea(o)
	rfbm := s.requested()
	mxcsr := rfbm&(xstateSSE|xstateAVX) != 0
	s.xsaveWritable(a, set&rfbm, mxcsr)
	old := s.mem.Load64(a + xsaveHeader)
	s.mem.Store64(a+xsaveHeader, old&^rfbm|s.xinuse()&rfbm)
	s.xstore(a, set&rfbm, wide)
	if mxcsr {
		s.storeMXCSR(a)
	}
	return o.after()
}

// xsavec stores the compacted format, for which MXCSR belongs to SSE.
type xsavec bool

func (wide xsavec) op() opFunc {
	return func(s *State, o *op) *op {
		a := s.xsaveArea(o)
		rfbm := s.requested()
		set := s.xinuse()
		if s.MXCSR != mxcsrInit {
			set |= xstateSSE
		}
		set &= rfbm
		s.xsaveWritable(a, set, false)
		s.mem.Store128(a+xsaveHeader, set, rfbm|xcompacted)
		s.xstore(a, set, bool(wide))
		if set&xstateSSE != 0 {
			s.storeMXCSR(a)
		}
		return o.after()
	}
}

// loadXHeader reads the header and refuses one that breaks the rules of Vol. 1,
// 13.8.1 and 13.8.2. present is XSTATE_BV.
func (s *State) loadXHeader(a uint32) (present uint64, compacted bool) {
	h := a + xsaveHeader
	s.mem.Probe(h, 64, memory.Read)
	present, comp := s.mem.Load128(h)
	compacted = comp&xcompacted != 0
	known, reserved := uint64(xcr0), comp|s.mem.Load64(h+16)
	if compacted {
		known = comp &^ xcompacted
		reserved = known &^ xcr0
		for i := uint32(16); i < 64; i += 8 {
			reserved |= s.mem.Load64(h + i)
		}
	}
	if reserved|present&^known != 0 {
		panic(trapProtection)
	}
	return present, compacted
}

// xrstor loads the requested components that the area has, and gives the others
// that are requested their initial state.
type xrstor bool

func (wide xrstor) op() opFunc {
	return func(s *State, o *op) *op {
		a := s.xsaveArea(o)
		rfbm := s.requested()
		present, compacted := s.loadXHeader(a)
		load := rfbm & present
		var image [xsaveSize / 8]uint64
		s.loadXArea(a, load, &image)

		mxcsr := s.MXCSR
		switch {
		case !compacted && rfbm&(xstateSSE|xstateAVX) != 0, load&xstateSSE != 0:
			mxcsr = s.mem.Load32(a + fxMXCSR)
		case rfbm&xstateSSE != 0:
			mxcsr = mxcsrInit
		}
		if mxcsr&^mxcsrValid != 0 {
			panic(trapProtection)
		}
		s.MXCSR = mxcsr
		switch {
		case load&xstateX87 != 0:
			s.FPU.fromImage(image[:fxXMM/8], bool(wide))
		case rfbm&xstateX87 != 0:
			s.FPU = FPU{CW: fcwInit}
		}
		for i := range 16 {
			v := &s.V[i]
			if rfbm&xstateSSE != 0 {
				v[0], v[1] = image[fxXMM/8+2*i], image[fxXMM/8+2*i+1]
			}
			if rfbm&xstateAVX != 0 {
				v[2], v[3] = image[xsaveAVX/8+2*i], image[xsaveAVX/8+2*i+1]
			}
		}
		return o.after()
	}
}

// loadXArea reads the components in set; what is not read stays zero, which is
// the initial state of the vector registers.
func (s *State) loadXArea(a uint32, set uint64, image *[xsaveSize / 8]uint64) {
	for _, part := range [...]struct {
		component   uint64
		offset, end uint32
	}{{xstateX87, 0, fxXMM}, {xstateSSE, fxXMM, fxSize}, {xstateAVX, xsaveAVX, xsaveSize}} {
		if set&part.component == 0 {
			continue
		}
		for i := part.offset; i < part.end; i += 16 {
			image[i/8], image[i/8+1] = s.mem.Load128(a + i)
		}
	}
}
