//go:build linux || windows || freebsd || darwin

package jit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
)

// TestExpelDuringDispatch drops all code again and again while a thread jumps
// indirectly, so that it is mostly taken out where it must go on: it must not
// go on in code that has been given back.
func TestExpelDuringDispatch(t *testing.T) {
	t.Run("best", func(t *testing.T) { testExpelDuringDispatch(t, Options{Verify: true}) })
	t.Run("portable", func(t *testing.T) { testExpelDuringDispatch(t, Options{Verify: true, Portable: true}) })
}

func testExpelDuringDispatch(t *testing.T, o Options) {
	// again: lea rax, [rip+again]; jmp rax
	code := []byte{0x48, 0x8D, 0x05, 0xF9, 0xFF, 0xFF, 0xFF, 0xFF, 0xE0}
	other := 0x100
	code = append(code, make([]byte, other-len(code))...)
	code = append(code, 0x0F, 0x05)
	s := newSide(t, code, &o)
	defer s.close(t)
	e := s.engine.(*engine)
	done := make(chan cpu.Stop)
	go func() { done <- s.engine.Run(s.thread, cpu.Unlimited) }()

	second := &cpu.Thread{State: s.engine.NewState(), Env: &environment{}}
	second.State.Reset(cpu.Start{PC: codeAt, SP: dataAt + dataSize/2})
	for begin := time.Now(); time.Since(begin) < 500*time.Millisecond; {
		e.onCode()
		second.State.(*x86.State).SetPC(codeAt + uint64(other))
		stop := s.engine.Run(second, cpu.Unlimited)
		require.Equal(t, cpu.StopSyscall, stop.Kind)
	}
	s.thread.Interrupt()
	require.Equal(t, cpu.StopInterrupt, (<-done).Kind)
}
