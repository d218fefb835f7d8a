package x86

import "math/bits"

// The string comparisons of SSE4.2. Vol. 2B, 4.1 defines them in the steps and
// with the names found here. Sets of elements are masks: bit j is element j.

// The aggregation, in bits 2 and 3 of the immediate.
const (
	equalAny = iota
	rangesOf
	equalEach
	equalOrdered
)

// comparand is a string: sixteen bytes and which of its elements are valid.
type comparand struct {
	lo, hi uint64
	valid  uint32
}

// comparison is a string comparison under way.
type comparison struct {
	a, b   comparand // the set or the needle, and the text searched
	words  bool      // elements are words
	signed bool
	n      uint   // elements in a register
	all    uint32 // a mask of n ones
}

func newComparison(imm uint64) comparison {
	c := comparison{words: imm&1 != 0, signed: imm&2 != 0, n: 16}
	if c.words {
		c.n = 8
	}
	c.all = 1<<c.n - 1
	return c
}

// gather makes a mask of the top bits of the elements of lo, hi.
func (c *comparison) gather(lo, hi uint64) uint32 {
	if !c.words {
		return uint32(pmovmskb(lo) | pmovmskb(hi)<<8)
	}
	four := func(v uint64) uint32 { return uint32(v>>15&(topW>>15)*(1<<48|1<<33|1<<18|1<<3)>>48) & 15 }
	return four(lo) | four(hi)<<4
}

// nulls is the set of the elements that are zero.
func (c *comparison) nulls(lo, hi uint64) uint32 {
	if c.words {
		return c.gather(zero(lo, topW), zero(hi, topW))
	}
	return c.gather(zero(lo, topB), zero(hi, topB))
}

// upToNull is the string that ends before its first null.
func (c *comparison) upToNull(lo, hi uint64) comparand {
	nulls := c.nulls(lo, hi)
	return comparand{lo, hi, (nulls&-nulls - 1) & c.all}
}

// ofLength is the string of a number of elements, whose sign does not count.
func (c *comparison) ofLength(lo, hi uint64, n int64) comparand {
	if n < 0 {
		n = -n
	}
	if uint64(n) > uint64(c.n) { // the smallest number stays negative
		n = int64(c.n)
	}
	return comparand{lo, hi, 1<<n - 1}
}

// element is element i of the first string in every lane of a word.
func (c *comparison) element(i uint) uint64 {
	v := c.a.lo
	half := c.n / 2
	if i >= half {
		v = c.a.hi
	}
	if c.words {
		return v >> (i % half * 16) & 0xffff * (topW >> 15)
	}
	return v >> (i % half * 8) & 0xff * (topB >> 7)
}

// equal and atMost are the elements of the second string that are equal to x,
// and those that are not greater.

func (c *comparison) equal(x uint64) uint32 { return c.nulls(c.b.lo^x, c.b.hi^x) }

func (c *comparison) greater(lo, hi, xlo, xhi uint64) uint32 {
	top := uint64(topB)
	if c.words {
		top = topW
	}
	flip := top
	if c.signed {
		flip = 0
	}
	return c.gather(greater(lo^flip, xlo^flip, top), greater(hi^flip, xhi^flip, top))
}

func (c *comparison) between(x, y uint64) uint32 {
	return c.all &^ c.greater(x, x, c.b.lo, c.b.hi) &^ c.greater(c.b.lo, c.b.hi, y, y)
}

// result is IntRes2.
func (c *comparison) result(imm uint64) uint32 {
	r := c.aggregate(imm >> 2 & 3)
	switch imm >> 4 & 3 {
	case 1:
		return r ^ c.all
	case 3:
		return r ^ c.b.valid
	}
	return r
}

// aggregate is IntRes1. The table of "valid/invalid override" of the manual is
// in where the masks of valid elements come in.
func (c *comparison) aggregate(how uint64) uint32 {
	length := uint(bits.OnesCount32(c.a.valid))
	r := uint32(0)
	switch how {
	case equalAny:
		for i := range length {
			r |= c.equal(c.element(i))
		}
		r &= c.b.valid
	case rangesOf:
		for i := uint(0); i+1 < length; i += 2 {
			r |= c.between(c.element(i), c.element(i+1))
		}
		r &= c.b.valid
	case equalEach:
		same := c.nulls(c.a.lo^c.b.lo, c.a.hi^c.b.hi)
		r = same&c.a.valid&c.b.valid | c.all&^c.a.valid&^c.b.valid
	case equalOrdered:
		r = c.all
		for i := range length {
			r &= (c.equal(c.element(i))&c.b.valid)>>i | c.all&^(c.all>>i)
		}
	}
	return r
}

// flags sets CF if anything was found, OF if the first element was, ZF and SF
// if the second and the first string end within the register.
func (c *comparison) flags(s *State, r uint32) {
	s.cf = b2u(r != 0)
	s.fz = b2u(c.b.valid == c.all)
	s.fs = 1 // no parity
	if c.a.valid != c.all {
		s.fs |= 1 << 63
	}
	s.fx = (uint64(r)&1 ^ s.cf) << 63
}

// pcmpstr makes the instructions: explicit lengths in rAX and rDX, or strings
// that end with a null; and what is delivered.
type pcmpstr struct {
	explicit bool
	deliver  func(s *State, c *comparison, r uint32, imm uint64)
}

func (p pcmpstr) bind(b *binder) {
	explicit, deliver, wide := p.explicit, p.deliver, b.d.Size == 8
	b.operands(func(s *State, o *op) *op {
		lo, hi := s.vecSrc(o)
		d := &s.V[o.dst&31]
		c := newComparison(o.imm)
		if explicit {
			n, m := int64(s.R[RAX]), int64(s.R[RDX])
			if !wide {
				n, m = int64(int32(n)), int64(int32(m))
			}
			c.a, c.b = c.ofLength(d[0], d[1], n), c.ofLength(lo, hi, m)
		} else {
			c.a, c.b = c.upToNull(d[0], d[1]), c.upToNull(lo, hi)
		}
		r := c.result(o.imm)
		c.flags(s, r)
		deliver(s, &c, r, o.imm)
		return o.after()
	})
}

// stringIndex is the place of the first or last element found, or the number
// of elements if there is none.
func (s *State) stringIndex(c *comparison, r uint32, imm uint64) {
	switch {
	case r == 0:
		s.R[RCX] = uint64(c.n)
	case imm&0x40 != 0:
		s.R[RCX] = uint64(bits.Len32(r) - 1)
	default:
		s.R[RCX] = uint64(bits.TrailingZeros32(r))
	}
}

// stringMask is the set as bits, or spread over the elements.
func (s *State) stringMask(c *comparison, r uint32, imm uint64) {
	m := uint64(r)
	d := &s.V[0]
	switch {
	case imm&0x40 == 0:
		d[0], d[1] = m, 0
	case c.words:
		d[0], d[1] = blendMaskW(m), blendMaskW(m>>4)
	default:
		d[0], d[1] = blendMaskB(m), blendMaskB(m>>8)
	}
}

// blendMaskB spreads the eight low bits of sel over bytes.
func blendMaskB(sel uint64) uint64 {
	sel &= 0xff
	return pcmpeqb(sel*(topB>>7)&0x8040201008040201, 0x8040201008040201)
}
