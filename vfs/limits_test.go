package vfs

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

func TestMemoryLimits(t *testing.T) {
	q := memory.NewQuota(1 << 20)
	dir := NewMemoryOptions(Options{Quota: q, MaxInodes: 100})
	for i := range 100 {
		require.NoError(t, Mkdir(dir, fmt.Sprint("d", i)))
	}
	require.Equal(t, cloudabi.ENOSPC, Mkdir(dir, "more"))
	for i := range 100 {
		require.NoError(t, Unlink(dir, fmt.Sprint("d", i), true))
	}
	require.Zero(t, q.Used(), "all is given back")

	f := open(t, dir, "f", OpenFlags{Read: true, Write: true, Create: true})
	n, err := f.WriteAt(make([]byte, 4<<20), 0)
	require.NoError(t, err)
	require.Less(t, n, 1<<20)
	require.Greater(t, n, 1<<19)
	for err == nil { // smaller pieces may still fit
		var more int
		more, err = f.WriteAt(make([]byte, 512), int64(n))
		n += more
	}
	require.Equal(t, cloudabi.ENOSPC, err)
	require.LessOrEqual(t, q.Used(), q.Limit())
	require.Equal(t, cloudabi.ENOSPC, f.Allocate(0, 1<<21))
	require.NoError(t, f.Truncate(0))
	require.NoError(t, f.Truncate(maxFileSize))
	require.Equal(t, cloudabi.EFBIG, f.Truncate(maxFileSize+1))
	_, err = f.WriteAt([]byte("x"), maxFileSize)
	require.Equal(t, cloudabi.EFBIG, err)
	require.NoError(t, f.Truncate(0))
	require.NoError(t, f.Allocate(0, 1<<19))
	require.Equal(t, cloudabi.ENOSPC, Symlink("x", dir, "s"+fmt.Sprint(fill(dir))))
	_, err = f.WriteAt(make([]byte, 1<<19), 0)
	require.NoError(t, err, "what was allocated can be written")
	require.NoError(t, Unlink(dir, "f", false))
	require.NoError(t, f.Close())
}

// fill makes links until there is no more room.
func fill(dir Dir) int {
	for i := 0; ; i++ {
		if Symlink("x", dir, fmt.Sprint("fill", i)) != nil {
			return i
		}
	}
}

// TestOverlayKeepsLower: whatever is done above, below nothing changes, nothing
// of it stays open, and numbers stay.
func TestOverlayKeepsLower(t *testing.T) {
	base := tempDir(t)
	low := newTestHost(t, base)
	sample(t, low)
	put(t, low, "big", string(make([]byte, 300_000))+"end")
	require.NoError(t, Link(low, "f", false, low, "d/hard"))
	lowFd, err := low.Reopen()
	require.NoError(t, err)
	opened := 1
	q := memory.NewQuota(1 << 30)
	dir, err := NewOverlay(counting{lowFd, &opened}, testClock(), q)
	require.NoError(t, err)

	before, err := Stat(dir, "f", false)
	require.NoError(t, err)
	f := open(t, dir, "f", OpenFlags{Read: true, Write: true})
	_, err = f.WriteAt([]byte("F"), 0)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.Equal(t, "File", get(t, dir, "f"))
	require.Equal(t, "File", get(t, dir, "d/hard"), "the other name of the same file")
	require.Equal(t, "file", get(t, low, "f"))
	after, err := Stat(dir, "f", false)
	require.NoError(t, err)
	require.Equal(t, before.Ino, after.Ino)
	require.Equal(t, before.Nlink, after.Nlink)

	used := q.Used()
	b := open(t, dir, "big", OpenFlags{Read: true, Write: true})
	_, err = b.WriteAt([]byte("x"), 100_000)
	require.NoError(t, err)
	require.Less(t, q.Used()-used, uint64(80_000), "only what was written is taken up")
	got := contents(t, b)
	require.Equal(t, "end", got[300_000:])
	require.Equal(t, byte('x'), got[100_000])
	require.NoError(t, Rename(dir, "d", dir, "d"))
	require.NoError(t, Rename(dir, "f", dir, "d/hard"))
	_, err = Stat(dir, "f", false)
	require.NoError(t, err, "two names of one object below: nothing happens")
	require.NoError(t, Rename(dir, "d", dir, "moved"))
	require.NoError(t, Unlink(dir, "moved/g", false))
	require.NoError(t, Mkdir(dir, "d"))
	require.Empty(t, func() []string { o, _ := Open(dir, "d", OpenOptions{}); defer o.Dir.Close(); return names(t, o.Dir) }())
	require.NoError(t, Rename(dir, "moved/e", dir, "d/e"))
	put(t, dir, "d/e/x", "x")
	require.NoError(t, b.Close())
	require.Equal(t, "end", get(t, dir, "big")[300_000:], "opened again")
	require.Equal(t, 1, opened, "directories below are closed")

	require.Equal(t, "inner", get(t, low, "d/g"))
	require.NoError(t, dir.Close())
	require.Equal(t, 0, opened)
	require.NoError(t, low.Close())
}
