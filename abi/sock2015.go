package abi

import (
	"errors"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/vfs"
)

// The calls on sockets with names, which programs had until 2017. A name is a
// socket in a directory of any backend that can hold one; who is bound to it is
// known to the machine by the object's identity, so that links and renames lead
// there too. Only guests of one machine can meet at a name.

// maxBacklog is the most connections that may wait, whatever is asked for.
const maxBacklog = 128

// maxSocketPath is one more than the longest path of a socket.
const maxSocketPath = 104

// socketName is the path in arguments 2 and 3 and the directory in argument 1,
// for the socket in argument 0. The caller releases both descriptors.
func (t *Thread) socketName(a *args) (sock descriptor, dir *directory, dirfd descriptor, path string, errno cloudabi.Errno) {
	if a.v[3] >= maxSocketPath {
		errno = cloudabi.ENAMETOOLONG
		return
	}
	if path, errno = t.path(a, 2); errno != 0 {
		return
	}
	if path == "" {
		errno = cloudabi.ENOENT
		return
	}
	if sock, errno = t.descriptor(a, 0, 0); errno != 0 {
		return
	}
	if dir, dirfd, errno = t.directory(a, 1, 0); errno == 0 && !isSocket(sock.file.object) {
		dirfd.file.release()
		errno = cloudabi.ENOTSOCK
	}
	if errno != 0 {
		sock.file.release()
	}
	return
}

func (t *Thread) sockBind(a *args) cloudabi.Errno {
	d, dir, dirfd, path, errno := t.socketName(a)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	defer dirfd.file.release()
	s, ok := d.file.object.(*socket)
	if !ok {
		return cloudabi.EINVAL // the host's sockets have their addresses
	}
	net := &t.machine.net
	net.mu.Lock()
	named := s.name != nil
	net.mu.Unlock()
	if named {
		return cloudabi.EINVAL
	}
	name, err := vfs.MakeSpecial(dir.Dir, path, cloudabi.FiletypeSocketStream)
	if err != nil {
		if errors.Is(err, cloudabi.EEXIST) {
			return cloudabi.EADDRINUSE
		}
		return errnoOf(err)
	}
	net.mu.Lock()
	defer net.mu.Unlock()
	if s.name != nil { // another thread was faster
		_ = name.Close()
		return cloudabi.EINVAL
	}
	s.name = name
	if net.bound == nil {
		net.bound = make(map[any]*socket)
	}
	net.bound[name.Identity()] = s
	return cloudabi.ESUCCESS
}

func (t *Thread) sockListen(a *args) cloudabi.Errno {
	d, errno := t.socketDescriptor(a)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	s, ok := d.file.object.(*socket)
	if !ok {
		if _, ok := d.file.object.(*listener); ok {
			return cloudabi.ESUCCESS
		}
		return cloudabi.EINVAL
	}
	t.machine.net.mu.Lock()
	defer t.machine.net.mu.Unlock()
	switch {
	case s.kind == cloudabi.FiletypeSocketDgram:
		return cloudabi.ENOTSUP
	case s.connected:
		return cloudabi.EINVAL
	case s.name == nil:
		return cloudabi.EDESTADDRREQ
	}
	s.accepting = int(min(max(a.v[1], 1), maxBacklog))
	s.queue.wake()
	return cloudabi.ESUCCESS
}

func (t *Thread) sockConnect(a *args) cloudabi.Errno {
	d, dir, dirfd, path, errno := t.socketName(a)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	defer dirfd.file.release()
	s, ok := d.file.object.(*socket)
	if !ok {
		return cloudabi.EISCONN
	}
	o, err := vfs.Open(dir.Dir, path, vfs.OpenOptions{Follow: true, Flags: vfs.OpenFlags{Read: true, Special: true}})
	if err != nil {
		return errnoOf(err)
	}
	if o.Dir != nil {
		_ = o.Dir.Close()
		return cloudabi.ENOTSOCK
	}
	defer func() { _ = o.File.Close() }()
	id := vfs.IdentityOf(o.File)
	net := &t.machine.net
	net.mu.Lock()
	to := net.bound[id]
	net.mu.Unlock()
	switch {
	case to != nil:
	case o.Filetype == cloudabi.FiletypeRegularFile || o.Filetype == cloudabi.FiletypeFifo:
		return cloudabi.ENOTSOCK
	default:
		return cloudabi.ECONNREFUSED
	}
	alive := t.await(&to.queue, waitEvent, func() bool {
		errno = s.connect(to)
		return errno != cloudabi.EAGAIN || d.file.has(cloudabi.FdflagNonblock)
	})
	if !alive {
		return cloudabi.EINTR
	}
	return errno
}

// connect makes to the peer of a datagram socket, or else a new socket that
// waits at to for being accepted: EAGAIN if too many wait already.
func (s *socket) connect(to *socket) cloudabi.Errno {
	net := &s.machine.net
	net.mu.Lock()
	defer net.mu.Unlock()
	switch {
	case s.kind != cloudabi.FiletypeSocketDgram && s.connected:
		return cloudabi.EISCONN
	case s.accepting > 0:
		return cloudabi.EINVAL
	case to.closed:
		return cloudabi.ECONNREFUSED
	case to.kind != s.kind:
		return cloudabi.EPROTOTYPE
	case s.kind == cloudabi.FiletypeSocketDgram:
		s.connectDatagrams(to)
		return cloudabi.ESUCCESS
	case to.accepting == 0:
		return cloudabi.ECONNREFUSED
	case len(to.pending) >= to.accepting:
		return cloudabi.EAGAIN
	}
	c := s.machine.newSocket(s.kind)
	c.pair(s)
	to.pending = append(to.pending, c)
	to.queue.wakeFor(Input)
	s.queue.wake()
	return cloudabi.ESUCCESS
}

