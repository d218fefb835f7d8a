package arm64

import "sync"

// aliasRows are the aliases of section C3 and the instructions' pages, in the
// form of the decode table: the text prefers the first that fits. Do is the
// condition that the bits cannot say, a func(*Inst) bool, or nil.
var aliasRows = Section{Ref: "C6.1 About the A64 base instructions: aliases", Rows: []Spec{
	{"mov", "z001000100000000000000nnnnn11111", "=Rd|SP Rn|SP", 0, nil},
	{"mov", "z00100010000000000000011111ddddd", "=Rd|SP Rn|SP", 0, nil},
	{"cmn", "z01100010hiiiiiiiiiiiinnnnn11111", "Rn|SP #imm12,h", 0, nil},
	{"cmp", "z11100010hiiiiiiiiiiiinnnnn11111", "Rn|SP #imm12,h", 0, nil},
	{"tst", "z11100100Nrrrrrrllllllnnnnn11111", "Rn #bitmask", 0, nil},
	{"mov", "z01100100Nrrrrrrllllll11111ddddd", "=Rd|SP #bitmask", 0, notMoveWide},
	{"mov", "z00100101hhiiiiiiiiiiiiiiiiddddd", "=Rd #inverted", 0, moveInverted},
	{"mov", "z10100101hhiiiiiiiiiiiiiiiiddddd", "=Rd #imm16", 0, moveWide},

	{"cmn", "z0101011kk0mmmmmiiiiiinnnnn11111", "Rn Rm,shift", 0, nil},
	{"cmp", "z1101011kk0mmmmmiiiiiinnnnn11111", "Rn Rm,shift", 0, nil},
	{"neg", "z1001011kk0mmmmmiiiiii11111ddddd", "=Rd Rm,shift", 0, nil},
	{"negs", "z1101011kk0mmmmmiiiiii11111ddddd", "=Rd Rm,shift", 0, nil},
	{"cmn", "z0101011001mmmmmoooiiinnnnn11111", "Rn|SP Rm,ext", 0, nil},
	{"cmp", "z1101011001mmmmmoooiiinnnnn11111", "Rn|SP Rm,ext", 0, nil},
	{"mov", "z0101010000mmmmm00000011111ddddd", "=Rd Rm", 0, nil},
	{"mvn", "z0101010kk1mmmmmiiiiii11111ddddd", "=Rd Rm,ror", 0, nil},
	{"tst", "z1101010kk0mmmmmiiiiiinnnnn11111", "Rn Rm,ror", 0, nil},
	{"ngc", "z1011010000mmmmm00000011111ddddd", "=Rd Rm", 0, nil},
	{"ngcs", "z1111010000mmmmm00000011111ddddd", "=Rd Rm", 0, nil},

	{"cset", "z001101010011111cccc0111111ddddd", "=Rd invcond", 0, notAlways},
	{"csetm", "z101101010011111cccc0011111ddddd", "=Rd invcond", 0, notAlways},
	{"cinc", "z0011010100mmmmmcccc01nnnnnddddd", "=Rd Rn invcond", 0, sameSources},
	{"cinv", "z1011010100mmmmmcccc00nnnnnddddd", "=Rd Rn invcond", 0, sameSources},
	{"cneg", "z1011010100mmmmmcccc01nnnnnddddd", "=Rd Rn invcond", 0, sameOrZero},

	{"lsl", "z0011010110mmmmm001000nnnnnddddd", "=Rd Rn Rm", 0, nil},
	{"lsr", "z0011010110mmmmm001001nnnnnddddd", "=Rd Rn Rm", 0, nil},
	{"asr", "z0011010110mmmmm001010nnnnnddddd", "=Rd Rn Rm", 0, nil},
	{"ror", "z0011010110mmmmm001011nnnnnddddd", "=Rd Rn Rm", 0, nil},
	{"mul", "z0011011000mmmmm011111nnnnnddddd", "=Rd Rn Rm", 0, nil},
	{"mneg", "z0011011000mmmmm111111nnnnnddddd", "=Rd Rn Rm", 0, nil},
	{"smull", "10011011001mmmmm011111nnnnnddddd", "=Xd Wn Wm", 0, nil},
	{"smnegl", "10011011001mmmmm111111nnnnnddddd", "=Xd Wn Wm", 0, nil},
	{"umull", "10011011101mmmmm011111nnnnnddddd", "=Xd Wn Wm", 0, nil},
	{"umnegl", "10011011101mmmmm111111nnnnnddddd", "=Xd Wn Wm", 0, nil},
	{"ror", "00010011100mmmmm0iiiiinnnnnddddd", "=Wd Wn #lsb", 0, sameRegisters},
	{"ror", "10010011110mmmmmiiiiiinnnnnddddd", "=Xd Xn #lsb", 0, sameRegisters},

	// The bit field moves: 32 bits, then 64.
	{"asr", "00010011000rrrrr011111nnnnnddddd", "=Wd Wn #r", 0, nil},
	{"asr", "1001001101rrrrrr111111nnnnnddddd", "=Xd Xn #r", 0, nil},
	{"sxtb", "0001001100000000000111nnnnnddddd", "=Wd Wn", 0, nil},
	{"sxtb", "1001001101000000000111nnnnnddddd", "=Xd Wn", 0, nil},
	{"sxth", "0001001100000000001111nnnnnddddd", "=Wd Wn", 0, nil},
	{"sxth", "1001001101000000001111nnnnnddddd", "=Xd Wn", 0, nil},
	{"sxtw", "1001001101000000011111nnnnnddddd", "=Xd Wn", 0, nil},
	{"sbfiz", "00010011000rrrrr0lllllnnnnnddddd", "=Wd Wn #place #width", 0, inserts},
	{"sbfiz", "1001001101rrrrrrllllllnnnnnddddd", "=Xd Xn #place #width", 0, inserts},
	{"sbfx", "00010011000rrrrr0lllllnnnnnddddd", "=Wd Wn #r #length", 0, nil},
	{"sbfx", "1001001101rrrrrrllllllnnnnnddddd", "=Xd Xn #r #length", 0, nil},
	{"bfi", "00110011000rrrrr0lllllnnnnnddddd", "+Wd Wn #place #width", 0, insertsRegister},
	{"bfi", "1011001101rrrrrrllllllnnnnnddddd", "+Xd Xn #place #width", 0, insertsRegister},
	{"bfc", "00110011000rrrrr0lllll11111ddddd", "+Wd #place #width", 0, inserts},
	{"bfc", "1011001101rrrrrrllllll11111ddddd", "+Xd #place #width", 0, inserts},
	{"bfxil", "00110011000rrrrr0lllllnnnnnddddd", "+Wd Wn #r #length", 0, nil},
	{"bfxil", "1011001101rrrrrrllllllnnnnnddddd", "+Xd Xn #r #length", 0, nil},
	{"lsr", "01010011000rrrrr011111nnnnnddddd", "=Wd Wn #r", 0, nil},
	{"lsr", "1101001101rrrrrr111111nnnnnddddd", "=Xd Xn #r", 0, nil},
	{"lsl", "01010011000rrrrr0lllllnnnnnddddd", "=Wd Wn #place", 0, shiftsLeft},
	{"lsl", "1101001101rrrrrrllllllnnnnnddddd", "=Xd Xn #place", 0, shiftsLeft},
	{"uxtb", "0101001100000000000111nnnnnddddd", "=Wd Wn", 0, nil},
	{"uxth", "0101001100000000001111nnnnnddddd", "=Wd Wn", 0, nil},
	{"ubfiz", "01010011000rrrrr0lllllnnnnnddddd", "=Wd Wn #place #width", 0, inserts},
	{"ubfiz", "1101001101rrrrrrllllllnnnnnddddd", "=Xd Xn #place #width", 0, inserts},
	{"ubfx", "01010011000rrrrr0lllllnnnnnddddd", "=Wd Wn #r #length", 0, nil},
	{"ubfx", "1101001101rrrrrrllllllnnnnnddddd", "=Xd Xn #r #length", 0, nil},

	{"ret", "11010110010111110000001111000000", "", 0, nil},
	{"nop", "11010101000000110010000000011111", "", 0, nil},
	{"yield", "11010101000000110010000000111111", "", 0, nil},
	{"wfe", "11010101000000110010000001011111", "", 0, nil},
	{"wfi", "11010101000000110010000001111111", "", 0, nil},
	{"sev", "11010101000000110010000010011111", "", 0, nil},
	{"sevl", "11010101000000110010000010111111", "", 0, nil},
	{"dgh", "11010101000000110010000011011111", "", 0, nil},
	{"xpaclri", "11010101000000110010000011111111", "", 0, nil},
	{"pacia1716", "11010101000000110010000100011111", "", 0, nil},
	{"pacib1716", "11010101000000110010000101011111", "", 0, nil},
	{"autia1716", "11010101000000110010000110011111", "", 0, nil},
	{"autib1716", "11010101000000110010000111011111", "", 0, nil},
	{"esb", "11010101000000110010001000011111", "", 0, nil},
	{"psb\tcsync", "11010101000000110010001000111111", "", 0, nil},
	{"tsb\tcsync", "11010101000000110010001001011111", "", 0, nil},
	{"clearbhb", "11010101000000110010001011011111", "", 0, nil},
	{"csdb", "11010101000000110010001010011111", "", 0, nil},
	{"paciaz", "11010101000000110010001100011111", "", 0, nil},
	{"paciasp", "11010101000000110010001100111111", "", 0, nil},
	{"pacibz", "11010101000000110010001101011111", "", 0, nil},
	{"pacibsp", "11010101000000110010001101111111", "", 0, nil},
	{"autiaz", "11010101000000110010001110011111", "", 0, nil},
	{"autiasp", "11010101000000110010001110111111", "", 0, nil},
	{"autibz", "11010101000000110010001111011111", "", 0, nil},
	{"autibsp", "11010101000000110010001111111111", "", 0, nil},
	{"bti", "11010101000000110010010000011111", "", 0, nil},
	{"bti\tc", "11010101000000110010010001011111", "", 0, nil},
	{"bti\tj", "11010101000000110010010010011111", "", 0, nil},
	{"bti\tjc", "11010101000000110010010011011111", "", 0, nil},
	{"ssbb", "11010101000000110011000010011111", "", 0, nil},
	{"pssbb", "11010101000000110011010010011111", "", 0, nil},

	// The atomic operations whose result is thrown away.
	{"stadd%b", "001110000R1sssss000000nnnnn11111", "Ws [n]", 0, nil},
	{"stadd%h", "011110000R1sssss000000nnnnn11111", "Ws [n]", 0, nil},
	{"stadd%", "101110000R1sssss000000nnnnn11111", "Ws [n]", 0, nil},
	{"stadd%", "111110000R1sssss000000nnnnn11111", "Xs [n]", 0, nil},
	{"stclr%b", "001110000R1sssss000100nnnnn11111", "Ws [n]", 0, nil},
	{"stclr%h", "011110000R1sssss000100nnnnn11111", "Ws [n]", 0, nil},
	{"stclr%", "101110000R1sssss000100nnnnn11111", "Ws [n]", 0, nil},
	{"stclr%", "111110000R1sssss000100nnnnn11111", "Xs [n]", 0, nil},
	{"steor%b", "001110000R1sssss001000nnnnn11111", "Ws [n]", 0, nil},
	{"steor%h", "011110000R1sssss001000nnnnn11111", "Ws [n]", 0, nil},
	{"steor%", "101110000R1sssss001000nnnnn11111", "Ws [n]", 0, nil},
	{"steor%", "111110000R1sssss001000nnnnn11111", "Xs [n]", 0, nil},
	{"stset%b", "001110000R1sssss001100nnnnn11111", "Ws [n]", 0, nil},
	{"stset%h", "011110000R1sssss001100nnnnn11111", "Ws [n]", 0, nil},
	{"stset%", "101110000R1sssss001100nnnnn11111", "Ws [n]", 0, nil},
	{"stset%", "111110000R1sssss001100nnnnn11111", "Xs [n]", 0, nil},
	{"stsmax%b", "001110000R1sssss010000nnnnn11111", "Ws [n]", 0, nil},
	{"stsmax%h", "011110000R1sssss010000nnnnn11111", "Ws [n]", 0, nil},
	{"stsmax%", "101110000R1sssss010000nnnnn11111", "Ws [n]", 0, nil},
	{"stsmax%", "111110000R1sssss010000nnnnn11111", "Xs [n]", 0, nil},
	{"stsmin%b", "001110000R1sssss010100nnnnn11111", "Ws [n]", 0, nil},
	{"stsmin%h", "011110000R1sssss010100nnnnn11111", "Ws [n]", 0, nil},
	{"stsmin%", "101110000R1sssss010100nnnnn11111", "Ws [n]", 0, nil},
	{"stsmin%", "111110000R1sssss010100nnnnn11111", "Xs [n]", 0, nil},
	{"stumax%b", "001110000R1sssss011000nnnnn11111", "Ws [n]", 0, nil},
	{"stumax%h", "011110000R1sssss011000nnnnn11111", "Ws [n]", 0, nil},
	{"stumax%", "101110000R1sssss011000nnnnn11111", "Ws [n]", 0, nil},
	{"stumax%", "111110000R1sssss011000nnnnn11111", "Xs [n]", 0, nil},
	{"stumin%b", "001110000R1sssss011100nnnnn11111", "Ws [n]", 0, nil},
	{"stumin%h", "011110000R1sssss011100nnnnn11111", "Ws [n]", 0, nil},
	{"stumin%", "101110000R1sssss011100nnnnn11111", "Ws [n]", 0, nil},
	{"stumin%", "111110000R1sssss011100nnnnn11111", "Xs [n]", 0, nil},
}}

