package host

import (
	"runtime"

	"github.com/nuage-emu/nuage/abi"
)

var _ abi.Cooperative = (*Host)(nil)

// Quantum implements [abi.Cooperative]: there is one thread, and nothing
// preempts a goroutine. It is a few milliseconds.
func (h *Host) Quantum() uint64 { return 1 << 16 }

// Rest implements [abi.Cooperative].
func (h *Host) Rest() { runtime.Gosched() }
