package memory

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// Atomic operations of guests. Naturally aligned ones of 4 and 8 bytes are
// host atomics. Smaller and unaligned ones that stay inside 8 aligned bytes
// are done by compare-and-swap on these. What crosses such a boundary, and
// everything of 16 bytes, is done under one lock of this process (two spaces
// may share the memory) and so is atomic only among its like; real
// processors promise no more for unaligned operations, or fault.
//
// All of them need the page to be writable, whether or not they end up
// changing it, as on real processors; all of them are sequentially consistent.
var wide sync.Mutex

type operation uint8

const (
	opCas operation = iota
	opXchg
	opAdd
	opAnd
	opOr
	opXor
)

// result computes what to store.
func (o operation) result(cur, old, v uint64) uint64 {
	switch o {
	case opCas:
		if cur != old {
			return cur
		}
		return v
	case opAdd:
		return cur + v
	case opAnd:
		return cur & v
	case opOr:
		return cur | v
	case opXor:
		return cur ^ v
	}
	return v
}

// cell returns the host address of guest memory that may be written. The
// caller's accesses stay inside the 8 aligned bytes of addr.
func (s *Space) cell(addr uint32) unsafe.Pointer {
	if b := s.base; b != nil {
		return unsafe.Add(b, uintptr(addr))
	}
	return unsafe.Pointer(s.writePage(addr).byteAt(addr))
}

// update32 and update64 do an operation on an aligned word.
func (s *Space) update32(op operation, addr, old, v uint32) uint32 {
	p := (*uint32)(s.cell(addr))
	for {
		raw := atomic.LoadUint32(p)
		cur := swap32(raw)
		if atomic.CompareAndSwapUint32(p, raw, swap32(uint32(op.result(uint64(cur), uint64(old), uint64(v))))) {
			return cur
		}
	}
}

func (s *Space) update64(op operation, addr uint32, old, v uint64) uint64 {
	p := (*uint64)(s.cell(addr))
	for {
		raw := atomic.LoadUint64(p)
		cur := swap64(raw)
		if atomic.CompareAndSwapUint64(p, raw, swap64(op.result(cur, old, v))) {
			return cur
		}
	}
}

// update does an operation on n bytes, at most 8, at any address.
func (s *Space) update(op operation, addr, n uint32, old, v uint64) uint64 {
	mask := ^uint64(0) >> (64 - 8*n)
	in := addr & 7
	if in+n > 8 {
		return s.updateAcross(op, addr, n, old, v)
	}
	if in&3+n <= 4 {
		return s.updatePart32(op, addr, uint32(mask), old, v)
	}
	if in != 0 {
		defer s.blame(addr)
	}
	p := (*uint64)(s.cell(addr &^ 7))
	shift := 8 * in
	for {
		raw := atomic.LoadUint64(p)
		all := swap64(raw)
		cur := all >> shift & mask
		all = all&^(mask<<shift) | op.result(cur, old, v)&mask<<shift
		if atomic.CompareAndSwapUint64(p, raw, swap64(all)) {
			return cur
		}
	}
}

func (s *Space) updatePart32(op operation, addr, mask uint32, old, v uint64) uint64 {
	if addr&3 != 0 {
		defer s.blame(addr)
	}
	p := (*uint32)(s.cell(addr &^ 3))
	shift := 8 * (addr & 3)
	for {
		raw := atomic.LoadUint32(p)
		all := swap32(raw)
		cur := all >> shift & mask
		all = all&^(mask<<shift) | uint32(op.result(uint64(cur), old, v))&mask<<shift
		if atomic.CompareAndSwapUint32(p, raw, swap32(all)) {
			return uint64(cur)
		}
	}
}

func (s *Space) updateAcross(op operation, addr, n uint32, old, v uint64) (cur uint64) {
	s.Probe(addr, n, Write)
	wide.Lock()
	defer wide.Unlock() // another thread may unmap the page now
	switch n {
	case 2:
		cur = uint64(s.Load16(addr))
		s.Store16(addr, uint16(op.result(cur, old, v)))
	case 4:
		cur = uint64(s.Load32(addr))
		s.Store32(addr, uint32(op.result(cur, old, v)))
	default:
		cur = s.Load64(addr)
		s.Store64(addr, op.result(cur, old, v))
	}
	return cur
}

// Cas8 to Cas64 store new if the memory holds old. They return what it held;
// the exchange has happened if that equals old.
func (s *Space) Cas8(addr uint32, old, new uint8) (prev uint8) {
	return uint8(s.update(opCas, addr, 1, uint64(old), uint64(new)))
}

// Cas16 compares and exchanges 2 bytes. See Cas8.
func (s *Space) Cas16(addr uint32, old, new uint16) (prev uint16) {
	return uint16(s.update(opCas, addr, 2, uint64(old), uint64(new)))
}

// Cas32 compares and exchanges 4 bytes. See Cas8.
func (s *Space) Cas32(addr uint32, old, new uint32) (prev uint32) {
	if addr&3 != 0 {
		return uint32(s.update(opCas, addr, 4, uint64(old), uint64(new)))
	}
	if atomic.CompareAndSwapUint32((*uint32)(s.cell(addr)), swap32(old), swap32(new)) {
		return old
	}
	return s.update32(opCas, addr, old, new)
}

