//go:build !plan9 && !wasip1

package main

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"cloudabi-run": main})
}

func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("GUESTS", filepath.Join(root, "conformance", "bin"))
			e.Setenv("EXAMPLES", filepath.Join(root, "examples"))
			return nil
		},
	})
}
