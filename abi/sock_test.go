package abi

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

const (
	sockStream    = uint64(cloudabi.FiletypeSocketStream)
	sockDgram     = uint64(cloudabi.FiletypeSocketDgram)
	sockSeqpacket = uint64(cloudabi.FiletypeSocketSeqpacket)
)

// old makes a call the way programs of August 2015 do.
func (g *guest) old(id cloudabi.CallID, in ...uint64) ([2]uint64, cloudabi.Errno) {
	g.Helper()
	n := cloudabi.Calls[id].Number[cloudabi.G3]
	require.GreaterOrEqual(g, n, 0, id)
	return g.trap(uint64(n), in...)
}

func (g *guest) oldOK(id cloudabi.CallID, in ...uint64) uint64 {
	g.Helper()
	out, errno := g.old(id, in...)
	require.Equal(g, cloudabi.ESUCCESS, errno, "%v%x", id, in)
	return out[0]
}

func (g *guest) oldFails(want cloudabi.Errno, id cloudabi.CallID, in ...uint64) {
	g.Helper()
	_, errno := g.old(id, in...)
	require.Equal(g, want, errno, "%v%x", id, in)
}

// pair makes two connected sockets.
func (g *guest) pair(kind uint64) (a, b uint64) {
	g.Helper()
	out, errno := g.sys(cloudabi.CallFdCreate2, kind)
	require.Equal(g, cloudabi.ESUCCESS, errno)
	return out[0], out[1]
}

// fds stores a list of descriptors.
func (g *guest) fds(list []uint64) uint64 {
	var b []byte
	for _, fd := range list {
		b = le.AppendUint32(b, uint32(fd))
	}
	return g.put(append(b, 0))
}

func (g *guest) send(sock uint64, data string, fds ...uint64) (uint64, cloudabi.Errno) {
	p, n := g.str(data)
	list, l := g.iov(p, n)
	in := cloudabi.SendIn{Data: list, DataLen: l, Fds: g.fds(fds), FdsLen: uint64(len(fds))}
	b := make([]byte, cloudabi.SendInSize)
	in.Put(b)
	out := g.put(make([]byte, cloudabi.SendOutSize))
	errno := g.sysC(cloudabi.CallSockSend, sock, g.put(b), out)
	return g.load64(out), errno
}

func (g *guest) sent(sock uint64, data string, fds ...uint64) {
	g.Helper()
	n, errno := g.send(sock, data, fds...)
	require.Equal(g, cloudabi.ESUCCESS, errno)
	require.Equal(g, uint64(len(data)), n)
}

// got is what sock_recv says.
type got struct {
	data  string
	fds   []uint64
	flags cloudabi.Roflags
}

func (g *guest) recv(sock uint64, size, fds int, flags cloudabi.Riflags) (r got, errno cloudabi.Errno) {
	buf := g.put(make([]byte, size+1))
	list, l := g.iov(buf, uint64(size))
	in := cloudabi.RecvIn{Data: list, DataLen: l, Fds: g.put(make([]byte, 4*fds+1)), FdsLen: uint64(fds), Flags: flags}
	b := make([]byte, cloudabi.RecvInSize)
	in.Put(b)
	p := g.put([]byte(strings.Repeat("\xff", int(cloudabi.RecvOutSize))))
	if errno = g.sysC(cloudabi.CallSockRecv, sock, g.put(b), p); errno != 0 {
		return r, errno
	}
	ob := g.load(p, int(cloudabi.RecvOutSize))
	require.Equal(g, make([]byte, 40), ob[16:56])
	var out cloudabi.RecvOut
	out.Get(ob)
	r.data = string(g.load(buf, int(out.Datalen)))
	r.flags = out.Flags
	for i := range out.Fdslen {
		r.fds = append(r.fds, uint64(le.Uint32(g.load(in.Fds+4*i, 4))))
	}
	return r, 0
}