// Cas64 compares and exchanges 8 bytes. See Cas8.
func (s *Space) Cas64(addr uint32, old, new uint64) (prev uint64) {
	if addr&7 != 0 {
		return s.update(opCas, addr, 8, old, new)
	}
	if atomic.CompareAndSwapUint64((*uint64)(s.cell(addr)), swap64(old), swap64(new)) {
		return old
	}
	return s.update64(opCas, addr, old, new)
}

// Cas128 compares and exchanges 16 bytes. It is atomic among its like, and
// each half is a single copy to plain loads.
func (s *Space) Cas128(addr uint32, oldLo, oldHi, newLo, newHi uint64) (lo, hi uint64) {
	s.Probe(addr, 16, Write)
	wide.Lock()
	defer wide.Unlock()
	lo, hi = s.Load128(addr)
	if lo == oldLo && hi == oldHi {
		s.Store128(addr, newLo, newHi)
	}
	return lo, hi
}

// Xchg8 to Xchg64 store v and return what the memory held.
func (s *Space) Xchg8(addr uint32, v uint8) (prev uint8) {
	return uint8(s.update(opXchg, addr, 1, 0, uint64(v)))
}

// Xchg16 exchanges 2 bytes. See Xchg8.
func (s *Space) Xchg16(addr uint32, v uint16) (prev uint16) {
	return uint16(s.update(opXchg, addr, 2, 0, uint64(v)))
}

// Xchg32 exchanges 4 bytes. See Xchg8.
func (s *Space) Xchg32(addr uint32, v uint32) (prev uint32) {
	if addr&3 != 0 {
		return uint32(s.update(opXchg, addr, 4, 0, uint64(v)))
	}
	return swap32(atomic.SwapUint32((*uint32)(s.cell(addr)), swap32(v)))
}

// Xchg64 exchanges 8 bytes. See Xchg8.
func (s *Space) Xchg64(addr uint32, v uint64) (prev uint64) {
	if addr&7 != 0 {
		return s.update(opXchg, addr, 8, 0, v)
	}
	return swap64(atomic.SwapUint64((*uint64)(s.cell(addr)), swap64(v)))
}

// Add8 to Add64 add v, modulo the size, and return what the memory held before.
func (s *Space) Add8(addr uint32, v uint8) (prev uint8) {
	return uint8(s.update(opAdd, addr, 1, 0, uint64(v)))
}

// Add16 adds to 2 bytes. See Add8.
func (s *Space) Add16(addr uint32, v uint16) (prev uint16) {
	return uint16(s.update(opAdd, addr, 2, 0, uint64(v)))
}

// Add32 adds to 4 bytes. See Add8.
func (s *Space) Add32(addr uint32, v uint32) (prev uint32) {
	switch {
	case addr&3 != 0:
		return uint32(s.update(opAdd, addr, 4, 0, uint64(v)))
	case bigEndian:
		return s.update32(opAdd, addr, 0, v)
	}
	return atomic.AddUint32((*uint32)(s.cell(addr)), v) - v
}

// Add64 adds to 8 bytes. See Add8.
func (s *Space) Add64(addr uint32, v uint64) (prev uint64) {
	switch {
	case addr&7 != 0:
		return s.update(opAdd, addr, 8, 0, v)
	case bigEndian:
		return s.update64(opAdd, addr, 0, v)
	}
	return atomic.AddUint64((*uint64)(s.cell(addr)), v) - v
}

// And8 to And64 clear bits and return what the memory held before.
func (s *Space) And8(addr uint32, v uint8) (prev uint8) {
	return uint8(s.update(opAnd, addr, 1, 0, uint64(v)))
}

// And16 clears bits of 2 bytes. See And8.
func (s *Space) And16(addr uint32, v uint16) (prev uint16) {
	return uint16(s.update(opAnd, addr, 2, 0, uint64(v)))
}

// And32 clears bits of 4 bytes. See And8.
func (s *Space) And32(addr uint32, v uint32) (prev uint32) {
	if addr&3 != 0 {
		return uint32(s.update(opAnd, addr, 4, 0, uint64(v)))
	}
	return swap32(atomic.AndUint32((*uint32)(s.cell(addr)), swap32(v)))
}

// And64 clears bits of 8 bytes. See And8.
func (s *Space) And64(addr uint32, v uint64) (prev uint64) {
	if addr&7 != 0 {
		return s.update(opAnd, addr, 8, 0, v)
	}
	return swap64(atomic.AndUint64((*uint64)(s.cell(addr)), swap64(v)))
}

// Or8 to Or64 set bits and return what the memory held before.
func (s *Space) Or8(addr uint32, v uint8) (prev uint8) {
	return uint8(s.update(opOr, addr, 1, 0, uint64(v)))
}

