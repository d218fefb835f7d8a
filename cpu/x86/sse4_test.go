package x86

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/stretchr/testify/require"
)

// The instructions of SSSE3 to SSE4.2 and their kin, held against plain
// formulations of the manual's text: for hosts without the native oracle.

func TestPackedLanesSSE4(t *testing.T) {
	larger := func(a, b int64) int64 { return max(a, b) }
	smaller := func(a, b int64) int64 { return min(a, b) }
	abs := func(_, b int64) int64 { return max(b, -b) }
	sign := func(a, b int64) int64 {
		switch {
		case b < 0:
			return -a
		case b == 0:
			return 0
		}
		return a
	}
	for name, c := range map[string]struct {
		got  func(a, b uint64) uint64
		w    uint
		want func(a, b int64) int64
	}{
		"pabsb": {pabsb, 8, abs}, "pabsw": {pabsw, 16, abs}, "pabsd": {pabsd, 32, abs},
		"psignb": {psignb, 8, sign}, "psignw": {psignw, 16, sign}, "psignd": {psignd, 32, sign},
		"pminsb": {pminsb, 8, smaller}, "pmaxsb": {pmaxsb, 8, larger}, "pminuw": {pminuw, 16, unsigned(16, smaller)}, "pmaxuw": {pmaxuw, 16, unsigned(16, larger)},
		"pminsd": {pminsd, 32, smaller}, "pmaxsd": {pmaxsd, 32, larger}, "pminud": {pminud, 32, unsigned(32, smaller)}, "pmaxud": {pmaxud, 32, unsigned(32, larger)},
		"pmulld":   {pmulld, 32, func(a, b int64) int64 { return a * b }},
		"pmulhrsw": {pmulhrsw, 16, func(a, b int64) int64 { return (a*b>>14 + 1) >> 1 }},
		"pcmpeqq":  {pcmpeqq, 64, func(a, b int64) int64 { return -int64(b2u(a == b)) }},
		"pcmpgtq":  {pcmpgtq, 64, func(a, b int64) int64 { return -int64(b2u(a > b)) }},
	} {
		want := lanesOf(c.w, c.want)
		rnd := rand.New(rand.NewPCG(1, uint64(c.w)))
		for range 5000 {
			a, b := lane(rnd), lane(rnd)
			if got := c.got(a, b); got != want(a, b) {
				t.Fatalf("%s(%016x, %016x) = %016x, want %016x", name, a, b, got, want(a, b))
			}
		}
	}
}

// Cases whose results can be read off the manual's text.
func TestPackedRearrangementSSE4(t *testing.T) {
	const a, b = 0x0004_0003_0002_0001, 0x7FFF_0001_8000_FFFF
	require.Equal(t, uint64(0x8000_7FFF_0007_0003), phaddw(a, b))
	require.Equal(t, uint64(0x7FFF_8000_0007_0003), phaddsw(a, b))
	require.Equal(t, uint64(0x8002_7FFF_FFFF_FFFF), phsubw(a, b))
	require.Equal(t, uint64(0x7FFF8001_00060004), phaddd(0x00040003_00020001, 0x7FFF8000_00000001))
	require.Equal(t, uint64(0x80000000_FFFFFFFF), phsubd(0x00000002_00000001, 0x00000001_80000001))
	require.Equal(t, uint64(0x8000), phsubsw(0x0001_8000, 0))
	require.Equal(t, uint64(0x8000_7FFF), pmaddubsw(0xFFFF_FFFF, 0x8080_7F7F))
	require.Equal(t, uint64(0xFFFF_0000), packusdw(0x7FFFFFFF_80000000))
	require.Equal(t, uint64(0xFF80_007F_FFFF_0001), extendBW(0x807FFF01))
	require.Equal(t, uint64(0xFFFF8000_00007FFF), extendWD(0x80007FFF))
	require.Equal(t, uint64(0xFFFFFF80_0000007F), extendBD(0x807F))
	require.Equal(t, uint64(0x00000080_0000007F), zeroBD(0xAA807F))
	require.Equal(t, uint64(3<<16|2), minpos(0x0002_0005_0006_0007, 0x0002_FFFF_FFFF_FFFF))
	require.Equal(t, uint64(0xFFFF_0000_FFFF_0000), blendMaskW(0b1010))
	require.Equal(t, uint64(0xFF00_0000_0000_FF00), blendMaskB(0b10000010))

	lo, hi := alignRight(0x1716151413121110, 0x1F1E1D1C1B1A1918, 0x0706050403020100, 0x0F0E0D0C0B0A0908, 13)
	require.Equal(t, [2]uint64{0x14131211100F0E0D, 0x1C1B1A1918171615}, [2]uint64{lo, hi})
	lo, hi = alignRight(1, 2, 3, 4, 32)
	require.Equal(t, [2]uint64{}, [2]uint64{lo, hi})
	require.Equal(t, uint64(0x0D00_0000_000F_0800), shuffleBytes(0x0706050403020100, 0x0F0E0D0C0B0A0908, 0x0D80_FF80_900F_0800))
	lo, hi = blockDistances(0x0807060504030201, 0x100F0E0D0C0B0A09, 0x0807060504030201, 0, 0b101)
	require.Equal(t, [2]uint64{0x000C_0008_0004_0000, 0x001C_0018_0014_0010}, [2]uint64{lo, hi})
}

