//go:build linux || windows

package jit

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
)

// TestStarved: when other engines have all code memory the interpreter does it,
// in strides; when some is given back there is generated code again.
func TestStarved(t *testing.T) {
	for _, o := range []Options{{}, {Metered: true}} {
		s := newSide(t, counting, &o)
		e := s.engine.(*engine)
		run := func() {
			s.thread.State.Reset(cpu.Start{PC: codeAt, SP: dataAt + dataSize/2})
			require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: codeAt + 17}, s.engine.Run(s.thread, cpu.Unlimited))
			require.Equal(t, uint64(1000*1001/2), s.thread.State.(*x86.State).R[x86.RAX])
		}
		c := e.code
		c.mu.Lock()
		touched, free, named := c.touched, c.free, c.named
		c.touched, c.free, c.named = codeBytes/chunkBytes, nil, nil
		c.mu.Unlock()
		for range 3 {
			run()
		}
		require.Zero(t, e.stats.Units)
		require.LessOrEqual(t, e.epoch.Load(), uint64(1), "nothing to give up")
		c.mu.Lock()
		c.touched, c.free, c.named = touched, free, named
		c.mu.Unlock()
		for range 3 {
			run()
		}
		require.NotZero(t, e.stats.Units)
		require.False(t, e.starved.Load())
		s.close(t)
	}
}
