//go:build (amd64 || arm64) && (linux || darwin || freebsd || netbsd || openbsd || dragonfly || solaris)

package memory

import (
	"os"
	"slices"
	"sort"
	"sync/atomic"
)

// Private anonymous memory of windows lives in host files without names, where
// the host has such files in memory, so that Fork need not copy it.
//
// As long as one space has a page, its window maps it shared: the file is the
// memory. Guest address and offset in the file are the same, so the host joins
// neighbouring mappings. Fork freezes a file: parent and copy map it privately,
// and the host copies a page when one of them writes to it. The parent starts a
// new file for what it maps from then on.
//
// What a space has written to frozen memory since must be copied by the next
// Fork: where it is much, to the new file, which then is frozen too, so that it
// need not be copied again; where it is little, to the child alone, since every
// change of file in the window is one more mapping for the host. So a Fork costs
// at most an eighth of the memory in the long run, besides what is new.
//
// A page of a frozen file that its users have overwritten stays until the file
// goes, or its last user unmaps the page or forks. So spaces may hold up to twice
// the memory that the quota is charged.

// heapFile is one such file. Its users close it.
type heapFile struct {
	f     *os.File
	users atomic.Int64 // runs, and windows that make new ones in it
}

func newHeapFile() *heapFile {
	f, err := hostHeapFile()
	if err != nil {
		return nil
	}
	h := &heapFile{f: f}
	h.users.Add(1)
	return h
}

func (h *heapFile) release() {
	if h != nil && h.users.Add(-1) == 0 {
		_ = h.f.Close()
	}
}

// run is a range of private anonymous memory that lives in one file.
type run struct {
	lo, hi uint64
	file   *heapFile
	frozen bool // mapped privately, because others map the file too
}

// runTable is sorted by address, without overlaps. What is in no run is plain
// memory of the host, or belongs to an object.
type runTable []run

// search returns the index of the first run that ends behind addr.
func (t runTable) search(addr uint64) int {
	return sort.Search(len(t), func(i int) bool { return t[i].hi > addr })
}

// parts returns the runs in [lo, hi), clipped to it, with runs without a file
// between them.
func (t runTable) parts(lo, hi uint64) (list []run) {
	for i := t.search(lo); i < len(t) && t[i].lo < hi; i++ {
		r := t[i]
		r.lo, r.hi = max(r.lo, lo), min(r.hi, hi)
		if r.lo > lo {
			list = append(list, run{lo: lo, hi: r.lo})
		}
		list = append(list, r)
		lo = r.hi
	}
	if lo < hi {
		list = append(list, run{lo: lo, hi: hi})
	}
	return list
}

// set makes [lo, hi) one run of file, or none if file is nil.
func (t *runTable) set(lo, hi uint64, file *heapFile, frozen bool) {
	old := *t
	from := old.search(lo)
	to := from
	var list []run
	if from > 0 && old[from-1].hi == lo {
		from--
		list = append(list, old[from])
	}
	for ; to < len(old) && old[to].lo < hi; to++ {
		if old[to].lo < lo {
			list = append(list, run{old[to].lo, lo, old[to].file, old[to].frozen})
		}
	}
	if file != nil {
		list = append(list, run{lo, hi, file, frozen})
	}
	if to > from && old[to-1].hi > hi {
		list = append(list, run{hi, old[to-1].hi, old[to-1].file, old[to-1].frozen})
	} else if to < len(old) && old[to].lo == hi {
		list = append(list, old[to])
		to++
	}
	merged := list[:0]
	for _, r := range list {
		if n := len(merged); n > 0 && merged[n-1].hi == r.lo && merged[n-1].file == r.file && merged[n-1].frozen == r.frozen {
			merged[n-1].hi = r.hi
			continue
		}
		merged = append(merged, r)
	}
	for _, r := range merged {
		r.file.users.Add(1)
	}
	gone := slices.Clone(old[from:to])
	*t = slices.Replace(old, from, to, merged...)
	for _, r := range gone {
		r.file.release()
	}
}

// files returns the distinct files.
func (t runTable) files() map[*heapFile]int64 {
	files := make(map[*heapFile]int64)
	for _, r := range t {
		files[r.file]++
	}
	return files
}

// heap returns the file for new memory, or nil for plain memory.
func (w *window) heap() *heapFile {
	if w.file == nil {
		w.file = newHeapFile()
	}
	return w.file
}

