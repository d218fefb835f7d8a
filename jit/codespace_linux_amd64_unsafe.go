//go:build linux && amd64

package jit

import (
	"fmt"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Code memory is one file in memory for the whole process, mapped twice: once
// to be written and once to be executed, so that no page is ever both and
// writing costs no system call. Engines take it in chunks; a chunk given back
// returns its memory to the host. That it is one range lets the signal handler
// tell generated code by its address.
const (
	codeBytes  = 1 << 30 // address space, not memory
	chunkBytes = 128 << 10
)

type codeMemory struct {
	file    *os.File
	exec    uintptr
	write   []byte
	mu      sync.Mutex
	free    []uint32 // chunks given back
	touched uint32   // chunks ever used
}

// code returns the process's code memory, and installs the signal handlers.
var code = sync.OnceValues(newCodeMemory)

func newCodeMemory() (*codeMemory, error) {
	if !hasFSGSBase() {
		return nil, fmt.Errorf("the host's kernel does not let programs set GS")
	}
	fd, err := unix.MemfdCreate("nuage-code", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("no memory file for code: %w", err)
	}
	f := os.NewFile(uintptr(fd), "memfd:nuage-code")
	if err := f.Truncate(codeBytes); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("no memory for code: %w", err)
	}
	write, err := unix.MmapPtr(fd, 0, nil, codeBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_NORESERVE)
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("mapping code memory: %w", err)
	}
	exec, err := unix.MmapPtr(fd, 0, nil, codeBytes, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_SHARED|unix.MAP_NORESERVE)
	if err != nil {
		_ = unix.MunmapPtr(write, codeBytes)
		_ = f.Close()
		return nil, fmt.Errorf("mapping code memory executable: %w", err)
	}
	c := &codeMemory{file: f, exec: uintptr(exec), write: unsafe.Slice((*byte)(write), codeBytes)}
	codeLow, codeSize = c.exec, codeBytes
	if err := installHandlers(); err != nil {
		return nil, err // the mappings stay: a handler may know them
	}
	return c, nil
}

// chunk returns the offset of a free chunk.
func (c *codeMemory) chunk() (int, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.free); n > 0 {
		k := c.free[n-1]
		c.free = c.free[:n-1]
		return int(k) * chunkBytes, true
	}
	if (int(c.touched)+1)*chunkBytes > codeBytes {
		return 0, false
	}
	c.touched++
	return int(c.touched-1) * chunkBytes, true
}

// release gives chunks back. No thread may be in them.
func (c *codeMemory) release(chunks []int) {
	for _, at := range chunks {
		// Without it the memory stays in use until the chunk is used again.
		_ = unix.Fallocate(int(c.file.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, int64(at), chunkBytes)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, at := range chunks {
		c.free = append(c.free, uint32(at/chunkBytes))
	}
}

// hasFSGSBase reports whether user code may use RDGSBASE and WRGSBASE.
func hasFSGSBase() bool {
	const atHWCAP2, fsgsbase = 26, 2
	aux, err := unix.Auxv()
	if err != nil {
		return false
	}
	for _, a := range aux {
		if a[0] == atHWCAP2 {
			return a[1]&fsgsbase != 0
		}
	}
	return false
}

// sigaction is the kernel's struct of rt_sigaction.
type sigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

// ourSignals are those that end generated code: the processor's exceptions,
// and the signal by which one thread takes another out.
var ourSignals = []unix.Signal{unix.SIGSEGV, unix.SIGBUS, unix.SIGFPE, unix.SIGILL, unix.SIGURG}

// installHandlers puts our handler before Go's. It stays for the life of the
// process.
func installHandlers() error {
	ours, _, _ := addresses()
	for _, sig := range ourSignals {
		var a sigaction
		if _, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), 0, uintptr(unsafe.Pointer(&a)), 8, 0, 0); e != 0 {
			return fmt.Errorf("reading the handler of %v: %w", sig, e)
		}
		if a.handler < 2 {
			return fmt.Errorf("no handler of Go for %v", sig)
		}
		oldHandlers[sig] = a.handler
		a.handler = ours
		if _, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&a)), 0, 8, 0, 0); e != 0 {
			return fmt.Errorf("installing a handler for %v: %w", sig, e)
		}
	}
	return nil
}

// patch writes an aligned word of code that other threads may execute.
func patch(code []byte, at int, v uint32) {
	storeCode((*uint32)(unsafe.Pointer(&code[at])), v)
}
