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
	{"83 /0", "add", "+Ev Ibs", "w:oszapc", Lockable, addForms},
	{"10 /r", "adc", "+Eb Gb", "r:c w:oszapc", Lockable, adcForms},
	{"11 /r", "adc", "+Ev Gv", "r:c w:oszapc", Lockable, adcForms},
	{"12 /r", "adc", "+Gb Eb", "r:c w:oszapc", 0, adcForms},
	{"13 /r", "adc", "+Gv Ev", "r:c w:oszapc", 0, adcForms},
	{"14", "adc", "+AL Ib", "r:c w:oszapc", 0, adcForms},
	{"15", "adc", "+rAX Iz", "r:c w:oszapc", 0, adcForms},
	{"80 /2", "adc", "+Eb Ib", "r:c w:oszapc", Lockable, adcForms},
	{"81 /2", "adc", "+Ev Iz", "r:c w:oszapc", Lockable, adcForms},
	{"83 /2", "adc", "+Ev Ibs", "r:c w:oszapc", Lockable, adcForms},
	{"18 /r", "sbb", "+Eb Gb", "r:c w:oszapc", Lockable, sbbForms},
	{"19 /r", "sbb", "+Ev Gv", "r:c w:oszapc", Lockable, sbbForms},
	{"1A /r", "sbb", "+Gb Eb", "r:c w:oszapc", 0, sbbForms},
	{"1B /r", "sbb", "+Gv Ev", "r:c w:oszapc", 0, sbbForms},
	{"1C", "sbb", "+AL Ib", "r:c w:oszapc", 0, sbbForms},
	{"1D", "sbb", "+rAX Iz", "r:c w:oszapc", 0, sbbForms},
	{"80 /3", "sbb", "+Eb Ib", "r:c w:oszapc", Lockable, sbbForms},
	{"81 /3", "sbb", "+Ev Iz", "r:c w:oszapc", Lockable, sbbForms},
	{"83 /3", "sbb", "+Ev Ibs", "r:c w:oszapc", Lockable, sbbForms},
	{"28 /r", "sub", "+Eb Gb", "w:oszapc", Lockable, subForms},
	{"29 /r", "sub", "+Ev Gv", "w:oszapc", Lockable, subForms},
	{"2A /r", "sub", "+Gb Eb", "w:oszapc", 0, subForms},
	{"2B /r", "sub", "+Gv Ev", "w:oszapc", 0, subForms},
	{"2C", "sub", "+AL Ib", "w:oszapc", 0, subForms},
	{"2D", "sub", "+rAX Iz", "w:oszapc", 0, subForms},
	{"80 /5", "sub", "+Eb Ib", "w:oszapc", Lockable, subForms},
	{"81 /5", "sub", "+Ev Iz", "w:oszapc", Lockable, subForms},
	{"83 /5", "sub", "+Ev Ibs", "w:oszapc", Lockable, subForms},
	{"38 /r", "cmp", "Eb Gb", "w:oszapc", 0, cmpForms},
	{"39 /r", "cmp", "Ev Gv", "w:oszapc", 0, cmpForms},
	{"3A /r", "cmp", "Gb Eb", "w:oszapc", 0, cmpForms},
	{"3B /r", "cmp", "Gv Ev", "w:oszapc", 0, cmpForms},
	{"3C", "cmp", "AL Ib", "w:oszapc", 0, cmpForms},
	{"3D", "cmp", "rAX Iz", "w:oszapc", 0, cmpForms},
	{"80 /7", "cmp", "Eb Ib", "w:oszapc", 0, cmpForms},
	{"81 /7", "cmp", "Ev Iz", "w:oszapc", 0, cmpForms},
	{"83 /7", "cmp", "Ev Ibs", "w:oszapc", 0, cmpForms},

	{"FE /0", "inc", "+Eb", "w:oszap", Lockable, incForms},
	{"FF /0", "inc", "+Ev", "w:oszap", Lockable, incForms},
	{"FE /1", "dec", "+Eb", "w:oszap", Lockable, decForms},
	{"FF /1", "dec", "+Ev", "w:oszap", Lockable, decForms},
	{"F6 /3", "neg", "+Eb", "w:oszapc", Lockable, negForms},
	{"F7 /3", "neg", "+Ev", "w:oszapc", Lockable, negForms},

	{"F6 /4", "mul", "Eb | AL =AX", "w:oc u:szap", 0, opFunc(mul8)},
	{"F7 /4", "mul", "Ev | +rAX =rDX", "w:oc u:szap", 0, sized{1: mul16, 2: mul32, 3: mul64}},
	{"F6 /5", "imul", "Eb | AL =AX", "w:oc u:szap", 0, opFunc(imul8)},
	{"F7 /5", "imul", "Ev | +rAX =rDX", "w:oc u:szap", 0, sized{1: imul16, 2: imul32, 3: imul64}},
	{"0F AF /r", "imul", "+Gv Ev", "w:oc u:szap", 0, sized{1: imul2[uint16], 2: imul232, 3: imul2x64}},
	{"69 /r", "imul", "=Gv Ev Iz", "w:oc u:szap", 0, sized{1: imul3[uint16], 2: imul332, 3: imul3x64}},
	{"6B /r", "imul", "=Gv Ev Ibs", "w:oc u:szap", 0, sized{1: imul3[uint16], 2: imul332, 3: imul3x64}},
	{"F6 /6", "div", "Eb | +AX", "u:oszapc", 0, opFunc(div8)},
	{"F7 /6", "div", "Ev | +rAX +rDX", "u:oszapc", 0, sized{1: div16, 2: div32, 3: div64}},
	{"F6 /7", "idiv", "Eb | +AX", "u:oszapc", 0, opFunc(idiv8)},
	{"F7 /7", "idiv", "Ev | +rAX +rDX", "u:oszapc", 0, sized{1: idiv16, 2: idiv32, 3: idiv64}},
}}

