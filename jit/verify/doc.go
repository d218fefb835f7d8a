// Package verify is the second opinion on generated code: it disassembles a
// unit that a translator has made and proves that it stays inside. A unit that
// passes reads and writes nothing but the guest's window and what it may of the
// thread's State, jumps nowhere but to code that has passed, and leaves only in
// ways that the engine understands, whatever the guest does.
//
// It proves confinement, not that a translation is right. It shares the
// description of a unit with the translator and the decoder with the
// interpreter; it shares no code with the translators and the encoders. What a
// host register is for is written down here a second time (roles.go).
//
// Start reading at [Verifier.Check]; instruction.go is what is said of each
// instruction by itself, flow.go and step.go what is proved along the paths,
// value.go what is known of a register. allow.go lists the instructions,
// state_unsafe.go the parts of the State.
//
// # What is assumed
//
// At every entry, and behind every return: the register that is for it
// (roles.go) holds the host address of the window, GS or R11 that of the State,
// as the convention says, the guest's rsp is below 4 GiB, and RSP points at the
// address of a landing, or of the stub for returns, on a host stack that the
// guest cannot write and whose guard the engine handles. The other registers
// hold what the guest likes; T0 and T1 may hold host addresses, except for T0
// behind a return. Around the window, up to [Reach], and in its first and last
// 64 KiB, nothing is ever mapped.
//
// Further below the window is the table of indirect targets, which is always
// there. It holds addresses of code that has passed [Verifier.CheckTarget], and
// of the assembly for targets that it does not have: both find T0 and T1 to be
// numbers of the guest's.
//
// # What is proved
//
//   - Decoding. From offset 0 on, instruction follows instruction to the end of
//     the code: no other decoding is ever executed. Prefixes that do nothing,
//     or not the same on every processor, are refused. ([RuleDecode])
//   - Instructions. Each is on the list, of a feature that the host has, with
//     operands of the listed kinds. Those that do nothing are listed byte for
//     byte. ([RuleInstruction])
//   - Branches. A direct branch goes to an instruction of the unit. There are
//     two indirect ones: a jump or call through Out in the State, and a jump or call
//     through the table of indirect targets, of one form, by a number of 16
//     bits. Control does not run off the end. ([RuleBranch])
//   - Memory. The address of an access is that of the window plus a number
//     within [0, 4 GiB), or outside by at most Reach, on every path; or it is
//     relative to the State. String instructions too. So the table below the
//     window is out of reach of everything but those branches. ([RuleMemory])
//   - The State. Accesses to it are to the fields of the list, in the
//     direction and width that it allows, and at a constant place, except for
//     bytes of the table Align. ([RuleState])
//   - Registers. The window's base is never written, nor R11 if it has the
//     State. The counter of metered code is only changed by a few instructions
//     at a time, and a byte loaded from near where it points, which the guest
//     never sees. RSP is moved only by CALL and RET (and back by 8 bytes in the
//     stub for returns). Nothing that may be a host address gets into a vector
//     register, the window, the guest's part of the State or an instruction
//     other than moves; none is in a guest's register where the unit is left.
//     ([RuleRegister])
//   - The host stack. Nothing is ever on top of what was there at the entry but
//     the landings of calls. Where traps are handled on it, every call has read
//     ahead, so that its guard is met while there is room. ([RuleStack])
//   - Leaving. Where another unit may follow, what is assumed at an entry
//     holds. Where the engine is returned to, through the State's place
//     for the reason, T0 and T1 are what that says: T0 a number of the guest's.
//     The way out that is called, for it to know the unit, is so, and no other. Some system calls are
//     answered on the way out, so those leave in the state for the table of
//     indirect targets. ([RuleLeave])
//   - Interruptions. Where a mark says that the thread can be taken out, at the
//     beginning of an instruction or on the way to the address in T0, the host
//     stack is balanced, host addresses are only where the mark says, and T0,
//     and T1 if it is the guest's rcx, are numbers of the guest's. What may be
//     refused is only where an instruction begins. Every cycle has a place
//     where the thread can be taken out, and so has every way through the unit
//     from an entry or a landing. ([RuleMark])
//
// A branch out of a unit is filled in later: four aligned bytes, so that other
// threads can run it meanwhile. [Linker] checks them then: the displacement must
// belong to a branch that has passed, and lead to an entry that has, for the
// address that the branch is to.
package verify
