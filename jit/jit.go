// Package jit is where guest code becomes host code. It holds the contract of
// that work; there is no translator in it yet, and nothing outside asks for
// one: [github.com/nuage-emu/nuage.AutoEngine] is the interpreter.
//
// # What a translator must keep
//
// A translator is a [cpu.Engine], and the interpreter is its reference. At any
// Stop the two have produced the same architectural state, the same Retired
// count and the same memory; cpu.State.Hash proves it. From that follow the
// rules for generated code:
//
//   - A memory operand is relative to the window or to the thread's state, and
//     its effective address is taken modulo 2^32.
//   - A refused access is reported with the exact program counter, address and
//     registers, as if nothing of the instruction had happened.
//   - A branch lands on the start of an instruction that was translated, or on
//     a known stub; every other target goes through the dispatcher, for which
//     a program counter at or above the window's size is a fetch fault.
//   - What is translated is the current code: translations carry the space's
//     CodeVersion, and code that memory.Space.Fetch calls volatile is compared
//     with what it was made from each time it is entered.
//   - Registers and flags are live at calls and at the ends of blocks unless
//     proven otherwise; compilers use both across function boundaries.
//   - Thread.Pending is looked at in every loop, or the thread can be taken out
//     of generated code from outside within milliseconds.
//
// Two flavours of translation answer two needs: free code counts nothing and
// is interrupted from outside; metered code counts retired instructions per
// block and stops exactly, by leaving the last, partial block to the
// interpreter. What is not translated is run by the interpreter, one
// instruction at a time, on the same state.
package jit

import (
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

// Factory makes a translator for the threads of an address space, with the
// interpreter it falls back to and is compared with.
type Factory func(space *memory.Space, reference cpu.Engine) (cpu.Engine, error)
