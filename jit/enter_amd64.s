//go:build linux || windows || freebsd || darwin

#include "go_asm.h"
#include "textflag.h"

// The way into and out of generated code that has the State in R11
// (rewrite.StateInRegister), as far as it is on the goroutine's stack; the rest
// is the gate (gate_amd64.go).

// func enterPortable(s *x86.State)
//
// It returns when generated code leaves. The goroutine is in a system call as
// far as Go knows.
TEXT ·enterPortable(SB), NOSPLIT|NOFRAME, $0-8
	MOVQ s+0(FP), R11
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
	MOVQ ·gateIn(SB), AX
	CALL AX
	PUSHFQ
	POPQ AX
	MOVQ AX, const_offFlags(R11)
	CLD
	MOVQ const_offGoBP(R11), BP
	CMPB ·hasAVX(SB), $0
	JEQ  save
	CMPB ·hasInUse(SB), $0
	JEQ  upper
	MOVL $1, CX
	XGETBV // what is in use: bit 2, upper halves
	TESTQ $4, AX
	JNE  upper
	CMPQ const_offUpper(R11), $0
	JEQ  save
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
save:
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
