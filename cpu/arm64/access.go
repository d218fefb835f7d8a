package arm64

import (
	"math/bits"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

// unit is the type of an access to memory: its size.
type unit interface {
	uint8 | uint16 | uint32 | uint64
}

// load reads memory at address a.
func load[T unit](s *State, a uint32) T {
	switch uint64(^T(0)) {
	case 0xff:
		return T(s.mem.Load8(a))
	case 0xffff:
		return T(s.mem.Load16(a))
	case 0xffffffff:
		return T(s.mem.Load32(a))
	}
	return T(s.mem.Load64(a))
}

// store writes memory at address a.
func store[T unit](s *State, a uint32, v T) {
	switch uint64(^T(0)) {
	case 0xff:
		s.mem.Store8(a, uint8(v))
	case 0xffff:
		s.mem.Store16(a, uint16(v))
	case 0xffffffff:
		s.mem.Store32(a, uint32(v))
	default:
		s.mem.Store64(a, uint64(v))
	}
}

// sext extends the sign of v.
func sext[T unit](v T) int64 {
	switch uint64(^T(0)) {
	case 0xff:
		return int64(int8(v))
	case 0xffff:
		return int64(int16(v))
	case 0xffffffff:
		return int64(int32(v))
	}
	return int64(v)
}

// aligned returns the address in Rn for an access of n bytes that must be
// aligned (B2.5: exclusive, acquire, release and atomic ones). A misaligned
// one is a bus fault.
func (s *State) aligned(o *op, n uint32, access memory.Prot) uint32 {
	a := uint32(s.R[o.rn&63])
	if a&(n-1) != 0 {
		panic(&trap{kind: cpu.StopFault, fault: memory.Fault{Addr: uint64(a), Access: access, Bus: true}})
	}
	return a
}

// log2 is the scale of an index register.
func log2(n uint8) uint8 { return uint8(bits.TrailingZeros8(n)) }
