package verify_test

import (
	"testing"

	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/jit/verify"
)

// BenchmarkCheck is the cost of verifying, a guest instruction, beside that of
// translating.
func BenchmarkCheck(b *testing.B) {
	p, ok := openProgram(b, "../../bench/bin/x86_64/interp")
	if !ok {
		b.Fatal("no program")
	}
	tr := rewrite.NewTranslator(rewrite.Options{Supported: all})
	perInstruction := func(b *testing.B, f func(*rewrite.Unit)) {
		n := 0
		for b.Loop() {
			p.units(tr, func(_ uint64, u *rewrite.Unit) {
				n += u.Guest
				f(u)
			})
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/instruction")
	}
	b.Run("translate", func(b *testing.B) { perInstruction(b, func(*rewrite.Unit) {}) })
	v := verify.New(all)
	b.Run("translate and verify", func(b *testing.B) {
		perInstruction(b, func(u *rewrite.Unit) {
			if err := v.Check(u); err != nil {
				b.Fatal(err)
			}
		})
	})
}
