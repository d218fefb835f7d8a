package host

import _ "unsafe" // for linkname

// nanotime is the monotonic clock of the Go run time, in nanoseconds.
//
//go:linkname nanotime runtime.nanotime
func nanotime() int64
