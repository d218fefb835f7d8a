// Package host implements the kernel's seam to the real host: its clocks, its
// random bytes, its timers, and its streams and sockets.
//
// It is the default of everything that starts guests. Recording, replay and
// deterministic runs wrap or replace it; nothing else in the kernel knows that
// a host exists. Start reading with [New], then stream.go (streams over any reader
// and writer, served by goroutines) and direct_unix.go (streams over descriptors,
// served by the host's own calls and one poller, where the host has them).
package host

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// Host is the real host as an [abi.Host].
type Host struct {
	start int64         // as nanotime counts
	last  atomic.Uint64 // greatest Monotonic handed out
}

var (
	_ abi.Host        = (*Host)(nil)
	_ abi.SystemClock = (*Host)(nil)
)

// New returns the host this program runs on.
func New() *Host { return &Host{start: nanotime()} }

// origin keeps the monotonic clock away from zero, so that a guest cannot
// mistake an early time for an uninitialised one.
const origin = uint64(time.Second)

// Monotonic implements [abi.Host].
func (h *Host) Monotonic() uint64 { return origin + uint64(nanotime()-h.start) }

// SystemClock implements [abi.SystemClock].
func (h *Host) SystemClock() (offset uint64, itself abi.Host) { return origin - uint64(h.start), h }

// Realtime implements [abi.Host]. A host clock before 1970 reads as 0.
func (h *Host) Realtime() uint64 { return uint64(max(time.Now().UnixNano(), 0)) }

// Resolution implements [abi.Host]: what Go's clocks count in. Finer than some
// hosts' ticks, as the hosts themselves claim.
func (h *Host) Resolution(cloudabi.Clockid) uint64 { return 1 }

// At implements [abi.Host].
func (h *Host) At(t uint64, f func()) func() {
	var wait time.Duration
	if now := h.Monotonic(); t > now {
		wait = time.Duration(min(t-now, 1<<63-1))
	}
	timer := time.AfterFunc(wait, f)
	return func() { timer.Stop() }
}

// Random implements [abi.Host].
func (h *Host) Random(p []byte) { random(p) }

// Cycles implements [abi.Host]: one cycle a nanosecond, that is, a processor
// of 1 GHz.
func (h *Host) Cycles() uint64 {
	now := h.Monotonic()
	for {
		last := h.last.Load()
		if now <= last {
			return last
		}
		if h.last.CompareAndSwap(last, now) {
			return now
		}
	}
}

// CPUs implements [abi.Host].
func (h *Host) CPUs() int { return runtime.GOMAXPROCS(0) }
