package abi

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

const (
	subAdd     = cloudabi.SubscriptionAdd
	subClear   = cloudabi.SubscriptionClear
	subDelete  = cloudabi.SubscriptionDelete
	subDisable = cloudabi.SubscriptionDisable
	subEnable  = cloudabi.SubscriptionEnable
	subOneshot = cloudabi.SubscriptionOneshot
)

func (g *guest) eventQueue() uint64 {
	return g.oldOK(cloudabi.CallFdCreate1, uint64(cloudabi.FiletypePoll))
}

func fdChange(flags cloudabi.Subflags, e cloudabi.Eventtype, fd uint64) cloudabi.Subscription2015 {
	return cloudabi.Subscription2015{Userdata: cloudabi.Userdata(1000 + fd), Flags: flags, Type: e, FdReadwriteFd: cloudabi.Fd(fd)}
}

func readable(flags cloudabi.Subflags, fd uint64) cloudabi.Subscription2015 {
	return fdChange(flags, cloudabi.EventtypeFdRead, fd)
}

func clockChange(flags cloudabi.Subflags, ident, timeout uint64, how cloudabi.Subclockflags) cloudabi.Subscription2015 {
	return cloudabi.Subscription2015{
		Flags: flags, Type: cloudabi.EventtypeClock, ClockIdentifier: cloudabi.Userdata(ident),
		ClockId: cloudabi.ClockMonotonic, ClockTimeout: cloudabi.Timestamp(timeout), ClockFlags: how,
	}
}

// pollQueue calls poll_fd; timeout is 0 for none, or the address of one.
func (g *guest) pollQueue(q uint64, room int, timeout uint64, changes ...cloudabi.Subscription2015) ([]cloudabi.Event2015, cloudabi.Errno) {
	in := make([]byte, cloudabi.Subscription2015Size*len(changes)+1)
	for i := range changes {
		changes[i].Put(in[i*cloudabi.Subscription2015Size:])
	}
	out := g.put(make([]byte, room*cloudabi.Event2015Size+1))
	r, errno := g.old(cloudabi.CallPollFd, q, g.put(in), uint64(len(changes)), out, uint64(room), timeout)
	events := make([]cloudabi.Event2015, r[0])
	for i := range events {
		events[i].Get(g.load(out+uint64(i*cloudabi.Event2015Size), cloudabi.Event2015Size))
	}
	return events, errno
}

// timeout stores a clock subscription.
func (g *guest) timeout(ns uint64) uint64 {
	s := clockSub(ns)
	b := make([]byte, cloudabi.SubscriptionSize)
	s.Put(b)
	return g.put(b)
}

// queued returns what a queue has to report now, after the changes.
func (g *guest) queued(q uint64, changes ...cloudabi.Subscription2015) []cloudabi.Event2015 {
	g.Helper()
	events, errno := g.pollQueue(q, 10, g.timeout(0), changes...)
	require.Equal(g, cloudabi.ESUCCESS, errno)
	return events
}

func fdEvent(e cloudabi.Eventtype, fd, nbytes uint64) cloudabi.Event2015 {
	return cloudabi.Event2015{Userdata: cloudabi.Userdata(1000 + fd), Type: e, FdReadwriteFd: cloudabi.Fd(fd), FdReadwriteNbytes: cloudabi.Filesize(nbytes)}
}

func readEvent(fd, nbytes uint64) cloudabi.Event2015 {
	return fdEvent(cloudabi.EventtypeFdRead, fd, nbytes)
}

