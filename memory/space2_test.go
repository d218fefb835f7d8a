package memory

import (
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
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

func openTemp(t *testing.T, content string) *os.File {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	_, err = f.WriteString(content)
	require.NoError(t, err)
	return f
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

// Pages touched while they were apart are never merged by Linux: the region
// table shows one region, the host thousands of mappings. The window must
// notice.
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

func TestFileObjects(t *testing.T) {
	forms(t, func(t *testing.T, form Form) {
		a, b := newSpace(t, form, nil), newSpace(t, form, nil)
		f := openTemp(t, strings.Repeat("0123456789abcdef", 300)) // 4800 bytes
		name := f.Name()
		o, err := NewFileObject(f, true)
		require.NoError(t, err)
		m := Mapping{Len: 3 * PageSize, Prot: rw, Shared: true, Object: o}
		at, err := a.Map(m)
		require.NoError(t, err)
		bt, err := b.Map(m)
		require.NoError(t, err)
		m.Shared = false
		private, err := b.Map(m)
		require.NoError(t, err)

		buf := make([]byte, 4)
		read := func(s *Space, addr uint64) string {
			require.NoError(t, s.ReadAt(buf, addr))
			return string(buf)
		}
		require.Equal(t, "0123", read(b, bt))
		require.Equal(t, "0123", read(b, private))
		require.Equal(t, "\x00\x00\x00\x00", read(a, at+4800), "behind the end, in the last page")
		require.NoError(t, a.WriteAt([]byte("WXYZ"), at))
		require.Equal(t, "WXYZ", read(b, bt))
		require.Equal(t, "WXYZ", read(b, private))
		_, err = o.WriteAt([]byte("file"), 16)
		require.NoError(t, err)
		require.Equal(t, "file", read(a, at+16))
		require.NoError(t, b.WriteAt([]byte("mine"), private))
		require.Equal(t, "WXYZ", read(a, at))
		_, err = o.ReadAt(buf, 0)
		require.NoError(t, err)
		require.Equal(t, "WXYZ", string(buf))
		require.NoError(t, a.WriteAt([]byte("lost"), at+4800))

		var fault *Fault
		require.ErrorAs(t, a.ReadAt(buf, at+2*PageSize-2), &fault)
		require.Equal(t, Fault{Addr: at + 2*PageSize, Access: Read, Bus: true}, *fault)
		require.NoError(t, o.Truncate(3*PageSize))
		require.Equal(t, "\x00\x00\x00\x00", read(a, at+2*PageSize))
		require.NoError(t, o.Truncate(100))
		for _, addr := range []uint64{bt + PageSize, private + PageSize} {
			require.Equal(t, &Fault{Addr: addr, Access: Read, Bus: true}, faultOf(b, func() { sink = b.Load8(uint32(addr)) }))
		}
		require.Equal(t, "mine", read(b, private))
		require.Equal(t, "\x00\x00\x00\x00", read(b, bt+100))
		require.NoError(t, a.Sync(at, PageSize, true))
		host, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Len(t, host, 100)
		require.Equal(t, "WXYZ456789abcdeffile", string(host[:20]))

		// Both words are the same one to locks of shared scope.
		obj1, off1, shared1, err := a.ShareKey(at + 8)
		require.NoError(t, err)
		obj2, off2, shared2, err := b.ShareKey(bt + 8)
		require.NoError(t, err)
		require.Equal(t, []any{obj1, off1, shared1}, []any{obj2, off2, shared2})
		_, _, shared3, err := b.ShareKey(private + 8)
		require.NoError(t, err)
		require.False(t, shared3)
		require.NoError(t, b.WriteAt([]byte("last"), bt+40))
		require.NoError(t, o.Close(), "mappings outlive the object's closing")
		require.Equal(t, "last", read(a, at+40))
		require.NoError(t, a.Close())
		require.NoError(t, b.Close())
		host, err = os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, "last", string(host[40:44]))
	})
}

func TestForkSharesSharedMemory(t *testing.T) {
	forms(t, func(t *testing.T, form Form) {
		s := newSpace(t, form, nil)
		shared, err := s.Map(Mapping{Len: PageSize, Prot: rw, Shared: true})
		require.NoError(t, err)
		hidden, err := s.Map(Mapping{Len: 1 << 30, Prot: rw})
		require.NoError(t, err)
		require.NoError(t, s.WriteAt([]byte("hidden"), hidden+512<<20))
		require.NoError(t, s.Protect(hidden, 1<<30, 0))
		c, err := s.Fork()
		require.NoError(t, err)
		defer c.Close()
		s.Store32(uint32(shared), 1)
		require.EqualValues(t, 2, c.Add32(uint32(shared), 1)+1)
		require.EqualValues(t, 2, s.Load32(uint32(shared)))
		require.NoError(t, c.Protect(hidden, 1<<30, Read))
		b := make([]byte, 6)
		require.NoError(t, c.ReadAt(b, hidden+512<<20))
		require.Equal(t, "hidden", string(b))
		require.Error(t, s.ReadAt(b, hidden))
	})
}

func TestDirtyPages(t *testing.T) {
	forms(t, func(t *testing.T, form Form) {
		s := newSpace(t, form, nil)
		addr, err := s.Map(Mapping{Len: 16 * PageSize, Prot: rw})
		require.NoError(t, err)
		require.NoError(t, s.WriteAt(make([]byte, 16*PageSize), addr))
		require.Nil(t, s.DirtyPages(true))
		page := func(i uint64) uint64 { return addr + i*PageSize }
		s.TrackDirty(true)
		require.Empty(t, s.DirtyPages(false))
		require.Nil(t, faultOf(s, func() { s.Store8(uint32(page(1)), 1); s.Store64(uint32(page(4)-4), 1) }))
		require.NoError(t, s.WriteAt([]byte("12"), page(7)-1))
		require.NoError(t, s.Access(page(8), 1, Write, func(c [][]byte) error { c[0][0] = 1; return nil }))
		_, err = s.CompareAndSwap32(page(9), 0, 1)
		require.NoError(t, err)
		require.Nil(t, faultOf(s, func() { s.Add8(uint32(page(11)+3), 1) }))
		copy(s.Slice(uint32(page(13)), 10, Write), "0123456789")
		require.Nil(t, faultOf(s, func() { sink = s.Load8(uint32(page(15))) }))
		want := []uint64{page(1), page(3), page(4), page(6), page(7), page(8), page(9), page(11), page(13)}
		require.Equal(t, want, s.DirtyPages(false))
		require.Equal(t, want, s.DirtyPages(true))
		require.Empty(t, s.DirtyPages(false))
		require.NoError(t, s.Protect(page(0), 2*PageSize, Read))
		require.NoError(t, s.Protect(page(0), 2*PageSize, rw))
		require.Nil(t, faultOf(s, func() { s.Store8(uint32(page(1)), 1) }))
		require.NoError(t, s.Unmap(page(2), PageSize))
		require.Equal(t, []uint64{page(1)}, s.DirtyPages(false))
		_, err = s.Map(Mapping{Addr: page(2), Len: PageSize, Prot: rw, Fixed: true})
		require.NoError(t, err)
		require.Equal(t, []uint64{page(1), page(2)}, s.DirtyPages(true))
		s.TrackDirty(false)
		s.Store8(uint32(page(5)), 1) // no fault any more
	})
}

func TestCodeVersion(t *testing.T) {
	forms(t, func(t *testing.T, form Form) {
		s, other := newSpace(t, form, nil), newSpace(t, form, nil)
		o, err := NewObject(nil)
		require.NoError(t, err)
		defer o.Close()
		_, err = o.WriteAt(make([]byte, PageSize), 0)
		require.NoError(t, err)
		version := s.CodeVersion()
		changed := func(want bool, msg string) {
			t.Helper()
			require.Equal(t, want, s.CodeVersion() != version, msg)
			version = s.CodeVersion()
		}
		data, err := s.Map(Mapping{Len: 4 * PageSize, Prot: rw})
		require.NoError(t, err)
		changed(false, "data is no code")
		require.NoError(t, s.Protect(data+PageSize, PageSize, Exec|Read))
		changed(true, "becomes executable")
		require.NoError(t, s.Protect(data, PageSize, Read))
		changed(false, "a neighbour")
		require.NoError(t, s.Advise(data, 2*PageSize, true))
		changed(true, "discarded")
		require.NoError(t, s.Unmap(data, 2*PageSize))
		changed(true, "unmapped")
		code, err := s.Map(Mapping{Len: PageSize, Prot: Exec | Read, Object: o})
		require.NoError(t, err)
		changed(true, "mapped")
		volatile := func(want bool) {
			t.Helper()
			_, v, err := s.Fetch(make([]byte, 4), code)
			require.NoError(t, err)
			require.Equal(t, want, v)
		}
		volatile(false)
		_, err = o.WriteAt([]byte("new"), 0)
		require.NoError(t, err)
		changed(true, "file written")
		at, err := other.Map(Mapping{Len: PageSize, Prot: Read, Shared: true, Object: o})
		require.NoError(t, err)
		changed(false, "mapped read-only elsewhere")
		volatile(false)
		require.NoError(t, other.Protect(at, PageSize, rw))
		changed(true, "can be written elsewhere")
		volatile(true)
		require.NoError(t, other.Unmap(at, PageSize))
		volatile(false)
		require.NoError(t, o.Truncate(0))
		changed(true, "truncated")
		_, _, err = s.Fetch(make([]byte, 4), code)
		require.Equal(t, &Fault{Addr: code, Access: Exec, Bus: true}, err)
	})
}

func TestFormsDoNotMixUnnoticed(t *testing.T) {
	w, err := New(Options{Form: Window})
	if err != nil {
		t.Skip("this host has no window form")
	}
	defer w.Close()
	p := newSpace(t, Paged, nil)
	o, err := NewObject(nil)
	require.NoError(t, err)
	defer o.Close()
	require.NoError(t, o.Truncate(PageSize))
	m := Mapping{Len: PageSize, Prot: rw, Shared: true, Object: o}
	addr, err := p.Map(m)
	require.NoError(t, err)
	require.NoError(t, p.WriteAt([]byte("kept"), addr))
	_, err = w.Map(m)
	require.ErrorIs(t, err, ErrInvalid)
	require.NoError(t, p.Unmap(addr, PageSize))
	addr, err = w.Map(m)
	require.NoError(t, err)
	b := make([]byte, 4)
	require.NoError(t, w.ReadAt(b, addr))
	require.Equal(t, "kept", string(b))
	_, err = p.Map(m)
	require.ErrorIs(t, err, ErrInvalid)
}

// Threads read, write and count while others map, unmap and protect under
// their feet: nothing but faults may come of it, and no count may be lost in
// memory that stays.
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

func TestManySpaces(t *testing.T) {
	forms(t, func(t *testing.T, form Form) {
		before := openFiles()
		for range 3000 {
			s, err := New(Options{Form: form})
			require.NoError(t, err)
			a, err := s.Map(Mapping{Len: PageSize, Prot: rw, Shared: true})
			require.NoError(t, err)
			s.Store8(uint32(a), 1)
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

// openFiles counts the open files of the process, where that can be known.
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

func TestClosedSpaceFaults(t *testing.T) {
	forms(t, func(t *testing.T, form Form) {
		s := newSpace(t, form, nil)
		addr, err := s.Map(Mapping{Len: PageSize, Prot: rw})
		require.NoError(t, err)
		require.NoError(t, s.Close())
		require.NotNil(t, faultOf(s, func() { s.Store8(uint32(addr), 1) }))
		require.Error(t, s.ReadAt(make([]byte, 1), addr))
		_, err = s.Map(Mapping{Len: 1})
		require.ErrorIs(t, err, ErrInvalid)
		_, err = s.Fork()
		require.ErrorIs(t, err, ErrInvalid)
	})
}

func TestParseForm(t *testing.T) {
	for _, f := range []Form{Auto, Window, Paged} {
		got, err := ParseForm(f.String())
		require.NoError(t, err)
		require.Equal(t, f, got)
	}
	got, err := ParseForm("")
	require.NoError(t, err)
	require.Equal(t, Auto, got)
	_, err = ParseForm("windows")
	require.ErrorContains(t, err, "windows")
}

func BenchmarkLoad64(b *testing.B) {
	benchForms(b, func(b *testing.B, s *Space, addr uint64) {
		var sum uint64
		a := uint32(addr)
		for i := range b.N {
			sum += s.Load64(a + uint32(i)&0xff8)
		}
		s.Store64(a, sum)
	})
}

func BenchmarkStore64(b *testing.B) {
	benchForms(b, func(b *testing.B, s *Space, addr uint64) {
		a := uint32(addr)
		for i := range b.N {
			s.Store64(a+uint32(i)&0xff8, uint64(i))
		}
	})
}

func BenchmarkWriteAt16(b *testing.B) {
	benchForms(b, func(b *testing.B, s *Space, addr uint64) {
		p := make([]byte, 16)
		for b.Loop() {
			if s.WriteAt(p, addr) != nil {
				b.Fatal()
			}
		}
	})
}

func BenchmarkMapUnmap(b *testing.B) {
	benchForms(b, func(b *testing.B, s *Space, addr uint64) {
		for b.Loop() {
			a, err := s.Map(Mapping{Len: 16 * PageSize, Prot: rw})
			if err != nil || s.Unmap(a, 16*PageSize) != nil {
				b.Fatal(err)
			}
		}
	})
}

func benchForms(b *testing.B, f func(b *testing.B, s *Space, addr uint64)) {
	for _, form := range []Form{Window, Paged} {
		b.Run(form.String(), func(b *testing.B) {
			s, err := New(Options{Form: form})
			if err != nil {
				b.Skip("not on this host")
			}
			defer s.Close()
			addr, err := s.Map(Mapping{Len: 2 * PageSize, Prot: rw})
			if err != nil || s.WriteAt(make([]byte, 2*PageSize), addr) != nil {
				b.Fatal(err)
			}
			f(b, s, addr)
		})
	}
}
