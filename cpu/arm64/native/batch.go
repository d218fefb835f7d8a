package native

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Addresses in the server, which a caller that wants the same results must use
// too: instructions see their own address and those of their memory.
const (
	// CodeBase is where the server keeps code, in CodeSize bytes.
	CodeBase = 0x20000000
	CodeSize = 0xf000
	// Slot is the address of the instruction that is executed.
	Slot = CodeBase + 0x1000
	// RecordBase is where the records lie, one behind the other.
	RecordBase = 0x20010000
	// RecordSize is the distance between records with memory, and BriefSize
	// that between records without.
	RecordSize = 512
	BriefSize  = 256
	// MaxRecords is the most records of a batch.
	MaxRecords = 800
	// MemSize is how much memory a record has.
	MemSize = 256
	// Edge is the end of accessible memory: there is a page of it, filled with
	// [EdgeByte], before Edge, and nothing behind it. Before Guard, in the same
	// way, the page may be read only.
	Edge  = 0x20081000
	Guard = 0x20091000
)

// Pads are addresses that an instruction may branch to.
var Pads = [...]uint64{Slot - 0x400, Slot + 0x80, Slot + 0xc00}

// EdgeByte is what the byte at an address before Edge or Guard holds when a batch
// begins.
func EdgeByte(addr uint64) byte { return byte(addr*0x9d ^ addr>>3) }

// Record is what an instruction finds and what it leaves: the registers that
// the batch names, in its order.
type Record struct {
	NZCV, FPCR, FPSR, SP uint64
	X                    [8]uint64
	Path                 uint64 // 0 if the instruction behind comes next, k for Pads[k-1], Signal+n for a signal
	Fault                uint64 // of a signal: the address that was accessed
	V                    [8][2]uint64
	Mem                  [MemSize]byte
}

// Signal is what the number of a signal is added to in Record.Path.
const Signal = 0x8000

const (
	offNZCV, offFPCR, offFPSR, offSP, offX, offPath, offFault, offV, offMem = 0, 8, 16, 24, 32, 96, 104, 112, 256
)

// MemAt is the address of the memory of record i.
func MemAt(i int) uint64 { return RecordBase + uint64(i)*RecordSize + offMem }

// Common holds all registers: what those that no record names have at first,
// and must have still.
type Common struct {
	X [31]uint64
	_ uint64
	V [32][2]uint64
}

const commonSize = 32*8 + 32*16

// Batch is an instruction and what it is to be executed on.
type Batch struct {
	Before []uint32 // executed right before the instruction
	Word   uint32
	X, V   []uint8 // the registers that records hold
	Memory bool    // whether the records have memory
	Edges  bool    // whether the pages before Edge and Guard are to be filled again
	Common *Common
	// Records are replaced by the results, and Common by what stands in all
	// registers behind the last of them.
	Records []Record
}

func (b *Batch) stride() int {
	if b.Memory {
		return RecordSize
	}
	return BriefSize
}

// Scratch are the registers that the server uses itself, which the batch must
// not name: neither their contents in Common nor those that come back mean
// anything.
func (b *Batch) Scratch() (record, end, temp uint8) {
	var free [3]uint8
	n := 0
	// A different choice for each instruction, so that every register is one
	// that is watched.
	for i := range uint8(28) {
		r := uint8((uint32(i)*5 + b.Word*7) % 28)
		if n < 3 && !slices.Contains(b.X, r) && !slices.Contains(free[:n], r) {
			free[n] = r
			n++
		}
	}
	return free[0], free[1], free[2]
}

// encode writes the batch as the server reads it.
func (b *Batch) encode(buf []byte) ([]byte, error) {
	if len(b.X) > 8 || len(b.V) > 8 || len(b.Records) > MaxRecords {
		return nil, fmt.Errorf("a batch of %d records of %d and %d registers is too large", len(b.Records), len(b.X), len(b.V))
	}
	code := b.program()
	edges := uint32(0)
	if b.Edges {
		edges = 1
	}
	buf = appendHead(buf, code, edges, len(b.Records)*b.stride())
	le := binary.LittleEndian
	for _, x := range b.Common.X {
		buf = le.AppendUint64(buf, x)
	}
	buf = le.AppendUint64(buf, 0)
	for i := range b.Common.V {
		buf = le.AppendUint64(le.AppendUint64(buf, b.Common.V[i][0]), b.Common.V[i][1])
	}
	for i := range b.Records {
		buf = b.Records[i].encode(buf, b.Memory)
	}
	return buf, nil
}

// appendHead writes what the server reads first: the code, whether to fill the
// pages at the edges, and how many bytes of records follow Common.
func appendHead(buf []byte, code []uint32, edges uint32, records int) []byte {
	le := binary.LittleEndian
	buf = le.AppendUint32(buf, uint32(len(code)))
	buf = le.AppendUint32(buf, edges)
	buf = le.AppendUint32(buf, uint32(records))
	buf = le.AppendUint32(buf, 0)
	for _, w := range code {
		buf = le.AppendUint32(buf, w)
	}
	return buf
}

func (r *Record) encode(buf []byte, mem bool) []byte {
	at := len(buf)
	buf = slices.Grow(buf, RecordSize)[:at+BriefSize]
	p := buf[at:]
	le := binary.LittleEndian
	le.PutUint64(p[offNZCV:], r.NZCV)
	le.PutUint64(p[offFPCR:], r.FPCR)
	le.PutUint64(p[offFPSR:], r.FPSR)
	le.PutUint64(p[offSP:], r.SP)
	le.PutUint64(p[offPath:], 0)
	le.PutUint64(p[offFault:], 0)
	for i, x := range r.X {
		le.PutUint64(p[offX+8*i:], x)
	}
	for i := range r.V {
		le.PutUint64(p[offV+16*i:], r.V[i][0])
		le.PutUint64(p[offV+16*i+8:], r.V[i][1])
	}
	if mem {
		buf = append(buf, r.Mem[:]...)
	}
	return buf
}

func (r *Record) decode(p []byte, mem bool) {
	le := binary.LittleEndian
	r.NZCV, r.FPCR, r.FPSR, r.SP = le.Uint64(p[offNZCV:]), le.Uint64(p[offFPCR:]), le.Uint64(p[offFPSR:]), le.Uint64(p[offSP:])
	r.Path, r.Fault = le.Uint64(p[offPath:]), le.Uint64(p[offFault:])
	for i := range r.X {
		r.X[i] = le.Uint64(p[offX+8*i:])
	}
	for i := range r.V {
		r.V[i] = [2]uint64{le.Uint64(p[offV+16*i:]), le.Uint64(p[offV+16*i+8:])}
	}
	if mem {
		copy(r.Mem[:], p[offMem:])
	}
}

func (c *Common) decode(p []byte) {
	le := binary.LittleEndian
	for i := range c.X {
		c.X[i] = le.Uint64(p[8*i:])
	}
	for i := range c.V {
		c.V[i] = [2]uint64{le.Uint64(p[256+16*i:]), le.Uint64(p[256+16*i+8:])}
	}
}
