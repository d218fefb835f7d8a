package x86

// A comparison and the conditional branch behind it make one operation. The
// flags are set all the same: whoever stands at either target may read them.

// shapes of the operands of CMP and TEST.
const (
	shapeRR = iota
	shapeRM
	shapeMR
)

// fusedCmp and fusedTest hold the functions by shape and by condition without
// its lowest bit; those that compilers do not use are absent.
var fusedCmp = [3][8]sized{
	{
		1: sized{cmpRRjb8, cmpRRjb[uint16], cmpRRjb32, cmpRRjb64},
		2: sized{cmpRRje8, cmpRRje[uint16], cmpRRje32, cmpRRje64},
		3: sized{cmpRRjbe8, cmpRRjbe[uint16], cmpRRjbe32, cmpRRjbe64},
		6: sized{cmpRRjl8, cmpRRjl[uint16], cmpRRjl32, cmpRRjl64},
		7: sized{cmpRRjle8, cmpRRjle[uint16], cmpRRjle32, cmpRRjle64},
	},
	{
		1: sized{cmpRMjb8, cmpRMjb[uint16], cmpRMjb32, cmpRMjb64},
		2: sized{cmpRMje8, cmpRMje[uint16], cmpRMje32, cmpRMje64},
		3: sized{cmpRMjbe8, cmpRMjbe[uint16], cmpRMjbe32, cmpRMjbe64},
		6: sized{cmpRMjl8, cmpRMjl[uint16], cmpRMjl32, cmpRMjl64},
		7: sized{cmpRMjle8, cmpRMjle[uint16], cmpRMjle32, cmpRMjle64},
	},
	{
		1: sized{cmpMRjb8, cmpMRjb[uint16], cmpMRjb32, cmpMRjb64},
		2: sized{cmpMRje8, cmpMRje[uint16], cmpMRje32, cmpMRje64},
		3: sized{cmpMRjbe8, cmpMRjbe[uint16], cmpMRjbe32, cmpMRjbe64},
		6: sized{cmpMRjl8, cmpMRjl[uint16], cmpMRjl32, cmpMRjl64},
		7: sized{cmpMRjle8, cmpMRjle[uint16], cmpMRjle32, cmpMRjle64},
	},
}

var fusedTest = [3][8]sized{
	shapeRR: {
		2: sized{testRRje8, testRRje[uint16], testRRje32, testRRje64},
		4: sized{testRRjs8, testRRjs[uint16], testRRjs32, testRRjs64},
		6: sized{testRRjs8, testRRjs[uint16], testRRjs32, testRRjs64},
		7: sized{testRRjle8, testRRjle[uint16], testRRjle32, testRRjle64},
	},
	shapeMR: {
		2: sized{testMRje8, testMRje[uint16], testMRje32, testMRje64},
		4: sized{testMRjs8, testMRjs[uint16], testMRjs32, testMRjs64},
		6: sized{testMRjs8, testMRjs[uint16], testMRjs32, testMRjs64},
		7: sized{testMRjle8, testMRjle[uint16], testMRjle32, testMRjle64},
	},
}

// fuse tries to make one operation of the conditional branch being bound and
// the comparison before it, which must be the instruction directly before and
// have made one operation.
func (b *binder) fuse() bool {
	p := &b.prev
	if p.Row == nil || len(b.ops) == 0 || b.prevOps != len(b.ops)-1 {
		return false
	}
	f, ok := p.Row.Do.(*forms)
	if !ok {
		return false
	}
	shape := shapeRR
	switch {
	case !p.HasMem:
	case p.Args[0].Kind == ArgMem:
		shape = shapeMR
	default:
		shape = shapeRM
	}
	cc := b.d.CC()
	var fn opFunc
	switch f {
	case cmpForms:
		fn = fusedCmp[shape][cc>>1][sizeIndex(p.Size)]
	case testForms:
		fn = fusedTest[shape][cc>>1][sizeIndex(p.Size)]
	}
	if fn == nil {
		return false
	}
	o := &b.ops[len(b.ops)-1]
	o.fn, o.cc = fn, cc
	o.aux = b.link(linkDirect, b.d.Args[0].Value)
	return true
}

func cmpRRje[T word](s *State, o *op) *op {
	a, b := reg[T](s, o.dst), src[T](s, o)
	cmpFlags(s, a, b)
	return s.branch(o, a == b)
}

