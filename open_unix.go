//go:build unix

package nuage

import (
	"os"
	"syscall"
)

// openFile is os.Open without Go's poller, which has no use for regular files,
// and which a start of the command can do without.
func openFile(path string) (*os.File, error) {
	for {
		fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		switch err {
		case nil:
			return os.NewFile(uintptr(fd), path), nil
		case syscall.EINTR:
		default:
			return nil, &os.PathError{Op: "open", Path: path, Err: err}
		}
	}
}
