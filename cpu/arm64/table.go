package arm64

import (
	"math/bits"
	"strings"
	"sync"
)

// Spec is one line of the decode table as it is written: all there is to know
// about one encoding of an instruction, the way its page in the manual has it.
type Spec struct {
	// Name is the mnemonic; "b.c" stands for the conditional branches, "%" for
	// the ordering of an atomic operation (fields A and R).
	Name string
	// Bits is the encoding, 32 characters from bit 31 to bit 0:
	//   0 1   must be so
	//   x     ignored: the manual's (0), (1) and don't cares
	//   else  a field, named by its letter, which is the same in all rows:
	//     d n m a   Rd Rn Rm Ra            t u s   Rt Rt2 Rs
	//     z         sf: R is X, not W      h       hw, sh
	//     i j       immediate (j: its other part, immlo or b5)
	//     r l N     immr imms N            b       b40, a bit number
	//     k         the type of a shift    o       option, the type of an extension
	//     c         condition              e       nzcv
	//     S         S of a register offset
	//     A R       acquire, release        (of atomic operations)
	//     Q T       Q and size (SIMD)      L M H   lane index bits of SIMD
	// A field lies in one piece.
	Bits string
	// Ops lists the operands: see operand.go for the notation.
	Ops string
	// Attr holds what the other columns cannot say.
	Attr Attr
	// Do is what the interpreter does: see bind.go for the kinds of value.
	Do any
}

// Attr are properties of a row.
type Attr uint16

// The attributes.
const (
	// Ends: control may go elsewhere than to the next instruction, so the
	// instruction ends a block or has an exit in it.
	Ends Attr = 1 << iota
	// SetsFlags and ReadsFlags: NZCV is written, read.
	SetsFlags
	ReadsFlags
	// Ordered: the access must be aligned (exclusive, acquire, release).
	Ordered
	// Atomic: the memory operand is read and written in one.
	Atomic
	// FP: the instruction uses the vector registers.
	FP
)

// Section is a part of the table: the instructions of one group.
type Section struct {
	Ref     string // where in the manual
	Feature string // the FEAT_ name of the extension, "" for the base of v8.0
	Rows    []Spec
}

// Row is a line of the table together with what follows from its text.
type Row struct {
	*Spec

	sec         *Section
	index       int
	mask, value uint32
	fields      []field
	ops         []Operand
	rank        int // how many bits are fixed
}

// field is a run of bits of the encoding.
type field struct{ letter, lo, width uint8 }

// tables lists the sections; an entry a file or part of one. They are functions
// because most of what rows do is made by calls, which variables would have made
// whenever a process starts (0.25 ms of 5), also for programs of the other
// instruction set.
var tables = []func() Section{
	immediateRows, branchRows, systemRows, registerRows, crcRows,
	loadRows, storeRows, pairRows, exclusiveRows, rcpcRows,
	vectorLoadRows, structureRows, floatRows, floatMoveRows, jscvtRows, halfRows,
	simdThreeRows, simdFloatThreeRows, simdHalfThreeRows, simdDifferentRows,
	simdElementRows, simdFloatElementRows, simdHalfElementRows,
	simdTwoRows, simdFloatTwoRows, simdHalfTwoRows, simdConvertRows,
	simdShiftRows, simdFixedRows, simdHalfFixedRows, simdMoveRows, simdHalfMoveRows,
	rdmRows, dotRows, fcmaRows, cryptoRows, shaRows, lseRows,
}

// lookup is the decoder's index: for each value of bits 28 to 21 the candidate
// rows, most specific first.
type lookup struct {
	by   [256][]*Row
	rows []*Row
}

const (
	indexShift = 21
	indexMask  = 0xff << indexShift
)

