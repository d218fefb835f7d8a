// Package rewrite translates guest code into host code of the same instruction
// set. An instruction keeps its opcode; only its operands are re-encoded:
// registers that the host needs for itself, and memory operands, which become
// relative to the window. So an instruction means what the host's processor
// makes of it, and nothing is modelled.
//
// This package holds the translator of x86-64 (the files x86_*.go). It makes
// bytes and tables; it maps no memory and runs nothing. Start reading at
// [Translator.Translate], then x86_unit.go for what is translated together,
// x86_regs.go for where things are kept, x86_plain.go and x86_address.go for how an
// instruction is rewritten, x86_exit.go for how code is left, and x86_meter.go for
// how instructions are counted.
//
// # The state of the machine between two guest instructions
//
//   - Guest registers are where the Convention says (x86_regs.go); those without a
//     host register are in the thread's State, which GS or R11 points to.
//   - The guest's flags are the host's flags. So code added to a guest
//     instruction uses only MOV, LEA, MOVZX, NOT and JRCXZ, which change none.
//   - The guest's rsp is below 4 GiB. Where an instruction could leave it
//     otherwise, a check follows that leaves generated code.
//   - T0 and T1, which is RCX, are free, except behind a return and at what the
//     table of indirect targets leads to: there T0 holds the guest's address.
//   - RSP is the host stack: one return address for every guest call that has
//     not returned, as far as is known, and it may be dropped at any time.
//
// # Interruptions
//
// A trap or a signal may stop generated code at any instruction. [Unit.Marks]
// tells, for each place, whether the state is that of the beginning of a guest
// instruction, the one at T0 if the guest is arriving there; where it is not, only
// going on leads to one. Traps happen only where an instruction begins.
package rewrite
