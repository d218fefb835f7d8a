package host

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
)

func TestClocks(t *testing.T) {
	h := New()
	last, cycles := h.Monotonic(), h.Cycles()
	for range 1000 {
		now, c := h.Monotonic(), h.Cycles()
		require.GreaterOrEqual(t, now, last)
		require.GreaterOrEqual(t, c, cycles)
		last, cycles = now, c
	}
	require.Greater(t, h.Realtime(), uint64(1_600_000_000_000_000_000))
	require.Positive(t, h.CPUs())
	var a, b [32]byte
	h.Random(a[:])
	h.Random(b[:])
	require.NotEqual(t, a, b)
}

func TestTimers(t *testing.T) {
	h := New()
	done := make(chan uint64)
	at := h.Monotonic() + 1e6
	h.At(at, func() { done <- h.Monotonic() })
	require.GreaterOrEqual(t, <-done, at)
	h.At(0, func() { done <- 1 })
	<-done
	h.At(abi.Forever, func() { t.Error("the timer that never rings") })()
}

// watched is a stream with its notifications on a channel.
func watched(s abi.Stream) (abi.Stream, chan struct{}) {
	c := make(chan struct{}, 100)
	s.Notify(func() {
		select {
		case c <- struct{}{}:
		default:
		}
	})
	return s, c
}

// again repeats a transfer until it is not told to wait, as the kernel does.
func again(notified chan struct{}, try func() (int, cloudabi.Errno)) (int, cloudabi.Errno) {
	for {
		n, e := try()
		if e != cloudabi.EAGAIN {
			return n, e
		}
		<-notified
	}
}

// foreign hides what a connection is, so that it is served by goroutines.
type foreign struct{ net.Conn }

// foreignStream can be shut down too.
type foreignStream struct{ *net.TCPConn }

// foreignListener does the same for what arrives.
type foreignListener struct{ net.Listener }

func (l foreignListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return foreignStream{c.(*net.TCPConn)}, nil
}

func TestReading(t *testing.T) {
	r, w := io.Pipe()
	s, notified := watched(NewStream(r, nil, StreamOptions{}))
	in, out := s.Directions()
	require.True(t, in)
	require.False(t, out)
	require.Equal(t, cloudabi.FiletypeSocketStream, s.Filetype())
	p := make([]byte, 3)
	_, e := s.Read(p)
	require.Equal(t, cloudabi.EAGAIN, e)
	go func() { _, _ = w.Write([]byte("abcde")) }()
	<-notified
	require.Equal(t, abi.Readiness{Ready: true, Bytes: 3}, s.Ready(abi.Input), "no more than was asked for is taken")
	n, e := s.Read(p[:2])
	require.Zero(t, e)
	require.Equal(t, "ab", string(p[:n]))
	n, _ = s.Read(p)
	require.Equal(t, "c", string(p[:n]))
	require.False(t, s.Ready(abi.Input).Ready)
	<-notified
	n, _ = s.Read(p)
	require.Equal(t, "de", string(p[:n]))
	_, e = s.Read(p)
	require.Equal(t, cloudabi.EAGAIN, e)
	_ = w.Close()
	<-notified
	require.Equal(t, abi.Readiness{Ready: true, Hangup: true}, s.Ready(abi.Input))
	n, e = s.Read(p)
	require.Zero(t, e)
	require.Zero(t, n)
	_, e = s.Write(p)
	require.Equal(t, cloudabi.EBADF, e)
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestReaderErrors(t *testing.T) {
	for _, c := range []struct {
		r    io.Reader
		want cloudabi.Errno
	}{
		{stuck{}, cloudabi.EIO},
		{io.MultiReader(strings.NewReader(""), errorReader{net.ErrClosed}), cloudabi.EPIPE},
		{errorReader{cloudabi.ECONNRESET}, cloudabi.ECONNRESET},
		{errorReader{errors.New("something")}, cloudabi.EIO},
	} {
		s, notified := watched(NewStream(c.r, nil, StreamOptions{}))
		_, e := s.Read(make([]byte, 1))
		require.Equal(t, cloudabi.EAGAIN, e)
		<-notified
		_, e = s.Read(make([]byte, 1))
		require.Equal(t, c.want, e)
		require.True(t, s.Ready(abi.Input).Ready)
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

func TestWriting(t *testing.T) {
	r, w := io.Pipe()
	closed := make(chan struct{})
	s, notified := watched(NewStream(nil, w, StreamOptions{Close: func() error { close(closed); return w.Close() }}))
	require.True(t, s.Ready(abi.Output).Ready)
	n, e := s.Write([]byte("hello"))
	require.Zero(t, e)
	require.Equal(t, 5, n)
	require.Equal(t, cloudabi.EAGAIN, s.Flushed())
	require.False(t, s.Ready(abi.Output).Ready)
	_, e = s.Write([]byte("x"))
	require.Equal(t, cloudabi.EAGAIN, e)
	p := make([]byte, 10)
	n, _ = r.Read(p)
	require.Equal(t, "hello", string(p[:n]))
	<-notified
	require.Zero(t, s.Flushed())
	// What was accepted is still delivered after Close.
	_, e = s.Write([]byte("bye"))
	require.Zero(t, e)
	s.Close()
	select {
	case <-closed:
		t.Fatal("closed before the write has ended")
	default:
	}
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, "bye", string(got))
	<-closed
}

func TestWriteErrors(t *testing.T) {
	r, w := io.Pipe()
	_ = r.Close()
	s, notified := watched(NewStream(nil, w, StreamOptions{}))
	_, e := s.Write([]byte("x"))
	require.Zero(t, e)
	<-notified
	require.Equal(t, cloudabi.EPIPE, s.Flushed())
	require.Zero(t, s.Flushed(), "once")
	require.Zero(t, s.Shutdown(false, true))
	_, e = s.Write([]byte("x"))
	require.Equal(t, cloudabi.EPIPE, e)
	var b bytes.Buffer
	d := NewStream(nil, &b, StreamOptions{})
	n, e := d.Write([]byte("direct"))
	require.Zero(t, e)
	require.Equal(t, 6, n)
	require.Equal(t, "direct", b.String())
	require.Zero(t, d.Flushed())
}

func TestConnections(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip("no loopback network:", err)
	}
	testConnections(t, l)
}

func TestForeignConnections(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip("no loopback network:", err)
	}
	testConnections(t, foreignListener{l})
}

