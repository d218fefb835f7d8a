package nuage_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/argdata"
	"github.com/nuage-emu/nuage/conformance"
	"github.com/nuage-emu/nuage/cpu"
)

const hello = "853ff93762a06ddbf722c4ebe9ddd66d8f63ddaea97f521c3ecc20da7c976020" // of "hello, world\n"

func example(t *testing.T, name string) *nuage.Image {
	t.Helper()
	image, err := nuage.LoadFile(filepath.Join("examples", name, name+".x86_64"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, image.Close()) })
	return image
}

func guest(t *testing.T, name string) *nuage.Image {
	t.Helper()
	program, err := conformance.Program("x86_64-final", name)
	require.NoError(t, err)
	image, err := nuage.LoadBytes(program)
	require.NoError(t, err)
	return image
}

func machine(t *testing.T, o nuage.Options) *nuage.Machine {
	t.Helper()
	m, err := nuage.NewMachine(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

// sum runs sha256sum on a capability and returns what it printed.
func sum(t *testing.T, m *nuage.Machine, data *nuage.Capability) string {
	t.Helper()
	var out bytes.Buffer
	p, err := m.Start(t.Context(), example(t, "sha256sum"), nuage.Config{Args: map[string]any{
		"out": nuage.Writer(&out), "files": []any{map[string]any{"name": "x", "data": data}},
	}})
	require.NoError(t, err)
	_, err = p.Wait(t.Context())
	require.NoError(t, err)
	return out.String()
}

func TestReadableCapabilities(t *testing.T) {
	m := machine(t, nuage.Options{})
	path := filepath.Join(t.TempDir(), "greeting")
	require.NoError(t, os.WriteFile(path, []byte("hello, world\n"), 0o600))
	link := path + " link"
	require.NoError(t, os.Symlink("greeting", link))
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	want := hello + "  x\n"
	require.Equal(t, want, sum(t, m, nuage.Reader(strings.NewReader("hello, world\n"))))
	require.Equal(t, want, sum(t, m, nuage.File(path, nuage.ReadFile)))
	require.Equal(t, want, sum(t, m, nuage.File(link, nuage.ReadFile)))
	require.Equal(t, want, sum(t, m, nuage.File(path, nuage.WriteFile)))
	require.Equal(t, want, sum(t, m, nuage.OSFile(file)))
	require.Contains(t, sum(t, m, nuage.Writer(io.Discard)), "ENOTCAPABLE")
	require.Contains(t, sum(t, m, nuage.MemoryDir()), "ENOTCAPABLE")
	require.Contains(t, sum(t, m, nil), "EBADF")
	require.Contains(t, sum(t, m, nuage.File(path, nuage.ReadFile).WithRights(cloudabi.RightFdSeek, 0)), "ENOTCAPABLE")

	program, err := os.ReadFile("examples/sha256sum/sha256sum.x86_64")
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("%x  x\n", sha256.Sum256(program)), sum(t, m, nuage.Executable()))

	require.NotContains(t, sum(t, m, nuage.File(path, nuage.CreateFile)), hello, "created files are empty")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Empty(t, data)
}

func TestConn(t *testing.T) {
	m := machine(t, nuage.Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() {
		defer l.Close()
		if c, err := l.Accept(); err == nil {
			_, _ = io.WriteString(c, "hello, world\n")
			_ = c.Close()
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	conn := nuage.Conn(c)
	require.Equal(t, hello+"  x\n", sum(t, m, conn))
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, net.ErrClosed, "the process closes what it has taken over")
	_, err = m.Start(t.Context(), example(t, "sha256sum"), nuage.Config{Args: conn})
	require.ErrorContains(t, err, "given to a process before")
}

// TestListener gives a program a listening socket; it belongs to the process.
func TestListener(t *testing.T) {
	m := machine(t, nuage.Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var log bytes.Buffer
	p, err := m.Start(t.Context(), guest(t, "die"), nuage.Config{Args: map[string]any{
		"log": nuage.Writer(&log), "how": "return", "socket": nuage.Listener(l),
	}})
	require.NoError(t, err)
	_, err = p.Wait(t.Context())
	require.NoError(t, err)
	_, err = l.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestDirectories(t *testing.T) {
	m := machine(t, nuage.Options{})
	grep := func(dir *nuage.Capability) string {
		var out bytes.Buffer
		p, err := m.Start(t.Context(), example(t, "grep"), nuage.Config{Args: map[string]any{
			"out": nuage.Writer(&out), "dir": dir, "pattern": "needle",
		}})
		require.NoError(t, err)
		_, err = p.Wait(t.Context())
		require.NoError(t, err)
		return out.String()
	}
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sub"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sub", "hay"), []byte("straw\nneedle\n"), 0o600))
	want := "sub/hay:2:needle\n"
	require.Equal(t, want, grep(nuage.Dir(dir)))
	require.Equal(t, want, grep(nuage.Dir(dir).ReadOnly()))
	require.Equal(t, want, grep(nuage.Overlay(dir)))
	require.Equal(t, want, grep(nuage.FS(os.DirFS(dir))))
	require.Equal(t, want, grep(nuage.FS(fstest.MapFS{"sub/hay": {Data: []byte("straw\nneedle\n")}})))
	memory := nuage.NewMemoryFS(1 << 20)
	require.NoError(t, memory.WriteFile("sub/hay", []byte("straw\nneedle\n")))
	require.Equal(t, want, grep(memory.Dir()))
	require.Empty(t, grep(nuage.MemoryDir()))
	_, err := m.Start(t.Context(), example(t, "grep"), nuage.Config{Args: nuage.Dir(filepath.Join(dir, "none"))})
	require.ErrorContains(t, err, "none")
}

// TestOverlayKeepsTheHost: a program that writes all over an overlay leaves
// the host's directory as it was; one that may only read cannot change it.
func TestOverlayKeepsTheHost(t *testing.T) {
	m := machine(t, nuage.Options{})
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "transfer"), []byte("mine"), 0o600))
	run := func(c *nuage.Capability) nuage.ExitStatus {
		var log bytes.Buffer
		p, err := m.Start(t.Context(), guest(t, "io"), nuage.Config{Args: map[string]any{"log": nuage.Writer(&log), "tmpdir": c}})
		require.NoError(t, err)
		status, err := p.Wait(t.Context())
		require.NoError(t, err)
		return status
	}
	require.Equal(t, nuage.ExitStatus{}, run(nuage.Overlay(dir)))
	require.NotEqual(t, nuage.ExitStatus{}, run(nuage.Dir(dir).ReadOnly()))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	data, err := os.ReadFile(filepath.Join(dir, "transfer"))
	require.NoError(t, err)
	require.Equal(t, "mine", string(data))
}

