package rewrite

import (
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/asm/amd64"
)

// temp is a guest register without a host register that an instruction names.
type temp struct {
	guest       uint8
	host        amd64.Reg
	load, store bool
}

// operands is where the register operands of an instruction are.
type operands struct {
	temps  [2]temp
	n      int
	rcx    rcxUse    // not 0: the guest's rcx is in RCX meanwhile, and T1 is not to be had
	direct int       // number of the operand that stays in the State, or -1
	high   amd64.Reg // whose second byte is wanted in T1, or None

	reg, rm, opcode amd64.Reg
}

// plain re-encodes an instruction's operands.
func (t *Translator) plain(i int) {
	in, a := &t.insts[i], &t.asm
	d := &in.Inst
	f := form(d)
	o := operands{rcx: in.rcx, direct: t.inState(i, &f), high: amd64.None, reg: amd64.Reg(d.ModRM >> 3 & 7), rm: amd64.Reg(d.ModRM & 7)}
	t.assign(d, &o, &f)
	var m amd64.Mem
	if d.HasMem {
		m = t.address(in)
		if d.Lock() || in.row.has(exchanges) {
			m = t.aligned(in, m)
		}
	}
	t.load(&o, zeroing(in))
	switch {
	case o.direct >= 0:
		if d.Args[o.direct].Op.Method == 'G' {
			o.reg = o.rm // the other way round
		}
		a.OpMem(f, o.reg, t.slot(d.Args[o.direct].Reg))
	case d.HasMem:
		a.OpMem(f, o.reg, m)
	case d.Row.HasModRM():
		a.Op(f, o.reg, o.rm)
	default:
		a.OpShort(f, o.opcode)
	}
	if d.ImmN > 0 {
		a.Bytes(in.code[d.ImmAt:]...)
	}
	t.mark(d.PC, Within)
	t.store(d, &o)
	if d.NArgs > 0 && d.Args[0].Kind == x86.ArgReg && d.Args[0].Op.Write && d.Args[0].Reg == x86.RSP {
		t.checkStack(i)
	}
}

// assign decides where the register operands are.
func (t *Translator) assign(d *x86.Inst, o *operands, f *amd64.Form) {
	for k := range d.Args[:d.NArgs] {
		arg := &d.Args[k]
		h := amd64.Reg(arg.Reg & 15)
		switch {
		case arg.Kind == x86.ArgVec:
		case arg.Kind != x86.ArgReg || arg.Op.Method == 'r' || k == o.direct:
			continue
		case arg.IsHigh() && d.HasMem:
			h, o.high = t1, t.hostOf[arg.Reg&15]
		case arg.IsHigh():
			h = amd64.Reg(arg.Reg&15 + 4)
		case o.rcx != 0 && arg.Reg == x86.RCX:
			h = amd64.RCX
		default:
			h = t.hostOf[arg.Reg&15]
			if h == amd64.None {
				h = t.temporary(d, o, arg)
			}
			f.REX = f.REX || arg.Width == 1 && h >= 4
		}
		switch arg.Op.Method {
		case 'G', 'V':
			o.reg = h
		case 'E', 'R', 'W', 'U':
			o.rm = h
		case 'Z':
			o.opcode = h
		case 'H', 'B':
			f.VVVV = uint8(h)
		}
	}
}

// temporary returns the temporary for a register operand. An operand that is
// written in part must be read too.
func (t *Translator) temporary(d *x86.Inst, o *operands, arg *x86.Arg) amd64.Reg {
	k := -1
	for i := range o.temps[:o.n] {
		if o.temps[i].guest == arg.Reg {
			k = i
		}
	}
	if k < 0 {
		host := t1
		if o.rcx != 0 || o.n > 0 && o.temps[0].host == t1 || !d.HasMem && t.copiedOther(d, arg.Reg) {
			host = t0
		}
		k = o.n
		o.n++
		o.temps[k] = temp{guest: arg.Reg, host: host}
	}
	x := &o.temps[k]
	x.load = x.load || arg.Op.Read || arg.Width < 4
	x.store = x.store || arg.Op.Write
	return x.host
}

