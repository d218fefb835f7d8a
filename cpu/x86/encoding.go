package x86

// What an encoder that keeps an instruction's opcode needs to know of its row.

// Map returns the opcode map: 0 for one-byte opcodes, 1 for 0F, 2 for 0F 38
// and 3 for 0F 3A.
func (r *Row) Map() int { return int(r.mapIndex) }

// MandatoryPrefix returns the prefix that is part of the opcode: 66, F2 or F3,
// or 0 if there is none.
func (r *Row) MandatoryPrefix() uint8 {
	if r.prefix <= pfxNoRep {
		return 0
	}
	return r.prefix
}

// HasModRM reports whether ModRM follows the opcode.
func (r *Row) HasModRM() bool { return r.modrm }

// FixedModRM returns the ModRM byte that is part of the opcode, if there is one.
func (r *Row) FixedModRM() bool { return r.mask >= 0xF8 }

// digit is the value of ModRM.reg that is part of the opcode, or -1.
func (p *pattern) digit() int {
	if p.mask != 0x38 {
		return -1
	}
	return int(p.fixed >> 3)
}

// wbit and lbit are what REX.W or VEX.W, and VEX.L, must be; -1: either.
func (p *pattern) wbit() int { return between(p.allows, factW0) }
func (p *pattern) lbit() int { return between(p.allows, factL0) }

// between says which of the facts clear and the next one is allowed alone, or -1.
func between(allows, clear facts) int {
	switch allows & (clear | clear<<1) {
	case clear:
		return 0
	case clear << 1:
		return 1
	}
	return -1
}

// hasVVVV reports whether an operand is in VEX.vvvv.
func (p *pattern) hasVVVV() bool { return p.allows&factVVVV != 0 }
