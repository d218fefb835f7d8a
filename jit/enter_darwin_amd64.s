#include "go_asm.h"
#include "textflag.h"

// noteThread notes the thread in the State that R11 points to: what
// pthread_self returns, which is at the beginning of the thread's own memory
// (GS). It changes CX.
TEXT ·noteThread(SB), NOSPLIT|NOFRAME, $0-0
	BYTE $0x65; BYTE $0x48; BYTE $0x8B; BYTE $0x0C; BYTE $0x25; LONG $0 // MOVQ GS:0, CX
	MOVQ CX, const_offThreadID(R11)
	RET

// Offsets in the system's structures (sys/signal.h, mach/i386/_structs.h).
#define sentCodes 8 // si_code
#define infoAddress 24
#define contextMachine 48 // of ucontext: the address of mcontext
#define machineR11 104
#define machineRIP 144
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
	MOVQ contextMachine(DX), R9
	MOVQ machineRIP(R9), AX
	MOVQ AX, CX
	SUBQ ·codeLow(SB), CX
	CMPQ CX, ·codeSize(SB)
	JHS  chain
	MOVQ machineR11(R9), R8
	CMPL DI, $sigurg
	JEQ  urge
	CMPL sentCodes(SI), $0x10000 // not a trap, but sent by somebody
	JHS  chain
take:
	MOVL DI, DI
	MOVQ DI, const_offSignal(R8)
	MOVQ AX, const_offTrapPC(R8)
	MOVQ infoAddress(SI), CX
	MOVQ CX, const_offTrapAddr(R8)
	MOVQ ·gateTrapped(SB), CX
	MOVQ CX, machineRIP(R9)
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
	MOVQ (sigurg*8)(CX), CX
	CALL CX
	MOVQ 0(SP), DI
	MOVQ 8(SP), SI
	MOVQ 16(SP), DX
	MOVQ 24(SP), R8
	MOVQ 32(SP), AX
	MOVQ 40(SP), R9
	ADDQ $56, SP
	CMPQ AX, machineRIP(R9) // Go does not redirect a thread in a system call
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

// What Go may call in the system's library.

TEXT sigactionTrampoline<>(SB), NOSPLIT, $0-0
	JMP libc_sigaction(SB)

TEXT pthreadKillTrampoline<>(SB), NOSPLIT, $0-0
	JMP libc_pthread_kill(SB)

TEXT taskSelfTrampoline<>(SB), NOSPLIT, $0-0
	JMP libc_task_self_trap(SB)

// remapTrampoline calls mach_vm_remap with the eleven arguments that DI points
// to: six in registers, five on the stack.
TEXT remapTrampoline<>(SB), NOSPLIT|NOFRAME, $0-0
	PUSHQ BX
	SUBQ $48, SP
	MOVQ DI, BX
	MOVQ 48(BX), AX
	MOVQ AX, 0(SP)
	MOVQ 56(BX), AX
	MOVQ AX, 8(SP)
	MOVQ 64(BX), AX
	MOVQ AX, 16(SP)
	MOVQ 72(BX), AX
	MOVQ AX, 24(SP)
	MOVQ 80(BX), AX
	MOVQ AX, 32(SP)
	MOVQ 0(BX), DI
	MOVQ 8(BX), SI
	MOVQ 16(BX), DX
	MOVQ 24(BX), CX
	MOVQ 32(BX), R8
	MOVQ 40(BX), R9
	CALL libc_mach_vm_remap(SB)
	ADDQ $48, SP
	POPQ BX
	RET

GLOBL ·sigactionAddr(SB), RODATA, $8
DATA ·sigactionAddr(SB)/8, $sigactionTrampoline<>(SB)

GLOBL ·pthreadKillAddr(SB), RODATA, $8
DATA ·pthreadKillAddr(SB)/8, $pthreadKillTrampoline<>(SB)

GLOBL ·taskSelfAddr(SB), RODATA, $8
DATA ·taskSelfAddr(SB)/8, $taskSelfTrampoline<>(SB)

GLOBL ·remapAddr(SB), RODATA, $8
DATA ·remapAddr(SB)/8, $remapTrampoline<>(SB)
