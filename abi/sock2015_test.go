package abi

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/vfs"
)

// runEarly runs a script as a program of 2015.
func runEarly(tb testing.TB, f script, fds ...DescriptorSpec) {
	tb.Helper()
	w := newWorld(tb, Limits{})
	w.early = true
	w.run(f, fds...)
	require.Zero(tb, w.m.openFiles.Load())
	require.Empty(tb, w.m.net.bound)
	require.Empty(tb, w.m.net.fifos)
	require.Zero(tb, w.m.quota.Used())
}

// directories are those that can hold sockets and fifos.
func directories(t *testing.T) map[string]func() DescriptorSpec {
	host := func() vfs.Dir {
		d, err := vfs.NewHost(t.TempDir(), vfs.HostOptions{})
		require.NoError(t, err)
		return d
	}
	return map[string]func() DescriptorSpec{
		"memory": memoryDir,
		"host":   func() DescriptorSpec { return DescriptorSpec{Object: NewDirectory(host())} },
		"overlay": func() DescriptorSpec {
			d, err := vfs.NewOverlay(host(), nil, nil)
			require.NoError(t, err)
			return DescriptorSpec{Object: NewDirectory(d)}
		},
	}
}

// named calls sock_bind or sock_connect.
func (g *guest) named(id cloudabi.CallID, sock, dir uint64, path string) cloudabi.Errno {
	p, n := g.str(path)
	_, errno := g.old(id, sock, dir, p, n)
	return errno
}

func (g *guest) bind(sock uint64, path string) cloudabi.Errno {
	return g.named(cloudabi.CallSockBind, sock, 0, path)
}

func (g *guest) connect(sock uint64, path string) cloudabi.Errno {
	return g.named(cloudabi.CallSockConnect, sock, 0, path)
}

func (g *guest) sockstat(sock uint64, flags uint64) (s cloudabi.Sockstat) {
	g.Helper()
	p := g.put([]byte(strings.Repeat("\xff", int(cloudabi.SockstatSize))))
	g.oldOK(cloudabi.CallSockStatGet, sock, p, flags)
	s.Get(g.load(p, int(cloudabi.SockstatSize)))
	return s
}

func TestNamedSockets(t *testing.T) {
	for name, dir := range directories(t) {
		t.Run(name, func(t *testing.T) {
			for _, kind := range []uint64{sockStream, sockSeqpacket} {
				runEarly(t, func(g *guest) { namedSockets(g, kind) }, dir())
			}
		})
	}
}

