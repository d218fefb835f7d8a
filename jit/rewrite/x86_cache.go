package rewrite

import "github.com/nuage-emu/nuage/cpu/x86"

// cache is what is known between two instructions of a unit that are not
// entered from elsewhere.
type cache struct {
	// sum is what T0 holds the low half of, if held.
	sum  sum
	held bool
	// copied is the guest register without a host register that T1 holds a copy
	// of, or x86.Zero.
	copied uint8
	// clean has a bit for each guest register whose upper half is zero.
	clean uint32
}

// sum is the address base + index<<scale, of guest registers or x86.Zero.
type sum struct{ base, index, scale uint8 }

func (c *cache) reset() { c.held, c.copied, c.clean = false, x86.Zero, 1<<x86.RSP }

func (c *cache) forgetT0() { c.held = false }

func (c *cache) forgetT1() { c.copied = x86.Zero }

// holds reports whether T0 holds s.
func (c *cache) holds(s sum) bool { return c.held && c.sum == s }

func (c *cache) hold(s sum) { c.sum, c.held = s, true }

// note takes in what the instruction writes.
func (c *cache) note(in *inst) {
	for i := range in.Args[:in.NArgs] {
		a := &in.Args[i]
		if a.Kind == x86.ArgReg && a.Op.Write {
			c.wrote(a.Reg, a.Width == 4 && in.row.has(clears))
		}
	}
	if in.row.has(writesImplied) {
		for _, o := range in.Row.Implicit() {
			if o.Method == 'r' && o.Write {
				c.wrote(o.Reg, false)
			}
		}
	}
	if in.kind == kindLea && in.Has(x86.PrefixAddr32) {
		c.wrote(in.Args[0].Reg, true)
	}
}

func (c *cache) wrote(r uint8, clean bool) {
	r &= 15
	if c.sum.base == r || c.sum.index == r {
		c.held = false
	}
	if c.copied == r {
		c.copied = x86.Zero
	}
	if r == x86.RSP {
		return
	}
	c.clean &^= 1 << r
	if clean {
		c.clean |= 1 << r
	}
}
