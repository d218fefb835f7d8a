package vfs

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// testClock advances by a second each time it is asked.
func testClock() Clock {
	now := uint64(1_500_000_000_000_000_000)
	return func() uint64 { now += 1_000_000_000; return now }
}

// writable are the backends that a program can write to, each empty.
var writable = []struct {
	name string
	make func(t testing.TB) Dir
}{
	{"memory", func(testing.TB) Dir { return NewMemory(testClock(), memory.NewQuota(1<<30)) }},
	{"host", func(t testing.TB) Dir { return newTestHost(t, tempDir(t)) }},
	{"overlay over memory", func(t testing.TB) Dir { return newTestOverlay(t, NewMemory(testClock(), nil)) }},
	{"overlay over host", func(t testing.TB) Dir { return newTestOverlay(t, newTestHost(t, tempDir(t))) }},
	{"stable over overlay over host", func(t testing.TB) Dir {
		return NewStable(newTestOverlay(t, newTestHost(t, tempDir(t))), testClock(), 1)
	}},
}

// tempDir is t.TempDir for rapid's T too.
func tempDir(t testing.TB) string {
	dir, err := os.MkdirTemp("", "vfs")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func newTestHost(t testing.TB, path string) Dir {
	d, err := NewHost(path, HostOptions{Clock: testClock()})
	require.NoError(t, err)
	return d
}

func newTestOverlay(t testing.TB, lower Dir) Dir {
	d, err := NewOverlay(lower, testClock(), memory.NewQuota(1<<30))
	require.NoError(t, err)
	return d
}

func eachWritable(t *testing.T, f func(t *testing.T, dir Dir)) {
	for _, b := range writable {
		t.Run(b.name, func(t *testing.T) {
			dir := b.make(t)
			f(t, dir)
			require.NoError(t, dir.Close())
		})
	}
}

// names lists a directory in the order that it gives, without "." and "..".
func names(t testing.TB, dir Dir) (out []string) {
	t.Helper()
	require.NoError(t, dir.ReadDir(0, func(e Entry) bool {
		if e.Name != "." && e.Name != ".." {
			out = append(out, e.Name)
		}
		return true
	}))
	return out
}

func open(t testing.TB, dir Dir, path string, flags OpenFlags) File {
	t.Helper()
	o, err := Open(dir, path, OpenOptions{Flags: flags})
	require.NoError(t, err, path)
	require.NotNil(t, o.File, path)
	return o.File
}

// sample is the tree of the tests of path rules.
func sample(t testing.TB, dir Dir) {
	require.NoError(t, Mkdir(dir, "d"))
	require.NoError(t, Mkdir(dir, "d/e"))
	require.NoError(t, Mkdir(dir, "empty"))
	put(t, dir, "f", "file")
	put(t, dir, "d/g", "inner")
	for name, text := range map[string]string{
		"lf": "f", "ld": "d", "ldg": "d/g", "dangling": "none", "loop": "loop", "abs": "/f", "out": "../f",
		"d/up": "../f", "d/dotdot": "..", "lslash": "f/", "ldslash": "d/", "chain": "lf", "dnew": "d/new",
	} {
		require.NoError(t, Symlink(text, dir, name))
	}
}

const (
	dirType  = cloudabi.FiletypeDirectory
	fileType = cloudabi.FiletypeRegularFile
	linkType = cloudabi.FiletypeSymbolicLink
)

var longName = strings.Repeat("n", 255)

// TestStat is the table of the path rules (abi/semantics.md section 5.1).
func TestStat(t *testing.T) {
	ok := cloudabi.ESUCCESS
	rows := []struct {
		path     string
		follow   bool
		kind     cloudabi.Filetype
		errno    cloudabi.Errno
		readOnly bool // holds in a file system without "." in it too
	}{
		{"f", false, fileType, ok, true},
		{"d", false, dirType, ok, true},
		{"d/", false, dirType, ok, true},
		{"d///", false, dirType, ok, true},
		{"d//g", false, fileType, ok, true},
		{"./d/./g", false, fileType, ok, true},
		{".", false, dirType, ok, true},
		{"d/..", false, dirType, ok, true},
		{"d/../f", false, fileType, ok, true},
		{"d/e/../../f", false, fileType, ok, true},
		{"", false, 0, cloudabi.ENOENT, true},
		{"/", false, 0, cloudabi.ENOTCAPABLE, true},
		{"/f", false, 0, cloudabi.ENOTCAPABLE, true},
		{"..", false, 0, cloudabi.ENOTCAPABLE, true},
		{"../f", false, 0, cloudabi.ENOTCAPABLE, true},
		{"d/../..", false, 0, cloudabi.ENOTCAPABLE, true},
		{"d/../../x/f", false, 0, cloudabi.ENOTCAPABLE, true},
		{"f\x00", false, 0, cloudabi.EINVAL, true},
		{"none", false, 0, cloudabi.ENOENT, true},
		{"none/..", false, 0, cloudabi.ENOENT, true},
		{"none/f", false, 0, cloudabi.ENOENT, true},
		{"f/", false, 0, cloudabi.ENOTDIR, true},
		{"f/x", false, 0, cloudabi.ENOTDIR, true},
		{"f/..", false, 0, cloudabi.ENOTDIR, true},
		{"f/.", false, 0, cloudabi.ENOTDIR, true},
		{longName, false, 0, cloudabi.ENOENT, true},
		{longName + "n", false, 0, cloudabi.ENAMETOOLONG, true},
		{longName + "n/f", false, 0, cloudabi.ENAMETOOLONG, true},
		{strings.Repeat("./", 511) + "f", false, fileType, ok, true},
		{strings.Repeat("./", 511) + "ff", false, 0, cloudabi.ENAMETOOLONG, true},
		{"lf", false, linkType, ok, true},
		{"lf", true, fileType, ok, true},
		{"lf/", false, 0, cloudabi.ENOTDIR, true},
		{"lf/x", false, 0, cloudabi.ENOTDIR, true},
		{"ld", false, linkType, ok, true},
		{"ld/", false, dirType, ok, true},
		{"ld/.", false, dirType, ok, true},
		{"ld/g", false, fileType, ok, true},
		{"ld/..", false, dirType, ok, true},
		{"ld/up", true, fileType, ok, true},
		{"ldg", true, fileType, ok, true},
		{"chain", true, fileType, ok, true},
		{"dangling", false, linkType, ok, true},
		{"dangling", true, 0, cloudabi.ENOENT, true},
		{"dangling/", false, 0, cloudabi.ENOENT, true},
		{"loop", false, linkType, ok, true},
		{"loop", true, 0, cloudabi.ELOOP, true},
		{"loop/", false, 0, cloudabi.ELOOP, true},
		{"loop/f", false, 0, cloudabi.ELOOP, true},
		{"abs", false, linkType, ok, true},
		{"abs", true, 0, cloudabi.ENOTCAPABLE, true},
		{"out", true, 0, cloudabi.ENOTCAPABLE, true},
		{"d/up", true, fileType, ok, true},
		{"d/dotdot/f", true, fileType, ok, true},
		{"d/dotdot", true, dirType, ok, true},
		{"d/dotdot/..", true, 0, cloudabi.ENOTCAPABLE, true},
		{"lslash", true, 0, cloudabi.ENOTDIR, true},
		{"ldslash", true, dirType, ok, true},
		{"ldslash/g", false, fileType, ok, true},
	}
	check := func(t *testing.T, dir Dir) {
		for _, r := range rows {
			st, err := Stat(dir, r.path, r.follow)
			if r.errno != ok {
				require.Equal(t, r.errno, err, "%q follow=%v", r.path, r.follow)
				continue
			}
			require.NoError(t, err, "%q follow=%v", r.path, r.follow)
			require.Equal(t, r.kind, st.Filetype, "%q follow=%v", r.path, r.follow)
		}
		inner, err := Open(dir, "d", OpenOptions{})
		require.NoError(t, err)
		defer inner.Dir.Close()
		_, err = Stat(inner.Dir, "up", true)
		require.Equal(t, cloudabi.ENOTCAPABLE, err, "a subdirectory is a tighter sandbox")
	}
	eachWritable(t, func(t *testing.T, dir Dir) {
		sample(t, dir)
		check(t, dir)
		ro, err := dir.Reopen()
		require.NoError(t, err)
		ro = NewReadOnly(ro)
		check(t, ro)
		require.NoError(t, ro.Close())
	})
	for name, lower := range populated(t) {
		t.Run(name, func(t *testing.T) { check(t, lower) })
		t.Run("overlay over "+name, func(t *testing.T) { check(t, newTestOverlay(t, lower)) })
	}
}

// populated are directories with the sample that were not made through vfs.
func populated(t *testing.T) map[string]Dir {
	host := newTestHost(t, tempDir(t))
	sample(t, host)
	again, err := host.Reopen()
	require.NoError(t, err)
	m := fstest.MapFS{}
	var walk func(dir Dir, prefix string)
	walk = func(dir Dir, prefix string) {
		for _, n := range names(t, dir) {
			st, err := dir.Lookup(n)
			require.NoError(t, err)
			switch st.Filetype {
			case linkType:
				text, err := dir.Readlink(n)
				require.NoError(t, err)
				m[prefix+n] = &fstest.MapFile{Mode: fs.ModeSymlink | 0o777, Data: []byte(text)}
			case dirType:
				m[prefix+n] = &fstest.MapFile{Mode: fs.ModeDir | 0o777}
				sub, err := dir.OpenDir(n)
				require.NoError(t, err)
				walk(sub, prefix+n+"/")
				require.NoError(t, sub.Close())
			default:
				m[prefix+n] = &fstest.MapFile{Data: []byte(get(t, dir, n)), ModTime: time.Unix(1000, 5)}
			}
		}
	}
	walk(again, "")
	return map[string]Dir{"filled host": again, "io/fs": NewFS(m)}
}

func TestOpen(t *testing.T) {
	creat := OpenFlags{Write: true, Create: true}
	excl := OpenFlags{Write: true, Create: true, Exclusive: true}
	trunc := OpenFlags{Write: true, Truncate: true}
	rows := []struct {
		path  string
		opt   OpenOptions
		kind  cloudabi.Filetype
		errno cloudabi.Errno
		after string // a path that exists afterwards
		gone  string // a path that does not
	}{
		{path: "f", kind: fileType},
		{path: "f", opt: OpenOptions{Flags: OpenFlags{Write: true}}, kind: fileType},
		{path: "f", opt: OpenOptions{Directory: true}, errno: cloudabi.ENOTDIR},
		{path: "f/", errno: cloudabi.ENOTDIR},
		{path: "d", kind: dirType},
		{path: "d/", kind: dirType},
		{path: ".", kind: dirType},
		{path: "d/..", kind: dirType},
		{path: "d", opt: OpenOptions{Directory: true}, kind: dirType},
		{path: "d", opt: OpenOptions{Flags: OpenFlags{Write: true}}, errno: cloudabi.EISDIR},
		{path: "d/", opt: OpenOptions{Flags: OpenFlags{Write: true}}, errno: cloudabi.EISDIR},
		{path: ".", opt: OpenOptions{Flags: OpenFlags{Write: true}}, errno: cloudabi.EISDIR},
		{path: ".", opt: OpenOptions{Flags: creat}, errno: cloudabi.EISDIR},
		{path: ".", opt: OpenOptions{Flags: excl}, errno: cloudabi.EEXIST},
		{path: "d", opt: OpenOptions{Flags: creat}, errno: cloudabi.EISDIR},
		{path: "d/", opt: OpenOptions{Flags: creat}, errno: cloudabi.EISDIR},
		{path: "d", opt: OpenOptions{Flags: excl}, errno: cloudabi.EEXIST},
		{path: "none", errno: cloudabi.ENOENT},
		{path: "none/x", opt: OpenOptions{Flags: creat}, errno: cloudabi.ENOENT},
		{path: "none/", opt: OpenOptions{Flags: creat}, errno: cloudabi.ENOENT, gone: "none"},
		{path: "none", opt: OpenOptions{Directory: true, Flags: creat}, errno: cloudabi.EINVAL, gone: "none"},
		{path: "new", opt: OpenOptions{Flags: creat}, kind: fileType, after: "new"},
		{path: "new2", opt: OpenOptions{Flags: excl}, kind: fileType, after: "new2"},
		{path: "f", opt: OpenOptions{Flags: creat}, kind: fileType},
		{path: "f", opt: OpenOptions{Flags: excl}, errno: cloudabi.EEXIST},
		{path: "f/", opt: OpenOptions{Flags: excl}, errno: cloudabi.ENOTDIR},
		{path: "lslash/", opt: OpenOptions{Flags: excl}, errno: cloudabi.ENOTDIR},
		{path: "ld/", opt: OpenOptions{Flags: excl}, errno: cloudabi.EEXIST},
		{path: "lf", errno: cloudabi.ELOOP},
		{path: "lf", opt: OpenOptions{Follow: true}, kind: fileType},
		{path: "lf", opt: OpenOptions{Flags: creat}, errno: cloudabi.ELOOP},
		{path: "lf", opt: OpenOptions{Flags: trunc}, errno: cloudabi.ELOOP},
		{path: "lf", opt: OpenOptions{Follow: true, Flags: excl}, errno: cloudabi.EEXIST},
		{path: "ld", errno: cloudabi.ELOOP},
		{path: "ld", opt: OpenOptions{Directory: true}, errno: cloudabi.ELOOP},
		{path: "ld", opt: OpenOptions{Follow: true}, kind: dirType},
		{path: "ld/", kind: dirType},
		{path: "dangling", opt: OpenOptions{Follow: true}, errno: cloudabi.ENOENT},
		{path: "dangling", opt: OpenOptions{Follow: true, Flags: excl}, errno: cloudabi.EEXIST, gone: "none"},
		{path: "dangling", opt: OpenOptions{Follow: true, Flags: creat}, kind: fileType, after: "none"},
		{path: "dnew", opt: OpenOptions{Follow: true, Flags: creat}, kind: fileType, after: "d/new"},
		{path: "out", opt: OpenOptions{Follow: true, Flags: creat}, errno: cloudabi.ENOTCAPABLE},
		{path: "loop", opt: OpenOptions{Follow: true, Flags: creat}, errno: cloudabi.ELOOP},
	}
	eachWritable(t, func(t *testing.T, dir Dir) {
		sample(t, dir)
		for _, r := range rows {
			o, err := Open(dir, r.path, r.opt)
			what := fmt.Sprintf("%q %+v", r.path, r.opt)
			if r.errno != 0 {
				require.Equal(t, r.errno, err, what)
			} else {
				require.NoError(t, err, what)
				require.Equal(t, r.kind, o.Filetype, what)
				if o.Dir != nil {
					require.NoError(t, o.Dir.Close())
				} else {
					require.NoError(t, o.File.Close())
				}
			}
			if r.after != "" {
				_, err := Stat(dir, r.after, false)
				require.NoError(t, err, what)
			}
			if r.gone != "" {
				_, err := Stat(dir, r.gone, false)
				require.Equal(t, cloudabi.ENOENT, err, what)
			}
		}
		// Opened for reading, a file is not emptied.
		o, err := Open(dir, "f", OpenOptions{Flags: OpenFlags{Truncate: true}})
		require.NoError(t, err)
		require.Equal(t, "file", contents(t, o.File))
		_, err = o.File.WriteAt([]byte("x"), 0)
		require.Equal(t, cloudabi.EBADF, err)
		require.Equal(t, cloudabi.EBADF, o.File.Truncate(0))
		require.NoError(t, o.File.Close())
		w := open(t, dir, "f", trunc)
		size, err := w.Size()
		require.NoError(t, err)
		require.Zero(t, size)
		_, err = w.ReadAt(make([]byte, 1), 0)
		require.Equal(t, cloudabi.EBADF, err)
		require.NoError(t, w.Close())
	})
}

func TestNames(t *testing.T) {
	eachWritable(t, func(t *testing.T, dir Dir) {
		sample(t, dir)
		mkdir := func(p string) error { return Mkdir(dir, p) }
		symlink := func(p string) error { return Symlink("x", dir, p) }
		link := func(p string) error { return Link(dir, "f", false, dir, p) }
		unlink := func(p string) error { return Unlink(dir, p, false) }
		rmdir := func(p string) error { return Unlink(dir, p, true) }
		readlink := func(p string) error { _, err := Readlink(dir, p); return err }
		for _, r := range []struct {
			what  string
			do    func(string) error
			path  string
			errno cloudabi.Errno
		}{
			{"mkdir", mkdir, "d", cloudabi.EEXIST}, {"mkdir", mkdir, "f", cloudabi.EEXIST}, {"mkdir", mkdir, "lf", cloudabi.EEXIST},
			{"mkdir", mkdir, ".", cloudabi.EEXIST}, {"mkdir", mkdir, "d/", cloudabi.EEXIST}, {"mkdir", mkdir, "d/..", cloudabi.EEXIST},
			{"mkdir", mkdir, "none/x", cloudabi.ENOENT}, {"mkdir", mkdir, "none/.", cloudabi.ENOENT}, {"mkdir", mkdir, "f/x", cloudabi.ENOTDIR},
			{"mkdir", mkdir, "dangling", cloudabi.EEXIST}, {"mkdir", mkdir, "f/", cloudabi.ENOTDIR},
			{"mkdir", mkdir, "lslash/", cloudabi.ENOTDIR}, {"mkdir", mkdir, "lslash", cloudabi.EEXIST}, {"mkdir", mkdir, "ldslash/", cloudabi.EEXIST},
			{"symlink", symlink, "f", cloudabi.EEXIST}, {"symlink", symlink, "d/", cloudabi.EEXIST}, {"symlink", symlink, "new/", cloudabi.ENOENT},
			{"symlink", symlink, "..", cloudabi.ENOTCAPABLE}, {"symlink", symlink, ".", cloudabi.EEXIST}, {"symlink", symlink, "f/", cloudabi.ENOTDIR},
			{"link", link, "d", cloudabi.EEXIST}, {"link", link, "lf", cloudabi.EEXIST}, {"link", link, "new/", cloudabi.ENOENT},
			{"unlink", unlink, "d", cloudabi.EPERM}, {"unlink", unlink, "none", cloudabi.ENOENT}, {"unlink", unlink, "f/", cloudabi.ENOTDIR},
			{"unlink", unlink, "d/", cloudabi.EPERM}, {"unlink", unlink, ".", cloudabi.EPERM}, {"unlink", unlink, "lf/", cloudabi.ENOTDIR},
			{"rmdir", rmdir, "d", cloudabi.ENOTEMPTY}, {"rmdir", rmdir, "f", cloudabi.ENOTDIR}, {"rmdir", rmdir, "ld", cloudabi.ENOTDIR},
			{"rmdir", rmdir, ".", cloudabi.EINVAL}, {"rmdir", rmdir, "d/.", cloudabi.EINVAL}, {"rmdir", rmdir, "d/e/..", cloudabi.ENOTEMPTY},
			{"rmdir", rmdir, "none", cloudabi.ENOENT}, {"rmdir", rmdir, "ld/", cloudabi.ENOTEMPTY},
			{"readlink", readlink, "f", cloudabi.EINVAL}, {"readlink", readlink, "d", cloudabi.EINVAL}, {"readlink", readlink, ".", cloudabi.EINVAL},
			{"readlink", readlink, "ld/", cloudabi.EINVAL}, {"readlink", readlink, "none", cloudabi.ENOENT}, {"readlink", readlink, "lf/", cloudabi.ENOTDIR},
		} {
			require.Equal(t, r.errno, r.do(r.path), "%s %q", r.what, r.path)
		}
		require.Equal(t, cloudabi.ENOENT, Symlink("", dir, "new"))
		require.Equal(t, cloudabi.EPERM, Link(dir, "d", false, dir, "new"))
		require.Equal(t, cloudabi.EPERM, Link(dir, ".", false, dir, "new"))
		require.Equal(t, cloudabi.ENOENT, Link(dir, "dangling", true, dir, "new"))
		require.NoError(t, mkdir("slash/"))
		require.NoError(t, rmdir("slash/"))
		require.NoError(t, mkdir("dangling/"), "the link is followed")
		require.NoError(t, rmdir("none"))

		// Links: both names are one object, and the link itself can be linked.
		require.NoError(t, Link(dir, "lf", true, dir, "hard"))
		a, err := Stat(dir, "f", false)
		require.NoError(t, err)
		b, err := Stat(dir, "hard", false)
		require.NoError(t, err)
		require.Equal(t, a, b)
		require.Equal(t, cloudabi.Linkcount(2), b.Nlink)
		require.NoError(t, Link(dir, "lf", false, dir, "softhard"))
		text, err := Readlink(dir, "softhard")
		require.NoError(t, err)
		require.Equal(t, "f", text)
		require.NoError(t, unlink("f"))
		require.Equal(t, "file", get(t, dir, "hard"))
		b, err = Stat(dir, "hard", false)
		require.NoError(t, err)
		require.Equal(t, cloudabi.Linkcount(1), b.Nlink)

		// An object lives on without a name as long as it is open.
		f := open(t, dir, "hard", OpenFlags{Read: true, Write: true})
		require.NoError(t, unlink("hard"))
		n, err := f.WriteAt([]byte("more"), 4)
		require.NoError(t, err)
		require.Equal(t, 4, n)
		require.Equal(t, "filemore", contents(t, f))
		st, err := f.Stat()
		require.NoError(t, err)
		require.Zero(t, st.Nlink)
		require.NoError(t, f.Close())

		d, err := Open(dir, "empty", OpenOptions{})
		require.NoError(t, err)
		require.NoError(t, rmdir("empty"))
		require.Equal(t, cloudabi.ENOENT, Mkdir(d.Dir, "x"))
		_, err = Open(d.Dir, "x", OpenOptions{Flags: OpenFlags{Write: true, Create: true}})
		require.Equal(t, cloudabi.ENOENT, err)
		require.NoError(t, d.Dir.Close())
	})
}

func TestRename(t *testing.T) {
	eachWritable(t, func(t *testing.T, dir Dir) {
		sample(t, dir)
		ren := func(a, b string) error { return Rename(dir, a, dir, b) }
		for _, r := range []struct {
			from, to string
			errno    cloudabi.Errno
		}{
			{"none", "x", cloudabi.ENOENT},
			{"f", "none/x", cloudabi.ENOENT},
			{"f", "d", cloudabi.EISDIR},
			{"d", "f", cloudabi.ENOTDIR},
			{"d", "lf", cloudabi.ENOTDIR},
			{"empty", "d", cloudabi.ENOTEMPTY},
			{"d", "d/e/x", cloudabi.EINVAL},
			{"d", "d/x", cloudabi.EINVAL},
			{"d", ".", cloudabi.EINVAL},
			{".", "x", cloudabi.EINVAL},
			{"d/..", "x", cloudabi.EINVAL},
			{"f", "d/.", cloudabi.EINVAL},
			{"f", "new/", cloudabi.ENOTDIR},
			{"f/", "new", cloudabi.ENOTDIR},
			{"f", "../x", cloudabi.ENOTCAPABLE},
			{"d/e", "d", cloudabi.ENOTEMPTY},
			{"d/g", "d", cloudabi.EISDIR},
		} {
			require.Equal(t, r.errno, ren(r.from, r.to), "%s to %s", r.from, r.to)
		}
		require.NoError(t, ren("f", "f"))
		require.NoError(t, ren("d", "d"))
		require.NoError(t, Link(dir, "f", false, dir, "same"))
		require.NoError(t, ren("f", "same"), "two names of one object: nothing happens")
		require.Equal(t, "file", get(t, dir, "f"))
		require.NoError(t, Unlink(dir, "same", false))

		require.NoError(t, ren("f", "d/e/moved"))
		require.Equal(t, "file", get(t, dir, "d/e/moved"))
		_, err := Stat(dir, "f", false)
		require.Equal(t, cloudabi.ENOENT, err)
		require.NoError(t, ren("d/e/moved", "d/g"), "replaces")
		require.Equal(t, "file", get(t, dir, "d/g"))
		require.NoError(t, ren("lf", "d/link"))
		text, err := Readlink(dir, "d/link")
		require.NoError(t, err)
		require.Equal(t, "f", text)

		// A directory over an empty one; what is open moves along.
		e, err := Open(dir, "d", OpenOptions{})
		require.NoError(t, err)
		require.NoError(t, ren("d/", "empty/"))
		require.Equal(t, "file", get(t, e.Dir, "g"))
		require.Equal(t, "file", get(t, dir, "empty/g"))
		st, err := Stat(dir, "empty", false)
		require.NoError(t, err)
		require.Equal(t, dirType, st.Filetype)
		put(t, e.Dir, "late", "late")
		require.Equal(t, "late", get(t, dir, "empty/late"))
		if err := Rename(e.Dir, "e", dir, "out of it"); needTop && err == cloudabi.ESTALE {
			t.Skip("this host renames by path, and the directory has moved")
		} else {
			require.NoError(t, err)
		}
		require.NoError(t, Rename(dir, "out of it", e.Dir, "in again"))
		require.NoError(t, e.Dir.Close())

		other := NewMemory(nil, nil)
		require.Equal(t, cloudabi.EXDEV, Rename(dir, "empty/g", other, "g"))
		require.Equal(t, cloudabi.EXDEV, Link(dir, "empty/g", false, other, "g"))
	})
}

func TestFile(t *testing.T) {
	eachWritable(t, func(t *testing.T, dir Dir) {
		f := open(t, dir, "f", OpenFlags{Read: true, Write: true, Create: true})
		_, err := f.WriteAt([]byte("hello"), 0)
		require.NoError(t, err)
		n, end, err := f.Append([]byte(" you!"))
		require.NoError(t, err)
		require.Equal(t, 5, n)
		require.Equal(t, int64(10), end)
		_, err = f.WriteAt([]byte("J"), 0)
		require.NoError(t, err, "writing at an offset works after appending")
		require.Equal(t, "Jello you!", contents(t, f))
		p := make([]byte, 8)
		n, err = f.ReadAt(p, 6)
		require.NoError(t, err)
		require.Equal(t, "you!", string(p[:n]))
		n, err = f.ReadAt(p, 10)
		require.NoError(t, err)
		require.Zero(t, n)
		n, err = f.ReadAt(p, 1<<40)
		require.NoError(t, err)
		require.Zero(t, n)
		_, err = f.ReadAt(p, -1)
		require.Equal(t, cloudabi.EINVAL, err)
		_, err = f.WriteAt(p, -1)
		require.Equal(t, cloudabi.EINVAL, err)

		// A gap reads as zeros, also after shrinking and growing again.
		require.NoError(t, f.Truncate(3))
		require.NoError(t, f.Truncate(6))
		require.Equal(t, "Jel\x00\x00\x00", contents(t, f))
		_, err = f.WriteAt([]byte("far"), 200_000)
		require.NoError(t, err)
		size, err := f.Size()
		require.NoError(t, err)
		require.Equal(t, int64(200_003), size)
		big := contents(t, f)
		require.Equal(t, strings.Repeat("\x00", 200_000-3), big[3:200_000])
		require.Equal(t, "far", big[200_000:])
		require.Equal(t, cloudabi.EINVAL, f.Truncate(-1))

		require.NoError(t, f.Truncate(3))
		require.NoError(t, f.Allocate(0, 10))
		require.Equal(t, "Jel"+strings.Repeat("\x00", 7), contents(t, f))
		require.NoError(t, f.Allocate(0, 5))
		size, err = f.Size()
		require.NoError(t, err)
		require.Equal(t, int64(10), size, "allocating never shrinks")
		require.Equal(t, cloudabi.EINVAL, f.Allocate(0, 0))
		require.Equal(t, cloudabi.EINVAL, f.Allocate(-1, 1))
		require.Equal(t, cloudabi.EFBIG, f.Allocate(1<<63-1, 1<<63-1))

		// Mappings and I/O are the same bytes, through every handle.
		o, err := f.Object()
		require.NoError(t, err)
		_, err = o.WriteAt([]byte("MAP"), 0)
		require.NoError(t, err)
		require.Equal(t, "MAP", get(t, dir, "f")[:3])
		_, err = f.WriteAt([]byte("io"), 1)
		require.NoError(t, err)
		_, err = o.ReadAt(p[:3], 0)
		require.NoError(t, err)
		require.Equal(t, "Mio", string(p[:3]))
		_, end, err = f.Append([]byte("tail"))
		require.NoError(t, err)
		require.Equal(t, int64(14), end)
		g := open(t, dir, "f", OpenFlags{Read: true, Write: true})
		o2, err := g.Object()
		require.NoError(t, err)
		require.Equal(t, o.ID(), o2.ID())
		require.NoError(t, g.Truncate(2))
		require.Equal(t, "Mi", contents(t, f))
		require.NoError(t, g.Close())
		require.NoError(t, f.Sync(false))
		require.NoError(t, f.Sync(true))
		require.NoError(t, f.Close())
		require.Equal(t, cloudabi.EBADF, f.Close())
		require.NoError(t, dir.Sync(false))
	})
}

func TestTimes(t *testing.T) {
	both := Times{Flags: cloudabi.FilestatAtim | cloudabi.FilestatMtim, Atim: 1_000_000_007_000, Mtim: 2_000_000_009_000}
	check := func(t *testing.T, st cloudabi.Filestat, err error, atim, mtim uint64) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, [2]uint64{atim, mtim}, [2]uint64{uint64(st.Atim), uint64(st.Mtim)})
	}
	eachWritable(t, func(t *testing.T, dir Dir) {
		sample(t, dir)
		for _, path := range []string{"f", "d", "d/", ".", "lf"} {
			err := SetTimes(dir, path, false, both)
			if needTop && err == cloudabi.ENOTSUP {
				t.Skip("this host cannot set the times of a symbolic link")
			}
			require.NoError(t, err, path)
			st, err := Stat(dir, path, false)
			check(t, st, err, both.Atim, both.Mtim)
		}
		require.NoError(t, SetTimes(dir, "lf", true, Times{Flags: cloudabi.FilestatMtim, Mtim: 5_000_000_000}))
		st, err := Stat(dir, "f", false)
		check(t, st, err, both.Atim, 5_000_000_000)
		st, err = Stat(dir, "lf", false)
		require.NoError(t, err)
		require.Equal(t, both.Mtim, uint64(st.Mtim), "the link itself stays, but that it was read")

		f := open(t, dir, "f", OpenFlags{Read: true, Write: true})
		require.NoError(t, f.SetTimes(Times{Flags: cloudabi.FilestatAtim, Atim: 7_000_000_000}))
		st, err = f.Stat()
		check(t, st, err, 7_000_000_000, 5_000_000_000)
		// Now wins over a given time, and comes from the clock.
		require.NoError(t, f.SetTimes(Times{Flags: cloudabi.FilestatMtim | cloudabi.FilestatMtimNow, Mtim: 1}))
		st, err = f.Stat()
		require.NoError(t, err)
		require.Greater(t, uint64(st.Mtim), uint64(1_500_000_000_000_000_000))
		require.Less(t, uint64(st.Mtim), uint64(1_500_001_000_000_000_000))
		require.NoError(t, f.SetTimes(Times{}))
		require.Equal(t, cloudabi.EINVAL, f.SetTimes(Times{Flags: cloudabi.FilestatSizeFlag}))
		require.Equal(t, cloudabi.EINVAL, SetTimes(dir, "f", false, Times{Flags: 0x80}))
		require.Equal(t, cloudabi.ENOENT, SetTimes(dir, "none", false, Times{}))
		require.NoError(t, f.Close())
	})
}

