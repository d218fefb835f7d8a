package host

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRandomDevice: both sources fill all of what they are given, beyond what
// getrandom(2) gives at once.
func TestRandomDevice(t *testing.T) {
	for name, fill := range map[string]func([]byte){"call": random, "device": randomDevice} {
		p := make([]byte, 1<<20)
		fill(p)
		for part := range slices.Chunk(p, 32) {
			require.NotEqual(t, make([]byte, 32), part, name)
		}
		q := make([]byte, 32)
		fill(q)
		require.False(t, bytes.Contains(p, q), name)
		fill(nil)
	}
}
