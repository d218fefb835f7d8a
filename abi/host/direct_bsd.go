//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package host

import (
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	pollEnded = 0          // not told; reading nothing says it
	howMuch   = 0x4004667f // FIONREAD, the same on all
)

func neverWaits(*unix.Stat_t) bool { return false }

// reopen: opening a descriptor's name makes a duplicate here, which shares with
// others whether it blocks.
func reopen(int, int, *unix.Stat_t) (int, error) { return -1, unix.ENOTSUP }

func accept(fd int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	n, _, err := unix.Accept(fd)
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(n)
	if err := unix.SetNonblock(n, true); err != nil {
		_ = unix.Close(n)
		return -1, err
	}
	return n, nil
}

// setKeepAlive leaves the times to the host: the systems differ in units and
// names.
func setKeepAlive(int, int) {}
