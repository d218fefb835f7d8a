package abi

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

func TestExitCode(t *testing.T) {
	w := newWorld(t, Limits{})
	p := w.start(t.Context(), func(g *guest) { g.exit(0xdeadbeef) })
	require.Equal(t, ExitStatus{Code: 0xdeadbeef}, w.wait(p))
	require.Empty(t, w.m.Processes())
}

func TestClocks(t *testing.T) {
	run(t, func(g *guest) {
		for id := uint64(1); id <= 4; id++ {
			require.EqualValues(g, 7, g.ok(cloudabi.CallClockResGet, id))
		}
		require.EqualValues(g, 1e9, g.ok(cloudabi.CallClockTimeGet, 1, 0))
		require.EqualValues(g, uint64(testRealtime+1e9), g.ok(cloudabi.CallClockTimeGet, 3, 1000))
		g.ok(cloudabi.CallClockTimeGet, 2, 0)
		g.ok(cloudabi.CallClockTimeGet, 4, 0)
		for _, id := range []uint64{0, 5, 0xffffffff} {
			g.fails(cloudabi.EINVAL, cloudabi.CallClockResGet, id)
			g.fails(cloudabi.EINVAL, cloudabi.CallClockTimeGet, id, 0)
		}
		// Only the declared width of an argument counts.
		g.ok(cloudabi.CallClockResGet, 0xabcd00000001)
	})
}

func TestRandom(t *testing.T) {
	run(t, func(g *guest) {
		const n = 300000
		a := g.alloc(n)
		g.ok(cloudabi.CallRandomGet, a, n)
		require.NotContains(g, g.load(a, n), byte(0), "the test's host hands out no zeros")
		g.ok(cloudabi.CallRandomGet, 0, 0)
		g.fails(cloudabi.EFAULT, cloudabi.CallRandomGet, 0, 1)
		g.fails(cloudabi.EFAULT, cloudabi.CallRandomGet, a, 1<<63)
		g.fails(cloudabi.EFAULT, cloudabi.CallRandomGet, 1<<32+a, 1)
	})
}

func TestOutputPointers(t *testing.T) {
	run(t, func(g *guest) {
		a := g.put(make([]byte, 16))
		// An output that is narrower than a register leaves the rest alone.
		g.store64(a, ^uint64(0))
		require.Equal(g, cloudabi.ESUCCESS, g.sysC(cloudabi.CallFdCreate1, uint64(cloudabi.FiletypeSharedMemory), a))
		require.Equal(g, uint64(0xffffffff00000000), g.load64(a))
		require.Equal(g, cloudabi.EFAULT, g.sysC(cloudabi.CallClockResGet, 1, 16))
		require.Equal(g, cloudabi.EFAULT, g.sysC(cloudabi.CallClockResGet, 1, 1<<40))
		// Outputs are stored only on success.
		g.store64(a, 77)
		require.Equal(g, cloudabi.EINVAL, g.sysC(cloudabi.CallClockResGet, 9, a))
		require.EqualValues(g, 77, g.load64(a))
		// The seventh C argument is on the stack.
		out := g.ok(cloudabi.CallMemMap, 0, 4096, 6, 5, 0xffffffff, 0)
		require.NotZero(g, out)
		require.EqualValues(g, 0, g.load64(out))
	})
}

func TestTraps2015(t *testing.T) {
	run(t, func(g *guest) {
		r, errno := g.trap(0, 1)
		require.Zero(g, errno)
		require.EqualValues(g, 7, r[0])
		_, errno = g.trap(0, 99)
		require.Equal(g, cloudabi.EINVAL, errno)
		_, errno = g.trap(58)
		require.Equal(g, cloudabi.ENOSYS, errno)
		_, errno = g.trap(1 << 40)
		require.Equal(g, cloudabi.ENOSYS, errno)
		// A stub's private number means nothing outside the vDSO.
		_, errno = g.trap(0x10000, 1)
		require.Equal(g, cloudabi.ENOSYS, errno)
		// No output: the first result is 0; the second is left alone.
		g.s.result = [2]uint64{5, 6}
		g.s.number, g.s.args[0] = 56, 0
		g.stop(cpu.Stop{Kind: cpu.StopSyscall, PC: 0x400000})
		require.Equal(g, [2]uint64{0, 6}, g.s.result)
		require.False(g, g.s.carry)
		_, errno = g.trap(55, 0x7777) // thread_tcb_set
		require.Zero(g, errno)
		require.EqualValues(g, 0x7777, g.s.tp)
		_, errno = g.trap(55, 1<<62)
		require.Equal(g, cloudabi.EINVAL, errno)
		a := g.alloc(4096)
		_, errno = g.trap(33, a+5, 10) // mem_lock
		require.Zero(g, errno)
		sync := uint64(cloudabi.MsSync)
		_, errno = g.trap(36, a, 4096, sync) // mem_sync
		require.Zero(g, errno)
		_, errno = g.trap(36, a, 4096, sync|uint64(cloudabi.MsInvalidate))
		require.Equal(g, cloudabi.EBUSY, errno, "it would discard what is locked")
		_, errno = g.trap(37, a+10, 1) // mem_unlock
		require.Zero(g, errno)
		_, errno = g.trap(36, a, 4096, sync|uint64(cloudabi.MsInvalidate))
		require.Zero(g, errno)
		_, errno = g.trap(37, 4096*5, 10) // mem_unlock
		require.Equal(g, cloudabi.ENOMEM, errno)
		g.trap(41, 0) // proc_exit
	})
}

