package rewrite

import (
	"sort"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/asm/amd64"
)

// Mark says what the state is from an offset of the code on, up to the next.
type Mark struct {
	Offset uint32
	PC     uint32 // of the guest instruction
	State  MarkState
	// Rest is how many instructions metered code has counted already that have
	// not begun, the one at PC among them.
	Rest uint8
	// Stack is what must be added to rsp to have it as it is before the
	// instruction.
	Stack int8
}

// MarkState is whether the state between host instructions is that between two
// guest instructions.
type MarkState uint8

// The states.
const (
	// Within: only going on leads to a state between two guest instructions.
	Within MarkState = iota
	// Before: nothing of the instruction at Mark.PC has happened.
	Before
	// CopyBefore and FillBefore are Before (some iterations of a repeated
	// string instruction may be over), but the host address of the window has
	// been added to rsi and rdi, or to rdi alone, and rcx is in T1.
	CopyBefore
	FillBefore
	// Arriving: the instruction that branches is over, and the guest goes on at
	// the address in T0, which may be any number; Mark.PC and Mark.Rest say
	// nothing.
	Arriving
	// ProbeBefore is Before for an access that is not the guest's: if it is
	// refused, that means nothing but that the interpreter must go on.
	ProbeBefore
)

// Entry is a place where generated code may be entered.
type Entry struct {
	PC     uint64
	Offset uint32
}

// Exit is a direct branch whose displacement, at Field, can be filled in when
// the code for PC is known. Until then it leads out by itself.
type Exit struct {
	PC    uint64
	Field uint32
}

// Unit is the translation of a stretch of guest code. Its slices belong to the
// Translator and are valid until the next Translate.
type Unit struct {
	Code    []byte // position-independent
	Entries []Entry
	Exits   []Exit
	Marks   []Mark
	Guest   int // instructions
	Bytes   int // of them
}

// Options are what a translator must know of its host and its machine.
type Options struct {
	// Supported says whether the host has a feature, named as in
	// x86.Section.Feature.
	Supported func(feature string) bool
	// Convention is how code reaches the State, and what it does for the host.
	Convention Convention
	// EveryRun makes metered code look at each run whether enough is left, and
	// not only where cycles close: it keeps closer to its budget.
	EveryRun bool
}

// Translator translates. It is not safe for concurrent use.
type Translator struct {
	o        Options
	hostOf   *[16]amd64.Reg
	supports map[string]bool
	asm      amd64.Asm
	insts    []inst
	unit     Unit
	cold     []func()
	tails    [ExitTrap]amd64.Label // plus 1, by the reason for leaving; 0: none
	end      uint64                // where the last instruction goes on
	cache    cache
	rest     int   // see Mark.Rest, for the instruction being translated
	kept     uint8 // guest register that T1 has a copy of behind the instruction, or x86.Zero
}

// inst is a guest instruction of the unit.
type inst struct {
	x86.Inst
	code   []byte
	kind   kind
	leader bool // may be entered
	label  amd64.Label
	run    int  // instructions to the next leader or branch, if metered code counts them here
	loops  bool // a branch behind it, or itself, leads to it
	looks  bool // metered code looks here whether there are as many left as cost
	cost   int  // the most that can be retired from here to where it looks again
}

// MaxUnit is the most instructions of a unit.
const MaxUnit = 128

// NewTranslator returns a translator.
func NewTranslator(o Options) *Translator {
	return &Translator{o: o, hostOf: &hosts[o.Convention], supports: make(map[string]bool), insts: make([]inst, 0, MaxUnit)}
}

func (t *Translator) supported(r *x86.Row) bool {
	f := r.Section().Feature
	if f == "" {
		return true
	}
	ok, known := t.supports[f]
	if !known {
		ok = t.o.Supported(f)
		t.supports[f] = ok
	}
	return ok
}

// Translate translates the code at pc, at least one instruction; fetch returns
// the bytes at an address, at least 15 unless fewer are executable. It reports
// false if the first instruction is the interpreter's.
func (t *Translator) Translate(pc uint64, fetch func(pc uint64) []byte) (*Unit, bool) {
	return t.translate(pc, false, fetch)
}

// TranslateTarget is Translate for the table of indirect targets: the unit
// begins with an entry stub.
func (t *Translator) TranslateTarget(pc uint64, fetch func(pc uint64) []byte) (*Unit, bool) {
	return t.translate(pc, true, fetch)
}

