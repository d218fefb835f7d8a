package rewrite

import (
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/asm/amd64"
)

// foldable reports whether a displacement may be added to the host address
// instead of to the guest's. The sum may then lie outside the window, where
// the guest's address, taken modulo 4 GiB, lies in the 64 KiB at an end of the
// window that are never mapped; both are refused.
func foldable(disp int64) bool { return disp >= -0x8000 && disp <= 0x7000 }

// address emits what makes the memory operand of in a host operand, in T0 if a
// register is needed; T1 may be used too.
func (t *Translator) address(in *inst) amd64.Mem {
	m, a := in.Mem, &t.asm
	disp := m.Disp
	if m.RIP {
		disp += int64(in.Next())
	}
	if seg := segment(&in.Inst); seg != x86.Zero {
		return t.segmented(m, seg, disp)
	}
	switch {
	case m.Base == x86.Zero && m.Index == x86.Zero:
		if d := int32(uint32(disp)); d >= 0 {
			return amd64.At(base, d)
		}
		t.cache.forgetT0()
		a.MovImm(t0, uint64(uint32(disp)))
		return window(t0, 0)
	case m.Index == x86.Zero:
		return t.based(m.Base, disp)
	}
	s := sum{m.Base, m.Index, m.Scale}
	if foldable(disp) && t.cache.holds(s) {
		return window(t0, int32(disp))
	}
	t.cache.forgetT0()
	b, x := t.pair(m)
	if foldable(disp) && b != amd64.None {
		a.Lea32(t0, amd64.Mem{Base: b, Index: x, Scale: m.Scale})
		t.cache.hold(s)
		return window(t0, int32(disp))
	}
	a.Lea32(t0, amd64.Mem{Base: b, Index: x, Scale: m.Scale, Disp: int32(uint32(disp))})
	return window(t0, 0)
}

// window is the host operand of guest address index + disp; index is below
// 4 GiB and disp foldable.
func window(index amd64.Reg, disp int32) amd64.Mem {
	return amd64.Mem{Base: base, Index: index, Disp: disp}
}

// based is the operand [r + disp].
func (t *Translator) based(r uint8, disp int64) amd64.Mem {
	a, h := &t.asm, t.hostOf[r]
	fold := foldable(disp)
	switch {
	case h != amd64.None && t.cache.clean>>r&1 != 0 && fold:
		return window(h, int32(disp))
	case fold && t.cache.holds(sum{base: r, index: x86.Zero}):
		return window(t0, int32(disp))
	}
	t.cache.forgetT0()
	if h == amd64.None {
		a.Load32(t0, t.slot(r))
		h = t0
	} else if fold {
		a.Mov32(t0, h)
	}
	if fold {
		t.cache.hold(sum{base: r, index: x86.Zero})
		return window(t0, int32(disp))
	}
	a.Lea32(t0, amd64.At(h, int32(uint32(disp))))
	return window(t0, 0)
}

// pair returns host registers that hold the base and the index, loading those
// that have none into T0 and T1. A base or index that is absent is None.
func (t *Translator) pair(m x86.Mem) (b, x amd64.Reg) {
	b, x = amd64.None, amd64.None
	free := t0
	take := func(r uint8) amd64.Reg {
		if r == x86.Zero {
			return amd64.None
		}
		if h := t.hostOf[r]; h != amd64.None {
			return h
		}
		h := free
		free = t1
		t.asm.Load64(h, t.slot(r))
		return h
	}
	b = take(m.Base)
	if m.Index == m.Base {
		return b, b
	}
	return b, take(m.Index)
}