func TestCRC32(t *testing.T) {
	crcOnce.Do(makeCRCTables)
	rnd := rand.New(rand.NewPCG(3, 1))
	table := crc32.MakeTable(crc32.Castagnoli)
	for range 2000 {
		c, v := rnd.Uint32(), rnd.Uint64()
		for _, n := range []int{1, 2, 4, 8} {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], v)
			require.Equal(t, ^crc32.Update(^c, table, b[:n]), crc(c, v, n))
		}
	}
}

// strcmpPlain is a string comparison element by element, by the definitions of
// Vol. 2B, 4.1: IntRes2.
func strcmpPlain(a, b [2]uint64, la, lb int, imm uint64) (r uint32, n int) {
	n = 16 >> (imm & 1)
	get := func(v [2]uint64, i int) int64 {
		w := 64 * 2 / n
		x := v[i/(n/2)] >> (i % (n / 2) * w)
		if imm&2 != 0 {
			return int64(x<<(64-w)) >> (64 - w)
		}
		return int64(x << (64 - w) >> (64 - w))
	}
	how := imm >> 2 & 3
	for j := range n {
		hit := how == equalOrdered
		for i := range n {
			av, bv := i < la, j < lb
			x, y := get(a, i), get(b, j)
			switch how {
			case equalAny:
				hit = hit || av && bv && x == y
			case rangesOf:
				if i%2 == 0 {
					hit = hit || i+1 < la && bv && x <= y && y <= get(a, i+1)
				}
			case equalEach:
				if i == j {
					hit = av && bv && x == y || !av && !bv
				}
			case equalOrdered:
				if i+j < n {
					bv = i+j < lb
					hit = hit && (!av || bv && x == get(b, i+j))
				}
			}
		}
		switch imm >> 4 & 3 {
		case 1:
			hit = !hit
		case 3:
			hit = hit != (j < lb)
		}
		r |= uint32(b2u(hit)) << j
	}
	return r, n
}

