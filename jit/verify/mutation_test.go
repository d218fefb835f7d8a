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

// subject is a unit, how it is checked and where it is entered.
type subject struct {
	unit  *rewrite.Unit
	check func(*verify.Verifier, *rewrite.Unit) error
	from  func(*rewrite.Unit) []begin
}

func plainSubject(u *rewrite.Unit) subject {
	return subject{copyUnit(u), (*verify.Verifier).Check, begins}
}

// at is a subject that is entered at its beginning too.
func at(k beginKind, u *rewrite.Unit, check func(*verify.Verifier, *rewrite.Unit) error) subject {
	return subject{copyUnit(u), check, func(u *rewrite.Unit) []begin { return append(begins(u), begin{0, k}) }}
}

// sample are some of the units of some programs, and the stubs.
func sample(t testing.TB, c rewrite.Convention, every int) []subject {
	var out []subject
	n := 0
	for _, p := range programs(t, func(path string) bool {
		return slices.Contains([]string{"interp", "sha256", "nbody", "strhash"}, filepath.Base(path)) ||
			filepath.Base(filepath.Dir(path)) == "x86_64-final" && filepath.Base(path) == "arith"
	}) {
		tr := translator(c)
		p.units(tr, func(_ uint64, u *rewrite.Unit) {
			if n++; n%every == 0 && len(u.Code) < 4000 {
				out = append(out, plainSubject(u))
			}
		})
		for i, s := range p.symbols {
			if u, ok := tr.TranslateTarget(s.Value, p.fetch); ok && i%(2*every) == 0 {
				out = append(out, at(atTarget, u, (*verify.Verifier).CheckTarget))
			}
		}
		out = append(out, at(atReturn, tr.ReturnStub(), (*verify.Verifier).CheckReturnStub))
		for _, pc := range []uint64{0x1234, 0xFFFF_FF00} {
			out = append(out, at(atTarget, tr.EntryStub(pc), (*verify.Verifier).CheckTarget))
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
	for _, s := range sample(t, c, 47) {
		o.load(t, s.unit)
		for range 6 {
			require.NoError(t, o.run(t, s.unit, s.from(s.unit), rnd), "%s", listing(s.unit))
		}
	}
	for _, b := range []struct {
		name string
		from beginKind
		emit func(p *plant)
	}{
		{"any address of the guest's", atEntry, func(p *plant) { p.OpMem(amd64.Form{Opcode: 0x88}, amd64.RAX, window(amd64.RDX, 0)); p.leave() }},
		{"32 bits as the number", atTarget, func(p *plant) { p.Mov32(t1, amd64.RAX); p.JmpMem(inTable) }},
		{"the table read", atTarget, func(p *plant) { p.Movzx16(t1, t0); p.Load64(amd64.RAX, inTable); p.leave() }},
		{"a call through the window", atEntry, func(p *plant) { p.CallMem(window(gsp, 0)); p.leave() }},
		{"T0 not the guest's", atEntry, func(p *plant) { p.out(rewrite.ExitIndirect) }},
		{"T1 to the guest", atLanding, func(p *plant) { p.Mov64(amd64.RAX, t1); p.leave() }},
		{"arriving with T0 too late", atEntry, func(p *plant) { p.mark(rewrite.Arriving); p.hex("90"); p.leave() }},
		{"no address on the stack", atReturn, func(p *plant) { p.mark(rewrite.Within); p.Movzx16(t1, t0); p.JmpMem(inTable) }},
		{"the base left in rdi", atEntry, func(p *plant) {
			p.Lea64(amd64.RDI, window(amd64.RDI, 0))
			p.mark(rewrite.Before)
			p.hex("90")
			p.leave()
		}},
	} {
		u := unitFor(c, b.emit)
		o.load(t, u)
		found := 0
		for range 40 {
			if o.run(t, u, []begin{{0, b.from}}, rnd) != nil {
				found++
			}
		}
		require.NotZero(t, found, b.name)
	}
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
	for _, s := range sample(t, c, 67) {
		for range 40 {
			m := copyUnit(s.unit)
			mutate(m, rnd)
			tried++
			if s.check(v, m) != nil {
				continue
			}
			passed[classify(t, s.unit, m)]++
			o.load(t, m)
			for range 2 {
				require.NoError(t, o.run(t, m, s.from(m), rnd), "%s", listing(m))
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
	switch n := rnd.IntN(11); {
	case n == 0:
		u.Code[i] = byte(rnd.Uint32())
	case n == 1: // two bytes
		u.Code[i] = byte(rnd.Uint32())
		u.Code[rnd.IntN(len(u.Code))] = byte(rnd.Uint32())
	case n == 2: // exchange neighbours
		k := rnd.IntN(len(u.Code))
		u.Code[i], u.Code[k] = u.Code[k], u.Code[i]
	case n == 3:
		m := &u.Marks[rnd.IntN(len(u.Marks))]
		m.State = rewrite.MarkState(rnd.IntN(int(rewrite.ProbeBefore) + 1))
	case n == 4:
		m := &u.Marks[rnd.IntN(len(u.Marks))]
		m.Offset = uint32(i)
	case n == 5 && len(u.Entries) > 0:
		e := &u.Entries[rnd.IntN(len(u.Entries))]
		e.Offset = uint32(i)
	case n == 6 && len(u.Exits) > 0:
		e := &u.Exits[rnd.IntN(len(u.Exits))]
		e.Field = uint32(i &^ 3)
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
		case !slices.Equal(u.Exits, m.Exits):
			return "exit"
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
