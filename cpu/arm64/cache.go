package arm64

import (
	"github.com/nuage-emu/nuage/cpu/internal/blocks"
	"github.com/nuage-emu/nuage/memory"
)

// insnLen is the length of an instruction in bytes.
const insnLen = 4

type (
	generation = blocks.Generation[block]
	local      = blocks.Local[block]
)

// decodeBlock decodes the code at pc: at most limit instructions, up to one
// that ends a block, following direct jumps and calls. Volatile code is decoded
// one instruction at a time, so that the check at a block's entry is a check
// of every instruction.
func (in *Interpreter) decodeBlock(pc uint64, limit int) (blk *block, operations int, err error) {
	b := &binder{opts: in.opts}
	var w blocks.Window
	if err := w.Open(in.space, pc); err != nil {
		return nil, 0, err
	}
	volatile := w.Volatile
	if volatile {
		limit = 1
	}
	start := pc
	for !b.done && b.count < limit {
		code := w.At(pc, insnLen)
		if code == nil || w.Volatile != volatile {
			break // the next block begins here, and faults if there is no code
		}
		if err := Decode(&b.d, code, pc); err == ErrTruncated {
			if b.count > 0 {
				break
			}
			return nil, 0, &memory.Fault{Addr: pc + uint64(len(code)), Access: memory.Exec}
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
	blk = &block{ops: b.ops, links: b.links, pc: start, n: uint64(b.count)}
	blk.gate = blk.n
	if volatile {
		blk.gate = ^uint64(0)
		blk.bytes = w.First(insnLen)
	}
	return blk, len(b.ops), nil
}

// leaveDirect leaves the block by its link.
func leaveDirect(s *State, o *op) *op { return s.leave(o.link) }

// illegal stops at what is no instruction.
func illegal(*State, *op) *op { panic(trapIllegal) }
