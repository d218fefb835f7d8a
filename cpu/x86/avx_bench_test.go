package x86

import (
	"math"
	"testing"
)

// BenchmarkVEX gives the time of one instruction.
func BenchmarkVEX(b *testing.B) {
	prepare := func(s *State) {
		s.MXCSR = 0x1fa0
		for i := range s.V {
			for j := range s.V[i] {
				s.V[i][j] = math.Float64bits(1)
			}
		}
		s.R[RSI], s.R[RDI] = dataAt, dataAt+64
	}
	singles := func(s *State) {
		prepare(s)
		for i := range s.V {
			s.V[i] = Vec{0x3f8000003f800000, 0x3f8000003f800000, 0x3f8000003f800000, 0x3f8000003f800000}
		}
	}
	for _, c := range []struct {
		name    string
		code    []byte
		prepare func(*State)
	}{
		{"vmovups ymm load", []byte{0xc5, 0xfc, 0x10, 0x06}, prepare},
		{"vmovups ymm store", []byte{0xc5, 0xfc, 0x11, 0x07}, prepare},
		{"vmovsd load", []byte{0xc5, 0xfb, 0x10, 0x06}, prepare},
		{"vmovss load", []byte{0xc5, 0xfa, 0x10, 0x06}, prepare},
		{"vmovsd store", []byte{0xc5, 0xfb, 0x11, 0x07}, prepare},
		{"vaddsd", []byte{0xc5, 0xfb, 0x58, 0xc1}, prepare},
		{"vaddsd other", []byte{0xc5, 0xeb, 0x58, 0xc1}, prepare},
		{"vmulss", []byte{0xc5, 0xfa, 0x59, 0xc1}, singles},
		{"vaddpd xmm", []byte{0xc5, 0xf1, 0x58, 0xc2}, prepare},
		{"vaddpd ymm", []byte{0xc5, 0xf5, 0x58, 0xc2}, prepare},
		{"vaddps ymm", []byte{0xc5, 0xf4, 0x58, 0xc2}, singles},
		{"vpaddd ymm", []byte{0xc5, 0xf5, 0xfe, 0xc2}, prepare},
		{"vpxor xmm", []byte{0xc5, 0xf1, 0xef, 0xc2}, prepare},
		{"vpunpckldq ymm", []byte{0xc5, 0xf5, 0x62, 0xc2}, prepare},
		{"vpshufb ymm", []byte{0xc4, 0xe2, 0x75, 0x00, 0xc2}, prepare},
		{"vcvtsi2sd", []byte{0xc5, 0xfb, 0x2a, 0xc8}, prepare},
		{"vucomisd", []byte{0xc5, 0xf9, 0x2e, 0xc1}, prepare},
		{"vzeroupper", []byte{0xc5, 0xf8, 0x77}, prepare},
		{"vpgatherdd ymm", []byte{0xc4, 0xe2, 0x6d, 0x90, 0x04, 0x0e}, func(s *State) { prepare(s); s.V[1] = Vec{} }},
	} {
		b.Run(c.name, func(b *testing.B) { benchLoop(b, c.code, c.prepare) })
	}
}
