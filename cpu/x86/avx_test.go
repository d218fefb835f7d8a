package x86

import (
	"bytes"
	"math"
	"testing"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
	"github.com/stretchr/testify/require"
)

// vexMachine runs one instruction, with the registers of prepare.
func vexMachine(t *testing.T, opts Options, code []byte, prepare func(m *machine)) (*machine, cpu.Stop) {
	m := newMachine(t, code, opts)
	for i := range m.s.V[:16] {
		for j := range m.s.V[i] {
			m.s.V[i][j] = uint64(i)<<56 | uint64(j)
		}
	}
	prepare(m)
	return m, m.in.Run(m.th, 1)
}

const dataEnd = dataAt + 0x10000 // where the machine's data ends: nothing is mapped there

// TestUpperHalves: a VEX.128 encoding clears the upper half of its destination,
// a legacy encoding leaves it, VZEROUPPER clears all of them.
func TestUpperHalves(t *testing.T) {
	m, _ := vexMachine(t, Options{}, []byte{0xC5, 0xF1, 0xFE, 0xC2}, func(*machine) {}) // vpaddd xmm0, xmm1, xmm2
	require.Equal(t, Vec{3 << 56, 3<<56 | 2, 0, 0}, m.s.V[0])
	m, _ = vexMachine(t, Options{}, []byte{0x66, 0x0F, 0xFE, 0xC2}, func(*machine) {}) // paddd xmm0, xmm2
	require.Equal(t, Vec{2 << 56, 2<<56 | 2, 2, 3}, m.s.V[0])
	m, _ = vexMachine(t, Options{}, []byte{0xC5, 0xF8, 0x77}, func(*machine) {})
	require.Equal(t, Vec{7 << 56, 7<<56 | 1, 0, 0}, m.s.V[7])
	m, _ = vexMachine(t, Options{}, []byte{0xC5, 0xFC, 0x77}, func(*machine) {})
	require.Equal(t, [16]Vec{}, [16]Vec(m.s.V[:16]))
}

// TestSourcesOfItsOwn: the destination may be the second source.
func TestSourcesOfItsOwn(t *testing.T) {
	m, _ := vexMachine(t, Options{}, []byte{0xC5, 0xED, 0x62, 0xC0}, func(*machine) {}) // vpunpckldq ymm0, ymm2, ymm0
	require.Equal(t, Vec{0, 2 << 24, 2 | 2<<32, 2 << 24}, m.s.V[0])
	m, _ = vexMachine(t, Options{}, []byte{0xC5, 0xF3, 0x5C, 0xC0}, func(m *machine) { // vsubsd xmm0, xmm1, xmm0
		m.s.V[0][0], m.s.V[1][0] = math.Float64bits(1), math.Float64bits(5)
	})
	require.Equal(t, Vec{math.Float64bits(4), 1<<56 | 1}, m.s.V[0])
}

// TestLanesRaiseTogether: an unmasked exception in one lane leaves the
// destination alone, and MXCSR has the flags of all lanes.
func TestLanesRaiseTogether(t *testing.T) {
	divpd := []byte{0xC5, 0xF5, 0x5E, 0xC2} // vdivpd ymm0, ymm1, ymm2
	for lane := range 4 {
		m, stop := vexMachine(t, Options{}, divpd, func(m *machine) {
			one := math.Float64bits(1)
			m.s.V[1], m.s.V[2] = Vec{one, one, one, one}, Vec{one, one, one, one}
			m.s.V[1][lane], m.s.V[2][lane] = 0, 0 // invalid
			m.s.V[2][lane^3] = 0                  // divide by zero
			m.s.V[2][lane^1] = math.Float64bits(3)
			m.s.MXCSR = 0x1f80 &^ 0x80
		})
		require.Equal(t, cpu.StopArithmetic, stop.Kind)
		require.Equal(t, uint64(codeAt), stop.PC)
		require.Equal(t, Vec{0, 1, 2, 3}, m.s.V[0])
		require.Equal(t, uint32(0x1f00|5), m.s.MXCSR, "the inexact result is of a lane that was not computed")
	}
}

// TestAlignmentOfVEX: of the moves, those with an "a" must be aligned to the
// vector length; nothing else need be.
func TestAlignmentOfVEX(t *testing.T) {
	for _, c := range []struct {
		code []byte
		at   uint64
		ok   bool
	}{
		{[]byte{0xC5, 0xFC, 0x28, 0x06}, 16, false}, // vmovaps ymm0, [rsi]
		{[]byte{0xC5, 0xFC, 0x28, 0x06}, 32, true},
		{[]byte{0xC5, 0xF8, 0x28, 0x06}, 16, true},
		{[]byte{0xC5, 0xF8, 0x28, 0x06}, 8, false},
		{[]byte{0xC5, 0xFD, 0xE7, 0x06}, 16, false}, // vmovntdq [rsi], ymm0
		{[]byte{0xC5, 0xFC, 0x10, 0x06}, 1, true},   // vmovups ymm0, [rsi]
		{[]byte{0xC5, 0xFC, 0x58, 0x06}, 1, true},   // vaddps ymm0, ymm0, [rsi]
		{[]byte{0xC5, 0xF1, 0xFE, 0x06}, 1, true},   // vpaddd xmm0, xmm1, [rsi]
	} {
		_, stop := vexMachine(t, Options{}, c.code, func(m *machine) { m.s.R[RSI] = dataAt + c.at })
		if c.ok {
			require.Equal(t, cpu.StopBudget, stop.Kind, "% x", c.code)
		} else {
			require.Equal(t, cpu.StopFault, stop.Kind, "% x", c.code)
			require.Zero(t, stop.Fault.Addr)
		}
	}
}

