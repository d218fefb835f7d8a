package abi

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
	"github.com/nuage-emu/nuage/vfs"
)

func memoryDir() DescriptorSpec {
	return DescriptorSpec{Object: NewDirectory(vfs.NewMemory(func() uint64 { return 42e9 }, nil))}
}

// fdstat is what file_open takes and fd_stat_put sets.
func (g *guest) fdstat(flags cloudabi.Fdflags, base, inheriting cloudabi.Rights) uint64 {
	s := cloudabi.Fdstat{Flags: flags, RightsBase: base, RightsInheriting: inheriting}
	b := make([]byte, cloudabi.FdstatSize)
	s.Put(b)
	return g.put(b)
}

func (g *guest) stat(fd uint64) (s cloudabi.Fdstat) {
	g.Helper()
	a := g.put(make([]byte, cloudabi.FdstatSize))
	g.ok(cloudabi.CallFdStatGet, fd, a)
	s.Get(g.load(a, cloudabi.FdstatSize))
	return s
}

const (
	readWrite = cloudabi.RightFdRead | cloudabi.RightFdWrite | cloudabi.RightFdSeek | cloudabi.RightFdTell |
		cloudabi.RightFileStatFget | cloudabi.RightFileStatFputSize | cloudabi.RightFileStatFputTimes |
		cloudabi.RightFdStatPutFlags | cloudabi.RightFileAllocate | cloudabi.RightFileAdvise |
		cloudabi.RightFdSync | cloudabi.RightFdDatasync | cloudabi.RightMemMap | cloudabi.RightMemMapExec |
		cloudabi.RightPollFdReadwrite
	creat = uint64(cloudabi.OCreat)
)

func (g *guest) open(dir uint64, path string, oflags uint64, flags cloudabi.Fdflags, base, inheriting cloudabi.Rights) (uint64, cloudabi.Errno) {
	a, n := g.str(path)
	out, errno := g.sys(cloudabi.CallFileOpen, dir, a, n, oflags, g.fdstat(flags, base, inheriting))
	return out[0], errno
}

func (g *guest) create(path string) uint64 {
	g.Helper()
	fd, errno := g.open(0, path, creat, 0, readWrite, 0)
	require.Equal(g, cloudabi.ESUCCESS, errno)
	return fd
}

func (g *guest) write(fd uint64, parts ...string) (uint64, cloudabi.Errno) {
	var v []uint64
	for _, p := range parts {
		a, n := g.str(p)
		v = append(v, a, n)
	}
	a, n := g.iov(v...)
	out, errno := g.sys(cloudabi.CallFdWrite, fd, a, n)
	return out[0], errno
}

func (g *guest) read(fd uint64, n int) (string, cloudabi.Errno) {
	buf := g.put(make([]byte, n+1))
	a, l := g.iov(buf, uint64(n))
	out, errno := g.sys(cloudabi.CallFdRead, fd, a, l)
	return string(g.load(buf, int(out[0]))), errno
}

