//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package host

import "golang.org/x/sys/unix"

// writesRaw: see prompt_linux_unsafe.go.
const writesRaw = false

// writePromptly is write(2).
func writePromptly(fd int, p []byte) bool {
	n, err := unix.Write(fd, p)
	return err == nil && n == len(p)
}
