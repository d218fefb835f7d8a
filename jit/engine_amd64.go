//go:build linux || windows || freebsd || darwin

package jit

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/memory"
)

// maxCode is how much code an engine keeps, in chunks, before it starts anew.
const maxCode = 64 << 20 / chunkBytes

// maxLeft is of how many guest addresses an engine remembers that they are the
// interpreter's, before it starts anew: a guest may have a gigabyte of them.
const maxLeft = 1 << 17

// engine translates the threads of one space. The lock order is mu, then
// contextsMu or unitsMu.
type engine struct {
	space     *memory.Space
	reference cpu.Engine
	o         Options
	code      *codeMemory
	// convention is how the State is reached; key has all of it.
	convention rewrite.Convention
	key        cacheKey // of all its translations
	shares     bool     // what is in translations
	floor      uint64   // metered: where the budget ends; see budgetFloor
	onCode     func()

	// epoch changes when no code translated before may be run again: the
	// guest's code has changed, or there is too much of it.
	epoch atomic.Uint64
	// starved says that there is no code memory at all: other engines have it.
	starved atomic.Bool

	mu         sync.Mutex
	translator *rewrite.Translator
	valid      uint64            // the epoch that what follows belongs to
	entries    map[uint64]uint64 // host addresses by guest address; 0: the interpreter's
	left       int               // entries that are 0
	distances  map[uint64]int    // see distance
	source     *source
	stubs      map[uint64]uint64 // of the table of indirect targets
	chunks     []int
	used       int    // of the last chunk
	ret        uint64 // the stub for returns
	table      *table // of indirect targets
	stats      Stats
	check      *check // nil: translations are trusted

	unitsMu sync.Mutex
	units   map[uint64][]unit // of each chunk, by host address
	marks   pool[rewrite.Mark]
	exits   pool[rewrite.Exit]

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
	e := &engine{space: space, reference: reference, o: o, code: c, convention: convention, source: newSource(space, o.Boundary)}
	if e.table, err = newTable(convention, space.WindowBase()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if o.Metered {
		convention |= rewrite.Counting
		if e.floor, err = budgetFloor(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	e.key, e.shares = cacheKey{convention: convention, everyRun: o.EveryRun}, translations.join()
	e.translator = newTranslator(e.key)
	if o.Verify {
		e.check = newCheck(convention)
	}
	e.valid = ^uint64(0)
	e.onCode = func() { e.epoch.Add(1); e.expel() }
	space.OnCodeChange(&e.onCode)
	e.count()
	return e, nil
}

func hostCode() string { return best().String() }

func (e *engine) Name() string { return "jit" }

func (e *engine) NewState() cpu.State { return e.reference.NewState() }

func (e *engine) Close() error {
	e.discount()
	e.space.OnCodeChange(nil)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.code.release(e.chunks, e.o.Emitted != nil)
	e.chunks, e.entries = nil, nil
	e.forgetUnits()
	e.contextsMu.Lock()
	defer e.contextsMu.Unlock()
	for _, c := range e.contexts {
		c.counts.addTo(&e.stats)
		c.release()
	}
	e.contexts = nil
	if e.translator != nil {
		spareTranslators(e.key).Put(e.translator)
		e.translator = nil
	}
	if e.o.Closed != nil {
		e.o.Closed(e.stats.clone())
	}
	return e.reference.Close()
}

// maxContexts is how many threads keep their host stacks while they are not
// running.
const maxContexts = 64

// lend gives a thread a host stack, unless it has one: that of another thread
// if there are many.
func (e *engine) lend(r *thread) bool {
	e.contextsMu.Lock()
	defer e.contextsMu.Unlock()
	if r.c != nil && r.c.owner.Load() == r {
		return true
	}
	var c *context
	if len(e.contexts) >= maxContexts {
		c = e.take()
	}
	if c == nil {
		var err error
		if c, err = newContext(e.convention); err != nil {
			return false
		}
		e.contexts = append(e.contexts, c)
	}
	c.owner.Store(r)
	r.c = c
	return true
}

// take takes the host stack away from the thread that has had its own for
// longest, of those that are not in generated code. The owner finds out when it
// begins to run again. The caller holds e.contextsMu.
func (e *engine) take() *context {
	for i, c := range e.contexts {
		r := c.owner.Swap(nil)
		if atomic.LoadUint64(&r.s.Context.Running) == 0 {
			e.contexts = append(slices.Delete(e.contexts, i, i+1), c)
			return c
		}
		c.owner.Store(r)
	}
	return nil
}