func TestReadWriteSeek(t *testing.T) {
	run(t, func(g *guest) {
		fd := g.create("f")
		n, errno := g.write(fd, "hello ", "", "world")
		require.Zero(g, errno)
		require.EqualValues(g, 11, n)
		s, errno := g.read(fd, 10)
		require.Zero(g, errno)
		require.Empty(g, s, "the offset is at the end")
		set, cur, end := uint64(cloudabi.WhenceSet), uint64(cloudabi.WhenceCur), uint64(cloudabi.WhenceEnd)
		require.EqualValues(g, 6, g.ok(cloudabi.CallFdSeek, fd, 6, set))
		s, _ = g.read(fd, 3)
		require.Equal(g, "wor", s)
		require.EqualValues(g, 9, g.ok(cloudabi.CallFdSeek, fd, 0, cur))
		require.EqualValues(g, 8, g.ok(cloudabi.CallFdSeek, fd, ^uint64(2), end))
		require.EqualValues(g, 1000, g.ok(cloudabi.CallFdSeek, fd, 1000, set))
		g.fails(cloudabi.EINVAL, cloudabi.CallFdSeek, fd, ^uint64(2000), cur)
		g.fails(cloudabi.EINVAL, cloudabi.CallFdSeek, fd, 1<<63, set)
		g.fails(cloudabi.EOVERFLOW, cloudabi.CallFdSeek, fd, 1<<63-1, cur)
		for _, whence := range []uint64{0, 4, 255} {
			g.fails(cloudabi.EINVAL, cloudabi.CallFdSeek, 99, 0, whence)
		}
		g.fails(cloudabi.EBADF, cloudabi.CallFdSeek, 99, 0, set)

		// pread and pwrite leave the offset alone.
		buf := g.put(make([]byte, 20))
		a, l := g.iov(buf, 5)
		require.EqualValues(g, 5, g.ok(cloudabi.CallFdPread, fd, a, l, 6))
		require.Equal(g, "world", string(g.load(buf, 5)))
		require.EqualValues(g, 5, g.ok(cloudabi.CallFdPwrite, fd, a, l, 20))
		require.EqualValues(g, 1000, g.ok(cloudabi.CallFdSeek, fd, 0, cur))
		require.EqualValues(g, 25, g.ok(cloudabi.CallFdSeek, fd, 0, end))
		g.fails(cloudabi.EINVAL, cloudabi.CallFdPread, fd, a, l, 1<<63)
		g.fails(cloudabi.EINVAL, cloudabi.CallFdPwrite, fd, a, l, ^uint64(0))

		// Duplicates share the offset.
		dup := g.ok(cloudabi.CallFdDup, fd)
		g.ok(cloudabi.CallFdSeek, dup, 2, set)
		require.EqualValues(g, 2, g.ok(cloudabi.CallFdSeek, fd, 0, cur))
		g.ok(cloudabi.CallFdSync, fd)
		g.ok(cloudabi.CallFdDatasync, fd)
	}, memoryDir())
}

func TestLargeTransfer(t *testing.T) {
	run(t, func(g *guest) {
		fd := g.create("f")
		data := bytes.Repeat([]byte("0123456789abcde"), 60000)
		src, dst := g.put(data), g.alloc(len(data))
		a, l := g.iov(src, 100, src+100, uint64(len(data)-100))
		require.EqualValues(g, len(data), g.ok(cloudabi.CallFdWrite, fd, a, l))
		a, l = g.iov(dst, 300000, dst+300000, 1, dst+300001, uint64(len(data)-300001))
		require.EqualValues(g, len(data), g.ok(cloudabi.CallFdPread, fd, a, l, 0))
		require.True(g, bytes.Equal(data, g.load(dst, len(data))))
	}, memoryDir())
}

func TestLists(t *testing.T) {
	run(t, func(g *guest) {
		fd := g.create("f")
		for _, id := range []cloudabi.CallID{cloudabi.CallFdRead, cloudabi.CallFdWrite} {
			require.EqualValues(g, 0, g.ok(id, fd, 0, 0), "an empty list moves nothing")
			g.fails(cloudabi.EINVAL, id, 99, 0, 1025)
			g.fails(cloudabi.EFAULT, id, 99, 16, 1)
			a, l := g.iov(0, 1<<63)
			g.fails(cloudabi.EINVAL, id, 99, a, l)
			a, l = g.iov(0, 1<<62, 0, 1<<62)
			g.fails(cloudabi.EINVAL, id, 99, a, l)
			a, l = g.iov(0, 0)
			require.EqualValues(g, 0, g.ok(id, fd, a, l), "nobody looks at an empty buffer")
			g.fails(cloudabi.EBADF, id, 99, a, l)
		}
		many := make([]uint64, 2*1024)
		p := g.put([]byte("x"))
		for i := range many {
			many[i] = p
			if i%2 == 1 {
				many[i] = 1
			}
		}
		a, l := g.iov(many...)
		require.EqualValues(g, 1024, g.ok(cloudabi.CallFdWrite, fd, a, l))
	}, memoryDir())
}

// TestFaultInTheMiddle: what could be moved counts.
func TestFaultInTheMiddle(t *testing.T) {
	run(t, func(g *guest) {
		page := g.alloc(3 * memory.PageSize)
		require.NoError(g, g.space.Unmap(page+memory.PageSize, memory.PageSize))
		edge := page + memory.PageSize
		fd := g.create("f")
		a, l := g.iov(page, 10, edge-5, 10)
		require.EqualValues(g, 15, g.ok(cloudabi.CallFdWrite, fd, a, l))
		a, l = g.iov(edge, 10)
		g.fails(cloudabi.EFAULT, cloudabi.CallFdWrite, fd, a, l)
		g.ok(cloudabi.CallFdSeek, fd, 0, uint64(cloudabi.WhenceSet))
		g.fails(cloudabi.EFAULT, cloudabi.CallFdRead, fd, a, l)
		a, l = g.iov(edge-3, 100)
		require.EqualValues(g, 3, g.ok(cloudabi.CallFdRead, fd, a, l))
		require.EqualValues(g, 3, g.ok(cloudabi.CallFdSeek, fd, 0, uint64(cloudabi.WhenceCur)), "the rest is not consumed")
		a, l = g.iov(edge-3, 3, 1<<32, 100)
		require.EqualValues(g, 3, g.ok(cloudabi.CallFdRead, fd, a, l))
		a, l = g.iov(page, 1<<62)
		require.EqualValues(g, memory.PageSize, g.ok(cloudabi.CallFdWrite, fd, a, l))
	}, memoryDir())
}

