package arm64

import "math/bits"

// Advanced SIMD integer arithmetic on single elements. Every function has the
// form of laneFunc (simd_shape.go): d is the element's old value, n and m the
// operands, all zero-extended, and e the element's width in bits; what exceeds
// the width of the result is cut off by the caller. The names are the manual's
// mnemonics, and the section in comments that of Arm DDI 0487, C7.2.

// sx is v, e bits wide, sign-extended.
func sx(v uint64, e uint) int64 { return int64(v<<(64-e)) >> (64 - e) }

// ones is the element of e ones.
func ones(e uint) uint64 { return ^uint64(0) >> (64 - e) }

// truth is what a comparison writes: all ones or all zeros.
func truth(b bool) uint64 {
	if b {
		return ^uint64(0)
	}
	return 0
}

// satS is the signed saturation of v to e < 64 bits (SatQ).
func (s *State) satS(v int64, e uint) uint64 {
	top := int64(1)<<(e-1) - 1
	switch {
	case v > top:
		s.saturated()
		return uint64(top)
	case v < -top-1:
		s.saturated()
		return uint64(-top - 1)
	}
	return uint64(v)
}

// satU is the unsigned saturation of v to e < 64 bits.
func (s *State) satU(v int64, e uint) uint64 {
	switch {
	case v < 0:
		s.saturated()
		return 0
	case v > int64(ones(e)):
		s.saturated()
		return ones(e)
	}
	return uint64(v)
}

func laneADD(_ *State, _, n, m uint64, _ uint) uint64 { return n + m }
func laneSUB(_ *State, _, n, m uint64, _ uint) uint64 { return n - m }
func laneAND(_ *State, _, n, m uint64, _ uint) uint64 { return n & m }
func laneBIC(_ *State, _, n, m uint64, _ uint) uint64 { return n &^ m }
func laneORR(_ *State, _, n, m uint64, _ uint) uint64 { return n | m }
func laneORN(_ *State, _, n, m uint64, _ uint) uint64 { return n | ^m }
func laneEOR(_ *State, _, n, m uint64, _ uint) uint64 { return n ^ m }
func laneBSL(_ *State, d, n, m uint64, _ uint) uint64 { return n&d | m&^d }
func laneBIT(_ *State, d, n, m uint64, _ uint) uint64 { return n&m | d&^m }
func laneBIF(_ *State, d, n, m uint64, _ uint) uint64 { return n&^m | d&m }

// Halving: the sum or difference has a bit more than its operands.

func laneSHADD(_ *State, _, n, m uint64, e uint) uint64 { return uint64((sx(n, e) + sx(m, e)) >> 1) }
func laneUHADD(_ *State, _, n, m uint64, _ uint) uint64 { return (n + m) >> 1 }
func laneSHSUB(_ *State, _, n, m uint64, e uint) uint64 { return uint64((sx(n, e) - sx(m, e)) >> 1) }
func laneUHSUB(_ *State, _, n, m uint64, _ uint) uint64 { return uint64(int64(n-m) >> 1) }
func laneSRHADD(_ *State, _, n, m uint64, e uint) uint64 {
	return uint64((sx(n, e) + sx(m, e) + 1) >> 1)
}
func laneURHADD(_ *State, _, n, m uint64, _ uint) uint64 { return (n + m + 1) >> 1 }

// Saturating addition is done at the top of 64 bits, where overflow shows.

func laneSQADD(s *State, _, n, m uint64, e uint) uint64 {
	a, b := int64(n<<(64-e)), int64(m<<(64-e))
	r := a + b
	if (a^r)&(b^r) < 0 {
		s.saturated()
		return (uint64(a>>63) ^ (1<<63 - 1)) >> (64 - e)
	}
	return uint64(r) >> (64 - e)
}

func laneSQSUB(s *State, _, n, m uint64, e uint) uint64 {
	a, b := int64(n<<(64-e)), int64(m<<(64-e))
	r := a - b
	if (a^b)&(a^r) < 0 {
		s.saturated()
		return (uint64(a>>63) ^ (1<<63 - 1)) >> (64 - e)
	}
	return uint64(r) >> (64 - e)
}

func laneUQADD(s *State, _, n, m uint64, e uint) uint64 {
	r, carry := bits.Add64(n<<(64-e), m<<(64-e), 0)
	if carry != 0 {
		s.saturated()
		return ones(e)
	}
	return r >> (64 - e)
}

func laneUQSUB(s *State, _, n, m uint64, _ uint) uint64 {
	if n < m {
		s.saturated()
		return 0
	}
	return n - m
}

