package x86

import "strings"

// The notation of Row.Ops follows Appendix A.2 of Vol. 2: operands separated
// by spaces, destination first, each a role, a method and a type.
//
// Role: "=" written, "+" read and written, nothing: read, "&" address only
// (LEA, prefetches: no access).
//
// Method:
//
//	E  general register or memory, ModRM.rm       M  memory only, ModRM.rm
//	R  general register only, ModRM.rm            G  general register, ModRM.reg
//	Z  general register, low three opcode bits    S  segment register, ModRM.reg
//	C  control register, ModRM.reg                D  debug register, ModRM.reg
//	I  immediate (see below)                      J  displacement from the next instruction
//	O  memory, address in the instruction
//	X  memory at seg:rsi (string source)          Y  memory at rdi (string destination)
//	V  vector register, ModRM.reg                 W  vector register or memory, ModRM.rm
//	U  vector register only, ModRM.rm
//	P  MMX register, ModRM.reg                    Q  MMX register or memory, ModRM.rm
//	N  MMX register only, ModRM.rm                F  ST(i), i in the low bits of ModRM
//	T  memory at the stack pointer (implicit)
//	H  vector register, VEX.vvvv                  B  general register, VEX.vvvv
//	L  vector register, bits 4 to 7 of an immediate byte
//
// Type, the width of the operand and of the memory access:
//
//	b 1   w 2   d 4   q 8   t 10   dq 16   qq 32   (bytes)
//	x  the vector length: 16 with VEX.L clear or without VEX, else 32
//	x/2 x/4 x/8  that fraction of it
//	v  2, 4 or 8 by operand size      z  2 or 4: 66 prefix or not
//	y  4 or 8 by REX.W                p  far pointer: 2 bytes and a v
//	h  2 in memory, v in a register
//	a  any: the instruction's own format (FXSAVE and the like)
//
// Immediates of types z and v are sign-extended to 64 bits, those of types b and
// w zero-extended, except Ibs, the byte that stands for a whole operand.
//
// An x operand in memory must be aligned to its width unless "u" follows (Wxu).
// In a VEX encoding it is the other way round: it need not be unless "a"
// follows (Wxa).
//
// vm32x, vm32y, vm64x and vm64y are memory addressed element by element, by the
// 32- or 64-bit elements of an index register of 16 (x) or 32 bytes: VSIB (Vol.
// 2, 2.3.12). The elements' width goes by VEX.W, as with y.
//
// Fixed registers stand by name: AL CL AX DX EAX rAX (by operand size) rDX ...
// XMM0 ST0 FS GS; and "1" is the constant.
//
// After "|" come the implicit operands in the same notation.

// Operand is an operand of a row, as the table states it.
type Operand struct {
	Method byte // the letter of the notation; 'r' for a fixed register, '1' for the constant
	Type   byte // the letter of the notation; 'o' for dq, 'O' for qq, '2' '4' '8' for fractions of x
	Reg    uint8
	Read   bool
	Write  bool
	Access bool // memory forms access memory
	Align  bool // memory forms must be aligned to their width
	Name   string

	signed bool // the immediate is sign-extended
}

type operand = Operand

func publicOperands(o []operand) []Operand { return o }

// Width returns the operand's width in bytes for an operand size of size bytes
// (2, 4 or 8) and a vector length of 16 bytes; 0 if the type has none.
func (o *Operand) Width(size int) int { return o.VecWidth(size, 16) }

// VecWidth is Width for a vector length of vector bytes (16 or 32).
func (o *Operand) VecWidth(size, vector int) int {
	switch o.Type {
	case 'b':
		return 1
	case 'w':
		return 2
	case 'd':
		return 4
	case 'q':
		return 8
	case 't':
		return 10
	case 'x':
		return vector
	case '2', '4', '8':
		return vector / int(o.Type-'0')
	case 'o':
		return 16
	case 'O':
		return 32
	case 'v', 'h':
		return size
	case 'z':
		return min(size, 4)
	case 'y':
		return max(size, 4)
	case 'p':
		return size + 2
	}
	return 0
}

// forms: bit 0 if a register form is possible, bit 1 if a memory form is.
func (o *operand) forms() uint8 {
	switch o.Method {
	case 'M', 'K':
		return 2
	case 'R', 'U', 'N', 'F':
		return 1
	}
	return 3
}

