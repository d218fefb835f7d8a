//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package host

import "golang.org/x/sys/unix"

// writePromptly is write(2).
func writePromptly(fd int, p []byte) bool {
	n, err := unix.Write(fd, p)
	return err == nil && n == len(p)
}
