package vfs

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// TestSpecial holds the backends that can be written to against each other.
func TestSpecial(t *testing.T) {
	host := func() Dir {
		d, err := NewHost(t.TempDir(), HostOptions{})
		require.NoError(t, err)
		return d
	}
	overlay, err := NewOverlay(host(), nil, nil)
	require.NoError(t, err)
	for name, d := range map[string]Dir{"memory": NewMemory(nil, nil), "host": host(), "overlay": overlay, "stable": NewStable(host(), nil, 0)} {
		t.Run(name, func(t *testing.T) {
			defer d.Close()
			s, err := MakeSpecial(d, "s", cloudabi.FiletypeSocketStream)
			require.NoError(t, err)
			_, err = MakeSpecial(d, "s", cloudabi.FiletypeSocketStream)
			require.Equal(t, cloudabi.EEXIST, err)
			f, err := MakeSpecial(d, "f", cloudabi.FiletypeFifo)
			if err == cloudabi.ENOTSUP {
				t.Skip("no named pipes in directories of this host")
			}
			require.NoError(t, err)
			require.NotEqual(t, s.Identity(), f.Identity())
			require.Equal(t, cloudabi.FiletypeFifo, f.Filetype())

			// By any name it is the same object.
			require.NoError(t, Link(d, "f", false, d, "g"))
			require.NoError(t, Rename(d, "f", d, "h"))
			for _, n := range []string{"g", "h"} {
				o, err := Open(d, n, OpenOptions{Flags: OpenFlags{Read: true, Write: true, Create: true, Special: true}})
				require.NoError(t, err)
				require.Equal(t, f.Identity(), IdentityOf(o.File))
				require.Equal(t, cloudabi.FiletypeFifo, o.Filetype)
				_, err = o.File.ReadAt(make([]byte, 1), 0)
				require.Equal(t, cloudabi.ESPIPE, err)
				_, err = o.File.WriteAt(make([]byte, 1), 0)
				require.Equal(t, cloudabi.ESPIPE, err)
				require.NoError(t, o.File.Close())
				require.Error(t, o.File.Close())
			}
			_, err = Open(d, "h", OpenOptions{Flags: OpenFlags{Create: true, Exclusive: true, Special: true}})
			require.Equal(t, cloudabi.EEXIST, err)
			_, err = Open(d, "s", OpenOptions{Flags: OpenFlags{Read: true}})
			require.Equal(t, cloudabi.ENOTSUP, err, "without asking for it")
			_, err = MakeSpecial(d, "../x", cloudabi.FiletypeFifo)
			require.Equal(t, cloudabi.ENOTCAPABLE, err)
			_, err = MakeSpecial(d, "x/", cloudabi.FiletypeFifo)
			require.Equal(t, cloudabi.ENOENT, err)

			// Seen through a directory that cannot be changed.
			r := NewReadOnly(d)
			o, err := Open(r, "g", OpenOptions{Flags: OpenFlags{Write: true, Special: true}})
			require.NoError(t, err, "nothing of the tree changes")
			require.Equal(t, f.Identity(), IdentityOf(o.File))
			require.NoError(t, o.File.Close())
			_, err = MakeSpecial(r, "new", cloudabi.FiletypeFifo)
			require.Equal(t, cloudabi.EROFS, err)
			_, err = MakeSpecial(r, "g", cloudabi.FiletypeFifo)
			require.Equal(t, cloudabi.EEXIST, err)
			require.NoError(t, s.Close())
			require.NoError(t, f.Close())
		})
	}
	d := NewFS(fstest.MapFS{})
	defer d.Close()
	_, err = MakeSpecial(d, "x", cloudabi.FiletypeFifo)
	require.Equal(t, cloudabi.EROFS, err)
}
