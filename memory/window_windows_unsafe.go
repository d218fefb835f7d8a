//go:build windows && (amd64 || arm64)

package memory

import (
	"bytes"
	"math/bits"
	"slices"
	"sort"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"
)

// The window form on Windows. The reservation consists of pieces: private
// memory, of which pages are committed when they are touched, and views of the
// extents of objects (section_windows.go), mapped when they are touched.
// Mapping calls only take away; whatever is accessed and missing is brought in
// by supply, on the fault or before the kernel's access. So no change of a view
// needs to be atomic: a thread that meets the gap waits for Space.mu in explain
// and tries again.
//
// A private mapping of an object is shown by read-only views, which follow the
// object. The first write to a page replaces its view by one of that page
// alone, copied on write. In spaces that nobody uses yet (Fork) such a page of
// its own is plain private memory.
//
// Every view is mapped with exactly the protection it must have at that moment,
// since other threads may see it at once.

// window is the form that leaves the checking to the host.
type window struct {
	s       *Space
	reserve uintptr // the whole reservation
	base    uintptr // host address of guest address 0

	pieces    []piece   // sorted, covering the window
	compactAt int       // number of pieces at which to look for some to join
	present   pageSet   // committed pages of private pieces
	skipped   []uintptr // guards, to be freed
}

// piece is an allocation of the host.
type piece struct {
	lo, hi uint64
	kind   pieceKind
	rw     bool // a view that could be written
}

type pieceKind uint8

const (
	vacant  pieceKind = iota // a placeholder, because the host refused anything better
	private                  // reserved; present tells what is committed
	view                     // of an extent, as it is
	ownPage                  // one page of an extent, copied on write
)

// Where an engine's memory below the window begins, and how much it is.
const (
	engineBelow = 1 << 20
	engineSize  = 512 << 10
)

// maxPieces bounds what the host must keep for a window.
const maxPieces = 1 << 17

// supplyAhead is how much is committed at a time.
const supplyAhead = 64 << 10

// pageSet has a bit for every page of the window.
type pageSet [spaceSize / PageSize / 64]uint64

func (s *pageSet) has(addr uint64) bool {
	return s[addr/PageSize/64]>>(addr/PageSize%64)&1 != 0
}

// put sets or clears the bits of [lo, hi).
func (s *pageSet) put(lo, hi uint64, on bool) {
	for p, end := lo/PageSize, hi/PageSize; p < end; {
		n := min(64-p%64, end-p)
		mask := ^uint64(0) >> (64 - n) << (p % 64)
		if on {
			s[p/64] |= mask
		} else {
			s[p/64] &^= mask
		}
		p += n
	}
}

// run returns the end of the pages from lo on that are like the first, at most
// hi, and whether they are in the set.
func (s *pageSet) run(lo, hi uint64) (end uint64, in bool) {
	in = s.has(lo)
	for p := lo / PageSize; ; {
		w := s[p/64]
		if in {
			w = ^w
		}
		if w >>= p % 64; w != 0 {
			return min(hi, (p+uint64(bits.TrailingZeros64(w)))*PageSize), in
		}
		if p = p&^63 + 64; p*PageSize >= hi {
			return hi, in
		}
	}
}

// any reports whether a page of [lo, hi) is in the set.
func (s *pageSet) any(lo, hi uint64) bool {
	end, in := s.run(lo, hi)
	return in || end < hi
}

func (s *Space) openWindow() error {
	if raceDetector || !windowsWork() {
		return ErrInvalid
	}
	const size = spaceSize + 3*guard
	start, err := hostPlaceholder(size)
	if err != nil {
		return ErrNoMemory
	}
	in := guard + (guard-start%guard)%guard
	w := &window{s: s, reserve: start, base: start + in, compactAt: 1024, skipped: []uintptr{start}}
	err = hostVacate(w.base, spaceSize)
	if err == nil {
		w.skipped = append(w.skipped, w.base+spaceSize)
		err = hostReserve(w.base, spaceSize)
	}
	// What engines may have below the window is private memory; see WindowBase.
	if err == nil {
		err = hostVacate(w.base-engineBelow, engineSize)
	}
	if err == nil {
		w.skipped = append(w.skipped, w.base-engineBelow, w.base-engineBelow+engineSize)
		err = hostReserve(w.base-engineBelow, engineSize)
	}
	if err != nil {
		for _, a := range append(w.skipped, w.base) {
			_ = hostGiveUp(a)
		}
		return ErrNoMemory
	}
	w.pieces = []piece{{0, spaceSize, private, false}}
	s.base = hostPointer(w.base)
	s.back = w
	return nil
}