func TestUnknownVDSONumber(t *testing.T) {
	run(t, func(g *guest) {
		for _, n := range []uint64{0, 1, 0xffff, 0x10000 + uint64(len(cloudabi.Calls)), 1 << 63} {
			g.s.number = n
			g.stop(cpu.Stop{Kind: cpu.StopSyscall, PC: vdsoAddress})
			require.EqualValues(g, cloudabi.ENOSYS, g.s.result[0])
		}
		for id := range cloudabi.Calls {
			if !Implemented(cloudabi.CallID(id)) {
				g.fails(cloudabi.ENOSYS, cloudabi.CallID(id), 0, 0, 0, 0)
			}
		}
	})
}

func TestFaultsEndTheProcess(t *testing.T) {
	for _, c := range []struct {
		stop cpu.Stop
		sig  cloudabi.Signal
	}{
		{cpu.Stop{Kind: cpu.StopFault, PC: 5, Fault: memory.Fault{Addr: 0x123, Access: memory.Read}}, cloudabi.SIGSEGV},
		{cpu.Stop{Kind: cpu.StopFault, PC: 5, Fault: memory.Fault{Addr: 0x123, Bus: true}}, cloudabi.SIGBUS},
		{cpu.Stop{Kind: cpu.StopIllegal, PC: 5, Text: "0f 0b ud2"}, cloudabi.SIGILL},
		{cpu.Stop{Kind: cpu.StopArithmetic, PC: 5}, cloudabi.SIGFPE},
		{cpu.Stop{Kind: cpu.StopBreakpoint, PC: 5}, cloudabi.SIGTRAP},
	} {
		w := newWorld(t, Limits{})
		p := w.start(t.Context(), func(g *guest) {
			g.thread(func(g *guest) { g.stop(c.stop) })
			for {
				g.ok(cloudabi.CallThreadYield)
			}
		})
		s := w.wait(p)
		require.Equal(t, c.sig, s.Signal)
		require.Contains(t, s.Text, "pc 0x5")
		require.Contains(t, s.Text, "thread 3")
		require.NotNil(t, s.Fault)
		require.EqualValues(t, 3, s.Fault.Thread)
		require.Contains(t, s.Fault.Registers, "pc ")
	}
}

func TestRaise(t *testing.T) {
	ignored := []uint64{0, 4, 5, 11, 21}
	run(t, func(g *guest) {
		for _, sig := range ignored {
			g.ok(cloudabi.CallProcRaise, sig)
		}
		g.fails(cloudabi.EINVAL, cloudabi.CallProcRaise, 27)
		g.fails(cloudabi.EINVAL, cloudabi.CallProcRaise, 255)
	})
	for _, sig := range []uint64{1, 2, 3, 6, 7, 8, 9, 10, 12, 13, 15, 16, 17, 22, 23, 24, 25, 26} {
		w := newWorld(t, Limits{})
		p := w.start(t.Context(), func(g *guest) { g.ok(cloudabi.CallProcRaise, sig); g.exit(1) })
		require.EqualValues(t, sig, w.wait(p).Signal)
	}
}

func TestStopAndContinue(t *testing.T) {
	for _, sig := range []uint64{14, 18, 19, 20} {
		w := newWorld(t, Limits{})
		p := w.start(t.Context(), func(g *guest) {
			g.thread(func(g *guest) {
				for {
					g.ok(cloudabi.CallThreadYield)
				}
			})
			g.ok(cloudabi.CallProcRaise, sig)
			g.exit(3)
		})
		eventually(t, p.Stopped)
		p.Continue()
		require.EqualValues(t, 3, w.wait(p).Code)
		require.False(t, p.Stopped())
	}
	w := newWorld(t, Limits{})
	p := w.start(t.Context(), func(g *guest) { g.ok(cloudabi.CallProcRaise, 14) })
	eventually(t, p.Stopped)
	p.Kill(cloudabi.SIGTERM)
	require.Equal(t, cloudabi.SIGTERM, w.wait(p).Signal)
}

