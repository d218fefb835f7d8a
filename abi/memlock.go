package abi

import (
	"errors"
	"slices"
	"sync"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// Guest memory has no residence that could be asked for, so every mapped page
// counts as resident and mem_lock of 2015 has nothing to do. What a program can
// see of it is that mem_sync refuses to invalidate what is locked: for that
// alone it is written down.

// maxLockedRanges bounds how many separate ranges a program can lock.
const maxLockedRanges = 4096

// lockedPages is a set of pages. The zero value is empty.
type lockedPages struct {
	mu     sync.Mutex
	ranges []pageRange // ascending, neither touching nor empty
}

// pageRange is the pages from first on, without end, by number.
type pageRange struct{ first, end uint64 }

// pagesOf are the pages that n bytes from addr on touch.
func pagesOf(addr, n uint64) pageRange {
	first := addr / memory.PageSize
	if n == 0 {
		return pageRange{first, first}
	}
	return pageRange{first, (addr+n-1)/memory.PageSize + 1}
}

// add locks pages: EAGAIN if there would be too many ranges.
func (l *lockedPages) add(addr, n uint64) cloudabi.Errno {
	p := pagesOf(addr, n)
	if p.first == p.end {
		return cloudabi.ESUCCESS
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	from, to := l.find(func(r pageRange) bool { return r.end < p.first }), l.find(func(r pageRange) bool { return r.first <= p.end })
	switch {
	case from < to:
		p.first = min(p.first, l.ranges[from].first)
		p.end = max(p.end, l.ranges[to-1].end)
	case len(l.ranges) == maxLockedRanges:
		return cloudabi.EAGAIN
	}
	l.ranges = slices.Replace(l.ranges, from, to, p)
	return cloudabi.ESUCCESS
}

// remove unlocks pages. If that would make too many ranges, more is unlocked.
func (l *lockedPages) remove(addr, n uint64) {
	p := pagesOf(addr, n)
	l.mu.Lock()
	defer l.mu.Unlock()
	from, to := l.overlapping(p)
	if from == to || p.first == p.end {
		return
	}
	var rest []pageRange
	if first := l.ranges[from].first; first < p.first {
		rest = append(rest, pageRange{first, p.first})
	}
	if end := l.ranges[to-1].end; end > p.end && len(l.ranges)-(to-from)+len(rest) < maxLockedRanges {
		rest = append(rest, pageRange{p.end, end})
	}
	l.ranges = slices.Replace(l.ranges, from, to, rest...)
}

// any reports whether one of the pages is locked.
func (l *lockedPages) any(addr, n uint64) bool {
	p := pagesOf(addr, n)
	l.mu.Lock()
	defer l.mu.Unlock()
	from, to := l.overlapping(p)
	return from < to && p.first < p.end
}

// overlapping returns which ranges have pages in common with p.
func (l *lockedPages) overlapping(p pageRange) (from, to int) {
	return l.find(func(r pageRange) bool { return r.end <= p.first }), l.find(func(r pageRange) bool { return r.first < p.end })
}

// find returns the number of leading ranges for which before holds.
func (l *lockedPages) find(before func(pageRange) bool) int {
	n, _ := slices.BinarySearchFunc(l.ranges, false, func(r pageRange, _ bool) int {
		if before(r) {
			return -1
		}
		return 1
	})
	return n
}

func (t *Thread) memLock(a *args) cloudabi.Errno {
	if errno := t.resident(a); errno != 0 {
		return errno
	}
	return t.proc.program.locked.add(a.v[0], a.v[1])
}

func (t *Thread) memUnlock(a *args) cloudabi.Errno {
	errno := t.resident(a)
	if errno == 0 {
		t.proc.program.locked.remove(a.v[0], a.v[1])
	}
	return errno
}

// resident reports ENOMEM unless all pages of the range in arguments 0 and 1 are
// mapped, and EINVAL if it wraps.
func (t *Thread) resident(a *args) cloudabi.Errno {
	before := a.v[0] % memory.PageSize
	n := a.v[1] + before
	if n < before {
		return cloudabi.EINVAL
	}
	err := t.space().Advise(a.v[0]-before, n, false)
	if errors.Is(err, memory.ErrNotMapped) {
		return cloudabi.ENOMEM
	}
	return errnoOf(err)
}
