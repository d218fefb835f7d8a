package arm64

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
)

// fibCode computes fib(x0) by recursion, as a compiler writes it.
var fibCode = []uint32{
	0x94000002, // bl fib
	brk,
	0xa9be4ff4, // fib: stp x20, x19, [sp, #-32]!
	0xf9000bfe, // str x30, [sp, #16]
	0xaa0003f3, // mov x19, x0
	0xf1000a7f, // cmp x19, #2
	0x54000123, // b.lo done
	0xd1000660, // sub x0, x19, #1
	0x97fffffa, // bl fib
	0xaa0003f4, // mov x20, x0
	0xd1000a60, // sub x0, x19, #2
	0x97fffff7, // bl fib
	0x8b140013, // add x19, x0, x20
	0xd503201f, // nop
	0xd503201f, // nop
	0xaa1303e0, // done: mov x0, x19
	0xf9400bfe, // ldr x30, [sp, #16]
	0xa8c24ff4, // ldp x20, x19, [sp], #32
	0xd65f03c0, // ret
}

// sumCode adds up x1 words at x0, and checks the parity of each.
var sumCode = []uint32{
	0xf8408402, // ldr x2, [x0], #8
	0x8b020463, // add x3, x3, x2, lsl #1
	0x36000042, // tbz w2, #0, +8
	0xca020084, // eor x4, x4, x2
	0xf1000421, // subs x1, x1, #1
	0x54ffff61, // b.ne
	brk,
}

func TestFib(t *testing.T) {
	m := newMachine(t, fibCode, Options{})
	m.s.R[0] = 15
	require.Equal(t, cpu.StopBreakpoint, m.in.Run(m.th, cpu.Unlimited).Kind)
	require.Equal(t, uint64(610), m.s.R[0])
}

func BenchmarkFib(b *testing.B) {
	m := newMachine(b, fibCode, Options{})
	for b.Loop() {
		m.s.R[0] = 20
		m.s.SetPC(codeAt)
		m.in.Run(m.th, cpu.Unlimited)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(m.th.Retired), "ns/inst")
}

func BenchmarkSum(b *testing.B) {
	m := newMachine(b, sumCode, Options{})
	for b.Loop() {
		m.s.R[0], m.s.R[1] = dataAt, 8000
		m.s.SetPC(codeAt)
		m.in.Run(m.th, cpu.Unlimited)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(m.th.Retired), "ns/inst")
}