// aligned leaves the instruction to the interpreter if its memory operand m is
// not aligned to its width: such an access may lock the whole host, or hang in
// hosts that forbid it. It returns the operand with its address in T0. T1 is
// used.
func (t *Translator) aligned(in *inst, m amd64.Mem) amd64.Mem {
	width := uint8(0)
	for i := range in.Args[:in.NArgs] {
		if in.Args[i].Kind == x86.ArgMem {
			width = in.Args[i].Width
		}
	}
	if width == 1 {
		return m
	}
	a := &t.asm
	t.cache.forgetT0()
	switch {
	case m.Index == amd64.None:
		a.MovImm(t0, uint64(uint32(m.Disp)))
	case m.Index != t0 || m.Disp != 0:
		a.Lea32(t0, amd64.At(m.Index, m.Disp))
	}
	ok, out := a.NewLabel(), a.NewLabel()
	t.mark(in.PC, Within)
	a.Mov64(t1, amd64.RCX)
	switch width { // the low three bits of the address in units that make them an eighth
	case 2:
		a.Lea32(amd64.RCX, amd64.Mem{Base: amd64.None, Index: t0, Scale: 2})
		a.Movzx8(amd64.RCX, amd64.RCX)
	case 4:
		a.Lea32(amd64.RCX, amd64.Mem{Base: t0, Index: t0})
		a.Movzx8(amd64.RCX, amd64.RCX)
	default:
		a.Movzx8(amd64.RCX, t0)
	}
	a.LoadByte(amd64.RCX, t.atIndex(OffAlign, amd64.RCX))
	a.Jrcxz(ok)
	a.Mov64(amd64.RCX, t1)
	a.Jmp(out)
	a.Bind(ok)
	a.Mov64(amd64.RCX, t1)
	t.mark(in.PC, Before)
	t.giveUp(out, in.PC, t.rest)
	return window(t0, 0)
}

// segmented is an operand relative to the FS or GS base.
func (t *Translator) segmented(m x86.Mem, seg uint8, disp int64) amd64.Mem {
	a := &t.asm
	t.cache.forgetT0()
	if m.Base == x86.Zero && m.Index == x86.Zero {
		a.Load32(t0, t.slot(seg))
		if foldable(disp) {
			return window(t0, int32(disp))
		}
		a.Lea32(t0, amd64.At(t0, int32(uint32(disp))))
		return window(t0, 0)
	}
	b, x := t.pair(m)
	a.Lea32(t0, amd64.Mem{Base: b, Index: x, Scale: m.Scale, Disp: int32(uint32(disp))})
	a.Load64(t1, t.slot(seg))
	a.Lea32(t0, amd64.Mem{Base: t0, Index: t1})
	return window(t0, 0)
}

// segment is the register with the segment base of the memory operand, or Zero.
func segment(d *x86.Inst) uint8 {
	switch {
	case d.Prefix&x86.PrefixFS != 0:
		return x86.FSBase
	case d.Prefix&x86.PrefixGS != 0:
		return x86.GSBase
	}
	return x86.Zero
}

// temp is a guest register without a host register that an instruction names.
type temp struct {
	guest       uint8
	host        amd64.Reg
	load, store bool
}

// plain re-encodes an instruction's operands.
func (t *Translator) plain(i int) {
	in, a := &t.insts[i], &t.asm
	d := &in.Inst
	var temps [2]temp
	n := 0
	f := form(d)
	direct := t.inState(d, &f)
	high := amd64.None // whose second byte is wanted in T1
	reg, rm, opreg := amd64.Reg(d.ModRM>>3&7), amd64.Reg(d.ModRM&7), amd64.Reg(0)
	for k := range d.Args[:d.NArgs] {
		arg := &d.Args[k]
		h := amd64.Reg(arg.Reg & 15)
		switch {
		case arg.Kind == x86.ArgVec:
		case arg.Kind != x86.ArgReg || arg.Op.Method == 'r':
			continue
		case arg.IsHigh() && d.HasMem:
			h, high = t1, t.hostOf[arg.Reg&15]
		case arg.IsHigh():
			h = amd64.Reg(arg.Reg&15 + 4)
		case k == direct:
			continue
		default:
			h = t.hostOf[arg.Reg&15]
			if h == amd64.None {
				h = t.temporary(&temps, &n, arg, d.HasMem)
			}
			f.REX = f.REX || arg.Width == 1 && h >= 4
		}
		switch arg.Op.Method {
		case 'G', 'V':
			reg = h
		case 'E', 'R', 'W', 'U':
			rm = h
		case 'Z':
			opreg = h
		case 'H', 'B':
			f.VVVV = uint8(h)
		}
	}
	var m amd64.Mem
	if d.HasMem {
		m = t.address(in)
		if d.Lock() || d.Row.Name == "xchg" {
			m = t.aligned(in, m)
		}
	}
	if high != amd64.None {
		a.Store64(t.at(OffScratch), high)
		second := t.at(OffScratch)
		second.Disp++
		a.LoadByte(t1, second)
	}
	for _, k := range temps[:n] {
		if k.load {
			a.Load64(k.host, t.slot(k.guest))
		}
		if k.host == t0 {
			t.cache.forgetT0()
		}
	}
	switch {
	case direct >= 0:
		if d.Args[direct].Op.Method == 'G' {
			reg = rm // the other way round
		}
		a.OpMem(f, reg, t.slot(d.Args[direct].Reg))
	case d.HasMem:
		a.OpMem(f, reg, m)
	case d.Row.HasModRM():
		a.Op(f, reg, rm)
	default:
		a.OpShort(f, opreg)
	}
	if d.ImmN > 0 {
		a.Bytes(in.code[d.ImmAt:]...)
	}
	t.mark(d.PC, Within)
	for _, k := range temps[:n] {
		if k.store {
			a.Store64(t.slot(k.guest), k.host)
		}
	}
	if d.NArgs > 0 && d.Args[0].Kind == x86.ArgReg && d.Args[0].Op.Write && d.Args[0].Reg == x86.RSP {
		t.checkStack(i)
	}
}

