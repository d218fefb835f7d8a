package rewrite

import (
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/asm/amd64"
)

// branch emits a direct branch to guest address pc: within the unit if pc lies
// there, else one whose displacement is filled in later. opcode emits the
// branch without its displacement of 32 bits, and to emits it with a label.
func (t *Translator) branch(pc uint64, opcode func(), to func(amd64.Label)) {
	a := &t.asm
	if k, ok := t.find(pc); ok && t.insts[k].leader {
		to(t.insts[k].label)
		return
	}
	// Other threads may run the code while the displacement is written, so it
	// must be a naturally aligned word.
	at := a.Len()
	opcode()
	n := a.Len() - at
	a.Truncate(at)
	a.AlignField(n)
	opcode()
	out := a.NewLabel()
	field := a.Rel32(out)
	t.unit.Exits = append(t.unit.Exits, Exit{pc, uint32(field)})
	t.leaveLater(out, ExitDirect, pc)
}

// jump goes on at guest address pc.
func (t *Translator) jump(pc uint64) {
	t.mark(pc, Before)
	t.branch(pc, func() { t.asm.Bytes(0xE9) }, t.asm.Jmp)
}

// jmp reports whether control goes on behind the instruction, which it never
// does; what follows it in the unit, if anything, is entered from elsewhere.
func (t *Translator) jmp(in *inst) bool {
	if in.Args[0].Kind == x86.ArgRel {
		t.branch(in.Args[0].Value, func() { t.asm.Bytes(0xE9) }, t.asm.Jmp)
		return false
	}
	t.target(in)
	t.mark(in.PC, Arriving)
	t.dispatch()
	return false
}

// target loads the target of an indirect branch into T0.
func (t *Translator) target(in *inst) {
	a := &t.asm
	if in.Args[0].Kind == x86.ArgMem {
		m := t.address(in)
		a.Load64(t0, m)
	} else if h := t.hostOf[in.Args[0].Reg]; h != amd64.None {
		a.Mov64(t0, h)
	} else {
		a.Load64(t0, t.slot(in.Args[0].Reg))
	}
	t.cache.forgetT0()
}

// TableBelow is how far below the window the engine's table of indirect targets
// begins: 65,536 host addresses, chosen by the low 16 bits of the guest's. No
// access of the guest gets there.
const TableBelow = 1 << 20

// entryOfTable loads the number of the table's entry for T0 into T1, and returns
// the operand that is the entry. What it leads to checks that it is meant; see
// entryStub.
func (t *Translator) entryOfTable() amd64.Mem {
	t.asm.Movzx16(t1, t0)
	return amd64.Mem{Base: base, Index: t1, Scale: 3, Disp: -TableBelow}
}

// dispatch goes on at guest address T0.
func (t *Translator) dispatch() { t.asm.JmpMem(t.entryOfTable()) }

// EntryStub makes what the table of indirect targets holds for guest address
// pc, if pc is in the middle of a unit: it goes on there.
func (t *Translator) EntryStub(pc uint64) *Unit {
	t.begin()
	t.entryStub(pc)
	t.jump(pc)
	return t.finishStub()
}

// entryStub leaves if T0 is not pc.
func (t *Translator) entryStub(pc uint64) {
	t.unlessArrived(pc, func() { t.exit(ExitIndirect) })
}

// unlessArrived emits otherwise, where control stays away for good, for the case
// that T0 is not pc.
func (t *Translator) unlessArrived(pc uint64, otherwise func()) {
	a := &t.asm
	t.mark(pc, Arriving)
	if pc < 1<<31 {
		a.Lea64(t1, amd64.At(t0, -int32(pc)))
	} else {
		a.MovImm(t1, -pc)
		a.Lea64(t1, amd64.Mem{Base: t1, Index: t0})
	}
	ok := a.NewLabel()
	a.Jrcxz(ok)
	otherwise()
	a.Bind(ok)
}

// begin and finishStub are around the making of a stub.
func (t *Translator) begin() {
	t.asm.Reset()
	t.cold, t.tails, t.rest = t.cold[:0], [ExitTrap]amd64.Label{}, 0
	t.insts = t.insts[:0]
	t.unit = Unit{Entries: t.unit.Entries[:0], Exits: t.unit.Exits[:0], Marks: t.unit.Marks[:0]}
}

func (t *Translator) finishStub() *Unit {
	t.finish()
	t.asm.Link()
	t.unit.Code = t.asm.Code
	return &t.unit
}

