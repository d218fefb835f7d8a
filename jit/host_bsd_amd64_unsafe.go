//go:build amd64 && (freebsd || darwin)

package jit

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the engine needs of a host beside what all systems of the kind of Unix
// have (host_unix_amd64_unsafe.go), on FreeBSD and macOS: tables and our handler.
// Code memory, and how to ask for a signal, are in the file of each. Both are
// built by all checks, and run by none: there was no such host.

// handlerAddress returns the address of our handler of signals.
func handlerAddress() uintptr

// redirect makes a, the action of a signal, that of our handler.
func (a *sigaction) redirect(unix.Signal) { a.handler = handlerAddress() }

// place puts a blank table at m, whatever is there.
func (o tableObject) place(m []byte) error {
	_, err := unix.MmapPtr(-1, 0, unsafe.Pointer(&m[0]), uintptr(len(m)), unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_FIXED)
	if err == nil {
		o.fill(m)
	}
	return err
}