func namedSockets(g *guest, kind uint64) {
	l := g.oldOK(cloudabi.CallFdCreate1, kind)
	require.Equal(g, cloudabi.LargestRights2015(cloudabi.Filetype(kind)), cloudabi.RightsPair{Base: g.stat(l).RightsBase, Inheriting: g.stat(l).RightsInheriting})
	g.oldFails(cloudabi.EDESTADDRREQ, cloudabi.CallSockListen, l, 5)
	g.oldFails(cloudabi.EINVAL, cloudabi.CallSockAccept, l, 0)
	g.oldFails(cloudabi.ENOTCONN, cloudabi.CallSockShutdown, l, 1)
	_, errno := g.read(l, 1)
	require.Equal(g, cloudabi.ENOTCONN, errno)
	_, errno = g.write(l, "x")
	require.Equal(g, cloudabi.ENOTCONN, errno)
	require.Zero(g, g.bind(l, "name"))
	require.Equal(g, cloudabi.EINVAL, g.bind(l, "other"))
	c := g.oldOK(cloudabi.CallFdCreate1, kind)
	require.Equal(g, cloudabi.EADDRINUSE, g.bind(c, "name"))
	require.Equal(g, cloudabi.ECONNREFUSED, g.connect(c, "name"))
	g.oldOK(cloudabi.CallSockListen, l, 1)
	require.Equal(g, cloudabi.SockstateAcceptconn, g.sockstat(l, 0).State)
	require.Equal(g, Readiness{}, g.pollFd(l, cloudabi.EventtypeFdRead))
	g.nonblock(l)
	g.oldFails(cloudabi.EAGAIN, cloudabi.CallSockAccept, l, 0)

	// The name is a file that can be looked at, linked and moved.
	p, n := g.str("name")
	st := g.put(make([]byte, cloudabi.FilestatSize))
	g.ok(cloudabi.CallFileStatGet, 0, p, n, st)
	require.EqualValues(g, cloudabi.FiletypeSocketStream, g.load(st+16, 1)[0])
	_, errno = g.open(0, "name", 0, 0, cloudabi.RightFdRead, 0)
	require.Equal(g, cloudabi.ENOTSUP, errno)
	q, m := g.str("moved")
	g.ok(cloudabi.CallFileRename, 0, p, n, 0, q, m)
	require.Equal(g, cloudabi.ENOENT, g.connect(c, "name"))

	require.Zero(g, g.connect(c, "moved"))
	require.Equal(g, cloudabi.EISCONN, g.connect(c, "moved"))
	require.Equal(g, Readiness{Ready: true, Bytes: 1}, g.pollFd(l, cloudabi.EventtypeFdRead))
	extra := g.oldOK(cloudabi.CallFdCreate1, kind)
	g.nonblock(extra)
	require.Equal(g, cloudabi.EAGAIN, g.connect(extra, "moved"), "the queue is full")
	_, errno = g.write(c, "early")
	require.Zero(g, errno, "before it is accepted")
	buf := g.put(make([]byte, cloudabi.SockstatSize))
	a := g.oldOK(cloudabi.CallSockAccept, l, buf)
	var s cloudabi.Sockstat
	s.Get(g.load(buf, int(cloudabi.SockstatSize)))
	require.Equal(g, cloudabi.Sockstat{Peername: cloudabi.Sockaddr{Family: cloudabi.AfUnix}}, s)
	require.Equal(g, g.stat(c).RightsBase, g.stat(a).RightsBase)
	data, _ := g.read(a, 10)
	require.Equal(g, "early", data)
	_, errno = g.write(a, "answer")
	require.Zero(g, errno)
	data, _ = g.read(c, 10)
	require.Equal(g, "answer", data)
	unix := cloudabi.Sockaddr{Family: cloudabi.AfUnix}
	require.Equal(g, cloudabi.Sockstat{Sockname: unix, Peername: unix}, g.sockstat(c, 1))
	g.oldFails(cloudabi.EINVAL, cloudabi.CallSockStatGet, c, buf, 2)
	g.oldFails(cloudabi.EINVAL, cloudabi.CallSockListen, a, 1)
	g.oldFails(cloudabi.EINVAL, cloudabi.CallSockAccept, c, 0)
	g.ok(cloudabi.CallFdClose, a)
	require.Equal(g, cloudabi.Sockstat{Sockname: unix}, g.sockstat(c, 1), "who is gone has no name")
	require.Equal(g, got{}, g.receivedEarly(c, 10))

	// A connection that waits for a place in the queue, and one that nobody
	// accepts.
	require.Zero(g, g.connect(extra, "moved"))
	late := g.oldOK(cloudabi.CallFdCreate1, kind)
	g.thread(func(g *guest) {
		require.Equal(g, cloudabi.ECONNREFUSED, g.connect(late, "moved"))
		g.sys(cloudabi.CallThreadExit, g.put(make([]byte, 8)), uint64(cloudabi.ScopePrivate))
	})
	eventually(g, func() bool { return g.waitingThreads() == 1 })
	require.Zero(g, g.sockstat(extra, 1).Error)
	g.ok(cloudabi.CallFdClose, l)
	require.Equal(g, cloudabi.ECONNABORTED, g.sockstat(extra, 0).Error)
	require.Equal(g, cloudabi.ECONNABORTED, g.sockstat(extra, 1).Error, "asking does not clear it unless told to")
	require.Zero(g, g.sockstat(extra, 0).Error)
	require.Equal(g, got{}, g.receivedEarly(extra, 10))
	require.Equal(g, cloudabi.ECONNREFUSED, g.connect(c2(g, kind), "moved"))
	g.ok(cloudabi.CallFileUnlink, 0, q, m, 0)
	eventually(g, func() bool { return g.waitingThreads() == 0 })
}

func c2(g *guest, kind uint64) uint64 { return g.oldOK(cloudabi.CallFdCreate1, kind) }

// receivedEarly is received without looking at the addresses.
func (g *guest) receivedEarly(sock uint64, size int) got {
	g.Helper()
	data, errno := g.read(sock, size)
	require.Zero(g, errno)
	return got{data: data}
}

