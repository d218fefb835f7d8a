package x86

import (
	"sync/atomic"

	"github.com/nuage-emu/nuage/memory"
)

// Binding turns decoded instructions into operations. What a row's Do column
// may hold:
//
//	opFunc             one function for every form; it asks o.mem
//	sized, *sized      one function an operand size
//	forms              functions by operand size for each shape of operands
//	func(*binder)      builds the operations itself
//	maker, bindable    makes the function, builds the operations: a type where
//	                   many rows differ by a function or a number only
//
// and for VEX encodings, what vex_bind.go lists.
//
// The table is data: a call that makes a closure for a row would be made at the
// start of every process (TestNothingIsMadeAtStart).
//
// For the first three the operands are filled in by position: a register that
// is the first operand in op.dst, the second in op.src, the third in op.aux;
// memory in base, index, scale, disp, with op.mem set; an immediate, or a
// register that is encoded in one, in op.imm.

// sized holds a function for operand sizes of 1, 2, 4 and 8 bytes; absent ones
// are nil.
type sized [4]opFunc

// forms holds the functions of an instruction by the shape of its operands.
type forms struct {
	rr sized // register destination; register or immediate source (see src)
	rm sized // memory source
	mr sized // memory destination; register or immediate source
	lk sized // the same with LOCK
}

// block is a decoded stretch of code: entered at its start only, left by one
// of its links.
type block struct {
	ops   []op
	links []link
	pc    uint64
	gate  uint64 // what the budget must hold for the block to be entered; impossible if the block must be verified first
	n     uint64 // the most instructions a passage retires
	bytes []byte // of a volatile block: what was decoded
}

// link is a way out of a block.
type link struct {
	to   atomic.Pointer[block] // the successor, once known
	pc   uint64                // its address, for linkDirect
	n    uint64                // instructions retired when the block is left here
	kind linkKind
}

type linkKind uint8

const (
	linkDirect   linkKind = iota // to pc
	linkIndirect                 // to s.pc
	linkStop                     // s.stop and s.pc are set
	linkAgain                    // to s.pc, the instruction itself, which is not finished
)

// binder builds one block.
type binder struct {
	opts    Options
	ops     []op
	links   []link
	d       Inst   // the instruction being bound
	count   int    // instructions before d
	prev    Inst   // the instruction before d, if it lies in the block
	prevOps int    // operations before that
	done    bool   // the block ends behind d
	next    uint64 // where the block goes on
}

// emit appends an operation of the current instruction.
func (b *binder) emit(fn opFunc) *op {
	d := &b.d
	b.ops = append(b.ops, op{fn: fn, next: d.Next(), len: uint8(d.Len), n: uint8(b.count),
		base: Zero, index: Zero, dst: Zero, src: Zero, aux: Zero})
	return &b.ops[len(b.ops)-1]
}

// goesOn makes the block go on at target, and reports whether it does: not at
// an instruction that it holds already, lest a loop be unrolled.
func (b *binder) goesOn(target uint64) bool {
	for i := range b.ops {
		if b.ops[i].pc() == target {
			return false
		}
	}
	if target == b.d.PC {
		return false
	}
	b.next = target
	return true
}

// link adds a way out, taken with the current instruction retired.
func (b *binder) link(kind linkKind, pc uint64) uint8 {
	n := uint64(b.count) + 1
	if kind == linkAgain {
		n--
	}
	b.links = append(b.links, link{pc: pc, n: n, kind: kind})
	return uint8(len(b.links) - 1)
}

// bind appends the operations of the current instruction.
func (b *binder) bind() {
	d := &b.d
	before := len(b.ops)
	defer func() { b.prev, b.prevOps = b.d, before }()
	b.bindAs(d.Row.Do)
}

// bindAs binds the current instruction to what a row's Do column holds.
func (b *binder) bindAs(do any) {
	d := &b.d
	switch do := do.(type) {
	case opFunc:
		b.operands(do)
	case sized:
		b.operands(do[sizeIndex(d.Size)])
	case *forms:
		b.operands(do.pick(d))
	case func(*binder):
		do(b)
	case *sized:
		b.operands(do[sizeIndex(d.Size)])
	case maker:
		b.operands(do.op())
	case bindable:
		do.bind(b)
	default:
		b.bindVEX(do)
	}
}

// maker is what makes a function, when a row is bound; bindable, what builds the
// operations then.
type (
	maker    interface{ op() opFunc }
	bindable interface{ bind(b *binder) }
)

