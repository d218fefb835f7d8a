package arm64

import (
	"math/bits"
	"strconv"
	"sync"
)

// kinds lists the kinds of operand that are not a plain general register, by
// their notation. It is set by init because its users are among what it holds,
// and made when it is needed: most programs are not for this processor.
var kinds func() map[string]*operandKind

func init() { kinds = sync.OnceValue(makeKinds) }

func makeKinds() map[string]*operandKind {
	return map[string]*operandKind{
		// Immediates.
		"#i":       {decode: immediate('i'), text: textHex},
		"#e":       {decode: immediate('e'), text: textHex}, // nzcv
		"#r":       {decode: immediate('r'), text: textDecimal},
		"#l":       {decode: immediate('l'), text: textDecimal},
		"#lsb":     {decode: immediate('i'), text: textDecimal}, // of EXTR; also of UDF
		"#bit":     {decode: bitNumber, text: textDecimal},      // of TBZ: b5:b40
		"#imm12,h": {decode: addImmediate, text: textAddImmediate},
		"#imm16,h": {decode: wideImmediate, text: textWideImmediate},
		"#bitmask": {decode: bitmask, text: textHex},
		"cond":     {decode: immediate('c'), text: textCond},

		// Of aliases only (alias.go).
		"#imm16":    {decode: wideImmediate, text: textHex},
		"#inverted": {decode: inverted, text: textHex},
		"#place":    {decode: place, text: textDecimal},
		"#width":    {decode: fieldWidth, text: textDecimal},
		"#length":   {decode: fieldLength, text: textDecimal},
		"invcond":   {decode: inverseCondition, text: textCond},

		// Registers with a shift or an extension. ROR is for the logical
		// instructions only.
		"Rm,shift": {decode: shifted(2), text: textShifted},
		"Rm,ror":   {decode: shifted(3), text: textShifted},
		"Rm,ext":   {decode: extended, text: textExtended},

		// Targets.
		"label": {decode: label, text: textAddress},
		"adr":   {decode: adr, text: textAddress},
		"adrp":  {decode: adrp, text: textAddress},

		// Memory: u unsigned and scaled, i signed and not, p signed and
		// scaled; before and behind the access.
		"[n]":        {decode: memory0, text: textBase},
		"[n,#u]":     {decode: memoryUnsigned, text: textOffset},
		"[n,#i]":     {decode: memorySigned, text: textOffset},
		"[n,#i]!":    {decode: memorySigned, text: textPre},
		"[n],#i":     {decode: memorySigned, text: textPost},
		"[n,#p]":     {decode: memoryPair, text: textOffset},
		"[n,#p]!":    {decode: memoryPair, text: textPre},
		"[n],#p":     {decode: memoryPair, text: textPost},
		"[n,Rm,ext]": {decode: memoryIndex, text: textIndex},
		"[label]":    {decode: memoryLiteral, text: textAddress},
		"[dczva]":    {decode: dcZVA, text: textNothing},

		"sysreg":  {decode: systemRegister, text: textSystemRegister},
		"barrier": {decode: immediate('i'), text: textBarrier},
		"isb":     {decode: immediate('i'), text: textFull},
		"clrex":   {decode: immediate('i'), text: textFull},
		"prfop":   {decode: immediate('t'), text: textPrefetch},
	}
}

// postIndexed reports whether the offset of a memory operand is added behind
// the access only.
func postIndexed(k *operandKind) bool {
	return k == kinds()["[n],#i"] || k == kinds()["[n],#p"] || simdPostIndexed(k)
}

func immediate(letter byte) func(*Inst, *Arg) bool {
	return func(d *Inst, a *Arg) bool {
		a.Kind, a.Value = ArgImm, uint64(d.Field(letter))
		return true
	}
}

func textHex(b []byte, _ *Inst, a *Arg, _ SymbolLookup) []byte {
	return appendHex(append(b, '#'), a.Value)
}

func textDecimal(b []byte, _ *Inst, a *Arg, _ SymbolLookup) []byte {
	return strconv.AppendUint(append(b, '#'), a.Value, 10)
}

