package memory

import "unsafe"

// page is the memory of one guest page, in the guest's byte order. Words make
// the Go allocator align it for 64-bit atomics on every host.
type page [PageSize / 8]uint64

// zeroPage is what never-written pages show to readers. Nobody writes to it.
var zeroPage page

//go:norace
func (p *page) bytes() []byte { return (*[PageSize]byte)(unsafe.Pointer(p))[:] }

// copyFromPage and copyToPage are apart because guests access pages at the
// same time, as they do on real machines: not a race of this program's own.
// The race detector looks inside copy even here, so it gets loops.
//
//go:norace
func copyFromPage(dst []byte, p *page, off int) {
	if raceDetector {
		for i := range dst {
			dst[i] = p.bytes()[off+i]
		}
		return
	}
	copy(dst, p.bytes()[off:])
}

//go:norace
func copyToPage(p *page, off int, src []byte) {
	if raceDetector {
		for i := range src {
			p.bytes()[off+i] = src[i]
		}
		return
	}
	copy(p.bytes()[off:], src)
}
