package jit

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/cpu"
)

// TestFeatures: package cpu finds the same.
func TestFeatures(t *testing.T) {
	require.True(t, cpu.Initialized)
	for name, want := range map[string]bool{
		"SSE": true, "SSE2": true, "SSE3": cpu.X86.HasSSE3, "SSSE3": cpu.X86.HasSSSE3, "SSE4.1": cpu.X86.HasSSE41, "SSE4.2": cpu.X86.HasSSE42,
		"POPCNT": cpu.X86.HasPOPCNT, "BMI1": cpu.X86.HasBMI1, "BMI2": cpu.X86.HasBMI2, "AES": cpu.X86.HasAES,
		"PCLMULQDQ": cpu.X86.HasPCLMULQDQ, "AVX": cpu.X86.HasAVX, "AVX2": cpu.X86.HasAVX2, "FMA": cpu.X86.HasFMA && cpu.X86.HasAVX,
		"ADX": cpu.X86.HasADX, "MOVBE": cpu.X86.HasMOVBE, "F16C": cpu.X86.HasF16C && cpu.X86.HasAVX, "LZCNT": cpu.X86.HasLZCNT,
		"RDRAND": false, "": false,
	} {
		require.Equal(t, want, supported(name), name)
	}
	require.Equal(t, cpu.X86.HasAVX2, supported("AVX, AVX2"))
	require.False(t, supported("SSE2, nothing"))
}
