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
const sameEverywhere = 0xf5c1ecdcd1d07f33

// TestSameEverywhere holds the results of every row of floating point and
// Advanced SIMD against one constant: much of it is computed by the host, and
// must come out the same on all of them.
func TestSameEverywhere(t *testing.T) {
	s := newSubject(t)
	edges := floatEdgesOf
	h := hasher(1)
	for _, r := range Rows() {
		if r.Attr&FP == 0 || excluded(r) != "" {
			continue
		}
		rnd := rand.New(rand.NewPCG(11, 12))
		for done, tries := 0, 0; done < 2 && tries < 400; tries++ {
			var d Inst
			w := rnd.Uint32()&^r.mask | r.value
			if DecodeWord(&d, w, native.Slot) != nil || d.Row != r || d.mem() != nil {
				continue
			}
			done++
			s.setCode(nil, w)
			for i := range 32 {
				g := &s.state
				g.Reset(cpu.Start{PC: native.Slot})
				for k := range g.R[:31] {
					g.R[k] = rnd.Uint64() >> rnd.IntN(64)
				}
				g.SetFlags(rnd.Uint32() & 0xf0000000)
				switch i % 4 { // the ways of fp_host.go, and all others
				case 0:
					g.FPSR = fpsrIXC
				case 1:
				case 2:
					g.FPCR = rnd.Uint32() & fpcrValid &^ fpcrRMode
				default:
					g.FPCR = rnd.Uint32() & fpcrValid
				}
				e := uint(d.Args[d.NArgs-1].Value & 0xff)
				if edges[e] == nil {
					e = 64
				}
				for k := range g.V {
					for at := uint(0); at < 128; at += e {
						setElement(&g.V[k], at/e, e, floatOperand(rnd, edges[e], e))
					}
				}
				require.Equal(t, cpu.StopBudget, s.in.Run(&s.thread, 1).Kind, d.Text(nil))
				for _, v := range g.V {
					h.add(v[0])
					h.add(v[1])
				}
				for _, x := range g.R[:31] {
					h.add(x)
				}
				h.add(uint64(g.Flags())<<32 | uint64(g.FPSR))
			}
		}
	}
	require.Equal(t, uint64(sameEverywhere), uint64(h), "%#x", uint64(h))
}
