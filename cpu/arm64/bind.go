package arm64

import (
	"sync/atomic"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

// Binding turns decoded instructions into operations. What a row's Do column
// may hold:
//
//	opFunc             one function
//	wide               one for sf = 0 and one for sf = 1
//	func(*binder)      builds the operations itself
//
// For the first two the operands are filled in by operands.

// wide holds the 32-bit and the 64-bit function of an instruction with sf.
type wide [2]opFunc

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
	linkSync                     // to s.pc, with everything looked up afresh
)

// binder builds one block.
type binder struct {
	opts  Options
	ops   []op
	links []link
	d     Inst   // the instruction being bound
	count int    // instructions before d
	prev  Inst   // the instruction before d, if it lies in the block
	done  bool   // the block ends behind d
	next  uint64 // where the block goes on

	// flags is set by an instruction that a branch may join: the functions of
	// both together, by condition; prevFlags is that of the instruction before.
	flags, prevFlags *[8]wide
}

// emit appends an operation of the current instruction. The pointer is good
// until the next emit.
func (b *binder) emit(fn opFunc) *op {
	b.ops = append(b.ops, op{fn: fn, pc: b.d.PC, n: uint8(b.count), rd: Discard, rn: Zero, rm: Zero, ra: Zero})
	return &b.ops[len(b.ops)-1]
}

// operands appends an operation with the operands filled in: rd from d or t,
// rn from n, rm from m or s, ra from a or u, each resolved by the operand that
// names the field (register 31 written alone is Discard); imm from the
// immediate operand or the offset of memory; cc from c. Vector registers go in
// the same places.
func (b *binder) operands(fn opFunc) *op {
	d := &b.d
	if b.opts.Checked {
		b.checkAddress()
	}
	o := b.emit(fn)
	for i := range d.Args[:d.NArgs] {
		a := &d.Args[i]
		switch a.Kind {
		case ArgReg:
			r := a.Reg
			if r == Zero && a.Op.Write && !a.Op.Read {
				r = Discard
			}
			o.set(a.Op.field, r)
		case ArgVec:
			o.set(a.Op.field, a.Reg)
		case ArgMem:
			o.rn, o.imm = a.Reg, a.Value
		case ArgImm, ArgAddr:
			o.imm = a.Value
		}
	}
	o.cc = uint8(d.Field('c'))
	return o
}

// set puts register r into the place of field letter.
func (o *op) set(letter byte, r uint8) {
	switch letter {
	case 'd', 't':
		o.rd = r
	case 'n':
		o.rn = r
	case 'm', 's':
		o.rm = r
	case 'a', 'u':
		o.ra = r
	}
}

// reg is the general register in a field where 31 is ZR, for reading.
func (b *binder) reg(letter byte) uint8 {
	if r := uint8(b.d.Field(letter)); r != 31 {
		return r
	}
	return Zero
}

// regW is reg for writing.
func (b *binder) regW(letter byte) uint8 {
	if r := uint8(b.d.Field(letter)); r != 31 {
		return r
	}
	return Discard
}

// goesOn makes the block go on at target, and reports whether it does: not at
// an instruction that it holds already, lest a loop be unrolled.
func (b *binder) goesOn(target uint64) bool {
	for i := range b.ops {
		if b.ops[i].pc == target {
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
	b.links = append(b.links, link{pc: pc, n: uint64(b.count) + 1, kind: kind})
	return uint8(len(b.links) - 1)
}

// sync ends the block behind the current instruction, which o belongs to and
// which leaves by o.link with s.pc set.
func (b *binder) sync(o *op) {
	o.link = b.link(linkSync, 0)
	b.done = true
}

// bind appends the operations of the current instruction.
func (b *binder) bind() {
	d := &b.d
	b.prevFlags, b.flags = b.flags, nil
	switch do := d.Row.Do.(type) {
	case opFunc:
		b.operands(do)
	case wide:
		b.operands(do[d.Field('z')])
	case func(*binder):
		do(b)
	default:
		panic("arm64: row without a function: " + d.Row.String())
	}
	b.prev = b.d
}

// mem returns the memory operand of the current instruction, or nil.
func (d *Inst) mem() *Arg {
	for i := range d.Args[:d.NArgs] {
		if a := &d.Args[i]; a.Op.Mem {
			return a
		}
	}
	return nil
}

// access is how the instruction accesses its memory operand: a read and write
// in one counts as a write, as it does for a processor's fault.
func (o *Operand) access() memory.Prot {
	if o.Write {
		return memory.Write
	}
	return memory.Read
}

// checkAddress emits the check of Options.Checked for the memory operand.
func (b *binder) checkAddress() {
	a := b.d.mem()
	if a == nil {
		return
	}
	k := a.Op.kind
	if k == kinds()["[n,Rm,ext]"] {
		b.emitIndex()
		o := b.emit(checkUpper)
		o.rn, o.cc = temp, uint8(a.Op.access())
		return
	}
	o := b.emit(checkUpper)
	o.rn, o.imm, o.cc = a.Reg, a.Value, uint8(a.Op.access())
	if postIndexed(k) {
		o.imm = 0
	}
}

// checkUpper faults if the effective address has bits above the window.
func checkUpper(s *State, o *op) *op {
	if a := s.R[o.rn&63] + o.imm; a>>32 != 0 {
		panic(&trap{kind: cpu.StopFault, fault: memory.Fault{Addr: a, Access: memory.Prot(o.cc)}})
	}
	return o.after()
}

// emitIndex appends the operation that puts base plus index register into temp.
func (b *binder) emitIndex() {
	d := &b.d
	o := b.emit([8]opFunc{2: indexUXTW, 3: indexLSL, 6: indexSXTW, 7: indexLSL}[d.Field('o')])
	o.rd, o.rn, o.rm = temp, uint8(d.Field('n')), b.reg('m')
	if d.Field('S') != 0 {
		o.sh = log2(d.mem().Op.Scale)
	}
}

func indexLSL(s *State, o *op) *op {
	s.R[o.rd&63] = s.R[o.rn&63] + s.R[o.rm&63]<<(o.sh&63)
	return o.after()
}

func indexUXTW(s *State, o *op) *op {
	s.R[o.rd&63] = s.R[o.rn&63] + uint64(uint32(s.R[o.rm&63]))<<(o.sh&63)
	return o.after()
}

func indexSXTW(s *State, o *op) *op {
	s.R[o.rd&63] = s.R[o.rn&63] + uint64(int64(int32(s.R[o.rm&63])))<<(o.sh&63)
	return o.after()
}
