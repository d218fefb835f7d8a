package abi

import (
	"bytes"
	"context"
	"encoding/binary"
	"maps"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

// What scripts need to fork and to become other scripts.

// tryFork forks; the child continues as a script of its own, with the
// registers of the parent.
func (g *guest) tryFork(child script) (fd uint64, errno cloudabi.Errno) {
	g.s.pc = g.scripts.entry(func(c *guest) {
		c.s.start[0] = c.load64(c.scratch+8) & 0xffffffff
		child(c)
	})
	out, errno := g.sys(cloudabi.CallProcFork)
	return out[0], errno
}

func (g *guest) fork(child script) uint64 {
	g.Helper()
	fd, errno := g.tryFork(child)
	require.Equal(g, cloudabi.ESUCCESS, errno)
	return fd
}

func processSub(fd uint64) cloudabi.Subscription {
	return cloudabi.Subscription{Userdata: 4, Type: cloudabi.EventtypeProcTerminate, ProcTerminateFd: cloudabi.Fd(fd)}
}

// ended waits for the end of a child.
func (g *guest) ended(fd uint64) (cloudabi.Signal, cloudabi.Exitcode) {
	g.Helper()
	e := g.poll(processSub(fd))
	require.Len(g, e, 1)
	require.Equal(g, cloudabi.ESUCCESS, e[0].Error)
	require.Equal(g, cloudabi.EventtypeProcTerminate, e[0].Type)
	require.Equal(g, cloudabi.Fd(fd), e[0].ProcTerminateFd)
	return e[0].ProcTerminateSignal, e[0].ProcTerminateExitcode
}

// childOK waits for a child that must exit with 0.
func (g *guest) childOK(fd uint64) {
	g.Helper()
	sig, code := g.ended(fd)
	require.Zero(g, sig)
	require.Zero(g, code)
	g.ok(cloudabi.CallFdClose, fd)
}

// mapped returns memory that is shared with children.
func (g *guest) shared(n uint64) uint64 {
	flags := cloudabi.MapAnon | cloudabi.MapShared
	return g.ok(cloudabi.CallMemMap, 0, n, uint64(readAccess|writeAccess), uint64(flags), uint64(cloudabi.MapAnonFd), 0)
}

// imageBase is where the images of scripts are.
const imageBase = 0x400000

// image makes an ELF image of a script: a header, and one segment to be at.
func (s *scripts) image(f script) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.images == nil {
		s.images = make(map[uint64]script)
	}
	base := uint64(imageBase + len(s.images)*0x10000)
	entry := base + 120
	s.images[entry] = f
	var b bytes.Buffer
	put := func(v any) { _ = binary.Write(&b, le, v) }
	b.WriteString("\x7fELF\x02\x01\x01\x11\x00\x00\x00\x00\x00\x00\x00\x00")
	put([]uint16{2, 62})
	put(uint32(1))
	put([]uint64{entry, 64, 0})
	put(uint32(0))
	put([]uint16{64, 56, 1, 0, 0, 0})
	put([]uint32{1, 5})
	put([]uint64{0, base, base, 128, 128, 4096})
	put(uint64(0))
	return b.Bytes()
}

// auxv is an entry of the vector a started program finds.
func (g *guest) auxv(typ cloudabi.Auxtype) uint64 {
	for at := g.s.start[0]; ; at += cloudabi.AuxvSize {
		var a cloudabi.Auxv
		a.Get(g.load(at, cloudabi.AuxvSize))
		switch a.Type {
		case typ:
			return a.Val
		case cloudabi.AtNull:
			g.Fatalf("no entry %d in the auxiliary vector", typ)
		}
	}
}

// executable makes a file in directory 0 with the image of a script, and
// returns a descriptor it can be executed from.
func (g *guest) executable(name string, f script) uint64 {
	return g.executableFile(name, g.scripts.image(f))
}

func (g *guest) executableFile(name string, content []byte) uint64 {
	g.Helper()
	w := g.create(name)
	g.write(w, string(content))
	g.ok(cloudabi.CallFdClose, w)
	fd, errno := g.open(0, name, 0, 0, cloudabi.RightProcExec|cloudabi.RightFdRead, 0)
	require.Equal(g, cloudabi.ESUCCESS, errno)
	return fd
}

func (g *guest) exec(fd uint64, data string, fds ...uint32) cloudabi.Errno {
	var list []byte
	for _, f := range fds {
		list = le.AppendUint32(list, f)
	}
	addr, n := g.str(data)
	return g.sysC(cloudabi.CallProcExec, fd, addr, n, g.put(append(list, 0)), uint64(len(fds)))
}

