package memory

import (
	"errors"
	"fmt"
)

// PageSize is the guest's page size in bytes, on every host.
const PageSize = 4096

const (
	pageMask = PageSize - 1
	// edge is how much of the window is never mapped at each end. Engines
	// rely on it when they fold displacements into host addresses.
	edge = 64 << 10
	// spaceSize is the window's size. Other packages ask [Space.Size].
	spaceSize = 1 << 32
)

// Prot is a set of permitted accesses, with the ABI's bit values.
type Prot uint8

// The accesses. Write and Exec imply Read when an access is checked.
const (
	Exec  Prot = 1
	Write Prot = 2
	Read  Prot = 4
)

const allProt = Exec | Write | Read

// allows reports whether a page of protection p may be accessed as need says.
func (p Prot) allows(need Prot) bool {
	if p != 0 {
		p |= Read
	}
	return need&^p == 0
}

// String returns the protection as in "rwx", with a dash for what is missing.
func (p Prot) String() string {
	b := []byte("---")
	for i, c := range [...]struct {
		p Prot
		c byte
	}{{Read, 'r'}, {Write, 'w'}, {Exec, 'x'}} {
		if p&c.p != 0 {
			b[i] = c.c
		}
	}
	return string(b)
}

// The errors of mapping calls. Accesses fail with a [*Fault] instead.
var (
	// ErrNoMemory: no free range, too many regions, or the quota is spent.
	ErrNoMemory = errors.New("memory: out of memory")
	// ErrInvalid: an argument is out of its domain; nothing changed.
	ErrInvalid = errors.New("memory: invalid argument")
	// ErrNotMapped: part of the range is not mapped; nothing changed.
	ErrNotMapped = errors.New("memory: range not mapped")
	// ErrAccess: more access is asked for than the mapping or object may have.
	ErrAccess = errors.New("memory: access not permitted")
)

// Fault is a refused access. The method Error has a value receiver; as an
// error it travels as *Fault.
type Fault struct {
	Addr   uint64 // first guest address that could not be accessed
	Access Prot   // what was tried: one of Read, Write, Exec
	Bus    bool   // the page is mapped but lies beyond the end of its object
}

// Error describes the fault for people.
func (f Fault) Error() string {
	verb := "read"
	switch {
	case f.Access&Exec != 0:
		verb = "instruction fetch"
	case f.Access&Write != 0:
		verb = "write"
	}
	if f.Bus {
		return fmt.Sprintf("bus fault: %s beyond the end of the object mapped at %#x", verb, f.Addr)
	}
	return fmt.Sprintf("memory fault: %s at %#x", verb, f.Addr)
}

// addressed is what a runtime error made by debug.SetPanicOnFault offers. On
// arm64 Go takes the address from the machine context of the signal rather than
// from its description; qemu-aarch64 7.2 forgets it there for SIGBUS, so that
// accesses beyond the end of an object panic without an address (and cannot be
// recovered) under that emulator only.
type addressed interface {
	error
	RuntimeError()
	Addr() uintptr
}

// blamed is a refused access to the word around the byte that the guest meant.
type blamed struct {
	addressed
	addr uintptr
}

func (b blamed) Addr() uintptr { return b.addr }

// blame is deferred around an access to the aligned word in which addr lies: the
// host refuses the word, and the guest is told of its own address.
func (s *Space) blame(addr uint32) {
	const word = 7
	switch e := recover().(type) {
	case nil:
	case *Fault:
		exact := *e
		if e.Addr&^word == uint64(addr)&^word {
			exact.Addr = uint64(addr)
		}
		panic(&exact)
	case addressed:
		if at, ok := s.guestAddress(e.Addr()); ok && uint32(at)&^word == addr&^word {
			panic(blamed{e, e.Addr() + uintptr(addr) - uintptr(at)})
		}
		panic(e)
	default:
		panic(e)
	}
}

// Recovered turns the value of a recovered panic into the fault it stands for.
// Engines call it in the function deferred around their run loop, for which
// debug.SetPanicOnFault(true) must be in force on the goroutine.
//
// retry means that the access is permitted by now (it was the first write to
// a page whose changes are tracked, the mapping was being changed, or, on hosts
// where windows bring pages in when they are touched, it was the first access):
// repeat the instruction. It can happen to any access. ok=false means
// that the panic is none of this space's accesses and must go on.
//
// In the window form the host tells the address only, so Access is concluded
// from the protection: Write for a page that can be read, else Read; and every
// access to a page behind the end of its object is taken for a bus fault, also
// a write that the protection forbids. An engine that knows better may
// overwrite it.
func (s *Space) Recovered(r any) (f *Fault, retry, ok bool) {
	switch e := r.(type) {
	case *Fault:
		return e, false, true
	case addressed:
		addr, ok := s.guestAddress(e.Addr())
		if !ok {
			return nil, false, false
		}
		f, retry := s.explain(addr)
		return f, retry, true
	}
	return nil, false, false
}

// explain says why the host refused an access at addr in the window.
func (s *Space) explain(addr uint64) (f *Fault, retry bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.regions.at(addr)
	if r == nil || r.Prot == 0 {
		return &Fault{Addr: addr, Access: Read}, false
	}
	if r.beyondEnd(addr) {
		return &Fault{Addr: addr, Access: Read, Bus: true}, false
	}
	page := addr &^ pageMask
	switch changed, f := s.back.supply(page, page+PageSize, false); {
	case f != nil:
		return f, false
	case changed:
		return nil, true
	}
	if r.Prot&Write == 0 {
		if !s.probe(addr, Read) {
			return &Fault{Addr: addr, Access: Read, Bus: true}, false
		}
		return &Fault{Addr: addr, Access: Write}, false
	}
	if s.dirty != nil {
		s.admitWrites(page, page+PageSize)
	}
	if _, f := s.back.supply(page, page+PageSize, true); f != nil {
		return f, false
	}
	// The region permits everything. If the host agrees now, another thread
	// was changing the mapping, or the page is newly dirty; otherwise the
	// host cannot supply the page.
	if !s.probe(addr, Write) {
		return &Fault{Addr: addr, Access: Write, Bus: true}, false
	}
	return nil, true
}

// check walks [addr, addr+n) and returns the first fault an access of kind
// need would meet, or nil. The caller holds s.mu.
func (s *Space) check(addr, n uint64, need Prot) *Fault {
	if addr >= spaceSize && n > 0 {
		return &Fault{Addr: addr, Access: missing(need)}
	}
	end := addr + min(n, spaceSize) // beyond the space nothing is mapped
	for i := s.regions.search(addr); addr < end; i++ {
		if i == len(s.regions) || s.regions[i].Addr > addr || !s.regions[i].Prot.allows(need) {
			return &Fault{Addr: addr, Access: missing(need)}
		}
		r := &s.regions[i]
		stop := min(end, r.End())
		if r.Object != nil && r.beyondEnd(stop-1) {
			return &Fault{Addr: max(addr, r.validEnd()), Access: missing(need), Bus: true}
		}
		addr = stop
	}
	return nil
}

// missing reduces a set of accesses to the one a fault names.
func missing(need Prot) Prot {
	switch {
	case need&Exec != 0:
		return Exec
	case need&Write != 0:
		return Write
	}
	return Read
}
