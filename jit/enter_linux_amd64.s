//go:build linux && amd64

#include "go_asm.h"
#include "textflag.h"
#include "answer_linux_amd64.h"

// The ways into and out of generated code that has the State in GS
// (rewrite.StateInGS), and the signal handler. Where guest registers are is said
// in package rewrite, x86_regs.go; a test compares.

#define RDGSBASE_AX BYTE $0xF3; BYTE $0x48; BYTE $0x0F; BYTE $0xAE; BYTE $0xC8
#define RDGSBASE_R8 BYTE $0xF3; BYTE $0x49; BYTE $0x0F; BYTE $0xAE; BYTE $0xC8
#define WRGSBASE_AX BYTE $0xF3; BYTE $0x48; BYTE $0x0F; BYTE $0xAE; BYTE $0xD8
#define WRGSBASE_CX BYTE $0xF3; BYTE $0x48; BYTE $0x0F; BYTE $0xAE; BYTE $0xD9
#define RDFSBASE_CX BYTE $0xF3; BYTE $0x48; BYTE $0x0F; BYTE $0xAE; BYTE $0xC1

// func enter(s *x86.State)
//
// It returns when generated code leaves. The goroutine is in a system call as
// far as Go knows. From the change of SP on, a signal finds a stack pointer that
// is not the goroutine's; Go's handlers bear that, since they run on the signal
// stack and leave a thread alone whose SP is not in its goroutine's stack.
TEXT ·enter(SB), NOSPLIT|NOFRAME, $0-8
	MOVQ s+0(FP), AX
	MOVQ SP, const_offGoSP(AX)
	MOVQ BP, const_offGoBP(AX)
	RDFSBASE_CX
	CMPQ CX, const_offFSBase(AX)
	JEQ  known
	MOVQ CX, const_offFSBase(AX)
	MOVQ AX, BX
	MOVL $186, AX // gettid
	SYSCALL
	MOVQ AX, const_offThreadID(BX)
	MOVQ BX, AX
known:
	WRGSBASE_AX
	LDMXCSR const_offMXCSR(AX)
	CMPB ·hasAVX(SB), $0
	JEQ  legacy
	// Loading zeros into upper halves would put them to use: processors then
	// take a hundred nanoseconds for the next instruction without VEX.
	VZEROUPPER
	CMPQ const_offUpper(AX), $0
	JEQ  legacy
	VMOVDQU (const_offV+0)(AX), Y0
	VMOVDQU (const_offV+32)(AX), Y1
	VMOVDQU (const_offV+64)(AX), Y2
	VMOVDQU (const_offV+96)(AX), Y3
	VMOVDQU (const_offV+128)(AX), Y4
	VMOVDQU (const_offV+160)(AX), Y5
	VMOVDQU (const_offV+192)(AX), Y6
	VMOVDQU (const_offV+224)(AX), Y7
	VMOVDQU (const_offV+256)(AX), Y8
	VMOVDQU (const_offV+288)(AX), Y9
	VMOVDQU (const_offV+320)(AX), Y10
	VMOVDQU (const_offV+352)(AX), Y11
	VMOVDQU (const_offV+384)(AX), Y12
	VMOVDQU (const_offV+416)(AX), Y13
	VMOVDQU (const_offV+448)(AX), Y14
	VMOVDQU (const_offV+480)(AX), Y15
	JMP  flags
legacy:
	MOVUPS (const_offV+0)(AX), X0
	MOVUPS (const_offV+32)(AX), X1
	MOVUPS (const_offV+64)(AX), X2
	MOVUPS (const_offV+96)(AX), X3
	MOVUPS (const_offV+128)(AX), X4
	MOVUPS (const_offV+160)(AX), X5
	MOVUPS (const_offV+192)(AX), X6
	MOVUPS (const_offV+224)(AX), X7
	MOVUPS (const_offV+256)(AX), X8
	MOVUPS (const_offV+288)(AX), X9
	MOVUPS (const_offV+320)(AX), X10
	MOVUPS (const_offV+352)(AX), X11
	MOVUPS (const_offV+384)(AX), X12
	MOVUPS (const_offV+416)(AX), X13
	MOVUPS (const_offV+448)(AX), X14
	MOVUPS (const_offV+480)(AX), X15
