package arm64

import (
	"strings"
	"sync"

	"github.com/nuage-emu/nuage/cpu/softfloat"
)

const (
	toNearest = softfloat.NearestEven
	toAway    = softfloat.NearestAway
	toPlus    = softfloat.Up
	toMinus   = softfloat.Down
	toZero    = softfloat.TowardZero
)

// Scalar floating point (C3.6, C4.1.96). T is the low bit of the type: single or
// double precision.
func floatRows() Section {
	return Section{Ref: "C3.6 Data processing - SIMD and floating-point: scalar", Rows: []Spec{
		{"fmov", "000111100T100000010000nnnnnddddd", "=Fd Fn", FP, fast(laneMOV, fmovScalar32, fmovScalar64)},
		{"fabs", "000111100T100000110000nnnnnddddd", "=Fd Fn", FP, fast(laneFABS, fabs32, fabs64)},
		{"fneg", "000111100T100001010000nnnnnddddd", "=Fd Fn", FP, fast(laneFNEG, fneg32, fneg64)},
		{"fsqrt", "000111100T100001110000nnnnnddddd", "=Fd Fn", FP, fast(laneFSQRT, fsqrt32, fsqrt64)},
		{"frintn", "000111100T100100010000nnnnnddddd", "=Fd Fn", FP, fsame(roundInt(toNearest, false))},
		{"frintp", "000111100T100100110000nnnnnddddd", "=Fd Fn", FP, fsame(roundInt(toPlus, false))},
		{"frintm", "000111100T100101010000nnnnnddddd", "=Fd Fn", FP, fsame(roundInt(toMinus, false))},
		{"frintz", "000111100T100101110000nnnnnddddd", "=Fd Fn", FP, fsame(roundInt(toZero, false))},
		{"frinta", "000111100T100110010000nnnnnddddd", "=Fd Fn", FP, fsame(roundInt(toAway, false))},
		{"frintx", "000111100T100111010000nnnnnddddd", "=Fd Fn", FP, fsame(laneFRINTX)},
		{"frinti", "000111100T100111110000nnnnnddddd", "=Fd Fn", FP, fsame(laneFRINTI)},

		{"fmul", "000111100T1mmmmm000010nnnnnddddd", "=Fd Fn Fm", FP, fast(laneFMUL, fmul32, fmul64)},
		{"fdiv", "000111100T1mmmmm000110nnnnnddddd", "=Fd Fn Fm", FP, fast(laneFDIV, fdiv32, fdiv64)},
		{"fadd", "000111100T1mmmmm001010nnnnnddddd", "=Fd Fn Fm", FP, fast(laneFADD, fadd32, fadd64)},
		{"fsub", "000111100T1mmmmm001110nnnnnddddd", "=Fd Fn Fm", FP, fast(laneFSUB, fsub32, fsub64)},
		{"fmax", "000111100T1mmmmm010010nnnnnddddd", "=Fd Fn Fm", FP, pick(laneFMAX, true)},
		{"fmin", "000111100T1mmmmm010110nnnnnddddd", "=Fd Fn Fm", FP, pick(laneFMIN, false)},
		{"fmaxnm", "000111100T1mmmmm011010nnnnnddddd", "=Fd Fn Fm", FP, pick(laneFMAXNM, true)},
		{"fminnm", "000111100T1mmmmm011110nnnnnddddd", "=Fd Fn Fm", FP, pick(laneFMINNM, false)},
		{"fnmul", "000111100T1mmmmm100010nnnnnddddd", "=Fd Fn Fm", FP, fsame(laneFNMUL)},

		{"fmadd", "000111110T0mmmmm0aaaaannnnnddddd", "=Fd Fn Fm Fa", FP, mulAddForm(false, false)},
		{"fmsub", "000111110T0mmmmm1aaaaannnnnddddd", "=Fd Fn Fm Fa", FP, mulAddForm(true, false)},
		{"fnmadd", "000111110T1mmmmm0aaaaannnnnddddd", "=Fd Fn Fm Fa", FP, mulAddForm(true, true)},
		{"fnmsub", "000111110T1mmmmm1aaaaannnnnddddd", "=Fd Fn Fm Fa", FP, mulAddForm(false, true)},

		{"fcmp", "000111100T1mmmmm001000nnnnn00000", "Fn Fm", FP | SetsFlags, floatCompare(false, false)},
		{"fcmp", "000111100T1xxxxx001000nnnnn01000", "Fn #0.0", FP | SetsFlags, floatCompare(true, false)},
		{"fcmpe", "000111100T1mmmmm001000nnnnn10000", "Fn Fm", FP | SetsFlags, floatCompare(false, true)},
		{"fcmpe", "000111100T1xxxxx001000nnnnn11000", "Fn #0.0", FP | SetsFlags, floatCompare(true, true)},
		{"fccmp", "000111100T1mmmmmcccc01nnnnn0eeee", "Fn Fm #e cond", FP | SetsFlags | ReadsFlags, conditionalCompare(false)},
		{"fccmpe", "000111100T1mmmmmcccc01nnnnn1eeee", "Fn Fm #e cond", FP | SetsFlags | ReadsFlags, conditionalCompare(true)},
		{"fcsel", "000111100T1mmmmmcccc11nnnnnddddd", "=Fd Fn Fm cond", FP | ReadsFlags, bindFcsel},
		{"fmov", "000111100T1iiiiiiii10000000ddddd", "=Fd #fimm", FP, bindVector(fmovImmediate)},

		{"fcvtns", "z00111100T100000000000nnnnnddddd", "=Rd Fn", FP, toGeneral(toNearest, false)},
		{"fcvtnu", "z00111100T100001000000nnnnnddddd", "=Rd Fn", FP, toGeneral(toNearest, true)},
		{"scvtf", "z00111100T100010000000nnnnnddddd", "=Fd Rn", FP, fromGeneral(false)},
		{"ucvtf", "z00111100T100011000000nnnnnddddd", "=Fd Rn", FP, fromGeneral(true)},
		{"fcvtas", "z00111100T100100000000nnnnnddddd", "=Rd Fn", FP, toGeneral(toAway, false)},
		{"fcvtau", "z00111100T100101000000nnnnnddddd", "=Rd Fn", FP, toGeneral(toAway, true)},
		{"fcvtps", "z00111100T101000000000nnnnnddddd", "=Rd Fn", FP, toGeneral(toPlus, false)},
		{"fcvtpu", "z00111100T101001000000nnnnnddddd", "=Rd Fn", FP, toGeneral(toPlus, true)},
		{"fcvtms", "z00111100T110000000000nnnnnddddd", "=Rd Fn", FP, toGeneral(toMinus, false)},
		{"fcvtmu", "z00111100T110001000000nnnnnddddd", "=Rd Fn", FP, toGeneral(toMinus, true)},
		{"fcvtzs", "z00111100T111000000000nnnnnddddd", "=Rd Fn", FP, toGeneral(toZero, false)},
		{"fcvtzu", "z00111100T111001000000nnnnnddddd", "=Rd Fn", FP, toGeneral(toZero, true)},

		{"scvtf", "z00111100T000010iiiiiinnnnnddddd", "=Fd Rn #fbits", FP, fromGeneral(false)},
		{"ucvtf", "z00111100T000011iiiiiinnnnnddddd", "=Fd Rn #fbits", FP, fromGeneral(true)},
		{"fcvtzs", "z00111100T011000iiiiiinnnnnddddd", "=Rd Fn #fbits", FP, toGeneral(toZero, false)},
		{"fcvtzu", "z00111100T011001iiiiiinnnnnddddd", "=Rd Fn #fbits", FP, toGeneral(toZero, true)},
	}}
}

