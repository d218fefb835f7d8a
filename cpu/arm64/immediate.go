package arm64

import "math/bits"

// Data processing with an immediate (C3.3).
func immediateRows() Section {
	return Section{Ref: "C3.3 Data processing - immediate", Rows: []Spec{
		{"add", "z00100010hiiiiiiiiiiiinnnnnddddd", "=Rd|SP Rn|SP #imm12,h", 0, wide{addImm32, addImm64}},
		{"adds", "z01100010hiiiiiiiiiiiinnnnnddddd", "=Rd Rn|SP #imm12,h", SetsFlags, wide{addsImm32, addsImm64}},
		{"sub", "z10100010hiiiiiiiiiiiinnnnnddddd", "=Rd|SP Rn|SP #imm12,h", 0, wide{subImm32, subImm64}},
		{"subs", "z11100010hiiiiiiiiiiiinnnnnddddd", "=Rd Rn|SP #imm12,h", SetsFlags, fusible(immediateBy(subsImm32, subsImm64), &fusedSubs[1])},

		{"and", "z00100100Nrrrrrrllllllnnnnnddddd", "=Rd|SP Rn #bitmask", 0, wide{andImm32, andImm64}},
		{"orr", "z01100100Nrrrrrrllllllnnnnnddddd", "=Rd|SP Rn #bitmask", 0, bindOrrImm},
		{"eor", "z10100100Nrrrrrrllllllnnnnnddddd", "=Rd|SP Rn #bitmask", 0, wide{eorImm32, eorImm64}},
		{"ands", "z11100100Nrrrrrrllllllnnnnnddddd", "=Rd Rn #bitmask", SetsFlags, fusible(immediateBy(andsImm32, andsImm64), &fusedAnds[1])},

		{"movn", "z00100101hhiiiiiiiiiiiiiiiiddddd", "=Rd #imm16,h", 0, bindMovn},
		{"movz", "z10100101hhiiiiiiiiiiiiiiiiddddd", "=Rd #imm16,h", 0, opFunc(movImm)},
		{"movk", "z11100101hhiiiiiiiiiiiiiiiiddddd", "+Rd #imm16,h", 0, bindMovk},

		{"adr", "0jj10000iiiiiiiiiiiiiiiiiiiddddd", "=Xd adr", 0, opFunc(movImm)},
		{"adrp", "1jj10000iiiiiiiiiiiiiiiiiiiddddd", "=Xd adrp", 0, opFunc(movImm)},

		{"sbfm", "00010011000rrrrr0lllllnnnnnddddd", "=Wd Wn #r #l", 0, bindSbfm},
		{"sbfm", "1001001101rrrrrrllllllnnnnnddddd", "=Xd Xn #r #l", 0, bindSbfm},
		{"bfm", "00110011000rrrrr0lllllnnnnnddddd", "+Wd Wn #r #l", 0, bindBfm},
		{"bfm", "1011001101rrrrrrllllllnnnnnddddd", "+Xd Xn #r #l", 0, bindBfm},
		{"ubfm", "01010011000rrrrr0lllllnnnnnddddd", "=Wd Wn #r #l", 0, bindUbfm},
		{"ubfm", "1101001101rrrrrrllllllnnnnnddddd", "=Xd Xn #r #l", 0, bindUbfm},

		{"extr", "00010011100mmmmm0iiiiinnnnnddddd", "=Wd Wn Wm #lsb", 0, opFunc(extr32)},
		{"extr", "10010011110mmmmmiiiiiinnnnnddddd", "=Xd Xn Xm #lsb", 0, opFunc(extr64)},
	}}
}

func addImm[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.rn&63] + o.imm))
	return o.after()
}

func addsImm[T word](s *State, o *op) *op {
	a, b := T(s.R[o.rn&63]), T(o.imm)
	addFlags(s, a, b)
	s.R[o.rd&63] = uint64(a + b)
	return o.after()
}

func subImm[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.rn&63] - o.imm))
	return o.after()
}

func subsImm[T word](s *State, o *op) *op {
	a, b := T(s.R[o.rn&63]), T(o.imm)
	subFlags(s, a, b)
	s.R[o.rd&63] = uint64(a - b)
	return o.after()
}

func andImm[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.rn&63] & o.imm))
	return o.after()
}

func andsImm[T word](s *State, o *op) *op {
	r := T(s.R[o.rn&63] & o.imm)
	logicFlags(s, r)
	s.R[o.rd&63] = uint64(r)
	return o.after()
}

// bindOrrImm: ORR from ZR is how a bit mask is moved.
func bindOrrImm(b *binder) {
	o := b.operands(nil)
	switch {
	case o.rn == Zero:
		o.fn = movImm
	case b.d.Field('z') != 0:
		o.fn = orrImm64
	default:
		o.fn = orrImm32
	}
}

func orrImm[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.rn&63] | o.imm))
	return o.after()
}

func eorImm[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.rn&63] ^ o.imm))
	return o.after()
}

func movImm(s *State, o *op) *op {
	s.R[o.rd&63] = o.imm
	return o.after()
}