func TestStringComparisons(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 4))
	few := func() uint64 { return rnd.Uint64() & 0x0303030303030303 & rnd.Uint64() }
	length := func(v int64, n int) int { return int(min(max(v, -v), int64(n))) }
	for imm := range uint64(0x80) {
		for range 60 {
			m := new(State)
			a, b := [2]uint64{few(), few()}, [2]uint64{few(), few()}
			m.V[1], m.V[2] = Vec{a[0], a[1]}, Vec{b[0], b[1]}
			m.R[RAX], m.R[RDX] = uint64(rnd.IntN(40)-20), uint64(rnd.IntN(40)-20)
			n := 16 >> (imm & 1)
			la, lb := length(int64(m.R[RAX]), n), length(int64(m.R[RDX]), n)
			r, _ := strcmpPlain(a, b, la, lb, imm)
			do(t, m, 0x66, 0x0f, 0x3a, 0x61, 0xca, byte(imm)) // pcmpestri xmm1, xmm2, imm
			index := uint64(n)
			if r != 0 {
				index = uint64(bits.TrailingZeros32(r))
				if imm&0x40 != 0 {
					index = uint64(bits.Len32(r) - 1)
				}
			}
			require.Equal(t, index, m.R[RCX], "%x: % x, % x, %d, %d", imm, a, b, la, lb)
			want := b2u(r != 0) | b2u(lb < n)*FlagZ | b2u(la < n)*FlagS | uint64(r&1)*FlagO
			require.Equal(t, want, m.Flags()&FlagsStatus, "%x", imm)
			do(t, m, 0x66, 0x0f, 0x3a, 0x60, 0xca, byte(imm)) // pcmpestrm
			if imm&0x40 == 0 {
				require.Equal(t, Vec{uint64(r)}, m.V[0])
			}
		}
	}
	// Strings that end with a null, and one that does not.
	m := new(State)
	m.V[1], m.V[2] = Vec{0x00636261}, Vec{0x6362616362617878, 0x7878787878787878} // "abc" in "xxabcabcxxxxxxxx"
	do(t, m, 0x66, 0x0f, 0x3a, 0x63, 0xca, 0x0c)                                  // pcmpistri equal ordered
	require.Equal(t, uint64(2), m.R[RCX])
	require.Equal(t, uint64(FlagC|FlagS), m.Flags()&FlagsStatus)
}

// do executes one instruction that accesses no memory.
func do(t *testing.T, s *State, code ...byte) {
	b := &binder{}
	require.NoError(t, Decode(&b.d, code, codeAt))
	require.Equal(t, len(code), b.d.Len)
	b.bind()
	n := len(b.ops)
	b.emit(nop) // what the last operation goes on to
	for i := range b.ops[:n] {
		b.ops[i].fn(s, &b.ops[i])
	}
}

func TestRoundings(t *testing.T) {
	for imm, f := range []func(float64) float64{math.RoundToEven, math.Floor, math.Ceil, math.Trunc} {
		for _, x := range []float64{0, math.Copysign(0, -1), 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999999999999994, 1 << 53, -1e300, math.Inf(1), 5e-324, 4503599627370495.5} {
			s := new(State)
			s.MXCSR = mxcsrInit
			s.V[1][0] = math.Float64bits(x)
			do(t, s, 0x66, 0x0f, 0x3a, 0x0b, 0xc1, byte(imm)) // roundsd xmm0, xmm1, imm
			require.Equal(t, math.Float64bits(f(x)), s.V[0][0], "%v by %d", x, imm)
			require.Equal(t, f(x) != x, s.MXCSR&0x20 != 0)
			s.MXCSR = mxcsrInit
			do(t, s, 0x66, 0x0f, 0x3a, 0x0b, 0xc1, byte(imm)|8)
			require.Equal(t, uint32(mxcsrInit), s.MXCSR)
		}
	}
}

func TestDotProduct(t *testing.T) {
	s := new(State)
	s.MXCSR = mxcsrInit
	f := func(lo, hi float32) uint64 {
		return uint64(math.Float32bits(lo)) | uint64(math.Float32bits(hi))<<32
	}
	s.V[0], s.V[1] = Vec{f(1, 2), f(3, 4)}, Vec{f(10, 100), f(1000, 10000)}
	do(t, s, 0x66, 0x0f, 0x3a, 0x40, 0xc1, 0xB5) // dpps: all but lane 2; into lanes 0 and 2
	require.Equal(t, Vec{f(40210, 0), f(40210, 0)}, s.V[0])
}

