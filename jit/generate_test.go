package jit

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/nuage-emu/nuage/cpu/x86"
)

// generator makes random programs: valid instructions of all kinds that branch,
// call and return to one another. Each draws different programs; seeds of one mean
// nothing to the others.
type generator func(rnd *rand.Rand) (code []byte, starts []uint64)

// generators are chosen among by the number of a program; what fills its
// registers goes with it.
var generators = []struct {
	program generator
	seed    func(s *x86.State, rnd *rand.Rand, starts []uint64)
}{{program, seed}, {richProgram, richSeed}, {fewProgram, richSeed}}

// richSeed is seed with pointers that nearly all point to data, so that programs
// go on for longer.
func richSeed(s *x86.State, rnd *rand.Rand, starts []uint64) {
	seed(s, rnd, starts)
	for i := range 16 {
		if i != x86.RSP && rnd.IntN(4) > 0 {
			s.R[i] = anywhere(rnd)
		}
	}
}

// rich draws a program that has more of what compilers and hostile programs do:
// counted loops, frames, jump tables, calls through memory, short repeated
// string instructions, stacks that are switched, jumps into the middle of
// instructions.
type rich struct {
	rnd    *rand.Rand
	rows   []*x86.Row
	code   []byte
	starts []uint64
	blocks int
	rels   []richFix // displacements of 32 bits to blocks
	tables []richFix // displacements to the table of addresses, which is the end
	few    uint16    // the registers that instructions name; 0: all
}

// richFix is a displacement to fill in: to a block, and so many bytes behind its
// beginning, or to an entry of the table.
type richFix struct{ at, to, off int }

// tableEntries is how many addresses the table has; a power of two.
const tableEntries = 16

func richProgram(rnd *rand.Rand) (code []byte, starts []uint64) {
	g := &rich{rnd: rnd, rows: x86.Rows(), blocks: 150 + rnd.IntN(150)}
	return g.program()
}

// fewProgram draws a program whose instructions name three registers only, two of
// which mostly have no host register: so they are named again and again, as both
// operands of an instruction, as parts of an address, and while copies of them are
// in temporaries.
func fewProgram(rnd *rand.Rand) (code []byte, starts []uint64) {
	g := &rich{rnd: rnd, rows: x86.Rows(), blocks: 60 + rnd.IntN(60)}
	without := []int{x86.R8, x86.R9, x86.R10, x86.R11, x86.R13, x86.R15}
	for range 2 {
		g.few |= 1 << without[rnd.IntN(len(without))]
	}
	g.few |= 1 << rnd.IntN(16)
	return g.program()
}

func (g *rich) program() (code []byte, starts []uint64) {
	for range g.blocks {
		g.starts = append(g.starts, codeAt+uint64(len(g.code)))
		for range 1 + g.rnd.IntN(8) {
			g.statement()
		}
		g.end()
	}
	g.bytes(0x0F, 0x05)
	g.link()
	return g.code[:min(len(g.code), guestCode)], g.starts
}

// anywhere is an address of data, in one of its views.
func anywhere(rnd *rand.Rand) uint64 {
	view := uint64(rnd.IntN(views))
	return (dataAt+view*((dataEnd-dataAt)/views))&^0xFFFF + uint64(rnd.Uint32N(dataSize))
}

func (g *rich) bytes(b ...byte) { g.code = append(g.code, b...) }

func (g *rich) imm32(v uint32) { g.code = binary.LittleEndian.AppendUint32(g.code, v) }

// rel emits an opcode and a displacement to a random block, now and then to the
// middle of one of its first instructions.
func (g *rich) rel(b ...byte) {
	g.bytes(b...)
	off := 0
	if g.rnd.IntN(32) == 0 {
		off = 1 + g.rnd.IntN(5)
	}
	g.rels = append(g.rels, richFix{len(g.code), g.rnd.IntN(g.blocks), off})
	g.imm32(0)
}

// table emits an opcode with a ModRM byte that is relative to rip, and a
// displacement to an entry of the table.
func (g *rich) table(entry int, b ...byte) {
	g.bytes(b...)
	g.tables = append(g.tables, richFix{at: len(g.code), to: entry})
	g.imm32(0)
}

