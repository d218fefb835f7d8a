//go:build linux

#include "go_asm.h"
#include "textflag.h"

// The ways into and out of generated code that has the State in R11
// (rewrite.StateInRegister). Where guest registers are is said in package
// rewrite, x86_regs.go; a test compares.

// func enterPortable(s *x86.State)
//
// It returns when generated code leaves. The goroutine is in a system call as
// far as Go knows. From the change of SP on, whatever stops the thread finds a
// stack pointer that is not the goroutine's.
TEXT ·enterPortable(SB), NOSPLIT|NOFRAME, $0-8
	MOVQ s+0(FP), R11
	MOVQ SP, const_offGoSP(R11)
	MOVQ BP, const_offGoBP(R11)
	CALL ·noteThread(SB)
	LDMXCSR const_offMXCSR(R11)
	CMPB ·hasAVX(SB), $0
	JEQ  legacy
	// Loading zeros into upper halves would put them to use: processors then
	// take a hundred nanoseconds for the next instruction without VEX.
	VZEROUPPER
	CMPQ const_offUpper(R11), $0
	JEQ  legacy
	VMOVDQU (const_offV+0)(R11), Y0
	VMOVDQU (const_offV+32)(R11), Y1
	VMOVDQU (const_offV+64)(R11), Y2
	VMOVDQU (const_offV+96)(R11), Y3
	VMOVDQU (const_offV+128)(R11), Y4
	VMOVDQU (const_offV+160)(R11), Y5
	VMOVDQU (const_offV+192)(R11), Y6
	VMOVDQU (const_offV+224)(R11), Y7
	VMOVDQU (const_offV+256)(R11), Y8
	VMOVDQU (const_offV+288)(R11), Y9
	VMOVDQU (const_offV+320)(R11), Y10
	VMOVDQU (const_offV+352)(R11), Y11
	VMOVDQU (const_offV+384)(R11), Y12
	VMOVDQU (const_offV+416)(R11), Y13
	VMOVDQU (const_offV+448)(R11), Y14
	VMOVDQU (const_offV+480)(R11), Y15
	JMP  flags
legacy:
	MOVUPS (const_offV+0)(R11), X0
	MOVUPS (const_offV+32)(R11), X1
	MOVUPS (const_offV+64)(R11), X2
	MOVUPS (const_offV+96)(R11), X3
	MOVUPS (const_offV+128)(R11), X4
	MOVUPS (const_offV+160)(R11), X5
	MOVUPS (const_offV+192)(R11), X6
	MOVUPS (const_offV+224)(R11), X7
	MOVUPS (const_offV+256)(R11), X8
	MOVUPS (const_offV+288)(R11), X9
	MOVUPS (const_offV+320)(R11), X10
	MOVUPS (const_offV+352)(R11), X11
	MOVUPS (const_offV+384)(R11), X12
	MOVUPS (const_offV+416)(R11), X13
	MOVUPS (const_offV+448)(R11), X14
	MOVUPS (const_offV+480)(R11), X15
flags:
	PUSHQ const_offFlags(R11)
	POPFQ
	MOVQ const_offHostSP(R11), SP
	MOVQ const_offR(R11), AX
	MOVQ (const_offR+8)(R11), CX
	MOVQ (const_offR+16)(R11), DX
	MOVQ (const_offR+24)(R11), BX
	MOVQ (const_offR+32)(R11), R13
	MOVQ (const_offR+40)(R11), BP
	MOVQ (const_offR+48)(R11), SI
	MOVQ (const_offR+56)(R11), DI
	MOVQ (const_offR+96)(R11), R12
	MOVQ (const_offR+112)(R11), R14
	MOVQ (const_offR+120)(R11), R15
	MOVQ const_offT0(R11), R9
	MOVQ const_offT1(R11), R10
	MOVQ const_offBase(R11), R8
	JMP  const_offTarget(R11)

