package x86

// Shifts and rotates (Vol. 1, 5.1.5 and 7.3.6).
var shiftRows = Section{Ref: "Vol. 1, 5.1.5 Shift and Rotate Instructions", Rows: []Spec{
	{"C0 /0", "rol", "+Eb Ib", "m:oc u:o", 0, rolBy},
	{"C1 /0", "rol", "+Ev Ib", "m:oc u:o", 0, rolBy},
	{"D0 /0", "rol", "+Eb 1", "w:oc", 0, rolBy},
	{"D1 /0", "rol", "+Ev 1", "w:oc", 0, rolBy},
	{"D2 /0", "rol", "+Eb CL", "m:oc u:o", 0, rolBy},
	{"D3 /0", "rol", "+Ev CL", "m:oc u:o", 0, rolBy},
	{"C0 /1", "ror", "+Eb Ib", "m:oc u:o", 0, rorBy},
	{"C1 /1", "ror", "+Ev Ib", "m:oc u:o", 0, rorBy},
	{"D0 /1", "ror", "+Eb 1", "w:oc", 0, rorBy},
	{"D1 /1", "ror", "+Ev 1", "w:oc", 0, rorBy},
	{"D2 /1", "ror", "+Eb CL", "m:oc u:o", 0, rorBy},
	{"D3 /1", "ror", "+Ev CL", "m:oc u:o", 0, rorBy},
	{"C0 /2", "rcl", "+Eb Ib", "r:c m:oc u:o", 0, rclBy},
	{"C1 /2", "rcl", "+Ev Ib", "r:c m:oc u:o", 0, rclBy},
	{"D0 /2", "rcl", "+Eb 1", "r:c w:oc", 0, rclBy},
	{"D1 /2", "rcl", "+Ev 1", "r:c w:oc", 0, rclBy},
	{"D2 /2", "rcl", "+Eb CL", "r:c m:oc u:o", 0, rclBy},
	{"D3 /2", "rcl", "+Ev CL", "r:c m:oc u:o", 0, rclBy},
	{"C0 /3", "rcr", "+Eb Ib", "r:c m:oc u:o", 0, rcrBy},
	{"C1 /3", "rcr", "+Ev Ib", "r:c m:oc u:o", 0, rcrBy},
	{"D0 /3", "rcr", "+Eb 1", "r:c w:oc", 0, rcrBy},
	{"D1 /3", "rcr", "+Ev 1", "r:c w:oc", 0, rcrBy},
	{"D2 /3", "rcr", "+Eb CL", "r:c m:oc u:o", 0, rcrBy},
	{"D3 /3", "rcr", "+Ev CL", "r:c m:oc u:o", 0, rcrBy},
	{"C0 /4", "shl", "+Eb Ib", "m:oszapc u:oa", 0, shlForms},
	{"C1 /4", "shl", "+Ev Ib", "m:oszapc u:oa", 0, shlForms},
	{"D0 /4", "shl", "+Eb 1", "w:oszpc u:a", 0, shlForms},
	{"D1 /4", "shl", "+Ev 1", "w:oszpc u:a", 0, shlForms},
	{"D2 /4", "shl", "+Eb CL", "m:oszapc u:oa", 0, shlForms},
	{"D3 /4", "shl", "+Ev CL", "m:oszapc u:oa", 0, shlForms},
	{"C0 /5", "shr", "+Eb Ib", "m:oszapc u:oa", 0, shrForms},
	{"C1 /5", "shr", "+Ev Ib", "m:oszapc u:oa", 0, shrForms},
	{"D0 /5", "shr", "+Eb 1", "w:oszpc u:a", 0, shrForms},
	{"D1 /5", "shr", "+Ev 1", "w:oszpc u:a", 0, shrForms},
	{"D2 /5", "shr", "+Eb CL", "m:oszapc u:oa", 0, shrForms},
	{"D3 /5", "shr", "+Ev CL", "m:oszapc u:oa", 0, shrForms},
	{"C0 /6", "shl", "+Eb Ib", "m:oszapc u:oa", 0, shlForms},
	{"C1 /6", "shl", "+Ev Ib", "m:oszapc u:oa", 0, shlForms},
	{"D0 /6", "shl", "+Eb 1", "w:oszpc u:a", 0, shlForms},
	{"D1 /6", "shl", "+Ev 1", "w:oszpc u:a", 0, shlForms},
	{"D2 /6", "shl", "+Eb CL", "m:oszapc u:oa", 0, shlForms},
	{"D3 /6", "shl", "+Ev CL", "m:oszapc u:oa", 0, shlForms},
	{"C0 /7", "sar", "+Eb Ib", "m:oszapc u:oa", 0, sarForms},
	{"C1 /7", "sar", "+Ev Ib", "m:oszapc u:oa", 0, sarForms},
	{"D0 /7", "sar", "+Eb 1", "w:oszpc u:a", 0, sarForms},
	{"D1 /7", "sar", "+Ev 1", "w:oszpc u:a", 0, sarForms},
	{"D2 /7", "sar", "+Eb CL", "m:oszapc u:oa", 0, sarForms},
	{"D3 /7", "sar", "+Ev CL", "m:oszapc u:oa", 0, sarForms},
	{"0F A4 /r", "shld", "+Ev Gv Ib", "m:oszapc u:oa", 0, shldBy},
	{"0F A5 /r", "shld", "+Ev Gv CL", "m:oszapc u:oa", 0, shldBy},
	{"0F AC /r", "shrd", "+Ev Gv Ib", "m:oszapc u:oa", 0, shrdBy},
	{"0F AD /r", "shrd", "+Ev Gv CL", "m:oszapc u:oa", 0, shrdBy},
}}

