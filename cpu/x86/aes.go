package x86

import (
	"math/bits"
	"sync"
)

// AES (Vol. 1, 12.13; FIPS 197). The rounds look up tables indexed by the data,
// so their time depends on it: a guest's keys are not hidden from who can watch
// the host's caches. Byte i of a register is row i%4 of column i/4 of the state.
var aesRows = Section{Ref: "Vol. 1, 5.12 Intel AES-NI", Feature: "AES", Rows: []Spec{
	{"66 0F 38 DC /r", "aesenc", "+Vx Wx", "", 0, aes(aesenc)},
	{"66 0F 38 DD /r", "aesenclast", "+Vx Wx", "", 0, aes(aesenclast)},
	{"66 0F 38 DE /r", "aesdec", "+Vx Wx", "", 0, aes(aesdec)},
	{"66 0F 38 DF /r", "aesdeclast", "+Vx Wx", "", 0, aes(aesdeclast)},
	{"66 0F 38 DB /r", "aesimc", "=Vx Wx", "", 0, aes(aesimc)},
	{"66 0F 3A DF /r", "aeskeygenassist", "=Vx Wx Ib", "", 0, aes(aeskeygenassist)},
}}

// aesTables are SubBytes and its inverse, alone and followed by the part of
// MixColumns or its inverse that a byte of row 0 has in its column; the other
// rows' parts are rotations of it. They are made when the first instruction is
// decoded.
var (
	aesTables struct {
		box, inverse [256]uint8
		mix, unmix   [256]uint32
	}
	aesOnce sync.Once
)

// aes makes a row's value: the function, once there are tables.
type aes func(s *State, o *op) *op

func (fn aes) op() opFunc {
	aesOnce.Do(makeAESTables)
	return opFunc(fn)
}

func makeAESTables() {
	t := &aesTables
	double := func(v uint8) uint8 { return v<<1 ^ -(v>>7)&0x1b }
	// p runs through the powers of 3, q through those of its inverse.
	p, q := uint8(1), uint8(1)
	for range 255 {
		p ^= double(p)
		q ^= q << 1
		q ^= q << 2
		q ^= q << 4
		q ^= -(q >> 7) & 9
		t.box[p] = q ^ bits.RotateLeft8(q, 1) ^ bits.RotateLeft8(q, 2) ^ bits.RotateLeft8(q, 3) ^ bits.RotateLeft8(q, 4) ^ 0x63
	}
	t.box[0] = 0x63
	for i, v := range t.box {
		t.inverse[v] = uint8(i)
	}
	column := func(a, b, c, d uint8) uint32 { return uint32(a) | uint32(b)<<8 | uint32(c)<<16 | uint32(d)<<24 }
	for i := range 256 {
		v := t.box[i]
		v2 := double(v)
		t.mix[i] = column(v2, v, v, v2^v)
		v = t.inverse[i]
		v2 = double(v)
		v4 := double(v2)
		v8 := double(v4)
		t.unmix[i] = column(v8^v4^v2, v8^v, v8^v4^v, v8^v2^v)
	}
}

// columns takes sixteen bytes apart.
func columns(lo, hi uint64) [4]uint32 {
	return [4]uint32{uint32(lo), uint32(lo >> 32), uint32(hi), uint32(hi >> 32)}
}

// mixColumn looks up the bytes that ShiftRows (step 1) or its inverse (step 3)
// brings to column i, and mixes them.
func mixColumn(t *[256]uint32, c *[4]uint32, i, step int) uint32 {
	return t[uint8(c[i&3])] ^
		bits.RotateLeft32(t[uint8(c[(i+step)&3]>>8)], 8) ^
		bits.RotateLeft32(t[uint8(c[(i+2*step)&3]>>16)], 16) ^
		bits.RotateLeft32(t[c[(i+3*step)&3]>>24], 24)
}

// boxColumn is mixColumn without the mixing.
func boxColumn(t *[256]uint8, c *[4]uint32, i, step int) uint32 {
	return uint32(t[uint8(c[i&3])]) |
		uint32(t[uint8(c[(i+step)&3]>>8)])<<8 |
		uint32(t[uint8(c[(i+2*step)&3]>>16)])<<16 |
		uint32(t[c[(i+3*step)&3]>>24])<<24
}

func aesenc(s *State, o *op) *op     { return s.aesRound(o, &aesTables.mix, 1) }
func aesdec(s *State, o *op) *op     { return s.aesRound(o, &aesTables.unmix, 3) }
func aesenclast(s *State, o *op) *op { return s.aesLast(o, &aesTables.box, 1) }
func aesdeclast(s *State, o *op) *op { return s.aesLast(o, &aesTables.inverse, 3) }

func (s *State) aesRound(o *op, t *[256]uint32, step int) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	c := columns(d[0], d[1])
	d[0] = halves(mixColumn(t, &c, 0, step), mixColumn(t, &c, 1, step)) ^ lo
	d[1] = halves(mixColumn(t, &c, 2, step), mixColumn(t, &c, 3, step)) ^ hi
	return o.after()
}

func (s *State) aesLast(o *op, t *[256]uint8, step int) *op {
	lo, hi := s.vecSrc(o)
	d := &s.V[o.dst&31]
	c := columns(d[0], d[1])
	d[0] = halves(boxColumn(t, &c, 0, step), boxColumn(t, &c, 1, step)) ^ lo
	d[1] = halves(boxColumn(t, &c, 2, step), boxColumn(t, &c, 3, step)) ^ hi
	return o.after()
}

// halves joins two doublewords.
func halves(lo, hi uint32) uint64 { return uint64(lo) | uint64(hi)<<32 }

// aesimc is the inverse of MixColumns alone: the bytes are substituted first,
// since the table substitutes them back.
func aesimc(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	c := columns(lo, hi)
	for i := range c {
		c[i] = substitute(c[i])
	}
	t := &aesTables.unmix
	d := &s.V[o.dst&31]
	d[0] = halves(mixColumn(t, &c, 0, 0), mixColumn(t, &c, 1, 0))
	d[1] = halves(mixColumn(t, &c, 2, 0), mixColumn(t, &c, 3, 0))
	return o.after()
}

// substitute is SubWord.
func substitute(v uint32) uint32 { return boxColumn(&aesTables.box, &[4]uint32{v}, 0, 0) }

func aeskeygenassist(s *State, o *op) *op {
	lo, hi := s.vecSrc(o)
	half := func(v uint32) uint64 {
		v = substitute(v)
		return halves(v, bits.RotateLeft32(v, -8)^uint32(o.imm))
	}
	d := &s.V[o.dst&31]
	d[0], d[1] = half(uint32(lo>>32)), half(uint32(hi>>32))
	return o.after()
}
