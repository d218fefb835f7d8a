package memory

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const (
	treeBase  = 0x40000000
	treePages = 640
)

// treeSpace is a space of a family, and what each page of it must start with;
// unmapped pages have -1.
type treeSpace struct {
	s     *Space
	pages [treePages]int64
	prot  [treePages]Prot
}

func (x *treeSpace) fork(t require.TestingT) *treeSpace {
	y := *x
	var err error
	y.s, err = x.s.Fork()
	require.NoError(t, err)
	return &y
}

func (x *treeSpace) check(t require.TestingT, o *Object) {
	var b [8]byte
	for i := range x.pages {
		addr := uint64(treeBase + i*PageSize)
		err := x.s.ReadAt(b[:], addr)
		if x.pages[i] < 0 || x.prot[i] == 0 {
			require.Equal(t, &Fault{Addr: addr, Access: Read}, err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, uint64(x.pages[i]), number(b[:]), "page %d", i)
	}
}

// TestForkTree: forks of forks, with everything changing in between, never see
// anything of each other, and no memory is left behind.
func TestForkTree(t *testing.T) {
	forms(t, func(t *testing.T, form Form) {
		rapid.Check(t, func(t *rapid.T) { testForkTree(t, form) })
	})
}

func testForkTree(t *rapid.T, form Form) {
	q := NewQuota(1 << 30)
	root, err := New(Options{Form: form, Quota: q})
	require.NoError(t, err)
	o, err := NewObject(q)
	require.NoError(t, err)
	first := &treeSpace{s: root}
	for i := range first.pages {
		first.pages[i] = -1
	}
	family := []*treeSpace{first}
	if rapid.Bool().Draw(t, "tracked") {
		root.TrackDirty(true)
	}
	stamp := int64(0)
	pick := func(t *rapid.T) (x *treeSpace, lo, n int) {
		x = family[rapid.IntRange(0, len(family)-1).Draw(t, "space")]
		lo = rapid.IntRange(0, treePages-1).Draw(t, "page")
		n = min(treePages-lo, rapid.SampledFrom([]int{1, 2, 7, 9, 70, 200, treePages}).Draw(t, "pages"))
		return x, lo, n
	}
	mapAt := func(t *rapid.T) {
		x, lo, n := pick(t)
		_, err := x.s.Map(Mapping{Addr: treeBase + uint64(lo)*PageSize, Len: uint64(n) * PageSize, Prot: rw, Fixed: true})
		require.NoError(t, err)
		for i := lo; i < lo+n; i++ {
			x.pages[i], x.prot[i] = 0, rw
		}
	}
	mapAt(t)
	write := func(t *rapid.T) {
		x, lo, n := pick(t)
		step := rapid.SampledFrom([]int{1, 1, 2, 5, 40}).Draw(t, "step")
		for i := lo; i < lo+n; i += step {
			if x.pages[i] < 0 || x.prot[i]&Write == 0 {
				continue
			}
			stamp++
			v := uint64(stamp)
			require.Nil(t, faultOf(x.s, func() { x.s.Store64(uint32(treeBase+i*PageSize), v) }))
			x.pages[i] = stamp
		}
	}
	fork := func(t *rapid.T) {
		x, _, _ := pick(t)
		if len(family) < 6 {
			family = append(family, x.fork(t))
		}
	}
	t.Repeat(map[string]func(*rapid.T){
		"map": mapAt, "write": write, "write2": write, "write3": write, "fork": fork, "fork2": fork,
		"unmap": func(t *rapid.T) {
			x, lo, n := pick(t)
			require.NoError(t, x.s.Unmap(treeBase+uint64(lo)*PageSize, uint64(n)*PageSize))
			for i := lo; i < lo+n; i++ {
				x.pages[i] = -1
			}
		},
		"object": func(t *rapid.T) { // in the way
			x, lo, n := pick(t)
			require.NoError(t, o.Truncate(treePages*PageSize))
			_, err := x.s.Map(Mapping{Addr: treeBase + uint64(lo)*PageSize, Len: uint64(n) * PageSize, Prot: rw, Fixed: true, Object: o})
			require.NoError(t, err)
			for i := lo; i < lo+n; i++ {
				x.pages[i], x.prot[i] = 0, rw
			}
		},
		"discard": func(t *rapid.T) {
			x, lo, n := pick(t)
			for i := lo; i < lo+n; i++ {
				if x.pages[i] >= 0 {
					require.NoError(t, x.s.Advise(treeBase+uint64(i)*PageSize, PageSize, true))
					x.pages[i] = 0
				}
			}
		},
		"protect": func(t *rapid.T) {
			x, lo, n := pick(t)
			prot := rapid.SampledFrom([]Prot{0, Read, rw, rw}).Draw(t, "prot")
			for i := lo; i < lo+n; i++ {
				if x.pages[i] >= 0 {
					require.NoError(t, x.s.Protect(treeBase+uint64(i)*PageSize, PageSize, prot))
					x.prot[i] = prot
				}
			}
		},
		"clean": func(t *rapid.T) { x, _, _ := pick(t); x.s.DirtyPages(true) },
		"close": func(t *rapid.T) {
			i := rapid.IntRange(0, len(family)-1).Draw(t, "space")
			if len(family) > 1 {
				family[i].check(t, o)
				require.NoError(t, family[i].s.Close())
				family = append(family[:i:i], family[i+1:]...)
			}
		},
	})
	for _, x := range family {
		x.check(t, o)
	}
	for _, x := range family {
		require.NoError(t, x.s.Close())
	}
	require.NoError(t, o.Close())
	require.Zero(t, q.Used())
}

// TestForkLosesNoWrites: what the parent's threads write during a Fork stays
// in the parent.
func TestForkLosesNoWrites(t *testing.T) {
	forms(t, func(t *testing.T, form Form) {
		if raceDetector {
			t.Skip("guest memory is outside what the race detector is to watch")
		}
		s := newSpace(t, form, nil)
		const pages = 200
		addr, err := s.Map(Mapping{Len: pages * PageSize, Prot: rw})
		require.NoError(t, err)
		before := openFiles()
		var stop atomic.Bool
		var rounds uint64
		done := make(chan *Fault)
		go func() {
			var f *Fault
			for f == nil && (!stop.Load() || rounds < 100) {
				for i := uint32(0); i < pages && f == nil; i++ {
					f = faultOf(s, func() { s.Add64(uint32(addr)+i*PageSize, 1) })
				}
				rounds++
			}
			done <- f
		}()
		for range 100 {
			c, err := s.Fork()
			require.NoError(t, err)
			require.NoError(t, c.Close())
		}
		stop.Store(true)
		require.Nil(t, <-done)
		for i := range uint64(pages) {
			v, err := s.LoadAtomic64(addr + i*PageSize)
			require.NoError(t, err)
			require.Equal(t, rounds, v, "page %d", i)
		}
		require.LessOrEqual(t, openFiles(), before+10, "files of earlier forks")
	})
}

// BenchmarkFork64MiB forks a space of that size: the first time, again with
// nothing written since, with a sixteenth written, and with everything.
func BenchmarkFork64MiB(b *testing.B) {
	const size = 64 << 20
	for _, c := range []struct {
		name string
		step int // of every so many pages one is written between forks; 0 none
		all  bool
	}{{"first", 0, true}, {"again", 0, false}, {"sixteenth", 16, false}, {"everything", 1, false}} {
		b.Run(c.name, func(b *testing.B) {
			benchForms(b, func(b *testing.B, s *Space, _ uint64) {
				filled := func() (*Space, uint64) {
					s, err := New(Options{Form: s.Form()})
					require.NoError(b, err)
					addr, err := s.Map(Mapping{Len: size, Prot: rw})
					require.NoError(b, err)
					for i := range uint64(size / PageSize) {
						require.NoError(b, s.WriteAt([]byte{1}, addr+i*PageSize))
					}
					return s, addr
				}
				p, addr := filled()
				for b.Loop() {
					b.StopTimer()
					if c.all {
						require.NoError(b, p.Close())
						p, addr = filled()
					}
					for i := 0; c.step > 0 && i < size/PageSize; i += c.step {
						require.NoError(b, p.WriteAt([]byte{2}, addr+uint64(i)*PageSize))
					}
					b.StartTimer()
					child, err := p.Fork()
					b.StopTimer()
					require.NoError(b, err)
					require.NoError(b, child.Close())
					b.StartTimer()
				}
				require.NoError(b, p.Close())
			})
		})
	}
}
