package memory

import (
	"encoding/binary"
	"math/bits"
	"sync/atomic"
	"unsafe"
)

// engineView is what the accessors of engines need. It never changes while the
// space is in use, and is reached without a lock.
type engineView struct {
	// base is the host address of guest address 0 in the window form. It is
	// nil whenever accesses must be checked by us.
	base unsafe.Pointer
	// dir is the page table of the paged form, and an empty one when the space
	// is closed: where base is nil it is not.
	dir *directory
}

// WindowBase returns the host address of guest address 0, for engines that
// generate code, or nil if the space is not in the window form. From
// [WindowBase-64 KiB, WindowBase+4 GiB+64 KiB) every access is either a guest
// access or refused by the host. The 512 KiB from WindowBase-1 MiB on are an
// engine's to make accessible, if it wants them; they go when the space is closed.
func (s *Space) WindowBase() unsafe.Pointer { return s.base }

// narrowHost: 64-bit loads and stores of the host are not atomic.
const narrowHost = unsafe.Sizeof(uintptr(0)) == 4

// swap16, swap32 and swap64 convert between the guest's and the host's order.
func swap16(v uint16) uint16 {
	if bigEndian {
		return bits.ReverseBytes16(v)
	}
	return v
}

func swap32(v uint32) uint32 {
	if bigEndian {
		return bits.ReverseBytes32(v)
	}
	return v
}

func swap64(v uint64) uint64 {
	if bigEndian {
		return bits.ReverseBytes64(v)
	}
	return v
}

func (p *page) byteAt(off uint32) *byte { return &(*[PageSize]byte)(unsafe.Pointer(p))[off&pageMask] }
func (p *page) half(off uint32) *uint16 {
	return &(*[PageSize / 2]uint16)(unsafe.Pointer(p))[off&pageMask>>1]
}
func (p *page) word(off uint32) *uint32 {
	return &(*[PageSize / 4]uint32)(unsafe.Pointer(p))[off&pageMask>>2]
}
func (p *page) long(off uint32) *uint64 { return &p[off&pageMask>>3] }

// Load8 to Load64 and Store8 to Store64 are the accesses of engines, at any
// alignment, the address taken modulo 2^32. Naturally aligned ones are single
// copies: they never tear. A refused access panics with a value for
// [Space.Recovered]; a refused store has changed nothing (on arm64 hosts, a
// store that crosses into a refused page may have changed the first page).
//
// The compiler drops a load whose result is not used; see [Space.Probe].
func (s *Space) Load8(addr uint32) uint8 {
	if b := s.base; b != nil {
		return *(*uint8)(unsafe.Add(b, uintptr(addr)))
	}
	return s.load8(addr)
}

// Load16 loads 2 bytes. See Load8.
func (s *Space) Load16(addr uint32) uint16 {
	if b := s.base; b != nil {
		return *(*uint16)(unsafe.Add(b, uintptr(addr)))
	}
	return s.load16(addr)
}

// Load32 loads 4 bytes. See Load8.
func (s *Space) Load32(addr uint32) uint32 {
	if b := s.base; b != nil {
		return *(*uint32)(unsafe.Add(b, uintptr(addr)))
	}
	return s.load32(addr)
}

// Load64 loads 8 bytes. See Load8.
func (s *Space) Load64(addr uint32) uint64 {
	if b := s.base; b != nil {
		return *(*uint64)(unsafe.Add(b, uintptr(addr)))
	}
	return s.load64(addr)
}

// Load128 loads 16 bytes as two halves, each of which is as with Load64.
func (s *Space) Load128(addr uint32) (lo, hi uint64) { return s.Load64(addr), s.Load64(addr + 8) }

// Store8 stores 1 byte. See Load8.
func (s *Space) Store8(addr uint32, v uint8) {
	if b := s.base; b != nil {
		*(*uint8)(unsafe.Add(b, uintptr(addr))) = v
		return
	}
	s.store8(addr, v)
}

// Store16 stores 2 bytes. See Load8.
func (s *Space) Store16(addr uint32, v uint16) {
	if b := s.base; b != nil {
		*(*uint16)(unsafe.Add(b, uintptr(addr))) = v
		return
	}
	s.store16(addr, v)
}