// inState returns the operand that can stay where it is, in the State, or -1: a
// guest register without a host register, named by ModRM.rm, that is only read
// or is written whole; or the source of one of the instructions that have a
// twin with the operands exchanged, to which f is changed.
func (t *Translator) inState(d *x86.Inst, f *amd64.Form) int {
	if d.HasMem || !d.Row.HasModRM() || f.VEX || d.Lock() {
		return -1
	}
	for i := range d.Args[:d.NArgs] {
		arg := &d.Args[i]
		if arg.Kind != x86.ArgReg || arg.IsHigh() || arg.Op.Method == 'r' || t.hostOf[arg.Reg&15] != amd64.None {
			continue
		}
		switch {
		case arg.Op.Method == 'E' && bitTest[d.Row.Name]:
		case arg.Op.Method == 'E' && (!arg.Op.Write || arg.Width == 8 && inMemory[d.Row.Name]):
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

// inMemory has the instructions that do the same to a register and to memory,
// down to the flags (rotates do not).
var inMemory = map[string]bool{
	"mov": true, "add": true, "or": true, "adc": true, "sbb": true, "and": true, "sub": true, "xor": true,
	"not": true, "neg": true, "inc": true, "dec": true,
}

// bitTest has the instructions that reach outside a memory operand.
var bitTest = map[string]bool{"bt": true, "bts": true, "btr": true, "btc": true}

// hasTwin reports whether the instruction is op r/m, r and op r, r/m has the
// opcode that differs in bit 1: ADD, OR, ADC, SBB, AND, SUB, XOR, CMP, MOV.
func hasTwin(d *x86.Inst) bool {
	if d.Row.Map() != 0 || d.Args[0].Op.Method != 'E' {
		return false
	}
	return d.Opcode < 0x40 && d.Opcode&7 < 2 || d.Opcode == 0x88 || d.Opcode == 0x89
}

// temporary returns the temporary for a register operand. An operand that is
// written in part must be read too.
func (t *Translator) temporary(temps *[2]temp, n *int, arg *x86.Arg, mem bool) amd64.Reg {
	k := -1
	for i := range temps[:*n] {
		if temps[i].guest == arg.Reg {
			k = i
		}
	}
	if k < 0 {
		k = *n
		*n++
		temps[k] = temp{guest: arg.Reg, host: [2]amd64.Reg{t1, t0}[k]}
	}
	temps[k].load = temps[k].load || arg.Op.Read || arg.Width < 4
	temps[k].store = temps[k].store || arg.Op.Write
	return temps[k].host
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
	case constant && (imm > 0 && imm <= 0x7000 || imm < 0 && imm >= -0x7000):
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
	t.cache.forgetT0()
	a.Store64(t.slot(x86.RSP), gsp)
	t.unlessClean(t.slot(x86.RSP), next, t.rest-1)
}

// unlessClean leaves before the instruction at pc if the 8 bytes at m, in the
// State, have a bit set in their upper half; rest is that of giveUp. It uses T1,
// and T0 if it leaves.
func (t *Translator) unlessClean(m amd64.Mem, pc uint64, rest int) {
	a := &t.asm
	ok, out := a.NewLabel(), a.NewLabel()
	a.Mov64(t1, amd64.RCX)
	a.Load32(amd64.RCX, upperHalf(m))
	a.Jecxz(ok)
	a.Mov64(amd64.RCX, t1)
	a.Jmp(out)
	a.Bind(ok)
	a.Mov64(amd64.RCX, t1)
	t.giveUp(out, pc, rest)
}
