package host

import (
	"runtime"
	"sync"
	"syscall/js"
	"time"

	"github.com/nuage-emu/nuage/abi"
)

var _ abi.Cooperative = (*Host)(nil)

// Quantum implements [abi.Cooperative]: there is one thread, and nothing
// preempts a goroutine. It is a few milliseconds.
func (h *Host) Quantum() uint64 { return 1 << 16 }

// breath is the event loop's next turn. Only when all goroutines wait does the
// run time return to the loop, without which files and timers of the host stand
// still: so at times all guest threads wait until it has been there.
var breath struct {
	mu   sync.Mutex
	due  time.Time
	over chan struct{} // closed by the event loop; nil if nobody waits for it
}

// between is the time for which the event loop may be kept waiting.
const between = 30 * time.Millisecond

// Rest implements [abi.Cooperative].
func (h *Host) Rest() {
	b := &breath
	b.mu.Lock()
	if b.over == nil && time.Now().After(b.due) {
		over := make(chan struct{})
		var ring js.Func
		ring = js.FuncOf(func(js.Value, []js.Value) any {
			ring.Release()
			b.mu.Lock()
			b.due, b.over = time.Now().Add(between), nil
			b.mu.Unlock()
			close(over)
			return nil
		})
		js.Global().Call("setTimeout", ring, 0)
		b.over = over
	}
	over := b.over
	b.mu.Unlock()
	if over != nil {
		<-over
		return
	}
	runtime.Gosched()
}
