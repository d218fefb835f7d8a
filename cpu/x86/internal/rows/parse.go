package main

import (
	"log"
	"strings"

	"github.com/nuage-emu/nuage/cpu/x86"
)

// The notation is explained at x86.Spec and, that of operands, in operand.go.

// row is a line of the table and what its text says.
type row struct {
	*x86.Spec

	prefix   int // mandatory prefix or VEX.pp: 0 any, else np, noRep, 0x66, 0xF3, 0xF2
	wbit     int // 0 any, 1 W0, 2 W1
	noB      bool
	vex      bool
	lbit     int // VEX.L: 0 either, 1 clear, 2 set, or lengthIgnored
	mapIndex int
	opcode   int // first (or only) opcode byte
	count    int // how many opcodes the row claims: 1, 8 or 16
	modrm    bool
	digit    int // /digit or -1
	fixed    int // fixed ModRM byte or -1; with fixedN = 8, the low bits vary
	fixedN   int

	explicit, implied []operand

	vvvv   bool // an operand is in VEX.vvvv
	vsib   int  // bits of the indices of a VSIB operand: 0, 32 or 64
	forms  int  // bit 0: register form allowed, bit 1: memory form
	anyMod bool // ModRM.mod is ignored: a register in any case
	rank   int  // how specific the match is
}

// In prefix.
const (
	np    = 1 // none of 66, F2 and F3
	noRep = 2 // neither F2 nor F3
)

const lengthIgnored = 3

// fail ends the program: the row is malformed.
func (r *row) fail() { log.Fatalf("row %s %s %s", r.Enc, r.Name, r.Ops) }

func parseRow(spec *x86.Spec) *row {
	r := &row{Spec: spec, digit: -1, fixed: -1, fixedN: 1, count: 1, forms: 3}
	r.parseEncoding()
	r.parseOperands()
	for _, o := range r.explicit {
		r.forms &= o.forms()
		r.anyMod = r.anyMod || o.method == 'C' || o.method == 'D'
	}
	if r.fixed >= 0 {
		r.forms = 1
	}
	r.rank = r.specificity()
	return r
}

func (r *row) parseEncoding() {
	opcodes := 0
	elements := strings.Fields(r.Enc)
	for i, t := range elements {
		switch {
		case strings.HasPrefix(t, "VEX."):
			r.parseVEX(t)
		case t == "NP":
			r.prefix = np
		case t == "NFx":
			r.prefix = noRep
		case t == "NB":
			r.noB = true
		case t[0] == 'W':
			r.wbit = int(t[1]-'0') + 1
		case t[0] == '/':
			r.modrm = true
			if t[1] != 'r' {
				r.digit = int(t[1] - '0')
			}
		default:
			last := i+1 == len(elements) || elements[i+1][0] == '/' || elements[i+1][0] == 'W'
			if r.parseByte(t, opcodes, last) {
				opcodes++
			}
		}
	}
	if opcodes == 0 {
		r.fail()
	}
}

// parseByte reads an element that is a byte, of which there has been so many
// that are opcodes, and reports whether it is one.
func (r *row) parseByte(t string, opcodes int, last bool) bool {
	b := r.hexByte(t)
	if opcodes == 1 {
		r.modrm, r.fixed = true, b
		if strings.HasSuffix(t, "+i") {
			r.fixedN = 8
		}
		return true
	}
	switch {
	case opcodes > 1:
		r.fail()
	case r.vex:
	case r.prefix == 0 && !last && (b == 0x66 || b == 0xF2 || b == 0xF3):
		r.prefix = b
		return false
	case r.mapIndex == 0 && b == 0x0F:
		r.mapIndex = 1
		return false
	case r.mapIndex == 1 && (b == 0x38 || b == 0x3A) && !last:
		r.mapIndex = 2 + (b>>1)&1
		return false
	case strings.HasSuffix(t, "+r"):
		r.count = 8
	case strings.HasSuffix(t, "+cc"):
		r.count = 16
	}
	r.opcode = b
	return true
}

// parseVEX parses the element that begins with "VEX.".
func (r *row) parseVEX(t string) {
	r.vex, r.prefix = true, np
	for _, part := range strings.Split(t, ".")[1:] {
		switch part {
		case "128", "LZ":
			r.lbit = 1
		case "256":
			r.lbit = 2
		case "LIG":
			r.lbit = lengthIgnored
		case "128/256", "WIG", "W0/W1":
		case "66", "F2", "F3":
			r.prefix = r.hexByte(part)
		case "0F":
			r.mapIndex = 1
		case "0F38":
			r.mapIndex = 2
		case "0F3A":
			r.mapIndex = 3
		case "W0":
			r.wbit = 1
		case "W1":
			r.wbit = 2
		default:
			r.fail()
		}
	}
}

func (r *row) hexByte(t string) int {
	const digits = "0123456789ABCDEF"
	hi, lo := strings.IndexByte(digits, t[0]), strings.IndexByte(digits, t[1])
	if hi < 0 || lo < 0 {
		r.fail()
	}
	return hi<<4 | lo
}

