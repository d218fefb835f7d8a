package x86

import (
	"github.com/nuage-emu/nuage/cpu/softfloat"
)

// MXCSR (Vol. 1, 10.2.3): flags in bits 0 to 5, DAZ 6, masks 7 to 12, rounding
// control 13 and 14, flush to zero 15. The other bits are reserved.
const (
	mxcsrFlags = 0x3f
	mxcsrDAZ   = 1 << 6
	mxcsrMasks = 0x3f << 7
	mxcsrRC    = 3 << 13
	mxcsrFTZ   = 1 << 15
	mxcsrValid = 0xffff // MXCSR_MASK

	// mxcsrHost selects what hostFloat looks at, and mxcsrHostIs is what it
	// wants to see: all exceptions masked, round to nearest, inexact noted.
	mxcsrHost   = mxcsrMasks | mxcsrRC | uint32(softfloat.Inexact)
	mxcsrHostIs = mxcsrMasks | uint32(softfloat.Inexact)
)

// hostFloat reports whether MXCSR lets ordinary numbers be left to the host.
func (s *State) hostFloat() bool { return s.MXCSR&mxcsrHost == mxcsrHostIs }

// sseEnv prepares the environment that MXCSR asks for. It lives in the State,
// since one on the stack would be allocated for every indirect call.
func (s *State) sseEnv() *softfloat.Env {
	c := s.MXCSR
	s.float = softfloat.Env{
		Flags:            s.float.Flags & s.joint,
		Rounding:         softfloat.Rounding(c >> 13 & 3),
		FlushToZero:      c&mxcsrFTZ != 0,
		DenormalsAreZero: c&mxcsrDAZ != 0,
		Unmasked:         softfloat.Flags(^c >> 7 & 0x3f),
	}
	return &s.float
}

// sseRaise notes the exceptions of the operation in MXCSR, and stops the
// instruction, which has not changed anything else yet, if one is unmasked. An
// unmasked exception of the operands hides those of the results (Vol. 1, 11.5.2).
func (s *State) sseRaise() {
	if s.joint != 0 {
		return // after the last lane
	}
	e := &s.float
	f := e.Flags
	if f&e.Unmasked != 0 {
		if f&e.Unmasked&softfloat.BeforeResult != 0 {
			f &= softfloat.BeforeResult
		}
		s.MXCSR |= uint32(f)
		panic(trapFloat)
	}
	s.MXCSR |= uint32(f)
}

// packed64 applies f to both lanes of v and lo, hi.
func (s *State) packed64(f func(e *softfloat.Env, a, b uint64) uint64, v *Vec, lo, hi uint64) (r0, r1 uint64) {
	e := s.sseEnv()
	r0 = f(e, v[0], lo)
	r1 = f(e, v[1], hi)
	s.sseRaise()
	return r0, r1
}

// packed32 applies f to the four lanes of v and lo, hi.
func (s *State) packed32(f func(e *softfloat.Env, a, b uint32) uint32, v *Vec, lo, hi uint64) (r0, r1 uint64) {
	e := s.sseEnv()
	r0 = uint64(f(e, uint32(v[0]), uint32(lo)))
	r0 |= uint64(f(e, uint32(v[0]>>32), uint32(lo>>32))) << 32
	r1 = uint64(f(e, uint32(v[1]), uint32(hi)))
	r1 |= uint64(f(e, uint32(v[1]>>32), uint32(hi>>32))) << 32
	s.sseRaise()
	return r0, r1
}

// packed64Op and packed32Op make operations of a lane's function.

type packed64Op func(e *softfloat.Env, a, b uint64) uint64

func (f packed64Op) op() opFunc {
	return func(s *State, o *op) *op {
		lo, hi := s.vecSrc(o)
		v := &s.V[o.dst&31]
		v[0], v[1] = s.packed64(f, v, lo, hi)
		return o.after()
	}
}

type packed32Op func(e *softfloat.Env, a, b uint32) uint32

func (f packed32Op) op() opFunc {
	return func(s *State, o *op) *op {
		lo, hi := s.vecSrc(o)
		v := &s.V[o.dst&31]
		v[0], v[1] = s.packed32(f, v, lo, hi)
		return o.after()
	}
}

// ldmxcsr refuses reserved bits.
func ldmxcsr(s *State, o *op) *op {
	v := s.mem.Load32(s.ea(o))
	if v&^mxcsrValid != 0 {
		panic(trapProtection)
	}
	s.MXCSR = v
	return o.after()
}

func stmxcsr(s *State, o *op) *op {
	s.mem.Store32(s.ea(o), s.MXCSR)
	return o.after()
}