func cmpRRjb[T word](s *State, o *op) *op {
	a, b := reg[T](s, o.dst), src[T](s, o)
	cmpFlags(s, a, b)
	return s.branch(o, a < b)
}

func cmpRRjbe[T word](s *State, o *op) *op {
	a, b := reg[T](s, o.dst), src[T](s, o)
	cmpFlags(s, a, b)
	return s.branch(o, a <= b)
}

func cmpRRjl[T word](s *State, o *op) *op {
	a, b := reg[T](s, o.dst), src[T](s, o)
	cmpFlags(s, a, b)
	return s.branch(o, int64(sext(a)) < int64(sext(b)))
}

func cmpRRjle[T word](s *State, o *op) *op {
	a, b := reg[T](s, o.dst), src[T](s, o)
	cmpFlags(s, a, b)
	return s.branch(o, int64(sext(a)) <= int64(sext(b)))
}

func cmpRMje[T word](s *State, o *op) *op {
	b := load[T](s, s.ea(o))
	a := reg[T](s, o.dst)
	cmpFlags(s, a, b)
	return s.branch(o, a == b)
}

func cmpRMjb[T word](s *State, o *op) *op {
	b := load[T](s, s.ea(o))
	a := reg[T](s, o.dst)
	cmpFlags(s, a, b)
	return s.branch(o, a < b)
}

func cmpRMjbe[T word](s *State, o *op) *op {
	b := load[T](s, s.ea(o))
	a := reg[T](s, o.dst)
	cmpFlags(s, a, b)
	return s.branch(o, a <= b)
}

func cmpRMjl[T word](s *State, o *op) *op {
	b := load[T](s, s.ea(o))
	a := reg[T](s, o.dst)
	cmpFlags(s, a, b)
	return s.branch(o, int64(sext(a)) < int64(sext(b)))
}

func cmpRMjle[T word](s *State, o *op) *op {
	b := load[T](s, s.ea(o))
	a := reg[T](s, o.dst)
	cmpFlags(s, a, b)
	return s.branch(o, int64(sext(a)) <= int64(sext(b)))
}

func cmpMRje[T word](s *State, o *op) *op {
	a, b := load[T](s, s.ea(o)), src[T](s, o)
	cmpFlags(s, a, b)
	return s.branch(o, a == b)
}

func cmpMRjb[T word](s *State, o *op) *op {
	a, b := load[T](s, s.ea(o)), src[T](s, o)
	cmpFlags(s, a, b)
	return s.branch(o, a < b)
}

func cmpMRjbe[T word](s *State, o *op) *op {
	a, b := load[T](s, s.ea(o)), src[T](s, o)
	cmpFlags(s, a, b)
	return s.branch(o, a <= b)
}

func cmpMRjl[T word](s *State, o *op) *op {
	a, b := load[T](s, s.ea(o)), src[T](s, o)
	cmpFlags(s, a, b)
	return s.branch(o, int64(sext(a)) < int64(sext(b)))
}

func cmpMRjle[T word](s *State, o *op) *op {
	a, b := load[T](s, s.ea(o)), src[T](s, o)
	cmpFlags(s, a, b)
	return s.branch(o, int64(sext(a)) <= int64(sext(b)))
}

func testRRje[T word](s *State, o *op) *op {
	r := reg[T](s, o.dst) & src[T](s, o)
	logicFlags(s, r)
	return s.branch(o, r == 0)
}

func testRRjs[T word](s *State, o *op) *op {
	r := reg[T](s, o.dst) & src[T](s, o)
	logicFlags(s, r)
	return s.branch(o, int64(sext(r)) < 0)
}

func testRRjle[T word](s *State, o *op) *op {
	r := reg[T](s, o.dst) & src[T](s, o)
	logicFlags(s, r)
	return s.branch(o, int64(sext(r)) <= 0)
}

func testMRje[T word](s *State, o *op) *op {
	r := load[T](s, s.ea(o)) & src[T](s, o)
	logicFlags(s, r)
	return s.branch(o, r == 0)
}

func testMRjs[T word](s *State, o *op) *op {
	r := load[T](s, s.ea(o)) & src[T](s, o)
	logicFlags(s, r)
	return s.branch(o, int64(sext(r)) < 0)
}

func testMRjle[T word](s *State, o *op) *op {
	r := load[T](s, s.ea(o)) & src[T](s, o)
	logicFlags(s, r)
	return s.branch(o, int64(sext(r)) <= 0)
}
