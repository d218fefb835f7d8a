package arm64

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/arm64/native"
)

// sameEverywhere is what the test below gives on every host; a new row or other
// operands change it.
const sameEverywhere = 0xe0245836f8aaddbe

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
		for done, tries := 0, 0; done < 2 && tries < 400; tries++ {
			var d Inst
			w := rnd.Uint32()&^r.mask | r.value
			if DecodeWord(&d, w, diffCode) != nil || d.Row != r || d.mem() != nil {
				continue
			}
			done++
			s.setCode(w)
			for i := range 16 {
				var st native.State
				for k := range st.X {
					st.X[k] = rnd.Uint64() >> rnd.IntN(64)
				}
				st.NZCV = uint64(rnd.Uint32() & 0xf0000000)
				if i%2 == 0 {
					st.FPSR = fpsrIXC // the fast paths
				} else {
					st.FPCR = uint64(rnd.Uint32() & fpcrValid)
				}
				e := uint(d.Args[d.NArgs-1].Value & 0xff)
				if edges[e] == nil {
					e = 64
				}
				for k := range st.V {
					for at := uint(0); at < 128; at += e {
						setElement(&st.V[k], at/e, e, floatOperand(rnd, edges[e], e))
					}
				}
				require.Equal(t, cpu.StopBudget, s.execute(&st).Kind, d.Text(nil))
				for _, v := range st.V {
					h.add(v[0])
					h.add(v[1])
				}
				for _, x := range st.X {
					h.add(x)
				}
				h.add(st.NZCV<<32 | st.FPSR)
			}
		}
	}
	require.Equal(t, uint64(sameEverywhere), uint64(h), "%#x", uint64(h))
}
