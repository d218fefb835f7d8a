package arm64

import (
	"hash/crc32"
	"sync"
)

// The CRC32 instructions (C3.4.8). The register is neither inverted before
// nor after, unlike the functions of hash/crc32.
func crcRows() Section {
	return Section{Ref: "C3.4.8 CRC32", Feature: "FEAT_CRC32", Rows: []Spec{
		{"crc32b", "00011010110mmmmm010000nnnnnddddd", "=Wd Wn Wm", 0, opFunc(crc32b)},
		{"crc32h", "00011010110mmmmm010001nnnnnddddd", "=Wd Wn Wm", 0, opFunc(crc32h)},
		{"crc32w", "00011010110mmmmm010010nnnnnddddd", "=Wd Wn Wm", 0, opFunc(crc32w)},
		{"crc32x", "10011010110mmmmm010011nnnnnddddd", "=Wd Wn Xm", 0, opFunc(crc32x)},
		{"crc32cb", "00011010110mmmmm010100nnnnnddddd", "=Wd Wn Wm", 0, opFunc(crc32cb)},
		{"crc32ch", "00011010110mmmmm010101nnnnnddddd", "=Wd Wn Wm", 0, opFunc(crc32ch)},
		{"crc32cw", "00011010110mmmmm010110nnnnnddddd", "=Wd Wn Wm", 0, opFunc(crc32cw)},
		{"crc32cx", "10011010110mmmmm010111nnnnnddddd", "=Wd Wn Xm", 0, opFunc(crc32cx)},
	}}
}

// castagnoli is made when it is needed: few programs do.
var castagnoli = sync.OnceValue(func() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) })

func crc(s *State, o *op, table *crc32.Table, n int) *op {
	c, v := uint32(s.R[o.rn&63]), s.R[o.rm&63]
	for range n {
		c = table[uint8(c)^uint8(v)] ^ c>>8
		v >>= 8
	}
	s.R[o.rd&63] = uint64(c)
	return o.after()
}

func crc32b(s *State, o *op) *op  { return crc(s, o, crc32.IEEETable, 1) }
func crc32h(s *State, o *op) *op  { return crc(s, o, crc32.IEEETable, 2) }
func crc32w(s *State, o *op) *op  { return crc(s, o, crc32.IEEETable, 4) }
func crc32x(s *State, o *op) *op  { return crc(s, o, crc32.IEEETable, 8) }
func crc32cb(s *State, o *op) *op { return crc(s, o, castagnoli(), 1) }
func crc32ch(s *State, o *op) *op { return crc(s, o, castagnoli(), 2) }
func crc32cw(s *State, o *op) *op { return crc(s, o, castagnoli(), 4) }
func crc32cx(s *State, o *op) *op { return crc(s, o, castagnoli(), 8) }
