package abi

import (
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/vfs"
)

// pollable is an object for which a thread can wait.
type pollable interface {
	Object
	ready(Direction) Readiness
	waiters() *waitQueue
}

// socket is an end of a connection between guests, a socket that datagrams are
// sent to, or one that takes connections. Two connected ones are equal.
type socket struct {
	machine *Machine
	kind    cloudabi.Filetype
	paired  bool // made by fd_create2
	queue   waitQueue

	// The rest is guarded by network.mu.

	in        inbox
	peer      *socket // to whom it sends; stays when that one is closed
	connected bool    // has been, or is paired
	accepting int     // connections that may wait; 0: not listening
	pending   []*socket
	senders   map[*socket]struct{} // datagram sockets whose peer this is
	name      vfs.Special          // it is bound to

	readShut, writeShut, closed bool

	failed cloudabi.Errno // what sock_stat_get tells of the connection
}

func (m *Machine) newSocket(kind cloudabi.Filetype) *socket {
	return &socket{machine: m, kind: kind, in: inbox{quota: m.quota}}
}

// pair connects two sockets. The caller holds network.mu, or is the only one
// to know them.
func (s *socket) pair(o *socket) {
	s.peer, o.peer = o, s
	s.connected, o.connected = true, true
	s.senders, o.senders = map[*socket]struct{}{o: {}}, map[*socket]struct{}{s: {}}
}

func (s *socket) filetype() cloudabi.Filetype { return s.kind }
func (s *socket) rights() cloudabi.RightsPair { return cloudabi.LargestRights2015(s.kind) }
func (s *socket) waiters() *waitQueue         { return &s.queue }
func (s *socket) stat() (cloudabi.Filestat, error) {
	return cloudabi.Filestat{Filetype: s.kind}, nil
}

// datagrams reports whether what is sent keeps its boundaries.
func (s *socket) datagrams() bool { return s.kind != cloudabi.FiletypeSocketStream }

// ended reports whether nothing will arrive any more. A datagram socket with a
// name can be sent to by others than its peer.
func (s *socket) ended() bool {
	switch {
	case s.readShut:
		return true
	case !s.connected, s.kind == cloudabi.FiletypeSocketDgram && s.name != nil:
		return false
	}
	return s.peer.closed || s.peer.writeShut
}

// broken reports whether nothing can be sent any more.
func (s *socket) broken() bool { return s.writeShut || s.peer.closed || s.peer.readShut }

// unconnected is the error of a transfer on a socket without a peer.
func (s *socket) unconnected() cloudabi.Errno {
	if s.kind == cloudabi.FiletypeSocketDgram {
		return cloudabi.EDESTADDRREQ
	}
	return cloudabi.ENOTCONN
}

// send hands data to the peer: all of it, or of a stream as much as there is
// room for. EAGAIN says that there is no room. With success the descriptors
// belong to the message.
func (s *socket) send(p []byte, fds []descriptor, eor bool) (n int, errno cloudabi.Errno) {
	net := &s.machine.net
	net.mu.Lock()
	defer net.mu.Unlock()
	switch {
	case s.peer == nil:
		return 0, s.unconnected()
	case s.broken():
		return 0, cloudabi.EPIPE
	}
	to := s.peer
	if !net.launch(fds, s.machine.limits.OpenFiles) {
		return 0, cloudabi.ENOBUFS
	}
	switch {
	case !s.datagrams():
		n, errno = to.in.put(p, fds)
	case len(p) > to.in.room():
		errno = cloudabi.EAGAIN
	default:
		n, errno = len(p), to.in.add(p, len(p), fds, eor && s.kind == cloudabi.FiletypeSocketSeqpacket)
	}
	if errno != 0 {
		net.land(fds)
		return 0, errno
	}
	to.queue.wakeFor(Input)
	return n, cloudabi.ESUCCESS
}

// received is what came out of a socket.
type received struct {
	n         int
	fds       []descriptor // with references that are the caller's now
	truncated bool         // a datagram was cut
	eor       bool
	boundary  bool // a stream's next byte comes with other descriptors
}

