package arm64

import "math/bits"

// Data processing with registers (C3.4).
func registerRows() Section {
	return Section{Ref: "C3.4 Data processing - register", Rows: []Spec{
		{"add", "z0001011kk0mmmmmiiiiiinnnnnddddd", "=Rd Rn Rm,shift", 0, shiftedBy(addReg32, addReg64)},
		{"adds", "z0101011kk0mmmmmiiiiiinnnnnddddd", "=Rd Rn Rm,shift", SetsFlags, shiftedBy(addsReg32, addsReg64)},
		{"sub", "z1001011kk0mmmmmiiiiiinnnnnddddd", "=Rd Rn Rm,shift", 0, shiftedBy(subReg32, subReg64)},
		{"subs", "z1101011kk0mmmmmiiiiiinnnnnddddd", "=Rd Rn Rm,shift", SetsFlags, fusible(shiftedBy(subsReg32, subsReg64), &fusedSubs[0])},

		{"add", "z0001011001mmmmmoooiiinnnnnddddd", "=Rd|SP Rn|SP Rm,ext", 0, extendedBy(addReg32, addReg64)},
		{"adds", "z0101011001mmmmmoooiiinnnnnddddd", "=Rd Rn|SP Rm,ext", SetsFlags, extendedBy(addsReg32, addsReg64)},
		{"sub", "z1001011001mmmmmoooiiinnnnnddddd", "=Rd|SP Rn|SP Rm,ext", 0, extendedBy(subReg32, subReg64)},
		{"subs", "z1101011001mmmmmoooiiinnnnnddddd", "=Rd Rn|SP Rm,ext", SetsFlags, fusible(extendedBy(subsReg32, subsReg64), &fusedSubs[0])},

		{"and", "z0001010kk0mmmmmiiiiiinnnnnddddd", "=Rd Rn Rm,ror", 0, shiftedBy(andReg32, andReg64)},
		{"bic", "z0001010kk1mmmmmiiiiiinnnnnddddd", "=Rd Rn Rm,ror", 0, shiftedBy(bicReg32, bicReg64)},
		{"orr", "z0101010kk0mmmmmiiiiiinnnnnddddd", "=Rd Rn Rm,ror", 0, bindOrr},
		{"orn", "z0101010kk1mmmmmiiiiiinnnnnddddd", "=Rd Rn Rm,ror", 0, shiftedBy(ornReg32, ornReg64)},
		{"eor", "z1001010kk0mmmmmiiiiiinnnnnddddd", "=Rd Rn Rm,ror", 0, shiftedBy(eorReg32, eorReg64)},
		{"eon", "z1001010kk1mmmmmiiiiiinnnnnddddd", "=Rd Rn Rm,ror", 0, shiftedBy(eonReg32, eonReg64)},
		{"ands", "z1101010kk0mmmmmiiiiiinnnnnddddd", "=Rd Rn Rm,ror", SetsFlags, fusible(shiftedBy(andsReg32, andsReg64), &fusedAnds[0])},
		{"bics", "z1101010kk1mmmmmiiiiiinnnnnddddd", "=Rd Rn Rm,ror", SetsFlags, shiftedBy(bicsReg32, bicsReg64)},

		{"adc", "z0011010000mmmmm000000nnnnnddddd", "=Rd Rn Rm", ReadsFlags, wide{adc32, adc64}},
		{"adcs", "z0111010000mmmmm000000nnnnnddddd", "=Rd Rn Rm", SetsFlags | ReadsFlags, wide{adcs32, adcs64}},
		{"sbc", "z1011010000mmmmm000000nnnnnddddd", "=Rd Rn Rm", ReadsFlags, wide{sbc32, sbc64}},
		{"sbcs", "z1111010000mmmmm000000nnnnnddddd", "=Rd Rn Rm", SetsFlags | ReadsFlags, wide{sbcs32, sbcs64}},

		{"ccmn", "z0111010010mmmmmcccc00nnnnn0eeee", "Rn Rm #e cond", SetsFlags | ReadsFlags, compareIf(ccmn32, ccmn64)},
		{"ccmp", "z1111010010mmmmmcccc00nnnnn0eeee", "Rn Rm #e cond", SetsFlags | ReadsFlags, compareIf(ccmp32, ccmp64)},
		{"ccmn", "z0111010010iiiiicccc10nnnnn0eeee", "Rn #i #e cond", SetsFlags | ReadsFlags, compareIf(ccmn32, ccmn64)},
		{"ccmp", "z1111010010iiiiicccc10nnnnn0eeee", "Rn #i #e cond", SetsFlags | ReadsFlags, compareIf(ccmp32, ccmp64)},

		{"csel", "z0011010100mmmmmcccc00nnnnnddddd", "=Rd Rn Rm cond", ReadsFlags, wide{csel32, csel64}},
		{"csinc", "z0011010100mmmmmcccc01nnnnnddddd", "=Rd Rn Rm cond", ReadsFlags, wide{csinc32, csinc64}},
		{"csinv", "z1011010100mmmmmcccc00nnnnnddddd", "=Rd Rn Rm cond", ReadsFlags, wide{csinv32, csinv64}},
		{"csneg", "z1011010100mmmmmcccc01nnnnnddddd", "=Rd Rn Rm cond", ReadsFlags, wide{csneg32, csneg64}},

		{"rbit", "z101101011000000000000nnnnnddddd", "=Rd Rn", 0, wide{rbit32, rbit64}},
		{"rev16", "z101101011000000000001nnnnnddddd", "=Rd Rn", 0, wide{rev16w32, rev16w64}},
		{"rev", "0101101011000000000010nnnnnddddd", "=Wd Wn", 0, opFunc(rev32w)},
		{"rev32", "1101101011000000000010nnnnnddddd", "=Xd Xn", 0, opFunc(rev32x)},
		{"rev", "1101101011000000000011nnnnnddddd", "=Xd Xn", 0, opFunc(rev64x)},
		{"clz", "z101101011000000000100nnnnnddddd", "=Rd Rn", 0, wide{clz32, clz64}},
		{"cls", "z101101011000000000101nnnnnddddd", "=Rd Rn", 0, wide{cls32, cls64}},

		{"udiv", "z0011010110mmmmm000010nnnnnddddd", "=Rd Rn Rm", 0, wide{udiv32, udiv64}},
		{"sdiv", "z0011010110mmmmm000011nnnnnddddd", "=Rd Rn Rm", 0, wide{sdivW, sdivX}},
		{"lslv", "z0011010110mmmmm001000nnnnnddddd", "=Rd Rn Rm", 0, wide{lslvW, lslvX}},
		{"lsrv", "z0011010110mmmmm001001nnnnnddddd", "=Rd Rn Rm", 0, wide{lsrvW, lsrvX}},
		{"asrv", "z0011010110mmmmm001010nnnnnddddd", "=Rd Rn Rm", 0, wide{asrvW, asrvX}},
		{"rorv", "z0011010110mmmmm001011nnnnnddddd", "=Rd Rn Rm", 0, wide{rorvW, rorvX}},

		{"madd", "z0011011000mmmmm0aaaaannnnnddddd", "=Rd Rn Rm Ra", 0, wide{madd32, madd64}},
		{"msub", "z0011011000mmmmm1aaaaannnnnddddd", "=Rd Rn Rm Ra", 0, wide{msub32, msub64}},
		{"smaddl", "10011011001mmmmm0aaaaannnnnddddd", "=Xd Wn Wm Xa", 0, opFunc(smaddl)},
		{"smsubl", "10011011001mmmmm1aaaaannnnnddddd", "=Xd Wn Wm Xa", 0, opFunc(smsubl)},
		{"smulh", "10011011010mmmmm0xxxxxnnnnnddddd", "=Xd Xn Xm", 0, opFunc(smulh)},
		{"umaddl", "10011011101mmmmm0aaaaannnnnddddd", "=Xd Wn Wm Xa", 0, opFunc(umaddl)},
		{"umsubl", "10011011101mmmmm1aaaaannnnnddddd", "=Xd Wn Wm Xa", 0, opFunc(umsubl)},
		{"umulh", "10011011110mmmmm0xxxxxnnnnnddddd", "=Xd Xn Xm", 0, opFunc(umulh)},
	}}
}

