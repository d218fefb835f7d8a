// Package lockstep runs a program twice at the same time, by two engines, and
// finds the first instruction after which they do not agree.
//
// A [Pair] wraps the engines of two deterministic machines that are given the
// same: [Pair.Engine] makes the wrapper for an address space. Each wrapper runs
// its thread a slice of some instructions at a time, and after each slice waits
// for the other one. Then the two must have run the same thread equally far, have
// stopped for the same reason, and have the same registers; their memory is
// compared at system calls and every few slices.
//
// The first difference ends both. What was seen then is a whole slice, and a
// difference in memory is seen late; but since everything is deterministic, the
// program can be run again from the start to look closer ([Closer]): at more and
// more places between the last that was the same and the first that was not,
// until it is one slice, and then instruction by instruction (examine.go).
//
// Start reading with engine.Run. The package knows nothing of where engines come
// from; package nuage has the machines.
package lockstep

import (
	"fmt"
	"sync"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

// The two sides of a pair.
const (
	Reference = 0 // the interpreter
	Subject   = 1 // the translator
)

// Options say how two runs are compared.
type Options struct {
	// Every is how many instructions lie between two comparisons, on average:
	// the slices have different lengths, so that they end everywhere. 0 begins
	// with short ones and lets them grow.
	Every uint64
	// Trial makes an engine of a side in a copy of an address space, to look
	// closer at a difference; no translation goes past the boundary (see
	// jit.Options). Without it differences are shown by the slice.
	Trial func(side int, space *memory.Space, boundary uint64) (cpu.Engine, error)
	// Symbol, if set, names the place of an address, or returns "".
	Symbol func(pc uint64) string
	// Ended, if set, is called once when there is a difference: the machines
	// have nothing more to do.
	Ended func()
	// Closer is what to look at in a run that repeats another.
	Closer Closer
}

// Closer says where to look closer, in numbers of comparisons. The zero value
// looks everywhere, as far as that is cheap.
type Closer struct {
	From  uint64 // nothing differed before this one
	Every uint64 // from there on compare all memory so often; 0: when it is cheap
	// Examine, if not 0, is the comparison that is known to fail: the slice
	// before it is run by the instruction, and then it is over.
	Examine uint64
}

// Counts are what has been compared.
type Counts struct {
	Comparisons  uint64
	Instructions uint64 // of one side
	Calls        uint64
	Memory       uint64 // comparisons of memory among Comparisons
}

// Pair compares two runs. Its methods are safe for concurrent use.
type Pair struct {
	o Options

	mu      sync.Mutex
	cond    sync.Cond
	sides   [2]side
	spaces  []*spaces
	waiting *moment // of the side that came first
	counts  Counts
	good    uint64 // the last comparison at which memory was the same too
	full    uint64 // the last one of all memory
	over    bool
	found   *Difference
}

// side is what belongs to one of both. Its thread under way, of which there is
// never more than one, may use n and threads without the lock.
type side struct {
	n       uint64 // slices begun
	threads map[*cpu.Thread]int
	spaces  int
	calls   []string // that the other one has not made yet
	done    bool
	free    int // slices since the other one was done
}

// spaces are two address spaces that must be the same.
type spaces struct {
	space [2]*memory.Space
	ever  *pageSet // pages that the reference has changed
	count uint64   // of them
}

// New makes a pair that has compared nothing.
func New(o Options) *Pair {
	p := &Pair{o: o}
	p.cond.L = &p.mu
	for i := range p.sides {
		p.sides[i].threads = map[*cpu.Thread]int{}
	}
	return p
}

// Engine wraps an engine of one side for an address space. The n-th space of one
// side belongs to the n-th of the other. Changes of both are tracked from now on.
func (p *Pair) Engine(side int, space *memory.Space, inner cpu.Engine) cpu.Engine {
	space.TrackDirty(true)
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.sides[side]
	if s.spaces == len(p.spaces) {
		p.spaces = append(p.spaces, &spaces{})
	}
	p.spaces[s.spaces].space[side] = space
	s.spaces++
	return &engine{Engine: inner, pair: p, side: side, index: s.spaces - 1}
}

// Call is told of a system call that is over, in words that tell all about it.
func (p *Pair) Call(side int, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over || p.sides[1-side].done {
		return
	}
	other := &p.sides[1-side]
	if len(other.calls) == 0 {
		p.sides[side].calls = append(p.sides[side].calls, text)
		return
	}
	theirs := other.calls[0]
	other.calls = other.calls[1:]
	p.counts.Calls++
	if theirs == text {
		return
	}
	texts := [2]string{}
	texts[side], texts[1-side] = text, theirs
	p.differ(&Difference{What: fmt.Sprintf("a system call is not the same:\n  %-11s %s\n  %-11s %s", Names[0], texts[0], Names[1], texts[1])})
}

// Finished says that the side's program has ended.
func (p *Pair) Finished(side int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sides[side].done = true
	p.cond.Broadcast()
}

// Abandon ends comparing without a difference: somebody outside ends the
// programs. Nobody waits any more.
func (p *Pair) Abandon() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	p.cond.Broadcast()
}

