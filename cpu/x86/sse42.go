package x86

import "sync"

// SSE4.2 (Vol. 1, 5.11). The string comparisons are in pcmpstr.go.
var sse42Rows = Section{Ref: "Vol. 1, 5.11 Intel SSE4.2 Instruction Set", Feature: "SSE4.2", Rows: []Spec{
	{"66 0F 3A 60 /r", "pcmpestrm", "Vx Wxu Ib | rAX rDX =XMM0", "w:oszapc", W64, pcmpstr{true, (*State).stringMask}},
	{"66 0F 3A 61 /r", "pcmpestri", "Vx Wxu Ib | rAX rDX =ECX", "w:oszapc", W64, pcmpstr{true, (*State).stringIndex}},
	{"66 0F 3A 62 /r", "pcmpistrm", "Vx Wxu Ib | =XMM0", "w:oszapc", 0, pcmpstr{false, (*State).stringMask}},
	{"66 0F 3A 63 /r", "pcmpistri", "Vx Wxu Ib | =ECX", "w:oszapc", 0, pcmpstr{false, (*State).stringIndex}},
	{"66 0F 38 37 /r", "pcmpgtq", "+Vx Wx", "", 0, packed(pcmpgtq)},
	{"F2 0F 38 F0 /r", "crc32", "+Gy Eb", "", 0, bindCRC},
	{"F2 0F 38 F1 /r", "crc32", "+Gy Ev", "", 0, bindCRC},
}}

// crcTables hold what bytes at distances of 0 to 7 bytes from the end add to
// the CRC with the polynomial 11EDC6F41H, bits reversed. They are made when the
// first CRC32 is decoded.
var (
	crcTables [8][256]uint32
	crcOnce   sync.Once
)

func makeCRCTables() {
	const reversed = 0x82f63b78
	for i := range crcTables[0] {
		c := uint32(i)
		for range 8 {
			c = c>>1 ^ -(c&1)&reversed
		}
		crcTables[0][i] = c
	}
	for k := 1; k < len(crcTables); k++ {
		for i := range crcTables[k] {
			c := crcTables[k-1][i]
			crcTables[k][i] = c>>8 ^ crcTables[0][uint8(c)]
		}
	}
}

func bindCRC(b *binder) {
	crcOnce.Do(makeCRCTables)
	d := &b.d
	if d.Opcode == 0xF0 {
		b.operands(crcStep8)
		return
	}
	b.operands(sized{1: crcStep16, 2: crcStep32, 3: crcStep64}[sizeIndex(d.Size)])
}

// crc returns the CRC c carried on over the n low bytes of v.
func crc(c uint32, v uint64, n int) uint32 {
	v ^= uint64(c)
	if n < 4 {
		c = c >> (8 * n)
	} else {
		c = 0
	}
	for k := n - 1; k >= 0; k-- {
		c ^= crcTables[k][uint8(v)]
		v >>= 8
	}
	return c
}

// crcStep carries the CRC in the destination on. Whatever the sizes, the
// destination's upper half becomes zero.
func crcStep[T word](s *State, o *op) *op {
	v := rm[T](s, o)
	p := &s.R[o.dst&31]
	*p = uint64(crc(uint32(*p), uint64(v), int(width[T]()/8)))
	return o.after()
}
