package arm64

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/arm64/native"
)

// corrected makes of what the oracle says what the manual says, where qemu 7.2
// is known to be wrong.
func corrected(d *Inst, st *native.State) {
	if d.Row.Name == "fcvtzs" && d.Row.Ops == "=Id.h In.h #rshift" {
		// FCVTZS (vector, fixed-point), C7.2: the pseudocode ends with
		// V[d, 128] = Elem[result, e, esize] for the one element of a scalar,
		// hence zeros from bit 16 on; qemu leaves the sign up to bit 31.
		st.V[d.Field('d')][0] &= 0xffff
	}
}

// floatEdges are operands that decide something, by width: both zeros, the
// ends of the denormals, of the normals and of the integers, ties, NaNs.
func floatEdges(e uint) []uint64 {
	frac, top := layout(e)
	bias := top / 2
	one := bias << frac
	half := (bias - 1) << frac
	ulp := uint64(1)
	list := []uint64{
		0, ulp, 1<<frac - 1, 1 << frac, 1<<frac + 1, 3 << frac, one, one + ulp, one - ulp, half, half + ulp, half - ulp,
		one + 1<<(frac-1), (bias+1)<<frac | 1<<(frac-2), (bias + uint64(frac)) << frac, (bias+uint64(frac))<<frac | 1,
		(bias+uint64(frac)-1)<<frac | 1, (bias+31)<<frac&infinity(e) | 1, (bias + 30) << frac & infinity(e), (bias + 62) << frac & infinity(e),
		(bias + 63) << frac & infinity(e), (bias - uint64(frac)) << frac & infinity(e), (bias/2 + 1) << frac, (bias + bias/2) << frac,
		(top-1)<<frac | (1<<frac - 1), (top - 1) << frac, (top - 2) << frac, (top - 3) << frac, top << frac,
		top<<frac | 1, top<<frac | 1<<(frac-1), top<<frac | 1<<(frac-1) | 5, top<<frac | (1<<(frac-1) - 1),
	}
	for _, v := range list[:len(list):len(list)] {
		list = append(list, v|1<<(e-1))
	}
	return list
}

// floatOperand is an edge, a neighbour of one, or a number of any exponent.
func floatOperand(rnd *rand.Rand, edges []uint64, e uint) uint64 {
	v := edges[rnd.IntN(len(edges))]
	switch rnd.IntN(6) {
	case 0:
		return v ^ rnd.Uint64()>>(64-rnd.IntN(int(e)))
	case 1:
		return rnd.Uint64() & ones(e)
	}
	return v
}

// TestFloatEdges is the differential suite with operands of the row's own
// width, for all rows that compute in floating point, under every FPCR.
// NUAGE_DIFF makes it longer too.
func TestFloatEdges(t *testing.T) {
	m := startNative(t)
	s := newSubject(t)
	rounds, seed := diffEffort(t)
	edges := map[uint][]uint64{16: floatEdges(16), 32: floatEdges(32), 64: floatEdges(64)}
	executed := 0
	for _, r := range Rows() {
		if r.Attr&FP == 0 || excluded(r) != "" || len(r.ops) == 0 {
			continue
		}
		if !strings.HasPrefix(r.Name, "f") && !strings.Contains(r.Name, "cvtf") {
			continue
		}
		rnd := rand.New(rand.NewPCG(seed, uint64(r.index)))
		for range rounds {
			var d Inst
			w, ok := instance(r, rnd, &d)
			if !ok {
				continue
			}
			e := uint(16)
			for i := range d.Args[:d.NArgs] { // the source's width, which stands last
				if a := &d.Args[i]; a.Kind == ArgVec {
					e = uint(a.Value & 0xff)
				}
			}
			states := make([]native.State, diffStates)
			for i := range states {
				st := &states[i]
				randomState(&d, rnd, st)
				st.FPCR = uint64(rnd.Uint32()) & fpcrMask
				if rnd.IntN(3) == 0 {
					st.FPCR = 0
					st.FPSR |= fpsrIXC // the fast paths
				}
				for k := range st.V {
					for at := uint(0); at < 128; at += e {
						setElement(&st.V[k], at/e, e, floatOperand(rnd, edges[e], e))
					}
				}
			}
			executed += len(states)
			if compareStates(t, m, s, &d, w, states) {
				break
			}
		}
	}
	t.Logf("%d instructions executed with seed %d", executed, seed)
}

// compareStates executes the instruction on both sides, from every state.
func compareStates(t *testing.T, m *native.Machine, s *subject, d *Inst, w uint32, before []native.State) (failed bool) {
	want := append([]native.State(nil), before...)
	require.NoError(t, m.Execute(w, want), "%08x %s", w, d.Text(nil))
	s.setCode(w)
	for i := range before {
		got := before[i]
		if stop := s.execute(&got); stop.Kind != cpu.StopBudget {
			t.Errorf("%08x %s (%v): %v", w, d.Text(nil), d.Row, stop)
			return true
		}
		corrected(d, &want[i])
		if diff := difference(&got, &want[i]); diff != "" {
			t.Errorf("%08x %s (%v)\n\t%s%s", w, d.Text(nil), d.Row, inputs(d, &before[i]), diff)
			return true
		}
	}
	return false
}
