package softfloat_test

import (
	"encoding/binary"
	"hash/fnv"
	"testing"

	. "github.com/nuage-emu/nuage/cpu/softfloat"
	"github.com/stretchr/testify/require"
)

// Every host computes the same bits: a digest of many results of every kind.
// When results change on purpose, put in the new digest, and know that
// recordings made before will not replay.
func TestSameOnEveryHost(t *testing.T) {
	r := newRNG(30)
	h := fnv.New64a()
	out := func(n Num) {
		x := n.X80()
		var b [10]byte
		binary.LittleEndian.PutUint64(b[:], x.Sig)
		binary.LittleEndian.PutUint16(b[8:], x.SE)
		h.Write(b[:])
	}
	for range 3000 {
		a := r.x80()
		x, y := a.Unpack(), r.nearX80(a).Unpack()
		_, e, f := control(r, true)
		for _, n := range []Num{e.Add(x, y, f), e.Sub(x, y, f), e.Mul(x, y, f), e.Div(x, y, f), e.Sqrt(x, f), e.Scale(x, y), e.RoundToIntegral(x, true),
			e.YLog2(x, y), e.YLog2P1(x, y), e.Atan2(x, y), e.Exp2M1(x)} {
			out(n)
		}
		sin, cos, _ := e.SinCos(x)
		tan, _, _ := e.Tan(x)
		rem, q, _ := e.Remainder(x, y, r.IntN(2) == 0)
		out(sin)
		out(cos)
		out(tan)
		out(rem)
		fast, _ := FastDivF64(x.Sig, y.Sig)
		sqrt, _ := FastSqrtF32(uint32(x.Sig))
		h.Write(binary.LittleEndian.AppendUint64(nil, q^uint64(e.Flags)<<32))
		if fast&(0x7ff<<52) != 0x7ff<<52 && sqrt&(0xff<<23) != 0xff<<23 { // NaNs are the host's own
			h.Write(binary.LittleEndian.AppendUint64(nil, fast^uint64(sqrt)))
		}
	}
	require.Equal(t, uint64(0x937b0f051e0dbd6a), h.Sum64())
}
