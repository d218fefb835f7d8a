// Package native runs a few bytes of machine code on the host processor, so
// that tests can ask it what an instruction does. It works on linux/amd64;
// elsewhere Available is false. Only tests import it.
package native

import "encoding/binary"

// Block is the memory the code works on; its address is in RDI.
type Block [256]byte

// Put16 stores v.
func (b *Block) Put16(at int, v uint16) { binary.LittleEndian.PutUint16(b[at:], v) }

// Put32 stores v.
func (b *Block) Put32(at int, v uint32) { binary.LittleEndian.PutUint32(b[at:], v) }

// Put64 stores v.
func (b *Block) Put64(at int, v uint64) { binary.LittleEndian.PutUint64(b[at:], v) }

// Get16 loads.
func (b *Block) Get16(at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }

// Get32 loads.
func (b *Block) Get32(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }

// Get64 loads.
func (b *Block) Get64(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
