package arm64

// What the identification registers declare: exactly what the table has.
const (
	fpcrMask = fpcrValid

	idPFR0  = pfr0Present | pfr0FP16
	idISAR0 = isar0AES | isar0SHA1 | isar0SHA2 | isar0CRC32 | isar0Atomic | isar0RDM | isar0DP
	idISAR1 = isar1LRCPC | isar1JSCVT | isar1FCMA
)
