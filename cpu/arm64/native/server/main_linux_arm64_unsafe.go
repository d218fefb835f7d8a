//go:build linux && arm64

// Server executes aarch64 instructions for package native: see there. It does
// what it is told: the code comes with each batch.
package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"github.com/nuage-emu/nuage/cpu/arm64/native"
)

// call calls code; see call_linux_arm64.s.
func call(code uintptr)

// flush makes the processor see the code at addr.
func flush(addr uintptr)

const page = 4096

// mmap maps n bytes at addr, and returns them.
func mmap(addr uintptr, n int, prot uintptr) []byte {
	const fixed = 0x10
	p, _, errno := syscall.RawSyscall6(syscall.SYS_MMAP, addr, uintptr(n), prot, fixed|syscall.MAP_PRIVATE|syscall.MAP_ANON, ^uintptr(0), 0)
	if errno != 0 {
		panic(errno)
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&p)), n)
}

// handle sends signals to the code of the batch.
func handle(signals ...uintptr) {
	const onStack, restart = 0x08000000, 0x10000000
	action := struct{ handler, flags, restorer, mask uintptr }{handler: native.HandlerAt, flags: onStack | restart | 4}
	for _, s := range signals {
		_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, s, uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
		if errno != 0 {
			panic(errno)
		}
	}
}

func protect(addr uintptr, prot uintptr) {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_MPROTECT, addr, page, prot); errno != 0 {
		panic(errno)
	}
}

func fill(p []byte, addr uint64) {
	for i := range p {
		p[i] = native.EdgeByte(addr + uint64(i))
	}
}

func main() {
	runtime.LockOSThread()
	const rw = syscall.PROT_READ | syscall.PROT_WRITE
	code := mmap(native.CodeBase, native.CodeSize, rw|syscall.PROT_EXEC)
	data := mmap(native.CodeBase+native.CodeSize, page, rw)
	common := data[native.CommonAt-native.CodeBase-native.CodeSize:][:native.CommonSize]
	records := mmap(native.RecordBase, native.MaxRecords*native.RecordSize, rw)
	edge := mmap(native.Edge-page, page, rw)
	guard := mmap(native.Guard-page, page, rw)
	fill(guard, native.Guard-page)
	protect(native.Guard-page, syscall.PROT_READ)
	handle(uintptr(syscall.SIGSEGV), uintptr(syscall.SIGBUS), uintptr(syscall.SIGILL), uintptr(syscall.SIGTRAP))

	in, out := bufio.NewReaderSize(os.Stdin, 1<<16), bufio.NewWriterSize(os.Stdout, 1<<16)
	var head [16]byte
	for {
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		n := 4 * binary.LittleEndian.Uint32(head[:])
		used := records[:binary.LittleEndian.Uint32(head[8:])]
		for _, p := range [][]byte{code[:n], common, used} {
			if _, err := io.ReadFull(in, p); err != nil {
				return
			}
		}
		for at := uint32(0); at < n; at += 64 {
			flush(native.CodeBase + uintptr(at))
		}
		if head[4] != 0 {
			fill(edge, native.Edge-page)
		}
		call(native.CodeBase)
		out.Write(common)
		out.Write(used)
		out.Flush()
	}
}
