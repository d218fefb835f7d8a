package memory

import (
	"math"
	"slices"
	"sort"
)

// Region is a range of pages mapped alike.
type Region struct {
	Addr, Len uint64 // multiples of PageSize
	Prot      Prot   // as asked for by Map or Protect
	MaxProt   Prot   // what Protect may ask for
	Shared    bool   // writes reach the object
	Object    *Object
	Offset    uint64 // of Addr in Object, a multiple of PageSize

	// charged: the quota pays for the region. It was accessible at least once,
	// so it may have resident pages even if Prot is 0 now.
	charged bool
}

// End returns the first address behind the region.
func (r *Region) End() uint64 { return r.Addr + r.Len }

// clip returns the part of r inside [lo, hi).
func (r *Region) clip(lo, hi uint64) Region {
	lo, hi = max(lo, r.Addr), min(hi, r.End())
	c := *r
	c.Addr, c.Len = lo, hi-lo
	if c.Object != nil {
		c.Offset += lo - r.Addr
	}
	return c
}

// validEnd returns the first address of r behind the last page of its object.
func (r *Region) validEnd() uint64 {
	if r.Object == nil {
		return math.MaxUint64
	}
	return r.endAt(r.Object.Size())
}

// endAt is validEnd for an object of the given size.
func (r *Region) endAt(size int64) uint64 {
	end := roundUp(uint64(size))
	if end <= r.Offset {
		return r.Addr
	}
	return r.Addr + (end - r.Offset)
}

// beyondEnd reports whether addr lies in a page behind the end of the object.
func (r *Region) beyondEnd(addr uint64) bool { return r.Object != nil && addr >= r.validEnd() }

// continues reports whether b goes on where a ends, with nothing different.
func (a *Region) continues(b *Region) bool {
	return a.End() == b.Addr && a.Prot == b.Prot && a.MaxProt == b.MaxProt && a.Shared == b.Shared &&
		a.charged == b.charged && a.Object == b.Object && (a.Object == nil || a.Offset+a.Len == b.Offset)
}

// payable returns the bytes that the quota is charged for r.
func (r *Region) payable() uint64 {
	if !r.charged || r.Shared && r.Object != nil && !r.Object.hostFile {
		return 0
	}
	return r.Len
}

// roundUp rounds n up to whole pages; it saturates at the last page boundary.
func roundUp(n uint64) uint64 {
	if n > math.MaxUint64-pageMask {
		return math.MaxUint64 &^ pageMask
	}
	return (n + pageMask) &^ pageMask
}

// regionTable is sorted by address, without overlaps, and merged as far as
// possible.
type regionTable []Region

// search returns the index of the first region that ends behind addr.
func (t regionTable) search(addr uint64) int {
	return sort.Search(len(t), func(i int) bool { return t[i].End() > addr })
}

// at returns the region of addr, or nil.
func (t regionTable) at(addr uint64) *Region {
	if i := t.search(addr); i < len(t) && t[i].Addr <= addr {
		return &t[i]
	}
	return nil
}

// overlapping returns the regions that have pages in [lo, hi).
func (t regionTable) overlapping(lo, hi uint64) []Region {
	from := t.search(lo)
	to := from
	for to < len(t) && t[to].Addr < hi {
		to++
	}
	return t[from:to]
}

// parts returns what is mapped in [lo, hi), clipped to it, and whether that
// covers the range without holes.
func (t regionTable) parts(lo, hi uint64) (parts []Region, whole bool) {
	at := lo
	whole = true
	for i := t.search(lo); i < len(t) && t[i].Addr < hi; i++ {
		p := t[i].clip(lo, hi)
		whole = whole && p.Addr == at
		at = p.End()
		parts = append(parts, p)
	}
	return parts, whole && at == hi
}

// change is a replacement of t[from:to] by after. It has been computed, but
// not applied.
type change struct {
	from, to int
	after    []Region
}

// plan computes the change that makes [lo, hi) contain exactly mid, which is
// sorted and lies within. Neighbours that can be merged are.
func (t regionTable) plan(lo, hi uint64, mid []Region) change {
	from := t.search(lo)
	to := from
	for to < len(t) && t[to].Addr < hi {
		to++
	}
	var list []Region
	if from < to && t[from].Addr < lo {
		list = append(list, t[from].clip(0, lo))
	} else if from > 0 && t[from-1].End() == lo {
		from--
		list = append(list, t[from])
	}
	list = append(list, mid...)
	if last := to - 1; last >= from && t[last].End() > hi {
		list = append(list, t[last].clip(hi, math.MaxUint64))
	} else if to < len(t) && t[to].Addr == hi {
		list = append(list, t[to])
		to++
	}
	merged := list[:0]
	for _, r := range list {
		if n := len(merged); n > 0 && merged[n-1].continues(&r) {
			merged[n-1].Len += r.Len
			continue
		}
		merged = append(merged, r)
	}
	return change{from, to, merged}
}

// apply returns the table with the change made.
func (t regionTable) apply(c change) regionTable { return slices.Replace(t, c.from, c.to, c.after...) }

// free looks for n unmapped bytes, from the top of the window downwards.
func (t regionTable) free(n uint64) (addr uint64, ok bool) {
	hi := uint64(spaceSize - edge)
	for i := len(t) - 1; i >= -1; i-- {
		lo := uint64(edge)
		if i >= 0 {
			lo = max(lo, t[i].End())
		}
		if hi > lo && hi-lo >= n {
			return hi - n, true
		}
		if i >= 0 {
			hi = min(hi, t[i].Addr)
		}
	}
	return 0, false
}
