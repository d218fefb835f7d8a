package x86

import "math/bits"

// POPCNT, LZCNT and TZCNT. The two latter are BSR and BSF with F3, and the
// same to processors without them but for the result of zero (LZCNT: and for
// the direction it counts in).

var popcntRows = Section{Ref: "Vol. 1, 5.11 and Vol. 2B, POPCNT", Feature: "POPCNT", Rows: []Spec{
	{"F3 0F B8 /r", "popcnt", "=Gv Ev", "w:oszapc", 0, sized{1: popcnt[uint16], 2: popcnt32, 3: popcnt64}},
}}

var lzcntRows = Section{Ref: "Vol. 2A, LZCNT", Feature: "LZCNT", Rows: []Spec{
	{"F3 0F BD /r", "lzcnt", "=Gv Ev", "w:zc u:osap", 0, sized{1: lzcnt[uint16], 2: lzcnt32, 3: lzcnt64}},
}}

var tzcntRows = Section{Ref: "Vol. 2B, TZCNT", Feature: "BMI1", Rows: []Spec{
	{"F3 0F BC /r", "tzcnt", "=Gv Ev", "w:zc u:osap", 0, sized{1: tzcnt[uint16], 2: tzcnt32, 3: tzcnt64}},
}}

func popcnt[T word](s *State, o *op) *op {
	v := uint64(rm[T](s, o))
	setReg(s, o.dst, T(bits.OnesCount64(v)))
	s.fz, s.fs, s.fx, s.cf = v, 1, 0, 0
	return o.after()
}

// lzcnt and tzcnt count the width for zero, which CF reports.

func lzcnt[T word](s *State, o *op) *op {
	v := rm[T](s, o)
	n := uint64(bits.LeadingZeros64(uint64(v))) - (64 - uint64(width[T]()))
	setReg(s, o.dst, T(n))
	s.countFlags(n, v == 0)
	return o.after()
}

func tzcnt[T word](s *State, o *op) *op {
	v := rm[T](s, o)
	n := min(uint64(bits.TrailingZeros64(uint64(v))), uint64(width[T]()))
	setReg(s, o.dst, T(n))
	s.countFlags(n, v == 0)
	return o.after()
}

// countFlags: ZF is of the result. The undefined flags are clear.
func (s *State) countFlags(n uint64, none bool) {
	s.testFlags(n == 0, none)
}