// TestStoresAreWhole: a store that is refused in its second page has written
// nothing to the first.
func TestStoresAreWhole(t *testing.T) {
	for _, c := range []struct {
		name  string
		code  []byte
		below uint64 // bytes before the end of the data
		fault uint64
	}{
		{"vmovups [rsi], ymm1", []byte{0xC5, 0xFC, 0x11, 0x0E}, 8, dataEnd},
		{"vmovups [rsi], xmm1", []byte{0xC5, 0xF8, 0x11, 0x0E}, 8, dataEnd},
		{"vmaskmovps [rsi], ymm15, ymm1", []byte{0xC4, 0xE2, 0x05, 0x2E, 0x0E}, 8, dataEnd},
		{"vpmaskmovq [rsi], ymm15, ymm1", []byte{0xC4, 0xE2, 0x85, 0x8E, 0x0E}, 12, dataEnd},
		{"vextractf128 [rsi], ymm1, 1", []byte{0xC4, 0xE3, 0x7D, 0x19, 0x0E, 1}, 15, dataEnd},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, stop := vexMachine(t, Options{}, c.code, func(m *machine) {
				m.s.R[RSI] = dataEnd - c.below
				m.s.V[15] = Vec{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
			})
			require.Equal(t, cpu.StopFault, stop.Kind)
			require.Equal(t, memory.Write, stop.Fault.Access)
			require.Equal(t, c.fault&^15, stop.Fault.Addr&^15)
			got := make([]byte, 16)
			require.NoError(t, m.space.ReadAt(got, dataEnd-16))
			require.Equal(t, make([]byte, 16), got)
		})
	}
}

// TestMaskedOut: elements without a mask are not accessed.
func TestMaskedOut(t *testing.T) {
	low := Vec{1 << 63, 0, 0, 0}
	m, stop := vexMachine(t, Options{}, []byte{0xC4, 0xE2, 0x85, 0x8C, 0x06}, func(m *machine) { // vpmaskmovq ymm0, ymm15, [rsi]
		m.s.R[RSI], m.s.V[15] = dataEnd-8, low
		require.NoError(t, m.space.WriteAt(bytes.Repeat([]byte{0x11}, 8), dataEnd-8))
	})
	require.Equal(t, cpu.StopBudget, stop.Kind, "%v", stop)
	require.Equal(t, Vec{0x1111111111111111}, m.s.V[0])
	m, stop = vexMachine(t, Options{}, []byte{0xC4, 0xE2, 0x05, 0x2E, 0x0E}, func(m *machine) { // vmaskmovps [rsi], ymm15, ymm1
		m.s.R[RSI], m.s.V[15] = dataEnd-8, low
	})
	require.Equal(t, cpu.StopBudget, stop.Kind, "%v", stop)
	got := make([]byte, 8)
	require.NoError(t, m.space.ReadAt(got, dataEnd-8))
	require.Equal(t, []byte{0, 0, 0, 0, 0, 0, 0, 1}, got, "the second element")
}

// TestGatherInParts: a gather that is stopped by a fault has done the elements
// before it, and goes on with the rest.
func TestGatherInParts(t *testing.T) {
	m, stop := vexMachine(t, Options{}, []byte{0xC4, 0xE2, 0x6D, 0x90, 0x04, 0x8E}, func(m *machine) { // vpgatherdd ymm0, [rsi+ymm1*4], ymm2
		m.s.R[RSI] = dataAt
		require.NoError(t, m.space.WriteAt([]byte{1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4}, dataAt))
		m.s.V[0] = Vec{5, 6, 7, 8}
		m.s.V[1] = Vec{0 | 2<<32, 1<<32 | 0x4000, 3 | 3<<32, 0} // element 2 is behind the data
		m.s.V[2] = Vec{1<<63 | 1<<31, 1<<63 | 1<<31, 1 << 63, 0}
	})
	require.Equal(t, cpu.StopFault, stop.Kind)
	require.Equal(t, memory.Fault{Addr: dataEnd, Access: memory.Read}, stop.Fault)
	require.Zero(t, m.th.Retired)
	require.Equal(t, Vec{0x0303030301010101, 6, 7, 8}, m.s.V[0])
	require.Equal(t, Vec{0, math.MaxUint64, math.MaxUint32 << 32, 0}, m.s.V[2])
	m.mapAt(dataEnd, 0x10000, memory.Read)
	require.Equal(t, cpu.StopBudget, m.in.Run(m.th, 1).Kind)
	require.Equal(t, Vec{0x0303030301010101, 0x0202020200000000, 0x0404040400000007, 8}, m.s.V[0])
	require.Zero(t, m.s.V[2])
}

