package arm64

// simdKind returns the kind of an operand that lies in vector registers, or
// nil if text names none.
func simdKind(text string) *operandKind { return nil }

// simdPostIndexed is postIndexed for the kinds of this file.
func simdPostIndexed(k *operandKind) bool { return false }
