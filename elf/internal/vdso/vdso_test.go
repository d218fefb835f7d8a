package vdso

import (
	"bytes"
	stdelf "debug/elf"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
)

// A hash lookup as a dynamic linker does it finds every name.
func TestVDSOHashTable(t *testing.T) {
	f, err := stdelf.NewFile(bytes.NewReader(Build(cpu.X86_64, 0)))
	require.NoError(t, err)
	h, err := f.Section(".hash").Data()
	require.NoError(t, err)
	syms, err := f.DynamicSymbols()
	require.NoError(t, err)
	word := func(i uint32) uint32 { return binary.LittleEndian.Uint32(h[4*i:]) }
	buckets := word(0)
	for _, c := range cloudabi.Calls {
		i := word(2 + sysvHash(c.Symbol)%buckets)
		for i != 0 && syms[i-1].Name != c.Symbol {
			i = word(2 + buckets + i)
		}
		require.NotZero(t, i, c.Symbol)
	}
	require.EqualValues(t, 0x0006cf04, sysvHash("exit"), "the example of the System V ABI's hash")
}
