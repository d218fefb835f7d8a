package memory

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// forms runs a test in every form the host has.
func forms(t *testing.T, f func(t *testing.T, form Form)) {
	for _, form := range []Form{Window, Paged} {
		t.Run(form.String(), func(t *testing.T) {
			s, err := New(Options{Form: form})
			if err != nil {
				t.Skipf("this host has no %v form", form)
			}
			require.NoError(t, s.Close())
			f(t, form)
		})
	}
}

func newSpace(t testing.TB, form Form, q *Quota) *Space {
	s, err := New(Options{Form: form, Quota: q})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// sink keeps the compiler from dropping loads.
var sink uint8

const rw = Read | Write

func TestBasics(t *testing.T) {
	forms(t, func(t *testing.T, form Form) {
		s := newSpace(t, form, nil)
		addr, err := s.Map(Mapping{Len: 3 * PageSize, Prot: rw})
		require.NoError(t, err)
		a := uint32(addr)
		require.Nil(t, faultOf(s, func() { s.Store64(a+4092, 0x1122334455667788) }))
		require.Equal(t, uint64(0x1122334455667788), s.Load64(a+4092))
		require.Equal(t, uint64(0x1122334455667788), s.LoadAcquire64(a+4092))
		var b [8]byte
		require.NoError(t, s.ReadAt(b[:], addr+4092))
		require.Equal(t, byte(0x88), b[0])
		require.NoError(t, s.Protect(addr+PageSize, PageSize, Read))
		require.Len(t, s.Regions(), 3)
		require.Equal(t, &Fault{Addr: addr + PageSize, Access: Write}, s.WriteAt(b[:], addr+4092))
		f := faultOf(s, func() { s.Store64(a+4096, 1) })
		require.Equal(t, &Fault{Addr: addr + PageSize, Access: Write}, f)
		require.NoError(t, s.Protect(addr+PageSize, PageSize, rw))
		require.Len(t, s.Regions(), 1)
		c, err := s.Fork()
		require.NoError(t, err)
		s.Store64(a+4092, 5)
		var copied uint64
		require.Nil(t, faultOf(c, func() { copied = c.Load64(a + 4092) }))
		require.Equal(t, uint64(0x1122334455667788), copied)
		require.NoError(t, c.Close())

		o, err := NewFileObject(openTemp(t, "hello"), true)
		require.NoError(t, err)
		addr, err = s.Map(Mapping{Len: 2 * PageSize, Prot: rw, Shared: true, Object: o})
		require.NoError(t, err)
		require.NoError(t, s.WriteAt([]byte("J"), addr))
		_, err = o.ReadAt(b[:5], 0)
		require.NoError(t, err)
		require.Equal(t, "Jello", string(b[:5]))
		f = faultOf(s, func() { sink = s.Load8(uint32(addr) + PageSize) })
		require.Equal(t, &Fault{Addr: addr + PageSize, Access: Read, Bus: true}, f)
		require.NoError(t, o.Close())
	})
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
