//go:build linux && amd64

package native

import (
	"runtime"
	"syscall"
	"unsafe"
)

// Available reports whether this host can run code.
const Available = true

// call runs code with RDI at b, keeping MXCSR and leaving an empty x87.
func call(code unsafe.Pointer, b *Block)

// Code is a compiled snippet.
type Code struct{ mem []byte }

// New makes the code executable; it is given a final RET and must not touch
// anything but RAX, RCX, RDX, the XMM and x87 registers, and the Block.
func New(code ...[]byte) *Code {
	mem, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE|syscall.PROT_EXEC, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		panic(err)
	}
	n := 0
	for _, c := range code {
		n += copy(mem[n:], c)
	}
	mem[n] = 0xc3
	c := &Code{mem}
	runtime.AddCleanup(c, func(m []byte) { _ = syscall.Munmap(m) }, mem)
	return c
}

// Run runs the code on b.
func (c *Code) Run(b *Block) {
	call(unsafe.Pointer(&c.mem[0]), b)
	runtime.KeepAlive(c)
}