// readPages reads a directory a few entries at a time, and calls between before
// each further call.
func readPages(t *testing.T, dir Dir, n int, between func(seen []Entry)) (seen []Entry) {
	var cookie uint64
	for {
		had := len(seen)
		require.NoError(t, dir.ReadDir(cookie, func(e Entry) bool {
			seen = append(seen, e)
			return len(seen) < had+n
		}))
		if len(seen) == had {
			return seen
		}
		cookie = seen[len(seen)-1].Next
		between(seen)
	}
}

func TestReadDir(t *testing.T) {
	eachWritable(t, func(t *testing.T, dir Dir) {
		require.NoError(t, Mkdir(dir, "d"))
		o, err := Open(dir, "d", OpenOptions{})
		require.NoError(t, err)
		d := o.Dir
		var want []string
		for i := range 300 {
			name := fmt.Sprintf("file%d", i)
			put(t, d, name, "")
			want = append(want, name)
		}
		slices.Sort(want)
		var got []string
		seen := readPages(t, d, 7, func([]Entry) {})
		for _, e := range seen {
			if e.Name == "." || e.Name == ".." {
				require.Equal(t, dirType, e.Filetype)
				continue
			}
			st, err := d.Lookup(e.Name)
			require.NoError(t, err)
			require.Equal(t, fileType, e.Filetype)
			require.Equal(t, uint64(st.Ino), e.Inode)
			got = append(got, e.Name)
		}
		require.Len(t, seen, 302)
		slices.Sort(got)
		require.Equal(t, want, got)
		self, err := d.Stat()
		require.NoError(t, err)
		require.Equal(t, Entry{seen[0].Next, uint64(self.Ino), dirType, "."}, seen[0])
		require.Equal(t, "..", seen[1].Name)

		// Removing what has been read leaves all positions as they are.
		step := 0
		again := readPages(t, d, 10, func(seen []Entry) {
			for _, e := range seen[step:] {
				if e.Name != "." && e.Name != ".." {
					require.NoError(t, Unlink(d, e.Name, false))
				}
			}
			step = len(seen)
			if step < 100 { // a reader need never catch up with a writer
				put(t, d, fmt.Sprintf("extra%d", step), "")
			}
		})
		count := map[string]int{}
		for _, e := range again {
			count[e.Name]++
		}
		for _, n := range want {
			require.Equal(t, 1, count[n], n)
		}
		require.Equal(t, cloudabi.EINVAL, d.ReadDir(1<<63+1, func(Entry) bool { return true }))
		require.NoError(t, d.Close())
	})
}

