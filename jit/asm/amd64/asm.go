// Package amd64 encodes host instructions for the translators: a buffer to
// which instructions are appended, operands in the processor's own terms, and
// labels for branches. It knows nothing of guests. What an instruction means,
// and when it may be used, is the caller's business.
//
// Start reading at [Asm]; [Asm.Op] is the encoder proper, the methods below it
// are the instructions that translators write by name. Encodings are those of
// Vol. 2 of the Intel 64 and IA-32 Architectures Software Developer's Manual.
package amd64

import "encoding/binary"

// Reg is a general register in encoding order, or a vector register's number
// where an instruction takes one.
type Reg uint8

// The general registers.
const (
	RAX Reg = iota
	RCX
	RDX
	RBX
	RSP
	RBP
	RSI
	RDI
	R8
	R9
	R10
	R11
	R12
	R13
	R14
	R15
	// None stands for an absent base or index.
	None Reg = 0xFF
)

// Mem is a memory operand: Base + Index<<Scale + Disp, in the segment GS if GS
// is set. Without Base and Index it is the absolute address Disp, sign-extended.
type Mem struct {
	Base, Index Reg
	Scale       uint8 // 0 to 3
	GS          bool
	Disp        int32
}

// At is the operand base + disp.
func At(base Reg, disp int32) Mem { return Mem{Base: base, Index: None, Disp: disp} }

// AtGS is the operand gs:disp.
func AtGS(disp int32) Mem { return Mem{Base: None, Index: None, Disp: disp, GS: true} }

// Map is an opcode map, as the bytes before the opcode select it.
type Map uint8

// The maps, with the numbers that VEX.mmmmm gives them.
const (
	Map1 Map = iota // one-byte opcodes
	Map0F
	Map0F38
	Map0F3A
)

// Form is everything of an encoding but its operands in ModRM.
type Form struct {
	Prefix uint8 // mandatory prefix or REP: 0, 66, F2, F3
	Opsize bool  // an operand-size prefix beside it
	Lock   bool
	W      bool // REX.W or VEX.W
	REX    bool // a REX prefix even if it is empty: SPL, BPL, SIL, DIL
	Map    Map
	Opcode uint8

	VEX  bool
	L    bool  // VEX.L: 256 bits
	VVVV uint8 // VEX.vvvv as a register number; 0 if unused
}

// Asm is a buffer of code. The zero value is ready for use. It is not safe for
// concurrent use.
type Asm struct {
	Code   []byte
	labels []int32 // offset, or -1
	fixups []fixup
}

// Label is a place in the code, see [Asm.NewLabel].
type Label int32

type fixup struct {
	at    int32 // of the rel32 or rel8 field
	label Label
	short bool
}

// Reset empties the buffer and forgets all labels.
func (a *Asm) Reset() {
	a.Code, a.labels, a.fixups = a.Code[:0], a.labels[:0], a.fixups[:0]
}

// Len is the offset of the next instruction.
func (a *Asm) Len() int { return len(a.Code) }

// NewLabel returns a label that is nowhere yet.
func (a *Asm) NewLabel() Label {
	a.labels = append(a.labels, -1)
	return Label(len(a.labels) - 1)
}

// Bind puts the label here.
func (a *Asm) Bind(l Label) { a.labels[l] = int32(len(a.Code)) }

// near reports whether the label is bound and in reach of a short branch here.
func (a *Asm) near(l Label) bool {
	to := a.labels[l]
	return to >= 0 && int(to)-len(a.Code)-2 >= -128
}

// Link fills in the branches to labels. It reports whether all labels are
// bound and within reach of the branches to them.
func (a *Asm) Link() bool {
	for _, f := range a.fixups {
		to := a.labels[f.label]
		if to < 0 {
			return false
		}
		if !f.short {
			binary.LittleEndian.PutUint32(a.Code[f.at:], uint32(to-f.at-4))
			continue
		}
		d := to - f.at - 1
		if int32(int8(d)) != d {
			return false
		}
		a.Code[f.at] = byte(d)
	}
	return true
}

// Bytes appends bytes as they are.
func (a *Asm) Bytes(b ...byte) { a.Code = append(a.Code, b...) }

// U32 appends a 32-bit little-endian field.
func (a *Asm) U32(v uint32) { a.Code = binary.LittleEndian.AppendUint32(a.Code, v) }

// REX bits.
const (
	rexB = 1 << iota
	rexX
	rexR
	rexW
)

