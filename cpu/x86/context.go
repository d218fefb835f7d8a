package x86

import "github.com/nuage-emu/nuage/cpu"

// Context is what generated code keeps in a State beside the registers. Only
// package jit reads or writes it, under its own names for the values; it is no
// part of the architectural state, so that Hash ignores it and Clone and Reset
// clear it. The fields of 64 bits come first and in a fixed order, since
// assembly and generated code know their offsets.
type Context struct {
	GoSP, GoBP uint64 // the goroutine's stack while generated code runs
	HostSP     uint64 // the private host stack while it does not
	Target     uint64 // where to enter
	T0, T1     uint64 // the translator's temporaries
	Flags      uint64 // RFLAGS as the processor has them
	Reason     uint64 // why generated code was left
	Signal     uint64 // of a trap: the host's signal, the program counter in
	TrapPC     uint64 // generated code and the host address accessed
	TrapAddr   uint64
	Running    uint64 // 1 while the thread may be in generated code
	Kick       uint64 // 1: leave at the next signal
	Scratch    uint64 // a place whose halves can be read apart
	Scratch2   uint64
	Left       int64  // instructions that metered code may still retire
	Displaced  uint64 // the guest's register whose place metered code counts in
	Base       uint64 // host address of guest address 0
	FSBase     uint64 // of the host thread that entered last, and its number
	ThreadID   uint64
	Upper      uint64 // not 0: the upper half of a vector register may not be
	StackLow   uint64 // below it the host stack is full
	Fixed      uint64 // RFLAGS but for the flags that generated code has
	ClockPC    uint64 // cpu.Clock; all zero if there is none
	ClockCall  uint64
	ClockMono  uint64
	ClockReal  uint64
	ClockAdd   uint64
	WritePC    uint64     // cpu.Write.PC
	Write      *cpu.Write // nil if there is none
	Written    uint64     // bytes of a write whose number could not be stored
	Out        [5]uint64  // addresses of the ways out, by the reason for leaving
	Align      [256]byte  // the low three bits of the index
	Owner      any        // the translator's record of this thread
}

// SetNativeFlags sets the flags from RFLAGS as generated code leaves them; ID,
// which it cannot change, stays.
func (s *State) SetNativeFlags(f uint64) {
	s.df = f >> 10 & 1
	s.setStatus(f)
}

// UpperHalves is 0 if the upper halves of all vector registers are.
func (s *State) UpperHalves() (or uint64) {
	for i := range s.V[:16] {
		or |= s.V[i][2] | s.V[i][3]
	}
	return or
}

// FixedFlags returns the flags that NativeFlags does not.
func (s *State) FixedFlags() uint64 { return s.id<<21 | flagsFixed }

// NativeFlags returns the flags for generated code: the status flags and DF.
func (s *State) NativeFlags() uint64 { return s.status() | s.df<<10 | 2 }
