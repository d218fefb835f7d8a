package jit

import (
	"strings"

	"golang.org/x/sys/cpu"
)

// features are the host's, by the names of x86.Section.Feature. Those of the
// baseline are always there; some that package cpu does not know are asked for.
var features = map[string]bool{
	"SSE": true, "SSE2": true,
	"SSE3": cpu.X86.HasSSE3, "SSSE3": cpu.X86.HasSSSE3, "SSE4.1": cpu.X86.HasSSE41, "SSE4.2": cpu.X86.HasSSE42,
	"POPCNT": cpu.X86.HasPOPCNT, "BMI1": cpu.X86.HasBMI1, "BMI2": cpu.X86.HasBMI2, "AES": cpu.X86.HasAES,
	"PCLMULQDQ": cpu.X86.HasPCLMULQDQ, "AVX": cpu.X86.HasAVX, "AVX2": cpu.X86.HasAVX2, "FMA": cpu.X86.HasFMA,
	"ADX":   cpu.X86.HasADX,
	"MOVBE": cpuidBit(1, 2, 22), "F16C": cpu.X86.HasAVX && cpuidBit(1, 2, 29),
	"LZCNT": cpuidBit(0x80000001, 2, 5), "SHA": cpuidBit(7, 1, 29),
}

// supported reports whether the host has all features of a list.
func supported(list string) bool {
	for f := range strings.SplitSeq(list, ", ") {
		if !features[f] {
			return false
		}
	}
	return true
}

// sameFlags reports whether the processor is Intel's (Vol. 2A, CPUID, leaf 0).
func sameFlags() bool {
	_, b, c, d := cpuid(0, 0)
	return b == 0x756E6547 && d == 0x49656E69 && c == 0x6C65746E // GenuineIntel
}

// cpuid asks the processor (Vol. 2A, CPUID).
func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)

// cpuidBit is a bit of register 0 to 3 (EAX to EDX) of a leaf.
func cpuidBit(leaf uint32, register, bit int) bool {
	if most, _, _, _ := cpuid(leaf&0x80000000, 0); most < leaf {
		return false
	}
	a, b, c, d := cpuid(leaf, 0)
	return [4]uint32{a, b, c, d}[register]>>bit&1 != 0
}

// hasXGETBV1 reports whether XGETBV tells which registers are in use (Vol. 1,
// 13.2).
func hasXGETBV1() bool {
	const leaf, bit = 0xD, 2
	if most, _, _, _ := cpuid(0, 0); most < leaf {
		return false
	}
	eax, _, _, _ := cpuid(leaf, 1)
	return eax>>bit&1 != 0
}
