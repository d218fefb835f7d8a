#include "textflag.h"

// func call(code unsafe.Pointer, b *Block)
TEXT ·call(SB), NOSPLIT, $16-16
	MOVQ    code+0(FP), AX
	MOVQ    b+8(FP), DI
	STMXCSR 0(SP)
	CALL    AX
	LDMXCSR 0(SP)
	BYTE    $0xdb; BYTE $0xe2 // FNCLEX: the next FNINIT must not wait
	BYTE    $0xdb; BYTE $0xe3 // FNINIT
	RET
