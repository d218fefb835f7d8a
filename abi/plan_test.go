package abi

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/elf"
)

// promptStream is a stream that takes few bytes at once.
type promptStream struct {
	testStream
	slow bool // it has no descriptor
}

func (s *promptStream) WriteNow(p []byte) bool {
	n, errno := s.Write(p)
	return errno == 0 && n == len(p)
}

func (s *promptStream) Descriptor() (fd uint64, ok bool) { return 42, !s.slow }

// planned reports whether an engine may write to fd.
func (g *guest) planned(fd uint64) bool {
	w := g.t.Write
	return w != nil && w.Plan != 0 && w.FD == fd && w.Plan == w.Current.Load()
}

// TestPlan: an engine may write what has been written once, until something becomes
// of a descriptor.
func TestPlan(t *testing.T) {
	w := newWorld(t, Limits{})
	elsewhere := &testStream{}
	other := w.start(t.Context(), func(g *guest) {
		g.read(0, 1)
		g.ok(cloudabi.CallSockShutdown, 0, uint64(cloudabi.ShutWr))
		g.exit(0)
	}, DescriptorSpec{Object: NewStream(elsewhere)})
	parked(t, other)
	w.run(func(g *guest) {
		write := func(fd uint64) {
			n, errno := g.write(fd, "x")
			require.Zero(g, errno)
			require.EqualValues(g, 1, n)
		}
		require.NotNil(g, g.t.Write)
		require.False(g, g.planned(0))
		write(0)
		write(0)
		require.True(g, g.planned(0))
		require.Equal(g, uint64(42), g.t.Write.Host)
		require.Equal(g, uint64(cloudabi.EFAULT), g.t.Write.Refused)
		g.fails(cloudabi.EBADF, cloudabi.CallFdClose, 99)
		g.fails(cloudabi.EBADF, cloudabi.CallFdReplace, 99, 0)
		dup := g.ok(cloudabi.CallFdDup, 0)
		require.True(g, g.planned(0), "nothing has become of it")
		write(dup)
		require.True(g, g.planned(dup))
		require.False(g, g.planned(0), "one plan at a time")
		write(1)
		require.False(g, g.planned(1), "it has no descriptor")
		require.True(g, g.planned(dup))

		for what, change := range map[string]func(){
			"closed":    func() { g.ok(cloudabi.CallFdClose, dup) },
			"replaced":  func() { g.ok(cloudabi.CallFdReplace, 1, 0) },
			"shut down": func() { g.ok(cloudabi.CallSockShutdown, 1, uint64(cloudabi.ShutRd)) },
		} {
			fd := g.ok(cloudabi.CallFdDup, 2)
			write(fd)
			require.True(g, g.planned(fd))
			change()
			require.False(g, g.planned(fd), what)
			write(fd)
			require.True(g, g.planned(fd), what)
		}
		write(2)
		require.True(g, g.planned(2))
		elsewhere.change(func() { elsewhere.in = []byte("x") })
		require.Equal(g, ExitStatus{}, w.wait(other))
		require.False(g, g.planned(2), "a stream was shut down by another process")

		write(2)
		require.True(g, g.planned(2))
		var b [cloudabi.FdstatSize]byte
		s := cloudabi.Fdstat{RightsBase: cloudabi.RightFdRead}
		s.Put(b[:])
		g.ok(cloudabi.CallFdStatPut, 2, g.put(b[:]), uint64(cloudabi.FdstatRights))
		require.False(g, g.planned(2), "there is no right to write")
		_, errno := g.write(2, "x")
		require.Equal(g, cloudabi.ENOTCAPABLE, errno)
		require.False(g, g.planned(2))
	}, DescriptorSpec{Object: NewStream(&promptStream{})}, DescriptorSpec{Object: NewStream(&promptStream{slow: true})},
		DescriptorSpec{Object: NewStream(&promptStream{})})
}

