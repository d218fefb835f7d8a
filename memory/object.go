package memory

import (
	"errors"
	"io"
	"math"
	"os"
	"sync"
	"sync/atomic"
)

// Object is something that can be mapped: anonymous memory or a host file.
// All methods are safe for concurrent use. Its mappings outlive Close.
//
// An anonymous object lives in Go pages until a window maps it; then it moves
// to a host file without a name, which only the mappings and this package
// know. A host file is mapped by windows as it is; for spaces of the paged
// form, and for windows on Windows, the object keeps a page cache, and writes it
// back on Sync, when the last mapping goes, and on Close.
//
// Mappings, ReadAt and WriteAt of one Object are coherent. Two objects made
// for the same file are not coherent where there is a cache and are different
// objects to ShareKey: keep one Object for one file.
type Object struct {
	id       uint64
	quota    *Quota
	writable bool
	hostFile bool         // made by NewFileObject
	size     atomic.Int64 // of an anonymous object; a host file is asked

	mu         sync.Mutex       // after Space.mu
	file       *os.File         // nil: the contents are in pages
	pages      map[uint64]*page // contents, or cache of file; by page number
	store      pageStore        // where pages come from; nil: Go memory
	written    map[uint64]bool  // cached pages that a guest may have written
	users      map[*Space]*use  // who maps the object
	sharedUses [Paged + 1]int   // shared regions by form
	writers    int              // regions through which guests write to the object
	closed     bool
	released   bool
}

// pageStore is host memory for an object's pages that windows can map, on hosts
// whose windows map no files. Object.mu guards it.
type pageStore interface {
	// page returns the memory of a page, zero if it is new or was dropped, or
	// nil if the host refuses.
	page(number uint64) *page
	// drop gives up the pages from end on; those before stay.
	drop(end uint64)
	// close gives up everything.
	close()
}

// use counts the regions of one space that show an object.
type use struct{ regions, exec int }

var lastObject atomic.Uint64

// NewObject returns an empty anonymous object. Its size is charged to q.
func NewObject(q *Quota) (*Object, error) {
	return &Object{id: lastObject.Add(1), quota: q, writable: true}, nil
}

// NewFileObject returns an object for an open regular file. The object owns f
// from now on and closes it when neither the object nor a mapping needs it.
// With writable f must be open for reading and writing.
func NewFileObject(f *os.File, writable bool) (*Object, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, ErrInvalid
	}
	return &Object{id: lastObject.Add(1), file: f, hostFile: true, writable: writable}, nil
}

// ID identifies the object within this host process; it is never reused.
func (o *Object) ID() uint64 { return o.id }

// Writable reports whether shared mappings may be written.
func (o *Object) Writable() bool { return o.writable }

