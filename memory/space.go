package memory

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// Form is the way a space is represented on the host.
type Form uint8

// The forms.
const (
	// Auto is the window form where the host has it and has the address
	// space left, else the paged form.
	Auto Form = iota
	// Window is the form in which the host's memory protection does the checking.
	Window
	// Paged is the page table in plain Go.
	Paged
)

var formNames = [...]string{Auto: "auto", Window: "window", Paged: "paged"}

// String returns the name that ParseForm understands.
func (f Form) String() string {
	if int(f) < len(formNames) {
		return formNames[f]
	}
	return fmt.Sprintf("Form(%d)", uint8(f))
}

// ParseForm reads the name of a form, as the command line and the environment
// variable NUAGE_MEMORY give it; the empty string is Auto. The package itself
// never looks at the environment.
func ParseForm(name string) (Form, error) {
	if name == "" {
		return Auto, nil
	}
	if i := slices.Index(formNames[:], name); i >= 0 {
		return Form(i), nil
	}
	return Auto, fmt.Errorf("memory form %q is not one of auto, window, paged", name)
}

// DefaultMaxRegions is the limit on regions of a space unless Options says
// otherwise: enough for two thousand threads with guard pages.
const DefaultMaxRegions = 4096

// Options say how to make a space. The zero value is good.
type Options struct {
	Form       Form
	Quota      *Quota // nil: no limit
	MaxRegions int    // 0: DefaultMaxRegions
}

// Space is one guest address space. All methods are safe for concurrent use,
// except that Close must come after every access has ended.
type Space struct {
	engineView

	form        Form
	quota       *Quota
	maxRegions  int
	codeVersion atomic.Uint64
	codeWatcher atomic.Pointer[func()]

	mu      sync.RWMutex // guards what follows, and every change of mappings
	regions regionTable
	back    backend
	dirty   *dirtyMap   // nil: changes are not tracked
	pins    []*pinned   // what Access is writing to
	tracked atomic.Bool // dirty is not nil, for a glance without the lock
	// aliasing: an object was mapped shared, so that memory may have several
	// addresses.
	aliasing atomic.Bool
	closed   bool
}

// backend makes a form follow the region table. Its methods are called with
// Space.mu held, bytes and sync excepted; ranges are whole pages inside the window.
type backend interface {
	// place shows r's fresh contents (zeros, or the object's) in r's range, in
	// place of whatever was there, so that no other thread sees a hole.
	place(r Region) error
	// remove makes the range inaccessible and drops its private pages.
	remove(lo, hi uint64) error
	// protect makes the form obey r.Prot; contents stay.
	protect(r Region) error
	// discard returns r's private pages to their fresh contents.
	discard(r Region) error
	// sync writes changes of the shared region r to its object's storage. r
	// may be unmapped meanwhile.
	sync(r Region, wait bool) error
	// fork begins and ends a Fork: calls of placeCopy for one child.
	fork(begin bool)
	// placeCopy is place in the child, which nobody uses yet, but what is shown
	// there is what this space has, private pages included.
	placeCopy(child *Space, r Region) error
	// forbidWrites makes the next write to any page of the range known, and
	// permitWrites lets writes to writable pages through, if they were kept
	// away by forbidWrites.
	forbidWrites(r Region)
	permitWrites(lo, hi uint64)
	// supply brings in what the form leaves out until it is touched: the pages
	// of [lo, hi), which is mapped and permits the access. changed means that
	// an access that was refused before may go through now; a fault, that the
	// host cannot supply the page.
	supply(lo, hi uint64, write bool) (changed bool, f *Fault)
	// ready reports that supply would have nothing to do. It is called with
	// Space.mu held for reading.
	ready(lo, hi uint64, write bool) bool
	// objectShrunk drops what is shown of an object in r, now behind its end.
	objectShrunk(r Region)
	// bytes returns views of the pages of [addr, addr+n), which check has found
	// to be accessible, as few as possible.
	bytes(addr, n uint64, need Prot) ([][]byte, *Fault)
	// close releases all host memory.
	close() error
}