// call pushes the address behind the instruction on the guest's stack, and on
// the host's that of the landing: what follows here, which the guest's return
// comes to with the address it returns to in T0.
func (t *Translator) call(i int) {
	in, a := &t.insts[i], &t.asm
	next := in.Next()
	direct := in.Args[0].Kind == x86.ArgRel
	if !direct {
		t.target(in)
	}
	if next < 1<<31 {
		a.Store64Imm(window(gsp, -8), int32(next))
	} else {
		a.MovImm(t1, next)
		a.Store64(window(gsp, -8), t1)
	}
	a.Lea32(gsp, amd64.At(gsp, -8))
	t.mark(in.PC, Within)
	t.lookAhead()
	if direct {
		t.rest--
		t.mark(in.Args[0].Value, Before)
		t.rest++
		t.branch(in.Args[0].Value, func() { a.Bytes(0xE8) }, a.Call)
	} else {
		t.mark(in.PC, Arriving)
		a.CallMem(t.entryOfTable())
	}
	t.landing(next)
	t.cache.reset()
}

// lookAhead reads the host stack where it must still be after the call that
// follows, if the host pushes the frames of exceptions there.
func (t *Translator) lookAhead() {
	if t.o.Convention.State() == StateInRegister {
		t.asm.Load32(t1, amd64.At(amd64.RSP, -StackAhead))
	}
}

// landing is where host returns come to. The guest may return elsewhere: then
// the target is looked up.
func (t *Translator) landing(next uint64) {
	t.unlessArrived(next, func() { t.asm.Jmp(t.tail(tailDispatch)) })
}

// ret returns on both stacks; rsp is up bytes below what it should be.
func (t *Translator) ret(in *inst, up int32) {
	a := &t.asm
	n := int32(8)
	if in.ImmN > 0 {
		n += int32(in.Imm)
	}
	if !foldable(int64(n)) {
		// RET imm16 of many pages: rsp may leave its range.
		if up > 0 {
			t.mark(in.PC, Within)
			a.Lea32(gsp, amd64.At(gsp, up))
			t.mark(in.PC, Before)
		}
		out := a.NewLabel()
		a.Jmp(out)
		t.giveUp(out, in.PC, t.rest)
		return
	}
	a.Load64(t0, window(gsp, up))
	t.mark(in.PC, Within)
	a.Lea32(gsp, amd64.At(gsp, up+n))
	t.mark(in.PC, Arriving)
	a.Ret()
}

// pushes translates the push at insts[i] and those that follow it directly, and
// returns how many: rsp moves once. Marks say by how much it lags behind.
func (t *Translator) pushes(i int) int {
	a := &t.asm
	n := 0
	for ; i+n < len(t.insts) && n < maxGroup; n++ {
		in := &t.insts[i+n]
		if in.kind != kindPush || n > 0 && (in.leader || !simple(in)) {
			break
		}
		if n > 0 {
			t.rest = max(t.rest-1, 0)
		}
		t.markStack(in.PC, -8*n)
		t.pushAt(in, int32(-8*(n+1)))
		if !simple(in) {
			n++
			break
		}
	}
	a.Lea32(gsp, amd64.At(gsp, int32(-8*n)))
	t.mark(t.insts[i+n-1].PC, Within)
	return n
}

// maxGroup is the most pushes or pops that move rsp once.
const maxGroup = 8

// simple reports whether a push stores a register other than rsp or a constant.
func simple(in *inst) bool {
	k := in.Args[0].Kind
	return k == x86.ArgImm || k == x86.ArgReg && in.Args[0].Reg != x86.RSP
}

// pushAt stores the operand at rsp + to. Storing it again does no harm.
func (t *Translator) pushAt(in *inst, to int32) {
	a, arg := &t.asm, &in.Args[0]
	m := window(gsp, to)
	switch arg.Kind {
	case x86.ArgImm:
		a.Store64Imm(m, int32(arg.Value))
	case x86.ArgMem:
		from := t.address(in)
		t.cache.forgetT1()
		a.Load64(t1, from)
		a.Store64(m, t1)
	default:
		h := t.hostOf[arg.Reg]
		if h == amd64.None {
			h = t.copy(arg.Reg)
		}
		a.Store64(m, h)
	}
}

// pops translates the pop at insts[i] and those that follow it directly, and a
// return behind them, and returns how many instructions that is.
func (t *Translator) pops(i int) int {
	a := &t.asm
	n := 0
	for ; i+n < len(t.insts) && n < maxGroup; n++ {
		in := &t.insts[i+n]
		if in.kind != kindPop || n > 0 && in.leader {
			break
		}
		if n > 0 {
			t.rest = max(t.rest-1, 0)
		}
		t.markStack(in.PC, 8*n)
		r := in.Args[0].Reg
		h := t.hostOf[r]
		if h == amd64.None {
			h = t1
		}
		a.Load64(h, window(gsp, int32(8*n)))
		t.mark(in.PC, Within)
		t.cache.note(in)
		if h == t1 {
			a.Store64(t.slot(r), t1)
			t.cache.copied = r
		}
	}
	if k := i + n; k < len(t.insts) && t.insts[k].kind == kindRet && !t.insts[k].leader {
		t.rest = max(t.rest-1, 0)
		t.markStack(t.insts[k].PC, 8*n)
		t.ret(&t.insts[k], int32(8*n))
		return n + 1
	}
	a.Lea32(gsp, amd64.At(gsp, int32(8*n)))
	return n
}

