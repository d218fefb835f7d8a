//go:build linux && amd64

#include "go_asm.h"
#include "textflag.h"
#include "answer_linux_amd64.h"

// The system calls of a cpu.Clock and a cpu.Write are answered on the way out of
// generated code, without Go: for Go the goroutine is in a system call already, and
// coming back from it and entering again would take longer than they do. At the end
// control goes on by the table of indirect targets.
//
// Until then the State says that nothing has happened, so that whatever is not
// answered here goes on with leave. Instructions that access guest memory may be
// refused: the handler knows them, and where to go on then.

// clock is where exit goes for the instruction at Context.ClockPC. AX is the
// State; general registers and flags are in it, vectors are in their registers,
// which the vDSO does not use: it is called on the thread's host stack.
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
	MOVQ const_offGoSP(BX), SP
	MOVQ (const_offR+16)(BX), DX
	MOVQ const_offBase(BX), R8
	JMP  ·clockStore(SB)
failed:
	JMP  ·clockFault(SB)
not:
	JMP  ·leave(SB)

// clockStore begins with the one access to guest memory.
TEXT ·clockStore(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ CX, (R8)(DX*1)
	JMP  ·answered(SB)

// clockFault goes on with exit as if nothing had been tried. BX is the State, and
// BP is Go's: functions in C leave it as it is.
TEXT ·clockFault(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ BX, AX
	MOVQ const_offGoSP(AX), SP
	JMP  ·leave(SB)

// write is where exit goes for the instruction at Context.WritePC. AX is the State,
// as in clock.
TEXT ·write(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ const_offWrite(AX), BX
	TESTQ BX, BX
	JEQ  not
	CMPQ const_writePlan(BX), $0
	JEQ  not
	MOVQ const_offR(AX), CX
	CMPQ CX, const_writeNumber(BX)
	JNE  not
	MOVL (const_offR+56)(AX), CX
	CMPQ CX, const_writeFD(BX)
	JNE  not
	CMPQ (const_offR+16)(AX), $1
	JNE  not
	MOVQ (const_offR+48)(AX), SI // the list
	MOVQ (const_offR+80)(AX), R12 // where the number goes
	MOVQ SI, CX
	ORQ  R12, CX
	SHRQ $32, CX
	JNE  not
	MOVQ const_offBase(AX), R8
	ADDQ R8, SI
	JMP  ·writeLoads(SB)
not:
	JMP  ·leave(SB)

// writeLoads begins with accesses to guest memory, of which the last are to both
// ends of what is to be written: the host does not look at it for each device.
TEXT ·writeLoads(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ 0(SI), R9
	MOVQ 8(SI), DX
	MOVQ R9, CX
	SHRQ $32, CX
	JNE  not
	LEAQ -1(DX), CX
	CMPQ CX, const_writeMost(BX)
	JCC  not
	ADDQ R8, R9
	MOVBLZX (R9), SI
	MOVBLZX (R9)(CX*1), SI
	// No further than WRITE_LOADS. Who wants the host's descriptor closed either
	// sees that it is in use or has changed what the plan must agree with.
	MOVQ const_writePlan(BX), SI
	MOVQ SI, CX
	XCHGQ CX, const_writeUnder(BX)
	MOVQ const_writeCurrent(BX), CX
	CMPQ SI, (CX)
	JNE  old
	MOVQ AX, R13
	MOVQ const_writeHost(BX), DI
	MOVQ R9, SI
	MOVL $1, AX // write; it changes CX and R11
	SYSCALL
	MOVQ $0, const_writeUnder(BX)
	TESTQ AX, AX
	JLE  failed
	INCQ const_writeMade(BX)
	MOVQ R13, BX
	JMP  ·writeStore(SB)
failed:
	MOVQ R13, AX
	JMP  ·leave(SB)
old:
	MOVQ $0, const_writeUnder(BX)
not:
	JMP  ·leave(SB)

// writeStore begins with the last access.
TEXT ·writeStore(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ AX, (R8)(R12*1)
	JMP  ·answered(SB)

// writeUnstored leaves the storing to thread.storeWritten. BX is the State.
TEXT ·writeUnstored(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ AX, const_offWritten(BX)
	MOVQ BX, AX
	JMP  ·leave(SB)

// writeRefused goes on with exit as if nothing had been tried. AX is the State.
TEXT ·writeRefused(SB), NOSPLIT|NOFRAME, $0-0
	JMP  ·leave(SB)

// answered is the end of a call with result 0. BX is the State.
TEXT ·answered(SB), NOSPLIT|NOFRAME, $0-0
	XORL AX, AX
	MOVQ AX, const_offR(BX)
	MOVQ const_offT0(BX), R10
	MOVQ const_offFlags(BX), CX
	MOVQ CX, R11
	ANDQ $0xCD5, R11
	ORQ  const_offFixed(BX), R11
	CMPQ const_offKick(BX), $0
	JEQ  on
	// Somebody wants the thread: as if an indirect branch had come behind the call.
	MOVQ R10, (const_offR+8)(BX)
	MOVQ R11, (const_offR+88)(BX)
	MOVQ $const_exitIndirect, const_offReason(BX)
	MOVQ BX, AX
	JMP  ·leave(SB)
backwards:
	PUSHQ CX
	POPFQ
	JMP  loaded
on:
	BTL  $10, CX
	JCS  backwards
	STATUS_FLAGS
loaded:
	MOVQ const_offHostSP(BX), SP
	MOVQ const_offR(BX), AX
	MOVQ (const_offR+16)(BX), DX
	MOVQ (const_offR+32)(BX), R13
	MOVQ (const_offR+40)(BX), BP
	MOVQ (const_offR+48)(BX), SI
	MOVQ (const_offR+56)(BX), DI
	MOVQ (const_offR+96)(BX), R12
	MOVQ (const_offR+24)(BX), BX
	MOVQ R10, R9
	MOVWLZX R9, CX
	JMP  -const_tableBelow(R8)(CX*8)
