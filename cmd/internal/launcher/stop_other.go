//go:build !unix

package launcher

// stopSelf does nothing: this host cannot stop a program, and nobody could
// continue a guest that stays stopped.
func stopSelf() {}
