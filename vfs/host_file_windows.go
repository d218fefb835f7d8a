package vfs

import (
	"os"

	"golang.org/x/sys/windows"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

const (
	openNonblock = 0
	canStream    = false
)

func appendTo(f *os.File, p []byte) (int, int64, error) { return appendAtEnd(f, p) }

func duplicate(f *os.File) (*os.File, error) {
	var dup windows.Handle
	self := windows.CurrentProcess()
	err := control(f, func(h windows.Handle) error {
		return windows.DuplicateHandle(self, h, self, &dup, 0, false, windows.DUPLICATE_SAME_ACCESS)
	})
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(dup), f.Name()), nil
}

// setTimesFile needs a file that was opened for writing.
func setTimesFile(f *os.File, atim, mtim *uint64) error {
	var a, m *windows.Filetime
	for _, t := range []struct {
		ns *uint64
		to **windows.Filetime
	}{{atim, &a}, {mtim, &m}} {
		if t.ns == nil {
			continue
		}
		if *t.ns > 1<<63-1 {
			return cloudabi.EOVERFLOW
		}
		ft := windows.NsecToFiletime(int64(*t.ns))
		*t.to = &ft
	}
	return control(f, func(h windows.Handle) error { return windows.SetFileTime(h, nil, a, m) })
}

func control(file *os.File, f func(windows.Handle) error) error {
	c, err := file.SyscallConn()
	if err != nil {
		return err
	}
	if cerr := c.Control(func(fd uintptr) { err = f(windows.Handle(fd)) }); cerr != nil {
		return cerr
	}
	return err
}

func readNow(*os.File, []byte) (int, error)  { return 0, cloudabi.ENOTSUP }
func writeNow(*os.File, []byte) (int, error) { return 0, cloudabi.ENOTSUP }
