//go:build race && !racewindow

package memory

// raceDetector: Go's race detector does atomic operations in C code, in which
// a fault ends the process. So there are no windows under it, unless the tag
// racewindow says that no such fault will come: for tests of translated code.
const raceDetector = true
