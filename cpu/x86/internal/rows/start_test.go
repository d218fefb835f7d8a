package main

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNothingIsMadeAtStart: the table is data, so package x86 has nothing to
// initialise, of which every process's start would be part.
func TestNothingIsMadeAtStart(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	require.NoError(t, err)
	require.Contains(t, string(out), "init os @", "no trace")
	require.NotContains(t, string(out), "init github.com/nuage-emu/nuage/cpu/x86 @")
}
