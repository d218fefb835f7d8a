package x86

import "github.com/nuage-emu/nuage/cpu/softfloat"

// The x87 unit (Vol. 1, chapter 8). This file has the stack and the
// exceptions; fpu_rows.go the instructions; fpu_arith.go, fpu_move.go,
// fpu_compare.go and fpu_control.go what they do; softfloat the arithmetic.
//
// The pointers to the last instruction and its operand are recorded when an
// unmasked exception becomes pending, and at no other time: the only use of
// them is in a handler, and a translator could not keep them up to date for
// nothing. Processors differ in this too.

// Bits of the status word (Vol. 1, 8.1.3), besides the exception flags.
const (
	fswSF = 1 << 6 // stack fault
	fswES = 1 << 7 // an unmasked exception is pending
	fswC0 = 1 << 8
	fswC1 = 1 << 9
	fswC2 = 1 << 10
	fswC3 = 1 << 14
	fswB  = 1 << 15 // a copy of ES

	fswFlags = 0x3f
	fswCC    = fswC0 | fswC1 | fswC2 | fswC3
	fswTop   = 7 << 11

	fcwMasks = 0x3f
	fcwFixed = 0x40 // always reads as one
	fcwValid = 0x1f3f
	fcwInit  = 0x37f
)

type (
	num     = softfloat.Num
	x80     = softfloat.X80
	fpuFunc = func(e *softfloat.Env, a, b num, f *softfloat.Format) num
)

// fpuIndefinite is the QNaN floating-point indefinite.
var fpuIndefinite = x80{Sig: 3 << 62, SE: 0xffff}

// format is what ADD, SUB, MUL, DIV and SQRT round to, by the precision control:
// its reserved value means full precision.
func (f *FPU) format() *softfloat.Format {
	switch f.CW >> 8 & 3 {
	case 0:
		return softfloat.Extended24
	case 2:
		return softfloat.Extended53
	}
	return softfloat.Extended
}

// empty reports whether ST(i) is empty.
func (f *FPU) empty(i uint8) bool { return f.Tag>>((f.Top+i)&7)&1 == 0 }

// get is the number in ST(i).
func (f *FPU) get(i uint8) x80 {
	r := &f.ST[(f.Top+i)&7]
	return x80{Sig: r.Mant, SE: r.SE}
}

// num is ST(i), unpacked.
func (f *FPU) num(i uint8) num { return f.get(i).Unpack() }

// set fills ST(i).
func (f *FPU) set(i uint8, v x80) {
	p := (f.Top + i) & 7
	f.ST[p] = Float80{Mant: v.Sig, SE: v.SE}
	f.Tag |= 1 << p
}

// push makes v the new top of the stack.
func (f *FPU) push(v x80) {
	f.Top = (f.Top - 1) & 7
	f.set(0, v)
}

// pop frees ST(0) n times.
func (f *FPU) pop(n int) {
	for range n {
		f.Tag &^= 1 << (f.Top & 7)
		f.Top = (f.Top + 1) & 7
	}
}

// summary brings ES and B in line with the flags and the masks.
func (f *FPU) summary() {
	f.SW &^= fswES | fswB
	if f.SW&^f.CW&fswFlags != 0 {
		f.SW |= fswES | fswB
	}
}

// status is the status word with TOP.
func (f *FPU) status() uint16 { return f.SW | uint16(f.Top)<<11 }

// setStatus takes the status word apart.
func (f *FPU) setStatus(v uint16) {
	f.SW = v &^ fswTop
	f.Top = uint8(v >> 11 & 7)
	f.summary()
}

// setCW sets the control word.
func (f *FPU) setCW(v uint16) {
	f.CW = v&fcwValid | fcwFixed
	f.summary()
}

// init is FNINIT; the registers keep their contents.
func (f *FPU) init() {
	f.CW, f.SW, f.Top, f.Tag, f.Op, f.IP, f.DP = fcwInit, 0, 0, 0, 0, 0, 0
}

// fpuWait is the beginning of every waiting instruction: a pending exception
// stops the thread there, before the instruction has done anything.
func (s *State) fpuWait() {
	if s.FPU.SW&fswES != 0 {
		panic(trapFloat)
	}
}

// fpuEnv prepares the environment that the control word asks for, for results
// that go to a register.
func (s *State) fpuEnv() *softfloat.Env {
	cw := s.FPU.CW
	s.float = softfloat.Env{
		Rounding: softfloat.Rounding(cw >> 10 & 3),
		NaN:      softfloat.NaNLarger,
		Wrap:     true,
		Unmasked: softfloat.Flags(^cw & fcwMasks),
	}
	return &s.float
}

// fpuPending records where an unmasked exception arose.
func (s *State) fpuPending(o *op) {
	f := &s.FPU
	f.SW |= fswES | fswB
	f.IP = o.pc()
	f.Op = uint16(o.cc&7)<<8 | uint16(o.aux)
	if o.mem {
		f.DP = uint64(s.ea(o))
	}
}

// fpuDone notes the exceptions of the operation, and C1. It reports whether the
// result is to be written to its register: not so if an unmasked exception was
// found in the operands.
func (s *State) fpuDone(o *op) bool {
	e := &s.float
	f := &s.FPU
	f.SW &^= fswC1
	if e.Flags&e.Unmasked != 0 {
		return s.fpuUnmasked(o)
	}
	f.SW |= uint16(e.Flags)
	if e.RoundedUp {
		f.SW |= fswC1
	}
	return true
}

// fpuUnmasked is fpuDone where an exception is unmasked.
func (s *State) fpuUnmasked(o *op) bool {
	e := &s.float
	f := &s.FPU
	s.fpuPending(o)
	if e.Flags&e.Unmasked&softfloat.BeforeResult != 0 {
		f.SW |= uint16(e.Flags & softfloat.BeforeResult)
		return false
	}
	f.SW |= uint16(e.Flags)
	if e.RoundedUp {
		f.SW |= fswC1
	}
	return true
}

// stackFault notes an overflow or underflow of the register stack, and reports
// whether that is masked.
func (s *State) stackFault(o *op, overflow bool) bool {
	f := &s.FPU
	f.SW = f.SW&^fswC1 | uint16(softfloat.Invalid) | fswSF
	if overflow {
		f.SW |= fswC1
	}
	if f.CW&uint16(softfloat.Invalid) == 0 {
		s.fpuPending(o)
		return false
	}
	return true
}

// underflow is the end of an instruction that found a source register empty:
// the indefinite in ST(dst), and n pops.
func (s *State) underflow(o *op, dst uint8, n int) *op {
	if s.stackFault(o, false) {
		s.FPU.set(dst, fpuIndefinite)
		s.FPU.pop(n)
	}
	return o.after()
}

// pushes tells whether a register is free for a push; if not, it ends the
// instruction.
func (s *State) pushes(o *op) bool {
	if s.FPU.empty(7) {
		return true
	}
	if s.stackFault(o, true) {
		s.FPU.push(fpuIndefinite)
	}
	return false
}

// x87 is a row's function that also knows the ModRM byte, which goes into the
// last opcode.
type x87 func(s *State, o *op) *op

func (fn x87) bind(b *binder) { b.operands(opFunc(fn)).aux = b.d.ModRM }

// x87Sized is x87 for instructions whose memory image depends on the operand size.
type x87Sized struct{ fn16, fn32 x87 }

func (z x87Sized) bind(b *binder) {
	if b.d.Size == 2 {
		z.fn16.bind(b)
	} else {
		z.fn32.bind(b)
	}
}
