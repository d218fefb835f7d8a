//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package vfs

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// needTop: names of two directories are given to the system with descriptors.
const needTop = false

// withFd calls f with a descriptor of the directory. All calls made with it name
// a single component and do not follow it.
func (d *hostDir) withFd(f func(fd int) error) error {
	dir, err := d.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	c, err := dir.SyscallConn()
	if err != nil {
		return err
	}
	if cerr := c.Control(func(fd uintptr) { err = f(int(fd)) }); cerr != nil {
		return cerr
	}
	return err
}

func withFds(a, b *hostDir, f func(a, b int) error) error {
	return a.withFd(func(fd int) error {
		if a == b {
			return f(fd, fd)
		}
		return b.withFd(func(fd2 int) error { return f(fd, fd2) })
	})
}

func linkAt(from *hostDir, name string, to *hostDir, newName string) error {
	return withFds(from, to, func(a, b int) error {
		return unix.Linkat(a, name, b, newName, 0)
	})
}

func renameAt(from *hostDir, name string, to *hostDir, newName string) error {
	return withFds(from, to, func(a, b int) error {
		return unix.Renameat(a, name, b, newName)
	})
}

func removeAt(d *hostDir, name string, dir bool) error {
	flags := 0
	if dir {
		flags = unix.AT_REMOVEDIR
	}
	return d.withFd(func(fd int) error { return unix.Unlinkat(fd, name, flags) })
}

func setTimesAt(d *hostDir, name string, atim, mtim *uint64) error {
	info, err := d.root.Lstat(name)
	if err != nil {
		return err
	}
	ts, err := timespecs(info, atim, mtim)
	if err != nil {
		return err
	}
	return d.withFd(func(fd int) error {
		return unix.UtimesNanoAt(fd, name, ts[:], unix.AT_SYMLINK_NOFOLLOW)
	})
}

// timespecs returns the times for utimensat. One that stays is given as it is
// now: UTIME_OMIT is not everywhere.
func timespecs(info fs.FileInfo, atim, mtim *uint64) (ts [2]unix.Timespec, err error) {
	st := hostStat(info, "", nil)
	for i, t := range []struct {
		set *uint64
		now cloudabi.Timestamp
	}{{atim, st.Atim}, {mtim, st.Mtim}} {
		ns := uint64(t.now)
		if t.set != nil {
			ns = *t.set
		}
		if ts[i], err = unix.TimeToTimespec(timeOf(&ns)); err != nil {
			return ts, cloudabi.EOVERFLOW
		}
	}
	return ts, nil
}

// setTimesFile sets the times of an open file.
func setTimesFile(f *os.File, atim, mtim *uint64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	ts, err := timespecs(info, atim, mtim)
	if err != nil {
		return err
	}
	return control(f, func(fd int) error {
		err := setTimesFd(fd, ts)
		if errors.Is(err, unix.ENOSYS) {
			err = unix.ENOTSUP
		}
		return err
	})
}