func bitNumber(d *Inst, a *Arg) bool {
	a.Kind, a.Value = ArgImm, uint64(d.Word>>31<<5|d.Field('b'))
	return true
}

func addImmediate(d *Inst, a *Arg) bool {
	a.Kind, a.Value = ArgImm, uint64(d.Field('i'))<<(12*d.Field('h'))
	return true
}

func textAddImmediate(b []byte, d *Inst, _ *Arg, _ SymbolLookup) []byte {
	b = appendHex(append(b, '#'), uint64(d.Field('i')))
	if d.Field('h') != 0 {
		b = append(b, ", lsl #12"...)
	}
	return b
}

func wideImmediate(d *Inst, a *Arg) bool {
	h := d.Field('h')
	a.Kind, a.Value = ArgImm, uint64(d.Field('i'))<<(16*h)
	return h < 2 || d.Field('z') != 0
}

func textWideImmediate(b []byte, d *Inst, _ *Arg, _ SymbolLookup) []byte {
	b = appendHex(append(b, '#'), uint64(d.Field('i')))
	if h := d.Field('h'); h != 0 {
		b = strconv.AppendUint(append(b, ", lsl #"...), uint64(16*h), 10)
	}
	return b
}

// bitmask is the immediate of the logical instructions (DecodeBitMasks).
func bitmask(d *Inst, a *Arg) bool {
	v, ok := decodeBitmask(d.Field('N'), d.Field('l'), d.Field('r'))
	if d.Field('z') == 0 {
		if d.Field('N') != 0 {
			return false
		}
		v &= 0xffffffff
	}
	a.Kind, a.Value = ArgImm, v
	return ok
}

func decodeBitmask(n, imms, immr uint32) (uint64, bool) {
	length := bits.Len32(n<<6|^imms&0x3f) - 1
	if length < 1 {
		return 0, false
	}
	esize := uint(1) << length
	s, r := uint(imms)&(esize-1), uint(immr)&(esize-1)
	if s == esize-1 {
		return 0, false
	}
	v := uint64(1)<<(s+1) - 1
	if r != 0 {
		v = v>>r | v<<(esize-r)
		if esize < 64 {
			v &= 1<<esize - 1
		}
	}
	for ; esize < 64; esize *= 2 {
		v |= v << esize
	}
	return v, true
}

func textCond(b []byte, _ *Inst, a *Arg, _ SymbolLookup) []byte {
	return append(b, condNames[a.Value&15]...)
}

var shiftNames = [4]string{"lsl", "lsr", "asr", "ror"}

// shifted is register m with a shift of at most the type last.
func shifted(last uint32) func(*Inst, *Arg) bool {
	return func(d *Inst, a *Arg) bool {
		registerM(d, a, d.Field('z') != 0)
		a.Value = uint64(d.Field('i'))
		return d.Field('k') <= last && (a.Value < 32 || a.Wide)
	}
}

func registerM(d *Inst, a *Arg, wide bool) {
	a.Kind, a.Wide, a.Reg = ArgReg, wide, uint8(d.Field('m'))
	if a.Reg == 31 {
		a.Reg = Zero
	}
}

func textShifted(b []byte, d *Inst, a *Arg, _ SymbolLookup) []byte {
	b = append(b, regName(a.Reg, a.Wide)...)
	if k := d.Field('k'); a.Value != 0 || k != 0 {
		b = append(append(append(b, ", "...), shiftNames[k]...), " #"...)
		b = strconv.AppendUint(b, a.Value, 10)
	}
	return b
}

var extendNames = [8]string{"uxtb", "uxth", "uxtw", "uxtx", "sxtb", "sxth", "sxtw", "sxtx"}

// extended is register m extended and shifted left by up to 4.
func extended(d *Inst, a *Arg) bool {
	registerM(d, a, d.Field('z') != 0 && d.Field('o')&3 == 3)
	a.Value = uint64(d.Field('i'))
	return a.Value <= 4
}

