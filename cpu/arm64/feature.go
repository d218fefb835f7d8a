package arm64

// What the identification registers declare: exactly what the table has.
const (
	fpcrMask = 0x07c00000

	idPFR0  = pfr0Present | pfr0NoFP | pfr0NoSIMD
	idISAR0 = isar0CRC32 | isar0Atomic
	idISAR1 = isar1LRCPC
)
