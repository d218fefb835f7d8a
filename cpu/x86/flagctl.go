package x86

// Flag Control Instructions (Vol. 1, 5.1.11).
var flagRows = Section{Ref: "Vol. 1, 5.1.11 Flag Control Instructions", Rows: []Spec{}}
