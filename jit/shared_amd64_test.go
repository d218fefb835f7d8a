//go:build linux || windows

package jit

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/memory"
)

// sums computes in RAX what depends on every byte of it, over several units, and
// makes a system call.
func sums(last byte) []byte {
	code := []byte{0xB8, 1, 0, 0, 0} // mov eax, 1
	for i := range byte(100) {
		code = append(code,
			0x6B, 0xC0, 3, // imul eax, eax, 3
			0x83, 0xC0, i, // add eax, i
		)
	}
	return append(code,
		0xE8, 5, 0, 0, 0, // call f
		0x83, 0xC0, 7, // add eax, 7
		0x0F, 0x05, // syscall
		0x83, 0xF0, last, // f: xor eax, last
		0xC3, // ret
	)
}

// runSums runs the code in a new space and returns RAX and the engine's counts.
func runSums(t *testing.T, code []byte, o *Options) (rax uint64, shared, units uint64) {
	t.Helper()
	s := newSide(t, code, o)
	defer s.close(t)
	stop := s.engine.Run(s.thread, cpu.Unlimited)
	require.Equal(t, cpu.StopSyscall, stop.Kind)
	if c, ok := s.engine.(Counter); ok {
		shared, units = c.Stats().Shared, c.Stats().Units
	}
	return s.thread.State.(*x86.State).R[x86.RAX], shared, units
}

// TestSharedTranslations: an engine uses what another has made of the same code,
// and not what it has made of other code at the same address.
func TestSharedTranslations(t *testing.T) {
	for name, o := range conventions {
		t.Run(name, func(t *testing.T) {
			for _, verify := range []bool{false, true} {
				o := *o
				o.Verify = verify
				runSums(t, sums(1), &o) // it may be the first engine
				for _, last := range []byte{2, 1, 2, 1} {
					want, _, _ := runSums(t, sums(last), nil)
					got, shared, units := runSums(t, sums(last), &o)
					require.Equal(t, want, got)
					require.Less(t, shared, units, "the last unit is another one")
					got, shared, units = runSums(t, sums(last), &o)
					require.Equal(t, want, got)
					require.Equal(t, units, shared)
				}
			}
		})
	}
}

// TestSharedConventions: what engines have translated differently they do not share.
func TestSharedConventions(t *testing.T) {
	code := sums(3)
	want, _, _ := runSums(t, code, nil)
	for range 2 {
		for _, o := range conventions {
			got, _, _ := runSums(t, code, o)
			require.Equal(t, want, got)
		}
	}
}

// TestSharedEnd: a translation of code that went on is not for a space in which
// it ends sooner, and that of code that ended is for one in which it goes on.
func TestSharedEnd(t *testing.T) {
	const before = 64                                      // bytes that are run in the last page but one
	code := slices.Repeat([]byte{0xFF, 0xC0}, guestCode/2) // inc eax
	copy(code[guestCode-2:], []byte{0x0F, 0x05})           // syscall
	run := func(end uint64) (uint64, cpu.StopKind) {
		s := newSide(t, code, &Options{})
		defer s.close(t)
		if end < guestCode {
			require.NoError(t, s.space.Unmap(codeAt+end, guestCode-end))
		}
		s.thread.State.Reset(cpu.Start{PC: codeAt + guestCode - memory.PageSize - before, SP: dataAt + dataSize/2})
		stop := s.engine.Run(s.thread, cpu.Unlimited)
		return s.thread.State.(*x86.State).R[x86.RAX], stop.Kind
	}
	for range 3 {
		n, kind := run(guestCode)
		require.Equal(t, cpu.StopSyscall, kind)
		require.EqualValues(t, (before+memory.PageSize-2)/2, n)
		n, kind = run(guestCode - memory.PageSize)
		require.Equal(t, cpu.StopFault, kind)
		require.EqualValues(t, before/2, n)
	}
}

// TestSharedIsBounded: the cache begins anew when it is full.
func TestSharedIsBounded(t *testing.T) {
	var c translationCache
	require.False(t, c.join())
	require.True(t, c.join())
	tr := rewrite.NewTranslator(rewrite.Options{Supported: supported})
	code := slices.Repeat([]byte{0x83, 0xC0, 1}, 200)
	fetch := func(base uint64) func(uint64) []byte {
		return func(pc uint64) []byte { return code[pc-base:] }
	}
	var last uint64
	emptied := 0
	for pc := uint64(0x1000); emptied < 2; pc += 0x1000 {
		u, ok := tr.Translate(pc, fetch(pc))
		require.True(t, ok)
		before := len(c.units)
		kept := c.put(cacheKey{pc: pc}, tr, u)
		require.Equal(t, u.Code, kept.Code)
		require.LessOrEqual(t, c.size, cacheBytes)
		if len(c.units) < before {
			emptied++
			require.Nil(t, c.get(cacheKey{pc: last}, fetch(last)))
		}
		require.Same(t, kept, c.get(cacheKey{pc: pc}, fetch(pc)))
		require.Nil(t, c.get(cacheKey{pc: pc, indirect: true}, fetch(pc)))
		require.Nil(t, c.get(cacheKey{pc: pc}, func(at uint64) []byte { return code[at-pc : min(uint64(u.Bytes-1), at-pc+20)] }))
		last = pc
	}
	size := 0
	for _, s := range c.units {
		size += s.bytes()
	}
	require.Equal(t, size, c.size)
	u, _ := tr.Translate(last, fetch(last))
	c.put(cacheKey{pc: last}, tr, u) // in place of the other
	require.Equal(t, size, c.size)
}
