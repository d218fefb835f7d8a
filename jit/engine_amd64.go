//go:build linux

package jit

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/memory"
)

// maxCode is how much code an engine keeps, in chunks, before it starts anew.
const maxCode = 64 << 20 / chunkBytes

// engine translates the threads of one space. The lock order is mu, then
// contextsMu or unitsMu.
type engine struct {
	space     *memory.Space
	reference cpu.Engine
	o         Options
	code      *codeMemory
	exit      uint64
	// convention is that of the code.
	convention rewrite.Convention
	blank      *table // for threads that must not go far
	onCode     func()

	// epoch changes when no code translated before may be run again: the
	// guest's code has changed, or there is too much of it.
	epoch atomic.Uint64

	mu         sync.Mutex
	translator *rewrite.Translator
	valid      uint64            // the epoch that what follows belongs to
	entries    map[uint64]uint64 // host addresses by guest address; 0: the interpreter's
	stubs      map[uint64]uint64 // of the table of indirect targets
	chunks     []int
	used       int    // of the last chunk
	ret        uint64 // the stub for returns
	table      *table // of indirect targets
	stats      Stats
	check      *check // nil: translations are trusted

	unitsMu sync.Mutex
	units   []unit // by host address

	contextsMu sync.Mutex
	contexts   []*context
}

func newEngine(space *memory.Space, reference cpu.Engine, o Options) (cpu.Engine, error) {
	if reference.NewState().Arch() != cpu.X86_64 {
		return nil, fmt.Errorf("%w: there is no translator for %v", ErrUnavailable, reference.NewState().Arch())
	}
	if space.WindowBase() == nil {
		return nil, fmt.Errorf("%w: guest memory is not in the window form", ErrUnavailable)
	}
	c, err := code()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	convention := best()
	if o.Portable {
		convention = rewrite.StateInRegister
	}
	e := &engine{space: space, reference: reference, o: o, code: c, convention: convention, exit: uint64(gateOf(convention).exit)}
	if e.blank, err = stayBlank[convention](); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if e.table, err = newTable(convention); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	e.translator = rewrite.NewTranslator(rewrite.Options{Supported: supported, Metered: o.Metered, Convention: convention})
	if o.Verify {
		e.check = newCheck(convention)
	}
	e.valid = ^uint64(0)
	e.onCode = func() { e.epoch.Add(1); e.expel() }
	space.OnCodeChange(&e.onCode)
	return e, nil
}

func (e *engine) Name() string { return "jit" }

func (e *engine) NewState() cpu.State { return e.reference.NewState() }

func (e *engine) Close() error {
	e.space.OnCodeChange(nil)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.code.release(e.chunks)
	e.chunks, e.entries = nil, nil
	e.setUnits(nil)
	e.table.release()
	e.contextsMu.Lock()
	defer e.contextsMu.Unlock()
	for _, c := range e.contexts {
		c.counts.addTo(&e.stats)
		c.release()
	}
	e.contexts = nil
	if e.o.Closed != nil {
		e.o.Closed(e.stats.clone())
	}
	return e.reference.Close()
}

// maxContexts is how many threads keep their host stacks while they are not
// running.
const maxContexts = 64

// context returns the context of a thread that begins to run.
func (e *engine) context(s *x86.State) *context {
	e.contextsMu.Lock()
	defer e.contextsMu.Unlock()
	if c, ok := s.Context.Owner.(*context); ok && c.owner == s {
		c.busy = true
		return c
	}
	var c *context
	if len(e.contexts) >= maxContexts {
		if i := slices.IndexFunc(e.contexts, func(c *context) bool { return !c.busy }); i >= 0 {
			c = e.contexts[i]
			e.contexts = append(slices.Delete(e.contexts, i, i+1), c)
		}
	}
	if c == nil {
		var err error
		if c, err = newContext(e.convention); err != nil {
			return nil
		}
		e.contexts = append(e.contexts, c)
	}
	c.owner, c.busy, c.epoch = s, true, ^uint64(0)
	x := &s.Context
	for i := range x.Align {
		x.Align[i] = uint8(i & 7)
	}
	x.Owner, x.Exit, x.Table, x.Base = c, e.exit, e.table.address(), uint64(uintptr(e.space.WindowBase()))
	return c
}

func (e *engine) idle(c *context) {
	e.contextsMu.Lock()
	c.busy = false
	c.counts.show()
	e.contextsMu.Unlock()
}
