package x86

// System Instructions reachable from user code (Vol. 1, 5.20).
var systemRows = Section{Ref: "Vol. 1, 5.20 System Instructions reachable from user code", Rows: []Spec{}}
