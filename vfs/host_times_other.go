//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package vfs

import (
	"os"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// setTimesFile: no way to do it by the open file is at hand.
func setTimesFile(*os.File, *uint64, *uint64) error { return cloudabi.ENOTSUP }
