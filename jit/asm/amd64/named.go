package amd64

import "encoding/binary"

// The instructions that translators write themselves. None of them changes a
// flag.

// Mov64 is dst = src.
func (a *Asm) Mov64(dst, src Reg) { a.Op(Form{W: true, Opcode: 0x8B}, dst, src) }

// Mov32 is dst = the low half of src, zero-extended.
func (a *Asm) Mov32(dst, src Reg) { a.Op(Form{Opcode: 0x8B}, dst, src) }

// Load64 is dst = the 8 bytes at m.
func (a *Asm) Load64(dst Reg, m Mem) { a.OpMem(Form{W: true, Opcode: 0x8B}, dst, m) }

// Load32 is dst = the 4 bytes at m, zero-extended.
func (a *Asm) Load32(dst Reg, m Mem) { a.OpMem(Form{Opcode: 0x8B}, dst, m) }

// LoadByte is dst = the byte at m, zero-extended.
func (a *Asm) LoadByte(dst Reg, m Mem) { a.OpMem(Form{Map: Map0F, Opcode: 0xB6}, dst, m) }

// Store64 stores src at m.
func (a *Asm) Store64(m Mem, src Reg) { a.OpMem(Form{W: true, Opcode: 0x89}, src, m) }

// Store64Imm stores a sign-extended immediate at m.
func (a *Asm) Store64Imm(m Mem, v int32) {
	a.OpMem(Form{W: true, Opcode: 0xC7}, 0, m)
	a.U32(uint32(v))
}

// Store32Imm stores an immediate of 4 bytes at m.
func (a *Asm) Store32Imm(m Mem, v uint32) {
	a.OpMem(Form{Opcode: 0xC7}, 0, m)
	a.U32(v)
}

// MovImm is dst = v, by the shortest encoding.
func (a *Asm) MovImm(dst Reg, v uint64) {
	switch {
	case v == uint64(uint32(v)):
		a.short(0xB8, dst, false)
		a.U32(uint32(v))
	case v == uint64(int64(int32(v))):
		a.Op(Form{W: true, Opcode: 0xC7}, 0, dst)
		a.U32(uint32(v))
	default:
		a.short(0xB8, dst, true)
		a.Code = binary.LittleEndian.AppendUint64(a.Code, v)
	}
}

// Lea64 is dst = the address m.
func (a *Asm) Lea64(dst Reg, m Mem) { a.OpMem(Form{W: true, Opcode: 0x8D}, dst, m) }

// Lea32 is dst = the low half of the address m.
func (a *Asm) Lea32(dst Reg, m Mem) { a.OpMem(Form{Opcode: 0x8D}, dst, m) }

// Movzx16 is dst = the low 16 bits of src.
func (a *Asm) Movzx16(dst, src Reg) { a.Op(Form{Map: Map0F, Opcode: 0xB7}, dst, src) }

// Movzx8 is dst = the low byte of src.
func (a *Asm) Movzx8(dst, src Reg) { a.Op(Form{REX: src >= RSP, Map: Map0F, Opcode: 0xB6}, dst, src) }

// Not64 inverts dst.
func (a *Asm) Not64(dst Reg) { a.Op(Form{W: true, Opcode: 0xF7}, 2, dst) }

// Ret returns by the host stack.
func (a *Asm) Ret() { a.Code = append(a.Code, 0xC3) }

// Jmp is a jump to l, short if it is known to reach.
func (a *Asm) Jmp(l Label) {
	if a.near(l) {
		a.Code = append(a.Code, 0xEB)
		a.rel8(l)
		return
	}
	a.Code = append(a.Code, 0xE9)
	a.rel32(l)
}

// Jcc jumps to l under condition cc (the tttn field), like Jmp.
func (a *Asm) Jcc(cc uint8, l Label) {
	if a.near(l) {
		a.Code = append(a.Code, 0x70|cc)
		a.rel8(l)
		return
	}
	a.Code = append(a.Code, 0x0F, 0x80|cc)
	a.rel32(l)
}

// Call calls l on the host stack.
func (a *Asm) Call(l Label) {
	a.Code = append(a.Code, 0xE8)
	a.rel32(l)
}

// Jrcxz jumps to l, at most 127 bytes away, if RCX is zero.
func (a *Asm) Jrcxz(l Label) {
	a.Code = append(a.Code, 0xE3)
	a.rel8(l)
}

// Jecxz is Jrcxz for ECX.
func (a *Asm) Jecxz(l Label) {
	a.Code = append(a.Code, 0x67, 0xE3)
	a.rel8(l)
}

// CallMem calls the address stored at m.
func (a *Asm) CallMem(m Mem) { a.OpMem(Form{Opcode: 0xFF}, 2, m) }

// JmpMem jumps to the address stored at m.
func (a *Asm) JmpMem(m Mem) { a.OpMem(Form{Opcode: 0xFF}, 4, m) }

// AlignField appends no-operations until the offset of what follows n bytes on
// is a multiple of 4.
func (a *Asm) AlignField(n int) { a.Nop(-(len(a.Code) + n) & 3) }

// nops are the no-operations that the manual recommends (Vol. 2B, NOP).
var nops = [...][]byte{
	1: {0x90},
	2: {0x66, 0x90},
	3: {0x0F, 0x1F, 0x00},
	4: {0x0F, 0x1F, 0x40, 0x00},
	5: {0x0F, 0x1F, 0x44, 0x00, 0x00},
	6: {0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00},
	7: {0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00},
	8: {0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
	9: {0x66, 0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
}

// Nop appends n bytes that do nothing.
func (a *Asm) Nop(n int) {
	for n > 0 {
		k := min(n, len(nops)-1)
		a.Code = append(a.Code, nops[k]...)
		n -= k
	}
}

// Align appends no-operations up to an offset that is a multiple of n, a power
// of two.
func (a *Asm) Align(n int) { a.Nop(-len(a.Code) & (n - 1)) }

// short appends an opcode with a register in its low bits.
func (a *Asm) short(op byte, r Reg, w bool) {
	rex := rexB * bit(r>>3)
	if w {
		rex |= rexW
	}
	if rex != 0 {
		a.Code = append(a.Code, 0x40|rex)
	}
	a.Code = append(a.Code, op|byte(r&7))
}

// Rel32 appends a displacement to l, and returns its offset.
func (a *Asm) Rel32(l Label) int {
	a.rel32(l)
	return len(a.Code) - 4
}

// Truncate drops what was appended since the buffer was n bytes long; no branch
// to a label may be among it.
func (a *Asm) Truncate(n int) { a.Code = a.Code[:n] }

func (a *Asm) rel32(l Label) {
	a.fixups = append(a.fixups, fixup{at: int32(len(a.Code)), label: l})
	a.U32(0)
}

func (a *Asm) rel8(l Label) {
	a.fixups = append(a.fixups, fixup{at: int32(len(a.Code)), label: l, short: true})
	a.Code = append(a.Code, 0)
}
