package x86

// Miscellaneous Instructions (Vol. 1, 5.1.13).
var miscRows = Section{Ref: "Vol. 1, 5.1.13 Miscellaneous Instructions", Rows: []Spec{}}
