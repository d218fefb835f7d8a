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
	boundary uint64                 // Options.Boundary
	fetch    func(pc uint64) []byte // read, made once
}

func newSource(space *memory.Space, boundary uint64) *source {
	s := &source{space: space, boundary: boundary}
	s.fetch = s.read
	return s
}

// begin is before the translation of the code at pc. What has been read before
// may be overwritten now.
func (s *source) begin(pc uint64) {
	s.bytes, s.volatile, s.end = s.bytes[:0], false, s.space.Size()
	if pc < s.boundary {
		s.end = min(s.end, s.boundary)
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