func (g *guest) received(sock uint64, size, fds int, flags cloudabi.Riflags) got {
	g.Helper()
	r, errno := g.recv(sock, size, fds, flags)
	require.Equal(g, cloudabi.ESUCCESS, errno)
	return r
}

func (g *guest) nonblock(fd uint64) {
	g.ok(cloudabi.CallFdStatPut, fd, g.fdstat(cloudabi.FdflagNonblock, 0, 0), uint64(cloudabi.FdstatFlags))
}

// pollFd polls one descriptor in one direction without waiting.
func (g *guest) pollFd(fd uint64, e cloudabi.Eventtype) (r Readiness) {
	events := g.poll(cloudabi.Subscription{Type: e, FdReadwriteFd: cloudabi.Fd(fd)}, clockSub(0))
	if events[0].Type != e {
		return Readiness{}
	}
	return Readiness{true, uint64(events[0].FdReadwriteNbytes), events[0].FdReadwriteFlags != 0, events[0].Error}
}

func TestStreamPair(t *testing.T) {
	run(t, func(g *guest) {
		a, b := g.pair(sockStream)
		require.NotEqual(g, a, b)
		for _, fd := range []uint64{a, b} {
			s := g.stat(fd)
			require.Equal(g, cloudabi.FiletypeSocketStream, s.Filetype)
			require.Equal(g, cloudabi.LargestRights(cloudabi.FiletypeSocketStream), cloudabi.RightsPair{Base: s.RightsBase, Inheriting: s.RightsInheriting})
		}
		require.Equal(g, Readiness{}, g.pollFd(b, cloudabi.EventtypeFdRead))
		require.True(g, g.pollFd(a, cloudabi.EventtypeFdWrite).Ready)
		n, errno := g.write(a, "ab", "", "cd")
		require.Zero(g, errno)
		require.EqualValues(g, 4, n)
		g.sent(a, "ef")
		require.Equal(g, Readiness{Ready: true, Bytes: 6}, g.pollFd(b, cloudabi.EventtypeFdRead))
		require.Equal(g, got{data: "abc"}, g.received(b, 3, 0, cloudabi.SockRecvPeek))
		require.Equal(g, got{data: "abcdef"}, g.received(b, 9, 0, cloudabi.SockRecvPeek))
		require.Equal(g, got{data: "ab"}, g.received(b, 2, 0, 0))
		data, errno := g.read(b, 100)
		require.Zero(g, errno)
		require.Equal(g, "cdef", data)
		require.Equal(g, got{}, g.received(b, 0, 0, 0), "nothing is asked for")
		g.nonblock(b)
		_, errno = g.recv(b, 1, 0, 0)
		require.Equal(g, cloudabi.EAGAIN, errno)
		_, errno = g.read(b, 1)
		require.Equal(g, cloudabi.EAGAIN, errno)
		// The other way, half-closed, and the end.
		g.sent(b, "bye")
		g.ok(cloudabi.CallSockShutdown, b, uint64(cloudabi.ShutWr))
		_, errno = g.send(b, "x")
		require.Equal(g, cloudabi.EPIPE, errno)
		require.Equal(g, Readiness{Ready: true, Bytes: 3, Hangup: true}, g.pollFd(a, cloudabi.EventtypeFdRead))
		require.Equal(g, got{data: "bye"}, g.received(a, 10, 0, 0))
		require.Equal(g, got{}, g.received(a, 10, 0, 0))
		require.Equal(g, got{}, g.received(a, 10, 0, cloudabi.SockRecvWaitall))
		g.sent(a, "still")
		require.Equal(g, got{data: "still"}, g.received(b, 10, 0, 0))
		g.sent(a, "lost")
		g.ok(cloudabi.CallSockShutdown, b, uint64(cloudabi.ShutRd))
		require.Equal(g, got{}, g.received(b, 10, 0, 0))
		_, errno = g.send(a, "x")
		require.Equal(g, cloudabi.EPIPE, errno)
		g.ok(cloudabi.CallFdClose, b)
		_, errno = g.write(a, "x")
		require.Equal(g, cloudabi.EPIPE, errno)
		require.Equal(g, Readiness{Ready: true, Hangup: true}, g.pollFd(a, cloudabi.EventtypeFdWrite))
		require.Equal(g, Readiness{Ready: true, Hangup: true}, g.pollFd(a, cloudabi.EventtypeFdRead))
		require.Equal(g, got{}, g.received(a, 1, 0, 0))
	})
}

