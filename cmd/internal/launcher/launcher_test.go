package launcher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/jit"
	"github.com/nuage-emu/nuage/launch"
)

const (
	die  = "../../../conformance/bin/x86_64-final/die"
	grep = "../../../examples/grep/grep.x86_64"
)

func parse(t *testing.T, text string) *launch.Config {
	t.Helper()
	c, err := launch.Parse(strings.NewReader(text), "c.yaml")
	require.NoError(t, err)
	return c
}

func unixSockets(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil || path[0] != '/' {
		t.Skipf("no Unix sockets by absolute path here: %v", err)
	}
	require.NoError(t, l.Close())
	return path
}

func TestProgramWritesToAConnection(t *testing.T) {
	path := unixSockets(t)
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer l.Close()
	received := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			received <- err.Error()
			return
		}
		defer c.Close()
		b, _ := io.ReadAll(c)
		received <- string(b)
	}()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hay"), []byte("a needle\n"), 0o600))
	c := parse(t, "out: !socket {connect: "+path+"}\npattern: needle\ndir: !file {path: "+dir+"}\n")
	var stderr bytes.Buffer
	status, err := Run(Options{Command: "test", Program: grep, Config: c, Stderr: &stderr})
	require.NoError(t, err)
	require.Zero(t, status, stderr.String())
	require.Equal(t, "hay:1:a needle\n", <-received)
}

func TestOpenSockets(t *testing.T) {
	ctx := context.Background()
	path := unixSockets(t)
	for _, d := range []launch.Capability{
		{Kind: launch.Socket, Type: launch.Stream, Bind: true, Address: path},
		{Kind: launch.Socket, Type: launch.Stream, Bind: true, Address: "127.0.0.1:0"},
		{Kind: launch.Socket, Type: launch.Datagram, Bind: true, Address: "127.0.0.1:0"},
	} {
		c, err := open(ctx, d)
		require.NoError(t, err, d)
		require.NotNil(t, c)
	}
	c, err := net.Dial("unix", path)
	require.NoError(t, err, "the bound socket does not listen")
	require.NoError(t, c.Close())

	_, err = open(ctx, launch.Capability{Kind: launch.Socket, Type: launch.SequencedPacket, Address: "127.0.0.1:1"})
	require.ErrorContains(t, err, "no sockets of type seqpacket")
	_, err = open(ctx, launch.Capability{Kind: launch.Socket, Type: launch.Stream, Address: filepath.Join(t.TempDir(), "gone")})
	require.Error(t, err)
}

func TestErrorOfOpeningSaysWhere(t *testing.T) {
	path := unixSockets(t)
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer l.Close()
	// It is there, and cannot be opened as a file.
	_, err = Run(Options{Command: "test", Program: die, Config: parse(t, "\nf: !file {path: "+path+"}"), Stderr: io.Discard})
	require.ErrorContains(t, err, "c.yaml:2:4: file \""+path+"\": ")
}

func TestOwnDescriptorsAreNotInherited(t *testing.T) {
	f, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer f.Close()
	require.False(t, inherited(uint32(f.Fd())), "a file of this process could be given away by its number")
	require.True(t, inherited(0))
}

func TestModes(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "f")
	require.NoError(t, os.WriteFile(file, []byte("contents"), 0o600))
	run := func(config string) (int, string, error) {
		var stderr bytes.Buffer
		status, err := Run(Options{Command: "test", Program: die, Config: parse(t, config), Stderr: &stderr})
		return status, stderr.String(), err
	}
	quote := func(p string) string { return `"` + filepath.ToSlash(p) + `"` }

	// The program writes nothing; what the modes do by themselves is left.
	status, _, err := run("{log: !fd stderr, how: return, f: !file {path: " + quote(file) + ", mode: write}}")
	require.NoError(t, err)
	require.Zero(t, status)
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "contents", string(b))

	_, _, err = run("{log: !fd stderr, how: return, f: !file {path: " + quote(file) + ", mode: create}, g: !file {path: " + quote(file+"2") + ", mode: create}}")
	require.NoError(t, err)
	b, err = os.ReadFile(file)
	require.NoError(t, err)
	require.Empty(t, b)
	require.FileExists(t, file+"2")

	_, _, err = run("{f: !file {path: " + quote(dir) + ", mode: create}}")
	require.ErrorContains(t, err, "c.yaml:1:5: file")
	require.ErrorContains(t, err, "mode create makes files")
	_, _, err = run("{f: !file {path: " + quote(file+"3") + ", mode: write}}")
	require.ErrorContains(t, err, "no such file")
}

func TestStyleLeavesFilesAlone(t *testing.T) {
	require.Equal(t, "x", StyleFor(&bytes.Buffer{}).Bold("x"))
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	require.NoError(t, err)
	defer f.Close()
	require.Equal(t, "x", StyleFor(f).Red("x"))
	require.Equal(t, "\x1b[1mx\x1b[0m", Style{color: true}.Bold("x"))
}

// TestPerfMap: the file for perf is made and has the program's functions; a
// program that is interpreted leaves it empty.
func TestPerfMap(t *testing.T) {
	if _, err := os.Stat("/tmp"); err != nil {
		t.Skip("no /tmp here")
	}
	name := fmt.Sprintf("/tmp/perf-%d.map", os.Getpid())
	defer os.Remove(name)
	for _, engine := range []nuage.Engine{nuage.Interpreter, nuage.JIT} {
		o := Options{Command: "test", Program: die, Config: parse(t, "{log: !fd stderr, how: return}"), Stderr: &bytes.Buffer{}, PerfMap: true}
		o.Machine.Engine = engine
		status, err := Run(o)
		if errors.Is(err, jit.ErrUnavailable) {
			t.Skip(err)
		}
		require.NoError(t, err)
		require.Zero(t, status)
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		if engine == nuage.Interpreter {
			require.Empty(t, b)
		} else {
			require.Contains(t, string(b), " guest_main [die]\n")
		}
	}
}

func TestTraceReportsWhatCouldNotBeWritten(t *testing.T) {
	tr, err := NewTrace("", "text", failingWriter{})
	require.NoError(t, err)
	tr.Event(&nuage.TraceEvent{Call: "fd_close"})
	tr.Event(&nuage.TraceEvent{Call: "fd_close"})
	require.ErrorIs(t, tr.Close(), io.ErrClosedPipe)
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
