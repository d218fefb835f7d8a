package native

import (
	"encoding/binary"
	"io"
	"time"
)

// MaxProbes is the most words that one [Machine.Probe] takes.
const MaxProbes = 300

// NotReached is the answer about a word that was jumped over.
const NotReached = 0xffff

const (
	sizeOfProbe = 4 * 46 // bytes of code for a word
	probesAt    = CodeBase + 0x1000
	patience    = 30 * time.Second
	// harmless is what all registers hold when a word is executed: an address
	// in the middle of the records.
	harmless = RecordBase + 0x20000
)

// Probe executes words one after the other, each with all general registers
// pointing into memory that it may use, and says what signal each one caused: 0
// if none. Nothing else of what they do is looked at. They must not loop: after
// half a minute the server is killed.
func (m *Machine) Probe(words []uint32) ([]uint16, error) {
	buf := appendHead(m.buf[:0], probes(words), 0, 8*len(words))
	buf = append(buf, make([]byte, commonSize)...)
	for range words {
		buf = binary.LittleEndian.AppendUint64(buf, NotReached)
	}
	timer := time.AfterFunc(patience, func() { _ = m.cmd.Process.Kill() })
	defer timer.Stop()
	if _, err := m.in.Write(buf); err != nil {
		return nil, m.failed(words[0], err)
	}
	buf = buf[:commonSize+8*len(words)]
	if _, err := io.ReadFull(m.out, buf); err != nil {
		return nil, m.failed(words[0], err)
	}
	signals := make([]uint16, len(words))
	for i := range signals {
		signals[i] = uint16(binary.LittleEndian.Uint64(buf[commonSize+8*i:]))
	}
	m.buf = buf
	return signals, nil
}

// probes writes the code: the answer to word i goes where record i would be.
func probes(words []uint32) []uint32 {
	a := &assembler{code: make([]uint32, CodeSize/4)}
	a.enter()
	a.branch(probesAt)

	a.org(HandlerAt)
	const contextPC = 440
	a.number(3, cursorAt)
	a.ldr(4, 3, 0)
	a.ldr(5, 3, 8)
	a.str(0, 5, 0)
	a.str(4, 2, contextPC)
	a.emit(0xd65f03c0) // ret

	for i, w := range words {
		a.org(probesAt + uint64(i)*sizeOfProbe)
		next := a.here() + sizeOfProbe
		a.number(1, cursorAt)
		a.number(2, next)
		a.str(2, 1, 0)
		a.number(3, RecordBase+uint64(8*i))
		a.str(3, 1, 8)
		a.number(0, harmless)
		a.toSP(0)
		for r := range uint8(30) {
			a.emit(0xaa0003e0 | uint32(r+1)) // mov, from x0
		}
		a.at++
		a.code[a.at-1] = w
		a.number(1, RecordBase+uint64(8*i))
		a.str(31, 1, 0) // register 31 is zero here
		a.branch(next)
	}
	a.org(probesAt + uint64(len(words))*sizeOfProbe)
	a.leave()
	return a.code
}
