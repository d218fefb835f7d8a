package abi

import (
	"sync"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// MessageStream is a [Stream] that keeps the boundaries of messages: its Read
// takes one message and its Write sends one.
type MessageStream interface {
	// ReadMessage is Read that tells besides whether the message was longer
	// than p.
	ReadMessage(p []byte) (n int, truncated bool, errno cloudabi.Errno)
}

// Failing is a [Stream] with an error that has happened and has not been
// reported yet.
type Failing interface {
	// Pending returns that error, and forgets it if clear is set.
	Pending(clear bool) cloudabi.Errno
}

func (h *hostStream) pendingError(clear bool) cloudabi.Errno {
	if f, ok := h.Stream.(Failing); ok {
		return f.Pending(clear)
	}
	return cloudabi.ESUCCESS
}

// peekBuffer holds what was read from a stream of the host to be looked at.
type peekBuffer struct {
	mu   sync.Mutex
	full bool // also of an empty message
	data []byte
}

func (b *peekBuffer) ready() Readiness {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Readiness{Ready: b.full, Bytes: uint64(len(b.data))}
}

// receive reads from the host, or only looks at what there is to read.
func (h *hostStream) receive(p []byte, peek bool) (n int, truncated bool, errno cloudabi.Errno) {
	b := &h.peeked
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !b.full && !peek && h.messages != nil:
		return h.messages.ReadMessage(p)
	case !b.full && !peek:
		n, errno = h.Read(p)
		return n, false, errno
	case h.messages != nil:
		return b.message(p, peek, h.messages)
	}
	if peek && len(b.data) < len(p) {
		more := make([]byte, len(p)-len(b.data))
		n, errno := h.Read(more)
		if errno != 0 && !b.full {
			return 0, false, errno
		}
		b.data = append(b.data, more[:n]...)
		b.full = len(b.data) > 0
	}
	n = copy(p, b.data)
	if !peek {
		b.data = b.data[n:]
		if b.full = len(b.data) > 0; !b.full {
			b.data = nil
		}
	}
	return n, false, cloudabi.ESUCCESS
}

// message serves receive where there are messages and one was or is to be looked
// at.
func (b *peekBuffer) message(p []byte, peek bool, s MessageStream) (n int, truncated bool, errno cloudabi.Errno) {
	if !b.full {
		whole := make([]byte, maxDatagram)
		n, _, errno := s.ReadMessage(whole)
		if errno != 0 {
			return 0, false, errno
		}
		b.data, b.full = whole[:n], true
	}
	n = copy(p, b.data)
	truncated = n < len(b.data)
	if !peek {
		b.data, b.full = nil, false
	}
	return n, truncated, cloudabi.ESUCCESS
}
