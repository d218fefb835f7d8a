package abi

import "runtime"

// gosched is the one thing that the kernel asks of the Go runtime.
func gosched() { runtime.Gosched() }