func TestEventQueue(t *testing.T) {
	runEarly(t, func(g *guest) {
		q := g.eventQueue()
		require.Equal(g, cloudabi.FiletypePoll, g.stat(q).Filetype)
		require.Equal(g, cloudabi.LargestRights2015(cloudabi.FiletypePoll).Base, g.stat(q).RightsBase)
		a, b := g.pair(sockStream)
		require.Empty(g, g.queued(q))
		require.Empty(g, g.queued(q, readable(subAdd, b)))
		g.sent(a, "abc")
		// As long as it is ready it is reported.
		for range 3 {
			require.Equal(g, []cloudabi.Event2015{readEvent(b, 3)}, g.queued(q))
		}
		require.Equal(g, []cloudabi.Event2015{readEvent(b, 3), fdEvent(cloudabi.EventtypeFdWrite, a, uint64(inboxSize-3-2*messageCost))},
			g.queued(q, fdChange(subAdd, cloudabi.EventtypeFdWrite, a)))
		require.Equal(g, []cloudabi.Event2015{readEvent(b, 3)}, g.queued(q, fdChange(subDelete, cloudabi.EventtypeFdWrite, a)))
		data, _ := g.read(b, 9)
		require.Equal(g, "abc", data)
		require.Empty(g, g.queued(q))
		// Disabled, it waits for being enabled.
		require.Empty(g, g.queued(q, readable(subDisable, b)))
		g.sent(a, "d")
		require.Empty(g, g.queued(q))
		require.Equal(g, []cloudabi.Event2015{readEvent(b, 1)}, g.queued(q, readable(subEnable, b)))
		// Reported once, then again when something has changed.
		require.Equal(g, []cloudabi.Event2015{readEvent(b, 1)}, g.queued(q, readable(subAdd|subClear, b)))
		require.Empty(g, g.queued(q))
		g.sent(a, "e")
		require.Equal(g, []cloudabi.Event2015{readEvent(b, 2)}, g.queued(q))
		require.Empty(g, g.queued(q))
		// Once, and then it is gone.
		require.Equal(g, []cloudabi.Event2015{readEvent(b, 2)}, g.queued(q, readable(subAdd|subOneshot, b)))
		require.Empty(g, g.queued(q))
		missing := readEvent(b, 0)
		missing.Error = cloudabi.ENOENT
		for _, f := range []cloudabi.Subflags{subDelete, subEnable, subDisable, 0, subAdd | subDelete} {
			require.Equal(g, []cloudabi.Event2015{missing}, g.queued(q, readable(f, b)))
		}
		// A number that is closed is not looked at any more.
		dup := g.ok(cloudabi.CallFdDup, b)
		require.Len(g, g.queued(q, readable(subAdd, dup)), 1)
		g.ok(cloudabi.CallFdClose, dup)
		require.Empty(g, g.queued(q))
		require.Len(g, g.queued(q, readable(subAdd, b)), 1)
		g.ok(cloudabi.CallFdClose, b)
		require.Empty(g, g.queued(q))
		hup := g.queued(q, readable(subAdd, a))
		require.Equal(g, cloudabi.EventFdReadwriteHangup, hup[0].FdReadwriteFlags)
		// A queue cannot be given away.
		c, _ := g.pair(sockStream)
		_, errno := g.send(c, "x", q)
		require.Equal(g, cloudabi.ENOTSUP, errno)
	})
}

