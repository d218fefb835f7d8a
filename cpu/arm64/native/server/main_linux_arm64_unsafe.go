//go:build linux && arm64

// Server executes aarch64 instructions for package native: see there.
//
// A page of code, written here word by word, loads all registers from the page
// behind it, executes the instruction, and stores all registers there again.
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

const (
	page  = 4096
	stack = 0x40 // where the page of data keeps what belongs to Go, behind the state

	offSP, offNZCV, offFPCR, offFPSR, offV = 248, 256, 264, 272, 288

	saved = int(unsafe.Sizeof(native.State{})) + stack
)

// assembler writes code.
type assembler struct {
	code []uint32
	base int // bytes from the start of the code to the data
}

func (a *assembler) emit(w uint32) { a.code = append(a.code, w) }

// data puts the address of the data into register r.
func (a *assembler) data(r uint32) {
	off := uint32(a.base - 4*len(a.code))
	a.emit(0x10000000 | off&3<<29 | off>>2<<5 | r)
}

func (a *assembler) ldr(t, n uint32, off int) { a.emit(0xf9400000 | uint32(off/8)<<10 | n<<5 | t) }
func (a *assembler) str(t, n uint32, off int) { a.emit(0xf9000000 | uint32(off/8)<<10 | n<<5 | t) }
func (a *assembler) ldrQ(t, n uint32, off int) {
	a.emit(0x3dc00000 | uint32(off/16)<<10 | n<<5 | t)
}
func (a *assembler) strQ(t, n uint32, off int) {
	a.emit(0x3d800000 | uint32(off/16)<<10 | n<<5 | t)
}
func (a *assembler) msr(reg, t uint32) { a.emit(0xd5100000 | reg<<5 | t) }
func (a *assembler) mrs(t, reg uint32) { a.emit(0xd5300000 | reg<<5 | t) }
func (a *assembler) toSP(n uint32)     { a.emit(0x91000000 | n<<5 | 31) }
func (a *assembler) fromSP(d uint32)   { a.emit(0x91000000 | 31<<5 | d) }
func (a *assembler) move(d, m uint32)  { a.emit(0xaa0003e0 | m<<16 | d) }
func (a *assembler) each(n int, f func(int)) {
	for i := range n {
		f(i)
	}
}

// System registers as MSR has them: o0 op1 CRn CRm op2.
const (
	nzcv  = 1<<14 | 3<<11 | 4<<7 | 2<<3
	fpcr  = 1<<14 | 3<<11 | 4<<7 | 4<<3
	fpsr  = fpcr | 1
	tpidr = 1<<14 | 3<<11 | 13<<7 | 2
)

// write returns the code and the index of the slot for the instruction.
func write() ([]uint32, int) {
	a := &assembler{base: page}
	a.data(1)
	a.str(28, 1, saved)
	a.str(29, 1, saved+8)
	a.str(30, 1, saved+16)
	a.fromSP(2)
	a.str(2, 1, saved+24)
	a.move(30, 1)
	for _, r := range [...][2]int{{offFPCR, fpcr}, {offFPSR, fpsr}, {offNZCV, nzcv}} {
		a.ldr(0, 30, r[0])
		a.msr(uint32(r[1]), 0)
	}
	a.each(32, func(i int) { a.ldrQ(uint32(i), 30, offV+16*i) })
	a.ldr(0, 30, offSP)
	a.toSP(0)
	a.each(31, func(i int) { a.ldr(uint32(i), 30, 8*i) })
	slot := len(a.code)
	a.emit(0)
	a.msr(tpidr, 30)
	a.data(30)
	a.each(30, func(i int) { a.str(uint32(i), 30, 8*i) })
	a.mrs(0, tpidr)
	a.str(0, 30, 8*30)
	a.fromSP(0)
	a.str(0, 30, offSP)
	for _, r := range [...][2]int{{offFPCR, fpcr}, {offFPSR, fpsr}, {offNZCV, nzcv}} {
		a.mrs(0, uint32(r[1]))
		a.str(0, 30, r[0])
	}
	a.each(32, func(i int) { a.strQ(uint32(i), 30, offV+16*i) })
	a.msr(fpcr, 31)
	a.ldr(0, 30, saved+24)
	a.toSP(0)
	a.ldr(28, 30, saved)
	a.ldr(29, 30, saved+8)
	a.ldr(30, 30, saved+16)
	a.emit(0xd65f03c0) // ret
	return a.code, slot
}

func mmap(addr uintptr, n int, prot, flags uintptr) unsafe.Pointer {
	p, _, errno := syscall.RawSyscall6(syscall.SYS_MMAP, addr, uintptr(n), prot, flags|syscall.MAP_PRIVATE|syscall.MAP_ANON, ^uintptr(0), 0)
	if errno != 0 {
		panic(errno)
	}
	return *(*unsafe.Pointer)(unsafe.Pointer(&p))
}

func main() {
	runtime.LockOSThread()
	pages := mmap(0, 2*page, syscall.PROT_READ|syscall.PROT_WRITE|syscall.PROT_EXEC, 0)
	const fixed = 0x10
	memPage := mmap(native.MemBase&^(page-1), page, syscall.PROT_READ|syscall.PROT_WRITE, fixed)
	mem := (*[native.MemSize]byte)(unsafe.Add(memPage, native.MemBase&(page-1)))
	code, slot := write()
	copy(unsafe.Slice((*uint32)(pages), page/4), code)
	place := (*uint32)(unsafe.Add(pages, 4*slot))
	state := (*native.State)(unsafe.Add(pages, page))
	raw := unsafe.Slice((*byte)(unsafe.Pointer(state)), unsafe.Sizeof(*state))

	in, out := bufio.NewReaderSize(os.Stdin, 1<<16), bufio.NewWriterSize(os.Stdout, 1<<16)
	var head [8]byte
	for {
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		if w := binary.LittleEndian.Uint32(head[:]); *place != w {
			*place = w
			flush(uintptr(unsafe.Pointer(place)))
		}
		for range binary.LittleEndian.Uint32(head[4:]) {
			if _, err := io.ReadFull(in, raw); err != nil {
				return
			}
			*mem = state.Mem
			call(uintptr(pages))
			state.Mem = *mem
			out.Write(raw)
		}
		out.Flush()
	}
}

// flush makes the processor see the code at addr.
func flush(addr uintptr)