func TestSocketErrors(t *testing.T) {
	run(t, func(g *guest) {
		a, b := g.pair(sockStream)
		file := g.create("f")
		for _, kind := range []uint64{0, sockSeqpacket, uint64(cloudabi.FiletypeFifo), uint64(cloudabi.FiletypePoll), uint64(cloudabi.FiletypeSharedMemory), 255} {
			g.fails(cloudabi.EINVAL, cloudabi.CallFdCreate2, kind)
		}
		for _, kind := range []uint64{sockStream, sockDgram, sockSeqpacket, uint64(cloudabi.FiletypePoll)} {
			g.fails(cloudabi.EINVAL, cloudabi.CallFdCreate1, kind)
		}
		_, errno := g.send(99, "x")
		require.Equal(g, cloudabi.EBADF, errno)
		_, errno = g.send(file, "x")
		require.Equal(g, cloudabi.ENOTSOCK, errno)
		_, errno = g.recv(file, 1, 0, 0)
		require.Equal(g, cloudabi.ENOTSOCK, errno)
		_, errno = g.send(0, "x")
		require.Equal(g, cloudabi.ENOTCAPABLE, errno)
		g.fails(cloudabi.ENOTCAPABLE, cloudabi.CallSockShutdown, file, 1)
		g.fails(cloudabi.EBADF, cloudabi.CallSockShutdown, 99, 1)
		for _, how := range []uint64{0, 4, 7} {
			g.fails(cloudabi.EINVAL, cloudabi.CallSockShutdown, 99, how)
		}
		_, errno = g.send(a, "x", 99)
		require.Equal(g, cloudabi.EBADF, errno)
		_, errno = g.send(a, "x", file, 99)
		require.Equal(g, cloudabi.EBADF, errno)
		_, errno = g.send(a, "", file)
		require.Equal(g, cloudabi.EMSGSIZE, errno)
		_, errno = g.send(a, "x", make([]uint64, maxPassed+1)...)
		require.Equal(g, cloudabi.EINVAL, errno)
		g.nonblock(b)
		_, errno = g.recv(b, 1, 1, 0)
		require.Equal(g, cloudabi.EAGAIN, errno, "nothing was sent")

		// Wrong addresses, in the order in which they are looked at.
		const nowhere = 0x20000
		in := func(v cloudabi.SendIn) uint64 {
			p := make([]byte, cloudabi.SendInSize)
			v.Put(p)
			return g.put(p)
		}
		out := g.put(make([]byte, 64))
		for _, id := range []cloudabi.CallID{cloudabi.CallSockSend, cloudabi.CallSockRecv} {
			require.Equal(g, cloudabi.EFAULT, g.sysC(id, 99, nowhere, out))
			require.Equal(g, cloudabi.EINVAL, g.sysC(id, 99, in(cloudabi.SendIn{Data: nowhere, DataLen: 1025}), out))
			require.Equal(g, cloudabi.EFAULT, g.sysC(id, 99, in(cloudabi.SendIn{Data: nowhere, DataLen: 1024}), out))
		}
		require.Equal(g, cloudabi.EFAULT, g.sysC(cloudabi.CallSockSend, 99, in(cloudabi.SendIn{Fds: nowhere, FdsLen: 1}), out))
		list, _ := g.iov(nowhere, 5)
		require.Equal(g, cloudabi.EFAULT, g.sysC(cloudabi.CallSockSend, a, in(cloudabi.SendIn{Data: list, DataLen: 1}), out))
		g.sent(a, "data")
		require.Equal(g, cloudabi.EFAULT, g.sysC(cloudabi.CallSockRecv, b, in(cloudabi.SendIn{Data: list, DataLen: 1}), out))
		require.Equal(g, got{data: "data"}, g.received(b, 9, 0, 0), "nothing was taken")
		ok, _ := g.iov(out, 1)
		require.Equal(g, cloudabi.EFAULT, g.sysC(cloudabi.CallSockSend, a, in(cloudabi.SendIn{Data: ok, DataLen: 1}), nowhere))
		require.Len(g, g.received(b, 9, 0, 0).data, 1, "an output alone is too late")
		g.sent(a, "x", file)
		require.Equal(g, cloudabi.EFAULT, g.sysC(cloudabi.CallSockRecv, b, in(cloudabi.SendIn{Data: ok, DataLen: 1, Fds: nowhere, FdsLen: 1}), out))
		g.sent(a, "x", file)
		require.Equal(g, cloudabi.EFAULT, g.sysC(cloudabi.CallSockRecv, b, in(cloudabi.SendIn{Data: ok, DataLen: 1, Fds: out, FdsLen: 1}), nowhere))
		require.EqualValues(g, file+1, g.ok(cloudabi.CallFdDup, file), "no descriptor was left behind")
		// Rights.
		g.ok(cloudabi.CallFdStatPut, a, g.fdstat(0, 0, 0), uint64(cloudabi.FdstatRights))
		_, errno = g.send(a, "x")
		require.Equal(g, cloudabi.ENOTCAPABLE, errno)
		_, errno = g.recv(a, 1, 0, 0)
		require.Equal(g, cloudabi.ENOTCAPABLE, errno)
		g.fails(cloudabi.ENOTCAPABLE, cloudabi.CallSockShutdown, a, 1)
	}, memoryDir())
}

