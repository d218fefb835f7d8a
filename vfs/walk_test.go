package vfs

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// put makes a file with the given bytes.
func put(t testing.TB, dir Dir, path, data string) {
	t.Helper()
	o, err := Open(dir, path, OpenOptions{Flags: OpenFlags{Write: true, Create: true, Truncate: true}})
	require.NoError(t, err, path)
	_, err = o.File.WriteAt([]byte(data), 0)
	require.NoError(t, err, path)
	require.NoError(t, o.File.Close())
}

// get returns a file's bytes.
func get(t testing.TB, dir Dir, path string) string {
	t.Helper()
	o, err := Open(dir, path, OpenOptions{Follow: true})
	require.NoError(t, err, path)
	require.NotNil(t, o.File, path)
	defer o.File.Close()
	return contents(t, o.File)
}

func contents(t testing.TB, f File) string {
	t.Helper()
	size, err := f.Size()
	require.NoError(t, err)
	p := make([]byte, size+1)
	n, err := f.ReadAt(p, 0)
	require.NoError(t, err)
	return string(p[:n])
}

// counting counts the directories that are open.
type counting struct {
	Dir
	open *int
}

func (c counting) OpenDir(name string) (Dir, error) {
	d, err := c.Dir.OpenDir(name)
	if err != nil {
		return nil, err
	}
	*c.open++
	return counting{d, c.open}, nil
}

func (c counting) Close() error {
	*c.open--
	return c.Dir.Close()
}

func TestWalkLimits(t *testing.T) {
	dir := NewMemory(nil, nil)
	open := 1
	root := counting{dir, &open}
	require.NoError(t, Mkdir(root, "d"))
	require.NoError(t, Mkdir(root, "d/d"))
	require.NoError(t, Symlink(".", root, "d/self"))
	require.NoError(t, Symlink("..", root, "d/up"))
	put(t, root, "d/f", "x")

	// Every "self" is a link, so 32 work and 33 do not.
	_, err := Stat(root, "d"+strings.Repeat("/self", 32)+"/f", false)
	require.NoError(t, err)
	_, err = Stat(root, "d"+strings.Repeat("/self", 33)+"/f", false)
	require.Equal(t, cloudabi.ELOOP, err)
	// Going in and out is not deep.
	_, err = Stat(root, strings.Repeat("d/../", 200)+"d/f", false)
	require.NoError(t, err)
	_, err = Stat(root, strings.Repeat("d/up/", 30)+"../d/f", false)
	require.Equal(t, cloudabi.ENOTCAPABLE, err)

	cur, err := root.Reopen()
	require.NoError(t, err)
	for range 200 {
		require.NoError(t, cur.Mkdir("x"))
		next, err := cur.OpenDir("x")
		require.NoError(t, err)
		cur.Close()
		cur = next
	}
	cur.Close()
	_, err = Stat(root, strings.Repeat("x/", 129), false) // the last is only looked up
	require.NoError(t, err)
	_, err = Stat(root, strings.Repeat("x/", 130), false)
	require.Equal(t, cloudabi.ENAMETOOLONG, err)

	o, err := Open(root, "d/d/..", OpenOptions{})
	require.NoError(t, err)
	require.Equal(t, 2, open, "only what was opened stays open")
	require.NoError(t, o.Dir.Close())
	require.Equal(t, 1, open)
}

func FuzzWalk(f *testing.F) {
	for _, s := range []string{"d/f", "", "/", "d/../f", "d/s/s/f/", "../x", "d//./f", "l1", "d/up/up", "a\x00", strings.Repeat("d/", 512), "long/x", "abs"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, path string, follow bool) {
		outside := NewMemory(nil, nil)
		require.NoError(t, outside.Mkdir("root"))
		put(t, outside, "secret", "secret")
		inner, err := outside.OpenDir("root")
		require.NoError(t, err)
		open := 1
		root := counting{inner, &open}
		require.NoError(t, Mkdir(root, "d"))
		put(t, root, "d/f", "x")
		for name, text := range map[string]string{
			"l1": "l2", "l2": "l1", "d/up": "..", "d/s": ".", "abs": "/d", "out": "../secret", "d/out": "../../secret",
			"long": strings.Repeat("d/../", 200), "dangling": "d/none",
		} {
			require.NoError(t, Symlink(text, root, name))
		}
		st, err := Stat(root, path, follow)
		require.Equal(t, 1, open)
		if err != nil {
			require.IsType(t, cloudabi.Errno(0), err)
			require.NotEqual(t, cloudabi.ESUCCESS, err)
		} else if st.Filetype == cloudabi.FiletypeRegularFile {
			require.Equal(t, cloudabi.Filesize(1), st.Size, "the walk left the directory")
		}
		for _, opt := range []OpenOptions{{Follow: follow}, {Follow: follow, Directory: true}, {Follow: follow, Flags: OpenFlags{Write: true, Create: true, Truncate: true}}} {
			o, err := Open(root, path, opt)
			switch {
			case err != nil:
				require.IsType(t, cloudabi.Errno(0), err)
			case o.Dir != nil:
				o.Dir.Close()
			default:
				o.File.Close()
			}
			if open != 1 && path != "" { // Reopen of the start is not counted
				require.Equal(t, 0, open)
				open = 1
			}
		}
		_ = Unlink(root, path, follow)
		_ = Mkdir(root, path)
		_ = Rename(root, path, root, "d/new")
		require.Equal(t, 1, open)
		require.Equal(t, "secret", get(t, outside, "secret"))
	})
}
