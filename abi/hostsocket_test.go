package abi

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// testMessages is a datagram socket of the host with its messages in a list.
type testMessages struct {
	testStream
	messages []string
	sent     []string
}

func (s *testMessages) Write(p []byte) (int, cloudabi.Errno) {
	if n, errno := s.testStream.Write(p); errno != 0 {
		return n, errno
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, string(p))
	return len(p), 0
}

func (s *testMessages) Filetype() cloudabi.Filetype { return cloudabi.FiletypeSocketDgram }

func (s *testMessages) Read(p []byte) (int, cloudabi.Errno) {
	n, _, errno := s.ReadMessage(p)
	return n, errno
}

func (s *testMessages) ReadMessage(p []byte) (int, bool, cloudabi.Errno) {
	if len(s.messages) == 0 {
		return 0, false, cloudabi.EAGAIN
	}
	m := s.messages[0]
	s.messages = s.messages[1:]
	n := copy(p, m)
	return n, n < len(m), 0
}

func (s *testMessages) Addresses() (local, peer cloudabi.Sockaddr) {
	return cloudabi.Sockaddr{Family: cloudabi.AfInet, InetPort: 1}, cloudabi.Sockaddr{Family: cloudabi.AfInet6, Inet6Port: 2}
}

func (s *testMessages) Pending(bool) cloudabi.Errno { return cloudabi.ECONNREFUSED }

func TestHostDatagrams(t *testing.T) {
	s := &testMessages{messages: []string{"first", "", "second", "third"}}
	run(t, func(g *guest) {
		require.Equal(g, cloudabi.FiletypeSocketDgram, g.stat(0).Filetype)
		require.Equal(g, got{data: "fi", flags: cloudabi.SockRecvDataTruncated}, g.received(0, 2, 0, cloudabi.SockRecvPeek))
		require.Equal(g, Readiness{Ready: true, Bytes: 5}, g.pollFd(0, cloudabi.EventtypeFdRead))
		require.Equal(g, got{data: "first"}, g.received(0, 9, 0, 0))
		require.Equal(g, got{}, g.received(0, 9, 0, 0))
		require.Equal(g, got{data: "sec", flags: cloudabi.SockRecvDataTruncated}, g.received(0, 3, 0, 0))
		data, errno := g.read(0, 9)
		require.Zero(g, errno)
		require.Equal(g, "third", data)
		g.nonblock(0)
		_, errno = g.recv(0, 1, 0, cloudabi.SockRecvPeek)
		require.Equal(g, cloudabi.EAGAIN, errno)
		g.sent(0, "out")
		_, errno = g.send(0, "x", 0)
		require.Equal(g, cloudabi.ENOTSUP, errno)
	}, DescriptorSpec{Object: NewStream(s)})
	require.Equal(t, "out", s.out.String())
	runEarly(t, func(g *guest) {
		st := g.sockstat(0, 0)
		local, peer := s.Addresses()
		require.Equal(g, cloudabi.Sockstat{Sockname: local, Peername: peer, Error: cloudabi.ECONNREFUSED}, st)
	}, DescriptorSpec{Object: NewStream(s)})
}

func TestPeekAtAHostStream(t *testing.T) {
	s := &testStream{in: []byte("abcdef"), ended: true}
	run(t, func(g *guest) {
		require.Equal(g, got{data: "ab"}, g.received(0, 2, 0, cloudabi.SockRecvPeek))
		require.Equal(g, got{data: "abcd"}, g.received(0, 4, 0, cloudabi.SockRecvPeek))
		require.Equal(g, got{data: "abc"}, g.received(0, 3, 0, 0))
		require.Equal(g, got{data: "def"}, g.received(0, 9, 0, cloudabi.SockRecvWaitall))
		require.Equal(g, got{}, g.received(0, 9, 0, cloudabi.SockRecvPeek))
		require.Equal(g, got{}, g.received(0, 9, 0, 0))
	}, DescriptorSpec{Object: NewStream(s)})
}

// TestSendHostDatagrams: what is sent in one call is one message, or nothing is
// sent at all.
func TestSendHostDatagrams(t *testing.T) {
	s := &testMessages{}
	w := newWorld(t, Limits{OutputBytes: 9 + maxDatagram})
	w.run(func(g *guest) {
		g.sent(0, "one")
		g.sent(0, "")
		list, n := g.iov(g.put([]byte("tw")), 2, g.put([]byte("o")), 1)
		require.EqualValues(g, 3, g.ok(cloudabi.CallFdWrite, 0, list, n))
		list, n = g.iov(g.put([]byte("x")), 1, 16, 1)
		g.fails(cloudabi.EFAULT, cloudabi.CallFdWrite, 0, list, n)
		big := g.alloc(maxDatagram + 4096)
		list, n = g.iov(big, maxDatagram+1)
		g.fails(cloudabi.EMSGSIZE, cloudabi.CallFdWrite, 0, list, n)
		list, n = g.iov(big, maxDatagram)
		require.EqualValues(g, maxDatagram, g.ok(cloudabi.CallFdWrite, 0, list, n))
		s.change(func() { s.full = true })
		g.nonblock(0)
		_, errno := g.send(0, "no")
		require.Equal(g, cloudabi.EAGAIN, errno)
		s.change(func() { s.full = false })
		g.sent(0, "end")
		_, errno = g.send(0, "x")
		require.Equal(g, cloudabi.EFBIG, errno, "the limit of output")
	}, DescriptorSpec{Object: NewStream(s)})
	require.Equal(t, []string{"one", "", "two", string(make([]byte, maxDatagram)), "end"}, s.sent)
}
