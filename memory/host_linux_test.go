//go:build amd64 || arm64

package memory

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestOwnPagesWithoutPageMap: where the host does not tell of its pages, all
// may be written ones, and those it has told of before are not forgotten.
func TestOwnPagesWithoutPageMap(t *testing.T) {
	const pages, told = 4096, 2048 // which is what one read gets
	m, err := unix.Mmap(-1, 0, pages*PageSize, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANON)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Munmap(m)) }()
	before := pageMap
	defer func() { pageMap = before }()
	for _, c := range []struct{ told, written, first int }{
		{0, 0, 0},
		{told, 0, told},
		{told, 3, told - 3},
	} {
		f, err := hostAnonymousFile()
		require.NoError(t, err)
		at := int64(addressOf(m)) / PageSize * 8
		require.NoError(t, f.Truncate(at+int64(8*c.told)))
		entry := binary.NativeEndian.AppendUint64(nil, pagePresent)
		for i := c.told - c.written; i < c.told; i++ {
			_, err := f.WriteAt(entry, at+int64(8*i))
			require.NoError(t, err)
		}
		pageMap = func() int { return int(f.Fd()) }
		var found [][2]int
		require.NoError(t, hostOwnPages(m, true, func(lo, hi int) error {
			found = append(found, [2]int{lo / PageSize, hi / PageSize})
			return nil
		}))
		require.Equal(t, [][2]int{{c.first, pages}}, found)
		require.NoError(t, f.Close())
	}
}
