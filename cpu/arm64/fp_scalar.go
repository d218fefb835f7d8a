package arm64

import (
	"math"

	"github.com/nuage-emu/nuage/cpu/softfloat"
)

const toOdd = softfloat.ToOdd

// Scalar floating point. The host's arithmetic is tried first and decides nearly
// always; see fp_host.go for why it may.

// scalar does one operation the long way.
func (s *State) scalar(f laneFunc, d, n, m uint64, e uint) uint64 {
	s.fpBegin(e)
	r := f(s, d, n, m, e) & ones(e)
	s.fpEnd(e)
	return r
}

// setScalar writes a scalar register: the rest of it becomes zero.
func (s *State) setScalar(o *op, v uint64) { s.V[o.rd&31] = [2]uint64{v, 0} }

func fadd64(s *State, o *op) *op {
	n, m := s.V[o.rn&31][0], s.V[o.rm&31][0]
	r, ok := hostAdd64(n, m)
	if !ok || !s.near() {
		r = s.scalar(laneFADD, 0, n, m, 64)
	}
	s.setScalar(o, r)
	return o.after()
}

func fadd32(s *State, o *op) *op {
	n, m := uint32(s.V[o.rn&31][0]), uint32(s.V[o.rm&31][0])
	r, ok := hostAdd32(n, m)
	if !ok || !s.near() {
		r = uint32(s.scalar(laneFADD, 0, uint64(n), uint64(m), 32))
	}
	s.setScalar(o, uint64(r))
	return o.after()
}

func fsub64(s *State, o *op) *op {
	n, m := s.V[o.rn&31][0], s.V[o.rm&31][0]
	r, ok := hostSub64(n, m)
	if !ok || !s.near() {
		r = s.scalar(laneFSUB, 0, n, m, 64)
	}
	s.setScalar(o, r)
	return o.after()
}

func fsub32(s *State, o *op) *op {
	n, m := uint32(s.V[o.rn&31][0]), uint32(s.V[o.rm&31][0])
	r, ok := hostSub32(n, m)
	if !ok || !s.near() {
		r = uint32(s.scalar(laneFSUB, 0, uint64(n), uint64(m), 32))
	}
	s.setScalar(o, uint64(r))
	return o.after()
}

func fmul64(s *State, o *op) *op {
	n, m := s.V[o.rn&31][0], s.V[o.rm&31][0]
	r, ok := hostMul64(n, m)
	if !ok || !s.near() {
		r = s.scalar(laneFMUL, 0, n, m, 64)
	}
	s.setScalar(o, r)
	return o.after()
}

func fmul32(s *State, o *op) *op {
	n, m := uint32(s.V[o.rn&31][0]), uint32(s.V[o.rm&31][0])
	r, ok := hostMul32(n, m)
	if !ok || !s.near() {
		r = uint32(s.scalar(laneFMUL, 0, uint64(n), uint64(m), 32))
	}
	s.setScalar(o, uint64(r))
	return o.after()
}

func fdiv64(s *State, o *op) *op {
	n, m := s.V[o.rn&31][0], s.V[o.rm&31][0]
	r, ok := hostDiv64(n, m)
	if !ok || !s.near() {
		r = s.scalar(laneFDIV, 0, n, m, 64)
	}
	s.setScalar(o, r)
	return o.after()
}

func fdiv32(s *State, o *op) *op {
	n, m := uint32(s.V[o.rn&31][0]), uint32(s.V[o.rm&31][0])
	r, ok := hostDiv32(n, m)
	if !ok || !s.near() {
		r = uint32(s.scalar(laneFDIV, 0, uint64(n), uint64(m), 32))
	}
	s.setScalar(o, uint64(r))
	return o.after()
}

func fmadd64(s *State, o *op) *op {
	n, m, a := s.V[o.rn&31][0], s.V[o.rm&31][0], s.V[o.ra&31][0]
	n ^= o.imm & topD
	a ^= o.imm << 32 & topD
	r, ok := hostFMA64(a, n, m)
	if !ok || !s.near() {
		r = s.scalar(laneFMLA, a, n, m, 64)
	}
	s.setScalar(o, r)
	return o.after()
}

func fmadd32(s *State, o *op) *op {
	n, m, a := uint32(s.V[o.rn&31][0]), uint32(s.V[o.rm&31][0]), uint32(s.V[o.ra&31][0])
	n ^= uint32(o.imm>>32) & (1 << 31)
	a ^= uint32(o.imm) & (1 << 31)
	r, ok := hostFMA32(a, n, m)
	if !ok || !s.near() {
		r = uint32(s.scalar(laneFMLA, uint64(a), uint64(n), uint64(m), 32))
	}
	s.setScalar(o, uint64(r))
	return o.after()
}