// copiedOther reports whether T1 has a copy of an operand other than r.
func (t *Translator) copiedOther(d *x86.Inst, r uint8) bool {
	for k := range d.Args[:d.NArgs] {
		if a := &d.Args[k]; a.Kind == x86.ArgReg && a.Reg == t.cache.copied && a.Reg != r {
			return true
		}
	}
	return false
}

// load brings the operands to where assign wants them.
func (t *Translator) load(o *operands, zeroing bool) {
	a := &t.asm
	switch {
	case o.high != amd64.None:
		t.cache.forgetT1()
		a.Store64(t.at(OffScratch), o.high)
		second := t.at(OffScratch)
		second.Disp++
		a.LoadByte(t1, second)
	case o.rcx != 0:
		t.cache.forgetT1()
		a.Mov64(amd64.RCX, t.hostOf[x86.RCX])
	}
	for _, k := range o.temps[:o.n] {
		switch {
		case k.host == t0:
			t.cache.forgetT0()
			if k.load && !zeroing {
				a.Load64(t0, t.slot(k.guest))
			}
		case k.load && !zeroing:
			t.copy(k.guest)
		default:
			t.cache.forgetT1()
		}
	}
}

// store takes back what load has brought, if it was written. What T1 still has is
// no copy of a register that was written where it is.
func (t *Translator) store(d *x86.Inst, o *operands) {
	if o.rcx&rcxWritten != 0 {
		t.asm.Mov64(t.hostOf[x86.RCX], amd64.RCX)
	}
	for _, k := range o.temps[:o.n] {
		if k.store {
			t.asm.Store64(t.slot(k.guest), k.host)
		}
		if k.host == t1 && (o.direct < 0 || d.Args[o.direct].Reg != k.guest || !d.Args[o.direct].Op.Write) {
			t.kept = k.guest
		}
	}
}

// inState returns the operand that can stay where it is, in the State, or -1: a
// guest register without a host register, named by ModRM.rm, that is only read
// or is written whole, and of which no copy is or will be at hand; or the source of one of the instructions that have a
// twin with the operands exchanged, to which f is changed.
func (t *Translator) inState(i int, f *amd64.Form) int {
	in := &t.insts[i]
	d := &in.Inst
	if d.HasMem || !d.Row.HasModRM() || f.VEX || d.Lock() || zeroing(in) {
		return -1
	}
	at := i
	for i := range d.Args[:d.NArgs] {
		arg := &d.Args[i]
		if arg.Kind != x86.ArgReg || arg.IsHigh() || arg.Op.Method == 'r' || t.hostOf[arg.Reg&15] != amd64.None {
			continue
		}
		if arg.Op.Read && (t.cache.copied == arg.Reg || t.soon(at+1, arg.Reg)) {
			return -1
		}
		switch {
		case arg.Op.Method == 'E' && in.row.has(testsBit):
		case arg.Op.Method == 'E' && (!arg.Op.Write || arg.Width == 8 && in.row.has(inMemory)):
			return i
		case arg.Op.Method == 'G' && !arg.Op.Write && i == 1 && d.NArgs == 2 && hasTwin(d) && t.hostOf[d.Args[0].Reg&15] != amd64.None && !d.Args[0].IsHigh():
			f.Opcode ^= 2
			if arg.Width == 1 && t.hostOf[d.Args[0].Reg&15] >= 4 {
				f.REX = true
			}
			return i
		}
	}
	return -1
}

// soon reports whether one of the next instructions, from insts[i] on, names guest
// register r.
func (t *Translator) soon(i int, r uint8) bool {
	for end := min(i+2, len(t.insts)); i < end; i++ {
		in := &t.insts[i]
		if in.leader || in.kind != kindPlain && in.kind != kindLea && in.kind != kindPush || in.rcx != 0 {
			return false
		}
		if in.HasMem && (in.Mem.Base == r || in.Mem.Index == r) {
			return true
		}
		for k := range in.Args[:in.NArgs] {
			if a := &in.Args[k]; a.Kind == x86.ArgReg && a.Reg == r {
				return true
			}
		}
	}
	return false
}

