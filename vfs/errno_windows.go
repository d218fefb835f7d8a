package vfs

import (
	"errors"
	"syscall"

	"golang.org/x/sys/windows"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// systemErrno knows the codes of Windows, and the invented numbers by which
// package syscall speaks of what Windows has no code for.
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

// Some of the invented numbers are codes of Windows too: the first counts.
var systemErrors = []struct {
	host  syscall.Errno
	errno cloudabi.Errno
}{
	{windows.ERROR_FILE_NOT_FOUND, cloudabi.ENOENT},
	{windows.ERROR_PATH_NOT_FOUND, cloudabi.ENOENT},
	{windows.ERROR_DELETE_PENDING, cloudabi.ENOENT},
	{windows.ERROR_FILE_EXISTS, cloudabi.EEXIST},
	{windows.ERROR_ALREADY_EXISTS, cloudabi.EEXIST},
	{windows.ERROR_DIRECTORY, cloudabi.ENOTDIR},
	{windows.ERROR_DIR_NOT_EMPTY, cloudabi.ENOTEMPTY},
	{windows.ERROR_ACCESS_DENIED, cloudabi.EACCES},
	{windows.ERROR_SHARING_VIOLATION, cloudabi.EACCES},
	{windows.ERROR_LOCK_VIOLATION, cloudabi.EACCES},
	{windows.ERROR_PRIVILEGE_NOT_HELD, cloudabi.EPERM},
	{windows.ERROR_INVALID_NAME, cloudabi.EINVAL},
	{windows.ERROR_BAD_PATHNAME, cloudabi.EINVAL},
	{windows.ERROR_INVALID_PARAMETER, cloudabi.EINVAL},
	{windows.ERROR_NEGATIVE_SEEK, cloudabi.EINVAL},
	{windows.ERROR_NOT_A_REPARSE_POINT, cloudabi.EINVAL},
	{windows.ERROR_FILENAME_EXCED_RANGE, cloudabi.ENAMETOOLONG},
	{windows.ERROR_BUFFER_OVERFLOW, cloudabi.ENAMETOOLONG},
	{windows.ERROR_NOT_SAME_DEVICE, cloudabi.EXDEV},
	{windows.ERROR_WRITE_PROTECT, cloudabi.EROFS},
	{windows.ERROR_DISK_FULL, cloudabi.ENOSPC},
	{windows.ERROR_HANDLE_DISK_FULL, cloudabi.ENOSPC},
	{windows.ERROR_DISK_QUOTA_EXCEEDED, cloudabi.EDQUOT},
	{windows.ERROR_FILE_TOO_LARGE, cloudabi.EFBIG},
	{windows.ERROR_INVALID_HANDLE, cloudabi.EBADF},
	{windows.ERROR_TOO_MANY_LINKS, cloudabi.EMLINK},
	{windows.ERROR_TOO_MANY_OPEN_FILES, cloudabi.EMFILE},
	{windows.ERROR_NOT_ENOUGH_MEMORY, cloudabi.ENOMEM},
	{windows.ERROR_OUTOFMEMORY, cloudabi.ENOMEM},
	{windows.ERROR_CANT_RESOLVE_FILENAME, cloudabi.ELOOP},
	{windows.ERROR_NOT_SUPPORTED, cloudabi.ENOTSUP},
	{windows.ERROR_INVALID_FUNCTION, cloudabi.ENOTSUP},
	{windows.ERROR_CALL_NOT_IMPLEMENTED, cloudabi.ENOTSUP},
	{windows.ERROR_BROKEN_PIPE, cloudabi.EPIPE},
	{windows.ERROR_NO_DATA, cloudabi.EPIPE},
	{windows.ERROR_USER_MAPPED_FILE, cloudabi.ETXTBSY},
	{windows.ERROR_BUSY, cloudabi.EBUSY},
	{windows.ERROR_NO_UNICODE_TRANSLATION, cloudabi.EILSEQ},

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
	{syscall.EBADF, cloudabi.EBADF},
	{syscall.ENOSYS, cloudabi.ENOTSUP},
	{syscall.ENOTSUP, cloudabi.ENOTSUP},
	{syscall.EWINDOWS, cloudabi.ENOTSUP},
}
