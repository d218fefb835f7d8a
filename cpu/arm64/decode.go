package arm64

import (
	"encoding/binary"
	"errors"
)

// maxArgs is the most operands an instruction has.
const maxArgs = 5

// Inst is a decoded instruction.
type Inst struct {
	PC    uint64
	Word  uint32
	Row   *Row
	Args  [maxArgs]Arg
	NArgs int
}

// The errors of Decode.
var (
	// ErrTruncated: the code ends inside the instruction.
	ErrTruncated = errors.New("arm64: truncated instruction")
	// ErrIllegal: no instruction of the presented processor.
	ErrIllegal = errors.New("arm64: illegal instruction")
)

// Decode decodes the instruction at the start of code, which lies at pc, into
// d. d is overwritten in full; nothing of code is kept.
func Decode(d *Inst, code []byte, pc uint64) error {
	if len(code) < 4 {
		*d = Inst{PC: pc}
		return ErrTruncated
	}
	return DecodeWord(d, binary.LittleEndian.Uint32(code), pc)
}

// DecodeWord is [Decode] for a word.
func DecodeWord(d *Inst, w uint32, pc uint64) error {
	d.PC, d.Word, d.Row, d.NArgs = pc, w, nil, 0
	for _, r := range index().by[w&indexMask>>indexShift] {
		if w&r.mask != r.value {
			continue
		}
		if d.take(r) {
			return nil
		}
	}
	d.Row, d.NArgs = nil, 0
	return ErrIllegal
}

// take decodes d by row r, if its operands allow.
func (d *Inst) take(r *Row) bool {
	d.Row, d.NArgs = r, len(r.ops)
	for i := range r.ops {
		a := &d.Args[i]
		*a = Arg{Op: &r.ops[i]}
		if !a.Op.kind.decode(d, a) {
			return false
		}
	}
	return true
}

// Field returns a field of the encoding by its letter; absent ones are 0.
func (d *Inst) Field(letter byte) uint32 { return d.Row.field(d.Word, letter) }

// signed returns a field as a signed number.
func (d *Inst) signed(letter byte) int64 {
	for _, f := range d.Row.fields {
		if f.letter == letter {
			return int64(d.Word) << (64 - f.lo - f.width) >> (64 - f.width)
		}
	}
	return 0
}

// Next is the address of the following instruction.
func (d *Inst) Next() uint64 { return d.PC + 4 }
