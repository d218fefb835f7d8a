#include "textflag.h"

// func call(code uintptr)
//
// The code keeps the stack pointer, g and R29.
TEXT ·call(SB), NOSPLIT, $16-8
	MOVD code+0(FP), R0
	BL   (R0)
	RET

// func flush(addr uintptr)
TEXT ·flush(SB), NOSPLIT, $0-8
	MOVD addr+0(FP), R0
	WORD $0xd50b7b20 // dc cvau, x0
	DSB  $11
	WORD $0xd50b7520 // ic ivau, x0
	DSB  $11
	ISB  $15
	RET
