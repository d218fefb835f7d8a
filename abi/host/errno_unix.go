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
	{syscall.ECONNREFUSED, cloudabi.ECONNREFUSED},
	{syscall.EDESTADDRREQ, cloudabi.EDESTADDRREQ},
	{syscall.EMSGSIZE, cloudabi.EMSGSIZE},
	{syscall.ENETUNREACH, cloudabi.ENETUNREACH},
	{syscall.EHOSTUNREACH, cloudabi.EHOSTUNREACH},
	{syscall.ENOBUFS, cloudabi.ENOBUFS},
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
