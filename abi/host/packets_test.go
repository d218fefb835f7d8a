package host

import (
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// message reads one message, however long it takes.
func message(t *testing.T, s abi.Stream, notified chan struct{}, size int) (string, bool) {
	t.Helper()
	p := make([]byte, size)
	for {
		n, cut, e := s.(abi.MessageStream).ReadMessage(p)
		if e == 0 {
			return string(p[:n]), cut
		}
		require.Equal(t, cloudabi.EAGAIN, e)
		<-notified
	}
}

func TestDatagrams(t *testing.T) {
	testDatagrams(t, func(c net.Conn) net.Conn { return c })
}

func TestForeignDatagrams(t *testing.T) {
	testDatagrams(t, func(c net.Conn) net.Conn { return foreign{c} })
}

func testDatagrams(t *testing.T, wrap func(net.Conn) net.Conn) {
	server, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Skip("no loopback network:", err)
	}
	client, err := net.Dial("udp", server.LocalAddr().String())
	require.NoError(t, err)
	s, arrived := watched(NewConn(wrap(server)))
	c, written := watched(NewConn(wrap(client)))
	defer s.Close()
	defer c.Close()
	for _, x := range []abi.Stream{s, c} {
		require.Equal(t, cloudabi.FiletypeSocketDgram, x.Filetype())
	}
	send := func(text string) {
		_, e := c.Write([]byte(text))
		require.Zero(t, e)
		for c.Flushed() == cloudabi.EAGAIN {
			<-written
		}
	}
	send("first")
	send("second one")
	text, cut := message(t, s, arrived, 3)
	require.Equal(t, "fir", text)
	require.True(t, cut)
	for !s.Ready(abi.Input).Ready {
		<-arrived
	}
	require.Equal(t, abi.Readiness{Ready: true, Bytes: 10}, s.Ready(abi.Input))
	text, cut = message(t, s, arrived, 100)
	require.Equal(t, "second one", text)
	require.False(t, cut)
	// An empty message is one.
	_, e := again(written, func() (int, cloudabi.Errno) { return c.Write(nil) })
	require.Zero(t, e)
	for !s.Ready(abi.Input).Ready {
		<-arrived
	}
	require.Equal(t, abi.Readiness{Ready: true}, s.Ready(abi.Input))
	text, _ = message(t, s, arrived, 10)
	require.Empty(t, text)

	_, e = s.Write([]byte("x"))
	require.Equal(t, cloudabi.EDESTADDRREQ, e, "it is not connected")
	require.Equal(t, cloudabi.EDESTADDRREQ, s.Ready(abi.Output).Err)
	require.Equal(t, cloudabi.ENOTCONN, s.Shutdown(true, true))
	_, e = c.Write(make([]byte, maxMessage+1))
	require.Equal(t, cloudabi.EMSGSIZE, e)
	require.EqualValues(t, maxMessage, c.Ready(abi.Output).Bytes)
	local, peer := c.(abi.Addressed).Addresses()
	require.Equal(t, cloudabi.AfInet, local.Family)
	require.Equal(t, cloudabi.Sockaddr{Family: cloudabi.AfInet, InetAddr: [4]uint8{127, 0, 0, 1}, InetPort: uint16(server.LocalAddr().(*net.UDPAddr).Port)}, peer)
	_, peer = s.(abi.Addressed).Addresses()
	require.Equal(t, cloudabi.AfUnspec, peer.Family)
	require.Zero(t, c.(abi.Failing).Pending(true))
	require.Zero(t, c.Shutdown(true, false))
	require.Equal(t, abi.Readiness{Ready: true, Hangup: true}, c.Ready(abi.Input))
	text, _ = message(t, c, written, 10)
	require.Empty(t, text)
}

func TestSequencedPackets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unixpacket", path)
	if err != nil {
		t.Skip("no sequenced packets on this host:", err)
	}
	nl := NewListener(l)
	defer nl.Close()
	notified := make(chan struct{}, 100)
	nl.Notify(func() { notified <- struct{}{} })
	require.False(t, nl.Pending().Ready)
	client, err := net.Dial("unixpacket", path)
	require.NoError(t, err)
	<-notified
	a, e := nl.Accept()
	require.Zero(t, e)
	s, arrived := watched(a)
	defer s.Close()
	require.Equal(t, cloudabi.FiletypeSocketSeqpacket, s.Filetype())
	_, err = client.Write([]byte("ab"))
	require.NoError(t, err)
	_, err = client.Write([]byte("cd"))
	require.NoError(t, err)
	text, _ := message(t, s, arrived, 10)
	require.Equal(t, "ab", text)
	text, _ = message(t, s, arrived, 10)
	require.Equal(t, "cd", text)
	require.NoError(t, client.Close())
	text, _ = message(t, s, arrived, 10)
	require.Empty(t, text, "the end")
	require.Equal(t, abi.Readiness{Ready: true, Hangup: true}, s.Ready(abi.Input))
	local, _ := s.(abi.Addressed).Addresses()
	require.Equal(t, cloudabi.AfUnix, local.Family)
}
