//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package vfs

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// setTimesFd has microseconds only.
func setTimesFd(fd int, ts [2]unix.Timespec) error {
	return unix.Futimes(fd, []unix.Timeval{
		unix.NsecToTimeval(ts[0].Nano()), unix.NsecToTimeval(ts[1].Nano()),
	})
}

func syncData(f *os.File) error { return f.Sync() }

func reserve(*os.File, int64, int64) error { return cloudabi.ENOTSUP }
