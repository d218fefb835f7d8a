package x86

import (
	"github.com/nuage-emu/nuage/cpu/internal/blocks"
	"github.com/nuage-emu/nuage/memory"
)

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
		code := w.At(pc, maxLen)
		if code == nil || w.Volatile != volatile {
			break // the next block begins here, and faults if there is no code
		}
		err := Decode(&b.d, code, pc)
		if err == ErrTruncated {
			if b.count > 0 {
				break
			}
			return nil, 0, &memory.Fault{Addr: pc + uint64(len(code)), Access: memory.Exec}
		}
		if err != nil {
			b.d.Len = max(b.d.Len, 1)
			b.illegal()
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
		o.aux = b.link(linkDirect, pc)
		b.count++
	}
	blk = &block{ops: b.ops, links: b.links, pc: start, n: uint64(b.count)}
	blk.gate = blk.n
	if volatile {
		blk.gate = ^uint64(0)
		used := b.d.Len
		if b.d.Row == nil { // an illegal instruction: any of its bytes may change
			used = maxLen
		}
		blk.bytes = w.First(used)
	}
	return blk, len(b.ops), nil
}

// leaveDirect leaves the block by link aux.
func leaveDirect(s *State, o *op) *op { return s.leave(o.aux) }
