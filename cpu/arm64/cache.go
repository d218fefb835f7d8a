package arm64

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

const (
	// maxBlock is the most instructions of a block.
	maxBlock = 64
	// maxCached is how many operations a generation holds before everything
	// is decoded again: about 50 MB, so that a hostile program cannot fill the
	// host's memory with blocks at every offset of its code.
	maxCached = 1 << 20
)

// codeCache holds the decoded blocks of a space.
type codeCache struct {
	mu      sync.Mutex
	current atomic.Pointer[generation]
}

// generation is the blocks decoded under one version of the code. A new
// version, or too many blocks, starts a new one; threads that run in the old
// one leave it at their next block (version) or when they next look up a block
// (size).
type generation struct {
	version uint64
	mu      sync.RWMutex
	blocks  map[uint64]*block
	steps   map[uint64]*block // blocks of one instruction, for the end of a budget
	ops     int
}

func (c *codeCache) get(version uint64) *generation {
	if g := c.current.Load(); g != nil && g.version == version {
		return g
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if g := c.current.Load(); g != nil && g.version == version {
		return g
	}
	g := &generation{version: version, blocks: make(map[uint64]*block), steps: make(map[uint64]*block)}
	c.current.Store(g)
	return g
}

// find returns the block of at most limit instructions at pc, decoding it if
// need be.
func (g *generation) find(in *Interpreter, pc uint64, limit int) (*block, error) {
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
	b, err := in.decodeBlock(pc, limit)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if old := m[pc]; old != nil {
		return old, nil
	}
	if g.ops += len(b.ops); g.ops > maxCached {
		in.cache.current.CompareAndSwap(g, nil)
	}
	m[pc] = b
	return b, nil
}

// verify returns b if its bytes are still the ones in memory, else the block
// that is there now.
func (g *generation) verify(in *Interpreter, b *block) (*block, error) {
	var buf [4]byte
	n, _, err := in.space.Fetch(buf[:len(b.bytes)], b.pc)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(buf[:n], b.bytes) {
		return b, nil
	}
	nb, err := in.decodeBlock(b.pc, 1)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.blocks[b.pc], g.steps[b.pc] = nb, nb
	return nb, nil
}

// local is what the interpreter keeps per thread: the blocks found last, so
// that indirect jumps need no lock.
type local struct {
	gen  *generation
	jump [1024]*block
}

func localOf(t *cpu.Thread) *local {
	l, ok := t.Local.(*local)
	if !ok {
		l = new(local)
		t.Local = l
	}
	return l
}

func slot(pc uint64) int { return int((pc ^ pc>>10) & 1023) }

func (l *local) find(pc uint64) *block {
	if b := l.jump[slot(pc)]; b != nil && b.pc == pc {
		return b
	}
	return nil
}

func (l *local) put(b *block) { l.jump[slot(b.pc)] = b }

// use empties the table if the code has changed.
func (l *local) use(g *generation) {
	if l.gen != g {
		l.gen = g
		clear(l.jump[:])
	}
}

// decodeBlock decodes the code at pc: at most limit instructions, up to one
// that ends a block, following direct jumps and calls. Volatile code is decoded
// one instruction at a time, so that the check at a block's entry is a check
// of every instruction.
func (in *Interpreter) decodeBlock(pc uint64, limit int) (*block, error) {
	b := &binder{opts: in.opts}
	w := window{space: in.space}
	if err := w.fetch(pc); err != nil {
		return nil, err
	}
	volatile := w.volatile
	if volatile {
		limit = 1
	}
	start := pc
	for !b.done && b.count < limit {
		code := w.at(pc)
		if code == nil || w.volatile != volatile {
			break // the next block begins here, and faults if there is no code
		}
		if err := Decode(&b.d, code, pc); err == ErrTruncated {
			if b.count > 0 {
				break
			}
			return nil, &memory.Fault{Addr: pc + uint64(len(code)), Access: memory.Exec}
		} else if err != nil {
			b.emit(illegal)
			b.done = true
			b.count++
			break
		}
		b.next = b.d.Next()
		b.bind()
		b.count++
		pc = b.next
	}
	if !b.done {
		b.count--
		o := b.emit(leaveDirect)
		o.link = b.link(linkDirect, pc)
		b.count++
	}
	blk := &block{ops: b.ops, links: b.links, pc: start, n: uint64(b.count)}
	blk.gate = blk.n
	if volatile {
		blk.gate = ^uint64(0)
		blk.bytes = append([]byte(nil), w.buf[:min(4, w.n)]...)
	}
	return blk, nil
}

// window is a stretch of code being decoded.
type window struct {
	space    *memory.Space
	base     uint64
	n        int
	volatile bool
	buf      [512]byte
}

func (w *window) fetch(pc uint64) (err error) {
	w.base = pc
	w.n, w.volatile, err = w.space.Fetch(w.buf[:], pc)
	return err
}

// at returns the code from pc on, at least an instruction if there is as much,
// or nil if there is none.
func (w *window) at(pc uint64) []byte {
	if off := pc - w.base; off < uint64(w.n) && (w.n-int(off) >= 4 || w.n < len(w.buf)) {
		return w.buf[off:w.n]
	}
	if w.fetch(pc) != nil {
		return nil
	}
	return w.buf[:w.n]
}

// leaveDirect leaves the block by its link.
func leaveDirect(s *State, o *op) *op { return s.leave(o.link) }

// illegal stops at what is no instruction.
func illegal(*State, *op) *op { panic(trapIllegal) }
