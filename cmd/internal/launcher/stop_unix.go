//go:build unix

package launcher

import "syscall"

// stopSelf stops this program like the guest in it has asked to be, and
// returns when somebody continues it.
func stopSelf() { _ = syscall.Kill(syscall.Getpid(), syscall.SIGSTOP) }
