package verify

import (
	"github.com/nuage-emu/nuage/cpu/x86"
)

// step checks an instruction that goes on to the next one, and changes s as it
// does.
func (v *Verifier) step(in *instruction, s *state) error {
	switch in.rule.class {
	case nothing:
		return nil
	case lea:
		return v.lea(in, s)
	case move:
		return v.move(in, s)
	case extend:
		return v.extend(in, s)
	case copying, filling:
		return v.str(in, s)
	}
	return v.compute(in, s)
}

// compute is what an instruction does that its operands say all of.
func (v *Verifier) compute(in *instruction, s *state) error {
	a := in.Args[:in.NArgs]
	if in.rule.class == invert && a[0].Kind == x86.ArgReg && a[0].Width == 8 {
		s.set(a[0].Reg, s.r[a[0].Reg].not())
		return nil
	}
	if zeroes(in) {
		s.set(a[0].Reg, constant(0))
		s.carry = 0
		return nil
	}
	if !mayTrap(in.mark) && !in.rule.quiet {
		return v.fail(RuleMark, in, "it may trap where no instruction of the guest begins")
	}
	memory := false
	for i := range a {
		switch {
		case a[i].Kind == x86.ArgMem:
			memory = true
			if err := v.access(in, s, &a[i]); err != nil {
				return err
			}
		case a[i].Kind == x86.ArgReg && (a[i].Op.Read || a[i].Width < 4) && s.r[a[i].Reg&15].kind != data:
			return v.fail(RuleRegister, in, "%s may hold a host address", name(a[i].Reg&15))
		case a[i].Op.Method == 'G' && in.HasMem && bitOffset(in.Row.Name):
			return v.fail(RuleMemory, in, "a bit offset in a register reaches outside the operand")
		}
	}
	if memory != in.HasMem {
		return v.fail(RuleInstruction, in, "an operand in memory that no operand stands for")
	}
	implicit := in.Row.Implicit()
	for i := range implicit {
		if o := &implicit[i]; o.Method == 'r' && s.r[o.Reg&15].kind != data {
			return v.fail(RuleRegister, in, "%s may hold a host address", name(o.Reg&15))
		}
	}
	v.results(in, s)
	return nil
}

// zeroes reports whether an instruction gives zero whatever its operands are: XOR
// or SUB of a whole register and itself. Its flags say nothing of them either.
func zeroes(in *instruction) bool {
	a := &in.Args
	return (in.rule.class == xor || in.rule.class == sub) && a[0].Kind == x86.ArgReg && a[1].Kind == x86.ArgReg && a[0].Reg == a[1].Reg &&
		a[0].Width >= 4
}

// bitOffset reports whether an instruction is one of those whose second operand, in
// a register, counts bits from an address in memory.
func bitOffset(name string) bool {
	return name == "bt" || name == "bts" || name == "btr" || name == "btc"
}

// results changes the registers that the instruction writes.
func (v *Verifier) results(in *instruction, s *state) {
	carry := uint16(0)
	for i := range in.Args[:in.NArgs] {
		a := &in.Args[i]
		if a.Kind != x86.ArgReg || !a.Op.Write {
			continue
		}
		r := a.Reg & 15
		n, borrow := v.result(in, s, a)
		if borrow {
			carry = 1 << r
		}
		if a.Width == 4 && !in.rule.clears {
			s.set(r, unknown)
		} else {
			s.setPart(r, a.Width, n)
		}
	}
	implicit := in.Row.Implicit()
	for i := range implicit {
		if o := &implicit[i]; o.Method == 'r' && o.Write {
			s.set(o.Reg&15, unknown)
		}
	}
	if in.rule.carry {
		s.carry = carry
		s.refs |= carry
	}
}

// result is what operand a of the instruction is written with. borrow says that
// it is below 4 GiB if CF is clear.
func (v *Verifier) result(in *instruction, s *state, a *x86.Arg) (n value, borrow bool) {
	old := s.r[a.Reg&15]
	wide := a.Width == 8
	imm, constantly := int64(0), in.NArgs > 1 && in.Args[1].Kind == x86.ArgImm
	if constantly {
		imm = int64(in.Args[1].Value)
	}
	switch {
	case wide && in.rule.class == add && constantly && old.bounded():
		return within(old.lo+imm, old.hi+imm), false
	case wide && in.rule.class == sub && constantly && old.bounded():
		return within(old.lo-imm, old.hi-imm), old.is32() && imm >= 0
	case wide && in.rule.class == and && old.lo >= 0:
		return within(0, old.hi), false
	}
	return unknown, false
}