// vacated gives the memory of runs back that the window does not show any more.
// They are still in the table, or frozen ones that others use would be lost.
func (w *window) vacated(list []run) {
	var mine map[*heapFile]int64
	for _, r := range list {
		if r.file == nil {
			continue
		}
		if r.frozen {
			if mine == nil {
				mine = w.runs.files()
			}
			if r.file.users.Load() != mine[r.file] {
				continue
			}
		}
		hostPunch(r.file.f, r.lo, r.hi)
	}
}

// forget drops the runs of [lo, hi), which show something else now.
func (w *window) forget(lo, hi uint64) {
	parts := w.runs.parts(lo, hi)
	w.vacated(parts)
	w.runs.set(lo, hi, nil, false)
}

// placeAnonymous maps zeros.
func (w *window) placeAnonymous(r Region) error {
	readable, writable := w.hostProt(r)
	m := w.memory(r.Addr, r.End())
	file := w.heap()
	if file == nil {
		if err := hostMapAnonymous(m, readable, writable); err != nil {
			return err
		}
		w.forget(r.Addr, r.End())
		return nil
	}
	// What is there in this very file must be zero before it is mapped again,
	// or a write by another thread in between would be lost.
	var others []run
	for _, part := range w.runs.parts(r.Addr, r.End()) {
		if part.file == file {
			hostPunch(file.f, part.lo, part.hi)
		} else {
			others = append(others, part)
		}
	}
	if err := hostMapFile(m, file.f, int64(r.Addr), true, readable, writable); err != nil {
		return err
	}
	w.vacated(others)
	w.runs.set(r.Addr, r.End(), file, false)
	return nil
}

// discardAnonymous makes a region's memory zero again.
func (w *window) discardAnonymous(r Region) error {
	for _, part := range w.runs.parts(r.Addr, r.End()) {
		switch {
		case part.file != nil && !part.frozen && hostPunch(part.file.f, part.lo, part.hi):
		case part.file == nil && hostDiscard(w.memory(part.lo, part.hi)):
		default:
			if err := w.place(r.clip(part.lo, part.hi)); err != nil {
				return err
			}
		}
	}
	return nil
}

// How Fork decides between copying to the child and freezing.
const (
	freezeLeast = 256 << 10     // a new file of no more than this is copied
	freezeShare = 16            // or of no more than this part of what is frozen
	freezeFiles = 64            // or if there are so many files already
	freezeChunk = 64 * PageSize // memory written since it was frozen is looked at in chunks
	freezePages = 8             // and frozen anew where so many pages were written
)

// fork begins and ends a Fork of this window: it decides whether the memory
// mapped since the last one is copied, and lets the next one start a new file.
func (w *window) fork(begin bool) {
	if !begin {
		if w.thawed = false; w.mixed {
			w.file.release()
			w.file, w.mixed = nil, false
		}
		return
	}
	files := w.runs.files()
	var frozen int64
	for f, mine := range files {
		if f == w.file {
			continue
		}
		if f.users.Load() == mine {
			w.sweep(f)
		}
		frozen += hostResident(f.f)
	}
	w.crowded = len(files) >= freezeFiles
	w.thawed = w.crowded || w.file != nil && hostResident(w.file.f) <= max(freezeLeast, frozen/freezeShare) && frozen > 0
}

// sweep gives the memory of a file back that this window, its only user, does
// not show: what children had and what was frozen anew elsewhere.
func (w *window) sweep(f *heapFile) {
	at := uint64(0)
	for _, r := range w.runs {
		if r.file == f {
			if r.lo > at {
				hostPunch(f.f, at, r.lo)
			}
			at = r.hi
		}
	}
	if at < spaceSize {
		hostPunch(f.f, at, spaceSize)
	}
}

