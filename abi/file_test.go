package abi

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/vfs"
)

func (g *guest) at(id cloudabi.CallID, dir uint64, path string, more ...uint64) cloudabi.Errno {
	a, n := g.str(path)
	_, errno := g.sys(id, append([]uint64{dir, a, n}, more...)...)
	return errno
}

func TestOpenRights(t *testing.T) {
	run(t, func(g *guest) {
		g.create("f")
		dir := g.stat(0)
		open := func(less cloudabi.Rights, oflags cloudabi.Oflags, flags cloudabi.Fdflags, base, inheriting cloudabi.Rights) cloudabi.Errno {
			fd := g.ok(cloudabi.CallFdDup, 0)
			defer g.ok(cloudabi.CallFdClose, fd)
			g.ok(cloudabi.CallFdStatPut, fd, g.fdstat(0, dir.RightsBase, dir.RightsInheriting&^less), 2)
			opened, errno := g.open(fd, "f", uint64(oflags), flags, base, inheriting)
			if errno == 0 {
				g.ok(cloudabi.CallFdClose, opened)
			}
			return errno
		}
		const read, write = cloudabi.RightFdRead, cloudabi.RightFdWrite
		for _, c := range []struct {
			less   cloudabi.Rights
			oflags cloudabi.Oflags
			flags  cloudabi.Fdflags
			base   cloudabi.Rights
			inh    cloudabi.Rights
			want   cloudabi.Errno
		}{
			{0, 0, 0, read, 0, 0},
			{read, 0, 0, read, 0, cloudabi.ENOTCAPABLE},
			{read, 0, 0, 0, read, cloudabi.ENOTCAPABLE},
			{read, 0, 0, 0, 0, 0},
			{cloudabi.RightFileStatFputSize, cloudabi.OTrunc, 0, write, 0, cloudabi.ENOTCAPABLE},
			{cloudabi.RightFdSeek, cloudabi.OTrunc, 0, write, 0, 0},
			{cloudabi.RightFdSeek, 0, 0, write, 0, cloudabi.ENOTCAPABLE},
			{cloudabi.RightFdSeek, 0, cloudabi.FdflagAppend, write, 0, 0},
			{cloudabi.RightFdSeek, 0, 0, read, 0, 0},
			{cloudabi.RightFdDatasync, 0, cloudabi.FdflagDsync, read, 0, cloudabi.ENOTCAPABLE},
			{cloudabi.RightFdSync, 0, cloudabi.FdflagSync, read, 0, cloudabi.ENOTCAPABLE},
			{cloudabi.RightFdSync, 0, cloudabi.FdflagRsync, read, 0, cloudabi.ENOTCAPABLE},
			{cloudabi.RightFdSync, 0, cloudabi.FdflagDsync, read, 0, 0},
			{0, 0, 0, 1 << 63, 0, cloudabi.ENOTCAPABLE},
		} {
			require.Equal(g, c.want, open(c.less, c.oflags, c.flags, c.base, c.inh), "%+v", c)
		}
		// Creating needs a right of its own in the base word.
		fd := g.ok(cloudabi.CallFdDup, 0)
		g.ok(cloudabi.CallFdStatPut, fd, g.fdstat(0, dir.RightsBase&^cloudabi.RightFileCreateFile, dir.RightsInheriting), 2)
		_, errno := g.open(fd, "new", creat, 0, readWrite, 0)
		require.Equal(g, cloudabi.ENOTCAPABLE, errno)
		require.Equal(g, cloudabi.ENOENT, g.at(cloudabi.CallFileStatGet, 0, "new", g.scratch))

		// What the kind does not have is dropped.
		require.Zero(g, g.at(cloudabi.CallFileCreate, 0, "sub", uint64(cloudabi.FiletypeDirectory)))
		sub, errno := g.open(0, "sub", uint64(cloudabi.ODirectory), 0, cloudabi.RightFdRead|cloudabi.RightFileOpen, cloudabi.RightFdRead)
		require.Zero(g, errno)
		require.Equal(g, cloudabi.RightFileOpen, g.stat(sub).RightsBase)
		require.Equal(g, cloudabi.RightFdRead, g.stat(sub).RightsInheriting)
		_, errno = g.open(sub, "../f", 0, 0, read, 0)
		require.Equal(g, cloudabi.ENOTCAPABLE, errno)
	}, memoryDir())
}