// addFlags sets the flags of r = a + b.
func addFlags[T word](s *State, a, b, r T) {
	x := sext(r)
	s.fz, s.fs = x, x
	s.fx = sext(a ^ b ^ r)
	s.cf = b2u(r < a)
}

// adcFlags sets the flags of r = a + b + carry.
func adcFlags[T word](s *State, a, b, r T) {
	x := sext(r)
	s.fz, s.fs = x, x
	s.fx = sext(a ^ b ^ r)
	s.cf = uint64(((a & b) | ((a | b) &^ r)) >> (width[T]() - 1))
}

// subFlags sets the flags of r = a - b.
func subFlags[T word](s *State, a, b, r T) {
	x := sext(r)
	s.fz, s.fs = x, x
	s.fx = sext(a ^ b ^ r)
	s.cf = b2u(a < b)
}

// sbbFlags sets the flags of r = a - b - borrow.
func sbbFlags[T word](s *State, a, b, r T) {
	x := sext(r)
	s.fz, s.fs = x, x
	s.fx = sext(a ^ b ^ r)
	s.cf = uint64(((^a & b) | ((^a | b) & r)) >> (width[T]() - 1))
}

// cmpFlags sets the flags of a comparison of a with b.
func cmpFlags[T word](s *State, a, b T) {
	x := sext(a - b)
	s.fz, s.fs = x, x
	s.fx = sext(a ^ b ^ (a - b))
	s.cf = b2u(a < b)
}

// locked replaces the memory operand m by f(m, src), atomically, and returns
// the two inputs.
func locked[T word](s *State, o *op, f func(a, b T) T) (a, b T) {
	m := s.ea(o)
	b = src[T](s, o)
	for {
		a = load[T](s, m)
		if cas(s, m, a, f(a, b)) {
			return a, b
		}
	}
}

var addForms = &forms{
	rr: sized{addRR8, addRR[uint16], addRR32, addRR64},
	rm: sized{addRM8, addRM[uint16], addRM32, addRM64},
	mr: sized{addMR8, addMR[uint16], addMR32, addMR64},
	lk: sized{addLK8, addLK[uint16], addLK32, addLK64},
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
	a, b := locked(s, o, func(a, b T) T { return a + b })
	r := a + b
	addFlags(s, a, b, r)
	return o.after()
}

