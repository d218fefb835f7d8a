package arm64

import (
	"math/bits"
	"strconv"
	"strings"
	"sync"
)

// The operands that lie in vector registers, and the immediates and memory
// operands that only floating point and Advanced SIMD have. The notation:
//
//	Bd Hn Sm Da Qt   a scalar register: its width and the field
//	Fd               S or D by the one-bit field T
//	Td Ln            B, H, S or D by the two-bit field T; the width above that
//	Id Jn            the same by the highest bit of immh (field i)
//	Kd               by the lowest bit of imm5 (field i)
//	Vd.A             a vector register with arrangement A
//	Vm.A[x]          one element, its number by H, L and M
//	Vn.A[i]          one element, its number in imm5 (field i)
//	Vd.A[j]          one element, its number in imm4 (field j)
//	Vm.A[c]          one pair of elements, numbered by H and L
//	Vn.A[1]          element 1
//	{t3.A}           three registers from Rt on; {n3.A} the same from Rn on
//	{t3.A[x]}        one element of each, numbered by Q, S and the size
//
// An arrangement is a number and a letter as in the manual (8h), a letter alone
// for as many elements as fit 64 or 128 bits by Q (h), or T, F, I, K, where the
// width of an element is found as above; P before one of these is the width
// above with the number of elements that fit by Q, W the same in 128 bits.
// Letters behind it, or for a scalar behind a dot, list the widths that are
// allocated (Tbhs, Td.hs); S is s where Q is set, 1 allows the arrangement 1d.
type vecOperand struct {
	class  byte // of a scalar; 0: vector
	source byte // b h s d q, or T F I K
	wide   bool // twice the width
	full   bool // 128 bits whatever Q says
	lanes  int  // a fixed number of elements; 0: by Q
	allow  string
	count  int  // registers of a list
	elem   byte // what numbers the one element, or 0
	field  byte
}

// widthLetters are the widths from 8 bits on.
const widthLetters = "bhsdq"

// simdKind returns the kind of an operand that lies in vector registers, or
// nil if text names none.
func simdKind(text string) *operandKind {
	if k := simdKinds()[text]; k != nil {
		return k
	}
	v, ok := parseVecOperand(text)
	if !ok {
		return nil
	}
	k := &operandKind{decode: v.decode, text: v.text}
	simdKinds()[text] = k
	return k
}

// simdKinds holds the other kinds, and those made so far; the table is parsed
// by one goroutine (index).
var simdKinds = sync.OnceValue(func() map[string]*operandKind {
	return map[string]*operandKind{
		"#0":      {decode: constantZero, text: textDecimal},
		"#0.0":    {decode: constantZero, text: func(b []byte, _ *Inst, _ *Arg, _ SymbolLookup) []byte { return append(b, "#0.0"...) }},
		"#rshift": {decode: rightShift, text: textDecimal},
		"#lshift": {decode: leftShift, text: textDecimal},
		"#esize":  {decode: elementShift, text: textDecimal},
		"#fbits":  {decode: fractionBits, text: textDecimal},
		"#ext":    {decode: extIndex, text: textDecimal},
		"#fimm":   {decode: floatImmediate, text: textFloat},
		"#vfimm":  {decode: vectorFloatImmediate, text: textFloat},
		"#simm8":  {decode: modifiedImmediate, text: textModified},
		"#rot90":  {decode: rotation(90, 180), text: textDecimal},
		"#rot":    {decode: rotation(0, 90), text: textDecimal},
		"[n],m":   &postIndexStructure,
	}
})

// simdPostIndexed is postIndexed for the kinds of this file.
func simdPostIndexed(k *operandKind) bool { return k == &postIndexStructure }

var postIndexStructure = operandKind{decode: memory0, text: textPostStructure}

