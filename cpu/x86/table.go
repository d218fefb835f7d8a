package x86

import (
	"strings"
	"sync"
	"sync/atomic"
)

// Spec is one line of the decode table as it is written: all there is to know
// about one encoding of an instruction, the way the entry in Vol. 2 of the
// manual has it.
type Spec struct {
	// Enc is the encoding in the manual's notation, with these elements:
	//   66 F3 F2   first: a mandatory prefix;  NP: none of the three allowed;  NFx: no F2, F3
	//   W0 W1      REX.W must be clear, set ("REX.W" in the manual)
	//   NB         REX.B must be clear
	//   0F B6      opcode bytes; 0F, 0F 38 and 0F 3A select the map
	//   50+r       the low three bits are a register;  D8 C0+i  the same of x87
	//   70+cc      the low four bits are a condition (sixteen rows in one)
	//   /r /0../7  ModRM follows; a digit fixes its reg field
	//   two further bytes after an opcode (0F 01 D0): ModRM fixed
	// A VEX encoding begins with an element of parts between dots:
	//   VEX.128 .256   the vector length, VEX.L; VEX.128/256: two entries of
	//                  the manual in one row
	//   .LZ .LIG       VEX.L must be clear; is ignored
	//   .66 .F3 .F2    VEX.pp
	//   .0F .0F38 .0F3A  the map, VEX.mmmmm
	//   .W0 .W1 .WIG   VEX.W must be clear, set; is ignored; W0/W1: it is the
	//                  operand size
	// VEX.vvvv must be 1111 unless an operand is in it.
	// Immediates follow from the operands.
	Enc string
	// Name is the mnemonic; a trailing "cc" is replaced by the condition, and
	// of names with slashes the one of the operand size is taken
	// ("cbw/cwde/cdqe" for 16, 32, 64 bits).
	Name string
	// Ops lists the operands: see operand.go for the notation. After a bar
	// come the registers and the memory used implicitly.
	Ops string
	// Flags says what happens to the flags: groups of a verb, a colon and the
	// letters o s z a p c d. r: read, w: written, u: left undefined by the
	// manual, m: written or kept depending on an operand.
	Flags string
	// Attr holds what the other columns cannot say.
	Attr Attr
	// Do is what the interpreter does: see bind.go for the kinds of value.
	Do any
}

// Row is a line of the table together with what follows from its text.
type Row struct {
	*Spec
	*pattern

	sec   *Section
	index int
}

// pattern is what follows from the text of a Spec: internal/rows works it out.
type pattern struct {
	allows   facts // of the instruction
	fixed    uint8 // what the bits of mask are in ModRM
	mask     uint8
	opcode   uint8 // first (or only) opcode byte
	count    uint8 // how many opcodes the row claims: 1, 8 or 16
	prefix   uint8 // mandatory prefix or VEX.pp: 0 any, else pfxNone, pfxNoRep, 0x66, 0xF3, 0xF2
	mapIndex uint8
	modrm    bool
	vex      bool
	anyMod   bool  // ModRM.mod is ignored: a register in any case
	short    bool  // the vector length is 16 bytes whatever VEX.L says
	vsib     uint8 // bits of the indices of a VSIB operand: 0, 32 or 64
	explicit uint8 // number of operands, from operands on, and
	implied  uint8 // behind them
	rank     uint8 // how specific the match is
	operands uint16
	attr     Attr   // as in Spec, which decoding has no look at
	line     uint16 // the place in the table
	section  uint8
}

// facts are what a row may ask of an instruction. Of each group an instruction
// has one.
type facts uint16

// The facts.
const (
	factNone facts = 1 << iota // no mandatory prefix, or none in VEX.pp
	fact66
	factF3
	factF2
	factW0
	factW1
	factL0
	factL1
	factMem   // by ModRM.mod
	factReg   // or without ModRM
	factB     // REX.B is set
	factVVVV  // VEX.vvvv is not 1111
	factNoSIB // ModRM.rm is not 100

	anyPrefix = factNone | fact66 | factF3 | factF2
	anyW      = factW0 | factW1
	anyL      = factL0 | factL1
	anyMode   = factMem | factReg
)

// Attr are properties of a row.
type Attr uint16

// The attributes.
const (
	// Lockable: LOCK is allowed when the destination is memory.
	Lockable Attr = 1 << iota
	// D64: the operand size is 64 bits by default, and 32 cannot be had.
	D64
	// F64: the operand size is 64 bits whatever the prefixes say.
	F64
	// Ends: control may go elsewhere than to the next instruction, so the
	// instruction ends a block.
	Ends
	// RepZ: REPE and REPNE are meant, and compare; Rep: REP is.
	RepZ
	Rep
	// ByteSize: the operation is on bytes though no operand says so.
	ByteSize
	// W64: 64 bits if REX.W, else 32: a 66 prefix does not change the size.
	W64
	// Slow: an interpreter should leave the block behind it, since it changes
	// what the block was decoded under.
	Slow
)

// Section is a part of the table: the instructions of one chapter.
type Section struct {
	Ref     string // where in the manual ("Vol. 1, 5.1.2 ..."); entries in Vol. 2 are by mnemonic
	Feature string // the CPUID feature, "" for the baseline integer set
	Rows    []Spec
}

