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
	index() // the row must have been parsed
	var code []byte
	mem := r.modrm && r.fixed < 0 && r.forms&2 != 0 && (r.forms&1 == 0 || rnd.IntN(2) == 0)
	code = r.prefixes(code, rnd, mem)
	if r.prefix > pfxNoRep {
		code = append(code, r.prefix)
	}
	rex := uint8(0)
	if rnd.IntN(2) == 0 {
		rex = 0x40 | uint8(rnd.IntN(16))
	}
	switch {
	case r.wbit == 1:
		rex &^= rexW
	case r.wbit == 2:
		rex |= 0x40 | rexW
	}
	if r.noB {
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
	if r.modrm {
		code = r.modRM(code, rnd, mem)
	}
	// Enough random bytes for immediates; the decoder says how many count.
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

// prefixes appends a random choice of prefixes that leave the row the row.
func (r *Row) prefixes(code []byte, rnd *rand.Rand, mem bool) []byte {
	if rnd.IntN(4) == 0 && r.prefix != pfxNone && r.Attr&F64 == 0 {
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
	if r.fixed >= 0 {
		return append(code, uint8(r.fixed+rnd.IntN(r.fixedN)))
	}
	reg := uint8(rnd.IntN(8))
	if r.digit >= 0 {
		reg = uint8(r.digit)
	}
	m := uint8(rnd.IntN(8)) | reg<<3
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
