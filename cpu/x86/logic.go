package x86

// Logical (Vol. 1, 5.1.4 and 7.3.4).
var logicRows = Section{Ref: "Vol. 1, 5.1.4 Logical Instructions", Rows: []Spec{
	{"08 /r", "or", "+Eb Gb", "w:oszpc u:a", Lockable, orForms},
	{"09 /r", "or", "+Ev Gv", "w:oszpc u:a", Lockable, orForms},
	{"0A /r", "or", "+Gb Eb", "w:oszpc u:a", 0, orForms},
	{"0B /r", "or", "+Gv Ev", "w:oszpc u:a", 0, orForms},
	{"0C", "or", "+AL Ib", "w:oszpc u:a", 0, orForms},
	{"0D", "or", "+rAX Iz", "w:oszpc u:a", 0, orForms},
	{"80 /1", "or", "+Eb Ib", "w:oszpc u:a", Lockable, orForms},
	{"81 /1", "or", "+Ev Iz", "w:oszpc u:a", Lockable, orForms},
	{"83 /1", "or", "+Ev Ibs", "w:oszpc u:a", Lockable, orForms},
	{"20 /r", "and", "+Eb Gb", "w:oszpc u:a", Lockable, andForms},
	{"21 /r", "and", "+Ev Gv", "w:oszpc u:a", Lockable, andForms},
	{"22 /r", "and", "+Gb Eb", "w:oszpc u:a", 0, andForms},
	{"23 /r", "and", "+Gv Ev", "w:oszpc u:a", 0, andForms},
	{"24", "and", "+AL Ib", "w:oszpc u:a", 0, andForms},
	{"25", "and", "+rAX Iz", "w:oszpc u:a", 0, andForms},
	{"80 /4", "and", "+Eb Ib", "w:oszpc u:a", Lockable, andForms},
	{"81 /4", "and", "+Ev Iz", "w:oszpc u:a", Lockable, andForms},
	{"83 /4", "and", "+Ev Ibs", "w:oszpc u:a", Lockable, andForms},
	{"30 /r", "xor", "+Eb Gb", "w:oszpc u:a", Lockable, xorForms},
	{"31 /r", "xor", "+Ev Gv", "w:oszpc u:a", Lockable, xorForms},
	{"32 /r", "xor", "+Gb Eb", "w:oszpc u:a", 0, xorForms},
	{"33 /r", "xor", "+Gv Ev", "w:oszpc u:a", 0, xorForms},
	{"34", "xor", "+AL Ib", "w:oszpc u:a", 0, xorForms},
	{"35", "xor", "+rAX Iz", "w:oszpc u:a", 0, xorForms},
	{"80 /6", "xor", "+Eb Ib", "w:oszpc u:a", Lockable, xorForms},
	{"81 /6", "xor", "+Ev Iz", "w:oszpc u:a", Lockable, xorForms},
	{"83 /6", "xor", "+Ev Ibs", "w:oszpc u:a", Lockable, xorForms},

	{"F6 /2", "not", "+Eb", "", Lockable, notForms},
	{"F7 /2", "not", "+Ev", "", Lockable, notForms},

	{"84 /r", "test", "Eb Gb", "w:oszpc u:a", 0, testForms},
	{"85 /r", "test", "Ev Gv", "w:oszpc u:a", 0, testForms},
	{"A8", "test", "AL Ib", "w:oszpc u:a", 0, testForms},
	{"A9", "test", "rAX Iz", "w:oszpc u:a", 0, testForms},
	{"F6 /0", "test", "Eb Ib", "w:oszpc u:a", 0, testForms},
	{"F7 /0", "test", "Ev Iz", "w:oszpc u:a", 0, testForms},
	{"F6 /1", "test", "Eb Ib", "w:oszpc u:a", 0, testForms},
	{"F7 /1", "test", "Ev Iz", "w:oszpc u:a", 0, testForms},
}}

// logicFlags sets the flags of a bitwise result: CF and OF clear; AF, which
// the manual leaves undefined, is cleared by Intel processors.
func logicFlags[T word](s *State, r T) {
	x := sext(r)
	s.fz, s.fs, s.fx, s.cf = x, x, 0, 0
}

var orForms = &forms{
	rr: sized{orRR8, orRR[uint16], orRR32, orRR64},
	rm: sized{orRM8, orRM[uint16], orRM32, orRM64},
	mr: sized{orMR8, orMR[uint16], orMR32, orMR64},
	lk: sized{orLK8, orLK[uint16], orLK32, orLK64},
}

