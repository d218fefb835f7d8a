package x86

// Binary arithmetic (Vol. 1, 5.1.2 and 7.3.2).
var arithRows = Section{Ref: "Vol. 1, 5.1.2 Binary Arithmetic Instructions", Rows: []Spec{
	{"00 /r", "add", "+Eb Gb", "w:oszapc", Lockable, addForms},
	{"01 /r", "add", "+Ev Gv", "w:oszapc", Lockable, addForms},
	{"02 /r", "add", "+Gb Eb", "w:oszapc", 0, addForms},
	{"03 /r", "add", "+Gv Ev", "w:oszapc", 0, addForms},
	{"04", "add", "+AL Ib", "w:oszapc", 0, addForms},
	{"05", "add", "+rAX Iz", "w:oszapc", 0, addForms},
	{"80 /0", "add", "+Eb Ib", "w:oszapc", Lockable, addForms},
	{"81 /0", "add", "+Ev Iz", "w:oszapc", Lockable, addForms},
	{"83 /0", "add", "+Ev Ib", "w:oszapc", Lockable, addForms},
}}

// addFlags sets the flags of r = a + b (+ carry in).
func addFlags[T word](s *State, a, b, r T) {
	x := sext(r)
	s.fz, s.fs = x, x
	s.fx = sext(a ^ b ^ r)
	s.cf = uint64(((a & b) | ((a | b) &^ r)) >> (width[T]() - 1))
}

// subFlags sets the flags of r = a - b (- borrow in).
func subFlags[T word](s *State, a, b, r T) {
	x := sext(r)
	s.fz, s.fs = x, x
	s.fx = sext(a ^ b ^ r)
	s.cf = uint64(((^a & b) | ((^a | b) & r)) >> (width[T]() - 1))
}

var addForms = &forms{
	rr: sized{addRR[uint8], addRR[uint16], addRR[uint32], addRR[uint64]},
	rm: sized{addRM[uint8], addRM[uint16], addRM[uint32], addRM[uint64]},
	mr: sized{addMR[uint8], addMR[uint16], addMR[uint32], addMR[uint64]},
	lk: sized{addLK[uint8], addLK[uint16], addLK[uint32], addLK[uint64]},
}

func addRR[T word](s *State, o *op) *op {
	a, b := reg[T](s, o.dst), src[T](s, o)
	r := a + b
	setReg(s, o.dst, r)
	addFlags(s, a, b, r)
	return o.after()
}

func addRM[T word](s *State, o *op) *op {
	b := load[T](s, s.ea(o))
	a := reg[T](s, o.dst)
	r := a + b
	setReg(s, o.dst, r)
	addFlags(s, a, b, r)
	return o.after()
}

func addMR[T word](s *State, o *op) *op {
	m := s.ea(o)
	a, b := load[T](s, m), src[T](s, o)
	r := a + b
	store(s, m, r)
	addFlags(s, a, b, r)
	return o.after()
}

func addLK[T word](s *State, o *op) *op {
	m, b := s.ea(o), src[T](s, o)
	a := load[T](s, m)
	for !cas(s, m, a, a+b) {
		a = load[T](s, m)
	}
	addFlags(s, a, b, a+b)
	return o.after()
}