// shiftedBy binds an instruction whose second operand is a shifted register.
// Its functions shift left themselves; another shift is an operation of its
// own.
func shiftedBy(f32, f64 opFunc) func(*binder) {
	return func(b *binder) { b.shifted(wide{f32, f64}) }
}

func (b *binder) shifted(fn wide) *op {
	d := &b.d
	z := d.Field('z')
	k, amount, m := d.Field('k'), uint8(d.Field('i')), b.reg('m')
	if k != 0 && amount != 0 {
		o := b.emit([4]wide{1: {lsrTemp32, lsrTemp64}, 2: {asrTemp32, asrTemp64}, 3: {rorTemp32, rorTemp64}}[k][z])
		o.rm, o.sh = m, amount
		m, amount = temp, 0
	}
	o := b.operands(fn[z])
	o.rm, o.sh = m, amount
	return o
}

// The shifts of an operand, into temp.
func lsrTemp32(s *State, o *op) *op {
	s.R[temp] = uint64(uint32(s.R[o.rm&63]) >> (o.sh & 31))
	return o.after()
}

func lsrTemp64(s *State, o *op) *op {
	s.R[temp] = s.R[o.rm&63] >> (o.sh & 63)
	return o.after()
}

func asrTemp32(s *State, o *op) *op {
	s.R[temp] = uint64(uint32(int32(s.R[o.rm&63]) >> (o.sh & 31)))
	return o.after()
}