// TestFork checks the results on both sides, what is copied, and what a
// process descriptor is.
func TestFork(t *testing.T) {
	for _, form := range []memory.Form{memory.Auto, memory.Paged} {
		w := newWorld(t, Limits{})
		w.form = form
		w.run(func(g *guest) {
			private, shared := g.alloc(4096), g.shared(4096)
			g.setWord(private, 1)
			g.setWord(shared, 1)
			dup := g.ok(cloudabi.CallFdDup, 0)
			g.ok(cloudabi.CallFdClose, 0)
			tid, scratch := g.tid(), g.scratch
			fd := g.fork(func(c *guest) {
				require.NotSame(c, g.space, c.space)
				require.Equal(c, scratch, c.scratch) // the same stack
				require.Equal(c, uint32(cloudabi.ProcessChild), uint32(c.load64(c.scratch)))
				require.Equal(c, uint32(c.load64(c.scratch+8)), c.s.tidOf(c))
				require.NotEqual(c, tid, uint32(c.load64(c.scratch+8)))
				require.Equal(c, uint32(1), c.word(private))
				c.setWord(private, 2)
				c.setWord(shared, 2)
				c.fails(cloudabi.EBADF, cloudabi.CallFdClose, 0)
				c.ok(cloudabi.CallFdClose, dup)
				c.fails(cloudabi.EBADF, cloudabi.CallFdClose, 2)
				c.exit(0x12345)
			})
			require.Equal(g, uint64(0), fd, "the lowest free number")
			sig, code := g.ended(fd)
			require.Zero(g, sig)
			require.Equal(g, cloudabi.Exitcode(0x12345), code)
			sig, code = g.ended(fd)
			require.Zero(g, sig)
			require.Equal(g, cloudabi.Exitcode(0x12345), code, "again")
			require.Equal(g, uint32(1), g.word(private))
			require.Equal(g, uint32(2), g.word(shared))

			stat := g.stat(fd)
			require.Equal(g, cloudabi.FiletypeProcess, stat.Filetype)
			require.Equal(g, cloudabi.RightFileStatFget|cloudabi.RightPollProcTerminate, stat.RightsBase)
			require.Zero(g, stat.RightsInheriting)
			var st cloudabi.Filestat
			a := g.alloc(4096)
			g.ok(cloudabi.CallFileStatFget, fd, a)
			st.Get(g.load(a, cloudabi.FilestatSize))
			require.Equal(g, cloudabi.FiletypeProcess, st.Filetype)
			require.GreaterOrEqual(g, uint64(st.Mtim), uint64(testRealtime))
			require.Equal(g, st.Mtim, st.Atim)
			require.Equal(g, st.Mtim, st.Ctim)
			g.fails(cloudabi.ENOTCAPABLE, cloudabi.CallFdRead, fd, a, 0)
			e := g.poll(cloudabi.Subscription{Type: cloudabi.EventtypeFdRead, FdReadwriteFd: cloudabi.Fd(fd)})
			require.Equal(g, cloudabi.ENOTCAPABLE, e[0].Error)
			e = g.poll(processSub(dup), processSub(77))
			require.Equal(g, cloudabi.ENOTCAPABLE, e[0].Error)
			require.Equal(g, cloudabi.EBADF, e[1].Error)
		}, memoryDir())
	}
}

// tidOf is the id of the thread that runs a script, from behind the curtain.
func (s *scriptState) tidOf(g *guest) uint32 {
	m := g.scripts.machine
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, t := range m.threads {
		if t.cpu.State == s {
			return id
		}
	}
	return 0
}

// TestForkByTrap: the parent's second result register keeps its value.
func TestForkByTrap(t *testing.T) {
	run(t, func(g *guest) {
		flag := g.shared(4096)
		g.s.number = 42
		g.s.result = [2]uint64{7, 8}
		g.s.carry = true
		g.s.pc = g.scripts.entry(func(c *guest) {
			require.Equal(c, uint64(0xffffffff), c.s.result[0])
			require.Equal(c, uint64(c.s.tidOf(c)), c.s.result[1])
			require.False(c, c.s.carry)
			c.setWord(flag, 1)
			c.exit(0)
		})
		g.stop(cpu.Stop{Kind: cpu.StopSyscall, PC: 0x400000})
		require.False(g, g.s.carry)
		require.Equal(g, [2]uint64{0, 8}, g.s.result)
		g.childOK(0)
		require.Equal(g, uint32(1), g.word(flag))
	})
}

