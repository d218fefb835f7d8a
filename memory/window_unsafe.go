//go:build (amd64 || arm64) && (linux || darwin || freebsd || netbsd || openbsd || dragonfly || solaris)

package memory

import (
	"os"
	"runtime/debug"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The window form needs a little-endian 64-bit host that does unaligned
// accesses in hardware, has mmap, and has pages of 4 KiB: the build
// constraint above and supported below. On hosts with larger pages the page
// table is the truth, because objects could not be mapped at the guest's page
// size and the host's protection would be too coarse.

// hostPieces counts the host's mappings that windows of this process are
// believed to use; see window.pieces.
var hostPieces atomic.Int64

// window is the form that leaves the checking to the host.
type window struct {
	s       *Space
	reserve []byte  // the whole reservation
	base    uintptr // host address of guest address 0

	// pieces bounds from above into how many mappings the host has split the
	// window. The limit of a process is low on Linux, and Go dies when it is
	// reached, so guests must not get there. Every call adds the two that it
	// can cost at most; the host's merging cannot be predicted from the region
	// table (anonymous memory that was touched before it became adjacent is
	// never merged), so when the bound gets high the host is asked.
	pieces int64

	runs    runTable  // private anonymous memory; see heap.go
	file    *heapFile // where new memory goes
	mixed   bool      // file has frozen parts: the next memory goes to another
	thawed  bool      // this Fork copies what is in file
	crowded bool      // this Fork freezes nothing
}

func (s *Space) openWindow() error {
	if os.Getpagesize() != PageSize || raceDetector {
		return ErrInvalid
	}
	w := &window{s: s}
	if !w.afford() {
		return ErrNoMemory
	}
	reserve, err := hostReserve(spaceSize + 3*guard)
	if err != nil {
		w.settle(0)
		return ErrNoMemory
	}
	w.reserve = reserve
	start := addressOf(reserve)
	in := guard + (guard-start%guard)%guard
	s.base = unsafe.Pointer(&reserve[in])
	w.base = uintptr(s.base)
	s.back = w
	return nil
}

// memory returns the host memory of [lo, hi).
func (w *window) memory(lo, hi uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(w.s.base, uintptr(lo))), int(hi-lo))
}

// settle sets the bound of pieces.
func (w *window) settle(n int64) {
	hostPieces.Add(n - w.pieces)
	w.pieces = n
}

// afford makes sure that the host lets the window be split by one more call.
func (w *window) afford() bool {
	ours := int64(2*w.s.maxRegions + 16)
	w.settle(w.pieces + 2)
	if w.pieces <= ours && hostAffords() {
		return true
	}
	if w.reserve != nil {
		if n, ok := w.count(); ok {
			w.settle(int64(n) + 2)
		} else {
			w.settle(int64(2*len(w.s.regions)) + 3)
		}
		if w.pieces <= ours && hostAffords() {
			return true
		}
	}
	w.settle(w.pieces - 2)
	return false
}

// hostAffords reports whether the host lets windows have as many mappings as they
// have together. Some are never too many: to ask would be part of every start.
func hostAffords() bool {
	const few = 500
	n := hostPieces.Load()
	return n <= few || n <= hostMaxPieces()
}

// hostProt is the protection that the host gives a region.
func (w *window) hostProt(r Region) (readable, writable bool) {
	return r.Prot != 0, r.Prot&Write != 0 && w.s.dirty == nil
}

func (w *window) place(r Region) error {
	if !w.afford() {
		return ErrNoMemory
	}
	readable, writable := w.hostProt(r)
	m := w.memory(r.Addr, r.End())
	if r.Object == nil {
		return hostError(w.placeAnonymous(r))
	}
	if err := hostMapFile(m, r.Object.file, int64(r.Offset), r.Shared, readable, writable); err != nil {
		return hostError(err)
	}
	w.forget(r.Addr, r.End())
	return nil
}

func (w *window) remove(lo, hi uint64) error {
	if !w.afford() {
		return ErrNoMemory
	}
	if err := hostMapAnonymous(w.memory(lo, hi), false, false); err != nil {
		return hostError(err)
	}
	w.forget(lo, hi)
	return nil
}

func (w *window) protect(r Region) error {
	if !w.afford() {
		return ErrNoMemory
	}
	readable, writable := w.hostProt(r)
	return hostError(hostProtect(w.memory(r.Addr, r.End()), readable, writable))
}

// discard maps the region anew, which is atomic and exact on every host.
func (w *window) discard(r Region) error {
	if r.Object == nil {
		return w.discardAnonymous(r)
	}
	return w.place(r)
}

