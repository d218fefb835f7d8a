package verify

import (
	"encoding/binary"
	"fmt"

	"github.com/nuage-emu/nuage/jit/rewrite"
)

// Linker knows where code that has passed lies in the host's memory, and checks
// what is done to it there: branches out of units are filled in, and addresses
// of code are put into tables. It is not safe for concurrent use.
type Linker struct {
	entries map[place]bool
	fields  map[uint64]link
	targets map[uint64]uint64 // the same of what the table of indirect targets may hold
}

// place is where the code for a guest address is entered. Several guest
// addresses may have the same: hints have no code.
type place struct{ host, pc uint64 }

// link is a branch out of a unit.
type link struct {
	pc   uint64 // where the guest goes
	stub uint64 // host address of the unit's own way out
}

// NewLinker returns a Linker that knows of no code.
func NewLinker() *Linker {
	l := &Linker{}
	l.Reset()
	return l
}

// Reset forgets all code.
func (l *Linker) Reset() {
	l.entries, l.targets, l.fields = make(map[place]bool), make(map[uint64]uint64), make(map[uint64]link)
}

// Place notes that a unit that has passed lies at a host address.
func (l *Linker) Place(host uint64, u *rewrite.Unit) {
	for _, e := range u.Entries {
		l.entries[place{host + uint64(e.Offset), e.PC}] = true
	}
	for _, e := range u.Exits {
		field := host + uint64(e.Field)
		l.fields[field] = link{e.PC, target(field, u.Code[e.Field:])}
	}
}

// PlaceTarget is Place for a unit that has passed [Verifier.CheckTarget].
func (l *Linker) PlaceTarget(host, pc uint64, u *rewrite.Unit) {
	l.Place(host, u)
	l.targets[host] = pc
}

// Target reports, as an error, that host is not what may stand for guest
// address pc in the table of indirect targets.
func (l *Linker) Target(host, pc uint64) error {
	if at, ok := l.targets[host]; !ok || at != pc {
		return fmt.Errorf("host address %#x is not verified code for the indirect target %#x", host, pc)
	}
	return nil
}

// target is where the branch goes whose displacement is at a host address.
func target(field uint64, displacement []byte) uint64 {
	return field + 4 + uint64(int64(int32(binary.LittleEndian.Uint32(displacement))))
}

// Entry reports, as an error, that host is not an entry for guest address pc.
func (l *Linker) Entry(host, pc uint64) error {
	if !l.entries[place{host, pc}] {
		return fmt.Errorf("host address %#x is not an entry of verified code for %#x", host, pc)
	}
	return nil
}

// Linked reports, as an error, that the four bytes at a host address are not
// the displacement of a branch that may be filled in, or do not lead to an
// entry for the address that the branch is to, or to the unit's own way out.
func (l *Linker) Linked(field uint64, displacement []byte) error {
	k, ok := l.fields[field]
	if !ok {
		return fmt.Errorf("host address %#x is not the displacement of a branch out of verified code", field)
	}
	to := target(field, displacement)
	if to == k.stub {
		return nil
	}
	if err := l.Entry(to, k.pc); err != nil {
		return fmt.Errorf("the branch whose displacement is at %#x: %w", field, err)
	}
	return nil
}
