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

	signed bool     // the immediate is sign-extended
	parts  uint8    // of a vector length, whose fraction the operand is, or 0:
	widths [3]uint8 // its width for operand sizes of 2, 4 and 8
}

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

// isRM reports whether the operand is found through ModRM.rm.
func (o *Operand) isRM() bool { return strings.IndexByte("EMRWUQNFK", o.Method) >= 0 }