// TestForkNowhereToReturn: results that cannot be stored are found out before
// there are two processes.
func TestForkNowhereToReturn(t *testing.T) {
	run(t, func(g *guest) {
		require.Equal(g, cloudabi.EFAULT, g.sysC(cloudabi.CallProcFork, g.scratch, 0x20000))
		require.Equal(g, cloudabi.EFAULT, g.sysC(cloudabi.CallProcFork, 0x20000, g.scratch))
		require.Len(g, g.scripts.machine.Processes(), 1)
	})
}

// sleepForever is a child that ends by signal only.
func sleepForever(c *guest) { c.poll(clockSub(Forever)) }

// TestKillOnLastClose: a child lives as long as a descriptor of it.
func TestKillOnLastClose(t *testing.T) {
	w := newWorld(t, Limits{})
	w.run(func(g *guest) {
		fd := g.fork(sleepForever)
		dup := g.ok(cloudabi.CallFdDup, fd)
		child := w.m.Processes()[1]
		g.ok(cloudabi.CallFdClose, fd)
		_, over := child.Exited()
		require.False(g, over)
		g.ok(cloudabi.CallFdReplace, 0, dup) // closes it, too
		s, err := child.Wait(w.Context())
		require.NoError(g, err)
		require.Equal(g, cloudabi.SIGKILL, s.Signal)
		require.Contains(g, s.Text, "descriptor")
	}, memoryDir())
}

// TestChildrenDieWithTheirParent, and theirs with them, however it ends.
func TestChildrenDieWithTheirParent(t *testing.T) {
	for _, end := range []script{
		func(g *guest) { g.exit(3) },
		func(g *guest) { g.sys(cloudabi.CallProcRaise, uint64(cloudabi.SIGABRT)) },
	} {
		w := newWorld(t, Limits{})
		p := w.start(t.Context(), func(g *guest) {
			flag := g.shared(4096)
			for range 3 {
				g.fork(func(c *guest) {
					c.fork(func(d *guest) {
						_, err := d.space.AddAtomic32(flag, 1)
						require.NoError(d, err)
						sleepForever(d)
					})
					sleepForever(c)
				})
			}
			eventually(g, func() bool { return g.word(flag) == 3 })
			require.Len(g, w.m.Processes(), 7)
			end(g)
		})
		w.wait(p)
		eventually(t, func() bool { return len(w.m.Processes()) == 0 })
		require.Zero(t, w.m.Quota().Used())
		require.Zero(t, w.m.openFiles.Load())
	}
}

// TestSignalOfChild: the event tells the signal and not an exit code.
func TestSignalOfChild(t *testing.T) {
	run(t, func(g *guest) {
		for _, c := range []struct {
			f    script
			want cloudabi.Signal
		}{
			{func(c *guest) { c.sys(cloudabi.CallProcRaise, uint64(cloudabi.SIGUSR1)) }, cloudabi.SIGUSR1},
			{func(*guest) {}, cloudabi.SIGILL}, // runs off its end
		} {
			fd := g.fork(c.f)
			sig, code := g.ended(fd)
			require.Equal(g, c.want, sig)
			require.Zero(g, code)
			g.ok(cloudabi.CallFdClose, fd)
		}
	})
}

// TestPollForSeveralChildren gets them in the order in which they end.
func TestPollForSeveralChildren(t *testing.T) {
	run(t, func(g *guest) {
		gate := g.shared(4096)
		var subs []cloudabi.Subscription
		for i := range uint32(8) {
			fd := g.fork(func(c *guest) {
				for c.word(gate) != i+1 {
					c.sys(cloudabi.CallThreadYield)
				}
				c.exit(uint64(i))
			})
			subs = append(subs, processSub(fd))
		}
		for i := range 8 {
			g.setWord(gate, uint32(i)+1)
			e := g.poll(subs[i:]...)
			require.Len(g, e, 1)
			require.Equal(g, cloudabi.Exitcode(i), e[0].ProcTerminateExitcode)
		}
		e := g.poll(append(subs, clockSub(0))...)
		require.Len(g, e, 9, "all are over, and so is the time")
	})
}

