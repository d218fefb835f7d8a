package x86

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// Results that can be read off the manual, for hosts without a native oracle.
func TestFusedMultiplyAdd(t *testing.T) {
	bits := math.Float64bits
	const quiet1, quiet2, quiet3 = 0x7ff8_0000_0000_0001, 0x7ff8_0000_0000_0002, 0xfff8_0000_0000_0003
	eps := math.Ldexp(1, -52)
	for _, c := range []struct {
		name       string
		opcode     byte
		x1, x2, x3 uint64
		want       uint64
		mxcsr      uint32
	}{
		{"132", 0x99, bits(2), bits(3), bits(5), bits(13), 0x1f80},
		{"213", 0xa9, bits(2), bits(3), bits(5), bits(11), 0x1f80},
		{"231", 0xb9, bits(2), bits(3), bits(5), bits(17), 0x1f80},
		{"fmsub", 0xbb, bits(2), bits(3), bits(5), bits(13), 0x1f80},
		{"fnmadd", 0xbd, bits(2), bits(3), bits(5), bits(-13), 0x1f80},
		{"fnmsub", 0xbf, bits(2), bits(3), bits(5), bits(-17), 0x1f80},
		{"one rounding", 0xb9, bits(-1), bits(1 + eps), bits(1 - eps), bits(-eps * eps), 0x1f80},
		{"zeros of two signs", 0xb9, bits(-6), bits(2), bits(3), 0, 0x1f80},
		{"the same, rounding down", 0xb9, bits(-6), bits(2), bits(3), 1 << 63, 0x3f80},
		{"first factor's NaN", 0xb9, quiet1, quiet2, quiet3, quiet2, 0x1f80},
		{"second factor's NaN", 0xb9, quiet1, bits(1), quiet3, quiet3, 0x1f80},
		{"addend's NaN", 0xb9, quiet1, bits(1), bits(1), quiet1, 0x1f80},
		{"no NaN is negated", 0xbf, quiet1, bits(1), bits(1), quiet1, 0x1f80},
		{"infinity times zero", 0xb9, bits(1), bits(math.Inf(1)), 0, 0xfff8 << 48, 0x1f81},
		{"hidden by the addend's NaN", 0xb9, quiet1, bits(math.Inf(1)), 0, quiet1, 0x1f80},
		{"flushed to zero", 0xb9, 0, 0x0010_0000_0000_0000, bits(0.5), 0, 0x9fb0},
		{"denormal read as zero", 0xb9, bits(1), 1, bits(math.MaxFloat64), bits(1), 0x1fc0},
	} {
		m := newMachine(t, []byte{0xc4, 0xe2, 0xe9, c.opcode, 0xcb, 0x0f, 0x0b}, Options{}) // vf...sd xmm1, xmm2, xmm3
		m.s.MXCSR = c.mxcsr &^ 0x3f
		m.s.V[1], m.s.V[2], m.s.V[3] = Vec{c.x1, 7, 8, 9}, Vec{c.x2}, Vec{c.x3}
		m.in.Run(m.th, 1)
		require.Equal(t, Vec{c.want, 7}, m.s.V[1], c.name)
		require.Equal(t, c.mxcsr, m.s.MXCSR, c.name)
	}
}

// Even lanes subtract in VFMADDSUB, odd ones in VFMSUBADD.
func TestFusedAlternating(t *testing.T) {
	f := func(a, b float32) uint64 { return uint64(math.Float32bits(a)) | uint64(math.Float32bits(b))<<32 }
	for opcode, want := range map[byte]Vec{0xb6: {f(1, 5), f(1, 5), f(1, 5), f(1, 5)}, 0xb7: {f(5, 1), f(5, 1), f(5, 1), f(5, 1)}} {
		m := newMachine(t, []byte{0xc4, 0xe2, 0x6d, opcode, 0xcb, 0x0f, 0x0b}, Options{}) // ymm1, ymm2, ymm3
		two, one, three := f(2, 2), f(1, 1), f(3, 3)
		m.s.V[1], m.s.V[2], m.s.V[3] = Vec{two, two, two, two}, Vec{one, one, one, one}, Vec{three, three, three, three}
		m.in.Run(m.th, 1)
		require.Equal(t, want, m.s.V[1])
	}
}

// Rounding of halves by the immediate and by MXCSR; denormals in both formats.
func TestHalfPrecision(t *testing.T) {
	single := math.Float32bits
	for _, c := range []struct {
		in    uint32
		imm   byte
		mxcsr uint32
		want  uint64
		flags uint32
	}{
		{single(1), 0, 0x1f80, 0x3c00, 0},
		{single(1 + 1.0/2048), 0, 0x1f80, 0x3c00, 0x20}, // a tie
		{single(1 + 3.0/2048), 0, 0x1f80, 0x3c02, 0x20},
		{single(1 + 1.0/4096), 2, 0x1f80, 0x3c01, 0x20},
		{single(1 + 1.0/4096), 4, 0x5f80, 0x3c01, 0x20}, // as MXCSR says: up
		{single(-1 - 1.0/4096), 1, 0x1f80, 0xbc01, 0x20},
		{single(65520), 0, 0x1f80, 0x7c00, 0x28},
		{single(65520), 3, 0x1f80, 0x7bff, 0x20},
		{0x33800000, 0, 0x9f80, 0x0001, 0}, // 2^-24, with flush to zero, which does not apply
		{1, 0, 0x1f80, 0, 0x32},
		{1, 0, 0x1fc0, 0, 0}, // denormals are zeros
		{0x7f800001, 0, 0x1f80, 0x7e00, 1},
		{0xffc02000, 0, 0x1f80, 0xfe01, 0},
	} {
		m := newMachine(t, []byte{0xc4, 0xe3, 0x79, 0x1d, 0xd1, c.imm, 0x0f, 0x0b}, Options{}) // vcvtps2ph xmm1, xmm2, imm
		m.s.MXCSR = c.mxcsr
		m.s.V[1], m.s.V[2] = Vec{9, 9, 9, 9}, Vec{uint64(c.in)}
		m.in.Run(m.th, 1)
		require.Equal(t, Vec{c.want}, m.s.V[1], "%08x", c.in)
		require.Equal(t, c.mxcsr|c.flags, m.s.MXCSR, "%08x", c.in)
	}

	m := newMachine(t, []byte{0xc4, 0xe2, 0x7d, 0x13, 0xca, 0x0f, 0x0b}, Options{}) // vcvtph2ps ymm1, xmm2
	m.s.MXCSR = 0x1fc0
	m.s.V[2] = Vec{0x0001_fc00_3c00_7d01, 0x03ff_8000_0000_7e01}
	m.in.Run(m.th, 1)
	require.Equal(t, Vec{0x3f800000_7fe02000, 0x33800000_ff800000, 0x7fc02000, 0x387fc000_80000000}, m.s.V[1])
	require.Equal(t, uint32(0x1fc1), m.s.MXCSR) // the signalling NaN; no denormal
}