// Op appends the instruction f with ModRM.reg = reg (a register or an opcode
// extension) and ModRM.rm = the register rm.
func (a *Asm) Op(f Form, reg, rm Reg) {
	a.prefixes(f, rexR*bit(reg>>3)|rexB*bit(rm>>3), false)
	a.Code = append(a.Code, 0xC0|byte(reg&7)<<3|byte(rm&7))
}

// OpShort appends an instruction without ModRM whose opcode's low bits name the
// register r; 0 leaves the opcode as it is.
func (a *Asm) OpShort(f Form, r Reg) {
	if r != 0 {
		f.Opcode = f.Opcode&^7 | byte(r&7)
	}
	a.prefixes(f, rexB*bit(r>>3), false)
}

// OpMem is Op with a memory operand in ModRM.rm.
func (a *Asm) OpMem(f Form, reg Reg, m Mem) {
	rex := rexR * bit(reg>>3)
	if m.Base != None {
		rex |= rexB * bit(m.Base>>3)
	}
	if m.Index != None {
		rex |= rexX * bit(m.Index>>3)
	}
	a.prefixes(f, rex, m.GS)
	a.modrm(byte(reg&7)<<3, m)
}

func bit(r Reg) byte { return byte(r & 1) }

// prefixes appends all that comes before ModRM.
func (a *Asm) prefixes(f Form, rex byte, gs bool) {
	if gs {
		a.Code = append(a.Code, 0x65)
	}
	if f.VEX {
		a.vex(f, rex)
		return
	}
	if f.Lock {
		a.Code = append(a.Code, 0xF0)
	}
	if f.Opsize {
		a.Code = append(a.Code, 0x66)
	}
	if f.Prefix != 0 {
		a.Code = append(a.Code, f.Prefix)
	}
	if f.W {
		rex |= rexW
	}
	if rex != 0 || f.REX {
		a.Code = append(a.Code, 0x40|rex)
	}
	switch f.Map {
	case Map0F:
		a.Code = append(a.Code, 0x0F)
	case Map0F38:
		a.Code = append(a.Code, 0x0F, 0x38)
	case Map0F3A:
		a.Code = append(a.Code, 0x0F, 0x3A)
	}
	a.Code = append(a.Code, f.Opcode)
}

// vex appends a VEX prefix and the opcode (Vol. 2, 2.3.5): the short form
// where there is one.
func (a *Asm) vex(f Form, rex byte) {
	pp := map[uint8]byte{0: 0, 0x66: 1, 0xF3: 2, 0xF2: 3}[f.Prefix]
	last := (^f.VVVV&15)<<3 | pp
	if f.L {
		last |= 4
	}
	if f.Map == Map0F && !f.W && rex&(rexX|rexB) == 0 {
		r := byte(0x80)
		if rex&rexR != 0 {
			r = 0
		}
		a.Code = append(a.Code, 0xC5, r|last, f.Opcode)
		return
	}
	b := byte(f.Map)
	for i, m := range [...]byte{rexB, rexX, rexR} {
		if rex&m == 0 {
			b |= 0x20 << i
		}
	}
	if f.W {
		last |= 0x80
	}
	a.Code = append(a.Code, 0xC4, b, last, f.Opcode)
}

// modrm appends ModRM, SIB and displacement of a memory operand.
func (a *Asm) modrm(reg byte, m Mem) {
	if m.Base == None {
		// SIB without a base: [index<<scale + disp32].
		index := byte(4)
		if m.Index != None {
			index = byte(m.Index & 7)
		}
		a.Code = append(a.Code, reg|4, m.Scale<<6|index<<3|5)
		a.U32(uint32(m.Disp))
		return
	}
	mod, n := byte(0x80), 4
	switch {
	case m.Disp == 0 && m.Base&7 != RBP:
		mod, n = 0, 0
	case m.Disp == int32(int8(m.Disp)):
		mod, n = 0x40, 1
	}
	if m.Index == None && m.Base&7 != RSP {
		a.Code = append(a.Code, mod|reg|byte(m.Base&7))
	} else {
		index := byte(4)
		if m.Index != None {
			index = byte(m.Index & 7)
		}
		a.Code = append(a.Code, mod|reg|4, m.Scale<<6|index<<3|byte(m.Base&7))
	}
	switch n {
	case 1:
		a.Code = append(a.Code, byte(m.Disp))
	case 4:
		a.U32(uint32(m.Disp))
	}
}
