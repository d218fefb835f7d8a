package memory

import "sync/atomic"

// Quota limits the host memory that guests can make resident: the bytes of
// every region that is or was accessible since it was mapped, and the size of
// every anonymous object. Shared mappings of an anonymous object are paid for
// by the object. One Quota is usually shared by all spaces of a machine.
//
// A nil *Quota means no limit. All methods are safe for concurrent use.
type Quota struct {
	limit uint64
	used  atomic.Uint64
	peak  atomic.Uint64
}

// NewQuota returns a quota of limit bytes.
func NewQuota(limit uint64) *Quota { return &Quota{limit: limit} }

// Limit returns the number of bytes that may be used.
func (q *Quota) Limit() uint64 { return q.limit }

// Used returns the number of bytes in use.
func (q *Quota) Used() uint64 { return q.used.Load() }

// Peak returns the largest value that Used has had.
func (q *Quota) Peak() uint64 { return q.peak.Load() }

// Charge takes n bytes from the quota, or none and ErrNoMemory. Other users of
// host memory on a guest's behalf may charge it too.
func (q *Quota) Charge(n uint64) error {
	if q == nil || n == 0 {
		return nil
	}
	for {
		used := q.used.Load()
		if n > q.limit || used > q.limit-n {
			return ErrNoMemory
		}
		if q.used.CompareAndSwap(used, used+n) {
			for p := q.peak.Load(); used+n > p && !q.peak.CompareAndSwap(p, used+n); p = q.peak.Load() {
			}
			return nil
		}
	}
}

// Release gives n charged bytes back.
func (q *Quota) Release(n uint64) {
	if q != nil && n != 0 {
		q.used.Add(-n)
	}
}