// link fills in the displacements, and makes the table.
func (g *rich) link() {
	for len(g.code)%8 != 0 {
		g.bytes(0x90)
	}
	table := len(g.code)
	for range tableEntries {
		g.code = binary.LittleEndian.AppendUint64(g.code, g.starts[g.rnd.IntN(len(g.starts))])
	}
	for _, f := range g.rels {
		binary.LittleEndian.PutUint32(g.code[f.at:], uint32(g.starts[f.to]+uint64(f.off)-codeAt-uint64(f.at)-4))
	}
	for _, f := range g.tables {
		binary.LittleEndian.PutUint32(g.code[f.at:], uint32(table+8*f.to-f.at-4))
	}
}

// instruction is any that there is.
func (g *rich) instruction() {
	for range 500 {
		code := g.rows[g.rnd.IntN(len(g.rows))].Instance(g.rnd)
		if g.few == 0 || g.namesFew(code) {
			g.bytes(code...)
			return
		}
	}
}

// namesFew reports whether the general registers that an instruction names are of
// the few; few instructions that name none pass.
func (g *rich) namesFew(code []byte) bool {
	var d x86.Inst
	if x86.Decode(&d, code, codeAt) != nil {
		return false
	}
	named := uint32(0)
	for i := range d.Args[:d.NArgs] {
		if a := &d.Args[i]; a.Kind == x86.ArgReg {
			named |= 1 << (a.Reg & 15)
		}
	}
	if d.HasMem {
		for _, r := range []uint8{d.Mem.Base, d.Mem.Index} {
			if r < 16 {
				named |= 1 << r
			}
		}
	}
	return named&^uint32(g.few) == 0 && (named != 0 || g.rnd.IntN(32) == 0)
}

// fewStatement is a statement of a program with few registers.
func (g *rich) fewStatement() {
	switch a, b := g.one(), g.one(); g.rnd.IntN(8) {
	case 0:
		g.bytes(0x48|a>>3, 0xB8|a&7)
		g.code = binary.LittleEndian.AppendUint64(g.code, anywhere(g.rnd))
	case 1, 2, 3: // two registers
		g.bytes([]byte{0x40, 0x48, 0x48, 0x48}[g.rnd.IntN(4)]|a>>3<<2|b>>3, commonest[g.rnd.IntN(len(commonest)-1)], 0xC0|a&7<<3|b&7)
	default:
		g.instruction()
	}
}

// one is one of the few registers.
func (g *rich) one() byte {
	n := g.rnd.IntN(16)
	for g.few>>n&1 == 0 {
		n = (n + 1) % 16
	}
	return byte(n)
}

// commonest are the opcodes of common; the last is LEA.
var commonest = [...]byte{
	0x01, 0x03, 0x09, 0x0B, 0x11, 0x13, 0x19, 0x1B, 0x21, 0x23, 0x29, 0x2B, 0x31, 0x33, 0x39, 0x3B, 0x85, 0x87, 0x89, 0x8B, 0x8D,
}

// common is what compilers use most: an integer instruction with a register and
// a register or memory.
func (g *rich) common() {
	opcode := commonest[g.rnd.IntN(len(commonest))]
	g.bytes(0x40|byte(g.rnd.IntN(16)), opcode)
	modrm := byte(g.rnd.IntN(256))
	if opcode == 0x8D {
		modrm &= 0x7F // LEA has no register
	}
	g.bytes(modrm)
	if modrm>>6 != 3 && modrm&7 == 4 {
		g.bytes(byte(g.rnd.IntN(256)))
	}
	switch {
	case modrm>>6 == 1:
		g.bytes(byte(g.rnd.IntN(256)))
	case modrm>>6 == 2, modrm>>6 == 0 && modrm&7 == 5:
		g.imm32(g.rnd.Uint32N(1 << 16))
	case modrm>>6 == 0 && modrm&7 == 4 && g.code[len(g.code)-1]&7 == 5:
		g.imm32(dataAt + g.rnd.Uint32N(dataSize))
	}
}

