//go:build !((amd64 || arm64) && (linux || darwin || freebsd || netbsd || openbsd || dragonfly || solaris || windows))

package memory

// openWindow refuses: this host has the paged form only.
func (s *Space) openWindow() error { return ErrInvalid }

func (s *Space) guestAddress(uintptr) (uint64, bool) { return 0, false }

func (s *Space) probe(uint64, Prot) bool { return false }

// makeMappable is never reached without windows.
func (o *Object) makeMappable() error { return ErrInvalid }
