// Package native runs single x86-64 instructions on the host processor: the
// oracle that the interpreter and the translator are compared with.
//
// A [Machine] owns a small region of memory below 4 GiB that holds code and
// data at fixed addresses, so that the same addresses can be mapped in a guest
// address space and every effective address is valid on both sides. The test
// fills in [Machine.State], places the instruction with [Machine.SetCode] and
// calls [Machine.Run]; the state then holds what the processor made of it, and
// the [Outcome] says whether it completed or which exception it raised.
//
// It is a tool for tests and nothing else: the code it is given runs with all
// rights of the process. It must not make system calls, loop without end,
// change FS, or write outside the machine's data. Nothing but tests may import
// the package. It works on linux/amd64; elsewhere [New] returns
// [ErrUnavailable] and the tests skip.
//
// Start reading at [Machine].
package native

import (
	"errors"
	"fmt"
)

// ErrUnavailable says that this host has no native oracle.
var ErrUnavailable = errors.New("no native oracle: needs linux/amd64 and permission to map writable, executable memory at a fixed low address")

// The layout of a machine's region. Offsets are from [Machine.Base]; the pages
// not named here are inaccessible.
const (
	PageSize = 0x1000

	// RegionSize is the size of the region; Base is a multiple of it.
	RegionSize = 0x10000

	// CodeOffset is where code may be placed: two pages, read, write and
	// execute, filled with int3 where nothing was placed, so that a branch
	// taken to anywhere in them ends there with [Breakpoint]. The page behind
	// is not accessible.
	CodeOffset = 0x1000
	CodeSize   = 0x2000

	// OpenOffset: two pages that can be read and written.
	OpenOffset = 0x6000
	// EdgeOffset: one page that can be read and written, between two that are
	// not accessible.
	EdgeOffset = 0x9000
	// ReadOnlyOffset: a page that can be read and written, and behind it a
	// page that can only be read.
	ReadOnlyOffset = 0xC000
)

// FlagsMask has the bits of rflags that the machine loads and reports: CF, PF,
// AF, ZF, SF, DF and OF.
const FlagsMask = 0xCD5

// State is the register state around a run. It is loaded whole before the
// instruction and stored whole after it, fault or not.
type State struct {
	R      [16]uint64 // rax rcx rdx rbx rsp rbp rsi rdi r8 … r15
	Flags  uint64     // see [FlagsMask]; bit 1 and IF are set in the result
	PC     uint64     // set by Run: see [Outcome]
	GSBase uint64     // loaded and stored if [Machine.LoadGS] is set
	_      [45]uint64
	FX     FXImage
	header [64]byte // the XSAVE header

	// YMMHigh holds the upper halves of the AVX registers. They are loaded and
	// stored if [Machine.UseAVX] succeeded.
	YMMHigh [16][2]uint64
}

// FXImage is the memory image of FXSAVE with a 64-bit operand size (SDM volume
// 1, 10.5.1).
type FXImage struct {
	FCW, FSW  uint16
	FTW       uint8 // one bit a register, set when it is not empty
	_         uint8
	FOP       uint16
	FIP, FDP  uint64
	MXCSR     uint32
	MXCSRMask uint32
	ST        [8]Reg80 // by distance from the top of the stack
	XMM       [16][2]uint64
	_         [96]byte
}

// Reg80 is an x87 register in its memory form; an MMX register is Mantissa.
type Reg80 struct {
	Mantissa uint64
	SignExp  uint16
	_        [6]byte
}

// Kind is how a run ended.
type Kind uint8

// The ways for a run to end.
const (
	// Done: the processor reached the end of the placed code.
	Done Kind = iota
	DivideError
	Breakpoint
	IllegalInstruction
	GeneralProtection
	PageFault
	X87Error
	AlignmentCheck
	SIMDError
	// Other exceptions: Outcome.Vector tells.
	Other
)

var kindNames = [...]string{"done", "divide error (#DE)", "breakpoint (#BP)", "illegal instruction (#UD)", "general protection (#GP)",
	"page fault (#PF)", "x87 error (#MF)", "alignment check (#AC)", "SIMD error (#XM)", "other exception"}

// String returns the kind in words.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Outcome is how a run ended.
type Outcome struct {
	Kind   Kind
	Vector uint8 // the exception's number, when not Done

	// PC is where the processor stood: behind the placed code when Done, behind
	// the int3 after Breakpoint, else at the instruction that faulted. It is
	// also in State.PC.
	PC uint64

	// The following describe a page fault. Addr is the byte refused first, as
	// the processor reports it.
	Addr    uint64
	Write   bool
	Fetch   bool
	Present bool // refused by protection, not by absence
}

// String describes the outcome in one line.
func (o Outcome) String() string {
	if o.Kind != PageFault {
		return fmt.Sprintf("%v, pc %#x", o.Kind, o.PC)
	}
	access := "reading"
	switch {
	case o.Fetch:
		access = "fetching"
	case o.Write:
		access = "writing"
	}
	return fmt.Sprintf("%v %s %#x, pc %#x", o.Kind, access, o.Addr, o.PC)
}

// kindOfVector maps the exceptions of user level to kinds (SDM volume 3, 6.3).
func kindOfVector(v uint8) Kind {
	switch v {
	case 0:
		return DivideError
	case 3:
		return Breakpoint
	case 6:
		return IllegalInstruction
	case 13:
		return GeneralProtection
	case 14:
		return PageFault
	case 16:
		return X87Error
	case 17:
		return AlignmentCheck
	case 19:
		return SIMDError
	}
	return Other
}
