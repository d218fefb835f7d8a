package memory_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/memory"
)

// TestAliased: memory is known by its other address, to the page.
func TestAliased(t *testing.T) {
	for _, form := range []memory.Form{memory.Window, memory.Paged} {
		s, err := memory.New(memory.Options{Form: form})
		if err != nil {
			continue // the form is not there
		}
		const n = 4 * memory.PageSize
		rw := memory.Read | memory.Write
		place := func(addr, offset uint64, o *memory.Object, shared bool) {
			_, err := s.Map(memory.Mapping{Addr: addr, Len: n, Prot: rw, Fixed: true, Shared: shared, Object: o, Offset: offset})
			require.NoError(t, err)
		}
		place(0x10_0000, 0, nil, false)
		require.False(t, s.Aliased(0x10_0000, 0x10_0000, n))
		o, err := memory.NewObject(nil)
		require.NoError(t, err)
		require.NoError(t, o.Truncate(2*n))
		place(0x20_0000, 0, o, true)
		place(0x30_0000, n/2, o, true)
		place(0x40_0000, n, o, false)
		require.True(t, s.Aliased(0x20_0000, 0x30_0000, n))
		require.True(t, s.Aliased(0x30_0000, 0x20_0000, n))
		require.False(t, s.Aliased(0x20_0000, 0x30_0000, n/2), "the first half of one is the second of the other")
		require.True(t, s.Aliased(0x20_0000+n/2, 0x30_0000, 1))
		require.True(t, s.Aliased(0x30_0000, 0x40_0000, n), "a private mapping shows what is written to the object")
		require.False(t, s.Aliased(0x20_0000, 0x40_0000, n))
		require.False(t, s.Aliased(0x20_0000, 0x20_0100, n), "plain overlap")
		child, err := s.Fork()
		require.NoError(t, err)
		require.True(t, child.Aliased(0x20_0000, 0x30_0000, n))
		require.NoError(t, child.Close())
		require.NoError(t, s.Close())
		o.Close()
	}
}
