package abi

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEarlyNames: names are found as strings of their own and as symbols, and not
// at the end of longer ones.
func TestEarlyNames(t *testing.T) {
	for text, want := range map[string]bool{
		"":                                  false,
		"\x00poll_fd\x00":                   true,
		"\x00poll_fd":                       false,
		"poll_fd\x00":                       false, // what stands before it is not known
		"\x00cloudabi_sys_poll_fd\x00":      true,
		"\x00my-poll_fd\x00":                false,
		"\x00my-poll_fd\x00\x00poll_fd\x00": true,
		"\x00sock_stat_get\x00":             true,
		"\x00poll_fdx\x00":                  false,
	} {
		require.Equal(t, want, hasEarlyName([]byte(text)), "%q", text)
	}
}
