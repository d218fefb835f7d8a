package abi

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// The pages known as locked are the same as those of a plain set.
func TestLockedPages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l lockedPages
		model := map[uint64]bool{}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			addr := rapid.Uint64Range(0, 20*memory.PageSize).Draw(t, "addr")
			n := rapid.Uint64Range(0, 5*memory.PageSize).Draw(t, "n")
			locks := rapid.Bool().Draw(t, "locks")
			if locks {
				require.Equal(t, cloudabi.ESUCCESS, l.add(addr, n))
			} else {
				l.remove(addr, n)
			}
			if n > 0 {
				for p := addr / memory.PageSize; p <= (addr+n-1)/memory.PageSize; p++ {
					model[p] = locks
				}
			}
			for p := range uint64(30) {
				require.Equal(t, model[p], l.any(p*memory.PageSize, 1), "page %d", p)
			}
		}
		l.remove(0, 1<<32)
		require.Empty(t, l.ranges)
	})
}

func TestLockedPagesAreBounded(t *testing.T) {
	var l lockedPages
	for i := range uint64(maxLockedRanges) {
		require.Equal(t, cloudabi.ESUCCESS, l.add(i*2*memory.PageSize, 1))
	}
	require.Equal(t, cloudabi.EAGAIN, l.add(maxLockedRanges*2*memory.PageSize, 1))
	require.Equal(t, cloudabi.ESUCCESS, l.add(memory.PageSize, 1), "which joins two")
	require.Len(t, l.ranges, maxLockedRanges-1)
	l.remove(0, 1<<32)
	require.Equal(t, cloudabi.ESUCCESS, l.add(0, 1<<32))
	for i := range uint64(maxLockedRanges + 9) {
		l.remove((2*i+1)*memory.PageSize, 1)
	}
	require.LessOrEqual(t, len(l.ranges), maxLockedRanges)
	require.True(t, l.any(0, 1))
	require.False(t, l.any(memory.PageSize, 1))
}

// What is unmapped, or replaced by another mapping, is not locked any more.
func TestUnmappingUnlocks(t *testing.T) {
	invalidate := uint64(cloudabi.MsSync | cloudabi.MsInvalidate)
	fixed := uint64(cloudabi.MapAnon | cloudabi.MapPrivate | cloudabi.MapFixed)
	readWrite := uint64(cloudabi.ProtRead | cloudabi.ProtWrite)
	runEarly(t, func(g *guest) {
		a := g.alloc(3 * memory.PageSize)
		g.oldOK(cloudabi.CallMemLock, a, 3*memory.PageSize)
		g.fails(cloudabi.EINVAL, cloudabi.CallMemMap, a, memory.PageSize, readWrite, fixed|1<<7, uint64(cloudabi.MapAnonFd), 0)
		g.fails(cloudabi.EBUSY, cloudabi.CallMemSync, a, memory.PageSize, invalidate)
		g.ok(cloudabi.CallMemMap, a, memory.PageSize, readWrite, fixed, uint64(cloudabi.MapAnonFd), 0)
		g.ok(cloudabi.CallMemSync, a, memory.PageSize, invalidate)
		g.ok(cloudabi.CallMemUnmap, a+memory.PageSize, memory.PageSize)
		g.fails(cloudabi.ENOMEM, cloudabi.CallMemSync, a+memory.PageSize, memory.PageSize, invalidate)
		g.fails(cloudabi.EBUSY, cloudabi.CallMemSync, a+2*memory.PageSize, memory.PageSize, invalidate)
	})
}
