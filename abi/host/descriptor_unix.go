//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package host

import (
	"errors"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// descriptor is a number of our own for something open on the host on which no
// transfer waits: it is non-blocking, or a regular file. So transfers are the
// host's own call, made on the goroutine of the guest thread that asks, data
// stays with the host until a guest asks for it, and a guest that does not read
// makes the other side wait.
type descriptor struct {
	fd       int
	always   bool // ready at all times: a regular file
	prompt   bool // takes few bytes at once and as a whole, or not: a pipe, the null device
	socket   bool // a socket that others may have made blocking; they cannot make a pipe of reopen's so
	messages bool // keeps the boundaries of messages
	listens  bool
	notify   func()

	in, out half
	watched directions // guarded by poller.mu
}

// half is one direction of a descriptor.
type half struct {
	mu     sync.Mutex // held during transfers, which do not wait
	which  directions
	armed  bool // the poller tells of changes
	idle   bool // not ready, until the poller tells of a change
	ended  bool // shut down
	closed bool
	err    cloudabi.Errno // found by pending and not reported yet
}

func newDescriptor(fd int) *descriptor {
	d := &descriptor{fd: fd, notify: func() {}}
	d.in.which, d.out.which = input, output
	return d
}

// duplicate makes a descriptor of what c has open.
func duplicate(c syscall.Conn) (*descriptor, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	var d *descriptor
	var derr error
	err = raw.Control(func(fd uintptr) {
		var n int
		if n, derr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 3); derr == nil {
			d = newDescriptor(n)
		}
	})
	return d, errors.Join(err, derr)
}

// openDescriptor makes a descriptor of a file, which it does not change in any
// way that others who have it open could see: nil if there is no way to be sure
// that transfers do not wait.
func openDescriptor(f *os.File) *descriptor {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil
	}
	var d *descriptor
	_ = raw.Control(func(fd uintptr) {
		var st unix.Stat_t
		flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0)
		if err != nil || unix.Fstat(int(fd), &st) != nil {
			return
		}
		always := st.Mode&unix.S_IFMT == unix.S_IFREG || neverWaits(&st)
		socket := st.Mode&unix.S_IFMT == unix.S_IFSOCK
		n := -1
		if !always && !socket {
			n, err = reopen(int(fd), flags, &st)
		}
		ours := n >= 0
		if n < 0 && (always || socket || flags&unix.O_NONBLOCK != 0) {
			n, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 3)
		}
		if err == nil {
			d = newDescriptor(n)
			d.always, d.socket = always, socket
			d.prompt = (ours || !writesRaw) && st.Mode&unix.S_IFMT == unix.S_IFIFO || neverWaits(&st)
		}
	})
	return d
}

// changed is called by the poller.
func (d *descriptor) changed(which directions) {
	for _, h := range [...]*half{&d.in, &d.out} {
		if h.which&which != 0 {
			h.mu.Lock()
			h.idle = false
			h.mu.Unlock()
		}
	}
	d.notify()
}

// exhausted notes that a direction is not ready, and has the poller tell when
// that may have changed. What has changed since it was looked at is told too:
// the poller waits for h.mu, and looks when it begins. The caller holds h.mu.
func (d *descriptor) exhausted(h *half) cloudabi.Errno {
	if !h.armed {
		if err := readiness.watch(d, h.which); err != nil {
			return errno(err)
		}
		h.armed = true
	}
	h.idle = true
	return cloudabi.EAGAIN
}

// begin looks whether a transfer can be tried. The caller holds h.mu.
func (h *half) begin() cloudabi.Errno {
	if h.closed {
		return cloudabi.EBADF
	}
	e := h.err
	h.err = 0
	return e
}

// failed is what a transfer that failed means to the guest. The caller holds
// h.mu.
func (d *descriptor) failed(h *half, err error) cloudabi.Errno {
	if errors.Is(err, unix.EAGAIN) {
		return d.exhausted(h)
	}
	return errno(err)
}

// read reads from a stream.
func (d *descriptor) read(p []byte) (int, cloudabi.Errno) {
	h := &d.in
	h.mu.Lock()
	defer h.mu.Unlock()
	if e := h.begin(); e != 0 || h.ended || len(p) == 0 {
		return 0, e
	}
	for {
		n, err := d.readOnce(p)
		switch err {
		case nil:
			h.idle = false
			return n, cloudabi.ESUCCESS
		case unix.EINTR:
		default:
			return 0, d.failed(h, err)
		}
	}
}

// write writes to a stream.
func (d *descriptor) write(p []byte) (int, cloudabi.Errno) {
	h := &d.out
	h.mu.Lock()
	defer h.mu.Unlock()
	switch e := h.begin(); {
	case e != 0:
		return 0, e
	case h.ended:
		return 0, cloudabi.EPIPE
	case len(p) == 0:
		return 0, cloudabi.ESUCCESS
	}
	for {
		n, err := d.writeOnce(p)
		switch err {
		case nil:
			h.idle = false
			return n, cloudabi.ESUCCESS
		case unix.EINTR:
		default:
			return 0, d.failed(h, err)
		}
	}
}

