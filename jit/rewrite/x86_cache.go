package rewrite

import "github.com/nuage-emu/nuage/cpu/x86"

// cache is what is known between two instructions of a unit that are not
// entered from elsewhere.
type cache struct {
	// index is the guest register whose low half T0 holds, or none.
	index uint8
	// clean has a bit for each guest register whose upper half is zero.
	clean uint32
}

const none = 0xFF

func (c *cache) reset() { c.index, c.clean = none, 1<<x86.RSP }

func (c *cache) forgetT0() { c.index = none }

// clears has the instructions whose 32-bit forms always clear the upper half of
// their destination: confinement rests on it, so it is a list of the certain.
var clears = map[string]bool{
	"mov": true, "movzx": true, "movsx": true, "lea": true, "add": true, "sub": true, "and": true, "or": true, "xor": true,
	"neg": true, "not": true, "inc": true, "dec": true, "imul": true,
}

// note takes in what the instruction writes.
func (c *cache) note(in *inst) {
	for i := range in.Args[:in.NArgs] {
		a := &in.Args[i]
		if a.Kind == x86.ArgReg && a.Op.Write {
			c.wrote(a.Reg, a.Width == 4 && clears[in.Row.Name])
		}
	}
	for _, o := range in.Row.Implicit() {
		if o.Method == 'r' && o.Write {
			c.wrote(o.Reg, false)
		}
	}
	if in.kind == kindLea && in.Has(x86.PrefixAddr32) {
		c.wrote(in.Args[0].Reg, true)
	}
}

func (c *cache) wrote(r uint8, clean bool) {
	r &= 15
	if c.index == r {
		c.index = none
	}
	if r == x86.RSP {
		return
	}
	c.clean &^= 1 << r
	if clean {
		c.clean |= 1 << r
	}
}
