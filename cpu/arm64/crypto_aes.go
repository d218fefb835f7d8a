package arm64

import (
	"math/bits"
	"sync"
)

// AES (FEAT_AES): the rounds of FIPS 197. Byte i of a vector is row i%4 of
// column i/4.

// substitution is SubBytes and its inverse.
type substitution struct{ sub, inverse [256]byte }

// sboxes is made when it is needed: few programs do. It walks the multiplicative
// group by its generator 3 and, alongside, by its inverse 0xf6, so that p and q
// stay inverse to each other (FIPS 197, 5.1.1).
var sboxes = sync.OnceValue(func() *substitution {
	t := new(substitution)
	p, q := byte(1), byte(1)
	for {
		p ^= times2(p)
		q = gmul(q, 0xf6)
		v := q ^ bits.RotateLeft8(q, 1) ^ bits.RotateLeft8(q, 2) ^ bits.RotateLeft8(q, 3) ^ bits.RotateLeft8(q, 4) ^ 0x63
		t.sub[p], t.inverse[v] = v, p
		if p == 1 {
			break
		}
	}
	t.sub[0], t.inverse[0x63] = 0x63, 0
	return t
})

// times2 multiplies by x in GF(2^8).
func times2(b byte) byte { return b<<1 ^ b>>7*0x1b }

// gmul multiplies in GF(2^8).
func gmul(a, b byte) (r byte) {
	for ; b != 0; b >>= 1 {
		r ^= a * (b & 1)
		a = times2(a)
	}
	return r
}

func vecByte(v *[2]uint64, i int) byte { return byte(v[i>>3&1] >> (i & 7 * 8)) }

// aesRound shifts the rows of v by step columns and substitutes the bytes.
func aesRound(v [2]uint64, box *[256]byte, step int) (r [2]uint64) {
	for i := range 16 {
		from := (i + 4*step*(i&3)) & 15
		r[i>>3] |= uint64(box[vecByte(&v, from)]) << (i & 7 * 8)
	}
	return r
}

func aese(s *State, o *op) *op {
	d, n := &s.V[o.rd&31], &s.V[o.rn&31]
	*d = aesRound([2]uint64{d[0] ^ n[0], d[1] ^ n[1]}, &sboxes().sub, 1)
	return o.after()
}

func aesd(s *State, o *op) *op {
	d, n := &s.V[o.rd&31], &s.V[o.rn&31]
	*d = aesRound([2]uint64{d[0] ^ n[0], d[1] ^ n[1]}, &sboxes().inverse, -1)
	return o.after()
}

// bytesTimes2 is times2 of each of the eight bytes.
func bytesTimes2(v uint64) uint64 { return v&^topB<<1 ^ v&topB>>7*0x1b }

// mixColumns works on two columns at once; columns are 32 bits wide.
func mixColumns(v uint64) uint64 {
	ror := func(v uint64, n int) uint64 {
		return uint64(bits.RotateLeft32(uint32(v), -n)) | uint64(bits.RotateLeft32(uint32(v>>32), -n))<<32
	}
	t := v ^ ror(v, 8)
	return bytesTimes2(t) ^ ror(v, 8) ^ ror(t, 16)
}

// inverseMixColumns first multiplies by 4x²+5, which leaves mixColumns to do.
func inverseMixColumns(v uint64) uint64 {
	u := bytesTimes2(bytesTimes2(v ^ wordREV32H(v)))
	return mixColumns(v ^ u)
}

// wordREV32H swaps the halfwords of each word.
func wordREV32H(v uint64) uint64 { return v>>16&0x0000ffff0000ffff | v&0x0000ffff0000ffff<<16 }

func aesmc(s *State, o *op) *op {
	n := s.V[o.rn&31]
	s.V[o.rd&31] = [2]uint64{mixColumns(n[0]), mixColumns(n[1])}
	return o.after()
}

func aesimc(s *State, o *op) *op {
	n := s.V[o.rn&31]
	s.V[o.rd&31] = [2]uint64{inverseMixColumns(n[0]), inverseMixColumns(n[1])}
	return o.after()
}

// pmull64 multiplies two polynomials of 64 bits over {0,1}, four bits at a time.
func pmull64(a, b uint64) (r [2]uint64) {
	var table [16][2]uint64
	for i := 1; i < 16; i++ {
		h := table[i>>1]
		table[i] = [2]uint64{h[0] << 1, h[1]<<1 | h[0]>>63}
		if i&1 != 0 {
			table[i][0] ^= a
		}
	}
	for k := 60; k >= 0; k -= 4 {
		t := &table[b>>k&15]
		r[1] = (r[1]<<4 | r[0]>>60) ^ t[1]
		r[0] = r[0]<<4 ^ t[0]
	}
	return r
}

// pmull1 and pmull2 are PMULL and PMULL2 with a 128-bit result.

func pmull1(s *State, o *op) *op {
	s.V[o.rd&31] = pmull64(s.V[o.rn&31][0], s.V[o.rm&31][0])
	return o.after()
}

func pmull2(s *State, o *op) *op {
	s.V[o.rd&31] = pmull64(s.V[o.rn&31][1], s.V[o.rm&31][1])
	return o.after()
}
