//go:build (amd64 || arm64) && (linux || darwin || freebsd || netbsd || openbsd || dragonfly || solaris)

package memory

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What windows need of a Unix host. Slices are ranges of whole pages inside a
// reservation.

const mapReserve = unix.MAP_PRIVATE | unix.MAP_ANON | mapNoReserve

func hostReserve(n int) ([]byte, error) {
	p, err := unix.MmapPtr(-1, 0, nil, uintptr(n), unix.PROT_NONE, mapReserve)
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(p), n), nil
}

func hostRelease(m []byte) error {
	return unix.MunmapPtr(unsafe.Pointer(unsafe.SliceData(m)), uintptr(len(m)))
}

func protBits(readable, writable bool) int {
	switch {
	case writable:
		return unix.PROT_READ | unix.PROT_WRITE
	case readable:
		return unix.PROT_READ
	}
	return unix.PROT_NONE
}

// hostMapAnonymous replaces m by zeros, atomically.
func hostMapAnonymous(m []byte, readable, writable bool) error {
	_, err := unix.MmapPtr(-1, 0, unsafe.Pointer(unsafe.SliceData(m)), uintptr(len(m)),
		protBits(readable, writable), mapReserve|unix.MAP_FIXED)
	return err
}

// hostMapFile replaces m by a part of a file, atomically.
func hostMapFile(m []byte, f *os.File, off int64, shared, readable, writable bool) error {
	flags := unix.MAP_FIXED | unix.MAP_PRIVATE | mapNoReserve
	if shared {
		flags = unix.MAP_FIXED | unix.MAP_SHARED
	}
	_, err := unix.MmapPtr(int(f.Fd()), off, unsafe.Pointer(unsafe.SliceData(m)), uintptr(len(m)),
		protBits(readable, writable), flags)
	return err
}

func hostProtect(m []byte, readable, writable bool) error {
	return unix.Mprotect(m, protBits(readable, writable))
}

func hostSync(m []byte, wait bool) error {
	if wait {
		return unix.Msync(m, unix.MS_SYNC)
	}
	return unix.Msync(m, unix.MS_ASYNC)
}

func addressOf(m []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(m))) }
