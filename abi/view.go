package abi

import (
	"errors"
	"sync"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// load copies guest memory to p.
func (t *Thread) load(p []byte, addr uint64) cloudabi.Errno {
	if t.space().ReadAt(p, addr) != nil {
		return cloudabi.EFAULT
	}
	return cloudabi.ESUCCESS
}

// store copies p to guest memory.
func (t *Thread) store(p []byte, addr uint64) cloudabi.Errno {
	if t.space().WriteAt(p, addr) != nil {
		return cloudabi.EFAULT
	}
	return cloudabi.ESUCCESS
}

func (t *Thread) load64(addr uint64) (uint64, cloudabi.Errno) {
	var b [8]byte
	errno := t.load(b[:], addr)
	return le.Uint64(b[:]), errno
}

// accessible returns how many of the n bytes at addr can be accessed, from the
// start. Another thread may change that at any time.
func (t *Thread) accessible(addr, n uint64, prot memory.Prot) uint64 {
	if n == 0 {
		return 0
	}
	return t.space().Accessible(addr, n, prot)
}

// bufferSize is how much data moves between the guest and an object in one
// piece. Data always passes through a buffer of the kernel's, so that neither
// file systems nor the host ever touch memory that a guest thread may change
// or unmap meanwhile.
const bufferSize = 128 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// errnoOf is the error number in an error of vfs or memory.
func errnoOf(err error) cloudabi.Errno {
	if err == nil {
		return cloudabi.ESUCCESS
	}
	var errno cloudabi.Errno
	var fault *memory.Fault
	switch {
	case errors.As(err, &errno):
		return errno
	case errors.Is(err, memory.ErrNoMemory), errors.Is(err, memory.ErrNotMapped):
		return cloudabi.ENOMEM
	case errors.Is(err, memory.ErrInvalid):
		return cloudabi.EINVAL
	case errors.Is(err, memory.ErrAccess):
		return cloudabi.EACCES
	case errors.As(err, &fault):
		return cloudabi.EFAULT
	}
	return cloudabi.EIO
}

// iovec is an element of a scatter or gather list.
type iovec struct{ addr, n uint64 }

// maxIovecs is the longest list (abi/semantics.md section 4).
const maxIovecs = 1024

// loadIovecs copies in a scatter or gather list; ciovec has the same layout.
// The result is valid until the thread's next call.
func (t *Thread) loadIovecs(addr, n uint64) ([]iovec, cloudabi.Errno) {
	if n > maxIovecs {
		return nil, cloudabi.EINVAL
	}
	list := t.iovecs[:0]
	var chunk [16 * cloudabi.IovecSize]byte
	var sum uint64
	for n > 0 {
		k := min(n, 16)
		b := chunk[:k*cloudabi.IovecSize]
		if errno := t.load(b, addr); errno != 0 {
			return nil, errno
		}
		for i := uint64(0); i < k; i++ {
			var v cloudabi.Iovec
			v.Get(b[i*cloudabi.IovecSize:])
			if v.BufLen >= 1<<63 || sum+v.BufLen >= 1<<63 {
				return nil, cloudabi.EINVAL
			}
			sum += v.BufLen
			list = append(list, iovec{v.Buf, v.BufLen})
		}
		addr, n = addr+k*cloudabi.IovecSize, n-k
	}
	t.iovecs = list
	return list, cloudabi.ESUCCESS
}

// loadString copies in the n bytes at addr, at most limit of them.
func (t *Thread) loadString(addr, n, limit uint64) (string, cloudabi.Errno) {
	if n == 0 {
		return "", cloudabi.ESUCCESS
	}
	b := make([]byte, min(n, limit))
	errno := t.load(b, addr)
	return string(b), errno
}
