//go:build !race

package conformance

const detector = false
