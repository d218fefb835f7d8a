package x86

import (
	"encoding/binary"
	"errors"
)

// Prefixes of an instruction.
type Prefixes uint16

// The prefixes, as found (the meaning is the row's).
const (
	PrefixOpsize Prefixes = 1 << iota // 66
	PrefixAddr32                      // 67
	PrefixLock                        // F0
	PrefixRepne                       // F2, if it is the last of F2 and F3
	PrefixRep                         // F3, if it is the last of F2 and F3
	PrefixFS
	PrefixGS
	PrefixREX
	PrefixVEX // C4 or C5
)

// REX bits.
const (
	rexB = 1 << iota
	rexX
	rexR
	rexW
)

// ArgKind is what an operand of a decoded instruction is.
type ArgKind uint8

// The kinds.
const (
	ArgNone    ArgKind = iota
	ArgReg             // general register Reg, with [High] for AH to BH
	ArgVec             // vector register
	ArgMMX             // MMX register
	ArgST              // ST(Reg)
	ArgSeg             // segment register
	ArgControl         // control register
	ArgDebug           // debug register
	ArgMem             // memory: Inst.Mem
	ArgImm             // immediate: Inst.Imm, or Value for the second one
	ArgRel             // branch target: Value
	ArgOne             // the constant 1
	ArgStrSrc          // string source
	ArgStrDst          // string destination
	ArgStack           // memory at the stack pointer
)

// Arg is an operand of a decoded instruction.
type Arg struct {
	Kind  ArgKind
	Reg   uint8
	Width uint8 // bytes
	Op    Operand
	Value uint64 // ArgImm, ArgRel
}

// IsHigh reports whether the operand is AH, CH, DH or BH.
func (a *Arg) IsHigh() bool { return a.Kind == ArgReg && a.Reg&high != 0 }

// Mem is a memory operand: Base + Index<<Scale + Disp, plus the segment base.
// With VSIB, Index is a vector register, and every element of it makes an
// address.
type Mem struct {
	Base  uint8 // register, or Zero
	Index uint8 // register, or Zero
	Scale uint8 // 0 to 3
	RIP   bool  // Disp is relative to the next instruction
	VSIB  uint8 // 0, or the bytes of the index register: 16 or 32
	Disp  int64
}

// Inst is a decoded instruction.
type Inst struct {
	Row    *Row
	PC     uint64
	Len    int
	Prefix Prefixes
	REX    uint8 // the REX prefix, or W R X B of VEX (not inverted) in the same places
	Opcode uint8
	ModRM  uint8
	Size   uint8 // operand size in bytes: 1, 2, 4, 8
	NArgs  uint8
	Args   [4]Arg
	Mem    Mem
	HasMem bool
	Imm    uint64 // the first immediate, sign-extended
	VecLen uint8  // vector length in bytes: 32 with VEX.L, else 16
	VVVV   uint8  // VEX.vvvv, not inverted

	// Where things lie in the bytes, for rewriting: offsets and lengths.
	VEXAt    uint8 // the VEX prefix, VEXN bytes; 0 if there is none
	VEXN     uint8
	OpcodeAt uint8 // the last byte of the opcode; a REX prefix is before all of it
	ModRMAt  uint8 // 0 if there is none
	DispAt   uint8
	DispN    uint8
	ImmAt    uint8 // the first immediate, or the byte that holds a register
	ImmN     uint8
}

// Next is the address behind the instruction.
func (d *Inst) Next() uint64 { return d.PC + uint64(d.Len) }

// CC is the condition of a conditional instruction.
func (d *Inst) CC() uint8 { return d.Opcode & 15 }

// Lock reports whether the LOCK prefix is present.
func (d *Inst) Lock() bool { return d.Prefix&PrefixLock != 0 }

// Has reports whether all prefixes p are present.
func (d *Inst) Has(p Prefixes) bool { return d.Prefix&p == p }

// Errors of Decode.
var (
	ErrTruncated = errors.New("x86: instruction goes on behind the bytes given")
	ErrIllegal   = errors.New("x86: not an instruction")
	ErrTooLong   = errors.New("x86: instruction longer than 15 bytes")
)

const maxLen = 15

