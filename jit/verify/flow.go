package verify

import (
	"math/bits"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// head is a place that control may come to from elsewhere than the instruction
// before: an entry, a landing, or where a branch goes to.
type head struct {
	inst   int32
	known  bool // s is a state
	queued bool
	s      state
}

// follow goes along all paths from the entries until nothing new is found out.
func (v *Verifier) follow() error {
	v.heads, v.work = v.heads[:0], v.work[:0]
	for i := range v.insts {
		in := &v.insts[i]
		if in.to >= 0 {
			v.addHead(in.to)
		}
		if in.rule.class == call && !v.callsOut(in) {
			if i+1 == len(v.insts) {
				return v.fail(RuleBranch, in, "nothing follows to return to")
			}
			v.addHead(int32(i + 1))
		}
	}
	if err := v.begin(); err != nil {
		return err
	}
	for len(v.work) > 0 {
		h := &v.heads[v.work[len(v.work)-1]]
		v.work = v.work[:len(v.work)-1]
		h.queued = false
		s := h.s
		if err := v.path(h.inst, &s); err != nil {
			return err
		}
	}
	return nil
}

func (v *Verifier) addHead(i int32) {
	if v.insts[i].head < 0 {
		v.insts[i].head = int32(len(v.heads))
		if len(v.heads) < cap(v.heads) {
			v.heads = v.heads[:len(v.heads)+1]
			h := &v.heads[len(v.heads)-1]
			h.inst, h.known, h.queued = i, false, false
			return
		}
		v.heads = append(v.heads, head{inst: i})
	}
}

// begin queues the entries.
func (v *Verifier) begin() error {
	if v.at != nil {
		v.addHead(0)
	}
	if len(v.unit.Entries) == 0 && v.at == nil {
		return failAt(RuleBranch, 0, "there is no entry")
	}
	for _, e := range v.unit.Entries {
		if int(e.Offset) >= len(v.unit.Code) || v.index[e.Offset] < 0 {
			return failAt(RuleBranch, int(e.Offset), "an entry that is no instruction")
		}
		v.addHead(v.index[e.Offset])
	}
	if v.at != nil {
		if err := v.arrive(&v.insts[0], 0, v.at); err != nil {
			return err
		}
	}
	for _, e := range v.unit.Entries {
		i := v.index[e.Offset]
		if err := v.arrive(&v.insts[i], i, &v.roles.entry); err != nil {
			return err
		}
	}
	return nil
}

// arrive notes that control may come from in to the head at instruction i in
// state s.
func (v *Verifier) arrive(in *instruction, i int32, s *state) error {
	h := &v.heads[v.insts[i].head]
	switch {
	case !h.known:
		h.s, h.known = *s, true
	case h.s.popped != s.popped:
		return v.fail(RuleStack, in, "paths meet at %#x with different heights of the host stack", v.insts[i].at)
	case !h.s.join(s):
		return nil
	}
	if !h.queued {
		h.queued = true
		v.work = append(v.work, v.insts[i].head)
	}
	return nil
}

// path follows the instructions from number i on to the next head, or to where
// control goes elsewhere.
func (v *Verifier) path(i int32, s *state) error {
	for first := true; ; first = false {
		if int(i) == len(v.insts) {
			return failAt(RuleBranch, len(v.unit.Code), "control runs off the end")
		}
		in := &v.insts[i]
		if !first && in.head >= 0 {
			return v.arrive(in, i, s)
		}
		in.live = true
		if err := v.marked(in, s); err != nil {
			return err
		}
		on, err := true, error(nil)
		switch in.rule.class {
		case branch, ifZero:
			err = v.conditional(in, s)
		case jump:
			on, err = false, v.jump(in, s)
		case call:
			on, err = false, v.call(in, i, s)
		case ret:
			on, err = false, v.ret(in, s)
		default:
			err = v.step(in, s)
		}
		if err != nil || !on {
			return err
		}
		i++
	}
}

// marked checks that the state is what the mark says.
func (v *Verifier) marked(in *instruction, s *state) error {
	if in.mark == rewrite.Within {
		return nil
	}
	s.looked = true
	if s.popped {
		return v.fail(RuleMark, in, "the thread may be taken out, and the host stack is not balanced")
	}
	addresses := added[in.mark]
	for m := addresses; m != 0; m &= m - 1 {
		if r := uint8(bits.TrailingZeros16(m)); s.r[r].kind != window {
			return v.fail(RuleMark, in, "%s does not hold an address in the window", name(r))
		}
	}
	if r, yes := s.leaks(v.roles.guest &^ addresses); yes {
		return v.fail(RuleMark, in, "the thread may be taken out, and %s may hold a host address", name(r))
	}
	arriving := in.mark == rewrite.Arriving
	switch {
	case addresses != 0 && s.r[temp1].kind != data:
		return v.fail(RuleMark, in, "T1 is not the guest's rcx")
	case arriving && s.r[temp0].kind != data:
		return v.fail(RuleMark, in, "T0 is not where the guest goes on")
	case arriving && !s.r[stackPointer].is32():
		return v.fail(RuleMark, in, "the guest's rsp may be above 4 GiB")
	}
	return nil
}

// conditional is a conditional branch.
func (v *Verifier) conditional(in *instruction, s *state) error {
	taken := *s
	switch cc := in.CC(); {
	case in.rule.class == ifZero:
		taken.zero(x86.RCX, in.Has(x86.PrefixAddr32))
	case cc == 2: // B
		s.noBorrow()
	case cc == 3: // NB
		taken.noBorrow()
	}
	return v.goTo(in, &taken)
}

// goTo follows a direct branch, to the place in the unit that it goes to now
// and, if it is an exit, to any other unit.
func (v *Verifier) goTo(in *instruction, s *state) error {
	if in.exit {
		if err := v.leaving(in, s); err != nil {
			return err
		}
	}
	return v.arrive(in, in.to, s)
}

// leaving checks that what is assumed at the entries of units holds.
func (v *Verifier) leaving(in *instruction, s *state) error {
	if s.popped {
		return v.fail(RuleStack, in, "the host stack is not balanced")
	}
	if r, yes := s.leaks(v.roles.guest); yes {
		return v.fail(RuleRegister, in, "%s may hold a host address", name(r))
	}
	if !s.r[stackPointer].is32() {
		return v.fail(RuleLeave, in, "the guest's rsp may be above 4 GiB")
	}
	if !s.looked {
		return v.fail(RuleMark, in, "the thread cannot be taken out on the way here from an entry or a return")
	}
	return nil
}

func (v *Verifier) call(in *instruction, i int32, s *state) error {
	if v.callsOut(in) {
		return v.callOut(in, s)
	}
	if err := v.leaving(in, s); err != nil {
		return err
	}
	if v.roles.register && !s.ahead {
		return v.fail(RuleStack, in, "the host stack has not been read ahead")
	}
	if err := v.arrive(in, i+1, &v.roles.landing); err != nil {
		return err
	}
	if in.to < 0 {
		return v.dispatch(in, s)
	}
	// The stack's top is the address of the landing now, as at an entry.
	s.ahead = false
	return v.arrive(in, in.to, s)
}

// callsOut reports whether a call is one of a way out: nothing comes back.
func (v *Verifier) callsOut(in *instruction) bool {
	return in.rule.class == call && in.HasMem && v.inState(in)
}

// callOut is the call of a way out, which takes the address off the host stack
// again.
func (v *Verifier) callOut(in *instruction, s *state) error {
	f, err := v.field(in, 8)
	switch {
	case err != nil:
		return err
	case f.use != leave || f.reason != rewrite.ExitDirect:
		return v.fail(RuleBranch, in, "%s is no way out that is called", f.name)
	}
	return v.toEngine(in, s, f.reason)
}

func (v *Verifier) ret(in *instruction, s *state) error {
	if s.r[temp0].kind != data {
		return v.fail(RuleRegister, in, "T0 is not what the guest returns to")
	}
	return v.leaving(in, s)
}

func (v *Verifier) jump(in *instruction, s *state) error {
	if in.Args[0].Kind == x86.ArgRel {
		return v.goTo(in, s)
	}
	if !in.HasMem || !v.inState(in) {
		return v.dispatch(in, s)
	}
	f, err := v.field(in, 8)
	switch {
	case err != nil:
		return err
	case f.use != leave:
		return v.fail(RuleBranch, in, "%s is no way out", f.name)
	case f.reason == rewrite.ExitDirect:
		return v.fail(RuleLeave, in, "this way out is to be called, to say from where")
	}
	return v.toEngine(in, s, f.reason)
}

// throughTable is the operand of a jump or call through the table of indirect
// targets, whose entry T1 is the number of.
var throughTable = x86.Mem{Base: windowBase, Index: temp1, Scale: 3, Disp: -tableBelow}

// dispatch is a jump or call through the table of indirect targets: its entries
// hold addresses of code that assumes targetState.
func (v *Verifier) dispatch(in *instruction, s *state) error {
	if !in.HasMem || in.Mem != throughTable || v.inState(in) {
		return v.fail(RuleBranch, in, "an indirect branch that is not through the table")
	}
	if i := s.r[temp1]; i.kind != data || i.lo < 0 || i.hi >= tableEntries {
		return v.fail(RuleBranch, in, "the number of the table's entry may have more than 16 bits")
	}
	if s.r[temp0].kind != data {
		return v.fail(RuleRegister, in, "T0 is not the guest's target")
	}
	return v.leaving(in, s)
}

// toEngine checks that the engine is returned to as it expects.
func (v *Verifier) toEngine(in *instruction, s *state, reason uint32) error {
	if s.popped {
		return v.fail(RuleStack, in, "the host stack is not balanced")
	}
	if r, yes := s.leaks(v.roles.guest); yes {
		return v.fail(RuleRegister, in, "%s may hold a host address", name(r))
	}
	t0 := s.r[temp0]
	if t0.kind != data {
		return v.fail(RuleLeave, in, "T0 may hold a host address")
	}
	switch reason {
	case rewrite.ExitDirect:
		if len(v.unit.Exits) == 0 {
			return v.fail(RuleLeave, in, "the unit has no branch that could be filled in")
		}
	case rewrite.ExitSyscall:
		if !t0.constant() || !s.r[temp1].constant() {
			return v.fail(RuleLeave, in, "T0 and T1 are not constant")
		}
		return v.leaving(in, s) // the assembly may answer the call and go on by the table
	}
	return nil
}

// What cycles knows of an instruction.
const (
	unseen = iota
	open   // it is on the path that is being followed
	done
)

// cycles checks that every cycle passes a place where the thread can be taken
// out.
func (v *Verifier) cycles() error {
	v.seen = append(v.seen[:0], make([]uint8, len(v.insts))...)
	for i := range v.insts {
		if err := v.acyclic(int32(i)); err != nil {
			return err
		}
	}
	return nil
}

// acyclic follows the paths on which the thread cannot be taken out. A call goes
// on at its landing too: between them there may be nothing but a return.
func (v *Verifier) acyclic(i int32) error {
	in := &v.insts[i]
	if !in.live || in.mark != rewrite.Within || v.seen[i] == done {
		return nil
	}
	if v.seen[i] == open {
		return v.fail(RuleMark, in, "a cycle in which the thread cannot be taken out")
	}
	v.seen[i] = open
	if in.to >= 0 {
		if err := v.acyclic(in.to); err != nil {
			return err
		}
	}
	if c := in.rule.class; c != jump && c != ret && !v.callsOut(in) {
		if err := v.acyclic(i + 1); err != nil {
			return err
		}
	}
	v.seen[i] = done
	return nil
}
