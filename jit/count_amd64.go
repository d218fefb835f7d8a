//go:build linux

package jit

import (
	"sync"
	"sync/atomic"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// counts are what one thread's context has counted. Only whoever runs with the
// context writes left and lookups; shown is a copy of the last time that nobody
// did, which engine.contextsMu guards.
type counts struct {
	left    [8]uint64 // by reason
	lookups uint64
	shown   struct {
		left    [8]uint64
		lookups uint64
	}
	recent [64]fallback // by the low bits of pc
	mu     sync.Mutex   // guards byName
	byName map[string]*atomic.Uint64
}

// fallback is an instruction that the interpreter has run lately.
type fallback struct {
	pc uint64
	n  *atomic.Uint64 // how often, for all of its mnemonic; nil: no such instruction
}

// show makes what was counted visible. The caller holds engine.contextsMu.
func (c *counts) show() { c.shown.left, c.shown.lookups = c.left, c.lookups }

// interpreted counts the instruction at pc, which the interpreter is about to
// run.
func (c *counts) interpreted(e *engine, pc uint64) {
	f := &c.recent[pc%uint64(len(c.recent))]
	if f.n == nil || f.pc != pc {
		f.pc, f.n = pc, c.named(e.mnemonic(pc))
	}
	f.n.Add(1)
}

// forget is called when the code may have changed.
func (c *counts) forget() { clear(c.recent[:]) }

func (c *counts) named(name string) *atomic.Uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.byName[name]
	if n == nil {
		if c.byName == nil {
			c.byName = map[string]*atomic.Uint64{}
		}
		n = new(atomic.Uint64)
		c.byName[name] = n
	}
	return n
}

// mnemonic is the name of the instruction at pc, "(bad)" if it is none and
// "(no code)" if there is nothing to run.
func (e *engine) mnemonic(pc uint64) string {
	var buf [15]byte
	n, _, err := e.space.Fetch(buf[:], pc)
	if err != nil {
		return "(no code)"
	}
	var in x86.Inst
	if x86.Decode(&in, buf[:n], pc) != nil {
		return "(bad)"
	}
	return in.Row.Name
}

// addTo adds the counts to an engine's. The caller holds engine.contextsMu.
func (c *counts) addTo(s *Stats) {
	n := &c.shown.left
	s.Add(Stats{Lookups: c.shown.lookups, Left: Left{
		Direct: n[rewrite.ExitDirect], Indirect: n[rewrite.ExitIndirect], Syscall: n[rewrite.ExitSyscall],
		Interpret: n[rewrite.ExitInterpret], Budget: n[rewrite.ExitBudget], Trap: n[rewrite.ExitTrap],
	}})
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, n := range c.byName {
		if s.Interpreted == nil {
			s.Interpreted = map[string]uint64{}
		}
		s.Interpreted[name] += n.Load()
	}
}

// Stats implements [Counter].
func (e *engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.stats.clone()
	e.contextsMu.Lock()
	defer e.contextsMu.Unlock()
	for _, c := range e.contexts {
		c.counts.addTo(&s)
	}
	return s
}