// TestPlanUnderWay: who closes a descriptor waits for a write that relies on a plan.
func TestPlanUnderWay(t *testing.T) {
	for name, change := range map[string]struct {
		call cloudabi.CallID
		args []uint64
	}{
		"close":   {cloudabi.CallFdClose, []uint64{0}},
		"replace": {cloudabi.CallFdReplace, []uint64{1, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &promptStream{}
			closed := func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.closed }
			run(t, func(g *guest) {
				g.write(0, "x")
				g.write(0, "x")
				require.True(g, g.planned(0))
				write := g.t.Write
				write.Under.Store(write.Plan) // as an engine does before it looks at Current
				require.Equal(g, write.Plan, write.Current.Load())
				done := make(chan struct{})
				g.thread(func(g *guest) {
					g.write(0, "x") // it has a plan too
					g.write(0, "x")
					g.ok(change.call, change.args...)
					close(done)
					g.sysC(cloudabi.CallThreadExit, g.put(make([]byte, 4)), 0)
				})
				eventually(g, func() bool { return write.Current.Load() != write.Plan })
				for range 100 {
					gosched()
				}
				require.False(g, closed())
				write.Under.Store(0)
				<-done
				require.True(g, closed())
			}, DescriptorSpec{Object: NewStream(s)}, DescriptorSpec{Object: NewStream(&promptStream{})})
		})
	}
}

// TestNoPlan: where somebody looks at the calls, or counts the bytes, no engine
// writes alone.
func TestNoPlan(t *testing.T) {
	none := func(g *guest) {
		g.write(0, "x")
		g.write(0, "x")
		require.Nil(g, g.t.Write)
	}
	stream := func() DescriptorSpec { return DescriptorSpec{Object: NewStream(&promptStream{})} }
	newWorld(t, Limits{OutputBytes: 1000}).run(none, stream())
	for _, o := range []MachineOptions{
		{Trace: func(*TraceEvent) {}},
		{Deterministic: &Deterministic{Source: rand.NewChaCha8([32]byte{})}},
	} {
		w := &world{TB: t, host: &testHost{auto: true, now: 1e9}}
		o.Host = w.host
		var err error
		w.m, err = NewMachine(o)
		require.NoError(t, err)
		w.run(none, stream())
		require.NoError(t, w.m.Close())
	}
}

// TestPlanCounts: what an engine has written counts as calls, and the table forgets
// threads that are gone.
func TestPlanCounts(t *testing.T) {
	w := newWorld(t, Limits{})
	p := w.start(t.Context(), func(g *guest) {
		g.write(0, "x")
		g.write(0, "x")
		g.t.Write.Made += 40
		ended := g.thread(func(g *guest) {
			g.write(0, "x")
			require.False(g, g.planned(0), "who closes a descriptor did not know whom to wait for")
			g.t.Write.Made += 500
			g.sysC(cloudabi.CallThreadExit, g.put(make([]byte, 4)), 0)
		})
		proc := w.m.Processes()[0]
		eventually(g, func() bool { return len(proc.Threads()) == 1 })
		require.NotZero(g, ended)
		proc.fds.mu.Lock()
		require.Len(g, proc.fds.planners, 1)
		proc.fds.mu.Unlock()
		g.exit(0)
	}, DescriptorSpec{Object: NewStream(&promptStream{})})
	require.Equal(t, ExitStatus{}, w.wait(p))
	require.EqualValues(t, 543, w.m.Counts().Calls["fd_write"])
}

// TestPlanInherited: a child has no plan of its parent's, and a program that
// replaces another none of that.
func TestPlanInherited(t *testing.T) {
	w := newWorld(t, Limits{})
	write := func(g *guest, fd uint64) {
		_, errno := g.write(fd, "x")
		require.Zero(g, errno)
	}
	twice := func(g *guest, fd uint64) {
		require.NotNil(g, g.t.Write)
		require.False(g, g.planned(fd))
		write(g, fd)
		write(g, fd)
		require.True(g, g.planned(fd))
	}
	p := w.start(t.Context(), func(g *guest) {
		twice(g, 1)
		child := g.fork(func(h *guest) {
			twice(h, 1)
			require.NotSame(h, g.t.Write, h.t.Write)
			require.NotSame(h, g.t.Write.Current, h.t.Write.Current)
			h.ok(cloudabi.CallFdClose, 1)
			h.exit(3)
		})
		_, code := g.ended(child)
		require.Equal(g, cloudabi.Exitcode(3), code)
		require.True(g, g.planned(1), "what a child does with its descriptors is its own affair")
		prog := g.executable("prog", func(h *guest) {
			require.False(h, h.planned(1))
			twice(h, 0)
			require.Equal(h, h.vdso+elf.VDSO(cpu.X86_64).Trap(cloudabi.CallFdWrite), h.t.Write.PC)
			h.exit(4)
		})
		write(g, 1)
		require.True(g, g.planned(1))
		g.exec(prog, "", 1)
	}, memoryDir(), DescriptorSpec{Object: NewStream(&promptStream{})})
	require.Equal(t, ExitStatus{Code: 4}, w.wait(p))
}
