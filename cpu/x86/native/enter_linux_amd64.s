#include "textflag.h"

// Offsets in type context, and the arena of machine_unsafe.go.
#define FLAGS 0x80
#define GSBASE 0x90
#define FXAREA 0x200
#define GOSP 0x700
#define GOBP 0x708
#define ENTRY 0x710
#define RUNNING 0x720
#define EXTENDED 0x728
#define LOADGS 0x730
#define TID 0x738
#define GOMXCSR 0x740
#define SIGNAL 0x748
#define VECTOR 0x750
#define ERRORCODE 0x758
#define ADDRESS 0x760
#define FAULTPC 0x768
#define SCRATCH 0x770

#define ARENA 0x20000000
#define ARENASIZE 0x100000
#define SLOTMASK 0xFFFFFFFFFFFF0000
#define CONTEXT 0x5000
#define EXITSTUB 0x40

#define POPFQ BYTE $0x9D
#define PUSHFQ BYTE $0x9C
#define WRGSBASE_CX BYTE $0xF3; BYTE $0x48; BYTE $0x0F; BYTE $0xAE; BYTE $0xD9
#define RDGSBASE_CX BYTE $0xF3; BYTE $0x48; BYTE $0x0F; BYTE $0xAE; BYTE $0xC9

// func enter(ctx *context)
//
// From the first change of SP on, a signal finds a stack pointer that is not
// the goroutine's. Go's handlers bear that: they run on the signal stack, and
// they leave a thread alone whose SP is not in its goroutine's stack.
TEXT ·enter(SB), NOSPLIT|NOFRAME, $0-8
	MOVQ ctx+0(FP), BX
	MOVQ SP, GOSP(BX)
	MOVQ BP, GOBP(BX)
	MOVQ $1, RUNNING(BX)
	CMPQ LOADGS(BX), $0
	JEQ  fp
	MOVQ GSBASE(BX), CX
	WRGSBASE_CX
fp:
	CMPQ EXTENDED(BX), $0
	JEQ  legacy
	MOVL $7, AX
	XORL DX, DX
	XRSTOR64 FXAREA(BX)
	JMP  regs
legacy:
	FXRSTOR64 FXAREA(BX)
regs:
	LEAQ FLAGS(BX), SP
	POPFQ
	MOVQ BX, SP
	MOVQ 0(SP), AX
	MOVQ 8(SP), CX
	MOVQ 16(SP), DX
	MOVQ 24(SP), BX
	MOVQ 40(SP), BP
	MOVQ 48(SP), SI
	MOVQ 56(SP), DI
	MOVQ 64(SP), R8
	MOVQ 72(SP), R9
	MOVQ 80(SP), R10
	MOVQ 88(SP), R11
	MOVQ 96(SP), R12
	MOVQ 104(SP), R13
	MOVQ 112(SP), R14
	MOVQ 120(SP), R15
	JMP  ENTRY(SP)

// exit is where the exit stub of a machine goes, with SP at the context and
// the guest's SP saved. It returns to enter's caller.
TEXT ·exit(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ AX, 0(SP)
	MOVQ CX, 8(SP)
	MOVQ DX, 16(SP)
	MOVQ BX, 24(SP)
	MOVQ BP, 40(SP)
	MOVQ SI, 48(SP)
	MOVQ DI, 56(SP)
	MOVQ R8, 64(SP)
	MOVQ R9, 72(SP)
	MOVQ R10, 80(SP)
	MOVQ R11, 88(SP)
	MOVQ R12, 96(SP)
	MOVQ R13, 104(SP)
	MOVQ R14, 112(SP)
	MOVQ R15, 120(SP)
	MOVQ SP, BX
	LEAQ FLAGS+8(BX), SP
	PUSHFQ
	TESTL $0x40000, FLAGS(BX)   // AC: Go's code is not all aligned
	JEQ  aligned
	MOVQ $0x202, SCRATCH(BX)
	LEAQ SCRATCH(BX), SP
	POPFQ
aligned:
	MOVQ GOSP(BX), SP
	MOVQ GOBP(BX), BP
	CLD
	CMPQ EXTENDED(BX), $0
	JEQ  legacy
	MOVL $7, AX
	XORL DX, DX
	XSAVE64 FXAREA(BX)
	VZEROUPPER
	JMP  gs
legacy:
	FXSAVE64 FXAREA(BX)
gs:
	LDMXCSR GOMXCSR(BX)
	CMPQ LOADGS(BX), $0
	JEQ  done
	RDGSBASE_CX
	MOVQ CX, GSBASE(BX)
	XORL CX, CX
	WRGSBASE_CX
done:
	MOVQ $0, RUNNING(BX)
	RET

// handler is the signal handler, in the C calling convention: DI signal, SI
// siginfo, DX ucontext. It runs on Go's signal stack.
TEXT ·handler(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ 168(DX), AX            // RIP
	MOVQ AX, R8
	SUBQ $ARENA, R8
	CMPQ R8, $ARENASIZE
	JHS  wild
	MOVQ AX, R8
	MOVQ $SLOTMASK, CX
	ANDQ CX, R8
	ADDQ $CONTEXT, R8
ours:
	CMPQ RUNNING(R8), $0
	JEQ  chain
	MOVQ 176(DX), CX            // flags: the code may have set TF; stop tracing
	ANDQ $~0x100, CX
	MOVQ CX, 176(DX)
	CMPQ 200(DX), $1            // vector: a trace trap is no outcome
	JEQ  handled
	MOVQ DI, SIGNAL(R8)
	MOVQ AX, FAULTPC(R8)
	MOVQ 192(DX), CX            // error code
	MOVQ CX, ERRORCODE(R8)
	MOVQ 200(DX), CX            // vector
	MOVQ CX, VECTOR(R8)
	MOVQ 216(DX), CX            // CR2
	MOVQ CX, ADDRESS(R8)
	ADDQ $(EXITSTUB-CONTEXT), R8
	MOVQ R8, 168(DX)
handled:
	RET
wild:
	// A branch may have led out of the arena: ask whose thread this is.
	MOVL $186, AX               // gettid
	SYSCALL
	LEAQ ·machines(SB), R9
	XORL R10, R10
next:
	MOVQ (R9)(R10*8), R8
	INCQ R10
	TESTQ R8, R8
	JEQ  more
	CMPQ TID(R8), AX
	JNE  more
	CMPQ RUNNING(R8), $0
	JEQ  more
	MOVQ 168(DX), AX
	JMP  ours
more:
	CMPQ R10, $16
	JLT  next
chain:
	LEAQ ·oldHandlers(SB), R8
	MOVL DI, AX
	MOVQ (R8)(AX*8), R8
	JMP  R8

// func handlerPC() uintptr
TEXT ·handlerPC(SB), NOSPLIT, $0-8
	LEAQ ·handler(SB), AX
	MOVQ AX, ret+0(FP)
	RET

// func exitPC() uintptr
TEXT ·exitPC(SB), NOSPLIT, $0-8
	LEAQ ·exit(SB), AX
	MOVQ AX, ret+0(FP)
	RET
