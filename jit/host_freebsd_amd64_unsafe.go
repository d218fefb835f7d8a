//go:build freebsd && amd64

package jit

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/cpu/x86"
)

// codeObject is the shared memory behind the two mappings.
type codeObject struct{ file *os.File }

func newCodeMemory() (*codeMemory, error) {
	const anonymous = 1 // SHM_ANON
	fd, _, e := unix.Syscall(unix.SYS_SHM_OPEN, anonymous, unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if e != 0 {
		return nil, fmt.Errorf("no memory object for code: %w", e)
	}
	f := os.NewFile(fd, "shm:nuage-code")
	if err := unix.Ftruncate(int(fd), codeBytes); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("no memory for code: %w", err)
	}
	write, err := unix.MmapPtr(int(fd), 0, nil, codeBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("mapping code memory: %w", err)
	}
	exec, err := unix.MmapPtr(int(fd), 0, nil, codeBytes, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_SHARED)
	if err != nil {
		_ = unix.MunmapPtr(write, codeBytes)
		_ = f.Close()
		return nil, fmt.Errorf("mapping code memory executable: %w", err)
	}
	return &codeMemory{codeObject: codeObject{f}, exec: uintptr(exec), write: unsafe.Slice((*byte)(write), codeBytes)}, nil
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
