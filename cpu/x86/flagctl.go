package x86

// Flag control (Vol. 1, 5.1.11 and 7.3.13).
var flagRows = Section{Ref: "Vol. 1, 5.1.11 Flag Control (EFLAG) Instructions", Rows: []Spec{
	{"F8", "clc", "", "w:c", 0, opFunc(clc)},
	{"F9", "stc", "", "w:c", 0, opFunc(stc)},
	{"F5", "cmc", "", "r:c w:c", 0, opFunc(cmc)},
	{"FC", "cld", "", "w:d", 0, opFunc(cld)},
	{"FD", "std", "", "w:d", 0, opFunc(std)},
	{"9F", "lahf", "| =AH", "r:szapc", 0, opFunc(lahf)},
	{"9E", "sahf", "| AH", "w:szapc", 0, opFunc(sahf)},
	{"9C", "pushf/pushfd/pushfq", "| +RSP =Tv", "r:oszapcd", D64, sized{1: pushf[uint16], 3: pushf64}},
	{"9D", "popf/popfd/popfq", "| +RSP Tv", "w:oszapcd", D64, sized{1: popf[uint16], 3: popf64}},
}}

func clc(s *State, o *op) *op { s.setCF(0); return o.after() }
func stc(s *State, o *op) *op { s.setCF(1); return o.after() }
func cmc(s *State, o *op) *op { s.setCF(s.cf ^ 1); return o.after() }
func cld(s *State, o *op) *op { s.df = 0; return o.after() }
func std(s *State, o *op) *op { s.df = 1; return o.after() }

func lahf(s *State, o *op) *op {
	setReg(s, RAX+high, uint8(s.Flags()))
	return o.after()
}

func sahf(s *State, o *op) *op {
	f := uint64(reg[uint8](s, RAX+high))
	s.setStatus(f&0xff | s.status()&FlagO)
	return o.after()
}

func pushf[T word](s *State, o *op) *op {
	s.pushed(s.Flags(), width[T]())
	return o.after()
}

func popf[T word](s *State, o *op) *op {
	sp := s.R[RSP]
	f := uint64(load[T](s, uint32(sp)))
	s.R[RSP] = sp + uint64(width[T]()/8)
	id := s.id
	s.SetFlags(f)
	if width[T]() == 16 {
		s.id = id
	}
	return o.after()
}
