package abi

import "github.com/nuage-emu/nuage/abi/cloudabi"

// sockAccept is the way 2015 programs take connections from a listening socket
// they were given.
func (t *Thread) sockAccept(a *args) cloudabi.Errno {
	d, errno := t.descriptor(a, 0, 0)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	l, ok := d.file.object.(*listener)
	if !ok {
		return cloudabi.EINVAL
	}
	if t.proc.fds.full() {
		return cloudabi.EMFILE
	}
	var s Stream
	alive := t.await(&l.queue, waitInput, func() bool {
		s, errno = l.Accept()
		return errno != cloudabi.EAGAIN || d.file.has(cloudabi.FdflagNonblock)
	})
	if !alive {
		if s != nil {
			s.Close()
		}
		return cloudabi.EINTR
	}
	if errno != 0 {
		return errno
	}
	f, errno := t.machine.newOpenFile(NewStream(s), 0)
	if errno != 0 {
		return errno
	}
	if errno := a.descriptorResult(t.install(f, d.inheriting, d.inheriting)); errno != 0 || a.v[1] == 0 {
		return errno
	}
	// Of a connection's addresses none is known to the guest.
	var b [cloudabi.SockstatSize]byte
	return t.store(b[:], a.v[1])
}

func (t *Thread) sockShutdown(a *args) cloudabi.Errno {
	how := cloudabi.Sdflags(a.v[1])
	if how == 0 || how&^(cloudabi.ShutRd|cloudabi.ShutWr) != 0 {
		return cloudabi.EINVAL
	}
	d, errno := t.descriptor(a, 0, 0)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	switch o := d.file.object.(type) {
	case *hostStream:
		if o.filetype() != cloudabi.FiletypeSocketStream {
			return cloudabi.ENOTSOCK
		}
		return o.Shutdown(how&cloudabi.ShutRd != 0, how&cloudabi.ShutWr != 0)
	case *listener:
		return cloudabi.ENOTCONN
	}
	return cloudabi.ENOTSOCK
}