const (
	pfxNone  = 1 // "NP"
	pfxNoRep = 2 // "NFx"
)

// tables lists the sections; an entry a file. Sections of VEX encodings are last.
var tables = [...]*Section{
	&moveRows, &arithRows, &logicRows, &shiftRows, &bitRows, &controlRows,
	&stringRows, &flagRows, &miscRows, &systemRows,
	&x87Rows, &x87AliasRows, &fxsaveRows, &xsaveRows, &xsaveoptRows, &xsavecRows, &sseFloatRows, &sse2FloatRows, &mmxRows, &sseRows, &sse2Rows, &sse2IntRows, &sseMoveRows,
	&sse3Rows, &ssse3Rows, &sse41Rows, &sse42Rows, &popcntRows, &lzcntRows, &tzcntRows, &movbeRows, &adxRows, &rdrandRows, &rdseedRows,
	&aesRows, &pclmulRows, &shaRows,
	&bmi1Rows, &bmi2Rows,
	&avxMoveRows, &avxNewRows, &gatherRows, &avxIntRows, &avxFloatRows, &fmaRows, &f16cRows,
}

//go:generate go run ./internal/rows

// Sections returns the table.
func Sections() []*Section { return tables[:] }

// Rows are made when they are met for the first time: there are many, a program
// uses few of them, and this is part of every process's start. So they stand in
// the order in which they were met.
var (
	rows    [len(patterns)]Row
	made    [len(patterns)]atomic.Uint32 // by the row's number: its place in rows, and 1; 0: it is not there
	making  sync.Mutex                   // guards what follows, and writing the above
	howMany uint32
)

// row returns the row of that number.
func row(n int) *Row {
	if k := made[n].Load(); k != 0 {
		return &rows[k-1]
	}
	return makeRow(n)
}

func makeRow(n int) *Row {
	making.Lock()
	defer making.Unlock()
	if k := made[n].Load(); k != 0 {
		return &rows[k-1]
	}
	p := &patterns[n]
	sec := tables[p.section]
	r := &rows[howMany]
	*r = Row{&sec.Rows[p.line], p, sec, n}
	howMany++
	made[n].Store(howMany)
	return r
}

// NumRows is how many rows there are.
const NumRows = len(patterns)

// Rows returns every row of the table in a fixed order.
func Rows() []*Row {
	list := make([]*Row, len(patterns))
	for n := range list {
		list[n] = row(n)
	}
	return list
}

// claimants returns the numbers of the rows of an opcode, most specific first.
func claimants(m int, vex bool, opcode uint8) []uint16 {
	slot := m<<8 | int(opcode)
	if vex {
		slot += 4 << 8
	}
	return candidates[starts[slot]:starts[slot+1]]
}

// claims reports whether an instruction of which those facts are true, and that
// has that ModRM byte, is one of the row's.
func (p *pattern) claims(f facts, modrm uint8) bool {
	return f&^p.allows == 0 && modrm&p.mask == p.fixed
}

// Section returns the section the row stands in.
func (r *Row) Section() *Section { return r.sec }

// Index is the row's place in [Rows].
func (r *Row) Index() int { return r.index }

// FlagsRead returns the RFLAGS bits the instruction reads (for a conditional
// instruction, those of all conditions).
func (r *Row) FlagsRead() uint32 { return r.flags('r') }

// FlagsWritten returns the RFLAGS bits the instruction always writes.
func (r *Row) FlagsWritten() uint32 { return r.flags('w') }

// FlagsUndefined returns the RFLAGS bits the manual leaves undefined. We give
// them the value that Intel processors give; see the functions.
func (r *Row) FlagsUndefined() uint32 { return r.flags('u') }

// FlagsMaybe returns the RFLAGS bits that are written or kept depending on an
// operand (a shift count of zero, an unsuccessful comparison).
func (r *Row) FlagsMaybe() uint32 { return r.flags('m') }

// flags returns the flags behind a verb in Spec.Flags.
func (r *Row) flags(verb byte) uint32 {
	f := uint32(0)
	for group := range strings.FieldsSeq(r.Flags) {
		if group[0] != verb {
			continue
		}
		for _, letter := range []byte(group[2:]) {
			f |= flagOf[letter-'a']
		}
	}
	return f
}

var flagOf = [26]uint32{FlagA, 'c' - 'a': FlagC, 'd' - 'a': FlagD, 'o' - 'a': FlagO, 'p' - 'a': FlagP, 's' - 'a': FlagS, 'z' - 'a': FlagZ}

// Operands returns the explicit operands.
func (r *Row) Operands() []Operand { return operands[r.operands:][:r.explicit:r.explicit] }

// Implicit returns the operands that the assembler's text does not show.
func (r *Row) Implicit() []Operand {
	return operands[r.operands+uint16(r.explicit):][:r.implied:r.implied]
}

// String is the row's identity: encoding, mnemonic and operands.
func (r *Row) String() string { return r.Enc + " " + r.Name + " " + r.Ops }