// Moves between the register files, and conversions between the formats, which
// v8.0 has for half precision too.
func floatMoveRows() Section {
	return Section{Ref: "C3.6 Data processing - SIMD and floating-point: moves and conversions", Rows: []Spec{
		{"fmov", "0001111000100110000000nnnnnddddd", "=Wd Sn", FP, moveGeneral(fmovToGeneral, 1)},
		{"fmov", "0001111000100111000000nnnnnddddd", "=Sd Wn", FP, moveGeneral(fmovFromGeneral, 0)},
		{"fmov", "1001111001100110000000nnnnnddddd", "=Xd Dn", FP, moveGeneral(fmovToGeneral, 1)},
		{"fmov", "1001111001100111000000nnnnnddddd", "=Dd Xn", FP, moveGeneral(fmovFromGeneral, 0)},
		{"fmov", "1001111010101110000000nnnnnddddd", "=Xd Vn.d[1]", FP, opFunc(fmovTopToGeneral)},
		{"fmov", "1001111010101111000000nnnnnddddd", "+Vd.d[1] Xn", FP, opFunc(fmovTopFromGeneral)},

		{"fcvt", "0001111000100010110000nnnnnddddd", "=Dd Sn", FP, bindFcvt},
		{"fcvt", "0001111000100011110000nnnnnddddd", "=Hd Sn", FP, bindFcvt},
		{"fcvt", "0001111001100010010000nnnnnddddd", "=Sd Dn", FP, bindFcvt},
		{"fcvt", "0001111001100011110000nnnnnddddd", "=Hd Dn", FP, bindFcvt},
		{"fcvt", "0001111011100010010000nnnnnddddd", "=Sd Hn", FP, bindFcvt},
		{"fcvt", "0001111011100010110000nnnnnddddd", "=Dd Hn", FP, bindFcvt},
	}}
}

