//go:build amd64 && (linux || windows || freebsd || darwin)

package jit

import (
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// guardBytes is what refuses accesses below a host stack.
const guardBytes = 4 << 10

// vdsoBytes is what is left of a host stack at least when the host's vDSO is
// called on it, which needs some hundred.
const vdsoBytes = 8 << 10

// recent is how many guest addresses a thread remembers the code of.
const recent = 64

// context is what a thread needs to run generated code: a host stack below a
// page that refuses accesses. An engine lends them to its threads.
type context struct {
	memory []byte // guard, stack
	owner  atomic.Pointer[thread]
	// found is the code of guest addresses where the owner has been lately. It
	// writes to it with engine.mu held, as whoever takes the context has it.
	found  [recent]struct{ pc, host uint64 }
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
	n := stackBytes(convention)
	if m := spareStacks.take(n); m != nil {
		return &context{memory: m}, nil
	}
	m, err := mapStack(n)
	if err != nil {
		return nil, err
	}
	return &context{memory: m}, nil
}

func (c *context) release() {
	if !spareStacks.give(c.memory) {
		unmapStack(c.memory)
	}
}

// spareStacks are stacks that no thread has: the next one need not map its own,
// nor unmap it, for which the host has to interrupt all processors.
var spareStacks stackList

// maxSpareStacks bounds their memory, which may be all of it.
const maxSpareStacks = 16

type stackList struct {
	mu   sync.Mutex
	list [][]byte // guard, stack
}

// take returns a stack of n bytes, or nil.
func (l *stackList) take(n int) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.list) - 1; i >= 0; i-- {
		if m := l.list[i]; len(m) == guardBytes+n {
			l.list = slices.Delete(l.list, i, i+1)
			return m
		}
	}
	return nil
}

func (l *stackList) give(m []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) >= maxSpareStacks {
		return false
	}
	l.list = append(l.list, m)
	return true
}

// resetStack forgets all callers. What is left is the stub for returns.
func (c *context) resetStack(s *x86.State, ret uint64) {
	top := &c.memory[len(c.memory)-16]
	*(*uint64)(unsafe.Pointer(top)) = ret
	s.Context.HostSP = uint64(uintptr(unsafe.Pointer(top)))
	s.Context.StackLow = uint64(uintptr(unsafe.Pointer(&c.memory[guardBytes+vdsoBytes])))
}

// inGuard reports whether a host address is in the stack's guard.
func (c *context) inGuard(addr uint64) bool {
	low := uint64(uintptr(unsafe.Pointer(&c.memory[0])))
	return addr >= low && addr < low+guardBytes
}