// TestOpenMode: what was opened for one direction does not do the other, even
// with the right to.
func TestOpenMode(t *testing.T) {
	run(t, func(g *guest) {
		g.create("f")
		ro, errno := g.open(0, "f", 0, 0, cloudabi.RightFdRead|cloudabi.RightFdSeek, 0)
		require.Zero(g, errno)
		_, errno = g.write(ro, "x")
		require.Equal(g, cloudabi.ENOTCAPABLE, errno)
		wo, errno := g.open(0, "f", 0, 0, cloudabi.RightFdWrite|cloudabi.RightFdSeek|cloudabi.RightMemMap, 0)
		require.Zero(g, errno)
		_, errno = g.read(wo, 1)
		require.Equal(g, cloudabi.ENOTCAPABLE, errno)
		g.fails(cloudabi.EACCES, cloudabi.CallMemMap, 0, 4096, 0, 4, wo, 0)
	}, memoryDir())

	dir := vfs.NewMemory(func() uint64 { return 0 }, nil)
	file := func() Object {
		o, err := vfs.Open(dir, "f", vfs.OpenOptions{Flags: vfs.OpenFlags{Read: true, Write: true, Create: true}})
		require.NoError(t, err)
		return NewFile(o.File)
	}
	run(t, func(g *guest) {
		_, errno := g.write(0, "x")
		require.Equal(g, cloudabi.EBADF, errno)
		_, errno = g.read(0, 1)
		require.Zero(g, errno)
		g.fails(cloudabi.EACCES, cloudabi.CallMemMap, 0, 4096, 6, 8, 0, 0)
		g.fails(cloudabi.EBADF, cloudabi.CallFileAllocate, 0, 0, 1)
		_, errno = g.read(1, 1)
		require.Equal(g, cloudabi.EBADF, errno)
		g.fails(cloudabi.EBADF, cloudabi.CallFdPread, 1, 0, 0, 0)
		g.fails(cloudabi.EBADF, cloudabi.CallFdPwrite, 0, 0, 0, 0)
		_, errno = g.write(1, "x")
		require.Zero(g, errno)
	}, DescriptorSpec{Object: file(), ReadOnly: true}, DescriptorSpec{Object: file(), WriteOnly: true})
}

func TestPathArguments(t *testing.T) {
	run(t, func(g *guest) {
		stat := func(path string) cloudabi.Errno { return g.at(cloudabi.CallFileStatGet, 0, path, g.scratch+64) }
		require.Equal(g, cloudabi.ENOENT, stat(""))
		require.Equal(g, cloudabi.EINVAL, stat("a\x00b"))
		require.Equal(g, cloudabi.ENAMETOOLONG, stat(strings.Repeat("a/", 512)))
		require.Equal(g, cloudabi.ENAMETOOLONG, stat(strings.Repeat("a", 256)))
		require.Equal(g, cloudabi.ENOTCAPABLE, stat("/etc"))
		require.Equal(g, cloudabi.ENOTCAPABLE, stat(".."))
		require.Zero(g, stat("."))
		g.fails(cloudabi.EFAULT, cloudabi.CallFileStatGet, 99, 16, 3, 0)
		g.fails(cloudabi.EBADF, cloudabi.CallFileStatGet, 99, g.put([]byte("x")), 1, 0)
		g.fails(cloudabi.ENAMETOOLONG, cloudabi.CallFileStatGet, 99, 0, ^uint64(0), 0)
		fd := g.create("f")
		require.Equal(g, cloudabi.ENOTCAPABLE, g.at(cloudabi.CallFileStatGet, fd, "x", 0))
		require.Equal(g, cloudabi.EFAULT, g.at(cloudabi.CallFileStatGet, 0, "f", 16))
	}, memoryDir())
}

