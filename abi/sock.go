package abi

import "github.com/nuage-emu/nuage/abi/cloudabi"

// isSocket reports whether the calls for sockets are for an object.
func isSocket(o Object) bool {
	switch o := o.(type) {
	case *socket, *listener:
		return true
	case *hostStream:
		switch o.filetype() {
		case cloudabi.FiletypeSocketStream, cloudabi.FiletypeSocketDgram, cloudabi.FiletypeSocketSeqpacket:
			return true
		}
	}
	return false
}

// socketDescriptor returns the socket in argument 0. The caller releases the
// open file.
func (t *Thread) socketDescriptor(a *args) (descriptor, cloudabi.Errno) {
	d, errno := t.descriptor(a, 0, 0)
	if errno == 0 && !isSocket(d.file.object) {
		d.file.release()
		errno = cloudabi.ENOTSOCK
	}
	return d, errno
}

func (t *Thread) sockSend(a *args) cloudabi.Errno {
	// The structure of 2015 differs in the names of its flags.
	var b [cloudabi.SendInSize]byte
	if errno := t.load(b[:], a.v[1]); errno != 0 {
		return errno
	}
	var in cloudabi.SendIn
	in.Get(b[:])
	list, errno := t.loadIovecs(in.Data, in.DataLen)
	if errno != 0 {
		return errno
	}
	numbers, errno := t.loadFds(in.Fds, in.FdsLen, maxPassed, cloudabi.EINVAL)
	if errno != 0 {
		return errno
	}
	d, errno := t.socketDescriptor(a)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	fds, errno := t.proc.fds.duplicate(numbers)
	if errno != 0 {
		return errno
	}
	var n uint64
	switch o := d.file.object.(type) {
	case *socket:
		eor := cloudabi.Msgflags(in.Flags)&cloudabi.MsgEor != 0 && t.early()
		n, errno = t.send(d.file, o, list, fds, eor)
	case byteStream:
		releaseSlots(fds)
		if len(fds) > 0 {
			return cloudabi.ENOTSUP // the host's sockets carry bytes only
		}
		n, errno = t.writeStream(d.file, o, list)
	}
	if errno != 0 && n == 0 {
		return errno
	}
	out := cloudabi.SendOut{Datalen: n}
	var ob [cloudabi.SendOutSize]byte
	out.Put(ob[:])
	return t.store(ob[:], a.v[2])
}

// loadFds copies in a list of n descriptors; tooMany is the error if they are
// more than most.
func (t *Thread) loadFds(addr, n, most uint64, tooMany cloudabi.Errno) ([]cloudabi.Fd, cloudabi.Errno) {
	switch {
	case n == 0:
		return nil, cloudabi.ESUCCESS
	case n > most:
		return nil, tooMany
	}
	b := make([]byte, 4*n)
	if errno := t.load(b, addr); errno != 0 {
		return nil, errno
	}
	list := make([]cloudabi.Fd, n)
	for i := range list {
		list[i] = cloudabi.Fd(le.Uint32(b[4*i:]))
	}
	return list, cloudabi.ESUCCESS
}

// duplicate returns what the numbers stand for, with references that are the
// caller's: EBADF if one is not open, ENOTSUP if one cannot be given away.
func (ft *fdTable) duplicate(numbers []cloudabi.Fd) (fds []descriptor, errno cloudabi.Errno) {
	for _, fd := range numbers {
		d, errno := ft.get(fd, 0)
		if errno == 0 {
			fds = append(fds, d)
			if isConfined(d.file.object) {
				errno = cloudabi.ENOTSUP
			}
		}
		if errno != 0 {
			releaseSlots(fds)
			return nil, errno
		}
	}
	return fds, cloudabi.ESUCCESS
}

// send sends the list and the descriptors, whose references it takes over, to
// the peer of a socket. It waits for room unless the descriptor is nonblock.
func (t *Thread) send(f *openFile, s *socket, list []iovec, fds []descriptor, eor bool) (uint64, cloudabi.Errno) {
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	var total uint64
	var errno cloudabi.Errno
	sent := false
	if s.datagrams() {
		total, sent, errno = t.sendMessage(f, s, list, fds, eor, buf[:])
	} else {
		total, sent, errno = t.sendStream(f, s, list, fds, buf[:])
	}
	switch {
	case !sent:
		releaseSlots(fds)
	default:
		// Whoever has closed the last number meanwhile did not know that it
		// was the last.
		for _, d := range fds {
			if d.file.refs.Load() == d.file.inflight.Load() {
				t.machine.collect()
				break
			}
		}
	}
	return total, errno
}

