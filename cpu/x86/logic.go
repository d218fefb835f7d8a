package x86

// Logical Instructions (Vol. 1, 5.1.4).
var logicRows = Section{Ref: "Vol. 1, 5.1.4 Logical Instructions", Rows: []Spec{}}
