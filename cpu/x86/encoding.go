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
func (r *Row) FixedModRM() bool { return r.fixed >= 0 }
