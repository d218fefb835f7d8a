package x86

import "encoding/binary"

// The one processor model that is presented, the same on every host: x86-64-v3,
// and AES, PCLMULQDQ, SHA, ADX, RDRAND and RDSEED. What it says of itself is
// what the table has, feature by feature; a test holds the two together.
// Vendor, family and model are those of a processor of that level, for
// libraries that look at them before the feature bits.

// feature is a bit of CPUID.
type feature struct {
	name string // as in Section.Feature
	leaf uint32
	reg  uint8 // eax, ebx, ecx, edx
	bit  uint8
	// by says what the feature is where no section has its name: mnemonics of
	// rows, or after a colon something that is no instruction.
	by string
}

const (
	eax = iota
	ebx
	ecx
	edx
)

const (
	leafFeatures   = 1
	leafStructured = 7
	leafXSave      = 0xd // subleaf 1
	leafExtended   = 0x80000001
	leafPower      = 0x80000007
)

// cpuFeatures lists the model's features: Vol. 2A, CPUID.
var cpuFeatures = []feature{
	{"FPU", leafFeatures, edx, 0, ""},
	{"TSC", leafFeatures, edx, 4, "rdtsc"},
	{"CX8", leafFeatures, edx, 8, "cmpxchg8b"},
	{"CMOV", leafFeatures, edx, 15, "cmovcc fcmovb fcmovnb"},
	{"CLFSH", leafFeatures, edx, 19, "clflush"},
	{"MMX", leafFeatures, edx, 23, ""},
	{"FXSR", leafFeatures, edx, 24, ""},
	{"SSE", leafFeatures, edx, 25, ""},
	{"SSE2", leafFeatures, edx, 26, ""},

	{"SSE3", leafFeatures, ecx, 0, ""},
	{"PCLMULQDQ", leafFeatures, ecx, 1, ""},
	{"SSSE3", leafFeatures, ecx, 9, ""},
	{"FMA", leafFeatures, ecx, 12, ""},
	{"CMPXCHG16B", leafFeatures, ecx, 13, "cmpxchg16b"},
	{"SSE4.1", leafFeatures, ecx, 19, ""},
	{"SSE4.2", leafFeatures, ecx, 20, ""},
	{"MOVBE", leafFeatures, ecx, 22, ""},
	{"POPCNT", leafFeatures, ecx, 23, ""},
	{"AES", leafFeatures, ecx, 25, ""},
	{"XSAVE", leafFeatures, ecx, 26, ""},
	{"OSXSAVE", leafFeatures, ecx, 27, ": XCR0 is set up"},
	{"AVX", leafFeatures, ecx, 28, ""},
	{"F16C", leafFeatures, ecx, 29, ""},
	{"RDRAND", leafFeatures, ecx, 30, ""},

	{"BMI1", leafStructured, ebx, 3, ""},
	{"AVX2", leafStructured, ebx, 5, ""},
	{"FDP_EXCPTN_ONLY", leafStructured, ebx, 6, ": see fpu.go on when pointers are recorded"},
	{"BMI2", leafStructured, ebx, 8, ""},
	{"ERMS", leafStructured, ebx, 9, "movsb stosb"}, // bulk operations, however many bytes
	{"FCS_FDS_DEPRECATED", leafStructured, ebx, 13, ": the x87 keeps no selectors"},
	{"RDSEED", leafStructured, ebx, 18, ""},
	{"ADX", leafStructured, ebx, 19, ""},
	{"SHA", leafStructured, ebx, 29, ""},
	{"UMIP", leafStructured, ecx, 2, "sgdt sidt sldt smsw str"}, // all refused

	{"XSAVEOPT", leafXSave, eax, 0, ""},
	{"XSAVEC", leafXSave, eax, 1, ""},
	{"XGETBV1", leafXSave, eax, 2, "xgetbv"},

	{"LAHF", leafExtended, ecx, 0, "lahf sahf"},
	{"LZCNT", leafExtended, ecx, 5, ""},
	{"PREFETCHW", leafExtended, ecx, 8, "prefetchw"},
	{"SYSCALL", leafExtended, edx, 11, "syscall"},
	{"NX", leafExtended, edx, 20, ": memory is executable only where it is mapped so"},
	{"RDTSCP", leafExtended, edx, 27, "rdtscp"},
	{"LM", leafExtended, edx, 29, ": 64-bit mode"},
	{"INVARIANT_TSC", leafPower, edx, 8, ": the counter has one rate"},
}

// featureBits is a register of a leaf of feature bits.
func featureBits(leaf uint32, reg uint8) (v uint32) {
	for i := range cpuFeatures {
		if f := &cpuFeatures[i]; f.leaf == leaf && f.reg == reg {
			v |= 1 << f.bit
		}
	}
	return v
}

