package nuage_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/jit"
)

// statsOf runs a bench program and returns what was counted.
func statsOf(t *testing.T, o nuage.Options) nuage.Stats {
	t.Helper()
	image, err := nuage.LoadFile("bench/bin/x86_64/fib")
	require.NoError(t, err)
	defer image.Close()
	m, err := nuage.NewMachine(o)
	require.NoError(t, err)
	var out bytes.Buffer
	p, err := m.Start(t.Context(), image, nuage.Config{Args: map[string]any{"out": nuage.Writer(&out), "n": 1}})
	if errors.Is(err, jit.ErrUnavailable) {
		require.NoError(t, m.Close())
		t.Skip(err)
	}
	require.NoError(t, err)
	require.Equal(t, nuage.ExitStatus{}, ended(t, p))
	require.NoError(t, m.Close())
	return m.Stats()
}

// TestStatsOfInterpreter: all instructions are counted, and the calls.
func TestStatsOfInterpreter(t *testing.T) {
	s := statsOf(t, nuage.Options{Engine: nuage.Interpreter})
	require.Equal(t, uint64(1), s.Processes)
	require.Equal(t, uint64(1), s.Threads)
	require.Equal(t, uint64(1), s.Calls["proc_exit"])
	require.Equal(t, uint64(1), s.Calls["fd_write"])
	require.Greater(t, s.Retired, uint64(1000))
	require.Zero(t, s.Translators)
	require.Equal(t, jit.Stats{}, s.Translator)
}

// TestStatsOfTranslator: deterministic code counts as the interpreter does,
// and both leave generated code for every call.
func TestStatsOfTranslator(t *testing.T) {
	s := statsOf(t, nuage.Options{Engine: nuage.JIT})
	require.Equal(t, 1, s.Translators)
	var calls uint64
	for _, n := range s.Calls {
		calls += n
	}
	require.Equal(t, calls, s.Translator.Left.Syscall)
	require.NotZero(t, s.Translator.Units)
	require.Greater(t, s.Translator.HostBytes, s.Translator.GuestBytes)

	metered := statsOf(t, nuage.Options{Engine: nuage.JIT, Deterministic: true})
	require.Equal(t, statsOf(t, nuage.Options{Engine: nuage.Interpreter, Deterministic: true}).Retired, metered.Retired)
	require.Equal(t, calls, metered.Translator.Left.Syscall)
}

var perfLine = regexp.MustCompile(`^([0-9a-f]+) ([0-9a-f]+) (.+)$`)

// TestPerfMap: every line has the form that perf reads, and the functions of
// the program have their names.
func TestPerfMap(t *testing.T) {
	var file bytes.Buffer
	s := statsOf(t, nuage.Options{Engine: nuage.JIT, PerfMap: &file})
	var bytes uint64
	names := map[string]bool{}
	for line := range strings.Lines(file.String()) {
		m := perfLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		require.NotNil(t, m, "%q", line)
		_, err := strconv.ParseUint(m[1], 16, 64)
		require.NoError(t, err)
		size, err := strconv.ParseUint(m[2], 16, 64)
		require.NoError(t, err)
		require.NotZero(t, size)
		bytes += size
		name, rest, ok := strings.Cut(m[3], " ")
		require.True(t, ok, "%q", line)
		require.Contains(t, []string{"[fib]", "return]"}, rest)
		name, _, _ = strings.Cut(name, "+")
		names[name] = true
	}
	require.GreaterOrEqual(t, bytes, s.Translator.HostBytes, "some code has no line")
	for _, name := range []string{"_start", "fib", "guest_exit"} {
		require.Contains(t, names, name)
	}
}

// TestCreatePerfMap: the file is where perf looks, new, and what others left
// there is not followed.
func TestCreatePerfMap(t *testing.T) {
	if _, err := os.Stat("/tmp"); err != nil {
		t.Skip("no /tmp here")
	}
	name := "/tmp/perf-" + strconv.Itoa(os.Getpid()) + ".map"
	other := t.TempDir() + "/other"
	require.NoError(t, os.WriteFile(other, []byte("mine"), 0o600))
	_ = os.Remove(name)
	if err := os.Symlink(other, name); err != nil {
		t.Skip(err)
	}
	f, err := nuage.CreatePerfMap()
	require.NoError(t, err)
	defer os.Remove(name)
	require.Equal(t, name, f.Name())
	_, err = f.WriteString("1000 10 f\n")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	b, err := os.ReadFile(other)
	require.NoError(t, err)
	require.Equal(t, "mine", string(b))
}

// TestProfileLabel: goroutines of a program have its name in profiles.
func TestProfileLabel(t *testing.T) {
	image, err := nuage.LoadFile("conformance/bin/x86_64-final/die")
	require.NoError(t, err)
	defer image.Close()
	m, err := nuage.NewMachine(nuage.Options{})
	require.NoError(t, err)
	_, err = m.Start(t.Context(), image, nuage.Config{Args: map[string]any{"log": nuage.Writer(io.Discard), "how": "loop"}})
	require.NoError(t, err)
	// The goroutine of the thread takes the name when it begins to run.
	for named := false; !named; runtime.Gosched() {
		require.NoError(t, t.Context().Err())
		var b bytes.Buffer
		require.NoError(t, pprof.Lookup("goroutine").WriteTo(&b, 1))
		named = strings.Contains(b.String(), `"program":"die"`)
	}
	require.NoError(t, m.Close())
}
