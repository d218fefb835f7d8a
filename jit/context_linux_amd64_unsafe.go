//go:build linux && amd64

package jit

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/cpu/x86"
)

// target is an entry of a thread's table of indirect targets.
type target struct {
	key  uint64 // negated guest address
	host uint64
}

const (
	stackBytes = 64 << 10
	guardBytes = 4 << 10
	tableBytes = 1 << 16 * 16
)

// context is what a thread needs to run generated code: a host stack below a
// page that refuses accesses, and the table of indirect targets. Only the
// thread itself, outside generated code, writes the table.
type context struct {
	memory []byte // guard, stack, table
	owner  *x86.State
	busy   bool   // owner is inside Run; guarded by Engine.contextsMu
	epoch  uint64 // of what stack and table say
	used   []uint16
	ret    uint64 // the stub for returns
}

func newContext() (*context, error) {
	p, err := unix.MmapPtr(-1, 0, nil, guardBytes+stackBytes+tableBytes, unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return nil, err
	}
	c := &context{memory: unsafe.Slice((*byte)(p), guardBytes+stackBytes+tableBytes)}
	if err := unix.Mprotect(c.memory[:guardBytes], unix.PROT_NONE); err != nil {
		c.release()
		return nil, err
	}
	return c, nil
}

func (c *context) release() {
	_ = unix.MunmapPtr(unsafe.Pointer(&c.memory[0]), uintptr(len(c.memory))) // nothing to do about it
}

func (c *context) table() *[1 << 16]target {
	return (*[1 << 16]target)(unsafe.Pointer(&c.memory[guardBytes+stackBytes]))
}

// reset empties stack and table.
func (c *context) reset(s *x86.State, ret uint64) {
	t := c.table()
	for _, i := range c.used {
		t[i] = target{}
	}
	c.used, c.ret = c.used[:0], ret
	t[0].key = 1 // matches no address that is looked for here
	s.Context.Table = uint64(uintptr(unsafe.Pointer(t)))
	c.resetStack(s, ret)
}

// resetStack forgets all callers. What is left is the stub for returns.
func (c *context) resetStack(s *x86.State, ret uint64) {
	top := &c.memory[guardBytes+stackBytes-16]
	*(*uint64)(unsafe.Pointer(top)) = ret
	s.Context.HostSP = uint64(uintptr(unsafe.Pointer(top)))
}

// forgetTargets makes every indirect jump of the thread, which is not in
// generated code but may have to go on there, leave. The host addresses stay:
// it may be between the comparison and the jump.
func (c *context) forgetTargets() {
	t := c.table()
	for _, i := range c.used {
		t[i].key = 0
	}
	t[0].key = 1
}

// inGuard reports whether a host address is in the stack's guard.
func (c *context) inGuard(addr uint64) bool {
	low := uint64(uintptr(unsafe.Pointer(&c.memory[0])))
	return addr >= low && addr < low+guardBytes
}

// find returns the host address for a guest address, if the table has it.
func (c *context) find(pc uint64) (uint64, bool) {
	e := &c.table()[uint16(pc)]
	return e.host, e.key == -pc && e.host != 0
}

func (c *context) put(pc, host uint64) {
	i := uint16(pc)
	e := &c.table()[i]
	if e.host == 0 {
		c.used = append(c.used, i)
	}
	*e = target{-pc, host}
}

func storeCode(p *uint32, v uint32) { atomic.StoreUint32(p, v) }
