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
// At every entry, and behind every return: R8 is the host address of the
// window, GS or R11 that of the State, as the convention says, R13, the guest's rsp, is below 4 GiB, and RSP
// points at the address of a landing, or of the stub for returns, on a host
// stack that the guest cannot write and whose guard the engine handles. The
// other registers hold what the guest likes; R9 and R10 may hold host
// addresses. Around the window, and in its first and last 64 KiB, nothing is
// ever mapped; the guards are wider than [Reach].
// The table of indirect targets holds addresses of code that has passed
// [Verifier.CheckTarget], and of the assembly for those it does not have: both
// find R9 to be a number of the guest's, and its rcx on the host stack.
//
// # What is proved
//
//   - Decoding. From offset 0 on, instruction follows instruction to the end of
//     the code: no other decoding is ever executed. Prefixes that do nothing,
//     or not the same on every processor, are refused. ([RuleDecode])
//   - Instructions. Each is on the list, of a feature that the host has, with
//     operands of the listed kinds. ([RuleInstruction])
//   - Branches. A direct branch goes to an instruction of the unit. There are
//     two indirect ones: through Exit in the State, and through an entry of the
//     table of indirect targets that has been compared with the address it was
//     looked up by. Control does not run off the end. ([RuleBranch])
//   - Memory. The address of an access is that of the window plus a number
//     within [0, 4 GiB), or outside by at most Reach, on every path; or it is
//     relative to the State. String instructions too. ([RuleMemory])
//   - The State. Accesses to it are to the fields of the list, in the
//     direction and width that it allows, and at a constant place, except for
//     bytes of the table Align. ([RuleState])
//   - Registers. R8 is never written, nor R11 if it has the State. RSP is moved only by PUSH, POP, CALL and
//     RET (and back by 8 bytes in the stub for returns). Nothing that may be
//     a host address gets into a vector register, the window, the guest's part
//     of the State or an instruction other than moves; none is in a guest's
//     register where the unit is left. ([RuleRegister])
//   - The host stack. Calls, returns and all ways out find it as it was at the
//     entry; at most one value is on top of it otherwise. Where traps are
//     handled on it, every call has read ahead, so that its guard is met while
//     there is room. ([RuleStack])
//   - Leaving. Where another unit may follow, what is assumed at an entry
//     holds. Before the engine is returned to, the reason has been stored, and
//     T0 and T1 are what it says; above all, T1 of [rewrite.ExitDirect] is the
//     place of a branch's displacement, four aligned bytes. ([RuleLeave])
//   - Interruptions. The marks say truly where an instruction of the guest
//     begins: there the stack is balanced and host addresses are only where the
//     mark says; what may trap is nowhere else. Every cycle has such a place,
//     and so has every way through the unit: the thread can always be taken
//     out. ([RuleMark])
//
// A branch out of a unit is filled in later. [Linker] checks the bytes then:
// the displacement must belong to a branch that has passed, and lead to an
// entry that has.
package verify