// leaveFrame is LEAVE: rsp = rbp, then pop rbp.
func (t *Translator) leaveFrame(in *inst) {
	a := &t.asm
	a.Store64(t.at(OffScratch), amd64.RBP)
	t.unlessClean(t.at(OffScratch), in.PC, t.rest)
	a.Mov32(t0, amd64.RBP)
	a.Load64(t1, window(t0, 0))
	a.Lea32(gsp, amd64.At(t0, 8))
	t.mark(in.PC, Within)
	a.Mov64(amd64.RBP, t1)
	t.cache.reset()
}

// lea computes an address and accesses nothing. Segment bases do not count.
func (t *Translator) lea(in *inst) {
	a, m := &t.asm, in.Mem
	r := in.Args[0].Reg
	h := t.hostOf[r]
	if h == amd64.None {
		h = t1
	}
	wide := in.Size == 8 && in.Prefix&x86.PrefixAddr32 == 0
	t.cache.forgetT0()
	switch {
	case m.Base == x86.Zero && m.Index == x86.Zero:
		v := uint64(m.Disp)
		if m.RIP {
			v += in.Next()
		}
		if !wide {
			v = uint64(uint32(v))
		}
		a.MovImm(h, v)
	default:
		b, x := t.pair(m)
		o := amd64.Mem{Base: b, Index: x, Scale: m.Scale, Disp: int32(m.Disp)}
		if wide {
			a.Lea64(h, o)
		} else {
			a.Lea32(h, o)
		}
	}
	t.mark(in.PC, Within)
	if h == t1 {
		a.Store64(t.slot(r), t1)
		t.cache.forgetT1()
		t.kept = r
	}
	if r == x86.RSP && wide {
		next := in.Next()
		a.Store64(t.slot(x86.RSP), gsp)
		t.unlessClean(t.slot(x86.RSP), next, t.rest-1)
	}
}

// str is MOVS or STOS, repeated or not: the window's address is added to the
// pointers for its duration. It walks upwards or downwards by 8 bytes at most,
// so that it cannot pass the guards. Pointers of more than 32 bits are the
// interpreter's.
func (t *Translator) str(in *inst) {
	a := &t.asm
	moves := in.Args[1].Kind == x86.ArgStrSrc
	state := FillBefore
	a.Store64(t.at(OffScratch), amd64.RDI)
	if moves {
		state = CopyBefore
		a.Store64(t.at(OffScratch2), amd64.RSI)
		a.Load32(t0, upperHalf(t.at(OffScratch)))
		t.cache.forgetT1()
		a.Load32(t1, upperHalf(t.at(OffScratch2)))
		a.Lea64(t0, amd64.Mem{Base: t0, Index: t1})
	} else {
		a.Load32(t0, upperHalf(t.at(OffScratch)))
	}
	t.wantZero(t0, in.PC)
	a.Mov64(amd64.RCX, t.hostOf[x86.RCX])
	a.Lea64(amd64.RDI, amd64.Mem{Base: base, Index: amd64.RDI})
	if moves {
		t.mark(in.PC, FillBefore)
		a.Lea64(amd64.RSI, amd64.Mem{Base: base, Index: amd64.RSI})
	}
	t.mark(in.PC, state)
	f := form(&in.Inst)
	if in.Prefix&x86.PrefixRep != 0 {
		f.Prefix = 0xF3
	}
	a.OpShort(f, 0)
	t.mark(in.PC, Within)
	a.Mov64(t.hostOf[x86.RCX], amd64.RCX)
	a.Mov64(t0, base)
	a.Not64(t0)
	a.Lea64(amd64.RDI, amd64.Mem{Base: amd64.RDI, Index: t0, Disp: 1})
	if moves {
		a.Lea64(amd64.RSI, amd64.Mem{Base: amd64.RSI, Index: t0, Disp: 1})
	}
	t.cache.reset()
}

// wantZero leaves before the instruction at pc unless r is zero.
func (t *Translator) wantZero(r amd64.Reg, pc uint64) {
	a := &t.asm
	ok, out := a.NewLabel(), a.NewLabel()
	t.cache.forgetT1()
	a.Mov64(t1, r)
	a.Jrcxz(ok)
	a.Jmp(out)
	a.Bind(ok)
	t.giveUp(out, pc, t.rest)
}

// ReturnStub makes the code that a host return comes to when the host stack
// holds no caller: with the stack's only entry, the stub's own address, just
// taken off, it puts it back and looks the target in T0 up.
func (t *Translator) ReturnStub() *Unit {
	t.begin()
	t.mark(0, Within)
	t.asm.Lea64(amd64.RSP, amd64.At(amd64.RSP, -8))
	t.mark(0, Arriving)
	t.dispatch()
	return t.finishStub()
}
