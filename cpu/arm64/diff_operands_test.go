package arm64

import "math/rand/v2"

// Operands that decide something.

var edges64 = []uint64{0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
	1<<63 - 1, 1 << 63, 1<<64 - 1, 1<<64 - 2, 0x5555555555555555, 0x0123456789abcdef, 63, 32, 31}

// floats are the edges of floating point: in each lane of their size.
var (
	floats64 = []uint64{0, 1 << 63, 1, 0x000fffffffffffff, 0x0010000000000000, 0x3ff0000000000000, 0xbff0000000000000,
		0x7fefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 0x7ff4000000000001, 0xfff8000000000123,
		0x3fe0000000000000, 0x4330000000000001, 0x41dfffffffe00000, 0x43e0000000000000, 0xc3e0000000000000, 0x3ff0000000000001, 0x4000000000000000}
	floats32 = []uint32{0, 1 << 31, 1, 0x007fffff, 0x00800000, 0x3f800000, 0xbf800000, 0x7f7fffff, 0x7f800000, 0xff800000,
		0x7fc00000, 0x7fa00001, 0xffc00123, 0x3f000000, 0x4b000001, 0x4f000000, 0xcf000000, 0x3f800001, 0x40000000, 0x33800000}
	floats16 = []uint16{0, 1 << 15, 1, 0x03ff, 0x0400, 0x3c00, 0xbc00, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x7d01, 0x3800, 0x6401, 0x3c01, 0x4000}
)

func edge64(rnd *rand.Rand) uint64 {
	switch rnd.IntN(4) {
	case 0:
		return edges64[rnd.IntN(len(edges64))]
	case 1:
		return rnd.Uint64() >> rnd.IntN(64)
	}
	return rnd.Uint64()
}

func edgeVector(rnd *rand.Rand) uint64 {
	switch rnd.IntN(5) {
	case 0:
		return floats64[rnd.IntN(len(floats64))]
	case 1:
		return uint64(floats32[rnd.IntN(len(floats32))]) | uint64(floats32[rnd.IntN(len(floats32))])<<32
	case 2:
		v := uint64(0)
		for range 4 {
			v = v<<16 | uint64(floats16[rnd.IntN(len(floats16))])
		}
		return v
	}
	return edge64(rnd)
}

// floatEdges are operands that decide something, by width: both zeros, the
// ends of the denormals, of the normals and of the integers, ties, NaNs.
func floatEdges(e uint) []uint64 {
	frac, top := layout(e)
	bias := top / 2
	one := bias << frac
	half := (bias - 1) << frac
	ulp := uint64(1)
	list := []uint64{
		0, ulp, 1<<frac - 1, 1 << frac, 1<<frac + 1, 3 << frac, one, one + ulp, one - ulp, half, half + ulp, half - ulp,
		one + 1<<(frac-1), (bias+1)<<frac | 1<<(frac-2), (bias + uint64(frac)) << frac, (bias+uint64(frac))<<frac | 1,
		(bias+uint64(frac)-1)<<frac | 1, (bias+31)<<frac&infinity(e) | 1, (bias + 30) << frac & infinity(e), (bias + 62) << frac & infinity(e),
		(bias + 63) << frac & infinity(e), (bias - uint64(frac)) << frac & infinity(e), (bias/2 + 1) << frac, (bias + bias/2) << frac,
		(top-1)<<frac | (1<<frac - 1), (top - 1) << frac, (top - 2) << frac, (top - 3) << frac, top << frac,
		top<<frac | 1, top<<frac | 1<<(frac-1), top<<frac | 1<<(frac-1) | 5, top<<frac | (1<<(frac-1) - 1),
	}
	for _, v := range list[:len(list):len(list)] {
		list = append(list, v|1<<(e-1))
	}
	return list
}

// floatEdgesOf holds floatEdges by width.
var floatEdgesOf = map[uint][]uint64{16: floatEdges(16), 32: floatEdges(32), 64: floatEdges(64)}

// floatOperand is an edge, a neighbour of one, or a number of any exponent.
func floatOperand(rnd *rand.Rand, edges []uint64, e uint) uint64 {
	v := edges[rnd.IntN(len(edges))]
	switch rnd.IntN(6) {
	case 0:
		return v ^ rnd.Uint64()>>(64-rnd.IntN(int(e)))
	case 1:
		return rnd.Uint64() & ones(e)
	}
	return v
}
