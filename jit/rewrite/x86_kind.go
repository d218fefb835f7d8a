package rewrite

import (
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/asm/amd64"
)

// What is decided by an instruction's operands; x86_row.go has what its row says.

// findRCX returns what a plain instruction does to rcx in RCX: because it implies
// it, or because it names a byte that instructions with a REX prefix cannot.
func (in *inst) findRCX() rcxUse {
	use, high := in.row.impliesRCX(), false
	for i := range in.Args[:in.NArgs] {
		high = high || in.Args[i].IsHigh() && !in.HasMem
	}
	if use == 0 && !high {
		return 0
	}
	for i := range in.Args[:in.NArgs] {
		if a := &in.Args[i]; a.Kind == x86.ArgReg && a.Op.Method != 'r' && a.Reg&15 == x86.RCX {
			use |= rcxRead
			if a.Op.Write {
				use |= rcxWritten
			}
		}
	}
	return use
}

// kindOf is the kind of an instruction, which may depend on its operands.
func (t *Translator) kindOf(in *inst) kind {
	d, k := &in.Inst, in.row.kind()
	if !t.supported(d.Row) {
		return kindInterpret
	}
	switch k {
	case kindPlain:
		in.rcx = in.findRCX()
		if !t.rewritable(in) || leavesOverflow(in) {
			return kindInterpret
		}
	case kindPush:
		if d.Size != 8 || d.Args[0].Kind == x86.ArgSeg {
			return kindInterpret
		}
	case kindPop:
		if d.Size != 8 || d.Args[0].Kind != x86.ArgReg || d.Args[0].Reg == x86.RSP {
			return kindInterpret
		}
	case kindLeave:
		if d.Size != 8 {
			return kindInterpret
		}
	case kindLea:
		if d.Size == 2 {
			return kindInterpret
		}
	case kindString:
		if d.Prefix&(x86.PrefixAddr32|x86.PrefixFS|x86.PrefixGS|x86.PrefixRepne) != 0 {
			return kindInterpret
		}
	case kindNothing:
		if d.Has(x86.PrefixLock) {
			return kindInterpret
		}
	}
	return k
}

// leavesOverflow reports whether the instruction rotates memory by an immediate
// above one. The manual leaves OF undefined, and processors leave it to what went
// before: mostly they clear it, as the interpreter does, but there are sequences
// (INC or DEC in a loop is part of them) after which it is set.
func leavesOverflow(in *inst) bool {
	count := in.Imm & 31
	if in.Size == 8 {
		count = in.Imm & 63
	}
	return in.row.has(rotates) && in.HasMem && in.ImmN > 0 && count > 1
}

// rewritable reports whether a plain instruction's operands can be re-encoded
// with two temporaries.
func (t *Translator) rewritable(in *inst) bool {
	d, rcx := &in.Inst, in.rcx
	temps, high, rex := 0, false, d.HasMem
	var seen [3]uint8
	for i := range d.Args[:d.NArgs] {
		a := &d.Args[i]
		if a.Kind != x86.ArgReg || a.Op.Method == 'r' {
			if a.Kind == x86.ArgVec && a.Reg >= 8 {
				rex = true
			}
			continue
		}
		if a.IsHigh() {
			if d.HasMem && !a.Op.Write && a.Op.Method == 'G' && d.NArgs == 2 {
				return d.Mem.VSIB == 0 // by way of T1
			}
			high = true
			continue
		}
		if a.Op.Write && a.Reg == x86.RSP && !stackWrite(in) {
			return false
		}
		if rcx != 0 && a.Reg == x86.RCX {
			continue
		}
		h := t.hostOf[a.Reg&15]
		if h == amd64.None {
			dup := false
			for _, s := range seen[:temps] {
				dup = dup || s == a.Reg
			}
			if !dup {
				if temps == len(seen) {
					return false
				}
				seen[temps] = a.Reg
				temps++
			}
			rex = true
		} else if h >= 8 || a.Width == 1 && h >= 4 {
			rex = true
		}
	}
	most := 2
	if d.HasMem {
		most--
	}
	if rcx != 0 {
		most--
	}
	if d.Mem.VSIB != 0 || high && rex || temps > most {
		return false
	}
	// A bit offset in a register reaches outside the operand.
	return !in.row.has(testsBit) || !d.HasMem || d.ImmN > 0
}

// stackWrite reports whether the instruction, which writes rsp, can be
// followed by a check of it.
func stackWrite(in *inst) bool {
	if in.Size < 4 || in.Args[0].Reg != x86.RSP || in.Args[0].Kind != x86.ArgReg {
		return false
	}
	for i := 1; i < int(in.NArgs); i++ {
		if a := &in.Args[i]; a.Kind == x86.ArgReg && a.Op.Write {
			return false
		}
	}
	return in.row.has(movesStack)
}
