package x86

// SSE Instructions (Vol. 1, 5.5).
var sseRows = Section{Ref: "Vol. 1, 5.5 SSE Instructions", Feature: "SSE", Rows: []Spec{}}