func (t *Thread) sendMessage(f *openFile, s *socket, list []iovec, fds []descriptor, eor bool, buf []byte) (n uint64, sent bool, errno cloudabi.Errno) {
	var size uint64
	for _, v := range list {
		size += v.n
	}
	if size > maxDatagram {
		return 0, false, cloudabi.EMSGSIZE
	}
	c := cursor{list: list}
	k, fault := t.gather(&c, buf)
	if fault != 0 {
		return 0, false, fault
	}
	alive := t.await(&s.queue, waitEvent, func() bool {
		_, errno = s.send(buf[:k], fds, eor)
		return errno != cloudabi.EAGAIN || f.has(cloudabi.FdflagNonblock)
	})
	switch {
	case !alive:
		return 0, errno == 0, cloudabi.EINTR
	case errno != 0:
		return 0, false, errno
	}
	return uint64(k), true, cloudabi.ESUCCESS
}

func (t *Thread) sendStream(f *openFile, s *socket, list []iovec, fds []descriptor, buf []byte) (total uint64, sent bool, errno cloudabi.Errno) {
	c := cursor{list: list}
	if c.empty() {
		if len(fds) > 0 {
			return 0, false, cloudabi.EMSGSIZE // there is no byte to travel with
		}
		return 0, false, cloudabi.ESUCCESS
	}
	for {
		n, fault := t.gather(&c, buf)
		if n == 0 {
			return total, total > 0, fault
		}
		done := 0
		alive := t.await(&s.queue, waitEvent, func() bool {
			for errno = 0; done < n && errno == 0; {
				var k int
				k, errno = s.send(buf[done:n], fds, false)
				if k > 0 {
					fds = nil
				}
				done += k
			}
			return errno != cloudabi.EAGAIN || f.has(cloudabi.FdflagNonblock)
		})
		total += uint64(done)
		switch {
		case !alive:
			return total, total > 0, cloudabi.EINTR
		case errno != 0:
			return total, total > 0, errno
		case fault != 0:
			return total, total > 0, fault
		}
	}
}

func (t *Thread) sockRecv(a *args) cloudabi.Errno {
	var b [cloudabi.RecvInSize]byte
	if errno := t.load(b[:], a.v[1]); errno != 0 {
		return errno
	}
	var in cloudabi.RecvIn
	in.Get(b[:])
	list, errno := t.loadIovecs(in.Data, in.DataLen)
	if errno != 0 {
		return errno
	}
	d, errno := t.socketDescriptor(a)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	var r received
	var total uint64
	switch o := d.file.object.(type) {
	case *socket:
		r, total, errno = t.receive(d.file, o, list, in.Flags)
	case *hostStream:
		r, total, errno = t.receiveHost(d.file, o, list, in.Flags)
	default:
		errno = cloudabi.ENOTCONN
	}
	if errno != 0 && total == 0 {
		return errno
	}
	numbers, cut, errno := t.land(r.fds, in.Fds, in.FdsLen)
	if errno != 0 {
		return errno
	}
	out := cloudabi.RecvOut2015{Datalen: total, Fdslen: uint64(len(numbers))}
	if cut && in.FdsLen > 0 { // who asks for none is not told
		out.Flags |= cloudabi.MsgCtrunc
	}
	if r.truncated {
		out.Flags |= cloudabi.MsgTrunc
	}
	if t.early() {
		out.Sockname, out.Peername = addresses(d.file.object)
		if r.eor {
			out.Flags |= cloudabi.MsgEor
		}
	}
	var ob [cloudabi.RecvOut2015Size]byte
	out.Put(ob[:])
	errno = t.store(ob[:], a.v[2])
	if errno != 0 {
		t.unland(numbers) // the program does not know of them
	}
	return errno
}

// receive fills the list from a socket, waiting for something to arrive unless
// the descriptor is nonblock.
func (t *Thread) receive(f *openFile, s *socket, list []iovec, flags cloudabi.Riflags) (all received, total uint64, errno cloudabi.Errno) {
	peek := flags&cloudabi.SockRecvPeek != 0
	c := cursor{list: list}
	if !s.datagrams() && c.empty() {
		return all, 0, cloudabi.ESUCCESS
	}
	for {
		room, fault := t.room(c, bufferSize)
		if fault != 0 && room == 0 {
			return all, total, t.noRoom(f, s, fault)
		}
		var r received
		n := 0
		alive := t.await(&s.queue, waitEvent, func() bool {
			buf := buffers.Get().(*[bufferSize]byte) // a thread that waits holds none
			defer buffers.Put(buf)
			if r, errno = s.receive(buf[:room], peek, total > 0); errno == 0 {
				n, errno = t.scatter(&c, buf[:r.n])
			}
			return errno != cloudabi.EAGAIN || f.has(cloudabi.FdflagNonblock)
		})
		if !alive {
			errno = cloudabi.EINTR
		}
		if r.fds != nil {
			all.fds = r.fds
		}
		all.truncated, all.eor = r.truncated, r.eor
		total += uint64(n)
		switch {
		case errno != 0:
			if total == 0 {
				releaseSlots(all.fds)
				all.fds = nil
			}
			return all, total, errno
		case s.datagrams(), peek, flags&cloudabi.SockRecvWaitall == 0, r.n == 0, r.boundary, c.empty():
			return all, total, cloudabi.ESUCCESS
		}
	}
}