// A count is taken modulo 32, or 64 for 64-bit operands; a count of zero
// changes no flag. Where the manual leaves OF undefined (counts above one) we
// do as Intel processors: OF is what a count of one would give (but see
// rotateOF). AF is cleared by shifts.

var (
	shlForms = &forms{
		rr: sized{shlR8, shlR[uint16], shlR32, shlR64},
		mr: sized{shlM8, shlM[uint16], shlM32, shlM64},
	}
	shrForms = &forms{
		rr: sized{shrR8, shrR[uint16], shrR32, shrR64},
		mr: sized{shrM8, shrM[uint16], shrM32, shrM64},
	}
	sarForms = &forms{
		rr: sized{sarR8, sarR[uint16], sarR32, sarR64},
		mr: sized{sarM8, sarM[uint16], sarM32, sarM64},
	}
	rolBy  = &sized{rol8, rol[uint16], rol32, rol64}
	rorBy  = &sized{ror8, ror[uint16], ror32, ror64}
	rclBy  = &sized{rcl8, rcl[uint16], rcl32, rcl64}
	rcrBy  = &sized{rcr8, rcr[uint16], rcr32, rcr64}
	shldBy = &sized{1: shld[uint16], 2: shld32, 3: shld64}
	shrdBy = &sized{1: shrd[uint16], 2: shrd32, 3: shrd64}
)

// shiftCount is the masked count: register src (CL) or the immediate.
func shiftCount[T word](s *State, o *op) uint {
	n := uint(s.R[o.src&31]) + uint(o.imm)
	if width[T]() == 64 {
		return n & 63
	}
	return n & 31
}

// shiftFlags sets the flags of a shift by a count that is not zero; the lowest
// bits of c and of over are CF and OF.
func shiftFlags[T word](s *State, r T, c, over uint64) {
	x := sext(r)
	s.fz, s.fs = x, x
	s.cf = c & 1
	s.fx = (c ^ over) << 63
}

func shlR[T word](s *State, o *op) *op {
	a, n := reg[T](s, o.dst), shiftCount[T](s, o)
	r := a << n
	setReg(s, o.dst, r)
	if n != 0 {
		shlFlags(s, a, r, n)
	}
	return o.after()
}

func shlM[T word](s *State, o *op) *op {
	m := s.ea(o)
	a, n := load[T](s, m), shiftCount[T](s, o)
	r := a << n
	store(s, m, r)
	if n != 0 {
		shlFlags(s, a, r, n)
	}
	return o.after()
}

func shlFlags[T word](s *State, a, r T, n uint) {
	w := width[T]()
	shiftFlags(s, r, uint64(a<<(n-1)>>(w-1)), uint64(a>>(w-1)^a>>(w-2)))
}

func shrR[T word](s *State, o *op) *op {
	a, n := reg[T](s, o.dst), shiftCount[T](s, o)
	r := a >> n
	setReg(s, o.dst, r)
	if n != 0 {
		shiftFlags(s, r, uint64(a>>(n-1)), uint64(a>>(width[T]()-1)))
	}
	return o.after()
}

func shrM[T word](s *State, o *op) *op {
	m := s.ea(o)
	a, n := load[T](s, m), shiftCount[T](s, o)
	r := a >> n
	store(s, m, r)
	if n != 0 {
		shiftFlags(s, r, uint64(a>>(n-1)), uint64(a>>(width[T]()-1)))
	}
	return o.after()
}

