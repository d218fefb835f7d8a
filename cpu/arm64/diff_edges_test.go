package arm64

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu/arm64/native"
)

// The edges, exhaustively: for each row, in each of its widths, every pair of
// the operands that decide something (every triple of a smaller set for
// multiply-adds), under every FPCR for floating point and every NZCV for what
// reads it. Vectors take a different pair in every lane, and each pair is once
// in a lane of its own among ordinary numbers, so that flags of one do not hide
// those of another.
//
// By default one in many of these is executed; NUAGE_EDGES=1 executes all,
// which takes some minutes.
//
//	NUAGE_EDGES=1 go test -v -run TestEdges -timeout 0 ./cpu/arm64

// edgesOf are the edge operands of e bits.
func edgesOf(float bool, e uint, few bool) []uint64 {
	if float {
		list := floatEdgesOf[e]
		if few { // for triples
			frac, top := layout(e)
			one := top / 2 << frac
			list = []uint64{0, 1, 1 << frac, 1<<frac - 1, one, one + 1, one - 1, one + 1<<frac, (top - 1) << frac, (top-1)<<frac | (1<<frac - 1),
				top << frac, top<<frac | 1, top<<frac | 1<<(frac-1) | 5, (top/2 - uint64(frac)) << frac, (top/4 + 1) << frac, (top/2 + uint64(frac)) << frac}
			for _, v := range list[:len(list):len(list)] {
				list = append(list, v|1<<(e-1))
			}
		}
		return list
	}
	list := []uint64{0, 1, 2, 1<<(e-1) - 1, 1 << (e - 1), 1<<(e-1) + 1, ones(e) - 1, ones(e), 0x5555555555555555 & ones(e), uint64(e), uint64(e) - 1, ones(e / 2), 1 << (e / 2)}
	if few {
		list = []uint64{0, 1, 1<<(e-1) - 1, 1 << (e - 1), ones(e), ones(e / 2)}
	}
	return list
}

// widthsOf are instances of a row for all values of the fields that tell
// widths and arrangements, with registers that differ.
func widthsOf(r *Row, rnd *rand.Rand) (list []*trial) {
	shapes := []uint32{r.Instance(rnd)}
	for _, f := range r.fields {
		if strings.IndexByte("zQTo", f.letter) < 0 || f.width > 3 {
			continue
		}
		var more []uint32
		for _, w := range shapes {
			for v := range uint32(1) << f.width {
				more = append(more, w&^((1<<f.width-1)<<f.lo)|v<<f.lo)
			}
		}
		shapes = more
	}
	for _, shape := range shapes {
		for range 50 {
			w := constrain(r, distinct(r, shape, rnd), rnd)
			var d Inst
			if DecodeWord(&d, w, native.Slot) == nil && d.Row == r && predictable(&d) && !mistaken(&d) {
				list = append(list, newTrial(&d, w, rnd))
				break
			}
		}
	}
	return list
}

// distinct gives the register fields of a word different registers.
func distinct(r *Row, w uint32, rnd *rand.Rand) uint32 {
	at := rnd.IntN(7)
	for _, f := range r.fields {
		if strings.IndexByte("dnmatus", f.letter) >= 0 && f.width >= 4 {
			w = w&^((1<<f.width-1)<<f.lo) | uint32(at*2)<<f.lo
			at = (at + 1) % 7
		}
	}
	return w
}

// environments are the values of FPCR and NZCV under which the row is executed.
func (t *trial) environments() (list []native.Record) {
	flags := []uint64{0}
	if t.d.Row.Attr&ReadsFlags != 0 {
		flags = nil
		for f := range uint64(16) {
			flags = append(flags, f<<28)
		}
	}
	modes := []uint64{0}
	if t.float {
		modes = nil
		for m := range uint64(32) {
			modes = append(modes, m&3<<22|m>>2&1*fpcrFZ|m>>3&1*fpcrDN|m>>4&1*fpcrFZ16)
		}
		if strings.HasPrefix(t.d.Row.Name, "fcvt") {
			for _, m := range modes {
				modes = append(modes, m|fpcrAHP)
			}
		}
	}
	for _, f := range flags {
		for _, m := range modes {
			list = append(list, native.Record{NZCV: f, FPCR: m})
		}
	}
	list = append(list, native.Record{FPSR: fpsrIXC}) // the fast paths
	return list
}

// edgeRecords calls use with every record that is wanted.
func (t *trial) edgeRecords(rnd *rand.Rand, wanted func() bool, use func(native.Record)) {
	e := t.width
	if len(t.b.V) == 0 {
		e = 64
		if t.d.Row.has('z') && t.d.Field('z') == 0 {
			e = 32
		}
	}
	three := strings.Contains(t.d.Row.Name, "fm") && strings.ContainsAny(t.d.Row.Ops, "a+") || t.d.Row.has('a')
	edges := edgesOf(t.float, e, three)
	count := len(edges) * len(edges)
	if three {
		count *= len(edges)
	}
	if t.sources < 2 {
		count = len(edges)
	}
	lanes := 1
	if len(t.b.V) > 0 && !strings.HasPrefix(t.d.Row.Bits, "01") && t.d.Word>>28&1 == 0 {
		lanes = int(128 / e)
	}
	operand := func(i, k int) uint64 { // of combination i, for register k
		for range k {
			i /= len(edges)
		}
		return edges[i%len(edges)]
	}
	one := uint64(1)
	if t.float {
		frac, top := layout(e)
		one = top / 2 << frac
	}
	for _, env := range t.environments() {
		for i := 0; i < count; i++ {
			for _, alone := range []bool{false, true} {
				if alone && (lanes == 1 || !t.float) {
					break
				}
				if !wanted() {
					continue
				}
				rec := env
				rec.SP = edge64(rnd)
				for k := range t.b.X {
					rec.X[k] = operand(i, k%3)
				}
				for k := range t.b.V {
					for lane := range uint(128 / e) {
						v := one
						if !alone || int(lane) == i%lanes {
							v = operand(i+7*int(lane)*b2i(!alone), k%3)
						}
						setElement(&rec.V[k], lane, e, v)
					}
				}
				use(rec)
			}
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestEdges(t *testing.T) {
	u := newDuel(t)
	step, states := 2111, 40
	if testing.Short() {
		step = 10_007
	}
	if v := os.Getenv("NUAGE_EDGES"); v != "" {
		var err error
		step, err = strconv.Atoi(v)
		require.NoError(t, err)
		states = native.MaxRecords
	}
	count := 0
	for _, r := range chosen() {
		if slices.ContainsFunc(r.ops, func(o Operand) bool { return o.Mem }) || strings.Contains(r.Name, "c\t") {
			continue // the operands of those are addresses
		}
		rnd := rand.New(rand.NewPCG(77, uint64(r.index)))
		for _, trial := range widthsOf(r, rnd) {
			trial.b.Records = nil
			flush := func() bool {
				defer func() { trial.b.Records = trial.b.Records[:0] }()
				return len(trial.b.Records) > 0 && u.fight(trial)
			}
			failed := false
			trial.edgeRecords(rnd, func() bool {
				count++
				return count%step == 0 && !failed
			}, func(rec native.Record) {
				if trial.place(len(trial.b.Records), &rec, rnd); len(trial.b.Records) == states {
					failed = flush()
				}
				trial.b.Records = append(trial.b.Records, rec)
			})
			if !failed {
				flush()
			}
			if u.failures > 40 {
				t.Fatal("too many differences")
			}
		}
	}
	t.Logf("%d of %d edges executed", u.executed, count)
}
