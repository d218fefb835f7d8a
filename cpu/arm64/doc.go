// Package arm64 is the aarch64 guest processor: decode table, decoder,
// disassembler and interpreter. It implements the contract of package cpu, at
// user level (EL0), in A64 only.
//
// # Where to start
//
// [Spec] (table.go) is a line of the decode table, and operand.go explains the
// notation of its operands. The lines stand in files named for the groups of
// chapter C3 of the Arm manual (immediate.go, register.go, load.go, ...), each
// with the functions that execute them. "The manual" in comments always means
// the Arm Architecture Reference Manual for A-profile (DDI 0487).
//
// [Decode] (decode.go) turns a word into an [Inst] by the table. binder
// (bind.go) turns Insts into operations (op.go), which are what the interpreter
// runs: a block is decoded once (cache.go) and then executed by following its
// operations (run.go).
//
// # Adding an instruction
//
// It takes a row and a function. Say SDIV were missing:
//
//  1. The row, in register.go, with the bits of the instruction's page in the
//     manual; a field has one letter, the same wherever it means the same:
//
//     {"sdiv", "z0011010110mmmmm000011nnnnnddddd", "=Rd Rn Rm", 0, wide{sdiv32, sdiv64}},
//
//     z is sf, so R is W or X, and the function is chosen from wide by it.
//
//  2. The function:
//
//     func sdiv64(s *State, o *op) *op {
//     a, b := s.R[o.rn&63], s.R[o.rm&63]
//     s.R[o.rd&63] = ...
//     return o.after()
//     }
//
//     o.rd, o.rn, o.rm and o.ra are the register fields (see operands in
//     bind.go), with register 31 resolved: what reads as zero is Zero, what is
//     thrown away is Discard, the stack pointer is SP. The rules are at opFunc.
//     An instruction that needs more has a func(*binder) instead.
//
//     Vector registers are s.V[o.rd&31][0] (low half) and [1]; the functions
//     of floating point and Advanced SIMD stand in files named fp_*.go and
//     simd_*.go, with their operand kinds in operand_simd.go.
//
//     A function that is generic over its operand's type is named by type:
//     ldrImm32 is ldrImm[uint32], written out by cpu/internal/mono into
//     mono_gen.go (run go generate; a test fails if it is out of date).
//
//  3. The tests take operands from the row; nothing is to be written for them:
//     random instances (diff_test.go), all pairs of edge operands
//     (diff_edges_test.go) and accesses that fault (diff_fault_test.go) are
//     executed by qemu-aarch64 too; the encodings around the row are held
//     against objdump, golang.org/x/arch and qemu (decode_sweep_test.go). Each
//     says at its head how to make it run for hours. testdata/coverage.txt lists
//     the rows and what was run; where qemu is wrong stands there, too.
//
// # What a program may notice
//
// Effective addresses are taken modulo 2^32. The stack pointer's alignment is
// not checked. An exclusive store succeeds if the memory still holds the value
// that was loaded, which is what a compare-and-swap of the host can tell.
package arm64
