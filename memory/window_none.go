//go:build !((amd64 || arm64) && (linux || darwin || freebsd || netbsd || openbsd || dragonfly || solaris))

package memory

import (
	"os"
)

// openWindow refuses: this host has the paged form only.
func (s *Space) openWindow() error { return ErrInvalid }

func (s *Space) guestAddress(uintptr) (uint64, bool) { return 0, false }

func (s *Space) probe(uint64, Prot) bool { return false }

// hostAnonymousFile is never reached without windows.
func hostAnonymousFile() (*os.File, error) { return nil, ErrInvalid }
