package x86

// Bit and Byte Instructions (Vol. 1, 5.1.6).
var bitRows = Section{Ref: "Vol. 1, 5.1.6 Bit and Byte Instructions", Rows: []Spec{}}
