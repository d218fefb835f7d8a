package host

import (
	"net"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// maxMessage is the longest message in bytes: no kind of socket here has
// longer ones.
const maxMessage = 64 << 10

// packets is a stream over a socket that keeps the boundaries of messages. A
// Read of the host is for the longest message that there can be, so that it is
// the guest that decides what becomes of the rest; a Write is one message. What
// is written goes through the stream's own half.
type packets struct {
	*stream

	// Guarded by stream.mu.
	have    bool // a message has arrived, which may be empty
	message []byte
	inEnded bool // shut down
}

// messageKind tells what a connection carries: 0 if it is a stream.
func messageKind(a net.Addr) cloudabi.Filetype {
	if a == nil {
		return 0
	}
	switch a.Network() {
	case "udp", "udp4", "udp6", "unixgram", "ip", "ip4", "ip6":
		return cloudabi.FiletypeSocketDgram
	case "unixpacket":
		return cloudabi.FiletypeSocketSeqpacket
	}
	return 0
}

// connected reports whether a socket has somebody to send to.
func connected(c net.Conn) bool {
	switch a := c.RemoteAddr().(type) {
	case nil:
		return false
	case *net.UDPAddr:
		return a != nil
	case *net.UnixAddr:
		return a != nil
	}
	return true
}

// read has the host read a message. The caller holds mu.
func (s *packets) read() {
	if s.reading || s.closed || s.inEnded {
		return
	}
	s.reading = true
	if s.inBuffer == nil {
		s.inBuffer = make([]byte, maxMessage)
	}
	go s.pump(s.inBuffer)
}

// pump does one Read.
func (s *packets) pump(p []byte) {
	n, err := s.conn.Read(p)
	s.mu.Lock()
	s.reading = false
	if !s.inEnded {
		s.inErr = err
		s.have, s.message = err == nil, p[:min(max(n, 0), len(p))]
	}
	s.mu.Unlock()
	s.notify()
}

// Read implements [abi.Stream].
func (s *packets) Read(p []byte) (int, cloudabi.Errno) {
	n, _, e := s.ReadMessage(p)
	return n, e
}

// ReadMessage implements [abi.MessageStream].
func (s *packets) ReadMessage(p []byte) (n int, truncated bool, e cloudabi.Errno) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.inEnded:
		return 0, false, cloudabi.ESUCCESS
	case s.have:
		s.have = false
		n = copy(p, s.message)
		return n, n < len(s.message), cloudabi.ESUCCESS
	case s.inErr != nil:
		if s.packetEnd() {
			return 0, false, cloudabi.ESUCCESS
		}
		// An error of one datagram (its receiver was not there) is not that of
		// the next.
		e = errno(s.inErr)
		s.inErr = nil
		return 0, false, e
	}
	s.read()
	return 0, false, cloudabi.EAGAIN
}

// packetEnd reports whether the other side has closed. The caller holds mu.
func (s *packets) packetEnd() bool { return isEOF(s.inErr) }

// Write implements [abi.Stream]: one message.
func (s *packets) Write(p []byte) (int, cloudabi.Errno) {
	switch {
	case s.w == nil:
		return 0, cloudabi.EDESTADDRREQ
	case len(p) > maxMessage:
		return 0, cloudabi.EMSGSIZE
	}
	return s.stream.Write(p)
}

// Ready implements [abi.Stream].
func (s *packets) Ready(d abi.Direction) abi.Readiness {
	if d == abi.Output {
		if s.w == nil {
			return abi.Readiness{Ready: true, Err: cloudabi.EDESTADDRREQ}
		}
		r := s.stream.Ready(d)
		r.Bytes = maxMessage
		return r
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.inEnded:
		return abi.Readiness{Ready: true, Hangup: true}
	case s.have:
		return abi.Readiness{Ready: true, Bytes: uint64(len(s.message))}
	case s.inErr != nil:
		return abi.Readiness{Ready: true, Hangup: s.packetEnd()}
	}
	s.read()
	return abi.Readiness{}
}

// Shutdown implements [abi.Stream].
func (s *packets) Shutdown(input, output bool) cloudabi.Errno {
	if s.w == nil {
		return cloudabi.ENOTCONN
	}
	if input {
		s.mu.Lock()
		s.inEnded, s.have = true, false
		s.mu.Unlock()
	}
	return s.stream.Shutdown(input, output)
}

// sockaddr is an address as the guest is told it: of a socket in a file system
// only that it is one.
func sockaddr(a net.Addr) (s cloudabi.Sockaddr) {
	var ip net.IP
	var port int
	switch a := a.(type) {
	case *net.TCPAddr:
		if a != nil {
			ip, port = a.IP, a.Port
		}
	case *net.UDPAddr:
		if a != nil {
			ip, port = a.IP, a.Port
		}
	case *net.UnixAddr:
		if a != nil {
			s.Family = cloudabi.AfUnix
		}
	}
	if v4 := ip.To4(); v4 != nil {
		s.Family, s.InetPort = cloudabi.AfInet, uint16(port)
		copy(s.InetAddr[:], v4)
	} else if len(ip) == net.IPv6len {
		s.Family, s.Inet6Port = cloudabi.AfInet6, uint16(port)
		copy(s.Inet6Addr[:], ip)
	}
	return s
}

// Addresses implements [abi.Addressed].
func (s *stream) Addresses() (local, peer cloudabi.Sockaddr) {
	if s.conn == nil {
		return local, peer
	}
	return sockaddr(s.conn.LocalAddr()), sockaddr(s.conn.RemoteAddr())
}

// Pending implements [abi.Failing].
func (s *stream) Pending(clear bool) cloudabi.Errno {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outErr == nil {
		return cloudabi.ESUCCESS
	}
	if clear {
		return s.takeError()
	}
	return errno(s.outErr)
}

// Addresses implements [abi.Addressed].
func (l *listener) Addresses() (local, peer cloudabi.Sockaddr) {
	return sockaddr(l.l.Addr()), peer
}

// Filetype is the kind of socket.
func (l *listener) Filetype() cloudabi.Filetype {
	if kind := messageKind(l.l.Addr()); kind != 0 {
		return kind
	}
	return cloudabi.FiletypeSocketStream
}