// statement is an instruction or a few that belong together.
func (g *rich) statement() {
	if g.few != 0 {
		g.fewStatement()
		return
	}
	r := g.rnd
	register := func() byte { return byte(r.IntN(8)) }
	switch r.IntN(26) {
	case 0: // a pointer
		g.bytes(0x48|byte(r.IntN(2)), 0xB8|register())
		g.code = binary.LittleEndian.AppendUint64(g.code, anywhere(r))
	case 1: // flags, and who uses them
		g.common()
		switch r.IntN(3) {
		case 0:
			g.rel(0x0F, 0x80|byte(r.IntN(16)))
		case 1:
			g.bytes(0x40|byte(r.IntN(16)), 0x0F, 0x90|byte(r.IntN(16)), 0xC0|byte(r.IntN(64)))
		default:
			g.bytes(0x40|byte(r.IntN(16)), 0x0F, 0x40|byte(r.IntN(16)), 0xC0|byte(r.IntN(64)))
		}
	case 2: // pushes and pops
		for range 1 + r.IntN(6) {
			g.bytes(0x40|byte(r.IntN(2)), 0x50|byte(r.IntN(16)))
		}
	case 3: // the stack pointer, moved
		switch r.IntN(6) {
		case 0:
			g.bytes(0x48, 0x87, 0xE0|register()) // xchg reg, rsp
		case 1:
			g.bytes(0x48, 0x8D, 0x64, 0x24, byte(r.IntN(256))) // lea rsp, [rsp+x]
		case 2:
			g.bytes(0x48, 0x81, 0xEC) // sub rsp, a lot
			g.imm32(r.Uint32N(dataSize))
		case 3:
			g.bytes(0x48, 0x83, 0xE4, 0xF0) // and rsp, -16
		default:
			g.bytes(0x48, 0x83, []byte{0xC4, 0xEC}[r.IntN(2)], byte(r.IntN(256)))
		}
	case 4: // back to where the stack is
		g.bytes(0xBC)
		g.imm32(dataAt + dataSize/4 + r.Uint32N(dataSize/2))
	case 5: // a counted loop
		n := register()
		if n == 4 {
			n = 1
		}
		g.bytes(0xB8 | n)
		g.imm32(1 + r.Uint32N(40))
		top := len(g.code)
		for range 1 + r.IntN(4) {
			if r.IntN(2) == 0 {
				g.instruction()
			} else {
				g.common()
			}
		}
		g.bytes(0xFF, 0xC8|n) // dec
		if back := top - len(g.code) - 2; back >= -128 {
			g.bytes([]byte{0x75, 0x7F, 0x77}[r.IntN(3)], byte(back))
		}
	case 6: // a short repeated string instruction
		g.bytes(0xB9)
		g.imm32(r.Uint32N(200))
		if r.IntN(4) == 0 {
			g.bytes([]byte{0xFC, 0xFD}[r.IntN(2)]) // cld, std
		}
		g.bytes([]byte{0xF2, 0xF3}[r.IntN(2)])
		if r.IntN(2) == 0 {
			g.bytes(0x48)
		}
		g.bytes([]byte{0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF}[r.IntN(10)])
		if r.IntN(4) > 0 {
			g.bytes(0xFC)
		}
	case 7: // a function of its own: a frame, and what undoes it
		g.bytes(0x55, 0x48, 0x89, 0xE5, 0x48, 0x83, 0xEC, byte(r.IntN(16)*8))
		g.common()
		g.bytes([][]byte{{0xC9}, {0x48, 0x89, 0xEC, 0x5D}}[r.IntN(2)]...)
	case 8, 9, 10, 11:
		g.common()
	default:
		g.instruction()
	}
}

// end is the end of a block; half of them go on in the next.
func (g *rich) end() {
	r := g.rnd
	switch r.IntN(14) {
	case 0:
		g.rel(0xE9)
	case 1, 2:
		g.rel(0xE8)
	case 3:
		g.bytes(0xC3)
	case 4:
		g.bytes(0xC2, byte(r.IntN(4)*8), 0)
	case 5: // through a register
		g.rel(0x48, 0x8D, 0x05)
		g.bytes(0xFF, []byte{0xE0, 0xD0}[r.IntN(2)])
	case 6: // through memory
		g.table(r.IntN(tableEntries), 0xFF, []byte{0x25, 0x15}[r.IntN(2)])
	case 7: // a switch: and eax, 15; lea rcx, [table]; jmp [rcx+8*rax]
		g.bytes(0x83, 0xE0, tableEntries-1)
		g.table(0, 0x48, 0x8D, 0x0D)
		g.bytes(0xFF, []byte{0x24, 0x14}[r.IntN(2)], 0xC1)
	}
}
