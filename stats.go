package nuage

import (
	"maps"
	"slices"
	"sync"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/elf"
	"github.com/nuage-emu/nuage/jit"
	"github.com/nuage-emu/nuage/memory"
)

// Stats are what the processes of a machine have done so far. Counting costs
// programs nothing that could be measured: what runs does not count.
type Stats struct {
	// Counts are those of threads that have ended.
	abi.Counts
	// Translators is how many address spaces programs were translated for: one
	// for each program that was started, also by exec, and for each fork.
	Translators int
	// Translator are the counts of all of them together.
	Translator jit.Stats
}

// Stats returns what has been counted so far. It is complete when all processes
// have ended; at other times it lacks some of what running threads have done.
func (m *Machine) Stats() Stats {
	s := Stats{Counts: m.abi.Counts()}
	s.Translators, s.Translator = m.watch.stats()
	return s
}

// watch knows the translators of a machine.
type watch struct {
	machine *Machine

	mu     sync.Mutex
	made   int
	live   map[jit.Counter]struct{}
	ended  jit.Stats
	images map[*elf.Image]string // the names of programs, if somebody wants them

	perfMu sync.Mutex // held while Options.PerfMap is written to
}

// translator makes a translator, and watches it unless w is nil.
func (w *watch) translator(space *memory.Space, reference cpu.Engine, o jit.Options) (cpu.Engine, error) {
	if w == nil {
		return jit.New(space, reference, o)
	}
	var e cpu.Engine
	o.Closed = func(s jit.Stats) { w.closed(e.(jit.Counter), s) }
	if w.machine.options.PerfMap != nil {
		o.Emitted = (&perfNames{w: w, space: space}).emitted
	}
	e, err := jit.New(space, reference, o)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.live == nil {
		w.live = map[jit.Counter]struct{}{}
	}
	w.made++
	w.live[e.(jit.Counter)] = struct{}{}
	return e, nil
}

// closed takes the counts of a translator that is no more.
func (w *watch) closed(e jit.Counter, s jit.Stats) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.live, e)
	w.ended.Add(s)
}

func (w *watch) stats() (made int, sum jit.Stats) {
	w.mu.Lock()
	made = w.made
	sum.Add(w.ended)
	live := slices.Collect(maps.Keys(w.live))
	w.mu.Unlock()
	for _, e := range live { // the engine's lock is outside of this one
		sum.Add(e.Stats())
	}
	return made, sum
}