// copyAnonymous gives the child a region of anonymous memory, writable for now.
func (w *window) copyAnonymous(to *window, r Region) error {
	for _, part := range w.runs.parts(r.Addr, r.End()) {
		var err error
		clipped := r.clip(part.lo, part.hi)
		switch {
		case part.file == nil:
			if err = to.place(openToCopy(clipped)); err == nil {
				err = w.copyOwn(to, clipped, true)
			}
		case !part.frozen && w.thawed && part.file == w.file:
			if err = to.place(openToCopy(clipped)); err == nil {
				err = w.copyResident(to, part)
			}
		case !part.frozen:
			if err = w.freeze(r, part); err == nil {
				err = to.showFrozen(part)
			}
		default:
			if err = to.showFrozen(part); err == nil {
				err = w.copyWritten(to, r, part)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyResident copies what there is of a run.
func (w *window) copyResident(to *window, part run) error {
	return hostDataRanges(part.file.f, part.lo, part.hi, func(lo, hi uint64) error {
		if _, err := part.file.f.ReadAt(to.memory(lo, hi), int64(lo)); err != nil {
			return ErrNoMemory
		}
		return nil
	})
}

// freeze shows a run of this window's own privately.
func (w *window) freeze(r Region, part run) error {
	if !w.afford() {
		return ErrNoMemory
	}
	readable, writable := w.hostProt(r)
	if err := hostMapFile(w.memory(part.lo, part.hi), part.file.f, int64(part.lo), false, readable, writable); err != nil {
		return hostError(err)
	}
	w.mixed = w.mixed || part.file == w.file
	w.runs.set(part.lo, part.hi, part.file, true)
	return nil
}

// showFrozen maps another window's frozen memory, writable for now.
func (w *window) showFrozen(part run) error {
	if !w.afford() {
		return ErrNoMemory
	}
	err := hostMapFile(w.memory(part.lo, part.hi), part.file.f, int64(part.lo), false, true, true)
	if err != nil {
		return hostError(err)
	}
	w.runs.set(part.lo, part.hi, part.file, true)
	return nil
}

// copyWritten gives the child what was written to a frozen run.
func (w *window) copyWritten(to *window, r Region, part run) error {
	var written []run // ranges of pages
	err := hostOwnPages(w.memory(part.lo, part.hi), false, func(lo, hi int) error {
		written = append(written, run{lo: part.lo + uint64(lo), hi: part.lo + uint64(hi)})
		return nil
	})
	if err != nil || len(written) == 0 {
		return err
	}
	many := manyWritten(part, written)
	for _, m := range many {
		if w.crowded {
			break
		}
		if done, err := w.refreeze(to, r, m); err != nil {
			return err
		} else if !done {
			continue
		}
		var rest []run
		for _, p := range written {
			if p.lo < m.lo {
				rest = append(rest, run{lo: p.lo, hi: min(p.hi, m.lo)})
			}
			if p.hi > m.hi {
				rest = append(rest, run{lo: max(p.lo, m.hi), hi: p.hi})
			}
		}
		written = rest
	}
	if len(written) > 0 && r.Prot == 0 {
		if err := hostError(hostProtect(w.memory(part.lo, part.hi), true, false)); err != nil {
			return err
		}
		defer hostProtect(w.memory(part.lo, part.hi), false, false)
	}
	for _, p := range written {
		copyPages(to.memory(p.lo, p.hi), w.memory(p.lo, p.hi), false)
	}
	return nil
}

// manyWritten returns the chunks of part in which many pages were written,
// adjacent ones as one.
func manyWritten(part run, written []run) (many []run) {
	for lo := part.lo; lo < part.hi; {
		hi := min(part.hi, lo&^(freezeChunk-1)+freezeChunk)
		var pages uint64
		for len(written) > 0 && written[0].hi <= lo {
			written = written[1:]
		}
		for _, p := range written {
			if p.lo >= hi {
				break
			}
			pages += (min(p.hi, hi) - max(p.lo, lo)) / PageSize
		}
		if pages >= freezePages {
			if n := len(many); n > 0 && many[n-1].hi == lo {
				many[n-1].hi = hi
			} else {
				many = append(many, run{lo: lo, hi: hi})
			}
		}
		if lo = hi; len(written) > 0 && written[0].lo > lo {
			lo = min(part.hi, written[0].lo&^(freezeChunk-1))
		}
	}
	return many
}

// refreeze moves a part of a frozen run, as this window sees it, to its new
// file and freezes it there for both. If it is not done without an error,
// nothing has changed.
func (w *window) refreeze(to *window, r Region, m run) (done bool, err error) {
	file := w.heap()
	if file == nil || !w.afford() {
		return false, nil
	}
	readable, writable := w.hostProt(r)
	mem := w.memory(m.lo, m.hi)
	// Whoever writes meanwhile waits for Space.mu in explain.
	if hostProtect(mem, true, false) != nil {
		return false, nil
	}
	_, err = file.f.WriteAt(mem, int64(m.lo))
	if err == nil {
		err = hostMapFile(mem, file.f, int64(m.lo), false, readable, writable)
	}
	if err != nil {
		hostPunch(file.f, m.lo, m.hi)
		_ = hostProtect(mem, readable, writable)
		return false, nil
	}
	w.mixed = true
	w.runs.set(m.lo, m.hi, file, true)
	return true, to.showFrozen(run{lo: m.lo, hi: m.hi, file: file})
}