func bindMovn(b *binder) {
	o := b.operands(movImm)
	o.imm = ^o.imm
	if b.d.Field('z') == 0 {
		o.imm &= 0xffffffff
	}
}

// bindMovk: the mask of what stays is shifted by sh.
func bindMovk(b *binder) {
	o := b.operands(movk64)
	o.sh = uint8(16 * b.d.Field('h'))
	o.rd = b.regW('d')
	if b.d.Field('z') == 0 {
		o.fn = movk32
	}
}

func movk[T word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(T(s.R[o.rd&63]&^(0xffff<<(o.sh&63)) | o.imm))
	return o.after()
}

// The bit field moves. With imms >= immr a field of imms-immr+1 bits at immr
// goes to bit 0; otherwise one of imms+1 bits at 0 goes to bit esize-immr. Both
// are a shift left that drops what lies above the field, and a shift right:
// sh and imm.
func (b *binder) bitfield(fn wide) *op {
	o := b.operands(fn[b.d.Word>>31])
	esize := uint32(32) << (b.d.Word >> 31)
	r, l := b.d.Field('r'), b.d.Field('l')
	o.sh = uint8(esize - 1 - l)
	if l >= r {
		o.imm = uint64(esize - 1 - l + r)
	} else {
		o.imm = uint64(r - l - 1)
	}
	return o
}

func bindSbfm(b *binder) {
	o := b.bitfield(wide{sbfm32, sbfm64})
	if r, l := b.d.Field('r'), b.d.Field('l'); r == 0 && l == 31 && b.d.Word>>31 != 0 {
		o.fn = sxtw
	}
}

func bindUbfm(b *binder) {
	o := b.bitfield(wide{ubfm32, ubfm64})
	d := &b.d
	r, l := d.Field('r'), d.Field('l')
	top := 31 + 32*(d.Word>>31)
	switch {
	case l == top && d.Word>>31 != 0: // LSR
		o.fn, o.sh = lsrImm64, uint8(r)
	case l+1 == r: // LSL
		o.sh = uint8(top - l)
		o.fn = wide{lslImm32, lslImm64}[d.Word>>31]
	case r == 0: // UXTB, UXTH and other masks
		o.fn, o.imm = andImm64, 1<<(l+1)-1
	}
}

func sxtw(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(int64(int32(s.R[o.rn&63])))
	return o.after()
}

func lslImm32(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(uint32(s.R[o.rn&63]) << (o.sh & 31))
	return o.after()
}

func lslImm64(s *State, o *op) *op {
	s.R[o.rd&63] = s.R[o.rn&63] << (o.sh & 63)
	return o.after()
}

func lsrImm64(s *State, o *op) *op {
	s.R[o.rd&63] = s.R[o.rn&63] >> (o.sh & 63)
	return o.after()
}

func sbfm32(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(uint32(int32(s.R[o.rn&63]) << (o.sh & 31) >> (o.imm & 31)))
	return o.after()
}

func sbfm64(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(int64(s.R[o.rn&63]) << (o.sh & 63) >> (o.imm & 63))
	return o.after()
}

func ubfm32(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(uint32(s.R[o.rn&63]) << (o.sh & 31) >> (o.imm & 31))
	return o.after()
}

func ubfm64(s *State, o *op) *op {
	s.R[o.rd&63] = s.R[o.rn&63] << (o.sh & 63) >> (o.imm & 63)
	return o.after()
}

// bindBfm keeps the mask of the bits written in imm; the source is rotated
// right by immr.
func bindBfm(b *binder) {
	d := &b.d
	o := b.operands(wide{bfm32, bfm64}[d.Word>>31])
	r, l := d.Field('r'), d.Field('l')
	esize := uint32(32) << (d.Word >> 31)
	o.rd = b.regW('d')
	o.sh = uint8(r)
	if l >= r {
		o.imm = 1<<(l-r+1) - 1
	} else {
		o.imm = (1<<(l+1) - 1) << (esize - r)
	}
}

func bfm32(s *State, o *op) *op {
	v := bits.RotateLeft32(uint32(s.R[o.rn&63]), -int(o.sh))
	s.R[o.rd&63] = uint64(uint32(s.R[o.rd&63])&^uint32(o.imm) | v&uint32(o.imm))
	return o.after()
}

func bfm64(s *State, o *op) *op {
	v := bits.RotateLeft64(s.R[o.rn&63], -int(o.sh))
	s.R[o.rd&63] = s.R[o.rd&63]&^o.imm | v&o.imm
	return o.after()
}

func extr32(s *State, o *op) *op {
	s.R[o.rd&63] = uint64(uint32((s.R[o.rn&63]<<32 | s.R[o.rm&63]&0xffffffff) >> (o.imm & 31)))
	return o.after()
}

func extr64(s *State, o *op) *op {
	n := o.imm & 63
	s.R[o.rd&63] = s.R[o.rm&63]>>n | s.R[o.rn&63]<<1<<(63-n)
	return o.after()
}
