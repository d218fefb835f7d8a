package x86

import (
	"github.com/nuage-emu/nuage/cpu/softfloat"
	"github.com/nuage-emu/nuage/memory"
)

// What the Do column of a VEX encoding may hold besides the kinds of bind.go:
//
//	sse    the instruction that the same opcode is without VEX, on each
//	       128-bit lane; one implementation serves both
//
// A VEX encoding with a vector destination clears the register above what it
// writes, and its first source is a register of its own. So the legacy
// function works on temporaries, and what it has made of them is moved to the
// destination in the end: no fault and no exception finds it changed.

type sseForm struct{}

var sse = sseForm{}

// Vector registers behind the sixteen: the operands of a lane.
const (
	vecDst0 = 16 + iota // destination and first source: lower and upper lane
	vecDst1
	vecSrc0 // second source
	vecSrc1
)

func (b *binder) bindVEX(do any) {
	switch do.(type) {
	case sseForm:
		b.sseForm()
	default:
		panic("x86: row without a function: " + b.d.Row.String())
	}
}

// sseForm emits the operations of a VEX form of a legacy instruction.
func (b *binder) sseForm() {
	d := &b.d
	fn := d.legacy()
	switch a := &d.Args[0]; {
	case a.Kind != ArgVec || !a.Op.Write:
		b.operands(fn) // nothing to clear
	case d.VecLen == 32:
		b.wide(fn)
	default:
		b.narrow(fn)
	}
}

// legacy is the function of the row that d's opcode, prefix and map give
// without VEX.
func (d *Inst) legacy() opFunc {
	l := *d
	l.Prefix &^= PrefixVEX
	rep := uint8(0)
	switch p := d.Row.prefix; p {
	case 0x66:
		l.Prefix |= PrefixOpsize
	case 0xF2, 0xF3:
		rep = p
	}
	for _, r := range index().maps[d.Row.mapIndex][d.Opcode] {
		if !r.matches(&l, rep) {
			continue
		}
		switch do := r.Do.(type) {
		case opFunc:
			return do
		case sized:
			return do[sizeIndex(d.Size)]
		case *forms:
			return do.pick(d)
		}
	}
	panic("x86: no legacy form of " + d.Row.String())
}

// sources returns the registers of the operands behind the destination: that
// in VEX.vvvv, and the following one.
func (d *Inst) sources() (first, second uint8) {
	first, second = Zero, Zero
	args := d.Args[1:d.NArgs]
	if args[0].Op.Method == 'H' {
		first = args[0].Reg
		args = args[1:]
	}
	if len(args) > 0 && (args[0].Kind == ArgVec || args[0].Kind == ArgReg) {
		second = args[0].Reg
	}
	return first, second
}

// imm is the immediate operand, or 0.
func (d *Inst) imm() uint64 {
	if a := &d.Args[d.NArgs-1]; a.Kind == ArgImm {
		return a.Value
	}
	return 0
}

// narrow emits fn for 128 bits or a scalar. The operation behind the first one
// is not run by the loop, but by the first.
func (b *binder) narrow(fn opFunc) {
	d := &b.d
	if d.HasMem {
		b.addressParts()
	}
	first, second := d.sources()
	o := b.emit(narrowOp)
	o.dst, o.src = d.Args[0].Reg, first
	o = b.emit(fn)
	o.dst, o.src, o.imm = vecDst0, second, d.imm()
	if a := d.memArg(); a != nil {
		b.address(o, a)
	}
}

// memArg is the memory operand, or nil.
func (d *Inst) memArg() *Arg {
	for i := range d.Args[:d.NArgs] {
		if a := &d.Args[i]; a.Kind == ArgMem {
			return a
		}
	}
	return nil
}

func narrowOp(s *State, o *op) *op {
	t, v := &s.V[vecDst0], &s.V[o.src&31]
	t[0], t[1] = v[0], v[1]
	in := o.after()
	in.fn(s, in)
	s.V[o.dst&31] = Vec{t[0], t[1]}
	return in.after()
}

// wide emits fn for two lanes.
func (b *binder) wide(fn opFunc) {
	d := &b.d
	if d.HasMem {
		b.addressParts()
	}
	first, second := d.sources()
	o := b.emit(wideOp)
	o.dst, o.src, o.aux = d.Args[0].Reg, first, second
	if a := d.memArg(); a != nil {
		b.address(o, a)
	}
	for lane := range uint8(2) {
		o = b.emit(fn)
		o.dst, o.src, o.imm = vecDst0+lane, vecSrc0+lane, d.imm()
	}
}

func wideOp(s *State, o *op) *op {
	src := s.vecOperand(o, o.aux)
	s.V[vecSrc0], s.V[vecSrc1] = Vec{src[0], src[1]}, Vec{src[2], src[3]}
	v := &s.V[o.src&31]
	s.V[vecDst0], s.V[vecDst1] = Vec{v[0], v[1]}, Vec{v[2], v[3]}
	in0 := o.after()
	in1 := in0.after()
	// Nothing faults from here on.
	s.joint, s.float.Flags = ^softfloat.Flags(0), 0
	in0.fn(s, in0)
	in1.fn(s, in1)
	s.joint = 0
	if s.float.Flags != 0 {
		s.sseRaise()
	}
	lo, hi := &s.V[vecDst0], &s.V[vecDst1]
	s.V[o.dst&31] = Vec{lo[0], lo[1], hi[0], hi[1]}
	return in1.after()
}

// vecOperand reads the operand of 32 bytes that is memory or register r.
func (s *State) vecOperand(o *op, r uint8) Vec {
	if o.mem {
		return s.load256(o)
	}
	return s.V[r&31]
}

// load256 reads the memory operand. A misaligned one that must be aligned is a
// protection fault.
func (s *State) load256(o *op) (v Vec) {
	a := s.alignedEA(o)
	v[0], v[1] = s.mem.Load128(a)
	v[2], v[3] = s.mem.Load128(a + 16)
	return v
}

// store256 writes the memory operand, all of it or nothing.
func (s *State) store256(o *op, v *Vec) {
	a := s.alignedEA(o)
	if a&0xfff > 0x1000-32 {
		s.mem.Probe(a, 32, memory.Write)
	}
	s.mem.Store128(a, v[0], v[1])
	s.mem.Store128(a+16, v[2], v[3])
}