func TestDatagrams(t *testing.T) {
	for _, kind := range []uint64{sockDgram, sockSeqpacket} {
		run(t, func(g *guest) {
			out, errno := g.old(cloudabi.CallFdCreate2, kind)
			require.Zero(g, errno)
			a, b := out[0], out[1]
			require.EqualValues(g, kind, g.stat(a).Filetype)
			g.sent(a, "one")
			g.sent(a, "")
			_, errno = g.write(a, "th", "ree")
			require.Zero(g, errno)
			require.Equal(g, Readiness{Ready: true, Bytes: 3}, g.pollFd(b, cloudabi.EventtypeFdRead))
			require.Equal(g, got{data: "on", flags: cloudabi.SockRecvDataTruncated}, g.received(b, 2, 0, cloudabi.SockRecvPeek))
			require.Equal(g, got{data: "one"}, g.received(b, 9, 0, cloudabi.SockRecvWaitall))
			require.Equal(g, got{}, g.received(b, 9, 0, 0))
			require.Equal(g, got{data: "t", flags: cloudabi.SockRecvDataTruncated}, g.received(b, 1, 0, 0))
			g.sent(a, "excess")
			data, errno := g.read(b, 2)
			require.Zero(g, errno)
			require.Equal(g, "ex", data)
			g.nonblock(b)
			_, errno = g.recv(b, 9, 0, 0)
			require.Equal(g, cloudabi.EAGAIN, errno)
			big := strings.Repeat("x", maxDatagram)
			_, errno = g.send(a, big+"y")
			require.Equal(g, cloudabi.EMSGSIZE, errno)
			_, errno = g.write(a, big, "y")
			require.Equal(g, cloudabi.EMSGSIZE, errno)
			g.nonblock(a)
			g.sent(a, big)
			require.False(g, g.pollFd(a, cloudabi.EventtypeFdWrite).Ready)
			_, errno = g.send(a, big)
			require.Equal(g, cloudabi.EAGAIN, errno)
			require.Equal(g, got{data: big}, g.received(b, maxDatagram+5, 0, 0))
			require.True(g, g.pollFd(a, cloudabi.EventtypeFdWrite).Ready)
			// Descriptors may come with a message of no bytes.
			g.sent(a, "", a)
			require.Len(g, g.received(b, 9, 1, 0).fds, 1)
			g.sent(a, "last")
			g.ok(cloudabi.CallFdClose, a)
			g.ok(cloudabi.CallFdClose, 2) // its duplicate
			require.Equal(g, got{data: "last"}, g.received(b, 9, 0, 0))
			require.Equal(g, got{}, g.received(b, 9, 0, 0))
			_, errno = g.send(b, "x")
			require.Equal(g, cloudabi.EPIPE, errno)
		})
	}
}

