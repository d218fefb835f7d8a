package vfs

import (
	"errors"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// errEscapes is what os.Root answers where a name leads out of it. It is not
// exported, so it is learnt by asking a root for its parent (host.go). It is
// only met when a host process swaps names under our feet.
var errEscapes atomic.Pointer[error]

// hostErrno turns an error of the host into an error number: EIO if it is not
// known. The tables of the systems are in errno_*.go.
func hostErrno(err error) error {
	if err == nil {
		return nil
	}
	var errno cloudabi.Errno
	if errors.As(err, &errno) {
		return errno
	}
	if e, ok := systemErrno(err); ok {
		return e
	}
	for _, p := range portableErrors() {
		if p.err != nil && errors.Is(err, p.err) {
			return p.errno
		}
	}
	if e := errEscapes.Load(); e != nil && errors.Is(err, *e) {
		return cloudabi.ENOTCAPABLE
	}
	return cloudabi.EIO
}

// knownError is an error and its number.
type knownError struct {
	err   error
	errno cloudabi.Errno
}

// portableErrors are those that every system and every fs.FS may answer.
func portableErrors() []knownError {
	return []knownError{
		{fs.ErrNotExist, cloudabi.ENOENT},
		{fs.ErrExist, cloudabi.EEXIST},
		{fs.ErrPermission, cloudabi.EACCES},
		{fs.ErrInvalid, cloudabi.EINVAL},
		{fs.ErrClosed, cloudabi.EBADF},
		{os.ErrDeadlineExceeded, cloudabi.EAGAIN},
		{errors.ErrUnsupported, cloudabi.ENOTSUP},
	}
}
