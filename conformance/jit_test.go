package conformance

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit"
	"github.com/nuage-emu/nuage/memory"
)

// TestSubjectsTranslated runs every subject by engine jit, free and metered,
// with all its code verified.
func TestSubjectsTranslated(t *testing.T) {
	requireTranslator(t)
	for _, deterministic := range []bool{false, true} {
		for _, set := range runnable {
			if set[:3] != "x86" || deterministic && testing.Short() {
				continue
			}
			for _, subject := range subjectsOf(set) {
				name := set + "/" + subject
				if deterministic {
					name += "/deterministic"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					o := nuage.Options{Memory: memory.Window, Engine: nuage.JIT, VerifyCode: true, Deterministic: deterministic}
					status, log := guest(t, o, set, subject, subjectArgs(directories[0].make(t)))
					require.Empty(t, log)
					require.Equal(t, nuage.ExitStatus{}, status)
				})
			}
		}
	}
}

// TestDeterministicTranslated: a deterministic run by engine jit is that of the
// interpreter to the last instruction: calls, results, counts and registers at
// each change of threads.
func TestDeterministicTranslated(t *testing.T) {
	requireTranslator(t)
	for _, set := range setsToRepeat() {
		if set[:3] != "x86" {
			continue
		}
		for _, subject := range subjectsOf(set) {
			t.Run(set+"/"+subject, func(t *testing.T) {
				t.Parallel()
				o := nuage.Options{Memory: memory.Window, Engine: nuage.JIT, Seed: subjectSeed}
				requireSame(t, courseOf(t, set, subject), deterministicRun(t, imageOf(t, set, subject), o,
					nuage.Config{Args: subjectArgs(nuage.MemoryDir())}))
			})
		}
	}
}

// requireTranslator skips the test where there is no translator.
func requireTranslator(t *testing.T) {
	space, err := memory.New(memory.Options{Form: memory.Window})
	if err != nil {
		t.Skip(err)
	}
	defer func() { require.NoError(t, space.Close()) }()
	e, err := jit.New(space, x86.NewInterpreter(space, x86.Options{}), jit.Options{})
	if errors.Is(err, jit.ErrUnavailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	require.NoError(t, e.Close())
}