// Or16 sets bits of 2 bytes. See Or8.
func (s *Space) Or16(addr uint32, v uint16) (prev uint16) {
	return uint16(s.update(opOr, addr, 2, 0, uint64(v)))
}

// Or32 sets bits of 4 bytes. See Or8.
func (s *Space) Or32(addr uint32, v uint32) (prev uint32) {
	if addr&3 != 0 {
		return uint32(s.update(opOr, addr, 4, 0, uint64(v)))
	}
	return swap32(atomic.OrUint32((*uint32)(s.cell(addr)), swap32(v)))
}

// Or64 sets bits of 8 bytes. See Or8.
func (s *Space) Or64(addr uint32, v uint64) (prev uint64) {
	if addr&7 != 0 {
		return s.update(opOr, addr, 8, 0, v)
	}
	return swap64(atomic.OrUint64((*uint64)(s.cell(addr)), swap64(v)))
}

// Xor8 to Xor64 flip bits and return what the memory held before.
func (s *Space) Xor8(addr uint32, v uint8) (prev uint8) {
	return uint8(s.update(opXor, addr, 1, 0, uint64(v)))
}

// Xor16 flips bits of 2 bytes. See Xor8.
func (s *Space) Xor16(addr uint32, v uint16) (prev uint16) {
	return uint16(s.update(opXor, addr, 2, 0, uint64(v)))
}

// Xor32 flips bits of 4 bytes. See Xor8.
func (s *Space) Xor32(addr uint32, v uint32) (prev uint32) {
	if addr&3 != 0 {
		return uint32(s.update(opXor, addr, 4, 0, uint64(v)))
	}
	return s.update32(opXor, addr, 0, v)
}

// Xor64 flips bits of 8 bytes. See Xor8.
func (s *Space) Xor64(addr uint32, v uint64) (prev uint64) {
	if addr&7 != 0 {
		return s.update(opXor, addr, 8, 0, v)
	}
	return s.update64(opXor, addr, 0, v)
}

// LoadAcquire8 to LoadAcquire64 are sequentially consistent loads, for guests
// whose memory model asks for more than the host's plain loads give. Only
// those inside 8 aligned bytes are single copies.
func (s *Space) LoadAcquire8(addr uint32) uint8 {
	return uint8(s.LoadAcquire32(addr&^3) >> (8 * (addr & 3)))
}

// LoadAcquire16 loads 2 bytes. See LoadAcquire8.
func (s *Space) LoadAcquire16(addr uint32) uint16 {
	if addr&3 == 3 {
		return uint16(s.loadAcquireUnaligned(addr, 2))
	}
	return uint16(s.LoadAcquire32(addr&^3) >> (8 * (addr & 3)))
}

// LoadAcquire32 loads 4 bytes. See LoadAcquire8.
func (s *Space) LoadAcquire32(addr uint32) uint32 {
	if addr&3 != 0 {
		return uint32(s.loadAcquireUnaligned(addr, 4))
	}
	if b := s.base; b != nil {
		return atomic.LoadUint32((*uint32)(unsafe.Add(b, uintptr(addr))))
	}
	return swap32(atomic.LoadUint32(s.readPage(addr).word(addr)))
}

// LoadAcquire64 loads 8 bytes. See LoadAcquire8.
func (s *Space) LoadAcquire64(addr uint32) uint64 {
	if addr&7 != 0 {
		return s.loadAcquireUnaligned(addr, 8)
	}
	if b := s.base; b != nil {
		return atomic.LoadUint64((*uint64)(unsafe.Add(b, uintptr(addr))))
	}
	return swap64(atomic.LoadUint64(s.readPage(addr).long(addr)))
}

func (s *Space) loadAcquireUnaligned(addr, n uint32) uint64 {
	mask := ^uint64(0) >> (64 - 8*n)
	if addr&7+n <= 8 {
		return s.LoadAcquire64(addr&^7) >> (8 * (addr & 7)) & mask
	}
	lo, hi := s.LoadAcquire64(addr&^7), s.LoadAcquire64((addr+n-1)&^7)
	shift := 8 * (addr & 7)
	return (lo>>shift | hi<<(64-shift)) & mask
}

// StoreRelease8 to StoreRelease64 are the stores that go with LoadAcquire8.
func (s *Space) StoreRelease8(addr uint32, v uint8) { s.Xchg8(addr, v) }

// StoreRelease16 stores 2 bytes. See StoreRelease8.
func (s *Space) StoreRelease16(addr uint32, v uint16) { s.Xchg16(addr, v) }

// StoreRelease32 stores 4 bytes. See StoreRelease8.
func (s *Space) StoreRelease32(addr uint32, v uint32) {
	if addr&3 != 0 {
		s.Xchg32(addr, v)
		return
	}
	atomic.StoreUint32((*uint32)(s.cell(addr)), swap32(v))
}

// StoreRelease64 stores 8 bytes. See StoreRelease8.
func (s *Space) StoreRelease64(addr uint32, v uint64) {
	if addr&7 != 0 {
		s.Xchg64(addr, v)
		return
	}
	atomic.StoreUint64((*uint64)(s.cell(addr)), swap64(v))
}
