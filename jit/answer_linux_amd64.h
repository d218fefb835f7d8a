// How far from its beginning ·writeLoads may access guest memory.
#define WRITE_LOADS 40

// STATUS_FLAGS sets the status flags from those in CX, by a way that is 8 ns shorter
// than POPFQ. It changes AX and CX. What comes behind it must not change flags.
#define STATUS_FLAGS \
	MOVL CX, AX; \
	SHLL $8, AX; \
	SHRL $11, CX; \
	ANDL $1, CX; \
	ORL  CX, AX; \
	ADDB $0x7F, AX; /* OF if it was 1 */ \
	SAHF
