package abi

import (
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/vfs"
)

// pipe is a fifo: what is between those who write to it and those who read from
// it. One with a name exists while it is open; guests of the machine that have
// the same object open meet there. Processes of the host that open the same
// named pipe of the host meet among themselves.
//
// Everything is guarded by network.mu.
type pipe struct {
	in               inbox
	queue            waitQueue
	readers, writers int
	// How many there have been, so that an opener that waits for the other
	// side notices one that has gone again.
	allReaders, allWriters uint64
	identity               any // nil without a name
}

// pipeEnd is an object that a fifo was opened as.
type pipeEnd struct {
	machine       *Machine
	pipe          *pipe
	reads, writes bool
	name          vfs.Special // nil without a name
}

// createFifo is fd_create2 for fifos: the end to read from, and the other.
func (t *Thread) createFifo(a *args) cloudabi.Errno {
	p := &pipe{in: inbox{quota: t.machine.quota}, readers: 1, writers: 1}
	return t.installPair(a, &pipeEnd{machine: t.machine, pipe: p, reads: true}, &pipeEnd{machine: t.machine, pipe: p, writes: true})
}

// openFifo opens a fifo by name: for reading it waits for somebody who writes,
// for writing for somebody who reads, unless nonblock is set; then it is ENXIO
// to open for writing only what nobody reads. It takes over the name.
func (t *Thread) openFifo(name vfs.Special, read, write, nonblock bool) (Object, cloudabi.Errno) {
	if name.Filetype() != cloudabi.FiletypeFifo {
		_ = name.Close()
		return nil, cloudabi.ENOTSUP // a socket
	}
	e := &pipeEnd{machine: t.machine, reads: read, writes: write, name: name}
	readers, writers, errno := e.open(nonblock)
	if errno != 0 {
		_ = name.Close()
		return nil, errno
	}
	if nonblock || read && write {
		return e, cloudabi.ESUCCESS
	}
	net, p := &t.machine.net, e.pipe
	alive := t.await(&p.queue, waitEvent, func() bool {
		net.mu.Lock()
		defer net.mu.Unlock()
		if read {
			return p.writers > 0 || p.allWriters != writers
		}
		return p.readers > 0 || p.allReaders != readers
	})
	if !alive {
		e.close()
		return nil, cloudabi.EINTR
	}
	return e, cloudabi.ESUCCESS
}

// open makes e one of those who have the fifo open, and returns how many there
// have been before.
func (e *pipeEnd) open(nonblock bool) (readers, writers uint64, errno cloudabi.Errno) {
	net := &e.machine.net
	id := e.name.Identity()
	net.mu.Lock()
	defer net.mu.Unlock()
	p := net.fifos[id]
	switch {
	case !e.reads && nonblock && (p == nil || p.readers == 0):
		return 0, 0, cloudabi.ENXIO
	case p == nil:
		p = &pipe{in: inbox{quota: e.machine.quota}, identity: id}
		if net.fifos == nil {
			net.fifos = make(map[any]*pipe)
		}
		net.fifos[id] = p
	}
	e.pipe = p
	readers, writers = p.allReaders, p.allWriters
	if e.reads {
		p.readers++
		p.allReaders++
	}
	if e.writes {
		p.writers++
		p.allWriters++
	}
	p.queue.wake()
	return readers, writers, cloudabi.ESUCCESS
}

func (e *pipeEnd) close() {
	net, p := &e.machine.net, e.pipe
	net.mu.Lock()
	if e.reads {
		p.readers--
	}
	if e.writes {
		p.writers--
	}
	if p.readers+p.writers == 0 {
		p.in.discard()
		if p.identity != nil {
			delete(net.fifos, p.identity)
		}
	}
	p.queue.wake()
	net.mu.Unlock()
	if e.name != nil {
		_ = e.name.Close()
	}
}

func (e *pipeEnd) filetype() cloudabi.Filetype { return cloudabi.FiletypeFifo }

func (e *pipeEnd) rights() cloudabi.RightsPair {
	switch {
	case e.name != nil:
		return cloudabi.LargestRights2015(cloudabi.FiletypeFifo)
	case e.reads:
		return cloudabi.LargestRightsFifoReadEnd2015
	}
	return cloudabi.LargestRightsFifoWriteEnd2015
}

func (e *pipeEnd) stat() (cloudabi.Filestat, error) {
	if e.name != nil {
		return e.name.Stat()
	}
	return cloudabi.Filestat{Filetype: cloudabi.FiletypeFifo}, nil
}

// SetTimes and Sync are for a fifo with a name.
func (e *pipeEnd) SetTimes(times vfs.Times) error {
	if e.name == nil {
		return cloudabi.EINVAL
	}
	return e.name.SetTimes(times)
}

func (e *pipeEnd) Sync(bool) error { return cloudabi.EINVAL }

func (e *pipeEnd) read(p []byte) (int, cloudabi.Errno) {
	net := &e.machine.net
	net.mu.Lock()
	defer net.mu.Unlock()
	if e.pipe.in.empty() {
		if e.pipe.writers == 0 {
			return 0, cloudabi.ESUCCESS
		}
		return 0, cloudabi.EAGAIN
	}
	n, _, _ := e.pipe.in.get(p, false, false)
	e.pipe.queue.wakeFor(Output)
	return n, cloudabi.ESUCCESS
}

// write puts in what there is room for; up to atomicWrite bytes all or nothing.
func (e *pipeEnd) write(p []byte) (int, cloudabi.Errno) {
	net := &e.machine.net
	net.mu.Lock()
	defer net.mu.Unlock()
	switch {
	case e.pipe.readers == 0:
		return 0, cloudabi.EPIPE
	case len(p) <= atomicWrite && len(p) > e.pipe.in.room():
		return 0, cloudabi.EAGAIN
	}
	n, errno := e.pipe.in.put(p, nil)
	if n > 0 {
		e.pipe.queue.wakeFor(Input)
	}
	return n, errno
}

func (e *pipeEnd) flushed() cloudabi.Errno { return cloudabi.ESUCCESS }
func (e *pipeEnd) waiters() *waitQueue     { return &e.pipe.queue }

func (e *pipeEnd) ready(d Direction) Readiness {
	net, p := &e.machine.net, e.pipe
	net.mu.Lock()
	defer net.mu.Unlock()
	if d == Input {
		return Readiness{
			Ready:  !p.in.empty() || p.writers == 0,
			Bytes:  uint64(p.in.bytes),
			Hangup: p.writers == 0,
		}
	}
	room := p.in.room()
	return Readiness{Ready: p.readers == 0 || room >= atomicWrite, Bytes: uint64(room), Hangup: p.readers == 0}
}
