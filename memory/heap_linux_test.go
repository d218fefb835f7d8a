//go:build amd64 || arm64

package memory

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// TestForkWithoutHeapFiles: as it is on systems without files in memory.
func TestForkWithoutHeapFiles(t *testing.T) {
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_FSIZE, &limit))
	low := unix.Rlimit{Cur: 1 << 30, Max: limit.Max}
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &low))
	defer func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &limit)) }()
	s, err := New(Options{Form: Window})
	if err != nil {
		t.Skip("this host has no window form")
	}
	require.Nil(t, s.back.(interface{ heap() *heapFile }).heap())
	require.NoError(t, s.Close())
	rapid.Check(t, func(t *rapid.T) { testForkTree(t, Window) })
}

// TestManyGenerations: a family that freezes something new with every Fork
// neither runs out of files nor mixes them up.
func TestManyGenerations(t *testing.T) {
	s, err := New(Options{Form: Window})
	if err != nil {
		t.Skip("this host has no window form")
	}
	defer s.Close()
	before := openFiles()
	var children []*Space
	const n, size = 90, 96 * PageSize
	for i := range uint64(n) {
		addr, err := s.Map(Mapping{Addr: treeBase + i*size, Len: size, Prot: rw, Fixed: true})
		require.NoError(t, err)
		for p := range uint64(96) {
			require.NoError(t, s.StoreAtomic32(addr+p*PageSize, uint32(i+1)))
		}
		c, err := s.Fork()
		require.NoError(t, err)
		children = append(children, c)
	}
	for i, c := range children {
		require.NoError(t, s.StoreAtomic32(treeBase, 0))
		for j := range uint64(n) {
			v, err := c.LoadAtomic32(treeBase + j*size + 95*PageSize)
			if j > uint64(i) {
				require.Error(t, err)
				continue
			}
			require.NoError(t, err)
			require.EqualValues(t, j+1, v)
		}
		require.NoError(t, c.Close())
	}
	require.LessOrEqual(t, openFiles()-before, freezeFiles+2)
}