// connectDatagrams changes to whom datagrams go. The caller holds network.mu.
func (s *socket) connectDatagrams(to *socket) {
	if s.peer != nil {
		delete(s.peer.senders, s)
	}
	s.peer, s.connected = to, true
	if to.senders == nil {
		to.senders = make(map[*socket]struct{})
	}
	to.senders[s] = struct{}{}
	s.queue.wake()
}

// accept takes the connection that has waited longest.
func (s *socket) accept() (*socket, cloudabi.Errno) {
	net := &s.machine.net
	net.mu.Lock()
	defer net.mu.Unlock()
	switch {
	case s.accepting == 0:
		return nil, cloudabi.EINVAL
	case len(s.pending) == 0:
		return nil, cloudabi.EAGAIN
	}
	c := s.pending[0]
	s.pending[0] = nil
	if s.pending = s.pending[1:]; len(s.pending) == 0 {
		s.pending = nil
	}
	s.queue.wake() // those who wait to be connected
	return c, cloudabi.ESUCCESS
}

func (t *Thread) sockAccept(a *args) cloudabi.Errno {
	d, errno := t.socketDescriptor(a)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	// The connection waits on if there is no room for it.
	switch {
	case t.proc.fds.full():
		return cloudabi.EMFILE
	case uint64(t.machine.openFiles.Load()) >= t.machine.limits.OpenFiles:
		return cloudabi.ENFILE
	}
	c, errno := t.accept(d.file)
	if errno != 0 {
		return errno
	}
	var peer cloudabi.Sockstat
	_, peer.Peername = addresses(c)
	f, errno := t.machine.newOpenFile(c, 0)
	if errno != 0 {
		return errno
	}
	most := c.rights()
	fd, errno := t.proc.fds.add(descriptor{f, d.inheriting & most.Base, d.inheriting & most.Inheriting})
	if errno = a.descriptorResult(fd, errno); errno != 0 || a.v[1] == 0 {
		return errno
	}
	var b [cloudabi.SockstatSize]byte
	peer.Put(b[:])
	return t.store(b[:], a.v[1])
}

// accept waits for a connection at a listening socket.
func (t *Thread) accept(f *openFile) (c Object, errno cloudabi.Errno) {
	var q *waitQueue
	var why wait
	var try func() (Object, cloudabi.Errno)
	switch l := f.object.(type) {
	case *listener:
		q, why = &l.queue, waitInput
		try = func() (Object, cloudabi.Errno) {
			s, errno := l.Accept()
			if errno != 0 {
				return nil, errno
			}
			return NewStream(s), errno
		}
	case *socket:
		q, why = &l.queue, waitEvent
		try = func() (Object, cloudabi.Errno) {
			c, errno := l.accept()
			if errno != 0 {
				return nil, errno
			}
			return c, errno
		}
	default:
		return nil, cloudabi.EINVAL
	}
	alive := t.await(q, why, func() bool {
		c, errno = try()
		return errno != cloudabi.EAGAIN || f.has(cloudabi.FdflagNonblock)
	})
	if !alive {
		if errno == 0 && c != nil {
			c.close()
		}
		return nil, cloudabi.EINTR
	}
	return c, errno
}

// Addressed is a [Stream] or [Listener] that has addresses the guest may know.
type Addressed interface {
	// Addresses returns those of this side and of the other; the family is
	// unspec where there is none.
	Addresses() (local, peer cloudabi.Sockaddr)
}

// addresses are the names of a socket's two sides. Of a socket in a file system
// only the family is told.
func addresses(o Object) (local, peer cloudabi.Sockaddr) {
	switch o := o.(type) {
	case *socket:
		o.machine.net.mu.Lock()
		defer o.machine.net.mu.Unlock()
		local.Family = cloudabi.AfUnix
		if o.peer != nil && !o.peer.closed {
			peer.Family = cloudabi.AfUnix
		}
	case *hostStream:
		if s, ok := o.Stream.(Addressed); ok {
			return s.Addresses()
		}
	case *listener:
		if l, ok := o.Listener.(Addressed); ok {
			return l.Addresses()
		}
	}
	return local, peer
}

func (t *Thread) sockStatGet(a *args) cloudabi.Errno {
	flags := cloudabi.Ssflags(a.v[2])
	if flags&^cloudabi.SockstatClearError != 0 {
		return cloudabi.EINVAL
	}
	d, errno := t.socketDescriptor(a)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	var st cloudabi.Sockstat
	st.Sockname, st.Peername = addresses(d.file.object)
	switch o := d.file.object.(type) {
	case *socket:
		t.machine.net.mu.Lock()
		if o.accepting > 0 {
			st.State = cloudabi.SockstateAcceptconn
		}
		st.Error = o.failed
		if flags&cloudabi.SockstatClearError != 0 {
			o.failed = 0
		}
		t.machine.net.mu.Unlock()
	case *listener:
		st.State = cloudabi.SockstateAcceptconn
	case *hostStream:
		st.Error = o.pendingError(flags&cloudabi.SockstatClearError != 0)
	}
	var b [cloudabi.SockstatSize]byte
	st.Put(b[:])
	return t.store(b[:], a.v[1])
}
