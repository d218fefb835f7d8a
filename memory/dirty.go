package memory

import "math/bits"

// dirtyMap has a bit for every page of the window: 128 KiB. A nil dirtyMap
// records nothing. Space.mu guards it.
type dirtyMap [spaceSize / PageSize / 64]uint64

// set marks the pages of [lo, hi).
func (d *dirtyMap) set(lo, hi uint64) {
	if d == nil {
		return
	}
	for p := lo / PageSize; p < hi/PageSize; p++ {
		d[p/64] |= 1 << (p % 64)
	}
}

// TrackDirty starts or stops recording which pages change. Starting again
// forgets what was recorded.
//
// A page is recorded when it is written by this space, and when its contents
// may have changed otherwise: it was unmapped, discarded, or an object was
// mapped there. A page first mapped as private anonymous memory is zero and
// not recorded until it is written. Writes by other spaces or by file I/O to a
// shared object are not seen.
func (s *Space) TrackDirty(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
	case on:
		s.dirty = new(dirtyMap)
		s.tracked.Store(true)
		for _, r := range s.regions {
			s.back.forbidWrites(r)
		}
		s.admitPins()
	case s.dirty != nil:
		s.dirty = nil
		s.tracked.Store(false)
		for _, r := range s.regions {
			s.back.permitWrites(r.Addr, r.End())
		}
	}
}

// DirtyPages returns the addresses of the mapped pages recorded as changed, in
// ascending order. With clear the record starts afresh: for an exact cut the
// guest's threads must stand still, for in the paged form a store that is
// under way on another goroutine may slip through unrecorded.
//
// The record may name pages that were not changed: the window form may give up
// exactness when the host would need too many mappings for it.
func (s *Space) DirtyPages(clear bool) []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dirty == nil {
		return nil
	}
	var pages []uint64
	for i, w := range s.dirty {
		for ; w != 0; w &= w - 1 {
			addr := (uint64(i)*64 + uint64(bits.TrailingZeros64(w))) * PageSize
			if s.regions.at(addr) != nil {
				pages = append(pages, addr)
			}
		}
	}
	if clear {
		*s.dirty = dirtyMap{}
		for _, r := range s.regions {
			s.back.forbidWrites(r)
		}
		s.admitPins()
	}
	return pages
}

// noteFresh records that r was mapped in place of the regions of replaced.
func (s *Space) noteFresh(r Region, replaced []Region) {
	if r.Object != nil {
		s.dirty.set(r.Addr, r.End())
		return
	}
	for _, old := range replaced {
		old = old.clip(r.Addr, r.End())
		s.dirty.set(old.Addr, old.End())
	}
}

// admitWrites records writes to the pages of [lo, hi), which are mapped
// writable, and lets them through.
func (s *Space) admitWrites(lo, hi uint64) {
	s.dirty.set(lo, hi)
	s.back.permitWrites(lo, hi)
}
