package memory

import (
	"runtime/debug"
	"slices"
)

// ReadAt copies guest memory at addr to p: all of it, or none and a *Fault.
// Any addr is fine; what is not below Size faults.
func (s *Space) ReadAt(p []byte, addr uint64) error {
	if len(p) == 0 || s.copyShort(p, addr, false) {
		return nil
	}
	for {
		if f := s.permit(addr, uint64(len(p)), Read); f != nil {
			return f
		}
		if retry, f := s.copyOut(p, addr); f != nil {
			return f
		} else if !retry {
			return nil
		}
	}
}

// WriteAt copies p to guest memory at addr: all of it, or none and a *Fault.
// (If another thread takes the mapping away meanwhile, a part of it.)
func (s *Space) WriteAt(p []byte, addr uint64) error {
	if len(p) == 0 || s.copyShort(p, addr, true) {
		return nil
	}
	for {
		if f := s.permit(addr, uint64(len(p)), Write); f != nil {
			return f
		}
		if retry, f := s.copyIn(p, addr); f != nil {
			return f
		} else if !retry {
			return nil
		}
	}
}

// Accessible returns how many of the n bytes at addr, from the start, can be
// accessed as prot says (Read or Write). Another thread may change that at any
// time.
func (s *Space) Accessible(addr, n uint64, prot Prot) uint64 {
	switch f := s.permit(addr, n, prot); {
	case addr+n < addr:
		return 0
	case f == nil:
		return n
	case f.Addr > addr && f.Addr < addr+n:
		return f.Addr - addr
	}
	return 0
}

// permit checks an access by the kernel, makes sure that the pages are there
// and, for one that writes, records them as changed.
func (s *Space) permit(addr, n uint64, need Prot) *Fault {
	if need&Write != 0 && s.tracked.Load() {
		return s.permitTracked(addr, n, need)
	}
	if f, ready := s.permitNow(addr, n, need); ready {
		return f
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.check(addr, n, need); f != nil {
		return f
	}
	return s.bring(addr, n, need)
}

// permitNow is permit for pages that are there already.
func (s *Space) permitNow(addr, n uint64, need Prot) (f *Fault, ready bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if f := s.check(addr, n, need); f != nil {
		return f, true
	}
	return nil, n == 0 || s.back.ready(addr&^pageMask, roundUp(addr+n), need&Write != 0)
}

// bring makes sure that the pages of a checked access are there. The caller
// holds s.mu.
func (s *Space) bring(addr, n uint64, need Prot) *Fault {
	if n == 0 {
		return nil
	}
	_, f := s.back.supply(addr&^pageMask, roundUp(addr+n), need&Write != 0)
	if f != nil {
		return &Fault{Addr: max(f.Addr, addr), Access: missing(need), Bus: f.Bus}
	}
	return nil
}

// permitTracked is permit for writes while changes are tracked.
func (s *Space) permitTracked(addr, n uint64, need Prot) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.check(addr, n, need)
	if f != nil || n == 0 {
		return f
	}
	if s.dirty != nil {
		s.admitWrites(addr&^pageMask, roundUp(addr+n))
	}
	return s.bring(addr, n, need)
}

// caught is deferred around accesses: with the goroutine's earlier setting of
// SetPanicOnFault, it turns the panic of a refused access into a fault or a
// retry. Other panics go on.
func (s *Space) caught(before bool, retry *bool, f **Fault) {
	debug.SetPanicOnFault(before)
	r := recover()
	if r == nil {
		return
	}
	fault, again, ok := s.Recovered(r)
	if !ok {
		panic(r)
	}
	*f, *retry = fault, again
}

func (s *Space) copyOut(p []byte, addr uint64) (retry bool, f *Fault) {
	if s.base == nil {
		return false, s.copyPages(p, addr, Read)
	}
	defer s.caught(debug.SetPanicOnFault(true), &retry, &f)
	copy(p, s.windowBytes(addr, uint64(len(p))))
	return
}

func (s *Space) copyIn(p []byte, addr uint64) (retry bool, f *Fault) {
	if s.base == nil {
		return false, s.copyPages(p, addr, Write)
	}
	defer s.caught(debug.SetPanicOnFault(true), &retry, &f)
	copy(s.windowBytes(addr, uint64(len(p))), p)
	return
}

