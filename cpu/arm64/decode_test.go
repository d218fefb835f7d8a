package arm64

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRowsDecodeToThemselves: every row's own word, all fields zero or all
// ones, decodes to that row or to a more specific one, or is refused by an
// operand.
func TestRowsDecodeToThemselves(t *testing.T) {
	for _, r := range Rows() {
		hits := 0
		for i := range uint32(4000) {
			w := i*0x9e3779b9 ^ i<<7
			w = w&^r.mask | r.value
			var d Inst
			if DecodeWord(&d, w, 0x10000) == nil && d.Row == r {
				if hits++; hits < 8 {
					require.NotEmpty(t, d.Text(nil))
				}
			}
		}
		require.Positive(t, hits, "%v is never reached", r)
	}
}
