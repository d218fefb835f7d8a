package softfloat_test

import (
	"math/rand/v2"

	. "github.com/nuage-emu/nuage/cpu/softfloat"
)

// rng gives reproducible operands with a taste for edges.
type rng struct{ *rand.Rand }

func newRNG(seed uint64) rng { return rng{rand.New(rand.NewPCG(seed, 80))} }

// bits gives n random bits, often in long runs or close to a power of two.
func (r rng) bits(n uint) uint64 {
	mask := ^uint64(0) >> (64 - n)
	switch r.IntN(6) {
	case 0:
		return r.Uint64() & r.Uint64() & r.Uint64() & mask
	case 1:
		return (r.Uint64() | r.Uint64() | r.Uint64()) & mask
	case 2:
		return (uint64(1)<<r.IntN(int(n)) + uint64(r.IntN(3)) - 1) & mask
	case 3:
		return ^(uint64(1) << r.IntN(int(n))) & mask
	}
	return r.Uint64() & mask
}

// exponent gives a biased exponent of a format with max as its special one.
func (r rng) exponent(max int) uint64 {
	switch r.IntN(12) {
	case 0:
		return 0
	case 1:
		return uint64(max)
	case 2:
		return uint64(1 + r.IntN(3))
	case 3:
		return uint64(max - 1 - r.IntN(3))
	case 4, 5:
		return uint64(r.IntN(max + 1))
	case 6: // products and quotients of these straddle the smallest normal
		return uint64(max/4 + r.IntN(6) - 3)
	}
	return uint64(min(max, max/2+r.IntN(140)-70)) // max/2 is 15 at least for the formats tested
}

func (r rng) f32() uint32 {
	if r.IntN(12) == 0 {
		return uint32(r.IntN(2))<<31 | uint32([]uint32{0, 0, 0x3f800000, 0x7f800000, 0x7fc00000, 0x7f800001, 0x00800000, 0x7f7fffff, 1}[r.IntN(9)])
	}
	return uint32(r.IntN(2))<<31 | uint32(r.exponent(255))<<23 | uint32(r.bits(23))
}

func (r rng) f64() uint64 {
	if r.IntN(12) == 0 {
		return uint64(r.IntN(2))<<63 | []uint64{0, 0, 0x3ff << 52, 0x7ff << 52, 0x7ff8 << 48, 0x7ff<<52 | 1, 1 << 52, 0x7ff<<52 - 1, 1}[r.IntN(9)]
	}
	return uint64(r.IntN(2))<<63 | r.exponent(2047)<<52 | r.bits(52)
}

// near64 gives an operand whose exponent is near that of a.
func (r rng) near64(a uint64) uint64 {
	if r.IntN(2) == 0 {
		return r.f64()
	}
	e := (int(a>>52&0x7ff) + r.IntN(120) - 60) & 0x7ff
	return uint64(r.IntN(2))<<63 | uint64(e)<<52 | r.bits(52)
}

func (r rng) near32(a uint32) uint32 {
	if r.IntN(2) == 0 {
		return r.f32()
	}
	e := (int(a>>23&0xff) + r.IntN(60) - 30) & 0xff
	return uint32(r.IntN(2))<<31 | uint32(e)<<23 | uint32(r.bits(23))
}

func (r rng) x80() X80 {
	se := uint16(r.IntN(2)) << 15
	if r.IntN(12) == 0 {
		return []X80{{0, se}, {1 << 63, se | 0x3fff}, {1 << 63, se | 0x7fff}, {3 << 62, se | 0x7fff}, {1<<63 | 1, se | 0x7fff},
			{1 << 63, se}, {1 << 62, se | 0x3fff}, {0, se | 0x7fff}, {^uint64(0), se | 0x7ffe}, {1, se}, {0, se | 0x4000}}[r.IntN(11)]
	}
	x := X80{r.bits(64) | 1<<63, se | uint16(r.exponent(0x7fff))}
	if x.SE&0x7fff == 0 && r.IntN(4) != 0 {
		x.Sig &^= 1 << 63
	}
	return x
}

func (r rng) nearX80(a X80) X80 {
	if r.IntN(2) == 0 {
		return r.x80()
	}
	e := (int(a.SE&0x7fff) + r.IntN(140) - 70) & 0x7fff
	return X80{r.bits(64) | 1<<63, uint16(r.IntN(2))<<15 | uint16(e)}
}
