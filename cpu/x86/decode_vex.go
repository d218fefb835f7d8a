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
	cands := vexIndex().candidates(int(m), d.Opcode)
	if err := c.peekModRM(d, cands); err != nil {
		return err
	}
	for _, r := range cands {
		if r.matchesVEX(d, pp) {
			if r.lbit == lengthIgnored {
				d.VecLen = 16
			}
			return c.finish(d, r)
		}
	}
	d.Len = c.i
	return ErrIllegal
}

// vex reads the prefix and returns the mandatory prefix that VEX.pp stands for
// and the opcode map.
func (c *cursor) vex(d *Inst) (pp, m uint8) {
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
	return [4]uint8{pfxNone, 0x66, 0xF3, 0xF2}[p&3], m
}

func (r *Row) matchesVEX(d *Inst, pp uint8) bool {
	switch {
	case r.prefix != pp,
		r.wbit != 0 && (d.REX&rexW != 0) != (r.wbit == 2),
		r.lbit == 1 && d.VecLen == 32, r.lbit == 2 && d.VecLen == 16,
		!r.vvvv && d.VVVV != 0,
		r.vsib != 0 && d.ModRM&7 != 4:
		return false
	}
	return r.matchesModRM(d)
}

// gatherApart reports whether the destination, the index and the mask of a
// gather are three registers, as they must be.
func (d *Inst) gatherApart() bool {
	dst, index, mask := d.Args[0].Reg, d.Mem.Index, d.VVVV
	return dst != index && dst != mask && index != mask
}
