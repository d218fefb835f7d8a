//go:build linux && amd64

#include "go_asm.h"
#include "textflag.h"

// The system call of a cpu.Clock is answered on the way out of generated code,
// without Go: the host's vDSO is asked, on the thread's host stack, and control
// goes on by the table of indirect targets. A kick is seen at the end, or comes
// again.

// clock is where exit goes for the instruction at Context.ClockPC. AX is the
// State; general registers and flags are in it, vectors are in their registers,
// which the vDSO does not use.
TEXT ·clock(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ const_offR(AX), CX
	CMPQ CX, const_offClockCall(AX)
	JNE  not
	MOVL (const_offR+56)(AX), CX
	MOVL $1, DI // CLOCK_MONOTONIC
	MOVQ const_offClockAdd(AX), R12
	CMPQ CX, const_offClockMono(AX)
	JEQ  known
	XORL DI, DI // CLOCK_REALTIME
	XORL R12, R12
	CMPQ CX, const_offClockReal(AX)
	JNE  not
known:
	MOVQ (const_offR+16)(AX), CX
	SHRQ $32, CX
	JNE  not // an address that wraps around for generated code only
	CMPQ ·vdsoClock(SB), $0
	JEQ  not
	MOVQ const_offHostSP(AX), CX
	CMPQ CX, const_offStackLow(AX)
	JCS  not
	MOVQ AX, BX
	MOVQ CX, SP
	ANDQ $~15, SP
	SUBQ $16, SP // struct timespec
	MOVQ SP, SI
	MOVQ ·vdsoClock(SB), AX
	CALL AX
	TESTL AX, AX
	JNE  failed
	MOVQ 0(SP), CX
	TESTQ CX, CX
	JLT  failed // before 1970
	IMULQ $1000000000, CX
	ADDQ 8(SP), CX
	ADDQ R12, CX
	MOVQ (const_offR+16)(BX), DX
	MOVQ const_offBase(BX), R8
	JMP  ·clockStore(SB)
failed:
	JMP  ·clockFault(SB)
not:
	JMP  ·leave(SB)

// clockStore begins with the one instruction here that may be refused: the
// handler takes the thread to clockFault then.
TEXT ·clockStore(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ CX, (R8)(DX*1)
	CMPQ const_offKick(BX), $0
	JEQ  on
	JMP  ·clockFault(SB) // somebody wants the thread
on:
	MOVQ const_offT0(BX), R9
	MOVQ const_offFlags(BX), R11
	ANDQ $0xCD5, R11
	ORQ  const_offFixed(BX), R11
	XORL AX, AX
	PUSHQ const_offFlags(BX)
	POPFQ
	MOVQ const_offHostSP(BX), SP
	MOVQ R9, R10 // the guest's rcx
	MOVQ (const_offR+40)(BX), BP
	MOVQ (const_offR+48)(BX), SI
	MOVQ (const_offR+56)(BX), DI
	MOVQ (const_offR+96)(BX), R12
	MOVQ (const_offR+24)(BX), BX
	MOVWLZX R9, CX
	JMP  -const_tableBelow(R8)(CX*8)

// clockFault goes on with exit as if nothing had been tried. BX is the State, and
// BP is Go's: functions in C leave it as it is.
TEXT ·clockFault(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ BX, AX
	MOVQ const_offGoSP(AX), SP
	JMP  ·leave(SB)
