//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package host

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// pipe is a pipe of the host, blocking if asked for, as one inherited from a
// shell is.
func pipe(t *testing.T, blocking bool) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close(); _ = w.Close() })
	if blocking {
		r.Fd() // sets both, as a side effect
		w.Fd()
		for _, f := range []*os.File{r, w} {
			require.NoError(t, unix.SetNonblock(int(f.Fd()), false))
		}
	}
	return r, w
}

func TestPipes(t *testing.T) {
	for name, blocking := range map[string]bool{"blocking": true, "nonblocking": false} {
		t.Run(name, func(t *testing.T) {
			r, w := pipe(t, blocking)
			in, arrived := watched(NewStream(r, nil, StreamOptions{}))
			out, room := watched(NewStream(nil, w, StreamOptions{}))
			if _, ok := in.(*direct); !ok {
				t.Skip("this host cannot use an inherited pipe without waiting")
			}
			if blocking {
				flags, err := unix.FcntlInt(w.Fd(), unix.F_GETFL, 0)
				require.NoError(t, err)
				require.Zero(t, flags&unix.O_NONBLOCK, "it is shared with others, and stays as it was")
			}
			p := make([]byte, 100)
			_, e := in.Read(p)
			require.Equal(t, cloudabi.EAGAIN, e)
			require.False(t, in.Ready(abi.Input).Ready)
			n, e := out.Write([]byte("hello"))
			require.Zero(t, e)
			require.Equal(t, 5, n)
			require.Zero(t, out.Flushed(), "the host has it")
			<-arrived
			require.Equal(t, abi.Readiness{Ready: true, Bytes: 5}, in.Ready(abi.Input))
			n, e = in.Read(p[:2])
			require.Zero(t, e)
			require.Equal(t, "he", string(p[:n]))
			require.Equal(t, abi.Readiness{Ready: true, Bytes: 3}, in.Ready(abi.Input), "the rest stays with the host")
			n, _ = in.Read(p)
			require.Equal(t, "llo", string(p[:n]))

			// A full pipe has no room until somebody reads.
			full := 0
			for {
				n, e := out.Write(make([]byte, 1<<10))
				if full += n; e == cloudabi.EAGAIN {
					break
				}
				require.Zero(t, e)
			}
			require.False(t, out.Ready(abi.Output).Ready)
			for full > 0 {
				n, e := in.Read(make([]byte, 1<<16))
				require.Zero(t, e)
				full -= n
			}
			require.Zero(t, full, "neither lost nor twice")
			<-room
			require.True(t, out.Ready(abi.Output).Ready)

			out.Close()
			require.False(t, in.Ready(abi.Input).Ready, "the writer is still there")
			require.NoError(t, w.Close())
			n, e = again(arrived, func() (int, cloudabi.Errno) { return in.Read(p) })
			require.Zero(t, e)
			require.Zero(t, n)
			require.Equal(t, abi.Readiness{Ready: true, Hangup: true}, in.Ready(abi.Input))
			in.Close()
			_, e = in.Read(p)
			require.Equal(t, cloudabi.EBADF, e)
			require.Equal(t, cloudabi.EBADF, in.Ready(abi.Input).Err)
			require.Equal(t, cloudabi.EBADF, in.Shutdown(true, false))
			in.Close()
		})
	}
}

func TestBrokenPipe(t *testing.T) {
	r, w := pipe(t, false)
	out := NewStream(nil, w, StreamOptions{})
	defer out.Close()
	require.NoError(t, r.Close())
	require.Equal(t, abi.Readiness{Ready: true, Hangup: true, Bytes: maxWrite}, out.Ready(abi.Output))
	_, e := out.Write([]byte("x"))
	require.Equal(t, cloudabi.EPIPE, e)
	_, e = out.Read(nil)
	require.Equal(t, cloudabi.EBADF, e)
	require.Equal(t, cloudabi.EBADF, out.Ready(abi.Input).Err)
}

