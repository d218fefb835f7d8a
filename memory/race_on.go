//go:build race

package memory

// raceDetector: Go's race detector does atomic operations in C code, in which
// a fault ends the process. So there are no windows under it.
const raceDetector = true