// access checks the memory operand a of an instruction.
func (v *Verifier) access(in *instruction, s *state, a *x86.Arg) error {
	if !a.Op.Access || a.Width == 0 || a.Width > 64 {
		return v.fail(RuleMemory, in, "how much it accesses is not known")
	}
	if v.inState(in) {
		f, err := v.field(in, int64(a.Width))
		switch {
		case err != nil:
			return err
		case f.use&(load|store) == 0 || a.Op.Read && f.use&load == 0 || a.Op.Write && f.use&store == 0:
			return v.fail(RuleState, in, "%s is not to be used like this", f.name)
		}
		return nil
	}
	return v.windowAccess(in, s, int64(a.Width))
}

func (v *Verifier) windowAccess(in *instruction, s *state, width int64) error {
	at := s.sum(in)
	if at.kind != window {
		return v.fail(RuleMemory, in, "the address is not the window's base plus a bounded number")
	}
	if !inReach(at, width) {
		return v.fail(RuleMemory, in, "it may be outside the window: the offset lies between %#x and %#x", at.lo, at.hi)
	}
	if !mayTrap(in.mark) {
		return v.fail(RuleMark, in, "an access may be refused where no instruction of the guest begins")
	}
	return nil
}

// inReach reports whether width bytes at an address lie in the window or so
// close to it that the host refuses them.
func inReach(at value, width int64) bool {
	return at.kind == window && at.lo >= -Reach && at.hi <= windowSize+Reach-width
}

// inState reports whether a memory operand is relative to the State.
func (v *Verifier) inState(in *instruction) bool {
	if v.roles.register {
		return in.Mem.Base == statePointer
	}
	return in.Has(x86.PrefixGS)
}

// stateOffset is where in the State a memory operand lies that is relative to
// it.
func (v *Verifier) stateOffset(in *instruction, s *state) value {
	m := in.Mem
	if v.roles.register {
		m.Base = x86.Zero
	}
	return s.sumOf(&m)
}

// field returns the part of the State that an operand is.
func (v *Verifier) field(in *instruction, width int64) (*field, error) {
	m := &in.Mem
	if m.Base != x86.Zero && !v.roles.register || m.Index != x86.Zero || m.RIP {
		return nil, v.fail(RuleState, in, "the place in the State is not constant")
	}
	f := v.roles.fieldAt(m.Disp, width)
	if f == nil {
		return nil, v.fail(RuleState, in, "not a field that code may touch")
	}
	return f, nil
}

// lea computes an address.
func (v *Verifier) lea(in *instruction, s *state) error {
	r := in.Args[0].Reg
	if r == hostStack {
		if !s.popped {
			return v.fail(RuleStack, in, "only the stub for returns may do this, at its beginning")
		}
		s.popped = false
		return nil
	}
	if v.counts(in) {
		return nil
	}
	n := s.sum(in)
	if in.Args[0].Width < 4 && (n.kind != data || s.r[r].kind != data) {
		return v.fail(RuleRegister, in, "a part of a host address")
	}
	s.setPart(r, in.Args[0].Width, n)
	return nil
}

// move is MOV.
func (v *Verifier) move(in *instruction, s *state) error {
	dst, src := &in.Args[0], &in.Args[1]
	n := unknown
	switch src.Kind {
	case x86.ArgImm:
		n = constant(int64(src.Value))
	case x86.ArgReg:
		n = s.r[src.Reg&15]
		if src.Width < 4 {
			if n.kind != data {
				return v.fail(RuleRegister, in, "%s may hold a host address", name(src.Reg&15))
			}
			n = unknown
		}
	case x86.ArgMem:
		var err error
		if n, err = v.load(in, s, src); err != nil {
			return err
		}
	}
	if dst.Kind == x86.ArgMem {
		return v.store(in, s, dst, n)
	}
	r := dst.Reg & 15
	if dst.Width < 4 && s.r[r].kind != data {
		return v.fail(RuleRegister, in, "%s may hold a host address", name(r))
	}
	s.setPart(r, dst.Width, n)
	return nil
}

// load is the value that a MOV or MOVZX reads.
func (v *Verifier) load(in *instruction, s *state, a *x86.Arg) (value, error) {
	width := int64(a.Width)
	if v.roles.register && width == 4 && in.rule.class == move && in.Mem == (x86.Mem{Base: hostStack, Index: x86.Zero, Disp: -stackAhead}) {
		s.ahead = !s.popped
		return anything, nil
	}
	if !v.inState(in) {
		if err := v.windowAccess(in, s, width); err != nil {
			return anything, err
		}
		v.narrow(in, s)
		return part(width), nil
	}
	if width == 1 && v.inLookup(v.stateOffset(in, s)) {
		return part(1), nil
	}
	f, err := v.field(in, width)
	if err != nil {
		return anything, err
	}
	off := in.Mem.Disp - f.offset
	switch {
	case f.use == scratch && width == 8:
		return s.cell[f.cell].v, nil
	case f.use == scratch && off == 4 && width == 4:
		n := word
		n.upper = s.cell[f.cell].same
		return n, nil
	case f.use == scratch && s.cell[f.cell].v.kind == data, f.use&load != 0:
		return part(width), nil
	}
	return anything, v.fail(RuleState, in, "%s is not to be loaded like this", f.name)
}

