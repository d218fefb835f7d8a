package abi

import (
	"bytes"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

// TestNumberings checks both against abi/rights.md section 6, by some of their
// bits.
func TestNumberings(t *testing.T) {
	require.Len(t, rightsOfMarch, 19)
	require.Len(t, rightsOfApril(), 39)
	require.Zero(t, rightsOfApril().unnamed())
	for right, bit := range map[cloudabi.Rights]int{
		cloudabi.RightFdDatasync: 0, cloudabi.RightFileCreateFifo: 11, cloudabi.RightFileOpen: 13,
		cloudabi.RightFileReadlink: 15, cloudabi.RightFileStatFget: 17, cloudabi.RightFileUnlink: 23,
		cloudabi.RightPollModify: 27, cloudabi.RightProcExec: 30, cloudabi.RightSockStatGet: 38,
		cloudabi.RightFileLinkSource | cloudabi.RightFileLinkTarget:     12,
		cloudabi.RightFileRenameSource | cloudabi.RightFileRenameTarget: 16,
	} {
		require.Equal(t, cloudabi.Rights(1)<<bit, rightsOfApril().show(right), right)
		require.Equal(t, right, rightsOfApril().read(1<<bit))
	}
	require.Zero(t, rightsOfApril().show(cloudabi.RightFileLinkSource), "one of two is not enough")
	require.Equal(t, cloudabi.RightFdWrite, rightsOfMarch.read(0x40000))
	require.Equal(t, cloudabi.RightFileOpen, rightsOfMarch.read(0x80))
	require.Equal(t, cloudabi.Rights(0x7ffff), rightsOfMarch.show(cloudabi.RightsAll2015))
	for _, n := range []numbering{rightsOfMarch, rightsOfApril()} {
		require.NotZero(t, n.read(1<<len(n))&undefinedRight)
		var all cloudabi.Rights
		for _, set := range n {
			require.Zero(t, all&set, "two bits for one right")
			all |= set
		}
		require.Equal(t, cloudabi.RightsAll2015, all|n.unnamed())
	}
	require.Equal(t, 41, bits.OnesCount64(uint64(cloudabi.RightsAll2015)))
	require.Equal(t, cloudabi.RightsAll, numbering(nil).show(cloudabi.RightsAll))
	require.Equal(t, cloudabi.RightsAll, numbering(nil).read(cloudabi.RightsAll))
}

// runOld runs a script as a program of a given age, which calls by that age's
// numbers.
func runOld(t *testing.T, gen Generation, f func(g *guest, call func(cloudabi.CallID, ...uint64) (uint64, cloudabi.Errno))) {
	w := newWorld(t, Limits{})
	w.early = true
	table := cloudabi.G0
	if gen != G0 {
		table = cloudabi.G2
	}
	p := w.start(t.Context(), func(g *guest) {
		for g.word(g.scratch) == 0 {
			g.ok(cloudabi.CallThreadYield)
		}
		f(g, func(id cloudabi.CallID, in ...uint64) (uint64, cloudabi.Errno) {
			r, errno := g.trap(uint64(cloudabi.Calls[id].Number[table]), in...)
			return r[0], errno
		})
		g.exit(0)
	}, memoryDir())
	p.program.generation = gen
	for _, th := range p.machine.threads {
		require.NoError(t, p.Space().StoreAtomic32(th.cpu.State.SP()-4096, 1))
	}
	require.Equal(t, ExitStatus{}, w.wait(p))
}

func TestRightsOfOldPrograms(t *testing.T) {
	for _, c := range []struct {
		gen                                  Generation
		read, write, seek, fstat, link, mmap cloudabi.Rights
		stillMaps                            bool // mapping for execution has no bit
		inherits, undefine                   cloudabi.Rights
	}{
		{
			gen: G0, read: 0x800, write: 0x40000, seek: 0x4000, fstat: 0x4, link: 0x40, mmap: 0x400, stillMaps: true,
			inherits: 0x7ffff, undefine: 1 << 19,
		},
		{
			gen: April2015, read: 0x2, write: 0x40, seek: 0x4, fstat: 1 << 17, link: 1 << 12, mmap: 1 << 24,
			undefine: 1 << 39,
		},
	} {
		t.Run(c.gen.String(), func(t *testing.T) {
			runOld(t, c.gen, func(g *guest, call func(cloudabi.CallID, ...uint64) (uint64, cloudabi.Errno)) {
				stat := func(fd uint64) (s cloudabi.Fdstat) {
					a := g.put(make([]byte, cloudabi.FdstatSize))
					_, errno := call(cloudabi.CallFdStatGet, fd, a)
					require.Zero(g, errno)
					s.Get(g.load(a, cloudabi.FdstatSize))
					return s
				}
				restrict := func(fd uint64, base, inheriting cloudabi.Rights) cloudabi.Errno {
					_, errno := call(cloudabi.CallFdStatPut, fd, g.fdstat(0, base, inheriting), uint64(cloudabi.FdstatRights))
					return errno
				}
				open := func(base cloudabi.Rights) (uint64, cloudabi.Errno) {
					p, n := g.str("file")
					return call(cloudabi.CallFileOpen, 0, p, n, uint64(cloudabi.OCreat), g.fdstat(0, base, 0))
				}
				all := stat(0)
				require.NotZero(g, all.RightsBase&c.link)
				if c.inherits != 0 {
					require.Equal(g, c.inherits, all.RightsInheriting)
				}
				fd, errno := open(c.read | c.write | c.seek | c.fstat | c.mmap)
				require.Zero(g, errno)
				shown := stat(fd).RightsBase
				require.Equal(g, c.read|c.write|c.seek|c.fstat|c.mmap, shown&(c.read|c.write|c.seek|c.fstat|c.mmap|c.link))
				now := g.stat(fd)
				require.Equal(g, c.stillMaps, now.RightsBase&cloudabi.RightMemMapExec != 0)
				list, n := g.iov(g.put([]byte("text")), 4)
				_, errno = call(cloudabi.CallFdWrite, fd, list, n)
				require.Zero(g, errno)
				require.Zero(g, restrict(fd, shown, 0), "what is shown can be given back")
				require.Equal(g, now, g.stat(fd), "and changes nothing")
				require.Zero(g, restrict(fd, shown&^c.write, 0))
				require.Zero(g, g.stat(fd).RightsBase&cloudabi.RightFdWrite)
				_, errno = call(cloudabi.CallFdWrite, fd, list, n)
				require.Equal(g, cloudabi.ENOTCAPABLE, errno)
				require.Equal(g, cloudabi.ENOTCAPABLE, restrict(fd, shown, 0), "never back")
				require.Equal(g, cloudabi.ENOTCAPABLE, restrict(fd, c.undefine, 0))
				_, errno = open(c.read | c.undefine)
				require.Equal(g, cloudabi.ENOTCAPABLE, errno)
				require.Zero(g, restrict(0, all.RightsBase&^c.link, all.RightsInheriting))
				p1, n1 := g.str("file")
				p2, n2 := g.str("other")
				_, errno = call(cloudabi.CallFileLink, 0, p1, n1, 0, p2, n2)
				require.Equal(g, cloudabi.ENOTCAPABLE, errno)
			})
		})
	}
}

// TestExecOfAnotherKind: the instruction set is the image's, and a mark of
// another system alone keeps no program from being started.
func TestExecOfAnotherKind(t *testing.T) {
	w := newWorld(t, Limits{})
	var archs []cpu.Arch
	w.run(func(g *guest) {
		engines := g.process().engines
		g.process().engines = func(arch cpu.Arch, space *memory.Space) (cpu.Engine, error) {
			archs = append(archs, arch)
			return engines(arch, space)
		}
		image := bytes.Clone(g.scripts.image(func(h *guest) { h.exit(0) }))
		image[7], image[18] = 9, 183
		g.exec(g.executableFile("other", image), "")
		g.Error("came back")
	}, memoryDir())
	require.Equal(t, []cpu.Arch{cpu.AArch64}, archs)
}

// TestExecWithoutEngine: what cannot be run here is ENOEXEC, and the program
// goes on.
func TestExecWithoutEngine(t *testing.T) {
	run(t, func(g *guest) {
		engines := g.process().engines
		g.process().engines = func(arch cpu.Arch, space *memory.Space) (cpu.Engine, error) {
			if arch == cpu.AArch64 {
				return nil, cloudabi.ENOSYS
			}
			return engines(arch, space)
		}
		image := bytes.Clone(g.scripts.image(func(h *guest) { h.exit(0) }))
		image[18] = 183
		require.Equal(g, cloudabi.ENOEXEC, g.exec(g.executableFile("other", image), ""))
	}, memoryDir())
}