func TestPassingDescriptors(t *testing.T) {
	run(t, func(g *guest) {
		a, b := g.pair(sockStream)
		f := g.create("f")
		_, errno := g.write(f, "contents")
		require.Zero(g, errno)
		restricted := g.ok(cloudabi.CallFdDup, f)
		rights := cloudabi.RightFdRead | cloudabi.RightFdSeek
		g.ok(cloudabi.CallFdStatPut, restricted, g.fdstat(0, rights, 0), uint64(cloudabi.FdstatRights))
		g.sent(a, "before")
		g.sent(a, "xyz", restricted, f)
		g.sent(a, "more")
		g.sent(a, "!", f)
		g.ok(cloudabi.CallFdClose, restricted)
		g.ok(cloudabi.CallFdClose, f)
		require.Equal(g, got{data: "before"}, g.received(b, 100, 9, 0), "a stream is read up to where descriptors begin")
		// Looking gives duplicates and takes nothing.
		p := g.received(b, 2, 9, cloudabi.SockRecvPeek)
		require.Equal(g, "xy", p.data)
		require.Len(g, p.fds, 2)
		r := g.received(b, 1, 9, 0)
		require.Equal(g, "x", r.data)
		require.Len(g, r.fds, 2)
		for _, fds := range [][]uint64{p.fds, r.fds} {
			require.Equal(g, rights, g.stat(fds[0]).RightsBase)
			require.Equal(g, cloudabi.LargestRights(cloudabi.FiletypeRegularFile).Base&readWrite, g.stat(fds[1]).RightsBase)
		}
		g.ok(cloudabi.CallFdSeek, r.fds[0], 0, uint64(cloudabi.WhenceSet))
		data, _ := g.read(p.fds[1], 4)
		require.Equal(g, "cont", data)
		data, _ = g.read(r.fds[0], 9)
		require.Equal(g, "ents", data, "it is the same open file")
		require.Equal(g, got{data: "yzmore"}, g.received(b, 100, 9, cloudabi.SockRecvWaitall), "waiting for all ends there too")
		last := g.received(b, 1, 0, 0)
		require.Equal(g, got{data: "!"}, last, "who asks for none is not told of any")

		// What does not fit is closed.
		g.sent(a, "x", a, b, a)
		r = g.received(b, 9, 2, 0)
		require.Len(g, r.fds, 2)
		require.Equal(g, cloudabi.SockRecvFdsTruncated, r.flags)
		g.sent(a, "y", a)
		data, errno = g.read(b, 9)
		require.Zero(g, errno)
		require.Equal(g, "y", data)
	}, memoryDir())
}

func TestPassingToAFullTable(t *testing.T) {
	w := newWorld(t, Limits{Descriptors: 4})
	w.run(func(g *guest) {
		a, b := g.pair(sockStream)
		g.sent(a, "x", a, b, a)
		r := g.received(b, 9, 9, 0)
		require.Len(g, r.fds, 2)
		require.Equal(g, cloudabi.SockRecvFdsTruncated, r.flags)
		g.fails(cloudabi.EMFILE, cloudabi.CallFdCreate2, sockStream)
		g.ok(cloudabi.CallFdClose, r.fds[0])
		g.fails(cloudabi.EMFILE, cloudabi.CallFdCreate2, sockStream)
		require.EqualValues(g, 2, g.scripts.machine.openFiles.Load())
	})
	w = newWorld(t, Limits{OpenFiles: 1})
	w.run(func(g *guest) {
		g.fails(cloudabi.ENFILE, cloudabi.CallFdCreate2, sockStream)
		require.Zero(g, g.scripts.machine.openFiles.Load())
	})
}