// copyShort copies to or from guest memory, if that is in the window form and
// inside a page: either all or nothing of it is permitted, and the host says
// which, so that nobody need look into the table of regions. It reports whether
// it is done; if not, nothing has happened.
func (s *Space) copyShort(p []byte, addr uint64, write bool) (done bool) {
	n := uint64(len(p))
	if s.base == nil || addr >= spaceSize || addr&pageMask+n > PageSize {
		return false
	}
	before := debug.SetPanicOnFault(true)
	defer s.declined(before)
	guest := s.windowBytes(addr, n)
	if write {
		copy(guest, p)
	} else {
		copy(p, guest)
	}
	return true
}

// declined is deferred in copyShort: a refused access there is somebody else's
// to explain.
func (s *Space) declined(before bool) {
	debug.SetPanicOnFault(before)
	r := recover()
	if r == nil {
		return
	}
	if e, ok := r.(addressed); ok {
		if _, ours := s.guestAddress(e.Addr()); ours {
			return
		}
	}
	panic(r)
}

// copyPages is both copies in the paged form.
func (s *Space) copyPages(p []byte, addr uint64, need Prot) *Fault {
	for len(p) > 0 {
		page, f := s.pageFor(addr, need)
		if f != nil {
			return f
		}
		in := int(addr % PageSize)
		n := min(len(p), PageSize-in)
		if need == Write {
			copyToPage(page, in, p[:n])
		} else {
			copyFromPage(p[:n], page, in)
		}
		p, addr = p[n:], addr+uint64(n)
	}
	return nil
}

// Access calls f with views of [addr, addr+n), in order, as few as possible,
// after checking that all of it may be accessed as prot says (Read, Write or
// both); otherwise it returns a *Fault without calling f. The views are valid
// during the call only. If another thread takes the mapping away meanwhile, an
// access of f's ends f by a panic that Access turns into a *Fault, and system
// calls of the host on the views fail with the host's EFAULT.
func (s *Space) Access(addr, n uint64, prot Prot, f func(chunks [][]byte) error) error {
	if n == 0 {
		return f(nil)
	}
	fault, unpin := s.pin(addr, n, prot)
	if fault != nil {
		return fault
	}
	defer unpin()
	chunks, fault := s.back.bytes(addr, n, prot)
	if fault != nil {
		return fault
	}
	if s.base == nil {
		return f(chunks)
	}
	retry, fault, err := s.accessWindow(chunks, f)
	switch {
	case fault != nil:
		return fault
	case retry:
		// The mapping went and came back under f's feet; f must not run twice.
		return &Fault{Addr: addr, Access: missing(prot)}
	}
	return err
}

// pin is permit for accesses that take their time: until unpin is called, the
// pages of an access that writes count as changed in every record of changes.
func (s *Space) pin(addr, n uint64, need Prot) (f *Fault, unpin func()) {
	if need&Write == 0 {
		return s.permit(addr, n, need), func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.check(addr, n, need); f != nil {
		return f, nil
	}
	p := &pinned{addr &^ pageMask, roundUp(addr + n)}
	s.pins = append(s.pins, p)
	s.admitPins()
	if f := s.bring(addr, n, need); f != nil {
		s.pins = s.pins[:len(s.pins)-1]
		return f, nil
	}
	return nil, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		i := slices.Index(s.pins, p)
		s.pins = slices.Delete(s.pins, i, i+1)
	}
}

// pinned is a range that the kernel is writing to.
type pinned struct{ lo, hi uint64 }

// admitPins records the pinned pages as changed. The caller holds s.mu.
func (s *Space) admitPins() {
	if s.dirty == nil {
		return
	}
	for _, p := range s.pins {
		s.admitWrites(p.lo, p.hi)
	}
}

func (s *Space) accessWindow(chunks [][]byte, f func([][]byte) error) (retry bool, fault *Fault, err error) {
	defer s.caught(debug.SetPanicOnFault(true), &retry, &fault)
	return false, nil, f(chunks)
}

// LoadAtomic32 reads a naturally aligned word, atomically with respect to the
// guest's own accesses and sequentially consistent, like all calls of this
// group. They fail with ErrInvalid (not aligned) or a *Fault.
func (s *Space) LoadAtomic32(addr uint64) (v uint32, err error) {
	err = s.atomically(addr, 4, Read, func() { v = s.LoadAcquire32(uint32(addr)) })
	return v, err
}

