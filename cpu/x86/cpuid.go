package x86

import "encoding/binary"

// The one processor model that is presented, the same on every host: exactly
// what the table implements. Vendor and family are those of a processor that
// run-time dispatch in libraries knows; everything optional it finds out from
// the feature bits.

// Feature bits of leaf 1.
const (
	cpuidEDX = 1<<0 | // x87
		1<<4 | // TSC
		1<<8 | // CMPXCHG8B
		1<<15 | // CMOV
		1<<19 | // CLFLUSH
		1<<23 | // MMX
		1<<24 | // FXSAVE
		1<<25 | // SSE
		1<<26 // SSE2
	cpuidECX = 1 << 13 // CMPXCHG16B

	// Of leaf 0x80000001: SYSCALL, RDTSCP, long mode; LAHF in 64-bit mode.
	cpuidExtEDX = 1<<11 | 1<<27 | 1<<29
	cpuidExtECX = 1 << 0

	cpuidSignature = 0x000006f6 // family 6, model 15, stepping 6
	cpuidMaxLeaf   = 4
	cpuidMaxExt    = 0x80000008
)

const (
	vendor = "GenuineIntel"
	brand  = "Nuage x86-64 guest processor\x00"
)

// cpuid (Vol. 2A, CPUID). A leaf above the highest basic one gives the data of
// the highest basic leaf on Intel processors; here that is leaf 4, subleaf
// ecx.
func cpuid(s *State, o *op) *op {
	leaf, sub := uint32(s.R[RAX]), uint32(s.R[RCX])
	a, b, c, d := cpuidLeaf(leaf, sub)
	s.R[RAX], s.R[RBX], s.R[RCX], s.R[RDX] = uint64(a), uint64(b), uint64(c), uint64(d)
	return o.after()
}

func cpuidLeaf(leaf, sub uint32) (a, b, c, d uint32) {
	word := func(s string, i int) uint32 {
		var p [4]byte
		if i < len(s) {
			copy(p[:], s[i:])
		}
		return binary.LittleEndian.Uint32(p[:])
	}
	switch {
	case leaf == 0:
		return cpuidMaxLeaf, word(vendor, 0), word(vendor, 8), word(vendor, 4)
	case leaf == 1:
		return cpuidSignature, 1<<16 | 8<<8, cpuidECX, cpuidEDX
	case leaf == 2:
		return 0x01, 0, 0, 0
	case leaf == 3:
		return 0, 0, 0, 0
	case leaf == 0x80000000:
		return cpuidMaxExt, 0, 0, 0
	case leaf == 0x80000001:
		return 0, 0, cpuidExtECX, cpuidExtEDX
	case leaf >= 0x80000002 && leaf <= 0x80000004:
		i := int(leaf-0x80000002) * 16
		return word(brand, i), word(brand, i+4), word(brand, i+8), word(brand, i+12)
	case leaf == 0x80000006:
		return 0, 0, 256<<16 | 6<<12 | 64, 0 // second-level cache: 256 KiB, 8 ways, 64-byte lines
	case leaf == 0x80000008:
		return 32<<8 | 32, 0, 0, 0 // address widths
	case leaf > 0x80000008 && leaf>>16 == 0x8000, leaf == 0x80000005, leaf == 0x80000007:
		return 0, 0, 0, 0
	}
	return cacheLeaf(sub)
}

// cacheLeaf is leaf 4: deterministic cache parameters.
func cacheLeaf(sub uint32) (a, b, c, d uint32) {
	const line, partitions = 64, 1
	cache := func(kind, level, ways, sets uint32) (uint32, uint32, uint32, uint32) {
		return kind | level<<5 | 1<<8, (line - 1) | (partitions-1)<<12 | (ways-1)<<22, sets - 1, 0
	}
	switch sub {
	case 0:
		return cache(1, 1, 8, 64) // data, 32 KiB
	case 1:
		return cache(2, 1, 8, 64) // instructions, 32 KiB
	case 2:
		return cache(3, 2, 8, 512) // unified, 256 KiB
	}
	return 0, 0, 0, 0
}
