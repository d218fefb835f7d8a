//go:build !(amd64 && (linux || windows || freebsd || darwin))

package jit

import (
	"fmt"
	"runtime"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

func newEngine(*memory.Space, cpu.Engine, Options) (cpu.Engine, error) {
	return nil, fmt.Errorf("%w: none for %s/%s hosts", ErrUnavailable, runtime.GOOS, runtime.GOARCH)
}

func hostCode() string { return "" }