func TestNames(t *testing.T) {
	run(t, func(g *guest) {
		require.Equal(g, cloudabi.EINVAL, g.at(cloudabi.CallFileCreate, 0, "d", uint64(cloudabi.FiletypeRegularFile)))
		require.Zero(g, g.at(cloudabi.CallFileCreate, 0, "d", 0x20))
		require.Equal(g, cloudabi.EEXIST, g.at(cloudabi.CallFileCreate, 0, "d", 0x20))
		fd := g.create("d/f")
		g.write(fd, "data")
		a, n := g.str("d/f")
		b, m := g.str("g")
		g.ok(cloudabi.CallFileLink, 0, a, n, 0, b, m)
		c, k := g.str("h")
		g.ok(cloudabi.CallFileRename, 0, b, m, 0, c, k)
		target, l := g.str("d/f")
		s, sl := g.str("link")
		g.ok(cloudabi.CallFileSymlink, target, l, 0, s, sl)
		buf := g.put(make([]byte, 32))
		require.EqualValues(g, 3, g.ok(cloudabi.CallFileReadlink, 0, s, sl, buf, 32))
		require.EqualValues(g, 2, g.ok(cloudabi.CallFileReadlink, 0, s, sl, buf, 2))
		require.EqualValues(g, 0, g.ok(cloudabi.CallFileReadlink, 0, s, sl, 0, 0))
		g.fails(cloudabi.EINVAL, cloudabi.CallFileReadlink, 0, c, k, buf, 32)
		g.fails(cloudabi.EFAULT, cloudabi.CallFileReadlink, 0, s, sl, 16, 32)

		var st cloudabi.Filestat
		g.ok(cloudabi.CallFileStatGet, 0, s, sl, buf-buf%8+0)
		st.Get(g.load(buf-buf%8, 56))
		require.Equal(g, cloudabi.FiletypeSymbolicLink, st.Filetype)
		g.ok(cloudabi.CallFileStatGet, 1<<32, s, sl, g.scratch+64)
		st.Get(g.load(g.scratch+64, 56))
		require.Equal(g, cloudabi.FiletypeRegularFile, st.Filetype)
		require.EqualValues(g, 4, st.Size)
		require.EqualValues(g, 2, st.Nlink)
		_, errno := g.open(0, "link", 0, 0, cloudabi.RightFdRead, 0)
		require.Equal(g, cloudabi.ELOOP, errno)
		_, errno = g.open(1<<32, "link", 0, 0, cloudabi.RightFdRead, 0)
		require.Zero(g, errno)

		require.Equal(g, cloudabi.EPERM, g.at(cloudabi.CallFileUnlink, 0, "d", 0))
		require.Equal(g, cloudabi.ENOTEMPTY, g.at(cloudabi.CallFileUnlink, 0, "d", 1))
		require.Equal(g, cloudabi.ENOTDIR, g.at(cloudabi.CallFileUnlink, 0, "link", 1))
		require.Zero(g, g.at(cloudabi.CallFileUnlink, 0, "d/f", 0))
		require.Zero(g, g.at(cloudabi.CallFileUnlink, 0, "d", 1))
	}, memoryDir())
}

func TestStatPut(t *testing.T) {
	run(t, func(g *guest) {
		fd := g.create("f")
		st := cloudabi.Filestat{Size: 100, Atim: 5, Mtim: 6}
		b := make([]byte, 56)
		st.Put(b)
		a := g.put(b)
		for _, flags := range []uint64{16, 17, 32} {
			require.Equal(g, cloudabi.EINVAL, g.at(cloudabi.CallFileStatPut, 0, "f", a, flags))
		}
		for _, flags := range []uint64{0, 17, 32, 0x8010} {
			g.fails(cloudabi.EINVAL, cloudabi.CallFileStatFput, fd, a, flags)
		}
		require.Zero(g, g.at(cloudabi.CallFileStatPut, 0, "f", a, 0))
		require.Zero(g, g.at(cloudabi.CallFileStatPut, 0, "f", a, 1|4))
		out := g.put(make([]byte, 64))
		g.ok(cloudabi.CallFileStatFget, fd, out)
		st.Get(g.load(out, 56))
		require.EqualValues(g, 5, st.Atim)
		require.EqualValues(g, 6, st.Mtim)
		g.ok(cloudabi.CallFileStatFput, fd, a, 2|4)
		g.ok(cloudabi.CallFileStatFput, fd, a, 16)
		g.ok(cloudabi.CallFileStatFget, fd, out)
		st.Get(g.load(out, 56))
		require.EqualValues(g, 42e9, st.Atim, "now")
		require.EqualValues(g, 100, st.Size)
		g.fails(cloudabi.EFAULT, cloudabi.CallFileStatFput, 99, 16, 16)
		st.Size = 1 << 63
		st.Put(b)
		g.fails(cloudabi.EINVAL, cloudabi.CallFileStatFput, fd, g.put(b), 16)
		ro, _ := g.open(0, "f", 0, 0, cloudabi.RightFdRead, 0)
		g.fails(cloudabi.ENOTCAPABLE, cloudabi.CallFileStatFput, ro, a, 16)
		g.fails(cloudabi.ENOTCAPABLE, cloudabi.CallFileStatFput, ro, a, 1)
	}, memoryDir())
}

