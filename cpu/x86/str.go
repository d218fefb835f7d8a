package x86

// String Instructions (Vol. 1, 5.1.8).
var stringRows = Section{Ref: "Vol. 1, 5.1.8 String Instructions", Rows: []Spec{}}
