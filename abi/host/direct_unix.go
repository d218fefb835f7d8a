//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package host

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// direct is an [abi.Stream] of descriptors: one, or one for each direction.
type direct struct {
	options StreamOptions
	in, out *descriptor // nil: not in this direction
	network bool
}

// directMessages is one that keeps the boundaries of messages.
type directMessages struct {
	direct
	connected bool
}

// newDirect makes a stream of files, or returns nil.
func newDirect(r io.Reader, w io.Writer, o StreamOptions) abi.Stream {
	rf, _ := r.(*os.File)
	wf, _ := w.(*os.File)
	if r != nil && rf == nil || w != nil && wf == nil || r == nil && w == nil {
		return nil
	}
	s := &direct{options: o}
	if rf != nil {
		if s.in = openDescriptor(rf); s.in == nil {
			return nil
		}
	}
	switch {
	case wf != nil && wf == rf:
		s.out = s.in
	case wf != nil:
		if s.out = openDescriptor(wf); s.out == nil {
			if s.in != nil {
				s.in.close()
			}
			return nil
		}
	}
	return s
}

// newDirectConn makes a stream of a connection, which is closed then, or
// returns nil. Other implementations than package net's are not looked into:
// what they do may not be what their descriptor does.
func newDirectConn(c net.Conn) abi.Stream {
	switch c.(type) {
	case *net.TCPConn, *net.UDPConn, *net.UnixConn, *net.IPConn:
	default:
		return nil
	}
	d, err := duplicate(c.(syscall.Conn))
	if err != nil {
		return nil
	}
	_ = c.Close()
	return d.stream(messageKind(c.LocalAddr()), connected(c))
}

// stream is the stream of a socket; kind is 0 if it does not keep the
// boundaries of messages.
func (d *descriptor) stream(kind cloudabi.Filetype, connected bool) abi.Stream {
	s := direct{options: StreamOptions{Filetype: cloudabi.FiletypeSocketStream}, in: d, out: d, network: true}
	if kind == 0 {
		return &s
	}
	d.messages = true
	s.options.Filetype = kind
	return &directMessages{s, connected}
}

// Networked implements [abi.Networked].
func (s *direct) Networked() bool { return s.network }

func (s *direct) Filetype() cloudabi.Filetype      { return s.options.Filetype }
func (s *direct) Terminal() bool                   { return s.options.Terminal }
func (s *direct) Directions() (input, output bool) { return s.in != nil, s.out != nil }

func (s *direct) Notify(f func()) {
	if s.in != nil {
		s.in.notify = f
	}
	if s.out != nil {
		s.out.notify = f
	}
}

func (s *direct) Read(p []byte) (int, cloudabi.Errno) {
	if s.in == nil {
		return 0, cloudabi.EBADF
	}
	return s.in.read(p)
}

func (s *direct) Write(p []byte) (int, cloudabi.Errno) {
	if s.out == nil {
		return 0, cloudabi.EBADF
	}
	return s.out.write(p)
}

// WriteNow implements [abi.Prompt].
func (s *direct) WriteNow(p []byte) bool { return s.out != nil && s.out.writeNow(p) }

// Descriptor implements [abi.Prompt].
func (s *direct) Descriptor() (fd uint64, ok bool) { return uint64(s.out.fd), writesRaw }

// Flushed implements [abi.Stream]: the host has what was written.
func (s *direct) Flushed() cloudabi.Errno { return cloudabi.ESUCCESS }

func (s *direct) Ready(d abi.Direction) abi.Readiness {
	switch {
	case d == abi.Input && s.in != nil:
		return s.in.ready(&s.in.in)
	case d == abi.Output && s.out != nil:
		return s.out.ready(&s.out.out)
	}
	return abi.Readiness{Ready: true, Err: cloudabi.EBADF}
}

func (s *direct) Shutdown(in, out bool) (e cloudabi.Errno) {
	switch {
	case s.in == s.out:
		e = s.in.shutdown(in, out)
		s.in.notify()
		return e
	case in && s.in != nil:
		e = s.in.shutdown(true, false)
		s.in.notify()
	}
	if out && s.out != nil && e == 0 {
		e = s.out.shutdown(false, true)
		s.out.notify()
	}
	return e
}

func (s *direct) Close() {
	if s.in != nil {
		s.in.close()
	}
	if s.out != nil && s.out != s.in {
		s.out.close()
	}
	if s.options.Close != nil {
		_ = s.options.Close()
	}
}

// Pending implements [abi.Failing].
func (s *direct) Pending(clear bool) cloudabi.Errno {
	if !s.network {
		return cloudabi.ESUCCESS
	}
	return s.in.pending(clear)
}