func asrTemp64(s *State, o *op) *op {
	s.R[temp] = uint64(int64(s.R[o.rm&63]) >> (o.sh & 63))
	return o.after()
}

func rorTemp32(s *State, o *op) *op {
	s.R[temp] = uint64(bits.RotateLeft32(uint32(s.R[o.rm&63]), -int(o.sh)))
	return o.after()
}

func rorTemp64(s *State, o *op) *op {
	s.R[temp] = bits.RotateLeft64(s.R[o.rm&63], -int(o.sh))
	return o.after()
}

// extendedBy binds an instruction whose second operand is an extended
// register: the extension is an operation of its own unless it does nothing.
func extendedBy(f32, f64 opFunc) func(*binder) {
	return func(b *binder) {
		d := &b.d
		z, opt := d.Field('z'), d.Field('o')
		m := b.reg('m')
		if opt&3 < 2+z {
			o := b.emit(extensions[opt])
			o.rm = m
			m = temp
		}
		o := b.operands(wide{f32, f64}[z])
		o.rm, o.sh = m, uint8(d.Field('i'))
	}
}

var extensions = [8]opFunc{uxtbTemp, uxthTemp, uxtwTemp, nil, sxtbTemp, sxthTemp, sxtwTemp, nil}

func uxtbTemp(s *State, o *op) *op {
	s.R[temp] = uint64(uint8(s.R[o.rm&63]))
	return o.after()
}

func uxthTemp(s *State, o *op) *op {
	s.R[temp] = uint64(uint16(s.R[o.rm&63]))
	return o.after()
}

func uxtwTemp(s *State, o *op) *op {
	s.R[temp] = uint64(uint32(s.R[o.rm&63]))
	return o.after()
}

func sxtbTemp(s *State, o *op) *op {
	s.R[temp] = uint64(int64(int8(s.R[o.rm&63])))
	return o.after()
}

func sxthTemp(s *State, o *op) *op {
	s.R[temp] = uint64(int64(int16(s.R[o.rm&63])))
	return o.after()
}

func sxtwTemp(s *State, o *op) *op {
	s.R[temp] = uint64(int64(int32(s.R[o.rm&63])))
	return o.after()
}

func addReg[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.rn&63] + s.R[o.rm&63]<<(o.sh&63)))
	return o.after()
}

func addsReg[T word](s *State, o *op) *op {
	a, b := T(s.R[o.rn&63]), T(s.R[o.rm&63]<<(o.sh&63))
	addFlags(s, a, b)
	s.R[o.rd&63] = uint64(a + b)
	return o.after()
}

func subReg[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.rn&63] - s.R[o.rm&63]<<(o.sh&63)))
	return o.after()
}

func subsReg[T word](s *State, o *op) *op {
	a, b := T(s.R[o.rn&63]), T(s.R[o.rm&63]<<(o.sh&63))
	subFlags(s, a, b)
	s.R[o.rd&63] = uint64(a - b)
	return o.after()
}

func andReg[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.rn&63] & (s.R[o.rm&63] << (o.sh & 63))))
	return o.after()
}

func bicReg[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.rn&63] &^ (s.R[o.rm&63] << (o.sh & 63))))
	return o.after()
}

// bindOrr: ORR with ZR is how a register is moved.
func bindOrr(b *binder) {
	o := b.shifted(wide{orrReg32, orrReg64})
	if o.rn == Zero && o.sh == 0 {
		o.fn = wide{movReg32, movReg64}[b.d.Field('z')]
	}
}

func movReg[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.rm&63]))
	return o.after()
}

func orrReg[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.rn&63] | s.R[o.rm&63]<<(o.sh&63)))
	return o.after()
}

func ornReg[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.rn&63] | ^(s.R[o.rm&63] << (o.sh & 63))))
	return o.after()
}

func eorReg[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.rn&63] ^ s.R[o.rm&63]<<(o.sh&63)))
	return o.after()
}

