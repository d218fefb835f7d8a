package vfs

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// TestFollowingIsNotReading: following a link that a program has made leaves the
// link's times alone.
func TestFollowingIsNotReading(t *testing.T) {
	dir := t.TempDir()
	d, err := NewHost(dir, HostOptions{})
	require.NoError(t, err)
	defer d.Close()
	if err := Symlink("file", d, "link"); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if _, _, ok := d.(*hostDir).identifyLink("link"); !ok {
		t.Skip("this host does not tell one link from another")
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	times := func(s uint64) Times {
		return Times{Flags: cloudabi.FilestatAtim | cloudabi.FilestatMtim, Atim: s * 1e9, Mtim: (s + 1) * 1e9}
	}
	require.NoError(t, SetTimes(d, "link", false, times(100)))
	require.NoError(t, SetTimes(d, "link", true, times(200)))
	for range 2 {
		st, err := Stat(d, "link", false)
		require.NoError(t, err)
		require.EqualValues(t, 100e9, st.Atim)
		st, err = Stat(d, "link", true)
		require.NoError(t, err)
		require.EqualValues(t, 200e9, st.Atim)
	}
	text, err := Readlink(d, "link")
	require.NoError(t, err)
	require.Equal(t, "file", text)
}

// TestReplacedLinks: what is remembered of a link is not told of another one
// with its name.
func TestReplacedLinks(t *testing.T) {
	dir := t.TempDir()
	d, err := NewHost(dir, HostOptions{})
	require.NoError(t, err)
	defer d.Close()
	if err := Symlink("first", d, "link"); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	for i := range 50 {
		// By the host, which may use the number again.
		text := fmt.Sprintf("other%d", i%10)
		require.NoError(t, os.Remove(filepath.Join(dir, "link")))
		require.NoError(t, os.Symlink(text, filepath.Join(dir, "link")))
		got, err := Readlink(d, "link")
		require.NoError(t, err)
		require.Equal(t, text, got)
	}
	require.NoError(t, os.Remove(filepath.Join(dir, "link")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "link"), nil, 0o600))
	_, err = Readlink(d, "link")
	require.Equal(t, cloudabi.EINVAL, err)
	for i := range maxLinkCache + 10 {
		require.NoError(t, Symlink("text", d, fmt.Sprint("many", i)))
	}
	require.LessOrEqual(t, len(d.(*hostDir).fs.links.texts), maxLinkCache)
	text, err := Readlink(d, "many0")
	require.NoError(t, err)
	require.Equal(t, "text", text)
}
