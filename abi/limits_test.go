package abi

import (
	"context"
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// TestSeam: nothing in this package reaches the host except through Host and
// Stream. The scheduler's one word to the Go runtime is in a file of its own.
func TestSeam(t *testing.T) {
	allowed := map[string]bool{
		"bytes": true, "cmp": true, "container/heap": true, "context": true, "encoding/binary": true, "encoding/json": true, "errors": true, "fmt": true,
		"io": true, "maps": true, "math": true, "slices": true, "strconv": true, "strings": true, "sync": true, "sync/atomic": true,
		"net/netip":     true, // writes addresses, and opens nothing
		"runtime/debug": true, // the stack of a defect, for the text of a status
	}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, i := range f.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			require.NoError(t, err)
			ours := strings.HasPrefix(path, "github.com/nuage-emu/nuage/") && !strings.HasSuffix(path, "/abi/host")
			if !ours && !allowed[path] && (name != "sched_runtime.go" || path != "runtime") {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
	src, err := os.ReadFile("sched_runtime.go")
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(src), "runtime.G"))
}

// TestNothingIsLeft: after processes have ended in every way, there is no
// goroutine, no memory, no open file more than before.
func TestNothingIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	w := newWorld(t, Limits{})
	w.host.auto = false
	busy := func(g *guest) {
		for {
			g.ok(cloudabi.CallThreadYield)
		}
	}
	asleep := func(g *guest) { g.poll(clockSub(1e15)) }
	reading := func(g *guest) { g.read(0, 1) }
	ctx, cancel := context.WithCancel(t.Context())
	var all []*Process
	for range 5 {
		all = append(all, w.start(ctx, func(g *guest) {
			g.alloc(1 << 20)
			for _, f := range []script{busy, asleep, reading} {
				g.thread(f)
			}
			busy(g)
		}, DescriptorSpec{Object: NewStream(&testStream{})}, memoryDir()))
		all = append(all, w.start(ctx, func(g *guest) { g.create("f"); g.exit(1) }, memoryDir()))
	}
	for _, p := range all[:4] {
		eventually(t, func() bool { return len(p.Threads()) == 4 || p.isEnding() })
		p.Kill(cloudabi.SIGTERM)
	}
	cancel()
	for _, p := range all {
		w.wait(p)
	}
	require.Zero(t, w.m.openFiles.Load())
	require.Zero(t, w.m.quota.Used())
	require.Empty(t, w.m.threads)
	require.NoError(t, w.m.Close())
	_, err := w.tryStart(t.Context(), busy)
	require.ErrorIs(t, err, ErrClosed)
	eventually(t, func() bool { return runtime.NumGoroutine() <= before })
	require.Empty(t, w.host.timers)
}

func TestMemoryLimit(t *testing.T) {
	newWorld(t, Limits{Memory: 8 << 20}).run(func(g *guest) {
		n := 0
		for {
			out, errno := g.sys(cloudabi.CallMemMap, 0, 1<<20, 6, 5, 0xffffffff, 0)
			if errno != 0 {
				require.Equal(g, cloudabi.ENOMEM, errno)
				break
			}
			g.store64(out[0], 1)
			n++
		}
		require.Positive(g, n)
		require.LessOrEqual(g, n, 8)
	})
}

func TestProcessLimit(t *testing.T) {
	w := newWorld(t, Limits{Processes: 1})
	w.host.auto = false
	p := w.start(t.Context(), func(g *guest) { g.poll(clockSub(1e15)) })
	_, err := w.tryStart(t.Context(), nil)
	require.ErrorIs(t, err, ErrProcesses)
	p.Kill(cloudabi.SIGKILL)
	w.wait(p)
}