// Store32 stores 4 bytes. See Load8.
func (s *Space) Store32(addr uint32, v uint32) {
	if b := s.base; b != nil {
		*(*uint32)(unsafe.Add(b, uintptr(addr))) = v
		return
	}
	s.store32(addr, v)
}

// Store64 stores 8 bytes. See Load8.
func (s *Space) Store64(addr uint32, v uint64) {
	if b := s.base; b != nil {
		*(*uint64)(unsafe.Add(b, uintptr(addr))) = v
		return
	}
	s.store64(addr, v)
}

// Store128 stores 16 bytes as two halves, each of which is as with Store64. If
// either is refused, neither has happened.
func (s *Space) Store128(addr uint32, lo, hi uint64) {
	if addr&pageMask > PageSize-16 {
		s.Probe(addr, 16, Write)
	}
	s.Store64(addr, lo)
	s.Store64(addr+8, hi)
}

// Probe makes the fault that an access to [addr, addr+n), n at most a page and
// not zero, would make, and does nothing if there is none. Engines use it
// before multi-part stores.
func (s *Space) Probe(addr, n uint32, need Prot) {
	s.probeByte(addr, need)
	if last := addr + n - 1; (addr^last)&^pageMask != 0 {
		s.probeByte(last&^pageMask, need)
	}
}

func (s *Space) probeByte(addr uint32, need Prot) {
	if s.base != nil {
		if addr&3 != 0 {
			defer s.blame(addr)
		}
		if need&Write != 0 {
			atomic.AddUint32((*uint32)(unsafe.Add(s.base, uintptr(addr&^3))), 0)
		} else {
			// Not Load8: the compiler drops plain loads that nobody uses.
			atomic.LoadUint32((*uint32)(unsafe.Add(s.base, uintptr(addr&^3))))
		}
		return
	}
	s.pageOrPanic(addr, need&(Read|Write))
}

// pageOrPanic is pageFor for engines.
func (s *Space) pageOrPanic(addr uint32, need Prot) *page {
	p, f := s.pageFor(uint64(addr), need)
	if f != nil {
		panic(f)
	}
	return p
}

// readable and writable are the fast halves of the paged form's accessors.
func (d *directory) readable(addr uint32) *page {
	return d[addr>>22].Load().read[addr>>12&1023].Load()
}

func (d *directory) writable(addr uint32) *page {
	return d[addr>>22].Load().write[addr>>12&1023].Load()
}

func (s *Space) readPage(addr uint32) *page {
	if p := s.dir.readable(addr); p != nil {
		return p
	}
	return s.pageOrPanic(addr, Read)
}

func (s *Space) writePage(addr uint32) *page {
	if p := s.dir.writable(addr); p != nil {
		return p
	}
	return s.pageOrPanic(addr, Write)
}

// The accessors of the paged form. They are kept from the race detector: that
// guests race is their own business.

//go:noinline
//go:norace
func (s *Space) load8(addr uint32) uint8 {
	p := s.dir.readable(addr)
	if p == nil {
		p = s.pageOrPanic(addr, Read)
	}
	return *p.byteAt(addr)
}

//go:norace
func (s *Space) load16(addr uint32) uint16 {
	if addr&1 != 0 {
		return uint16(s.loadUnaligned(addr, 2))
	}
	p := s.dir.readable(addr)
	if p == nil {
		p = s.pageOrPanic(addr, Read)
	}
	return swap16(*p.half(addr))
}

//go:norace
func (s *Space) load32(addr uint32) uint32 {
	if addr&3 != 0 {
		return uint32(s.loadUnaligned(addr, 4))
	}
	p := s.dir.readable(addr)
	if p == nil {
		p = s.pageOrPanic(addr, Read)
	}
	return swap32(*p.word(addr))
}

//go:norace
func (s *Space) load64(addr uint32) uint64 {
	if addr&7 != 0 {
		return s.loadUnaligned(addr, 8)
	}
	p := s.dir.readable(addr)
	if p == nil {
		p = s.pageOrPanic(addr, Read)
	}
	if narrowHost {
		return swap64(atomic.LoadUint64(p.long(addr)))
	}
	return swap64(*p.long(addr))
}