func TestAppend(t *testing.T) {
	run(t, func(g *guest) {
		fd := g.create("f")
		g.write(fd, "12345")
		app, errno := g.open(0, "f", 0, cloudabi.FdflagAppend, readWrite, 0)
		require.Zero(g, errno)
		g.write(fd, "6")
		g.write(app, "abcde")
		require.EqualValues(g, 11, g.ok(cloudabi.CallFdSeek, app, 0, uint64(cloudabi.WhenceCur)))
		a, l := g.iov(g.put([]byte("xyz")), 3)
		g.ok(cloudabi.CallFdPwrite, app, a, l, 0)
		require.EqualValues(g, 11, g.ok(cloudabi.CallFdSeek, app, 0, uint64(cloudabi.WhenceCur)))
		g.ok(cloudabi.CallFdSeek, fd, 0, uint64(cloudabi.WhenceSet))
		s, _ := g.read(fd, 100)
		require.Equal(g, "123456abcdexyz", s)
		// The flag belongs to the open file and can be changed.
		dup := g.ok(cloudabi.CallFdDup, app)
		g.ok(cloudabi.CallFdStatPut, app, g.fdstat(cloudabi.FdflagNonblock|cloudabi.FdflagSync|1<<9, 0, 0), uint64(cloudabi.FdstatFlags))
		require.Equal(g, cloudabi.FdflagNonblock|cloudabi.FdflagSync, g.stat(dup).Flags)
		g.write(dup, "Z")
		g.ok(cloudabi.CallFdSeek, fd, 11, uint64(cloudabi.WhenceSet))
		s, _ = g.read(fd, 100)
		require.Equal(g, "Zyz", s)
	}, memoryDir())
}

func TestDescriptorNumbers(t *testing.T) {
	w := newWorld(t, Limits{Descriptors: 6, OpenFiles: 4})
	w.run(func(g *guest) {
		require.EqualValues(g, 1, g.create("a"))
		require.EqualValues(g, 2, g.ok(cloudabi.CallFdDup, 1))
		require.EqualValues(g, 3, g.ok(cloudabi.CallFdDup, 1))
		g.ok(cloudabi.CallFdClose, 2)
		g.fails(cloudabi.EBADF, cloudabi.CallFdClose, 2)
		g.ok(cloudabi.CallFdClose, 1)
		require.EqualValues(g, 1, g.create("b"), "the lowest free number")
		require.EqualValues(g, 2, g.create("c"))
		_, errno := g.open(0, "d", creat, 0, readWrite, 0)
		require.Equal(g, cloudabi.ENFILE, errno)
		g.fails(cloudabi.ENFILE, cloudabi.CallFdCreate1, uint64(cloudabi.FiletypeSharedMemory))
		g.ok(cloudabi.CallFdDup, 1)
		g.ok(cloudabi.CallFdDup, 1)
		g.fails(cloudabi.EMFILE, cloudabi.CallFdDup, 1)
		_, errno = g.open(0, "never", creat, 0, readWrite, 0)
		require.Equal(g, cloudabi.EMFILE, errno)
		a, n := g.str("never")
		g.fails(cloudabi.ENOENT, cloudabi.CallFileStatGet, 0, a, n, g.put(make([]byte, 56)))
		g.fails(cloudabi.EBADF, cloudabi.CallFdDup, 0xffffffff)
		g.fails(cloudabi.EBADF, cloudabi.CallFdReplace, 1, 77)
		g.fails(cloudabi.EBADF, cloudabi.CallFdReplace, 77, 1)
		g.fails(cloudabi.EBADF, cloudabi.CallFdReplace, 77, 77)
		g.ok(cloudabi.CallFdReplace, 3, 3)
		g.ok(cloudabi.CallFdReplace, 0, 3)
		require.Equal(g, cloudabi.FiletypeDirectory, g.stat(3).Filetype)
		require.Equal(g, g.stat(0), g.stat(3))
	}, memoryDir())
	require.Zero(t, w.m.openFiles.Load())
}

