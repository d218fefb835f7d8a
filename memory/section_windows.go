//go:build windows && (amd64 || arm64)

package memory

import "golang.org/x/sys/windows"

// extent is a part of an object's pages: a section of the host backed by the
// paging file. The host's sections have a fixed size and a file with a section
// cannot shrink, so objects are made of extents, and files are cached in them.
type extent struct {
	section      windows.Handle
	first, count uint64 // page numbers
	view         []byte // our own, through which ReadAt and WriteAt go
}

// Extents are small at the beginning of anonymous objects and for files, of
// which all pages of an extent are loaded together, and large behind, where
// there may be many.
const (
	smallExtent = 16
	largeExtent = 256
)

// extents is the pageStore of objects that windows map.
type extents struct {
	file bool
	list map[uint64]*extent // by first page
}

// bounds returns the extent that a page belongs to.
func (s *extents) bounds(number uint64) (first, count uint64) {
	if s.file || number < largeExtent {
		return number &^ (smallExtent - 1), smallExtent
	}
	return number &^ (largeExtent - 1), largeExtent
}

// at returns the extent of a page, making it if need be, or nil if the host
// refuses.
func (s *extents) at(number uint64) *extent {
	first, count := s.bounds(number)
	if e := s.list[first]; e != nil {
		return e
	}
	section, view, err := hostSection(uintptr(count * PageSize))
	if err != nil {
		return nil
	}
	e := &extent{section, first, count, view}
	if s.list == nil {
		s.list = make(map[uint64]*extent)
	}
	s.list[first] = e
	return e
}

func (s *extents) page(number uint64) *page {
	e := s.at(number)
	if e == nil {
		return nil
	}
	return pageIn(e.view, (number-e.first)*PageSize)
}

// drop closes the extents that lie behind end. Views of windows that still
// show one keep its memory until they go.
func (s *extents) drop(end uint64) {
	for first, e := range s.list {
		if first >= end {
			hostCloseSection(e.section, e.view)
			delete(s.list, first)
		}
	}
}

func (s *extents) close() { s.drop(0) }

// makeMappable moves an object's pages to extents. The caller holds o.mu and
// knows that no space of the paged form maps the object, anonymous ones
// excepted from the rule that files in both forms are incoherent if private.
func (o *Object) makeMappable() error {
	if o.store != nil {
		return nil
	}
	store := &extents{file: o.hostFile}
	moved := make(map[uint64]*page, len(o.pages))
	for number, p := range o.pages {
		q := store.page(number)
		if q == nil {
			store.close()
			return ErrNoMemory
		}
		copyFromPage(q.bytes(), p, 0)
		moved[number] = q
	}
	o.store, o.pages = store, moved
	return nil
}

// extentFor loads the pages [from, to) of the object, which lie in one extent,
// as far as they exist, and calls f with the extent and how many there are,
// at least the page number, or not at all if that cannot be had. With write
// the pages count as written.
func (o *Object) extentFor(number, from, to uint64, write bool, f func(e *extent, from, to uint64)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	store, ok := o.store.(*extents)
	if !ok || o.pageLocked(number, write) == nil {
		return
	}
	first, count := store.bounds(number)
	from, to = max(from, first), min(to, first+count)
	lo, hi := number, number+1
	for lo > from && o.pageLocked(lo-1, write) != nil {
		lo--
	}
	for hi < to && o.pageLocked(hi, write) != nil {
		hi++
	}
	if e := store.at(number); e != nil {
		f(e, lo, hi)
	}
}
