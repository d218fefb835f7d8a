package memory

import (
	"math"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestArguments(t *testing.T) {
	forms(t, func(t *testing.T, form Form) {
		s := newSpace(t, form, nil)
		readOnly, err := NewFileObject(openTemp(t, "x"), false)
		require.NoError(t, err)
		defer readOnly.Close()
		for _, c := range []struct {
			name string
			m    Mapping
			want error
		}{
			{"no length", Mapping{Prot: rw}, ErrInvalid},
			{"length wraps when rounded", Mapping{Len: math.MaxUint64}, ErrInvalid},
			{"longer than the window", Mapping{Len: 1<<32 + 1}, ErrInvalid},
			{"the whole window", Mapping{Len: 1 << 32}, ErrNoMemory},
			{"write and exec", Mapping{Len: 1, Prot: Write | Exec}, ErrInvalid},
			{"unknown protection", Mapping{Len: 1, Prot: 8}, ErrInvalid},
			{"fixed, unaligned", Mapping{Addr: 0x20001, Len: 1, Fixed: true}, ErrInvalid},
			{"fixed, first 64 KiB", Mapping{Addr: 0xf000, Len: 1, Fixed: true}, ErrInvalid},
			{"fixed, last 64 KiB", Mapping{Addr: 0xfffef000, Len: 0x1001, Fixed: true}, ErrInvalid},
			{"fixed, just below", Mapping{Addr: 0xfffef000, Len: 0x1000, Fixed: true}, nil},
			{"fixed, above 4 GiB", Mapping{Addr: 1 << 32, Len: 1, Fixed: true}, ErrInvalid},
			{"fixed, wraps", Mapping{Addr: math.MaxUint64 &^ 0xfff, Len: 0x2000, Fixed: true}, ErrInvalid},
			{"hint out of range", Mapping{Addr: math.MaxUint64, Len: 1}, nil},
			{"offset unaligned", Mapping{Len: 1, Object: readOnly, Offset: 5}, ErrInvalid},
			{"offset huge", Mapping{Len: 1, Object: readOnly, Offset: 1<<63 + 4096}, ErrInvalid},
			{"offset without object", Mapping{Len: 1, Offset: 4096}, ErrInvalid},
			{"beyond the maximum", Mapping{Len: 1, Prot: rw, MaxProt: Read}, ErrAccess},
			{"shared, written, read-only object", Mapping{Len: 1, Prot: rw, Shared: true, Object: readOnly}, ErrAccess},
			{"private, written, read-only object", Mapping{Len: 1, Prot: rw, Object: readOnly}, nil},
		} {
			_, err := s.Map(c.m)
			require.ErrorIs(t, err, c.want, c.name)
		}
		addr, err := s.Map(Mapping{Len: 4 * PageSize, Prot: rw})
		require.NoError(t, err)
		before := s.Regions()
		huge := uint64(math.MaxUint64) - PageSize + 1
		for _, f := range []func(a, n uint64) error{
			func(a, n uint64) error { return s.Protect(a, n, Read) },
			func(a, n uint64) error { return s.Sync(a, n, true) },
			func(a, n uint64) error { return s.Advise(a, n, true) },
			s.Unmap,
		} {
			require.ErrorIs(t, f(addr, huge), ErrInvalid)
			require.ErrorIs(t, f(addr, math.MaxUint64), ErrInvalid)
			require.ErrorIs(t, f(addr+1, PageSize), ErrInvalid)
		}
		require.ErrorIs(t, s.Protect(addr, PageSize, Write|Exec), ErrInvalid)
		require.ErrorIs(t, s.Protect(addr, 1<<33, Read), ErrNotMapped)
		require.ErrorIs(t, s.Unmap(addr, 0), ErrInvalid)
		require.NoError(t, s.Protect(addr, 0, Read))
		require.Equal(t, before, s.Regions())
		for _, a := range []uint64{0, 0xffff, 1 << 32, 1<<32 + addr, math.MaxUint64, math.MaxUint64 - 3} {
			var f *Fault
			require.ErrorAs(t, s.ReadAt(make([]byte, 8), a), &f)
			require.Equal(t, a, f.Addr)
			require.ErrorAs(t, s.WriteAt(make([]byte, 8), a), &f)
			_, err := s.LoadAtomic32(a &^ 3)
			require.ErrorAs(t, err, &f)
			_, _, err = s.Fetch(make([]byte, 8), a)
			require.ErrorAs(t, err, &f)
		}
		for _, a := range []uint32{0, 0xffff, 0xffff0000, 0xfffffffc, 0xffffffff} {
			require.NotNil(t, faultOf(s, func() { s.Store64(a, 1) }), "%#x", a)
			require.NotNil(t, faultOf(s, func() { s.Store128(a, 1, 1) }), "%#x", a)
			require.NotNil(t, faultOf(s, func() { s.Add16(a, 1) }), "%#x", a)
		}
	})
}

func TestRegionsAreLimited(t *testing.T) {
	forms(t, func(t *testing.T, form Form) {
		s, err := New(Options{Form: form, MaxRegions: 64})
		require.NoError(t, err)
		defer s.Close()
		addr, err := s.Map(Mapping{Len: 1 << 20, Prot: rw})
		require.NoError(t, err)
		var refused error
		for i := uint64(0); i < 256 && refused == nil; i += 2 {
			refused = s.Protect(addr+i*PageSize, PageSize, Read)
		}
		require.ErrorIs(t, refused, ErrNoMemory)
		require.LessOrEqual(t, len(s.Regions()), 64)
		require.NoError(t, s.Unmap(addr, 1<<20), "unmapping everything is always possible")
	})
}

func TestHostMappingsAreLimited(t *testing.T) {
	s, err := New(Options{Form: Window, MaxRegions: 100})
	if err != nil {
		t.Skip("this host has no window form")
	}
	defer s.Close()
	w := s.back.(interface{ count() (int, bool) })
	if _, ok := w.count(); !ok {
		t.Skip("this host does not tell its mappings")
	}
	var refused error
	for block := uint64(0x10000000); block < 0x20000000 && refused == nil; block += 200 * PageSize {
		for _, odd := range []uint64{0, 1} {
			for i := odd; i < 180 && refused == nil; i += 2 {
				a := block + i*PageSize
				if _, refused = s.Map(Mapping{Addr: a, Len: PageSize, Prot: rw, Fixed: true}); refused == nil {
					s.Store8(uint32(a), 1)
				}
			}
		}
	}
	require.ErrorIs(t, refused, ErrNoMemory)
	n, ok := w.count()
	require.True(t, ok)
	require.LessOrEqual(t, n, 2*100+20)
}

func TestQuota(t *testing.T) {
	forms(t, func(t *testing.T, form Form) {
		q := NewQuota(8 * PageSize)
		s := newSpace(t, form, q)
		addr, err := s.Map(Mapping{Len: 100 * PageSize})
		require.NoError(t, err, "inaccessible memory costs nothing")
		require.NoError(t, s.Protect(addr, 6*PageSize, rw))
		require.EqualValues(t, 6*PageSize, q.Used())
		require.ErrorIs(t, s.Protect(addr, 9*PageSize, rw), ErrNoMemory)
		_, err = s.Map(Mapping{Len: 3 * PageSize, Prot: rw})
		require.ErrorIs(t, err, ErrNoMemory)
		require.NoError(t, s.Protect(addr, 6*PageSize, 0))
		require.EqualValues(t, 6*PageSize, q.Used(), "the pages are still there")
		o, err := NewObject(q)
		require.NoError(t, err)
		require.NoError(t, o.Truncate(2*PageSize))
		require.ErrorIs(t, o.Truncate(3*PageSize), ErrNoMemory)
		_, err = o.WriteAt([]byte{1}, 2*PageSize)
		require.ErrorIs(t, err, ErrNoMemory)
		_, err = s.Map(Mapping{Len: 2 * PageSize, Prot: rw, Shared: true, Object: o})
		require.NoError(t, err, "the object has paid")
		_, err = s.Fork()
		require.ErrorIs(t, err, ErrNoMemory)
		require.EqualValues(t, 8*PageSize, q.Used())
		require.NoError(t, s.Unmap(addr, 100*PageSize))
		require.NoError(t, o.Close())
		require.EqualValues(t, 2*PageSize, q.Used(), "the mapping keeps the object")
		require.NoError(t, s.Close())
		require.Zero(t, q.Used())
		require.EqualValues(t, 8*PageSize, q.Peak())
	})
}

func TestManySpaces(t *testing.T) {
	forms(t, func(t *testing.T, form Form) {
		before := openFiles()
		rounds := 10000
		if testing.Short() {
			rounds = 300
		}
		for range rounds {
			s, err := New(Options{Form: form})
			require.NoError(t, err)
			a, err := s.Map(Mapping{Len: PageSize, Prot: rw, Shared: true})
			require.NoError(t, err)
			require.Nil(t, faultOf(s, func() { s.Store8(uint32(a), 1) }))
			require.NoError(t, s.Close())
		}
		require.Equal(t, before, openFiles())
		// And many side by side; Auto falls back if the host has not enough.
		var spaces []*Space
		for range 200 {
			s, err := New(Options{Form: Auto})
			require.NoError(t, err)
			spaces = append(spaces, s)
			_, err = s.Map(Mapping{Len: 1 << 30, Prot: rw})
			require.NoError(t, err)
		}
		for _, s := range spaces {
			require.NoError(t, s.Close())
		}
	})
}

func openFiles() int {
	if runtime.GOOS != "linux" {
		return 0
	}
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(list)
}