func TestFdStatPut(t *testing.T) {
	run(t, func(g *guest) {
		fd := g.create("f")
		require.Equal(g, readWrite, g.stat(fd).RightsBase)
		for _, what := range []uint64{0, 3, 4, 0xffff} {
			g.fails(cloudabi.EINVAL, cloudabi.CallFdStatPut, 99, 0, what)
		}
		g.fails(cloudabi.EFAULT, cloudabi.CallFdStatPut, 99, 0, 1)
		g.fails(cloudabi.EBADF, cloudabi.CallFdStatPut, 99, g.fdstat(0, 0, 0), 1)
		g.fails(cloudabi.EBADF, cloudabi.CallFdStatPut, 99, g.fdstat(0, 0, 0), 2)
		g.fails(cloudabi.ENOTCAPABLE, cloudabi.CallFdStatPut, fd, g.fdstat(0, readWrite|cloudabi.RightProcExec, 0), 2)
		g.fails(cloudabi.ENOTCAPABLE, cloudabi.CallFdStatPut, fd, g.fdstat(0, readWrite, 1), 2)
		g.fails(cloudabi.ENOTCAPABLE, cloudabi.CallFdStatPut, fd, g.fdstat(0, 1<<63, 0), 2)
		require.Equal(g, readWrite, g.stat(fd).RightsBase)
		dup := g.ok(cloudabi.CallFdDup, fd)
		g.ok(cloudabi.CallFdStatPut, fd, g.fdstat(0, cloudabi.RightFdRead, 0), 2)
		require.Equal(g, readWrite, g.stat(dup).RightsBase, "rights belong to the number")
		g.fails(cloudabi.ENOTCAPABLE, cloudabi.CallFdStatPut, fd, g.fdstat(0, 0, 0), 1)
		_, errno := g.write(fd, "x")
		require.Equal(g, cloudabi.ENOTCAPABLE, errno)
		_, errno = g.read(fd, 1)
		require.Zero(g, errno)
		g.ok(cloudabi.CallFdStatPut, fd, g.fdstat(0, 0, 0), 2)
		_, errno = g.read(fd, 1)
		require.Equal(g, cloudabi.ENOTCAPABLE, errno)
		g.ok(cloudabi.CallFdClose, fd)
	}, memoryDir())
}

// TestRightsOfCalls takes each right that a call needs away from a descriptor
// that has all others, and finds ENOTCAPABLE; with the right it is something
// else. The rows of the call table say which rights those are.
func TestRightsOfCalls(t *testing.T) {
	run(t, func(g *guest) {
		file := g.create("f")
		path, n := g.str("f")
		buf := g.put(make([]byte, 64))
		iov, l := g.iov(buf, 1)
		arguments := map[cloudabi.CallID][]uint64{
			cloudabi.CallFdDatasync: {file}, cloudabi.CallFdSync: {file},
			cloudabi.CallFdRead: {file, iov, l}, cloudabi.CallFdWrite: {file, iov, l},
			cloudabi.CallFdPread: {file, iov, l, 0}, cloudabi.CallFdPwrite: {file, iov, l, 0},
			cloudabi.CallFileAdvise: {file, 0, 0, 3}, cloudabi.CallFileAllocate: {file, 0, 1},
			cloudabi.CallFileLink:    {0, path, n, 0, path, n},
			cloudabi.CallFileOpen:    {0, path, n, 0, g.fdstat(0, 0, 0)},
			cloudabi.CallFileReaddir: {0, buf, 64, 0}, cloudabi.CallFileReadlink: {0, path, n, buf, 64},
			cloudabi.CallFileRename:   {0, path, n, 0, path, n},
			cloudabi.CallFileStatFget: {file, buf}, cloudabi.CallFileStatGet: {0, path, n, buf},
			cloudabi.CallFileStatPut: {0, path, n, buf, 0}, cloudabi.CallFileSymlink: {path, n, 0, path, n},
			cloudabi.CallFileUnlink: {0, path, n, 1},
		}
		tried := 0
		for id, args := range arguments {
			for i, need := range rowOf(id).rights {
				for bit := cloudabi.Rights(1); bit != 0 && bit <= need; bit <<= 1 {
					if need&bit == 0 {
						continue
					}
					all := g.stat(args[i] & 0xffffffff)
					less := g.ok(cloudabi.CallFdDup, args[i])
					in := append([]uint64(nil), args...)
					in[i] = less
					_, errno := g.sys(id, in...)
					require.NotEqual(g, cloudabi.ENOTCAPABLE, errno, "%v", id)
					if id == cloudabi.CallFileOpen {
						g.ok(cloudabi.CallFdClose, less+1)
					}
					g.ok(cloudabi.CallFdStatPut, less, g.fdstat(0, all.RightsBase&^bit, all.RightsInheriting), 2)
					g.fails(cloudabi.ENOTCAPABLE, id, in...)
					g.ok(cloudabi.CallFdClose, less)
					in[i] = less
					g.fails(cloudabi.EBADF, id, in...)
					tried++
				}
			}
		}
		require.Equal(g, 22, tried)
	}, memoryDir())
}

