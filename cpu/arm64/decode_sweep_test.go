package arm64

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu/arm64/native"
)

// The sweep of the encoding space. Its words are
//
//   - for each row, instances with each of the fixed bits flipped, where the
//     mistakes of a table are, and with no bit flipped;
//   - one for each combination of bits 31 to 21 and 15 to 10, which tell nearly
//     all instructions apart, the rest at random;
//   - words at random.
//
// NUAGE_SWEEP=n takes n times as many, and all of them against all oracles.
//
//	NUAGE_SWEEP=20 go test -v -run 'TestSweep' -timeout 0 ./cpu/arm64

func sweepEffort(t testing.TB) int {
	n, err := strconv.Atoi(cmpOr(os.Getenv("NUAGE_SWEEP"), "0"))
	require.NoError(t, err)
	return n
}

func cmpOr(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}

// neighbours are words near a row's: as many instances, each with one fixed bit
// flipped, as there are fixed bits.
func neighbours(r *Row, rnd *rand.Rand) (words []uint32) {
	for bit := range 32 {
		if r.mask>>bit&1 != 0 {
			words = append(words, r.Instance(rnd)^1<<bit)
		}
	}
	return append(words, r.Instance(rnd))
}

// strata are words with every combination of the bits that matter most, or with
// every step-th.
func strata(step int, rnd *rand.Rand) (words []uint32) {
	for i := rnd.IntN(step); i < 1<<17; i += step {
		n := uint32(i)
		words = append(words, n>>6<<21|n&63<<10|rnd.Uint32()&0x001f03ff)
	}
	return words
}

func sweepWords(rounds int, seed uint64) (words []uint32) {
	rnd := rand.New(rand.NewPCG(seed, 31))
	step := 1
	if rounds == 0 {
		rounds, step = 1, 16
	}
	for range rounds {
		for _, r := range Rows() {
			if step > 1 && rnd.IntN(4) != 0 {
				continue
			}
			words = append(words, neighbours(r, rnd)...)
		}
		words = append(words, strata(step, rnd)...)
		for range 1 << 17 / step {
			words = append(words, rnd.Uint32())
		}
	}
	return words
}

// TestSweepTexts holds the sweep against the texts of objdump and x/arch.
func TestSweepTexts(t *testing.T) {
	n := sweepEffort(t)
	swept, known := 0, 0
	for seed := range max(1, uint64(n)) {
		words := sweepWords(min(n, 1), seed+1)
		compareTexts(t, words)
		known += compareWithGo(t, words)
		swept += len(words)
	}
	t.Logf("%d words, of which x/arch knows %d", swept, known)
}

// mayProbe reports whether a word may be executed among others: it neither
// branches nor waits nor calls the system.
func mayProbe(w uint32, d *Inst) bool {
	if d.Row == nil {
		// Allocated or not, these would leave: exceptions and branches.
		return w>>26 != 0x35 || w>>24 == 0xd5
	}
	return d.Row.Attr&Ends == 0 && !(d.Row.Name == "hint" && d.Field('i') < 4)
}

// crashed is the answer about a word that ends the server.
const crashed = 0xdead

// probe executes words; those that the server does not survive are found by
// halving.
func (u *duel) probe(model string, words []uint32) []uint16 {
	signals, err := u.machine(model).Probe(words)
	if err == nil {
		return signals
	}
	delete(u.machines, model)
	if len(words) == 1 {
		return []uint16{crashed}
	}
	half := len(words) / 2
	return append(u.probe(model, words[:half]), u.probe(model, words[half:])...)
}