// receiveHost does the same for a socket of the host, which carries no
// descriptors.
func (t *Thread) receiveHost(f *openFile, s *hostStream, list []iovec, flags cloudabi.Riflags) (all received, total uint64, errno cloudabi.Errno) {
	peek := flags&cloudabi.SockRecvPeek != 0
	datagrams := s.filetype() != cloudabi.FiletypeSocketStream
	c := cursor{list: list}
	if c.empty() && !datagrams {
		return all, 0, cloudabi.ESUCCESS
	}
	for {
		room, fault := t.room(c, bufferSize)
		if fault != 0 && room == 0 {
			return all, total, fault
		}
		n, got := 0, 0
		alive := t.await(&s.queue, t.inputOf(s), func() bool {
			buf := buffers.Get().(*[bufferSize]byte)
			defer buffers.Put(buf)
			if got, all.truncated, errno = s.receive(buf[:room], peek); errno == 0 {
				n, errno = t.scatter(&c, buf[:got])
			}
			return errno != cloudabi.EAGAIN || f.has(cloudabi.FdflagNonblock) && !t.settles(s, Input)
		})
		if !alive {
			errno = cloudabi.EINTR
		}
		total += uint64(n)
		if errno != 0 || datagrams || peek || flags&cloudabi.SockRecvWaitall == 0 || got == 0 || c.empty() {
			return all, total, errno
		}
	}
}

// land gives received descriptors numbers and stores those at addr, where there
// is room for limit of them. What does not fit there or in the table is closed:
// cut.
func (t *Thread) land(fds []descriptor, addr, limit uint64) (numbers []cloudabi.Fd, cut bool, errno cloudabi.Errno) {
	var b []byte
	for i, d := range fds {
		var fd cloudabi.Fd
		if uint64(i) < limit {
			fd, errno = t.proc.fds.add(d) // takes the reference
			if errno == 0 {
				numbers = append(numbers, fd)
				b = le.AppendUint32(b, uint32(fd))
				continue
			}
			i++
		}
		releaseSlots(fds[i:])
		cut = true
		break
	}
	if len(b) > 0 {
		if errno := t.store(b, addr); errno != 0 {
			t.unland(numbers)
			return nil, false, errno
		}
	}
	return numbers, cut, cloudabi.ESUCCESS
}

// unland closes what land has opened.
func (t *Thread) unland(numbers []cloudabi.Fd) {
	for _, fd := range numbers {
		t.proc.fds.remove(fd)
	}
}

// readSocket and writeSocket are fd_read and fd_write: descriptors that arrive
// are closed.
func (t *Thread) readSocket(f *openFile, s *socket, list []iovec) (uint64, cloudabi.Errno) {
	r, n, errno := t.receive(f, s, list, 0)
	releaseSlots(r.fds)
	return n, errno
}

func (t *Thread) writeSocket(f *openFile, s *socket, list []iovec) (uint64, cloudabi.Errno) {
	return t.send(f, s, list, nil, false)
}

func (t *Thread) sockShutdown(a *args) cloudabi.Errno {
	how := cloudabi.Sdflags(a.v[1])
	if how == 0 || how&^(cloudabi.ShutRd|cloudabi.ShutWr) != 0 {
		return cloudabi.EINVAL
	}
	d, errno := t.socketDescriptor(a)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	input, output := how&cloudabi.ShutRd != 0, how&cloudabi.ShutWr != 0
	switch o := d.file.object.(type) {
	case *socket:
		return o.shutdown(input, output)
	case *hostStream:
		defer t.machine.voidPlans()
		return o.Shutdown(input, output)
	}
	return cloudabi.ENOTCONN
}

// createSockets is fd_create2 for the kinds of sockets.
func (t *Thread) createSockets(a *args, kind cloudabi.Filetype) cloudabi.Errno {
	s, o := t.machine.newSocket(kind), t.machine.newSocket(kind)
	s.paired, o.paired = true, true
	s.pair(o)
	return t.installPair(a, s, o)
}

// installPair gives two new objects numbers, both or none.
func (t *Thread) installPair(a *args, o1, o2 Object) cloudabi.Errno {
	f1, errno := t.machine.newOpenFile(o1, 0)
	if errno != 0 {
		o2.close()
		return errno
	}
	f2, errno := t.machine.newOpenFile(o2, 0)
	if errno != 0 {
		f1.release()
		return errno
	}
	for i, f := range []*openFile{f1, f2} {
		if e, ok := f.object.(*pipeEnd); ok {
			f.readable, f.writable = !e.writes, e.writes
		}
		fd, errno := t.install(f, ^cloudabi.Rights(0), ^cloudabi.Rights(0))
		if errno != 0 {
			if i == 0 {
				f2.release()
			} else {
				t.proc.fds.remove(cloudabi.Fd(a.out[0]))
			}
			return errno
		}
		a.out[i] = uint64(fd)
	}
	return cloudabi.ESUCCESS
}
