package x86

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/stretchr/testify/require"
)

// TestFeaturesAreWhatTheTableHas: each section belongs to a feature of the
// model, and each feature of the model has rows, or is none of instructions.
func TestFeaturesAreWhatTheTableHas(t *testing.T) {
	mnemonics := map[string]bool{}
	sections := map[string]bool{}
	for _, r := range Rows() {
		for name := range strings.SplitSeq(r.Name, "/") {
			mnemonics[name] = true
		}
		if r.Section().Feature != "" {
			for name := range strings.SplitSeq(r.Section().Feature, ", ") {
				sections[name] = true
			}
		}
	}
	type place struct {
		leaf     uint32
		reg, bit uint8
	}
	places, features := map[place]bool{}, map[string]bool{}
	for _, f := range cpuFeatures {
		p := place{f.leaf, f.reg, f.bit}
		require.False(t, places[p] || features[f.name], "%s is there twice", f.name)
		places[p], features[f.name] = true, true
		require.NotEqual(t, sections[f.name], f.by != "", "%s: a section, or something else that says what it is", f.name)
		if f.by == "" || f.by[0] == ':' {
			continue
		}
		for name := range strings.FieldsSeq(f.by) {
			require.True(t, mnemonics[name], "%s has no row %s", f.name, name)
		}
	}
	for name := range sections {
		require.True(t, features[name], "no bit of CPUID says %s", name)
	}
}

// runCPUID asks as a program does.
func runCPUID(t *testing.T, m *machine, leaf, sub uint32) [4]uint32 {
	const junk = 0xdead << 48
	m.s.R[RAX], m.s.R[RCX] = uint64(leaf)|junk, uint64(sub)|junk
	require.Equal(t, cpu.StopBudget, m.one(t, []byte{0x0f, 0xa2}).Kind)
	var r [4]uint32
	for i, n := range []int{RAX, RBX, RCX, RDX} {
		require.Zero(t, m.s.R[n]>>32)
		r[i] = uint32(m.s.R[n])
	}
	return r
}

// The levels of the x86-64 psABI, and what the model has beyond.
func TestModelIsV3(t *testing.T) {
	m := newMachine(t, nil, Options{})
	f1, f7, ext := runCPUID(t, m, 1, 0), runCPUID(t, m, 7, 0), runCPUID(t, m, 0x80000001, 0)
	for name, v := range map[string]uint32{
		"FPU": f1[edx] >> 0, "CX8": f1[edx] >> 8, "CMOV": f1[edx] >> 15, "MMX": f1[edx] >> 23, "FXSR": f1[edx] >> 24,
		"SSE": f1[edx] >> 25, "SSE2": f1[edx] >> 26, "SCE": ext[edx] >> 11,
		"SSE3": f1[ecx] >> 0, "SSSE3": f1[ecx] >> 9, "CMPXCHG16B": f1[ecx] >> 13, "SSE4_1": f1[ecx] >> 19, "SSE4_2": f1[ecx] >> 20,
		"POPCNT": f1[ecx] >> 23, "LAHF-SAHF": ext[ecx] >> 0,
		"AVX": f1[ecx] >> 28, "OSXSAVE": f1[ecx] >> 27, "F16C": f1[ecx] >> 29, "FMA": f1[ecx] >> 12, "MOVBE": f1[ecx] >> 22,
		"AVX2": f7[ebx] >> 5, "BMI1": f7[ebx] >> 3, "BMI2": f7[ebx] >> 8, "LZCNT": ext[ecx] >> 5,
		"AES": f1[ecx] >> 25, "PCLMULQDQ": f1[ecx] >> 1, "RDRAND": f1[ecx] >> 30, "RDSEED": f7[ebx] >> 18, "ADX": f7[ebx] >> 19, "SHA": f7[ebx] >> 29,
	} {
		require.Equal(t, uint32(1), v&1, name)
	}
	require.Zero(t, f1[ecx]>>31, "a hypervisor")
	require.Zero(t, f7[ebx]>>16&1, "AVX-512")
	require.Zero(t, f7[ebx]&1, "FSGSBASE: the bases are the system's")
}

