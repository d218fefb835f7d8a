package rewrite

import (
	"strings"
	"sync/atomic"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/asm/amd64"
)

// kind is how an instruction is translated.
type kind uint8

const (
	kindInterpret kind = iota // the interpreter runs it
	kindPlain                 // the operands are re-encoded
	kindRaw                   // no operands: as it is
	kindNothing               // a hint: nothing is emitted
	kindJcc
	kindJmp
	kindCall
	kindRet
	kindPush
	kindPop
	kindLeave
	kindLea
	kindString
	kindSyscall
)

// byName gives the kinds of instructions that are not plain. Instructions that
// would give another result on another processor, or that concern state which
// only the interpreter keeps, are the interpreter's.
var byName = map[string]kind{
	"jcc": kindJcc, "jmp": kindJmp, "call": kindCall, "ret": kindRet,
	"push": kindPush, "pop": kindPop, "leave": kindLeave, "lea": kindLea, "syscall": kindSyscall,
	"movsb": kindString, "movsw/movsd/movsq": kindString, "stosb": kindString, "stosw/stosd/stosq": kindString,

	"nop": kindNothing, "endbr64": kindNothing, "endbr32": kindNothing, "prefetchw": kindNothing,
	"prefetchnta": kindNothing, "prefetcht0": kindNothing, "prefetcht1": kindNothing, "prefetcht2": kindNothing,
	"pause": kindRaw, "lfence": kindRaw, "mfence": kindRaw, "sfence": kindRaw,
	"cbw/cwde/cdqe": kindRaw, "cwd/cdq/cqo": kindRaw,
	"clc": kindRaw, "stc": kindRaw, "cmc": kindRaw, "cld": kindRaw, "std": kindRaw, "lahf": kindRaw, "sahf": kindRaw,
	"vzeroupper": kindRaw, "vzeroall": kindRaw,

	// Atomic only among their own kind in the interpreter, so one engine must
	// run them all.
	"cmpxchg16b": kindInterpret,
	// By a table of ours, the same on every host.
	"rcpps": kindInterpret, "rcpss": kindInterpret, "rsqrtps": kindInterpret, "rsqrtss": kindInterpret,
	"vrcpps": kindInterpret, "vrcpss": kindInterpret, "vrsqrtps": kindInterpret, "vrsqrtss": kindInterpret,
	"rdrand": kindInterpret, "rdseed": kindInterpret,
	"xlatb": kindInterpret, "clflush": kindInterpret,
	// Not as wide as their operands say.
	"maskmovdqu": kindInterpret, "vmaskmovdqu": kindInterpret,
}

// plainSections are the sections whose other instructions are plain: those of
// the general instructions by their place in the manual, the others by their
// feature, which the host must have too.
var (
	plainSections = []string{"5.1.1 ", "5.1.2 ", "5.1.4 ", "5.1.5 ", "5.1.6 "}
	plainFeatures = map[string]bool{
		"SSE": true, "SSE2": true, "SSE3": true, "SSSE3": true, "SSE4.1": true, "SSE4.2": true, "POPCNT": true,
		"LZCNT": true, "BMI1": true, "BMI2": true, "MOVBE": true, "ADX": true, "AES": true, "PCLMULQDQ": true, "SHA": true,
		"AVX": true, "AVX2": true, "FMA": true, "F16C": true,
	}
)

// kinds is the kind of every row, by its index, and 1: 0 is not known yet. There
// are many rows, and most programs use few of them.
var kinds [4096]atomic.Int32

func kindOfRow(r *x86.Row) kind {
	known := &kinds[r.Index()]
	if k := known.Load(); k != 0 {
		return kind(k - 1)
	}
	k := findKind(r)
	known.Store(int32(k) + 1)
	return k
}

func findKind(r *x86.Row) kind {
	if k, ok := byName[r.Name]; ok {
		return k
	}
	sec := r.Section()
	plain := sec.Feature != ""
	for f := range strings.SplitSeq(sec.Feature, ", ") {
		plain = plain && plainFeatures[f]
	}
	if sec.Feature == "" {
		for _, s := range plainSections {
			plain = plain || strings.Contains(sec.Ref, s)
		}
	}
	if !plain || r.Attr&(x86.Ends|x86.Slow) != 0 || !plainOperands(r) {
		return kindInterpret
	}
	return kindPlain
}

