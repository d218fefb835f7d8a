package abi

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

func fdSub(write bool, fd uint64, flags cloudabi.Subrwflags) cloudabi.Subscription {
	typ := cloudabi.EventtypeFdRead
	if write {
		typ = cloudabi.EventtypeFdWrite
	}
	return cloudabi.Subscription{Userdata: cloudabi.Userdata(100 + fd), Type: typ, FdReadwriteFd: cloudabi.Fd(fd), FdReadwriteFlags: flags}
}

func TestPollClocks(t *testing.T) {
	run(t, func(g *guest) {
		before := g.ok(cloudabi.CallClockTimeGet, 1, 0)
		c := clockSub(5e6)
		c.ClockIdentifier = 0x7777
		e := g.poll(c)
		require.Equal(g, []cloudabi.Event2015{{Userdata: 2, Type: cloudabi.EventtypeClock, ClockIdentifier: 0x7777}}, e)
		now := g.ok(cloudabi.CallClockTimeGet, 1, 0)
		require.Equal(g, before+5e6, now, "the test's clock jumps to where it is wanted")
		// Absolute times, of both clocks, also past ones.
		c.ClockFlags = cloudabi.SubscriptionClockAbstime
		c.ClockTimeout = cloudabi.Timestamp(now + 1e6)
		g.poll(c)
		require.Equal(g, now+1e6, g.ok(cloudabi.CallClockTimeGet, 1, 0))
		g.poll(c)
		c.ClockId = cloudabi.ClockRealtime
		c.ClockTimeout = cloudabi.Timestamp(testRealtime + now + 3e6)
		g.poll(c)
		require.Equal(g, now+3e6, g.ok(cloudabi.CallClockTimeGet, 1, 0))
		// The earliest of several; those that are due together come together.
		a, b, d := clockSub(3000), clockSub(1000), clockSub(Forever)
		b2 := clockSub(1000)
		a.Userdata, b.Userdata, b2.Userdata = 10, 11, 12
		e = g.poll(a, b, d, b2)
		require.Len(g, e, 2)
		require.EqualValues(g, 11, e[0].Userdata)
		require.EqualValues(g, 12, e[1].Userdata)
		for id, want := range map[cloudabi.Clockid]cloudabi.Errno{
			cloudabi.ClockProcessCputimeId: cloudabi.ENOTSUP, cloudabi.ClockThreadCputimeId: cloudabi.ENOTSUP,
			0: cloudabi.EINVAL, 5: cloudabi.EINVAL,
		} {
			c.ClockId = id
			e = g.poll(clockSub(Forever), c)
			require.Len(g, e, 1)
			require.Equal(g, want, e[0].Error)
		}
	})
}

func TestPollErrors(t *testing.T) {
	run(t, func(g *guest) {
		g.fails(cloudabi.EINVAL, cloudabi.CallPoll, 0, 0, 0)
		g.fails(cloudabi.EINVAL, cloudabi.CallPoll, 0, 0, 1<<40)
		g.fails(cloudabi.EFAULT, cloudabi.CallPoll, 16, 16, 1)
		b := make([]byte, cloudabi.SubscriptionSize)
		c := clockSub(0)
		c.Put(b)
		g.fails(cloudabi.EFAULT, cloudabi.CallPoll, g.put(b), 16, 1)
		unknown := cloudabi.Subscription{Userdata: 9, Type: 8}
		e := g.poll(unknown, clockSub(Forever))
		require.Equal(g, []cloudabi.Event2015{{Userdata: 9, Type: 8, Error: cloudabi.EINVAL}}, e)
		e = g.poll(
			fdSub(false, 99, 0), fdSub(true, 0, 0),
			cloudabi.Subscription{Type: cloudabi.EventtypeProcTerminate, ProcTerminateFd: 0},
			cloudabi.Subscription{Type: cloudabi.EventtypeProcTerminate, ProcTerminateFd: 98},
			clockSub(Forever),
		)
		require.Len(g, e, 4)
		require.Equal(g, cloudabi.EBADF, e[0].Error)
		require.EqualValues(g, 99, e[0].FdReadwriteFd)
		require.Equal(g, cloudabi.ENOTCAPABLE, e[1].Error)
		require.Equal(g, cloudabi.ENOTCAPABLE, e[2].Error)
		require.Equal(g, cloudabi.EBADF, e[3].Error)
	}, memoryDir())
}

