package arm64

import (
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWordsAgainstLanes holds the operations on doublewords against the
// element-wise ones of the same meaning.
func TestWordsAgainstLanes(t *testing.T) {
	for _, c := range []struct {
		name  string
		lane  laneFunc
		words [4]wordFunc // for 8, 16, 32 and 64 bits
	}{
		{"add", laneADD, [4]wordFunc{wordADDB, wordADDH, wordADDS, wordADDD}},
		{"sub", laneSUB, [4]wordFunc{wordSUBB, wordSUBH, wordSUBS, wordSUBD}},
		{"neg", laneNEG, [4]wordFunc{wordNEGB, wordNEGH, wordNEGS, wordNEGD}},
		{"mul", laneMUL, [4]wordFunc{1: wordMULH, 2: wordMULS}},
		{"cmeq", laneCMEQ, [4]wordFunc{wordCMEQB, wordCMEQH, wordCMEQS, wordCMEQD}},
		{"cmtst", laneCMTST, [4]wordFunc{wordCMTSTB, wordCMTSTH, wordCMTSTS, wordCMTSTD}},
		{"cmhi", laneCMHI, [4]wordFunc{wordCMHIB, wordCMHIH, wordCMHIS, wordCMHID}},
		{"cmhs", laneCMHS, [4]wordFunc{wordCMHSB, wordCMHSH, wordCMHSS, wordCMHSD}},
		{"cmgt", laneCMGT, [4]wordFunc{wordCMGTB, wordCMGTH, wordCMGTS, wordCMGTD}},
		{"cmge", laneCMGE, [4]wordFunc{wordCMGEB, wordCMGEH, wordCMGES, wordCMGED}},
		{"umax", laneUMAX, [4]wordFunc{wordUMAXB, wordUMAXH, wordUMAXS}},
		{"umin", laneUMIN, [4]wordFunc{wordUMINB, wordUMINH, wordUMINS}},
		{"smax", laneSMAX, [4]wordFunc{wordSMAXB, wordSMAXH, wordSMAXS}},
		{"smin", laneSMIN, [4]wordFunc{wordSMINB, wordSMINH, wordSMINS}},
		{"cmeq0", laneCMEQ0, [4]wordFunc{wordCMEQ0B, wordCMEQ0H, wordCMEQ0S, wordCMEQ0D}},
		{"cmlt0", laneCMLT0, [4]wordFunc{wordCMLT0B, wordCMLT0H, wordCMLT0S, wordCMLT0D}},
		{"cnt", laneCNT, [4]wordFunc{0: wordCNT}},
		{"not", laneNOT, [4]wordFunc{wordNOT, wordNOT, wordNOT, wordNOT}},
	} {
		rnd := rand.New(rand.NewPCG(1, 2))
		for range 5000 {
			n, m := edgeVector(rnd), edgeVector(rnd)
			if rnd.IntN(4) == 0 {
				m = n ^ 1<<rnd.IntN(64)
			}
			for w, f := range c.words {
				if f == nil {
					continue
				}
				e := uint(8) << w
				require.Equal(t, lanes(c.lane, new(State), 0, n, m, e), f(n, m), "%s.%d of %016x and %016x", c.name, e, n, m)
			}
		}
	}
}

// TestShiftWords is the same for shifts by an immediate, with every amount.
func TestShiftWords(t *testing.T) {
	for _, c := range []struct {
		name  string
		lane  laneFunc
		words [4]wordFunc
		right uint64 // 1: amounts from 1 to the width, else from 0 to less
	}{
		{"shl", laneSHL, [4]wordFunc{wordSHLB, wordSHLH, wordSHLS, wordSHLD}, 0},
		{"ushr", laneUSHR, [4]wordFunc{wordUSHRB, wordUSHRH, wordUSHRS, wordUSHRD}, 1},
		{"sshr", laneSSHR, [4]wordFunc{1: wordSSHRH, 2: wordSSHRS, 3: wordSSHRD}, 1},
	} {
		rnd := rand.New(rand.NewPCG(1, 3))
		for w, f := range c.words {
			e := uint64(8) << w
			for k := c.right; f != nil && k < e+c.right; k++ {
				for range 100 {
					n := edgeVector(rnd)
					require.Equal(t, shiftLanes(c.lane, new(State), 0, n, k, uint(e)), f(n, k), "%s.%d of %016x by %d", c.name, e, n, k)
				}
			}
		}
	}
}

// TestEstimateTables checks the tables against the estimates' definition: the
// best approximation of 1/x and 1/√x for the middle of the operand's interval.
func TestEstimateTables(t *testing.T) {
	for i, v := range estimateTables().recip {
		x := (float64(i) + 256.5) / 512 // in [0.5, 1)
		require.InDelta(t, 256/x, float64(v), 0.5001, "%d", i)
	}
	require.Equal(t, uint16(511), estimateTables().recip[0])
	require.Equal(t, uint16(256), estimateTables().recip[255])
	require.Equal(t, uint16(511), estimateTables().recipSqrt[0])
	require.Equal(t, uint16(256), estimateTables().recipSqrt[383])
}

// TestSubstitutionBox pins FIPS 197's figure 7 at its ends, and that the
// inverse is one.
func TestSubstitutionBox(t *testing.T) {
	require.Equal(t, []byte{0x63, 0x7c, 0x77, 0x7b}, sboxes().sub[:4])
	require.Equal(t, byte(0x16), sboxes().sub[255])
	for i := range 256 {
		require.Equal(t, byte(i), sboxes().inverse[sboxes().sub[i]])
	}
}

// TestCarrylessProduct holds the product of 64 bits against its definition.
func TestCarrylessProduct(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 4))
	for range 2000 {
		a, b := edgeVector(rnd), edgeVector(rnd)
		var want [2]uint64
		for v := b; v != 0; v &= v - 1 {
			k := bits.TrailingZeros64(v)
			want[0] ^= a << k
			want[1] ^= a >> (64 - k)
		}
		require.Equal(t, want, pmull64(a, b))
	}
}
