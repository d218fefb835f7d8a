package host

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// errno turns an error of a reader or writer into an error number: EIO if it
// is not known. The systems' own numbers are in errno_*.go.
func errno(err error) cloudabi.Errno {
	if err == nil {
		return cloudabi.ESUCCESS
	}
	var e cloudabi.Errno
	if errors.As(err, &e) {
		return e
	}
	for _, p := range portableErrors() {
		if errors.Is(err, p.err) {
			return p.errno
		}
	}
	for _, s := range systemErrors {
		if errors.Is(err, s.err) {
			return s.errno
		}
	}
	return cloudabi.EIO
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) }

// known is an error and what the guest is told.
type known struct {
	err   error
	errno cloudabi.Errno
}

func portableErrors() []known {
	return []known{
		{io.ErrClosedPipe, cloudabi.EPIPE},
		{net.ErrClosed, cloudabi.EPIPE},
		{fs.ErrClosed, cloudabi.EPIPE},
		{fs.ErrPermission, cloudabi.EACCES},
		{os.ErrDeadlineExceeded, cloudabi.ETIMEDOUT},
	}
}