// plainOperands reports whether the operands are of the kinds that rewriting
// knows, and nothing implicit is memory or the stack pointer.
func plainOperands(r *x86.Row) bool {
	for _, o := range r.Operands() {
		if strings.IndexByte("EMRGZIVWUHBLrx1", o.Method) < 0 || o.Method == 'r' && !resident(o.Reg) {
			return false
		}
	}
	for _, o := range r.Implicit() {
		switch o.Method {
		case 'x':
		case 'r':
			if !resident(o.Reg) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// resident reports whether general register r has the host register of the
// same number, in all conventions, so that instructions which imply it can be
// kept, or is rcx, which is brought there for them.
func resident(r uint8) bool {
	r &= 15
	return r == x86.RCX || int(hosts[StateInGS][r]) == int(r)
}

// rcxUse says why the guest's rcx must be in RCX for an instruction.
type rcxUse uint8

const (
	rcxRead rcxUse = 1 << iota
	rcxWritten
)

// impliedRCX is what every row does to rcx without naming it, by its index, and
// 1: 0 is not known yet.
var impliedRCX [len(kinds)]atomic.Int32

func impliesRCX(r *x86.Row) rcxUse {
	known := &impliedRCX[r.Index()]
	if u := known.Load(); u != 0 {
		return rcxUse(u - 1)
	}
	use := rcxUse(0)
	for _, list := range [][]x86.Operand{r.Operands(), r.Implicit()} {
		for _, o := range list {
			if o.Method != 'r' || o.Reg&15 != x86.RCX {
				continue
			}
			use |= rcxRead
			if o.Write {
				use |= rcxWritten
			}
		}
	}
	known.Store(int32(use) + 1)
	return use
}

// usesRCX returns what a plain instruction does to rcx in RCX: because it
// implies it, or because it names a byte that instructions with a REX prefix
// cannot.
func (t *Translator) usesRCX(d *x86.Inst) rcxUse {
	use, high := impliesRCX(d.Row), false
	for i := range d.Args[:d.NArgs] {
		high = high || d.Args[i].IsHigh() && !d.HasMem
	}
	if use == 0 && !high {
		return 0
	}
	for i := range d.Args[:d.NArgs] {
		if a := &d.Args[i]; a.Kind == x86.ArgReg && a.Op.Method != 'r' && a.Reg&15 == x86.RCX {
			use |= rcxRead
			if a.Op.Write {
				use |= rcxWritten
			}
		}
	}
	return use
}

// kindOf is the kind of an instruction, which may depend on its operands.
func (t *Translator) kindOf(d *x86.Inst) kind {
	k := kindOfRow(d.Row)
	if !t.supported(d.Row) {
		return kindInterpret
	}
	switch k {
	case kindPlain:
		if !t.rewritable(d) || leavesOverflow(d) {
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
func leavesOverflow(d *x86.Inst) bool {
	count := d.Imm & 31
	if d.Size == 8 {
		count = d.Imm & 63
	}
	return d.HasMem && d.ImmN > 0 && count > 1 && (d.Row.Name == "rol" || d.Row.Name == "ror")
}

// rewritable reports whether a plain instruction's operands can be re-encoded
// with two temporaries.
func (t *Translator) rewritable(d *x86.Inst) bool {
	temps, high, rex, rcx := 0, false, d.HasMem, t.usesRCX(d)
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
		if a.Op.Write && a.Reg == x86.RSP && !stackWrite(d) {
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
	if d.HasMem && bitTest[d.Row.Name] && d.ImmN == 0 {
		return false
	}
	return true
}

// stackWrite reports whether the instruction, which writes rsp, can be
// followed by a check of it.
func stackWrite(d *x86.Inst) bool {
	if d.Size < 4 || d.Args[0].Reg != x86.RSP || d.Args[0].Kind != x86.ArgReg {
		return false
	}
	for i := 1; i < int(d.NArgs); i++ {
		if a := &d.Args[i]; a.Kind == x86.ArgReg && a.Op.Write {
			return false
		}
	}
	switch d.Row.Name {
	case "add", "sub", "and", "mov":
		return true
	}
	return false
}
