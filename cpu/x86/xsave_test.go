package x86

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86/native"
	"github.com/stretchr/testify/require"
)

// xsaveCase is an instruction of the set on an area at rbx.
type xsaveCase struct {
	name string
	code []byte
	load bool
}

var xsaveCases = []xsaveCase{
	{"xsave", []byte{0x0f, 0xae, 0x23}, false}, {"xsave64", []byte{0x48, 0x0f, 0xae, 0x23}, false},
	{"xsaveopt", []byte{0x0f, 0xae, 0x33}, false}, {"xsaveopt64", []byte{0x48, 0x0f, 0xae, 0x33}, false},
	{"xsavec", []byte{0x0f, 0xc7, 0x23}, false}, {"xsavec64", []byte{0x48, 0x0f, 0xc7, 0x23}, false},
	{"xrstor", []byte{0x0f, 0xae, 0x2b}, true}, {"xrstor64", []byte{0x48, 0x0f, 0xae, 0x2b}, true},
}

// randomState fills in a state, each component initial as often as not.
func randomState(rnd *rand.Rand, s *State) {
	s.MXCSR = mxcsrInit
	s.FPU = FPU{CW: fcwInit}
	if rnd.IntN(2) == 0 {
		s.MXCSR = mxcsr(rnd)
	}
	if rnd.IntN(2) == 0 {
		f := &s.FPU
		f.CW = fcwInit &^ uint16(rnd.IntN(2)<<10)
		f.Top, f.Tag = uint8(rnd.IntN(8)), uint8(rnd.Uint32())
		f.SW = uint16(rnd.Uint32()) & fswCC
		for i := range f.ST {
			f.ST[i] = edge80(rnd)
		}
	}
	lower, upper := rnd.IntN(2) == 0, rnd.IntN(2) == 0
	for i := range s.V[:16] {
		s.V[i] = Vec{}
		if lower {
			s.V[i][0], s.V[i][1] = rnd.Uint64(), rnd.Uint64()
		}
		if upper {
			s.V[i][2], s.V[i][3] = rnd.Uint64(), rnd.Uint64()
		}
	}
}

// randomArea makes an area for XRSTOR, mostly a good one.
func randomArea(rnd *rand.Rand) []byte {
	area := make([]byte, 896)
	for i := range area[:xsaveHeader] {
		area[i] = byte(rnd.Uint32())
	}
	for i := xsaveAVX; i < len(area); i++ {
		area[i] = byte(rnd.Uint32())
	}
	put := func(at int, v uint64) { binary.LittleEndian.PutUint64(area[at:], v) }
	put(0, uint64(fcwInit)|rnd.Uint64()&(fswCC|fswTop)<<16|rnd.Uint64()&0xff<<32)
	put(fxIP, 0)
	put(fxDP, 0)
	put(fxMXCSR, uint64(mxcsr(rnd)))
	if rnd.IntN(16) == 0 {
		put(fxMXCSR, 1<<rnd.IntN(32))
	}
	set := rnd.Uint64() & xcr0
	put(xsaveHeader, set)
	if rnd.IntN(3) == 0 {
		put(xsaveHeader+8, set|rnd.Uint64()&xcr0|xcompacted)
	}
	if rnd.IntN(4) == 0 { // bits of components that no processor has are refused alike
		at := xsaveHeader + 8*rnd.IntN(8)
		bit := uint64(1) << []int{0, 1, 2, 20, 40, 62, 63}[rnd.IntN(7)]
		put(at, binary.LittleEndian.Uint64(area[at:])^bit)
	}
	return area
}