func TestKillAndCancel(t *testing.T) {
	forever := func(g *guest) {
		for {
			g.ok(cloudabi.CallThreadYield)
		}
	}
	asleep := func(g *guest) {
		g.poll(cloudabi.Subscription{Type: cloudabi.EventtypeClock, ClockId: 1, ClockTimeout: Forever})
	}
	for _, f := range []script{forever, asleep} {
		w := newWorld(t, Limits{})
		w.host.auto = false
		ctx, cancel := context.WithCancel(t.Context())
		p := w.start(ctx, func(g *guest) { g.thread(f); g.thread(f); f(g) })
		eventually(t, func() bool { return len(p.Threads()) == 3 })
		_, ended := p.Exited()
		require.False(t, ended)
		cancel()
		require.Equal(t, cloudabi.SIGKILL, w.wait(p).Signal)

		p = w.start(t.Context(), f)
		p.Exit(9)
		require.EqualValues(t, 9, w.wait(p).Code)
	}
}

func TestLimitsOfTime(t *testing.T) {
	w := newWorld(t, Limits{WallTime: 3e9})
	w.host.auto = false
	p := w.start(t.Context(), func(g *guest) {
		for {
			g.ok(cloudabi.CallThreadYield)
		}
	})
	w.host.advance(2e9)
	_, ended := p.Exited()
	require.False(t, ended)
	w.host.advance(1e9)
	s := w.wait(p)
	require.Equal(t, cloudabi.SIGALRM, s.Signal)
	require.Contains(t, s.Text, "3.000 s")

	w = newWorld(t, Limits{CPUTime: 2e9})
	w.host.auto = false
	p = w.start(t.Context(), func(g *guest) {
		for {
			g.ok(cloudabi.CallThreadYield)
		}
	})
	go func() {
		for {
			select {
			case <-p.Done():
				return
			default:
				w.host.advance(1e7)
			}
		}
	}()
	require.Equal(t, cloudabi.SIGXCPU, w.wait(p).Signal)
}

func TestThreads(t *testing.T) {
	w := newWorld(t, Limits{Threads: 10})
	p := w.start(t.Context(), func(g *guest) {
		require.GreaterOrEqual(g, g.tid(), uint32(2))
		word := g.put(make([]byte, 8))
		seen := map[uint32]bool{g.tid(): true}
		for range 9 {
			tid := g.thread(func(n *guest) {
				require.EqualValues(n, 0x1234, n.s.start[1])
				require.EqualValues(n, 8, n.s.sp%16)
				require.Equal(n, n.load64(n.s.tp), (n.s.tp+8)&^7, "the cell points to the block behind it")
				for n.word(word) == 0 {
					n.ok(cloudabi.CallThreadYield)
				}
				n.sys(cloudabi.CallThreadExit, 0, 4)
			})
			require.False(g, seen[tid])
			seen[tid] = true
		}
		_, errno := g.tryThread(nil)
		require.Equal(g, cloudabi.EAGAIN, errno)
		g.setWord(word, 1)
		g.sys(cloudabi.CallThreadExit, 0, 99) // errors are ignored
	})
	require.Equal(t, ExitStatus{}, w.wait(p), "the last thread ends the process with code 0")
}

func TestThreadErrors(t *testing.T) {
	run(t, func(g *guest) {
		create := func(a cloudabi.Threadattr) cloudabi.Errno {
			b := make([]byte, cloudabi.ThreadattrSize)
			a.Put(b)
			_, errno := g.sys(cloudabi.CallThreadCreate, g.put(b))
			return errno
		}
		require.Equal(g, cloudabi.EFAULT, create(cloudabi.Threadattr{Stack: 0, StackLen: 65536}))
		require.Equal(g, cloudabi.EFAULT, create(cloudabi.Threadattr{Stack: 1 << 32, StackLen: 65536}))
		require.Equal(g, cloudabi.EFAULT, create(cloudabi.Threadattr{Stack: 4096, StackLen: ^uint64(0)}))
		require.Equal(g, cloudabi.EFAULT, create(cloudabi.Threadattr{Stack: g.alloc(4096), StackLen: 0}))
		g.fails(cloudabi.EFAULT, cloudabi.CallThreadCreate, 0)
	})
}
