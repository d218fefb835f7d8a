package verify

import (
	"strings"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// instruction is one of the unit's.
type instruction struct {
	x86.Inst
	at   int
	rule rule
	mark rewrite.MarkState
	head int32 // in Verifier.heads, or -1
	exit bool  // it is a branch out
	to   int32 // a direct branch: the instruction it goes to
	live bool
}

// prefixes as they stand in the code.
const (
	seenOpsize = 1 << iota
	seenAddr32
	seenLock
	seenRepne
	seenRep
	seenGS
	seenREX
)

// sweep decodes the whole code and looks at each instruction by itself.
func (v *Verifier) sweep() error {
	code := v.unit.Code
	if len(code) == 0 {
		return failAt(RuleDecode, 0, "there is no code")
	}
	v.insts = v.insts[:0]
	v.index = v.index[:0]
	for at := 0; at < len(code); {
		if len(v.insts) < cap(v.insts) {
			v.insts = v.insts[:len(v.insts)+1]
		} else {
			v.insts = append(v.insts, instruction{})
		}
		in := &v.insts[len(v.insts)-1]
		if err := x86.Decode(&in.Inst, code[at:], uint64(at)); err != nil {
			return failAt(RuleDecode, at, "% x: %v", code[at:min(len(code), at+15)], err)
		}
		in.at, in.head, in.exit, in.to, in.live = at, -1, false, -1, false
		v.index = append(v.index, int32(len(v.insts)-1))
		for range in.Len - 1 {
			v.index = append(v.index, -1)
		}
		if err := v.single(in, code[at:at+in.Len]); err != nil {
			return err
		}
		at += in.Len
	}
	return nil
}

// single checks what can be said of an instruction by itself.
func (v *Verifier) single(in *instruction, code []byte) error {
	in.rule = v.rules[in.Row.Index()]
	if in.rule.class == refused {
		return v.fail(RuleInstruction, in, "it is not among those that may be used")
	}
	if f := in.rule.feature; f != "" && !v.has(f) {
		return v.fail(RuleInstruction, in, "the host has no %s", in.rule.feature)
	}
	seen, ok := legacyPrefixes(code)
	if !ok {
		return v.fail(RuleDecode, in, "prefixes are repeated, misplaced, or do nothing")
	}
	if err := v.prefixes(in, seen); err != nil {
		return err
	}
	if in.rule.class == nothing && !noOperation(code) {
		return v.fail(RuleInstruction, in, "not one of the no-operations of the list")
	}
	return v.registers(in)
}

func (v *Verifier) has(feature string) bool {
	ok, known := v.features[feature]
	if !known {
		ok = true
		for _, f := range strings.Split(feature, ", ") {
			ok = ok && v.supported(f)
		}
		v.features[feature] = ok
	}
	return ok
}

// legacyPrefixes reads the prefixes before the opcode or VEX. Each may stand
// once; a segment other than GS, and a REX prefix that is not the last, which
// the processor ignores, are refused.
func legacyPrefixes(code []byte) (seen int, ok bool) {
	for i, b := range code {
		p := 0
		switch b {
		case 0x66:
			p = seenOpsize
		case 0x67:
			p = seenAddr32
		case 0xF0:
			p = seenLock
		case 0xF2:
			p = seenRepne
		case 0xF3:
			p = seenRep
		case 0x65:
			p = seenGS
		case 0x26, 0x2E, 0x36, 0x3E, 0x64:
			return seen, false
		default:
			if b&0xF0 != 0x40 {
				return seen, true
			}
			p = seenREX
		}
		if seen&p != 0 || seen&seenREX != 0 || i > 5 {
			return seen, false
		}
		seen |= p
	}
	return seen, false
}

// prefixes checks that each prefix has one meaning, on all processors.
func (v *Verifier) prefixes(in *instruction, seen int) error {
	c := in.rule.class
	text := c == copying || c == filling
	control := c >= branch
	mandatory := in.Row.MandatoryPrefix()
	vex := in.Prefix&x86.PrefixVEX != 0
	switch {
	case seen&seenAddr32 != 0 && c != ifZero:
		return v.fail(RuleDecode, in, "addresses of 32 bits leave the window")
	case seen&seenRep != 0 && (vex || mandatory != 0xF3 && !text), seen&seenRepne != 0 && (vex || mandatory != 0xF2):
		return v.fail(RuleDecode, in, "a repetition that is not part of the opcode")
	case seen&seenOpsize != 0 && (control || vex):
		return v.fail(RuleDecode, in, "an operand size that processors differ in")
	case seen&seenGS != 0 && v.roles.register:
		return v.fail(RuleDecode, in, "GS is the host's")
	case seen&seenGS != 0 && (!in.HasMem || c == lea):
		return v.fail(RuleDecode, in, "a segment without an operand in memory")
	case in.REX&8 != 0 && control, in.REX&7 != 0 && control && !in.HasMem:
		return v.fail(RuleDecode, in, "REX means nothing here")
	}
	return nil
}

// most is how many instructions are counted at once.
const most = 128

// counts reports whether the instruction is the one that may change the counter.
func (v *Verifier) counts(in *instruction) bool {
	return v.roles.counts && in.rule.class == lea && in.Args[0].Reg == counter && in.Args[0].Width == 8 && byCounter(in)
}

// looks reports whether the instruction is the one that may load where the
// counter says, which no other can see.
func (v *Verifier) looks(in *instruction) bool {
	return v.roles.counts && in.rule.class == extend && in.HasMem && !in.Has(x86.PrefixGS) &&
		in.Args[0].Reg == temp1 && in.Args[0].Width == 4 && in.Args[1].Width == 1 && byCounter(in)
}

// byCounter reports whether the memory operand is a few bytes from where the
// counter says.
func byCounter(in *instruction) bool {
	m := in.Mem
	m.Disp = 0
	return m == (x86.Mem{Base: counter, Index: x86.Zero}) && in.Mem.Disp >= -most && in.Mem.Disp <= most
}

// registers checks which general registers are named.
func (v *Verifier) registers(in *instruction) error {
	if v.roles.counts && in.names(counter) && !v.counts(in) && !v.looks(in) {
		return v.fail(RuleRegister, in, "the counter is only counted with and looked at")
	}
	for i := range in.Args[:in.NArgs] {
		a := &in.Args[i]
		if a.Kind != x86.ArgReg {
			continue
		}
		r := a.Reg & 15
		switch {
		case v.roles.register && r == statePointer && !a.IsHigh() && a.Op.Write:
			return v.fail(RuleRegister, in, "it writes the address of the State")
		case a.IsHigh() || r != hostStack && r != windowBase:
		case r == hostStack && in.rule.class == lea && in.HasMem && in.Mem == (x86.Mem{Base: hostStack, Index: x86.Zero, Disp: -8}) &&
			in.Size == 8:
			// The stub's way of taking its address back; see step.
		case r == hostStack:
			return v.fail(RuleRegister, in, "rsp is the host's")
		case a.Op.Write:
			return v.fail(RuleRegister, in, "it writes the window's base")
		}
	}
	return nil
}

// names reports whether register r is an operand, or part of one in memory.
func (in *instruction) names(r uint8) bool {
	for i := range in.Args[:in.NArgs] {
		if a := &in.Args[i]; a.Kind == x86.ArgReg && a.Reg&15 == r && !a.IsHigh() {
			return true
		}
	}
	return in.HasMem && (in.Mem.Base == r || in.Mem.Index == r)
}

// marks gives each instruction the state of its mark.
func (v *Verifier) marks() error {
	k, state := 0, rewrite.Within
	m := v.unit.Marks
	for i := range v.insts {
		in := &v.insts[i]
		for ; k < len(m) && int(m[k].Offset) <= in.at; k++ {
			if int(m[k].Offset) < in.at && v.index[m[k].Offset] < 0 {
				return failAt(RuleMark, int(m[k].Offset), "a mark inside an instruction")
			}
			if k > 0 && m[k].Offset < m[k-1].Offset {
				return failAt(RuleMark, int(m[k].Offset), "marks out of order")
			}
			if int(m[k].State) >= len(added) {
				return failAt(RuleMark, int(m[k].Offset), "a mark of an unknown state")
			}
			state = m[k].State
		}
		in.mark = state
	}
	for ; k < len(m); k++ {
		if int(m[k].Offset) != len(v.unit.Code) {
			return failAt(RuleMark, int(m[k].Offset), "a mark out of order or behind the code")
		}
	}
	return nil
}

// loadsTarget reports whether the instruction sets T0 to pc.
func loadsTarget(in *instruction, pc uint64) bool {
	if in.Row.Name != "mov" || in.Args[0].Kind != x86.ArgReg || in.Args[0].Reg != temp0 || in.Args[1].Kind != x86.ArgImm {
		return false
	}
	v := in.Args[1].Value
	if in.Args[0].Width == 4 {
		v = uint64(uint32(v))
	}
	return in.Args[0].Width >= 4 && v == pc
}

// branches finds where direct branches go, and which of them lead out. Every
// exit must be the displacement of a branch.
func (v *Verifier) branches() error {
	exits := v.unit.Exits
	for i, e := range exits {
		if e.Field%4 != 0 || i > 0 && e.Field <= exits[i-1].Field {
			return failAt(RuleBranch, int(e.Field), "an exit's field is out of order or not aligned")
		}
	}
	for i := range v.insts {
		in := &v.insts[i]
		if in.NArgs == 0 || in.Args[0].Kind != x86.ArgRel {
			continue
		}
		to := in.Args[0].Value
		if to >= uint64(len(v.unit.Code)) || v.index[to] < 0 {
			return v.fail(RuleBranch, in, "it does not go to an instruction of the unit")
		}
		in.to = v.index[to]
		if len(exits) > 0 && exits[0].Field == uint32(in.at+int(in.ImmAt)) && in.ImmN == 4 {
			if pc := exits[0].PC; !loadsTarget(&v.insts[in.to], pc) {
				return v.fail(RuleLeave, in, "until it is filled in, it does not leave for %#x", pc)
			}
			in.exit = true
			exits = exits[1:]
		}
	}
	if len(exits) > 0 {
		return failAt(RuleBranch, int(exits[0].Field), "an exit's field is not the displacement of a branch")
	}
	return nil
}