func TestEventQueueErrors(t *testing.T) {
	runEarly(t, func(g *guest) {
		q := g.eventQueue()
		a, b := g.pair(sockStream)
		_, errno := g.pollQueue(99, 1, 0)
		require.Equal(g, cloudabi.EBADF, errno)
		_, errno = g.pollQueue(a, 1, 0)
		require.Equal(g, cloudabi.EBADF, errno)
		g.oldFails(cloudabi.EFAULT, cloudabi.CallPollFd, q, 0x20000, 1, 0, 0, 0)
		g.oldFails(cloudabi.EFAULT, cloudabi.CallPollFd, q, 0, 0, 0, 1, 0x20000)
		g.oldFails(cloudabi.EINVAL, cloudabi.CallPollFd, q, 0, maxSubscriptions+1, 0, 1, 0)
		lock := lockSub(true, 0, 0)
		p := make([]byte, cloudabi.SubscriptionSize)
		lock.Put(p)
		g.oldFails(cloudabi.EINVAL, cloudabi.CallPollFd, q, 0, 0, 0, 1, g.put(p))
		for _, c := range []struct {
			change cloudabi.Subscription2015
			want   cloudabi.Errno
		}{
			{readable(subAdd, 99), cloudabi.EBADF},
			{readable(subAdd, q), cloudabi.ENOTCAPABLE},
			{cloudabi.Subscription2015{Flags: subAdd, Type: cloudabi.EventtypeProcTerminate, ProcTerminateFd: cloudabi.Fd(b)}, cloudabi.ENOTCAPABLE},
			{cloudabi.Subscription2015{Flags: subAdd, Type: cloudabi.EventtypeLockWrlock}, cloudabi.EINVAL},
			{cloudabi.Subscription2015{Flags: subAdd, Type: 99}, cloudabi.EINVAL},
			{cloudabi.Subscription2015{Flags: subAdd, Type: cloudabi.EventtypeClock, ClockId: 99}, cloudabi.EINVAL},
		} {
			events, errno := g.pollQueue(q, 1, 0, c.change)
			require.Zero(g, errno)
			require.Len(g, events, 1)
			require.Equal(g, c.want, events[0].Error)
			_, errno = g.pollQueue(q, 0, 0, c.change)
			require.Equal(g, c.want, errno, "without room for an event")
		}
		_, errno = g.pollQueue(q, 0, 0)
		require.Zero(g, errno, "nothing to do")
		g.sent(a, "x")
		require.Len(g, g.queued(q, readable(subAdd, b)), 1)
		in := readable(subAdd, b)
		pb := make([]byte, cloudabi.Subscription2015Size)
		in.Put(pb)
		g.oldFails(cloudabi.EFAULT, cloudabi.CallPollFd, q, g.put(pb), 1, 0x20000, 1, 0)
		wait := g.ok(cloudabi.CallFdDup, q)
		g.ok(cloudabi.CallFdStatPut, wait, g.fdstat(0, cloudabi.RightPollWait, 0), uint64(cloudabi.FdstatRights))
		_, errno = g.pollQueue(wait, 1, 0, in)
		require.Equal(g, cloudabi.ENOTCAPABLE, errno)
		require.Len(g, g.queued(wait), 1)
		modify := g.ok(cloudabi.CallFdDup, q)
		g.ok(cloudabi.CallFdStatPut, modify, g.fdstat(0, cloudabi.RightPollModify, 0), uint64(cloudabi.FdstatRights))
		_, errno = g.pollQueue(modify, 1, 0)
		require.Equal(g, cloudabi.ENOTCAPABLE, errno)
		_, errno = g.pollQueue(modify, 0, 0, readable(subDelete, b))
		require.Zero(g, errno)
		require.Empty(g, g.queued(wait))
	})
}

func TestEventQueueClocks(t *testing.T) {
	runEarly(t, func(g *guest) {
		q := g.eventQueue()
		host := g.scripts.machine.host
		events, errno := g.pollQueue(q, 5, 0, clockChange(subAdd, 7, 5e6, 0), clockChange(subAdd, 8, 1e6, 0))
		require.Zero(g, errno)
		require.Len(g, events, 1)
		require.EqualValues(g, 8, events[0].ClockIdentifier)
		// It rings again.
		events, _ = g.pollQueue(q, 5, 0)
		require.EqualValues(g, 8, events[0].ClockIdentifier)
		events, _ = g.pollQueue(q, 5, 0, clockChange(subDelete, 8, 0, 0))
		require.EqualValues(g, 7, events[0].ClockIdentifier)
		// An absolute one, and one-shots, ring once.
		events, _ = g.pollQueue(q, 5, 0, clockChange(subDelete, 7, 0, 0), clockChange(subAdd, 9, host.Monotonic()+1e6, cloudabi.SubscriptionClockAbstime))
		require.EqualValues(g, 9, events[0].ClockIdentifier)
		events, errno = g.pollQueue(q, 5, g.timeout(1e9))
		require.Zero(g, errno)
		require.Empty(g, events)
		events, _ = g.pollQueue(q, 5, 0, clockChange(subAdd|subOneshot, 10, 1e6, 0))
		require.EqualValues(g, 10, events[0].ClockIdentifier)
		require.Empty(g, g.queued(q))
	})
}

func TestEventQueueWaits(t *testing.T) {
	runEarly(t, func(g *guest) {
		q := g.eventQueue()
		a, b := g.pair(sockDgram)
		done := g.put(make([]byte, 8))
		for i := range 2 {
			g.thread(func(g *guest) {
				events, errno := g.pollQueue(q, 1, 0)
				require.Zero(g, errno)
				require.Equal(g, readEvent(b, 1), events[0])
				for !g.cas(done, g.word(done), g.word(done)+1) {
				}
				g.sys(cloudabi.CallThreadExit, g.put(make([]byte, 8)), uint64(cloudabi.ScopePrivate))
			})
			eventually(g, func() bool { return g.waitingThreads() == i+1 })
		}
		// Subscribed while they wait.
		_, errno := g.pollQueue(q, 0, 0, readable(subAdd, b))
		require.Zero(g, errno)
		require.Zero(g, g.word(done))
		g.sent(a, "x")
		eventually(g, func() bool { return g.word(done) == 2 })
	})
}

