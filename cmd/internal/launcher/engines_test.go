package launcher

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCapabilities: whether programs are translated here is said, and with what
// sort of code, or why not.
func TestCapabilities(t *testing.T) {
	var b strings.Builder
	Capabilities(&b)
	require.Contains(t, b.String(), "programs    x86-64, aarch64\n")
	require.Regexp(t, `(?m)^engines     interp(, jit for x86-64 \(state in (GS|a register)\)| \(jit: .+\))$`, b.String())
	require.Regexp(t, `(?m)^memory      (window|paged)$`, b.String())
}
