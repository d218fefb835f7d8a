package memory

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestViewsBeyondTheSpace: the kernel passes any 64-bit number it was given by
// the guest, also ones whose end wraps around.
func TestViewsBeyondTheSpace(t *testing.T) {
	for _, form := range []Form{Window, Paged} {
		s, err := New(Options{Form: form})
		if err != nil {
			t.Logf("no %v form here: %v", form, err)
			continue
		}
		for _, addr := range []uint64{1<<64 - 1, 1<<64 - 24, 1 << 63, 1 << 32, 1<<32 - 8, 0} {
			t.Run(fmt.Sprintf("%v/%#x", form, addr), func(t *testing.T) {
				var fault *Fault
				require.ErrorAs(t, s.ReadAt(make([]byte, 24), addr), &fault)
				require.Equal(t, addr, fault.Addr)
				require.ErrorAs(t, s.WriteAt(make([]byte, 24), addr), &fault)
				require.NoError(t, s.ReadAt(nil, addr))
			})
		}
		require.NoError(t, s.Close())
	}
}
