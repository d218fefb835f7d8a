package rewrite

import "github.com/nuage-emu/nuage/jit/asm/amd64"

// Reasons for which generated code leaves, in Context.Reason. It leaves through
// the place in Context.Out that is the reason's. What T0 and T1 hold then is said
// for each.
const (
	// ExitDirect: a branch to T0 whose code was not known. Code calls this way
	// out, so that T1 becomes an address in the unit's code; all its exits to T0
	// are to be filled in.
	ExitDirect = iota + 1
	// ExitIndirect: an indirect branch to T0 that the table does not have.
	ExitIndirect
	// ExitSyscall: a system call at T1; T0 is the address behind it.
	ExitSyscall
	// ExitInterpret: the instruction at T0 is the interpreter's.
	ExitInterpret
	// ExitTrap: a trap or a signal; see Context.Signal. There is no way out for
	// it, and none for the next.
	ExitTrap
	// ExitBudget: less is left of the budget than the code at T0 would retire.
	ExitBudget
)

// WaysOut are the reasons that have one.
var WaysOut = [...]uint32{ExitDirect, ExitIndirect, ExitSyscall, ExitInterpret}

// leave leaves generated code at guest address pc, by a tail that all who leave
// for that reason share.
func (t *Translator) leave(reason uint32, pc uint64) {
	t.asm.MovImm(t0, pc)
	t.asm.Jmp(t.tail(reason))
}

// tail is the unit's way out for a reason.
func (t *Translator) tail(reason uint32) amd64.Label {
	l := &t.tails[reason]
	if *l == 0 {
		*l = t.asm.NewLabel() + 1
	}
	return *l - 1
}

// finish emits what stands behind the unit's own code: tails first, so that most
// jumps to them are short.
func (t *Translator) finish() {
	a := &t.asm
	for reason, l := range t.tails {
		if l == 0 {
			continue
		}
		t.rest = 0
		a.Bind(l - 1)
		if reason == tailDispatch {
			t.mark(0, Arriving)
			t.dispatch()
			continue
		}
		t.mark(0, Within)
		t.exit(uint32(reason))
	}
	for k := range t.cold {
		t.emitCold(&t.cold[k])
	}
}

// tailDispatch is the tail of returns to elsewhere.
const tailDispatch = 0

func (t *Translator) exit(reason uint32) {
	if out := t.at(OffOut + 8*int32(reason)); reason == ExitDirect {
		t.asm.CallMem(out)
	} else {
		t.asm.JmpMem(out)
	}
}

// cold is code that stands behind the unit's own.
type cold struct {
	pc    uint64
	state MarkState
	rest  int // instructions that have been counted too many there
	// emit emits it; without it the code leaves for the reason at pc, and out
	// is where it begins.
	emit   func()
	reason uint32
	out    amd64.Label
}

// later has code emitted behind the unit's own, marked as before the
// instruction at pc.
func (t *Translator) later(pc uint64, s MarkState, emit func()) {
	t.cold = append(t.cold, cold{pc: pc, state: s, emit: emit})
}

// leaveLater has out be where the unit is left at guest address pc.
func (t *Translator) leaveLater(out amd64.Label, reason uint32, pc uint64) {
	t.tail(reason)
	t.cold = append(t.cold, cold{pc: pc, state: Before, out: out, reason: reason})
}

// giveUp has out be where the interpreter goes on at guest address pc, before
// which rest instructions have been counted too many.
func (t *Translator) giveUp(out amd64.Label, pc uint64, rest int) {
	t.tail(ExitInterpret)
	t.cold = append(t.cold, cold{pc: pc, state: Before, rest: rest, out: out, reason: ExitInterpret})
}

func (t *Translator) emitCold(c *cold) {
	t.rest = c.rest
	t.mark(c.pc, c.state)
	if c.emit != nil {
		c.emit()
		return
	}
	t.asm.Bind(c.out)
	if t.o.Convention.Counts() && c.rest > 0 {
		t.asm.Lea64(counter, amd64.At(counter, int32(c.rest)))
		t.rest = 0
		t.mark(c.pc, Before)
	}
	t.leave(c.reason, c.pc)
}