func TestNamedDatagrams(t *testing.T) {
	runEarly(t, func(g *guest) {
		server := g.oldOK(cloudabi.CallFdCreate1, sockDgram)
		require.Zero(g, g.bind(server, "d"))
		g.oldFails(cloudabi.ENOTSUP, cloudabi.CallSockListen, server, 1)
		c, d := g.oldOK(cloudabi.CallFdCreate1, sockDgram), g.oldOK(cloudabi.CallFdCreate1, sockDgram)
		_, errno := g.write(c, "x")
		require.Equal(g, cloudabi.EDESTADDRREQ, errno)
		stream := g.oldOK(cloudabi.CallFdCreate1, sockStream)
		require.Equal(g, cloudabi.EPROTOTYPE, g.connect(stream, "d"))
		require.Zero(g, g.connect(c, "d"))
		require.Zero(g, g.connect(d, "d"))
		require.Zero(g, g.connect(d, "d"), "datagram sockets may choose again")
		g.sent(c, "from c")
		g.sent(d, "from d")
		data, _ := g.read(server, 100)
		require.Equal(g, "from c", data)
		g.ok(cloudabi.CallFdClose, c)
		data, _ = g.read(server, 100)
		require.Equal(g, "from d", data)
		g.nonblock(server)
		_, errno = g.read(server, 1)
		require.Equal(g, cloudabi.EAGAIN, errno, "others may still send")
		g.ok(cloudabi.CallFdClose, server)
		_, errno = g.write(d, "x")
		require.Equal(g, cloudabi.EPIPE, errno)
	}, memoryDir())
}

func TestNamedSocketErrors(t *testing.T) {
	runEarly(t, func(g *guest) {
		s := g.oldOK(cloudabi.CallFdCreate1, sockStream)
		g.create("file")
		p, n := g.str("dir")
		g.ok(cloudabi.CallFileCreate, 0, p, n, uint64(cloudabi.FiletypeDirectory))
		a, _ := g.pair(sockStream)
		for _, id := range []cloudabi.CallID{cloudabi.CallSockBind, cloudabi.CallSockConnect} {
			require.Equal(g, cloudabi.ENOENT, g.named(id, s, 0, ""))
			require.Equal(g, cloudabi.ENAMETOOLONG, g.named(id, s, 0, strings.Repeat("n", maxSocketPath)))
			require.Equal(g, cloudabi.EINVAL, g.named(id, s, 0, "a\x00b"))
			require.Equal(g, cloudabi.EBADF, g.named(id, 99, 0, "x"))
			require.Equal(g, cloudabi.EBADF, g.named(id, s, 99, "x"))
			require.Equal(g, cloudabi.ENOTCAPABLE, g.named(id, 0, 0, "x"))
			require.Equal(g, cloudabi.ENOTCAPABLE, g.named(id, s, s, "x"))
			require.Equal(g, cloudabi.ENOTCAPABLE, g.named(id, s, 0, "../x"))
			require.Equal(g, cloudabi.ENOTCAPABLE, g.named(id, s, 0, "/x"))
			require.Equal(g, cloudabi.ENOENT, g.named(id, s, 0, "none/x"))
			require.Equal(g, cloudabi.ENOTDIR, g.named(id, s, 0, "file/x"))
			g.oldFails(cloudabi.EFAULT, id, s, 0, 0x20000, 5)
		}
		require.Equal(g, cloudabi.EADDRINUSE, g.bind(s, "file"))
		require.Equal(g, cloudabi.ENOENT, g.connect(s, "none"))
		require.Equal(g, cloudabi.ENOTSOCK, g.connect(s, "file"))
		require.Equal(g, cloudabi.ENOTSOCK, g.connect(s, "dir"))
		require.Zero(g, g.bind(s, "dir/s"))
		require.Equal(g, cloudabi.EISCONN, func() cloudabi.Errno {
			g.oldOK(cloudabi.CallSockListen, s, 1)
			return g.connect(a, "dir/s")
		}())
		require.Equal(g, cloudabi.EINVAL, g.connect(s, "dir/s"))
		for _, id := range []cloudabi.CallID{cloudabi.CallSockListen, cloudabi.CallSockAccept, cloudabi.CallSockStatGet} {
			g.oldFails(cloudabi.EBADF, id, 99, 0, 0)
			g.oldFails(cloudabi.ENOTCAPABLE, id, 0, 0, 0)
		}
		g.oldFails(cloudabi.EFAULT, cloudabi.CallSockStatGet, s, 0x20000, 0)
	}, memoryDir())
}

