package lockstep

import (
	"fmt"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/memory"
)

// examine looks into a slice that is about to be run and is known to end in a
// difference. Both sides stand still in the same state; trials run copies of
// them. It finds the instruction in two steps:
//
// The smallest number of instructions after which the sides differ tells the end
// of the run: generated code that counts leaves what is less than a run of its
// code, up to the next branch, to the interpreter. So before its end nothing
// differs.
//
// Then translations are cut in the run, so that its beginning is a run of its
// own: first after one instruction, then after two. The first that differs has
// the instruction at its end. If none does but the whole, it is the last, or
// wrong together with others, which shows when the cut is right before it.
//
// Memory that is shared with others is not copied with the space; what trials
// write there stays.
func (p *Pair) examine(both [2]*moment) {
	a, b := both[Reference], both[Subject]
	x := &examination{p: p, both: both}
	d := x.sameBefore()
	if d == nil && p.o.Trial != nil {
		d = x.search()
	}
	if d == nil {
		d = &Difference{What: "the sides differed after this slice, but not when the slice was run again with new translations"}
	}
	d.Thread = a.thread
	if d.PC == 0 {
		d.PC = b.from
	}
	d.symbol = p.o.Symbol
	p.differ(d)
}

type examination struct {
	p    *Pair
	both [2]*moment
	err  error
}

// noBoundary is behind all code.
const noBoundary = ^uint64(0)

func (x *examination) sameBefore() *Difference {
	a, b := x.both[Reference], x.both[Subject]
	a.begin, b.begin = a.hash, b.hash
	if a.hash != b.hash || a.e.index != b.e.index || a.thread != b.thread || a.budget != b.budget {
		d := &Difference{Registers: Registers(a.t.State, b.t.State)}
		d.What = "the sides differ before an instruction is run: a system call or a change of threads has made the difference"
		return d
	}
	if d := x.p.memory(a.e.index, true); d != nil {
		d.What = "memory differs before an instruction is run: a system call has made the difference"
		return d
	}
	return nil
}

// search finds the instruction.
func (x *examination) search() *Difference {
	hi := x.both[Reference].budget
	whole := x.trial(hi, noBoundary)
	if whole == nil {
		return x.failed()
	}
	var lo uint64
	for hi-lo > 1 {
		mid := lo + (hi-lo)/2
		if d := x.trial(mid, noBoundary); d != nil {
			hi, whole = mid, d
		} else {
			lo = mid
		}
		if x.err != nil {
			return x.failed()
		}
	}
	path := x.path(hi)
	if path == nil || uint64(len(path)) < hi {
		return x.failed()
	}
	start := hi - 1
	for start > 0 && hi-start < maxRun && path[start-1] < path[start] && path[start]-path[start-1] <= maxLength {
		start--
	}
	d, culprit := whole, hi-1
	for q := start + 1; q < hi; q++ {
		if found := x.trial(q, path[q]); found != nil {
			d, culprit = found, q-1
			d.Exact = true
			break
		}
		if x.err != nil {
			return x.failed()
		}
	}
	if !d.Exact {
		// Is it wrong on its own, too?
		d.Exact = x.trial(hi, path[hi-1]) != nil
	}
	d.Before = x.stateAfter(culprit)
	d.PC, d.Start, d.After = path[culprit], path[start], culprit
	d.Instruction = x.instruction(path[culprit])
	d.Code = x.listing(path[start], path[hi-1])
	return d
}

// maxRun is the most instructions of a translation, and maxLength that of bytes
// of an instruction.
const (
	maxRun    = 128
	maxLength = 15
)

// failed says why the search has come to nothing.
func (x *examination) failed() *Difference {
	if x.err == nil {
		return nil
	}
	return &Difference{What: fmt.Sprintf("the sides differ in this slice; looking closer failed: %v", x.err)}
}

// copied is one side's copy.
type copied struct {
	space  *memory.Space
	engine cpu.Engine
	thread *cpu.Thread
}

func (c *copied) close() {
	_ = c.engine.Close() // copies of a program that has ended
	_ = c.space.Close()
}

// copy makes a copy of one side.
func (x *examination) copy(side int, boundary uint64) *copied {
	m := x.both[side]
	space, err := x.p.spaces[m.e.index].space[side].Fork()
	if err != nil {
		x.err = err
		return nil
	}
	e, err := x.p.o.Trial(side, space, boundary)
	if err != nil {
		x.err = err
		_ = space.Close()
		return nil
	}
	space.TrackDirty(true)
	return &copied{space, e, &cpu.Thread{State: m.t.State.Clone(), Env: &counter{}}}
}

// trial runs n instructions of the slice by both engines, in copies, and returns
// how they differ.
func (x *examination) trial(n, boundary uint64) *Difference {
	var c [2]*copied
	var m [2]moment
	for side := range c {
		if c[side] = x.copy(side, boundary); c[side] == nil {
			if side > 0 {
				c[0].close()
			}
			return nil
		}
	}
	defer c[0].close()
	defer c[1].close()
	for side := range c {
		t := c[side].thread
		stop := c[side].engine.Run(t, n)
		m[side] = moment{e: x.both[side].e, t: t, stop: stop, hash: t.State.Hash()}
	}
	if d := between(&m[Reference], &m[Subject]); d != nil {
		return d
	}
	set := new(pageSet)
	for _, c := range c {
		set.add(c.space.DirtyPages(false))
	}
	if list := differing([2]*memory.Space{c[0].space, c[1].space}, set.list()); len(list) > 0 {
		return &Difference{What: "memory is not the same", Memory: list}
	}
	return nil
}

// reference runs n instructions by the reference, one at a time, telling where
// it is before each.
func (x *examination) reference(n uint64, at func(pc uint64)) cpu.State {
	c := x.copy(Reference, noBoundary)
	if c == nil {
		return nil
	}
	defer c.close()
	for range n {
		at(c.thread.State.PC())
		if stop := c.engine.Run(c.thread, 1); stop.Kind != cpu.StopBudget {
			break
		}
	}
	return c.thread.State.Clone()
}

// path is where the instructions of the slice are.
func (x *examination) path(n uint64) (list []uint64) {
	x.reference(n, func(pc uint64) { list = append(list, pc) })
	return list
}

// stateAfter is a dump of the registers after n instructions.
func (x *examination) stateAfter(n uint64) string {
	s := x.reference(n, func(uint64) {})
	if s == nil {
		return ""
	}
	return dump(s)
}

// fetch returns code as the translator's side has it.
func (x *examination) fetch(pc uint64) []byte {
	m := x.both[Subject]
	buf := make([]byte, 512)
	n, _, err := x.p.spaces[m.e.index].space[Subject].Fetch(buf, pc)
	if err != nil {
		return nil
	}
	return buf[:n]
}

func (x *examination) instruction(pc uint64) string {
	code := x.fetch(pc)
	text, n := x86.Disassemble(code, pc, nil)
	return fmt.Sprintf("% x  %s", code[:min(n, len(code))], text)
}

// counter answers instructions that ask the world: the same for both sides.
type counter struct{ n uint64 }

// Cycles implements cpu.Environment.
func (c *counter) Cycles() uint64 { c.n += 1001; return c.n }

// Entropy implements cpu.Environment.
func (c *counter) Entropy() uint64 { c.n += 7; return c.n * 0x9e3779b97f4a7c15 }
