package abi

import (
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// Sizes of what can be under way, in bytes. All of it is charged to the
// machine's memory besides.
const (
	inboxSize   = 128 << 10 // sent and not received
	maxDatagram = 64 << 10  // a longer one is EMSGSIZE
	messageCost = 128       // of a message beyond its data
	passedCost  = 64        // of a descriptor in a message
	maxPassed   = 512       // descriptors in a message; more is EINVAL
	chunkSize   = 1 << 10   // of stream data in which short writes are collected
	atomicWrite = 4 << 10   // through a fifo in one piece or not at all
)

// inbox is what was sent to a socket or through a fifo and has not been
// received. It is guarded by network.mu.
type inbox struct {
	quota    *memory.Quota
	messages []*message
	bytes    int // data in all messages
	used     int // data and messageCost of each
}

// message is a datagram, or a piece of a stream. Descriptors belong to a
// stream's first byte of the piece.
type message struct {
	data []byte
	fds  []descriptor
	eor  bool
	cost uint64 // charged
}

// room is how many bytes of data one more message may have.
func (b *inbox) room() int { return max(inboxSize-b.used-messageCost, 0) }

func (b *inbox) empty() bool { return len(b.messages) == 0 }

// add puts in a message, whose data it copies and whose descriptors it takes.
// size is for how much data there should be room.
func (b *inbox) add(data []byte, size int, fds []descriptor, eor bool) cloudabi.Errno {
	cost := messageCost + uint64(size) + passedCost*uint64(len(fds))
	if b.quota.Charge(cost) != nil {
		return cloudabi.ENOBUFS
	}
	m := &message{data: append(make([]byte, 0, size), data...), fds: fds, eor: eor, cost: cost}
	b.messages = append(b.messages, m)
	b.bytes += len(data)
	b.used += len(data) + messageCost
	return cloudabi.ESUCCESS
}

// put appends stream data, as much as there is room for: EAGAIN if there is
// none. The descriptors travel with the first byte.
func (b *inbox) put(data []byte, fds []descriptor) (int, cloudabi.Errno) {
	total := 0
	if n := len(b.messages); n > 0 && len(fds) == 0 {
		m := b.messages[n-1]
		k := min(len(data), cap(m.data)-len(m.data), max(inboxSize-b.used, 0))
		m.data = append(m.data, data[:k]...)
		b.bytes += k
		b.used += k
		total, data = k, data[k:]
	}
	n := min(len(data), b.room())
	if n == 0 {
		if total == 0 {
			return 0, cloudabi.EAGAIN
		}
		return total, cloudabi.ESUCCESS
	}
	if errno := b.add(data[:n], max(n, chunkSize), fds, false); errno != 0 {
		if total == 0 {
			return 0, errno
		}
		return total, cloudabi.ESUCCESS
	}
	return total + n, cloudabi.ESUCCESS
}

// drop takes out the first message, whose descriptors are not in it any more.
func (b *inbox) drop() {
	m := b.messages[0]
	b.bytes -= len(m.data)
	b.used -= len(m.data) + messageCost
	b.quota.Release(m.cost)
	b.messages[0] = nil
	if b.messages = b.messages[1:]; len(b.messages) == 0 {
		b.messages = nil
	}
}

// consume takes n bytes off the first message, which goes when it is empty.
func (b *inbox) consume(n int) {
	m := b.messages[0]
	m.data = m.data[n:]
	b.bytes -= n
	b.used -= n
	if len(m.data) == 0 {
		b.drop()
	}
}

// get takes stream data out, or only looks at it. It stops before bytes that
// other descriptors come with; more says that some bytes of the same transfer
// were received before. boundary says that it is such bytes that come next.
func (b *inbox) get(p []byte, peek, more bool) (n int, fds []descriptor, boundary bool) {
	for i := 0; i < len(b.messages); {
		m := b.messages[i]
		if len(m.fds) > 0 {
			if more || n > 0 || fds != nil {
				return n, fds, true
			}
			fds = m.fds
			if !peek {
				m.fds = nil
			}
		}
		k := copy(p[n:], m.data)
		n += k
		if peek {
			i++
		} else {
			b.consume(k)
		}
		if n == len(p) {
			break
		}
	}
	return n, fds, false
}

// discard empties the inbox and returns the descriptors that were in it.
func (b *inbox) discard() (fds []descriptor) {
	for !b.empty() {
		fds = append(fds, b.messages[0].fds...)
		b.drop()
	}
	return fds
}
