//go:build race

package conformance

// detector says that the race detector is on. Programs take ten times as long
// with it, so of the tests that look at deterministic runs one has them made:
// TestDeterministic. What the others find out is the same with the detector.
const detector = true
