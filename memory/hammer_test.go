package memory

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHammer(t *testing.T) {
	forms(t, func(t *testing.T, form Form) {
		s := newSpace(t, form, nil)
		stay, err := s.Map(Mapping{Len: PageSize, Prot: rw})
		require.NoError(t, err)
		o, err := NewObject(nil)
		require.NoError(t, err)
		defer o.Close()
		require.NoError(t, o.Truncate(8*PageSize))
		const base, rounds = 0x30000000, 1500
		var mappers, users sync.WaitGroup
		var stop atomic.Bool
		for g := range 2 {
			mappers.Go(func() {
				for i := range uint64(rounds) {
					a := base + (i*7+uint64(g))%8*PageSize
					switch i % 6 {
					case 0:
						_, _ = s.Map(Mapping{Addr: a, Len: 3 * PageSize, Prot: rw, Fixed: true})
					case 1:
						_, _ = s.Map(Mapping{Addr: a, Len: 2 * PageSize, Prot: rw, Fixed: true, Shared: true, Object: o})
					case 2:
						_ = s.Protect(a, PageSize, Read)
					case 3:
						_ = o.Truncate(int64(i % 9 * PageSize))
					case 4:
						_ = s.Unmap(a, 2*PageSize)
					case 5:
						s.TrackDirty(i%12 == 5)
						_ = s.Advise(a, PageSize, true)
						s.DirtyPages(true)
					}
				}
			})
		}
		var counted atomic.Uint64
		for g := range 3 {
			users.Go(func() {
				b := make([]byte, 3*PageSize)
				for i := uint32(0); !stop.Load() || i < 100; i++ {
					a := base + i*1021%(10*PageSize)
					_ = faultOf(s, func() { s.Store64(a, s.Load64(a)+1) })
					_ = faultOf(s, func() { s.Store128(a, 1, 2); s.Cas128(a, 1, 2, 3, 4) })
					_ = s.ReadAt(b, uint64(a))
					_ = s.WriteAt(b[:100], uint64(a))
					if !raceDetector { // it sees these two, and rightly
						_ = s.Access(uint64(a), 5000, Write, func(c [][]byte) error { clear(c[0]); return nil })
						_ = faultOf(s, func() { copy(s.Slice(a, 256, Write), b) })
					}
					_, _, _ = s.Fetch(b[:16], uint64(a))
					_ = faultOf(s, func() { s.Xor16(a, 3) })
					if f := faultOf(s, func() { s.Add32(uint32(stay), 1) }); f == nil {
						counted.Add(1)
					}
					if g == 0 && i%64 == 0 {
						if c, err := s.Fork(); err == nil {
							_ = c.Close()
						}
					}
				}
			})
		}
		mappers.Wait()
		stop.Store(true)
		users.Wait()
		v, err := s.LoadAtomic32(stay)
		require.NoError(t, err)
		require.EqualValues(t, counted.Load(), v)
	})
}