func (t *Translator) translate(pc uint64, indirect bool, fetch func(pc uint64) []byte) (*Unit, bool) {
	t.decode(pc, fetch)
	if len(t.insts) == 0 || t.insts[0].kind == kindInterpret {
		return nil, false
	}
	t.asm.Reset()
	t.findLeaders()
	t.cold, t.tails, t.rest = t.cold[:0], [ExitTrap]amd64.Label{}, 0
	u := &t.unit
	*u = Unit{Entries: u.Entries[:0], Exits: u.Exits[:0], Marks: u.Marks[:0], Guest: len(t.insts)}
	t.cache.reset()
	if indirect {
		t.entryStub(pc)
	}
	open := true // control can get here
	for i := 0; i < len(t.insts); {
		in := &t.insts[i]
		if in.leader {
			t.cache.reset()
			if in.loops {
				t.asm.Align(loopAlign)
			}
			t.asm.Bind(in.label)
			t.enter(in)
		}
		if t.o.Convention.Counts() && in.run > 0 {
			t.meter(in)
		}
		n := 1
		switch in.kind {
		case kindPush:
			n, open = t.pushes(i), true
		case kindPop:
			n = t.pops(i)
			open = t.insts[i+n-1].kind != kindRet
		default:
			open = t.emit(i)
		}
		t.rest = max(t.rest-1, 0)
		i += n
	}
	for i := range t.insts {
		u.Bytes += t.insts[i].Len
	}
	if open {
		t.jump(t.end)
	}
	t.finish()
	if !t.asm.Link() {
		return nil, false
	}
	u.Code = t.asm.Code
	return u, true
}

// decode reads the unit's instructions: up to one behind which control does
// not go on, unless a branch before leads behind it, or one that the interpreter
// must run if it is the first.
func (t *Translator) decode(pc uint64, fetch func(pc uint64) []byte) {
	t.insts = t.insts[:0]
	t.end = pc
	var code []byte
	for len(t.insts) < MaxUnit && t.end < 1<<32 {
		if len(code) < 15 {
			if code = fetch(t.end); len(code) == 0 {
				return
			}
		}
		t.insts = t.insts[:len(t.insts)+1]
		in := &t.insts[len(t.insts)-1]
		if x86.Decode(&in.Inst, code, t.end) != nil {
			t.insts = t.insts[:len(t.insts)-1]
			return
		}
		in.code, in.leader, in.loops, in.looks, in.run = code[:in.Len], len(t.insts) == 1, false, len(t.insts) == 1, 0
		in.kind = t.kindOf(&in.Inst)
		t.end = in.Next()
		code = code[in.Len:]
		switch {
		case in.kind == kindInterpret && len(t.insts) == 1:
			return
		case in.kind == kindJmp || in.kind == kindRet || in.kind == kindInterpret && in.Row.Attr&x86.Ends != 0:
			if !t.wanted(t.end) {
				return
			}
		}
	}
}

// find returns the index of the unit's instruction at a guest address.
func (t *Translator) find(pc uint64) (k int, ok bool) {
	if len(t.insts) == 0 || pc < t.insts[0].PC || pc >= t.end {
		return 0, false
	}
	k = sort.Search(len(t.insts), func(k int) bool { return t.insts[k].PC >= pc })
	return k, k < len(t.insts) && t.insts[k].PC == pc
}

// wanted reports whether a branch of the unit leads to pc, which is behind it.
func (t *Translator) wanted(pc uint64) bool {
	for i := range t.insts {
		if in := &t.insts[i]; (in.kind == kindJcc || in.kind == kindJmp) && in.Args[0].Kind == x86.ArgRel && in.Args[0].Value == pc {
			return true
		}
	}
	return false
}

// Distance returns how many instructions lead from pc to the first for which known
// reports true, or over the first branch, or to where it cannot tell.
func (t *Translator) Distance(pc uint64, fetch func(pc uint64) []byte, known func(pc uint64) bool) int {
	t.decode(pc, fetch)
	for i := range t.insts {
		in := &t.insts[i]
		switch {
		case i > 0 && known(in.PC):
			return i
		case in.kind == kindJcc || in.kind == kindCall:
			return i + 1
		}
	}
	return len(t.insts)
}

// loopAlign is what addresses of places are a multiple of that backward branches
// lead to. Units are, too (package jit).
const loopAlign = 16

// maxRun is about how many instructions metered code counts at once: where a turn
// ends the interpreter runs what is left of a run, and behind that what leads to
// the next.
const maxRun = 16

