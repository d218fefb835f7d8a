package x86

// Shift and Rotate Instructions (Vol. 1, 5.1.5).
var shiftRows = Section{Ref: "Vol. 1, 5.1.5 Shift and Rotate Instructions", Rows: []Spec{}}
