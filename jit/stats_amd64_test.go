//go:build linux || windows || freebsd || darwin

package jit

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/memory"
)

// TestStats: what a small program does is counted, and no more.
func TestStats(t *testing.T) {
	// cpuid, which is the interpreter's; then counting
	code := slices.Concat([]byte{0x0F, 0xA2}, counting)
	var closed Stats
	s := newSide(t, code, &Options{Verify: true, Closed: func(s Stats) { closed = s }})
	stats := func() Stats { return s.engine.(Counter).Stats() }
	require.Equal(t, Stats{}, stats())
	stop := s.engine.Run(s.thread, cpu.Unlimited)
	require.Equal(t, cpu.StopSyscall, stop.Kind)
	first := stats()
	require.Equal(t, map[string]uint64{"cpuid": 1}, first.Interpreted)
	require.Equal(t, uint64(1), first.Left.Syscall)
	if runtime.GOOS != "windows" { // its clock is coarse
		require.NotZero(t, first.Time)
	}
	require.NotZero(t, first.Units)
	require.GreaterOrEqual(t, first.Instructions, uint64(6))
	require.GreaterOrEqual(t, first.GuestBytes, uint64(len(counting)-1))
	require.Greater(t, first.HostBytes, first.GuestBytes)
	require.LessOrEqual(t, first.Connected, first.Exits)
	require.Less(t, first.Left.Sum(), uint64(20), "a thousand turns of a loop do not leave generated code")
	require.Zero(t, first.Flushes)

	// Again: all is there, so nothing is translated.
	state := s.thread.State.(*x86.State)
	state.SetPC(codeAt + 2)
	s.engine.Run(s.thread, cpu.Unlimited)
	second := stats()
	require.Equal(t, first.Units, second.Units)
	require.Equal(t, uint64(2), second.Left.Syscall)

	// Code that changes is translated again.
	require.NoError(t, s.space.Protect(codeAt, guestCode, memory.Write))
	require.NoError(t, s.space.Protect(codeAt, guestCode, memory.Read|memory.Exec))
	state.SetPC(codeAt)
	s.engine.Run(s.thread, cpu.Unlimited)
	third := stats()
	require.Equal(t, uint64(1), third.Flushes)
	require.Greater(t, third.Units, second.Units)
	require.Equal(t, map[string]uint64{"cpuid": 2}, third.Interpreted)

	s.close(t)
	require.Equal(t, third, closed)
	require.Equal(t, third, stats())
	closed.Add(third)
	require.Equal(t, 2*third.Units, closed.Units)
	require.Equal(t, uint64(4), closed.Interpreted["cpuid"])
	require.Equal(t, uint64(2), third.Interpreted["cpuid"])
}

// TestStatsOfBudgets: the ends of budgets are no fallbacks.
func TestStatsOfBudgets(t *testing.T) {
	s := newSide(t, counting, &Options{Metered: true})
	defer s.close(t)
	for range 100 {
		require.Equal(t, cpu.StopBudget, s.engine.Run(s.thread, 7).Kind)
	}
	stats := s.engine.(Counter).Stats()
	require.Empty(t, stats.Interpreted)
	require.NotZero(t, stats.Left.Budget)
}

// TestBudgetsInTheMiddle: where budgets end in the middle of code, it is not
// translated again for each place.
func TestBudgetsInTheMiddle(t *testing.T) {
	const additions = 90
	code := append(bytes.Repeat([]byte{0x48, 0x83, 0xC0, 0x01}, additions), 0xE9) // add rax, 1; jmp
	code = binary.LittleEndian.AppendUint32(code, -uint32(len(code)+4))
	s := newSide(t, code, &Options{Metered: true, Verify: true})
	defer s.close(t)
	s.thread.State.Reset(cpu.Start{PC: codeAt, SP: dataAt + dataSize/2})
	sum := uint64(0)
	for i := range uint64(300) {
		require.Equal(t, cpu.StopBudget, s.engine.Run(s.thread, 1000+i).Kind)
		sum += 1000 + i
		require.Equal(t, sum, s.thread.Retired)
	}
	rounds, more := sum/(additions+1), sum%(additions+1)
	require.Equal(t, rounds*additions+min(more, additions), s.thread.State.(*x86.State).R[x86.RAX])
	require.LessOrEqual(t, s.engine.(Counter).Stats().Units, uint64(3))
}