// TestForkLimits: what is refused is refused with the right error, and leaves
// nothing behind.
func TestForkLimits(t *testing.T) {
	cases := []struct {
		name   string
		limits Limits
		want   cloudabi.Errno
	}{
		{"processes", Limits{Processes: 5}, cloudabi.EAGAIN},
		{"threads", Limits{Threads: 5}, cloudabi.EAGAIN},
		{"descriptors", Limits{Descriptors: 4}, cloudabi.EMFILE},
		{"open files", Limits{OpenFiles: 4}, cloudabi.ENFILE},
		{"memory", Limits{Memory: 1 << 20}, cloudabi.ENOMEM},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.limits)
			w.run(func(g *guest) {
				g.alloc(180 << 10)
				for range 3 { // the second time everything is there again
					n := 0
					var errno cloudabi.Errno
					for ; n < 100; n++ {
						if _, errno = g.tryFork(sleepForever); errno != 0 {
							break
						}
					}
					require.Equal(g, c.want, errno)
					require.Equal(g, 4, n)
					processes := w.m.Processes()
					require.Len(g, processes, 5)
					for fd := range uint64(4) {
						g.ok(cloudabi.CallFdClose, fd)
					}
					for _, p := range processes[1:] {
						<-p.Done()
					}
				}
			})
			require.Zero(t, w.m.Quota().Used())
			require.Zero(t, w.m.openFiles.Load())
		})
	}
}

// TestThousandForks: nothing grows.
func TestThousandForks(t *testing.T) {
	w := newWorld(t, Limits{})
	p := w.start(t.Context(), func(g *guest) {
		g.alloc(1 << 20)
		var used uint64
		var goroutines int
		for i := range 1000 {
			if i%2 == 0 {
				g.childOK(g.fork(func(c *guest) { c.exit(0) }))
			} else {
				fd := g.fork(sleepForever)
				child := w.m.Processes()[1]
				g.ok(cloudabi.CallFdClose, fd)
				<-child.Done()
			}
			require.Len(g, w.m.Processes(), 1)
			if i == 0 {
				used, goroutines = w.m.Quota().Used(), runtime.NumGoroutine()
			}
		}
		require.Equal(g, used, w.m.Quota().Used())
		eventually(g, func() bool { return runtime.NumGoroutine() <= goroutines+5 })
		require.Len(g, w.m.threads, 1)
		require.Len(g, p0(w).family.members, 1)
		g.exit(0)
	})
	require.Equal(t, ExitStatus{}, w.wait(p))
	require.Zero(t, w.m.openFiles.Load())
}

func p0(w *world) *Process { return w.m.Processes()[0] }

// TestForkAmongThreads: the child is a copy of one moment. Each of the other
// threads changes two words, one after the other, and makes a call now and
// then; in the child they are equal whenever it was made between calls.
func TestForkAmongThreads(t *testing.T) {
	for _, form := range []memory.Form{memory.Auto, memory.Paged} {
		w := newWorld(t, Limits{})
		w.form = form
		w.run(func(g *guest) {
			const threads, forks = 4, 50
			words, stop := g.alloc(2*threads*4096), g.alloc(4096)
			for i := range uint64(threads) {
				first, second := words+i*4096, words+(threads+i)*4096
				g.thread(func(h *guest) {
					for n := uint32(1); h.word(stop) == 0; n++ {
						h.setWord(first, n)
						h.setWord(second, n)
						if n%8 == 0 {
							h.poll(clockSub(1))
						} else {
							h.sys(cloudabi.CallThreadYield)
						}
					}
					h.sys(cloudabi.CallThreadExit, h.scratch+64, uint64(cloudabi.ScopePrivate))
				})
			}
			// All of them fork, too.
			for range threads {
				g.thread(func(h *guest) {
					for range forks / 5 {
						h.childOK(h.fork(func(c *guest) { c.exit(0) }))
					}
					h.sys(cloudabi.CallThreadExit, h.scratch+64, uint64(cloudabi.ScopePrivate))
				})
			}
			for range forks {
				g.childOK(g.fork(func(c *guest) {
					require.Len(c, c.process().Threads(), 1)
					for i := range uint64(threads) {
						require.Equal(c, c.word(words+i*4096), c.word(words+(threads+i)*4096))
					}
					c.exit(0)
				}))
			}
			g.setWord(stop, 1)
			eventually(g, func() bool {
				g.sys(cloudabi.CallThreadYield) // a script that makes no calls cannot be stopped
				return len(g.process().Threads()) == 1
			})
			require.Nil(g, g.process().freezer.Load())
			require.False(g, g.process().attention.Load())
		})
	}
}

// process is the script's own, from behind the curtain.
func (g *guest) process() *Process {
	m := g.scripts.machine
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.threads[g.s.tidOfLocked(m)].proc
}

func (s *scriptState) tidOfLocked(m *Machine) uint32 {
	for id := range maps.Keys(m.threads) {
		if m.threads[id].cpu.State == s {
			return id
		}
	}
	return 0
}

