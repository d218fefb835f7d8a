package x86

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// lanesOf applies f to the lanes of w bits of a and b, one by one: the plain
// meaning that the functions of packed.go are held against on hosts without a
// native oracle.
func lanesOf(w uint, f func(a, b int64) int64) func(a, b uint64) uint64 {
	return func(a, b uint64) uint64 {
		var r uint64
		mask := ^uint64(0) >> (64 - w)
		for n := uint(0); n < 64; n += w {
			x, y := int64(a>>n<<(64-w))>>(64-w), int64(b>>n<<(64-w))>>(64-w)
			r |= uint64(f(x, y)) & mask << n
		}
		return r
	}
}

func unsigned(w uint, f func(a, b int64) int64) func(a, b int64) int64 {
	mask := int64(1)<<w - 1
	return func(a, b int64) int64 { return f(a&mask, b&mask) }
}

func clamp(lo, hi int64, f func(a, b int64) int64) func(a, b int64) int64 {
	return func(a, b int64) int64 { return min(max(f(a, b), lo), hi) }
}

func TestPackedLanes(t *testing.T) {
	sum := func(a, b int64) int64 { return a + b }
	diff := func(a, b int64) int64 { return a - b }
	avg := func(a, b int64) int64 { return (a + b + 1) >> 1 }
	larger := func(a, b int64) int64 { return max(a, b) }
	smaller := func(a, b int64) int64 { return min(a, b) }
	equal := func(a, b int64) int64 { return -int64(b2u(a == b)) }
	greater := func(a, b int64) int64 { return -int64(b2u(a > b)) }
	for name, c := range map[string]struct {
		got  func(a, b uint64) uint64
		w    uint
		want func(a, b int64) int64
	}{
		"paddb": {paddb, 8, sum}, "paddw": {paddw, 16, sum}, "paddd": {paddd, 32, sum},
		"psubb": {psubb, 8, diff}, "psubw": {psubw, 16, diff}, "psubd": {psubd, 32, diff},
		"paddsb": {paddsb, 8, clamp(-128, 127, sum)}, "paddsw": {paddsw, 16, clamp(-32768, 32767, sum)},
		"psubsb": {psubsb, 8, clamp(-128, 127, diff)}, "psubsw": {psubsw, 16, clamp(-32768, 32767, diff)},
		"paddusb": {paddusb, 8, unsigned(8, clamp(0, 255, sum))}, "paddusw": {paddusw, 16, unsigned(16, clamp(0, 65535, sum))},
		"psubusb": {psubusb, 8, unsigned(8, clamp(0, 255, diff))}, "psubusw": {psubusw, 16, unsigned(16, clamp(0, 65535, diff))},
		"pavgb": {pavgb, 8, unsigned(8, avg)}, "pavgw": {pavgw, 16, unsigned(16, avg)},
		"pmaxub": {pmaxub, 8, unsigned(8, larger)}, "pmaxsw": {pmaxsw, 16, larger},
		"pminub": {pminub, 8, unsigned(8, smaller)}, "pminsw": {pminsw, 16, smaller},
		"pcmpeqb": {pcmpeqb, 8, equal}, "pcmpeqw": {pcmpeqw, 16, equal}, "pcmpeqd": {pcmpeqd, 32, equal},
		"pcmpgtb": {pcmpgtb, 8, greater}, "pcmpgtw": {pcmpgtw, 16, greater}, "pcmpgtd": {pcmpgtd, 32, greater},
		"pmullw":  {pmullw, 16, func(a, b int64) int64 { return a * b }},
		"pmulhw":  {pmulhw, 16, func(a, b int64) int64 { return a * b >> 16 }},
		"pmulhuw": {pmulhuw, 16, unsigned(16, func(a, b int64) int64 { return a * b >> 16 })},
	} {
		want := lanesOf(c.w, c.want)
		rnd := rand.New(rand.NewPCG(1, uint64(c.w)))
		for range 20000 {
			a, b := lane(rnd), lane(rnd)
			if got := c.got(a, b); got != want(a, b) {
				t.Fatalf("%s(%016x, %016x) = %016x, want %016x", name, a, b, got, want(a, b))
			}
		}
	}
}

func TestPackedShifts(t *testing.T) {
	for name, c := range map[string]struct {
		got  func(a, n uint64) uint64
		w    uint
		want func(a int64, n uint64) int64
	}{
		"psllw": {psllw, 16, func(a int64, n uint64) int64 { return a << n }}, "pslld": {pslld, 32, func(a int64, n uint64) int64 { return a << n }},
		"psrlw": {psrlw, 16, func(a int64, n uint64) int64 { return a & 0xFFFF >> n }}, "psrld": {psrld, 32, func(a int64, n uint64) int64 { return a & 0xFFFFFFFF >> n }},
		"psraw": {psraw, 16, func(a int64, n uint64) int64 { return a >> n }}, "psrad": {psrad, 32, func(a int64, n uint64) int64 { return a >> n }},
	} {
		rnd := rand.New(rand.NewPCG(2, uint64(c.w)))
		for range 20000 {
			a, n := lane(rnd), uint64(rnd.IntN(int(c.w)+3))
			if rnd.IntN(8) == 0 {
				n = 1<<63 | n
			}
			want := lanesOf(c.w, func(x, _ int64) int64 { return c.want(x, n) })(a, 0)
			require.Equal(t, want, c.got(a, n), "%s(%016x, %d)", name, a, n)
		}
	}
}

// Cases whose results can be read off the manual's pictures.
func TestPackedRearrangement(t *testing.T) {
	const a, b = 0x8001_7FFF_0080_FF7F, 0x1122334455667788
	require.Equal(t, uint64(0x807F7F80), packsswb(a)) // -32767, 32767, 128, -129
	require.Equal(t, uint64(0x00FF8000), packuswb(a))
	require.Equal(t, uint64(0x80007FFF), packssdw(0x80000000_00008000))
	require.Equal(t, uint64(0x5500668077FF887F), punpcklbw(a, b))
	require.Equal(t, uint64(0x11802201337F44FF), punpckhbw(a, b))
	require.Equal(t, uint64(0x5566_0080_7788_FF7F), punpcklwd(a, b))
	require.Equal(t, uint64(0x1122_8001_3344_7FFF), punpckhwd(a, b))
	require.Equal(t, uint64(0x55667788_0080FF7F), punpckldq(a, b))
	require.Equal(t, uint64(0x11223344_80017FFF), punpckhdq(a, b))
	require.Equal(t, uint64(0x7788_5566_3344_1122), shufw(b, 0x1B))
	require.Equal(t, uint64(0b10010110), pmovmskb(a))
	require.Equal(t, uint64(8*0xFF), psadbw(0, ^uint64(0)))
	require.Equal(t, uint64(0x80000000_80000000), pmaddwd(0x8000800080008000, 0x8000800080008000))
	require.Equal(t, uint64(0xFFFFFFFE00000001), pmuludq(^uint64(0), ^uint64(0)))
}
