package conformance

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/jit"
)

var lockstepTimes = flag.Uint64("lockstep.times", 1, "how many times as much the bench programs do in lockstep as for their golden checksums")

// lockstep runs a program by interpreter and translator side by side and
// requires that they do the same.
func lockstep(t *testing.T, image *nuage.Image, args map[string]any) *nuage.LockstepResult {
	t.Helper()
	r, err := nuage.Lockstep(t.Context(), image, nuage.Config{Args: args}, nuage.LockstepOptions{
		Options: nuage.Options{Seed: subjectSeed, VerifyCode: true},
	})
	if errors.Is(err, jit.ErrUnavailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	require.Nil(t, r.Difference, "%v", r.Difference)
	require.NotZero(t, r.Counts.Comparisons)
	return r
}

// TestLockstepSubjects: interpreter and translator agree on every subject, and
// on every way to die, slice by slice.
func TestLockstepSubjects(t *testing.T) {
	for _, set := range runnable {
		if set[:3] != "x86" || testing.Short() && set != "x86_64-final" {
			continue
		}
		for _, subject := range subjectsOf(set) {
			t.Run(set+"/"+subject, func(t *testing.T) {
				t.Parallel()
				var log bytes.Buffer
				args := subjectArgs(nuage.MemoryDir())
				args["log"], args["report"] = nuage.Writer(&log), nuage.Writer(&bytes.Buffer{})
				r := lockstep(t, imageOf(t, set, subject), args)
				require.Empty(t, log.String())
				require.Equal(t, nuage.ExitStatus{}, r.Status)
				t.Logf("%+v", r.Counts)
			})
		}
		for _, e := range ends {
			t.Run(set+"/die of "+e.how, func(t *testing.T) {
				t.Parallel()
				r := lockstep(t, imageOf(t, set, "die"), map[string]any{"how": e.how, "code": e.code, "log": nuage.Writer(&bytes.Buffer{})})
				require.Equal(t, e.signal, r.Status.Signal, r.Status)
			})
		}
	}
}

// TestLockstepBench: and on the bench programs.
func TestLockstepBench(t *testing.T) {
	golden, err := os.ReadFile("../bench/testdata/golden.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(golden)) {
		f := strings.Fields(line)
		if f[0] == "#" {
			continue
		}
		n, err := strconv.ParseUint(f[1], 10, 64)
		require.NoError(t, err)
		t.Run(f[0], func(t *testing.T) {
			t.Parallel()
			program, err := os.ReadFile(filepath.Join("../bench/bin/x86_64", f[0]))
			require.NoError(t, err)
			image, err := nuage.LoadBytes(program)
			require.NoError(t, err)
			r := lockstep(t, image, map[string]any{"out": nuage.Writer(&bytes.Buffer{}), "sink": nuage.Writer(&bytes.Buffer{}), "n": n * *lockstepTimes})
			require.Equal(t, nuage.ExitStatus{}, r.Status)
			t.Logf("%+v", r.Counts)
		})
	}
}