// TestEventQueueProportional: what is not ready costs nothing.
func TestEventQueueProportional(t *testing.T) {
	w := newWorld(t, Limits{Descriptors: 4096, OpenFiles: 8192})
	w.early = true
	w.run(func(g *guest) {
		q := g.eventQueue()
		var ends [500][2]uint64
		for i := range ends {
			ends[i][0], ends[i][1] = g.pair(sockDgram)
			_, errno := g.pollQueue(q, 0, 0, readable(subAdd, ends[i][1]))
			require.Zero(g, errno)
		}
		require.Empty(g, g.queued(q))
		object, errno := g.scripts.machine.Processes()[0].fds.get(cloudabi.Fd(q), 0)
		require.Zero(g, errno)
		queue := object.file.object.(*eventQueue)
		object.file.release()
		g.sent(ends[77][0], "x")
		g.sent(ends[12][0], "yy")
		require.Len(g, queue.fired, 2, "only what has happened is looked at")
		require.Equal(g, []cloudabi.Event2015{readEvent(ends[12][1], 2), readEvent(ends[77][1], 1)}, g.queued(q))
		// Everybody has a turn, also with little room.
		first, _ := g.pollQueue(q, 1, 0)
		second, _ := g.pollQueue(q, 1, 0)
		require.NotEqual(g, first, second)
	})
	require.Zero(t, w.m.quota.Used())
}

// TestEarlyQueueForm is poll before August 2015, on a descriptor.
func TestEarlyQueueForm(t *testing.T) {
	runEarly(t, func(g *guest) {
		q := g.eventQueue()
		a, b := g.pair(sockStream)
		g.sent(a, "xyz")
		s := cloudabi.SubscriptionShort2015{Userdata: 5, Type: cloudabi.EventtypeFdRead, FdReadwriteFd: cloudabi.Fd(b)}
		in := make([]byte, cloudabi.SubscriptionShort2015Size)
		s.Put(in)
		out := g.put(make([]byte, cloudabi.Event2015Size))
		poll := uint64(cloudabi.Calls[cloudabi.CallPoll].Number[cloudabi.G3])
		r, errno := g.trap(poll, q, g.put(in), 1, out, 1)
		require.Zero(g, errno)
		require.EqualValues(g, 1, r[0])
		var e cloudabi.Event2015
		e.Get(g.load(out, cloudabi.Event2015Size))
		require.EqualValues(g, 5, e.Userdata)
		require.EqualValues(g, 3, e.FdReadwriteNbytes)
		_, errno = g.trap(poll, b, 0, 0, out, 1)
		require.Equal(g, cloudabi.EBADF, errno)
	})
}

// TestEventQueueProcess waits for a child.
func TestEventQueueProcess(t *testing.T) {
	runEarly(t, func(g *guest) {
		q := g.eventQueue()
		p := g.scripts.machine.Processes()[0]
		child := g.scripts.machine.newProcess(p.engines, &fdTable{limit: 1})
		f, errno := g.scripts.machine.newOpenFile(&processObject{child}, 0)
		require.Zero(g, errno)
		most := f.object.rights()
		fd, errno := p.fds.add(descriptor{f, most.Base, most.Inheriting})
		require.Zero(g, errno)
		s := cloudabi.Subscription2015{Flags: subAdd, Type: cloudabi.EventtypeProcTerminate, ProcTerminateFd: fd, Userdata: 3}
		require.Empty(g, g.queued(q, s))
		child.status = ExitStatus{Code: 42}
		close(child.done)
		child.queue.wake()
		for range 2 {
			require.Equal(g, []cloudabi.Event2015{{Type: s.Type, Userdata: 3, ProcTerminateFd: fd, ProcTerminateExitcode: 42}}, g.queued(q))
		}
		_, errno = g.pollQueue(q, 0, 0, readable(subAdd, uint64(fd)))
		require.Equal(g, cloudabi.ENOTCAPABLE, errno)
	})
}
