//go:build linux || windows || freebsd || darwin

package jit

import (
	"sync"
	"sync/atomic"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// counts are what the threads have counted that have had a context. Only the
// one that has it writes left and lookups, without atomics: others read words
// as they are.
type counts struct {
	left    [8]uint64 // by reason
	lookups uint64
	mu      sync.Mutex // guards byName
	byName  map[string]*atomic.Uint64
}

// fallback is an instruction that the interpreter has run lately.
type fallback struct {
	pc uint64
	n  *atomic.Uint64 // how often, for all of its mnemonic; nil: no such instruction
}

// interpreted counts the instruction at pc, which the interpreter is about to
// run.
func (r *thread) interpreted(pc uint64) {
	if r.fallbacks == nil {
		r.fallbacks = new([64]fallback)
	}
	f := &r.fallbacks[pc%uint64(len(r.fallbacks))]
	if f.n == nil || f.pc != pc {
		f.pc, f.n = pc, r.c.counts.named(r.e.mnemonic(pc))
	}
	f.n.Add(1)
}

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

// addTo adds the counts to an engine's.
func (c *counts) addTo(s *Stats) {
	var n [8]uint64
	for i := range n {
		n[i] = atomic.LoadUint64(&c.left[i])
	}
	s.Add(Stats{Lookups: atomic.LoadUint64(&c.lookups), Left: Left{
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
