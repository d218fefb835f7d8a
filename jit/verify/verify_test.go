package verify_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/jit/verify"
)

// TestGuests: all code of the programs passes, translated from wherever a unit
// ends. Guests of the same source share most of theirs, so one set of bindings is
// enough.
func TestGuests(t *testing.T) { forConventions(t, testGuests) }

func testGuests(t *testing.T, c rewrite.Convention) {
	seen := make(map[string]bool)
	for _, p := range programs(t, func(path string) bool {
		if strings.Contains(path, "-2015") || seen[filepath.Base(path)] {
			return false
		}
		seen[filepath.Base(path)] = true
		return true
	}) {
		v, tr, units := verify.NewFor(c, all), translator(c), 0
		p.units(tr, func(pc uint64, u *rewrite.Unit) {
			units++
			if err := v.Check(u); err != nil {
				t.Fatalf("%s, unit at %#x: %v\n%s", p.name, pc, err, listing(u))
			}
		})
		require.NotZero(t, units, p.name)
		t.Logf("%s: %d units", p.name, units)
		require.NoError(t, v.CheckReturnStub(tr.ReturnStub()))
		for _, s := range p.symbols {
			if u, ok := tr.TranslateTarget(s.Value, p.fetch); ok {
				require.NoError(t, v.CheckTarget(u), "%s, %s", p.name, s.Name)
			}
			require.NoError(t, v.CheckTarget(tr.EntryStub(s.Value)))
		}
	}
}

// listing is the unit's code as text.
func listing(u *rewrite.Unit) string {
	var b strings.Builder
	mark := 0
	for at := 0; at < len(u.Code); {
		for ; mark < len(u.Marks) && int(u.Marks[mark].Offset) <= at; mark++ {
			b.WriteString(markName[u.Marks[mark].State])
		}
		text, n := x86.Disassemble(u.Code[at:], uint64(at), nil)
		b.WriteString(strings.Repeat(" ", 2) + hex4(at) + "  " + text + "\n")
		at += n
	}
	return b.String()
}

var markName = [...]string{rewrite.Within: "within", rewrite.Before: "before", rewrite.CopyBefore: "copy", rewrite.FillBefore: "fill", rewrite.ProbeBefore: "probe", rewrite.Arriving: "arriving"}

func hex4(n int) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[n>>12&15], digits[n>>8&15], digits[n>>4&15], digits[n&15]})
}
