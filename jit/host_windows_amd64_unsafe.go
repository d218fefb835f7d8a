//go:build windows && amd64

package jit

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/nuage-emu/nuage/cpu/x86"
)

// What the engine needs of a host, on Windows: code memory, tables, stacks, a
// handler of exceptions, and a way to take a thread out of generated code. The
// system pushes the frames of exceptions onto the stack in use, so the host
// stack always has room for one (rewrite.StackAhead).

// codeObject is the section behind the two mappings, committed in chunks.
type codeObject struct{ committed map[int]bool }

const secReserve = 0x4000000

func newCodeMemory() (*codeMemory, error) {
	section, err := windows.CreateFileMapping(windows.InvalidHandle, nil, windows.PAGE_EXECUTE_READWRITE|secReserve, 0, codeBytes, nil)
	if section == 0 {
		return nil, fmt.Errorf("no memory for code: %w", err)
	}
	defer func() { _ = windows.CloseHandle(section) }() // the views keep it
	write, err := windows.MapViewOfFile(section, windows.FILE_MAP_WRITE, 0, 0, codeBytes)
	if err != nil {
		return nil, fmt.Errorf("mapping code memory: %w", err)
	}
	exec, err := windows.MapViewOfFile(section, windows.FILE_MAP_READ|windows.FILE_MAP_EXECUTE, 0, 0, codeBytes)
	if err != nil {
		_ = windows.UnmapViewOfFile(write)
		return nil, fmt.Errorf("mapping code memory executable: %w", err)
	}
	return &codeMemory{codeObject: codeObject{make(map[int]bool)}, exec: exec, write: hostBytes(write, codeBytes)}, nil
}

// hostBytes is memory of the host: the conversion that vet cannot know to be
// right.
func hostBytes(addr uintptr, n int) []byte {
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&addr)), n)
}

// use makes a chunk accessible, in both mappings.
func (c *codeMemory) use(at int) bool {
	if !c.committed[at] {
		_, err := windows.VirtualAlloc(uintptr(unsafe.Pointer(&c.write[at])), chunkBytes, windows.MEM_COMMIT, windows.PAGE_READWRITE)
		if err != nil {
			return false
		}
		c.committed[at] = true
	}
	return true
}

// kickSignal in Context.Signal says that the thread is wanted elsewhere;
// otherwise that is the code of an exception.
const kickSignal = uint64(0)

// kicking guards against threads that suspend each other.
var kicking sync.Mutex

// kickThread takes a thread out of generated code, if it is there and
// Context.Kick is set: it suspends the thread and looks where it is. Between
// that and its resumption nothing of Go's may run, since the thread may hold any
// lock; so all of it is in assembly, which Go takes for a function of the
// system's.
func kickThread(s *x86.State, tid uint64, _ bool) {
	const suspendResume, getContext, setContext = 2, 8, 16
	h, err := windows.OpenThread(suspendResume|getContext|setContext, false, uint32(tid))
	if err != nil {
		return // gone: so it is out
	}
	kicking.Lock()
	_, _, _ = syscall.SyscallN(redirector(), uintptr(h), uintptr(unsafe.Pointer(s)), uintptr(tid))
	kicking.Unlock()
	_ = windows.CloseHandle(h)
	runtime.KeepAlive(s)
}

// For the assembly.
var suspendThread, getThreadContext, setThreadContext, resumeThread uintptr

// redirector and handler return the addresses of functions in the system's
// calling convention.
func redirector() uintptr

func handler() uintptr

// installHandlers puts our handler of exceptions before Go's. It stays for the
// life of the process.
func installHandlers() error {
	kernel := windows.NewLazySystemDLL("kernel32.dll")
	for _, p := range []struct {
		name string
		addr *uintptr
	}{
		{"SuspendThread", &suspendThread}, {"GetThreadContext", &getThreadContext},
		{"SetThreadContext", &setThreadContext}, {"ResumeThread", &resumeThread},
	} {
		proc := kernel.NewProc(p.name)
		if err := proc.Find(); err != nil {
			return err
		}
		*p.addr = proc.Addr()
	}
	add := kernel.NewProc("AddVectoredExceptionHandler")
	if err := add.Find(); err != nil {
		return err
	}
	const first = 1
	if h, _, err := add.Call(first, handler()); h == 0 {
		return fmt.Errorf("installing a handler of exceptions: %w", err)
	}
	return nil
}

// mapStack returns a host stack of n bytes behind guardBytes that refuse
// accesses.
func mapStack(n int) ([]byte, error) {
	p, err := windows.VirtualAlloc(0, uintptr(guardBytes+n), windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		return nil, err
	}
	m := hostBytes(p, guardBytes+n)
	var old uint32
	if err := windows.VirtualProtect(p, guardBytes, windows.PAGE_NOACCESS, &old); err != nil {
		unmapStack(m)
		return nil, err
	}
	return m, nil
}

func unmapStack(m []byte) {
	_ = windows.VirtualFree(uintptr(unsafe.Pointer(&m[0])), 0, windows.MEM_RELEASE) // nothing to do about it
}

// place puts a blank table at m, which package memory has reserved for it.
func (o tableObject) place(m []byte) error {
	if _, err := windows.VirtualAlloc(uintptr(unsafe.Pointer(&m[0])), uintptr(len(m)), windows.MEM_COMMIT, windows.PAGE_READWRITE); err != nil {
		return err
	}
	o.fill(m)
	return nil
}