flags:
	MOVQ AX, BX
	MOVQ const_offFlags(BX), CX
	BTL  $10, CX
	JCS  backwards
	STATUS_FLAGS
loaded:
	MOVQ const_offHostSP(BX), SP
	MOVQ const_offR(BX), AX
	MOVQ (const_offR+8)(BX), R10
	MOVQ (const_offR+16)(BX), DX
	MOVQ (const_offR+32)(BX), R13
	MOVQ (const_offR+40)(BX), BP
	MOVQ (const_offR+48)(BX), SI
	MOVQ (const_offR+56)(BX), DI
	MOVQ (const_offR+88)(BX), R11
	MOVQ (const_offR+96)(BX), R12
	MOVQ (const_offR+112)(BX), R14
	MOVQ (const_offR+120)(BX), R15
	MOVQ const_offT0(BX), R9
	MOVQ const_offT1(BX), CX
	MOVQ const_offBase(BX), R8
	MOVQ (const_offR+24)(BX), BX
	JMP  const_offTarget(GS)
backwards:
	PUSHQ CX
	POPFQ
	JMP  loaded

// trapped is where the handler sends a thread that it takes out of generated
// code.
TEXT ·trapped(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ $const_exitTrap, const_offReason(GS)
	JMP  ·exit(SB)

// outIndirect is also where the table of indirect targets leads for a target that
// it does not have: the target is in T0.
TEXT ·outIndirect(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ $const_exitIndirect, const_offReason(GS)
	JMP  ·exit(SB)

// Generated code calls outDirect: the address on its stack is one of the unit's.
TEXT ·outDirect(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ 0(SP), CX
	LEAQ 8(SP), SP
	MOVQ $const_exitDirect, const_offReason(GS)
	JMP  ·exit(SB)

TEXT ·outSyscall(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ $const_exitSyscall, const_offReason(GS)
	JMP  ·exit(SB)

TEXT ·outInterpret(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ $const_exitInterpret, const_offReason(GS)
	JMP  ·exit(SB)

// exit is the end of all ways out.
TEXT ·exit(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ AX, (const_offR+0)(GS)
	MOVQ R10, (const_offR+8)(GS)
	MOVQ DX, (const_offR+16)(GS)
	MOVQ BX, (const_offR+24)(GS)
	MOVQ R13, (const_offR+32)(GS)
	MOVQ BP, (const_offR+40)(GS)
	MOVQ SI, (const_offR+48)(GS)
	MOVQ DI, (const_offR+56)(GS)
	MOVQ R11, (const_offR+88)(GS)
	MOVQ R12, (const_offR+96)(GS)
	MOVQ R14, (const_offR+112)(GS)
	MOVQ R15, (const_offR+120)(GS)
	MOVQ R9, const_offT0(GS)
	MOVQ CX, const_offT1(GS)
	MOVQ SP, const_offHostSP(GS)
	MOVQ const_offGoSP(GS), SP
	PUSHFQ
	POPQ AX
	MOVQ AX, const_offFlags(GS)
	CLD
	MOVQ const_offGoBP(GS), BP
	RDGSBASE_AX
	CMPL const_offReason(AX), $const_exitSyscall
	JNE  leave
	CMPQ CX, const_offClockPC(AX)
	JEQ  clock
	CMPQ CX, const_offWritePC(AX)
	JNE  leave
	JMP  ·write(SB)
clock:
	JMP  ·clock(SB)
leave:
	JMP  ·leave(SB)

// leave is the rest of exit. AX is the State; general registers and flags are in
// it.
TEXT ·leave(SB), NOSPLIT|NOFRAME, $0-0
	CMPB ·hasAVX(SB), $0
	JEQ  legacy
	CMPB ·hasInUse(SB), $0
	JEQ  upper
	MOVQ AX, BX
	MOVL $1, CX
	XGETBV // what is in use: bit 2, upper halves
	MOVQ AX, CX
	MOVQ BX, AX
	TESTQ $4, CX
	JNE  upper
	CMPQ const_offUpper(AX), $0
	JEQ  legacy
	MOVQ $0, const_offUpper(AX)
	JMP  vectors
upper:
	MOVQ $1, const_offUpper(AX)
vectors:
	VMOVDQU Y0, (const_offV+0)(AX)
	VMOVDQU Y1, (const_offV+32)(AX)
	VMOVDQU Y2, (const_offV+64)(AX)
	VMOVDQU Y3, (const_offV+96)(AX)
	VMOVDQU Y4, (const_offV+128)(AX)
	VMOVDQU Y5, (const_offV+160)(AX)
	VMOVDQU Y6, (const_offV+192)(AX)
	VMOVDQU Y7, (const_offV+224)(AX)
	VMOVDQU Y8, (const_offV+256)(AX)
	VMOVDQU Y9, (const_offV+288)(AX)
	VMOVDQU Y10, (const_offV+320)(AX)
	VMOVDQU Y11, (const_offV+352)(AX)
	VMOVDQU Y12, (const_offV+384)(AX)
	VMOVDQU Y13, (const_offV+416)(AX)
	VMOVDQU Y14, (const_offV+448)(AX)
	VMOVDQU Y15, (const_offV+480)(AX)
	VZEROUPPER
	JMP  control
legacy:
	MOVUPS X0, (const_offV+0)(AX)
	MOVUPS X1, (const_offV+32)(AX)
	MOVUPS X2, (const_offV+64)(AX)
	MOVUPS X3, (const_offV+96)(AX)
	MOVUPS X4, (const_offV+128)(AX)
	MOVUPS X5, (const_offV+160)(AX)
	MOVUPS X6, (const_offV+192)(AX)
	MOVUPS X7, (const_offV+224)(AX)
	MOVUPS X8, (const_offV+256)(AX)
	MOVUPS X9, (const_offV+288)(AX)
	MOVUPS X10, (const_offV+320)(AX)
	MOVUPS X11, (const_offV+352)(AX)
	MOVUPS X12, (const_offV+384)(AX)
	MOVUPS X13, (const_offV+416)(AX)
	MOVUPS X14, (const_offV+448)(AX)
	MOVUPS X15, (const_offV+480)(AX)
control:
	// The sticky flags do not matter to Go; the modes do.
	STMXCSR const_offMXCSR(AX)
	MOVL const_offMXCSR(AX), CX
	ANDL $0xFFC0, CX
	CMPL CX, $0x1F80
	JEQ  usual
	LDMXCSR ·goMXCSR(SB)
usual:
	XORL CX, CX
	WRGSBASE_CX
	CMPL const_offReason(AX), $const_exitTrap
	JEQ  running // it may have to go on where it was: engine.trapped decides
	MOVQ $0, const_offRunning(AX)
running:
	RET

// noteThread notes the number of the thread in the State that R11 points to. It
// changes AX and CX. Without RDFSBASE it has to ask each time.
TEXT ·noteThread(SB), NOSPLIT|NOFRAME, $0-0
	CMPB ·hasFSGS(SB), $0
	JEQ  ask
	RDFSBASE_CX
	CMPQ CX, const_offFSBase(R11)
	JEQ  known
	MOVQ CX, const_offFSBase(R11)
ask:
	MOVQ R11, BX
	MOVL $186, AX // gettid; it changes R11
	SYSCALL
	MOVQ BX, R11
	MOVQ AX, const_offThreadID(R11)
known:
	RET

// handler is the signal handler, in the C calling convention: DI signal, SI
// siginfo, DX ucontext. It runs on Go's signal stack. GS is zero unless it points
// to a State: then the interrupted code has it in R11.
//
// Go forwards a signal that it was told to ignore to the handler that it found
// when it was told to listen, which may be this one: the kernel has not called
// then, and Go's handler must not be called again.
TEXT ·handler(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ 0(SP), CX
	CMPQ CX, ·restorer(SB)
	JNE  forwarded
	MOVQ 168(DX), AX // RIP
	MOVQ AX, CX
	SUBQ ·codeLow(SB), CX
	CMPQ CX, ·codeSize(SB)
	JHS  outside
	CMPB ·hasFSGS(SB), $0
	JEQ  portable
	RDGSBASE_R8
	LEAQ ·trapped(SB), R9
	TESTQ R8, R8
	JNE  known
portable:
	MOVQ 64(DX), R8 // R11
	MOVQ ·gateTrapped(SB), R9
known:
	CMPL DI, $23 // SIGURG
	JEQ  urge
	CMPL 8(SI), $0 // si_code: not a trap, but sent by somebody
	JLE  chain
take:
	MOVQ DI, const_offSignal(R8)
	MOVQ AX, const_offTrapPC(R8)
	MOVQ 16(SI), CX // si_addr
	MOVQ CX, const_offTrapAddr(R8)
	MOVQ R9, 168(DX)
	RET
urge:
	CMPQ const_offKick(R8), $0
	JEQ  chain
	// Go may have sent the signal too: its handler comes first.
	SUBQ $56, SP
	MOVQ DI, 0(SP)
	MOVQ SI, 8(SP)
	MOVQ DX, 16(SP)
	MOVQ R8, 24(SP)
	MOVQ AX, 32(SP)
	MOVQ R9, 40(SP)
	LEAQ ·oldHandlers(SB), CX
	MOVQ (23*8)(CX), CX
	CALL CX
	MOVQ 0(SP), DI
	MOVQ 8(SP), SI
	MOVQ 16(SP), DX
	MOVQ 24(SP), R8
	MOVQ 32(SP), AX
	MOVQ 40(SP), R9
	ADDQ $56, SP
	CMPQ AX, 168(DX) // Go does not redirect a thread in a system call
	JEQ  take
	RET
forwarded:
	RET
outside:
	CMPL DI, $23
	JEQ  chain
	CMPL 8(SI), $0
	JLE  chain
	LEAQ ·writeLoads(SB), CX
	MOVQ AX, R9
	SUBQ CX, R9
	LEAQ ·writeRefused(SB), R8
	CMPQ R9, $WRITE_LOADS
	JCS  redirect
	LEAQ ·writeStore(SB), CX
	LEAQ ·writeUnstored(SB), R8
	CMPQ AX, CX
	JEQ  redirect
	LEAQ ·clockStore(SB), CX
	LEAQ ·clockFault(SB), R8
	CMPQ AX, CX
	JNE  chain
redirect:
	MOVQ R8, 168(DX)
	RET
chain:
	LEAQ ·oldHandlers(SB), CX
	MOVL DI, AX
	MOVQ (CX)(AX*8), CX
	JMP  CX

// func addresses() (handler, direct, indirect, syscall, interpret uintptr)
TEXT ·addresses(SB), NOSPLIT, $0-40
	LEAQ ·handler(SB), AX
	MOVQ AX, handler+0(FP)
	LEAQ ·outDirect(SB), AX
	MOVQ AX, direct+8(FP)
	LEAQ ·outIndirect(SB), AX
	MOVQ AX, indirect+16(FP)
	LEAQ ·outSyscall(SB), AX
	MOVQ AX, syscall+24(FP)
	LEAQ ·outInterpret(SB), AX
	MOVQ AX, interpret+32(FP)
	RET