// receive takes out what has arrived: EAGAIN if nothing has. more is for
// further bytes of a stream in the same transfer.
func (s *socket) receive(p []byte, peek, more bool) (r received, errno cloudabi.Errno) {
	net := &s.machine.net
	net.mu.Lock()
	defer net.mu.Unlock()
	switch {
	case s.in.empty() && s.ended():
		return r, cloudabi.ESUCCESS
	case s.kind != cloudabi.FiletypeSocketDgram && !s.connected:
		return r, cloudabi.ENOTCONN
	case s.in.empty():
		return r, cloudabi.EAGAIN
	case s.datagrams():
		m := s.in.messages[0]
		r = received{n: copy(p, m.data), fds: m.fds, eor: m.eor}
		r.truncated = r.n < len(m.data)
		if !peek {
			s.in.drop()
		}
	default:
		r.n, r.fds, r.boundary = s.in.get(p, peek, more)
	}
	if peek {
		for _, d := range r.fds {
			d.file.refs.Add(1)
		}
		return r, cloudabi.ESUCCESS
	}
	net.land(r.fds)
	for o := range s.senders {
		o.queue.wakeFor(Output)
	}
	return r, cloudabi.ESUCCESS
}

func (s *socket) ready(d Direction) Readiness {
	net := &s.machine.net
	net.mu.Lock()
	defer net.mu.Unlock()
	switch {
	case s.accepting > 0 && d == Input:
		return Readiness{Ready: len(s.pending) > 0, Bytes: uint64(len(s.pending))}
	case s.kind != cloudabi.FiletypeSocketDgram && !s.connected:
		return Readiness{Ready: true, Err: cloudabi.ENOTCONN}
	case d == Input:
		bytes := s.in.bytes
		if s.datagrams() && !s.in.empty() {
			bytes = len(s.in.messages[0].data)
		}
		end := s.ended()
		return Readiness{Ready: end || !s.in.empty(), Bytes: uint64(bytes), Hangup: end}
	case s.peer == nil:
		return Readiness{Ready: true, Err: s.unconnected()}
	case s.broken():
		return Readiness{Ready: true, Hangup: true}
	}
	room := s.peer.in.room()
	// The longest datagram may have to wait all the same, shorter ones not.
	return Readiness{Ready: room > 0 && (!s.datagrams() || room >= maxDatagram), Bytes: uint64(room)}
}

// shutdown ends transfers in the given directions.
func (s *socket) shutdown(input, output bool) cloudabi.Errno {
	net := &s.machine.net
	net.mu.Lock()
	if !s.connected {
		net.mu.Unlock()
		return cloudabi.ENOTCONN
	}
	var lost []descriptor
	if input {
		s.readShut = true
		lost = s.in.discard()
		net.land(lost)
	}
	s.writeShut = s.writeShut || output
	s.queue.wake()
	s.wakeOthers()
	net.mu.Unlock()
	releaseSlots(lost)
	return cloudabi.ESUCCESS
}

// wakeOthers tells those who can notice that the state of s has changed. The
// caller holds network.mu.
func (s *socket) wakeOthers() {
	if s.peer != nil {
		s.peer.queue.wake()
	}
	for o := range s.senders {
		o.queue.wake()
	}
}

// close ends everything. What was sent before still arrives.
func (s *socket) close() {
	net := &s.machine.net
	net.mu.Lock()
	lost := s.detach()
	net.land(lost)
	net.mu.Unlock()
	releaseSlots(lost)
	if s.name != nil {
		_ = s.name.Close()
	}
}

// detach marks a socket as closed, with the connections it has not accepted, and
// returns the descriptors that nobody will receive. The caller holds
// network.mu.
func (s *socket) detach() (lost []descriptor) {
	s.closed = true
	lost = s.in.discard()
	for _, c := range s.pending {
		if c.peer != nil {
			c.peer.failed = cloudabi.ECONNABORTED
		}
		lost = append(lost, c.detach()...)
	}
	s.pending, s.accepting = nil, 0
	if s.name != nil {
		if id := s.name.Identity(); s.machine.net.bound[id] == s {
			delete(s.machine.net.bound, id)
		}
	}
	s.wakeOthers()
	s.queue.wake() // those who wait to be connected
	if s.peer != nil {
		delete(s.peer.senders, s)
	}
	return lost
}
