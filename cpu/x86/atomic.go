package x86

// cas replaces old by new at address a, atomically, and reports whether it
// did. A refused access changes nothing.
func cas[T word](s *State, a uint32, old, new T) bool {
	switch uint64(^T(0)) {
	case 0xff:
		return s.mem.Cas8(a, uint8(old), uint8(new)) == uint8(old)
	case 0xffff:
		return s.mem.Cas16(a, uint16(old), uint16(new)) == uint16(old)
	case 0xffffffff:
		return s.mem.Cas32(a, uint32(old), uint32(new)) == uint32(old)
	}
	return s.mem.Cas64(a, uint64(old), uint64(new)) == uint64(old)
}

// xchg stores v at address a and returns what was there, atomically.
func xchg[T word](s *State, a uint32, v T) T {
	switch uint64(^T(0)) {
	case 0xff:
		return T(s.mem.Xchg8(a, uint8(v)))
	case 0xffff:
		return T(s.mem.Xchg16(a, uint16(v)))
	case 0xffffffff:
		return T(s.mem.Xchg32(a, uint32(v)))
	}
	return T(s.mem.Xchg64(a, uint64(v)))
}

// update replaces the memory operand at m by f of it, atomically if the
// instruction is locked, and returns what was there. With f the identity it is
// still a write, as it is on the processor.
func update[T word](s *State, m uint32, lock bool, f func(T) T) T {
	old := load[T](s, m)
	if !lock {
		store(s, m, f(old))
		return old
	}
	for !cas(s, m, old, f(old)) {
		old = load[T](s, m)
	}
	return old
}
