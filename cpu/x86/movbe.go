package x86

import "math/bits"

// MOVBE: moves that reverse the bytes.
var movbeRows = Section{Ref: "Vol. 2B, MOVBE", Feature: "MOVBE", Rows: []Spec{
	{"NFx 0F 38 F0 /r", "movbe", "=Gv Mv", "", 0, sized{1: movbeLoad16, 2: movbeLoad32, 3: movbeLoad64}},
	{"NFx 0F 38 F1 /r", "movbe", "=Mv Gv", "", 0, sized{1: movbeStore16, 2: movbeStore32, 3: movbeStore64}},
}}

func swapped[T word](v T) T { return T(bits.ReverseBytes64(uint64(v)) >> (64 - width[T]())) }

func movbeLoad[T word](s *State, o *op) *op {
	setReg(s, o.dst, swapped(load[T](s, s.ea(o))))
	return o.after()
}

func movbeStore[T word](s *State, o *op) *op {
	store(s, s.ea(o), swapped(reg[T](s, o.src)))
	return o.after()
}
