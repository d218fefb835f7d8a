package x86

// Data transfer (Vol. 1, 5.1.1 and 7.3.1).
var moveRows = Section{Ref: "Vol. 1, 5.1.1 Data Transfer Instructions", Rows: []Spec{
	{"88 /r", "mov", "=Eb Gb", "", 0, movForms},
	{"89 /r", "mov", "=Ev Gv", "", 0, movForms},
	{"8A /r", "mov", "=Gb Eb", "", 0, movForms},
	{"8B /r", "mov", "=Gv Ev", "", 0, movForms},
	{"B0+r", "mov", "=Zb Ib", "", 0, movForms},
	{"B8+r", "mov", "=Zv Iv", "", 0, movForms},
	{"C6 /0", "mov", "=Eb Ib", "", 0, movForms},
	{"C7 /0", "mov", "=Ev Iz", "", 0, movForms},
	{"50+r", "push", "Zv | +RSP =Tv", "", D64, sized{1: push[uint16], 3: push[uint64]}},
	{"58+r", "pop", "=Zv | +RSP Tv", "", D64, sized{1: pop[uint16], 3: pop[uint64]}},
}}

var movForms = &forms{
	rr: sized{movRR[uint8], movRR[uint16], movRR[uint32], movRR[uint64]},
	rm: sized{movRM[uint8], movRM[uint16], movRM[uint32], movRM[uint64]},
	mr: sized{movMR[uint8], movMR[uint16], movMR[uint32], movMR[uint64]},
}

func movRR[T word](s *State, o *op) *op {
	setReg(s, o.dst, src[T](s, o))
	return o.after()
}

func movRM[T word](s *State, o *op) *op {
	setReg(s, o.dst, load[T](s, s.ea(o)))
	return o.after()
}

func movMR[T word](s *State, o *op) *op {
	store(s, s.ea(o), src[T](s, o))
	return o.after()
}

// push stores below the stack pointer, and only then moves it.
func push[T word](s *State, o *op) *op {
	sp := s.R[RSP] - uint64(width[T]()/8)
	store(s, uint32(sp), T(s.R[o.dst&31]))
	s.R[RSP] = sp
	return o.after()
}

func pop[T word](s *State, o *op) *op {
	sp := s.R[RSP]
	v := load[T](s, uint32(sp))
	s.R[RSP] = sp + uint64(width[T]()/8)
	setReg(s, o.dst, v)
	return o.after()
}
