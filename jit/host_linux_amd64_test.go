package jit

import "golang.org/x/sys/unix"

// hostThread is the number of a thread of the process, and not the caller's
// for long.
func hostThread() int { return unix.Getpid() }
