package verify_test

import (
	"math/rand/v2"
	"testing"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/jit/verify"
)

// codeAt is where the code of these tests lies for the guest. fetchAt returns
// the bytes from there.
func fetchAt(code []byte, codeAt uint64) func(pc uint64) []byte {
	return func(pc uint64) []byte {
		if pc-codeAt < uint64(len(code)) {
			return code[pc-codeAt:]
		}
		return nil
	}
}

// requirePasses translates the code and everything that the units lead to.
func requirePasses(t *testing.T, tr *rewrite.Translator, v *verify.Verifier, code []byte, codeAt uint64) (units int) {
	t.Helper()
	todo, seen := []uint64{codeAt}, map[uint64]bool{codeAt: true}
	for ; len(todo) > 0 && units < 64; todo = todo[1:] {
		u, ok := tr.Translate(todo[0], fetchAt(code, codeAt))
		if !ok {
			continue
		}
		units++
		if err := v.Check(u); err != nil {
			text := ""
			for at := int(todo[0] - codeAt); at < len(code) && at < int(todo[0]-codeAt)+u.Bytes; {
				line, n := x86.Disassemble(code[at:], codeAt+uint64(at), nil)
				text += "  " + line + "\n"
				at += n
			}
			t.Fatalf("guest code % x at %#x: %v\n%s%s", code, todo[0], err, text, listing(u))
		}
		for _, e := range u.Exits {
			if !seen[e.PC] {
				seen[e.PC] = true
				todo = append(todo, e.PC)
			}
		}
	}
	if u, ok := tr.TranslateTarget(codeAt, fetchAt(code, codeAt)); ok {
		if err := v.CheckTarget(u); err != nil {
			t.Fatalf("guest code % x at %#x as a target: %v\n%s", code, codeAt, err, listing(u))
		}
	}
	if err := v.CheckTarget(tr.EntryStub(codeAt)); err != nil {
		t.Fatalf("entry stub for %#x: %v", codeAt, err)
	}
	return units
}

// pairs are a translator and a verifier for each convention.
func pairs() (trs []*rewrite.Translator, vs []*verify.Verifier) {
	for _, c := range conventions {
		trs, vs = append(trs, translator(c)), append(vs, verify.NewFor(c, all))
	}
	return trs, vs
}

// TestRows: whatever form an instruction has, its translation passes.
func TestRows(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	trs, vs := pairs()
	translated := 0
	for _, r := range x86.Rows() {
		for range 8 {
			code := append(r.Instance(rnd), r.Instance(rnd)...)
			for i, tr := range trs {
				translated += requirePasses(t, tr, vs[i], append(code, 0xC3), 0x0040_0000)
			}
		}
	}
	if translated < 10_000 {
		t.Fatalf("only %d units", translated)
	}
}

// FuzzTranslation: whatever the guest's code is, its translation passes. If it
// does not, the translator or the verifier is wrong.
func FuzzTranslation(f *testing.F) {
	rnd := rand.New(rand.NewPCG(3, 4))
	rows := x86.Rows()
	for range 64 {
		var code []byte
		for range 12 {
			code = append(code, rows[rnd.IntN(len(rows))].Instance(rnd)...)
		}
		f.Add(code, rnd.Uint32())
	}
	f.Add([]byte{0x48, 0x83, 0xEC, 0x18, 0xF3, 0xA4, 0x48, 0x83, 0xC4, 0x18, 0xC3}, uint32(0x40_0000))
	f.Add([]byte{0xE8, 0, 0, 0, 0, 0xFF, 0xE0}, uint32(0xFFFF_FFF0))
	trs, vs := pairs()
	f.Fuzz(func(t *testing.T, code []byte, at uint32) {
		if len(code) > 4096 {
			code = code[:4096]
		}
		for i, tr := range trs {
			requirePasses(t, tr, vs[i], code, uint64(at))
		}
	})
}
