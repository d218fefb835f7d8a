package rewrite

import (
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
	cold     []cold
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
	row    traits
	rcx    rcxUse // if it is plain
	kind   kind
	leader bool // may be entered
	label  amd64.Label
	run    int  // instructions to the next leader or branch, if metered code counts them here
	loops  bool // a branch behind it, or itself, leads to it
	looks  bool // metered code looks here whether there are as many left as cost
	cost   int  // the most that can be retired from here to where it looks again
}

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

// AppendGuest appends the guest code that was translated last, as it was read.
func (t *Translator) AppendGuest(b []byte) []byte {
	for i := range t.insts {
		b = append(b, t.insts[i].code...)
	}
	return b
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