// trappedPortable is where a thread is sent that is taken out of generated code.
TEXT ·trappedPortable(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ $const_exitTrap, const_offReason(R11)
	JMP  ·exitPortable(SB)

// missedPortable is where the table of indirect targets leads for a target it
// does not have: rcx is on the host stack, and the target in R9.
TEXT ·missedPortable(SB), NOSPLIT|NOFRAME, $0-0
	POPQ CX
	MOVQ $const_exitIndirect, const_offReason(R11)
	JMP  ·exitPortable(SB)

// exitPortable is where generated code goes to leave.
TEXT ·exitPortable(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ AX, const_offR(R11)
	MOVQ CX, (const_offR+8)(R11)
	MOVQ DX, (const_offR+16)(R11)
	MOVQ BX, (const_offR+24)(R11)
	MOVQ R13, (const_offR+32)(R11)
	MOVQ BP, (const_offR+40)(R11)
	MOVQ SI, (const_offR+48)(R11)
	MOVQ DI, (const_offR+56)(R11)
	MOVQ R12, (const_offR+96)(R11)
	MOVQ R14, (const_offR+112)(R11)
	MOVQ R15, (const_offR+120)(R11)
	MOVQ R9, const_offT0(R11)
	MOVQ R10, const_offT1(R11)
	MOVQ SP, const_offHostSP(R11)
	MOVQ const_offGoSP(R11), SP
	PUSHFQ
	POPQ AX
	MOVQ AX, const_offFlags(R11)
	CLD
	MOVQ const_offGoBP(R11), BP
	CMPB ·hasAVX(SB), $0
	JEQ  legacy
	CMPB ·hasInUse(SB), $0
	JEQ  upper
	MOVL $1, CX
	XGETBV // what is in use: bit 2, upper halves
	TESTQ $4, AX
	JNE  upper
	CMPQ const_offUpper(R11), $0
	JEQ  legacy
	MOVQ $0, const_offUpper(R11)
	JMP  vectors
upper:
	MOVQ $1, const_offUpper(R11)
vectors:
	VMOVDQU Y0, (const_offV+0)(R11)
	VMOVDQU Y1, (const_offV+32)(R11)
	VMOVDQU Y2, (const_offV+64)(R11)
	VMOVDQU Y3, (const_offV+96)(R11)
	VMOVDQU Y4, (const_offV+128)(R11)
	VMOVDQU Y5, (const_offV+160)(R11)
	VMOVDQU Y6, (const_offV+192)(R11)
	VMOVDQU Y7, (const_offV+224)(R11)
	VMOVDQU Y8, (const_offV+256)(R11)
	VMOVDQU Y9, (const_offV+288)(R11)
	VMOVDQU Y10, (const_offV+320)(R11)
	VMOVDQU Y11, (const_offV+352)(R11)
	VMOVDQU Y12, (const_offV+384)(R11)
	VMOVDQU Y13, (const_offV+416)(R11)
	VMOVDQU Y14, (const_offV+448)(R11)
	VMOVDQU Y15, (const_offV+480)(R11)
	VZEROUPPER
	JMP  control
legacy:
	MOVUPS X0, (const_offV+0)(R11)
	MOVUPS X1, (const_offV+32)(R11)
	MOVUPS X2, (const_offV+64)(R11)
	MOVUPS X3, (const_offV+96)(R11)
	MOVUPS X4, (const_offV+128)(R11)
	MOVUPS X5, (const_offV+160)(R11)
	MOVUPS X6, (const_offV+192)(R11)
	MOVUPS X7, (const_offV+224)(R11)
	MOVUPS X8, (const_offV+256)(R11)
	MOVUPS X9, (const_offV+288)(R11)
	MOVUPS X10, (const_offV+320)(R11)
	MOVUPS X11, (const_offV+352)(R11)
	MOVUPS X12, (const_offV+384)(R11)
	MOVUPS X13, (const_offV+416)(R11)
	MOVUPS X14, (const_offV+448)(R11)
	MOVUPS X15, (const_offV+480)(R11)
control:
	// The sticky flags do not matter to Go; the modes do.
	STMXCSR const_offMXCSR(R11)
	MOVL const_offMXCSR(R11), CX
	ANDL $0xFFC0, CX
	CMPL CX, $0x1F80
	JEQ  usual
	LDMXCSR ·goMXCSR(SB)
usual:
	CMPL const_offReason(R11), $const_exitTrap
	JEQ  running // it may have to go on where it was: engine.trapped decides
	MOVQ $0, const_offRunning(R11)
running:
	RET

// func portableAddresses() (trapped, exit, missed uintptr)
TEXT ·portableAddresses(SB), NOSPLIT, $0-24
	LEAQ ·trappedPortable(SB), AX
	MOVQ AX, trapped+0(FP)
	LEAQ ·exitPortable(SB), AX
	MOVQ AX, exit+8(FP)
	LEAQ ·missedPortable(SB), AX
	MOVQ AX, missed+16(FP)
	RET