// TestMemoryFSOutlivesProcesses: what one program wrote another can read, and
// the host too.
func TestMemoryFSOutlivesProcesses(t *testing.T) {
	m := machine(t, nuage.Options{})
	files := nuage.NewMemoryFS(0)
	var log bytes.Buffer
	p, err := m.Start(t.Context(), guest(t, "io"), nuage.Config{Args: map[string]any{"log": nuage.Writer(&log), "tmpdir": files.Dir()}})
	require.NoError(t, err)
	_, err = p.Wait(t.Context())
	require.NoError(t, err)
	data, err := files.ReadFile("append")
	require.NoError(t, err)
	require.Equal(t, "1234567890", string(data))
	_, err = files.ReadFile("nothing")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = files.ReadFile(".")
	require.ErrorIs(t, err, cloudabi.EISDIR)
}

func TestLoadRefuses(t *testing.T) {
	_, err := nuage.LoadBytes([]byte("#!/bin/sh\n"))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "\n")
	_, err = nuage.LoadFile(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = nuage.LoadFile(t.TempDir())
	require.ErrorContains(t, err, "not a regular file")
}

// TestBothInstructionSets: the image says which processor it needs, and gets it.
func TestBothInstructionSets(t *testing.T) {
	for set, arch := range map[string]cpu.Arch{"x86_64-final": cpu.X86_64, "aarch64-final": cpu.AArch64} {
		program, err := conformance.Program(set, "die")
		require.NoError(t, err)
		image, err := nuage.LoadBytes(program)
		require.NoError(t, err)
		require.Equal(t, arch, image.Arch())
		var log bytes.Buffer
		status, err := nuage.Run(t.Context(), image, nuage.Config{Args: map[string]any{"log": nuage.Writer(&log), "how": "return", "code": 7}})
		require.NoError(t, err)
		require.Equal(t, nuage.ExitStatus{Code: 7}, status)
	}
}

