// Package cpu says what a guest processor is: the state of one guest thread,
// the engine that runs it, and the reasons for which an engine stops.
//
// The package holds the contract only. The instruction sets live in the
// folders below it (x86 for x86-64); start reading there with the package
// comment, and here with [Engine]. Nothing in this package or below it knows
// what the host is.
//
// # Addresses
//
// A guest address space is a window below [memory.Space.Size]. The effective
// address of every data access is taken modulo 2^32, in every engine alike. An
// instruction fetch does not alias: a program counter at or above the window's
// size is a fetch fault at that very address.
package cpu

import (
	"fmt"
	"io"
	"math"
	"sync/atomic"

	"github.com/nuage-emu/nuage/memory"
)

// Arch is a guest instruction set.
type Arch uint8

// The guest instruction sets.
const (
	X86_64 Arch = iota + 1
	AArch64
)

// String returns the name by which the ABI documents call the instruction set.
func (a Arch) String() string {
	switch a {
	case X86_64:
		return "x86-64"
	case AArch64:
		return "aarch64"
	}
	return fmt.Sprintf("Arch(%d)", uint8(a))
}

// Start is what a new thread finds in its registers. Everything not named
// here is zero or has the reset value of abi/startup.md section 3.
type Start struct {
	PC            uint64
	SP            uint64
	ThreadPointer uint64    // x86-64: FS base; aarch64: TPIDR_EL0
	Args          [2]uint64 // x86-64: rdi, rsi; aarch64: x0, x1
}

// State is the architectural state of one guest thread. A State belongs to
// the goroutine that runs the thread; none of its methods may be called while
// an engine is inside Run with it.
type State interface {
	Arch() Arch

	// Reset gives every register its initial value for a new thread.
	Reset(Start)

	PC() uint64
	SetPC(uint64)
	SP() uint64

	ThreadPointer() uint64
	SetThreadPointer(uint64)

	// Trap reads the registers of a system call at trap level (abi/startup.md
	// section 7): the number and the arguments that travel in registers, in
	// the order of the call's inputs. Args holds Regs meaningful entries; a
	// stub of the vDSO keeps the C calling convention's order, and arguments
	// beyond Regs are found on the stack at SP()+8 and up.
	// It overwrites all of t.
	Trap(t *Trap)

	// SetResult writes the n-th result register (0: rax or x0; 1: rdx or x1).
	SetResult(n int, value uint64)

	// SetCarry sets or clears the error indication of the trap convention.
	SetCarry(bool)

	// Hash folds the complete architectural state (flags materialised) into
	// 64 bits; equal states have equal hashes on every host.
	Hash() uint64

	// Clone returns an independent copy, as fork and checkpoints need it.
	Clone() State

	// Dump writes the registers for people, a few to a line.
	Dump(io.Writer)
}

// Trap is what the registers say at a system call.
type Trap struct {
	Number uint64
	Args   [8]uint64
	Regs   int // how many entries of Args the instruction set passes in registers
}

// Environment is what instructions may ask of the world outside: the part of
// the kernel's Host seam that is reachable without a system call. It is called
// on the goroutine that runs the thread.
type Environment interface {
	// Cycles is the value of the time-stamp counter (RDTSC, CNTVCT_EL0).
	Cycles() uint64
	// Entropy returns 64 random bits (RDRAND, RDSEED).
	Entropy() uint64
}

// Kernel answers system calls without the engine's stopping.
type Kernel interface {
	// Syscall answers a system call; pc is what Stop.PC would be. If it returns
	// true the thread goes on; otherwise Run returns StopInterrupt at once, and
	// looks neither at Thread.State, which may be another one by then, nor at
	// anything that belongs to the space.
	Syscall(pc uint64) (goOn bool)
}

// Clock is a system call that reads a clock of the host: argument 0, of which
// the lower 32 bits count, says which, argument 2 is where the time is stored, 8
// bytes of nanoseconds, and result 0 becomes 0. Whenever there is anything to it
// (another clock, an address that is refused), it is a system call like others.
type Clock struct {
	PC     uint64 // of the instruction
	Number uint64 // as in Trap
	// Arguments for the host's monotonic clock, in Go's run time's count, with
	// Offset added to it, and for the time since 1970.
	Monotonic, Realtime uint64
	Offset              uint64
}

// Write is a system call that writes to a descriptor of the host: argument 0, of
// which the lower 32 bits count, says to which, argument 1 is where a list of
// pieces of memory is, 8 bytes of address and 8 of length each, argument 2 how
// many they are, and argument 3 where the number of bytes written is stored, 8
// bytes; then result 0 becomes 0. Whenever there is anything to it (several pieces,
// another descriptor, a piece that is refused, an error of the host), it is a
// system call like others.
//
// Who makes a Plan sees to it that a write to Host neither waits nor is more than
// a write while the plan holds; and who ends it, by another value of Current, waits
// until nobody is at it ([Write.Busy]) before Host may be closed.
type Write struct {
	PC      uint64 // of the instruction
	Number  uint64 // as in Trap
	Most    uint64 // bytes
	Refused uint64 // result 0 if there is no storing the number of bytes

	Plan    uint64         // the value of Current for which FD and Host hold; 0: for none
	FD      uint64         // argument 0
	Host    uint64         // the host's descriptor
	Current *atomic.Uint64 // not nil if there is a Plan

	// Under is the Plan that a write under way relies on, else 0. An engine sets
	// it before it looks at Current.
	Under atomic.Uint64
	Made  uint64 // calls that were answered
}