func sarR[T word](s *State, o *op) *op {
	a, n := int64(sext(reg[T](s, o.dst))), shiftCount[T](s, o)
	r := T(a >> n)
	setReg(s, o.dst, r)
	if n != 0 {
		shiftFlags(s, r, uint64(a>>(n-1)), 0)
	}
	return o.after()
}

func sarM[T word](s *State, o *op) *op {
	m := s.ea(o)
	a, n := int64(sext(load[T](s, m))), shiftCount[T](s, o)
	r := T(a >> n)
	store(s, m, r)
	if n != 0 {
		shiftFlags(s, r, uint64(a>>(n-1)), 0)
	}
	return o.after()
}

func rol[T word](s *State, o *op) *op {
	a, n, w := rmDst[T](s, o), shiftCount[T](s, o), width[T]()
	k := n & (w - 1)
	r := a<<k | a>>(w-k)
	setRM(s, o, r)
	if n != 0 {
		s.setCO(uint64(r&1), s.rotateOF(o, n, uint64(a>>(w-1)^a>>(w-2))))
	}
	return o.after()
}

// rotateOF is OF after ROL or ROR by n: by a count of one, and in the forms
// with CL, what a count of one gives; by an immediate above one it is kept if
// the operand is a register, and cleared if it is memory.
func (s *State) rotateOF(o *op, n uint, one uint64) uint64 {
	if o.src == Zero && n != 1 {
		if o.mem {
			return 0
		}
		return s.fx>>63 ^ s.cf
	}
	return one & 1
}

func ror[T word](s *State, o *op) *op {
	a, n, w := rmDst[T](s, o), shiftCount[T](s, o), width[T]()
	k := n & (w - 1)
	r := a>>k | a<<(w-k)
	setRM(s, o, r)
	if n != 0 {
		s.setCO(uint64(r>>(w-1)), s.rotateOF(o, n, uint64(a>>(w-1)^a)))
	}
	return o.after()
}

// rcl and rcr rotate through the carry: w+1 bits.
func rcl[T word](s *State, o *op) *op {
	a, w := rmDst[T](s, o), width[T]()
	n := shiftCount[T](s, o) % (w + 1)
	c := T(s.cf)
	r := a
	if n != 0 {
		r = a<<n | c<<(n-1) | a>>1>>(w-n)
	}
	setRM(s, o, r)
	if n != 0 {
		s.setCO(uint64(a>>(w-n))&1, uint64(a>>(w-1)^a>>(w-2))&1)
	}
	return o.after()
}

func rcr[T word](s *State, o *op) *op {
	a, w := rmDst[T](s, o), width[T]()
	n := shiftCount[T](s, o) % (w + 1)
	c := T(s.cf)
	r := a
	if n != 0 {
		r = a>>n | c<<(w-n) | a<<1<<(w-n)
	}
	setRM(s, o, r)
	if n != 0 {
		s.setCO(uint64(a>>(n-1))&1, uint64(a>>(w-1)^c)&1)
	}
	return o.after()
}

// doubleCount is the count of SHLD and SHRD: the immediate, or CL, which is
// the third operand.
func doubleCount[T word](s *State, o *op) uint {
	n := uint(s.R[o.aux&31]) + uint(o.imm)
	if width[T]() == 64 {
		return n & 63
	}
	return n & 31
}

// shld and shrd with a 16-bit operand and a count above 16 are undefined;
// Intel processors shift in the destination again behind the source.
func shld[T word](s *State, o *op) *op {
	a, b, n, w := rmDst[T](s, o), reg[T](s, o.src), doubleCount[T](s, o), width[T]()
	r, c := a, uint64(0)
	if n > w {
		r = b<<(n-w) | a>>(2*w-n)
		c = uint64(b >> (2*w - n))
	} else if n != 0 {
		r = a<<n | b>>(w-n)
		c = uint64(a >> (w - n))
	}
	setRM(s, o, r)
	if n != 0 {
		shiftFlags(s, r, c, uint64(a>>(w-1)^a>>(w-2)))
	}
	return o.after()
}

func shrd[T word](s *State, o *op) *op {
	a, b, n, w := rmDst[T](s, o), reg[T](s, o.src), doubleCount[T](s, o), width[T]()
	r, c := a, uint64(0)
	if n > w {
		r = b>>(n-w) | a<<(2*w-n)
		c = uint64(b >> (n - w - 1))
	} else if n != 0 {
		r = a>>n | b<<(w-n)
		c = uint64(a >> (n - 1))
	}
	setRM(s, o, r)
	if n != 0 {
		shiftFlags(s, r, c, uint64(b^a>>(w-1)))
	}
	return o.after()
}