func orRR[T word](s *State, o *op) *op {
	a, b := reg[T](s, o.dst), src[T](s, o)
	r := a | b
	setReg(s, o.dst, r)
	logicFlags(s, r)
	return o.after()
}

func orRM[T word](s *State, o *op) *op {
	b := load[T](s, s.ea(o))
	a := reg[T](s, o.dst)
	r := a | b
	setReg(s, o.dst, r)
	logicFlags(s, r)
	return o.after()
}

func orMR[T word](s *State, o *op) *op {
	m := s.ea(o)
	a, b := load[T](s, m), src[T](s, o)
	r := a | b
	store(s, m, r)
	logicFlags(s, r)
	return o.after()
}

func orLK[T word](s *State, o *op) *op {
	a, b := locked(s, o, func(a, b T) T { return a | b })
	r := a | b
	logicFlags(s, r)
	return o.after()
}

var andForms = &forms{
	rr: sized{andRR8, andRR[uint16], andRR32, andRR64},
	rm: sized{andRM8, andRM[uint16], andRM32, andRM64},
	mr: sized{andMR8, andMR[uint16], andMR32, andMR64},
	lk: sized{andLK8, andLK[uint16], andLK32, andLK64},
}

func andRR[T word](s *State, o *op) *op {
	a, b := reg[T](s, o.dst), src[T](s, o)
	r := a & b
	setReg(s, o.dst, r)
	logicFlags(s, r)
	return o.after()
}

func andRM[T word](s *State, o *op) *op {
	b := load[T](s, s.ea(o))
	a := reg[T](s, o.dst)
	r := a & b
	setReg(s, o.dst, r)
	logicFlags(s, r)
	return o.after()
}

func andMR[T word](s *State, o *op) *op {
	m := s.ea(o)
	a, b := load[T](s, m), src[T](s, o)
	r := a & b
	store(s, m, r)
	logicFlags(s, r)
	return o.after()
}

func andLK[T word](s *State, o *op) *op {
	a, b := locked(s, o, func(a, b T) T { return a & b })
	r := a & b
	logicFlags(s, r)
	return o.after()
}

var xorForms = &forms{
	rr: sized{xorRR8, xorRR[uint16], xorRR32, xorRR64},
	rm: sized{xorRM8, xorRM[uint16], xorRM32, xorRM64},
	mr: sized{xorMR8, xorMR[uint16], xorMR32, xorMR64},
	lk: sized{xorLK8, xorLK[uint16], xorLK32, xorLK64},
}

func xorRR[T word](s *State, o *op) *op {
	a, b := reg[T](s, o.dst), src[T](s, o)
	r := a ^ b
	setReg(s, o.dst, r)
	logicFlags(s, r)
	return o.after()
}

func xorRM[T word](s *State, o *op) *op {
	b := load[T](s, s.ea(o))
	a := reg[T](s, o.dst)
	r := a ^ b
	setReg(s, o.dst, r)
	logicFlags(s, r)
	return o.after()
}

func xorMR[T word](s *State, o *op) *op {
	m := s.ea(o)
	a, b := load[T](s, m), src[T](s, o)
	r := a ^ b
	store(s, m, r)
	logicFlags(s, r)
	return o.after()
}

func xorLK[T word](s *State, o *op) *op {
	a, b := locked(s, o, func(a, b T) T { return a ^ b })
	r := a ^ b
	logicFlags(s, r)
	return o.after()
}

var testForms = &forms{
	rr: sized{testRR8, testRR[uint16], testRR32, testRR64},
	mr: sized{testMR8, testMR[uint16], testMR32, testMR64},
}

func testRR[T word](s *State, o *op) *op {
	logicFlags(s, reg[T](s, o.dst)&src[T](s, o))
	return o.after()
}

func testMR[T word](s *State, o *op) *op {
	logicFlags(s, load[T](s, s.ea(o))&src[T](s, o))
	return o.after()
}

var notForms = &forms{
	rr: sized{notR8, notR[uint16], notR32, notR64},
	mr: sized{notR8, notR[uint16], notR32, notR64},
	lk: sized{notLK8, notLK[uint16], notLK32, notLK64},
}

func notR[T word](s *State, o *op) *op {
	setRM(s, o, ^rmDst[T](s, o))
	return o.after()
}

func notLK[T word](s *State, o *op) *op {
	locked(s, o, func(a, _ T) T { return ^a })
	return o.after()
}