func TestSharedMemory(t *testing.T) {
	run(t, func(g *guest) {
		for _, typ := range []uint64{0, 0x20, 0x60, 0x71, 0x80} {
			g.fails(cloudabi.EINVAL, cloudabi.CallFdCreate1, typ)
		}
		fd := g.ok(cloudabi.CallFdCreate1, uint64(cloudabi.FiletypeSharedMemory))
		s := g.stat(fd)
		require.Equal(g, cloudabi.LargestRights(cloudabi.FiletypeSharedMemory), cloudabi.RightsPair{Base: s.RightsBase, Inheriting: s.RightsInheriting})
		_, errno := g.read(fd, 1)
		require.Equal(g, cloudabi.ENOTSUP, errno)
		var st cloudabi.Filestat
		st.Size = 5000
		b := make([]byte, cloudabi.FilestatSize)
		st.Put(b)
		g.ok(cloudabi.CallFileStatFput, fd, g.put(b), uint64(cloudabi.FilestatSizeFlag))
		a := g.put(make([]byte, 56))
		g.ok(cloudabi.CallFileStatFget, fd, a)
		st.Get(g.load(a, 56))
		require.EqualValues(g, 5000, st.Size)
		require.Equal(g, cloudabi.FiletypeSharedMemory, st.Filetype)
		m1 := g.ok(cloudabi.CallMemMap, 0, 8192, 6, 8, fd, 0)
		m2 := g.ok(cloudabi.CallMemMap, 0, 8192, 6, 8, fd, 0)
		g.ok(cloudabi.CallFdClose, fd)
		g.store64(m1+4096, 0x1122)
		require.EqualValues(g, 0x1122, g.load64(m2+4096))
	})
}