func TestFifo(t *testing.T) {
	runEarly(t, func(g *guest) {
		out, errno := g.old(cloudabi.CallFdCreate2, uint64(cloudabi.FiletypeFifo))
		require.Zero(g, errno)
		r, w := out[0], out[1]
		require.Equal(g, cloudabi.LargestRightsFifoReadEnd2015.Base, g.stat(r).RightsBase)
		require.Equal(g, cloudabi.LargestRightsFifoWriteEnd2015.Base, g.stat(w).RightsBase)
		require.Equal(g, cloudabi.FiletypeFifo, g.stat(w).Filetype)
		_, errno = g.write(r, "x")
		require.Equal(g, cloudabi.ENOTCAPABLE, errno)
		_, errno = g.read(w, 1)
		require.Equal(g, cloudabi.ENOTCAPABLE, errno)
		_, errno = g.write(w, "abc", "def")
		require.Zero(g, errno)
		require.Equal(g, Readiness{Ready: true, Bytes: 6}, g.pollFd(r, cloudabi.EventtypeFdRead))
		data, _ := g.read(r, 4)
		require.Equal(g, "abcd", data)
		g.nonblock(r)
		g.nonblock(w)
		data, _ = g.read(r, 4)
		require.Equal(g, "ef", data)
		_, errno = g.read(r, 4)
		require.Equal(g, cloudabi.EAGAIN, errno)
		total := 0
		for {
			n, errno := g.write(w, strings.Repeat("x", 3000))
			if errno != 0 {
				require.Equal(g, cloudabi.EAGAIN, errno)
				break
			}
			require.EqualValues(g, 3000, n, "all or nothing")
			total += int(n)
		}
		require.LessOrEqual(g, total, inboxSize)
		require.False(g, g.pollFd(w, cloudabi.EventtypeFdWrite).Ready)
		g.ok(cloudabi.CallFdClose, w)
		for total > 0 {
			data, errno := g.read(r, 10000)
			require.Zero(g, errno)
			total -= len(data)
		}
		data, errno = g.read(r, 10)
		require.Zero(g, errno)
		require.Empty(g, data)
		require.Equal(g, Readiness{Ready: true, Hangup: true}, g.pollFd(r, cloudabi.EventtypeFdRead))
		g.ok(cloudabi.CallFdClose, r)

		out, _ = g.old(cloudabi.CallFdCreate2, uint64(cloudabi.FiletypeFifo))
		g.ok(cloudabi.CallFdClose, out[0])
		_, errno = g.write(out[1], "x")
		require.Equal(g, cloudabi.EPIPE, errno)
		g.fails(cloudabi.ENOTCAPABLE, cloudabi.CallFdSeek, out[1], 0, uint64(cloudabi.WhenceCur))
		_, errno = g.send(out[1], "x")
		require.Equal(g, cloudabi.ENOTSOCK, errno)
	})
}

func TestNamedFifo(t *testing.T) {
	for name, dir := range directories(t) {
		t.Run(name, func(t *testing.T) { runEarly(t, namedFifo, dir()) })
	}
}

