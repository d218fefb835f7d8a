package x86

import (
	aescipher "crypto/aes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whole algorithms by the instructions that are made for them, against Go's.

func vecOf(b []byte) Vec {
	return Vec{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
}

func bytesOf(v Vec) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, v[0]), v[1])
}

// TestAES encrypts and decrypts with AES-128, the keys made by
// AESKEYGENASSIST and AESIMC.
func TestAES(t *testing.T) {
	rnd := rand.New(rand.NewPCG(6, 1))
	for range 20 {
		var key, plain, want [16]byte
		for i := range key {
			key[i], plain[i] = byte(rnd.Uint32()), byte(rnd.Uint32())
		}
		c, err := aescipher.NewCipher(key[:])
		require.NoError(t, err)
		c.Encrypt(want[:], plain[:])

		s := new(State)
		var keys [11]Vec
		keys[0] = vecOf(key[:])
		rcon := byte(1)
		for i := 1; i <= 10; i++ {
			s.V[1] = keys[i-1]
			do(t, s, 0x66, 0x0f, 0x3a, 0xdf, 0xd1, rcon) // aeskeygenassist xmm2, xmm1, rcon
			w := s.V[2][1] >> 32
			var k Vec
			for j := range 4 {
				w ^= keys[i-1][j/2] >> (j % 2 * 32) & 0xffffffff
				k[j/2] |= w << (j % 2 * 32)
			}
			keys[i] = k
			rcon = rcon<<1 ^ -(rcon>>7)&0x1b
		}
		s.V[0] = vecOf(plain[:])
		xor := func(k Vec) { s.V[0] = Vec{s.V[0][0] ^ k[0], s.V[0][1] ^ k[1]} }
		xor(keys[0])
		for _, k := range keys[1:10] {
			s.V[1] = k
			do(t, s, 0x66, 0x0f, 0x38, 0xdc, 0xc1) // aesenc xmm0, xmm1
		}
		s.V[1] = keys[10]
		do(t, s, 0x66, 0x0f, 0x38, 0xdd, 0xc1) // aesenclast
		require.Equal(t, want[:], bytesOf(s.V[0]))

		xor(keys[10])
		for i := 9; i > 0; i-- {
			s.V[2] = keys[i]
			do(t, s, 0x66, 0x0f, 0x38, 0xdb, 0xca) // aesimc xmm1, xmm2
			do(t, s, 0x66, 0x0f, 0x38, 0xde, 0xc1) // aesdec xmm0, xmm1
		}
		s.V[1] = keys[0]
		do(t, s, 0x66, 0x0f, 0x38, 0xdf, 0xc1) // aesdeclast
		require.Equal(t, plain[:], bytesOf(s.V[0]))
	}
}

// padded is the message in its padding, one block.
func padded(msg []byte) (w [16]uint32) {
	var b [64]byte
	copy(b[:], msg)
	b[len(msg)] = 0x80
	binary.BigEndian.PutUint64(b[56:], uint64(len(msg))*8)
	for i := range w {
		w[i] = binary.BigEndian.Uint32(b[4*i:])
	}
	return w
}

func TestSHA256(t *testing.T) {
	msg := []byte("The interpreter is the reference")
	w := padded(msg)
	// The constants are the fractions of cube roots of primes; by integers.
	k := [64]uint32{}
	n := 0
	for p := uint64(2); n < 64; p++ {
		prime := true
		for d := uint64(2); d*d <= p; d++ {
			prime = prime && p%d != 0
		}
		if prime {
			k[n] = uint32(cubeRoot(p))
			n++
		}
	}
	s := new(State)
	h := [8]uint32{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}
	const abef, cdgh, m0 = 1, 2, 3 // xmm1, xmm2; the message in xmm3 to xmm6
	s.V[abef] = Vec{halves(h[5], h[4]), halves(h[1], h[0])}
	s.V[cdgh] = Vec{halves(h[7], h[6]), halves(h[3], h[2])}
	for i := range 4 {
		s.V[m0+i] = Vec{halves(w[4*i], w[4*i+1]), halves(w[4*i+2], w[4*i+3])}
	}
	for r := 0; r < 64; r += 4 {
		m := s.V[m0]
		add := func(v uint64, a, b uint32) uint64 { return halves(uint32(v)+a, uint32(v>>32)+b) }
		s.V[0] = Vec{add(m[0], k[r], k[r+1])}
		do(t, s, 0x0f, 0x38, 0xcb, 0xd1) // sha256rnds2 xmm2, xmm1
		s.V[0] = Vec{add(m[1], k[r+2], k[r+3])}
		do(t, s, 0x0f, 0x38, 0xcb, 0xca) // sha256rnds2 xmm1, xmm2
		// The next four words of the schedule.
		do(t, s, 0x0f, 0x38, 0xcc, 0xdc)          // sha256msg1 xmm3, xmm4
		s.V[7] = s.V[6]                           // w12 to w15
		do(t, s, 0x66, 0x0f, 0x3a, 0x0f, 0xfd, 4) // palignr xmm7, xmm5, 4: w9 to w12
		s.V[3] = Vec{paddd(s.V[3][0], s.V[7][0]), paddd(s.V[3][1], s.V[7][1])}
		do(t, s, 0x0f, 0x38, 0xcd, 0xde) // sha256msg2 xmm3, xmm6
		s.V[3], s.V[4], s.V[5], s.V[6] = s.V[4], s.V[5], s.V[6], s.V[3]
	}
	got := []uint32{uint32(s.V[abef][1] >> 32), uint32(s.V[abef][1]), uint32(s.V[cdgh][1] >> 32), uint32(s.V[cdgh][1]),
		uint32(s.V[abef][0] >> 32), uint32(s.V[abef][0]), uint32(s.V[cdgh][0] >> 32), uint32(s.V[cdgh][0])}
	var out []byte
	for i, v := range got {
		out = binary.BigEndian.AppendUint32(out, v+h[i])
	}
	want := sha256.Sum256(msg)
	require.Equal(t, want[:], out)
}

