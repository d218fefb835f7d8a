package memory

import (
	"sync"
	"sync/atomic"
)

// directory is the first level of the page table; leaf is the second.
type directory [1024]atomic.Pointer[leaf]

// leaf describes 4 MiB. A page that may be read now has an entry in read, one
// that may be written without further ado has one in write; everything else
// goes through fill. So readers need no lock: an entry is one atomic pointer
// to memory that the garbage collector keeps as long as anyone looks at it.
type leaf struct {
	read, write [1024]atomic.Pointer[page]

	// own holds the pages of private regions that have been written. It stays
	// when the protection takes the other entries away. Space.mu guards it.
	own [1024]*page
}

// emptyLeaf stands where nothing is mapped, so that accessors need not ask.
// Nobody writes to it, nor to what emptyDirectory returns.
var (
	emptyLeaf      leaf
	emptyDirectory = sync.OnceValue(newDirectory)
)

func newDirectory() *directory {
	d := new(directory)
	for i := range d {
		d[i].Store(&emptyLeaf)
	}
	return d
}

// split returns the indices of a page in directory and leaf.
func split(addr uint64) (i, j uint64) { return addr >> 22 & 1023, addr >> 12 & 1023 }

// paged is the form for every host.
type paged struct {
	s   *Space
	dir *directory
}

func (s *Space) openPaged() {
	s.dir = newDirectory()
	s.back = &paged{s, s.dir}
}

// each calls f for every page of [lo, hi) that has a leaf.
func (b *paged) each(lo, hi uint64, f func(l *leaf, j uint64, addr uint64)) {
	for addr := lo; addr < hi; {
		i, j := split(addr)
		l := b.dir[i].Load()
		if l == &emptyLeaf {
			addr = (addr &^ (1<<22 - 1)) + 1<<22
			continue
		}
		for ; j < 1024 && addr < hi; j, addr = j+1, addr+PageSize {
			f(l, j, addr)
		}
	}
}

// hide takes the entries away, so that the next access goes through fill.
func (b *paged) hide(lo, hi uint64) {
	b.each(lo, hi, func(l *leaf, j, _ uint64) { l.hide(j) })
}

// forget drops entries and private pages.
func (b *paged) forget(lo, hi uint64) {
	b.each(lo, hi, func(l *leaf, j, _ uint64) {
		l.hide(j)
		l.own[j] = nil
	})
}

// hide takes the entries of one page away. An entry in write has one in read.
func (l *leaf) hide(j uint64) {
	if l.read[j].Load() != nil {
		l.write[j].Store(nil)
		l.read[j].Store(nil)
	}
}

// place needs no atomicity of its own: whoever finds an entry missing waits
// in fill for Space.mu and then sees the new region.
func (b *paged) place(r Region) error {
	b.forget(r.Addr, r.End())
	return nil
}

func (b *paged) remove(lo, hi uint64) error {
	b.forget(lo, hi)
	return nil
}

func (b *paged) protect(r Region) error {
	b.hide(r.Addr, r.End())
	return nil
}

func (b *paged) discard(r Region) error {
	b.forget(r.Addr, r.End())
	return nil
}

func (b *paged) sync(r Region, wait bool) error { return syncCached(r, wait) }

// syncCached is sync for objects whose pages we cache.
func syncCached(r Region, wait bool) error {
	if wait {
		return r.Object.Sync()
	}
	r.Object.mu.Lock()
	defer r.Object.mu.Unlock()
	return r.Object.writeBack(r.Offset/PageSize, (r.Offset+r.Len)/PageSize)
}

func (b *paged) fork(bool) {}

// placeCopy copies rather than shares pages: a thread that holds a page for
// writing at this moment would otherwise write to the page of both.
func (b *paged) placeCopy(child *Space, r Region) error {
	to := child.back.(*paged)
	if err := to.place(r); err != nil {
		return err
	}
	b.each(r.Addr, r.End(), func(l *leaf, j, addr uint64) {
		if own := l.own[j]; own != nil {
			p := new(page)
			copyFromPage(p.bytes(), own, 0)
			to.leaf(addr).own[j] = p
		}
	})
	return nil
}

