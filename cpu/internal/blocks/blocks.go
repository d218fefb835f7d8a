// Package blocks keeps the decoded code of an interpreter: for every program
// counter the block that begins there, as long as the code does not change. It
// is shared by the interpreters of both instruction sets, which differ in what
// a block is, in how code is decoded into one, and in the loop that runs them:
// RATIONALE.md says why that one is not here.
//
// Start reading with [Cache].
package blocks

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

const (
	// MaxInstructions is the most instructions of a block.
	MaxInstructions = 64
	// maxCached is how many operations a generation holds before everything
	// is decoded again: about 50 MB, so that a hostile program cannot fill the
	// host's memory with blocks at every offset of its code.
	maxCached = 1 << 20
	// maxVerified bounds the bytes of a block that must be verified: one
	// instruction.
	maxVerified = 16
)

// Decoder decodes the code at pc: at most limit instructions. It returns the
// block and the number of its operations.
type Decoder[B any] func(pc uint64, limit int) (b *B, operations int, err error)

// Cache holds the decoded blocks of a space. It is safe for concurrent use.
type Cache[B any] struct {
	space   *memory.Space
	decode  Decoder[B]
	mu      sync.Mutex
	current atomic.Pointer[Generation[B]]
}

// Init prepares the cache for the code of space.
func (c *Cache[B]) Init(space *memory.Space, decode Decoder[B]) { c.space, c.decode = space, decode }

// Clear drops all blocks.
func (c *Cache[B]) Clear() { c.current.Store(nil) }

// Generation is the blocks decoded under one version of the code. A new
// version, or too many blocks, starts a new one; threads that run in the old
// one leave it at their next block (version) or when they next look up a block
// (size). It is safe for concurrent use.
type Generation[B any] struct {
	// Version is the [memory.Space.CodeVersion] that it belongs to.
	Version uint64

	cache  *Cache[B]
	mu     sync.RWMutex
	blocks map[uint64]*B
	steps  map[uint64]*B // blocks of one instruction, for the end of a budget
	size   int           // operations
}

// Current returns the generation of the code as it is now.
func (c *Cache[B]) Current() *Generation[B] {
	version := c.space.CodeVersion()
	if g := c.current.Load(); g != nil && g.Version == version {
		return g
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if g := c.current.Load(); g != nil && g.Version == version {
		return g
	}
	g := &Generation[B]{Version: version, cache: c, blocks: make(map[uint64]*B), steps: make(map[uint64]*B)}
	c.current.Store(g)
	return g
}

// Find returns the block at pc, of at most limit instructions (1 or
// MaxInstructions), decoding it if need be.
func (g *Generation[B]) Find(pc uint64, limit int) (*B, error) {
	m := g.blocks
	if limit == 1 {
		m = g.steps
	}
	g.mu.RLock()
	b := m[pc]
	g.mu.RUnlock()
	if b != nil {
		return b, nil
	}
	b, n, err := g.cache.decode(pc, limit)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if old := m[pc]; old != nil {
		return old, nil
	}
	if g.size += n; g.size > maxCached {
		g.cache.current.CompareAndSwap(g, nil)
	}
	m[pc] = b
	return b, nil
}

// Verify returns b, which was decoded from code at pc, if that is what memory
// still holds, else the block of one instruction that is there now.
func (g *Generation[B]) Verify(b *B, pc uint64, code []byte) (*B, error) {
	var buf [maxVerified]byte
	n, _, err := g.cache.space.Fetch(buf[:len(code)], pc)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(buf[:n], code) {
		return b, nil
	}
	now, _, err := g.cache.decode(pc, 1)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.blocks[pc], g.steps[pc] = now, now
	return now, nil
}

// Local is what an interpreter keeps per thread: the blocks found last, so that
// indirect jumps need no lock. It belongs to the thread.
type Local[B any] struct {
	// Recent holds at [Slot] of a program counter the block that was found last
	// of those that begin at one with this slot.
	Recent [1024]*B

	gen *Generation[B]
}

// Slot is the place of pc in [Local.Recent].
func Slot(pc uint64) int { return int((pc ^ pc>>10) & 1023) }

// LocalOf returns the table of a thread, making it if there is none.
func LocalOf[B any](t *cpu.Thread) *Local[B] {
	l, ok := t.Local.(*Local[B])
	if !ok {
		l = new(Local[B])
		t.Local = l
	}
	return l
}

// Use empties the table if the code has changed.
func (l *Local[B]) Use(g *Generation[B]) {
	if l.gen != g {
		l.gen = g
		clear(l.Recent[:])
	}
}

// Window is a stretch of code being decoded.
type Window struct {
	// Volatile says that the code may change without a new version, so that it
	// must be decoded one instruction at a time and verified when it is run.
	Volatile bool

	space *memory.Space
	base  uint64
	n     int
	buf   [512]byte
}

// Open fetches the code at pc.
func (w *Window) Open(space *memory.Space, pc uint64) error {
	w.space = space
	return w.fetch(pc)
}

func (w *Window) fetch(pc uint64) (err error) {
	w.base = pc
	w.n, w.Volatile, err = w.space.Fetch(w.buf[:], pc)
	return err
}

// At returns the code from pc on, at least need bytes if there are as many, or
// nil if there is none.
func (w *Window) At(pc uint64, need int) []byte {
	if off := pc - w.base; off < uint64(w.n) && (w.n-int(off) >= need || w.n < len(w.buf)) {
		return w.buf[off:w.n]
	}
	if w.fetch(pc) != nil {
		return nil
	}
	return w.buf[:w.n]
}

// First returns a copy of the first bytes of the code last fetched, at most n.
func (w *Window) First(n int) []byte { return append([]byte(nil), w.buf[:min(n, w.n)]...) }
