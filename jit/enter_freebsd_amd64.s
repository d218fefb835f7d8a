#include "go_asm.h"
#include "textflag.h"

// noteThread notes the number of the thread in the State that R11 points to. It
// changes AX, BX, CX, DX and DI.
TEXT ·noteThread(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ R11, BX // a system call changes R11
	LEAQ const_offThreadID(R11), DI
	MOVL $432, AX // thr_self
	SYSCALL
	MOVQ BX, R11
	RET

// Offsets in the system's structures (sys/signal.h, machine/ucontext.h).
#define sentCodes 8 // si_code
#define infoAddress 24
#define contextR11 104
#define contextRIP 176
#define sigurg 16

// handler is the signal handler, in the C calling convention: DI signal, SI
// siginfo, DX ucontext. It runs on Go's signal stack.
//
// Go forwards a signal that it was told to ignore to the handler that it found
// when it was told to listen, which may be this one: then the return address is
// among Go's functions, not far from here, and Go's handler must not be called
// again.
TEXT handler<>(SB), NOSPLIT|NOFRAME, $0-0
	LEAQ handler<>(SB), CX
	SUBQ 0(SP), CX
	MOVLQSX CX, AX
	CMPQ AX, CX
	JEQ  forwarded
	MOVQ contextRIP(DX), AX
	MOVQ AX, CX
	SUBQ ·codeLow(SB), CX
	CMPQ CX, ·codeSize(SB)
	JHS  chain
	MOVQ contextR11(DX), R8
	CMPL DI, $sigurg
	JEQ  urge
	CMPL sentCodes(SI), $0x10000 // not a trap, but sent by somebody
	JHS  chain
take:
	MOVQ DI, const_offSignal(R8)
	MOVQ AX, const_offTrapPC(R8)
	MOVQ infoAddress(SI), CX
	MOVQ CX, const_offTrapAddr(R8)
	MOVQ ·gateTrapped(SB), CX
	MOVQ CX, contextRIP(DX)
	RET
urge:
	CMPQ const_offKick(R8), $0
	JEQ  chain
	// Go may have sent the signal too: its handler comes first.
	SUBQ $40, SP
	MOVQ DI, 0(SP)
	MOVQ SI, 8(SP)
	MOVQ DX, 16(SP)
	MOVQ R8, 24(SP)
	MOVQ AX, 32(SP)
	LEAQ ·oldHandlers(SB), CX
	MOVQ (sigurg*8)(CX), CX
	CALL CX
	MOVQ 0(SP), DI
	MOVQ 8(SP), SI
	MOVQ 16(SP), DX
	MOVQ 24(SP), R8
	MOVQ 32(SP), AX
	ADDQ $40, SP
	CMPQ AX, contextRIP(DX) // Go does not redirect a thread in a system call
	JEQ  take
forwarded:
	RET
chain:
	LEAQ ·oldHandlers(SB), CX
	MOVL DI, AX
	MOVQ (CX)(AX*8), CX
	JMP  CX

// func handlerAddress() uintptr
TEXT ·handlerAddress(SB), NOSPLIT, $0-8
	LEAQ handler<>(SB), AX
	MOVQ AX, ret+0(FP)
	RET
