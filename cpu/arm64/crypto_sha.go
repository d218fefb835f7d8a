package arm64

import (
	"math/bits"
)

// SHA-1 and SHA-256 (FEAT_SHA1, FEAT_SHA256), after FIPS 180-4 and the
// manual's SHA256hash and its sisters.

// words is a vector as four words.
func words(v [2]uint64) [4]uint32 {
	return [4]uint32{uint32(v[0]), uint32(v[0] >> 32), uint32(v[1]), uint32(v[1] >> 32)}
}

// vector is the reverse.
func vector(w [4]uint32) [2]uint64 {
	return [2]uint64{uint64(w[0]) | uint64(w[1])<<32, uint64(w[2]) | uint64(w[3])<<32}
}

func shaChoose(x, y, z uint32) uint32   { return (y^z)&x ^ z }
func shaParity(x, y, z uint32) uint32   { return x ^ y ^ z }
func shaMajority(x, y, z uint32) uint32 { return x&y | (x|y)&z }

// sha1Rounds does four rounds with the function f.
func sha1Rounds(f func(x, y, z uint32) uint32) opFunc {
	return func(s *State, o *op) *op {
		x, y, w := words(s.V[o.rd&31]), uint32(s.V[o.rn&31][0]), words(s.V[o.rm&31])
		for i := range w {
			y += bits.RotateLeft32(x[0], 5) + f(x[1], x[2], x[3]) + w[i]
			x, y = [4]uint32{y, x[0], bits.RotateLeft32(x[1], 30), x[2]}, x[3]
		}
		s.V[o.rd&31] = vector(x)
		return o.after()
	}
}

func sha1h(s *State, o *op) *op {
	s.V[o.rd&31] = [2]uint64{uint64(bits.RotateLeft32(uint32(s.V[o.rn&31][0]), 30)), 0}
	return o.after()
}

func sha1su0(s *State, o *op) *op {
	d, n, m := s.V[o.rd&31], s.V[o.rn&31], s.V[o.rm&31]
	s.V[o.rd&31] = [2]uint64{d[1] ^ d[0] ^ m[0], n[0] ^ d[1] ^ m[1]}
	return o.after()
}

func sha1su1(s *State, o *op) *op {
	d, n := words(s.V[o.rd&31]), words(s.V[o.rn&31])
	t := [4]uint32{d[0] ^ n[1], d[1] ^ n[2], d[2] ^ n[3], d[3]}
	for i := range t {
		d[i] = bits.RotateLeft32(t[i], 1)
	}
	d[3] ^= bits.RotateLeft32(t[0], 2)
	s.V[o.rd&31] = vector(d)
	return o.after()
}

func ror(v uint32, n int) uint32 { return bits.RotateLeft32(v, -n) }

// sha256Rounds does four rounds on the state x, y.
func sha256Rounds(x, y, w [4]uint32) (_, _ [4]uint32) {
	for i := range w {
		t := y[3] + (ror(y[0], 6) ^ ror(y[0], 11) ^ ror(y[0], 25)) + shaChoose(y[0], y[1], y[2]) + w[i]
		u := t + (ror(x[0], 2) ^ ror(x[0], 13) ^ ror(x[0], 22)) + shaMajority(x[0], x[1], x[2])
		x, y = [4]uint32{u, x[0], x[1], x[2]}, [4]uint32{x[3] + t, y[0], y[1], y[2]}
	}
	return x, y
}

func sha256h(s *State, o *op) *op {
	x, _ := sha256Rounds(words(s.V[o.rd&31]), words(s.V[o.rn&31]), words(s.V[o.rm&31]))
	s.V[o.rd&31] = vector(x)
	return o.after()
}

func sha256h2(s *State, o *op) *op {
	_, y := sha256Rounds(words(s.V[o.rn&31]), words(s.V[o.rd&31]), words(s.V[o.rm&31]))
	s.V[o.rd&31] = vector(y)
	return o.after()
}

func sha256su0(s *State, o *op) *op {
	d, n := words(s.V[o.rd&31]), words(s.V[o.rn&31])
	t := [4]uint32{d[1], d[2], d[3], n[0]}
	for i := range t {
		d[i] += ror(t[i], 7) ^ ror(t[i], 18) ^ t[i]>>3
	}
	s.V[o.rd&31] = vector(d)
	return o.after()
}

func sha256su1(s *State, o *op) *op {
	d, n, m := words(s.V[o.rd&31]), words(s.V[o.rn&31]), words(s.V[o.rm&31])
	t := [4]uint32{n[1], n[2], n[3], m[0]}
	last := [2]uint32{m[2], m[3]}
	for i := range d {
		v := last[i&1]
		d[i] += t[i] + (ror(v, 17) ^ ror(v, 19) ^ v>>10)
		last[i&1] = d[i]
	}
	s.V[o.rd&31] = vector(d)
	return o.after()
}
