package x86

import "math/bits"

// ADCX and ADOX: two chains of additions side by side.
var adxRows = Section{Ref: "Vol. 2A, ADCX and ADOX", Feature: "ADX", Rows: []Spec{
	{"66 0F 38 F6 /r", "adcx", "+Gy Ey", "r:c w:c", W64, sized{2: adcx32, 3: adcx64}},
	{"F3 0F 38 F6 /r", "adox", "+Gy Ey", "r:o w:o", W64, sized{2: adox32, 3: adox64}},
}}

// adcx and adox add with a carry that is in CF and in OF, and change that flag
// only.

func adcx[T word](s *State, o *op) *op {
	sum, c := addCarry(reg[T](s, o.dst), rm[T](s, o), s.cf)
	setReg(s, o.dst, sum)
	s.setCF(c)
	return o.after()
}

func adox[T word](s *State, o *op) *op {
	sum, c := addCarry(reg[T](s, o.dst), rm[T](s, o), s.fx>>63^s.cf)
	setReg(s, o.dst, sum)
	s.setCO(s.cf, c)
	return o.after()
}

func addCarry[T word](a, b T, c uint64) (sum T, carry uint64) {
	if width[T]() == 64 {
		r, carry := bits.Add64(uint64(a), uint64(b), c)
		return T(r), carry
	}
	r := uint64(a) + uint64(b) + c
	return T(r), r >> width[T]()
}
