package jit

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCodeMemory: both kinds of code memory are seen in both mappings, are not
// writable where they are executable, and read as zeros when forgotten.
func TestCodeMemory(t *testing.T) {
	file, err := fileCodeMemory()
	require.NoError(t, err)
	anonymous := anonymousCodeMemory()
	if anonymous == nil {
		t.Log("this host has no second mapping of anonymous memory")
	}
	self, err := os.Open("/proc/self/mem")
	require.NoError(t, err)
	defer self.Close()
	for _, c := range []*codeMemory{file, anonymous} {
		if c == nil {
			continue
		}
		executable := func() string {
			b := make([]byte, 4)
			_, err := self.ReadAt(b, int64(c.exec)+chunkBytes)
			require.NoError(t, err)
			return string(b)
		}
		copy(c.write[chunkBytes:], "code")
		require.Equal(t, "code", executable())
		c.forget(chunkBytes)
		require.Equal(t, "\x00\x00\x00\x00", executable())
		require.Equal(t, "\x00\x00\x00\x00", string(c.write[chunkBytes:chunkBytes+4]))
	}
	maps, err := os.ReadFile("/proc/self/maps")
	require.NoError(t, err)
	for line := range strings.Lines(string(maps)) {
		require.NotContains(t, strings.Fields(line)[1], "wx", "%s", line)
	}
}

// TestNamedChunks: chunks whose code has names are used again last.
func TestNamedChunks(t *testing.T) {
	c, err := fileCodeMemory()
	require.NoError(t, err)
	take := func() int {
		at, ok := c.chunk()
		require.True(t, ok)
		return at
	}
	first, second := take(), take()
	c.release([]int{first}, true)
	c.release([]int{second}, false)
	require.Equal(t, second, take())
	third := take()
	require.NotEqual(t, first, third)
	for range codeBytes/chunkBytes - 3 {
		take()
	}
	require.Equal(t, first, take(), "there are no others")
	_, ok := c.chunk()
	require.False(t, ok)
	c.release([]int{third}, false)
	require.Equal(t, third, take())
}

// TestSpareChunks: some chunks given back keep their memory, and no more than those.
func TestSpareChunks(t *testing.T) {
	c, err := fileCodeMemory()
	require.NoError(t, err)
	var chunks []int
	for range spareChunks + 3 {
		at, ok := c.chunk()
		require.True(t, ok)
		c.write[at] = 1
		chunks = append(chunks, at)
	}
	c.release(chunks, false)
	kept := 0
	for _, at := range chunks {
		kept += int(c.write[at])
	}
	require.Equal(t, spareChunks, kept)
	for range chunks {
		at, ok := c.chunk()
		require.True(t, ok)
		require.Contains(t, chunks, at)
	}
}
