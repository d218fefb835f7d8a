package x86

import (
	"math/rand/v2"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNoTwoRowsClaimOneEncoding: among the candidates for an opcode, two rows
// of the same rank never match the same instruction.
func TestNoTwoRowsClaimOneEncoding(t *testing.T) {
	for slot := range len(starts) - 1 {
		list := candidates[starts[slot]:starts[slot+1]]
		for i, a := range list {
			for _, b := range list[i+1:] {
				p, q := &patterns[a], &patterns[b]
				require.Equal(t, p.modrm, q.modrm, "%v and %v: one has ModRM, the other has not", row(int(a)), row(int(b)))
				require.GreaterOrEqual(t, p.rank, q.rank)
				if p.vex || p.rank == q.rank { // no rank decides among VEX encodings
					require.False(t, overlap(p, q), "%v and %v both claim %02x", row(int(a)), row(int(b)), slot&0xFF)
				}
			}
		}
	}
}

// overlap reports whether both claim an instruction: one fact of each group is
// true of it, and the others may be false.
func overlap(p, q *pattern) bool {
	both := p.allows & q.allows
	if both&anyPrefix == 0 || both&anyW == 0 || both&anyL == 0 {
		return false
	}
	for modrm := range 256 {
		f := both&(anyPrefix|anyW|anyL) | modrmFacts(uint8(modrm))
		if p.claims(f, uint8(modrm)) && q.claims(f, uint8(modrm)) {
			return true
		}
	}
	return false
}

// TestCandidates: the candidates for an opcode are the rows that claim it.
func TestCandidates(t *testing.T) {
	for n := range patterns {
		p := &patterns[n]
		for opcode := range 256 {
			claimed := opcode >= int(p.opcode) && opcode < int(p.opcode)+int(p.count)
			require.Equal(t, claimed, slices.Contains(claimants(int(p.mapIndex), p.vex, uint8(opcode)), uint16(n)), "%v, %02x", row(n), opcode)
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
		require.Zero(t, r.FlagsWritten()&r.FlagsMaybe()&^r.FlagsUndefined(), "%v: flags both always and sometimes written", r)
		if strings.Contains(r.Name, "/") {
			require.Equal(t, uint8(0), r.prefix, r)
		}
	}
}

// TestGeneratedIsCurrent: mono_gen.go is what internal/mono makes of the sources,
// and rows_gen.go what internal/rows makes of the table.
func TestGeneratedIsCurrent(t *testing.T) {
	for _, tool := range []string{"../internal/mono", "./internal/rows"} {
		out, err := exec.Command("go", "run", tool, "-check").CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}

// TestFlagsAreWellFormed: Row.flags does not look for errors.
func TestFlagsAreWellFormed(t *testing.T) {
	form := regexp.MustCompile(`^([rwum]:[oszapcd]+( |$))*$`)
	for _, r := range Rows() {
		require.Regexp(t, form, r.Flags, r)
	}
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