func TestAdviseAndAllocate(t *testing.T) {
	run(t, func(g *guest) {
		fd := g.create("f")
		for advice := uint64(1); advice <= 6; advice++ {
			g.ok(cloudabi.CallFileAdvise, fd, 0, 0, advice)
		}
		g.fails(cloudabi.EINVAL, cloudabi.CallFileAdvise, 99, 0, 0, 0)
		g.fails(cloudabi.EINVAL, cloudabi.CallFileAdvise, 99, 0, 0, 7)
		g.fails(cloudabi.EINVAL, cloudabi.CallFileAdvise, fd, 1<<63, 0, 1)
		g.fails(cloudabi.EINVAL, cloudabi.CallFileAdvise, fd, 1<<62, 1<<62, 1)
		g.fails(cloudabi.EINVAL, cloudabi.CallFileAllocate, fd, 0, 0)
		g.fails(cloudabi.EINVAL, cloudabi.CallFileAllocate, fd, 1<<63, 1)
		g.fails(cloudabi.EFBIG, cloudabi.CallFileAllocate, fd, 1<<63-1, 1)
		g.ok(cloudabi.CallFileAllocate, fd, 10, 10)
		require.EqualValues(g, 20, g.ok(cloudabi.CallFdSeek, fd, 0, uint64(cloudabi.WhenceEnd)))
		g.ok(cloudabi.CallFileAllocate, fd, 0, 5)
		require.EqualValues(g, 20, g.ok(cloudabi.CallFdSeek, fd, 0, uint64(cloudabi.WhenceEnd)))
	}, memoryDir())
}

// TestReaddir reads a directory with buffers of every size, resuming after the
// last complete entry as the C library does.
func TestReaddir(t *testing.T) {
	run(t, func(g *guest) {
		want := map[string]bool{".": true, "..": true}
		for _, name := range []string{"a", "bb", strings.Repeat("c", 255), "d"} {
			g.create(name)
			want[name] = true
		}
		buf := g.alloc(65536)
		for _, size := range []int{24 + 255, 300, 1000, 65536} {
			seen := map[string]bool{}
			var cookie uint64
			for {
				used := int(g.ok(cloudabi.CallFileReaddir, 0, buf, uint64(size), cookie))
				b := g.load(buf, used)
				for len(b) >= cloudabi.DirentSize {
					var d cloudabi.Dirent
					d.Get(b)
					if len(b) < cloudabi.DirentSize+int(d.Namlen) {
						break
					}
					name := string(b[cloudabi.DirentSize:][:d.Namlen])
					require.False(g, seen[name])
					seen[name] = true
					cookie = uint64(d.Next)
					b = b[cloudabi.DirentSize+int(d.Namlen):]
				}
				if used < size {
					break
				}
			}
			require.Equal(g, want, seen)
		}
		require.EqualValues(g, 5, g.ok(cloudabi.CallFileReaddir, 0, buf, 5, 0), "cut anywhere")
		require.EqualValues(g, 0, g.ok(cloudabi.CallFileReaddir, 0, 0, 0, 0))
		g.fails(cloudabi.EFAULT, cloudabi.CallFileReaddir, 0, 16, 100, 0)
		g.fails(cloudabi.EBADF, cloudabi.CallFileReaddir, 99, buf, 100, 0)
		g.fails(cloudabi.ENOTCAPABLE, cloudabi.CallFileReaddir, 1, buf, 100, 0)
	}, memoryDir())
}

func TestReadOnlyFileSystem(t *testing.T) {
	dir := vfs.NewReadOnly(vfs.NewMemory(func() uint64 { return 0 }, nil))
	run(t, func(g *guest) {
		_, errno := g.open(0, "f", creat, 0, readWrite, 0)
		require.Equal(g, cloudabi.EROFS, errno)
	}, DescriptorSpec{Object: NewDirectory(dir)})
}
