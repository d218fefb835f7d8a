package x86

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMandatoryPrefix: an encoder emits what MandatoryPrefix returns, so it
// must be a prefix. (It once was the table's mark for "no F2 or F3".)
func TestMandatoryPrefix(t *testing.T) {
	for _, r := range Rows() {
		require.Contains(t, []uint8{0, 0x66, 0xF2, 0xF3}, r.MandatoryPrefix(), r)
	}
}