// windowsWork tries once what windows need of the host, so that a host that
// does only a part of it gets the paged form.
var windowsWork = sync.OnceValue(func() bool {
	if !hostHasPlaceholders() {
		return false
	}
	const size = 1 << 20
	base, err := hostPlaceholder(size)
	if err != nil {
		return false
	}
	section, ours, err := hostSection(smallExtent * PageSize)
	if err != nil {
		_ = hostGiveUp(base)
		return false
	}
	defer hostCloseSection(section, ours)
	copy(ours[3*PageSize:], "shown")
	at := func(addr uintptr) []byte { return unsafe.Slice((*byte)(hostPointer(addr)), 5) }
	const lo, n = 0x13000, 2 * PageSize
	works := hostReserve(base, size) == nil &&
		hostCommit(base+lo-PageSize, 4*PageSize, windows.PAGE_READWRITE) == nil &&
		copy(at(base+lo-PageSize), "stays") == 5 &&
		hostVacate(base+lo, n) == nil &&
		bytes.Equal(at(base+lo-PageSize), []byte("stays")) &&
		hostView(section, 3*PageSize, base+lo, n, windows.PAGE_READONLY) == nil &&
		bytes.Equal(at(base+lo), []byte("shown")) &&
		hostProtect(base+lo, PageSize, windows.PAGE_NOACCESS) == nil &&
		hostUnview(base+lo) == nil &&
		hostReserve(base+lo, n) == nil &&
		hostVacate(base+lo+PageSize, PageSize) == nil &&
		hostView(section, 3*PageSize, base+lo+PageSize, PageSize, windows.PAGE_WRITECOPY) == nil &&
		copy(at(base+lo+PageSize), "other") == 5 &&
		bytes.Equal(ours[3*PageSize:3*PageSize+5], []byte("shown")) &&
		hostUnview(base+lo+PageSize) == nil &&
		hostVacate(base+lo, PageSize) == nil &&
		hostCoalesce(base+lo, n) == nil &&
		hostView(section, 0, base+lo, n, windows.PAGE_READWRITE) == nil &&
		copy(at(base+lo+PageSize), "there") == 5 &&
		bytes.Equal(ours[PageSize:PageSize+5], []byte("there")) &&
		hostUnview(base+lo) == nil
	for _, a := range []uintptr{base, base + lo, base + lo + PageSize, base + lo + n} {
		_ = hostGiveUp(a) // what is no allocation's start is refused
	}
	return works
})

func (w *window) host(addr uint64) uintptr { return w.base + uintptr(addr) }

// memory returns the host memory of [lo, hi).
func (w *window) memory(lo, hi uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(w.s.base, uintptr(lo))), int(hi-lo))
}

// find returns the index of the piece of addr.
func (w *window) find(addr uint64) int {
	return sort.Search(len(w.pieces), func(i int) bool { return w.pieces[i].hi > addr })
}

// carve splits piece i so that [lo, hi) is a piece, whose index it returns.
func (w *window) carve(i int, lo, hi uint64) int {
	p := w.pieces[i]
	var parts []piece
	if p.lo < lo {
		parts = append(parts, piece{p.lo, lo, p.kind, p.rw})
	}
	at := i + len(parts)
	parts = append(parts, piece{lo, hi, p.kind, p.rw})
	if hi < p.hi {
		parts = append(parts, piece{hi, p.hi, p.kind, p.rw})
	}
	w.pieces = slices.Replace(w.pieces, i, i+1, parts...)
	return at
}

// occupy makes a vacant piece private.
func (w *window) occupy(i int) bool {
	p := &w.pieces[i]
	if p.kind == vacant && hostReserve(w.host(p.lo), uintptr(p.hi-p.lo)) == nil {
		p.kind, p.rw = private, false
	}
	return p.kind != vacant
}

// hide makes a view private memory with nothing in it.
func (w *window) hide(i int) error {
	p := &w.pieces[i]
	if err := hostUnview(w.host(p.lo)); err != nil {
		return ErrNoMemory
	}
	p.kind = vacant
	w.occupy(i)
	return nil
}

