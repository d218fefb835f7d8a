//go:build linux || freebsd || openbsd || dragonfly

package vfs

import (
	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// makeSpecialAt makes a fifo or a socket. Only Linux makes a socket so; what
// the others say leads to a placeholder.
func makeSpecialAt(d *hostDir, name string, kind cloudabi.Filetype) error {
	mode := uint32(unix.S_IFSOCK)
	if kind == cloudabi.FiletypeFifo {
		mode = unix.S_IFIFO
	}
	return d.withFd(func(fd int) error { return unix.Mknodat(fd, name, mode|0o777, 0) })
}
