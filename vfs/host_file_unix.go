//go:build unix

package vfs

import (
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// openNonblock: opening a named pipe does not wait for its other end.
const openNonblock = syscall.O_NONBLOCK

// canStream: named pipes can be opened.
const canStream = true

// control calls f with a file's descriptor.
func control(file *os.File, f func(fd int) error) error {
	c, err := file.SyscallConn()
	if err != nil {
		return err
	}
	if cerr := c.Control(func(fd uintptr) { err = f(int(fd)) }); cerr != nil {
		return cerr
	}
	return err
}

// appendTo lets the host append, so that it is atomic against other processes.
// The caller sees to it that nothing else is written to the file meanwhile: the
// flag holds for all that is written through the descriptor.
func appendTo(f *os.File, p []byte) (n int, end int64, err error) {
	if err := setAppend(f, true); err != nil {
		return appendAtEnd(f, p)
	}
	n, err = f.Write(p)
	if cerr := setAppend(f, false); err == nil {
		err = cerr
	}
	if err != nil && n == 0 {
		return 0, 0, err
	}
	end, err = f.Seek(0, io.SeekCurrent)
	return n, end, err
}

func setAppend(f *os.File, on bool) error {
	return control(f, func(fd int) error {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err != nil {
			return err
		}
		flags &^= unix.O_APPEND
		if on {
			flags |= unix.O_APPEND
		}
		_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags)
		return err
	})
}

// duplicate returns another handle of an open file.
func duplicate(f *os.File) (*os.File, error) {
	var dup int
	err := control(f, func(fd int) (err error) {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		if dup, err = unix.Dup(fd); err == nil {
			unix.CloseOnExec(dup)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(dup), f.Name()), nil
}

func readNow(f *os.File, p []byte) (n int, err error) {
	err = control(f, func(fd int) (err error) {
		n, err = unix.Read(fd, p)
		return err
	})
	return max(n, 0), err
}

func writeNow(f *os.File, p []byte) (n int, err error) {
	err = control(f, func(fd int) (err error) {
		n, err = unix.Write(fd, p)
		return err
	})
	return max(n, 0), err
}
