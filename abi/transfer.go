package abi

import (
	"math"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// cursor walks through a scatter or gather list.
type cursor struct {
	list []iovec
	done uint64 // bytes of list[0] that are behind
}

// next returns the rest of the present element, skipping those that are
// finished; n is 0 at the end of the list.
func (c *cursor) next() (addr, n uint64) {
	for len(c.list) > 0 && c.done == c.list[0].n {
		c.list, c.done = c.list[1:], 0
	}
	if len(c.list) == 0 {
		return 0, 0
	}
	return c.list[0].addr + c.done, c.list[0].n - c.done
}

// empty reports whether the list holds no byte any more.
func (c *cursor) empty() bool {
	_, n := c.next()
	return n == 0
}

// length is how many bytes a list has, at most limit.
func length(list []iovec, limit uint64) uint64 {
	var n uint64
	for _, v := range list {
		if n += v.n; n >= limit {
			return limit
		}
	}
	return n
}

// buffer returns a buffer for up to n bytes, and what gives it back: the
// thread's own if that is large enough.
func (t *Thread) buffer(n uint64) (buf []byte, large *[bufferSize]byte) {
	if n <= uint64(len(t.short)) {
		return t.short[:], nil
	}
	large = buffers.Get().(*[bufferSize]byte)
	return large[:], large
}

func giveBack(large *[bufferSize]byte) {
	if large != nil {
		buffers.Put(large)
	}
}

// gather fills p from guest memory. A fault ends it early; EFAULT comes
// together with the bytes before it.
func (t *Thread) gather(c *cursor, p []byte) (int, cloudabi.Errno) {
	total := 0
	for total < len(p) {
		addr, n := c.next()
		if n == 0 {
			break
		}
		n = min(n, uint64(len(p)-total))
		if t.load(p[total:total+int(n)], addr) != 0 {
			n = t.accessible(addr, n, readAccess)
			if n == 0 || t.load(p[total:total+int(n)], addr) != 0 {
				return total, cloudabi.EFAULT
			}
			c.done += n
			return total + int(n), cloudabi.EFAULT
		}
		c.done += n
		total += int(n)
	}
	return total, cloudabi.ESUCCESS
}

// room returns how many bytes, at most limit, can be scattered from the cursor
// on, and EFAULT if something other than the list's end or the limit ends them.
func (t *Thread) room(c cursor, limit uint64) (uint64, cloudabi.Errno) {
	var total uint64
	for total < limit {
		addr, n := c.next()
		if n == 0 {
			break
		}
		n = min(n, limit-total)
		ok := t.accessible(addr, n, writeAccess)
		total += ok
		if ok < n {
			return total, cloudabi.EFAULT
		}
		c.done += n
	}
	return total, cloudabi.ESUCCESS
}

// scatter copies p to guest memory and returns how much of it got there.
func (t *Thread) scatter(c *cursor, p []byte) (int, cloudabi.Errno) {
	total := 0
	for total < len(p) {
		addr, n := c.next()
		n = min(n, uint64(len(p)-total))
		if n == 0 {
			break
		}
		if errno := t.store(p[total:total+int(n)], addr); errno != 0 {
			return total, errno
		}
		c.done += n
		total += int(n)
	}
	return total, cloudabi.ESUCCESS
}

// count is the result of a transfer: what was moved counts, an error only if
// it was nothing (abi/semantics.md section 4).
func (a *args) count(n uint64, errno cloudabi.Errno) cloudabi.Errno {
	a.out[0] = n
	if n > 0 {
		return cloudabi.ESUCCESS
	}
	return errno
}

// readFile reads from a file at off until the list is full or the file ends.
func (t *Thread) readFile(o *regular, list []iovec, off int64) (uint64, cloudabi.Errno) {
	buf, large := t.buffer(length(list, bufferSize))
	defer giveBack(large)
	c := cursor{list: list}
	var total uint64
	for !t.dying() {
		room, fault := t.room(c, uint64(len(buf)))
		if room == 0 {
			return total, fault
		}
		n, err := o.ReadAt(buf[:room], off)
		done, errno := t.scatter(&c, buf[:n])
		total += uint64(done)
		off += int64(done)
		switch {
		case errno != 0:
			return total, errno
		case err != nil:
			return total, errnoOf(err)
		case uint64(n) < room:
			return total, cloudabi.ESUCCESS
		}
	}
	return total, cloudabi.EINTR
}

// writeFile writes the list to a file at off, or at the end in append mode, and
// returns the offset behind what was written.
func (t *Thread) writeFile(f *openFile, o *regular, list []iovec, off int64) (total uint64, end int64, errno cloudabi.Errno) {
	buf, large := t.buffer(length(list, bufferSize))
	defer giveBack(large)
	c := cursor{list: list}
	end = off
	for !t.dying() {
		n, fault := t.gather(&c, buf)
		if n == 0 {
			errno = fault
			break
		}
		var done int
		var err error
		switch {
		case f.has(cloudabi.FdflagAppend):
			done, end, err = o.Append(buf[:n])
		case end > math.MaxInt64-int64(n):
			err = cloudabi.EFBIG
		default:
			done, err = o.WriteAt(buf[:n], end)
			end += int64(done)
		}
		total += uint64(done)
		if errno = errnoOf(err); errno != 0 || done < n || fault != 0 {
			break
		}
	}
	if total > 0 && f.has(cloudabi.FdflagSync|cloudabi.FdflagRsync|cloudabi.FdflagDsync) {
		dataOnly := !f.has(cloudabi.FdflagSync | cloudabi.FdflagRsync)
		if errno := errnoOf(o.Sync(dataOnly)); errno != 0 {
			return 0, end, errno
		}
	}
	return total, end, errno
}

// readStream waits until something has arrived and reads that.
func (t *Thread) readStream(f *openFile, o byteStream, list []iovec) (uint64, cloudabi.Errno) {
	c := cursor{list: list}
	if c.empty() {
		return 0, cloudabi.ESUCCESS
	}
	room, fault := t.room(c, bufferSize)
	if room == 0 {
		return 0, t.noRoom(f, o, fault)
	}
	var n int
	var errno cloudabi.Errno
	alive := t.await(o.waiters(), t.inputOf(o), func() bool {
		// A thread that waits does not hold a buffer.
		buf, large := t.buffer(room)
		defer giveBack(large)
		if n, errno = o.read(buf[:room]); errno == 0 {
			n, errno = t.scatter(&c, buf[:n])
		}
		return errno != cloudabi.EAGAIN || f.has(cloudabi.FdflagNonblock) && !t.settles(o, Input)
	})
	if !alive {
		return 0, cloudabi.EINTR
	}
	return uint64(n), errno
}

// noRoom is the error of reading from a stream to a bad address: a program that
// asks only whether there is anything learns that there is not.
func (t *Thread) noRoom(f *openFile, o pollable, fault cloudabi.Errno) cloudabi.Errno {
	if f.has(cloudabi.FdflagNonblock) && !t.settles(o, Input) && !o.ready(Input).Ready {
		return cloudabi.EAGAIN
	}
	return fault
}

// writeStream writes all of the list, waiting for room unless the descriptor is
// nonblock, and then waits until the host has taken it: whoever looks at the
// other end after the call, or after the end of the program, finds it there.
func (t *Thread) writeStream(f *openFile, o byteStream, list []iovec) (uint64, cloudabi.Errno) {
	if h, ok := o.(*hostStream); ok && h.messages != nil {
		return t.writeMessage(f, h, list)
	}
	buf, large := t.buffer(length(list, bufferSize))
	defer giveBack(large)
	c := cursor{list: list}
	var total uint64
	for {
		n, fault := t.gather(&c, buf)
		if n == 0 {
			return total, fault
		}
		done, errno := t.writeChunk(f, o, buf[:n])
		total += uint64(done)
		switch {
		case errno != 0:
			return total, errno
		case fault != 0 || done < n:
			return total, fault
		}
	}
}

// writeChunk writes one buffer to a stream.
func (t *Thread) writeChunk(f *openFile, o byteStream, p []byte) (int, cloudabi.Errno) {
	granted := len(p)
	if _, host := o.(*hostStream); host {
		if granted = t.machine.reserveOutput(len(p)); granted == 0 {
			return 0, cloudabi.EFBIG
		}
	}
	total := 0
	waits := !f.has(cloudabi.FdflagNonblock) || t.settles(o, Output)
	why := waitHost
	if !outside(o) {
		why = waitEvent
	}
	var errno cloudabi.Errno
	alive := t.await(o.waiters(), why, func() bool {
		for total < granted {
			var n int
			n, errno = o.write(p[total:granted])
			total += n
			if errno != 0 {
				return errno != cloudabi.EAGAIN || !waits
			}
		}
		if waits {
			errno = o.flushed()
		}
		return errno != cloudabi.EAGAIN
	})
	t.machine.returnOutput(granted - total)
	switch {
	case !alive:
		return total, cloudabi.EINTR
	case errno != 0 && errno != cloudabi.EAGAIN:
		return 0, errno // what had been accepted did not arrive
	case total == 0:
		return 0, errno
	}
	return total, cloudabi.ESUCCESS
}

// writeMessage sends the list as one message, which may be empty, or nothing.
func (t *Thread) writeMessage(f *openFile, h *hostStream, list []iovec) (uint64, cloudabi.Errno) {
	size := length(list, maxDatagram+1)
	if size > maxDatagram {
		return 0, cloudabi.EMSGSIZE
	}
	buf, large := t.buffer(size)
	defer giveBack(large)
	c := cursor{list: list}
	n, fault := t.gather(&c, buf)
	if fault != 0 {
		return 0, fault
	}
	granted := t.machine.reserveOutput(n)
	if granted < n {
		t.machine.returnOutput(granted)
		return 0, cloudabi.EFBIG
	}
	waits := !f.has(cloudabi.FdflagNonblock) || t.settles(h, Output)
	sent := false
	var errno cloudabi.Errno
	alive := t.await(&h.queue, waitHost, func() bool {
		if !sent {
			if _, errno = h.write(buf[:n]); errno != 0 {
				return errno != cloudabi.EAGAIN || !waits
			}
			sent = true
		}
		if waits {
			errno = h.flushed()
		}
		return errno != cloudabi.EAGAIN
	})
	if !sent {
		t.machine.returnOutput(n)
	}
	switch {
	case !alive:
		return 0, cloudabi.EINTR
	case errno != 0:
		return 0, errno
	}
	return uint64(n), cloudabi.ESUCCESS
}

// writeNow is fd_write for the usual case of a program that prints: few bytes in
// one piece, and a stream of the host that takes them at once. It does in one
// go what fdWrite does in steps. With false nothing has happened.
func (t *Thread) writeNow(a *args) bool {
	var v cloudabi.Iovec
	var b [cloudabi.IovecSize]byte
	if a.v[2] != 1 || t.machine.deterministic() || t.load(b[:], a.v[1]) != 0 {
		return false
	}
	v.Get(b[:])
	if v.BufLen == 0 || v.BufLen > min(uint64(len(t.short)), PromptMax) {
		return false
	}
	p := t.short[:v.BufLen]
	if t.load(p, v.Buf) != 0 {
		return false
	}
	ft := t.proc.fds
	ft.mu.RLock() // keeps the open file
	done := false
	if d, errno := ft.peek(a.fd(0)); errno == 0 && d.base&a.row.rights[0] == a.row.rights[0] && d.file.writable {
		if h, is := d.file.object.(*hostStream); is && h.prompt != nil {
			granted := t.machine.reserveOutput(len(p))
			if done = granted == len(p) && h.prompt.WriteNow(p); done {
				t.plan(ft, a.fd(0), h)
			} else {
				t.machine.returnOutput(granted)
			}
		}
	}
	ft.mu.RUnlock()
	if done && !t.planner && t.cpu.Write != nil {
		t.admit(ft)
	}
	a.out[0] = v.BufLen
	return done
}