// TestSweepLegality executes the sweep: what decodes must be an instruction for
// qemu with all extensions, and what does not must be none for a processor
// that has those of the presented one (but for JSCVT and FCMA) and few others.
func TestSweepLegality(t *testing.T) {
	u := newDuel(t)
	n := sweepEffort(t)
	bad := map[string]int{}
	report := func(w uint32, d *Inst, text string) {
		key := fmt.Sprintf("%x", w>>21)
		if d.Row != nil {
			key = d.Row.Name
		}
		if bad[key]++; bad[key] <= 2 && len(bad) < 60 {
			t.Errorf("%08x %s: %s", w, textOf(w), text)
		}
	}
	const sigILL = 4
	probed := 0
	for seed := range max(1, uint64(n)) {
		words := sweepWords(min(n, 1), seed+1)
		for _, m := range []string{native.All, native.Plain} {
			var list []uint32
			for _, w := range words {
				var d Inst
				legal := DecodeWord(&d, w, native.Slot) == nil
				if legal == (m == native.All) && mayProbe(w, &d) && (legal || !extra(w)) {
					list = append(list, w)
				}
			}
			for part := range slices.Chunk(list, native.MaxProbes) {
				signals := u.probe(m, part)
				for i, w := range part {
					probed++
					var d Inst
					switch legal := DecodeWord(&d, w, native.Slot) == nil; {
					case legal && signals[i] == sigILL:
						report(w, &d, "qemu says it is illegal")
					case signals[i] == crashed:
						report(w, &d, "qemu gives up")
					case !legal && signals[i] != sigILL && signals[i] != native.NotReached:
						report(w, &d, fmt.Sprintf("is illegal here; qemu executes it, with signal %d", signals[i]))
					}
				}
			}
		}
	}
	t.Logf("%d words executed", probed)
}

func textOf(w uint32) string {
	var d Inst
	if DecodeWord(&d, w, 0) != nil {
		return "undefined"
	}
	return d.Text(nil)
}

// encodings are a part of the space: the words with value under mask.
type encodings struct {
	mask, value uint32
	why         string
}

// later are instructions of extensions that the plain processor has and the
// presented one has not.
var later = []encodings{
	{0x3fa08000, 0x08800000, "FEAT_LOR: LDLAR, STLLR"},
}

// accepted are encodings that the manual leaves unallocated and qemu 7.2
// executes nevertheless, or gives up on.
var accepted = []encodings{
	{0xbf7ffc00, 0x0e70c800, "FMAXNMV, FMINNMV, half precision, with size<0> = 1: C4.1.96, Advanced SIMD across lanes, U = 0, size = x1"},
	{0xbf7ffc00, 0x0e70f800, "FMAXV, FMINV, half precision, with size<0> = 1: the same"},
	{0xff7ffc00, 0x5e70c800, "FMAXNMP, FMINNMP, scalar, half precision, with size<0> = 1: C4.1.96, Advanced SIMD scalar pairwise, U = 0, size = x1"},
	{0xff7ffc00, 0x5e70f800, "FMAXP, FMINP, scalar, half precision, with size<0> = 1: the same"},
	{0xff7ffc00, 0x5e70d800, "FADDP, scalar, half precision, with size<0> = 1: the same"},
	{0xfffffc00, 0x5ef8f800, "FABS of a scalar among the vector instructions: C4.1.96, Advanced SIMD scalar two-register miscellaneous FP16, U = 0, a = 1, opcode = 01111: qemu gives up with a failed assertion"},
	{0xfffffc00, 0x7ef9f800, "FSQRT of a scalar there: the same, U = 1, a = 1, opcode = 11111"},
	{0xfffffc00, 0x7ef8f800, "FNEG of a scalar among the vector instructions: C4.1.96, Advanced SIMD scalar two-register miscellaneous FP16, U = 1, a = 1, opcode = 01111"},
	{0xbffffc00, 0x0ef9f800, "C4.1.96, Advanced SIMD two-register miscellaneous FP16, U = 0, a = 1, opcode = 11111: qemu gives up with a failed assertion"},
	{0xbff8fc00, 0x2f00fc00, "FMOV, half precision, with op = 1: C4.1.96, Advanced SIMD modified immediate, op = 1, cmode = 1111, o2 = 1"},
}

// extra says of an illegal word that the plain processor has it nevertheless.
func extra(w uint32) bool {
	has := func(e encodings) bool { return w&e.mask == e.value }
	return slices.ContainsFunc(later, has) || slices.ContainsFunc(accepted, has)
}