// TestFamilyLimits: a child does not stretch what its parent was given.
func TestFamilyLimits(t *testing.T) {
	fork3 := func(g *guest) {
		for range 3 {
			g.fork(sleepForever)
		}
		sleepForever(g)
	}
	t.Run("wall time", func(t *testing.T) {
		w := newWorld(t, Limits{WallTime: 1e9})
		w.host.auto = false
		p := w.start(t.Context(), fork3)
		eventually(t, func() bool { return len(w.m.Processes()) == 4 })
		all := w.m.Processes()
		w.host.advance(1e9)
		require.Equal(t, cloudabi.SIGALRM, w.wait(p).Signal)
		for _, c := range all {
			w.wait(c)
		}
	})
	t.Run("CPU time", func(t *testing.T) {
		w := newWorld(t, Limits{CPUTime: 1e9})
		w.host.auto = false
		p := w.start(t.Context(), func(g *guest) {
			for {
				// Each child uses a tenth of what there is.
				fd := g.fork(func(c *guest) {
					w.host.advance(1e8)
					c.exit(0)
				})
				g.ended(fd)
				g.ok(cloudabi.CallFdClose, fd)
			}
		})
		require.Equal(t, cloudabi.SIGXCPU, w.wait(p).Signal)
		require.Empty(t, w.host.timers)
	})
	t.Run("context", func(t *testing.T) {
		w := newWorld(t, Limits{})
		ctx, cancel := context.WithCancel(t.Context())
		p := w.start(ctx, fork3)
		eventually(t, func() bool { return len(w.m.Processes()) == 4 })
		all := w.m.Processes()
		cancel()
		for _, c := range append(all, p) {
			require.Equal(t, cloudabi.SIGKILL, w.wait(c).Signal)
		}
	})
}

// TestExec: everything is new but the thread's id, the listed descriptors, and
// the process.
func TestExec(t *testing.T) {
	for _, form := range []memory.Form{memory.Auto, memory.Paged} {
		w := newWorld(t, Limits{})
		w.form = form
		p := w.start(t.Context(), func(g *guest) {
			tid := g.tid()
			me := g.process()
			data := g.create("data")
			g.write(data, "hello")
			restricted := g.ok(cloudabi.CallFdDup, data)
			g.ok(cloudabi.CallFdStatPut, restricted, g.fdstat(0, cloudabi.RightFdRead|cloudabi.RightFdSeek|cloudabi.RightFdTell, 0), uint64(cloudabi.FdstatRights))
			kept := g.fork(sleepForever) // before the other one, or it had a descriptor of that
			child := g.fork(sleepForever)
			dying := w.m.Processes()[2]
			prog := g.executable("prog", func(h *guest) {
				require.Same(h, me, h.process())
				require.Equal(h, []cloudabi.Tid{cloudabi.Tid(tid)}, me.Threads())
				require.Equal(h, uint64(tid), h.auxv(cloudabi.AtTid))
				require.Equal(h, "the arguments", string(h.load(h.auxv(cloudabi.AtArgdata), int(h.auxv(cloudabi.AtArgdatalen)))))
				require.NotEqual(h, g.space, h.space)
				for i, want := range []cloudabi.Filetype{
					cloudabi.FiletypeRegularFile, cloudabi.FiletypeDirectory, cloudabi.FiletypeRegularFile,
					cloudabi.FiletypeRegularFile, cloudabi.FiletypeProcess,
				} {
					stat := h.stat(uint64(i))
					require.Equal(h, want, stat.Filetype)
					if i == 0 {
						require.Equal(h, cloudabi.RightFdRead|cloudabi.RightFdSeek|cloudabi.RightFdTell, stat.RightsBase)
					}
				}
				h.fails(cloudabi.EBADF, cloudabi.CallFdClose, 5)
				h.ok(cloudabi.CallFdSeek, 2, 0, uint64(cloudabi.WhenceSet))
				require.Equal(h, uint64(0), h.ok(cloudabi.CallFdSeek, 0, 0, uint64(cloudabi.WhenceCur)), "one open file")
				// What was not listed was closed, which ended that child, not this.
				s, err := dying.Wait(w.Context())
				require.NoError(h, err)
				require.Equal(h, cloudabi.SIGKILL, s.Signal)
				require.Len(h, w.m.Processes(), 2)
				h.exit(9)
			})
			require.Equal(g, uint64(4), child)
			// Others run, wait and hold locks.
			lock := g.alloc(4096)
			for range 3 {
				g.thread(func(o *guest) {
					o.poll(lockSub(true, lock, cloudabi.ScopePrivate))
					sleepForever(o)
				})
			}
			g.thread(func(o *guest) {
				for {
					o.sys(cloudabi.CallThreadYield)
				}
			})
			g.exec(prog, "the arguments", uint32(restricted), 0, uint32(data), uint32(data), uint32(kept))
			g.Fatal("came back")
		}, memoryDir())
		require.Equal(t, "exited with code 9", w.wait(p).String())
		eventually(t, func() bool { return len(w.m.Processes()) == 0 })
		require.Zero(t, w.m.openFiles.Load())
		require.Empty(t, w.m.futex.locks)
	}
}