// aliasSections lists the sections with aliases.
var aliasSections = []*Section{&aliasRows, &simdAliasRows}

// aliasIndex is indexed as the decode table, in the order of the rows.
var aliasIndex = sync.OnceValue(func() *lookup {
	ix := new(lookup)
	for _, sec := range aliasSections {
		for i := range sec.Rows {
			r := &Row{Spec: &sec.Rows[i], sec: sec, index: len(ix.rows)}
			r.parse()
			ix.rows = append(ix.rows, r)
			r.slots(func(k int) { ix.by[k] = append(ix.by[k], r) })
		}
	}
	return ix
})

// alias returns the instruction by the alias that the manual prefers.
func (d *Inst) alias() (Inst, bool) {
	for _, r := range aliasIndex().by[d.Word&indexMask>>indexShift] {
		if d.Word&r.mask != r.value {
			continue
		}
		a := Inst{PC: d.PC, Word: d.Word}
		if !a.take(r) {
			continue
		}
		if when, ok := r.Do.(func(*Inst) bool); ok && !when(&a) {
			continue
		}
		return a, true
	}
	return Inst{}, false
}

func notAlways(d *Inst) bool { return d.Field('c') < 14 }

func sameOrZero(d *Inst) bool { return notAlways(d) && sameRegisters(d) }