// isRM reports whether the operand is found through ModRM.rm.
func (o *operand) isRM() bool { return strings.IndexByte("EMRWUQNFK", o.Method) >= 0 }

// parseOps appends the row's operands to arena and returns it.
func (r *Row) parseOps(arena []operand) []operand {
	start, explicit, rest := len(arena), -1, r.Ops
	for rest != "" {
		var t string
		t, rest, _ = strings.Cut(rest, " ")
		if t == "|" {
			explicit = len(arena)
			continue
		}
		o := parseOperand(t)
		if r.vex {
			r.vexOperand(&o)
		}
		arena = append(arena, o)
	}
	if explicit < 0 {
		explicit = len(arena)
	}
	r.ops, r.hidden = arena[start:explicit:explicit], arena[explicit:len(arena):len(arena)]
	return arena
}

// vexOperand notes what an operand of a VEX encoding means for the row.
func (r *Row) vexOperand(o *operand) {
	o.Align = len(o.Name) == 3 && o.Name[2] == 'a'
	switch o.Method {
	case 'H', 'B':
		r.vvvv = true
	case 'K':
		r.vsib = 32
		if o.Name[2] == '6' {
			r.vsib = 64
		}
	}
}

func parseOperand(t string) operand {
	o := operand{Read: true, Access: true}
	switch t[0] {
	case '=':
		o.Read, o.Write = false, true
		t = t[1:]
	case '+':
		o.Write = true
		t = t[1:]
	case '&':
		o.Read, o.Access = false, false
		t = t[1:]
	}
	o.Name = t
	methodLetter := len(t) >= 2 && strings.IndexByte("bwdqtxvzypah", t[1]) >= 0
	if !methodLetter || len(t) > 3 {
		if f, ok := fixedOperands[t]; ok {
			o.Method, o.Type, o.Reg = f.method, f.typ, f.reg
			return o
		}
	}
	if len(t) < 2 || strings.IndexByte("EMRGZSCDIJOXYVWUPQNFTHBL", t[0]) < 0 || strings.IndexByte("bwdqtxvzypah", t[1]) < 0 {
		panic("x86: bad operand " + t)
	}
	o.Method, o.Type = t[0], t[1]
	switch {
	case len(t) == 4 && t[1:3] == "x/":
		o.Type = t[3]
	case len(t) == 3 && t[1:] == "dq":
		o.Type = 'o'
	case len(t) == 3 && t[1:] == "qq":
		o.Type = 'O'
	}
	o.Align = o.Type == 'x' && len(t) == 2
	o.signed = o.Type == 'z' || o.Type == 'v' || len(t) == 3 && t[2] == 's'
	return o
}

var fixedOperands = map[string]struct {
	method, typ byte
	reg         uint8
}{
	"AL": {'r', 'b', RAX}, "CL": {'r', 'b', RCX}, "AH": {'r', 'b', RAX + high},
	"AX": {'r', 'w', RAX}, "DX": {'r', 'w', RDX},
	"EAX": {'r', 'd', RAX}, "ECX": {'r', 'd', RCX}, "EDX": {'r', 'd', RDX}, "EBX": {'r', 'd', RBX},
	"RAX": {'r', 'q', RAX}, "RCX": {'r', 'q', RCX}, "RDX": {'r', 'q', RDX}, "RBX": {'r', 'q', RBX},
	"RSP": {'r', 'q', RSP}, "RBP": {'r', 'q', RBP}, "RSI": {'r', 'q', RSI}, "RDI": {'r', 'q', RDI}, "R11": {'r', 'q', R11},
	"eAX": {'r', 'z', RAX}, "rAX": {'r', 'v', RAX}, "rDX": {'r', 'v', RDX}, "rCX": {'r', 'v', RCX}, "rBX": {'r', 'v', RBX},
	"1":     {'1', 'b', 0},
	"XMM0":  {'x', 'o', 0},
	"vm32x": {'K', 'y', 16}, "vm32y": {'K', 'y', 32}, "vm64x": {'K', 'y', 16}, "vm64y": {'K', 'y', 32}, // Reg: bytes of the index register
	"ST0": {'f', 't', 0},
	"FS":  {'s', 'w', 4}, "GS": {'s', 'w', 5},
}
