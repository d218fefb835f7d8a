//go:build freebsd && amd64

package jit

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/cpu/x86"
)

func newCodeMemory() (*codeMemory, error) {
	const anonymous = 1 // SHM_ANON
	fd, _, e := unix.Syscall(unix.SYS_SHM_OPEN, anonymous, unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if e != 0 {
		return nil, fmt.Errorf("no memory object for code: %w", e)
	}
	return mapCode(os.NewFile(fd, "shm:nuage-code"), 0)
}

// kickThread takes a thread out of generated code, if it is there and
// Context.Kick is set.
func kickThread(_ *x86.State, tid uint64, _ bool) {
	_, _, _ = unix.Syscall(unix.SYS_THR_KILL2, uintptr(unix.Getpid()), uintptr(tid), uintptr(unix.SIGURG)) // gone: so it is out
}

// sigaction is the system's structure.
type sigaction struct {
	handler uintptr
	flags   int32
	mask    [4]uint32
}

func action(sig unix.Signal, set, get *sigaction) error {
	if _, _, e := unix.RawSyscall(unix.SYS_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(get))); e != 0 {
		return e
	}
	return nil
}
