//go:build linux || windows || freebsd || darwin

package jit

import (
	"sync"

	"github.com/nuage-emu/nuage/jit/asm/amd64"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// The gate is where the stack pointer becomes that of the host stack and the
// goroutine's again, for rewrite.StateInRegister. It lies in code memory, before
// the generated code, and not among Go's functions: Go's profiler takes a
// function of its own that is not on a stack of its own for one on a stack that
// it must walk (on Windows, that ends the process).
//
// enterPortable calls it, so that the address to go back to is on the
// goroutine's stack. It changes no flags.
type gate struct {
	in      uintptr // to generated code at Context.Target
	trapped uintptr // where a thread is sent that is taken out of generated code
	// out is where generated code goes to leave, by the reason. The table of
	// indirect targets leads to that of ExitIndirect for a target it does not have.
	out [len(rewrite.WaysOut) + 1]uintptr
}

// The gate of the process, which assembly knows.
var gateIn, gateTrapped uintptr

// portableGate is made when it is first wanted, by whoever has code memory.
var portableGate = sync.OnceValue(func() gate {
	c, err := code()
	if err != nil {
		panic(err) // nobody has it
	}
	text, g := assembleGate(c.exec)
	copy(c.write, text)
	gateIn, gateTrapped = g.in, g.trapped
	return g
})

// assembleGate makes the gate for a place in memory.
func assembleGate(at uintptr) ([]byte, gate) {
	a := &amd64.Asm{}
	state := func(off int32) amd64.Mem { return amd64.At(rewrite.RegisterState, off) }
	here := func() uintptr { return at + uintptr(a.Len()) }
	// each calls f for the registers that generated code has and their places.
	each := func(f func(r amd64.Reg, m amd64.Mem)) {
		for r := range 16 {
			if h, ok := rewrite.StateInRegister.HostRegister(r); ok {
				f(h, state(rewrite.OffR+8*int32(r)))
			}
		}
		f(rewrite.RegisterT0, state(rewrite.OffT0))
		f(rewrite.RegisterT1, state(rewrite.OffT1))
	}
	var g gate
	out := a.NewLabel()

	g.in = here()
	a.Store64(state(rewrite.OffGoSP), amd64.RSP)
	a.Load64(amd64.RSP, state(rewrite.OffHostSP))
	each(func(r amd64.Reg, m amd64.Mem) { a.Load64(r, m) })
	a.Load64(rewrite.RegisterBase, state(rewrite.OffBase))
	a.JmpMem(state(rewrite.OffTarget))

	for _, reason := range rewrite.WaysOut {
		g.out[reason] = here()
		if reason == rewrite.ExitDirect { // it was called
			a.Load64(rewrite.RegisterT1, amd64.At(amd64.RSP, 0))
			a.Lea64(amd64.RSP, amd64.At(amd64.RSP, 8))
		}
		a.Store32Imm(state(rewrite.OffReason), reason)
		a.Jmp(out)
	}

	g.trapped = here()
	a.Store32Imm(state(rewrite.OffReason), rewrite.ExitTrap)

	a.Bind(out)
	each(func(r amd64.Reg, m amd64.Mem) { a.Store64(m, r) })
	a.Store64(state(rewrite.OffHostSP), amd64.RSP)
	a.Load64(amd64.RSP, state(rewrite.OffGoSP))
	a.Ret()
	a.Link()
	return a.Code, g
}