// Size returns the size in bytes.
func (o *Object) Size() int64 {
	if !o.hostFile {
		return o.size.Load()
	}
	info, err := o.file.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// Truncate changes the size; new bytes read zero. Pages of mappings beyond the
// end give bus faults from now on. It fails with ErrInvalid (negative),
// ErrAccess (not writable), ErrNoMemory (quota) or the host's error.
func (o *Object) Truncate(size int64) error {
	if !o.writable {
		return ErrAccess
	}
	if size < 0 || size > math.MaxInt64-PageSize {
		return ErrInvalid
	}
	old, spaces, err := o.resize(size, false)
	if err != nil {
		return err
	}
	for _, s := range spaces {
		s.objectShrunk(o, old, size)
	}
	return nil
}

// resize sets the size, or with grow raises it to at least size, and returns
// the old size and the spaces that map the object.
func (o *Object) resize(size int64, grow bool) (old int64, spaces []*Space, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.resizeLocked(size, grow)
}

func (o *Object) resizeLocked(size int64, grow bool) (old int64, spaces []*Space, err error) {
	if o.released {
		return 0, nil, os.ErrClosed
	}
	old = o.Size()
	if size == old || grow && size < old {
		return old, nil, nil
	}
	if !o.hostFile {
		was, will := roundUp(uint64(old)), roundUp(uint64(size))
		if will > was {
			if err := o.quota.Charge(will - was); err != nil {
				return 0, nil, err
			}
		} else {
			defer func() {
				if err == nil {
					o.quota.Release(was - will)
				}
			}()
		}
		defer func() {
			if err != nil && will > was {
				o.quota.Release(will - was)
			}
		}()
	}
	if size > old {
		if err := o.clearTail(old); err != nil {
			return 0, nil, err
		}
	}
	if o.file != nil {
		if err := o.file.Truncate(size); err != nil {
			return 0, nil, err
		}
	}
	if !o.hostFile {
		o.size.Store(size)
	}
	o.dropPages(size)
	for s, u := range o.users {
		spaces = append(spaces, s)
		if u.exec > 0 {
			s.codeChanged()
		}
	}
	return old, spaces, nil
}

// clearTail zeroes what guests wrote behind the end into the last page, before
// growth makes it visible.
func (o *Object) clearTail(size int64) error {
	in := uint64(size) % PageSize
	if in == 0 {
		return nil
	}
	if p := o.pages[uint64(size)/PageSize]; p != nil {
		clear(p.bytes()[in:])
	}
	if o.file != nil && !o.hostFile {
		_, err := o.file.WriteAt(make([]byte, PageSize-in), size)
		return err
	}
	return nil
}

// dropPages forgets pages behind a new end.
func (o *Object) dropPages(size int64) {
	if o.pages == nil {
		return
	}
	end := roundUp(uint64(size)) / PageSize
	for n, p := range o.pages {
		if n >= end {
			if o.store != nil {
				clear(p.bytes())
			}
			delete(o.pages, n)
			delete(o.written, n)
		}
	}
	if o.store != nil {
		o.store.drop(end)
	}
	if in := uint64(size) % PageSize; in != 0 {
		if p := o.pages[end-1]; p != nil {
			clear(p.bytes()[in:])
		}
	}
}

// ReadAt implements io.ReaderAt.
func (o *Object) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, ErrInvalid
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.released {
		return 0, os.ErrClosed
	}
	if o.file != nil && len(o.pages) == 0 {
		return o.file.ReadAt(p, off)
	}
	size := o.Size()
	short := off >= size || int64(len(p)) > size-off
	if off >= size {
		p = nil
	} else if short {
		p = p[:size-off]
	}
	for len(p) > 0 {
		in := int(off % PageSize)
		part := p[:min(len(p), PageSize-in)]
		switch cached := o.pages[uint64(off)/PageSize]; {
		case cached != nil:
			copyFromPage(part, cached, in)
		case o.file == nil:
			clear(part)
		default:
			if m, err := o.file.ReadAt(part, off); err != nil && m < len(part) {
				return n + m, err
			}
		}
		n, off, p = n+len(part), off+int64(len(part)), p[len(part):]
	}
	if short {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements io.WriterAt; it grows the object as needed. Besides the
// host's errors it fails with ErrAccess and ErrNoMemory.
func (o *Object) WriteAt(p []byte, off int64) (n int, err error) {
	if !o.writable {
		return 0, ErrAccess
	}
	if off < 0 || off > math.MaxInt64-PageSize-int64(len(p)) {
		return 0, ErrInvalid
	}
	if len(p) == 0 {
		return 0, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	// The end only moves up, so no mapping loses pages.
	if _, _, err := o.resizeLocked(off+int64(len(p)), true); err != nil {
		return 0, err
	}
	defer o.codeWritten()
	if o.file != nil {
		if n, err = o.file.WriteAt(p, off); err != nil || len(o.pages) == 0 {
			return n, err
		}
	}
	n = len(p)
	for len(p) > 0 {
		in := int(off % PageSize)
		part := p[:min(len(p), PageSize-in)]
		number := uint64(off) / PageSize
		cached := o.pages[number]
		if cached == nil && o.file == nil {
			if cached = o.addPage(number); cached == nil {
				return n - len(p), ErrNoMemory
			}
		}
		if cached != nil {
			copyToPage(cached, in, part)
		}
		off, p = off+int64(len(part)), p[len(part):]
	}
	return n, nil
}

// codeWritten tells the engines of spaces that execute the object. The caller
// holds o.mu.
func (o *Object) codeWritten() {
	for s, u := range o.users {
		if u.exec > 0 {
			s.codeChanged()
		}
	}
}

// addPage gives the object a zeroed page, or returns nil if the host refuses.
// The caller holds o.mu.
func (o *Object) addPage(number uint64) *page {
	if o.pages == nil {
		o.pages = make(map[uint64]*page)
	}
	var p *page
	if o.store == nil {
		p = new(page)
	} else if p = o.store.page(number); p == nil {
		return nil
	}
	o.pages[number] = p
	return p
}

// pageAt returns the page that spaces of the paged form map, loading it if
// need be. It returns nil if the page lies behind the end or cannot be read.
// write means that the guest is going to write to it.
func (o *Object) pageAt(number uint64, write bool) *page {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pageLocked(number, write)
}

func (o *Object) pageLocked(number uint64, write bool) *page {
	if o.released || number >= roundUp(uint64(o.Size()))/PageSize {
		return nil
	}
	p := o.pages[number]
	if p == nil {
		if p = o.addPage(number); p == nil {
			return nil
		}
		if o.file != nil {
			if _, err := o.file.ReadAt(p.bytes(), int64(number)*PageSize); err != nil && err != io.EOF {
				clear(p.bytes())
				delete(o.pages, number)
				return nil
			}
		}
	}
	if write && o.file != nil {
		if o.written == nil {
			o.written = make(map[uint64]bool)
		}
		o.written[number] = true
	}
	return p
}

// Sync brings what was written to the storage of a host file; with an
// anonymous object it does nothing.
func (o *Object) Sync() error {
	if !o.hostFile || !o.writable {
		return nil
	}
	if err := o.writeCached(); err != nil {
		return err
	}
	// Without the lock, for page faults wait for it.
	if err := o.file.Sync(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

func (o *Object) writeCached() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.writeBack(0, math.MaxUint64)
}

// writeBack writes cached pages [from, to) to the file. They stay marked as
// written, for guests go on writing without being noticed. The caller holds
// o.mu.
func (o *Object) writeBack(from, to uint64) error {
	if len(o.written) == 0 {
		return nil
	}
	size := o.Size()
	buf := make([]byte, PageSize)
	for number := range o.written {
		off := int64(number) * PageSize
		if number < from || number >= to || off >= size {
			continue
		}
		part := buf[:min(PageSize, size-off)]
		copyFromPage(part, o.pages[number], 0)
		if _, err := o.file.WriteAt(part, off); err != nil {
			return err
		}
	}
	return nil
}

// Close says that the object itself is not needed any more. Its memory or file
// is released when the last mapping is gone.
func (o *Object) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil
	}
	o.closed = true
	return o.releaseIfUnused()
}

// releaseIfUnused gives up cache, file and quota when nobody needs them. The
// caller holds o.mu.
func (o *Object) releaseIfUnused() (err error) {
	if len(o.users) > 0 || o.released {
		return nil
	}
	if o.file != nil && o.pages != nil {
		err = o.writeBack(0, math.MaxUint64)
		o.pages, o.written = nil, nil
		o.closeStore()
	}
	if !o.closed {
		return err
	}
	o.released = true
	if !o.hostFile {
		o.quota.Release(roundUp(uint64(o.size.Load())))
	}
	o.pages = nil
	o.closeStore()
	if o.file != nil {
		if e := o.file.Close(); err == nil {
			err = e
		}
	}
	return err
}

func (o *Object) closeStore() {
	if o.store != nil {
		o.store.close()
		o.store = nil
	}
}

// admit takes a reference for a mapping about to be made in s, after checking
// that mappings in both forms would stay coherent. The reference is given back
// with release of a region that has nothing but the object.
func (o *Object) admit(s *Space, shared bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.released {
		return ErrInvalid
	}
	for user := range o.users {
		if user.form != s.form && (shared || !o.hostFile || o.sharedUses[user.form] > 0) {
			return ErrInvalid
		}
	}
	if s.form == Window {
		if err := o.makeMappable(); err != nil {
			return err
		}
	}
	o.retainLocked(s, Region{})
	return nil
}

// retain notes that s has a region r of the object.
func (o *Object) retain(s *Space, r Region) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.retainLocked(s, r)
}

func (o *Object) retainLocked(s *Space, r Region) {
	if o.users == nil {
		o.users = make(map[*Space]*use)
	}
	u := o.users[s]
	if u == nil {
		u = new(use)
		o.users[s] = u
	}
	u.regions++
	if r.Prot&Exec != 0 {
		u.exec++
	}
	if r.Shared {
		o.sharedUses[s.form]++
		if r.Prot&Write != 0 {
			if o.writers++; o.writers == 1 {
				o.codeWritten() // what was fetched before must be fetched again, now volatile
			}
		}
	}
}

// release undoes a retain.
func (o *Object) release(s *Space, r Region) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	u := o.users[s]
	u.regions--
	if r.Prot&Exec != 0 {
		u.exec--
	}
	if r.Shared {
		o.sharedUses[s.form]--
		if r.Prot&Write != 0 {
			o.writers--
		}
	}
	if u.regions == 0 {
		delete(o.users, s)
		_ = o.releaseIfUnused() // a write-back that fails is reported by Sync or Close, as on any host
	}
}

// volatile reports whether the contents may change without notice to
// Space.codeVersion.
func (o *Object) volatile() bool {
	if o == nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.writers > 0 || o.hostFile && o.writable
}
