package arm64

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"encoding/binary"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
)

// assemble turns assembler text into words by the GNU assembler.
func assemble(t testing.TB, text string) []uint32 {
	const as, objcopy = "aarch64-linux-gnu-as", "aarch64-linux-gnu-objcopy"
	for _, tool := range []string{as, objcopy} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("NUAGE_CI") != "" {
				t.Fatal(err)
			}
			t.Skip(tool + " is not installed")
		}
	}
	dir := t.TempDir()
	obj, bin := filepath.Join(dir, "a.o"), filepath.Join(dir, "a.bin")
	cmd := exec.Command(as, "-march=armv8.3-a+crypto+fp16+dotprod", "-o", obj, "-")
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, exec.Command(objcopy, "-O", "binary", obj, bin).Run())
	code, err := os.ReadFile(bin)
	require.NoError(t, err)
	words := make([]uint32, len(code)/4)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(code[4*i:])
	}
	return words
}

// BenchmarkVector says what the instructions cost that compiled programs use
// most: forty of them and a branch to the first.
func BenchmarkVector(b *testing.B) {
	for _, text := range []string{
		"fadd d0, d1, d2", "fmul d0, d1, d2", "fdiv d0, d1, d2", "fmadd d0, d1, d2, d3", "fmadd s0, s4, s5, s6", "fsqrt d0, d1", "fmov d0, d1", "fneg d0, d1",
		"fcmp d1, d2", "fcsel d0, d1, d2, eq", "fcvtzs x0, d1", "scvtf d0, x0", "scvtf d0, w0", "fcvt s0, d1", "fmov x0, d1", "fabs d0, d1", "fmaxnm d0, d1, d2",
		"frintm d0, d1", "ldr q0, [x1]", "str q0, [x1]", "ldp q0, q1, [x1]", "stp q0, q1, [x1]", "ldr d0, [x1]", "str s0, [x1, #16]",
		"ld1 {v0.16b}, [x1]", "ld2 {v0.4s, v1.4s}, [x1]", "ld1 {v0.16b-v3.16b}, [x1]", "ld1r {v0.4s}, [x1]",
		"movi v0.4s, #0", "dup v0.4s, w0", "dup v0.4s, v1.s[0]", "umov w0, v1.s[0]", "ins v0.d[1], x0", "ext v0.16b, v1.16b, v2.16b, #8", "zip1 v0.4s, v1.4s, v2.4s", "uzp1 v0.8h, v1.8h, v2.8h",
		"tbl v0.16b, {v1.16b}, v2.16b", "and v0.16b, v1.16b, v2.16b", "orr v0.16b, v1.16b, v1.16b", "bsl v0.16b, v1.16b, v2.16b", "bic v0.16b, v1.16b, v2.16b",
		"add v0.4s, v1.4s, v2.4s", "add v0.16b, v1.16b, v2.16b", "sub v0.2d, v1.2d, v2.2d", "mul v0.4s, v1.4s, v2.4s", "mla v0.4s, v1.4s, v2.4s", "mul v0.8h, v1.8h, v2.8h", "smull v0.4s, v1.4h, v2.4h",
		"umlal v0.2d, v1.2s, v2.2s", "uaddw v0.4s, v1.4s, v2.4h", "uxtl v0.8h, v1.8b", "sxtl v0.2d, v1.2s", "xtn v0.4h, v1.4s", "shrn v0.8b, v1.8h, #4", "ushr v0.4s, v1.4s, #3", "shl v0.2d, v1.2d, #3", "usra v0.4s, v1.4s, #3", "ushl v0.4s, v1.4s, v2.4s",
		"cmeq v0.16b, v1.16b, v2.16b", "cmhi v0.4s, v1.4s, v2.4s", "umaxp v0.16b, v1.16b, v2.16b", "addv s0, v1.4s", "addp v0.4s, v1.4s, v2.4s", "addp d0, v1.2d", "smax v0.4s, v1.4s, v2.4s", "abs v0.4s, v1.4s", "cnt v0.8b, v1.8b", "uaddlv h0, v1.8b",
		"fadd v0.2d, v1.2d, v2.2d", "fadd v0.4s, v4.4s, v5.4s", "fmul v0.4s, v4.4s, v5.4s", "fmla v0.2d, v1.2d, v2.2d", "fmla v0.4s, v4.4s, v5.4s", "fmla v0.4s, v4.4s, v5.s[1]", "fdiv v0.4s, v4.4s, v5.4s", "faddp d0, v1.2d", "scvtf v0.4s, v1.4s", "fcvtzs v0.4s, v4.4s", "fcmgt v0.4s, v4.4s, v5.4s", "fcvtl v0.2d, v4.2s", "fcvtn v0.2s, v1.2d",
		"aese v0.16b, v1.16b", "sha256h q0, q1, v2.4s", "pmull v0.1q, v1.1d, v2.1d", "sdot v0.4s, v1.16b, v2.16b",
	} {
		b.Run(strings.NewReplacer(" ", "_", ",", "", "#", "").Replace(text), func(b *testing.B) {
			words := assemble(b, strings.Repeat(text+"\n", 40)+"b . - 160\n")
			m := newMachine(b, words, Options{})
			m.s.FPSR = fpsrIXC
			m.s.R[1] = dataAt
			m.s.V[1] = [2]uint64{0x400921fb54442d18, 0x400921fb54442d18}
			m.s.V[2] = [2]uint64{0x3ff921fb54442d18, 0x3ff921fb54442d18}
			m.s.V[3] = m.s.V[1]
			m.s.V[4] = [2]uint64{0x4049999a3f99999a, 0x4049999a3f99999a}
			m.s.V[5], m.s.V[6] = m.s.V[4], m.s.V[4]
			m.th.Retired = 0
			b.ResetTimer()
			stop := m.in.Run(m.th, uint64(b.N)*100)
			require.Equal(b, cpu.StopBudget, stop.Kind, "%v", stop)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(m.th.Retired), "ns/instr")
			b.ReportMetric(0, "ns/op")
		})
	}
}
