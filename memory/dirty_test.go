package memory

import (
	"testing"

	"github.com/stretchr/testify/require"
)

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
