// Package rewrite translates guest code into host code of the same instruction
// set. An instruction keeps its opcode; only its operands are re-encoded:
// registers that the host needs for itself, and memory operands, which become
// relative to the window. So an instruction means what the host's processor
// makes of it, and nothing is modelled.
//
// This package holds the translator of x86-64 (the files x86_*.go). It makes
// bytes and tables; it maps no memory and runs nothing. Start reading at
// [Translator.Translate], then x86_regs.go for where things are kept and
// x86_operand.go for how an instruction is rewritten.
//
// # The state of the machine between two guest instructions
//
//   - Guest registers are where its Convention says (x86_regs.go); those without a host register are
//     in the thread's State, which GS or R11 points to.
//   - The guest's flags are the host's flags. So code added to a guest
//     instruction uses only MOV, LEA, MOVZX, NOT and JRCXZ, which
//     change none.
//   - The guest's rsp is below 4 GiB. Where an instruction could leave it
//     otherwise, a check follows that leaves generated code.
//   - R9 and R10 are free, except behind a return, where R9 holds the address
//     that the guest returns to.
//   - RSP is the host stack: one return address for every guest call that has
//     not returned, as far as is known, and it may be dropped at any time.
//
// # Interruptions
//
// A trap or a signal may stop generated code at any instruction. [Unit.Marks]
// tells, for each place, whether the state is that of the beginning of a guest
// instruction; where it is not, only going on leads to one. No trap can happen
// there.
package rewrite