// TestXSaveAgainstHost compares the set with the host processor, for the
// components that the model has.
func TestXSaveAgainstHost(t *testing.T) {
	if !isIntel() {
		t.Skip("other processors track differently what is in its initial state")
	}
	host, err := native.New()
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(host.Close)
	if err := host.UseAVX(); err != nil {
		t.Skip(err)
	}
	m := newMachine(t, nil, Options{})
	rnd := rand.New(rand.NewPCG(11, 12))
	got, from := make([]byte, 896), make([]byte, xsaveSize)
	for k := range 8000 {
		c := &xsaveCases[k%len(xsaveCases)]
		randomState(rnd, m.s)
		area, rfbm := randomArea(rnd), rnd.Uint64()&xcr0
		label := fmt.Sprintf("%d: %s of %d, area with %x", k, c.name, rfbm, area[xsaveHeader:xsaveAVX])

		// The host gets its state by XRSTOR from what XSAVE made here, so that
		// it knows of what is in its initial state.
		m.s.R[RAX], m.s.R[RDX], m.s.R[RBX] = xcr0, 0, dataAt
		require.NoError(t, m.space.WriteAt(make([]byte, xsaveSize), dataAt))
		require.Equal(t, cpu.StopBudget, m.one(t, xsaveCases[1].code).Kind)
		require.NoError(t, m.space.ReadAt(from, dataAt))
		h, theirs := host.State(), host.Bytes(native.OpenOffset, len(area))
		run := func() native.Outcome {
			copy(host.Bytes(native.OpenOffset+native.PageSize, xsaveSize), from)
			*h = native.State{}
			h.FX.MXCSR = mxcsrInit
			h.R[RAX], h.R[RBX] = xcr0, host.Base()+native.OpenOffset
			h.R[RSI], h.R[R8] = h.R[RBX]+native.PageSize, rfbm
			copy(theirs, area)
			host.SetCode(0, append([]byte{
				0x48, 0x0f, 0xae, 0x2e, // xrstor64 [rsi]
				0x44, 0x89, 0xc0, // mov eax, r8d
			}, c.code...))
			return host.Run()
		}
		outcome := run()

		require.NoError(t, m.space.WriteAt(area, dataAt))
		m.s.R[RAX] = rfbm
		stop := m.one(t, c.code)
		if outcome.Kind == native.GeneralProtection {
			require.Equal(t, cpu.StopFault, stop.Kind, label)
			continue
		}
		require.Equal(t, native.Done, outcome.Kind, label)
		require.Equal(t, cpu.StopBudget, stop.Kind, "%s: %v", label, stop)
		require.NoError(t, m.space.ReadAt(got, dataAt))
		// A host that gives the processor to another thread between the two
		// instructions changes what is in its initial state.
		for range 9 {
			if bytes.Equal(theirs, got) {
				break
			}
			run()
		}
		require.Equal(t, theirs, got, label)
		if c.load {
			var want State
			fromHost(&want, h)
			require.Equal(t, want.FPU, m.s.FPU, label)
			require.Equal(t, want.V, m.s.V, label)
			require.Equal(t, want.MXCSR, m.s.MXCSR, label)
		}
	}
}

// one runs a single instruction.
func (m *machine) one(t *testing.T, code []byte) cpu.Stop {
	m.code(codeAt, code)
	m.s.SetPC(codeAt)
	m.th.Retired = 0
	return m.in.Run(m.th, 1)
}

func fromHost(s *State, h *native.State) {
	f := &s.FPU
	f.CW, f.Tag, s.MXCSR = h.FX.FCW, h.FX.FTW, h.FX.MXCSR
	f.setStatus(h.FX.FSW)
	var regs [8]Float80
	for i := range regs {
		regs[i] = Float80{Mant: h.FX.ST[i].Mantissa, SE: h.FX.ST[i].SignExp}
	}
	f.fill(&regs)
	f.Op, f.IP, f.DP = h.FX.FOP, h.FX.FIP, h.FX.FDP
	for i := range h.FX.XMM {
		s.V[i] = Vec{h.FX.XMM[i][0], h.FX.XMM[i][1], h.YMMHigh[i][0], h.YMMHigh[i][1]}
	}
}

// TestXSaveIsWhole: an area that is misaligned or reaches into memory that
// cannot be accessed is refused before anything has happened.
func TestXSaveIsWhole(t *testing.T) {
	const end = dataAt + 0x10000
	rnd := rand.New(rand.NewPCG(13, 14))
	for _, c := range xsaveCases {
		m := newMachine(t, nil, Options{})
		randomState(rnd, m.s)
		m.s.V[3] = Vec{1, 2, 3, 4}
		fill := bytes.Repeat([]byte{0x5A}, 0x10000)
		clear(fill[0x10000-640+xsaveHeader:]) // a good header: nothing in the area
		fill[0x10000-640+xsaveHeader] = xstateAVX
		require.NoError(t, m.space.WriteAt(fill, dataAt))
		for _, a := range []uint64{dataAt + 8, end - 640} {
			m.s.R[RBX], m.s.R[RAX] = a, xcr0
			m.code(codeAt, c.code)
			m.s.SetPC(codeAt)
			hash := m.s.Hash()
			stop := m.in.Run(m.th, 1)
			require.Equal(t, cpu.StopFault, stop.Kind, c.name)
			if a < end-640 {
				require.Zero(t, stop.Fault.Addr, "a protection fault")
			} else {
				require.Equal(t, uint64(end), stop.Fault.Addr&^63, c.name)
			}
			require.Equal(t, hash, m.s.Hash(), c.name)
			got := make([]byte, len(fill))
			require.NoError(t, m.space.ReadAt(got, dataAt))
			require.Equal(t, fill, got, c.name)
		}
	}
}