func fmadd16(s *State, o *op) *op {
	n, m, a := s.V[o.rn&31][0]&0xffff, s.V[o.rm&31][0]&0xffff, s.V[o.ra&31][0]&0xffff
	n ^= o.imm >> 48 & 0x8000
	a ^= o.imm >> 16 & 0x8000
	s.setScalar(o, s.scalar(laneFMLA, a, n, m, 16))
	return o.after()
}

// mulAddForm makes the four instructions of the FMADD family: bits 63 and 31 of
// imm change the signs of n and of a.
func mulAddForm(negateN, negateA bool) func(*binder) {
	imm := uint64(0)
	if negateN {
		imm |= 1 << 63
	}
	if negateA {
		imm |= 1 << 31
	}
	return func(b *binder) {
		run := fmadd64
		switch b.d.Args[0].Value {
		case 32:
			run = fmadd32
		case 16:
			run = fmadd16
		}
		b.vector(run, 0).imm = imm
	}
}

// fast is fsame for scalars with functions for single and double precision.
func fast(f laneFunc, single, double opFunc) func(*binder) {
	general := fsame(f)
	return func(b *binder) {
		switch b.d.Args[0].Value {
		case 64:
			b.vector(double, 0)
		case 32:
			b.vector(single, 0)
		default:
			general(b)
		}
	}
}

// FCMP, FCMPE and their conditional forms: imm is 1 where the second operand is
// zero, link tells whether a quiet NaN signals.

func fcmp(s *State, o *op) *op {
	e := uint(o.sh)
	n, m := s.V[o.rn&31][0]&ones(e), s.V[o.rm&31][0]&ones(e)
	if o.ra != 0 {
		m = 0
	}
	// Ordinary numbers, and zeros, need no flag.
	switch {
	case e == 64 && softfloat.OrdinaryOrZero64(n) && softfloat.OrdinaryOrZero64(m):
		x, y := math.Float64frombits(n), math.Float64frombits(m)
		s.fcmpFlags(x < y, x == y)
		return o.after()
	case e == 32 && softfloat.OrdinaryOrZero32(uint32(n)) && softfloat.OrdinaryOrZero32(uint32(m)):
		x, y := math.Float32frombits(uint32(n)), math.Float32frombits(uint32(m))
		s.fcmpFlags(x < y, x == y)
		return o.after()
	}
	s.fpBegin(e)
	s.compareFlags(n, m, e, o.imm == 0)
	s.fpEnd(e)
	return o.after()
}

// fcmpFlags sets NZCV for two numbers.
func (s *State) fcmpFlags(less, equal bool) {
	switch {
	case less:
		s.SetFlags(FlagN)
	case equal:
		s.SetFlags(FlagZ | FlagC)
	default:
		s.SetFlags(FlagC)
	}
}

// floatCompare makes a comparison: with zero or not, signalling for quiet NaNs or not.
func floatCompare(zero, signal bool) func(*binder) {
	return func(b *binder) {
		o := b.vector(fcmp, 0)
		o.imm, o.ra = 0, 0
		if signal {
			o.imm = 1
		}
		if zero {
			o.ra = 1
		}
	}
}

// fccmp compares if the condition (rd) holds, and else takes the flags from
// bits 31 to 28 of imm.
func fccmp(s *State, o *op) *op {
	if !s.cond(o.rd) {
		s.SetFlags(uint32(o.imm) & 0xf0000000)
		return o.after()
	}
	e := uint(o.sh)
	s.fpBegin(e)
	s.compareFlags(s.V[o.rn&31][0]&ones(e), s.V[o.rm&31][0]&ones(e), e, o.imm&1 == 0)
	s.fpEnd(e)
	return o.after()
}

func conditionalCompare(signal bool) func(*binder) {
	return func(b *binder) {
		o := b.vector(fccmp, 0)
		o.rd = uint8(b.d.Field('c'))
		o.imm = uint64(b.d.Field('e')) << 28
		if signal {
			o.imm |= 1
		}
	}
}

func fcsel(s *State, o *op) *op {
	v := s.V[o.rm&31][0]
	if s.cond(o.ra) {
		v = s.V[o.rn&31][0]
	}
	s.setScalar(o, v&ones(uint(o.sh)))
	return o.after()
}

func bindFcsel(b *binder) { b.vector(fcsel, 0).ra = uint8(b.d.Field('c')) }