// writeNow implements [abi.Prompt].
func (d *descriptor) writeNow(p []byte) (done bool) {
	h := &d.out
	if !d.prompt || !h.mu.TryLock() {
		return false
	}
	if !h.closed && !h.ended && h.err == 0 {
		if done = writePromptly(d.fd, p); done {
			h.idle = false
		}
	}
	h.mu.Unlock()
	return done
}

func (d *descriptor) readOnce(p []byte) (int, error) {
	if d.socket {
		n, _, _, _, err := unix.Recvmsg(d.fd, p, nil, unix.MSG_DONTWAIT)
		return n, err
	}
	return unix.Read(d.fd, p)
}

func (d *descriptor) writeOnce(p []byte) (int, error) {
	if d.socket {
		return unix.SendmsgN(d.fd, p, nil, nil, unix.MSG_DONTWAIT)
	}
	return unix.Write(d.fd, p)
}

// receive reads one message.
func (d *descriptor) receive(p []byte) (n int, truncated bool, e cloudabi.Errno) {
	h := &d.in
	h.mu.Lock()
	defer h.mu.Unlock()
	if e := h.begin(); e != 0 || h.ended {
		return 0, false, e
	}
	for {
		n, _, flags, _, err := unix.Recvmsg(d.fd, p, nil, 0)
		switch err {
		case nil:
			h.idle = false
			return n, flags&unix.MSG_TRUNC != 0, cloudabi.ESUCCESS
		case unix.EINTR:
		default:
			return 0, false, d.failed(h, err)
		}
	}
}

// send writes one message.
func (d *descriptor) send(p []byte) (int, cloudabi.Errno) {
	h := &d.out
	h.mu.Lock()
	defer h.mu.Unlock()
	switch e := h.begin(); {
	case e != 0:
		return 0, e
	case h.ended:
		return 0, cloudabi.EPIPE
	}
	for {
		n, err := unix.SendmsgN(d.fd, p, nil, nil, 0)
		switch err {
		case nil:
			h.idle = false
			return n, cloudabi.ESUCCESS
		case unix.EINTR:
		default:
			return 0, d.failed(h, err)
		}
	}
}

// ready asks the host, unless it has said before that there is nothing and has
// not reported a change since.
func (d *descriptor) ready(h *half) abi.Readiness {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return abi.Readiness{Ready: true, Err: cloudabi.EBADF}
	case h.ended:
		return abi.Readiness{Ready: true, Hangup: true}
	case h.err != 0:
		return abi.Readiness{Ready: true}
	case h.idle:
		return abi.Readiness{}
	}
	ask := [1]unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLOUT}}
	if h.which == input {
		ask[0].Events = unix.POLLIN | pollEnded
	}
	n, err := unix.Poll(ask[:], 0)
	for errors.Is(err, unix.EINTR) {
		n, err = unix.Poll(ask[:], 0)
	}
	if err == nil && n == 0 {
		if err := d.exhausted(h); err != cloudabi.EAGAIN {
			return abi.Readiness{Ready: true, Err: err}
		}
		return abi.Readiness{}
	}
	r := abi.Readiness{Ready: true, Hangup: ask[0].Revents&(unix.POLLHUP|pollEnded) != 0}
	switch {
	case h.which == output:
		r.Hangup = ask[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0
		r.Bytes = maxWrite
	case d.listens:
		r.Bytes = 1
	default:
		if n, err := unix.IoctlGetInt(d.fd, howMuch); err == nil {
			r.Bytes = uint64(max(n, 0))
			if n == 0 && !d.messages {
				r.Hangup = true // readable, and nothing to read: the end
			}
		}
	}
	return r
}

// pending is the error of a socket that has not been reported yet.
func (d *descriptor) pending(clear bool) cloudabi.Errno {
	h := &d.in
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return cloudabi.ESUCCESS
	}
	if e, err := unix.GetsockoptInt(d.fd, unix.SOL_SOCKET, unix.SO_ERROR); err == nil && e != 0 {
		h.err = errno(syscall.Errno(e))
	}
	e := h.err
	if clear {
		h.err = 0
	}
	return e
}

// shutdown ends transfers in the given directions.
func (d *descriptor) shutdown(in, out bool) cloudabi.Errno {
	how := -1
	switch {
	case in && out:
		how = unix.SHUT_RDWR
	case in:
		how = unix.SHUT_RD
	case out:
		how = unix.SHUT_WR
	}
	d.lock()
	defer d.unlock()
	if d.in.closed {
		return cloudabi.EBADF
	}
	d.in.ended = d.in.ended || in
	d.out.ended = d.out.ended || out
	// What is no socket has no directions that the other side could know of.
	if err := unix.Shutdown(d.fd, how); err != nil && !errors.Is(err, unix.ENOTSOCK) {
		return errno(err)
	}
	return cloudabi.ESUCCESS
}

func (d *descriptor) lock() {
	d.in.mu.Lock()
	d.out.mu.Lock()
}

func (d *descriptor) unlock() {
	d.out.mu.Unlock()
	d.in.mu.Unlock()
}

func (d *descriptor) close() {
	d.lock()
	defer d.unlock()
	if d.in.closed {
		return
	}
	d.in.closed, d.out.closed = true, true
	readiness.forget(d)
	_ = unix.Close(d.fd)
}