// TestGatherChecked: with checked addresses every element's is looked at.
func TestGatherChecked(t *testing.T) {
	code := []byte{0xC4, 0xE2, 0xED, 0x91, 0x04, 0x0E} // vpgatherqq ymm0, [rsi+ymm1], ymm2
	prepare := func(m *machine) {
		m.s.R[RSI] = dataAt
		m.s.V[1], m.s.V[2] = Vec{0, 1 << 40, 8, 8}, Vec{1 << 63, 1 << 63, 1 << 63, 1 << 63}
	}
	_, stop := vexMachine(t, Options{}, code, prepare)
	require.Equal(t, cpu.StopBudget, stop.Kind, "addresses are taken modulo 2^32: %v", stop)
	m, stop := vexMachine(t, Options{Checked: true}, code, prepare)
	require.Equal(t, cpu.StopFault, stop.Kind)
	require.Equal(t, memory.Fault{Addr: 1<<40 + dataAt, Access: memory.Read}, stop.Fault)
	require.Equal(t, Vec{0, math.MaxUint64, math.MaxUint64, math.MaxUint64}, m.s.V[2])
	_, stop = vexMachine(t, Options{Checked: true}, append([]byte{0x67}, code...), prepare)
	require.Equal(t, cpu.StopBudget, stop.Kind, "a 32-bit address has no upper half: %v", stop)
}

// TestCheckedVEX: so is that of any other operand, with a segment base too.
func TestCheckedVEX(t *testing.T) {
	for _, code := range [][]byte{
		{0xC5, 0xF1, 0xFE, 0x04, 0x0E},       // vpaddd xmm0, xmm1, [rsi+rcx]
		{0xC5, 0xF5, 0x62, 0x04, 0x0E},       // vpunpckldq ymm0, ymm1, [rsi+rcx]
		{0x64, 0xC5, 0xF1, 0x62, 0x04, 0x0E}, // vpunpckldq xmm0, xmm1, fs:[rsi+rcx]
		{0x64, 0xC5, 0xF3, 0x58, 0x04, 0x0E}, // vaddsd xmm0, xmm1, fs:[rsi+rcx]
	} {
		run := func(opts Options, rcx uint64) cpu.Stop {
			_, stop := vexMachine(t, opts, code, func(m *machine) {
				m.s.R[RSI], m.s.R[RCX], m.s.R[FSBase] = dataAt, rcx, 0x100
			})
			return stop
		}
		require.Equal(t, cpu.StopBudget, run(Options{}, 1<<33).Kind, "% x", code)
		require.Equal(t, cpu.StopBudget, run(Options{Checked: true}, 64).Kind, "% x", code)
		require.Equal(t, cpu.StopFault, run(Options{Checked: true}, 1<<33).Kind, "% x", code)
	}
}

// TestNotVEX: what is no instruction though it begins like one.
func TestNotVEX(t *testing.T) {
	for _, code := range [][]byte{
		{0x66, 0xC5, 0xF1, 0xFE, 0xC2},                     // prefixes before VEX
		{0xF2, 0xC5, 0xF1, 0xFE, 0xC2},                     //
		{0xF3, 0xC5, 0xF1, 0xFE, 0xC2},                     //
		{0xF0, 0xC5, 0xF1, 0xFE, 0xC2},                     //
		{0x48, 0xC5, 0xF1, 0xFE, 0xC2},                     //
		{0xC4, 0xE0, 0x71, 0xFE, 0xC2},                     // maps 0 and 4
		{0xC4, 0xE4, 0x71, 0xFE, 0xC2},                     //
		{0xC5, 0xE8, 0x28, 0xC1},                           // vmovaps with a register in VEX.vvvv
		{0xC4, 0xE2, 0x79, 0x19, 0xC1},                     // vbroadcastsd of 128 bits
		{0xC4, 0xE3, 0xFD, 0x18, 0xC1, 0},                  // vinsertf128 with VEX.W
		{0xC4, 0xE2, 0x7D, 0x41, 0xC1},                     // vphminposuw of 256 bits
		{0xC4, 0xE2, 0x7D, 0x1A, 0xC1},                     // vbroadcastf128 of a register
		{0xC4, 0xE2, 0x75, 0x90, 0xC2},                     // gather of a register
		{0xC4, 0xE2, 0x6D, 0x90, 0x06},                     // gather without SIB
		{0xC4, 0xE2, 0x75, 0x90, 0x04, 0x0E},               // index and mask the same
		{0xC4, 0xE2, 0x7D, 0x90, 0x04, 0x0E},               // mask and destination the same
		{0xC4, 0xE2, 0x6D, 0x90, 0x0C, 0x0E},               // index and destination the same
		{0xC5, 0xF9, 0x77},                                 // vzeroupper with VEX.pp
		{0xC5, 0xF8, 0xAE, 0xD0}, {0xC5, 0xFC, 0xAE, 0x10}, // vldmxcsr of a register, with VEX.L
	} {
		var d Inst
		require.ErrorIs(t, Decode(&d, code, 0), ErrIllegal, "% x", code)
	}
}
