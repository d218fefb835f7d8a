//go:build darwin && amd64

package jit

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/cpu/x86"
)

// Functions of the system are called by way of its library, as package syscall
// does. The assembly has the addresses of what jumps to them.

//go:cgo_import_dynamic libc_sigaction sigaction "/usr/lib/libSystem.B.dylib"
//go:cgo_import_dynamic libc_pthread_kill pthread_kill "/usr/lib/libSystem.B.dylib"
//go:cgo_import_dynamic libc_task_self_trap task_self_trap "/usr/lib/libSystem.B.dylib"
//go:cgo_import_dynamic libc_mach_vm_remap mach_vm_remap "/usr/lib/libSystem.B.dylib"

var sigactionAddr, pthreadKillAddr, taskSelfAddr, remapAddr uintptr

//go:linkname libraryCall syscall.syscall
func libraryCall(fn, a1, a2, a3 uintptr) (r1, r2 uintptr, err syscall.Errno)

// codeObject has nothing to hold: the mappings are the memory.
type codeObject struct{}

// remap is the arguments of mach_vm_remap, which makes a second mapping of
// memory.
type remap struct {
	task                  uintptr
	address               *uintptr
	size, mask, flags     uintptr
	from                  uintptr // task
	source                uintptr
	copy                  uintptr
	protection, strongest *int32
	inherit               uintptr
}

func newCodeMemory() (*codeMemory, error) {
	if on, err := unix.SysctlUint32("sysctl.proc_translated"); err == nil && on == 1 {
		return nil, errors.New("this process is itself translated, by Rosetta, which cannot be relied on to see that code has changed")
	}
	write, err := unix.MmapPtr(-1, 0, nil, codeBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("mapping code memory: %w", err)
	}
	const anywhere, inheritNone = 1, 2
	var address uintptr
	var protections [2]int32
	task, _, _ := libraryCall(taskSelfAddr, 0, 0, 0)
	a := &remap{
		task: task, address: &address, size: codeBytes, flags: anywhere, from: task, source: uintptr(write),
		protection: &protections[0], strongest: &protections[1], inherit: inheritNone,
	}
	if r, _, _ := libraryCall(remapAddr, uintptr(unsafe.Pointer(a)), 0, 0); uint32(r) != 0 {
		_ = unix.MunmapPtr(write, codeBytes)
		return nil, fmt.Errorf("mapping code memory a second time: mach error %d", uint32(r))
	}
	exec := unsafe.Slice(*(**byte)(unsafe.Pointer(&address)), codeBytes)
	if err := unix.Mprotect(exec, unix.PROT_READ|unix.PROT_EXEC); err != nil {
		_ = unix.MunmapPtr(write, codeBytes)
		_ = unix.MunmapPtr(unsafe.Pointer(&exec[0]), codeBytes)
		return nil, fmt.Errorf("making code memory executable: %w", err)
	}
	return &codeMemory{exec: address, write: unsafe.Slice((*byte)(write), codeBytes)}, nil
}

// kickThread takes a thread out of generated code, if it is there and
// Context.Kick is set. Its number is the address that pthread_self returns.
func kickThread(_ *x86.State, tid uint64, _ bool) {
	_, _, _ = libraryCall(pthreadKillAddr, uintptr(tid), uintptr(unix.SIGURG), 0) // gone: so it is out
}

// sigaction is the system's structure.
type sigaction struct {
	handler uintptr
	mask    uint32
	flags   int32
}

// actions is where the library finds what it is given: memory that stays where
// it is.
var actions struct {
	sync.Mutex
	set, get sigaction
}

func action(sig unix.Signal, set, get *sigaction) error {
	actions.Lock()
	defer actions.Unlock()
	var from, to uintptr
	if set != nil {
		actions.set = *set
		from = uintptr(unsafe.Pointer(&actions.set))
	}
	if get != nil {
		to = uintptr(unsafe.Pointer(&actions.get))
	}
	if r, _, e := libraryCall(sigactionAddr, uintptr(sig), from, to); int32(r) != 0 {
		return e
	}
	if get != nil {
		*get = actions.get
	}
	return nil
}
