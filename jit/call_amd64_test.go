//go:build linux || windows || freebsd || darwin

package jit

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
)

// conventions are Options for both kinds of generated code.
var conventions = map[string]*Options{"best": {Verify: true}, "portable": {Verify: true, Portable: true}}

// countdown answers calls until there have been enough.
type countdown struct {
	left int
	pcs  map[uint64]int
}

func (c *countdown) Syscall(pc uint64) bool {
	c.pcs[pc]++
	c.left--
	return c.left > 0
}

// TestKernelAnswers: system calls are answered in the middle of a Run, until one
// is not.
func TestKernelAnswers(t *testing.T) {
	for name, o := range conventions {
		t.Run(name, func(t *testing.T) {
			// again: stc; syscall; jnc +2; syscall; jmp again; the carry is live
			s := newSide(t, []byte{0xF9, 0x0F, 0x05, 0x73, 0x02, 0x0F, 0x05, 0xEB, 0xF7}, o)
			defer s.close(t)
			k := &countdown{left: 1001, pcs: map[uint64]int{}}
			s.thread.Kernel = k
			stop := s.engine.Run(s.thread, cpu.Unlimited)
			require.Equal(t, cpu.StopInterrupt, stop.Kind)
			require.Equal(t, map[uint64]int{codeAt + 1: 501, codeAt + 5: 500}, k.pcs)
			state := s.thread.State.(*x86.State)
			require.Equal(t, uint64(codeAt+3), state.PC())
			require.Equal(t, uint64(codeAt+3), state.R[x86.RCX])
			require.Equal(t, state.Flags(), state.R[x86.R11])
			s.thread.Kernel = nil
			require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: codeAt + 5}, s.engine.Run(s.thread, cpu.Unlimited))
		})
	}
}

// TestManyThreads: more threads than there are host stacks take turns, in the
// middle of calls.
func TestManyThreads(t *testing.T) {
	for name, o := range conventions {
		t.Run(name, func(t *testing.T) {
			code := make([]byte, 0x13)
			copy(code, []byte{0xE8, 0x0B, 0, 0, 0, 0x0F, 0x05, 0xEB, 0xF7}) // again: call f; syscall; jmp again
			copy(code[0x10:], []byte{0x0F, 0x05, 0xC3})                     // f: syscall; ret
			s := newSide(t, code, o)
			defer s.close(t)
			threads := make([]*cpu.Thread, maxContexts+10)
			for i := range threads {
				threads[i] = &cpu.Thread{State: s.engine.NewState(), Env: &environment{}}
				threads[i].State.Reset(cpu.Start{PC: codeAt, SP: dataAt + 64*uint64(i+1)})
			}
			for turn := range 6 {
				want := uint64(codeAt + 0x10)
				if turn%2 == 1 {
					want = codeAt + 5
				}
				for i, th := range threads {
					stop := s.engine.Run(th, cpu.Unlimited)
					require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: want}, stop, "thread %d, turn %d", i, turn)
				}
			}
			require.Len(t, s.engine.(*engine).contexts, maxContexts)
		})
	}
}

// TestVectorsAcrossCalls: vector registers are what they were, whether their
// upper halves are in use or not.
func TestVectorsAcrossCalls(t *testing.T) {
	if !supported("AVX, AVX2") {
		t.Skip("the host has no AVX2")
	}
	for name, o := range conventions {
		t.Run(name, func(t *testing.T) {
			s := newSide(t, []byte{
				0x0F, 0x05, // again: syscall
				0x0F, 0x05, // syscall
				0xC5, 0xFD, 0x76, 0xC0, // vpcmpeqd ymm0, ymm0, ymm0
				0x0F, 0x05, // syscall
				0xC5, 0xF8, 0x77, // vzeroupper
				0x0F, 0x05, // syscall
				0xEB, 0xEF, // jmp again
			}, o)
			defer s.close(t)
			state := s.thread.State.(*x86.State)
			run := func() {
				t.Helper()
				require.Equal(t, cpu.StopSyscall, s.engine.Run(s.thread, cpu.Unlimited).Kind)
			}
			const ones = ^uint64(0)
			for round := range uint64(3) {
				var want [16]x86.Vec
				for i := range want {
					want[i] = x86.Vec{uint64(i), round, uint64(i) << 60, 7 * round}
				}
				copy(state.V[:], want[:])
				run()
				require.Equal(t, want[:], state.V[:16])
				for i := range want {
					want[i][2], want[i][3] = 0, 0
				}
				copy(state.V[:], want[:])
				run()
				require.Equal(t, want[:], state.V[:16])
				run()
				want[0] = x86.Vec{ones, ones, ones, ones}
				require.Equal(t, want[:], state.V[:16])
				run()
				want[0][2], want[0][3] = 0, 0
				require.Equal(t, want[:], state.V[:16])
			}
		})
	}
}