func TestRandomNumbers(t *testing.T) {
	m := newMachine(t, nil, Options{})
	rdrand, rdseed := []byte{0x48, 0x0f, 0xc7, 0xf0}, []byte{0x66, 0x0f, 0xc7, 0xf9}
	m.s.R[RAX] = 1
	require.Equal(t, cpu.StopBudget, m.one(t, rdrand).Kind)
	require.Zero(t, m.s.R[RAX], "none ready")
	require.Zero(t, m.s.Flags()&FlagsStatus)
	m.th.Env = environment{}
	require.Equal(t, cpu.StopBudget, m.one(t, rdrand).Kind)
	require.Equal(t, environment{}.Entropy(), m.s.R[RAX])
	require.Equal(t, uint64(FlagC), m.s.Flags()&FlagsStatus)
	m.s.R[RCX] = math.MaxUint64
	require.Equal(t, cpu.StopBudget, m.one(t, rdseed).Kind)
	require.Equal(t, environment{}.Entropy()|^uint64(0xffff), m.s.R[RCX])
}

// BenchmarkSSE4 gives the time of one instruction.
func BenchmarkSSE4(b *testing.B) {
	for _, c := range []struct {
		name string
		code []byte
	}{
		{"popcnt", []byte{0xf3, 0x48, 0x0f, 0xb8, 0xca}},
		{"tzcnt", []byte{0xf3, 0x48, 0x0f, 0xbc, 0xca}},
		{"andn", []byte{0xc4, 0xe2, 0xe8, 0xf2, 0xca}},
		{"shlx", []byte{0xc4, 0xe2, 0xe9, 0xf7, 0xca}},
		{"pdep", []byte{0xc4, 0xe2, 0xeb, 0xf5, 0xca}},
		{"crc32", []byte{0xf2, 0x48, 0x0f, 0x38, 0xf1, 0xca}},
		{"pshufb", []byte{0x66, 0x0f, 0x38, 0x00, 0xca}},
		{"palignr", []byte{0x66, 0x0f, 0x3a, 0x0f, 0xca, 5}},
		{"phaddw", []byte{0x66, 0x0f, 0x38, 0x01, 0xca}},
		{"pmaddubsw", []byte{0x66, 0x0f, 0x38, 0x04, 0xca}},
		{"pabsd", []byte{0x66, 0x0f, 0x38, 0x1e, 0xca}},
		{"pblendvb", []byte{0x66, 0x0f, 0x38, 0x10, 0xca}},
		{"pmovzxbw", []byte{0x66, 0x0f, 0x38, 0x30, 0xca}},
		{"pmaxsd", []byte{0x66, 0x0f, 0x38, 0x3d, 0xca}},
		{"pmulld", []byte{0x66, 0x0f, 0x38, 0x40, 0xca}},
		{"ptest", []byte{0x66, 0x0f, 0x38, 0x17, 0xca}},
		{"roundsd", []byte{0x66, 0x0f, 0x3a, 0x0b, 0xca, 9}},
		{"pcmpistri", []byte{0x66, 0x0f, 0x3a, 0x63, 0xda, 0x1a}},
		{"mpsadbw", []byte{0x66, 0x0f, 0x3a, 0x42, 0xca, 1}},
		{"aesenc", []byte{0x66, 0x0f, 0x38, 0xdc, 0xca}},
		{"pclmulqdq", []byte{0x66, 0x0f, 0x3a, 0x44, 0xca, 0}},
		{"sha256rnds2", []byte{0x0f, 0x38, 0xcb, 0xca}},
	} {
		b.Run(c.name, func(b *testing.B) {
			benchLoop(b, c.code, func(s *State) {
				s.MXCSR = mxcsrInit | 0x20
				s.R[RCX], s.R[RDX] = 0x123456789abcdef, 0x00ff00ff00ff00ff
				for i := range s.V[:16] {
					s.V[i][0], s.V[i][1] = 0x0807060504030201*uint64(i+1), 0x3ff0000000000000
				}
			})
		})
	}
}
