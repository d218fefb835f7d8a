package arm64

import "math/bits"

// The condition flags are kept as four words of which an addition writes what
// it has at hand: N and V are bit 63 of fn and fv, Z says that fz is zero, C is
// fc. A condition is then a compare or two, and nothing is packed before an
// instruction asks for NZCV itself.

// word is the type of a general operation: its width.
type word interface{ uint32 | uint64 }

// Flags returns NZCV in the layout of the MRS instruction.
func (s *State) Flags() uint32 {
	f := uint32(s.fn>>63)<<31 | uint32(s.fc)<<29 | uint32(s.fv>>63)<<28
	if s.fz == 0 {
		f |= FlagZ
	}
	return f
}

// SetFlags sets NZCV from the layout of the MSR instruction.
func (s *State) SetFlags(f uint32) {
	s.fn = uint64(f) << 32
	s.fz = uint64(^f >> 30 & 1)
	s.fc = uint64(f >> 29 & 1)
	s.fv = uint64(f) << 35
}

// cond evaluates condition cc (the manual's ConditionHolds); 14 and 15 always
// hold.
func (s *State) cond(cc uint8) bool {
	var v bool
	switch cc >> 1 & 7 {
	case 0:
		v = s.fz == 0
	case 1:
		v = s.fc != 0
	case 2:
		v = int64(s.fn) < 0
	case 3:
		v = int64(s.fv) < 0
	case 4:
		v = s.fc != 0 && s.fz != 0
	case 5:
		v = int64(s.fn^s.fv) >= 0
	case 6:
		v = s.fz != 0 && int64(s.fn^s.fv) >= 0
	default:
		return true
	}
	return v != (cc&1 != 0)
}

// up moves the sign bit of v to bit 63.
func up[T word](v T) uint64 { return uint64(v) << (32 &^ (uint64(^T(0)) >> 58)) }

// addFlags sets the flags of a + b, subFlags those of a - b, which are the
// manual's AddWithCarry of a, NOT b and 1. (Written out by internal/mono where
// they are called.)
func addFlags[T word](s *State, a, b T) {
	r := a + b
	s.fn, s.fz, s.fv = up(r), uint64(r), up((a^r)&(b^r))
	s.fc = 0
	if r < a {
		s.fc = 1
	}
}

func subFlags[T word](s *State, a, b T) {
	r := a - b
	s.fn, s.fz, s.fv = up(r), uint64(r), up((a^b)&(a^r))
	s.fc = 0
	if a >= b {
		s.fc = 1
	}
}

// logicFlags sets the flags of ANDS and BICS.
func logicFlags[T word](s *State, r T) {
	s.fn, s.fz, s.fc, s.fv = up(r), uint64(r), 0, 0
}

// addCarryFlags64 and addCarryFlags32 are AddWithCarry with all flags.
func (s *State) addCarryFlags64(a, b uint64) uint64 {
	r, carry := bits.Add64(a, b, s.fc)
	s.fn, s.fz, s.fc, s.fv = r, r, carry, (a^r)&(b^r)
	return r
}

func (s *State) addCarryFlags32(a, b uint32) uint64 {
	w := uint64(a) + uint64(b) + s.fc
	r := uint32(w)
	s.fn, s.fz, s.fc, s.fv = uint64(r)<<32, uint64(r), w>>32, uint64((a^r)&(b^r))<<32
	return uint64(r)
}