// TestReplaceHammer closes, replaces and duplicates descriptors while other
// threads use them.
func TestReplaceHammer(t *testing.T) {
	w := newWorld(t, Limits{})
	w.run(func(g *guest) {
		a, b := g.create("a"), g.create("b")
		slot := g.ok(cloudabi.CallFdDup, a)
		stop, ended := g.put(make([]byte, 4)), g.put(make([]byte, 4))
		const threads = 3
		for range threads {
			g.thread(func(g *guest) {
				buf, n := g.iov(g.put([]byte("0123456789")), 10)
				for g.word(stop) == 0 {
					_, errno := g.sys(cloudabi.CallFdPwrite, slot, buf, n, 0)
					require.Contains(g, []cloudabi.Errno{0, cloudabi.EBADF}, errno)
					_, errno = g.sys(cloudabi.CallFdRead, slot, buf, n)
					require.Contains(g, []cloudabi.Errno{0, cloudabi.EBADF}, errno)
					g.poll(fdSub(false, slot, 1))
				}
				for v := g.word(ended); !g.cas(ended, v, v+1); v = g.word(ended) {
				}
				g.sys(cloudabi.CallThreadExit, 0, 0)
			})
		}
		for i := range 300 {
			from := a
			if i%2 == 0 {
				from = b
			}
			if _, errno := g.sys(cloudabi.CallFdReplace, from, slot); errno != 0 {
				require.Equal(g, cloudabi.EBADF, errno)
				require.Equal(g, slot, g.ok(cloudabi.CallFdDup, from))
			}
			if i%5 == 0 {
				g.ok(cloudabi.CallFdClose, slot)
			}
		}
		g.setWord(stop, 1)
		for g.word(ended) != threads {
			g.ok(cloudabi.CallThreadYield)
		}
		g.sys(cloudabi.CallFdClose, slot)
		require.EqualValues(g, 3, w.m.openFiles.Load())
	}, memoryDir())
}

// TestUnmapHammer unmaps and maps the memory that calls of other threads read
// and write.
func TestUnmapHammer(t *testing.T) {
	for _, form := range []memory.Form{memory.Auto, memory.Paged} {
		w := newWorld(t, Limits{})
		w.form = form
		w.run(func(g *guest) {
			page := g.alloc(4 * memory.PageSize)
			fd := g.create("f")
			stop, ended := g.put(make([]byte, 4)), g.put(make([]byte, 4))
			const threads = 2
			for range threads {
				g.thread(func(g *guest) {
					iov, n := g.iov(page, 100, page+memory.PageSize-50, 3*memory.PageSize)
					path := page + 2*memory.PageSize
					for g.word(stop) == 0 {
						g.sys(cloudabi.CallFdPwrite, fd, iov, n, 0)
						g.sys(cloudabi.CallFdPread, fd, iov, n, 0)
						g.sys(cloudabi.CallRandomGet, page, 2*memory.PageSize)
						g.sys(cloudabi.CallFileStatGet, 0, path, 10, page)
						g.sys(cloudabi.CallLockUnlock, page, 4)
						g.sys(cloudabi.CallFileReaddir, 0, page, 4*memory.PageSize, 0)
						g.sys(cloudabi.CallPoll, page, page, 10)
					}
					for v := g.word(ended); !g.cas(ended, v, v+1); v = g.word(ended) {
					}
					g.sys(cloudabi.CallThreadExit, 0, 0)
				})
			}
			for i := range uint64(300) {
				p := page + i%4*memory.PageSize
				g.ok(cloudabi.CallMemUnmap, p, memory.PageSize)
				g.ok(cloudabi.CallMemMap, p, memory.PageSize, i%3*2, 7, 0xffffffff, 0)
				g.ok(cloudabi.CallMemMap, p, memory.PageSize, 6, 7, 0xffffffff, 0)
			}
			g.setWord(stop, 1)
			for g.word(ended) != threads {
				g.ok(cloudabi.CallThreadYield)
			}
		}, memoryDir())
	}
}

func TestInternalErrorEndsTheGuestOnly(t *testing.T) {
	w := newWorld(t, Limits{})
	w.m.trace = func(*TraceEvent) { panic("a defect") }
	s := w.wait(w.start(t.Context(), func(g *guest) { g.ok(cloudabi.CallThreadYield) }))
	require.Equal(t, cloudabi.SIGSYS, s.Signal)
	require.Contains(t, s.Text, "a defect")
}