func TestPollNoProcess(t *testing.T) {
	ask := func(g *guest, want cloudabi.Errno) {
		e := g.poll(cloudabi.Subscription{Type: cloudabi.EventtypeProcTerminate, ProcTerminateFd: 0})
		require.Len(g, e, 1)
		require.Equal(g, want, e[0].Error)
	}
	run(t, func(g *guest) { ask(g, cloudabi.ENOTCAPABLE) }, memoryDir())
	runEarly(t, func(g *guest) { ask(g, cloudabi.EINVAL) }, memoryDir())
}

func TestPollFiles(t *testing.T) {
	run(t, func(g *guest) {
		fd := g.create("f")
		g.write(fd, "12345")
		g.ok(cloudabi.CallFdSeek, fd, 2, uint64(cloudabi.WhenceSet))
		e := g.poll(fdSub(false, fd, 0), fdSub(true, fd, 0), clockSub(Forever))
		require.Len(g, e, 2)
		require.EqualValues(g, 3, e[0].FdReadwriteNbytes)
		require.Equal(g, cloudabi.EventtypeFdWrite, e[1].Type)
		g.ok(cloudabi.CallFdSeek, fd, 0, uint64(cloudabi.WhenceEnd))
		e = g.poll(fdSub(false, fd, 0), clockSub(1000))
		require.Len(g, e, 1)
		require.Equal(g, cloudabi.EventtypeClock, e[0].Type, "at the end and not asked for")
		e = g.poll(fdSub(false, fd, cloudabi.SubscriptionFdReadwritePoll), clockSub(Forever))
		require.Len(g, e, 1)
		require.Zero(g, e[0].FdReadwriteNbytes)
	}, memoryDir())
}

func TestPollStreams(t *testing.T) {
	w := newWorld(t, Limits{})
	w.host.auto = false
	a, b := &testStream{full: true}, &testStream{}
	p := w.start(t.Context(), func(g *guest) {
		e := g.poll(fdSub(true, 1, 0), clockSub(Forever), fdSub(false, 0, 0))
		require.Len(g, e, 1)
		require.EqualValues(g, 10, e[0].FdReadwriteNbytes)
		e = g.poll(fdSub(false, 0, 0), fdSub(true, 0, 0), fdSub(false, 1, 0), clockSub(1e9))
		require.Len(g, e, 1)
		require.EqualValues(g, 3, e[0].FdReadwriteNbytes)
		require.Zero(g, e[0].FdReadwriteFlags)
		// The same descriptor twice: both get their event. (Of a poll that waits,
		// the first may end the wait.)
		require.Equal(g, []cloudabi.Event2015{e[0], e[0]}, g.poll(fdSub(false, 0, 0), fdSub(false, 0, 0)))
		g.read(0, 10)
		e = g.poll(fdSub(false, 0, 0))
		require.Equal(g, cloudabi.EventFdReadwriteHangup, e[0].FdReadwriteFlags)
		e = g.poll(fdSub(true, 0, 0), clockSub(1e9))
		require.Len(g, e, 1)
		require.Equal(g, cloudabi.EventtypeClock, e[0].Type)
		g.exit(0)
	}, DescriptorSpec{Object: NewStream(a)}, DescriptorSpec{Object: NewStream(b)})
	w.host.waitTimers(t, 1)
	a.change(func() { a.in = []byte("abc") })
	eventually(t, func() bool { a.mu.Lock(); defer a.mu.Unlock(); return len(a.in) == 0 })
	a.change(func() { a.ended = true })
	w.host.waitTimers(t, 1)
	w.host.advance(1e9)
	require.Equal(t, ExitStatus{}, w.wait(p))
	require.Empty(t, p.fds.slots)
}