func TestReadOnly(t *testing.T) {
	check := func(t *testing.T, dir Dir) {
		rofs := cloudabi.EROFS
		require.Equal(t, rofs, Mkdir(dir, "new"))
		require.Equal(t, cloudabi.EEXIST, Mkdir(dir, "d"))
		require.Equal(t, rofs, Symlink("x", dir, "new"))
		require.Equal(t, rofs, Link(dir, "f", false, dir, "new"))
		require.Equal(t, rofs, Rename(dir, "f", dir, "new"))
		require.Equal(t, rofs, Unlink(dir, "f", false))
		require.Equal(t, cloudabi.ENOENT, Unlink(dir, "none", false))
		require.Equal(t, rofs, Unlink(dir, "empty", true))
		require.Equal(t, rofs, SetTimes(dir, "f", false, Times{Flags: cloudabi.FilestatMtimNow}))
		require.Equal(t, rofs, SetTimes(dir, "d/..", false, Times{Flags: cloudabi.FilestatMtimNow}))
		for _, flags := range []OpenFlags{{Write: true}, {Write: true, Truncate: true}, {Read: true, Write: true, Create: true}} {
			_, err := Open(dir, "f", OpenOptions{Flags: flags})
			require.Equal(t, rofs, err)
		}
		_, err := Open(dir, "none", OpenOptions{Flags: OpenFlags{Write: true, Create: true}})
		require.Equal(t, rofs, err)
		require.Equal(t, "file", get(t, dir, "lf"))
		require.Equal(t, "inner", get(t, dir, "ld/g"))
		f := open(t, dir, "f", OpenFlags{Read: true})
		require.Equal(t, cloudabi.EBADF, f.Truncate(0))
		require.Equal(t, rofs, f.SetTimes(Times{}))
		o, err := f.Object()
		require.NoError(t, err)
		p := make([]byte, 4)
		_, err = o.ReadAt(p, 0)
		require.NoError(t, err)
		require.Equal(t, "file", string(p))
		require.NoError(t, f.Close())
		require.ElementsMatch(t, []string{"d", "empty", "f", "lf", "ld", "ldg", "dangling", "loop", "abs", "out", "lslash", "ldslash", "chain", "dnew"}, names(t, dir))
		sub, err := Open(dir, "d", OpenOptions{})
		require.NoError(t, err)
		require.Equal(t, rofs, Mkdir(sub.Dir, "new"))
		require.NoError(t, sub.Dir.Close())
	}
	eachWritable(t, func(t *testing.T, dir Dir) {
		sample(t, dir)
		again, err := dir.Reopen()
		require.NoError(t, err)
		ro := NewReadOnly(again)
		check(t, ro)
		require.NoError(t, ro.Close())
	})
	t.Run("io/fs", func(t *testing.T) { check(t, populated(t)["io/fs"]) })
}

func TestZip(t *testing.T) {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	f, err := w.Create("dir/file")
	require.NoError(t, err)
	_, err = f.Write(bytes.Repeat([]byte("0123456789"), 20_000))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	r, err := zip.NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	require.NoError(t, err)
	dir := NewFS(r)
	a := open(t, dir, "dir/file", OpenFlags{Read: true})
	b := open(t, dir, "dir/file", OpenFlags{Read: true})
	p := make([]byte, 5)
	n, err := a.ReadAt(p, 123_457)
	require.NoError(t, err)
	require.Equal(t, "78901", string(p[:n]))
	require.NoError(t, a.Close())
	n, err = b.ReadAt(p, 199_998)
	require.NoError(t, err)
	require.Equal(t, "89", string(p[:n]))
	require.NoError(t, b.Close())
	require.Equal(t, []string{"dir"}, names(t, dir))
}