var adcForms = &forms{
	rr: sized{adcRR8, adcRR[uint16], adcRR32, adcRR64},
	rm: sized{adcRM8, adcRM[uint16], adcRM32, adcRM64},
	mr: sized{adcMR8, adcMR[uint16], adcMR32, adcMR64},
	lk: sized{adcLK8, adcLK[uint16], adcLK32, adcLK64},
}

func adcRR[T word](s *State, o *op) *op {
	a, b := reg[T](s, o.dst), src[T](s, o)
	c := T(s.cf)
	r := a + b + c
	setReg(s, o.dst, r)
	adcFlags(s, a, b, r)
	return o.after()
}

func adcRM[T word](s *State, o *op) *op {
	b := load[T](s, s.ea(o))
	a := reg[T](s, o.dst)
	c := T(s.cf)
	r := a + b + c
	setReg(s, o.dst, r)
	adcFlags(s, a, b, r)
	return o.after()
}

func adcMR[T word](s *State, o *op) *op {
	m := s.ea(o)
	a, b := load[T](s, m), src[T](s, o)
	c := T(s.cf)
	r := a + b + c
	store(s, m, r)
	adcFlags(s, a, b, r)
	return o.after()
}

func adcLK[T word](s *State, o *op) *op {
	c := T(s.cf)
	a, b := locked(s, o, func(a, b T) T { return a + b + c })
	r := a + b + c
	adcFlags(s, a, b, r)
	return o.after()
}

var subForms = &forms{
	rr: sized{subRR8, subRR[uint16], subRR32, subRR64},
	rm: sized{subRM8, subRM[uint16], subRM32, subRM64},
	mr: sized{subMR8, subMR[uint16], subMR32, subMR64},
	lk: sized{subLK8, subLK[uint16], subLK32, subLK64},
}

func subRR[T word](s *State, o *op) *op {
	a, b := reg[T](s, o.dst), src[T](s, o)
	r := a - b
	setReg(s, o.dst, r)
	subFlags(s, a, b, r)
	return o.after()
}

func subRM[T word](s *State, o *op) *op {
	b := load[T](s, s.ea(o))
	a := reg[T](s, o.dst)
	r := a - b
	setReg(s, o.dst, r)
	subFlags(s, a, b, r)
	return o.after()
}

func subMR[T word](s *State, o *op) *op {
	m := s.ea(o)
	a, b := load[T](s, m), src[T](s, o)
	r := a - b
	store(s, m, r)
	subFlags(s, a, b, r)
	return o.after()
}

func subLK[T word](s *State, o *op) *op {
	a, b := locked(s, o, func(a, b T) T { return a - b })
	r := a - b
	subFlags(s, a, b, r)
	return o.after()
}

var sbbForms = &forms{
	rr: sized{sbbRR8, sbbRR[uint16], sbbRR32, sbbRR64},
	rm: sized{sbbRM8, sbbRM[uint16], sbbRM32, sbbRM64},
	mr: sized{sbbMR8, sbbMR[uint16], sbbMR32, sbbMR64},
	lk: sized{sbbLK8, sbbLK[uint16], sbbLK32, sbbLK64},
}

func sbbRR[T word](s *State, o *op) *op {
	a, b := reg[T](s, o.dst), src[T](s, o)
	c := T(s.cf)
	r := a - b - c
	setReg(s, o.dst, r)
	sbbFlags(s, a, b, r)
	return o.after()
}

func sbbRM[T word](s *State, o *op) *op {
	b := load[T](s, s.ea(o))
	a := reg[T](s, o.dst)
	c := T(s.cf)
	r := a - b - c
	setReg(s, o.dst, r)
	sbbFlags(s, a, b, r)
	return o.after()
}