// Outcome returns what was compared, and the difference that was found, if one
// was.
func (p *Pair) Outcome() (Counts, *Difference) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts, p.found
}

// differ ends it all. The caller holds p.mu.
func (p *Pair) differ(d *Difference) {
	if p.over {
		return
	}
	d.Comparison, d.Good, d.Instructions = p.counts.Comparisons, p.good, p.counts.Instructions
	p.over, p.found = true, d
	p.cond.Broadcast()
	if p.o.Ended != nil {
		p.o.Ended()
	}
}

// engine is a side's engine for one address space.
type engine struct {
	cpu.Engine
	pair  *Pair
	side  int
	index int
}

// moment is where a side is after a slice.
type moment struct {
	e       *engine
	t       *cpu.Thread
	thread  int // in the order in which threads ran first
	from    uint64
	begin   uint64 // hash of the registers before the slice
	before  uint64 // Retired then
	hash    uint64
	stop    cpu.Stop
	budget  uint64
	settled bool
}

// ended is the stop of threads that have nothing more to show.
func ended(pc uint64) cpu.Stop {
	return cpu.Stop{Kind: cpu.StopIllegal, PC: pc, Text: "the comparison of engines has ended"}
}

// Run implements [cpu.Engine].
func (e *engine) Run(t *cpu.Thread, budget uint64) cpu.Stop {
	p := e.pair
	s := &p.sides[e.side]
	thread, known := s.threads[t]
	if !known {
		thread = len(s.threads)
		s.threads[t] = thread
	}
	m := moment{e: e, t: t, thread: thread, hash: t.State.Hash()}
	for {
		m.from, m.begin, m.before, m.settled = t.State.PC(), m.hash, t.Retired, false
		m.budget = min(budget, p.slice(s.n))
		if p.o.Closer.Examine != 0 && s.n+1 == p.o.Closer.Examine {
			p.meet(&m, p.examine)
			return ended(m.from)
		}
		m.stop = e.Engine.Run(t, m.budget)
		if m.stop.Kind == cpu.StopInterrupt {
			return m.stop // the kernel's doing, or that of somebody outside
		}
		s.n++
		m.hash = t.State.Hash()
		if !p.meet(&m, p.compare) {
			return ended(t.State.PC())
		}
		if budget != cpu.Unlimited {
			budget -= t.Retired - m.before
		}
		if m.stop.Kind != cpu.StopBudget || budget == 0 {
			return m.stop
		}
	}
}

// growth is how slices get longer, if nobody says how long they are.
var growth = []struct{ until, every uint64 }{{4096, 16}, {65536, 128}, {^uint64(0), 1024}}

