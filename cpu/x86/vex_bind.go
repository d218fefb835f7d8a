package x86

import (
	"github.com/nuage-emu/nuage/cpu/softfloat"
	"github.com/nuage-emu/nuage/memory"
)

// What the Do column of a VEX encoding may hold besides the kinds of bind.go.
// They are types rather than functions that make a closure, so that the table
// is data, and nothing is made before it is needed.
//
//	sse          what the opcode is without VEX, on each lane of 128 bits; one
//	             implementation serves both
//	sseNext(n)   the same, where the upper lane's immediate begins at bit n
//	sseXMM0{}    the same, where the destination is XMM0
//	each(f)      f of each 64 bits of the two sources
//	eachBy(f)    f of each 64 bits of the first source and the count: the low
//	             64 bits of the second source, or the immediate
//	lengths{a,b} a for a vector length of 128 bits, b for 256
//	vex(f)       f for both
//	laneMaker    what makes the function (see the types with a method op)
//
// Functions find the operands as those of bind.go do, in op.dst, op.src and
// op.aux by position, but for this: op.aux is always the register in ModRM.rm,
// if that is a source (see rm128 and its neighbours), and op.cc is the vector
// length in words of 64 bits. They write the whole register.

type (
	vex       func(s *State, o *op) *op
	lengths   [2]opFunc
	each      func(a, b uint64) uint64
	eachBy    func(a, n uint64) uint64
	sseForm   struct{}
	sseNext   uint8
	sseXMM0   struct{}
	vexTest   uint64
	laneMaker interface{ op(words uint8) opFunc }
)

var sse = sseForm{}

func (b *binder) bindVEX(do any) {
	words := b.d.VecLen / 8
	switch do := do.(type) {
	case sseForm:
		b.sseForm(0)
	case sseNext:
		b.sseForm(uint8(do))
	case sseXMM0:
		b.bindAs(b.d.legacy())
		b.emit(clearXMM0)
	case lengths:
		b.vexOp(do[words/4])
	case vex:
		b.vexOp(do)
	case laneMaker:
		b.vexOp(do.op(words))
	default:
		panic("x86: row without a function: " + b.d.Row.String())
	}
}

// vexOp emits an operation of fn.
func (b *binder) vexOp(fn opFunc) {
	o := b.operands(fn)
	if !b.d.Row.hasVVVV() {
		o.aux = o.src
	}
	o.cc = b.d.VecLen / 8
}

func clearXMM0(s *State, o *op) *op {
	s.V[0][2], s.V[0][3] = 0, 0
	return o.after()
}

// The operand found through ModRM.rm where it is a source.

func (s *State) rmLow64(o *op) uint64 {
	if o.mem {
		return s.mem.Load64(s.ea(o))
	}
	return s.V[o.aux&31][0]
}

func (s *State) rmLow32(o *op) uint32 {
	if o.mem {
		return s.mem.Load32(s.ea(o))
	}
	return uint32(s.V[o.aux&31][0])
}

func (s *State) rm128(o *op) (lo, hi uint64) {
	if o.mem {
		return s.load128(o)
	}
	v := &s.V[o.aux&31]
	return v[0], v[1]
}

// rmVec finds as much as the vector length says. The words of a register are
// read and written one by one everywhere: a processor stalls on a wide load
// behind narrow stores, and that is what copying a Vec comes to.
func (s *State) rmVec(o *op) *Vec {
	if !o.mem {
		return &s.V[o.aux&31]
	}
	v := &s.V[vecSrc0]
	a := s.alignedEA(o)
	v[0], v[1] = s.mem.Load128(a)
	if o.cc == 4 {
		v[2], v[3] = s.mem.Load128(a + 16)
	}
	return v
}

// rmBytes reads n bytes, at most 16; of a register, more may come.
func (s *State) rmBytes(o *op, n uint8) (lo, hi uint64) {
	if !o.mem {
		v := &s.V[o.aux&31]
		return v[0], v[1]
	}
	a := s.ea(o)
	switch n {
	case 1:
		lo = uint64(s.mem.Load8(a))
	case 2:
		lo = uint64(s.mem.Load16(a))
	case 4:
		lo = uint64(s.mem.Load32(a))
	case 8:
		lo = s.mem.Load64(a)
	default:
		lo, hi = s.mem.Load128(a)
	}
	return lo, hi
}

