package x86

import "math/bits"

// BMI1 and BMI2.
// TZCNT is with LZCNT in bitcount.go.
var bmi1Rows = Section{Ref: "Vol. 1, 5.1.16 BMI1 and BMI2 Instructions", Feature: "BMI1", Rows: []Spec{
	{"VEX.LZ.0F38.W0/W1 F2 /r", "andn", "=Gy By Ey", "w:oszc u:ap", 0, sized{2: andn32, 3: andn64}},
	{"VEX.LZ.0F38.W0/W1 F7 /r", "bextr", "=Gy Ey By", "w:ozc u:sap", 0, sized{2: bextr32, 3: bextr64}},
	{"VEX.LZ.0F38.W0/W1 F3 /3", "blsi", "=By Ey", "w:oszc u:ap", 0, sized{2: blsi32, 3: blsi64}},
	{"VEX.LZ.0F38.W0/W1 F3 /2", "blsmsk", "=By Ey", "w:oszc u:ap", 0, sized{2: blsmsk32, 3: blsmsk64}},
	{"VEX.LZ.0F38.W0/W1 F3 /1", "blsr", "=By Ey", "w:oszc u:ap", 0, sized{2: blsr32, 3: blsr64}},
}}

var bmi2Rows = Section{Ref: "Vol. 1, 5.1.16 BMI1 and BMI2 Instructions", Feature: "BMI2", Rows: []Spec{
	{"VEX.LZ.0F38.W0/W1 F5 /r", "bzhi", "=Gy Ey By", "w:oszc u:ap", 0, sized{2: bzhi32, 3: bzhi64}},
	{"VEX.LZ.F2.0F38.W0/W1 F6 /r", "mulx", "=Gy =By Ey | rDX", "", 0, sized{2: mulx32, 3: mulx64}},
	{"VEX.LZ.F2.0F38.W0/W1 F5 /r", "pdep", "=Gy By Ey", "", 0, sized{2: pdep32, 3: pdep64}},
	{"VEX.LZ.F3.0F38.W0/W1 F5 /r", "pext", "=Gy By Ey", "", 0, sized{2: pext32, 3: pext64}},
	{"VEX.LZ.F2.0F3A.W0/W1 F0 /r", "rorx", "=Gy Ey Ib", "", 0, sized{2: rorx32, 3: rorx64}},
	{"VEX.LZ.F3.0F38.W0/W1 F7 /r", "sarx", "=Gy Ey By", "", 0, sized{2: sarx32, 3: sarx64}},
	{"VEX.LZ.66.0F38.W0/W1 F7 /r", "shlx", "=Gy Ey By", "", 0, sized{2: shlx32, 3: shlx64}},
	{"VEX.LZ.F2.0F38.W0/W1 F7 /r", "shrx", "=Gy Ey By", "", 0, sized{2: shrx32, 3: shrx64}},
}}

// third reads the operand found through ModRM.rm where it is the third one.
func third[T word](s *State, o *op) T {
	if o.mem {
		return load[T](s, s.ea(o))
	}
	return reg[T](s, o.aux)
}

// bmiFlags sets SF and ZF by the result, and CF. OF is clear; so are the
// undefined AF and PF.
func bmiFlags[T word](s *State, r T, c bool) {
	s.fz = uint64(r)
	s.fs = sext(r)&^0xff | 1
	s.cf = b2u(c)
	s.fx = s.cf << 63
}

func andn[T word](s *State, o *op) *op {
	r := third[T](s, o) &^ reg[T](s, o.src)
	setReg(s, o.dst, r)
	bmiFlags(s, r, false)
	return o.after()
}

// bextr takes a field: its start and length are the control's low bytes. SF,
// which is undefined, is clear.
func bextr[T word](s *State, o *op) *op {
	v, control := rm[T](s, o), s.R[o.aux&31]
	start, length := uint(uint8(control)), uint(uint8(control>>8))
	r := v >> start & (1<<length - 1)
	setReg(s, o.dst, r)
	s.testFlags(r == 0, false)
	return o.after()
}

// blsi isolates the lowest bit set, blsmsk makes a mask up to it, and blsr
// clears it.

func blsi[T word](s *State, o *op) *op {
	v := rm[T](s, o)
	r := v & -v
	setReg(s, o.dst, r)
	bmiFlags(s, r, v != 0)
	return o.after()
}

func blsmsk[T word](s *State, o *op) *op {
	v := rm[T](s, o)
	r := v ^ (v - 1)
	setReg(s, o.dst, r)
	bmiFlags(s, r, v == 0)
	return o.after()
}

func blsr[T word](s *State, o *op) *op {
	v := rm[T](s, o)
	r := v & (v - 1)
	setReg(s, o.dst, r)
	bmiFlags(s, r, v == 0)
	return o.after()
}

func bzhi[T word](s *State, o *op) *op {
	v, n := rm[T](s, o), uint(uint8(s.R[o.aux&31]))
	r := v & (1<<n - 1)
	setReg(s, o.dst, r)
	bmiFlags(s, r, n >= width[T]())
	return o.after()
}

// mulx multiplies by rDX: the high half goes to the first operand, last.

func mulx32(s *State, o *op) *op {
	p := uint64(third[uint32](s, o)) * uint64(uint32(s.R[RDX]))
	s.R[o.src&31] = uint64(uint32(p))
	s.R[o.dst&31] = p >> 32
	return o.after()
}

func mulx64(s *State, o *op) *op {
	hi, lo := bits.Mul64(third[uint64](s, o), s.R[RDX])
	s.R[o.src&31] = lo
	s.R[o.dst&31] = hi
	return o.after()
}

// pdep and pext go through the bits of the mask, the third operand.

func pdep[T word](s *State, o *op) *op {
	mask, v := uint64(third[T](s, o)), s.R[o.src&31]
	var r uint64
	for ; mask != 0; mask &= mask - 1 {
		r |= mask & -mask & -(v & 1)
		v >>= 1
	}
	setReg(s, o.dst, T(r))
	return o.after()
}

func pext[T word](s *State, o *op) *op {
	mask, v := uint64(third[T](s, o)), s.R[o.src&31]
	var r uint64
	for n := 0; mask != 0; n++ {
		r |= v >> (bits.TrailingZeros64(mask) & 63) & 1 << n
		mask &= mask - 1
	}
	setReg(s, o.dst, T(r))
	return o.after()
}

// The shifts leave the flags alone; the count is taken modulo the width.

func rorx[T word](s *State, o *op) *op {
	v, n := rm[T](s, o), uint(o.imm)&(width[T]()-1)
	setReg(s, o.dst, v>>n|v<<(width[T]()-n))
	return o.after()
}

func sarx[T word](s *State, o *op) *op {
	v, n := rm[T](s, o), uint(s.R[o.aux&31])&(width[T]()-1)
	setReg(s, o.dst, T(int64(sext(v))>>n))
	return o.after()
}

func shlx[T word](s *State, o *op) *op {
	v, n := rm[T](s, o), uint(s.R[o.aux&31])&(width[T]()-1)
	setReg(s, o.dst, v<<n)
	return o.after()
}

func shrx[T word](s *State, o *op) *op {
	v, n := rm[T](s, o), uint(s.R[o.aux&31])&(width[T]()-1)
	setReg(s, o.dst, v>>n)
	return o.after()
}
