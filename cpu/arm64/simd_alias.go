package arm64

// The aliases of Advanced SIMD, in the form of aliasRows.
var simdAliasRows = Section{Ref: "C7.1 Advanced SIMD and floating-point instructions: aliases", Rows: []Spec{
	{"mov", "0Q001110101mmmmm000111nnnnnddddd", "=Vd.b Vn.b", 0, sameRegisters},
	{"sxtl{2}", "0Q0011110iiiiiii101001nnnnnddddd", "=Vd.WIbhs Vn.Ibhs", 0, shiftsNot},
	{"uxtl{2}", "0Q1011110iiiiiii101001nnnnnddddd", "=Vd.WIbhs Vn.Ibhs", 0, shiftsNot},
	{"mov", "00001110000iiiii001111nnnnnddddd", "=Wd Vn.Ks[i]", 0, nil},
	{"mov", "01001110000iiiii001111nnnnnddddd", "=Xd Vn.Kd[i]", 0, nil},
	{"mov", "01001110000iiiii000111nnnnnddddd", "=Vd.Kbhs[i] Wn", 0, nil},
	{"mov", "01001110000iiiii000111nnnnnddddd", "=Vd.Kd[i] Xn", 0, nil},
	{"mov", "01101110000iiiii0jjjj1nnnnnddddd", "=Vd.K[i] Vn.K[j]", 0, nil},
	{"mov", "01011110000iiiii000001nnnnnddddd", "=Kd Vn.K[i]", 0, nil},
}}

// shiftsNot: the amount of a shift to the left is zero.
func shiftsNot(d *Inst) bool { return d.Field('i')&7 == 0 && d.Field('i')&(d.Field('i')-1) == 0 }