func eonReg[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.rn&63] ^ ^(s.R[o.rm&63] << (o.sh & 63))))
	return o.after()
}

func andsReg[T word](s *State, o *op) *op {
	r := T(s.R[o.rn&63] & (s.R[o.rm&63] << (o.sh & 63)))
	logicFlags(s, r)
	s.R[o.rd&63] = uint64(r)
	return o.after()
}

func bicsReg[T word](s *State, o *op) *op {
	r := T(s.R[o.rn&63] &^ (s.R[o.rm&63] << (o.sh & 63)))
	logicFlags(s, r)
	s.R[o.rd&63] = uint64(r)
	return o.after()
}

func adc[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.rn&63] + s.R[o.rm&63] + s.fc))
	return o.after()
}

func sbc[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.rn&63] + ^s.R[o.rm&63] + s.fc))
	return o.after()
}

func adcs32(s *State, o *op) *op {
	s.R[o.rd&63] = s.addCarryFlags32(uint32(s.R[o.rn&63]), uint32(s.R[o.rm&63]))
	return o.after()
}

func adcs64(s *State, o *op) *op {
	s.R[o.rd&63] = s.addCarryFlags64(s.R[o.rn&63], s.R[o.rm&63])
	return o.after()
}

func sbcs32(s *State, o *op) *op {
	s.R[o.rd&63] = s.addCarryFlags32(uint32(s.R[o.rn&63]), ^uint32(s.R[o.rm&63]))
	return o.after()
}

func sbcs64(s *State, o *op) *op {
	s.R[o.rd&63] = s.addCarryFlags64(s.R[o.rn&63], ^s.R[o.rm&63])
	return o.after()
}

// compareIf binds CCMP and CCMN: register and immediate are added up, since
// one of them is zero; sh holds the flags of the other case.
func compareIf(f32, f64 opFunc) func(*binder) {
	return func(b *binder) {
		d := &b.d
		o := b.operands(wide{f32, f64}[d.Field('z')])
		o.imm = uint64(d.Field('i'))
		o.sh = uint8(d.Field('e'))
	}
}

func ccmp[T word](s *State, o *op) *op {
	if !s.cond(o.cc) {
		s.SetFlags(uint32(o.sh) << 28)
		return o.after()
	}
	a, b := T(s.R[o.rn&63]), T(s.R[o.rm&63]+o.imm)
	subFlags(s, a, b)
	return o.after()
}

func ccmn[T word](s *State, o *op) *op {
	if !s.cond(o.cc) {
		s.SetFlags(uint32(o.sh) << 28)
		return o.after()
	}
	a, b := T(s.R[o.rn&63]), T(s.R[o.rm&63]+o.imm)
	addFlags(s, a, b)
	return o.after()
}

func csel[T word](s *State, o *op) *op {
	v := s.R[o.rm&63]
	if s.cond(o.cc) {
		v = s.R[o.rn&63]
	}
	s.R[o.rd&63] = uint64(T(v))
	return o.after()
}

func csinc[T word](s *State, o *op) *op {
	v := s.R[o.rm&63] + 1
	if s.cond(o.cc) {
		v = s.R[o.rn&63]
	}
	s.R[o.rd&63] = uint64(T(v))
	return o.after()
}

func csinv[T word](s *State, o *op) *op {
	v := ^s.R[o.rm&63]
	if s.cond(o.cc) {
		v = s.R[o.rn&63]
	}
	s.R[o.rd&63] = uint64(T(v))
	return o.after()
}

func csneg[T word](s *State, o *op) *op {
	v := -s.R[o.rm&63]
	if s.cond(o.cc) {
		v = s.R[o.rn&63]
	}
	s.R[o.rd&63] = uint64(T(v))
	return o.after()
}

func rbit32(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(bits.Reverse32(uint32(s.R[o.rn&63])))
	return o.after()
}

func rbit64(s *State, o *op) *op {
	s.R[o.rd&63] = bits.Reverse64(s.R[o.rn&63])
	return o.after()
}

const oddBytes = 0xff00ff00ff00ff00

func rev16w[T word](s *State, o *op) *op {
	v := s.R[o.rn&63]
	s.R[o.rd&63] = uint64(T(v<<8&oddBytes | v>>8&^oddBytes))
	return o.after()
}

func rev32w(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(bits.ReverseBytes32(uint32(s.R[o.rn&63])))
	return o.after()
}

func rev32x(s *State, o *op) *op {
	s.R[o.rd&63] = bits.RotateLeft64(bits.ReverseBytes64(s.R[o.rn&63]), 32)
	return o.after()
}

