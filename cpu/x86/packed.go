package x86

// Arithmetic on packed integers, eight bytes at a time: an MMX operation is
// one call, an SSE2 operation two. The functions have the manual's mnemonics
// and take the destination's old value first. Lanes are kept apart within one
// 64-bit word, which costs a few logical operations instead of a loop.

// The top bit of every lane, and the others.
const (
	topB = 0x8080808080808080
	topW = 0x8000800080008000
	topD = 0x8000000080000000
)

// fillB, fillW and fillD turn each lane's top bit in t, which has no other
// bits, into a lane of ones.
func fillB(t uint64) uint64 { return t >> 7 * 0xff }
func fillW(t uint64) uint64 { return t >> 15 * 0xffff }
func fillD(t uint64) uint64 { return t >> 31 * 0xffffffff }

// add and sub are the lane-wise sum and difference, lanes given by top.
func add(a, b, top uint64) uint64 { return (a&^top + b&^top) ^ (a^b)&top }
func sub(a, b, top uint64) uint64 { return (a | top - b&^top) ^ ^(a^b)&top }

// carry and borrow are the lanes' carries out of a+b and a-b, in the top bits.
func carry(a, b, sum, top uint64) uint64   { return (a&b | (a|b)&^sum) & top }
func borrow(a, b, diff, top uint64) uint64 { return (^a&b | ^(a^b)&diff) & top }

func paddb(a, b uint64) uint64 { return add(a, b, topB) }
func paddw(a, b uint64) uint64 { return add(a, b, topW) }
func paddd(a, b uint64) uint64 { return add(a, b, topD) }
func paddq(a, b uint64) uint64 { return a + b }
func psubb(a, b uint64) uint64 { return sub(a, b, topB) }
func psubw(a, b uint64) uint64 { return sub(a, b, topW) }
func psubd(a, b uint64) uint64 { return sub(a, b, topD) }
func psubq(a, b uint64) uint64 { return a - b }

func paddusb(a, b uint64) uint64 {
	s := add(a, b, topB)
	return s | fillB(carry(a, b, s, topB))
}

func paddusw(a, b uint64) uint64 {
	s := add(a, b, topW)
	return s | fillW(carry(a, b, s, topW))
}

func psubusb(a, b uint64) uint64 {
	d := sub(a, b, topB)
	return d &^ fillB(borrow(a, b, d, topB))
}

func psubusw(a, b uint64) uint64 {
	d := sub(a, b, topW)
	return d &^ fillW(borrow(a, b, d, topW))
}

// The saturated value has the sign of a: the largest positive lane plus a's
// sign bit.

func paddsb(a, b uint64) uint64 {
	s := add(a, b, topB)
	m := fillB(^(a ^ b) & (a ^ s) & topB)
	return s&^m | (a>>7&(topB>>7)+^uint64(topB))&m
}

func paddsw(a, b uint64) uint64 {
	s := add(a, b, topW)
	m := fillW(^(a ^ b) & (a ^ s) & topW)
	return s&^m | (a>>15&(topW>>15)+^uint64(topW))&m
}

func psubsb(a, b uint64) uint64 {
	d := sub(a, b, topB)
	m := fillB((a ^ b) & (a ^ d) & topB)
	return d&^m | (a>>7&(topB>>7)+^uint64(topB))&m
}

func psubsw(a, b uint64) uint64 {
	d := sub(a, b, topW)
	m := fillW((a ^ b) & (a ^ d) & topW)
	return d&^m | (a>>15&(topW>>15)+^uint64(topW))&m
}

func pmaxub(a, b uint64) uint64 { return psubusb(a, b) + b }
func pminub(a, b uint64) uint64 { return a - psubusb(a, b) }

// Flipping the sign bits maps signed order to unsigned order.

func pmaxsw(a, b uint64) uint64 {
	a, b = a^topW, b^topW
	return (psubusw(a, b) + b) ^ topW
}

func pminsw(a, b uint64) uint64 {
	a, b = a^topW, b^topW
	return (a - psubusw(a, b)) ^ topW
}

func pavgb(a, b uint64) uint64 { return a | b - (a^b)&^(topB>>7)>>1 }
func pavgw(a, b uint64) uint64 { return a | b - (a^b)&^(topW>>15)>>1 }

// zero marks the lanes of x that are zero, in their top bits.
func zero(x, top uint64) uint64 { return ^(x&^top + ^top | x) & top }

func pcmpeqb(a, b uint64) uint64 { return fillB(zero(a^b, topB)) }
func pcmpeqw(a, b uint64) uint64 { return fillW(zero(a^b, topW)) }
func pcmpeqd(a, b uint64) uint64 { return fillD(zero(a^b, topD)) }

// greater marks the lanes in which a is greater than b as signed numbers.
func greater(a, b, top uint64) uint64 {
	a, b = a^top, b^top
	return borrow(b, a, sub(b, a, top), top)
}

func pcmpgtb(a, b uint64) uint64 { return fillB(greater(a, b, topB)) }
func pcmpgtw(a, b uint64) uint64 { return fillW(greater(a, b, topW)) }
func pcmpgtd(a, b uint64) uint64 { return fillD(greater(a, b, topD)) }

func pand(a, b uint64) uint64  { return a & b }
func pandn(a, b uint64) uint64 { return ^a & b }
func por(a, b uint64) uint64   { return a | b }
func pxor(a, b uint64) uint64  { return a ^ b }