// cubeRoot is the cube root of n times 2^32.
func cubeRoot(n uint64) uint64 {
	r := uint64(0)
	for bit := uint64(1) << 35; bit != 0; bit >>= 1 {
		c := r | bit
		// c*c*c <= n << 96
		hi, lo := bits.Mul64(c, c)
		h2, l2 := bits.Mul64(lo, c)
		top := hi*c + h2
		if top < n<<32 || top == n<<32 && l2 == 0 {
			r = c
		}
	}
	return r
}

func TestSHA1(t *testing.T) {
	msg := []byte("so it must be right, on both instruction sets")
	w := padded(msg)
	h := [5]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}
	s := new(State)
	const abcd, e, m0 = 1, 2, 3
	s.V[abcd] = Vec{halves(h[3], h[2]), halves(h[1], h[0])}
	s.V[e] = Vec{0, uint64(h[4]) << 32}
	for i := range 4 { // the first word on top
		s.V[m0+i] = Vec{halves(w[4*i+3], w[4*i+2]), halves(w[4*i+1], w[4*i])}
	}
	for r := range 20 {
		before := s.V[abcd]
		if r == 0 { // e itself, not a of four rounds ago, rotated
			m := s.V[m0]
			s.V[e] = Vec{m[0], halves(uint32(m[1]), uint32(m[1]>>32)+h[4])}
		} else {
			do(t, s, 0x0f, 0x38, 0xc8, 0xd3) // sha1nexte xmm2, xmm3
		}
		do(t, s, 0x0f, 0x3a, 0xcc, 0xca, byte(r/5)) // sha1rnds4 xmm1, xmm2, function
		s.V[e] = before
		do(t, s, 0x0f, 0x38, 0xc9, 0xdc) // sha1msg1 xmm3, xmm4
		s.V[3][0] ^= s.V[5][0]
		s.V[3][1] ^= s.V[5][1]
		do(t, s, 0x0f, 0x38, 0xca, 0xde) // sha1msg2 xmm3, xmm6
		s.V[3], s.V[4], s.V[5], s.V[6] = s.V[4], s.V[5], s.V[6], s.V[3]
	}
	s.V[3] = Vec{}
	do(t, s, 0x0f, 0x38, 0xc8, 0xd3) // the last e
	var out []byte
	for i, v := range []uint32{uint32(s.V[abcd][1] >> 32), uint32(s.V[abcd][1]), uint32(s.V[abcd][0] >> 32), uint32(s.V[abcd][0]), uint32(s.V[e][1] >> 32)} {
		out = binary.BigEndian.AppendUint32(out, v+h[i])
	}
	want := sha1.Sum(msg)
	require.Equal(t, want[:], out)
}

func TestCarrylessProduct(t *testing.T) {
	rnd := rand.New(rand.NewPCG(6, 2))
	for k := range 2000 {
		a, b := lane(rnd), lane(rnd)
		if k == 0 {
			a, b = ^uint64(0), ^uint64(0)
		}
		var lo, hi uint64
		for i := range 64 {
			if b>>i&1 != 0 {
				lo ^= a << i
				hi ^= a >> (64 - i)
			}
		}
		gotLo, gotHi := carryless(a, b)
		require.Equal(t, [2]uint64{lo, hi}, [2]uint64{gotLo, gotHi}, "%x, %x", a, b)
	}
}
