package jit

import (
	"maps"
	"time"

	"github.com/nuage-emu/nuage/jit/rewrite"
)

// Stats are counts since an engine was made. What a thread has done that is
// inside Run is not in all of them yet.
type Stats struct {
	// What was translated. A stretch of guest code is translated again when it
	// is entered in its middle, or after the guest's code has changed.
	Units        uint64 // translations
	Shared       uint64 // of which so many had been made for another engine
	Instructions uint64 // of the guest in them
	GuestBytes   uint64
	HostBytes    uint64
	// Time is what translating took, verification included.
	Time time.Duration
	// Exits are the direct branches that lead out of translations. Each is
	// connected to the translation of its target when it is first taken;
	// Connected are those that were.
	Exits     uint64
	Connected uint64
	// Targets are the addresses that indirect branches find by themselves.
	Targets uint64
	// Flushes is how often all code was thrown away: the guest's code changed,
	// or there was too much.
	Flushes uint64

	// Lookups is how often code was looked for by its address, because a
	// thread came from outside or by a branch that was not connected.
	Lookups uint64
	// Left is how often generated code was left, by reason. What is not left
	// is not counted: connected branches cost no time for counting.
	Left Left
	// Interpreted is how many instructions threads with generated code left to
	// the interpreter, by mnemonic. The ends of budgets are not among them.
	Interpreted map[string]uint64
}

// Left is how often generated code was left.
type Left struct {
	Direct    uint64 // by a direct branch that was not connected yet
	Indirect  uint64 // by an indirect branch or return to an address not in the table
	Syscall   uint64
	Interpret uint64 // before an instruction that is the interpreter's
	Budget    uint64 // because too few instructions were left of a budget
	Trap      uint64 // by a refused access or a request from outside
}

// Sum is how often it was left for any reason.
func (l Left) Sum() uint64 {
	return l.Direct + l.Indirect + l.Syscall + l.Interpret + l.Budget + l.Trap
}

// Add adds the counts of another engine.
func (s *Stats) Add(o Stats) {
	s.Units += o.Units
	s.Shared += o.Shared
	s.Instructions += o.Instructions
	s.GuestBytes += o.GuestBytes
	s.HostBytes += o.HostBytes
	s.Time += o.Time
	s.Exits += o.Exits
	s.Connected += o.Connected
	s.Targets += o.Targets
	s.Flushes += o.Flushes
	s.Lookups += o.Lookups
	s.Left.Direct += o.Left.Direct
	s.Left.Indirect += o.Left.Indirect
	s.Left.Syscall += o.Left.Syscall
	s.Left.Interpret += o.Left.Interpret
	s.Left.Budget += o.Left.Budget
	s.Left.Trap += o.Left.Trap
	for name, n := range o.Interpreted {
		if s.Interpreted == nil {
			s.Interpreted = map[string]uint64{}
		}
		s.Interpreted[name] += n
	}
}

// clone returns a copy that shares nothing.
func (s *Stats) clone() Stats {
	c := *s
	c.Interpreted = maps.Clone(s.Interpreted)
	return c
}

// unit counts a translation.
func (s *Stats) unit(u *rewrite.Unit) {
	s.Units++
	s.Instructions += uint64(u.Guest)
	s.GuestBytes += uint64(u.Bytes)
	s.HostBytes += uint64(len(u.Code))
	s.Exits += uint64(len(u.Exits))
}

// Counter is implemented by the engines that [New] returns.
type Counter interface {
	// Stats may be called at any time, also after Close.
	Stats() Stats
}
