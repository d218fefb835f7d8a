package jit

import (
	"strings"
	"sync"
)

// register is one of those in which the processor says what it has (Vol. 2A,
// CPUID). Below a virtual machine's monitor each question takes microseconds, so
// nothing is asked before somebody wants to know, nor twice.
type register uint8

const (
	always register = iota // what all amd64 processors have
	ecx1                   // ECX of leaf 1, and so on
	ebx7
	ecx80000001
)

// features are those of a processor, by the names of x86.Section.Feature, and
// where it says that it has them.
var features = [...]struct {
	name     string
	register register
	bit      uint8
	avx      bool // it takes AVX too
}{
	{"SSE", always, 0, false}, {"SSE2", always, 0, false},
	{"SSE3", ecx1, 0, false}, {"PCLMULQDQ", ecx1, 1, false}, {"SSSE3", ecx1, 9, false}, {"FMA", ecx1, 12, true},
	{"SSE4.1", ecx1, 19, false}, {"SSE4.2", ecx1, 20, false}, {"MOVBE", ecx1, 22, false}, {"POPCNT", ecx1, 23, false},
	{"AES", ecx1, 25, false}, {"AVX", ecx1, 28, true}, {"F16C", ecx1, 29, true},
	{"BMI1", ebx7, 3, false}, {"AVX2", ebx7, 5, true}, {"BMI2", ebx7, 8, false}, {"ADX", ebx7, 19, false}, {"SHA", ebx7, 29, false},
	{"LZCNT", ecx80000001, 5, false},
}

// supported reports whether the host has all features of a list.
func supported(list string) bool {
	for name := range strings.SplitSeq(list, ", ") {
		if !hasFeature(name) {
			return false
		}
	}
	return true
}

func hasFeature(name string) bool {
	for _, f := range &features {
		if f.name == name {
			return f.register.has(f.bit) && (!f.avx || avx())
		}
	}
	return false
}

func (r register) has(bit uint8) bool {
	switch r {
	case ecx1:
		return leaf1()>>bit&1 != 0
	case ebx7:
		return leaf7()>>bit&1 != 0
	case ecx80000001:
		return leaf80000001()>>bit&1 != 0
	}
	return true
}

// The registers, which are 0 where the processor does not have the leaf.
var (
	lastLeaf = sync.OnceValue(func() uint32 { most, _, _, _ := cpuid(0, 0); return most })

	leaf1 = sync.OnceValue(func() uint32 { _, _, c, _ := cpuid(1, 0); return c })
	leaf7 = sync.OnceValue(func() uint32 {
		if lastLeaf() < 7 {
			return 0
		}
		_, b, _, _ := cpuid(7, 0)
		return b
	})
	leaf80000001 = sync.OnceValue(func() uint32 {
		const leaf = 0x80000001
		if most, _, _, _ := cpuid(leaf-1, 0); most < leaf {
			return 0
		}
		_, _, c, _ := cpuid(leaf, 0)
		return c
	})
)

// avx reports whether there is AVX and the system keeps its registers (Vol. 1,
// 14.3).
func avx() bool {
	const osxsave, both = 27, 1<<1 | 1<<2 // XMM and YMM
	return ecx1.has(28) && ecx1.has(osxsave) && xgetbv()&both == both
}

// hasXGETBV1 reports whether XGETBV tells which registers are in use (Vol. 1,
// 13.2).
func hasXGETBV1() bool {
	const leaf, bit = 0xD, 2
	if lastLeaf() < leaf {
		return false
	}
	eax, _, _, _ := cpuid(leaf, 1)
	return eax>>bit&1 != 0
}

// sameFlags reports whether the processor is Intel's (Vol. 2A, CPUID, leaf 0).
func sameFlags() bool {
	_, b, c, d := cpuid(0, 0)
	return b == 0x756E6547 && d == 0x49656E69 && c == 0x6C65746E // GenuineIntel
}

// cpuid asks the processor (Vol. 2A, CPUID).
func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)

// xgetbv returns the lower half of XCR0, if there is OSXSAVE.
func xgetbv() uint32