var index = sync.OnceValue(func() *lookup {
	ix := new(lookup)
	sections := make([]Section, len(tables))
	n := 0
	for i, table := range tables {
		sections[i] = table()
		n += len(sections[i].Rows)
	}
	all := make([]Row, n)
	ix.rows = make([]*Row, 0, n)
	for k := range sections {
		sec := &sections[k]
		for i := range sec.Rows {
			r := &all[len(ix.rows)]
			r.Spec, r.sec, r.index = &sec.Rows[i], sec, len(ix.rows)
			r.parse()
			ix.rows = append(ix.rows, r)
		}
	}
	var sizes [256]int
	total := 0
	for _, r := range ix.rows {
		r.slots(func(k int) { sizes[k]++; total++ })
	}
	lists := make([]*Row, total) // one array: this is part of every start
	for k, size := range sizes {
		ix.by[k] = lists[:0:size]
		lists = lists[size:]
	}
	for _, r := range ix.rows {
		r.slots(func(k int) { ix.by[k] = insertByRank(ix.by[k], r) })
	}
	return ix
})

// slots calls f for every entry of the index that r belongs to.
func (r *Row) slots(f func(int)) {
	mask, value := int(r.mask&indexMask>>indexShift), int(r.value&indexMask>>indexShift)
	free := 0xff &^ mask
	for k := free; ; k = (k - 1) & free {
		f(value | k)
		if k == 0 {
			return
		}
	}
}

func insertByRank(l []*Row, r *Row) []*Row {
	i := len(l)
	for i > 0 && l[i-1].rank < r.rank {
		i--
	}
	l = append(l, nil)
	copy(l[i+1:], l[i:])
	l[i] = r
	return l
}

// Rows returns every row of the table in a fixed order.
func Rows() []*Row { return index().rows }

// parse derives everything from the row's text. The table is constant, so a
// mistake in it panics, in every test.
func (r *Row) parse() {
	r.mask, r.value, r.fields = parseBits(r.Bits)
	r.rank = bits.OnesCount32(r.mask)
	for _, text := range strings.Fields(r.Ops) {
		r.ops = append(r.ops, parseOperand(text))
	}
	if len(r.ops) > maxArgs {
		panic("arm64: too many operands: " + r.String())
	}
}

func parseBits(text string) (mask, value uint32, fields []field) {
	if len(text) != 32 {
		panic("arm64: encoding has not 32 bits: " + text)
	}
	for i := range 32 {
		lo := uint8(31 - i)
		switch c := text[i]; c {
		case '0', '1':
			mask |= 1 << lo
			value |= uint32(c-'0') << lo
		case 'x':
		default:
			if n := len(fields); n > 0 && fields[n-1].letter == c && i > 0 && text[i-1] == c {
				fields[n-1].lo--
				fields[n-1].width++
				continue
			}
			for _, f := range fields {
				if f.letter == c {
					panic("arm64: field in two pieces: " + text)
				}
			}
			fields = append(fields, field{letter: c, lo: lo, width: 1})
		}
	}
	return mask, value, fields
}

// field returns the field named by letter in word w; absent ones are 0.
func (r *Row) field(w uint32, letter byte) uint32 {
	for _, f := range r.fields {
		if f.letter == letter {
			return w >> f.lo & (1<<f.width - 1)
		}
	}
	return 0
}

// has reports whether the row has the field.
func (r *Row) has(letter byte) bool {
	for _, f := range r.fields {
		if f.letter == letter {
			return true
		}
	}
	return false
}

// Section returns the section the row stands in.
func (r *Row) Section() *Section { return r.sec }

// Index is the row's place in [Rows].
func (r *Row) Index() int { return r.index }

// Operands returns the operands as the row has them.
func (r *Row) Operands() []Operand { return r.ops }

// Fixed returns the bits that the encoding fixes, and their values.
func (r *Row) Fixed() (mask, value uint32) { return r.mask, r.value }

// String gives the row for people: mnemonic, bits and operands.
func (r *Row) String() string {
	return strings.TrimSpace(r.Name + " " + r.Bits + " " + r.Ops)
}
