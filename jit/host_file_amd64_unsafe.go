//go:build amd64 && (linux || freebsd)

package jit

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// codeObject is the memory behind the two mappings: a file, or what Linux calls
// shared anonymous memory, if file is nil.
type codeObject struct{ file *os.File }

// mapCode makes code memory of a file that is memory, mapped twice with flags
// beside MAP_SHARED.
func mapCode(f *os.File, flags int) (*codeMemory, error) {
	if err := f.Truncate(codeBytes); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("no memory for code: %w", err)
	}
	write, err := unix.MmapPtr(int(f.Fd()), 0, nil, codeBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|flags)
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("mapping code memory: %w", err)
	}
	exec, err := unix.MmapPtr(int(f.Fd()), 0, nil, codeBytes, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_SHARED|flags)
	if err != nil {
		_ = unix.MunmapPtr(write, codeBytes)
		_ = f.Close()
		return nil, fmt.Errorf("mapping code memory executable: %w", err)
	}
	return &codeMemory{codeObject: codeObject{f}, exec: uintptr(exec), write: unsafe.Slice((*byte)(write), codeBytes)}, nil
}
