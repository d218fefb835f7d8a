package conformance

import (
	"bytes"
	"context"
	_ "embed"
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/memory"
)

// digestsText has what deterministic runs come to, a line each: the program,
// the digest of all its threads' turns and registers, a digest of all its
// calls with arguments and results, and its output or checksum. One table for
// all hosts: whoever runs the test compares his with the one that wrote it.
//
//go:embed testdata/digests.txt
var digestsText string

var updateDigests = flag.Bool("update-digests", false, "write testdata/digests.txt anew")

const digestsHead = `# Deterministic runs with seed 7, the same on every host: program, digest of turns
# and registers, digest of calls, output. A change means that recordings made
# before do not replay. If that is meant:
#   go test ./conformance -run TestDigests -update-digests
`

// digestCase is one line of the table.
type digestCase struct {
	name string
	run  func(t *testing.T) course
}

// digestCases are the conformance guests, the ways to die, races, and the
// bench programs with the n of their golden checksums.
func digestCases(t *testing.T) []digestCase {
	var list []digestCase
	add := func(set, name, title, how string) {
		list = append(list, digestCase{set + "/" + title, func(t *testing.T) course {
			program, err := Program(set, name)
			require.NoError(t, err)
			return deterministic(t, program, memory.Paged, subjectSeed, map[string]any{"how": how})
		}})
	}
	for _, set := range runnable {
		for _, subject := range subjectsOf(set) {
			list = append(list, digestCase{set + "/" + subject, func(t *testing.T) course { return courseOf(t, set, subject) }})
		}
		add(set, "race", "race", "race")
		for _, how := range []string{"read", "write code", "execute data", "divide", "illegal", "break", "recurse"} {
			add(set, "die", "die_of_"+strings.ReplaceAll(how, " ", "_"), how)
		}
	}
	golden, err := os.ReadFile("../bench/testdata/golden.txt")
	require.NoError(t, err)
	for _, set := range []string{"x86_64", "aarch64"} {
		for line := range strings.Lines(string(golden)) {
			f := strings.Fields(line)
			if f[0] == "#" {
				continue
			}
			n, err := strconv.ParseUint(f[1], 10, 64)
			require.NoError(t, err)
			list = append(list, digestCase{"bench/" + set + "/" + f[0], func(t *testing.T) course { return benchCourse(t, set, f[0], n) }})
		}
	}
	return list
}

// benchCourse runs a bench program; its log is the checksum.
func benchCourse(t *testing.T, set, name string, n uint64) course {
	program, err := os.ReadFile(filepath.Join("../bench/bin", set, name))
	require.NoError(t, err)
	image, err := nuage.LoadBytes(program)
	require.NoError(t, err)
	m, err := nuage.NewMachine(nuage.Options{Memory: memory.Paged, Deterministic: true, Seed: subjectSeed})
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	var out bytes.Buffer
	p, err := m.Start(t.Context(), image, nuage.Config{Args: map[string]any{"out": nuage.Writer(&out), "sink": nuage.Writer(&bytes.Buffer{}), "n": n}})
	require.NoError(t, err)
	status, err := p.Wait(context.Background())
	require.NoError(t, err)
	return course{status: status, log: strings.Fields(out.String() + " -")[0], digest: m.Digest()}
}

// line is the case's line for its course.
func (c digestCase) line(r course) string {
	h := fnv.New64a()
	h.Write(r.trace)
	end := strings.TrimSpace(r.log)
	switch {
	case r.status.Signal != 0:
		end = fmt.Sprint(r.status.Signal)
	case r.status.Code != 0:
		end = fmt.Sprint("code ", r.status.Code)
	case end == "":
		end = "ok"
	}
	return fmt.Sprintf("%s %016x %016x %s", c.name, r.digest, h.Sum64(), end)
}

// TestDigests holds deterministic runs of both instruction sets against the
// one table, those of the subjects being those that other tests look at.
func TestDigests(t *testing.T) {
	if detector {
		t.Skip("what guests do is the same with the race detector")
	}
	want := map[string]string{}
	for line := range strings.Lines(digestsText) {
		name, _, _ := strings.Cut(line, " ")
		want[name] = strings.TrimSuffix(line, "\n")
	}
	delete(want, "#")
	list := digestCases(t)
	lines := make([]string, len(list))
	var mu sync.Mutex
	t.Run("run", func(t *testing.T) {
		for i, c := range list {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				line := c.line(c.run(t))
				mu.Lock()
				lines[i] = line
				mu.Unlock()
				if !*updateDigests {
					require.Equal(t, want[c.name], line, "on %s/%s; testdata/digests.txt says what to do if the change is meant", runtime.GOOS, runtime.GOARCH)
				}
			})
		}
	})
	if *updateDigests {
		require.NoError(t, os.WriteFile("testdata/digests.txt", []byte(digestsHead+strings.Join(lines, "\n")+"\n"), 0o666))
		return
	}
	for _, c := range list {
		delete(want, c.name)
	}
	require.Empty(t, want, "lines of programs that are not run any more")
}