// StoreAtomic32 writes a word. See LoadAtomic32.
func (s *Space) StoreAtomic32(addr uint64, v uint32) error {
	return s.atomically(addr, 4, Write, func() { s.StoreRelease32(uint32(addr), v) })
}

// CompareAndSwap32 stores new if the word is old, and reports whether it was.
// The page must be writable in either case.
func (s *Space) CompareAndSwap32(addr uint64, old, new uint32) (swapped bool, err error) {
	err = s.atomically(addr, 4, Write, func() { swapped = s.Cas32(uint32(addr), old, new) == old })
	return swapped, err
}

// AddAtomic32 adds to a word and returns the new value.
func (s *Space) AddAtomic32(addr uint64, delta uint32) (v uint32, err error) {
	err = s.atomically(addr, 4, Write, func() { v = s.Add32(uint32(addr), delta) + delta })
	return v, err
}

// LoadAtomic64 reads a naturally aligned word of 8 bytes.
func (s *Space) LoadAtomic64(addr uint64) (v uint64, err error) {
	err = s.atomically(addr, 8, Read, func() { v = s.LoadAcquire64(uint32(addr)) })
	return v, err
}

// StoreAtomic64 writes a word of 8 bytes.
func (s *Space) StoreAtomic64(addr uint64, v uint64) error {
	return s.atomically(addr, 8, Write, func() { s.StoreRelease64(uint32(addr), v) })
}

// CompareAndSwap64 is CompareAndSwap32 for 8 bytes.
func (s *Space) CompareAndSwap64(addr uint64, old, new uint64) (swapped bool, err error) {
	err = s.atomically(addr, 8, Write, func() { swapped = s.Cas64(uint32(addr), old, new) == old })
	return swapped, err
}

// atomically does an engine's access on behalf of the kernel.
func (s *Space) atomically(addr, n uint64, need Prot, access func()) error {
	if addr%n != 0 {
		return ErrInvalid
	}
	for {
		if f := s.permit(addr, n, need); f != nil {
			return f
		}
		if retry, f := s.guard(access); f != nil {
			return f
		} else if !retry {
			return nil
		}
	}
}

func (s *Space) guard(access func()) (retry bool, f *Fault) {
	defer s.caught(debug.SetPanicOnFault(true), &retry, &f)
	access()
	return
}

// ShareKey returns the identity of the word at addr for locks of shared scope:
// in a shared mapping the object and the offset in it, the same in every
// space; elsewhere obj is 0 and off is addr, which mean something in this
// space only. It fails with a *Fault if nothing accessible is mapped at addr.
func (s *Space) ShareKey(addr uint64) (obj, off uint64, shared bool, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := s.regions.at(addr)
	if r == nil || r.Prot == 0 {
		return 0, 0, false, &Fault{Addr: addr, Access: Read}
	}
	if r.Shared && r.Object != nil {
		return r.Object.ID(), r.Offset + (addr - r.Addr), true, nil
	}
	return 0, addr, false, nil
}

// Fetch copies instruction bytes at addr to p: as many as are executable, at
// least one, else a *Fault. volatile means that the bytes may change without
// CodeVersion changing, because they belong to an object that is mapped
// writable or is a file open for writing: they must not be kept.
func (s *Space) Fetch(p []byte, addr uint64) (n int, volatile bool, err error) {
	if len(p) == 0 {
		return 0, false, nil
	}
	n, volatile, f := s.executable(addr, len(p))
	if f != nil {
		return 0, false, f
	}
	for {
		retry, f := s.copyOut(p[:n], addr)
		if f == nil && !retry {
			return n, volatile, nil
		}
		if f != nil {
			f.Access = Exec
			return 0, false, f
		}
	}
}

// executable returns how many of n bytes at addr can be fetched.
func (s *Space) executable(addr uint64, n int) (m int, volatile bool, f *Fault) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	end := addr + uint64(n)
	if f := s.check(addr, uint64(n), Exec); f != nil {
		if f.Addr == addr {
			return 0, false, f
		}
		end = f.Addr
	}
	for i := s.regions.search(addr); i < len(s.regions) && s.regions[i].Addr < end; i++ {
		volatile = volatile || s.regions[i].Object.volatile()
	}
	return int(end - addr), volatile, nil
}
