package x86

import "math/rand/v2"

// Instance returns the machine code of one instruction of the row, everything
// that the encoding leaves open chosen by rnd: prefixes, registers, form,
// addressing, displacement and immediates. Decoding it gives the row again.
// It is what generators of test programs build on.
func (r *Row) Instance(rnd *rand.Rand) []byte {
	for {
		code := r.compose(rnd)
		var d Inst
		if Decode(&d, code, 0) == nil && d.Row == r && d.Len == len(code) {
			return code
		}
		// The choice is another row's encoding (NOP among XCHG) or refused.
	}
}

func (r *Row) compose(rnd *rand.Rand) []byte {
	var code []byte
	mem := r.modrm && !r.anyMod && r.allows&factMem != 0 && (r.allows&factReg == 0 || rnd.IntN(2) == 0)
	code = r.prefixes(code, rnd, mem)
	if r.vex {
		code = r.vexPrefix(code, rnd)
		code = append(code, r.opcode)
		return r.tail(r.modRM(code, rnd, mem), rnd)
	}
	if r.prefix > pfxNoRep {
		code = append(code, r.prefix)
	}
	rex := uint8(0)
	if rnd.IntN(2) == 0 {
		rex = 0x40 | uint8(rnd.IntN(16))
	}
	switch r.wbit() {
	case 0:
		rex &^= rexW
	case 1:
		rex |= 0x40 | rexW
	}
	if r.allows&factB == 0 {
		rex &^= rexB
	}
	if rex != 0 {
		code = append(code, rex)
	}
	switch r.mapIndex {
	case 1:
		code = append(code, 0x0F)
	case 2:
		code = append(code, 0x0F, 0x38)
	case 3:
		code = append(code, 0x0F, 0x3A)
	}
	code = append(code, r.opcode+uint8(rnd.IntN(int(r.count))))
	return r.tail(r.modRM(code, rnd, mem), rnd)
}

// tail appends random bytes for immediates; the decoder says how many count.
func (r *Row) tail(code []byte, rnd *rand.Rand) []byte {
	tail := len(code)
	for range 10 {
		code = append(code, uint8(rnd.Uint32()))
	}
	var d Inst
	if Decode(&d, code[:min(len(code), maxLen)], 0) != nil || d.Len < tail {
		return code
	}
	return code[:d.Len]
}

// vexPrefix appends a VEX prefix, of two bytes where they suffice as often as
// not.
func (r *Row) vexPrefix(code []byte, rnd *rand.Rand) []byte {
	pp := map[uint8]uint8{pfxNone: 0, 0x66: 1, 0xF3: 2, 0xF2: 3}[r.prefix]
	rxb, last := uint8(rnd.IntN(8)), uint8(rnd.Uint32())&^0x03|pp
	switch r.wbit() {
	case 0:
		last &^= 0x80
	case 1:
		last |= 0x80
	}
	switch r.lbit() {
	case 0:
		last &^= 4
	case 1:
		last |= 4
	}
	if !r.hasVVVV() {
		last |= 0x78
	}
	if r.mapIndex == 1 && r.wbit() != 1 && rnd.IntN(2) == 0 {
		return append(code, 0xC5, rxb&4<<5|last&0x7F)
	}
	return append(code, 0xC4, rxb<<5|r.mapIndex, last)
}

// prefixes appends a random choice of prefixes that leave the row the row.
func (r *Row) prefixes(code []byte, rnd *rand.Rand, mem bool) []byte {
	if rnd.IntN(4) == 0 && r.prefix != pfxNone && !r.vex && r.Attr&F64 == 0 {
		code = append(code, 0x66)
	}
	if rnd.IntN(8) == 0 {
		code = append(code, 0x67)
	}
	if rnd.IntN(8) == 0 {
		code = append(code, [...]byte{0x64, 0x65, 0x26, 0x2E, 0x36, 0x3E}[rnd.IntN(6)])
	}
	if r.Attr&Lockable != 0 && mem && rnd.IntN(3) == 0 {
		code = append(code, 0xF0)
	}
	if r.Attr&(Rep|RepZ) != 0 && rnd.IntN(2) == 0 {
		code = append(code, 0xF2+uint8(rnd.IntN(2)))
	}
	return code
}

func (r *Row) modRM(code []byte, rnd *rand.Rand, mem bool) []byte {
	if !r.modrm {
		return code
	}
	if r.FixedModRM() {
		return append(code, r.fixed+uint8(rnd.IntN(0x100-int(r.mask))))
	}
	reg := uint8(rnd.IntN(8))
	if digit := r.digit(); digit >= 0 {
		reg = uint8(digit)
	}
	m := uint8(rnd.IntN(8)) | reg<<3
	if r.vsib != 0 {
		m = 4 | reg<<3
	}
	if !mem {
		return append(code, m|0xC0)
	}
	mod := uint8(rnd.IntN(3))
	code = append(code, m|mod<<6)
	sib := uint8(rnd.Uint32())
	disp := [3]int{0, 1, 4}[mod]
	switch {
	case m&7 == 4:
		code = append(code, sib)
		if mod == 0 && sib&7 == 5 {
			disp = 4
		}
	case m&7 == 5 && mod == 0:
		disp = 4
	}
	for range disp {
		code = append(code, uint8(rnd.Uint32()))
	}
	return code
}
