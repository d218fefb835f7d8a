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
	rr: sized{orRR[uint8], orRR[uint16], orRR[uint32], orRR[uint64]},
	rm: sized{orRM[uint8], orRM[uint16], orRM[uint32], orRM[uint64]},
	mr: sized{orMR[uint8], orMR[uint16], orMR[uint32], orMR[uint64]},
	lk: sized{orLK[uint8], orLK[uint16], orLK[uint32], orLK[uint64]},
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
	rr: sized{andRR[uint8], andRR[uint16], andRR[uint32], andRR[uint64]},
	rm: sized{andRM[uint8], andRM[uint16], andRM[uint32], andRM[uint64]},
	mr: sized{andMR[uint8], andMR[uint16], andMR[uint32], andMR[uint64]},
	lk: sized{andLK[uint8], andLK[uint16], andLK[uint32], andLK[uint64]},
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
	rr: sized{xorRR[uint8], xorRR[uint16], xorRR[uint32], xorRR[uint64]},
	rm: sized{xorRM[uint8], xorRM[uint16], xorRM[uint32], xorRM[uint64]},
	mr: sized{xorMR[uint8], xorMR[uint16], xorMR[uint32], xorMR[uint64]},
	lk: sized{xorLK[uint8], xorLK[uint16], xorLK[uint32], xorLK[uint64]},
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
	rr: sized{testRR[uint8], testRR[uint16], testRR[uint32], testRR[uint64]},
	mr: sized{testMR[uint8], testMR[uint16], testMR[uint32], testMR[uint64]},
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
	rr: sized{notR[uint8], notR[uint16], notR[uint32], notR[uint64]},
	mr: sized{notR[uint8], notR[uint16], notR[uint32], notR[uint64]},
	lk: sized{notLK[uint8], notLK[uint16], notLK[uint32], notLK[uint64]},
}

func notR[T word](s *State, o *op) *op {
	setRM(s, o, ^rmDst[T](s, o))
	return o.after()
}

func notLK[T word](s *State, o *op) *op {
	locked(s, o, func(a, _ T) T { return ^a })
	return o.after()
}
