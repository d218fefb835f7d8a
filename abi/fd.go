package abi

import (
	"math"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

func (t *Thread) fdClose(a *args) cloudabi.Errno { return t.proc.fds.remove(a.fd(0)) }

func (t *Thread) fdCreate1(a *args) cloudabi.Errno {
	var o Object
	switch kind := cloudabi.Filetype(a.v[0]); {
	case kind == cloudabi.FiletypeSharedMemory:
		m, err := memory.NewObject(t.machine.quota)
		if err != nil {
			return errnoOf(err)
		}
		o = NewSharedMemory(m)
	case !t.early():
		return cloudabi.EINVAL
	case kind == cloudabi.FiletypePoll:
		o = newEventQueue(t.proc)
	case kind == cloudabi.FiletypeSocketDgram, kind == cloudabi.FiletypeSocketSeqpacket, kind == cloudabi.FiletypeSocketStream:
		o = t.machine.newSocket(kind)
	default:
		return cloudabi.EINVAL
	}
	f, errno := t.machine.newOpenFile(o, 0)
	if errno != 0 {
		return errno
	}
	return a.descriptorResult(t.install(f, ^cloudabi.Rights(0), ^cloudabi.Rights(0)))
}

func (t *Thread) fdCreate2(a *args) cloudabi.Errno {
	switch kind := cloudabi.Filetype(a.v[0]); {
	case kind == cloudabi.FiletypeSocketDgram, kind == cloudabi.FiletypeSocketStream,
		kind == cloudabi.FiletypeSocketSeqpacket && t.early():
		return t.createSockets(a, kind)
	case kind == cloudabi.FiletypeFifo && t.early():
		return t.createFifo(a)
	}
	return cloudabi.EINVAL
}

// descriptorResult makes a new descriptor the first result.
func (a *args) descriptorResult(fd cloudabi.Fd, errno cloudabi.Errno) cloudabi.Errno {
	a.out[0] = uint64(fd)
	return errno
}

func (t *Thread) fdDup(a *args) cloudabi.Errno {
	d, errno := t.descriptor(a, 0, 0)
	if errno != 0 {
		return errno
	}
	return a.descriptorResult(t.proc.fds.add(d))
}

func (t *Thread) fdReplace(a *args) cloudabi.Errno { return t.proc.fds.replace(a.fd(0), a.fd(1)) }

func (t *Thread) fdStatGet(a *args) cloudabi.Errno {
	d, errno := t.descriptor(a, 0, 0)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	n := t.numbering(a)
	s := cloudabi.Fdstat{
		Filetype:         d.file.object.filetype(),
		Flags:            cloudabi.Fdflags(d.file.flags.Load()),
		RightsBase:       n.show(d.base),
		RightsInheriting: n.show(d.inheriting),
	}
	var b [cloudabi.FdstatSize]byte
	s.Put(b[:])
	return t.store(b[:], a.v[1])
}

// fdflags are the flags there are; others are ignored, as existing systems do.
const fdflags = cloudabi.FdflagAppend | cloudabi.FdflagDsync | cloudabi.FdflagNonblock |
	cloudabi.FdflagRsync | cloudabi.FdflagSync

func (t *Thread) fdStatPut(a *args) cloudabi.Errno {
	what := cloudabi.Fdsflags(a.v[2])
	if what != cloudabi.FdstatFlags && what != cloudabi.FdstatRights {
		return cloudabi.EINVAL
	}
	var b [cloudabi.FdstatSize]byte
	if errno := t.load(b[:], a.v[1]); errno != 0 {
		return errno
	}
	var s cloudabi.Fdstat
	s.Get(b[:])
	if what == cloudabi.FdstatRights {
		n := t.numbering(a)
		n.readFdstat(&s)
		return t.proc.fds.restrict(a.fd(0), s.RightsBase, s.RightsInheriting, n.unnamed())
	}
	d, errno := t.descriptor(a, 0, cloudabi.RightFdStatPutFlags)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	d.file.flags.Store(uint32(s.Flags & fdflags))
	// A thread that waits on the open file may have to wait no longer.
	if o, ok := d.file.object.(pollable); ok {
		o.waiters().wake()
	}
	return cloudabi.ESUCCESS
}

func (t *Thread) fdSync(a *args) cloudabi.Errno     { return t.sync(a, false) }
func (t *Thread) fdDatasync(a *args) cloudabi.Errno { return t.sync(a, true) }

func (t *Thread) sync(a *args, dataOnly bool) cloudabi.Errno {
	d, errno := t.descriptor(a, 0, 0)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	if o, ok := d.file.object.(stored); ok {
		return errnoOf(o.Sync(dataOnly))
	}
	return cloudabi.EINVAL
}

func (t *Thread) fdRead(a *args) cloudabi.Errno {
	list, errno := t.loadIovecs(a.v[1], a.v[2])
	if errno != 0 {
		return errno
	}
	d, errno := t.descriptor(a, 0, 0)
	if errno != 0 {
		return errno
	}
	f := d.file
	defer f.release()
	if !f.readable {
		return cloudabi.EBADF
	}
	switch o := f.object.(type) {
	case *regular:
		f.mu.Lock()
		defer f.mu.Unlock()
		n, errno := t.readFile(o, list, f.offset)
		f.offset += int64(n)
		return a.count(n, errno)
	case *socket:
		return a.count(t.readSocket(f, o, list))
	case byteStream:
		return a.count(t.readStream(f, o, list))
	case *directory:
		return cloudabi.EISDIR
	}
	return cloudabi.ENOTSUP
}

func (t *Thread) fdWrite(a *args) cloudabi.Errno {
	if t.writeNow(a) {
		return cloudabi.ESUCCESS
	}
	return t.writeList(a) // a function of its own, since leaving it takes time for what it defers
}

func (t *Thread) writeList(a *args) cloudabi.Errno {
	list, errno := t.loadIovecs(a.v[1], a.v[2])
	if errno != 0 {
		return errno
	}
	d, errno := t.descriptor(a, 0, 0)
	if errno != 0 {
		return errno
	}
	f := d.file
	defer f.release()
	if !f.writable {
		return cloudabi.EBADF
	}
	switch o := f.object.(type) {
	case *regular:
		f.mu.Lock()
		defer f.mu.Unlock()
		n, end, errno := t.writeFile(f, o, list, f.offset)
		if n > 0 {
			f.offset = end
		}
		return a.count(n, errno)
	case *socket:
		return a.count(t.writeSocket(f, o, list))
	case byteStream:
		return a.count(t.writeStream(f, o, list))
	case *directory:
		return cloudabi.EISDIR
	}
	return cloudabi.ENOTSUP
}

// positioned is the common part of fd_pread and fd_pwrite: the list, and a
// file that has offsets.
func (t *Thread) positioned(a *args) (f *openFile, o *regular, list []iovec, off int64, errno cloudabi.Errno) {
	if list, errno = t.loadIovecs(a.v[1], a.v[2]); errno != 0 {
		return
	}
	d, errno := t.descriptor(a, 0, 0)
	if errno != 0 {
		return
	}
	f = d.file
	o, regular := f.object.(*regular)
	switch _, stream := f.object.(pollable); {
	case stream:
		errno = cloudabi.ESPIPE
	case !regular:
		errno = cloudabi.ENOTSUP
	case a.v[3] > math.MaxInt64:
		errno = cloudabi.EINVAL
	}
	if errno != 0 {
		f.release()
	}
	return f, o, list, int64(a.v[3]), errno
}

func (t *Thread) fdPread(a *args) cloudabi.Errno {
	f, o, list, off, errno := t.positioned(a)
	if errno != 0 {
		return errno
	}
	defer f.release()
	if !f.readable {
		return cloudabi.EBADF
	}
	return a.count(t.readFile(o, list, off))
}

func (t *Thread) fdPwrite(a *args) cloudabi.Errno {
	f, o, list, off, errno := t.positioned(a)
	if errno != 0 {
		return errno
	}
	defer f.release()
	if !f.writable {
		return cloudabi.EBADF
	}
	n, _, errno := t.writeFile(f, o, list, off)
	return a.count(n, errno)
}

func (t *Thread) fdSeek(a *args) cloudabi.Errno {
	offset, whence := int64(a.v[1]), cloudabi.Whence(a.v[2])
	if whence < cloudabi.WhenceCur || whence > cloudabi.WhenceSet {
		return cloudabi.EINVAL
	}
	d, errno := t.descriptor(a, 0, 0)
	if errno != 0 {
		return errno
	}
	f := d.file
	defer f.release()
	// fd_tell is enough to ask where the offset is.
	enough := cloudabi.RightFdSeek
	if offset == 0 && whence == cloudabi.WhenceCur {
		enough |= cloudabi.RightFdTell
	}
	if d.base&enough == 0 {
		return cloudabi.ENOTCAPABLE
	}
	o, ok := f.object.(*regular)
	if !ok {
		return cloudabi.ESPIPE
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var from int64
	switch whence {
	case cloudabi.WhenceCur:
		from = f.offset
	case cloudabi.WhenceEnd:
		size, err := o.Size()
		if err != nil {
			return errnoOf(err)
		}
		from = size
	}
	switch {
	case offset > 0 && from > math.MaxInt64-offset:
		return cloudabi.EOVERFLOW
	case from+offset < 0:
		return cloudabi.EINVAL
	}
	f.offset = from + offset
	a.out[0] = uint64(f.offset)
	return cloudabi.ESUCCESS
}
