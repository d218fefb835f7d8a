//go:build linux && amd64

package native

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// The assembly repeats these numbers.
func TestContextLayout(t *testing.T) {
	var c context
	require.Equal(t, uintptr(0x80), unsafe.Offsetof(c.Flags))
	require.Equal(t, uintptr(0x90), unsafe.Offsetof(c.GSBase))
	require.Equal(t, uintptr(0x200), unsafe.Offsetof(c.FX))
	require.Equal(t, uintptr(0x200), unsafe.Sizeof(c.FX))
	require.Equal(t, uintptr(0x400), unsafe.Offsetof(c.header))
	require.Equal(t, uintptr(0x440), unsafe.Offsetof(c.YMMHigh))
	require.Equal(t, uintptr(0x700), unsafe.Offsetof(c.goSP))
	require.Equal(t, uintptr(0x710), unsafe.Offsetof(c.entry))
	require.Equal(t, uintptr(0x738), unsafe.Offsetof(c.tid))
	require.Equal(t, uintptr(0x748), unsafe.Offsetof(c.signal))
	require.Equal(t, uintptr(0x768), unsafe.Offsetof(c.pc))
	require.LessOrEqual(t, unsafe.Sizeof(c), uintptr(PageSize))
}
