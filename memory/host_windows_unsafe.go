//go:build windows && (amd64 || arm64)

package memory

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/windows"
)

// What windows need of a Windows host. Addresses are of the host; ranges are
// whole pages.
//
// Windows reserves and maps in steps of 64 KiB, except in placeholders
// (Windows 10 version 1803): reserved ranges that can be split at any page,
// and replaced, as a whole, by private memory or by a view of a section.

var (
	kernelBase           = windows.NewLazySystemDLL("kernelbase.dll")
	procVirtualAlloc2    = kernelBase.NewProc("VirtualAlloc2")
	procMapViewOfFile3   = kernelBase.NewProc("MapViewOfFile3")
	procUnmapViewOfFile2 = kernelBase.NewProc("UnmapViewOfFile2")
)

// Flags of placeholders, of the calls above and of VirtualFree.
const (
	memReservePlaceholder   = 0x40000
	memReplacePlaceholder   = 0x4000
	memCoalescePlaceholders = 1
	memPreservePlaceholder  = 2
)

// ownProcess is what the host takes for the handle of the calling process.
const ownProcess = ^uintptr(0)

// hostHasPlaceholders reports whether the calls are there at all.
func hostHasPlaceholders() bool {
	return procVirtualAlloc2.Find() == nil && procMapViewOfFile3.Find() == nil && procUnmapViewOfFile2.Find() == nil
}

// addressed by the host: the conversion that vet cannot know to be right.
func hostPointer(addr uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&addr)) }

// hostPlaceholder reserves n bytes as one placeholder.
func hostPlaceholder(n uintptr) (uintptr, error) {
	return virtualAlloc2(0, n, windows.MEM_RESERVE|memReservePlaceholder)
}

// hostReserve replaces a placeholder by inaccessible private memory.
func hostReserve(addr, n uintptr) error {
	_, err := virtualAlloc2(addr, n, windows.MEM_RESERVE|memReplacePlaceholder)
	return err
}

func virtualAlloc2(addr, n uintptr, kind uintptr) (uintptr, error) {
	p, _, err := procVirtualAlloc2.Call(ownProcess, addr, n, kind, windows.PAGE_NOACCESS, 0, 0)
	if p == 0 {
		return 0, err
	}
	return p, nil
}

// hostVacate makes a placeholder of a part of private memory or of a larger
// placeholder.
func hostVacate(addr, n uintptr) error {
	return windows.VirtualFree(addr, n, windows.MEM_RELEASE|memPreservePlaceholder)
}

// hostCoalesce makes one placeholder of several.
func hostCoalesce(addr, n uintptr) error {
	return windows.VirtualFree(addr, n, windows.MEM_RELEASE|memCoalescePlaceholders)
}

// hostGiveUp frees a placeholder or private memory for good.
func hostGiveUp(addr uintptr) error { return windows.VirtualFree(addr, 0, windows.MEM_RELEASE) }

// hostCommit makes reserved private memory accessible; what was inaccessible
// reads zero.
func hostCommit(addr, n uintptr, prot uint32) error {
	_, err := windows.VirtualAlloc(addr, n, windows.MEM_COMMIT, prot)
	return err
}

func hostDecommit(addr, n uintptr) error { return windows.VirtualFree(addr, n, windows.MEM_DECOMMIT) }

func hostProtect(addr, n uintptr, prot uint32) error {
	var old uint32
	return windows.VirtualProtect(addr, n, prot, &old)
}

// hostView replaces a placeholder by a view of a section.
func hostView(section windows.Handle, off uint64, addr, n uintptr, prot uint32) error {
	p, _, err := procMapViewOfFile3.Call(uintptr(section), ownProcess, addr, uintptr(off), n,
		memReplacePlaceholder, uintptr(prot), 0, 0)
	if p == 0 {
		return err
	}
	return nil
}

// hostUnview makes a view a placeholder again.
func hostUnview(addr uintptr) error {
	if ok, _, err := procUnmapViewOfFile2.Call(ownProcess, addr, memPreservePlaceholder); ok == 0 {
		return err
	}
	return nil
}

// hostSection makes a section of n zero bytes, and a view of it for ourselves.
func hostSection(n uintptr) (section windows.Handle, view []byte, err error) {
	section, err = windows.CreateFileMapping(windows.InvalidHandle, nil, windows.PAGE_READWRITE, 0, uint32(n), nil)
	if err != nil && !errors.Is(err, windows.ERROR_ALREADY_EXISTS) {
		return 0, nil, err
	}
	addr, err := windows.MapViewOfFile(section, windows.FILE_MAP_READ|windows.FILE_MAP_WRITE, 0, 0, n)
	if err != nil {
		_ = windows.CloseHandle(section)
		return 0, nil, err
	}
	return section, unsafe.Slice((*byte)(hostPointer(addr)), n), nil
}

func hostCloseSection(section windows.Handle, view []byte) {
	_ = windows.UnmapViewOfFile(uintptr(unsafe.Pointer(unsafe.SliceData(view))))
	_ = windows.CloseHandle(section)
}

// pageIn returns the page at an offset of a view.
func pageIn(view []byte, off uint64) *page { return (*page)(unsafe.Pointer(&view[off])) }
