package x86

// Encodings of the x87 that the manual leaves out and every processor executes:
// second encodings of other instructions, from the time when the decoder of the
// coprocessor looked at few bits, and commands of the 8087 and 80287 that have
// nothing to do any more. The names are those that disassemblers have for them.
var x87AliasRows = Section{Ref: "not in the manual; as processors do", Feature: "FPU", Rows: []Spec{
	{Enc: "D9 D8+i", Name: "fstpnce", Ops: "=Ft | ST0", Do: x87(fstpnce)},
	{Enc: "DB E0", Name: "fneni", Do: opFunc(nop)},
	{Enc: "DB E1", Name: "fndisi", Do: opFunc(nop)},
	{Enc: "DB E4", Name: "fnsetpm", Do: opFunc(nop)},
	{Enc: "DC D0+i", Name: "fcom2", Ops: "ST0 Ft", Do: fcomReg{false, 0}},
	{Enc: "DC D8+i", Name: "fcomp3", Ops: "ST0 Ft", Do: fcomReg{false, 1}},
	{Enc: "DD C8+i", Name: "fxch4", Ops: "+Ft | +ST0", Do: x87(fxch)},
	{Enc: "DE D0+i", Name: "fcomp5", Ops: "ST0 Ft", Do: fcomReg{false, 1}},
	{Enc: "DF C0+i", Name: "ffreep", Ops: "&Ft", Do: x87(ffreep)},
	{Enc: "DF C8+i", Name: "fxch7", Ops: "+Ft | +ST0", Do: x87(fxch)},
	{Enc: "DF D0+i", Name: "fstp8", Ops: "=Ft | ST0", Do: fstReg(1)},
	{Enc: "DF D8+i", Name: "fstp9", Ops: "=Ft | ST0", Do: fstReg(1)},
}}

// fstpnce is FSTP that does not fault when ST(0) is empty: it only pops then.
func fstpnce(s *State, o *op) *op {
	s.fpuWait()
	p := &s.FPU
	p.SW &^= fswC1
	if !p.empty(0) {
		p.set(o.dst, p.get(0))
	}
	p.pop(1)
	return o.after()
}

// ffreep is FFREE and a pop.
func ffreep(s *State, o *op) *op {
	next := ffree(s, o)
	s.FPU.pop(1)
	return next
}
