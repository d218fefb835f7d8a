//go:build linux || windows || freebsd || darwin

package jit

import "github.com/nuage-emu/nuage/jit/rewrite"

// SetTamper has f change every unit between translator and verifier.
func SetTamper(f func(*rewrite.Unit)) { tamper = f }
