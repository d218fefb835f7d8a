//go:build amd64 && (linux || freebsd || darwin)

package jit

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the engine needs of a host, on all systems of the kind of Unix: host
// stacks and handlers of signals. What an action of a signal looks like, code
// memory, tables, and how to ask for a signal are in the files of each.

// kickSignal in Context.Signal says that the thread is wanted elsewhere.
const kickSignal = uint64(unix.SIGURG)

// ourSignals are those that end generated code: the processor's exceptions,
// and the signal by which one thread takes another out.
var ourSignals = []unix.Signal{unix.SIGSEGV, unix.SIGBUS, unix.SIGFPE, unix.SIGILL, unix.SIGURG}

// oldHandlers are Go's, by signal.
var oldHandlers [65]uintptr

// installHandlers puts our handler before Go's. It stays for the life of the
// process.
func installHandlers() error {
	for _, sig := range ourSignals {
		var a sigaction
		if err := action(sig, nil, &a); err != nil {
			return fmt.Errorf("reading the handler of %v: %w", sig, err)
		}
		if a.handler < 2 {
			return fmt.Errorf("no handler of Go for %v", sig)
		}
		oldHandlers[sig] = a.handler
		a.redirect(sig)
		if err := action(sig, &a, nil); err != nil {
			return fmt.Errorf("installing a handler for %v: %w", sig, err)
		}
	}
	return nil
}

// use has nothing to do: the host supplies pages when they are touched.
func (c *codeMemory) use(int) bool { return true }

// mapStack returns a host stack of n bytes behind guardBytes that refuse
// accesses.
func mapStack(n int) ([]byte, error) {
	p, err := unix.MmapPtr(-1, 0, nil, uintptr(guardBytes+n), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, err
	}
	m := unsafe.Slice((*byte)(p), guardBytes+n)
	if err := unix.Mprotect(m[:guardBytes], unix.PROT_NONE); err != nil {
		unmapStack(m)
		return nil, err
	}
	return m, nil
}

func unmapStack(m []byte) {
	_ = unix.MunmapPtr(unsafe.Pointer(&m[0]), uintptr(len(m))) // nothing to do about it
}