// load256 reads the 32-byte memory operand.
func (s *State) load256(o *op) (v Vec) {
	a := s.alignedEA(o)
	v[0], v[1] = s.mem.Load128(a)
	v[2], v[3] = s.mem.Load128(a + 16)
	return v
}

// Writing the whole register.

func (v *Vec) set128(a, b uint64)       { v[0], v[1], v[2], v[3] = a, b, 0, 0 }
func (v *Vec) set256(a, b, c, d uint64) { v[0], v[1], v[2], v[3] = a, b, c, d }
func (v *Vec) copy(r *Vec)              { v[0], v[1], v[2], v[3] = r[0], r[1], r[2], r[3] }

// store256 writes the memory operand, all of it or nothing.
func (s *State) store256(o *op, v *Vec) {
	a := s.alignedEA(o)
	if a&0xfff > 0x1000-32 {
		s.mem.Probe(a, 32, memory.Write)
	}
	s.mem.Store128(a, v[0], v[1])
	s.mem.Store128(a+16, v[2], v[3])
}

func (f each) op(words uint8) opFunc {
	if words == 2 {
		return func(s *State, o *op) *op {
			lo, hi := s.rm128(o)
			a := &s.V[o.src&31]
			s.V[o.dst&31].set128(f(a[0], lo), f(a[1], hi))
			return o.after()
		}
	}
	return func(s *State, o *op) *op {
		b := s.rmVec(o)
		a := &s.V[o.src&31]
		s.V[o.dst&31].set256(f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3]))
		return o.after()
	}
}

func (f eachBy) op(words uint8) opFunc {
	return func(s *State, o *op) *op {
		n := o.imm
		if o.aux != Zero || o.mem {
			n, _ = s.rm128(o)
		}
		a, d := &s.V[o.src&31], &s.V[o.dst&31]
		d[0], d[1] = f(a[0], n), f(a[1], n)
		if words == 4 {
			d[2], d[3] = f(a[2], n), f(a[3], n)
		} else {
			d[2], d[3] = 0, 0
		}
		return o.after()
	}
}

// op makes PTEST of the bits in the mask.
func (mask vexTest) op(words uint8) opFunc {
	return func(s *State, o *op) *op {
		b := s.rmVec(o)
		a := &s.V[o.dst&31]
		var both, only uint64
		for i, v := range b[:words] {
			both |= a[i] & v
			only |= v &^ a[i]
		}
		m := uint64(mask)
		s.testFlags(both&m == 0, only&m == 0)
		return o.after()
	}
}

// A VEX encoding with a vector destination clears the register above what it
// writes, and its first source is a register of its own. So the function of
// the legacy encoding works on temporaries, and what it has made of them is
// moved to the destination in the end: no fault and no exception finds it
// changed.

// Vector registers behind the sixteen: the operands of a lane.
const (
	vecDst0 = 16 + iota // destination and first source: lower and upper lane
	vecDst1
	vecSrc0 // second source
	vecSrc1
)

// sseForm emits the operations of a VEX form of a legacy instruction. The
// upper lane's immediate begins at bit next.
func (b *binder) sseForm(next uint8) {
	d := &b.d
	do := d.legacy()
	if a := &d.Args[0]; a.Kind != ArgVec || !a.Op.Write {
		b.bindAs(do) // nothing to clear
		return
	}
	if d.VecLen == 32 {
		b.wide(functionOf(do), next)
	} else {
		b.narrow(do)
	}
}

// legacy is the Do of the row that d's opcode, prefix and map give without VEX.
func (d *Inst) legacy() any {
	p := d.Row.pattern
	f := p.allows&anyPrefix | factW0<<(d.REX>>3&1) | factL0 | modrmFacts(d.ModRM)
	for _, n := range claimants(int(p.mapIndex), false, d.Opcode) {
		if patterns[n].claims(f, d.ModRM) {
			return row(int(n)).Do
		}
	}
	panic("x86: no legacy form of " + d.Row.String())
}

