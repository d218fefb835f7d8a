package abi

import (
	"sync/atomic"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
	"github.com/nuage-emu/nuage/vfs"
)

// Object is what an open file refers to: a directory, a regular file, shared
// memory, a stream or listener of the host. Make one with [NewDirectory],
// [NewFile], [NewSharedMemory], [NewStream] or [NewListener]; it belongs to
// the process it is given to, which closes it with the last descriptor.
//
// What an object can do beyond this is in the small interfaces below; a call
// for which it has none answers as its kind does on existing systems.
type Object interface {
	filetype() cloudabi.Filetype
	// rights are the largest a descriptor of the object may have.
	rights() cloudabi.RightsPair
	stat() (cloudabi.Filestat, error)
	close()
}

// byteStream is an object without offsets. Nothing in it waits: EAGAIN says
// that the queue will be woken when trying again makes sense.
type byteStream interface {
	pollable
	read(p []byte) (int, cloudabi.Errno)
	write(p []byte) (int, cloudabi.Errno)
	// flushed is EAGAIN while something written is still on its way.
	flushed() cloudabi.Errno
}

// stored is an object with times and stable storage.
type stored interface {
	SetTimes(vfs.Times) error
	Sync(dataOnly bool) error
}

// resizable is an object whose size can be set.
type resizable interface{ Truncate(size int64) error }

// mappable is an object that can be mapped.
type mappable interface {
	Object() (*memory.Object, error)
}

// directory is a directory of a file system.
type directory struct{ vfs.Dir }

// NewDirectory makes a directory the guest can be given.
func NewDirectory(d vfs.Dir) Object { return &directory{d} }

func (d *directory) filetype() cloudabi.Filetype { return cloudabi.FiletypeDirectory }
func (d *directory) rights() cloudabi.RightsPair {
	return cloudabi.LargestRights2015(cloudabi.FiletypeDirectory)
}
func (d *directory) stat() (cloudabi.Filestat, error) { return d.Stat() }
func (d *directory) close()                           { _ = d.Close() }

// regular is a file with an offset.
type regular struct {
	vfs.File
	kind cloudabi.Filetype
}

// NewFile makes a file the guest can be given.
func NewFile(f vfs.File) Object { return newRegular(f, cloudabi.FiletypeRegularFile) }

// newRegular wraps what a file system says is of the given kind: a device of
// the host that was opened by name is read and written like a file.
func newRegular(f vfs.File, kind cloudabi.Filetype) *regular {
	return &regular{f, kind}
}

func (f *regular) filetype() cloudabi.Filetype      { return f.kind }
func (f *regular) rights() cloudabi.RightsPair      { return cloudabi.LargestRights(f.kind) }
func (f *regular) stat() (cloudabi.Filestat, error) { return f.Stat() }
func (f *regular) close()                           { _ = f.Close() }

// sharedMemory is an anonymous memory object.
type sharedMemory struct {
	memory *memory.Object
	ino    atomic.Uint64 // given with the first open file; a machine counts them
}

// NewSharedMemory makes shared memory the guest can be given.
func NewSharedMemory(o *memory.Object) Object { return &sharedMemory{memory: o} }

func (s *sharedMemory) filetype() cloudabi.Filetype { return cloudabi.FiletypeSharedMemory }
func (s *sharedMemory) rights() cloudabi.RightsPair {
	return cloudabi.LargestRights(cloudabi.FiletypeSharedMemory)
}
func (s *sharedMemory) stat() (cloudabi.Filestat, error) {
	return cloudabi.Filestat{
		Filetype: cloudabi.FiletypeSharedMemory,
		Ino:      cloudabi.Inode(s.ino.Load()),
		Size:     cloudabi.Filesize(s.memory.Size()),
	}, nil
}
func (s *sharedMemory) close()                          { _ = s.memory.Close() }
func (s *sharedMemory) Object() (*memory.Object, error) { return s.memory, nil }
func (s *sharedMemory) Truncate(size int64) error       { return s.memory.Truncate(size) }