// TestBuffersAreBounded: a stream takes so much and then says EAGAIN, and a
// writer that may wait does.
func TestBuffersAreBounded(t *testing.T) {
	w := newWorld(t, Limits{})
	w.run(func(g *guest) {
		a, b := g.pair(sockStream)
		g.nonblock(a)
		total := uint64(0)
		for {
			n, errno := g.send(a, strings.Repeat("z", 10000))
			if errno != 0 {
				require.Equal(g, cloudabi.EAGAIN, errno)
				break
			}
			total += n
			require.LessOrEqual(g, total, uint64(inboxSize))
		}
		require.Greater(g, total, uint64(inboxSize/2))
		require.False(g, g.pollFd(a, cloudabi.EventtypeFdWrite).Ready)
		n, errno := g.send(a, "z")
		require.Equal(g, cloudabi.EAGAIN, errno, n)
		g.received(b, 5000, 0, 0)
		require.True(g, g.pollFd(a, cloudabi.EventtypeFdWrite).Ready)
		n, errno = g.send(a, strings.Repeat("z", 10000))
		require.Zero(g, errno)
		require.Less(g, n, uint64(10000), "a partial transfer")
		require.Positive(g, n)
		g.ok(cloudabi.CallFdStatPut, a, g.fdstat(0, 0, 0), uint64(cloudabi.FdstatFlags))
		g.thread(func(g *guest) {
			n, errno := g.send(a, strings.Repeat("w", 3*inboxSize), 0)
			require.Zero(g, errno)
			require.EqualValues(g, 3*inboxSize, n)
			g.ok(cloudabi.CallFdClose, a)
			g.sys(cloudabi.CallThreadExit, g.put(make([]byte, 8)), uint64(cloudabi.ScopePrivate))
		})
		count, fds := map[rune]int{}, 0
		for {
			r := g.received(b, 70000, 4, 0)
			if r.data == "" {
				break
			}
			fds += len(r.fds)
			for _, c := range r.data {
				count[c]++
			}
		}
		require.Equal(g, 3*inboxSize, count['w'])
		require.Equal(g, 1, fds)
		require.Less(g, g.scripts.machine.quota.Used(), uint64(1<<22))
	}, memoryDir())
	require.Zero(t, w.m.quota.Used())
}

// TestMemoryLimitOfSockets: what is under way counts as memory.
func TestMemoryLimitOfSockets(t *testing.T) {
	w := newWorld(t, Limits{Memory: 1 << 20, Descriptors: 100})
	w.run(func(g *guest) {
		p, n := g.str(strings.Repeat("x", 4096))
		list, l := g.iov(p, n)
		in := cloudabi.SendIn{Data: list, DataLen: l}
		b := make([]byte, cloudabi.SendInSize)
		in.Put(b)
		arg := g.put(b)
		for range 30 {
			a, _ := g.pair(sockDgram)
			g.nonblock(a)
			for {
				errno := g.sysC(cloudabi.CallSockSend, a, arg, p)
				if errno == cloudabi.ENOBUFS {
					return
				}
				if errno == cloudabi.EAGAIN {
					break
				}
				require.Zero(g, errno)
			}
		}
		g.Fatal("no limit")
	})
	require.Zero(t, w.m.quota.Used())
}