func TestMemMap(t *testing.T) {
	run(t, func(g *guest) {
		const anon, fixed, private, shared = 1, 2, 4, 8
		none := uint64(0xffffffff)
		for _, c := range []struct {
			len, prot, flags, fd, off uint64
			errno                     cloudabi.Errno
		}{
			{4096, 3, anon | private, none, 0, cloudabi.ENOTSUP}, // write and exec
			{4096, 8, anon | private, none, 0, cloudabi.ENOTSUP},
			{0, 3, 0, 99, 0, cloudabi.ENOTSUP}, // before all else
			{0, 6, anon | private, none, 0, cloudabi.EINVAL},
			{4096, 6, anon, none, 0, cloudabi.EINVAL},
			{4096, 6, anon | private | shared, none, 0, cloudabi.EINVAL},
			{4096, 6, anon | private, 1, 0, cloudabi.EINVAL},
			{4096, 6, anon | private, none, 4096, cloudabi.EINVAL},
			{4096, 6, private, 99, 0, cloudabi.EBADF},
			{4096, 6, private, 0, 0, cloudabi.ENOTCAPABLE}, // a directory
			{1 << 40, 6, anon | private, none, 0, cloudabi.ENOMEM},
			{^uint64(0), 6, anon | private, none, 0, cloudabi.ENOMEM},
			{4096, 0, anon | private, none, 0, 0},
			{1, 5, anon | shared, none, 0, 0},
		} {
			_, errno := g.sys(cloudabi.CallMemMap, 0, c.len, c.prot, c.flags, c.fd, c.off)
			if c.errno == cloudabi.ENOMEM && errno == cloudabi.EINVAL {
				continue // either is right for a length that never fits
			}
			require.Equal(g, c.errno, errno, "%+v", c)
		}
		fd := g.create("f")
		g.write(fd, strings.Repeat("x", 5000))
		m := g.ok(cloudabi.CallMemMap, 0, 5000, 6, shared, fd, 0)
		require.Equal(g, []byte("xx\x00"), g.load(m+4998, 3))
		g.store(m, []byte("YZ"))
		a, l := g.iov(g.scratch+64, 3)
		g.ok(cloudabi.CallFdPread, fd, a, l, 0)
		require.Equal(g, "YZx", string(g.load(g.scratch+64, 3)))
		g.ok(cloudabi.CallMemSync, m, 8192, 4)
		g.ok(cloudabi.CallMemSync, m, 8192, 1|2)
		for _, flags := range []uint64{0, 2, 5, 7, 8} {
			g.fails(cloudabi.EINVAL, cloudabi.CallMemSync, m, 4096, flags)
		}
		g.fails(cloudabi.EINVAL, cloudabi.CallMemSync, m+1, 4096, 4)

		// Each way of mapping needs its own rights.
		for _, c := range []struct {
			prot, flags uint64
			need        cloudabi.Rights
		}{
			{0, private, cloudabi.RightMemMap},
			{4, private, cloudabi.RightMemMap | cloudabi.RightFdRead},
			{2, private, cloudabi.RightMemMap},
			{6, shared, cloudabi.RightMemMap | cloudabi.RightFdRead | cloudabi.RightFdWrite},
			{5, private, cloudabi.RightMemMap | cloudabi.RightFdRead | cloudabi.RightMemMapExec},
		} {
			less := g.ok(cloudabi.CallFdDup, fd)
			g.ok(cloudabi.CallFdStatPut, less, g.fdstat(0, c.need, 0), 2)
			m := g.ok(cloudabi.CallMemMap, 0, 4096, c.prot, c.flags, less, 0)
			g.ok(cloudabi.CallMemUnmap, m, 4096)
			for bit := cloudabi.Rights(1); bit <= c.need; bit <<= 1 {
				if c.need&bit != 0 {
					less := g.ok(cloudabi.CallFdDup, fd)
					g.ok(cloudabi.CallFdStatPut, less, g.fdstat(0, readWrite&^bit, 0), 2)
					g.fails(cloudabi.ENOTCAPABLE, cloudabi.CallMemMap, 0, 4096, c.prot, c.flags, less, 0)
				}
			}
		}
		// What was opened for reading cannot be made writable later.
		ro, errno := g.open(0, "f", 0, 0, cloudabi.RightMemMap|cloudabi.RightFdRead, 0)
		require.Zero(g, errno)
		m = g.ok(cloudabi.CallMemMap, 0, 4096, 4, shared, ro, 0)
		g.fails(cloudabi.EACCES, cloudabi.CallMemProtect, m, 4096, 6)
		m = g.ok(cloudabi.CallMemMap, 0, 4096, 4, private, ro, 0)
		g.ok(cloudabi.CallMemProtect, m, 4096, 6)
		g.fails(cloudabi.ENOTSUP, cloudabi.CallMemProtect, m, 4096, 3)
		g.fails(cloudabi.EINVAL, cloudabi.CallMemProtect, m+1, 4096, 4)
		g.fails(cloudabi.EINVAL, cloudabi.CallMemUnmap, m+1, 4096)
		g.fails(cloudabi.EINVAL, cloudabi.CallMemUnmap, m, 0)
		for _, c := range []struct {
			advice uint64
			errno  cloudabi.Errno
		}{{1, 0}, {2, cloudabi.EINVAL}, {3, 0}, {4, 0}, {5, 0}, {6, 0}, {7, cloudabi.EINVAL}, {0, cloudabi.EINVAL}} {
			_, errno := g.sys(cloudabi.CallMemAdvise, m, 4096, c.advice)
			require.Equal(g, c.errno, errno)
		}
		g.fails(cloudabi.EINVAL, cloudabi.CallMemMap, m+5, 4096, 6, anon|private|fixed, none, 0)
		require.Equal(g, m, g.ok(cloudabi.CallMemMap, m, 4096, 6, anon|private|fixed, none, 0))
	}, memoryDir())
}