// hostStream is a stream of the host.
type hostStream struct {
	Stream
	messages MessageStream // the same; nil if it keeps no boundaries
	prompt   Prompt        // the same; nil if it has no short way
	queue    waitQueue
	peeked   peekBuffer
}

// NewStream makes a stream the guest can be given.
func NewStream(s Stream) Object {
	h := &hostStream{Stream: s}
	if h.messages, _ = s.(MessageStream); h.messages == nil {
		h.prompt, _ = s.(Prompt)
	}
	s.Notify(h.queue.wake)
	return h
}

func (h *hostStream) filetype() cloudabi.Filetype { return h.Filetype() }

// rights leaves out reading where there is nothing to read, and writing
// likewise (abi/rights.md section 2, notes).
func (h *hostStream) rights() cloudabi.RightsPair {
	r := cloudabi.LargestRights(h.Filetype())
	if isSocket(h) {
		r = cloudabi.LargestRights2015(h.Filetype())
	}
	if h.Terminal() {
		r = cloudabi.LargestRightsTerminal
	}
	input, output := h.Directions()
	if !input {
		r.Base &^= cloudabi.RightFdRead
	}
	if !output {
		r.Base &^= cloudabi.RightFdWrite
	}
	return r
}

func (h *hostStream) stat() (cloudabi.Filestat, error) {
	return cloudabi.Filestat{Filetype: h.Filetype()}, nil
}
func (h *hostStream) close() { h.Close() }
func (h *hostStream) read(p []byte) (int, cloudabi.Errno) {
	n, _, errno := h.receive(p, false)
	return n, errno
}
func (h *hostStream) write(p []byte) (int, cloudabi.Errno) { return h.Write(p) }
func (h *hostStream) flushed() cloudabi.Errno              { return h.Flushed() }
func (h *hostStream) ready(d Direction) Readiness {
	if d == Input {
		if r := h.peeked.ready(); r.Ready {
			return r
		}
	}
	return h.Ready(d)
}
func (h *hostStream) waiters() *waitQueue { return &h.queue }

// listener is a listening socket of the host.
type listener struct {
	Listener
	queue waitQueue
}

// NewListener makes a listening socket the guest can be given.
func NewListener(l Listener) Object {
	o := &listener{Listener: l}
	l.Notify(o.queue.wake)
	return o
}

func (l *listener) filetype() cloudabi.Filetype {
	if k, ok := l.Listener.(interface{ Filetype() cloudabi.Filetype }); ok {
		return k.Filetype()
	}
	return cloudabi.FiletypeSocketStream
}
func (l *listener) rights() cloudabi.RightsPair {
	return cloudabi.LargestRights2015(l.filetype())
}
func (l *listener) stat() (cloudabi.Filestat, error) {
	return cloudabi.Filestat{Filetype: l.filetype()}, nil
}
func (l *listener) close()                             { l.Close() }
func (l *listener) read([]byte) (int, cloudabi.Errno)  { return 0, cloudabi.ENOTCONN }
func (l *listener) write([]byte) (int, cloudabi.Errno) { return 0, cloudabi.ENOTCONN }
func (l *listener) flushed() cloudabi.Errno            { return cloudabi.ESUCCESS }
func (l *listener) waiters() *waitQueue                { return &l.queue }
func (l *listener) ready(d Direction) Readiness {
	if d == Output {
		return Readiness{Ready: true, Err: cloudabi.ENOTCONN}
	}
	return l.Pending()
}

var (
	_ stored     = (*directory)(nil)
	_ stored     = (*regular)(nil)
	_ resizable  = (*regular)(nil)
	_ resizable  = (*sharedMemory)(nil)
	_ mappable   = (*regular)(nil)
	_ mappable   = (*sharedMemory)(nil)
	_ byteStream = (*hostStream)(nil)
	_ byteStream = (*listener)(nil)
	_ byteStream = (*pipeEnd)(nil)
	_ pollable   = (*socket)(nil)
)
