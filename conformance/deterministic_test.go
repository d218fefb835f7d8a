package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/memory"
)

// course is all that can be seen of a deterministic run.
type course struct {
	status nuage.ExitStatus
	log    string
	trace  []byte
	digest uint64
}

// deterministic runs a program on a deterministic machine of its own.
func deterministic(t *testing.T, program []byte, form memory.Form, seed uint64, args map[string]any) course {
	t.Helper()
	image, err := nuage.LoadBytes(program)
	require.NoError(t, err)
	var trace, log bytes.Buffer
	m, err := nuage.NewMachine(nuage.Options{Memory: form, Deterministic: true, Seed: seed, Trace: func(e *nuage.TraceEvent) {
		line, err := json.Marshal(e)
		if err != nil {
			t.Error(err)
		}
		trace.Write(append(line, '\n'))
	}})
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	all := map[string]any{"log": nuage.Writer(&log)}
	for k, v := range args {
		all[k] = v
	}
	p, err := m.Start(t.Context(), image, nuage.Config{Args: all})
	require.NoError(t, err)
	status, err := p.Wait(context.Background())
	require.NoError(t, err)
	return course{status, log.String(), trace.Bytes(), m.Digest()}
}

// requireSame compares two runs, and says where they part.
func requireSame(t *testing.T, want, got course) {
	t.Helper()
	require.Equal(t, want.status, got.status)
	require.Equal(t, want.log, got.log)
	a, b := bytes.Split(want.trace, []byte("\n")), bytes.Split(got.trace, []byte("\n"))
	for i := range min(len(a), len(b)) {
		require.Equal(t, string(a[i]), string(b[i]), "call %d", i)
	}
	require.Equal(t, len(a), len(b))
	require.Equal(t, want.digest, got.digest, "the same calls, but not the same turns or registers")
}

// twice is at least two runs.
func twice(forms []memory.Form) []memory.Form {
	if len(forms) == 1 {
		forms = append(forms, forms[0])
	}
	return forms
}

func subjectArgs(dir *nuage.Capability) map[string]any {
	return map[string]any{"tmpdir": dir, "number": 42, "text": "h\u00e9", "list": []any{1, -2, nil, true}}
}

// TestDeterministic runs every subject several times, on each form of memory
// and file system: all runs with one form of file system are the same to the
// last instruction, and memory makes no difference either.
func TestDeterministic(t *testing.T) {
	dirs := []struct {
		name string
		make func(t *testing.T) *nuage.Capability
	}{
		{"memory", func(*testing.T) *nuage.Capability { return nuage.MemoryDir() }},
		{"host", func(t *testing.T) *nuage.Capability { return nuage.Dir(t.TempDir()) }},
		{"overlay", func(t *testing.T) *nuage.Capability { return nuage.Overlay(t.TempDir()) }},
	}
	for _, set := range runnable {
		for _, dir := range dirs {
			for _, subject := range subjects {
				t.Run(fmt.Sprintf("%s/%s/%s", set, dir.name, subject), func(t *testing.T) {
					t.Parallel()
					program, err := Program(set, subject)
					require.NoError(t, err)
					var first *course
					for _, form := range twice(forms(t)) {
						c := deterministic(t, program, form, 7, subjectArgs(dir.make(t)))
						require.Empty(t, c.log)
						require.Equal(t, nuage.ExitStatus{}, c.status)
						require.NotEmpty(t, c.trace)
						if first == nil {
							first = &c
						}
						requireSame(t, *first, c)
					}
				})
			}
		}
	}
}

// TestDeterministicEnds: the ways to die, too.
func TestDeterministicEnds(t *testing.T) {
	for _, set := range runnable {
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
	program, err := Program("x86_64-final", "thread")
	require.NoError(t, err)
	a := deterministic(t, program, memory.Auto, 1, subjectArgs(nuage.MemoryDir()))
	b := deterministic(t, program, memory.Auto, 2, subjectArgs(nuage.MemoryDir()))
	require.NotEqual(t, a.digest, b.digest)
	require.Equal(t, a.status, b.status)
}
