package x86

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
)

// workCode is four small programs compiled by gcc -O2 without SSE:
// work(memory, which, rounds) at workEntry runs a bitwise CRC-32 of 1,000
// bytes (0), a sieve up to 4,000 (1), fib(15) by recursion (2) or a shell sort
// of 1,000 pseudo-random numbers (3), and returns a sum.
const workEntry = 0x40

var workCode, _ = hex.DecodeString(
	"4883ff01743241544989fc5531ed534889fb488d7bff4883eb02e8e1ffffff4801c54883fb0177ea4183e4015b498d042c5d415cc30f1f00b8010000" +
		"00c3669085d27e4741574889f989f74189d2415631f64531c04155415455534883ec1883ff02752abf0f00000083c601e88fffffff4901c04139f275" +
		"eb4883c4184c89c05b5d415c415d415e415fc331c0c3488d81a00f00004c8d99e803000083ff020f8fd200000085ff0f849500000083ff010f85dc01" +
		"00004889ca0f1f8000000000c602014883c2014839d075f441b904000000bf020000004531dbeb190f1f40004883c7014983c1024881ffa00f00000f" +
		"84ae010000803c390074e54183c3014981f99f0f000077d84c89ca0f1f440000c60411004801fa81fa9f0f00007ef1ebbf0f1f80000000004983c101" +
		"4d39cb751ff7d083c6014901c04439d60f8437ffffff4989c9b8ffffffff660f1f440000410fb61131d0ba080000000f1f44000089c783e001f7d8d1" +
		"ef252083b8ed31f883ea0175ebebb183ff030f85120100004889cfba393000000f1f84000000000069d26d4ec6414883c70481c2393000004189d141" +
		"c1e90844894ffc4839c775e0ba09000000897424044889c641b9f40100008914244c89442408660f1f4400004489cb4963c14589cef7db48c1e00248" +
		"63db4c8d2c0148c1e302660f1f4400004c89ea458b65004d89e84489f74829c24539ce7d1beb7e660f1f8400000000004589184801da4c8d441d0044" +
		"39cf7c60448b1a4429cf4989d74c89c54539dc7cdf4183c601448965004983c5044181fee803000075aa41d1f9832c240175814889f08b7424044c8b" +
		"442408486391d007000083c6014901d04139f20f850fffffffe903feffff662e0f1f8400000000004c89fdebac4183c6014983c504e95effffff83c6" +
		"014139f20f85fefdffffe9d6fdffff4d63db83c6014d01d84139f20f8501feffffe9bffdffff")

// workResults are what the same code returns on the host, for one round.
var workResults = [4]uint64{0: 0x60b1780, 1: 550, 2: 610, 3: 0x7f4c0c}

// startWork prepares the machine to call work; it ends with an int3.
func startWork(m *machine, which, rounds int) {
	s := m.s
	s.Reset(cpu.Start{PC: codeAt + workEntry, SP: stackAt - 0x1008, Args: [2]uint64{dataAt, uint64(which)}})
	s.R[RDX] = uint64(rounds)
	require.NoError(m.t, m.space.WriteAt(le64(codeAt+0x8000), stackAt-0x1008))
}

func le64(v uint64) []byte {
	var b [8]byte
	for i := range b {
		b[i] = byte(v >> (8 * i))
	}
	return b[:]
}

func workMachine(t testing.TB) *machine {
	code := make([]byte, 0x8001)
	copy(code, workCode)
	code[0x8000] = 0xCC
	return newMachine(t, code, Options{})
}

func TestCompiledCode(t *testing.T) {
	m := workMachine(t)
	for which, want := range workResults {
		startWork(m, which, 1)
		stop := m.in.Run(m.th, 100_000_000)
		require.Equal(t, cpu.StopBreakpoint, stop.Kind, "%v", stop)
		require.Equal(t, want, m.s.R[RAX], "program %d", which)
	}
}

func BenchmarkInterpreter(b *testing.B) {
	for which, name := range []string{"crc", "sieve", "fib", "sort"} {
		b.Run(name, func(b *testing.B) {
			m := workMachine(b)
			startWork(m, which, 1<<30)
			m.th.Retired = 0
			b.ResetTimer()
			stop := m.in.Run(m.th, uint64(b.N)*1000)
			require.Equal(b, cpu.StopBudget, stop.Kind, "%v", stop)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(m.th.Retired), "ns/instr")
			b.ReportMetric(0, "ns/op")
		})
	}
}