// inLookup reports whether an offset in the State is in the table that code
// may look a byte up in.
func (v *Verifier) inLookup(at value) bool {
	f := &v.roles.fields[lookupField]
	return at.kind == data && at.lo >= f.offset && at.hi < f.offset+f.width
}

// part is what is known of a number of width bytes.
func part(width int64) value {
	if width >= 8 {
		return unknown
	}
	return within(0, 1<<(8*width)-1)
}

// narrow notes what is known of the index of a window access by MOV or MOVZX
// that was not refused: the first and last 64 KiB are never mapped.
func (v *Verifier) narrow(in *instruction, s *state) {
	m := &in.Mem
	if m.Base != windowBase || m.Index == x86.Zero || m.Scale != 0 {
		return
	}
	x := &s.r[m.Index]
	lo, hi := max(x.lo, Reach-m.Disp), min(x.hi, max32-Reach-m.Disp)
	switch {
	case x.kind != data || x.lo >= 0 && x.hi <= max32:
	case lo <= hi:
		x.lo, x.hi = lo, hi
	default:
		s.clean(m.Index) // it is refused for certain: what follows is not reached
	}
}

// store writes n by a MOV.
func (v *Verifier) store(in *instruction, s *state, a *x86.Arg, n value) error {
	width := int64(a.Width)
	if !v.inState(in) {
		if n.kind != data {
			return v.fail(RuleRegister, in, "it may make a host address known to the guest")
		}
		err := v.windowAccess(in, s, width)
		if err == nil {
			v.narrow(in, s)
		}
		return err
	}
	f, err := v.field(in, width)
	if err != nil {
		return err
	}
	whole := width == f.width
	source := &in.Args[1]
	switch {
	case f.use == scratch:
		c := cell{v: anything}
		if whole {
			c.v = n
			if source.Kind == x86.ArgReg {
				c.same = 1 << source.Reg
			}
		}
		s.cell[f.cell] = c
		s.refs |= c.same | c.v.upper
	case f.use&store != 0 && n.kind == data:
	default:
		return v.fail(RuleState, in, "%s is not to be written like this", f.name)
	}
	return nil
}

// extend is MOVZX.
func (v *Verifier) extend(in *instruction, s *state) error {
	dst, src := &in.Args[0], &in.Args[1]
	if v.looks(in) {
		if !mayTrap(in.mark) {
			return v.fail(RuleMark, in, "the budget may be at its end where no instruction of the guest begins")
		}
		s.set(temp1, anything)
		return nil
	}
	var n value
	if src.Kind == x86.ArgMem {
		var err error
		if n, err = v.load(in, s, src); err != nil {
			return err
		}
	} else {
		r := src.Reg & 15
		if s.r[r].kind != data {
			return v.fail(RuleRegister, in, "%s may hold a host address", name(r))
		}
		n = part(int64(src.Width))
	}
	if dst.Width < 4 && s.r[dst.Reg&15].kind != data {
		return v.fail(RuleRegister, in, "%s may hold a host address", name(dst.Reg&15))
	}
	s.setPart(dst.Reg&15, dst.Width, n)
	return nil
}

// str is MOVS or STOS on window addresses. A repeated one goes on by steps of
// at most 8 bytes until it is refused.
func (v *Verifier) str(in *instruction, s *state) error {
	pointers := []uint8{x86.RDI}
	if in.rule.class == copying {
		pointers = append(pointers, x86.RSI)
	}
	for _, r := range pointers {
		if !inReach(s.r[r], 8) {
			return v.fail(RuleMemory, in, "%s is not certainly an address in the window", name(r))
		}
	}
	if !mayTrap(in.mark) {
		return v.fail(RuleMark, in, "an access may be refused where no instruction of the guest begins")
	}
	if s.r[x86.RAX].kind != data || s.r[x86.RCX].kind != data {
		return v.fail(RuleRegister, in, "rax or rcx may hold a host address")
	}
	for _, r := range pointers {
		s.set(r, value{kind: window, lo: min(s.r[r].lo, 0) - 8, hi: max(s.r[r].hi, max32) + 8})
	}
	if in.Has(x86.PrefixRep) {
		s.set(x86.RCX, unknown)
	}
	return nil
}
