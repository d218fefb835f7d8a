//go:build linux || windows || freebsd || darwin

package jit

import (
	"sort"
	"time"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// unit is where a translation lies.
type unit struct {
	host  uint64
	size  uint32
	marks []rewrite.Mark
	exits []rewrite.Exit
}

// pool copies short lists into long arrays, so that a list has no allocation of
// its own.
type pool[T any] struct{ free []T }

// poolBlock is how many elements an array has.
const poolBlock = 512

// keep returns a copy of the list. Its array is given back when nobody has any
// of its lists any more.
func (p *pool[T]) keep(list []T) []T {
	n := len(list)
	if n > len(p.free) {
		p.free = make([]T, max(poolBlock, n))
	}
	kept := p.free[:n:n]
	p.free = p.free[n:]
	copy(kept, list)
	return kept
}

// lookup notes the code for pc in the thread's table, translating it if need
// be. It reports false if there is none that may be run.
func (r *thread) lookup(pc uint64) bool {
	e := r.e
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refresh() != r.epoch || r.c.owner.Load() != r {
		return true // which the thread finds out when it begins
	}
	r.c.counts.lookups++
	host := e.find(pc)
	if host == 0 || e.check != nil && !e.check.entry(pc, host) {
		return false
	}
	f := &r.c.found[pc%recent]
	f.pc, f.host = pc, host
	return true
}

// connect fills in a direct branch, if the code it belongs to is still there: at
// is behind one of its instructions.
func (r *thread) connect(pc, at uint64) {
	e := r.e
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refresh() != r.epoch {
		return
	}
	host := e.find(pc)
	if host == 0 || r.epoch != e.epoch.Load() {
		return
	}
	u := e.unitAt(at - 1)
	for _, x := range u.exits {
		if x.PC != pc {
			continue
		}
		field := u.host + uint64(x.Field)
		displacement := uint32(host - field - 4)
		if e.check != nil && !e.check.link(pc, field, displacement) {
			e.leave(pc)
			return
		}
		patch(e.code.write, int(field-uint64(e.code.exec)), displacement)
		e.stats.Connected++
	}
}

// unitAt returns the unit that has the host address.
func (e *engine) unitAt(host uint64) unit {
	e.unitsMu.Lock()
	defer e.unitsMu.Unlock()
	list := e.units[e.chunkOf(host)]
	i := sort.Search(len(list), func(i int) bool { return list[i].host > host }) - 1
	if i < 0 || host-list[i].host >= uint64(list[i].size) {
		return unit{}
	}
	return list[i]
}

// chunkOf is the number of the chunk that a host address is in.
func (e *engine) chunkOf(host uint64) uint64 { return (host - uint64(e.code.exec)) / chunkBytes }

// direct puts the code for pc into the table of indirect targets.
func (e *engine) direct(pc, epoch uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refresh() != epoch {
		return
	}
	stub, ok := e.stubs[pc]
	if host, known := e.entries[pc]; !ok && known && host != 0 {
		u := e.translator.EntryStub(pc)
		field := uint64(u.Exits[0].Field)
		if e.check != nil && !e.check.unit(pc, u, true) {
			return
		}
		if stub, ok = e.place(e.kept(u), pc); !ok {
			return
		}
		if e.check != nil {
			e.check.placed(pc, stub, u, true)
		}
		displacement := uint32(host - stub - field - 4)
		if e.check != nil && !e.check.link(pc, stub+field, displacement) {
			return
		}
		patch(e.code.write, int(stub+field-uint64(e.code.exec)), displacement)
		e.stubs[pc] = stub
	} else if !ok && !known {
		if stub = e.translate(pc, true); stub == 0 {
			return
		}
		e.stubs[pc] = stub
	}
	if e.check != nil && !e.check.target(pc, stub) {
		return
	}
	if stub != 0 && e.valid == e.epoch.Load() {
		e.table.set(pc, stub)
		e.stats.Targets++
	}
}

// refresh drops what was translated in an earlier epoch. The caller holds e.mu.
func (e *engine) refresh() uint64 {
	epoch := e.epoch.Load()
	if e.valid == epoch {
		return epoch
	}
	if len(e.chunks) > 0 {
		e.expel() // all leave, and none comes in with an old epoch
		e.code.release(e.chunks, e.o.Emitted != nil)
		e.stats.Flushes++
	}
	e.valid, e.chunks, e.used = epoch, nil, chunkBytes
	e.forgetUnits()
	e.entries, e.stubs, e.left = make(map[uint64]uint64), make(map[uint64]uint64), 0
	e.distances = make(map[uint64]int)
	e.table.reset(e.convention)
	e.ret = 0
	if e.check != nil {
		e.check.reset()
	}
	stub := e.translator.ReturnStub()
	if e.check != nil && !e.check.returnStub(stub) {
		return epoch
	}
	host, ok := e.place(e.kept(stub), 0)
	if ok {
		e.ret = host
	}
	e.starved.Store(!ok)
	return epoch
}

// find returns the host address of the code for pc, or 0 if the interpreter
// must run it. The caller holds e.mu.
func (e *engine) find(pc uint64) uint64 {
	if host, ok := e.entries[pc]; ok {
		return host
	}
	e.translate(pc, false)
	return e.entries[pc]
}

// translate translates the code at pc and returns where the unit begins: for an
// indirect one, with its entry stub. The caller holds e.mu.
func (e *engine) translate(pc uint64, indirect bool) uint64 {
	if e.ret == 0 {
		if e.starved.Load() && e.code.some() {
			e.epoch.Add(1) // others have given some back
		}
		return 0
	}
	if pc >= e.space.Size() {
		return 0
	}
	defer func(begin time.Time) { e.stats.Time += time.Since(begin) }(time.Now())
	u := e.unitFor(pc, indirect)
	if u == nil {
		if !e.source.volatile {
			e.leave(pc)
		}
		return 0
	}
	if e.check != nil && !e.check.unit(pc, u, indirect) {
		e.leave(pc)
		return 0
	}
	host, ok := e.place(u, pc)
	if !ok {
		// Too much code: start anew.
		e.epoch.Add(1)
		return 0
	}
	if e.check != nil {
		e.check.placed(pc, host, u, indirect)
	}
	for _, n := range u.Entries {
		if old := e.entries[n.PC]; old == 0 {
			e.entries[n.PC] = host + uint64(n.Offset)
		}
	}
	e.stats.unit(u)
	return host
}

// unitFor returns the translation of the code at pc, with lists that stay, or nil
// if the first instruction is the interpreter's.
func (e *engine) unitFor(pc uint64, indirect bool) *rewrite.Unit {
	key := e.key
	key.pc, key.indirect = pc, indirect
	e.source.begin(pc)
	if e.shares && tamper == nil {
		if u := translations.get(key, e.source.fetch); u != nil {
			e.stats.Shared++
			return u
		}
		e.source.begin(pc)
	}
	var u *rewrite.Unit
	var ok bool
	if indirect {
		u, ok = e.translator.TranslateTarget(pc, e.source.fetch)
	} else {
		u, ok = e.translator.Translate(pc, e.source.fetch)
	}
	switch {
	case !ok:
		return nil
	case e.shares && tamper == nil:
		return translations.put(key, e.translator, u)
	}
	return e.kept(u)
}

// kept is a unit that the translator lends, with lists that stay (and code and
// entries that do not).
func (e *engine) kept(lent *rewrite.Unit) *rewrite.Unit {
	u := *lent
	u.Marks, u.Exits = e.marks.keep(u.Marks), e.exits.keep(u.Exits)
	return &u
}

// distance returns how many instructions lead from pc, where a turn has ended, to
// code that there is, or to the next branch; 0 if there is code for pc itself.
func (e *engine) distance(pc uint64) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refresh()
	if e.entries[pc] != 0 || pc >= e.space.Size() {
		return 0
	}
	n, ok := e.distances[pc]
	if !ok {
		e.source.begin(pc)
		n = e.translator.Distance(pc, e.source.fetch, func(pc uint64) bool { return e.entries[pc] != 0 })
		if len(e.distances) >= maxLeft {
			clear(e.distances)
		}
		e.distances[pc] = n
	}
	return n
}

