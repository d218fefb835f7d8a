//go:build unix || js || wasip1

package vfs

import (
	"errors"
	"syscall"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// systemErrno knows the system's error numbers. Two names may be one number on
// some systems, so it is a list: the first counts.
func systemErrno(err error) (cloudabi.Errno, bool) {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return 0, false
	}
	for _, e := range systemErrors {
		if e.host == errno {
			return e.errno, true
		}
	}
	return cloudabi.EIO, true
}

var systemErrors = []struct {
	host  syscall.Errno
	errno cloudabi.Errno
}{
	{syscall.ENOENT, cloudabi.ENOENT},
	{syscall.EEXIST, cloudabi.EEXIST},
	{syscall.ENOTDIR, cloudabi.ENOTDIR},
	{syscall.EISDIR, cloudabi.EISDIR},
	{syscall.ENOTEMPTY, cloudabi.ENOTEMPTY},
	{syscall.EACCES, cloudabi.EACCES},
	{syscall.EPERM, cloudabi.EPERM},
	{syscall.ELOOP, cloudabi.ELOOP},
	{syscall.EINVAL, cloudabi.EINVAL},
	{syscall.ENAMETOOLONG, cloudabi.ENAMETOOLONG},
	{syscall.EXDEV, cloudabi.EXDEV},
	{syscall.EROFS, cloudabi.EROFS},
	{syscall.ENOSPC, cloudabi.ENOSPC},
	{syscall.EDQUOT, cloudabi.EDQUOT},
	{syscall.EFBIG, cloudabi.EFBIG},
	{syscall.EBADF, cloudabi.EBADF},
	{syscall.EBUSY, cloudabi.EBUSY},
	{syscall.EMLINK, cloudabi.EMLINK},
	{syscall.EMFILE, cloudabi.EMFILE},
	{syscall.ENFILE, cloudabi.ENFILE},
	{syscall.ENOMEM, cloudabi.ENOMEM},
	{syscall.ENXIO, cloudabi.ENXIO},
	{syscall.ENODEV, cloudabi.ENODEV},
	{syscall.ESPIPE, cloudabi.ESPIPE},
	{syscall.EPIPE, cloudabi.EPIPE},
	{syscall.EAGAIN, cloudabi.EAGAIN},
	{syscall.EINTR, cloudabi.EINTR},
	{syscall.EOVERFLOW, cloudabi.EOVERFLOW},
	{syscall.EILSEQ, cloudabi.EILSEQ},
	{syscall.ENOLCK, cloudabi.ENOLCK},
	{syscall.ENOSYS, cloudabi.ENOTSUP}, // of the host's, not of ours
	{syscall.ENOTSUP, cloudabi.ENOTSUP},
	{syscall.EOPNOTSUPP, cloudabi.ENOTSUP},
	{syscall.ESTALE, cloudabi.ESTALE},
	{textBusy, cloudabi.ETXTBSY},
	{syscall.ENOTTY, cloudabi.ENOTTY},
	{syscall.EIO, cloudabi.EIO},
}