// TestExecErrors: after each the process is as it was, its threads too.
func TestExecErrors(t *testing.T) {
	w := newWorld(t, Limits{Memory: 64 << 20})
	w.run(func(g *guest) {
		count := g.alloc(4096)
		g.thread(func(o *guest) {
			for {
				_, err := o.space.AddAtomic32(count, 1)
				require.NoError(o, err)
				o.sys(cloudabi.CallThreadYield)
			}
		})
		good := g.executable("good", func(h *guest) { h.exit(0) })
		image := g.scripts.image(sleepForever)
		broken := func(at int, b ...byte) []byte {
			c := bytes.Clone(image)
			copy(c[at:], b)
			return c
		}
		noRight, errno := g.open(0, "good", 0, 0, cloudabi.RightFdRead, 0)
		require.Equal(g, cloudabi.ESUCCESS, errno)
		unread, errno := g.open(0, "unread", uint64(cloudabi.OCreat), 0, cloudabi.RightFdWrite|cloudabi.RightProcExec, 0)
		require.Equal(g, cloudabi.ESUCCESS, errno)
		memoryFd := g.ok(cloudabi.CallFdCreate1, uint64(cloudabi.FiletypeSharedMemory))
		require.Less(g, g.process().fds.span(), uint64(20))
		var list []byte
		for range 40 {
			list = le.AppendUint32(list, 0)
		}
		fds := g.put(list)
		a := g.put([]byte("abc"))
		for _, c := range []struct {
			want                   cloudabi.Errno
			fd, data, n, fds, nfds uint64
		}{
			{cloudabi.EBADF, 99, a, 3, fds, 1},
			{cloudabi.ENOTCAPABLE, noRight, a, 3, fds, 1},
			{cloudabi.EBADF, unread, a, 3, fds, 1},
			{cloudabi.ENOTCAPABLE, 0, a, 3, fds, 1},
			{cloudabi.ENOTCAPABLE, memoryFd, a, 3, fds, 1},
			{cloudabi.EFAULT, good, 0x20000, 3, fds, 1},
			{cloudabi.EFAULT, good, a, 3, 0x20000, 1},
			{cloudabi.EFAULT, good, 1 << 40, 3, fds, 1},
			{cloudabi.E2BIG, good, a, 512 << 10, fds, 1},
			{cloudabi.E2BIG, good, a, 1 << 63, fds, 1},
			{cloudabi.E2BIG, good, a, 3, fds, 39},
			{cloudabi.E2BIG, good, a, 3, fds, 1 << 62},
			{cloudabi.EBADF, good, a, 3, g.put([]byte{0, 0, 0, 0, 77, 0, 0, 0}), 2},
			{cloudabi.EBADF, good, a, 3, g.put([]byte{255, 255, 255, 255}), 1},
			{cloudabi.ENOEXEC, g.executableFile("empty", nil), a, 3, fds, 1},
			{cloudabi.ENOEXEC, g.executableFile("script", []byte("#!/bin/sh\n")), a, 3, fds, 1},
			{cloudabi.ENOEXEC, g.executableFile("short", image[:100]), a, 3, fds, 1},
			{cloudabi.ENOEXEC, g.executableFile("linux", broken(7, 0)), a, 3, fds, 1},
			{cloudabi.ENOEXEC, g.executableFile("machine", broken(18, 3)), a, 3, fds, 1},
			{cloudabi.ENOEXEC, g.executableFile("type", broken(16, 1)), a, 3, fds, 1},
			{cloudabi.ENOMEM, g.executableFile("large", broken(64+40, 0, 0, 0, 0x40)), a, 3, fds, 1},
		} {
			before, used := g.word(count), w.m.Quota().Used()
			files := w.m.openFiles.Load()
			require.Equal(g, c.want, g.sysC(cloudabi.CallProcExec, c.fd, c.data, c.n, c.fds, c.nfds), "%+v", c)
			require.Equal(g, used, w.m.Quota().Used())
			require.Equal(g, files, w.m.openFiles.Load())
			eventually(g, func() bool { return g.word(count) != before })
		}
		// Open for writing, here or in another process.
		writer, errno := g.open(0, "good", 0, 0, cloudabi.RightFdWrite|cloudabi.RightFdRead|cloudabi.RightFdSeek, 0)
		require.Equal(g, cloudabi.ESUCCESS, errno)
		require.Equal(g, cloudabi.ETXTBSY, g.exec(good, ""))
		child := g.fork(sleepForever)
		g.ok(cloudabi.CallFdClose, writer)
		require.Equal(g, cloudabi.ETXTBSY, g.exec(good, ""))
		g.ok(cloudabi.CallFdClose, child)
		eventually(g, func() bool { return len(w.m.Processes()) == 1 })
		g.exec(good, "")
	}, memoryDir())
}

