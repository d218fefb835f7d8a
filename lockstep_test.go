package nuage_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/jit"
)

// inLockstep runs a program with capabilities as descriptors 0 and up.
func inLockstep(t *testing.T, ctx context.Context, o nuage.LockstepOptions, image *nuage.Image, capabilities ...*nuage.Capability) (*nuage.LockstepResult, error) {
	t.Helper()
	var args []any
	for _, c := range capabilities {
		args = append(args, c)
	}
	r, err := nuage.Lockstep(ctx, image, nuage.Config{Args: args}, o)
	if errors.Is(err, jit.ErrUnavailable) {
		t.Skip(err)
	}
	return r, err
}

// agree is inLockstep for programs that end well.
func agree(t *testing.T, o nuage.LockstepOptions, image *nuage.Image, capabilities ...*nuage.Capability) *nuage.LockstepResult {
	t.Helper()
	r, err := inLockstep(t, t.Context(), o, image, capabilities...)
	require.NoError(t, err)
	require.Nil(t, r.Difference, "%v", r.Difference)
	require.Equal(t, nuage.ExitStatus{}, r.Status)
	return r
}

// lumps gives a text in pieces of changing length.
type lumps struct {
	r io.Reader
	n int
}

func (l *lumps) Read(p []byte) (int, error) {
	l.n = l.n*7%1013 + 1
	return l.r.Read(p[:min(len(p), l.n)])
}

// TestLockstepStreams: both programs read all the input, which is there once,
// and the output is written once.
func TestLockstepStreams(t *testing.T) {
	text := strings.Repeat("all this, and once. ", 20_000)
	var out bytes.Buffer
	agree(t, nuage.LockstepOptions{}, echo(t, 0, 1), nuage.Reader(&lumps{r: strings.NewReader(text)}), nuage.Writer(&out))
	require.Equal(t, text, out.String())

	r, w := hostPipe(t)
	defer r.Close()
	go func() {
		_, _ = io.WriteString(w, text)
		_ = w.Close()
	}()
	out.Reset()
	agree(t, nuage.LockstepOptions{Every: 100}, echo(t, 0, 1), nuage.OSFile(r), nuage.Writer(&out))
	require.Equal(t, text, out.String())

	both := struct {
		io.Reader
		io.Writer
	}{strings.NewReader(text), &out}
	out.Reset()
	agree(t, nuage.LockstepOptions{}, echo(t, 0, 0), nuage.ReadWriter(both))
	require.Equal(t, text, out.String())
}

// TestLockstepFiles: a file is read by both and changed by none.
func TestLockstepFiles(t *testing.T) {
	dir := t.TempDir()
	in, old := filepath.Join(dir, "in"), filepath.Join(dir, "old")
	require.NoError(t, os.WriteFile(in, []byte("input"), 0o600))
	require.NoError(t, os.WriteFile(old, []byte("as it was"), 0o600))
	for _, mode := range []nuage.FileMode{nuage.WriteFile, nuage.CreateFile} {
		agree(t, nuage.LockstepOptions{}, echo(t, 0, 1), nuage.File(in, nuage.ReadFile), nuage.File(old, mode))
		b, err := os.ReadFile(old)
		require.NoError(t, err)
		require.Equal(t, "as it was", string(b))
	}
	agree(t, nuage.LockstepOptions{}, echo(t, 0, 1), nuage.File(in, nuage.ReadFile), nuage.File(filepath.Join(dir, "new"), nuage.CreateFile))
	require.NoFileExists(t, filepath.Join(dir, "new"))
	_, err := inLockstep(t, t.Context(), nuage.LockstepOptions{}, echo(t, 0, 1), nuage.File(filepath.Join(dir, "none"), nuage.WriteFile))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestLockstepMemoryFS: what is in a file system in memory is seen by both, and
// stays.
func TestLockstepMemoryFS(t *testing.T) {
	fs := nuage.NewMemoryFS(0)
	require.NoError(t, fs.WriteFile("a", []byte("as it was")))
	image, err := nuage.LoadFile("conformance/bin/x86_64-final/path")
	require.NoError(t, err)
	defer image.Close()
	var log bytes.Buffer
	r, err := nuage.Lockstep(t.Context(), image, nuage.Config{Args: map[string]any{"log": nuage.Writer(&log), "tmpdir": fs.Dir(), "other": nuage.MemoryDir()}}, nuage.LockstepOptions{})
	if errors.Is(err, jit.ErrUnavailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	require.Nil(t, r.Difference, "%v", r.Difference)
	require.Empty(t, log.String())
	b, err := fs.ReadFile("a")
	require.NoError(t, err)
	require.Equal(t, "as it was", string(b))
	_, err = fs.ReadFile("file")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestLockstepRefuses: what cannot be given to two programs, or compared.
func TestLockstepRefuses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip("no loopback network:", err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	for _, capability := range []*nuage.Capability{nuage.Listener(l), nuage.Conn(c)} {
		_, err := inLockstep(t, t.Context(), nuage.LockstepOptions{}, echo(t, 0, 0), capability)
		var e *nuage.OpenError
		require.ErrorAs(t, err, &e)
		require.Same(t, capability, e.Capability)
		require.ErrorContains(t, err, "lockstep")
	}
	_, err = inLockstep(t, t.Context(), nuage.LockstepOptions{Options: nuage.Options{Checked: true}}, echo(t, 0, 0), nuage.Listener(l))
	require.ErrorContains(t, err, "upper halves")

	arm, err := nuage.LoadFile("conformance/bin/aarch64-final/arith")
	require.NoError(t, err)
	defer arm.Close()
	_, err = nuage.Lockstep(t.Context(), arm, nuage.Config{}, nuage.LockstepOptions{})
	require.ErrorIs(t, err, jit.ErrUnavailable)
}

// TestLockstepEnds: both programs are ended from outside without being taken
// for different, and calls are shown once.
func TestLockstepEnds(t *testing.T) {
	forever := program(t, []byte{0xEB, 0xFE})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	r, err := inLockstep(t, ctx, nuage.LockstepOptions{}, forever)
	require.NoError(t, err)
	require.Nil(t, r.Difference, "%v", r.Difference)
	require.Equal(t, cloudabi.SIGKILL, r.Status.Signal)

	r, err = inLockstep(t, t.Context(), nuage.LockstepOptions{Options: nuage.Options{Limits: nuage.Limits{WallTime: 20e6}}}, forever)
	require.NoError(t, err)
	require.Nil(t, r.Difference, "%v", r.Difference)
	require.Equal(t, cloudabi.SIGALRM, r.Status.Signal)

	// The limit of computing is one of instructions: it is part of the course.
	r, err = inLockstep(t, t.Context(), nuage.LockstepOptions{Options: nuage.Options{Limits: nuage.Limits{CPUTime: 1e6}}}, forever)
	require.NoError(t, err)
	require.Nil(t, r.Difference, "%v", r.Difference)
	require.Equal(t, cloudabi.SIGXCPU, r.Status.Signal)

	var calls []string
	o := nuage.LockstepOptions{Options: nuage.Options{Trace: func(e *nuage.TraceEvent) { calls = append(calls, e.Call) }}}
	agree(t, o, echo(t, 0, 1), nuage.Reader(strings.NewReader("x")), nuage.Writer(&bytes.Buffer{}))
	require.Equal(t, []string{"fd_read", "fd_write", "fd_read", "proc_exit"}, calls)
}
