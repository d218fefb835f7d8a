//go:build amd64 && (freebsd || darwin)

package jit

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// What the engine needs of a host, on FreeBSD and macOS: tables, stacks and
// handlers of traps. Code memory, and how to ask for a signal, are in the file of
// each. Both are built by all checks, and run by none: there was no such host.

// best is the convention whose code is fastest here. GS is the system's on
// macOS, and on FreeBSD it cannot be relied on that programs may set it.
func best() rewrite.Convention { return rewrite.StateInRegister }

func gateOf(rewrite.Convention) gate { return portableGate }

// enter is never called: there is no code with the State in GS.
func enter(*x86.State) {}

// use has nothing to do: the host supplies pages when they are touched.
func (c *codeMemory) use(int) bool { return true }

// forget has nothing to do: the chunk is used again.
func (c *codeMemory) forget(int) {}

// kickSignal in Context.Signal says that the thread is wanted elsewhere.
const kickSignal = uint64(unix.SIGURG)

// handlerAddress returns the address of our handler of signals.
func handlerAddress() uintptr

// oldHandlers are Go's, by signal.
var oldHandlers [33]uintptr

// ourSignals are those that end generated code: the processor's exceptions,
// and the signal by which one thread takes another out.
var ourSignals = []unix.Signal{unix.SIGSEGV, unix.SIGBUS, unix.SIGFPE, unix.SIGILL, unix.SIGURG}

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
		a.handler = handlerAddress()
		if err := action(sig, &a, nil); err != nil {
			return fmt.Errorf("installing a handler for %v: %w", sig, err)
		}
	}
	return nil
}

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

// tableObject is a table that all tables begin as.
type tableObject struct{ blank []byte }

const blankBytes = tableBytes

func newTableObject(blank []byte) (tableObject, error) { return tableObject{blank}, nil }

// place puts a blank table at m, whatever is there.
func (o tableObject) place(m []byte) error {
	_, err := unix.MmapPtr(-1, 0, unsafe.Pointer(&m[0]), uintptr(len(m)), unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_FIXED)
	if err == nil {
		copy(m, o.blank)
	}
	return err
}
