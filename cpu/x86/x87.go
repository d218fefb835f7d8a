package x86

// x87 Floating-Point Instructions (Vol. 1, 5.2).
var x87Rows = Section{Ref: "Vol. 1, 5.2 x87 Floating-Point Instructions", Feature: "FPU", Rows: []Spec{}}
