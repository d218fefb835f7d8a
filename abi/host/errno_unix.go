//go:build unix || js || wasip1

package host

import (
	"syscall"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

var systemErrors = []known{
	{syscall.EPIPE, cloudabi.EPIPE},
	{syscall.ECONNRESET, cloudabi.ECONNRESET},
	{syscall.ECONNABORTED, cloudabi.ECONNABORTED},
	{syscall.ENOTCONN, cloudabi.ENOTCONN},
	{syscall.ETIMEDOUT, cloudabi.ETIMEDOUT},
	{syscall.ENOSPC, cloudabi.ENOSPC},
	{syscall.EDQUOT, cloudabi.EDQUOT},
	{syscall.EFBIG, cloudabi.EFBIG},
	{syscall.EBADF, cloudabi.EBADF},
	{syscall.EISDIR, cloudabi.EISDIR},
	{syscall.ENXIO, cloudabi.ENXIO},
	{syscall.EMFILE, cloudabi.ENFILE},
	{syscall.ENFILE, cloudabi.ENFILE},
}
