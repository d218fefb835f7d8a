package arm64

import (
	"strconv"
	"strings"
)

// Operand is one operand of a row. In the table an operand is written
//
//	[role] kind [:width]
//
// where the role is "=" for written, "+" for read and written, nothing for
// read; and width the bytes of a memory operand: ":8", or ":8x2" for two of
// them side by side, in which case offsets are scaled by the 8; with "~8" the
// memory is named but not accessed.
//
// The kinds are
//
//	Wd Xn Rm ...   a general register: W, X, or by sf (R), and the field; 31 is ZR
//	Xn|SP          the same, where 31 is SP
//	Xs+1           the register behind an even one
//	Rm,shift       shifted register (k, i)
//	Rm,ext         extended register (o, i)
//	[n] ...        memory; see the list in kinds
//	label26 ...    targets, and the other kinds in the list
//
// and those of operand_simd.go. A kind may find that the bits are not
// allocated; then the row does not match.
type Operand struct {
	Text  string
	Read  bool
	Write bool
	Mem   bool
	Scale uint8 // bytes of an element of a memory operand
	Count uint8 // elements of it

	kind  *operandKind
	class byte // of a general register: W, X or R
	field byte // its field letter
	sp    bool // 31 is SP
	next  bool // the register behind
}

// operandKind says how an operand is taken out of the word and how it is
// written.
type operandKind struct {
	// decode fills a; false says that the encoding is not allocated.
	decode func(d *Inst, a *Arg) bool
	// text appends the operand in the syntax of the assembler.
	text func(b []byte, d *Inst, a *Arg, sym SymbolLookup) []byte
}

// ArgKind tells the kinds of operand apart.
type ArgKind uint8

// The kinds.
const (
	ArgReg   ArgKind = iota + 1 // general register Reg, resolved to SP or Zero, 64 bits if Wide
	ArgVec                      // vector register Reg
	ArgImm                      // immediate Value
	ArgAddr                     // address Value of a target
	ArgMem                      // memory: base Reg, offset Value (or index register)
	ArgOther                    // anything else; Value
)

// Arg is one operand of a decoded instruction.
type Arg struct {
	Op    *Operand
	Kind  ArgKind
	Reg   uint8
	Wide  bool
	Value uint64
}

// parseOperand reads an operand's text.
func parseOperand(text string) Operand {
	o := Operand{Text: text, Read: true}
	s := text
	switch s[0] {
	case '=':
		o.Read, o.Write = false, true
		s = s[1:]
	case '+':
		o.Write = true
		s = s[1:]
	}
	if s[0] == '[' {
		if kind, width, ok := strings.Cut(s, ":"); ok {
			s = kind
			o.Mem = true
			o.Scale, o.Count = parseWidth(width)
		} else if kind, width, ok := strings.Cut(s, "~"); ok {
			s = kind
			o.Scale, o.Count = parseWidth(width)
		}
	}
	if k, ok := kinds()[s]; ok {
		o.kind = k
		if len(s) > 3 && s[2] == ',' {
			o.field = s[1]
		}
		return o
	}
	if k := simdKind(s); k != nil {
		o.kind = k
		if len(s) > 1 {
			o.field = s[1]
		}
		return o
	}
	s, o.next = strings.CutSuffix(s, "+1")
	reg, sp := strings.CutSuffix(s, "|SP")
	if len(reg) == 2 && strings.IndexByte("WXR", reg[0]) >= 0 {
		o.class, o.field, o.sp = reg[0], reg[1], sp
		o.kind = &registerKind
		return o
	}
	panic("arm64: unknown operand " + text)
}

func parseWidth(text string) (scale, count uint8) {
	n, times, pair := strings.Cut(text, "x")
	v, err := strconv.Atoi(n)
	if err != nil {
		panic("arm64: bad width " + text)
	}
	scale, count = uint8(v), 1
	if pair {
		c, err := strconv.Atoi(times)
		if err != nil {
			panic("arm64: bad width " + text)
		}
		count = uint8(c)
	}
	return scale, count
}

// registerKind is a general register.
var registerKind = operandKind{
	decode: func(d *Inst, a *Arg) bool {
		a.Kind = ArgReg
		a.Wide = a.Op.class == 'X' || a.Op.class == 'R' && d.Field('z') != 0
		a.Reg = uint8(d.Field(a.Op.field))
		if a.Op.next {
			if a.Reg&1 != 0 {
				return false
			}
			a.Reg++
		}
		if a.Reg == 31 && !a.Op.sp {
			a.Reg = Zero
		}
		return true
	},
	text: func(b []byte, d *Inst, a *Arg, _ SymbolLookup) []byte { return append(b, regName(a.Reg, a.Wide)...) },
}

// regName is the name of general register r.
func regName(r uint8, wide bool) string {
	switch {
	case r == SP && wide:
		return "sp"
	case r == SP:
		return "wsp"
	case r >= Zero && wide:
		return "xzr"
	case r >= Zero:
		return "wzr"
	case wide:
		return "x" + strconv.Itoa(int(r))
	}
	return "w" + strconv.Itoa(int(r))
}
