//go:build (amd64 || arm64) && (linux || darwin || freebsd || netbsd || openbsd || dragonfly || solaris || windows)

package memory

import "runtime/debug"

// What windows have in common on all hosts.

// guard is the inaccessible space on each side of a window: 64 KiB of folded
// displacement and the widest access fit many times. It is also the window's
// alignment, so that the host can use large pages.
const guard = 2 << 20

// guestAddress translates the host address of a fault, if it is in the window
// or its guards; in these, modulo the size of the window.
func (s *Space) guestAddress(host uintptr) (uint64, bool) {
	base := uintptr(s.base)
	if base == 0 || host < base-guard || host >= base+spaceSize+guard {
		return 0, false
	}
	return uint64(host-base) % spaceSize, true
}

// probe tries an access in the window. Nothing that can be seen changes.
func (s *Space) probe(addr uint64, need Prot) (ok bool) {
	if s.base == nil {
		return false
	}
	defer func(before bool) {
		debug.SetPanicOnFault(before)
		if recover() != nil {
			ok = false
		}
	}(debug.SetPanicOnFault(true))
	s.probeByte(uint32(addr), need)
	return true
}
