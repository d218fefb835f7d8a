// Package jit is where guest code becomes host code. [New] makes a translator
// for the threads of an address space; it is a [cpu.Engine] with the
// interpreter as its reference.
//
// There is one translator so far: x86-64 guests on amd64 hosts with Linux,
// Windows, FreeBSD or macOS, by rewriting operands. Start reading with package
// rewrite, which makes the code, then in thread_amd64.go with engine.Run, which
// runs it; codespace_amd64_unsafe.go is the memory it lies in,
// shared_amd64.go what engines have of one another, handover_amd64.go how a thread is taken out of it. What each host must do for
// that is in the files host_*, the ways in and out are in enter_*.s.
//
// # Hosts
//
// Linux lets programs have GS, which then points to the thread's State; signals
// have a stack of their own. Windows does neither: there the State is in a
// register, one more of the guest's registers is in the State, and calls make sure
// that the host stack has room for an exception (rewrite.Convention). The others,
// Linux before 5.9 and Options.Portable use that code too.
//
//	host             traps                 thread taken out by   tested
//	Linux            rt_sigaction          tgkill                always
//	Windows 10 1803  vectored handler      SuspendThread         under wine
//	FreeBSD          sigaction             thr_kill2             built, never run
//	macOS on Intel   libSystem's sigaction pthread_kill          built, never run
//
// Elsewhere, under Rosetta, where guest memory is not in the window form, and
// where code memory or a handler cannot be had, New says why not
// ([ErrUnavailable]), as nuage version --verbose does.
//
// # What a translator must keep
//
// At any Stop interpreter and translator have produced the same architectural
// state, the same Retired count (of metered code; free code counts nothing) and
// the same memory; cpu.State.Hash proves it. From that follow the rules for
// generated code:
//
//   - A memory operand is relative to the window or to the thread's state, and
//     its effective address is taken modulo 2^32.
//   - A refused access is reported with the exact program counter, address and
//     registers, as if nothing of the instruction had happened: the thread is
//     taken to the beginning of the instruction, which the interpreter runs.
//   - A branch lands on the start of an instruction that was translated, or on
//     a known stub; every other target goes through the dispatcher, for which
//     a program counter at or above the window's size is a fetch fault.
//   - What is translated is the current code. When it changes, all threads are
//     taken out of what was made from it before the change is over. Code that
//     memory.Space.Fetch calls volatile is the interpreter's.
//   - Registers and flags are live at calls and at the ends of blocks;
//     compilers use both across function boundaries.
//   - The thread can be taken out of generated code from outside.
//
// Two flavours of translation answer two needs: free code counts nothing and
// is interrupted from outside; metered code counts retired instructions and
// stops exactly, by leaving the last, partial run to the interpreter.
package jit

import (
	"errors"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/memory"
)

// ErrUnavailable says that there is no translator for the guest on this host,
// or that the host refuses what it needs. The interpreter does it all.
var ErrUnavailable = errors.New("no translator")

// Host says in a few words what sort of code New makes on this host, for people.
// It tries: the error is ErrUnavailable with the reason.
func Host() (string, error) {
	space, err := memory.New(memory.Options{})
	if err != nil {
		return "", err
	}
	defer func() { _ = space.Close() }()
	e, err := New(space, x86.NewInterpreter(space, x86.Options{}), Options{Metered: true})
	if err != nil {
		return "", err
	}
	return hostCode(), e.Close()
}

// SameFlags reports whether this host's processor leaves the flags that
// instructions leave undefined as the interpreter does: as Intel's do.
func SameFlags() bool { return sameFlags() }

// Options say how to translate. The zero value makes free code.
type Options struct {
	// Metered makes code that counts what it retires, so that Run keeps to a
	// budget exactly and Thread.Retired is right.
	Metered bool
	// EveryRun makes metered code look at each run of instructions up to a branch
	// whether the budget lasts, and not only where cycles close: so it leaves less
	// at a budget's end to the interpreter. A little slower; for package lockstep,
	// which has short budgets.
	EveryRun bool
	// Verify has package verify prove that each translation stays inside
	// before it is used. A thread that comes to code whose translation does
	// not pass stops with StopIllegal and the reason.
	Verify bool
	// Portable makes the code that works on every amd64 host where this one
	// would have faster code: to compare, and to test the other.
	Portable bool
	// Boundary, if not 0, is an address that no translation goes past: one that
	// begins before ends there. Package lockstep cuts translations with it to
	// find the instruction that is wrong.
	Boundary uint64
	// Emitted, if set, is told of all code that is made: where it is, how long,
	// and of what guest address; later code may lie where earlier code was. It
	// is called with the engine locked, so it must not use the engine.
	Emitted func(addr, size, pc uint64)
	// Closed, if set, is given the counts when the engine is closed.
	Closed func(Stats)
}

// New makes a translator for the threads of space, with the interpreter that it
// falls back to; Close closes that too. The error is ErrUnavailable with the
// reason.
func New(space *memory.Space, reference cpu.Engine, o Options) (cpu.Engine, error) {
	return newEngine(space, reference, o)
}
