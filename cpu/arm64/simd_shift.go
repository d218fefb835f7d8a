package arm64

// Advanced SIMD shifts of single elements, in the form of laneFunc: m is the
// shift register's element, or the immediate amount.

// rshr is v moved right by k >= 1, rounded to nearest with ties upwards; the
// bit that decides is the last one to leave, so that no sum can overflow.
func rshr(v uint64, k uint) uint64 { return v>>k + v>>(k-1)&1 }

func rsar(v int64, k uint) int64 {
	if k > 64 {
		return 0 // -½ <= v/2^k < ½
	}
	return v>>k + v>>(k-1)&1
}

// amount is the shift by register: the lowest byte of the element, signed.
func amount(m uint64) int { return int(int8(m)) }

func laneSSHL(_ *State, _, n, m uint64, e uint) uint64 {
	if k := amount(m); k < 0 {
		return uint64(sx(n, e) >> uint(-k))
	}
	return n << uint(amount(m))
}

func laneUSHL(_ *State, _, n, m uint64, _ uint) uint64 {
	if k := amount(m); k < 0 {
		return n >> uint(-k)
	}
	return n << uint(amount(m))
}

func laneSRSHL(_ *State, _, n, m uint64, e uint) uint64 {
	if k := amount(m); k < 0 {
		return uint64(rsar(sx(n, e), uint(-k)))
	}
	return n << uint(amount(m))
}

func laneURSHL(_ *State, _, n, m uint64, _ uint) uint64 {
	if k := amount(m); k < 0 {
		return rshr(n, uint(-k))
	}
	return n << uint(amount(m))
}

// sqshl and uqshl shift left by k, saturating.

func (s *State) sqshl(n uint64, k, e uint) uint64 {
	v := sx(n, e)
	if v != 0 && (k >= e || sx(n<<k, e)>>k != v) {
		s.saturated()
		return uint64(v>>63) ^ ones(e)>>1
	}
	return n << k
}

func (s *State) uqshl(n uint64, k, e uint) uint64 {
	if n != 0 && (k >= e || n>>(e-k) != 0) {
		s.saturated()
		return ones(e)
	}
	return n << k
}

func laneSQSHL(s *State, _, n, m uint64, e uint) uint64 {
	if k := amount(m); k < 0 {
		return uint64(sx(n, e) >> uint(-k))
	}
	return s.sqshl(n, uint(amount(m)), e)
}

func laneUQSHL(s *State, _, n, m uint64, e uint) uint64 {
	if k := amount(m); k < 0 {
		return n >> uint(-k)
	}
	return s.uqshl(n, uint(amount(m)), e)
}

func laneSQRSHL(s *State, _, n, m uint64, e uint) uint64 {
	if k := amount(m); k < 0 {
		return uint64(rsar(sx(n, e), uint(-k)))
	}
	return s.sqshl(n, uint(amount(m)), e)
}

func laneUQRSHL(s *State, _, n, m uint64, e uint) uint64 {
	if k := amount(m); k < 0 {
		return rshr(n, uint(-k))
	}
	return s.uqshl(n, uint(amount(m)), e)
}

// Immediate amounts: 1 to e to the right, 0 to e-1 to the left.

func laneSSHR(_ *State, _, n, k uint64, e uint) uint64  { return uint64(sx(n, e) >> k) }
func laneUSHR(_ *State, _, n, k uint64, _ uint) uint64  { return n >> k }
func laneSRSHR(_ *State, _, n, k uint64, e uint) uint64 { return uint64(rsar(sx(n, e), uint(k))) }
func laneURSHR(_ *State, _, n, k uint64, _ uint) uint64 { return rshr(n, uint(k)) }
func laneSSRA(_ *State, d, n, k uint64, e uint) uint64  { return d + uint64(sx(n, e)>>k) }
func laneUSRA(_ *State, d, n, k uint64, _ uint) uint64  { return d + n>>k }
func laneSRSRA(_ *State, d, n, k uint64, e uint) uint64 { return d + uint64(rsar(sx(n, e), uint(k))) }
func laneURSRA(_ *State, d, n, k uint64, _ uint) uint64 { return d + rshr(n, uint(k)) }
func laneSHL(_ *State, _, n, k uint64, _ uint) uint64   { return n << k }
func laneSRI(_ *State, d, n, k uint64, e uint) uint64   { return d&^(ones(e)>>k) | n>>k }
func laneSLI(_ *State, d, n, k uint64, _ uint) uint64   { return d&(1<<k-1) | n<<k }

func laneSQSHLimm(s *State, _, n, k uint64, e uint) uint64 { return s.sqshl(n, uint(k), e) }
func laneUQSHLimm(s *State, _, n, k uint64, e uint) uint64 { return s.uqshl(n, uint(k), e) }

func laneSQSHLU(s *State, _, n, k uint64, e uint) uint64 {
	if sx(n, e) < 0 {
		s.saturated()
		return 0
	}
	return s.uqshl(n, uint(k), e)
}

// Long: the result has 2e bits. SHLL shifts by e.

func laneSSHLL(_ *State, _, n, k uint64, e uint) uint64 { return uint64(sx(n, e) << k) }
func laneSHLL(_ *State, _, n, _ uint64, e uint) uint64  { return n << e }

// Narrow: n has 2e bits, the result e.

func laneRSHRN(_ *State, _, n, k uint64, _ uint) uint64 { return rshr(n, uint(k)) }

func laneSQSHRN(s *State, _, n, k uint64, e uint) uint64 { return s.satS(sx(n, 2*e)>>k, e) }
func laneSQRSHRN(s *State, _, n, k uint64, e uint) uint64 {
	return s.satS(rsar(sx(n, 2*e), uint(k)), e)
}
func laneUQSHRN(s *State, _, n, k uint64, e uint) uint64 { return laneUQXTN(s, 0, n>>k, 0, e) }
func laneUQRSHRN(s *State, _, n, k uint64, e uint) uint64 {
	return laneUQXTN(s, 0, rshr(n, uint(k)), 0, e)
}
func laneSQSHRUN(s *State, _, n, k uint64, e uint) uint64 { return s.satU(sx(n, 2*e)>>k, e) }
func laneSQRSHRUN(s *State, _, n, k uint64, e uint) uint64 {
	return s.satU(rsar(sx(n, 2*e), uint(k)), e)
}