// Decode decodes the instruction at the start of code, which lies at pc. It
// allocates nothing and never reads more than 15 bytes. On an error d.Len says
// how many bytes were looked at.
func Decode(d *Inst, code []byte, pc uint64) error {
	if len(code) > maxLen {
		c := cursor{b: code[:maxLen]}
		err := c.decode(d, pc)
		if err == ErrTruncated {
			err = ErrTooLong
		}
		return err
	}
	c := cursor{b: code}
	err := c.decode(d, pc)
	if err == ErrTruncated && len(code) == maxLen {
		err = ErrTooLong
	}
	return err
}

// cursor walks over the bytes; reading beyond the end sets short.
type cursor struct {
	b          []byte
	i          int
	short      bool
	noRegister bool // an operand is a register that the processor does not have, or a load of CS
}

func (c *cursor) byte() uint8 {
	if c.i >= len(c.b) {
		c.short = true
		return 0
	}
	v := c.b[c.i]
	c.i++
	return v
}

// signed reads an n-byte little-endian integer and sign-extends it.
func (c *cursor) signed(n int) uint64 {
	b := c.b[c.i:]
	if len(b) < n {
		c.short = true
		return 0
	}
	c.i += n
	switch n {
	case 1:
		return uint64(int8(b[0]))
	case 2:
		return uint64(int16(binary.LittleEndian.Uint16(b)))
	case 4:
		return uint64(int32(binary.LittleEndian.Uint32(b)))
	}
	return binary.LittleEndian.Uint64(b)
}

func (c *cursor) decode(d *Inst, pc uint64) error {
	*d = Inst{PC: pc, VecLen: 16}
	rep := c.prefixes(d)
	if c.i < len(c.b) && c.b[c.i]&^1 == 0xC4 {
		return c.decodeVEX(d, rep)
	}
	m := c.opcode(d)
	if c.short {
		d.Len = c.i
		return ErrTruncated
	}
	d.OpcodeAt = uint8(c.i - 1)
	mandatory := factNone
	switch {
	case rep == 0xF3:
		mandatory = factF3
	case rep == 0xF2:
		mandatory = factF2
	case d.Prefix&PrefixOpsize != 0:
		mandatory = fact66
	}
	return c.match(d, claimants(m, false, d.Opcode), mandatory|d.facts())
}

// facts are those of an instruction besides its mandatory prefix and ModRM.
func (d *Inst) facts() facts {
	f := factW0 << (d.REX >> 3 & 1)
	f |= factL0 << (d.VecLen >> 5)
	f |= factB * facts(d.REX&rexB)
	if d.VVVV != 0 {
		f |= factVVVV
	}
	return f
}

// match finds the row among those of the opcode, and decodes what follows it.
func (c *cursor) match(d *Inst, rows []uint16, f facts) error {
	if len(rows) > 0 {
		if patterns[rows[0]].modrm {
			if c.i >= len(c.b) {
				d.Len = c.i
				return ErrTruncated
			}
			d.ModRM, d.ModRMAt = c.b[c.i], uint8(c.i)
		}
		f |= modrmFacts(d.ModRM)
		for _, n := range rows {
			if p := &patterns[n]; p.claims(f, d.ModRM) {
				d.Row = row(int(n))
				return c.finish(d, p)
			}
		}
	}
	d.Len = c.i
	return ErrIllegal
}

func modrmFacts(m uint8) facts {
	f := factMem
	if m >= 0xC0 {
		f = factReg
	}
	if m&7 != 4 {
		f |= factNoSIB
	}
	return f
}

// prefixes reads the legacy prefixes and REX, which counts only directly
// before the opcode. It returns the last of F2 and F3.
func (c *cursor) prefixes(d *Inst) (rep uint8) {
	for c.i < len(c.b) && isPrefix(c.b[c.i]) {
		b := c.b[c.i]
		c.i++
		switch b {
		case 0x66:
			d.Prefix |= PrefixOpsize
		case 0x67:
			d.Prefix |= PrefixAddr32
		case 0xF0:
			d.Prefix |= PrefixLock
		case 0xF2:
			rep = b
			d.Prefix = d.Prefix&^PrefixRep | PrefixRepne
		case 0xF3:
			rep = b
			d.Prefix = d.Prefix&^PrefixRepne | PrefixRep
		case 0x26, 0x2E, 0x36, 0x3E: // ES CS SS DS: ignored in 64-bit mode
		case 0x64:
			d.Prefix = d.Prefix&^PrefixGS | PrefixFS
		case 0x65:
			d.Prefix = d.Prefix&^PrefixFS | PrefixGS
		default:
			if c.i < len(c.b) && isPrefix(c.b[c.i]) {
				continue // a REX that is not directly before the opcode is ignored
			}
			d.REX = b
			d.Prefix |= PrefixREX
			return rep
		}
	}
	return rep
}

