package arm64

import "math/bits"

// The commonest integer operations, on all elements of a doubleword at once.
// Each is held against the element-wise function of the same name by a test.

// The top bit of every element.
const (
	topB = 0x8080808080808080
	topH = 0x8000800080008000
	topS = 0x8000000080000000
	topD = 0x8000000000000000
)

// swarAdd and swarSub keep carries within the elements given by top.
func swarAdd(a, b, top uint64) uint64 { return (a&^top + b&^top) ^ (a^b)&top }
func swarSub(a, b, top uint64) uint64 { return (a | top - b&^top) ^ ^(a^b)&top }

// borrow marks, in the top bits, the elements where a < b as unsigned numbers.
func borrow(a, b, top uint64) uint64 {
	d := swarSub(a, b, top)
	return (^a&b | ^(a^b)&d) & top
}

// nonzero marks, in the top bits, the elements that are not zero.
func nonzero(a, top uint64) uint64 { return (a&^top + ^top | a) & top }

// Fill makes each top bit in t, which has no others, an element of ones.
func fillB(t uint64) uint64 { return t<<1 - t>>7 }
func fillH(t uint64) uint64 { return t<<1 - t>>15 }
func fillS(t uint64) uint64 { return t<<1 - t>>31 }

func wordAND(a, b uint64) uint64 { return a & b }
func wordBIC(a, b uint64) uint64 { return a &^ b }
func wordORR(a, b uint64) uint64 { return a | b }
func wordORN(a, b uint64) uint64 { return a | ^b }
func wordEOR(a, b uint64) uint64 { return a ^ b }
func wordNOT(a, _ uint64) uint64 { return ^a }

func wordADDB(a, b uint64) uint64 { return swarAdd(a, b, topB) }
func wordADDH(a, b uint64) uint64 { return swarAdd(a, b, topH) }
func wordADDS(a, b uint64) uint64 { return uint64(uint32(a)+uint32(b)) | (a>>32+b>>32)<<32 }
func wordADDD(a, b uint64) uint64 { return a + b }
func wordSUBB(a, b uint64) uint64 { return swarSub(a, b, topB) }
func wordSUBH(a, b uint64) uint64 { return swarSub(a, b, topH) }
func wordSUBS(a, b uint64) uint64 { return uint64(uint32(a)-uint32(b)) | (a>>32-b>>32)<<32 }
func wordSUBD(a, b uint64) uint64 { return a - b }

func wordNEGB(a, _ uint64) uint64 { return swarSub(0, a, topB) }
func wordNEGH(a, _ uint64) uint64 { return swarSub(0, a, topH) }
func wordNEGS(a, _ uint64) uint64 { return wordSUBS(0, a) }
func wordNEGD(a, _ uint64) uint64 { return -a }

func wordMULH(a, b uint64) uint64 {
	return uint64(uint16(a)*uint16(b)) | uint64(uint16(a>>16)*uint16(b>>16))<<16 |
		uint64(uint16(a>>32)*uint16(b>>32))<<32 | uint64(uint16(a>>48)*uint16(b>>48))<<48
}
func wordMULS(a, b uint64) uint64 { return uint64(uint32(a)*uint32(b)) | (a>>32)*(b>>32)<<32 }

func wordCMEQB(a, b uint64) uint64 { return fillB(nonzero(a^b, topB) ^ topB) }
func wordCMEQH(a, b uint64) uint64 { return fillH(nonzero(a^b, topH) ^ topH) }
func wordCMEQS(a, b uint64) uint64 { return fillS(nonzero(a^b, topS) ^ topS) }
func wordCMEQD(a, b uint64) uint64 { return truth(a == b) }

func wordCMTSTB(a, b uint64) uint64 { return fillB(nonzero(a&b, topB)) }
func wordCMTSTH(a, b uint64) uint64 { return fillH(nonzero(a&b, topH)) }
func wordCMTSTS(a, b uint64) uint64 { return fillS(nonzero(a&b, topS)) }
func wordCMTSTD(a, b uint64) uint64 { return truth(a&b != 0) }

func wordCMHIB(a, b uint64) uint64 { return fillB(borrow(b, a, topB)) }
func wordCMHIH(a, b uint64) uint64 { return fillH(borrow(b, a, topH)) }
func wordCMHIS(a, b uint64) uint64 { return fillS(borrow(b, a, topS)) }
func wordCMHID(a, b uint64) uint64 { return truth(a > b) }
func wordCMHSB(a, b uint64) uint64 { return ^fillB(borrow(a, b, topB)) }
func wordCMHSH(a, b uint64) uint64 { return ^fillH(borrow(a, b, topH)) }
func wordCMHSS(a, b uint64) uint64 { return ^fillS(borrow(a, b, topS)) }
func wordCMHSD(a, b uint64) uint64 { return truth(a >= b) }

// Flipping the sign bits maps signed order to unsigned order.

func wordCMGTB(a, b uint64) uint64 { return wordCMHIB(a^topB, b^topB) }
func wordCMGTH(a, b uint64) uint64 { return wordCMHIH(a^topH, b^topH) }
func wordCMGTS(a, b uint64) uint64 { return wordCMHIS(a^topS, b^topS) }
func wordCMGTD(a, b uint64) uint64 { return truth(int64(a) > int64(b)) }
func wordCMGEB(a, b uint64) uint64 { return wordCMHSB(a^topB, b^topB) }
func wordCMGEH(a, b uint64) uint64 { return wordCMHSH(a^topH, b^topH) }
func wordCMGES(a, b uint64) uint64 { return wordCMHSS(a^topS, b^topS) }
func wordCMGED(a, b uint64) uint64 { return truth(int64(a) >= int64(b)) }

