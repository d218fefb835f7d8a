package jit

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/memory"
)

// TestHost: what Host says is what New does.
func TestHost(t *testing.T) {
	space, err := memory.New(memory.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, space.Close()) }()
	e, err := New(space, x86.NewInterpreter(space, x86.Options{}), Options{})
	code, reason := Host()
	if err != nil {
		require.ErrorIs(t, reason, ErrUnavailable)
		require.Empty(t, code)
		return
	}
	require.NoError(t, e.Close())
	require.NoError(t, reason)
	require.NotEmpty(t, code)
}