// Busy reports whether a write is under way by a plan from before Current had
// this value. It may be called from any goroutine.
func (w *Write) Busy(current uint64) bool {
	under := w.Under.Load()
	return under != 0 && under < current
}

// Thread is one guest thread as an engine sees it.
type Thread struct {
	State State
	Env   Environment

	// Retired counts the guest instructions completed since the thread began.
	// It is exact at every Stop: an instruction that faulted is not in it, a
	// system call instruction is, and each REP iteration is not.
	Retired uint64

	// Local is for the engine: whatever it keeps per thread.
	Local any

	// Clock, if set, is a system call that an engine may answer itself in a Run
	// without a budget. It does not change while there is State.
	Clock *Clock

	// Write is another one, of which the same is true. The thread itself may make
	// another plan in Kernel and between two Runs.
	Write *Write

	// Kernel, if set, may be asked by an engine instead of stopping with
	// StopSyscall, at any time of a Run without a budget.
	Kernel Kernel

	pending atomic.Uint32
	kick    atomic.Pointer[func()]
}

// Interrupt makes the current or, if none is running, the next Run stop with
// [StopInterrupt]. It may be called from any goroutine, any number of times.
func (t *Thread) Interrupt() {
	t.pending.Store(1)
	if kick := t.kick.Load(); kick != nil {
		(*kick)()
	}
}

// OnInterrupt makes Interrupt call kick too, or nothing more if kick is nil.
// Engines whose code does not look at Pending need it. kick is called on the
// goroutine that interrupts, several at once, and must not block.
func (t *Thread) OnInterrupt(kick *func()) { t.kick.Store(kick) }

// Pending reports whether an interrupt is waiting. Engines call it at least
// once for every block they run.
func (t *Thread) Pending() bool { return t.pending.Load() != 0 }

// TakeInterrupt consumes a waiting interrupt and reports whether there was one.
func (t *Thread) TakeInterrupt() bool { return t.pending.Load() != 0 && t.pending.Swap(0) != 0 }

// Unlimited is the budget of a Run that only an event may end.
const Unlimited = math.MaxUint64

// Engine executes guest threads of one address space.
//
// An Engine is made for one [memory.Space] and is safe for concurrent use by
// as many threads as live in that space. At any Stop every engine has produced
// the same architectural state, the same Retired count and the same memory.
type Engine interface {
	// Name is what the user calls the engine: "interp", "jit".
	Name() string

	// NewState returns a zeroed state of the engine's instruction set.
	NewState() State

	// Run executes t until something stops it, for at most budget retired
	// instructions. It stops exactly: with a budget of n it retires n
	// instructions unless an event ends it before. Code is always the current
	// code: a mapping changed by another thread is honoured at the next block.
	Run(t *Thread, budget uint64) Stop

	// Close releases what the engine holds. No Run may be under way.
	Close() error
}

// StopKind is the reason for which a Run ended.
type StopKind uint8

// The reasons.
const (
	// StopBudget: the budget is spent.
	StopBudget StopKind = iota
	// StopInterrupt: [Thread.Interrupt] was called; the interrupt is consumed.
	StopInterrupt
	// StopSyscall: a system call instruction was executed. The program counter
	// stands behind it; Stop.PC names it.
	StopSyscall
	// StopFault: an access was refused; Stop.Fault tells which. No part of the
	// instruction has happened (but completed REP iterations have, and the
	// loads of a gather's first elements).
	StopFault
	// StopIllegal: not an instruction of the presented processor.
	StopIllegal
	// StopArithmetic: integer division error, or an unmasked floating point
	// exception.
	StopArithmetic
	// StopBreakpoint: a breakpoint instruction (int3, brk); the program
	// counter stands where the instruction set puts it, Stop.PC names it.
	StopBreakpoint
)

var stopNames = [...]string{
	StopBudget: "budget", StopInterrupt: "interrupt", StopSyscall: "system call", StopFault: "fault",
	StopIllegal: "illegal instruction", StopArithmetic: "arithmetic fault", StopBreakpoint: "breakpoint",
}

// String returns the kind in words.
func (k StopKind) String() string {
	if int(k) < len(stopNames) {
		return stopNames[k]
	}
	return fmt.Sprintf("StopKind(%d)", uint8(k))
}

// Stop is why a Run ended.
type Stop struct {
	Kind  StopKind
	PC    uint64       // address of the instruction concerned; the next one for budget and interrupt
	Fault memory.Fault // for StopFault
	// Text says in one line what a person wants to know of an illegal
	// instruction or an arithmetic fault: its bytes and its disassembly.
	Text string
}

// String describes the stop in one line for people.
func (s Stop) String() string {
	switch {
	case s.Kind == StopFault:
		return fmt.Sprintf("%v, at pc %#x", s.Fault.Error(), s.PC)
	case s.Text != "":
		return fmt.Sprintf("%s at pc %#x: %s", s.Kind, s.PC, s.Text)
	}
	return fmt.Sprintf("%s at pc %#x", s.Kind, s.PC)
}