func textExtended(b []byte, d *Inst, a *Arg, _ SymbolLookup) []byte {
	b = append(b, regName(a.Reg, a.Wide)...)
	opt := d.Field('o')
	// LSL is preferred where SP is involved and the extension does nothing.
	plain := opt == 2+d.Field('z') && (d.Field('n') == 31 || d.Field('d') == 31 && d.Args[0].Op.sp)
	if plain && a.Value == 0 {
		return b
	}
	name := extendNames[opt]
	if plain {
		name = "lsl"
	}
	b = append(append(b, ", "...), name...)
	if a.Value != 0 {
		b = strconv.AppendUint(append(b, " #"...), a.Value, 10)
	}
	return b
}

func label(d *Inst, a *Arg) bool {
	a.Kind, a.Value = ArgAddr, d.PC+uint64(d.signed('i')*4)
	return true
}

func adr(d *Inst, a *Arg) bool {
	a.Kind, a.Value = ArgAddr, d.PC+uint64(d.signed('i')*4)+uint64(d.Field('j'))
	return true
}

func adrp(d *Inst, a *Arg) bool {
	a.Kind, a.Value = ArgAddr, d.PC&^0xfff+uint64(d.signed('i')*4+int64(d.Field('j')))<<12
	return true
}

func textAddress(b []byte, _ *Inst, a *Arg, sym SymbolLookup) []byte {
	return appendAddress(b, a.Value, sym)
}

func memory0(d *Inst, a *Arg) bool {
	a.Kind, a.Reg = ArgMem, uint8(d.Field('n'))
	return true
}

func memoryUnsigned(d *Inst, a *Arg) bool {
	memory0(d, a)
	a.Value = uint64(d.Field('i')) * uint64(a.Op.Scale)
	return true
}

func memorySigned(d *Inst, a *Arg) bool {
	memory0(d, a)
	a.Value = uint64(d.signed('i'))
	return true
}

func memoryPair(d *Inst, a *Arg) bool {
	memory0(d, a)
	a.Value = uint64(d.signed('i') * int64(a.Op.Scale))
	return true
}

func memoryIndex(d *Inst, a *Arg) bool {
	memory0(d, a)
	return d.Field('o')&2 != 0
}

func memoryLiteral(d *Inst, a *Arg) bool {
	a.Kind, a.Reg, a.Value = ArgMem, Zero, d.PC+uint64(d.signed('i')*4)
	return true
}

func textBase(b []byte, _ *Inst, a *Arg, _ SymbolLookup) []byte {
	return append(append(append(b, '['), regName(a.Reg, true)...), ']')
}

func textOffset(b []byte, d *Inst, a *Arg, sym SymbolLookup) []byte {
	if a.Value == 0 {
		return textBase(b, d, a, sym)
	}
	return append(appendOffset(b, a), ']')
}

func appendOffset(b []byte, a *Arg) []byte {
	b = append(append(append(b, '['), regName(a.Reg, true)...), ", #"...)
	return strconv.AppendInt(b, int64(a.Value), 10)
}

func textPre(b []byte, _ *Inst, a *Arg, _ SymbolLookup) []byte {
	return append(appendOffset(b, a), "]!"...)
}

func textPost(b []byte, d *Inst, a *Arg, sym SymbolLookup) []byte {
	return strconv.AppendInt(append(textBase(b, d, a, sym), ", #"...), int64(a.Value), 10)
}

func textIndex(b []byte, d *Inst, a *Arg, _ SymbolLookup) []byte {
	opt := d.Field('o')
	m := uint8(d.Field('m'))
	if m == 31 {
		m = Zero
	}
	b = append(append(append(b, '['), regName(a.Reg, true)...), ", "...)
	b = append(b, regName(m, opt&1 != 0)...)
	scaled := d.Field('S') != 0
	if opt != 3 || scaled {
		name := extendNames[opt]
		if opt == 3 {
			name = "lsl"
		}
		b = append(append(b, ", "...), name...)
		if scaled {
			b = strconv.AppendUint(append(b, " #"...), uint64(bits.TrailingZeros8(a.Op.Scale)), 10)
		}
	}
	return append(b, ']')
}