// New makes an empty space. It fails with ErrInvalid if the form is not
// available on this host and with ErrNoMemory if the host refuses.
func New(o Options) (*Space, error) {
	s := &Space{quota: o.Quota, maxRegions: o.MaxRegions}
	if s.maxRegions <= 0 {
		s.maxRegions = DefaultMaxRegions
	}
	switch o.Form {
	case Auto, Window:
		err := s.openWindow()
		if err == nil {
			s.form = Window
			return s, nil
		}
		if o.Form == Window {
			return nil, err
		}
	case Paged:
	default:
		return nil, ErrInvalid
	}
	s.form = Paged
	s.openPaged()
	return s, nil
}

// Form returns Window or Paged.
func (s *Space) Form() Form { return s.form }

// Size returns the first address that no access can have: 4 GiB.
func (s *Space) Size() uint64 { return spaceSize }

// Close unmaps everything and gives the host memory back. No access may be
// under way; later ones fault. Closing again does nothing.
func (s *Space) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	err := s.change(0, spaceSize, nil, nil)
	s.codeChanged()
	if s.dir == nil {
		s.dir = emptyDirectory()
	}
	if e := s.back.close(); err == nil {
		err = e
	}
	return err
}

// Mapping says what to map where.
type Mapping struct {
	Addr    uint64 // where, if Fixed; else a hint, 0 for none
	Len     uint64 // bytes, rounded up to pages
	Prot    Prot
	MaxProt Prot // what Protect may ask for later; 0 means everything the object allows
	Fixed   bool // exactly at Addr, replacing what is mapped there
	Shared  bool // writes reach the object; without an object, memory shared with forks

	Object *Object // nil: zero-filled anonymous memory
	Offset uint64  // in Object, a multiple of PageSize
}

// Map maps pages and returns the address of the first one. A fixed mapping
// replaces atomically what was there: at no time is the range unmapped.
//
// It fails with ErrInvalid (length zero or absurd, fixed address unaligned or
// outside the window less 64 KiB at each end, offset unaligned or too large,
// write with exec, an object whose shared mappings live in spaces of the
// other form), ErrAccess (more protection than MaxProt or the object permit)
// or ErrNoMemory.
func (s *Space) Map(m Mapping) (addr uint64, err error) {
	if err := m.validate(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, ErrInvalid
	}
	if !m.Fixed {
		if m.Addr, err = s.choose(m.Addr&^pageMask, m.Len); err != nil {
			return 0, err
		}
	}
	if m.Shared && m.Object == nil {
		if m.Object, err = NewObject(s.quota); err != nil {
			return 0, err
		}
		// The mappings keep the object alive from here on.
		defer m.Object.Close()
		if err := m.Object.Truncate(int64(m.Len)); err != nil {
			return 0, err
		}
	}
	r := Region{Addr: m.Addr, Len: m.Len, Prot: m.Prot, MaxProt: m.MaxProt, Shared: m.Shared,
		Object: m.Object, Offset: m.Offset, charged: m.Prot != 0}
	if r.Object != nil {
		if err := r.Object.admit(s, r.Shared); err != nil {
			return 0, err
		}
		defer r.Object.release(s, Region{Object: r.Object})
		if r.Shared {
			s.aliasing.Store(true)
		}
	}
	replaced := s.regions.overlapping(r.Addr, r.End())
	if s.dirty != nil {
		replaced = slices.Clone(replaced)
	}
	err = s.change(r.Addr, r.End(), []Region{r}, func() error { return s.back.place(r) })
	if err != nil {
		return 0, err
	}
	if s.dirty != nil {
		s.noteFresh(r, replaced)
	}
	return r.Addr, nil
}

// validate checks what needs no look at the space, and completes m.
func (m *Mapping) validate() error {
	m.Len = roundUp(m.Len)
	switch {
	case m.Len == 0 || m.Len > spaceSize, badProt(m.Prot), (m.Prot|m.MaxProt)&^allProt != 0:
		return ErrInvalid
	case m.Fixed && (m.Addr%PageSize != 0 || m.Addr < edge || m.Addr > spaceSize-edge || m.Len > spaceSize-edge-m.Addr):
		return ErrInvalid
	case m.Offset%PageSize != 0 || m.Offset > 1<<62 || m.Object == nil && m.Offset != 0:
		return ErrInvalid
	}
	if m.MaxProt == 0 {
		m.MaxProt = allProt
	}
	if m.Shared && m.Object != nil && !m.Object.writable {
		m.MaxProt &^= Write
	}
	if !m.MaxProt.allows(m.Prot) {
		return ErrAccess
	}
	return nil
}

