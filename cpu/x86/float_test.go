package x86

import (
	"math"
	"testing"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/stretchr/testify/require"
)

// The approximations stay within the manual's bound over all exponents and
// significands that matter: they look at 12 bits of the significand.
func TestApproximations(t *testing.T) {
	const bound = 1.5 / 4096
	for f := range uint32(1 << 12) {
		for _, low := range []uint32{0, 1, 0x400, 0x7ff} {
			for _, exp := range []uint32{1, 2, 60, 126, 127, 128, 200, 252} {
				a := exp<<23 | f<<11 | low
				x := float64(math.Float32frombits(a))
				require.InEpsilon(t, 1/x, float64(math.Float32frombits(rcp32(a))), bound, "%08x", a)
				require.InEpsilon(t, -1/x, float64(math.Float32frombits(rcp32(a|1<<31))), bound, "%08x", a)
				require.InEpsilon(t, 1/math.Sqrt(x), float64(math.Float32frombits(rsqrt32(a))), bound, "%08x", a)
			}
		}
	}
	for _, c := range []struct{ a, rcp, rsqrt uint32 }{
		{0, 0x7f800000, 0x7f800000}, {1 << 31, 0xff800000, 0xff800000}, {1, 0x7f800000, 0x7f800000}, {0x80000001, 0xff800000, 0xff800000},
		{0x7f800000, 0, 0}, {0xff800000, 1 << 31, 0xffc00000}, {0x7f800001, 0x7fc00001, 0x7fc00001}, {0x7f7fffff, 0, 0x1f800400},
	} {
		require.Equal(t, c.rcp, rcp32(c.a), "rcp %08x", c.a)
		require.Equal(t, c.rsqrt&^0x7ff, rsqrt32(c.a)&^0x7ff, "rsqrt %08x", c.a)
	}
}

// An unmasked x87 exception waits for the next instruction that waits, which
// is where the program stops; the environment says where it arose.
func TestPendingException(t *testing.T) {
	m := newMachine(t, []byte{
		0xd9, 0xe8, // fld1
		0xd9, 0xee, // fldz
		0xde, 0xf9, // fdivp
		0xdf, 0xe0, // fnstsw ax
		0x90,       // nop
		0xd9, 0xc0, // fld st0
		0x0f, 0x0b,
	}, Options{})
	m.s.FPU.setCW(0x37b) // zero divide unmasked
	stop := m.in.Run(m.th, 100)
	require.Equal(t, cpu.StopArithmetic, stop.Kind, "%v", stop)
	require.Equal(t, uint64(codeAt+9), stop.PC)
	require.Equal(t, uint64(5), m.th.Retired)
	require.Equal(t, uint64(0x8084), m.s.R[RAX]&0xc0ff)
	require.Equal(t, uint64(codeAt+4), m.s.FPU.IP)
	require.Equal(t, uint16(0x6f9), m.s.FPU.Op)
}

// An unmasked SSE exception stops at its own instruction, which has changed
// nothing but the flags.
func TestUnmaskedSSE(t *testing.T) {
	m := newMachine(t, []byte{0xf2, 0x0f, 0x5e, 0xc1, 0x0f, 0x0b}, Options{}) // divsd xmm0, xmm1
	m.s.MXCSR = 0x1f80 &^ 0x200
	m.s.V[0][0] = math.Float64bits(1)
	stop := m.in.Run(m.th, 100)
	require.Equal(t, cpu.StopArithmetic, stop.Kind)
	require.Equal(t, uint64(codeAt), stop.PC)
	require.Equal(t, uint64(0), m.th.Retired)
	require.Equal(t, uint32(0x1f80&^0x200|4), m.s.MXCSR)
	require.Equal(t, math.Float64bits(1), m.s.V[0][0])
}

// benchLoop times code, n instructions of it, in a loop of eight copies.
func benchLoop(b *testing.B, code []byte, prepare func(s *State)) {
	var body []byte
	for range 8 {
		body = append(body, code...)
	}
	body = append(body, 0xff, 0xc8, 0x0f, 0x85) // dec eax; jnz
	back := -int32(len(body) + 4)
	body = append(body, byte(back), byte(back>>8), byte(back>>16), byte(back>>24), 0x0f, 0x0b)
	m := newMachine(b, body, Options{})
	prepare(m.s)
	m.s.R[RAX] = uint64(b.N/8 + 1)
	b.ResetTimer()
	stop := m.in.Run(m.th, cpu.Unlimited)
	require.Equal(b, cpu.StopIllegal, stop.Kind, "%v", stop)
}

// BenchmarkFloat gives the time of one instruction.
func BenchmarkFloat(b *testing.B) {
	sse := func(s *State) {
		s.MXCSR = 0x1fa0
		for i := range s.V {
			s.V[i][0], s.V[i][1] = math.Float64bits(1.00001), math.Float64bits(0.99999)
		}
		s.V[2] = Vec{0x3f800001_3f800001, 0x3f800001_3f800001}
		s.V[3] = s.V[2]
	}
	x87 := func(s *State) {
		s.FPU.setCW(0x37f)
		s.FPU.push(x80{Sig: 0x8ccccccccccccccd, SE: 0x3fff})
		s.FPU.push(x80{Sig: 0x8000000000000123, SE: 0x3fff})
	}
	for _, c := range []struct {
		name    string
		code    []byte
		prepare func(*State)
	}{
		{"movaps", []byte{0x0f, 0x28, 0xca}, sse},
		{"addsd", []byte{0xf2, 0x0f, 0x58, 0xc1}, sse},
		{"mulsd", []byte{0xf2, 0x0f, 0x59, 0xcc}, func(s *State) { sse(s); s.V[4][0] = math.Float64bits(1) }},
		{"divsd", []byte{0xf2, 0x0f, 0x5e, 0xcc}, func(s *State) { sse(s); s.V[4][0] = math.Float64bits(1) }},
		{"addps", []byte{0x0f, 0x58, 0xd3}, sse},
		{"addpd", []byte{0x66, 0x0f, 0x58, 0xc1}, sse},
		{"ucomisd", []byte{0x66, 0x0f, 0x2e, 0xc1}, sse},
		{"cvttsd2si", []byte{0xf2, 0x0f, 0x2c, 0xc9}, sse},
		{"cvtsi2sd", []byte{0xf2, 0x0f, 0x2a, 0xc9}, sse},
		{"cvtss2sd", []byte{0xf3, 0x0f, 0x5a, 0xca}, sse},
		{"cvtsd2ss", []byte{0xf2, 0x0f, 0x5a, 0xd1}, sse},
		{"minsd", []byte{0xf2, 0x0f, 0x5d, 0xc1}, sse},
		{"addsd rounding up", []byte{0xf2, 0x0f, 0x58, 0xc1}, func(s *State) { sse(s); s.MXCSR = 0x5fa0 }},
		{"addsd exact", []byte{0xf2, 0x0f, 0x58, 0xc1}, func(s *State) { sse(s); s.MXCSR = 0x1f80; s.V[0], s.V[1] = Vec{}, Vec{} }},
		{"fadd", []byte{0xd8, 0xc1}, x87},
		{"fmul", []byte{0xd8, 0xc9}, x87},
		{"fld fstp", []byte{0xd9, 0xc0, 0xdd, 0xd8}, x87},
	} {
		b.Run(c.name, func(b *testing.B) { benchLoop(b, c.code, c.prepare) })
	}
}
