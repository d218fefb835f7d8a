// Package x86 is the x86-64 guest processor: decode table, decoder,
// disassembler and interpreter. It implements the contract of package cpu, at
// user level: no privileged state, no segmentation beyond the FS and GS bases.
//
// # Where to start
//
// [Spec] (table.go) is a line of the decode table, and operand.go explains the
// notation of its operands. The lines stand in the files named for the parts
// of Vol. 1, chapter 5 of the Intel manual (arith.go, logic.go, sse2.go ...),
// each with the functions that execute them. "Vol." in comments always means
// the Intel 64 and IA-32 Architectures Software Developer's Manual.
//
// [Decode] (decode.go) turns bytes into an [Inst] by the table. binder (bind.go)
// turns Insts into operations (op.go), which are what the interpreter runs:
// a block is decoded once (cache.go) and then executed by following its
// operations (run.go).
//
// # Adding an instruction
//
// It takes a row, a function and a test row. Say ADDPS were missing:
//
//  1. The row, in sse.go, as the manual's opcode table has it:
//
//     {"NP 0F 58 /r", "addps", "+Vx Wx", "", 0, opFunc(addps)},
//
//     "+" says that the first operand is read and written; Wx, that a memory
//     operand has 16 bytes and must be aligned (Wxu: need not be). What the
//     decoder needs of it is in rows_gen.go: run go generate (a test fails if
//     it is out of date).
//
//  2. The function:
//
//     func addps(s *State, o *op) *op {
//     lo, hi := s.vecSrc(o)    // a register, or memory, which may fault:
//     d := &s.V[o.dst&31]      // so it comes before any change of s
//     d[0], d[1] = ...
//     return o.after()
//     }
//
//     o.dst, o.src and o.aux are the register operands by position, o.imm is
//     the immediate, s.ea(o) the address of the memory operand if o.mem. The
//     rules are at opFunc. An instruction with several operand sizes has a
//     sized, one that is worth specialising for memory operands a *forms, and
//     one that needs to look at its prefixes or to leave the block a
//     func(*binder).
//
//     A function that is generic over its operand's type (T word) is named in
//     a sized by type: addRR32 is addRR[uint32], written out by cpu/internal/mono
//     into mono_gen.go (run go generate; a test fails if it is out of date).
//     addRR[uint32] works too, at the price of a second call.
//
//  3. The test row: the tests of the table (table_test.go, decode_test.go) and
//     the differential suite (diff_test.go), which has the host processor as
//     its oracle, take operands, widths and flags from the row. What is left
//     is a row in the semantic tests of the group for a case whose result can
//     be read off the manual, for hosts without that oracle.
//
// # VEX encodings
//
// A row whose encoding begins with "VEX." (decode_vex.go) has three operands,
// "=Vx Hx Wx": H is the register in VEX.vvvv. Most rows say "sse"
// in their last column: what the opcode is without VEX is done on each lane of
// 128 bits, and the rest of the destination cleared, so that an operation has
// one implementation:
//
//	{"VEX.128/256.0F.WIG 58 /r", "vaddps", "=Vx Hx Wx", "", 0, sse},
//
// vex_bind.go says what else may stand there.
//
// # What a program may notice
//
// A general protection fault (privileged instruction, misaligned SSE operand,
// segment load) stops the thread like an access to address 0, which is what
// the signal of a real system says. TF, AC and NT cannot be set. Effective
// addresses are taken modulo 2^32.
package x86