func sbbMR[T word](s *State, o *op) *op {
	m := s.ea(o)
	a, b := load[T](s, m), src[T](s, o)
	c := T(s.cf)
	r := a - b - c
	store(s, m, r)
	sbbFlags(s, a, b, r)
	return o.after()
}

func sbbLK[T word](s *State, o *op) *op {
	c := T(s.cf)
	a, b := locked(s, o, func(a, b T) T { return a - b - c })
	r := a - b - c
	sbbFlags(s, a, b, r)
	return o.after()
}

var cmpForms = &forms{
	rr: sized{cmpRR8, cmpRR[uint16], cmpRR32, cmpRR64},
	rm: sized{cmpRM8, cmpRM[uint16], cmpRM32, cmpRM64},
	mr: sized{cmpMR8, cmpMR[uint16], cmpMR32, cmpMR64},
}

func cmpRR[T word](s *State, o *op) *op {
	cmpFlags(s, reg[T](s, o.dst), src[T](s, o))
	return o.after()
}

func cmpRM[T word](s *State, o *op) *op {
	b := load[T](s, s.ea(o))
	cmpFlags(s, reg[T](s, o.dst), b)
	return o.after()
}

func cmpMR[T word](s *State, o *op) *op {
	a := load[T](s, s.ea(o))
	cmpFlags(s, a, src[T](s, o))
	return o.after()
}

// stepFlags sets the flags of r = a + 1 or a - 1: all but CF; over is the word
// whose top bit says that the result overflowed.
func stepFlags[T word](s *State, a, r, over T) {
	x := sext(r)
	s.fz, s.fs = x, x
	s.fx = uint64(a^r^1)&FlagA | (sext(over)>>63^s.cf)<<63
}

var incForms = &forms{
	rr: sized{incR8, incR[uint16], incR32, incR64},
	mr: sized{incM8, incM[uint16], incM32, incM64},
	lk: sized{incLK8, incLK[uint16], incLK32, incLK64},
}

func incR[T word](s *State, o *op) *op {
	a := reg[T](s, o.dst)
	r := a + 1
	setReg(s, o.dst, r)
	stepFlags(s, a, r, r&^a)
	return o.after()
}

func incM[T word](s *State, o *op) *op {
	m := s.ea(o)
	a := load[T](s, m)
	r := a + 1
	store(s, m, r)
	stepFlags(s, a, r, r&^a)
	return o.after()
}

func incLK[T word](s *State, o *op) *op {
	a, _ := locked(s, o, func(a, _ T) T { return a + 1 })
	r := a + 1
	stepFlags(s, a, r, r&^a)
	return o.after()
}

var decForms = &forms{
	rr: sized{decR8, decR[uint16], decR32, decR64},
	mr: sized{decM8, decM[uint16], decM32, decM64},
	lk: sized{decLK8, decLK[uint16], decLK32, decLK64},
}

func decR[T word](s *State, o *op) *op {
	a := reg[T](s, o.dst)
	r := a - 1
	setReg(s, o.dst, r)
	stepFlags(s, a, r, a&^r)
	return o.after()
}

func decM[T word](s *State, o *op) *op {
	m := s.ea(o)
	a := load[T](s, m)
	r := a - 1
	store(s, m, r)
	stepFlags(s, a, r, a&^r)
	return o.after()
}

func decLK[T word](s *State, o *op) *op {
	a, _ := locked(s, o, func(a, _ T) T { return a - 1 })
	r := a - 1
	stepFlags(s, a, r, a&^r)
	return o.after()
}

var negForms = &forms{
	rr: sized{negR8, negR[uint16], negR32, negR64},
	mr: sized{negR8, negR[uint16], negR32, negR64},
	lk: sized{negLK8, negLK[uint16], negLK32, negLK64},
}

func negR[T word](s *State, o *op) *op {
	a := rmDst[T](s, o)
	setRM(s, o, -a)
	subFlags(s, 0, a, -a)
	return o.after()
}

func negLK[T word](s *State, o *op) *op {
	a, _ := locked(s, o, func(a, _ T) T { return -a })
	subFlags(s, 0, a, -a)
	return o.after()
}
