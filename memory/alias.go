package memory

// Aliased reports whether some of the n bytes at a are also some of the n bytes
// at b by way of an object that is mapped in both places, shared in one of them
// at least. Ranges that overlap by their addresses alone do not count. It costs
// next to nothing in a space that has never mapped an object shared.
func (s *Space) Aliased(a, b uint32, n uint64) bool {
	if !s.aliasing.Load() {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	lo, hi := uint64(a), uint64(a)+n
	for _, r := range s.regions.overlapping(lo, hi) {
		if r.Object == nil {
			continue
		}
		r = r.clip(lo, hi)
		for _, q := range s.regions.overlapping(uint64(b), uint64(b)+n) {
			if q.Object != r.Object || !q.Shared && !r.Shared || q.Addr-q.Offset == r.Addr-r.Offset {
				continue
			}
			q = q.clip(uint64(b), uint64(b)+n)
			if q.Offset < r.Offset+r.Len && r.Offset < q.Offset+q.Len {
				return true
			}
		}
	}
	return false
}