// TestPollEarly is the forms of poll from before August 2015.
func TestPollEarly(t *testing.T) {
	start := func(gen Generation, f script) {
		w := newWorld(t, Limits{})
		p := w.start(t.Context(), func(g *guest) {
			for g.word(g.scratch) == 0 {
				g.ok(cloudabi.CallThreadYield)
			}
			f(g)
			g.exit(0)
		})
		p.program.generation = gen
		for _, th := range p.machine.threads {
			require.NoError(t, p.Space().StoreAtomic32(th.cpu.State.SP()-4096, 1))
		}
		require.Equal(t, ExitStatus{}, w.wait(p))
	}
	subs := func(g *guest, n int) (in, out uint64) {
		s := cloudabi.SubscriptionShort2015{Userdata: 5, Type: cloudabi.EventtypeClock, ClockId: 1, ClockTimeout: 2e9, ClockIdentifier: 0x99}
		b := make([]byte, 48*n)
		for i := range n {
			s.Put(b[48*i:])
		}
		return g.put(b), g.put(make([]byte, 48*n))
	}
	check := func(g *guest, addr uint64) {
		var e cloudabi.Event2015
		e.Get(g.load(addr, 32))
		require.Equal(g, cloudabi.Event2015{Userdata: 5, Type: cloudabi.EventtypeClock, ClockIdentifier: 0x99}, e)
	}
	for _, gen := range []Generation{Auto, G2} {
		start(gen, func(g *guest) {
			in, out := subs(g, 2)
			r, errno := g.trap(39, 0xffffffff, in, 2, out, 2)
			require.Zero(g, errno)
			require.EqualValues(g, 2, r[0])
			require.EqualValues(g, 2e9, g.ok(cloudabi.CallClockTimeGet, 1, 0), "timeouts are absolute")
			check(g, out)
			check(g, out+32)
			_, errno = g.trap(39, 3, in, 1, out, 1)
			require.Equal(g, cloudabi.EBADF, errno)
			r, errno = g.trap(39, 0xffffffff, in, 2, out, 1)
			require.Zero(g, errno)
			require.EqualValues(g, 1, r[0])
			// From then on the program is known not to pass scopes.
			lock := g.put([]byte{1, 0, 0, 0})
			_, errno = g.trap(31, lock, 4711)
			require.Zero(g, errno)
			require.Zero(g, g.word(lock))
		})
	}
	start(G1, func(g *guest) {
		in, out := subs(g, 2)
		r, errno := g.trap(40, in, 2, out, 2) // poll_once
		require.Zero(g, errno)
		require.EqualValues(g, 2, r[0])
		check(g, out)
		check(g, out+48)
		_, errno = g.trap(39, 0xffffffff, in, 1, out, 1)
		require.Zero(g, errno)
		g.trap(42, 0x100) // proc_exit, when codes were bytes
	})
	start(G3, func(g *guest) {
		_, errno := g.trap(39, 0xffffffff, 0, 1, 0, 1)
		require.Equal(g, cloudabi.EFAULT, errno, "three arguments, the first a pointer")
		_, errno = g.trap(31, g.put([]byte{1, 0, 0, 0}), 4711)
		require.Equal(g, cloudabi.EINVAL, errno)
	})
	start(Auto, func(g *guest) {
		b := make([]byte, 56)
		c := clockSub(0)
		c.Put(b)
		r, errno := g.trap(39, g.put(b), g.put(make([]byte, 32)), 1)
		require.Zero(g, errno)
		require.EqualValues(g, 1, r[0])
	})
}

// counted is a stream that is asked for readiness, and how often.
type counted struct {
	testStream
	asked *atomic.Int64
}

func (s *counted) Ready(d Direction) Readiness {
	s.asked.Add(1)
	return s.testStream.Ready(d)
}

// TestPollIdle: of thousands of descriptors, a wake-up looks at those that
// something has happened to.
func TestPollIdle(t *testing.T) {
	const n = 5000
	var asked atomic.Int64
	var fds []DescriptorSpec
	var streams []*counted
	for range n {
		s := &counted{asked: &asked}
		streams = append(streams, s)
		fds = append(fds, DescriptorSpec{Object: NewStream(s)})
	}
	w := newWorld(t, Limits{Descriptors: n, OpenFiles: n})
	w.host.auto = false
	var after int64
	p := w.start(t.Context(), func(g *guest) {
		var subs []cloudabi.Subscription
		for i := range n {
			subs = append(subs, fdSub(false, uint64(i), 0))
		}
		e := g.poll(append(subs, clockSub(1e12))...)
		after = asked.Load()
		require.Len(g, e, 1)
		require.EqualValues(g, 77, e[0].FdReadwriteFd)
		g.exit(0)
	}, fds...)
	w.host.waitTimers(t, 1)
	before := asked.Load()
	require.EqualValues(t, 2*n, before, "once before registering and once after")
	eventually(t, func() bool { return runtime.NumGoroutine() < 100 })
	for range 3 { // wake-ups for nothing
		seen := asked.Load()
		streams[4000].change(func() {})
		eventually(t, func() bool { return asked.Load() > seen })
	}
	streams[77].change(func() { streams[77].in = []byte("x") })
	require.Equal(t, ExitStatus{}, w.wait(p))
	require.Equal(t, before+4, after)
}
