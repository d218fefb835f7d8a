package elf

import (
	"math/bits"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

// PlaceThread prepares the stack of a thread that thread_create makes and
// returns its first registers (abi/startup.md sections 4.3 and 4.4). For the
// final generation it writes the thread control block, and on x86-64 the word
// that points to it, to the upper end of the stack; for older ones it writes
// nothing and checks that the upper end is writable.
//
// It fails with EFAULT if the stack is too small, runs past the end of memory
// or is not writable there. Lower parts of the stack and the entry point are
// not looked at: a bad one faults when the thread gets there.
func PlaceThread(space *memory.Space, arch cpu.Arch, gen Generation, attr cloudabi.Threadattr, tid cloudabi.Tid) (cpu.Start, error) {
	const least = 64 // control block, its pointer, alignment, and something to spare
	top, carry := bits.Add64(attr.Stack, attr.StackLen, 0)
	if carry != 0 || attr.StackLen < least {
		return cpu.Start{}, cloudabi.EFAULT
	}
	start := cpu.Start{PC: attr.EntryPoint, Args: [2]uint64{uint64(tid), attr.Argument}}
	w := &stackWriter{space: space, sp: top}
	if gen == Final {
		start.ThreadPointer = pushTCB(w, arch)
	} else {
		w.err = space.Access(enterFrame(arch, top)-8, 8, memory.Write, func([][]byte) error { return nil })
	}
	if w.err != nil {
		return cpu.Start{}, cloudabi.EFAULT
	}
	start.SP = enterFrame(arch, w.sp)
	return start, nil
}
