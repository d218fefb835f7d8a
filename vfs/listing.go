package vfs

import (
	"cmp"
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// A listing gives positions to the entries of a directory whose backend has
// none that last: a name's position is a hash of the name. So a position needs
// no memory, survives any change of the directory, and the order is the same on
// every host.
//
// Reading from a position on takes the names in one scan of the directory and
// keeps the next ones in order, as many as batchSize; they serve the calls that
// follow. Cookie 0 scans anew.
type listing struct {
	mu    sync.Mutex
	valid bool
	from  uint64 // the batch holds what comes after this position …
	whole bool   // … to the end of the directory
	batch []listed
}

type listed struct {
	pos  uint64
	name string
}

// batchSize bounds what an open directory holds: about a megabyte. A directory
// of n names is scanned n/batchSize times.
const batchSize = 8192

// source is a directory as a listing sees it.
type source interface {
	// scan calls yield for every name but "." and "..", in any order.
	scan(yield func(name string) bool) error
	// entry returns what a name is now: ENOENT if it is gone. "." and ".." are
	// asked for too.
	entry(name string) (inode uint64, kind cloudabi.Filetype, err error)
}

// position returns a name's place: above those of "." and "..", below 2^63. Who
// finds two names of one position hides one of them in his own listing.
func position(name string) uint64 {
	sum := sha256.Sum256([]byte(name))
	return max(binary.LittleEndian.Uint64(sum[:])>>1, cookieFirst)
}

func (l *listing) read(src source, cookie uint64, emit func(Entry) bool) error {
	if cookie > 1<<63 {
		return cloudabi.EINVAL
	}
	for {
		next, whole, err := l.after(src, cookie)
		if err != nil {
			return err
		}
		for _, n := range next {
			inode, kind, err := src.entry(n.name)
			if err == nil && !emit(Entry{Next: n.pos, Inode: inode, Filetype: kind, Name: n.name}) {
				return nil
			}
			if err != nil && err != cloudabi.ENOENT {
				return err
			}
			cookie = n.pos
		}
		if whole {
			return nil
		}
	}
}

// after returns entries after a position, and whether they are all.
func (l *listing) after(src source, cookie uint64) ([]listed, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.covers(cookie) {
		if err := l.fill(src, cookie); err != nil {
			l.valid, l.batch = false, nil
			return nil, false, err
		}
	}
	at, _ := slices.BinarySearchFunc(l.batch, cookie+1, func(e listed, pos uint64) int { return cmp.Compare(e.pos, pos) })
	return l.batch[at:], l.whole, nil
}

// covers reports whether the batch tells what comes after a position.
func (l *listing) covers(cookie uint64) bool {
	if !l.valid || cookie == 0 || cookie < l.from {
		return false
	}
	return l.whole || len(l.batch) > 0 && cookie < l.batch[len(l.batch)-1].pos
}

// fill takes the batch after a position.
func (l *listing) fill(src source, cookie uint64) error {
	h := make(lastFirst, 0, 64)
	whole := true
	add := func(e listed) {
		switch {
		case e.pos <= cookie:
		case len(h) < batchSize:
			heap.Push(&h, e)
		default:
			whole = false
			if e.pos < h[0].pos {
				h[0] = e
				heap.Fix(&h, 0)
			}
		}
	}
	add(listed{cookieDot, "."})
	add(listed{cookieDotDot, ".."})
	err := src.scan(func(name string) bool {
		add(listed{position(name), name})
		return true
	})
	if err != nil {
		return err
	}
	slices.SortFunc(h, func(a, b listed) int { return cmp.Compare(a.pos, b.pos) })
	// A source that changes while it is scanned may name something twice.
	l.batch = slices.CompactFunc([]listed(h), func(a, b listed) bool { return a.pos == b.pos })
	l.from, l.whole, l.valid = cookie, whole, true
	return nil
}

// lastFirst is a heap with the highest position on top.
type lastFirst []listed

func (h lastFirst) Len() int           { return len(h) }
func (h lastFirst) Less(i, j int) bool { return h[i].pos > h[j].pos }
func (h lastFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *lastFirst) Push(x any)        { *h = append(*h, x.(listed)) }
func (h *lastFirst) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
