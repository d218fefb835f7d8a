package arm64

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu/arm64/native"
)

// TestDifferentialFaults: accesses at every distance from the end of the mapped
// memory, to memory that may only be read, and to addresses that are not
// aligned where they must be, fault or do not fault on both sides alike, and
// leave the same registers.
func TestDifferentialFaults(t *testing.T) {
	u := newDuel(t)
	for _, r := range chosen() {
		rnd := rand.New(rand.NewPCG(123, uint64(r.index)))
		for range max(1, diffEffort(t).rounds/3) {
			var d Inst
			w, ok := instance(r, rnd, &d)
			if !ok || d.mem() == nil || d.mem().Op.kind == kinds()["[label]"] || d.mem().Op.kind == kinds()["[dczva]"] {
				break
			}
			trial := newTrial(&d, w, rnd)
			trial.b.Edges = true
			size := uint64(accessSize(&d))
			trial.fill(int(2*size)+16, rnd)
			for i := range trial.b.Records {
				trial.aim(&trial.b.Records[i], trial.dangerous(i, size, rnd), rnd)
			}
			if u.fight(trial) && u.failures > 20 {
				t.Fatal("too many differences")
			}
		}
	}
	require.Greater(t, u.executed, 10000)
	t.Logf("%d instructions executed", u.executed)
}

// unequal reports whether qemu, rightly or not, does something else if an address
// is not aligned (divergences).
func (t *trial) unequal() bool {
	return storeExclusive(t.d.Row) || strings.HasPrefix(t.d.Row.Name, "ldapr")
}

// dangerous is an address for record i.
func (t *trial) dangerous(i int, size uint64, rnd *rand.Rand) uint64 {
	step := uint64(1)
	if t.d.Row.Attr&Ordered != 0 {
		step = size // an access that is not aligned may fault for that or for the page
	}
	switch k := uint64(i); {
	case k <= size:
		return native.Edge - k/step*step
	case k <= 2*size:
		if t.d.mem().Op.Write {
			return native.Guard - (k-size)/step*step - size // some of it, all of it may only be read
		}
		return native.Guard - (k-size+step-1)/step*step
	case k&1 == 0 && (step == 1 || !t.unequal()):
		return native.MemAt(i) + rnd.Uint64N(native.MemSize-size) // aligned or not
	}
	return native.Edge - 4096 + rnd.Uint64N(4096-size)/step*step
}
