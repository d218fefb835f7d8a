//go:build (amd64 || arm64) && (darwin || netbsd || openbsd || dragonfly || solaris)

package memory

import "golang.org/x/sys/unix"

const mapNoReserve = unix.MAP_NORESERVE
