package arm64

// Stores of one register (C3.2).
func storeRows() Section {
	return Section{Ref: "C3.2 Loads and stores", Rows: []Spec{
		{"strb", "0011100100iiiiiiiiiiiinnnnnttttt", "Wt =[n,#u]:1", 0, opFunc(strImm8)},
		{"strh", "0111100100iiiiiiiiiiiinnnnnttttt", "Wt =[n,#u]:2", 0, opFunc(strImm16)},
		{"str", "1011100100iiiiiiiiiiiinnnnnttttt", "Wt =[n,#u]:4", 0, opFunc(strImm32)},
		{"str", "1111100100iiiiiiiiiiiinnnnnttttt", "Xt =[n,#u]:8", 0, opFunc(strImm64)},

		{"sturb", "00111000000iiiiiiiii00nnnnnttttt", "Wt =[n,#i]:1", 0, opFunc(strImm8)},
		{"sturh", "01111000000iiiiiiiii00nnnnnttttt", "Wt =[n,#i]:2", 0, opFunc(strImm16)},
		{"stur", "10111000000iiiiiiiii00nnnnnttttt", "Wt =[n,#i]:4", 0, opFunc(strImm32)},
		{"stur", "11111000000iiiiiiiii00nnnnnttttt", "Xt =[n,#i]:8", 0, opFunc(strImm64)},

		{"strb", "00111000000iiiiiiiii01nnnnnttttt", "Wt =[n],#i:1", 0, opFunc(strPost8)},
		{"strh", "01111000000iiiiiiiii01nnnnnttttt", "Wt =[n],#i:2", 0, opFunc(strPost16)},
		{"str", "10111000000iiiiiiiii01nnnnnttttt", "Wt =[n],#i:4", 0, opFunc(strPost32)},
		{"str", "11111000000iiiiiiiii01nnnnnttttt", "Xt =[n],#i:8", 0, opFunc(strPost64)},

		{"sttrb", "00111000000iiiiiiiii10nnnnnttttt", "Wt =[n,#i]:1", 0, opFunc(strImm8)},
		{"sttrh", "01111000000iiiiiiiii10nnnnnttttt", "Wt =[n,#i]:2", 0, opFunc(strImm16)},
		{"sttr", "10111000000iiiiiiiii10nnnnnttttt", "Wt =[n,#i]:4", 0, opFunc(strImm32)},
		{"sttr", "11111000000iiiiiiiii10nnnnnttttt", "Xt =[n,#i]:8", 0, opFunc(strImm64)},

		{"strb", "00111000000iiiiiiiii11nnnnnttttt", "Wt =[n,#i]!:1", 0, opFunc(strPre8)},
		{"strh", "01111000000iiiiiiiii11nnnnnttttt", "Wt =[n,#i]!:2", 0, opFunc(strPre16)},
		{"str", "10111000000iiiiiiiii11nnnnnttttt", "Wt =[n,#i]!:4", 0, opFunc(strPre32)},
		{"str", "11111000000iiiiiiiii11nnnnnttttt", "Xt =[n,#i]!:8", 0, opFunc(strPre64)},

		{"strb", "00111000001mmmmmoooS10nnnnnttttt", "Wt =[n,Rm,ext]:1", 0, indexed(strLSL8, strImm8)},
		{"strh", "01111000001mmmmmoooS10nnnnnttttt", "Wt =[n,Rm,ext]:2", 0, indexed(strLSL16, strImm16)},
		{"str", "10111000001mmmmmoooS10nnnnnttttt", "Wt =[n,Rm,ext]:4", 0, indexed(strLSL32, strImm32)},
		{"str", "11111000001mmmmmoooS10nnnnnttttt", "Xt =[n,Rm,ext]:8", 0, indexed(strLSL64, strImm64)},
	}}
}

func strImm[T unit](s *State, o *op) *op {
	store(s, uint32(s.R[o.rn&63]+o.imm), T(s.R[o.rd&63]))
	return o.after()
}

func strLSL[T unit](s *State, o *op) *op {
	store(s, uint32(s.R[o.rn&63]+s.R[o.rm&63]<<(o.sh&63)), T(s.R[o.rd&63]))
	return o.after()
}

func strPre[T unit](s *State, o *op) *op {
	a := s.R[o.rn&63] + o.imm
	store(s, uint32(a), T(s.R[o.rd&63]))
	s.R[o.rn&63] = a
	return o.after()
}

func strPost[T unit](s *State, o *op) *op {
	a := s.R[o.rn&63]
	store(s, uint32(a), T(s.R[o.rd&63]))
	s.R[o.rn&63] = a + o.imm
	return o.after()
}