// show replaces [lo, hi), a part of private piece i without committed pages, by
// a view.
func (w *window) show(i int, e *extent, first, lo, hi uint64, kind pieceKind, prot uint32) bool {
	if len(w.pieces) >= maxPieces || hostVacate(w.host(lo), uintptr(hi-lo)) != nil {
		return false
	}
	i = w.carve(i, lo, hi)
	w.pieces[i].kind = vacant
	if hostView(e.section, (first-e.first)*PageSize, w.host(lo), uintptr(hi-lo), prot) != nil {
		w.occupy(i)
		return false
	}
	w.pieces[i].kind = kind
	w.pieces[i].rw = prot == windows.PAGE_READWRITE
	return true
}

// clear takes everything out of [lo, hi).
func (w *window) clear(lo, hi uint64) error {
	for i := w.find(lo); i < len(w.pieces) && w.pieces[i].lo < hi; i++ {
		p := w.pieces[i]
		if p.kind == view || p.kind == ownPage {
			if err := w.hide(i); err != nil {
				return err
			}
			continue
		}
		if err := w.decommit(max(lo, p.lo), min(hi, p.hi)); err != nil {
			return err
		}
	}
	w.compact()
	return nil
}

// decommit empties a part of a private piece.
func (w *window) decommit(lo, hi uint64) error {
	for lo < hi {
		end, in := w.present.run(lo, hi)
		if in {
			if err := hostDecommit(w.host(lo), uintptr(end-lo)); err != nil {
				return ErrNoMemory
			}
			w.present.put(lo, end, false)
		}
		lo = end
	}
	return nil
}

// compact joins neighbouring private pieces without committed pages, if there
// have come to be many pieces.
func (w *window) compact() {
	if len(w.pieces) < w.compactAt {
		return
	}
	empty := func(i int) bool {
		p := w.pieces[i]
		return p.kind == private && !w.present.any(p.lo, p.hi)
	}
	var kept []piece
	for i := 0; i < len(w.pieces); {
		j := i
		for j < len(w.pieces) && empty(j) {
			j++
		}
		if j-i < 2 {
			kept = append(kept, w.pieces[i])
			i++
			continue
		}
		kept = append(kept, w.join(w.pieces[i:j])...)
		i = j
	}
	w.pieces = kept
	w.compactAt = max(1024, 2*len(kept))
}

// join makes one piece of several empty ones, or as many as the host lets it.
func (w *window) join(list []piece) []piece {
	lo, hi := list[0].lo, list[len(list)-1].hi
	whole := true
	for i := range list {
		if hostVacate(w.host(list[i].lo), uintptr(list[i].hi-list[i].lo)) != nil {
			whole = false
			continue
		}
		list[i].kind = vacant
	}
	if whole && hostCoalesce(w.host(lo), uintptr(hi-lo)) == nil {
		list = []piece{{lo, hi, vacant, false}}
	}
	for i := range list {
		p := &list[i]
		if p.kind == vacant && hostReserve(w.host(p.lo), uintptr(p.hi-p.lo)) == nil {
			p.kind = private
		}
	}
	return list
}

func (w *window) place(r Region) error           { return w.clear(r.Addr, r.End()) }
func (w *window) remove(lo, hi uint64) error     { return w.clear(lo, hi) }
func (w *window) discard(r Region) error         { return w.clear(r.Addr, r.End()) }
func (w *window) protect(r Region) error         { return w.apply(&r, r.Addr, r.End()) }
func (w *window) objectShrunk(r Region)          { _ = w.clear(r.Addr, r.End()) }
func (w *window) count() (n int, ok bool)        { return 0, false }
func (w *window) sync(r Region, wait bool) error { return syncCached(r, wait) }

// prot returns the host's protection of a page that is there.
func (w *window) prot(r *Region, p *piece, addr uint64) uint32 {
	switch {
	case r.Prot == 0:
		return windows.PAGE_NOACCESS
	case r.Prot&Write == 0, w.s.dirty != nil && !(*pageSet)(w.s.dirty).has(addr), p.kind == view && !p.rw:
		return windows.PAGE_READONLY
	case p.kind == ownPage:
		return windows.PAGE_WRITECOPY
	}
	return windows.PAGE_READWRITE
}