// leaf returns the leaf of addr, making it if need be.
func (b *paged) leaf(addr uint64) *leaf {
	i, _ := split(addr)
	l := b.dir[i].Load()
	if l == &emptyLeaf {
		l = new(leaf)
		b.dir[i].Store(l)
	}
	return l
}

func (b *paged) forbidWrites(r Region) {
	b.each(r.Addr, r.End(), func(l *leaf, j, _ uint64) { l.write[j].Store(nil) })
}

// permitWrites has nothing to do: fill makes the entries.
func (b *paged) permitWrites(lo, hi uint64) {}

// supply and ready have nothing to do: fill and pageFor bring pages in.
func (b *paged) supply(uint64, uint64, bool) (changed bool, f *Fault) { return false, nil }

func (b *paged) ready(uint64, uint64, bool) bool { return true }

func (b *paged) objectShrunk(r Region) { b.forget(r.Addr, r.End()) }

func (b *paged) close() error {
	for i := range b.dir {
		b.dir[i].Store(&emptyLeaf)
	}
	return nil
}

func (b *paged) bytes(addr, n uint64, need Prot) (chunks [][]byte, f *Fault) {
	for n > 0 {
		p, f := b.s.pageFor(addr, need)
		if f != nil {
			return nil, f
		}
		in := addr % PageSize
		m := min(n, PageSize-in)
		chunks = append(chunks, p.bytes()[in:in+m])
		addr, n = addr+m, n-m
	}
	return chunks, nil
}

// pageFor returns the page of addr for an access of kind need (Read or Write).
func (s *Space) pageFor(addr uint64, need Prot) (*page, *Fault) {
	i, j := split(addr)
	if l := s.dir[i].Load(); addr < spaceSize {
		entry := &l.read[j]
		if need&Write != 0 {
			entry = &l.write[j]
		}
		if p := entry.Load(); p != nil {
			return p, nil
		}
	}
	return s.fill(addr, need)
}

// fill makes the page table entry for an access, or says why it is refused.
func (s *Space) fill(addr uint64, need Prot) (*page, *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.check(addr, 1, need); f != nil {
		return nil, f
	}
	b := s.back.(*paged)
	r := s.regions.at(addr)
	l := b.leaf(addr)
	_, j := split(addr)
	write := need&Write != 0
	p := b.source(r, l, addr, write)
	if p == nil {
		return nil, &Fault{Addr: addr, Access: need, Bus: true}
	}
	if write {
		s.dirty.set(addr&^pageMask, addr&^pageMask+PageSize)
	}
	l.read[j].Store(p)
	if write {
		l.write[j].Store(p)
	}
	return p, nil
}

// source finds or makes the page that shows addr, which lies in r.
func (b *paged) source(r *Region, l *leaf, addr uint64, write bool) *page {
	_, j := split(addr)
	number := (r.Offset + (addr &^ pageMask) - r.Addr) / PageSize
	if r.Object != nil && r.Shared {
		return r.Object.pageAt(number, write)
	}
	if p := l.own[j]; p != nil {
		return p
	}
	from := &zeroPage
	if r.Object != nil {
		if from = r.Object.pageAt(number, false); from == nil {
			return nil
		}
	}
	if !write {
		return from
	}
	p := new(page)
	if r.Object != nil {
		copyFromPage(p.bytes(), from, 0)
	}
	l.own[j] = p
	return p
}

// objectShrunk drops what the space shows of an object behind a new end, even
// if it has grown again since.
func (s *Space) objectShrunk(o *Object, old, size int64) {
	if size >= old {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.regions {
		r := &s.regions[i]
		if r.Object != o {
			continue
		}
		if lo := r.endAt(size); lo < r.End() {
			s.back.objectShrunk(r.clip(lo, r.End()))
		}
	}
}
