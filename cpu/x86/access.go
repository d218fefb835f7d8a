package x86

import "github.com/nuage-emu/nuage/memory"

// faultAccess says whether the access at addr that instruction d made was a
// write. A host that refuses an access tells the address only, and a page that
// may not even be read does not tell a load from a store; the row does. An
// instruction that reads and writes its operand faults as a write, as it does
// on a processor. The registers must be those of the moment of the fault.
func (s *State) faultAccess(d *Inst, addr uint64) memory.Prot {
	if d.Row.Name == "enter" {
		return s.probing
	}
	reads, writes := false, false
	at := func(o *Operand, mem bool) {
		if !mem || !o.Access {
			return
		}
		in := s.reaches(d, o, uint32(addr))
		writes = writes || o.Write && in
		reads = reads || !o.Write && in
	}
	for i := range d.Args[:d.NArgs] {
		a := &d.Args[i]
		at(&a.Op, a.Kind >= ArgMem && a.Kind != ArgImm && a.Kind != ArgRel && a.Kind != ArgOne)
	}
	for _, o := range d.Row.Implicit() {
		at(&o, o.Method == 'T' || o.Method == 'X' || o.Method == 'Y' || o.Method == 'M')
	}
	if writes && !reads {
		return memory.Write
	}
	return memory.Read
}

// reaches reports whether operand o may lie at address a. Only where an
// instruction has two memory operands does it have to be exact.
func (s *State) reaches(d *Inst, o *Operand, a uint32) bool {
	const widest = 1024 // FXSAVE, and a step of a bulk operation backwards
	implied := d.Row.Implicit()
	near := func(from uint64, before, behind uint32) bool {
		return a-(uint32(from)-before) < before+behind
	}
	switch o.Method {
	case 'T':
		if o.Write {
			return near(s.R[RSP], 8, 0)
		}
		return d.Row.Name == "leave" || near(s.R[RSP], 0, 8)
	case 'X':
		return near(s.R[RSI]+s.R[d.segment()], 0, 8)
	case 'Y':
		return near(s.R[RDI], 0, widest)
	case 'E':
		if o.Write && len(implied) > 1 && implied[1].Method == 'T' { // POP
			return !near(s.R[RSP], 0, 8)
		}
		if len(implied) > 1 && implied[1].Method == 'T' { // PUSH, CALL
			return !near(s.R[RSP], 8, 0)
		}
	}
	return true
}
