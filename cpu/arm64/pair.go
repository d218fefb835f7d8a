package arm64

// Loads and stores of register pairs (C3.2.3, C3.2.4). The no-allocate forms
// are pairs with a hint.
func pairRows() Section {
	return Section{Ref: "C3.2.3 Load/Store Pair", Rows: []Spec{
		{"stnp", "0010100000iiiiiiiuuuuunnnnnttttt", "Wt Wu =[n,#p]:4x2", 0, opFunc(stpImm32)},
		{"ldnp", "0010100001iiiiiiiuuuuunnnnnttttt", "=Wt =Wu [n,#p]:4x2", 0, opFunc(ldpImm32)},
		{"stnp", "1010100000iiiiiiiuuuuunnnnnttttt", "Xt Xu =[n,#p]:8x2", 0, opFunc(stpImm64)},
		{"ldnp", "1010100001iiiiiiiuuuuunnnnnttttt", "=Xt =Xu [n,#p]:8x2", 0, opFunc(ldpImm64)},

		{"stp", "0010100010iiiiiiiuuuuunnnnnttttt", "Wt Wu =[n],#p:4x2", 0, opFunc(stpPost32)},
		{"ldp", "0010100011iiiiiiiuuuuunnnnnttttt", "=Wt =Wu [n],#p:4x2", 0, opFunc(ldpPost32)},
		{"stp", "1010100010iiiiiiiuuuuunnnnnttttt", "Xt Xu =[n],#p:8x2", 0, opFunc(stpPost64)},
		{"ldp", "1010100011iiiiiiiuuuuunnnnnttttt", "=Xt =Xu [n],#p:8x2", 0, opFunc(ldpPost64)},
		{"ldpsw", "0110100011iiiiiiiuuuuunnnnnttttt", "=Xt =Xu [n],#p:4x2", 0, opFunc(ldpswPost)},

		{"stp", "0010100100iiiiiiiuuuuunnnnnttttt", "Wt Wu =[n,#p]:4x2", 0, opFunc(stpImm32)},
		{"ldp", "0010100101iiiiiiiuuuuunnnnnttttt", "=Wt =Wu [n,#p]:4x2", 0, opFunc(ldpImm32)},
		{"stp", "1010100100iiiiiiiuuuuunnnnnttttt", "Xt Xu =[n,#p]:8x2", 0, opFunc(stpImm64)},
		{"ldp", "1010100101iiiiiiiuuuuunnnnnttttt", "=Xt =Xu [n,#p]:8x2", 0, opFunc(ldpImm64)},
		{"ldpsw", "0110100101iiiiiiiuuuuunnnnnttttt", "=Xt =Xu [n,#p]:4x2", 0, opFunc(ldpswImm)},

		{"stp", "0010100110iiiiiiiuuuuunnnnnttttt", "Wt Wu =[n,#p]!:4x2", 0, opFunc(stpPre32)},
		{"ldp", "0010100111iiiiiiiuuuuunnnnnttttt", "=Wt =Wu [n,#p]!:4x2", 0, opFunc(ldpPre32)},
		{"stp", "1010100110iiiiiiiuuuuunnnnnttttt", "Xt Xu =[n,#p]!:8x2", 0, opFunc(stpPre64)},
		{"ldp", "1010100111iiiiiiiuuuuunnnnnttttt", "=Xt =Xu [n,#p]!:8x2", 0, opFunc(ldpPre64)},
		{"ldpsw", "0110100111iiiiiiiuuuuunnnnnttttt", "=Xt =Xu [n,#p]!:4x2", 0, opFunc(ldpswPre)},
	}}
}

// A pair is one access of twice the size, so that a fault changes nothing.

func (s *State) loadPair32(o *op, a uint32) {
	v := s.mem.Load64(a)
	s.R[o.rd&63], s.R[o.ra&63] = uint64(uint32(v)), v>>32
}

func (s *State) storePair32(o *op, a uint32) {
	s.mem.Store64(a, uint64(uint32(s.R[o.rd&63]))|s.R[o.ra&63]<<32)
}

func ldpImm32(s *State, o *op) *op {
	s.loadPair32(o, uint32(s.R[o.rn&63]+o.imm))
	return o.after()
}

func ldpPre32(s *State, o *op) *op {
	a := s.R[o.rn&63] + o.imm
	s.loadPair32(o, uint32(a))
	s.R[o.rn&63] = a
	return o.after()
}

func ldpPost32(s *State, o *op) *op {
	a := s.R[o.rn&63]
	s.loadPair32(o, uint32(a))
	s.R[o.rn&63] = a + o.imm
	return o.after()
}

func stpImm32(s *State, o *op) *op {
	s.storePair32(o, uint32(s.R[o.rn&63]+o.imm))
	return o.after()
}

func stpPre32(s *State, o *op) *op {
	a := s.R[o.rn&63] + o.imm
	s.storePair32(o, uint32(a))
	s.R[o.rn&63] = a
	return o.after()
}

func stpPost32(s *State, o *op) *op {
	a := s.R[o.rn&63]
	s.storePair32(o, uint32(a))
	s.R[o.rn&63] = a + o.imm
	return o.after()
}

func ldpImm64(s *State, o *op) *op {
	s.R[o.rd&63], s.R[o.ra&63] = s.mem.Load128(uint32(s.R[o.rn&63] + o.imm))
	return o.after()
}

func ldpPre64(s *State, o *op) *op {
	a := s.R[o.rn&63] + o.imm
	s.R[o.rd&63], s.R[o.ra&63] = s.mem.Load128(uint32(a))
	s.R[o.rn&63] = a
	return o.after()
}

func ldpPost64(s *State, o *op) *op {
	a := s.R[o.rn&63]
	s.R[o.rd&63], s.R[o.ra&63] = s.mem.Load128(uint32(a))
	s.R[o.rn&63] = a + o.imm
	return o.after()
}

func stpImm64(s *State, o *op) *op {
	s.mem.Store128(uint32(s.R[o.rn&63]+o.imm), s.R[o.rd&63], s.R[o.ra&63])
	return o.after()
}

func stpPre64(s *State, o *op) *op {
	a := s.R[o.rn&63] + o.imm
	s.mem.Store128(uint32(a), s.R[o.rd&63], s.R[o.ra&63])
	s.R[o.rn&63] = a
	return o.after()
}

func stpPost64(s *State, o *op) *op {
	a := s.R[o.rn&63]
	s.mem.Store128(uint32(a), s.R[o.rd&63], s.R[o.ra&63])
	s.R[o.rn&63] = a + o.imm
	return o.after()
}

// signed extends both registers of a pair.
func (s *State) signed(o *op) {
	s.R[o.rd&63] = uint64(int64(int32(s.R[o.rd&63])))
	s.R[o.ra&63] = uint64(int64(int32(s.R[o.ra&63])))
}

func ldpswImm(s *State, o *op) *op {
	s.loadPair32(o, uint32(s.R[o.rn&63]+o.imm))
	s.signed(o)
	return o.after()
}

func ldpswPre(s *State, o *op) *op {
	a := s.R[o.rn&63] + o.imm
	s.loadPair32(o, uint32(a))
	s.signed(o)
	s.R[o.rn&63] = a
	return o.after()
}

func ldpswPost(s *State, o *op) *op {
	a := s.R[o.rn&63]
	s.loadPair32(o, uint32(a))
	s.signed(o)
	s.R[o.rn&63] = a + o.imm
	return o.after()
}
