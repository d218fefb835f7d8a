package arm64

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/arm64/native"
	"github.com/nuage-emu/nuage/memory"
)

// TestVectorFaults: an access of a vector register that runs over the end of
// the mapped memory changes neither registers nor memory, write-back included,
// and is reported with the first byte that could not be accessed or, at the
// latest, with the first one that the page lacks.
func TestVectorFaults(t *testing.T) {
	const end = native.MemBase&^0xfff + 4096
	s := newSubject(t)
	executed := 0
	for _, r := range Rows() {
		if r.Attr&FP == 0 || excluded(r) != "" {
			continue
		}
		rnd := rand.New(rand.NewPCG(5, uint64(r.index)))
		for range 8 {
			var d Inst
			w, ok := instance(r, rnd, &d)
			if !ok || d.mem() == nil {
				break
			}
			a := d.mem()
			var st native.State
			randomState(&d, rnd, &st)
			size := uint64(a.Op.Scale) * uint64(a.Op.Count)
			if a.Op.kind == kinds["[n]"] || a.Op.kind == &postIndexStructure {
				size = uint64(structureBytes(&d))
			}
			missing := 1 + rnd.Uint64N(size) // bytes behind the end
			if d.Field('n') == 31 {
				st.SP += end + missing - size - address(&d, &st)
			} else {
				st.X[d.Field('n')] += end + missing - size - address(&d, &st)
			}
			s.setCode(w)
			executed++
			before := st
			stop := s.execute(&st)
			what := d.Text(nil)
			require.Equal(t, cpu.StopFault, stop.Kind, "%s: %v", what, stop)
			require.Equal(t, uint64(diffCode), stop.PC, what)
			require.GreaterOrEqual(t, stop.Fault.Addr, uint64(end)+missing-size, what)
			require.LessOrEqual(t, stop.Fault.Addr, uint64(end)+missing-1, what)
			want := memory.Read
			if a.Op.Write {
				want = memory.Write
			}
			require.Equal(t, want, stop.Fault.Access, "%s: %v", what, stop)
			require.Empty(t, difference(&st, &before), what)
		}
	}
	require.Greater(t, executed, 1000)
}

// address is the address that the instruction accesses.
func address(d *Inst, st *native.State) uint64 {
	a := d.mem()
	base := st.SP
	if n := d.Field('n'); n != 31 {
		base = st.X[n]
	}
	switch {
	case a.Op.kind == kinds["[n,Rm,ext]"]:
		index, shift := uint64(0), uint(0)
		if d.Field('S') != 0 {
			shift = uint(log2(a.Op.Scale))
		}
		if m := d.Field('m'); m != 31 {
			index = st.X[m]
		}
		switch d.Field('o') {
		case 2:
			index = uint64(uint32(index))
		case 6:
			index = uint64(int64(int32(index)))
		}
		return base + index<<shift
	case postIndexed(a.Op.kind):
		return base
	}
	return base + a.Value
}
