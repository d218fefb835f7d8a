package x86

// decodeVEX goes on at a C4 or C5 byte, which in 64-bit mode is always a VEX
// prefix (Vol. 2, 2.3.5). rep is the last of F2 and F3 before it.
func (c *cursor) decodeVEX(d *Inst, rep uint8) error {
	const refused = PrefixOpsize | PrefixLock | PrefixREX // Vol. 2, 2.3.2 to 2.3.4
	if rep != 0 || d.Prefix&refused != 0 {
		d.Len = c.i
		return ErrIllegal
	}
	pp, m := c.vex(d)
	d.Opcode = c.byte()
	if c.short {
		d.Len = c.i
		return ErrTruncated
	}
	d.OpcodeAt = uint8(c.i - 1)
	if m == 0 || m > 3 {
		d.Len = c.i
		return ErrIllegal
	}
	return c.match(d, claimants(int(m), true, d.Opcode), pp|d.facts())
}

// vex reads the prefix and returns what VEX.pp stands for and the opcode map.
func (c *cursor) vex(d *Inst) (pp facts, m uint8) {
	d.VEXAt = uint8(c.i)
	m = 1
	three := c.byte() == 0xC4
	p := c.byte()
	if three {
		m = p & 31
		d.REX = ^p >> 5 // R, X and B are inverted, in REX's order
		p = c.byte()
		d.REX |= p >> 7 << 3
	} else {
		d.REX = ^p >> 7 << 2
	}
	d.Prefix |= PrefixVEX
	d.VEXN = uint8(c.i) - d.VEXAt
	d.VVVV = ^p >> 3 & 15
	d.VecLen = 16 << (p >> 2 & 1)
	return factNone << (p & 3), m
}

// gatherApart reports whether the destination, the index and the mask of a
// gather are three registers, as they must be.
func (d *Inst) gatherApart() bool {
	dst, index, mask := d.Args[0].Reg, d.Mem.Index, d.VVVV
	return dst != index && dst != mask && index != mask
}
