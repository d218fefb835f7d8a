package x86

// SSE2 Instructions (integers and moves) (Vol. 1, 5.6).
var sse2IntRows = Section{Ref: "Vol. 1, 5.6 SSE2 Instructions (integers and moves)", Feature: "SSE2", Rows: []Spec{}}