const (
	cpuidSignature = 0x000306d4 // family 6, model 61, stepping 4
	cpuidMaxLeaf   = 0x16
	cpuidMaxExt    = 0x80000008

	vendor = "GenuineIntel"
	brand  = "Nuage x86-64 guest processor @ 1.00GHz"

	cacheLine = 64

	// The time-stamp counter counts nanoseconds; the crystal that it is said
	// to be derived from is one that Intel uses.
	tscMHz    = 1000
	crystalHz = 25_000_000
	busMHz    = 100
)

// cpuid (Vol. 2A, CPUID).
func cpuid(s *State, o *op) *op {
	leaf, sub := uint32(s.R[RAX]), uint32(s.R[RCX])
	a, b, c, d := cpuidLeaf(leaf, sub)
	s.R[RAX], s.R[RBX], s.R[RCX], s.R[RDX] = uint64(a), uint64(b), uint64(c), uint64(d)
	return o.after()
}

func cpuidLeaf(leaf, sub uint32) (a, b, c, d uint32) {
	if leaf >= 0x80000000 {
		return cpuidExtended(leaf)
	}
	// A leaf above the highest gives the data of the highest on Intel
	// processors.
	switch min(leaf, cpuidMaxLeaf) {
	case 0:
		return cpuidMaxLeaf, text32(vendor, 0), text32(vendor, 8), text32(vendor, 4)
	case leafFeatures:
		return cpuidSignature, 1<<16 | cacheLine/8<<8, featureBits(leaf, ecx), featureBits(leaf, edx)
	case 2:
		return 0xff01, 0, 0, 0 // caches: see leaf 4
	case 4:
		return cacheLeaf(sub)
	case leafStructured:
		if sub == 0 {
			return 0, featureBits(leaf, ebx), featureBits(leaf, ecx), featureBits(leaf, edx)
		}
	case 0xb: // no topology: one level 0, invalid
		return 0, 0, sub & 0xff, 0
	case leafXSave:
		return xsaveLeaf(sub)
	case 0x15: // denominator, numerator, frequency
		return 1, tscMHz * 1_000_000 / crystalHz, crystalHz, 0
	case 0x16: // base, maximum, bus, in MHz
		return tscMHz, tscMHz, busMHz, 0
	}
	return 0, 0, 0, 0
}

func cpuidExtended(leaf uint32) (a, b, c, d uint32) {
	switch leaf {
	case 0x80000000:
		return cpuidMaxExt, 0, 0, 0
	case leafExtended, leafPower:
		return 0, 0, featureBits(leaf, ecx), featureBits(leaf, edx)
	case 0x80000002, 0x80000003, 0x80000004:
		i := int(leaf-0x80000002) * 16
		return text32(brand, i), text32(brand, i+4), text32(brand, i+8), text32(brand, i+12)
	case 0x80000006: // second-level cache: 256 KiB, 8 ways, 64-byte lines
		return 0, 0, 256<<16 | 6<<12 | cacheLine, 0
	case 0x80000008: // address widths
		return 32<<8 | 32, 0, 0, 0
	}
	return 0, 0, 0, 0
}

// text32 is four bytes of s from i on, zeros behind its end.
func text32(s string, i int) uint32 {
	var p [4]byte
	if i < len(s) {
		copy(p[:], s[i:])
	}
	return binary.LittleEndian.Uint32(p[:])
}

// cacheLeaf is leaf 4: deterministic cache parameters.
func cacheLeaf(sub uint32) (a, b, c, d uint32) {
	const partitions = 1
	cache := func(kind, level, ways, sets uint32) (uint32, uint32, uint32, uint32) {
		return kind | level<<5 | 1<<8, (cacheLine - 1) | (partitions-1)<<12 | (ways-1)<<22, sets - 1, 0
	}
	switch sub {
	case 0:
		return cache(1, 1, 8, 64) // data, 32 KiB
	case 1:
		return cache(2, 1, 8, 64) // instructions, 32 KiB
	case 2:
		return cache(3, 2, 8, 512) // unified, 256 KiB
	case 3:
		return cache(3, 3, 16, 8192) // unified, 8 MiB
	}
	return 0, 0, 0, 0
}

// xsaveLeaf is leaf 0DH: the area of XSAVE and its components.
func xsaveLeaf(sub uint32) (a, b, c, d uint32) {
	switch sub {
	case 0:
		return xcr0, xsaveSize, xsaveSize, 0
	case 1:
		return featureBits(leafXSave, eax), xsaveSize, 0, 0
	case 2:
		return xsaveSize - xsaveAVX, xsaveAVX, 0, 0
	}
	return 0, 0, 0, 0
}
