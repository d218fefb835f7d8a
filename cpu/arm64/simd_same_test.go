package arm64

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/arm64/native"
)

// sameEverywhere is what the test below gives on every host; a change of the
// table or of the operands changes it.
const sameEverywhere = 0x24fae0fce164c655

// TestSameEverywhere holds the results of every row of floating point and
// Advanced SIMD against one constant: much of it is computed by the host, and
// must come out the same on all of them.
func TestSameEverywhere(t *testing.T) {
	s := newSubject(t)
	edges := map[uint][]uint64{16: floatEdges(16), 32: floatEdges(32), 64: floatEdges(64)}
	h := hasher(1)
	for _, r := range Rows() {
		if r.Attr&FP == 0 || excluded(r) != "" {
			continue
		}
		rnd := rand.New(rand.NewPCG(11, 12))
		for range 2 {
			var d Inst
			w, ok := instance(r, rnd, &d)
			if !ok {
				continue
			}
			s.setCode(w)
			for i := range 16 {
				var st native.State
				randomState(&d, rnd, &st)
				if e := uint(d.Args[max(d.NArgs-1, 0)].Value & 0xff); i%2 == 0 && edges[e] != nil {
					for k := range st.V {
						for at := uint(0); at < 128; at += e {
							setElement(&st.V[k], at/e, e, floatOperand(rnd, edges[e], e))
						}
					}
					st.FPSR |= fpsrIXC // the fast paths
				}
				require.Equal(t, cpu.StopBudget, s.execute(&st).Kind, d.Text(nil))
				h.add(uint64(w)<<32 | s.state.Hash()>>32)
			}
		}
	}
	require.Equal(t, uint64(sameEverywhere), uint64(h), "%#x", uint64(h))
}
