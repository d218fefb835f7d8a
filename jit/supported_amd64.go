package jit

import "golang.org/x/sys/cpu"

// features are the host's, by the names of x86.Section.Feature. Those of the
// baseline are always there.
var features = map[string]bool{
	"SSE": true, "SSE2": true,
	"SSE3": cpu.X86.HasSSE3, "SSSE3": cpu.X86.HasSSSE3, "SSE4.1": cpu.X86.HasSSE41, "SSE4.2": cpu.X86.HasSSE42,
	"POPCNT": cpu.X86.HasPOPCNT, "BMI1": cpu.X86.HasBMI1, "BMI2": cpu.X86.HasBMI2, "AES": cpu.X86.HasAES,
	"PCLMULQDQ": cpu.X86.HasPCLMULQDQ, "AVX": cpu.X86.HasAVX, "AVX2": cpu.X86.HasAVX2, "FMA": cpu.X86.HasFMA,
	"ADX": cpu.X86.HasADX,
}

func supported(feature string) bool { return features[feature] }