func testConnections(t *testing.T, l net.Listener) {
	nl := NewListener(l)
	notified := make(chan struct{}, 100)
	nl.Notify(func() { notified <- struct{}{} })
	require.False(t, nl.Pending().Ready)
	_, e := nl.Accept()
	require.Equal(t, cloudabi.EAGAIN, e)
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	<-notified
	require.True(t, nl.Pending().Ready)
	accepted, e := nl.Accept()
	require.Zero(t, e)
	s, changed := watched(accepted)
	_, e = s.Write([]byte("hi"))
	require.Zero(t, e)
	p := make([]byte, 2)
	_, err = io.ReadFull(c, p)
	require.NoError(t, err)
	require.Equal(t, "hi", string(p))
	_, e = again(changed, func() (int, cloudabi.Errno) { return 0, s.Flushed() })
	require.Zero(t, e)
	local, peer := s.(abi.Addressed).Addresses()
	require.EqualValues(t, l.Addr().(*net.TCPAddr).Port, local.InetPort)
	require.EqualValues(t, c.LocalAddr().(*net.TCPAddr).Port, peer.InetPort)
	require.Equal(t, [4]uint8{127, 0, 0, 1}, peer.InetAddr)
	// A half-closed connection still reads.
	require.Zero(t, s.Shutdown(false, true))
	n, err := c.Read(p)
	require.Zero(t, n)
	require.ErrorIs(t, err, io.EOF)
	_, e = s.Write(p)
	require.Equal(t, cloudabi.EPIPE, e)
	_, e = s.Read(p)
	require.Equal(t, cloudabi.EAGAIN, e)
	_, err = c.Write([]byte("!"))
	require.NoError(t, err)
	n, e = again(changed, func() (int, cloudabi.Errno) { return s.Read(p) })
	require.Zero(t, e)
	require.Equal(t, "!", string(p[:n]))
	require.NoError(t, c.(*net.TCPConn).CloseWrite())
	for !s.Ready(abi.Input).Ready {
		<-changed
	}
	require.Equal(t, abi.Readiness{Ready: true, Hangup: true}, s.Ready(abi.Input))
	n, e = s.Read(p)
	require.Zero(t, e)
	require.Zero(t, n)
	s.Close()
	_, e = nl.Accept()
	require.Equal(t, cloudabi.EAGAIN, e)
	nl.Close()
	_, err = net.Dial("tcp", l.Addr().String())
	require.Error(t, err)
}

// TestCloseEndsCalls: what waits for the host when its stream is closed goes.
func TestCloseEndsCalls(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip("no loopback network:", err)
	}
	nl := NewListener(foreignListener{l})
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	s, changed := watched(NewConn(foreign{c}))
	_, e := s.Read(make([]byte, 1))
	require.Equal(t, cloudabi.EAGAIN, e)
	s.Close()
	<-changed
	notified := make(chan struct{}, 1)
	nl.Notify(func() { notified <- struct{}{} })
	_, e = nl.Accept()
	require.Equal(t, cloudabi.EAGAIN, e)
	<-notified // the connection
	_, e = nl.Accept()
	require.Zero(t, e)
	_, e = nl.Accept()
	require.Equal(t, cloudabi.EAGAIN, e)
	nl.Close()
	<-notified
}
