package x86

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/stretchr/testify/require"
)

func singles(a, b float32) uint64 { return halves(math.Float32bits(a), math.Float32bits(b)) }

func TestHorizontal(t *testing.T) {
	f := math.Float64bits
	for _, c := range []struct {
		name string
		code []byte
		a, b Vec
		want Vec
	}{
		{"haddpd", []byte{0x66, 0x0f, 0x7c, 0xc1}, Vec{f(1), f(2)}, Vec{f(3), f(4)}, Vec{f(3), f(7)}},
		{"hsubpd", []byte{0x66, 0x0f, 0x7d, 0xc1}, Vec{f(1), f(2)}, Vec{f(3), f(5)}, Vec{f(-1), f(-2)}},
		{"haddps", []byte{0xf2, 0x0f, 0x7c, 0xc1}, Vec{singles(1, 2), singles(3, 4)}, Vec{singles(5, 6), singles(7, 8)}, Vec{singles(3, 7), singles(11, 15)}},
		{"hsubps", []byte{0xf2, 0x0f, 0x7d, 0xc1}, Vec{singles(1, 2), singles(3, 5)}, Vec{singles(5, 8), singles(7, 11)}, Vec{singles(-1, -2), singles(-3, -4)}},
		{"addsubpd", []byte{0x66, 0x0f, 0xd0, 0xc1}, Vec{f(1), f(2)}, Vec{f(3), f(4)}, Vec{f(-2), f(6)}},
		{"addsubps", []byte{0xf2, 0x0f, 0xd0, 0xc1}, Vec{singles(1, 2), singles(3, 4)}, Vec{singles(4, 3), singles(2, 1)}, Vec{singles(-3, 5), singles(1, 5)}},
		{"movddup", []byte{0xf2, 0x0f, 0x12, 0xc1}, Vec{}, Vec{7, 8}, Vec{7, 7}},
		{"movsldup", []byte{0xf3, 0x0f, 0x12, 0xc1}, Vec{}, Vec{singles(1, 2), singles(3, 4)}, Vec{singles(1, 1), singles(3, 3)}},
		{"movshdup", []byte{0xf3, 0x0f, 0x16, 0xc1}, Vec{}, Vec{singles(1, 2), singles(3, 4)}, Vec{singles(2, 2), singles(4, 4)}},
	} {
		s := new(State)
		s.MXCSR = mxcsrInit
		s.V[0], s.V[1] = c.a, c.b
		do(t, s, c.code...)
		require.Equal(t, c.want, s.V[0], c.name)
	}
}

// FISTTP truncates and pops whatever the rounding control says.
func TestFisttp(t *testing.T) {
	m := newMachine(t, nil, Options{})
	for _, c := range []struct {
		code []byte
		x    float64
		want uint64
		sw   uint16
	}{
		{[]byte{0xdb, 0x0b}, -2.75, 0xFFFFFFFE, 0x20},
		{[]byte{0xdd, 0x0b}, 1e18 + 0.0, 1e18, 0},
		{[]byte{0xdf, 0x0b}, 40000, 0x8000, 1},
	} {
		m.s.FPU = FPU{CW: fcwInit | 2<<10} // up
		m.s.FPU.push(m.s.fpuEnv().Round(m.s.float.UnpackF64(math.Float64bits(c.x)), m.s.FPU.format()).X80())
		m.s.R[RBX] = dataAt
		require.NoError(t, m.space.WriteAt(make([]byte, 8), dataAt))
		require.Equal(t, cpu.StopBudget, m.one(t, c.code).Kind)
		var b [8]byte
		require.NoError(t, m.space.ReadAt(b[:], dataAt))
		require.Equal(t, c.want, binary.LittleEndian.Uint64(b[:]))
		require.Equal(t, c.sw, m.s.FPU.SW&fswFlags)
		require.Zero(t, m.s.FPU.Tag)
	}
}

// The second encodings of the x87 do what the first do; FFREEP also pops.
func TestSecondEncodings(t *testing.T) {
	prepare := func() *State {
		s := new(State)
		s.Reset(cpu.Start{})
		for i := range 5 {
			s.FPU.push(x80{Sig: 1<<63 | uint64(i)<<40, SE: 0x3fff})
		}
		return s
	}
	for _, c := range []struct{ alias, first []byte }{
		{[]byte{0xdc, 0xd2}, []byte{0xd8, 0xd2}}, {[]byte{0xdc, 0xda}, []byte{0xd8, 0xda}}, {[]byte{0xde, 0xd2}, []byte{0xd8, 0xda}},
		{[]byte{0xdd, 0xca}, []byte{0xd9, 0xca}}, {[]byte{0xdf, 0xca}, []byte{0xd9, 0xca}},
		{[]byte{0xdf, 0xd2}, []byte{0xdd, 0xda}}, {[]byte{0xdf, 0xda}, []byte{0xdd, 0xda}}, {[]byte{0xd9, 0xda}, []byte{0xdd, 0xda}},
	} {
		a, b := prepare(), prepare()
		do(t, a, c.alias...)
		do(t, b, c.first...)
		require.Equal(t, b.FPU, a.FPU, "% x", c.alias)
	}
	s := prepare()
	top := s.FPU.Top
	do(t, s, 0xdf, 0xc2)
	require.Equal(t, (top+1)&7, s.FPU.Top)
	require.True(t, s.FPU.empty(1) && s.FPU.empty(7))
	require.False(t, s.FPU.empty(0))
}
