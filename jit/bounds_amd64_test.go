//go:build linux || windows

package jit

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// TestInterpretedPlacesAreBounded: a guest with much code that is the
// interpreter's does not make the host remember all of it.
func TestInterpretedPlacesAreBounded(t *testing.T) {
	s := newSide(t, counting, &Options{})
	defer s.close(t)
	e := s.engine.(*engine)
	before := e.epoch.Load()
	for pc := uint64(0x2000_0000); pc < 0x2000_0000+3*maxLeft; pc++ {
		e.mu.Lock()
		e.refresh()
		require.Zero(t, e.find(pc)) // nothing is mapped there
		n := len(e.entries)
		e.mu.Unlock()
		require.LessOrEqual(t, n, maxLeft)
	}
	require.Equal(t, before+3, e.epoch.Load())
	s.thread.State.Reset(cpu.Start{PC: codeAt, SP: dataAt + dataSize/2})
	require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: codeAt + 17}, s.engine.Run(s.thread, cpu.Unlimited))
}

// TestImpossibleTrap: a trap where the translator has made sure of none is the
// end of the program, not of the host's process.
func TestImpossibleTrap(t *testing.T) {
	s := newSide(t, counting, &Options{})
	defer s.close(t)
	s.thread.State.Reset(cpu.Start{PC: codeAt, SP: dataAt + dataSize/2})
	s.engine.Run(s.thread, cpu.Unlimited)
	e, x := s.engine.(*engine), &s.thread.State.(*x86.State).Context
	r := x.Owner.(*thread)
	found := map[rewrite.MarkState]bool{}
	for _, list := range e.units {
		for _, u := range list {
			for _, m := range u.marks {
				if at, ok := e.markAt(u.host + uint64(m.Offset)); !ok || at != m {
					continue // another mark at the same place
				}
				x.Signal, x.TrapPC, x.TrapAddr = kickSignal+1, u.host+uint64(m.Offset), 0
				_, what := r.trapped()
				require.Equal(t, m.State == rewrite.Within || m.State == rewrite.Arriving, what == broken, "%+v", m)
				found[m.State] = true
			}
		}
	}
	require.True(t, found[rewrite.Within] && found[rewrite.Before] && found[rewrite.Arriving], "%v", found)
}