func (w *window) sync(r Region, wait bool) error {
	if !r.Object.hostFile || !r.Object.writable {
		return nil
	}
	stop := min(r.End(), r.validEnd())
	if stop <= r.Addr {
		return nil
	}
	if w.s.base == nil {
		return nil // closed
	}
	if err := hostSync(w.memory(r.Addr, stop), wait); err != nil && err != unix.ENOMEM {
		return err // ENOMEM: unmapped meanwhile
	}
	return nil
}

// objectShrunk has nothing to do: the host's truncation did it.
func (w *window) objectShrunk(r Region) {}

func (w *window) forbidWrites(r Region) {
	if r.Prot&Write != 0 {
		if w.protect(r) != nil {
			w.s.dirty.set(r.Addr, r.End()) // stays writable, so it counts as changed
		}
	}
}

// permitWrites makes writable what the region table says is writable.
func (w *window) permitWrites(lo, hi uint64) {
	parts, _ := w.s.regions.parts(lo, hi)
	for _, r := range parts {
		if r.Prot&Write == 0 {
			continue
		}
		if !w.afford() {
			// Splitting no further: give up exactness for the whole region.
			r = *w.s.regions.at(r.Addr)
			w.s.dirty.set(r.Addr, r.End())
		}
		_ = hostProtect(w.memory(r.Addr, r.End()), true, true)
	}
}

// supply and ready have nothing to do: the host supplies pages when they are touched.
func (w *window) supply(uint64, uint64, bool) (changed bool, f *Fault) { return false, nil }

func (w *window) ready(uint64, uint64, bool) bool { return true }

func (w *window) bytes(addr, n uint64, need Prot) ([][]byte, *Fault) {
	return [][]byte{w.memory(addr, addr+n)}, nil
}

func (w *window) close() error {
	w.s.base = nil
	w.settle(0)
	w.runs.set(0, spaceSize, nil, false)
	w.file.release()
	w.file = nil
	return hostRelease(w.reserve)
}

// placeCopy maps the child's region writable at first.
func (w *window) placeCopy(child *Space, r Region) error {
	to := child.back.(*window)
	copyTo := w.copyAnonymous
	if r.Object != nil {
		copyTo = w.copyObject
	}
	if err := copyTo(to, r); err != nil || r.Prot&Write != 0 {
		return err
	}
	return hostError(hostProtect(to.memory(r.Addr, r.End()), r.Prot != 0, false))
}

// copyObject maps a private region of an object in another window, and copies
// the pages that it has of its own.
func (w *window) copyObject(to *window, r Region) error {
	if err := to.place(openToCopy(r)); err != nil {
		return err
	}
	stop := min(r.End(), r.validEnd())
	if stop <= r.Addr {
		return nil
	}
	return w.copyOwn(to, r.clip(r.Addr, stop), false)
}

// openToCopy is the region as it is while pages are copied to it.
func openToCopy(r Region) Region {
	r.Prot = Read | Write
	return r
}

// copyOwn copies the pages that have been written, to a window where they can
// be written. The region is made readable meanwhile. plain means that it has no
// file behind it.
func (w *window) copyOwn(to *window, r Region, plain bool) error {
	if r.Prot == 0 {
		if err := hostError(hostProtect(w.memory(r.Addr, r.End()), true, false)); err != nil {
			return err
		}
		defer hostProtect(w.memory(r.Addr, r.End()), false, false)
	}
	src, dst := w.memory(r.Addr, r.End()), to.memory(r.Addr, r.End())
	return hostOwnPages(src, plain, func(lo, hi int) error {
		copyPages(dst[lo:hi], src[lo:hi], true)
		return nil
	})
}

// copyPages copies pages, or with compare those that differ, so that the host
// needs no memory for the others. A page that cannot be read (its object has
// just been truncated) ends the copy.
func copyPages(dst, src []byte, compare bool) {
	defer func(before bool) {
		debug.SetPanicOnFault(before)
		if r := recover(); r != nil {
			if _, ok := r.(addressed); !ok {
				panic(r)
			}
		}
	}(debug.SetPanicOnFault(true))
	for len(src) > 0 {
		if !compare || string(dst[:PageSize]) != string(src[:PageSize]) {
			copy(dst[:PageSize], src)
		}
		dst, src = dst[PageSize:], src[PageSize:]
	}
}

// hostError is the error of a mapping call for one of the host's.
func hostError(err error) error {
	switch err {
	case nil:
		return nil
	case unix.EACCES, unix.EPERM: // a file that is not open for it
		return ErrAccess
	case unix.ENODEV, unix.EINVAL, unix.EOVERFLOW:
		return ErrInvalid
	}
	return ErrNoMemory
}

// count asks the host for the number of pieces.
func (w *window) count() (int, bool) { return hostCountPieces(w.base, w.base+spaceSize) }