// apply makes the pages of [lo, hi), a part of r, obey the protection and the
// record of changes.
func (w *window) apply(r *Region, lo, hi uint64) error {
	for i := w.find(lo); lo < hi; i++ {
		p := &w.pieces[i]
		stop := min(hi, p.hi)
		for lo < stop {
			end, in := stop, p.kind != vacant
			if p.kind == private {
				end, in = w.present.run(lo, stop)
			}
			if !in {
				lo = end
				continue
			}
			prot, from := w.prot(r, p, lo), lo
			if w.s.dirty == nil || r.Prot&Write == 0 {
				lo = end
			}
			for lo < end && w.prot(r, p, lo) == prot {
				lo += PageSize
			}
			if err := hostProtect(w.host(from), uintptr(lo-from), prot); err != nil {
				return ErrNoMemory
			}
		}
	}
	return nil
}

func (w *window) forbidWrites(r Region) {
	if r.Prot&Write != 0 && w.apply(&r, r.Addr, r.End()) != nil {
		w.s.dirty.set(r.Addr, r.End()) // may have stayed writable, so it counts as changed
	}
}

func (w *window) permitWrites(lo, hi uint64) {
	parts, _ := w.s.regions.parts(lo, hi)
	for i := range parts {
		if parts[i].Prot&Write != 0 {
			_ = w.apply(&parts[i], parts[i].Addr, parts[i].End())
		}
	}
}

// there reports whether a page can be accessed as far as supply is concerned,
// and up to where that is so.
func (w *window) there(r *Region, p *piece, addr, hi uint64, write bool) (end uint64, ok bool) {
	switch p.kind {
	case private:
		return w.present.run(addr, min(hi, p.hi))
	case view:
		return min(hi, p.hi), !write || r.Shared && p.rw
	}
	return min(hi, p.hi), p.kind == ownPage
}

func (w *window) ready(lo, hi uint64, write bool) bool {
	ok := true
	w.missing(lo, hi, write, func(*Region, uint64) bool {
		ok = false
		return false
	})
	return ok
}

// missing calls f, as long as it returns true, for the first page of every
// stretch of mapped pages in [lo, hi) that supply has to bring in.
func (w *window) missing(lo, hi uint64, write bool, f func(r *Region, addr uint64) bool) {
	for lo < hi {
		r := w.s.regions.at(lo)
		if r == nil {
			return
		}
		for stop := min(hi, r.End()); lo < stop; {
			end, ok := w.there(r, &w.pieces[w.find(lo)], lo, stop, write)
			if !ok {
				if !f(r, lo) {
					return
				}
				// The pieces may be others now.
				end, ok = w.there(r, &w.pieces[w.find(lo)], lo, stop, write)
				if !ok {
					return
				}
			}
			lo = end
		}
	}
}

func (w *window) supply(lo, hi uint64, write bool) (changed bool, f *Fault) {
	w.missing(lo, hi, write, func(r *Region, addr uint64) bool {
		var ok bool
		switch i := w.find(addr); {
		case !w.occupy(i):
		case r.Object == nil:
			ok = w.supplyZeros(r, i, addr)
		case write && !r.Shared:
			ok = w.supplyOwn(r, addr)
		default:
			ok = w.supplyView(r, addr, write)
		}
		if !ok {
			f = &Fault{Addr: addr, Access: Read, Bus: true}
			return false
		}
		changed = true
		return true
	})
	return changed, f
}

// supplyZeros commits pages of private piece i around addr.
func (w *window) supplyZeros(r *Region, i int, addr uint64) bool {
	p := &w.pieces[i]
	around := addr &^ (supplyAhead - 1)
	lo, hi := max(around, p.lo, r.Addr), min(around+supplyAhead, p.hi, r.End())
	return w.commit(r, p, lo, hi) || w.commit(r, p, addr, addr+PageSize)
}

// commit brings in what is missing of [lo, hi).
func (w *window) commit(r *Region, p *piece, lo, hi uint64) bool {
	for lo < hi {
		end, in := w.present.run(lo, hi)
		if !in {
			prot := w.prot(r, p, lo)
			if w.s.dirty != nil && r.Prot != 0 {
				prot = windows.PAGE_READONLY
			}
			if hostCommit(w.host(lo), uintptr(end-lo), prot) != nil {
				return false
			}
			w.present.put(lo, end, true)
			if w.s.dirty != nil && w.apply(r, lo, end) != nil {
				return false
			}
		}
		lo = end
	}
	return true
}

