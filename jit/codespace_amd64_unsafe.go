//go:build amd64 && (linux || windows || freebsd || darwin)

package jit

import (
	"errors"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Code memory is one object in memory for the whole process, mapped twice: once
// to be written and once to be executed, so that no page is ever both and
// writing costs no system call. Engines take it in chunks; a chunk given back
// returns its memory to the host. That it is one range lets the trap handler
// tell generated code by its address.
const (
	codeBytes  = 1 << 30 // address space, not memory
	chunkBytes = 128 << 10
)

type codeMemory struct {
	codeObject
	exec    uintptr
	write   []byte
	mu      sync.Mutex
	free    []uint32 // chunks given back
	named   []uint32 // chunks given back whose addresses somebody has names for: the last to be used again
	touched uint32   // chunks ever used
}

// code returns the process's code memory, and installs the trap handlers.
var code = sync.OnceValues(func() (*codeMemory, error) {
	c, err := newCodeMemory()
	if err != nil {
		return nil, err
	}
	// The first chunk is for the gate, which is not generated code.
	if _, ok := c.chunk(); !ok {
		return nil, errors.New("no memory for code")
	}
	hasAVX = avx()
	hasInUse = hasAVX && hasXGETBV1()
	codeLow, codeSize = c.exec+chunkBytes, codeBytes-chunkBytes
	if err := installHandlers(); err != nil {
		return nil, err // the mappings stay: a handler may know them
	}
	return c, nil
})

// chunk returns the offset of a free chunk.
func (c *codeMemory) chunk() (int, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if full := (int(c.touched)+1)*chunkBytes > codeBytes; full && len(c.free) == 0 {
		if c.free, c.named = c.named, nil; len(c.free) == 0 {
			return 0, false
		}
	}
	if n := len(c.free); n > 0 {
		k := c.free[n-1]
		c.free = c.free[:n-1]
		return int(k) * chunkBytes, c.use(int(k) * chunkBytes)
	}
	if !c.use(int(c.touched) * chunkBytes) {
		return 0, false
	}
	c.touched++
	return int(c.touched-1) * chunkBytes, true
}

// some reports whether there is a free chunk.
func (c *codeMemory) some() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.free)+len(c.named) > 0 || (int(c.touched)+1)*chunkBytes <= codeBytes
}

// spareChunks is how many free chunks keep their memory: processes that are over
// soon need little of theirs, but need that at once.
const spareChunks = 8

// release gives chunks back. No thread may be in them. If what was there is
// named, as for perf, whose names are for addresses and not for times, other
// chunks are used first.
func (c *codeMemory) release(chunks []int, named bool) {
	c.mu.Lock()
	spare := max(0, spareChunks-len(c.free)-len(c.named))
	c.mu.Unlock()
	for _, at := range chunks[min(spare, len(chunks)):] {
		c.forget(at)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	list := &c.free
	if named {
		list = &c.named
	}
	for _, at := range chunks {
		*list = append(*list, uint32(at/chunkBytes))
	}
}

// patch writes an aligned word of code that other threads may execute.
func patch(code []byte, at int, v uint32) {
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&code[at])), v)
}