func parseVecOperand(text string) (v vecOperand, ok bool) {
	if len(text) < 2 {
		return v, false
	}
	if text[0] == '{' {
		v.count = int(text[2] - '0')
		text = "V" + text[1:2] + strings.TrimSuffix(text[3:], "}")
	}
	v.field = text[1]
	if text[0] != 'V' {
		return v, v.scalar(text)
	}
	a := text[3:]
	if at := strings.IndexByte(a, '['); at >= 0 {
		v.elem = a[at+1]
		a = a[:at]
	}
	if a[0] == 'W' || a[0] == 'P' {
		v.wide, v.full = true, a[0] == 'W'
		a = a[1:]
	}
	for a[0] >= '0' && a[0] <= '9' {
		v.lanes = v.lanes*10 + int(a[0]-'0')
		a = a[1:]
	}
	v.source, v.allow = a[0], a[1:]
	return v, true
}

func (v *vecOperand) scalar(text string) bool {
	switch c := text[0]; c {
	case 'B', 'H', 'S', 'D', 'Q':
		v.source = c | 0x20
	case 'F', 'T', 'I', 'K':
		v.source = c
	case 'L', 'J':
		v.source, v.wide = c+'T'-'L', true
		if c == 'J' {
			v.source = 'I'
		}
	default:
		return false
	}
	v.class = text[0]
	if len(text) == 2 {
		return true
	}
	if text[2] != '.' {
		return false
	}
	v.allow = text[3:]
	return true
}

// width is the number of the element's width, 0 for 8 bits, or negative if the
// encoding has none.
func (v *vecOperand) width(d *Inst) int {
	w := 0
	switch v.source {
	case 'T':
		w = int(d.Field('T'))
	case 'F':
		w = 2 + int(d.Field('T'))
	case 'I':
		w = bits.Len32(d.Field('i')>>3) - 1
	case 'K':
		w = bits.TrailingZeros32(d.Field('i') | 0x10)
		if w == 4 {
			return -1
		}
	default:
		return strings.IndexByte(widthLetters, v.source)
	}
	if w < 0 || v.allow != "" && !v.allowed(d, w) {
		return -1
	}
	if v.wide {
		w++
	}
	return w
}

// allowed looks w up in the list of allocated widths. S is s with Q set only.
func (v *vecOperand) allowed(d *Inst, w int) bool {
	if w == 2 && d.Field('Q') != 0 && strings.IndexByte(v.allow, 'S') >= 0 {
		return true
	}
	return strings.IndexByte(v.allow, widthLetters[w]) >= 0
}

// decode fills a: the register, and in Value the width of an element in bits
// and, above that, the number of the element.
func (v *vecOperand) decode(d *Inst, a *Arg) bool {
	w := v.width(d)
	if w < 0 || w > 4 {
		return false
	}
	e := uint64(8) << w
	a.Kind, a.Reg, a.Value = ArgVec, uint8(d.Field(v.field)), e
	switch v.elem {
	case 'i':
		a.Value |= uint64(d.Field('i')>>(w+1)) << 8
	case 'j':
		a.Value |= uint64(d.Field('j')>>w) << 8
	case '1':
		a.Value |= 1 << 8
	case 'c':
		return complexElement(d, a, w)
	case 'x':
		if v.lanes == 4 { // a group of four bytes is as wide as a word
			w = 2
		}
		if v.count != 0 {
			return v.structureElement(d, a)
		}
		return byElement(d, a, w)
	case 0:
		// One doubleword is no vector, except in loads and stores ("Tbhsd1").
		if v.class == 0 && v.lanes == 0 && w == 3 && !v.full && d.Row.has('Q') && d.Field('Q') == 0 && !v.one() {
			return false
		}
	}
	return true
}

// one reports whether the arrangement 1d is allocated.
func (v *vecOperand) one() bool { return strings.HasSuffix(v.allow, "1") || v.wide }

// byElement finds the register and the element of a "by element" operand.
func byElement(d *Inst, a *Arg, w int) bool {
	h, l, m := d.Field('H'), d.Field('L'), d.Field('M')
	switch w {
	case 1: // 16 registers only
		a.Value |= uint64(h<<2|l<<1|m) << 8
	case 2:
		a.Reg |= uint8(m << 4)
		a.Value |= uint64(h<<1|l) << 8
	case 3:
		if l != 0 {
			return false
		}
		a.Reg |= uint8(m << 4)
		a.Value |= uint64(h) << 8
	}
	return true
}

