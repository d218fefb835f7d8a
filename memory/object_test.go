package memory

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// openTemp makes a file. It may outlive the test on a host that removes no open
// files, or (wine 8) no directories: not what is tested here.
func openTemp(t *testing.T, content string) *os.File {
	f, err := os.CreateTemp("", "nuage-test-*")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.Remove(f.Name()) })
	_, err = f.WriteString(content)
	require.NoError(t, err)
	return f
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
		require.Nil(t, faultOf(s, func() { s.Store32(uint32(shared), 1) }))
		require.Nil(t, faultOf(c, func() { c.Add32(uint32(shared), 1) }))
		require.EqualValues(t, 2, s.Load32(uint32(shared)))
		require.NoError(t, c.Protect(hidden, 1<<30, Read))
		b := make([]byte, 6)
		require.NoError(t, c.ReadAt(b, hidden+512<<20))
		require.Equal(t, "hidden", string(b))
		require.Error(t, s.ReadAt(b, hidden))
	})
}

// TestManyPieces makes windows that consist of views fall to pieces.
func TestManyPieces(t *testing.T) {
	forms(t, func(t *testing.T, form Form) {
		const pages = 1500
		s := newSpace(t, form, nil)
		o, err := NewObject(nil)
		require.NoError(t, err)
		defer o.Close()
		require.NoError(t, o.Truncate(pages*PageSize))
		word := func(addr uint64) (v uint32) {
			require.Nil(t, faultOf(s, func() { v = s.Load32(uint32(addr)) }))
			return v
		}
		for round := range uint32(3) {
			addr, err := s.Map(Mapping{Len: pages * PageSize, Prot: rw, Object: o})
			require.NoError(t, err)
			shared, err := s.Map(Mapping{Len: pages * PageSize, Prot: rw, Object: o, Shared: true})
			require.NoError(t, err)
			for i := uint32(0); i < pages; i += 1 + i%2 {
				require.Nil(t, faultOf(s, func() { s.Store32(uint32(addr)+i*PageSize, round<<16|i) }))
			}
			for i := range uint32(pages) {
				require.Nil(t, faultOf(s, func() { s.Store32(uint32(shared)+i*PageSize, 1<<31|i) }))
			}
			require.NoError(t, s.Advise(addr+100*PageSize, 50*PageSize, true))
			c, err := s.Fork()
			require.NoError(t, err)
			for i := range uint32(pages) {
				want := 1<<31 | i
				if (i == 0 || i%2 == 1) && (i < 100 || i >= 150) {
					want = round<<16 | i
				}
				require.Equal(t, want, word(addr+uint64(i)*PageSize), "page %d", i)
				got, err := c.LoadAtomic32(addr + uint64(i)*PageSize)
				require.NoError(t, err)
				require.Equal(t, want, got, "page %d of the copy", i)
			}
			require.NoError(t, c.Close())
			require.NoError(t, s.Unmap(addr, pages*PageSize))
			require.NoError(t, s.Unmap(shared, pages*PageSize))
		}
		addr, err := s.Map(Mapping{Len: 64 << 20, Prot: rw})
		require.NoError(t, err)
		require.NoError(t, s.WriteAt(make([]byte, 64<<20), addr))
	})
}
