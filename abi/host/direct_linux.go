package host

import (
	"fmt"

	"golang.org/x/sys/unix"
)

const (
	pollEnded = unix.POLLRDHUP // the other side writes no more
	howMuch   = unix.TIOCINQ   // FIONREAD
)

// Major numbers of devices.
const (
	memoryDevices = 1 // null, zero, full, random: none of them ever waits
	ptmxMajor     = 5 // opening the multiplexer again would make another terminal
	ptmxMinor     = 2
)

func neverWaits(st *unix.Stat_t) bool {
	return st.Mode&unix.S_IFMT == unix.S_IFCHR && unix.Major(uint64(st.Rdev)) == memoryDevices
}

// reopen opens a pipe or terminal once more, non-blocking: whether it blocks
// belongs to an open file, which may be shared with other programs and with
// users of [os.File.Fd], who change it at any time.
func reopen(fd, flags int, st *unix.Stat_t) (int, error) {
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFIFO:
	case unix.S_IFCHR:
		if unix.Major(uint64(st.Rdev)) == ptmxMajor && unix.Minor(uint64(st.Rdev)) == ptmxMinor {
			return -1, unix.ENOTSUP
		}
		if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err != nil {
			return -1, err
		}
	default:
		return -1, unix.ENOTSUP
	}
	n, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", fd),
		flags&unix.O_ACCMODE|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	var again unix.Stat_t
	if unix.Fstat(n, &again) != nil || again.Dev != st.Dev || again.Ino != st.Ino || again.Rdev != st.Rdev {
		_ = unix.Close(n)
		return -1, unix.ENOTSUP
	}
	return n, nil
}

func accept(fd int) (int, error) {
	n, _, err := unix.Accept4(fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	return n, err
}

func setKeepAlive(fd, seconds int) {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, seconds)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, seconds)
}