// findLeaders marks the instructions that may be entered, and in metered code
// counts the instructions of each run.
func (t *Translator) findLeaders() {
	for i := range t.insts {
		in := &t.insts[i]
		switch in.kind {
		case kindJcc, kindJmp:
			if in.Args[0].Kind != x86.ArgRel {
				break
			}
			if k, ok := t.find(in.Args[0].Value); ok {
				t.insts[k].leader = true
				t.insts[k].loops = t.insts[k].loops || k <= i
			}
		case kindCall, kindSyscall, kindInterpret:
			if i+1 < len(t.insts) {
				t.insts[i+1].leader, t.insts[i+1].looks = true, true
			}
		}
	}
	start := 0
	for i := range t.insts {
		in := &t.insts[i]
		if i-start >= maxRun && t.o.Convention.Counts() {
			in.leader = true
		}
		if in.leader {
			in.label = t.asm.NewLabel()
			start = i
		}
		if in.kind == kindInterpret {
			start = i + 1
			continue
		}
		in.looks = in.looks || in.loops
		if start < len(t.insts) {
			t.insts[start].run++
			t.insts[start].looks = t.insts[start].looks || t.o.EveryRun
		}
		if in.kind == kindJcc {
			start = i + 1
		}
	}
	if t.o.Convention.Counts() {
		t.findCosts()
	}
}

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

// mark notes the state from here on.
func (t *Translator) mark(pc uint64, s MarkState) {
	rest := max(t.rest, 0)
	switch {
	case s == Arriving:
		rest = 0
	case pc>>32 != 0:
		s = Within
	}
	t.unit.Marks = append(t.unit.Marks, Mark{uint32(t.asm.Len()), uint32(pc), s, uint8(rest), 0})
}

// markStack is mark before the instruction at pc while rsp lags behind by n.
func (t *Translator) markStack(pc uint64, n int) {
	t.unit.Marks = append(t.unit.Marks, Mark{uint32(t.asm.Len()), uint32(pc), Before, uint8(t.rest), int8(n)})
}

// emit translates one instruction. It reports whether control may go on behind
// it.
func (t *Translator) emit(i int) bool {
	in := &t.insts[i]
	t.mark(in.PC, Before)
	t.kept = x86.Zero
	switch in.kind {
	case kindInterpret:
		t.leave(ExitInterpret, in.PC)
		t.cache.reset()
		return false
	case kindPlain:
		t.plain(i)
	case kindRaw:
		t.raw(in)
	case kindNothing:
	case kindJcc:
		t.branch(in.Args[0].Value, func() { t.asm.Bytes(0x0F, 0x80|in.CC()) }, func(l amd64.Label) { t.asm.Jcc(in.CC(), l) })
	case kindJmp:
		return t.jmp(in)
	case kindCall:
		t.call(i)
	case kindRet:
		t.ret(in, 0)
		return false
	case kindLeave:
		t.leaveFrame(in)
	case kindLea:
		t.lea(in)
	case kindString:
		t.str(in)
	case kindSyscall:
		t.asm.MovImm(t0, in.Next())
		t.asm.MovImm(t1, in.PC)
		t.exit(ExitSyscall)
		return false
	}
	t.cache.note(in)
	if t.kept != x86.Zero {
		t.cache.copied = t.kept
	}
	return true
}

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
	for _, f := range t.cold {
		f()
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

// later emits code behind the unit's own, and marks it as before the
// instruction at pc.
func (t *Translator) later(pc uint64, s MarkState, f func()) {
	t.laterWith(pc, s, 0, f)
}

// laterWith is later where rest instructions have been counted too many.
func (t *Translator) laterWith(pc uint64, s MarkState, rest int, f func()) {
	t.cold = append(t.cold, func() {
		t.rest = rest
		t.mark(pc, s)
		f()
	})
}

// giveUp emits, behind the unit's own code, what lets the interpreter go on at
// guest address pc, before which rest instructions have been counted too many.
func (t *Translator) giveUp(out amd64.Label, pc uint64, rest int) {
	t.tail(ExitInterpret)
	t.laterWith(pc, Before, rest, func() {
		a := &t.asm
		a.Bind(out)
		if t.o.Convention.Counts() && rest > 0 {
			a.Lea64(counter, amd64.At(counter, int32(rest)))
			t.rest = 0
			t.mark(pc, Before)
		}
		t.leave(ExitInterpret, pc)
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
