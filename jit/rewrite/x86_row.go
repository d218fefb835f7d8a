package rewrite

import (
	"strings"

	"github.com/nuage-emu/nuage/cpu/x86"
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

// traits is what translation must know of a row: its kind in the low bits, an
// rcxUse, and properties. It is decided here, but not by the process that
// translates: traits_gen.go has what findTraits made of each row.
type traits uint16

//go:generate env NUAGE_UPDATE=1 go test -run TestTraits .

const (
	kindBits  = 4
	rcxBits   = 2
	rcxMask   = 1<<rcxBits - 1
	kindsMask = 1<<kindBits - 1
)

// The properties.
const (
	// clears: the 32-bit forms always clear the upper half of their destination.
	// Confinement rests on it, so it is true of the certain only.
	clears traits = 1 << (kindBits + rcxBits + iota)
	// inMemory: it does the same to a register and to memory, down to the flags
	// (rotates do not).
	inMemory
	// testsBit: it reaches outside a memory operand.
	testsBit
	// zeroes: of a register and itself, it is zero.
	zeroes
	rotates
	exchanges
	// movesStack: it may write rsp, and a check of it follows.
	movesStack
	// writesImplied: it writes a general register that it does not name.
	writesImplied
)

func (t traits) kind() kind         { return kind(t & kindsMask) }
func (t traits) impliesRCX() rcxUse { return rcxUse(t >> kindBits & rcxMask) }
func (t traits) has(p traits) bool  { return t&p != 0 }

func findTraits(r *x86.Row) traits {
	t := traits(findKind(r)) | traits(findImpliedRCX(r))<<kindBits | properties(r.Name)
	for _, o := range r.Implicit() {
		if o.Method == 'r' && o.Write {
			t |= writesImplied
		}
	}
	return t
}

func properties(name string) traits {
	switch name {
	case "mov", "add", "and":
		return clears | inMemory | movesStack
	case "sub":
		return clears | inMemory | movesStack | zeroes
	case "xor":
		return clears | inMemory | zeroes
	case "or", "not", "neg", "inc", "dec":
		return clears | inMemory
	case "movzx", "movsx", "lea", "imul":
		return clears
	case "adc", "sbb":
		return inMemory
	case "bt", "bts", "btr", "btc":
		return testsBit
	case "rol", "ror":
		return rotates
	case "xchg":
		return exchanges
	}
	return 0
}

// byName gives the kinds of instructions that are not plain. Instructions that
// would give another result on another processor, or that concern state which
// only the interpreter keeps, are the interpreter's.
func byName(name string) (k kind, ok bool) {
	switch name {
	case "jcc":
		return kindJcc, true
	case "jmp":
		return kindJmp, true
	case "call":
		return kindCall, true
	case "ret":
		return kindRet, true
	case "push":
		return kindPush, true
	case "pop":
		return kindPop, true
	case "leave":
		return kindLeave, true
	case "lea":
		return kindLea, true
	case "syscall":
		return kindSyscall, true
	case "movsb", "movsw/movsd/movsq", "stosb", "stosw/stosd/stosq":
		return kindString, true
	case "nop", "endbr64", "endbr32", "prefetchw", "prefetchnta", "prefetcht0", "prefetcht1", "prefetcht2":
		return kindNothing, true
	case "pause", "lfence", "mfence", "sfence", "cbw/cwde/cdqe", "cwd/cdq/cqo",
		"clc", "stc", "cmc", "cld", "std", "lahf", "sahf", "vzeroupper", "vzeroall":
		return kindRaw, true

	// Atomic only among their own kind in the interpreter, so one engine must
	// run them all.
	case "cmpxchg16b":
		return kindInterpret, true
	// By a table of ours, the same on every host.
	case "rcpps", "rcpss", "rsqrtps", "rsqrtss", "vrcpps", "vrcpss", "vrsqrtps", "vrsqrtss", "rdrand", "rdseed":
		return kindInterpret, true
	case "xlatb", "clflush":
		return kindInterpret, true
	// Not as wide as their operands say.
	case "maskmovdqu", "vmaskmovdqu":
		return kindInterpret, true
	}
	return 0, false
}

// plainSection reports whether the other instructions of a section are plain:
// those of the general instructions by their place in the manual, the others by
// their feature, which the host must have too.
func plainSection(sec *x86.Section) bool {
	if sec.Feature == "" {
		_, place, _ := strings.Cut(sec.Ref, ", ")
		place, _, _ = strings.Cut(place, " ")
		switch place {
		case "5.1.1", "5.1.2", "5.1.4", "5.1.5", "5.1.6":
			return true
		}
		return false
	}
	for f := range strings.SplitSeq(sec.Feature, ", ") {
		if !plainFeature(f) {
			return false
		}
	}
	return true
}

func plainFeature(f string) bool {
	switch f {
	case "SSE", "SSE2", "SSE3", "SSSE3", "SSE4.1", "SSE4.2", "POPCNT", "LZCNT", "BMI1", "BMI2", "MOVBE", "ADX", "AES",
		"PCLMULQDQ", "SHA", "AVX", "AVX2", "FMA", "F16C":
		return true
	}
	return false
}

func findKind(r *x86.Row) kind {
	if k, ok := byName(r.Name); ok {
		return k
	}
	if !plainSection(r.Section()) || r.Attr&(x86.Ends|x86.Slow) != 0 || !plainOperands(r) {
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

// findImpliedRCX returns what a row does to rcx without naming it.
func findImpliedRCX(r *x86.Row) rcxUse {
	use := rcxUse(0)
	for _, list := range [...][]x86.Operand{r.Operands(), r.Implicit()} {
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
	return use
}
