package host

import (
	"syscall"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// Numbers of Windows that package syscall has no names for.
const (
	errorDiskFull   = syscall.Errno(112)
	errorNoData     = syscall.Errno(232) // the pipe is being closed
	wsaConnAborted  = syscall.Errno(10053)
	wsaNotConnected = syscall.Errno(10057)
	wsaTimedOut     = syscall.Errno(10060)
	wsaMsgSize      = syscall.Errno(10040)
	wsaConnRefused  = syscall.Errno(10061)
	wsaHostUnreach  = syscall.Errno(10065)
	wsaNetUnreach   = syscall.Errno(10051)
)

var systemErrors = []known{
	{syscall.ERROR_BROKEN_PIPE, cloudabi.EPIPE},
	{errorNoData, cloudabi.EPIPE},
	{syscall.WSAECONNRESET, cloudabi.ECONNRESET},
	{wsaConnAborted, cloudabi.ECONNABORTED},
	{wsaNotConnected, cloudabi.ENOTCONN},
	{wsaTimedOut, cloudabi.ETIMEDOUT},
	{wsaMsgSize, cloudabi.EMSGSIZE},
	{wsaConnRefused, cloudabi.ECONNREFUSED},
	{wsaHostUnreach, cloudabi.EHOSTUNREACH},
	{wsaNetUnreach, cloudabi.ENETUNREACH},
	{errorDiskFull, cloudabi.ENOSPC},
}
