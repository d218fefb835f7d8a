//go:build !amd64

package jit

func sameFlags() bool { return false }