// badProt reports a protection that may not be asked for.
func badProt(p Prot) bool { return p&^allProt != 0 || p&(Write|Exec) == Write|Exec }

// choose finds a free range, at the hint if possible.
func (s *Space) choose(hint, n uint64) (uint64, error) {
	if hint >= edge && hint <= spaceSize-edge && n <= spaceSize-edge-hint {
		if parts, _ := s.regions.parts(hint, hint+n); len(parts) == 0 {
			return hint, nil
		}
	}
	addr, ok := s.regions.free(n)
	if !ok {
		return 0, ErrNoMemory
	}
	return addr, nil
}

// Unmap removes the mappings of a range; holes in it are fine. It fails with
// ErrInvalid (addr unaligned, n zero, range outside the window) or ErrNoMemory
// (a region would be split beyond the limit).
func (s *Space) Unmap(addr, n uint64) error {
	if n == 0 {
		return ErrInvalid
	}
	hi, err := span(addr, n)
	if err != nil || hi > spaceSize {
		return ErrInvalid
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := s.regions.overlapping(addr, hi)
	if len(parts) == 0 {
		return nil
	}
	for _, r := range parts {
		r = r.clip(addr, hi)
		s.dirty.set(r.Addr, r.End())
	}
	return s.change(addr, hi, nil, func() error { return s.back.remove(addr, hi) })
}

// Protect changes the protection of whole pages. It fails with ErrInvalid
// (addr unaligned, the range wraps around, write with exec), ErrNotMapped (a
// hole in the range), ErrAccess (more than MaxProt) or ErrNoMemory, and then
// changes nothing.
func (s *Space) Protect(addr, n uint64, prot Prot) error {
	if badProt(prot) {
		return ErrInvalid
	}
	return s.onParts(addr, n, func(hi uint64, parts []Region) error {
		var changed []Region
		mid := slices.Clone(parts)
		for i := range mid {
			if !mid[i].MaxProt.allows(prot) {
				return ErrAccess
			}
			if mid[i].Prot != prot {
				mid[i].Prot = prot
				mid[i].charged = mid[i].charged || prot != 0
				changed = append(changed, mid[i])
			}
		}
		if len(changed) == 0 {
			return nil
		}
		return s.change(addr, hi, mid, func() error { return s.protectAll(parts, changed) })
	})
}

// protectAll makes the form obey the new protections, or stay as it was.
func (s *Space) protectAll(old, changed []Region) error {
	for _, r := range changed {
		if err := s.back.protect(r); err != nil {
			for _, r := range old {
				_ = s.back.protect(r) // as far as the host lets us
			}
			return err
		}
	}
	return nil
}

// Sync writes changes made through shared mappings to the objects' storage;
// with wait it returns when they are there. It fails with ErrInvalid,
// ErrNotMapped, or the host's error.
func (s *Space) Sync(addr, n uint64, wait bool) error {
	var all []Region
	err := s.onParts(addr, n, func(_ uint64, parts []Region) error {
		all = parts
		return nil
	})
	if err != nil {
		return err
	}
	// Storage is slow: the guest's other threads must not wait for Space.mu.
	for _, r := range all {
		if r.Object == nil || !r.Shared {
			continue
		}
		if err := s.back.sync(r, wait); err != nil {
			return err
		}
	}
	return nil
}

// Advise takes notice of how a range will be used. With discard, private
// pages return to what they were when they were mapped (zeros, or the
// object's contents), in every form alike; shared pages stay. It fails with
// ErrInvalid or ErrNotMapped.
func (s *Space) Advise(addr, n uint64, discard bool) error {
	return s.onParts(addr, n, func(_ uint64, parts []Region) error {
		if !discard {
			return nil
		}
		exec := false
		defer func() {
			if exec {
				s.codeChanged()
			}
		}()
		for _, r := range parts {
			if r.Shared {
				continue
			}
			exec = exec || r.Prot&Exec != 0
			if err := s.back.discard(r); err != nil {
				return err
			}
			s.dirty.set(r.Addr, r.End())
		}
		return nil
	})
}

// span checks a range of whole pages and returns its end.
func span(addr, n uint64) (hi uint64, err error) {
	if addr%PageSize != 0 || n > addr+n || addr > addr+n {
		return 0, ErrInvalid
	}
	size := roundUp(n)
	if size < n || size > addr+size || addr > addr+size {
		return 0, ErrInvalid
	}
	return addr + size, nil
}

// onParts calls f, with s.mu held, for a range that must be mapped throughout.
func (s *Space) onParts(addr, n uint64, f func(hi uint64, parts []Region) error) error {
	hi, err := span(addr, n)
	if err != nil || addr == hi {
		return err
	}
	if hi > spaceSize {
		return ErrNotMapped
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	parts, whole := s.regions.parts(addr, hi)
	if !whole {
		return ErrNotMapped
	}
	return f(hi, parts)
}

// change makes [lo, hi) contain exactly mid: it checks the limits, lets apply
// change the form, and then brings the region table, the quota, the objects'
// users, the record of changed pages and the code version up to date. If it
// fails nothing has changed. The caller holds s.mu.
func (s *Space) change(lo, hi uint64, mid []Region, apply func() error) error {
	exec := execIn(mid) || execIn(s.regions.overlapping(lo, hi))
	c := s.regions.plan(lo, hi, mid)
	before := s.regions[c.from:c.to]
	if n := len(s.regions) - len(before) + len(c.after); n > s.maxRegions && n > len(s.regions) {
		return ErrNoMemory
	}
	var paid, due uint64
	for i := range before {
		paid += before[i].payable()
	}
	for i := range c.after {
		due += c.after[i].payable()
	}
	if due > paid {
		if err := s.quota.Charge(due - paid); err != nil {
			return err
		}
	}
	if apply != nil {
		if err := apply(); err != nil {
			if due > paid {
				s.quota.Release(due - paid)
			}
			return err
		}
	}
	if paid > due {
		s.quota.Release(paid - due)
	}
	before = slices.Clone(before)
	for _, r := range c.after {
		r.Object.retain(s, r)
	}
	s.regions = s.regions.apply(c)
	for _, r := range before {
		r.Object.release(s, r)
	}
	if exec {
		// After the change: code fetched under the new number is new code.
		s.codeChanged()
	}
	return nil
}

func execIn(regions []Region) bool {
	return slices.ContainsFunc(regions, func(r Region) bool { return r.Prot&Exec != 0 })
}

// Regions returns a copy of the region table.
func (s *Space) Regions() []Region {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.regions)
}

// CodeVersion returns a number that has changed when any executable page may
// have: engines read it before Fetch and keep what they make of the bytes only
// as long as it stays the same. Atomic and cheap.
func (s *Space) CodeVersion() uint64 { return s.codeVersion.Load() }

// OnCodeChange makes f be called after every change of CodeVersion, before the
// call that caused it returns. f must not call the Space. A nil f ends it.
func (s *Space) OnCodeChange(f *func()) { s.codeWatcher.Store(f) }

// codeChanged tells engines that executable pages may have changed.
func (s *Space) codeChanged() {
	s.codeVersion.Add(1)
	if f := s.codeWatcher.Load(); f != nil {
		(*f)()
	}
}

// Fork returns a copy of the space, of the same form and with the same quota:
// private pages are copied, shared mappings are shared. Other threads may go
// on running; what they write meanwhile may or may not be in the copy.
func (s *Space) Fork() (*Space, error) {
	child, err := New(Options{Form: s.form, Quota: s.quota, MaxRegions: s.maxRegions})
	if err != nil {
		return nil, err
	}
	if err := s.copyInto(child); err != nil {
		_ = child.Close()
		return nil, err
	}
	return child, nil
}

func (s *Space) copyInto(child *Space) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrInvalid
	}
	child.mu.Lock()
	defer child.mu.Unlock()
	child.aliasing.Store(s.aliasing.Load())
	s.back.fork(true)
	defer s.back.fork(false)
	for _, r := range s.regions {
		err := child.change(r.Addr, r.End(), []Region{r}, func() error {
			if r.Shared || !r.charged {
				return child.back.place(r)
			}
			return s.back.placeCopy(child, r)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