func fmovImmediate(s *State, o *op) *op {
	s.setScalar(o, o.imm)
	return o.after()
}

// fcvt converts between formats: from ra bits to sh bits.
func fcvt(s *State, o *op) *op {
	from, to := uint(o.ra), uint(o.sh)
	v := s.V[o.rn&31][0] & ones(from)
	s.fpBegin(from)
	r := s.convert(v, from, to)
	s.fpEnd(from)
	s.setScalar(o, r)
	return o.after()
}

func bindFcvt(b *binder) {
	run := fcvt
	switch to, from := b.d.Args[0].Value, b.d.Args[1].Value; {
	case to == 64 && from == 32:
		run = fcvtDS
	case to == 32 && from == 64:
		run = fcvtSD
	}
	b.vector(run, 0).ra = uint8(b.d.Args[1].Value)
}

// Moves and conversions between the register files. sh is the width of the
// floating-point register, ra that of the general one.

func fmovToGeneral(s *State, o *op) *op {
	s.R[o.rd&63] = s.V[o.rn&31][0] & ones(uint(o.sh))
	return o.after()
}

func fmovFromGeneral(s *State, o *op) *op {
	s.setScalar(o, s.R[o.rn&63]&ones(uint(o.sh)))
	return o.after()
}

func fmovTopToGeneral(s *State, o *op) *op {
	s.R[o.rd&63] = s.V[o.rn&31][1]
	return o.after()
}

func fmovTopFromGeneral(s *State, o *op) *op {
	s.V[o.rd&31][1] = s.R[o.rn&63]
	return o.after()
}

// general emits an op of a move between the register files; arg is the
// argument in a vector register.
func (b *binder) general(run opFunc, arg int) *op {
	o := b.vector(run, arg)
	o.ra = 32
	if b.d.Args[1-arg].Wide {
		o.ra = 64
	}
	return o
}

func moveGeneral(run opFunc, arg int) func(*binder) {
	return func(b *binder) { b.general(run, arg) }
}

// toGeneral makes the conversions to integers; imm is the number of fraction bits.
func toGeneral(r softfloat.Rounding, unsigned bool) func(*binder) {
	run := func(s *State, o *op) *op {
		e, width := uint(o.sh), uint(o.ra)
		n := s.V[o.rn&31][0] & ones(e)
		s.fpBegin(e)
		s.R[o.rd&63] = s.toFixed(n, e, width, uint(o.imm), r, unsigned) & ones(width)
		s.fpEnd(e)
		return o.after()
	}
	truncate := func(s *State, o *op) *op {
		// What a C program does all the time.
		e := uint(o.sh)
		if r, exact, ok := hostTruncate(s.V[o.rn&31][0]&ones(e), e, unsigned); ok {
			if !exact {
				s.FPSR |= fpsrIXC
			}
			s.R[o.rd&63] = r & ones(uint(o.ra))
			return o.after()
		}
		return run(s, o)
	}
	return func(b *binder) {
		f := run
		if r == toZero && b.d.NArgs == 2 && b.d.Args[1].Value > 16 {
			f = truncate
		}
		b.general(f, 1)
	}
}

// fromGeneral makes the conversions from integers.
func fromGeneral(unsigned bool) func(*binder) {
	run := func(s *State, o *op) *op {
		e, width := uint(o.sh), uint(o.ra)
		v := s.R[o.rn&63] & ones(width)
		if e == 64 && o.imm == 0 && width == 32 {
			// Exact.
			x := float64(int32(v))
			if unsigned {
				x = float64(uint32(v))
			}
			s.setScalar(o, math.Float64bits(x))
			return o.after()
		}
		if o.imm == 0 && s.FPCR&fpcrRMode == 0 {
			if r, exact, ok := hostInt(v, width, e, unsigned); ok {
				if !exact {
					s.FPSR |= fpsrIXC
				}
				s.setScalar(o, r)
				return o.after()
			}
		}
		s.fpBegin(e)
		r := s.fromFixed(v, width, e, uint(o.imm), unsigned)
		s.fpEnd(e)
		s.setScalar(o, r)
		return o.after()
	}
	return func(b *binder) { b.general(run, 0) }
}

func fjcvtzs(s *State, o *op) *op {
	n := s.V[o.rn&31][0]
	s.fpBegin(64)
	r, exact := s.fjcvtzs(n)
	s.fpEnd(64)
	s.R[o.rd&63] = uint64(r)
	f := uint32(0)
	if exact {
		f = FlagZ
	}
	s.SetFlags(f)
	return o.after()
}
