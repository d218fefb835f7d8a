package x86

// MMX Instructions (Vol. 1, 5.4).
var mmxRows = Section{Ref: "Vol. 1, 5.4 MMX Instructions", Feature: "MMX", Rows: []Spec{}}