// leave notes that the code at pc is the interpreter's.
func (e *engine) leave(pc uint64) {
	e.entries[pc] = 0
	if e.left++; e.left >= maxLeft {
		e.epoch.Add(1)
	}
}

// refusal is the stop of a thread at pc, if the translation there must not be
// run.
func (e *engine) refusal(pc uint64) (stop cpu.Stop, yes bool) {
	if e.check == nil {
		return cpu.Stop{}, false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	err := e.check.refusal(pc)
	if err == nil {
		return cpu.Stop{}, false
	}
	return cpu.Stop{Kind: cpu.StopIllegal, PC: pc, Text: err.Error()}, true
}

// place copies the unit for pc into code memory. Its lists must stay.
func (e *engine) place(u *rewrite.Unit, pc uint64) (uint64, bool) {
	size := (len(u.Code) + 15) &^ 15
	if size > chunkBytes {
		return 0, false
	}
	if len(e.chunks) == 0 || e.used+size > chunkBytes {
		if len(e.chunks) >= maxCode {
			return 0, false
		}
		at, ok := e.code.chunk()
		if !ok {
			return 0, false
		}
		e.chunks, e.used = append(e.chunks, at), 0
	}
	at := e.chunks[len(e.chunks)-1] + e.used
	copy(e.code.write[at:], u.Code)
	e.used += size
	host := uint64(e.code.exec) + uint64(at)
	e.unitsMu.Lock()
	k := e.chunkOf(host)
	e.units[k] = append(e.units[k], unit{host, uint32(len(u.Code)), u.Marks, u.Exits})
	e.unitsMu.Unlock()
	if e.o.Emitted != nil {
		e.o.Emitted(host, uint64(len(u.Code)), pc)
	}
	return host, true
}

func (e *engine) forgetUnits() {
	e.unitsMu.Lock()
	e.units = make(map[uint64][]unit)
	e.unitsMu.Unlock()
}

// markAt returns what the state is at a host address.
func (e *engine) markAt(host uint64) (rewrite.Mark, bool) {
	u := e.unitAt(host)
	off := uint32(host - u.host)
	k := sort.Search(len(u.marks), func(k int) bool { return u.marks[k].Offset > off }) - 1
	if k < 0 {
		return rewrite.Mark{}, false
	}
	return u.marks[k], true
}