// sources returns the registers of the operands behind the destination: the
// first source, which is in VEX.vvvv if the destination is not, and the second.
func (d *Inst) sources() (first, second uint8) {
	first, second = Zero, Zero
	args := d.Args[1:d.NArgs]
	if d.Row.hasVVVV() {
		first = args[0].Reg
		args = args[1:]
	}
	if len(args) > 0 && (args[0].Kind == ArgVec || args[0].Kind == ArgReg) {
		second = args[0].Reg
	}
	return first, second
}

// immediate is the immediate operand, or 0.
func (d *Inst) immediate() uint64 {
	if a := &d.Args[d.NArgs-1]; a.Kind == ArgImm {
		return a.Value
	}
	return 0
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

// narrow emits the operations for 128 bits or a scalar. The one that do makes
// is not run by the loop, but by the one before it.
func (b *binder) narrow(do any) {
	whole, opts := b.d, b.opts
	d := &b.d
	if d.HasMem {
		b.addressParts()
		b.opts.Checked = false
		if d.segment() != Zero && d.Mem.Base != Zero && d.Mem.Index != Zero {
			d.Mem.Base = temp
			d.Prefix &^= PrefixFS | PrefixGS
		}
	}
	o := b.emit(narrowSame)
	o.dst = d.Args[0].Reg
	if d.Row.hasVVVV() {
		if o.src = d.Args[1].Reg; o.src != o.dst {
			o.fn = narrowOp
			d.Args[0].Reg = vecDst0
		}
		d.NArgs--
		copy(d.Args[1:], whole.Args[2:])
	}
	n := len(b.ops)
	b.bindAs(do)
	if len(b.ops) != n+1 {
		panic("x86: not one operation: " + d.Row.String())
	}
	b.d, b.opts = whole, opts
}

// narrowSame is for a destination that is the first source, or without one: the
// legacy function leaves it alone if it does not complete.
func narrowSame(s *State, o *op) *op {
	in := o.after()
	in.fn(s, in)
	d := &s.V[o.dst&31]
	d[2], d[3] = 0, 0
	return in.after()
}

func narrowOp(s *State, o *op) *op {
	t, v := &s.V[vecDst0], &s.V[o.src&31]
	t[0], t[1] = v[0], v[1]
	in := o.after()
	in.fn(s, in)
	s.V[o.dst&31].set128(t[0], t[1])
	return in.after()
}

// wide emits fn for two lanes.
func (b *binder) wide(fn opFunc, next uint8) {
	d := &b.d
	if d.HasMem {
		b.addressParts()
	}
	first, second := d.sources()
	o := b.emit(wideOp)
	o.dst, o.src, o.aux, o.cc = d.Args[0].Reg, first, second, 4
	if a := d.memArg(); a != nil {
		b.address(o, a)
	}
	for lane := range uint8(2) {
		o = b.emit(fn)
		o.dst, o.src, o.imm = vecDst0+lane, vecSrc0+lane, d.immediate()>>(lane*next)
	}
}

func wideOp(s *State, o *op) *op {
	b := s.rmVec(o)
	lo, hi := &s.V[vecSrc0], &s.V[vecSrc1]
	hi[0], hi[1] = b[2], b[3]
	lo[0], lo[1] = b[0], b[1]
	a := &s.V[o.src&31]
	d0, d1 := &s.V[vecDst0], &s.V[vecDst1]
	d0[0], d0[1], d1[0], d1[1] = a[0], a[1], a[2], a[3]
	in0 := o.after()
	in1 := in0.after()
	// No memory is accessed from here on, and the exceptions of all lanes are
	// raised together.
	s.joint, s.float.Flags = ^softfloat.Flags(0), 0
	in0.fn(s, in0)
	in1.fn(s, in1)
	s.joint = 0
	if s.float.Flags != 0 {
		s.sseRaise()
	}
	s.V[o.dst&31].set256(d0[0], d0[1], d1[0], d1[1])
	return in1.after()
}