// isPrefix reports whether b is a legacy prefix or REX.
func isPrefix(b uint8) bool { return prefixSet[b>>6]>>(b&63)&1 != 0 }

// prefixSet has a bit for each byte that is one.
var prefixSet = [4]uint64{
	0: 1<<0x26 | 1<<0x2E | 1<<0x36 | 1<<0x3E,
	1: 0xFFFF | 0xF<<(0x64&63),
	3: 1<<(0xF0&63) | 3<<(0xF2&63),
}

// opcode reads the opcode and returns its map.
func (c *cursor) opcode(d *Inst) (m int) {
	if d.Opcode = c.byte(); d.Opcode != 0x0F {
		return 0
	}
	d.Opcode = c.byte()
	switch d.Opcode {
	case 0x38:
		d.Opcode = c.byte()
		return 2
	case 0x3A:
		d.Opcode = c.byte()
		return 3
	}
	return 1
}

// finish decodes what follows the opcode and fills the operands.
func (c *cursor) finish(d *Inst, p *pattern) error {
	size := 4
	switch {
	case p.attr&F64 != 0 || d.REX&rexW != 0:
		size = 8
	case d.Prefix&PrefixOpsize != 0 && p.prefix != 0x66 && p.attr&W64 == 0:
		size = 2
	case p.attr&D64 != 0:
		size = 8
	}
	d.Size = uint8(size)
	if p.short {
		d.VecLen = 16
	}
	if p.modrm {
		c.i++
		if d.ModRM < 0xC0 && !p.anyMod {
			c.memory(d, p.vsib != 0)
		}
	}
	d.NArgs = p.explicit
	for i, o := range operands[p.operands:][:p.explicit] {
		d.Args[i&3].Op = o
		c.arg(d, &d.Args[i&3], size)
	}
	if p.attr&ByteSize != 0 || d.NArgs > 0 && d.Args[0].Op.Type == 'b' {
		d.Size = 1
	}
	d.Len = c.i
	if c.short {
		return ErrTruncated
	}
	if c.noRegister || p.vsib != 0 && !d.gatherApart() {
		return ErrIllegal
	}
	if d.Lock() && (p.attr&Lockable == 0 || !d.HasMem || d.Args[0].Kind != ArgMem) {
		return ErrIllegal
	}
	return nil
}

// memory decodes ModRM's memory forms, SIB and displacement (Vol. 2, 2.1.5 and
// 2.2.1.2 to 2.2.1.6).
func (c *cursor) memory(d *Inst, vsib bool) {
	d.HasMem = true
	mod, rm := d.ModRM>>6, d.ModRM&7
	m := &d.Mem
	m.Base, m.Index = rm|d.REX&rexB<<3, Zero
	dispN := [4]int{0, 1, 4, 0}[mod]
	if rm == 4 {
		sib := c.byte()
		m.Scale = sib >> 6
		m.Base = sib&7 | d.REX&rexB<<3
		if x := sib>>3&7 | d.REX&rexX<<2; x != RSP || vsib {
			m.Index = x
		} else {
			m.Scale = 0
		}
		if sib&7 == 5 && mod == 0 {
			m.Base, dispN = Zero, 4
		}
	} else if rm == 5 && mod == 0 {
		m.Base, m.RIP, dispN = Zero, true, 4
	}
	if dispN > 0 {
		d.DispAt, d.DispN = uint8(c.i), uint8(dispN)
		m.Disp = int64(c.signed(dispN))
	}
}