// choose takes a where mask is ones, b elsewhere.
func choose(mask, a, b uint64) uint64 { return b ^ (a^b)&mask }

func wordUMAXB(a, b uint64) uint64 { return choose(wordCMHIB(a, b), a, b) }
func wordUMAXH(a, b uint64) uint64 { return choose(wordCMHIH(a, b), a, b) }
func wordUMAXS(a, b uint64) uint64 { return choose(wordCMHIS(a, b), a, b) }
func wordUMINB(a, b uint64) uint64 { return choose(wordCMHIB(a, b), b, a) }
func wordUMINH(a, b uint64) uint64 { return choose(wordCMHIH(a, b), b, a) }
func wordUMINS(a, b uint64) uint64 { return choose(wordCMHIS(a, b), b, a) }
func wordSMAXB(a, b uint64) uint64 { return choose(wordCMGTB(a, b), a, b) }
func wordSMAXH(a, b uint64) uint64 { return choose(wordCMGTH(a, b), a, b) }
func wordSMAXS(a, b uint64) uint64 { return choose(wordCMGTS(a, b), a, b) }
func wordSMINB(a, b uint64) uint64 { return choose(wordCMGTB(a, b), b, a) }
func wordSMINH(a, b uint64) uint64 { return choose(wordCMGTH(a, b), b, a) }
func wordSMINS(a, b uint64) uint64 { return choose(wordCMGTS(a, b), b, a) }

// Comparisons with zero, and what else has one operand.

func wordCMEQ0B(a, _ uint64) uint64 { return wordCMEQB(a, 0) }
func wordCMEQ0H(a, _ uint64) uint64 { return wordCMEQH(a, 0) }
func wordCMEQ0S(a, _ uint64) uint64 { return wordCMEQS(a, 0) }
func wordCMEQ0D(a, _ uint64) uint64 { return truth(a == 0) }
func wordCMLT0B(a, _ uint64) uint64 { return fillB(a & topB) }
func wordCMLT0H(a, _ uint64) uint64 { return fillH(a & topH) }
func wordCMLT0S(a, _ uint64) uint64 { return fillS(a & topS) }
func wordCMLT0D(a, _ uint64) uint64 { return uint64(int64(a) >> 63) }

// wordCNT adds up bits within bytes.
func wordCNT(a, _ uint64) uint64 {
	a -= a >> 1 & 0x5555555555555555
	a = a&0x3333333333333333 + a>>2&0x3333333333333333
	return (a + a>>4) & 0x0f0f0f0f0f0f0f0f
}

func wordREV64B(a, _ uint64) uint64 { return bits.ReverseBytes64(a) }
func wordREV32B(a, _ uint64) uint64 { return bits.RotateLeft64(bits.ReverseBytes64(a), 32) }
func wordREV16B(a, _ uint64) uint64 { return a>>8&0x00ff00ff00ff00ff | a&0x00ff00ff00ff00ff<<8 }

// Shifts by an immediate, which is b.

func wordSHLB(a, b uint64) uint64 { return a << b & (topB >> 7 * (0xff << b & 0xff)) }
func wordSHLH(a, b uint64) uint64 { return a << b & (topH >> 15 * (0xffff << b & 0xffff)) }
func wordSHLS(a, b uint64) uint64 { return uint64(uint32(a)<<b) | a>>32<<b<<32 }
func wordSHLD(a, b uint64) uint64 { return a << b }

func wordUSHRB(a, b uint64) uint64 { return a >> b & (topB >> 7 * (0xff >> b)) }
func wordUSHRH(a, b uint64) uint64 { return a >> b & (topH >> 15 * (0xffff >> b)) }
func wordUSHRS(a, b uint64) uint64 { return uint64(uint32(a)>>b) | a>>32>>b<<32 }
func wordUSHRD(a, b uint64) uint64 { return a >> b }

func wordSSHRH(a, b uint64) uint64 {
	return uint64(uint16(int16(a)>>b)) | uint64(uint16(int16(a>>16)>>b))<<16 |
		uint64(uint16(int16(a>>32)>>b))<<32 | uint64(int16(a>>48)>>b)<<48
}
func wordSSHRS(a, b uint64) uint64 {
	return uint64(uint32(int32(a)>>b)) | uint64(uint32(int32(a>>32)>>b))<<32
}
func wordSSHRD(a, b uint64) uint64 { return uint64(int64(a) >> b) }

// Pairwise: the results of the pairs of a, then those of b.

func wordADDPB(a, b uint64) uint64 {
	const m = 0x00ff00ff00ff00ff
	return packB((a&m+a>>8&m)&m) | packB((b&m+b>>8&m)&m)<<32
}

// packB moves the low bytes of the four halfwords together.
func packB(a uint64) uint64 {
	a = (a | a>>8) & 0x0000ffff0000ffff
	return (a | a>>16) & 0xffffffff
}

func wordUMAXPB(a, b uint64) uint64 {
	const m = 0x00ff00ff00ff00ff
	x, y := wordUMAXB(a, a>>8), wordUMAXB(b, b>>8)
	return packB(x&m) | packB(y&m)<<32
}

func wordUMINPB(a, b uint64) uint64 {
	const m = 0x00ff00ff00ff00ff
	x, y := wordUMINB(a, a>>8), wordUMINB(b, b>>8)
	return packB(x&m) | packB(y&m)<<32
}

func wordADDPS(a, b uint64) uint64 {
	return uint64(uint32(a)+uint32(a>>32)) | uint64(uint32(b)+uint32(b>>32))<<32
}
