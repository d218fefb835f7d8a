//go:build aix || darwin || dragonfly || freebsd || linux || netbsd || openbsd

package launcher

import "golang.org/x/sys/unix"

// inherited tells whether the descriptor came from whoever started this
// program. Those that Go opens itself, such as its poller's, are marked to be
// closed on exec and must never get to a guest; one that was inherited cannot
// bear that mark.
func inherited(fd uint32) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC == 0
}