func TestArguments(t *testing.T) {
	m := machine(t, nuage.Options{})
	self := map[string]any{}
	self["self"] = self
	for _, bad := range []any{struct{}{}, make(chan int), []any{func() {}}, self, argdata.FD(7)} {
		_, err := m.Start(t.Context(), guest(t, "die"), nuage.Config{Args: bad})
		if _, isFD := bad.(argdata.Value); isFD {
			require.NoError(t, err, "a descriptor that stands for nothing is an invalid one")
			continue
		}
		require.Error(t, err)
	}
	type name string
	var out bytes.Buffer
	p, err := m.Start(t.Context(), guest(t, "die"), nuage.Config{Args: map[string]any{
		"log": nuage.Writer(&out), "how": name("return"), "code": uint8(7),
		"more": []any{nil, true, -1, uint64(1) << 63, 1.5, float32(2), []byte{1}, time.Unix(1, 2), argdata.Str("x")},
	}})
	require.NoError(t, err)
	status, err := p.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, cloudabi.Exitcode(7), status.Code)
}

// TestSameCapabilityIsOneDescriptor: two places, one number.
func TestSameCapabilityIsOneDescriptor(t *testing.T) {
	var out bytes.Buffer
	var used atomic.Uint64
	m := machine(t, nuage.Options{Trace: func(e *nuage.TraceEvent) {
		if e.Call == "fd_write" {
			used.Or(1 << e.Args[0].Value)
		}
	}})
	w := nuage.Writer(&out)
	p, err := m.Start(t.Context(), example(t, "sha256sum"), nuage.Config{Args: map[string]any{"also": w, "out": w, "files": []any{w}}})
	require.NoError(t, err)
	_, err = p.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, uint64(1), used.Load())
}

func TestKillStopContinue(t *testing.T) {
	m := machine(t, nuage.Options{})
	var log bytes.Buffer
	start := func(how string) *nuage.Process {
		p, err := m.Start(t.Context(), guest(t, "die"), nuage.Config{Args: map[string]any{"log": nuage.Writer(&log), "how": how}})
		require.NoError(t, err)
		return p
	}
	p := start("loop")
	p.Stop()
	p.Kill(cloudabi.SIGTERM)
	status, err := p.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, cloudabi.SIGTERM, status.Signal)

	p = start("loop")
	require.Len(t, m.Processes(), 1)
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = p.Wait(short)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	p.Stop()
	p.Continue()
	p.Kill(cloudabi.SIGKILL)
	<-p.Done()
	require.Empty(t, m.Processes())
}

// TestOutputLimit: a program cannot write more than it may.
func TestOutputLimit(t *testing.T) {
	m := machine(t, nuage.Options{Limits: nuage.Limits{OutputBytes: 10}})
	var out bytes.Buffer
	p, err := m.Start(t.Context(), example(t, "sha256sum"), nuage.Config{Args: map[string]any{
		"out": nuage.Writer(&out), "files": []any{map[string]any{"data": nuage.Reader(strings.NewReader(""))}},
	}})
	require.NoError(t, err)
	status, err := p.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, cloudabi.Exitcode(2), status.Code, "the program sees its write fail")
	require.Len(t, out.String(), 10)
}

// never blocks for good, as a terminal that nobody types at does.
type never struct{ entered chan struct{} }

func (n never) Read([]byte) (int, error) {
	close(n.entered)
	select {}
}

// TestBlockedReaderDoesNotHold: the process ends although the host's Read does
// not return.
func TestBlockedReaderDoesNotHold(t *testing.T) {
	m := machine(t, nuage.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	r := never{make(chan struct{})}
	p, err := m.Start(ctx, example(t, "sha256sum"), nuage.Config{Args: map[string]any{
		"out": nuage.Writer(&out), "files": []any{map[string]any{"data": nuage.Reader(r)}},
	}})
	require.NoError(t, err)
	<-r.entered
	cancel()
	status, err := p.Wait(context.Background())
	require.NoError(t, err)
	require.Equal(t, cloudabi.SIGKILL, status.Signal)
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("broken") }

// TestFailingWriter: an error of the host's writer is an error of the call.
func TestFailingWriter(t *testing.T) {
	m := machine(t, nuage.Options{})
	p, err := m.Start(t.Context(), example(t, "sha256sum"), nuage.Config{Args: map[string]any{"out": nuage.Writer(failing{})}})
	require.NoError(t, err)
	status, err := p.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, cloudabi.Exitcode(2), status.Code)
}
