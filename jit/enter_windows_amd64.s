#include "go_asm.h"
#include "textflag.h"

// noteThread notes the number of the thread, which is in its environment block
// (GS), in the State that R11 points to. It changes CX.
TEXT ·noteThread(SB), NOSPLIT|NOFRAME, $0-0
	BYTE $0x65; BYTE $0x48; BYTE $0x8B; BYTE $0x0C; BYTE $0x25; LONG $0x48 // MOVQ GS:0x48, CX
	MOVQ CX, const_offThreadID(R11)
	RET

// Offsets in the system's structures.
#define recordParameters 0x18 // of EXCEPTION_RECORD: how many there are
#define recordAddress 0x28 // the second of them
#define contextFlags 0x30 // of CONTEXT
#define contextR11 0xD0
#define contextRIP 0xF8

// vectored is the handler of exceptions, in the system's calling convention: CX
// points to the pointers to EXCEPTION_RECORD and CONTEXT. It runs on the stack
// where the exception came.
TEXT vectored<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ 0(CX), R8
	MOVQ 8(CX), R9
	MOVQ contextRIP(R9), R10
	MOVQ R10, DX
	SUBQ ·codeLow(SB), DX
	CMPQ DX, ·codeSize(SB)
	JHS  other
	MOVQ contextR11(R9), DX
	MOVL 0(R8), AX
	MOVQ AX, const_offSignal(DX)
	MOVQ R10, const_offTrapPC(DX)
	XORL AX, AX
	CMPL recordParameters(R8), $2
	JLO  note
	MOVQ recordAddress(R8), AX
note:
	MOVQ AX, const_offTrapAddr(DX)
	MOVQ ·gateTrapped(SB), AX
	MOVQ AX, contextRIP(R9)
	MOVL $-1, AX // continue execution
	RET
other:
	// A thread that was redirected after it had trapped and before anybody
	// was told: it will trap again.
	MOVL $-1, AX
	CMPQ R10, ·gateTrapped(SB)
	JEQ  done
	XORL AX, AX // continue search
done:
	RET

// redirect takes a thread out of generated code if it is there, for its State,
// and Context.Kick is set; in the system's calling convention: CX handle of the
// thread, DX State, R8 number of the thread. The thread may be the calling one,
// if the number is old.
TEXT redirect<>(SB), NOSPLIT|NOFRAME, $0-0
	PUSHQ BX
	PUSHQ SI
	PUSHQ DI
	SUBQ $0x500, SP // 32 bytes for callees, and a CONTEXT, aligned to 16
	MOVQ CX, BX
	MOVQ DX, SI
	BYTE $0x65; BYTE $0x48; BYTE $0x8B; BYTE $0x04; BYTE $0x25; LONG $0x48 // MOVQ GS:0x48, AX
	CMPQ AX, R8
	JEQ  done
	MOVQ ·suspendThread(SB), AX
	CALL AX
	CMPL AX, $-1
	JEQ  done
	LEAQ 0x20(SP), DI
	MOVL $0x100003, contextFlags(DI) // CONTROL and INTEGER
	MOVQ BX, CX
	MOVQ DI, DX
	MOVQ ·getThreadContext(SB), AX
	CALL AX
	TESTL AX, AX
	JEQ  resume
	MOVQ contextRIP(DI), AX
	MOVQ AX, CX
	SUBQ ·codeLow(SB), CX
	CMPQ CX, ·codeSize(SB)
	JHS  resume
	CMPQ contextR11(DI), SI
	JNE  resume
	CMPQ const_offKick(SI), $0
	JEQ  resume
	MOVQ $const_kickSignal, const_offSignal(SI)
	MOVQ AX, const_offTrapPC(SI)
	MOVQ $0, const_offTrapAddr(SI)
	MOVQ ·gateTrapped(SB), AX
	MOVQ AX, contextRIP(DI)
	MOVL $0x100001, contextFlags(DI) // CONTROL
	MOVQ BX, CX
	MOVQ DI, DX
	MOVQ ·setThreadContext(SB), AX
	CALL AX
resume:
	MOVQ BX, CX
	MOVQ ·resumeThread(SB), AX
	CALL AX
done:
	ADDQ $0x500, SP
	POPQ DI
	POPQ SI
	POPQ BX
	RET

// func redirector() uintptr
TEXT ·redirector(SB), NOSPLIT, $0-8
	LEAQ redirect<>(SB), AX
	MOVQ AX, ret+0(FP)
	RET

// func handler() uintptr
TEXT ·handler(SB), NOSPLIT, $0-8
	LEAQ vectored<>(SB), AX
	MOVQ AX, ret+0(FP)
	RET
