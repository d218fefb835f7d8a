package x86

import "encoding/binary"

// More lane arithmetic in the manner of packed.go: what SSSE3 and SSE4 added.
// Most functions know 64 bits of each operand, so that MMX, SSE and AVX share
// them; the others know one lane of 128 bits.

// absolute is |b| lane by lane; the smallest number stays as it is.
func absolute(b, neg, top uint64) uint64 { return sub(b^neg, neg, top) }

func pabsb(_, b uint64) uint64 { return absolute(b, fillB(b&topB), topB) }
func pabsw(_, b uint64) uint64 { return absolute(b, fillW(b&topW), topW) }
func pabsd(_, b uint64) uint64 { return absolute(b, fillD(b&topD), topD) }

// psign negates the lanes of a where b is negative, and clears them where b is
// zero.

func psignb(a, b uint64) uint64 { return absolute(a, fillB(b&topB), topB) &^ pcmpeqb(b, 0) }
func psignw(a, b uint64) uint64 { return absolute(a, fillW(b&topW), topW) &^ pcmpeqw(b, 0) }
func psignd(a, b uint64) uint64 { return absolute(a, fillD(b&topD), topD) &^ pcmpeqd(b, 0) }

// The horizontal operations combine neighbours of the sixteen bytes a, b (of
// MMX: of two registers; of SSE: of one). even and odd gather the lanes.

func evenW(a, b uint64) uint64 {
	p := func(v uint64) uint64 { return v&0xffff | v>>16&0xffff0000 }
	return p(a) | p(b)<<32
}

func oddW(a, b uint64) uint64 { return evenW(a>>16, b>>16) }
func evenD(a, b uint64) uint64 {
	return a&0xffffffff | b<<32
}
func oddD(a, b uint64) uint64 { return a>>32 | b>>32<<32 }

func phaddw(a, b uint64) uint64  { return paddw(evenW(a, b), oddW(a, b)) }
func phaddd(a, b uint64) uint64  { return paddd(evenD(a, b), oddD(a, b)) }
func phaddsw(a, b uint64) uint64 { return paddsw(evenW(a, b), oddW(a, b)) }
func phsubw(a, b uint64) uint64  { return psubw(evenW(a, b), oddW(a, b)) }
func phsubd(a, b uint64) uint64  { return psubd(evenD(a, b), oddD(a, b)) }
func phsubsw(a, b uint64) uint64 { return psubsw(evenW(a, b), oddW(a, b)) }

// pmaddubsw adds the products of neighbouring bytes, unsigned in a and signed
// in b, and saturates.
func pmaddubsw(a, b uint64) uint64 {
	p := func(n uint) uint64 {
		v := int32(uint8(a>>n))*int32(int8(b>>n)) + int32(uint8(a>>(n+8)))*int32(int8(b>>(n+8)))
		return uint64(uint16(max(min(v, 32767), -32768))) << n
	}
	return p(0) | p(16) | p(32) | p(48)
}

// pmulhrsw rounds the product to its upper 17 bits and drops the first.
func pmulhrsw(a, b uint64) uint64 {
	return lanes4(a, b, func(a, b int32) uint32 { return uint32((a*b>>14 + 1) >> 1) })
}

// shuffleBytes picks a byte of the sixteen lo, hi for each byte of sel: by its
// low four bits, or zero if its top bit is set. With lo twice the same it is
// the MMX form, which looks at three bits.
func shuffleBytes(lo, hi, sel uint64) uint64 {
	var b [16]byte // a table: a choice between lo and hi would be a branch that nobody foresees
	binary.LittleEndian.PutUint64(b[:], lo)
	binary.LittleEndian.PutUint64(b[8:], hi)
	var r uint64
	for n := 0; n < 64; n += 8 {
		r |= uint64(b[sel>>n&15]) << n
	}
	return r &^ fillB(sel&topB)
}

func pshufb(a, sel uint64) uint64 { return shuffleBytes(a, a, sel) }

// alignBytes is the 8 bytes that start n bytes into v, zeros behind its end.
func alignBytes(v *[4]uint64, n uint64) uint64 {
	at := func(i uint64) uint64 {
		if i < 4 {
			return v[i]
		}
		return 0
	}
	i, shift := n>>3, n&7*8
	return at(i)>>shift | at(i+1)<<(64-shift)
}

// alignRight is PALIGNR: sixteen bytes of d, above s, from byte n on.
func alignRight(d0, d1, s0, s1, n uint64) (lo, hi uint64) {
	v := [4]uint64{s0, s1, d0, d1}
	return alignBytes(&v, n), alignBytes(&v, n+8)
}

// alignRight64 is the MMX form.
func alignRight64(d, s, n uint64) uint64 {
	v := [4]uint64{s, d}
	return alignBytes(&v, n)
}