// lanes4 applies f to the four pairs of words, sign-extended.
func lanes4(a, b uint64, f func(a, b int32) uint32) uint64 {
	w := func(n uint) uint64 { return uint64(uint16(f(int32(int16(a>>n)), int32(int16(b>>n))))) << n }
	return w(0) | w(16) | w(32) | w(48)
}

func pmullw(a, b uint64) uint64 {
	return lanes4(a, b, func(a, b int32) uint32 { return uint32(a * b) })
}

func pmulhw(a, b uint64) uint64 {
	return lanes4(a, b, func(a, b int32) uint32 { return uint32(a*b) >> 16 })
}

func pmulhuw(a, b uint64) uint64 {
	return lanes4(a, b, func(a, b int32) uint32 { return uint32(uint16(a)) * uint32(uint16(b)) >> 16 })
}

func pmuludq(a, b uint64) uint64 { return uint64(uint32(a)) * uint64(uint32(b)) }

// pmaddwd adds the products of neighbours; the one overflow there is, 8000H
// everywhere, wraps to 80000000H.
func pmaddwd(a, b uint64) uint64 {
	p := func(n uint) uint32 { return uint32(int32(int16(a>>n)) * int32(int16(b>>n))) }
	return uint64(p(0)+p(16)) | uint64(p(32)+p(48))<<32
}

func psadbw(a, b uint64) uint64 {
	d := psubusb(a, b) | psubusb(b, a) // |a-b|: one of the two is zero
	d = d&0x00ff00ff00ff00ff + d>>8&0x00ff00ff00ff00ff
	return d * 0x0001000100010001 >> 48
}

// Shifts. The count is the whole 64-bit operand; one beyond the lane's width
// gives zeros, or copies of the sign.

func psllw(a, n uint64) uint64 {
	if n > 15 {
		return 0
	}
	return a << n & (0xffff << n & 0xffff * (topW >> 15))
}

func pslld(a, n uint64) uint64 {
	if n > 31 {
		return 0
	}
	return a << n & (0xffffffff << n & 0xffffffff * (topD >> 31))
}

func psllq(a, n uint64) uint64 { return a << n } // Go's shift gives 0 from 64 on

func psrlw(a, n uint64) uint64 {
	if n > 15 {
		return 0
	}
	return a >> n & (0xffff >> n * (topW >> 15))
}

func psrld(a, n uint64) uint64 {
	if n > 31 {
		return 0
	}
	return a >> n & (0xffffffff >> n * (topD >> 31))
}

func psrlq(a, n uint64) uint64 { return a >> n }

// An arithmetic shift is a logical one whose sign, now further down, is
// extended: flip it and subtract it.

func psraw(a, n uint64) uint64 {
	n = min(n, 15)
	sign := uint64(topW) >> n
	return sub(psrlw(a, n)^sign, sign, topW)
}

func psrad(a, n uint64) uint64 {
	n = min(n, 31)
	sign := uint64(topD) >> n
	return sub(psrld(a, n)^sign, sign, topD)
}

// Packing: the lanes of a, saturated to half their width, in four bytes.

func packsswb(a uint64) uint64 {
	p := func(n uint) uint64 { return uint64(uint8(max(min(int16(a>>n), 127), -128))) << (n / 2) }
	return p(0) | p(16) | p(32) | p(48)
}

func packuswb(a uint64) uint64 {
	p := func(n uint) uint64 { return uint64(uint8(max(min(int16(a>>n), 255), 0))) << (n / 2) }
	return p(0) | p(16) | p(32) | p(48)
}

func packssdw(a uint64) uint64 {
	p := func(n uint) uint64 { return uint64(uint16(max(min(int32(a>>n), 32767), -32768))) << (n / 2) }
	return p(0) | p(32)
}

// Unpacking: spread the low half of a to every second lane.

func spreadB(a uint64) uint64 {
	a = (a | a<<16) & 0x0000ffff0000ffff
	return (a | a<<8) & 0x00ff00ff00ff00ff
}

func spreadW(a uint64) uint64 { return (a | a<<16) & 0x0000ffff0000ffff }

// The low and the high halves of a and b, interleaved. Of an SSE2 operand, the
// low result is made from the low words, and the high one from the high words,
// each of which fills 16 bytes: hence the two functions for either.

func punpcklbw(a, b uint64) uint64 {
	return spreadB(a&0xffffffff) | spreadB(b&0xffffffff)<<8
}
func punpckhbw(a, b uint64) uint64 { return spreadB(a>>32) | spreadB(b>>32)<<8 }
func punpcklwd(a, b uint64) uint64 {
	return spreadW(a&0xffffffff) | spreadW(b&0xffffffff)<<16
}
func punpckhwd(a, b uint64) uint64 { return spreadW(a>>32) | spreadW(b>>32)<<16 }
func punpckldq(a, b uint64) uint64 { return a&0xffffffff | b<<32 }
func punpckhdq(a, b uint64) uint64 { return a>>32 | b>>32<<32 }

// pmovmskb gathers the top bits of the eight bytes.
func pmovmskb(a uint64) uint64 { return a & topB >> 7 * 0x0102040810204080 >> 56 }

// shufw picks four words of a by the two-bit fields of sel.
func shufw(a uint64, sel uint8) uint64 {
	p := func(n uint) uint64 { return uint64(uint16(a>>(sel>>n&3*16))) << (n * 8) }
	return p(0) | p(2) | p(4) | p(6)
}