func namedFifo(g *guest) {
	p, n := g.str("fifo")
	kind := uint64(cloudabi.FiletypeFifo)
	g.oldOK(cloudabi.CallFileCreate, 0, p, n, kind)
	g.oldFails(cloudabi.EEXIST, cloudabi.CallFileCreate, 0, p, n, kind)
	st := g.put(make([]byte, cloudabi.FilestatSize))
	g.ok(cloudabi.CallFileStatGet, 0, p, n, st)
	require.EqualValues(g, cloudabi.FiletypeFifo, g.load(st+16, 1)[0])
	const nonblock = cloudabi.FdflagNonblock
	_, errno := g.open(0, "fifo", 0, nonblock|cloudabi.FdflagAppend, cloudabi.RightFdWrite, 0)
	require.Equal(g, cloudabi.ENXIO, errno)
	r, errno := g.open(0, "fifo", 0, nonblock, cloudabi.RightFdRead|cloudabi.RightFileStatFget|cloudabi.RightPollFdReadwrite, 0)
	require.Zero(g, errno, "a reader need not wait")
	data, errno := g.read(r, 1)
	require.Zero(g, errno, "nobody writes")
	require.Empty(g, data)
	w, errno := g.open(0, "fifo", 0, nonblock|cloudabi.FdflagAppend, cloudabi.RightFdWrite, 0)
	require.Zero(g, errno)
	_, errno = g.read(r, 1)
	require.Equal(g, cloudabi.EAGAIN, errno)
	_, errno = g.write(w, "hello")
	require.Zero(g, errno)
	_, errno = g.write(r, "x")
	require.Equal(g, cloudabi.ENOTCAPABLE, errno)
	g.ok(cloudabi.CallFileStatFget, r, st)
	require.EqualValues(g, cloudabi.FiletypeFifo, g.load(st+16, 1)[0])
	data, _ = g.read(r, 10)
	require.Equal(g, "hello", data)
	g.ok(cloudabi.CallFdClose, w)
	g.ok(cloudabi.CallFdClose, r)

	// Opening waits for the other side, in both orders.
	for _, reader := range []bool{true, false} {
		first, second := cloudabi.RightFdRead, cloudabi.RightFdWrite
		if !reader {
			first, second = second, first
		}
		state := g.put(make([]byte, 8))
		g.thread(func(g *guest) {
			fd, errno := g.open(0, "fifo", 0, cloudabi.FdflagAppend, first, 0)
			require.Zero(g, errno)
			g.setWord(state, uint32(fd)+1)
			g.sys(cloudabi.CallThreadExit, g.put(make([]byte, 8)), uint64(cloudabi.ScopePrivate))
		})
		eventually(g, func() bool { return g.waitingThreads() == 1 })
		require.Zero(g, g.word(state))
		fd, errno := g.open(0, "fifo", 0, cloudabi.FdflagAppend, second, 0)
		require.Zero(g, errno)
		eventually(g, func() bool { return g.word(state) != 0 })
		g.ok(cloudabi.CallFdClose, fd)
		g.ok(cloudabi.CallFdClose, uint64(g.word(state)-1))
	}
	// For both: no waiting, and data that nobody has read goes with the last.
	both, errno := g.open(0, "fifo", 0, cloudabi.FdflagAppend, cloudabi.RightFdRead|cloudabi.RightFdWrite, 0)
	require.Zero(g, errno)
	_, errno = g.write(both, "abc")
	require.Zero(g, errno)
	data, _ = g.read(both, 2)
	require.Equal(g, "ab", data)
	g.ok(cloudabi.CallFdClose, both)
	g.ok(cloudabi.CallFileUnlink, 0, p, n, 0)

	// Rights, and programs of the final ABI.
	g.fails(cloudabi.EBADF, cloudabi.CallFileCreate, 99, p, n, kind)
	g.ok(cloudabi.CallFdStatPut, 0, g.fdstat(0, 0, 0), uint64(cloudabi.FdstatRights))
	g.oldFails(cloudabi.ENOTCAPABLE, cloudabi.CallFileCreate, 0, p, n, kind)
}

// TestFinalKnowsNoFifos: kinds that are gone are invalid, and shown as what
// existing systems show.
func TestFinalKnowsNoFifos(t *testing.T) {
	dir := vfs.NewMemory(nil, nil)
	s, err := dir.MakeSpecial("fifo", cloudabi.FiletypeFifo)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	run(t, func(g *guest) {
		p, n := g.str("new")
		g.fails(cloudabi.EINVAL, cloudabi.CallFileCreate, 0, p, n, uint64(cloudabi.FiletypeFifo))
		p, n = g.str("fifo")
		st := g.put(make([]byte, cloudabi.FilestatSize))
		g.ok(cloudabi.CallFileStatGet, 0, p, n, st)
		require.EqualValues(g, cloudabi.FiletypeSocketStream, g.load(st+16, 1)[0])
		require.Equal(g, cloudabi.LargestRights(cloudabi.FiletypeDirectory).Base, g.stat(0).RightsBase)
		require.Equal(g, cloudabi.LargestRights(cloudabi.FiletypeDirectory).Inheriting, g.stat(0).RightsInheriting)
	}, DescriptorSpec{Object: NewDirectory(dir)})
}
