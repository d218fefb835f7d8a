package x86

import (
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNoTwoRowsClaimOneEncoding: among the candidates for an opcode, two rows
// of the same rank never match the same instruction.
func TestNoTwoRowsClaimOneEncoding(t *testing.T) {
	for _, ix := range []*lookup{index(), vexIndex()} {
		requireOneClaim(t, ix)
	}
}

func requireOneClaim(t *testing.T, ix *lookup) {
	for m := range ix.maps {
		for op := range ix.maps[m] {
			cands := ix.candidates(m, uint8(op))
			for i, a := range cands {
				for _, b := range cands[i+1:] {
					require.Equal(t, a.modrm, b.modrm, "%v and %v: one has ModRM, the other has not", a, b)
					switch {
					case a.vex:
						requireApartVEX(t, uint8(op), a, b)
					case a.rank == b.rank:
						requireApart(t, uint8(op), a, b)
					}
				}
			}
		}
	}
}

func requireApart(t *testing.T, op uint8, a, b *Row) {
	for _, rep := range []uint8{0, 0xF2, 0xF3} {
		for _, p := range []Prefixes{0, PrefixOpsize} {
			for _, rex := range []uint8{0, rexW, rexB, rexW | rexB} {
				for modrm := range 256 {
					d := &Inst{Opcode: op, Prefix: p, REX: rex, ModRM: uint8(modrm)}
					require.False(t, a.matches(d, rep) && b.matches(d, rep), "%v and %v both claim %02x, ModRM %02x", a, b, op, modrm)
				}
			}
		}
	}
}

// requireApartVEX: no rank decides among VEX encodings.
func requireApartVEX(t *testing.T, op uint8, a, b *Row) {
	for _, pp := range []uint8{pfxNone, 0x66, 0xF2, 0xF3} {
		for _, vector := range []uint8{16, 32} {
			for _, rex := range []uint8{0, rexW} {
				for modrm := range 256 {
					d := &Inst{Opcode: op, Prefix: PrefixVEX, REX: rex, VecLen: vector, ModRM: uint8(modrm)}
					require.False(t, a.matchesVEX(d, pp) && b.matchesVEX(d, pp), "%v and %v both claim %02x, ModRM %02x", a, b, op, modrm)
				}
			}
		}
	}
}

// TestEveryRowIsReachable: an instance of each row can be made, decodes to the
// row and binds to operations.
func TestEveryRowIsReachable(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, r := range Rows() {
		for range 20 {
			code := r.Instance(rnd)
			b := &binder{}
			require.NoError(t, Decode(&b.d, code, codeAt))
			b.bind()
			require.True(t, len(b.ops) > 0 || b.next != 0, "% x", code) // a jump may be followed without an operation
			for _, o := range b.ops {
				require.NotNil(t, o.fn, "% x of %v", code, r)
			}
		}
	}
}

func TestRowsSayWhatTheyNeed(t *testing.T) {
	for _, r := range Rows() {
		require.NotEmpty(t, r.Name, r)
		require.NotEmpty(t, r.Section().Ref, r)
		require.Zero(t, r.written&r.maybe&^r.undefined, "%v: flags both always and sometimes written", r)
		if strings.Contains(r.Name, "/") {
			require.Equal(t, uint8(0), r.prefix, r)
		}
	}
}

// TestGeneratedIsCurrent: mono_gen.go is what internal/mono makes of the sources.
func TestGeneratedIsCurrent(t *testing.T) {
	out, err := exec.Command("go", "run", "../internal/mono", "-check").CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func BenchmarkBuildIndex(b *testing.B) {
	b.Run("legacy", func(b *testing.B) {
		for b.Loop() {
			buildIndex(tables, 0)
		}
	})
	b.Run("VEX", func(b *testing.B) {
		for b.Loop() {
			buildIndex(vexTables, 0)
		}
	})
}

func FuzzDecode(f *testing.F) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for _, r := range Rows() {
		f.Add(r.Instance(rnd))
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		var d Inst
		err := Decode(&d, code, 0x1234)
		require.LessOrEqual(t, d.Len, maxLen)
		require.LessOrEqual(t, d.Len, len(code))
		text, n := Disassemble(code, 0x1234, nil)
		require.LessOrEqual(t, n, len(code))
		if err != nil {
			require.Equal(t, "(bad)", text)
			return
		}
		require.Positive(t, d.Len)
		require.Equal(t, d.Len, n)
		// What is not part of the instruction has no say.
		var again Inst
		require.NoError(t, Decode(&again, code[:d.Len], 0x1234))
		require.Equal(t, d, again)
		require.ErrorIs(t, Decode(&again, code[:d.Len-1], 0x1234), ErrTruncated)
	})
}
