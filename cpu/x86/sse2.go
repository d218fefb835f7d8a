package x86

// SSE2 Instructions (floating point) (Vol. 1, 5.6).
var sse2Rows = Section{Ref: "Vol. 1, 5.6 SSE2 Instructions (floating point)", Feature: "SSE2", Rows: []Spec{}}