// TestShutPipe: directions can be ended although the pipe knows of none.
// TestWriteNow: what is written at once is written as a whole, or not at all.
func TestWriteNow(t *testing.T) {
	r, w := pipe(t, true)
	s, ok := NewStream(nil, w, StreamOptions{}).(*direct)
	if !ok {
		t.Skip("this host cannot use an inherited pipe without waiting")
	}
	s.Notify(func() {})
	p := []byte(strings.Repeat("x", 100))
	written := 0
	for s.WriteNow(p) {
		written += len(p)
	}
	require.GreaterOrEqual(t, written, 4096)
	got := make([]byte, written)
	_, err := io.ReadFull(r, got)
	require.NoError(t, err)
	n, e := s.Write(p)
	require.Zero(t, e)
	require.Equal(t, len(p), n)
	got = make([]byte, len(p)+1)
	n, err = r.Read(got)
	require.NoError(t, err)
	require.Equal(t, len(p), n, "nothing of what was refused has been written")

	require.True(t, s.WriteNow(p))
	require.Zero(t, s.Shutdown(false, true))
	require.False(t, s.WriteNow(p))
	s.Close()
	require.False(t, s.WriteNow(p))

	r, w = pipe(t, true)
	s = NewStream(nil, w, StreamOptions{}).(*direct)
	defer s.Close()
	require.NoError(t, r.Close())
	require.False(t, s.WriteNow(p), "nobody reads")
	_, e = s.Write(p)
	require.Equal(t, cloudabi.EPIPE, e)

	r, _ = pipe(t, true)
	input := NewStream(r, nil, StreamOptions{}).(*direct)
	defer input.Close()
	require.False(t, input.WriteNow(p), "not for writing")
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	require.NoError(t, err)
	defer f.Close()
	file := NewStream(nil, f, StreamOptions{}).(*direct)
	defer file.Close()
	require.False(t, file.WriteNow(p), "its storage may be slow")
}

func TestShutPipe(t *testing.T) {
	r, w := pipe(t, false)
	s, _ := watched(NewStream(r, w, StreamOptions{}))
	defer s.Close()
	require.Zero(t, s.Shutdown(true, true))
	_, e := s.Write([]byte("x"))
	require.Equal(t, cloudabi.EPIPE, e)
	n, e := s.Read(make([]byte, 1))
	require.Zero(t, e)
	require.Zero(t, n)
	require.True(t, s.Ready(abi.Output).Hangup)
	require.True(t, s.Ready(abi.Input).Hangup)
}

func TestRegularFiles(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(name, []byte("abcdef"), 0o600))
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	require.NoError(t, err)
	closed := false
	s := NewStream(f, f, StreamOptions{Close: func() error { closed = true; return f.Close() }})
	before := readiness.visited.Load()
	require.Equal(t, abi.Readiness{Ready: true, Bytes: 6}, s.Ready(abi.Input))
	p := make([]byte, 4)
	n, e := s.Read(p)
	require.Zero(t, e)
	require.Equal(t, "abcd", string(p[:n]))
	// The offset is shared with whoever else has the file open.
	n, err = f.Read(p)
	require.NoError(t, err)
	require.Equal(t, "ef", string(p[:n]))
	n, e = s.Read(p)
	require.Zero(t, e)
	require.Zero(t, n)
	require.Equal(t, abi.Readiness{Ready: true, Hangup: true}, s.Ready(abi.Input))
	require.True(t, s.Ready(abi.Output).Ready)
	_, e = s.Write([]byte("!"))
	require.Zero(t, e)
	got, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, "abcdef!", string(got))
	s.Close()
	require.True(t, closed)
	require.Equal(t, before, readiness.visited.Load())
}

// TestInheritedSocket: servers are given sockets as standard input and output,
// which block.
func TestInheritedSocket(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	f := os.NewFile(uintptr(fds[0]), "socket")
	defer f.Close()
	s, arrived := watched(NewStream(f, f, StreamOptions{}))
	defer s.Close()
	p := make([]byte, 10)
	_, e := s.Read(p)
	require.Equal(t, cloudabi.EAGAIN, e)
	_, e = s.Write([]byte("question"))
	require.Zero(t, e)
	n, err := unix.Read(fds[1], p)
	require.NoError(t, err)
	require.Equal(t, "question", string(p[:n]))
	_, err = unix.Write(fds[1], []byte("answer"))
	require.NoError(t, err)
	n, e = again(arrived, func() (int, cloudabi.Errno) { return s.Read(p) })
	require.Zero(t, e)
	require.Equal(t, "answer", string(p[:n]))
	require.NoError(t, unix.Close(fds[1]))
	n, e = again(arrived, func() (int, cloudabi.Errno) { return s.Read(p) })
	require.Zero(t, e)
	require.Zero(t, n)
}