// complexElement is byElement for pairs of elements, which are counted.
func complexElement(d *Inst, a *Arg, w int) bool {
	h, l := d.Field('H'), d.Field('L')
	a.Reg |= uint8(d.Field('M') << 4)
	if w == 2 {
		a.Value |= uint64(h) << 8
		return l == 0
	}
	a.Value |= uint64(h<<1|l) << 8
	return d.Field('Q') != 0 || h == 0
}

// structureElement numbers the element of a single-structure load or store.
func (v *vecOperand) structureElement(d *Inst, a *Arg) bool {
	n := d.Field('Q')
	for _, f := range d.Row.fields { // S and what there is of the size
		if f.letter == 'S' || f.letter == 'T' {
			n = n<<f.width | d.Field(f.letter)
		}
	}
	a.Value |= uint64(n) << 8
	return true
}

func (v *vecOperand) text(b []byte, d *Inst, a *Arg, _ SymbolLookup) []byte {
	w := bits.TrailingZeros64(a.Value&0xff) - 3
	if a.Value&0xff == 0 || w > 4 {
		w = 4
	}
	reg := func(r uint8) {
		b = append(b, 'v')
		b = strconv.AppendUint(b, uint64(r&31), 10)
		b = append(b, '.')
		if v.elem == 0 || v.lanes != 0 {
			b = strconv.AppendInt(b, int64(v.number(d, w)), 10)
		}
		b = append(b, widthLetters[w])
	}
	switch {
	case v.class != 0:
		b = append(b, widthLetters[w])
		return strconv.AppendUint(b, uint64(a.Reg), 10)
	case v.count == 0:
		reg(a.Reg)
	default:
		b = append(b, '{')
		reg(a.Reg)
		switch {
		case v.count > 2 && int(a.Reg)+v.count <= 32:
			b = append(b, '-')
			reg(a.Reg + uint8(v.count) - 1)
		default:
			for i := 1; i < v.count; i++ {
				b = append(b, ", "...)
				reg(a.Reg + uint8(i))
			}
		}
		b = append(b, '}')
	}
	if v.elem != 0 {
		b = append(b, '[')
		b = strconv.AppendUint(b, a.Value>>8, 10)
		b = append(b, ']')
	}
	return b
}

// number is how many elements the arrangement has.
func (v *vecOperand) number(d *Inst, w int) int {
	size := 16
	if !v.full && d.Row.has('Q') && d.Field('Q') == 0 {
		size = 8
	}
	if v.lanes != 0 {
		return v.lanes
	}
	return size >> w
}

func constantZero(_ *Inst, a *Arg) bool {
	a.Kind = ArgOther
	return true
}

// The amounts in immh:immb count from the width of the element: down from
// twice it for a shift to the right, up from it for one to the left.

func shiftWidth(d *Inst) (i, e uint32, ok bool) {
	i = d.Field('i')
	if i < 8 {
		return 0, 0, false
	}
	return i, 8 << (bits.Len32(i>>3) - 1), true
}

func rightShift(d *Inst, a *Arg) bool {
	i, e, ok := shiftWidth(d)
	a.Kind, a.Value = ArgImm, uint64(2*e-i)
	return ok
}

func leftShift(d *Inst, a *Arg) bool {
	i, e, ok := shiftWidth(d)
	a.Kind, a.Value = ArgImm, uint64(i-e)
	return ok
}

// elementShift is the amount of SHLL.
func elementShift(d *Inst, a *Arg) bool {
	a.Kind, a.Value = ArgImm, 8<<d.Field('T')
	return true
}

// fractionBits is 64 less the field of a conversion with a general register.
func fractionBits(d *Inst, a *Arg) bool {
	a.Kind, a.Value = ArgImm, uint64(64-d.Field('i'))
	return d.Field('z') != 0 || a.Value <= 32
}

// extIndex is the byte number of EXT.
func extIndex(d *Inst, a *Arg) bool {
	a.Kind, a.Value = ArgImm, uint64(d.Field('j'))
	return d.Field('Q') != 0 || a.Value < 8
}

