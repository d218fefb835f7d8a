//go:build linux

package jit

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
)

// TestClock: a system call that reads a clock is over without a stop, with the
// same registers as otherwise, and is one like others if there is anything to it.
func TestClock(t *testing.T) {
	const (
		number, monotonic, realtime = 0x10001, 1, 3
		offset                      = 5_000_000_000_000
		at                          = codeAt + 2
	)
	code := []byte{
		0xF9, 0xFD, // stc; std
		0x0F, 0x05, // syscall, of the clock
		0x0F, 0x92, 0xC3, // setc bl
		0x49, 0x89, 0xC8, // mov r8, rcx
		0x4D, 0x89, 0xD9, // mov r9, r11
		0x0F, 0x05, // syscall
	}
	start := func(s *side, rax, rdi, rdx uint64) *x86.State {
		state := s.thread.State.(*x86.State)
		for i := range 16 {
			if i != x86.RSP {
				state.R[i] = uint64(i) * 0x0123456789ABCDEF
			}
			state.V[i] = x86.Vec{uint64(i), uint64(i) << 50}
		}
		state.R[x86.RAX], state.R[x86.RDI], state.R[x86.RDX] = rax, rdi, rdx
		state.SetPC(codeAt)
		return state
	}
	for name, o := range conventions {
		t.Run(name, func(t *testing.T) {
			plain, quick := newSide(t, code, o), newSide(t, code, o)
			defer plain.close(t)
			defer quick.close(t)
			quick.thread.Clock = &cpu.Clock{PC: at, Number: number, Monotonic: monotonic, Realtime: realtime, Offset: offset}
			answers := vdsoClock != 0 && !o.Portable && hasFSGS
			read := func(id, addr uint64) uint64 {
				state := start(quick, number, id, addr)
				stop := quick.engine.Run(quick.thread, cpu.Unlimited)
				if !answers {
					require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: at}, stop)
					return 0
				}
				require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: codeAt + 13}, stop)
				want := start(plain, number, id, addr)
				require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: at}, plain.engine.Run(plain.thread, cpu.Unlimited))
				want.SetResult(0, 0)
				require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: codeAt + 13}, plain.engine.Run(plain.thread, cpu.Unlimited))
				require.Equal(t, want.R[:16], state.R[:16])
				require.Equal(t, want.V[:16], state.V[:16])
				require.Equal(t, want.Hash(), state.Hash())
				require.Equal(t, uint64(1), state.R[x86.RBX]&0xFF)
				var b [8]byte
				require.NoError(t, quick.space.ReadAt(b[:], addr))
				return binary.LittleEndian.Uint64(b[:])
			}
			last := read(monotonic, dataAt+8)
			for range 3 {
				now := read(0xABC<<32|monotonic, dataAt+3) // the upper half of the number does not count
				require.True(t, !answers || now > last && now > offset)
				last = now
			}
			wall := time.Unix(0, int64(read(realtime, dataAt+0xFFC))) // in two pages
			require.True(t, !answers || time.Since(wall).Abs() < time.Minute)

			for _, c := range []struct {
				what          string
				rax, rdi, rdx uint64
			}{
				{"another call", number + 1, monotonic, dataAt},
				{"another clock", number, 2, dataAt},
				{"an address that is not mapped", number, monotonic, 0x2000},
				{"one that may not be written", number, monotonic, codeAt},
				{"one above the window", number, monotonic, 1<<32 + dataAt},
				{"one at its end", number, monotonic, 1<<32 - 4},
			} {
				state, want := start(quick, c.rax, c.rdi, c.rdx), start(plain, c.rax, c.rdi, c.rdx)
				require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: at}, quick.engine.Run(quick.thread, cpu.Unlimited), c.what)
				require.Equal(t, cpu.StopSyscall, plain.engine.Run(plain.thread, cpu.Unlimited).Kind)
				require.Equal(t, want.Hash(), state.Hash(), c.what)
			}

			// A host stack that is nearly full.
			state := start(quick, number, monotonic, dataAt)
			low := state.Context.StackLow
			state.Context.StackLow = ^uint64(0)
			require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: at}, quick.engine.Run(quick.thread, cpu.Unlimited))
			state.Context.StackLow = low
		})
	}
}