// Instructions of features that the model does not say it has are none of its.
func TestNothingBeyondTheModel(t *testing.T) {
	for name, code := range map[string][]byte{
		"rdfsbase": {0xf3, 0x48, 0x0f, 0xae, 0xc0}, "wrgsbase": {0xf3, 0x48, 0x0f, 0xae, 0xd8}, "rdpid": {0xf3, 0x0f, 0xc7, 0xf8},
		"clflushopt": {0x66, 0x0f, 0xae, 0x38}, "clwb": {0x66, 0x0f, 0xae, 0x30}, "monitor": {0x0f, 0x01, 0xc8}, "mwait": {0x0f, 0x01, 0xc9},
		"xsaves": {0x0f, 0xc7, 0x28}, "xrstors": {0x0f, 0xc7, 0x18}, "xtest": {0x0f, 0x01, 0xd6}, "xbegin": {0xc7, 0xf8, 0, 0, 0, 0},
		"gf2p8mulb": {0x66, 0x0f, 0x38, 0xcf, 0xc1}, "vaesenc ymm": {0xc4, 0xe2, 0x75, 0xdc, 0xc2}, "movdiri": {0x0f, 0x38, 0xf9, 0x08},
		"rdpkru": {0x0f, 0x01, 0xee}, "serialize": {0x0f, 0x01, 0xe8}, "evex": {0x62, 0xf1, 0x7c, 0x48, 0x58, 0xc1}, "sysenter": {0x0f, 0x34},
		"vpdpbusd": {0xc4, 0xe2, 0x71, 0x50, 0xc2}, "tpause": {0x66, 0x0f, 0xae, 0xf0}, "extrq": {0x66, 0x0f, 0x79, 0xc1}, "vfrczps": {0x8f, 0xe9, 0x78, 0x80, 0xc0},
	} {
		var d Inst
		require.ErrorIs(t, Decode(&d, append(code, 0, 0, 0, 0, 0), 0), ErrIllegal, name)
	}
}

func TestVendorAndBrand(t *testing.T) {
	m := newMachine(t, nil, Options{})
	r := runCPUID(t, m, 0, 0)
	name := binary.LittleEndian.AppendUint32(nil, r[ebx])
	name = binary.LittleEndian.AppendUint32(name, r[edx])
	name = binary.LittleEndian.AppendUint32(name, r[ecx])
	require.Equal(t, "GenuineIntel", string(name))
	var text []byte
	for leaf := range uint32(3) {
		for _, v := range runCPUID(t, m, 0x80000002+leaf, 0) {
			text = binary.LittleEndian.AppendUint32(text, v)
		}
	}
	require.Equal(t, brand, string(bytes.TrimRight(text, "\x00")))
	require.Less(t, len(brand), 48)

	// Beyond the highest leaf comes the highest.
	last := runCPUID(t, m, r[eax], 0)
	require.Equal(t, last, runCPUID(t, m, r[eax]+1, 0))
	require.Equal(t, last, runCPUID(t, m, 0x7fffffff, 0))
	require.Zero(t, runCPUID(t, m, 0x90000000, 0))
}

// The counter's rate by leaf 15H is the one by leaf 16H and by the brand.
func TestTSCFrequency(t *testing.T) {
	m := newMachine(t, nil, Options{})
	r := runCPUID(t, m, 0x15, 0)
	require.Equal(t, uint64(1e9), uint64(r[ecx])*uint64(r[ebx])/uint64(r[eax]))
	require.Equal(t, uint32(1000), runCPUID(t, m, 0x16, 0)[eax])
	require.True(t, strings.HasSuffix(brand, "@ 1.00GHz"))
}

// TestXSaveLeaf: the sizes and offsets of leaf 0DH are where XSAVE writes.
func TestXSaveLeaf(t *testing.T) {
	m := newMachine(t, nil, Options{})
	main, avx := runCPUID(t, m, 0xd, 0), runCPUID(t, m, 0xd, 2)
	require.Equal(t, runCPUID(t, m, 0xd, 1)[ebx], main[ebx])
	require.Equal(t, main[ebx], main[ecx])
	require.Equal(t, main[ebx], avx[eax]+avx[ebx])
	require.Zero(t, runCPUID(t, m, 0xd, 3))
	m.s.R[RCX] = 0
	require.Equal(t, cpu.StopBudget, m.one(t, []byte{0x0f, 0x01, 0xd0}).Kind) // xgetbv
	require.Equal(t, uint64(main[eax]), m.s.R[RAX])
	require.Zero(t, m.s.R[RDX])

	m.s.R[RAX], m.s.R[RDX], m.s.R[RBX] = ^uint64(0), ^uint64(0), dataAt
	for i := range m.s.V[:16] {
		m.s.V[i] = Vec{1, 2, 3, 4}
	}
	require.NoError(t, m.space.WriteAt(bytes.Repeat([]byte{0xAA}, 4096), dataAt))
	require.Equal(t, cpu.StopBudget, m.one(t, []byte{0x0f, 0xae, 0x23}).Kind) // xsave [rbx]
	area := make([]byte, 4096)
	require.NoError(t, m.space.ReadAt(area, dataAt))
	require.Equal(t, bytes.Repeat([]byte{0xAA}, 4096-int(main[ebx])), area[main[ebx]:])
	require.Equal(t, uint64(3), binary.LittleEndian.Uint64(area[avx[ebx]:]))
	require.Equal(t, uint64(4), binary.LittleEndian.Uint64(area[main[ebx]-8:]))
}
