//go:build linux || windows || freebsd || darwin

package jit

import (
	"encoding/binary"
	"io"
	"runtime"
	"runtime/pprof"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
)

// both runs a test with the best code and with that for other hosts.
func both(t *testing.T, o Options, f func(t *testing.T, o Options)) {
	for name, portable := range map[string]bool{"best": false, "portable": true} {
		t.Run(name, func(t *testing.T) {
			o.Portable = portable
			f(t, o)
		})
	}
}

// recursion is: call f; syscall; f: dec ecx; jz out; call f; add rax, 1; out: ret
var recursion = []byte{
	0xE8, 0x02, 0x00, 0x00, 0x00, 0x0F, 0x05,
	0xFF, 0xC9, 0x74, 0x09, 0xE8, 0xF7, 0xFF, 0xFF, 0xFF, 0x48, 0x83, 0xC0, 0x01, 0xC3,
}

// TestDeepCalls: more calls than the host stack holds, again and again.
func TestDeepCalls(t *testing.T) {
	both(t, Options{Verify: true}, func(t *testing.T, o Options) {
		s := newSide(t, recursion, &o)
		defer s.close(t)
		state := s.thread.State.(*x86.State)
		for range 20 {
			s.thread.State.Reset(cpu.Start{PC: codeAt, SP: dataAt + dataSize - 64})
			state.R[x86.RCX] = 60_000
			require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: codeAt + 5}, s.engine.Run(s.thread, cpu.Unlimited))
			require.Equal(t, uint64(59_999), state.R[x86.RAX])
			require.Equal(t, uint64(dataAt+dataSize-64), state.SP())
		}
	})
}

// TestPreciseFaults: an access that is refused, and a division, leave the
// registers as they were, at the instruction's address.
func TestPreciseFaults(t *testing.T) {
	// mov eax, 7; mov r13, rdi; mov [r13 + rsi*2 + 0x10], r9; nop; div ecx
	code := []byte{0xB8, 7, 0, 0, 0, 0x49, 0x89, 0xFD, 0x4D, 0x89, 0x4C, 0x75, 0x10, 0x90, 0xF7, 0xF1}
	both(t, Options{Verify: true}, func(t *testing.T, o Options) {
		s := newSide(t, code, &o)
		defer s.close(t)
		state := s.thread.State.(*x86.State)
		for range 100 {
			s.thread.State.Reset(cpu.Start{PC: codeAt, SP: dataAt + dataSize/2})
			state.R[x86.RDI], state.R[x86.RSI], state.R[x86.R9] = 0x2000, 0x4000, 0x1234
			stop := s.engine.Run(s.thread, cpu.Unlimited)
			require.Equal(t, cpu.StopFault, stop.Kind)
			require.Equal(t, uint64(codeAt+8), stop.PC)
			require.Equal(t, uint64(0xA010), stop.Fault.Addr)
			require.Equal(t, uint64(7), state.R[x86.RAX])
			require.Equal(t, uint64(0x2000), state.R[x86.R13])

			state.SetPC(codeAt + 13)
			stop = s.engine.Run(s.thread, cpu.Unlimited)
			require.Equal(t, uint64(codeAt+14), stop.PC)
			require.Equal(t, cpu.StopArithmetic, stop.Kind)
		}
	})
}

// TestInterruptEndless: a thread that does nothing but jump comes out when it
// is asked to.
func TestInterruptEndless(t *testing.T) {
	both(t, Options{Verify: true}, func(t *testing.T, o Options) {
		s := newSide(t, []byte{0xEB, 0xFE}, &o)
		defer s.close(t)
		for range 50 {
			done := make(chan cpu.Stop)
			go func() { done <- s.engine.Run(s.thread, cpu.Unlimited) }()
			s.thread.Interrupt()
			select {
			case stop := <-done:
				require.Equal(t, cpu.Stop{Kind: cpu.StopInterrupt, PC: codeAt}, stop)
			case <-time.After(time.Minute):
				require.Fail(t, "still running")
			}
		}
	})
}

// TestSpilledRegisters: all registers come out as they went in.
func TestSpilledRegisters(t *testing.T) {
	both(t, Options{Verify: true}, func(t *testing.T, o Options) {
		code := make([]byte, 0, 64)
		for r := range byte(16) { // add r, r + 1 as an immediate
			if r != x86.RSP {
				code = append(code, 0x48|r>>3, 0x81, 0xC0|r&7)
				code = binary.LittleEndian.AppendUint32(code, uint32(r)+1)
			}
		}
		s := newSide(t, append(code, 0x0F, 0x05), &o)
		defer s.close(t)
		state := s.thread.State.(*x86.State)
		for r := range uint64(16) {
			if r != x86.RSP {
				state.R[r] = r << 32
			}
		}
		require.Equal(t, cpu.StopSyscall, s.engine.Run(s.thread, cpu.Unlimited).Kind)
		for r := range uint64(16) {
			if r != x86.RSP && r != x86.RCX && r != x86.R11 {
				require.Equal(t, r<<32+r+1, state.R[r], x86.RegName(uint8(r), 8))
			}
		}
	})
}

// TestProfiledAndCollected: Go's profiler and its garbage collector stop threads
// wherever they are, in generated code and on the way in and out.
func TestProfiledAndCollected(t *testing.T) {
	both(t, Options{Verify: true}, func(t *testing.T, o Options) {
		s := newSide(t, counting, &o)
		defer s.close(t)
		runtime.SetCPUProfileRate(1000) // StartCPUProfile says that it cannot change that
		require.NoError(t, pprof.StartCPUProfile(io.Discard))
		defer pprof.StopCPUProfile()
		stop := make(chan struct{})
		var collector sync.WaitGroup
		collector.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					runtime.GC()
				}
			}
		})
		state := s.thread.State.(*x86.State)
		for begin := time.Now(); time.Since(begin) < 300*time.Millisecond; {
			s.thread.State.Reset(cpu.Start{PC: codeAt, SP: dataAt + dataSize/2})
			require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: codeAt + 17}, s.engine.Run(s.thread, cpu.Unlimited))
			require.Equal(t, uint64(1000*1001/2), state.R[x86.RAX])
		}
		close(stop)
		collector.Wait()
	})
}