// supplyView shows as much of the object around addr as lies together.
func (w *window) supplyView(r *Region, addr uint64, write bool) (ok bool) {
	i := w.find(addr)
	if w.pieces[i].kind == view {
		// For writing, and it can only be read.
		if w.hide(i) != nil || !w.occupy(i) {
			return false
		}
	}
	p := &w.pieces[i]
	lo, hi := max(p.lo, r.Addr), min(p.hi, r.End())
	// Pages of its own, if the region is private, stay.
	for a := addr; a > lo; a -= PageSize {
		if w.present.has(a - PageSize) {
			lo = a
		}
		if addr-a > largeExtent*PageSize {
			break
		}
	}
	hi, _ = w.present.run(addr, hi)
	number := func(a uint64) uint64 { return (r.Offset + a - r.Addr) / PageSize }
	writable := write && r.Shared || r.Shared && r.Prot&Write != 0 && !r.Object.hostFile && w.s.dirty == nil
	prot := uint32(windows.PAGE_READONLY)
	if writable {
		prot = windows.PAGE_READWRITE
	}
	r.Object.extentFor(number(addr), number(lo), number(hi), writable, func(e *extent, from, to uint64) {
		start := addr - (number(addr)-from)*PageSize
		ok = w.show(i, e, from, start, start+(to-from)*PageSize, view, prot)
		if ok && writable {
			w.s.dirty.set(start, start+(to-from)*PageSize)
		}
	})
	return ok
}

// supplyOwn gives a private region its own copy of a page of the object.
func (w *window) supplyOwn(r *Region, addr uint64) (ok bool) {
	i := w.find(addr)
	if w.pieces[i].kind == view {
		if w.hide(i) != nil || !w.occupy(i) {
			return false
		}
	}
	prot := uint32(windows.PAGE_WRITECOPY)
	number := (r.Offset + addr - r.Addr) / PageSize
	r.Object.extentFor(number, number, number+1, false, func(e *extent, _, _ uint64) {
		ok = w.show(i, e, number, addr, addr+PageSize, ownPage, prot)
	})
	if ok {
		ok = w.s.probe(addr, Write) // makes the copy
	}
	return ok
}

func (w *window) bytes(addr, n uint64, need Prot) ([][]byte, *Fault) {
	return [][]byte{w.memory(addr, addr+n)}, nil
}

func (w *window) close() (err error) {
	w.s.base = nil
	note := func(e error) {
		if err == nil {
			err = e
		}
	}
	for _, p := range w.pieces {
		if p.kind == view || p.kind == ownPage {
			note(windows.UnmapViewOfFile(w.host(p.lo)))
		} else {
			note(hostGiveUp(w.host(p.lo)))
		}
	}
	for _, a := range w.skipped {
		note(hostGiveUp(a))
	}
	w.pieces = nil
	return err
}

func (w *window) fork(bool) {}

// placeCopy copies the pages that the region has of its own.
func (w *window) placeCopy(child *Space, r Region) error {
	to := child.back.(*window)
	if err := to.place(r); err != nil {
		return err
	}
	if r.Prot == 0 {
		// Readable for a while.
		open := r
		open.Prot = Read
		if err := w.apply(&open, r.Addr, r.End()); err != nil {
			return err
		}
		defer func() { _ = w.apply(&r, r.Addr, r.End()) }()
	}
	for lo := r.Addr; lo < r.End(); {
		p := &w.pieces[w.find(lo)]
		end, own := min(r.End(), p.hi), p.kind == ownPage
		if p.kind == private {
			end, own = w.present.run(lo, end)
		}
		for ; own && lo < end; lo += PageSize {
			if err := w.copyPage(to, r, lo); err != nil {
				return err
			}
		}
		lo = end
	}
	return to.apply(&r, r.Addr, r.End())
}

// copyPage gives another window, which nobody uses yet, a page of this one.
func (w *window) copyPage(to *window, r Region, addr uint64) error {
	src := w.memory(addr, addr+PageSize)
	if r.Object == nil && (*[PageSize]byte)(src) == (*[PageSize]byte)(zeroPage.bytes()) {
		return nil
	}
	if hostCommit(to.host(addr), PageSize, windows.PAGE_READWRITE) != nil {
		return ErrNoMemory
	}
	to.present.put(addr, addr+PageSize, true)
	copy(to.memory(addr, addr+PageSize), src)
	return nil
}