func TestWaitingForSockets(t *testing.T) {
	run(t, func(g *guest) {
		a, b := g.pair(sockStream)
		started := g.put(make([]byte, 8))
		// Everything, although it comes in pieces.
		g.thread(func(g *guest) {
			g.setWord(started, 1)
			require.Equal(g, got{data: "abcdef"}, g.received(b, 6, 0, cloudabi.SockRecvWaitall))
			g.setWord(started, 2)
			data, _ := g.read(b, 1)
			require.Equal(g, "g", data)
			events := g.poll(cloudabi.Subscription{Type: cloudabi.EventtypeFdRead, FdReadwriteFd: cloudabi.Fd(b)})
			require.EqualValues(g, 2, events[0].FdReadwriteNbytes)
			g.setWord(started, 3)
			g.poll(cloudabi.Subscription{Type: cloudabi.EventtypeFdRead, FdReadwriteFd: cloudabi.Fd(a)})
			g.setWord(started, 4)
			g.sys(cloudabi.CallThreadExit, g.put(make([]byte, 8)), uint64(cloudabi.ScopePrivate))
		})
		asleep := func() { eventually(g, func() bool { return g.waitingThreads() == 1 }) }
		asleep()
		g.sent(a, "abc")
		asleep()
		require.EqualValues(g, 1, g.word(started))
		g.sent(a, "def")
		eventually(g, func() bool { return g.word(started) == 2 })
		asleep()
		g.sent(a, "g")
		eventually(g, func() bool { return g.pollFd(b, cloudabi.EventtypeFdRead).Bytes == 0 })
		asleep()
		g.sent(a, "hi")
		eventually(g, func() bool { return g.word(started) == 3 })
		asleep()
		g.ok(cloudabi.CallFdClose, b)
		eventually(g, func() bool { return g.word(started) == 4 })
	})
}

// TestCyclesOfSockets: sockets that only messages hold are closed, whichever way
// they hold each other.
func TestCyclesOfSockets(t *testing.T) {
	cycles := map[string]func(g *guest){
		"over itself": func(g *guest) {
			a, b := g.pair(sockStream)
			g.sent(a, "x", b)
			g.ok(cloudabi.CallFdClose, b)
			g.ok(cloudabi.CallFdClose, a)
		},
		"both ends": func(g *guest) {
			a, b := g.pair(sockDgram)
			g.sent(a, "x", b, a)
			g.sent(b, "x", b, a)
			g.ok(cloudabi.CallFdClose, b)
			g.ok(cloudabi.CallFdClose, a)
		},
		"ring": func(g *guest) {
			const n = 20
			var ends [n][2]uint64
			for i := range ends {
				ends[i][0], ends[i][1] = g.pair(sockStream)
			}
			for i := range ends {
				g.sent(ends[i][0], "x", ends[(i+1)%n][1], 0)
			}
			for i := range ends {
				g.ok(cloudabi.CallFdClose, ends[i][0])
				g.ok(cloudabi.CallFdClose, ends[i][1])
			}
		},
		"chain": func(g *guest) {
			a, b := g.pair(sockStream)
			for range 50 {
				c, d := g.pair(sockStream)
				g.sent(c, "x", a, b)
				g.ok(cloudabi.CallFdClose, a)
				g.ok(cloudabi.CallFdClose, b)
				a, b = c, d
			}
			g.ok(cloudabi.CallFdClose, a)
			g.ok(cloudabi.CallFdClose, b)
		},
		"replaced": func(g *guest) {
			a, b := g.pair(sockStream)
			g.sent(a, "x", b)
			g.ok(cloudabi.CallFdReplace, 0, b)
			g.ok(cloudabi.CallFdReplace, 0, a)
			g.ok(cloudabi.CallFdClose, a)
			g.ok(cloudabi.CallFdClose, b)
		},
		"received and dropped": func(g *guest) {
			a, b := g.pair(sockStream)
			g.sent(a, "x", b, a)
			g.sent(a, "y", b)
			require.Len(g, g.received(b, 9, 1, 0).fds, 1)
			for fd := range uint64(3) {
				g.ok(cloudabi.CallFdClose, fd+1)
			}
		},
		"at a listening socket": func(g *guest) {
			l := g.oldOK(cloudabi.CallFdCreate1, sockStream)
			p, n := g.str(fmt.Sprintf("s%d", l))
			g.oldOK(cloudabi.CallSockBind, l, 0, p, n)
			g.oldOK(cloudabi.CallSockListen, l, 5)
			c := g.oldOK(cloudabi.CallFdCreate1, sockStream)
			g.oldOK(cloudabi.CallSockConnect, c, 0, p, n)
			g.sent(c, "x", l)
			g.ok(cloudabi.CallFileUnlink, 0, p, n, 0)
			g.ok(cloudabi.CallFdClose, l)
			g.ok(cloudabi.CallFdClose, c)
		},
	}
	for name, f := range cycles {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Limits{})
			w.early = name == "at a listening socket"
			w.run(func(g *guest) {
				before := g.scripts.machine.openFiles.Load()
				for range 3 {
					f(g)
					require.Equal(g, before, g.scripts.machine.openFiles.Load())
				}
			}, memoryDir())
			require.Zero(t, w.m.openFiles.Load())
			require.Zero(t, w.m.net.passed)
			require.Empty(t, w.m.net.inflight)
			require.Zero(t, w.m.quota.Used())
		})
	}
}