//go:norace
func (s *Space) loadUnaligned(addr, n uint32) (v uint64) {
	p, in := s.readPage(addr), addr&pageMask
	if in+n <= PageSize {
		b := p.bytes()[in:]
		switch n {
		case 2:
			return uint64(binary.LittleEndian.Uint16(b))
		case 4:
			return uint64(binary.LittleEndian.Uint32(b))
		}
		return binary.LittleEndian.Uint64(b)
	}
	q := s.readPage((addr + n) &^ pageMask)
	for i := n; i > 0; i-- {
		from := p
		if in+i > PageSize {
			from = q
		}
		v = v<<8 | uint64(*from.byteAt(in + i - 1))
	}
	return v
}

//go:noinline
//go:norace
func (s *Space) store8(addr uint32, v uint8) {
	p := s.dir.writable(addr)
	if p == nil {
		p = s.pageOrPanic(addr, Write)
	}
	*p.byteAt(addr) = v
}

//go:norace
func (s *Space) store16(addr uint32, v uint16) {
	if addr&1 != 0 {
		s.storeUnaligned(addr, 2, uint64(v))
		return
	}
	p := s.dir.writable(addr)
	if p == nil {
		p = s.pageOrPanic(addr, Write)
	}
	*p.half(addr) = swap16(v)
}

//go:norace
func (s *Space) store32(addr uint32, v uint32) {
	if addr&3 != 0 {
		s.storeUnaligned(addr, 4, uint64(v))
		return
	}
	p := s.dir.writable(addr)
	if p == nil {
		p = s.pageOrPanic(addr, Write)
	}
	*p.word(addr) = swap32(v)
}

//go:norace
func (s *Space) store64(addr uint32, v uint64) {
	if addr&7 != 0 {
		s.storeUnaligned(addr, 8, v)
		return
	}
	p := s.dir.writable(addr)
	if p == nil {
		p = s.pageOrPanic(addr, Write)
	}
	if narrowHost {
		atomic.StoreUint64(p.long(addr), swap64(v))
		return
	}
	*p.long(addr) = swap64(v)
}

//go:norace
func (s *Space) storeUnaligned(addr, n uint32, v uint64) {
	p, in := s.writePage(addr), addr&pageMask
	if in+n <= PageSize {
		b := p.bytes()[in:]
		switch n {
		case 2:
			binary.LittleEndian.PutUint16(b, uint16(v))
		case 4:
			binary.LittleEndian.PutUint32(b, uint32(v))
		default:
			binary.LittleEndian.PutUint64(b, v)
		}
		return
	}
	q := s.writePage((addr + n) &^ pageMask) // before the first byte is stored
	for i := uint32(0); i < n; i++ {
		to := p
		if in+i >= PageSize {
			to = q
		}
		*to.byteAt(in + i) = byte(v)
		v >>= 8
	}
}

// Slice returns a direct view of guest memory at addr for string operations:
// as many of n bytes as lie together on the host and permit need (Read or
// Write), but at least one, or nil if addr itself is refused. Accesses to the
// view may panic like those of Load8. It must not outlive the instruction.
func (s *Space) Slice(addr uint32, n int, need Prot) []byte {
	if n <= 0 {
		return nil
	}
	if s.base == nil {
		p, f := s.pageFor(uint64(addr), need)
		if f != nil {
			return nil
		}
		b := p.bytes()[addr&pageMask:]
		return b[:min(n, len(b))]
	}
	end := s.reach(uint64(addr), uint64(n), need)
	if end == uint64(addr) {
		return nil
	}
	return s.windowBytes(uint64(addr), end-uint64(addr))
}

// reach returns the end of the largest part of [addr, addr+n) from addr on
// that may be accessed.
func (s *Space) reach(addr, n uint64, need Prot) uint64 {
	if need&Write != 0 {
		if f := s.permit(addr, n, need); f != nil {
			if f.Addr > addr {
				// Again, for the record of changed pages.
				if f := s.permit(addr, f.Addr-addr, need); f != nil {
					return f.Addr
				}
			}
			return f.Addr
		}
		return addr + n
	}
	if f := s.permit(addr, n, need); f != nil {
		return f.Addr
	}
	return addr + n
}

func (s *Space) windowBytes(addr, n uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(s.base, uintptr(addr))), int(n))
}