func rev64x(s *State, o *op) *op {
	s.R[o.rd&63] = bits.ReverseBytes64(s.R[o.rn&63])
	return o.after()
}

func clz32(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(bits.LeadingZeros32(uint32(s.R[o.rn&63])))
	return o.after()
}

func clz64(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(bits.LeadingZeros64(s.R[o.rn&63]))
	return o.after()
}

func cls32(s *State, o *op) *op {
	v := uint32(s.R[o.rn&63])
	s.R[o.rd&63] = uint64(bits.LeadingZeros32((v^uint32(int32(v)>>31))<<1 | 1))
	return o.after()
}

func cls64(s *State, o *op) *op {
	v := s.R[o.rn&63]
	s.R[o.rd&63] = uint64(bits.LeadingZeros64((v^uint64(int64(v)>>63))<<1 | 1))
	return o.after()
}

// Division by zero gives zero.
func udiv[T word](s *State, o *op) *op {
	var q T
	if b := T(s.R[o.rm&63]); b != 0 {
		q = T(s.R[o.rn&63]) / b
	}
	s.R[o.rd&63] = uint64(q)
	return o.after()
}

func sdivW(s *State, o *op) *op {
	var q int32
	if b := int32(s.R[o.rm&63]); b != 0 {
		q = int32(s.R[o.rn&63]) / b
	}
	s.R[o.rd&63] = uint64(uint32(q))
	return o.after()
}

func sdivX(s *State, o *op) *op {
	var q int64
	if b := int64(s.R[o.rm&63]); b != 0 {
		q = int64(s.R[o.rn&63]) / b
	}
	s.R[o.rd&63] = uint64(q)
	return o.after()
}

func lslvW(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(uint32(s.R[o.rn&63]) << (s.R[o.rm&63] & 31))
	return o.after()
}

func lslvX(s *State, o *op) *op {
	s.R[o.rd&63] = s.R[o.rn&63] << (s.R[o.rm&63] & 63)
	return o.after()
}

func lsrvW(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(uint32(s.R[o.rn&63]) >> (s.R[o.rm&63] & 31))
	return o.after()
}

func lsrvX(s *State, o *op) *op {
	s.R[o.rd&63] = s.R[o.rn&63] >> (s.R[o.rm&63] & 63)
	return o.after()
}

func asrvW(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(uint32(int32(s.R[o.rn&63]) >> (s.R[o.rm&63] & 31)))
	return o.after()
}

func asrvX(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(int64(s.R[o.rn&63]) >> (s.R[o.rm&63] & 63))
	return o.after()
}

func rorvW(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(bits.RotateLeft32(uint32(s.R[o.rn&63]), -int(s.R[o.rm&63]&31)))
	return o.after()
}

func rorvX(s *State, o *op) *op {
	s.R[o.rd&63] = bits.RotateLeft64(s.R[o.rn&63], -int(s.R[o.rm&63]&63))
	return o.after()
}

func madd[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.ra&63] + s.R[o.rn&63]*s.R[o.rm&63]))
	return o.after()
}

func msub[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.ra&63] - s.R[o.rn&63]*s.R[o.rm&63]))
	return o.after()
}

func smaddl(s *State, o *op) *op {
	s.R[o.rd&63] = s.R[o.ra&63] + uint64(int64(int32(s.R[o.rn&63]))*int64(int32(s.R[o.rm&63])))
	return o.after()
}

func smsubl(s *State, o *op) *op {
	s.R[o.rd&63] = s.R[o.ra&63] - uint64(int64(int32(s.R[o.rn&63]))*int64(int32(s.R[o.rm&63])))
	return o.after()
}

func umaddl(s *State, o *op) *op {
	s.R[o.rd&63] = s.R[o.ra&63] + uint64(uint32(s.R[o.rn&63]))*uint64(uint32(s.R[o.rm&63]))
	return o.after()
}

func umsubl(s *State, o *op) *op {
	s.R[o.rd&63] = s.R[o.ra&63] - uint64(uint32(s.R[o.rn&63]))*uint64(uint32(s.R[o.rm&63]))
	return o.after()
}

func smulh(s *State, o *op) *op {
	a, b := s.R[o.rn&63], s.R[o.rm&63]
	hi, _ := bits.Mul64(a, b)
	s.R[o.rd&63] = hi - uint64(int64(a)>>63)&b - uint64(int64(b)>>63)&a
	return o.after()
}

func umulh(s *State, o *op) *op {
	hi, _ := bits.Mul64(s.R[o.rn&63], s.R[o.rm&63])
	s.R[o.rd&63] = hi
	return o.after()
}