// pcmpgtq and pcmpeqq know one lane; so does pmuldq.

func pcmpgtq(a, b uint64) uint64 { return -b2u(int64(a) > int64(b)) }
func pcmpeqq(a, b uint64) uint64 { return -b2u(a == b) }
func pmuldq(a, b uint64) uint64  { return uint64(int64(int32(a)) * int64(int32(b))) }

func pmulld(a, b uint64) uint64 {
	return uint64(uint32(a)*uint32(b)) | uint64(uint32(a>>32)*uint32(b>>32))<<32
}

// Minima and maxima: take a where it is on the right side of b.

func pick(a, b, mask uint64) uint64 { return b ^ (a^b)&mask }

func pminsb(a, b uint64) uint64 { return pick(a, b, pcmpgtb(b, a)) }
func pmaxsb(a, b uint64) uint64 { return pick(a, b, pcmpgtb(a, b)) }
func pminuw(a, b uint64) uint64 { return a - psubusw(a, b) }
func pmaxuw(a, b uint64) uint64 { return psubusw(a, b) + b }
func pminsd(a, b uint64) uint64 { return pick(a, b, pcmpgtd(b, a)) }
func pmaxsd(a, b uint64) uint64 { return pick(a, b, pcmpgtd(a, b)) }
func pminud(a, b uint64) uint64 { return pick(a, b, pcmpgtd(b^topD, a^topD)) }
func pmaxud(a, b uint64) uint64 { return pick(a, b, pcmpgtd(a^topD, b^topD)) }

// packusdw saturates two doublewords to unsigned words.
func packusdw(a uint64) uint64 {
	p := func(n uint) uint64 { return uint64(uint16(max(min(int32(a>>n), 65535), 0))) << (n / 2) }
	return p(0) | p(32)
}

// The extensions widen the lowest lanes of a to fill 8 bytes. The result's
// name says from and to what.

func extendBW(a uint64) uint64 { return extendLanes(spreadB(a&0xffffffff), 0x0080008000800080, topW) }
func extendWD(a uint64) uint64 {
	return extendLanes(spreadW(a&0xffffffff), 0x0000800000008000, topD)
}
func extendBD(a uint64) uint64 {
	return extendLanes(zeroBD(a), 0x0000008000000080, topD)
}
func extendBQ(a uint64) uint64 { return uint64(int8(a)) }
func extendWQ(a uint64) uint64 { return uint64(int16(a)) }
func extendDQ(a uint64) uint64 { return uint64(int32(a)) }

// extendLanes propagates the bits sign of v, whose lanes end at top.
func extendLanes(v, sign, top uint64) uint64 { return sub(v^sign, sign, top) }

func zeroBW(a uint64) uint64 { return spreadB(a & 0xffffffff) }
func zeroWD(a uint64) uint64 { return spreadW(a & 0xffffffff) }
func zeroBD(a uint64) uint64 { return a&0xff | a<<24&(0xff<<32) }
func zeroBQ(a uint64) uint64 { return a & 0xff }
func zeroWQ(a uint64) uint64 { return a & 0xffff }
func zeroDQ(a uint64) uint64 { return a & 0xffffffff }

// minpos is the smallest word of the sixteen bytes, and above it its index.
func minpos(lo, hi uint64) uint64 {
	best := uint64(0xffff)<<16 | 0xffff
	for i := range uint64(4) {
		best = min(best, lo>>(16*i)&0xffff<<16|i)
	}
	for i := range uint64(4) {
		best = min(best, hi>>(16*i)&0xffff<<16|(i+4))
	}
	return best>>16 | best&7<<16
}

// blockDistances is MPSADBW on one 128-bit lane: the sums of the absolute
// differences of four bytes of s, chosen by sel, and the four bytes at each of
// eight places of d.
func blockDistances(d0, d1, s0, s1, sel uint64) (lo, hi uint64) {
	block := alignBytes(&[4]uint64{s0, s1}, sel&3*4) & 0xffffffff
	v := [4]uint64{d0, d1}
	from := sel >> 2 & 1 * 4
	for i := range uint64(4) {
		lo |= psadbw(alignBytes(&v, from+i)&0xffffffff, block) << (16 * i)
		hi |= psadbw(alignBytes(&v, from+4+i)&0xffffffff, block) << (16 * i)
	}
	return lo, hi
}

// blendMaskW spreads the four low bits of sel over words.
func blendMaskW(sel uint64) uint64 {
	return fillW(sel&1<<15 | sel&2<<30 | sel&4<<45 | sel&8<<60)
}

// blendMaskD spreads the two low bits of sel over doublewords.
func blendMaskD(sel uint64) uint64 { return -(sel&1)&0xffffffff | -(sel>>1&1)<<32 }