// zeroing reports whether the instruction is XOR or SUB of a register and
// itself.
func zeroing(in *inst) bool {
	return in.row.has(zeroes) && in.NArgs == 2 && in.Args[0].Kind == x86.ArgReg && in.Args[1].Kind == x86.ArgReg &&
		in.Args[0].Reg == in.Args[1].Reg && in.Args[0].Width >= 4
}

// hasTwin reports whether the instruction is op r/m, r and op r, r/m has the
// opcode that differs in bit 1: ADD, OR, ADC, SBB, AND, SUB, XOR, CMP, MOV.
func hasTwin(d *x86.Inst) bool {
	if d.Row.Map() != 0 || d.Args[0].Op.Method != 'E' {
		return false
	}
	return d.Opcode < 0x40 && d.Opcode&7 < 2 || d.Opcode == 0x88 || d.Opcode == 0x89
}

// form is the instruction's encoding without its operands.
func form(d *x86.Inst) amd64.Form {
	f := amd64.Form{Map: amd64.Map(d.Row.Map()), Opcode: d.Opcode, Lock: d.Lock(), W: d.REX&8 != 0}
	mandatory := d.Row.MandatoryPrefix()
	if d.Prefix&x86.PrefixVEX != 0 {
		f.VEX, f.L, f.Prefix = true, d.VecLen == 32, mandatory
		return f
	}
	f.Prefix = mandatory
	if mandatory != 0x66 && d.Prefix&x86.PrefixOpsize != 0 {
		f.Opsize = true
	}
	return f
}

// raw emits an instruction without operands to re-encode.
func (t *Translator) raw(in *inst) {
	f := form(&in.Inst)
	if in.Row.HasModRM() {
		t.asm.Op(f, amd64.Reg(in.ModRM>>3&7), amd64.Reg(in.ModRM&7))
	} else {
		t.asm.OpShort(f, 0)
	}
	t.mark(in.PC, Within)
}

// checkStack follows an instruction that has written rsp.
func (t *Translator) checkStack(i int) {
	d, a := &t.insts[i].Inst, &t.asm
	next := d.Next()
	imm := int64(d.Imm)
	constant := d.Args[1].Kind == x86.ArgImm
	switch {
	case d.Args[0].Width == 4 || d.Row.Name == "and":
		return
	case constant && d.Row.Name == "sub" && imm >= 0:
		// A borrow is what takes rsp out of its range.
		out := a.NewLabel()
		t.rest--
		t.mark(next, Before)
		t.rest++
		a.Jcc(2, out)
		t.giveUp(out, next, t.rest-1)
		return
	case constant && d.Row.Name != "mov" && (imm > 0 && imm <= 0x7000 || imm < 0 && imm >= -0x7000):
		// The guard behind the window refuses an access, which may be that of
		// the next instruction.
		if i+1 < len(t.insts) && !t.insts[i+1].leader {
			switch t.insts[i+1].kind {
			case kindPush, kindPop, kindRet, kindCall:
				return
			}
		}
		t.cache.forgetT0()
		t.rest--
		t.mark(next, ProbeBefore)
		t.rest++
		a.LoadByte(t0, window(gsp, 0))
		return
	}
	a.Store64(t.slot(x86.RSP), gsp)
	t.unlessClean(t.slot(x86.RSP), next, t.rest-1)
}

// unlessClean leaves before the instruction at pc if the 8 bytes at m, in the
// State, have a bit set in their upper half; rest is that of giveUp. It uses T1,
// and T0 if it leaves.
func (t *Translator) unlessClean(m amd64.Mem, pc uint64, rest int) {
	a := &t.asm
	ok, out := a.NewLabel(), a.NewLabel()
	t.cache.forgetT1()
	t.kept = x86.Zero // what the instruction has left in T1
	a.Load32(t1, upperHalf(m))
	a.Jecxz(ok)
	a.Jmp(out)
	a.Bind(ok)
	t.giveUp(out, pc, rest)
}
