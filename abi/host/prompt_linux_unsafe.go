//go:build linux

package host

import (
	"syscall"
	"unsafe"
)

// writesRaw says that Go's scheduler does not know of prompt writes, so that they
// must not wait even if others meddle: a pipe must be one that reopen has opened.
const writesRaw = true

// writePromptly is write(2) without telling Go's scheduler, which takes longer
// than some writes do. Nothing in it waits: the descriptor is non-blocking or
// drops what it gets, and p is short.
func writePromptly(fd int, p []byte) bool {
	r, _, e := syscall.RawSyscall6(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), 0, 0, 0)
	return e == 0 && int(r) == len(p)
}
