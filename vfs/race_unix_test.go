//go:build unix

package vfs

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// TestHostSwaps has host goroutines exchange a directory, a symbolic link out of
// the tree and one to a file, while a program walks through the name. It may see
// errors, never what is outside.
func TestHostSwaps(t *testing.T) {
	base := tempDir(t)
	root, outside := filepath.Join(base, "root"), filepath.Join(base, "outside")
	for _, d := range []string{root, outside, filepath.Join(root, "real"), filepath.Join(root, "real", "sub")} {
		require.NoError(t, os.Mkdir(d, 0o777))
	}
	require.NoError(t, os.WriteFile(filepath.Join(outside, "f"), []byte("secret"), 0o666))
	require.NoError(t, os.Mkdir(filepath.Join(outside, "sub"), 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(root, "real", "f"), []byte("inside"), 0o666))
	require.NoError(t, os.Symlink(outside, filepath.Join(root, "evil")))
	require.NoError(t, os.Symlink("../outside", filepath.Join(root, "evil2")))
	secret := filepath.Join(outside, "f")

	dir := newTestHost(t, root)
	stop := make(chan struct{})
	var swapper, walkers sync.WaitGroup
	swapper.Go(func() {
		name := func(n string) string { return filepath.Join(root, n) }
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			other := []string{"evil", "evil2"}[i%2]
			_ = os.Rename(name("real"), name("d"))
			_ = os.Rename(name("d"), name("real"))
			_ = os.Rename(name(other), name("d"))
			_ = os.Rename(name("d"), name(other))
		}
	})
	for range 2 {
		walkers.Go(func() {
			for range 1500 {
				if o, err := Open(dir, "d/f", OpenOptions{Follow: true, Flags: OpenFlags{Read: true, Write: true}}); err == nil && o.File != nil {
					p := make([]byte, 6)
					n, err := o.File.ReadAt(p, 0)
					if err != nil || string(p[:n]) != "inside" {
						t.Errorf("read %q, %v", p[:n], err)
					}
					o.File.Close()
				}
				if o, err := Open(dir, "d", OpenOptions{Follow: true, Directory: true}); err == nil {
					if _, err := o.Dir.Lookup("f"); err != nil && err != cloudabi.ENOENT {
						t.Errorf("lookup: %v", err)
					}
					_ = Unlink(o.Dir, "sub/../f2", false)
					o.Dir.Close()
				}
				_, _ = Open(dir, "d/new", OpenOptions{Follow: true, Flags: OpenFlags{Write: true, Create: true, Truncate: true}})
				_ = Mkdir(dir, "d/newdir")
				_ = Rename(dir, "d/new", dir, "d/new2")
				_ = Unlink(dir, "d/new2", false)
				_ = Unlink(dir, "d/sub", true)
				_ = SetTimes(dir, "d/f", true, Times{Flags: cloudabi.FilestatMtim, Mtim: 1})
			}
		})
	}
	walkers.Wait()
	close(stop)
	swapper.Wait()
	left, err := os.ReadDir(outside)
	require.NoError(t, err)
	require.Len(t, left, 2, "something was made or removed outside")
	info, err := os.Stat(secret)
	require.NoError(t, err)
	require.NotEqual(t, int64(0), info.ModTime().Unix(), "times outside were set")
	data, err := os.ReadFile(secret)
	require.NoError(t, err)
	require.Equal(t, "secret", string(data))
}

// TestHostKinds: what is neither a file nor a directory does not hold up anyone.
func TestHostKinds(t *testing.T) {
	base := tempDir(t)
	pipe := filepath.Join(base, "pipe")
	if err := unix.Mkfifo(pipe, 0o666); err != nil {
		t.Skip("mkfifo: ", err)
	}
	sock, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	defer unix.Close(sock)
	require.NoError(t, unix.Bind(sock, &unix.SockaddrUnix{Name: filepath.Join(base, "sock")}))
	dir := newTestHost(t, base)
	defer dir.Close()

	_, err = Open(dir, "sock", OpenOptions{})
	require.Equal(t, cloudabi.ENOTSUP, err)
	_, err = Open(dir, "pipe", OpenOptions{Flags: OpenFlags{Write: true}})
	require.Equal(t, cloudabi.ENXIO, err, "nobody reads")
	r, err := Open(dir, "pipe", OpenOptions{})
	require.NoError(t, err)
	require.Equal(t, cloudabi.FiletypeFifo, r.Filetype)
	w, err := Open(dir, "pipe", OpenOptions{Flags: OpenFlags{Write: true}})
	require.NoError(t, err)
	in, out := r.File.(Stream), w.File.(Stream)
	p := make([]byte, 10)
	_, err = in.Read(p)
	require.Equal(t, cloudabi.EAGAIN, err)
	_, err = out.Write([]byte("through"))
	require.NoError(t, err)
	n, err := in.Read(p)
	require.NoError(t, err)
	require.Equal(t, "through", string(p[:n]))
	_, err = in.ReadAt(p, 0)
	require.Equal(t, cloudabi.ESPIPE, err)
	require.NoError(t, in.Close())
	_, err = out.Write([]byte("x"))
	require.Equal(t, cloudabi.EPIPE, err)
	require.NoError(t, out.Close())

	if null, err := NewHost("/dev", HostOptions{}); err == nil {
		_, err := Open(null, "null", OpenOptions{Follow: true})
		require.Equal(t, cloudabi.ENOTSUP, err)
		require.NoError(t, null.Close())
	}
}

// TestAppendTogether: appends of two handles, and of the host, do not overwrite
// one another.
func TestAppendTogether(t *testing.T) {
	base := tempDir(t)
	dir := newTestHost(t, base)
	defer dir.Close()
	put(t, dir, "log", "")
	host, err := os.OpenFile(filepath.Join(base, "log"), os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	defer host.Close()
	var wg sync.WaitGroup
	const times = 300
	for range 2 {
		f := open(t, dir, "log", OpenFlags{Write: true})
		wg.Go(func() {
			for range times {
				if _, _, err := f.Append([]byte("guest\n")); err != nil {
					t.Error(err)
				}
			}
			f.Close()
		})
	}
	wg.Go(func() {
		for range times {
			if _, err := host.WriteString("host!\n"); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	st, err := Stat(dir, "log", false)
	require.NoError(t, err)
	require.Equal(t, cloudabi.Filesize(3*times*6), st.Size)
}
