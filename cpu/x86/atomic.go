package x86

// cas replaces old by new at address a, atomically, and reports whether it did.
func cas[T word](s *State, a uint32, old, new T) bool {
	switch uint64(^T(0)) {
	case 0xff:
		return s.mem.Cas8(a, uint8(old), uint8(new))
	case 0xffff:
		return s.mem.Cas16(a, uint16(old), uint16(new))
	case 0xffffffff:
		return s.mem.Cas32(a, uint32(old), uint32(new))
	}
	return s.mem.Cas64(a, uint64(old), uint64(new))
}