// FEAT_JSCVT.
func jscvtRows() Section {
	return Section{Ref: "C6.2 FJCVTZS", Feature: "JSCVT", Rows: []Spec{
		{"fjcvtzs", "0001111001111110000000nnnnnddddd", "=Wd Dn", FP | SetsFlags, opFunc(fjcvtzs)},
	}}
}

// Half precision arithmetic (FEAT_FP16) is encoded as single and double
// precision are, with another type; so the rows are made from theirs.
func halfRows() Section {
	return Section{Ref: "C3.6 Data processing - SIMD and floating-point: scalar", Feature: "FP16", Rows: append(
		derive(floatRows().Rows, halfScalar),
		Spec{"fmov", "z001111011100110000000nnnnnddddd", "=Rd Hn", FP, moveGeneral(fmovToGeneral, 1)},
		Spec{"fmov", "z001111011100111000000nnnnnddddd", "=Hd Rn", FP, moveGeneral(fmovFromGeneral, 0)},
	)}
}

// derive makes rows from rows; f returns false where there is none.
func derive(rows []Spec, f func(*Spec) bool) []Spec {
	out := make([]Spec, 0, len(rows)+2)
	for _, r := range rows {
		if f(&r) {
			out = append(out, r)
		}
	}
	return out
}

var toHalf = sync.OnceValue(func() *strings.Replacer {
	return strings.NewReplacer("Fd", "Hd", "Fn", "Hn", "Fm", "Hm", "Fa", "Ha", ".F", ".h", ".Isd", ".Ih", "Id.sd", "Id.h", "In.sd", "In.h")
})

// halfScalar: type 11.
func halfScalar(r *Spec) bool {
	r.Bits = r.Bits[:8] + "11" + r.Bits[10:]
	r.Ops = toHalf().Replace(r.Ops)
	return true
}

// halfThree: three registers of the same type, C4.1.96.
func halfThree(r *Spec) bool {
	if r.Bits[9] != 'T' {
		return false
	}
	r.Bits = r.Bits[:9] + "10" + r.Bits[11:16] + "00" + r.Bits[18:]
	r.Ops = toHalf().Replace(r.Ops)
	return true
}

// halfTwo: two registers, miscellaneous.
func halfTwo(r *Spec) bool {
	if r.Bits[9] != 'T' || !strings.Contains(r.Ops, "F") {
		return false
	}
	r.Bits = r.Bits[:9] + "111100" + r.Bits[15:]
	r.Ops = toHalf().Replace(r.Ops)
	return true
}

// halfElement: by element.
func halfElement(r *Spec) bool {
	r.Bits = r.Bits[:8] + "00" + r.Bits[10:]
	r.Ops = toHalf().Replace(r.Ops)
	return true
}

// sameRow keeps the encoding: what tells the type is an operand.
func sameRow(r *Spec) bool {
	r.Ops = toHalf().Replace(r.Ops)
	return true
}