// TestManyExecs: nothing of the old programs remains.
func TestManyExecs(t *testing.T) {
	w := newWorld(t, Limits{Memory: 64 << 20})
	n := 0
	var used uint64
	var again script = func(g *guest) {
		if n == 1 {
			used = w.m.Quota().Used()
		}
		if n++; n == 300 {
			require.Equal(g, used, w.m.Quota().Used())
			require.Equal(g, int64(2), w.m.openFiles.Load())
			g.exit(0)
		}
		g.alloc(1 << 20)
		g.exec(1, "", 0, 1)
		g.Error("came back")
	}
	w.run(func(g *guest) {
		require.Equal(g, uint64(1), g.executable("again", again))
		again(g)
	}, memoryDir())
}

// TestRacingExecs: one of the threads that replace the program at the same time
// wins, while yet others fork.
func TestRacingExecs(t *testing.T) {
	for range 20 {
		w := newWorld(t, Limits{})
		w.run(func(g *guest) {
			prog := g.executable("prog", func(h *guest) {
				require.Len(h, h.process().Threads(), 1)
				h.exit(0)
			})
			for i := range 6 {
				g.thread(func(h *guest) {
					if i%2 == 0 {
						h.exec(prog, "")
						h.Error("came back")
					}
					for {
						if fd, errno := h.tryFork(sleepForever); errno == 0 {
							h.ok(cloudabi.CallFdClose, fd)
						} else { // ended children may not be gone yet
							require.Equal(h, cloudabi.EAGAIN, errno)
						}
					}
				})
			}
			sleepForever(g)
		}, memoryDir())
		eventually(t, func() bool { return len(w.m.Processes()) == 0 })
	}
}

// TestForkAndExec is how the C library starts programs: what the child is not
// given is closed when it has become the other program.
func TestForkAndExec(t *testing.T) {
	run(t, func(g *guest) {
		prog := g.executable("prog", func(h *guest) {
			require.Equal(h, "arguments", string(h.load(h.auxv(cloudabi.AtArgdata), 9)))
			h.exit(4)
		})
		inner := g.fork(func(c *guest) {
			c.exec(prog, "arguments")
			c.Error("came back")
		})
		sig, code := g.ended(inner)
		require.Zero(g, sig)
		require.Equal(g, cloudabi.Exitcode(4), code)
	}, memoryDir())
}

// TestLocksBetweenProcesses: words in memory that both have mapped, at the same
// place or another, are one lock; words in private memory are two.
func TestLocksBetweenProcesses(t *testing.T) {
	const rounds, children = 200, 4
	run(t, func(g *guest) {
		fd := g.ok(cloudabi.CallFdCreate1, uint64(cloudabi.FiletypeSharedMemory))
		a := g.alloc(4096)
		st := cloudabi.Filestat{Size: 4096}
		b := make([]byte, cloudabi.FilestatSize)
		st.Put(b)
		g.store(a, b)
		g.ok(cloudabi.CallFileStatFput, fd, a, uint64(cloudabi.FilestatSizeFlag))
		mapObject := func(g *guest) uint64 {
			return g.ok(cloudabi.CallMemMap, 0, 4096, uint64(readAccess|writeAccess), uint64(cloudabi.MapShared), fd, 0)
		}
		anonymous, object := g.shared(4096), mapObject(g)
		for _, lock := range []uint64{anonymous, object} {
			counter := lock + 64
			work := func(g *guest, lock uint64) {
				for range rounds {
					e := g.poll(lockSub(true, lock, cloudabi.ScopeShared))
					require.Equal(g, cloudabi.ESUCCESS, e[0].Error)
					n := g.word(counter)
					g.sys(cloudabi.CallThreadYield)
					g.setWord(counter, n+1)
					g.ok(cloudabi.CallLockUnlock, lock, uint64(cloudabi.ScopeShared))
				}
			}
			g.setWord(counter, 0)
			var fds []uint64
			for i := range children {
				fds = append(fds, g.fork(func(c *guest) {
					if lock == object && i%2 == 0 {
						c.alloc(65536) // so that it comes to lie elsewhere
						work(c, mapObject(c))
					} else {
						work(c, lock)
					}
					c.exit(0)
				}))
			}
			work(g, lock)
			for _, fd := range fds {
				g.childOK(fd)
			}
			require.Equal(g, uint32(rounds*(children+1)), g.word(counter))
			require.Zero(g, g.word(lock))
		}

		// A private lock that is held stays held in the copy, by somebody who
		// does not exist there, and is let go of in one process only.
		lock := g.alloc(4096)
		g.poll(lockSub(true, lock, cloudabi.ScopePrivate))
		child := g.fork(func(c *guest) {
			require.NotZero(c, c.word(lock))
			e := c.poll(lockSub(true, lock, cloudabi.ScopePrivate), clockSub(c.process().machine.host.Monotonic()+1000))
			require.Equal(c, cloudabi.EventtypeClock, e[0].Type)
			c.setWord(lock, 0)
			e = c.poll(lockSub(true, lock, cloudabi.ScopePrivate))
			require.Equal(c, cloudabi.ESUCCESS, e[0].Error)
			c.exit(0)
		})
		g.childOK(child)
		require.Equal(g, g.tid()|lockWrite, g.word(lock))
	})
}

