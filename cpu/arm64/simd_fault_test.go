package arm64

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/arm64/native"
	"github.com/nuage-emu/nuage/memory"
)

// TestFaultsOfEveryRow: an access that runs over the end of the mapped memory
// changes neither registers nor memory, write-back included, and is reported
// with the first byte that could not be accessed or, at the latest, with the
// first one that the page lacks.
func TestFaultsOfEveryRow(t *testing.T) {
	s := newSubject(t)
	executed := 0
	for _, r := range Rows() {
		rnd := rand.New(rand.NewPCG(5, uint64(r.index)))
		for range 8 {
			var d Inst
			w, ok := instance(r, rnd, &d)
			if !ok || d.mem() == nil || d.mem().Op.kind == kinds()["[label]"] {
				break
			}
			trial := newTrial(&d, w, rnd)
			if len(trial.b.Before) > 0 {
				break // without the monitor, it does not access memory
			}
			trial.fill(1, rnd)
			rec := &trial.b.Records[0]
			size := uint64(accessSize(&d))
			missing := 1 + rnd.Uint64N(size) // bytes behind the end
			if d.Row.Attr&Ordered != 0 || size == zvaBlock && d.Row.Attr&FP == 0 {
				missing = size
			}
			trial.aim(rec, native.Edge+missing-size, rnd)
			s.setCode(nil, w)
			copy(s.state.R[:31], trial.common.X[:])
			s.state.V = trial.common.V
			before := *rec
			s.one(&trial.b, rec)
			for k, x := range trial.b.X {
				require.Equal(t, before.X[k], s.state.R[x], d.Text(nil))
			}
			for k, v := range trial.b.V {
				require.Equal(t, before.V[k], s.state.V[v], d.Text(nil))
			}
			executed++
			what := d.Text(nil)
			require.Equal(t, uint64(native.Signal+11), rec.Path, what)
			require.GreaterOrEqual(t, rec.Fault, uint64(native.Edge)+missing-size, what)
			require.LessOrEqual(t, rec.Fault, uint64(native.Edge)+missing-1, what)
			rec.Path, rec.Fault = 0, 0
			require.Equal(t, before, *rec, what)
			s.state.pc = native.Slot
			stop := s.in.Run(&s.thread, 1)
			require.Equal(t, cpu.StopFault, stop.Kind, what)
			want := memory.Read
			if d.mem().Op.Write {
				want = memory.Write
			}
			require.Equal(t, want, stop.Fault.Access, "%s: %v", what, stop)
			require.Equal(t, uint64(native.Slot), stop.PC, what)
		}
	}
	require.Greater(t, executed, 2000)
	page := make([]byte, 4096)
	require.NoError(t, s.space.ReadAt(page, native.Edge-4096))
	require.False(t, slices.ContainsFunc(page, func(b byte) bool { return b != 0 }), "something was stored")
}