// testStream is a host stream under the control of a test.
type testStream struct {
	mu       sync.Mutex
	in       []byte
	ended    bool
	out      bytes.Buffer
	blocked  bool // writes are accepted and not delivered
	full     bool // writes are not accepted
	failing  cloudabi.Errno
	closed   bool
	reads    int // calls of Read
	terminal bool
	notify   func()
}

func (s *testStream) change(f func()) {
	s.mu.Lock()
	f()
	s.mu.Unlock()
	s.notify()
}
func (s *testStream) Filetype() cloudabi.Filetype {
	if s.terminal {
		return cloudabi.FiletypeCharacterDevice
	}
	return cloudabi.FiletypeSocketStream
}
func (s *testStream) Terminal() bool           { return s.terminal }
func (s *testStream) Directions() (bool, bool) { return true, true }
func (s *testStream) Notify(f func())          { s.notify = f }
func (s *testStream) Read(p []byte) (int, cloudabi.Errno) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if len(s.in) == 0 && !s.ended {
		return 0, cloudabi.EAGAIN
	}
	n := copy(p, s.in)
	s.in = s.in[n:]
	return n, 0
}
func (s *testStream) Write(p []byte) (int, cloudabi.Errno) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing != 0 {
		return 0, s.failing
	}
	if s.full {
		return 0, cloudabi.EAGAIN
	}
	n, _ := s.out.Write(p)
	return n, 0
}
func (s *testStream) Flushed() cloudabi.Errno {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocked {
		return cloudabi.EAGAIN
	}
	return s.failing
}
func (s *testStream) Ready(d Direction) Readiness {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d == Output {
		return Readiness{Ready: !s.full, Bytes: 10}
	}
	return Readiness{Ready: len(s.in) > 0 || s.ended, Bytes: uint64(len(s.in)), Hangup: s.ended}
}
func (s *testStream) Shutdown(in, out bool) cloudabi.Errno {
	s.change(func() {
		s.ended = s.ended || in
		if out {
			s.failing = cloudabi.EPIPE
		}
	})
	return 0
}
func (s *testStream) Close() { s.mu.Lock(); s.closed = true; s.mu.Unlock() }

// parked waits until every thread of the process waits for something.
func parked(t testing.TB, p *Process) {
	t.Helper()
	eventually(t, func() bool { return len(p.Threads()) > 0 && asleep(p) })
}

func TestStreamReadWaits(t *testing.T) {
	w := newWorld(t, Limits{})
	s := &testStream{}
	p := w.start(t.Context(), func(g *guest) {
		got, errno := g.read(0, 100)
		require.Zero(g, errno)
		require.Equal(g, "abc", got)
		got, _ = g.read(0, 0)
		require.Empty(g, got)
		got, _ = g.read(0, 10)
		require.Empty(g, got)
		_, errno = g.sys(cloudabi.CallFdPread, 0, 0, 0, 0)
		require.Equal(g, cloudabi.ENOTCAPABLE, errno)
		g.exit(0)
	}, DescriptorSpec{Object: NewStream(s)})
	parked(t, p)
	s.change(func() { s.in = []byte("abc") })
	eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.reads > 3 })
	s.change(func() { s.ended = true })
	require.Equal(t, ExitStatus{}, w.wait(p))
	require.True(t, s.closed)
}

func TestStreamNonblock(t *testing.T) {
	s := &testStream{full: true}
	run(t, func(g *guest) {
		_, errno := g.read(0, 10)
		require.Equal(g, cloudabi.EAGAIN, errno)
		_, errno = g.write(0, "x")
		require.Equal(g, cloudabi.EAGAIN, errno)
		s.change(func() { s.full, s.blocked = false, true })
		n, errno := g.write(0, "xyz")
		require.Zero(g, errno)
		require.EqualValues(g, 3, n)
		s.change(func() { s.failing = cloudabi.EPIPE })
		_, errno = g.write(0, "x")
		require.Equal(g, cloudabi.EPIPE, errno)
	}, DescriptorSpec{Object: NewStream(s), Flags: cloudabi.FdflagNonblock})
	require.Equal(t, "xyz", s.out.String())
}

