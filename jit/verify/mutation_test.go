package verify_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/asm/amd64"
	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/jit/verify"
)

// sample are some of the units of some programs, of both flavours.
func sample(t testing.TB, c rewrite.Convention, every int) []*rewrite.Unit {
	var out []*rewrite.Unit
	n := 0
	for _, p := range programs(t, func(path string) bool {
		return slices.Contains([]string{"interp", "sha256", "nbody", "strhash"}, filepath.Base(path)) ||
			filepath.Base(filepath.Dir(path)) == "x86_64-final" && filepath.Base(path) == "arith"
	}) {
		for _, tr := range translators(c) {
			p.units(tr, func(_ uint64, u *rewrite.Unit) {
				if n++; n%every == 0 && len(u.Code) < 4000 {
					out = append(out, copyUnit(u))
				}
			})
		}
	}
	return out
}

// TestOracle: what translators make and the verifier passes is confined when
// it runs, too. It is also the test of the oracle.
func TestOracle(t *testing.T) {
	forConventions(t, testOracle)
}

func testOracle(t *testing.T, c rewrite.Convention) {
	o, rnd := newOracle(t, c), rand.New(rand.NewPCG(5, 6))
	defer o.close(t)
	for _, u := range sample(t, c, 47) {
		o.load(t, u)
		starts := beginnings(u.Code)
		for range 6 {
			require.NoError(t, o.run(t, u, starts, rnd), "%s", listing(u))
		}
	}
	bad := unitFor(c, func(p *plant) { p.OpMem(amd64.Form{Opcode: 0x88}, amd64.RAX, window(amd64.RDX, 0)); p.leave() })
	o.load(t, bad)
	found := 0
	for range 20 {
		if o.run(t, bad, beginnings(bad.Code), rnd) != nil {
			found++
		}
	}
	require.NotZero(t, found)
}

// TestRandomMutations changes bytes of units at random. What the verifier still
// passes must be confined when it runs; the counts say what sort of change that
// was.
func TestRandomMutations(t *testing.T) {
	forConventions(t, testRandomMutations)
}

func testRandomMutations(t *testing.T, c rewrite.Convention) {
	o, rnd := newOracle(t, c), rand.New(rand.NewPCG(7, 8))
	defer o.close(t)
	v := verify.NewFor(c, all)
	tried, passed := 0, map[string]int{}
	for _, u := range sample(t, c, 59) {
		for range 40 {
			m := copyUnit(u)
			mutate(m, rnd)
			tried++
			if v.Check(m) != nil {
				continue
			}
			passed[classify(t, u, m)]++
			o.load(t, m)
			starts := beginnings(m.Code)
			for range 2 {
				require.NoError(t, o.run(t, m, starts, rnd), "%s", listing(m))
			}
		}
	}
	t.Logf("%d mutated units; passed, by what has changed: %v", tried, passed)
	require.Less(t, total(passed), tried*3/4)
}

func total(m map[string]int) (n int) {
	for _, k := range m {
		n += k
	}
	return n
}

// mutate changes the code, or what is said of it.
func mutate(u *rewrite.Unit, rnd *rand.Rand) {
	i := rnd.IntN(len(u.Code))
	switch rnd.IntN(10) {
	case 0:
		u.Code[i] = byte(rnd.Uint32())
	case 1: // two bytes
		u.Code[i] = byte(rnd.Uint32())
		u.Code[rnd.IntN(len(u.Code))] = byte(rnd.Uint32())
	case 2: // exchange neighbours
		k := rnd.IntN(len(u.Code))
		u.Code[i], u.Code[k] = u.Code[k], u.Code[i]
	case 3:
		m := &u.Marks[rnd.IntN(len(u.Marks))]
		m.State = rewrite.MarkState(rnd.IntN(int(rewrite.ProbeBefore) + 1))
	case 4:
		m := &u.Marks[rnd.IntN(len(u.Marks))]
		m.Offset = uint32(i)
	case 5:
		e := &u.Entries[rnd.IntN(len(u.Entries))]
		e.Offset = uint32(i)
	default:
		u.Code[i] ^= 1 << rnd.IntN(8)
	}
}

// classify names what has changed from u to m.
func classify(t *testing.T, u, m *rewrite.Unit) string {
	if slices.Equal(u.Code, m.Code) {
		switch {
		case !slices.Equal(u.Entries, m.Entries):
			return "entry"
		case !slices.Equal(u.Marks, m.Marks):
			return "mark"
		}
		return "nothing"
	}
	kind := ""
	for at := 0; at < len(u.Code); {
		var a, b x86.Inst
		require.NoError(t, x86.Decode(&a, u.Code[at:], uint64(at)))
		if x86.Decode(&b, m.Code[at:], uint64(at)) != nil || a.Len != b.Len {
			return "boundaries of instructions"
		}
		if !slices.Equal(u.Code[at:at+a.Len], m.Code[at:at+a.Len]) {
			k := change(&a, &b)
			if kind != "" && kind != k {
				return "several"
			}
			kind = k
		}
		at += a.Len
	}
	return kind
}

func change(a, b *x86.Inst) string {
	switch {
	case a.Row != b.Row || a.Opcode != b.Opcode:
		return "another instruction"
	case a.Imm != b.Imm || fmt.Sprint(values(a)) != fmt.Sprint(values(b)):
		return "immediate or target"
	case a.HasMem && b.HasMem && a.Mem != b.Mem:
		return "address"
	case a.Size != b.Size:
		return "operand size"
	}
	return "register"
}

func values(d *x86.Inst) (v []uint64) {
	for i := range d.Args[:d.NArgs] {
		v = append(v, d.Args[i].Value)
	}
	return v
}
