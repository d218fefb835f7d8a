//go:build !linux

package host

import "crypto/rand"

// random fills p with random bytes.
func random(p []byte) {
	// crypto/rand.Read never fails: the Go runtime ends the process instead.
	_, _ = rand.Read(p)
}