func TestTrace(t *testing.T) {
	w := newWorld(t, Limits{})
	var mu sync.Mutex
	var lines []string
	var last []byte
	w.m.trace = func(e *TraceEvent) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, e.String())
		last, _ = json.Marshal(e)
	}
	out := &testStream{}
	w.run(func(g *guest) {
		_, errno := g.open(0, "some/../file", creat, 0, readWrite, 0)
		require.Equal(g, cloudabi.ENOENT, errno)
	}, memoryDir())
	require.Contains(t, lines[0], `[2] file_open(dirfd=0, path="some/../file", oflags=creat, fds={unknown, flags=0, base=`)
	require.Contains(t, lines[0], ") = ENOENT: ")
	lines = nil
	w.run(func(g *guest) {
		fd := g.create("file")
		g.write(fd, "hello\n", "world")
		g.ok(cloudabi.CallFdSeek, fd, ^uint64(2), uint64(cloudabi.WhenceCur))
		g.read(fd, 10)
		g.ok(cloudabi.CallMemMap, 0, 4096, 6, 5, 0xffffffff, 0)
		g.poll(clockSub(1500000000))
		a := g.put(make([]byte, 64))
		g.ok(cloudabi.CallFileStatFget, fd, a)
		g.write(1, strings.Repeat("x", 100))
		g.fails(cloudabi.EBADF, cloudabi.CallFdClose, 99)
		g.trap(44, a, 2)
		g.exit(0)
	}, memoryDir(), DescriptorSpec{Object: NewStream(out)})
	want := []string{
		"file_open(dirfd=0, path=\"file\", oflags=creat, ",
		`fd_write(fd=2, iovs=["hello\n", "world"]) = nwritten=11 <0ns>`,
		`fd_seek(fd=2, offset=-3, whence=cur) = newoffset=8 <0ns>`,
		`fd_read(fd=2, iovs=["rld"]) = nread=3 <0ns>`,
		`mem_map(addr=0x0, len=4096, prot=write|read, flags=anon|private, fd=-1, off=0) = mem=0x`,
		`poll(in=[clock monotonic+1.500000000], out=[clock]) = nevents=1 <1.500s>`,
		`file_stat_fget(fd=2, buf={regular_file, size=11, nlink=1, ino=`,
		`fd_write(fd=1, iovs=["` + strings.Repeat("x", 32) + `"…]) = nwritten=100`,
		`fd_close(fd=99) = EBADF`,
		`random_get(buf="`,
		`proc_exit(rval=0) = ? <0ns>`,
	}
	require.Len(t, lines, len(want))
	for i := range want {
		require.Contains(t, lines[i], want[i])
	}
	var decoded map[string]any
	require.NoError(t, json.Unmarshal(last, &decoded))
	require.Equal(t, "proc_exit", decoded["call"])
	require.Equal(t, false, decoded["returned"])
}

func TestTraceSockets(t *testing.T) {
	w := newWorld(t, Limits{})
	var lines []string
	w.m.trace = func(e *TraceEvent) { lines = append(lines, e.String()) }
	messages := &testMessages{messages: []string{"a datagram"}}
	w.run(func(g *guest) {
		a, b := g.pair(sockStream)
		g.sent(a, "hello", 0)
		g.received(b, 9, 2, cloudabi.SockRecvPeek)
		g.received(b, 9, 2, 0)
		g.nonblock(b)
		_, errno := g.recv(b, 7, 0, 0)
		require.Equal(g, cloudabi.EAGAIN, errno)
		g.received(0, 3, 0, 0)
	}, DescriptorSpec{Object: NewStream(messages)})
	w.early = true
	w.run(func(g *guest) { g.sockstat(0, 0) }, DescriptorSpec{Object: NewStream(messages)})
	for _, want := range []string{
		`sock_send(sock=1, in={data=["hello"], fds=[0]}, out={datalen=5}) = ok`,
		`sock_recv(sock=2, in={data=["hello"], fds=[3], flags=peek}, out={datalen=5, fdslen=1}) = ok`,
		`sock_recv(sock=2, in={data=["hello"], fds=[4]}, out={datalen=5, fdslen=1}) = ok`,
		`sock_recv(sock=2, in={data=[7 bytes]}, out=0x`,
		`sock_stat_get(sock=0, buf={sockname=0.0.0.0:1, peername=[::]:2, error=ECONNREFUSED}, flags=0) = ok`,
		`sock_recv(sock=0, in={data=["a d"]}, out={datalen=3, flags=trunc}) = ok`,
	} {
		require.True(t, slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, want) }), "%s\nin\n%s", want, strings.Join(lines, "\n"))
	}
}