// arg fills an operand for a.Op.
func (c *cursor) arg(d *Inst, a *Arg, size int) {
	o := &a.Op
	w := int(o.widths[size>>2])
	if o.parts != 0 {
		w = int(d.VecLen / o.parts)
	}
	a.Width = uint8(w)
	reg := d.ModRM>>3&7 | d.REX&rexR<<1
	rm := d.ModRM&7 | d.REX&rexB<<3
	switch o.Method {
	case 'E', 'R', 'M', 'K':
		if d.HasMem {
			a.Kind = ArgMem
			if o.Type == 'h' {
				a.Width = 2
			}
			if o.Method == 'K' {
				d.Mem.VSIB = o.Reg
			}
			return
		}
		a.Kind, a.Reg = ArgReg, d.gpr(rm, w)
	case 'G':
		a.Kind, a.Reg = ArgReg, d.gpr(reg, w)
	case 'Z':
		a.Kind, a.Reg = ArgReg, d.gpr(d.Opcode&7|d.REX&rexB<<3, w)
	case 'S':
		a.Kind, a.Reg = ArgSeg, d.ModRM>>3&7
		c.noRegister = c.noRegister || a.Reg > 5 || o.Write && a.Reg == 1
	case 'C':
		a.Kind, a.Reg = ArgControl, reg
		c.noRegister = c.noRegister || reg == 1 || reg > 4 && reg != 8
	case 'D':
		a.Kind, a.Reg = ArgDebug, reg
		c.noRegister = c.noRegister || reg > 7
	case 'r':
		a.Kind, a.Reg = ArgReg, o.Reg
	case 's':
		a.Kind, a.Reg = ArgSeg, o.Reg
	case 'I':
		a.Kind = ArgImm
		at := c.i
		a.Value = c.signed(w)
		if !o.signed {
			a.Value &= 1<<(8*w) - 1
		}
		if d.ImmN == 0 {
			d.Imm, d.ImmAt, d.ImmN = a.Value, uint8(at), uint8(w)
		}
	case 'J':
		a.Kind = ArgRel
		n := 4
		if o.Type == 'b' {
			n = 1
		}
		d.ImmAt, d.ImmN = uint8(c.i), uint8(n)
		a.Value = c.signed(n)
		a.Value += d.PC + uint64(c.i) // nothing follows it
	case 'O':
		a.Kind = ArgMem
		n := 8
		if d.Prefix&PrefixAddr32 != 0 {
			n = 4
		}
		d.DispAt, d.DispN = uint8(c.i), uint8(n)
		v := c.signed(n)
		if n == 4 {
			v = uint64(uint32(v))
		}
		d.HasMem, d.Mem = true, Mem{Base: Zero, Index: Zero, Disp: int64(v)}
	case 'X':
		a.Kind = ArgStrSrc
	case 'Y':
		a.Kind = ArgStrDst
	case 'T':
		a.Kind = ArgStack
	case 'V':
		a.Kind, a.Reg = ArgVec, reg
	case 'x':
		a.Kind, a.Reg = ArgVec, o.Reg
	case 'H':
		a.Kind, a.Reg = ArgVec, d.VVVV
	case 'B':
		a.Kind, a.Reg = ArgReg, d.VVVV
	case 'L':
		d.ImmAt, d.ImmN = uint8(c.i), 1
		d.Imm = c.signed(1)
		a.Kind, a.Reg = ArgVec, uint8(d.Imm)>>4
	case 'W', 'U':
		if d.HasMem {
			a.Kind = ArgMem
			return
		}
		a.Kind, a.Reg = ArgVec, rm
	case 'P':
		a.Kind, a.Reg = ArgMMX, d.ModRM>>3&7
	case 'Q', 'N':
		if d.HasMem {
			a.Kind = ArgMem
			return
		}
		a.Kind, a.Reg = ArgMMX, d.ModRM&7
	case 'F':
		a.Kind, a.Reg = ArgST, d.ModRM&7
	case 'f':
		a.Kind, a.Reg = ArgST, o.Reg
	case '1':
		a.Kind, a.Value = ArgOne, 1
	}
}

// gpr numbers a general register: without REX, byte registers 4 to 7 are AH,
// CH, DH and BH.
func (d *Inst) gpr(r uint8, w int) uint8 {
	if w == 1 && d.Prefix&(PrefixREX|PrefixVEX) == 0 && r >= 4 {
		return r - 4 + high
	}
	return r
}