func TestStreamWriteWaitsForDelivery(t *testing.T) {
	w := newWorld(t, Limits{})
	s := &testStream{blocked: true}
	p := w.start(t.Context(), func(g *guest) {
		_, errno := g.write(0, "one", "two")
		require.Zero(g, errno)
		g.read(0, 1)
		_, errno = g.write(0, "three")
		require.Equal(g, cloudabi.ENOSPC, errno, "it was accepted and did not arrive")
		g.exit(0)
	}, DescriptorSpec{Object: NewStream(s)})
	parked(t, p)
	require.Equal(t, "onetwo", s.out.String())
	s.change(func() { s.blocked = false })
	eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.reads > 0 })
	s.change(func() { s.blocked, s.ended = true, true })
	eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.out.Len() > 6 })
	s.change(func() { s.blocked, s.failing = false, cloudabi.ENOSPC })
	w.wait(p)
}

func TestKillWhileTheHostHangs(t *testing.T) {
	for _, f := range []script{
		func(g *guest) { g.read(0, 1) },
		func(g *guest) { g.write(0, "x") },
		func(g *guest) {
			g.poll(cloudabi.Subscription{Type: cloudabi.EventtypeFdRead, FdReadwriteFd: 0})
		},
	} {
		w := newWorld(t, Limits{})
		s := &testStream{full: true}
		p := w.start(t.Context(), f, DescriptorSpec{Object: NewStream(s)})
		parked(t, p)
		p.Kill(cloudabi.SIGKILL)
		require.Equal(t, cloudabi.SIGKILL, w.wait(p).Signal)
		require.True(t, s.closed)
	}
}

func TestCloseWhileReading(t *testing.T) {
	w := newWorld(t, Limits{})
	s := &testStream{}
	p := w.start(t.Context(), func(g *guest) {
		g.thread(func(g *guest) {
			got, errno := g.read(0, 10)
			require.Zero(g, errno)
			require.Equal(g, "late", got)
			g.exit(0)
		})
		for g.waitingThreads() == 0 {
			g.ok(cloudabi.CallThreadYield)
		}
		g.ok(cloudabi.CallFdClose, 0)
		g.fails(cloudabi.EBADF, cloudabi.CallFdClose, 0)
		s.mu.Lock()
		require.False(g, s.closed, "the call under way still uses it")
		s.mu.Unlock()
		s.change(func() { s.in = []byte("late") })
		for {
			g.ok(cloudabi.CallThreadYield)
		}
	}, DescriptorSpec{Object: NewStream(s)})
	w.wait(p)
	require.True(t, s.closed)
}

func TestOutputLimit(t *testing.T) {
	s := &testStream{}
	newWorld(t, Limits{OutputBytes: 5}).run(func(g *guest) {
		n, errno := g.write(0, "abc")
		require.Zero(g, errno)
		require.EqualValues(g, 3, n)
		n, errno = g.write(0, "defg")
		require.Zero(g, errno)
		require.EqualValues(g, 2, n)
		_, errno = g.write(0, "h")
		require.Equal(g, cloudabi.EFBIG, errno)
	}, DescriptorSpec{Object: NewStream(s)})
	require.Equal(t, "abcde", s.out.String())
}

func TestStreamRights(t *testing.T) {
	run(t, func(g *guest) {
		socket, terminal := g.stat(0), g.stat(1)
		require.Equal(g, cloudabi.LargestRights(cloudabi.FiletypeSocketStream).Base, socket.RightsBase)
		require.Equal(g, cloudabi.LargestRightsTerminal.Base, terminal.RightsBase)
		require.Equal(g, cloudabi.FiletypeCharacterDevice, terminal.Filetype)
		require.Zero(g, g.stat(2).RightsBase)
		require.Equal(g, cloudabi.RightFdRead, g.stat(3).RightsBase)
		g.fails(cloudabi.ENOTCAPABLE, cloudabi.CallFdSync, 0)
		g.fails(cloudabi.EINVAL, cloudabi.CallSockShutdown, 0, 0)
		g.fails(cloudabi.EINVAL, cloudabi.CallSockShutdown, 0, 4)
		g.ok(cloudabi.CallSockShutdown, 0, 3)
		got, errno := g.read(0, 1)
		require.Zero(g, errno)
		require.Empty(g, got)
		_, errno = g.write(0, "x")
		require.Equal(g, cloudabi.EPIPE, errno)
	},
		DescriptorSpec{Object: NewStream(&testStream{})},
		DescriptorSpec{Object: NewStream(&testStream{terminal: true})},
		DescriptorSpec{Object: NewStream(&testStream{}), NoRights: true},
		DescriptorSpec{Object: NewStream(&testStream{}), Base: cloudabi.RightFdRead | cloudabi.RightFdSeek},
	)
}
