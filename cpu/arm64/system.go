package arm64

import (
	"strconv"
	"sync/atomic"

	"github.com/nuage-emu/nuage/memory"
)

// System instructions, hints and barriers (C3.1.4 to C3.1.8) as EL0 has them.
// What EL0 may not do is not allocated here. Pointer authentication exists in
// the hint space only, where it does nothing.
func systemRows() Section {
	return Section{Ref: "C3.1 Branches, Exception generating, and System instructions", Rows: []Spec{
		{"hint", "11010101000000110010iiiiiii11111", "#i", 0, opFunc(nop)},
		{"clrex", "11010101000000110011iiii01011111", "clrex", 0, opFunc(clrex)},
		{"dsb", "11010101000000110011iiii10011111", "barrier", 0, opFunc(barrier)},
		{"dmb", "11010101000000110011iiii10111111", "barrier", 0, opFunc(barrier)},
		{"isb", "11010101000000110011iiii11011111", "isb", Ends, bindSync(nop)},

		{"mrs", "110101010011iiiiiiiiiiiiiiittttt", "=Xt sysreg", 0, bindMRS},
		{"msr", "110101010001iiiiiiiiiiiiiiittttt", "=sysreg Xt", 0, bindMSR},

		{"dc\tzva", "110101010000101101110100001ttttt", "Xt =[dczva]:64", 0, bindZVA},
		{"dc\tcvac", "110101010000101101111010001ttttt", "Xt", 0, opFunc(nop)},
		{"dc\tcvau", "110101010000101101111011001ttttt", "Xt", 0, opFunc(nop)},
		{"dc\tcivac", "110101010000101101111110001ttttt", "Xt", 0, opFunc(nop)},
		{"ic\tivau", "110101010000101101110101001ttttt", "Xt", Ends, bindSync(nop)},
	}}
}

func clrex(s *State, o *op) *op {
	s.mon.size = 0
	return o.after()
}

// barrier: a locked instruction of the host orders everything, and this is a
// lock word of the thread's own.
func barrier(s *State, o *op) *op {
	atomic.AddUint32(&s.fence, 1)
	return o.after()
}

// bindSync binds an instruction behind which code is looked up afresh: a block
// whose bytes may have changed is verified when it is entered.
func bindSync(fn opFunc) func(*binder) {
	return func(b *binder) {
		b.emit(fn)
		o := b.emit(leaveSync)
		b.sync(o)
	}
}

func leaveSync(s *State, o *op) *op {
	s.pc = o.pc + 4
	return s.leave(o.link)
}

// zvaBlock is the size that DC ZVA clears (DCZID_EL0.BS).
const zvaBlock = 64

func bindZVA(b *binder) {
	o := b.operands(zva)
	o.rn, o.imm = b.reg('t'), 0
}

func zva(s *State, o *op) *op {
	a := uint32(s.R[o.rn&63]) &^ (zvaBlock - 1)
	s.mem.Probe(a, zvaBlock, memory.Write)
	for i := uint32(0); i < zvaBlock; i += 8 {
		s.mem.Store64(a+i, 0)
	}
	return o.after()
}

// dcZVA is the memory that DC ZVA clears: an operand that is not written.
func dcZVA(d *Inst, a *Arg) bool {
	a.Kind, a.Reg = ArgMem, uint8(d.Field('t'))
	if a.Reg == 31 {
		a.Reg = Zero
	}
	return true
}

// textNothing writes nothing.
func textNothing(b []byte, _ *Inst, _ *Arg, _ SymbolLookup) []byte { return b }

var barrierNames = [16]string{
	1: "oshld", 2: "oshst", 3: "osh", 5: "nshld", 6: "nshst", 7: "nsh",
	9: "ishld", 10: "ishst", 11: "ish", 13: "ld", 14: "st", 15: "sy",
}

func textBarrier(b []byte, _ *Inst, a *Arg, _ SymbolLookup) []byte {
	if n := barrierNames[a.Value&15]; n != "" {
		return append(b, n...)
	}
	return appendHex2(b, a.Value)
}

// appendHex2 writes an immediate with two digits, as for a barrier or a
// prefetch operation that has no name.
func appendHex2(b []byte, v uint64) []byte {
	b = append(b, "#0x"...)
	if v < 16 {
		b = append(b, '0')
	}
	return strconv.AppendUint(b, v, 16)
}

// textFull writes the operand of ISB and CLREX, which has the default 15.
func textFull(b []byte, d *Inst, a *Arg, sym SymbolLookup) []byte {
	if a.Value == 15 {
		return b
	}
	return textHex(b, d, a, sym)
}

// textPrefetch writes the operation of PRFM: type, target, policy.
func textPrefetch(b []byte, _ *Inst, a *Arg, _ SymbolLookup) []byte {
	kind, level := a.Value>>3, a.Value>>1&3
	if kind == 3 || level == 3 {
		return appendHex2(b, a.Value)
	}
	b = append(b, [...]string{"pld", "pli", "pst"}[kind]...)
	b = append(b, 'l', byte('1'+level))
	return append(b, [2]string{"keep", "strm"}[a.Value&1]...)
}
