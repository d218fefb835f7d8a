package vfs

import (
	"os"

	"golang.org/x/sys/unix"
)

// setTimesFd uses the empty path, which Linux has known for utimensat since 5.8;
// before that only microseconds are to be had.
func setTimesFd(fd int, ts [2]unix.Timespec) error {
	err := unix.UtimesNanoAt(fd, "", ts[:], unix.AT_EMPTY_PATH)
	if err != unix.EINVAL && err != unix.ENOENT {
		return err
	}
	return unix.Futimes(fd, []unix.Timeval{
		unix.NsecToTimeval(ts[0].Nano()), unix.NsecToTimeval(ts[1].Nano()),
	})
}

func syncData(f *os.File) error { return control(f, unix.Fdatasync) }

func reserve(f *os.File, off, n int64) error {
	return control(f, func(fd int) error { return unix.Fallocate(fd, 0, off, n) })
}
