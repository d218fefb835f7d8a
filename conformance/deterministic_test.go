package conformance

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// subjectArgs is what the subjects are given besides their log.
func subjectArgs(dir *nuage.Capability) map[string]any {
	return map[string]any{"tmpdir": dir, "other": nuage.MemoryDir(), "program": nuage.Executable(), "number": 42, "text": "h\u00e9", "list": []any{1, -2, nil, true}}
}

// filing are the subjects that use their directory for more than a file.
var filing = []string{"fd", "filestat", "io", "mem", "path", "readdir", "rights", "sock2015"}

// directories are the file systems that a program can write to.
var directories = []struct {
	name string
	make func(t *testing.T) *nuage.Capability
}{
	{"memory", func(*testing.T) *nuage.Capability { return nuage.MemoryDir() }},
	{"host", func(t *testing.T) *nuage.Capability { return nuage.Dir(t.TempDir()) }},
	{"overlay", func(t *testing.T) *nuage.Capability { return nuage.Overlay(t.TempDir()) }},
}

// TestDeterministic runs every subject again, on the other form of memory if
// there is one, and those that use files on every file system: all runs are the
// same to the last instruction.
func TestDeterministic(t *testing.T) {
	all := forms(t)
	other := all[len(all)-1]
	for _, set := range setsToRepeat() {
		for _, subject := range subjectsOf(set) {
			for _, dir := range directories {
				if dir.name != "memory" && !slices.Contains(filing, subject) {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%s", set, dir.name, subject), func(t *testing.T) {
					t.Parallel()
					first := courseOf(t, set, subject)
					require.Empty(t, first.log)
					require.Equal(t, nuage.ExitStatus{}, first.status)
					require.NotEmpty(t, first.calls)
					again := deterministicRun(t, imageOf(t, set, subject), nuage.Options{Memory: other, Seed: subjectSeed},
						nuage.Config{Args: subjectArgs(dir.make(t))})
					requireSame(t, first, again)
				})
			}
		}
	}
}

// TestDeterministicEnds: the ways to die, too.
func TestDeterministicEnds(t *testing.T) {
	for _, set := range setsToRepeat() {
		program, err := Program(set, "die")
		require.NoError(t, err)
		for _, e := range ends {
			t.Run(fmt.Sprintf("%s/%s %d", set, e.how, e.code), func(t *testing.T) {
				t.Parallel()
				args := map[string]any{"how": e.how, "code": e.code}
				a := deterministic(t, program, memory.Auto, 1, args)
				require.Equal(t, e.signal, a.status.Signal, a.status)
				requireSame(t, a, deterministic(t, program, memory.Paged, 1, args))
			})
		}
	}
}

// TestSeeds: what a seed decides.
func TestSeeds(t *testing.T) {
	program, err := Program("x86_64-final", "race")
	require.NoError(t, err)
	args := map[string]any{"how": "race"}
	a := deterministic(t, program, memory.Auto, subjectSeed, args)
	b := deterministic(t, program, memory.Auto, subjectSeed+1, args)
	require.NotEqual(t, a.digest, b.digest)
	require.Equal(t, a.status, b.status)
}

// TestRaces: what depends on nothing but the order of threads is the same each
// time with one seed, and not with all seeds.
func TestRaces(t *testing.T) {
	for _, set := range runnable {
		program, err := Program(set, "race")
		require.NoError(t, err)
		logs := map[string]bool{}
		for seed := range uint64(4) {
			args := map[string]any{"how": "race"}
			a := deterministic(t, program, memory.Auto, seed, args)
			require.Equal(t, nuage.ExitStatus{}, a.status)
			require.Contains(t, a.log, "lost updates")
			requireSame(t, a, deterministic(t, program, memory.Paged, seed, args))
			logs[a.log] = true
		}
		require.Greater(t, len(logs), 1, "all seeds gave the same order")
	}
}

// TestDeadlock: threads that wait for one another are ended, with a reason.
func TestDeadlock(t *testing.T) {
	for _, set := range runnable {
		program, err := Program(set, "race")
		require.NoError(t, err)
		for _, how := range []string{"deadlock", "condvar"} {
			c := deterministic(t, program, memory.Auto, 0, map[string]any{"how": how})
			require.Equal(t, cloudabi.SIGKILL, c.status.Signal)
			require.Contains(t, c.status.Text, "deadlock")
		}
	}
}

// TestSpinning: threads that only look for a change see it; time passes for
// those that sleep meanwhile, and at once when all do.
func TestSpinning(t *testing.T) {
	for _, set := range runnable {
		program, err := Program(set, "race")
		require.NoError(t, err)
		c := deterministic(t, program, memory.Auto, 0, map[string]any{"how": "spin"})
		require.Equal(t, nuage.ExitStatus{}, c.status)
		require.Equal(t, "spun long enough\n", c.log)
		c = deterministic(t, program, memory.Auto, 0, map[string]any{"how": "sleep"})
		require.Equal(t, nuage.ExitStatus{}, c.status)
	}
}

// TestDeterministicLimits: limits end a deterministic machine too: that of
// computing by the number of instructions, that of time by the host's clock.
func TestDeterministicLimits(t *testing.T) {
	program, err := Program("x86_64-final", "race")
	require.NoError(t, err)
	image, err := nuage.LoadBytes(program)
	require.NoError(t, err)
	for _, c := range []struct {
		limits nuage.Limits
		signal cloudabi.Signal
	}{
		{nuage.Limits{CPUTime: 10e6}, cloudabi.SIGXCPU},
		{nuage.Limits{WallTime: 10e6}, cloudabi.SIGALRM},
	} {
		var digests []uint64
		for range 2 {
			m, err := nuage.NewMachine(nuage.Options{Deterministic: true, Limits: c.limits})
			require.NoError(t, err)
			p, err := m.Start(t.Context(), image, nuage.Config{Args: map[string]any{"log": nuage.Writer(io.Discard), "how": "loop"}})
			require.NoError(t, err)
			status, err := p.Wait(context.Background())
			require.NoError(t, err)
			require.Equal(t, c.signal, status.Signal, status)
			digests = append(digests, m.Digest())
			require.NoError(t, m.Close())
		}
		if c.signal == cloudabi.SIGXCPU {
			require.Equal(t, digests[0], digests[1])
		}
	}
}

// TestDeterministicInput: when input comes makes no difference.
func TestDeterministicInput(t *testing.T) {
	program, err := os.ReadFile("../examples/sha256sum/sha256sum.x86_64")
	require.NoError(t, err)
	text := strings.Repeat("one two three two\n", 2000)
	run := func(r io.Reader) course {
		return deterministic(t, program, memory.Auto, 3, map[string]any{
			"out": nuage.Writer(io.Discard), "files": []any{map[string]any{"name": "text", "data": nuage.Reader(r)}},
		})
	}
	a := run(strings.NewReader(text))
	slow := &slowReader{r: strings.NewReader(text)}
	requireSame(t, a, run(slow))
	require.NotZero(t, slow.reads, "the program read nothing")
}

// slowReader lets other goroutines run for a while before each read.
type slowReader struct {
	r     io.Reader
	reads int
}

func (s *slowReader) Read(p []byte) (int, error) {
	s.reads++
	for range 1000 {
		runtime.Gosched()
	}
	return s.r.Read(p)
}
