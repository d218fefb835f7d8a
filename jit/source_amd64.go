//go:build linux || windows || freebsd || darwin

package jit

import (
	"slices"

	"github.com/nuage-emu/nuage/memory"
)

// source reads guest code for the translator.
type source struct {
	space    *memory.Space
	end      uint64 // how far the unit may reach
	volatile bool   // some of the code is not to be remembered
	bytes    []byte
	fetch    func(pc uint64) []byte // read, made once
}

// begin is before the translation of the code at pc. What has been read before
// may be overwritten now.
func (s *source) begin(e *engine, pc uint64) {
	if s.fetch == nil {
		s.space, s.fetch = e.space, s.read
	}
	s.bytes, s.volatile, s.end = s.bytes[:0], false, e.space.Size()
	if b := e.o.Boundary; pc < b {
		s.end = min(s.end, b)
	}
}

// read returns the bytes at pc, some hundreds unless fewer are executable.
func (s *source) read(pc uint64) []byte {
	if pc >= s.end {
		return nil
	}
	k := len(s.bytes)
	s.bytes = slices.Grow(s.bytes, 512)[:k+int(min(512, s.end-pc))]
	buf := s.bytes[k:]
	n, volatile, err := s.space.Fetch(buf, pc)
	if err != nil || volatile {
		s.volatile = s.volatile || volatile
		return nil
	}
	return buf[:n]
}

// pool copies short lists into long arrays, so that a list has no allocation of
// its own.
type pool[T any] struct{ free []T }

// poolBlock is how many elements an array has.
const poolBlock = 512

// keep returns a copy of the list. Its array is given back when nobody has any
// of its lists any more.
func (p *pool[T]) keep(list []T) []T {
	n := len(list)
	if n > len(p.free) {
		p.free = make([]T, max(poolBlock, n))
	}
	kept := p.free[:n:n]
	p.free = p.free[n:]
	copy(kept, list)
	return kept
}