// Addresses implements [abi.Addressed].
func (s *direct) Addresses() (local, peer cloudabi.Sockaddr) {
	if !s.network {
		return local, peer
	}
	return s.in.addresses()
}

func (s *directMessages) Read(p []byte) (int, cloudabi.Errno) {
	n, _, e := s.in.receive(p)
	return n, e
}

// ReadMessage implements [abi.MessageStream].
func (s *directMessages) ReadMessage(p []byte) (n int, truncated bool, e cloudabi.Errno) {
	return s.in.receive(p)
}

func (s *directMessages) Write(p []byte) (int, cloudabi.Errno) {
	switch {
	case !s.connected:
		return 0, cloudabi.EDESTADDRREQ
	case len(p) > maxMessage:
		return 0, cloudabi.EMSGSIZE
	}
	return s.out.send(p)
}

func (s *directMessages) Ready(d abi.Direction) abi.Readiness {
	if d == abi.Input {
		return s.direct.Ready(d)
	}
	if !s.connected {
		return abi.Readiness{Ready: true, Err: cloudabi.EDESTADDRREQ}
	}
	r := s.direct.Ready(d)
	if r.Ready {
		r.Bytes = maxMessage
	}
	return r
}

func (s *directMessages) Directions() (input, output bool) { return true, s.connected }

func (s *directMessages) Shutdown(in, out bool) cloudabi.Errno {
	if !s.connected {
		return cloudabi.ENOTCONN
	}
	return s.direct.Shutdown(in, out)
}

// directListener is an [abi.Listener].
type directListener struct {
	*descriptor
	l    net.Listener
	kind cloudabi.Filetype // of what it accepts; 0 for streams
	tcp  bool
}

// newDirectListener makes a listening socket, or returns nil. The listener stays
// open: closing it may remove its name.
func newDirectListener(l net.Listener) abi.Listener {
	tcp := false
	switch l.(type) {
	case *net.TCPListener:
		tcp = true
	case *net.UnixListener:
	default:
		return nil
	}
	d, err := duplicate(l.(syscall.Conn))
	if err != nil {
		return nil
	}
	d.listens = true
	return &directListener{d, l, messageKind(l.Addr()), tcp}
}

func (l *directListener) Notify(f func()) { l.notify = f }

func (l *directListener) Pending() abi.Readiness { return l.ready(&l.in) }

// Accept implements [abi.Listener].
func (l *directListener) Accept() (abi.Stream, cloudabi.Errno) {
	h := &l.in
	h.mu.Lock()
	defer h.mu.Unlock()
	if e := h.begin(); e != 0 {
		return nil, e
	}
	for {
		fd, err := accept(l.fd)
		switch err {
		case nil:
			if l.tcp {
				prepare(fd)
			}
			return newDescriptor(fd).stream(l.kind, true), cloudabi.ESUCCESS
		case unix.EINTR, unix.ECONNABORTED: // the next one may be better
		default:
			return nil, l.failed(h, err)
		}
	}
}

func (l *directListener) Close() {
	l.close()
	_ = l.l.Close()
}

// Addresses implements [abi.Addressed].
func (l *directListener) Addresses() (local, peer cloudabi.Sockaddr) {
	local, _ = l.addresses()
	return local, peer
}

// Filetype is the kind of socket.
func (l *directListener) Filetype() cloudabi.Filetype {
	if l.kind != 0 {
		return l.kind
	}
	return cloudabi.FiletypeSocketStream
}

// keepAlive is how long a connection is silent before the host asks whether the
// other side is still there, and how long it waits before asking again. It is
// what package net does with connections that it accepts.
const keepAlive = 15 * time.Second

// prepare sets what package net sets for connections that it accepts. Failing
// changes nothing that matters.
func prepare(fd int) {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	setKeepAlive(fd, int(keepAlive/time.Second))
}

// addresses are the names of both sides.
func (d *descriptor) addresses() (local, peer cloudabi.Sockaddr) {
	d.in.mu.Lock()
	defer d.in.mu.Unlock()
	if d.in.closed {
		return local, peer
	}
	if a, err := unix.Getsockname(d.fd); err == nil {
		local = hostSockaddr(a)
	}
	if a, err := unix.Getpeername(d.fd); err == nil {
		peer = hostSockaddr(a)
	}
	return local, peer
}

func hostSockaddr(a unix.Sockaddr) cloudabi.Sockaddr {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return sockaddr(&net.TCPAddr{IP: a.Addr[:], Port: a.Port})
	case *unix.SockaddrInet6:
		return sockaddr(&net.TCPAddr{IP: a.Addr[:], Port: a.Port})
	case *unix.SockaddrUnix:
		return sockaddr(&net.UnixAddr{})
	}
	return cloudabi.Sockaddr{}
}