// TestReachableStays: what can still be received is left alone.
func TestReachableStays(t *testing.T) {
	run(t, func(g *guest) {
		a, b := g.pair(sockStream)
		c, d := g.pair(sockStream)
		e, f := g.pair(sockStream)
		g.sent(e, "inner")
		g.sent(c, "x", f) // waits at d
		g.sent(a, "x", d) // waits at b, which stays open
		for _, fd := range []uint64{c, d, e, f} {
			g.ok(cloudabi.CallFdClose, fd)
		}
		g.scripts.machine.collect()
		d = g.received(b, 9, 1, 0).fds[0]
		f = g.received(d, 9, 1, 0).fds[0]
		require.Equal(g, got{data: "inner"}, g.received(f, 9, 1, 0))
		require.Equal(g, got{}, g.received(f, 9, 1, 0))
	})
}

// TestProcessEndWithMessages: what is under way goes with the process.
func TestProcessEndWithMessages(t *testing.T) {
	w := newWorld(t, Limits{})
	w.run(func(g *guest) {
		a, b := g.pair(sockStream)
		c, _ := g.pair(sockDgram)
		g.sent(a, "x", a, b, c)
		g.sent(b, "x", a, b, c)
		g.sent(c, "x", a, b, c)
		g.thread(func(g *guest) { g.received(b, 10, 0, cloudabi.SockRecvWaitall) })
		eventually(g, func() bool { return g.waitingThreads() == 1 })
	})
	require.Zero(t, w.m.openFiles.Load())
	require.Zero(t, w.m.quota.Used())
}

// TestSocketHammer has threads send and receive descriptors over sockets that
// others close and pass on.
func TestSocketHammer(t *testing.T) {
	w := newWorld(t, Limits{})
	p := w.start(t.Context(), func(g *guest) {
		a, b := g.pair(sockStream)
		c, d := g.pair(sockDgram)
		for _, fd := range []uint64{a, b, c, d} {
			g.nonblock(fd)
		}
		done := g.put(make([]byte, 8))
		const threads, rounds = 4, 200
		for i := range threads {
			g.thread(func(g *guest) {
				for r := range rounds {
					from, to, x := [][3]uint64{{a, b, c}, {b, a, d}, {c, d, b}, {d, c, a}}[(i+r)%4][0], [][3]uint64{{a, b, c}, {b, a, d}, {c, d, b}, {d, c, a}}[(i+r)%4][1], uint64(r%4)
					g.send(from, "ab", x, from, to)
					if got, errno := g.recv(to, 3, r%5, 0); errno == 0 {
						for _, fd := range got.fds {
							g.sys(cloudabi.CallFdClose, fd)
						}
					}
				}
				for !g.cas(done, g.word(done), g.word(done)+1) {
				}
				g.sys(cloudabi.CallThreadExit, g.put(make([]byte, 8)), uint64(cloudabi.ScopePrivate))
			})
		}
		eventually(g, func() bool { return g.word(done) == threads })
		g.exit(0)
	})
	require.Equal(t, ExitStatus{}, w.wait(p))
	require.Zero(t, w.m.openFiles.Load())
	require.Zero(t, w.m.net.passed)
	require.Zero(t, w.m.quota.Used())
}