// specificity orders the candidates for one opcode: a mandatory prefix before
// none, a fixed ModRM byte before a digit before any.
func (r *row) specificity() int {
	n := 0
	switch {
	case r.prefix == 0xF2 || r.prefix == 0xF3:
		n += 60
	case r.prefix == 0x66:
		n += 40
	case r.prefix == np || r.prefix == noRep:
		n += 20
	}
	if r.fixed >= 0 {
		n += 8
	}
	if r.digit >= 0 {
		n += 4
	}
	if r.forms != 3 {
		n += 2
	}
	if r.wbit != 0 || r.noB || r.lbit != 0 {
		n++
	}
	return n
}

// operand is x86.Operand.
type operand struct {
	method, typ                        byte
	reg                                uint8
	read, write, access, align, signed bool
}

// forms: bit 0 if a register form is possible, bit 1 if a memory form is.
func (o *operand) forms() int {
	switch o.method {
	case 'M', 'K':
		return 2
	case 'R', 'U', 'N', 'F':
		return 1
	}
	return 3
}

func (r *row) parseOperands() {
	list := &r.explicit
	for _, t := range strings.Fields(r.Ops) {
		if t == "|" {
			list = &r.implied
			continue
		}
		*list = append(*list, r.parseOperand(t))
	}
}

func (r *row) parseOperand(t string) operand {
	o := operand{read: true, access: true}
	switch t[0] {
	case '=':
		o.read, o.write = false, true
		t = t[1:]
	case '+':
		o.write = true
		t = t[1:]
	case '&':
		o.read, o.access = false, false
		t = t[1:]
	}
	const types = "bwdqtxvzypah"
	method := len(t) >= 2 && len(t) <= 3 && strings.IndexByte(types, t[1]) >= 0
	if f, ok := fixedOperands[t]; ok && !method {
		o.method, o.typ, o.reg = f.method, f.typ, f.reg
	} else {
		if len(t) < 2 || strings.IndexByte("EMRGZSCDIJOXYVWUPQNFTHBL", t[0]) < 0 || strings.IndexByte(types, t[1]) < 0 {
			r.fail()
		}
		o.method, o.typ = t[0], t[1]
		switch {
		case len(t) == 4 && t[1:3] == "x/":
			o.typ = t[3]
		case len(t) == 3 && t[1:] == "dq":
			o.typ = 'o'
		case len(t) == 3 && t[1:] == "qq":
			o.typ = 'O'
		}
		o.align = o.typ == 'x' && len(t) == 2
		o.signed = o.typ == 'z' || o.typ == 'v' || len(t) == 3 && t[2] == 's'
	}
	if r.vex {
		r.vexOperand(&o, t)
	}
	return o
}

// vexOperand notes what an operand of a VEX encoding means for the row.
func (r *row) vexOperand(o *operand, t string) {
	o.align = len(t) == 3 && t[2] == 'a'
	switch o.method {
	case 'H', 'B':
		r.vvvv = true
	case 'K':
		r.vsib = 32
		if t[2] == '6' {
			r.vsib = 64
		}
	}
}

const highByte = 0x20 // AH and its like

var fixedOperands = map[string]struct {
	method, typ byte
	reg         uint8
}{
	"AL": {'r', 'b', x86.RAX}, "CL": {'r', 'b', x86.RCX}, "AH": {'r', 'b', x86.RAX | highByte},
	"AX": {'r', 'w', x86.RAX}, "DX": {'r', 'w', x86.RDX},
	"EAX": {'r', 'd', x86.RAX}, "ECX": {'r', 'd', x86.RCX}, "EDX": {'r', 'd', x86.RDX}, "EBX": {'r', 'd', x86.RBX},
	"RAX": {'r', 'q', x86.RAX}, "RCX": {'r', 'q', x86.RCX}, "RDX": {'r', 'q', x86.RDX}, "RBX": {'r', 'q', x86.RBX},
	"RSP": {'r', 'q', x86.RSP}, "RBP": {'r', 'q', x86.RBP}, "RSI": {'r', 'q', x86.RSI}, "RDI": {'r', 'q', x86.RDI}, "R11": {'r', 'q', x86.R11},
	"eAX": {'r', 'z', x86.RAX}, "rAX": {'r', 'v', x86.RAX}, "rDX": {'r', 'v', x86.RDX}, "rCX": {'r', 'v', x86.RCX}, "rBX": {'r', 'v', x86.RBX},
	"1":     {'1', 'b', 0},
	"XMM0":  {'x', 'o', 0},
	"vm32x": {'K', 'y', 16}, "vm32y": {'K', 'y', 32}, "vm64x": {'K', 'y', 16}, "vm64y": {'K', 'y', 32}, // reg: bytes of the index register
	"ST0": {'f', 't', 0},
	"FS":  {'s', 'w', 4}, "GS": {'s', 'w', 5},
}