func sameRegisters(d *Inst) bool { return d.Field('m') == d.Field('n') }

func sameSources(d *Inst) bool { return sameOrZero(d) && d.Field('m') != 31 }

func inserts(d *Inst) bool { return d.Field('l') < d.Field('r') }

func insertsRegister(d *Inst) bool { return inserts(d) && d.Field('n') != 31 }

func shiftsLeft(d *Inst) bool { return d.Field('l')+1 == d.Field('r') }

// moveWide: MOVZ of 0 with a shift is not a MOV.
func moveWide(d *Inst) bool { return d.Field('i') != 0 || d.Field('h') == 0 }

func moveInverted(d *Inst) bool {
	return moveWide(d) && (d.Field('z') != 0 || d.Field('i') != 0xffff)
}

// notMoveWide is NOT MoveWidePreferred: a value that MOVZ or MOVN can make is
// not moved as a bit mask.
func notMoveWide(d *Inst) bool {
	v := d.Args[1].Value
	width := uint(64)
	if d.Field('z') == 0 {
		width = 32
	}
	return !oneHalfword(v, width) && !oneHalfword(^v&(1<<width-1), width)
}

// oneHalfword reports whether only one aligned 16 bits of v are not zero.
func oneHalfword(v uint64, width uint) bool {
	for h := uint(0); h < width; h += 16 {
		if v&^(0xffff<<h) == 0 {
			return true
		}
	}
	return false
}

// The operands of aliases.

func inverted(d *Inst, a *Arg) bool {
	if !wideImmediate(d, a) {
		return false
	}
	a.Value = ^a.Value
	if d.Field('z') == 0 {
		a.Value &= 0xffffffff
	}
	return true
}

// place and fieldWidth are the operands of the moves that insert a bit field.
func place(d *Inst, a *Arg) bool {
	esize := uint32(32) << (d.Word >> 31)
	a.Kind, a.Value = ArgImm, uint64(-d.Field('r')&(esize-1))
	return true
}

func fieldWidth(d *Inst, a *Arg) bool {
	a.Kind, a.Value = ArgImm, uint64(d.Field('l')+1)
	return true
}

func fieldLength(d *Inst, a *Arg) bool {
	a.Kind, a.Value = ArgImm, uint64(d.Field('l')-d.Field('r')+1)
	return d.Field('l') >= d.Field('r')
}

func inverseCondition(d *Inst, a *Arg) bool {
	a.Kind, a.Value = ArgImm, uint64(d.Field('c')^1)
	return true
}