// rotation is base plus step times the field r, in degrees.
func rotation(base, step uint64) func(*Inst, *Arg) bool {
	return func(d *Inst, a *Arg) bool {
		a.Kind, a.Value = ArgImm, base+step*uint64(d.Field('r'))
		return true
	}
}

// expandFloat is VFPExpandImm: a sign, three bits of exponent, four of fraction.
func expandFloat(imm8 uint32, e uint) uint64 {
	frac, _ := layout(e)
	sign, b := uint64(imm8>>7), uint64(imm8>>6&1)
	expBits := e - 1 - frac
	exp := (b^1)<<(expBits-1) | uint64(imm8>>4&3)
	if b != 0 {
		exp |= (1<<(expBits-3) - 1) << 2
	}
	return sign<<(e-1) | exp<<frac | uint64(imm8&15)<<(frac-4)
}

// floatWidth is the width that field T of scalar floating point selects.
func floatWidth(d *Inst) uint {
	if !d.Row.has('T') {
		return 16
	}
	return 32 << d.Field('T')
}

func floatImmediate(d *Inst, a *Arg) bool {
	a.Kind, a.Value = ArgImm, expandFloat(d.Field('i'), floatWidth(d))
	return true
}

// textFloat writes an immediate with the digits the assembler gives it.
func textFloat(b []byte, d *Inst, _ *Arg, _ SymbolLookup) []byte {
	v := d.Field('i')
	if d.Row.has('j') {
		v = v<<5 | d.Field('j')
	}
	x := float64(16+v&15) / 16
	x *= float64(uint(1) << ((v >> 4 & 7) ^ 4))
	x /= 8
	if v>>7 != 0 {
		x = -x
	}
	return strconv.AppendFloat(append(b, '#'), x, 'e', 18, 64)
}

// The modified immediate of Advanced SIMD: abc is field i, defgh field j, and
// cmode field C (AdvSIMDExpandImm).

func imm8(d *Inst) uint64 { return uint64(d.Field('i')<<5 | d.Field('j')) }

func vectorFloatImmediate(d *Inst, a *Arg) bool {
	e := uint(d.Args[0].Value)
	a.Kind, a.Value = ArgImm, repeat(expandFloat(uint32(imm8(d)), e), e)
	return true
}

func modifiedImmediate(d *Inst, a *Arg) bool {
	v, c, e := imm8(d), d.Field('C'), uint(d.Args[0].Value)
	a.Kind = ArgImm
	switch {
	case e == 64:
		var r uint64
		for i := range 8 {
			if v>>i&1 != 0 {
				r |= 0xff << (8 * i)
			}
		}
		a.Value = r
		return true
	case e == 32 && d.Row.has('M'): // shifting ones in
		a.Value = (v+1)<<(8+8*d.Field('M')) - 1
	case e > 8:
		a.Value = v << (8 * c)
	default:
		a.Value = v
	}
	a.Value = repeat(a.Value, e)
	return true
}

func textModified(b []byte, d *Inst, a *Arg, _ SymbolLookup) []byte {
	e := d.Args[0].Value
	if e == 64 {
		return appendHex(append(b, '#'), a.Value)
	}
	b = appendHex(append(b, '#'), imm8(d))
	switch {
	case d.Row.has('M'):
		b = strconv.AppendUint(append(b, ", msl #"...), uint64(8+8*d.Field('M')), 10)
	case d.Field('C') != 0:
		b = strconv.AppendUint(append(b, ", lsl #"...), uint64(8*d.Field('C')), 10)
	}
	return b
}

func textPostStructure(b []byte, d *Inst, a *Arg, sym SymbolLookup) []byte {
	b = append(textBase(b, d, a, sym), ", "...)
	if m := uint8(d.Field('m')); m != 31 {
		return append(b, regName(m, true)...)
	}
	return strconv.AppendUint(append(b, '#'), uint64(structureBytes(d)), 10)
}

// repeat fills 64 bits with an element of e bits.
func repeat(v uint64, e uint) uint64 { return v & ones(e) * (^uint64(0) / ones(e)) }
