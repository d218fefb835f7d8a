package rewrite

import (
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/asm/amd64"
)

// Metered code retires no more instructions than its budget has, exactly. It counts
// each run, up to the next leader or branch, when it begins; Mark.Rest says how many
// of the run have not begun yet. Whether the budget lasts it looks where cycles
// close, on behalf of the longest way to the next such place: if not, it leaves
// there, and the interpreter runs what is left.

// maxRun is about how many instructions metered code counts at once: where a turn
// ends the interpreter runs what is left of a run, and behind that what leads to
// the next.
const maxRun = 64

// findCosts finds how far the next place that looks is from each instruction, on
// the longest way.
func (t *Translator) findCosts() {
	from := func(k int) int {
		if k >= len(t.insts) || t.insts[k].looks {
			return 0
		}
		return t.insts[k].cost
	}
	for i := len(t.insts) - 1; i >= 0; i-- {
		in := &t.insts[i]
		in.cost = 1
		switch in.kind {
		case kindInterpret:
			in.cost = 0
		case kindSyscall, kindCall, kindRet:
		case kindJcc, kindJmp:
			if in.kind == kindJcc {
				in.cost += from(i + 1)
			}
			if k, ok := t.find(in.Args[0].Value); ok && in.Args[0].Kind == x86.ArgRel {
				in.cost = max(in.cost, 1+from(k))
			}
		default:
			in.cost += from(i + 1)
		}
	}
}

// enter makes the leader an entry: if it does not look, by code apart that does.
func (t *Translator) enter(in *inst) {
	u, a := &t.unit, &t.asm
	if !t.o.Convention.Counts() || in.looks || in.kind == kindInterpret {
		u.Entries = append(u.Entries, Entry{in.PC, uint32(a.Len())})
		return
	}
	pc, cost, label := in.PC, in.cost, in.label
	t.later(pc, Before, func() {
		u.Entries = append(u.Entries, Entry{pc, uint32(a.Len())})
		t.look(cost)
		a.Jmp(label)
	})
}

// meter subtracts the run's instructions from what is left.
func (t *Translator) meter(in *inst) {
	t.rest = 0
	t.mark(in.PC, Before)
	if in.looks {
		t.look(in.cost)
	}
	t.asm.Lea64(counter, amd64.At(counter, -int32(in.run)))
	t.rest = in.run
}

// look is refused if less than cost is left.
func (t *Translator) look(cost int) {
	t.cache.forgetT1()
	t.asm.LoadByte(t1, amd64.At(counter, -int32(cost)))
}