func TestHalfOpenedFiles(t *testing.T) {
	r, _ := pipe(t, false)
	_, ok := NewStream(r, &strings.Builder{}, StreamOptions{}).(*direct)
	require.False(t, ok)
	closedFile, _ := pipe(t, false)
	require.NoError(t, closedFile.Close())
	_, ok = NewStream(closedFile, nil, StreamOptions{}).(*direct)
	require.False(t, ok)
	_, ok = NewStream(r, closedFile, StreamOptions{}).(*direct)
	require.False(t, ok)
}

// TestIdleConnections: thousands of idle streams have no goroutines, and what
// a report costs does not depend on them.
func TestIdleConnections(t *testing.T) {
	pairs := 5000
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	if few := (uint64(limit.Cur) - 100) / 2; few < uint64(pairs) {
		pairs = int(few)
	}
	type end struct {
		s        abi.Stream
		notified chan struct{}
		peer     int
	}
	before := runtime.NumGoroutine()
	var ends []end
	for range pairs {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		require.NoError(t, err)
		require.NoError(t, unix.SetNonblock(fds[0], true))
		s, notified := watched(newDescriptor(fds[0]).stream(0, true))
		ends = append(ends, end{s, notified, fds[1]})
		require.False(t, s.Ready(abi.Input).Ready)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before+1)
	visited := readiness.visited.Load()
	for _, i := range []int{3, 77, pairs - 1} {
		_, err := unix.Write(ends[i].peer, []byte("x"))
		require.NoError(t, err)
	}
	for _, i := range []int{3, 77, pairs - 1} {
		<-ends[i].notified
		require.Equal(t, abi.Readiness{Ready: true, Bytes: 1}, ends[i].s.Ready(abi.Input))
	}
	for i, e := range ends {
		if i != 3 && i != 77 && i != pairs-1 {
			require.Empty(t, e.notified)
			require.False(t, e.s.Ready(abi.Input).Ready)
		}
	}
	require.Equal(t, visited+3, readiness.visited.Load())
	for _, e := range ends {
		_ = unix.Close(e.peer)
		e.s.Close()
	}
	require.Zero(t, watching(), "the poller has gone with the last stream")
}

// watching is how many descriptors the poller knows.
func watching() int {
	readiness.mu.Lock()
	defer readiness.mu.Unlock()
	if (readiness.set == nil) != (len(readiness.watched) == 0) {
		return -1
	}
	return len(readiness.watched)
}

// TestBothDirections: a descriptor is told of room as well as of data.
func TestBothDirections(t *testing.T) {
	c, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip("no loopback network:", err)
	}
	defer c.Close()
	dialled, err := net.Dial("tcp", c.Addr().String())
	require.NoError(t, err)
	other, err := c.Accept()
	require.NoError(t, err)
	defer other.Close()
	s, changed := watched(NewConn(dialled))
	defer s.Close()
	_, e := s.Read(make([]byte, 1))
	require.Equal(t, cloudabi.EAGAIN, e)
	sent := 0
	for e = 0; e == 0; {
		var n int
		n, e = s.Write(make([]byte, 1<<16))
		sent += n
	}
	require.Equal(t, cloudabi.EAGAIN, e)
	require.False(t, s.Ready(abi.Output).Ready)
	for got := 0; got < sent; {
		n, err := other.Read(make([]byte, 1<<16))
		require.NoError(t, err)
		got += n
	}
	for !s.Ready(abi.Output).Ready {
		<-changed
	}
	_, err = other.Write([]byte("x"))
	require.NoError(t, err)
	n, e := again(changed, func() (int, cloudabi.Errno) { return s.Read(make([]byte, 2)) })
	require.Zero(t, e)
	require.Equal(t, 1, n)
	// An error is there for whoever asks first, and stays for the next transfer
	// unless it is taken.
	require.NoError(t, other.(*net.TCPConn).SetLinger(0))
	require.NoError(t, other.Close())
	for s.(abi.Failing).Pending(false) == 0 {
		<-changed
	}
	require.Equal(t, cloudabi.ECONNRESET, s.(abi.Failing).Pending(false))
	require.True(t, s.Ready(abi.Input).Ready)
	_, e = s.Read(make([]byte, 1))
	require.Equal(t, cloudabi.ECONNRESET, e)
	require.Zero(t, s.(abi.Failing).Pending(true))
}