// laneSUQADD adds the unsigned n to the signed d, saturating as signed.
func laneSUQADD(s *State, d, n, _ uint64, e uint) uint64 {
	a := sx(d, e)
	if e < 64 {
		return s.satS(a+int64(n), e)
	}
	// The sum is in range unless it passes the largest positive number.
	r := d + n
	if a >= 0 && (n>>63 != 0 || r>>63 != 0) || a < 0 && n > uint64(1<<63-1)-d {
		s.saturated()
		return 1<<63 - 1
	}
	return r
}

// laneUSQADD adds the signed n to the unsigned d, saturating as unsigned.
func laneUSQADD(s *State, d, n, _ uint64, e uint) uint64 {
	b := sx(n, e)
	if e < 64 {
		return s.satU(int64(d)+b, e)
	}
	r := d + n
	switch {
	case b >= 0 && r < d:
		s.saturated()
		return ^uint64(0)
	case b < 0 && r > d:
		s.saturated()
		return 0
	}
	return r
}

func laneABS(_ *State, _, n, _ uint64, e uint) uint64 {
	if v := sx(n, e); v < 0 {
		return uint64(-v)
	}
	return n
}

func laneNEG(_ *State, _, n, _ uint64, _ uint) uint64 { return -n }

func laneSQABS(s *State, _, n, _ uint64, e uint) uint64 {
	if sx(n, e) < 0 {
		return laneSQNEG(s, 0, n, 0, e)
	}
	return n
}

func laneSQNEG(s *State, _, n, _ uint64, e uint) uint64 {
	if n == 1<<(e-1) {
		s.saturated()
		return n - 1
	}
	return -n
}

// Absolute differences.

func laneSABD(_ *State, _, n, m uint64, e uint) uint64 {
	a, b := sx(n, e), sx(m, e)
	return uint64(max(a, b) - min(a, b))
}
func laneUABD(_ *State, _, n, m uint64, _ uint) uint64  { return max(n, m) - min(n, m) }
func laneSABA(s *State, d, n, m uint64, e uint) uint64  { return d + laneSABD(s, 0, n, m, e) }
func laneUABA(s *State, d, n, m uint64, e uint) uint64  { return d + laneUABD(s, 0, n, m, e) }
func laneSMAX(_ *State, _, n, m uint64, e uint) uint64  { return uint64(max(sx(n, e), sx(m, e))) }
func laneSMIN(_ *State, _, n, m uint64, e uint) uint64  { return uint64(min(sx(n, e), sx(m, e))) }
func laneUMAX(_ *State, _, n, m uint64, _ uint) uint64  { return max(n, m) }
func laneUMIN(_ *State, _, n, m uint64, _ uint) uint64  { return min(n, m) }
func laneCMEQ(_ *State, _, n, m uint64, _ uint) uint64  { return truth(n == m) }
func laneCMTST(_ *State, _, n, m uint64, _ uint) uint64 { return truth(n&m != 0) }
func laneCMHI(_ *State, _, n, m uint64, _ uint) uint64  { return truth(n > m) }
func laneCMHS(_ *State, _, n, m uint64, _ uint) uint64  { return truth(n >= m) }
func laneCMGT(_ *State, _, n, m uint64, e uint) uint64  { return truth(sx(n, e) > sx(m, e)) }
func laneCMGE(_ *State, _, n, m uint64, e uint) uint64  { return truth(sx(n, e) >= sx(m, e)) }
func laneCMEQ0(_ *State, _, n, _ uint64, _ uint) uint64 { return truth(n == 0) }
func laneCMGT0(_ *State, _, n, _ uint64, e uint) uint64 { return truth(sx(n, e) > 0) }
func laneCMGE0(_ *State, _, n, _ uint64, e uint) uint64 { return truth(sx(n, e) >= 0) }
func laneCMLT0(_ *State, _, n, _ uint64, e uint) uint64 { return truth(sx(n, e) < 0) }
func laneCMLE0(_ *State, _, n, _ uint64, e uint) uint64 { return truth(sx(n, e) <= 0) }
func laneCLZ(_ *State, _, n, _ uint64, e uint) uint64 {
	return uint64(bits.LeadingZeros64(n)) - 64 + uint64(e)
}
func laneCNT(_ *State, _, n, _ uint64, _ uint) uint64    { return uint64(bits.OnesCount64(n)) }
func laneNOT(_ *State, _, n, _ uint64, _ uint) uint64    { return ^n }
func laneRBIT(_ *State, _, n, _ uint64, _ uint) uint64   { return uint64(bits.Reverse8(uint8(n))) }
func laneMOV(_ *State, _, n, _ uint64, _ uint) uint64    { return n }
func laneSADDL(_ *State, _, n, m uint64, e uint) uint64  { return uint64(sx(n, e) + sx(m, e)) }
func laneSSUBL(_ *State, _, n, m uint64, e uint) uint64  { return uint64(sx(n, e) - sx(m, e)) }
func laneSADDW(_ *State, _, n, m uint64, e uint) uint64  { return n + uint64(sx(m, e)) }
func laneSSUBW(_ *State, _, n, m uint64, e uint) uint64  { return n - uint64(sx(m, e)) }
func laneSADALP(_ *State, d, n, m uint64, e uint) uint64 { return d + uint64(sx(n, e)+sx(m, e)) }
func laneUADALP(_ *State, d, n, m uint64, _ uint) uint64 { return d + n + m }