// TestCondvarsBetweenProcesses: a signal wakes a thread of another process, and
// it has the lock then.
func TestCondvarsBetweenProcesses(t *testing.T) {
	run(t, func(g *guest) {
		page := g.shared(4096)
		lock, condvar, turn := page, page+4, page+8
		take := func(g *guest, me uint32) {
			g.poll(lockSub(true, lock, cloudabi.ScopeShared))
			for g.word(turn) != me {
				e := g.poll(condvarSub(condvar, lock, cloudabi.ScopeShared))
				require.Equal(g, cloudabi.ESUCCESS, e[0].Error)
				require.Equal(g, g.tid()|lockWrite, g.word(lock)&^lockManaged)
			}
			g.setWord(turn, me+1)
			g.ok(cloudabi.CallCondvarSignal, condvar, uint64(cloudabi.ScopeShared), 1<<32-1)
			g.ok(cloudabi.CallLockUnlock, lock, uint64(cloudabi.ScopeShared))
		}
		var fds []uint64
		for i := range uint32(10) {
			fds = append(fds, g.fork(func(c *guest) {
				take(c, 9-i)
				take(c, 19-i)
				c.exit(0)
			}))
		}
		for _, fd := range fds {
			g.childOK(fd)
		}
		require.Equal(g, uint32(20), g.word(turn))
		require.Zero(g, g.word(condvar))
		require.Zero(g, g.word(lock))
	})
}

// TestKilledWaiter: a process that dies in the queue of a shared lock does not
// get it.
func TestKilledWaiter(t *testing.T) {
	w := newWorld(t, Limits{})
	w.run(func(g *guest) {
		lock := g.shared(4096)
		g.poll(lockSub(true, lock, cloudabi.ScopeShared))
		fd := g.fork(func(c *guest) { c.poll(lockSub(true, lock, cloudabi.ScopeShared)) })
		child := w.m.Processes()[1]
		eventually(g, func() bool { return g.word(lock)&lockManaged != 0 })
		g.ok(cloudabi.CallFdClose, fd)
		g.ok(cloudabi.CallLockUnlock, lock, uint64(cloudabi.ScopeShared))
		<-child.Done()
		require.Zero(g, g.word(lock))
		e := g.poll(lockSub(true, lock, cloudabi.ScopeShared))
		require.Equal(g, cloudabi.ESUCCESS, e[0].Error)
	})
}

// BenchmarkFork is of a process with 64 MiB in use, and the end of the child.
func BenchmarkFork(b *testing.B) {
	for _, form := range []memory.Form{memory.Window, memory.Paged} {
		b.Run(form.String(), func(b *testing.B) {
			w := newWorld(b, Limits{Memory: 4 << 30})
			w.form = form
			w.run(func(g *guest) {
				const size = 64 << 20
				a := g.alloc(size)
				for at := uint64(0); at < size; at += 4096 {
					g.setWord(a+at, 1)
				}
				child := g.scripts.entry(func(c *guest) { c.exit(0) })
				b.ResetTimer()
				for b.Loop() {
					g.s.pc = child
					out, errno := g.sys(cloudabi.CallProcFork)
					require.Equal(b, cloudabi.ESUCCESS, errno)
					b.StopTimer()
					g.childOK(out[0])
					b.StartTimer()
				}
			})
		})
	}
}
