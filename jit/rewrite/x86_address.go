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
	switch {
	case h == amd64.None && t.cache.copied == r:
		h = t1
		fallthrough
	case h != amd64.None:
		if fold {
			a.Mov32(t0, h)
		}
	default:
		a.Load32(t0, t.slot(r))
		h = t0
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
		if t.cache.copied == r {
			return t1
		}
		if free == t1 {
			return t.copy(r)
		}
		free = t1
		t.asm.Load64(t0, t.slot(r))
		return t0
	}
	b = take(m.Base)
	if m.Index == m.Base {
		return b, b
	}
	return b, take(m.Index)
}

// copy makes T1 a copy of guest register r, which has no host register.
func (t *Translator) copy(r uint8) amd64.Reg {
	if t.cache.copied != r {
		t.asm.Load64(t1, t.slot(r))
		t.cache.copied = r
	}
	return t1
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
	t.cache.forgetT1()
	switch width { // the low three bits of the address in units that make them an eighth
	case 2:
		a.Lea32(t1, amd64.Mem{Base: amd64.None, Index: t0, Scale: 2})
		a.Movzx8(t1, t1)
	case 4:
		a.Lea32(t1, amd64.Mem{Base: t0, Index: t0})
		a.Movzx8(t1, t1)
	default:
		a.Movzx8(t1, t0)
	}
	a.LoadByte(t1, t.atIndex(OffAlign, t1))
	a.Jrcxz(ok)
	a.Jmp(out)
	a.Bind(ok)
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
	t.cache.forgetT1()
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