// functionOf is the function of a row that has one for every form.
func functionOf(do any) opFunc {
	if m, ok := do.(maker); ok {
		return m.op()
	}
	return do.(opFunc)
}

// sizeIndex is the index into sized of an operand size in bytes.
func sizeIndex(size uint8) int {
	switch size {
	case 1:
		return 0
	case 2:
		return 1
	case 4:
		return 2
	}
	return 3
}

func (f *forms) pick(d *Inst) opFunc {
	i := sizeIndex(d.Size)
	switch {
	case !d.HasMem:
		return f.rr[i]
	case d.Args[0].Kind != ArgMem:
		return f.rm[i]
	case d.Lock():
		return f.lk[i]
	}
	return f.mr[i]
}

// operands appends an operation with the operands filled in by position.
func (b *binder) operands(fn opFunc) *op {
	d := &b.d
	if d.HasMem {
		b.addressParts()
	}
	o := b.emit(fn)
	for i := range d.Args[:d.NArgs] {
		a := &d.Args[i]
		switch a.Kind {
		case ArgReg, ArgVec, ArgMMX, ArgST, ArgSeg:
			if a.Op.Method == 'L' {
				o.imm = uint64(a.Reg)
				continue
			}
			switch i {
			case 0:
				o.dst = a.Reg
			case 1:
				o.src = a.Reg
			case 2:
				o.aux = a.Reg
			}
		case ArgImm, ArgOne:
			o.imm = a.Value
		case ArgMem:
			b.address(o, a)
		}
	}
	o.cc = d.CC()
	return o
}

// addressParts emits what must happen before the operation that accesses
// memory: the sum that has three registers, and the check of Options.Checked.
func (b *binder) addressParts() {
	d := &b.d
	seg := d.segment()
	if b.opts.Checked {
		b.checkAddress(seg)
	}
	if seg != Zero && d.Mem.Base != Zero && d.Mem.Index != Zero {
		o := b.emit(addSegment)
		o.dst, o.src, o.aux = temp, d.Mem.Base, seg
	}
}

// address fills the memory operand into o. The address-size prefix needs no
// work: an address is taken modulo 2^32 with or without it.
func (b *binder) address(o *op, a *Arg) {
	d := &b.d
	m := d.Mem
	disp := uint64(m.Disp)
	if m.RIP {
		disp += d.Next()
	}
	switch seg := d.segment(); {
	case seg == Zero:
	case m.Base == Zero:
		m.Base = seg
	case m.Index == Zero:
		m.Index, m.Scale = seg, 0
	default:
		m.Base = temp
	}
	o.base, o.index, o.scale, o.disp = m.Base, m.Index, m.Scale, uint32(disp)
	o.mem, o.width = true, a.Width
	if a.Op.Align {
		o.align = a.Width - 1
	}
}

// segment is the register with the segment base of the memory operand, or Zero.
func (d *Inst) segment() uint8 {
	switch {
	case d.Prefix&PrefixFS != 0:
		return FSBase
	case d.Prefix&PrefixGS != 0:
		return GSBase
	}
	return Zero
}

func addSegment(s *State, o *op) *op {
	s.R[o.dst&31] = s.R[o.src&31] + s.R[o.aux&31]
	return o.after()
}

// checkAddress emits the check of Options.Checked for the memory operand.
func (b *binder) checkAddress(seg uint8) {
	d := &b.d
	access := memory.Read
	for i := range d.Args[:d.NArgs] {
		if a := &d.Args[i]; a.Kind == ArgMem {
			if !a.Op.Access {
				return
			}
			if a.Op.Write {
				access = memory.Write
			}
		}
	}
	o := b.emit(checkUpper)
	m := &d.Mem
	o.base, o.index, o.scale, o.aux, o.imm = m.Base, m.Index, m.Scale, seg, uint64(m.Disp)
	if m.RIP {
		o.imm += d.Next()
	}
	o.width = uint8(access)
	o.mem = d.Prefix&PrefixAddr32 != 0
}

// checkUpper faults if the effective address has bits above the window.
func checkUpper(s *State, o *op) *op {
	a := s.R[o.base&31] + s.R[o.index&31]<<(o.scale&63) + o.imm
	if o.mem {
		a = uint64(uint32(a))
	}
	a += s.R[o.aux&31]
	if a>>32 != 0 {
		panic(&trap{kind: trapProtection.kind, fault: memory.Fault{Addr: a, Access: memory.Prot(o.width)}})
	}
	return o.after()
}