// slice is the length of the n-th slice.
func (p *Pair) slice(n uint64) uint64 {
	every := p.o.Every
	for i := 0; every == 0; i++ {
		if n < growth[i].until {
			every = growth[i].every
		}
	}
	x := (n + 1) * 0x9e3779b97f4a7c15
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	return 1 + (x^x>>32)%(2*every-1)
}

// maxFree is how many slices a side may run on for after the other one's program
// has ended. Programs end at the same call, but other processes may go on for a
// moment.
const maxFree = 100_000

// meet waits for the other side, and has the one that comes last do something
// with both. It reports false if there is nothing more to run.
func (p *Pair) meet(m *moment, do func(both [2]*moment)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	side := m.e.side
	if p.over {
		return p.found == nil
	}
	if p.waiting != nil && p.waiting.e.side != side {
		both := [2]*moment{}
		both[side], both[1-side] = m, p.waiting
		p.waiting.settled, p.waiting = true, nil
		do(both)
		p.cond.Broadcast()
		return !p.over
	}
	p.waiting = m
	for !m.settled && !p.over {
		if p.sides[1-side].done {
			p.waiting = nil
			p.alone(side)
			return !p.over
		}
		p.cond.Wait()
	}
	return !p.over || p.found == nil
}

// alone is called when the other side's program has ended.
func (p *Pair) alone(side int) {
	s := &p.sides[side]
	if s.free++; s.free > maxFree {
		p.differ(&Difference{What: fmt.Sprintf("the program has ended by the %s, and goes on by the %s", Names[1-side], Names[side])})
	}
}

// compare looks for differences after a slice.
func (p *Pair) compare(both [2]*moment) {
	a, b := both[Reference], both[Subject]
	p.counts.Comparisons++
	p.counts.Instructions += a.t.Retired - a.before
	n := p.counts.Comparisons
	if n < p.o.Closer.From {
		return
	}
	if d := between(a, b); d != nil {
		p.differ(p.located(d, a))
		return
	}
	since := n - p.good
	all := n-p.full >= max(4096, p.spaces[a.e.index].count)
	some := since >= 1024 || a.stop.Kind != cpu.StopBudget && (since >= 8 || n < 4096)
	if every := p.o.Closer.Every; every != 0 {
		all, some = (n-p.o.Closer.From)%every == 0, false
	}
	if !all && !some {
		return
	}
	p.counts.Memory++
	if d := p.memory(a.e.index, all); d != nil {
		p.differ(p.located(d, a))
		return
	}
	p.good = n
	if all {
		p.full = n
	}
}

// between compares where two threads are and what is in their registers.
func between(a, b *moment) *Difference {
	d := &Difference{}
	switch {
	case a.begin != b.begin:
		d.What = "the registers were not the same before the slice: a system call or a change of threads has made a difference"
	case a.e.index != b.e.index || a.thread != b.thread:
		d.What = fmt.Sprintf("another thread runs: thread %d of space %d by the %s, thread %d of space %d by the %s",
			a.thread, a.e.index, Names[0], b.thread, b.e.index, Names[1])
	case a.t.Retired != b.t.Retired:
		d.What = fmt.Sprintf("not as many instructions were run: %d by the %s, %d by the %s", a.t.Retired-a.before, Names[0], b.t.Retired-b.before, Names[1])
	case a.stop != b.stop:
		d.What = fmt.Sprintf("the program stops in another way: %v by the %s, %v by the %s", a.stop, Names[0], b.stop, Names[1])
	case a.hash != b.hash:
		d.What = "the registers are not the same"
	default:
		return nil
	}
	d.Registers = Registers(a.t.State, b.t.State)
	return d
}

// located adds to a difference where the slice was in which it came up.
func (p *Pair) located(d *Difference, a *moment) *Difference {
	d.Thread, d.PC, d.Slice = a.thread, a.from, a.t.Retired-a.before
	d.symbol = p.o.Symbol
	return d
}