// laneCLS counts the bits behind the sign bit that equal it.
func laneCLS(_ *State, _, n, _ uint64, e uint) uint64 {
	v := sx(n, e)
	return uint64(bits.LeadingZeros64(uint64(v^v>>63))) - 1 - (64 - uint64(e))
}

// reverseIn reverses the elements of e bits within each container of size bits
// of the doubleword n.
func reverseIn(n uint64, size, e uint) uint64 {
	var r uint64
	for at := uint(0); at < 64; at += e {
		in := at % size
		r |= n >> at & ones(e) << (at - in + size - e - in)
	}
	return r
}

// Narrowing: n and m have 2e bits, the result e. ADDHN takes the high half.

func laneADDHN(_ *State, _, n, m uint64, e uint) uint64  { return (n + m) >> e }
func laneSUBHN(_ *State, _, n, m uint64, e uint) uint64  { return (n - m) >> e }
func laneRADDHN(_ *State, _, n, m uint64, e uint) uint64 { return (n + m + 1<<(e-1)) >> e }
func laneRSUBHN(_ *State, _, n, m uint64, e uint) uint64 { return (n - m + 1<<(e-1)) >> e }
func laneSQXTN(s *State, _, n, _ uint64, e uint) uint64  { return s.satS(sx(n, 2*e), e) }
func laneSQXTUN(s *State, _, n, _ uint64, e uint) uint64 { return s.satU(sx(n, 2*e), e) }

func laneUQXTN(s *State, _, n, _ uint64, e uint) uint64 {
	if n > ones(e) {
		s.saturated()
		return ones(e)
	}
	return n
}

// Multiplication.

func laneMUL(_ *State, _, n, m uint64, _ uint) uint64 { return n * m }
func laneMLA(_ *State, d, n, m uint64, _ uint) uint64 { return d + n*m }
func laneMLS(_ *State, d, n, m uint64, _ uint) uint64 { return d - n*m }

func laneSMULL(_ *State, _, n, m uint64, e uint) uint64 { return uint64(sx(n, e) * sx(m, e)) }
func laneSMLAL(_ *State, d, n, m uint64, e uint) uint64 { return d + uint64(sx(n, e)*sx(m, e)) }
func laneSMLSL(_ *State, d, n, m uint64, e uint) uint64 { return d - uint64(sx(n, e)*sx(m, e)) }

// lanePMUL multiplies polynomials over {0,1}; the product of two bytes has 15
// bits, of which PMUL keeps 8 and PMULL all.
func lanePMUL(_ *State, _, n, m uint64, _ uint) uint64 {
	var r uint64
	for ; m != 0; m &= m - 1 {
		r ^= n << bits.TrailingZeros64(m)
	}
	return r
}

// laneSQDMULL doubles the product; it overflows only for the most negative
// number squared. e is the width of n and m.
func laneSQDMULL(s *State, _, n, m uint64, e uint) uint64 {
	p := sx(n, e) * sx(m, e)
	if p == 1<<(2*e-2) {
		s.saturated()
		return 1<<(2*e-1) - 1
	}
	return uint64(2 * p)
}

// laneSQDMLAL saturates the product, and then the sum.
func laneSQDMLAL(s *State, d, n, m uint64, e uint) uint64 {
	return laneSQADD(s, 0, d, laneSQDMULL(s, 0, n, m, e), 2*e)
}

func laneSQDMLSL(s *State, d, n, m uint64, e uint) uint64 {
	return laneSQSUB(s, 0, d, laneSQDMULL(s, 0, n, m, e), 2*e)
}

// The high half of the doubled product is the product moved down by one bit
// less, which leaves room in 64 bits for the accumulation of the last two.

func laneSQDMULH(s *State, _, n, m uint64, e uint) uint64 {
	return s.satS(sx(n, e)*sx(m, e)>>(e-1), e)
}

func laneSQRDMULH(s *State, _, n, m uint64, e uint) uint64 {
	return s.satS((sx(n, e)*sx(m, e)+1<<(e-2))>>(e-1), e)
}

func laneSQRDMLAH(s *State, d, n, m uint64, e uint) uint64 {
	return s.satS((sx(d, e)<<(e-1)+sx(n, e)*sx(m, e)+1<<(e-2))>>(e-1), e)
}

func laneSQRDMLSH(s *State, d, n, m uint64, e uint) uint64 {
	return s.satS((sx(d, e)<<(e-1)-sx(n, e)*sx(m, e)+1<<(e-2))>>(e-1), e)
}
