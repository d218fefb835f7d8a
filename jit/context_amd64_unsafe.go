//go:build linux && amd64

package jit

import (
	"sync/atomic"
	"unsafe"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

const (
	guardBytes = 4 << 10
	// recent is how many guest addresses a thread remembers the code of.
	recent = 64
)

// context is what a thread needs to run generated code: a host stack below a
// page that refuses accesses.
type context struct {
	memory []byte // guard, stack
	owner  *x86.State
	busy   bool   // owner is inside Run; guarded by engine.contextsMu
	epoch  uint64 // of what the stack and found say
	found  [recent]struct{ pc, host uint64 }
	ret    uint64 // the stub for returns
	counts counts
}

// stackBytes is the size of host stacks, for 8,000 calls.
func stackBytes(c rewrite.Convention) int {
	if c == rewrite.StateInRegister {
		return 64<<10 + rewrite.StackAhead
	}
	return 64 << 10
}

func newContext(convention rewrite.Convention) (*context, error) {
	m, err := mapStack(stackBytes(convention))
	if err != nil {
		return nil, err
	}
	return &context{memory: m}, nil
}

func (c *context) release() { unmapStack(c.memory) }

// reset empties the stack and forgets what was found.
func (c *context) reset(s *x86.State, ret uint64) {
	clear(c.found[:])
	c.ret = ret
	c.resetStack(s, ret)
}

// resetStack forgets all callers. What is left is the stub for returns.
func (c *context) resetStack(s *x86.State, ret uint64) {
	top := &c.memory[len(c.memory)-16]
	*(*uint64)(unsafe.Pointer(top)) = ret
	s.Context.HostSP = uint64(uintptr(unsafe.Pointer(top)))
}

// inGuard reports whether a host address is in the stack's guard.
func (c *context) inGuard(addr uint64) bool {
	low := uint64(uintptr(unsafe.Pointer(&c.memory[0])))
	return addr >= low && addr < low+guardBytes
}

// find returns the host address for a guest address, if the thread has been
// there lately.
func (c *context) find(pc uint64) (uint64, bool) {
	f := &c.found[pc%recent]
	return f.host, f.pc == pc && f.host != 0
}

func (c *context) put(pc, host uint64) {
	f := &c.found[pc%recent]
	f.pc, f.host = pc, host
}

func storeCode(p *uint32, v uint32) { atomic.StoreUint32(p, v) }
