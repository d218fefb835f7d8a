package native

import (
	"encoding/binary"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func machine(t testing.TB) *Machine {
	m, err := New()
	if errors.Is(err, ErrUnavailable) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(m.Close)
	return m
}

func TestRegistersAndFlags(t *testing.T) {
	m := machine(t)
	s := m.State()
	for i := range s.R {
		s.R[i] = uint64(i) * 0x1111111111111111
	}
	s.R[0], s.R[1] = 0x7FFFFFFFFFFFFFFF, 1
	s.Flags = 1
	want := s.R
	want[0] = 0x8000000000000001
	m.SetCode(0, []byte{0x48, 0x11, 0xC8}) // adc rax, rcx
	o := m.Run()
	require.Equal(t, Outcome{PC: m.Base() + CodeOffset + 3}, o)
	require.Equal(t, want, s.R)
	require.Equal(t, uint64(0x202|1<<11|1<<7|1<<4), s.Flags) // OF SF AF; PF clear: one bit is set in the low byte
}

func TestVectorAndX87(t *testing.T) {
	m := machine(t)
	s := m.State()
	for i := range s.FX.XMM {
		s.FX.XMM[i] = [2]uint64{uint64(i), ^uint64(i)}
	}
	s.FX.FTW, s.FX.FSW = 0x80, 7<<11
	s.FX.ST[0] = Reg80{Mantissa: 1 << 63, SignExp: 0x3FFF} // 1.0
	// paddq xmm15, xmm1; fadd st0, st0; stmxcsr is left out: MXCSR is part of the state
	m.SetCode(100, []byte{0x66, 0x44, 0x0F, 0xD4, 0xF9, 0xD8, 0xC0})
	require.Equal(t, Done, m.Run().Kind)
	require.Equal(t, [2]uint64{16, ^uint64(17)}, s.FX.XMM[15])
	require.Equal(t, [2]uint64{14, ^uint64(14)}, s.FX.XMM[14])
	require.Equal(t, uint64(1<<63), s.FX.ST[0].Mantissa)
	require.Equal(t, uint16(0x4000), s.FX.ST[0].SignExp)

	s.FX.MXCSR = 0x1F80
	s.FX.XMM[0] = [2]uint64{0x3FF0000000000000, 7}
	s.FX.XMM[1] = [2]uint64{0, 0}
	m.SetCode(0, []byte{0xF2, 0x0F, 0x5E, 0xC1}) // divsd xmm0, xmm1
	require.Equal(t, Done, m.Run().Kind)
	require.Equal(t, [2]uint64{0x7FF0000000000000, 7}, s.FX.XMM[0])
	require.Equal(t, uint32(0x1F84), s.FX.MXCSR)

	s.FX.MXCSR = 0x1F80 &^ 0x200
	s.FX.XMM[0] = [2]uint64{0x3FF0000000000000, 7}
	require.Equal(t, SIMDError, m.Run().Kind)
	require.Equal(t, [2]uint64{0x3FF0000000000000, 7}, s.FX.XMM[0])
	s.FX.MXCSR = 0x1F80
}

func TestAVX(t *testing.T) {
	m := machine(t)
	if err := m.UseAVX(); err != nil {
		t.Skip(err)
	}
	s := m.State()
	s.FX.XMM[1], s.YMMHigh[1] = [2]uint64{1, 2}, [2]uint64{3, 4}
	s.FX.XMM[2], s.YMMHigh[2] = [2]uint64{16, 32}, [2]uint64{48, 64}
	m.SetCode(0, []byte{0xC5, 0xF5, 0xD4, 0xC2}) // vpaddq ymm0, ymm1, ymm2
	require.Equal(t, Done, m.Run().Kind)
	require.Equal(t, [2]uint64{17, 34}, s.FX.XMM[0])
	require.Equal(t, [2]uint64{51, 68}, s.YMMHigh[0])
}

func TestMemoryAndStack(t *testing.T) {
	m := machine(t)
	s := m.State()
	mem := m.Bytes(OpenOffset, 2*PageSize)
	s.R[4] = m.Base() + OpenOffset + 0x808
	s.R[3] = 0x1122334455667788
	m.SetCode(0, []byte{0x53}) // push rbx
	require.Equal(t, Done, m.Run().Kind)
	require.Equal(t, m.Base()+OpenOffset+0x800, s.R[4])
	require.Equal(t, uint64(0x1122334455667788), binary.LittleEndian.Uint64(mem[0x800:]))
}

func TestWildStackPointer(t *testing.T) {
	m := machine(t)
	s := m.State()
	for _, sp := range []uint64{0, 8, 1 << 63, ^uint64(0), 0x0000_7FFF_FFFF_F000} {
		s.R[4] = sp
		m.SetCode(0, []byte{0x48, 0xFF, 0xC0}) // inc rax
		require.Equal(t, Done, m.Run().Kind)
		require.Equal(t, sp, s.R[4])
		m.SetCode(0, []byte{0xFF, 0x34, 0x25, 0, 0, 0, 0}) // push qword [0]
		require.NotEqual(t, Done, m.Run().Kind)
		require.Equal(t, sp, s.R[4])
	}
}

func TestExceptions(t *testing.T) {
	m := machine(t)
	s := m.State()
	base := m.Base()
	pc := base + CodeOffset
	load := []byte{0x48, 0x8B, 0x01} // mov rax, [rcx]
	store := []byte{0x48, 0x89, 0x01}
	for _, c := range []struct {
		name string
		code []byte
		rcx  uint64
		want Outcome
	}{
		{"divide", []byte{0x48, 0xF7, 0xF1}, 0, Outcome{Kind: DivideError, Vector: 0, PC: pc}},
		{"illegal", []byte{0x0F, 0x0B}, 0, Outcome{Kind: IllegalInstruction, Vector: 6, PC: pc}},
		{"int3", []byte{0xCC}, 0, Outcome{Kind: Breakpoint, Vector: 3, PC: pc + 1}},
		{"null", load, 0, Outcome{Kind: PageFault, Vector: 14, PC: pc}},
		{"not canonical", load, 1 << 60, Outcome{Kind: GeneralProtection, Vector: 13, PC: pc}},
		{"across the end", load, base + EdgeOffset + PageSize - 3, Outcome{Kind: PageFault, Vector: 14, PC: pc, Addr: base + EdgeOffset + PageSize, Present: true}},
		{"before the start", load, base + EdgeOffset - 8, Outcome{Kind: PageFault, Vector: 14, PC: pc, Addr: base + EdgeOffset - 8}},
		{"read-only", store, base + ReadOnlyOffset + PageSize - 1, Outcome{Kind: PageFault, Vector: 14, PC: pc, Addr: base + ReadOnlyOffset + PageSize, Write: true}},
		{"unaligned", []byte{0x0F, 0x28, 0x01}, base + OpenOffset + 8, Outcome{Kind: GeneralProtection, Vector: 13, PC: pc}},
		{"jump to nowhere", []byte{0xFF, 0xE1}, base + EdgeOffset, Outcome{Kind: PageFault, Vector: 14, PC: base + EdgeOffset, Addr: base + EdgeOffset, Fetch: true}},
		{"jump out", []byte{0xFF, 0xE1}, 0x1000, Outcome{Kind: PageFault, Vector: 14, PC: 0x1000, Addr: 0x1000, Fetch: true}},
		{"jump inside", []byte{0xFF, 0xE1}, pc + 0x500, Outcome{Kind: Breakpoint, Vector: 3, PC: pc + 0x501}},
	} {
		s.R[0], s.R[1], s.R[2] = 1, c.rcx, 0
		before := s.R
		m.SetCode(0, c.code)
		o := m.Run()
		o.Present = false // depends on which pages the kernel has filled in
		c.want.Present = false
		require.Equal(t, c.want, o, c.name)
		require.Equal(t, before, s.R, c.name)
		require.Equal(t, c.want.PC, s.PC, c.name)
	}
}

// Go's own faults still panic, on the machine's thread and elsewhere.
func TestGoFaultsPassThrough(t *testing.T) {
	m := machine(t)
	m.SetCode(0, []byte{0x0F, 0x0B})
	require.Equal(t, IllegalInstruction, m.Run().Kind)
	var nothing *Machine
	require.Panics(t, func() { nothing.LoadGS = true })
	zero := 0
	require.Panics(t, func() { _ = 1 / zero })
}

// Code may leave TF and AC set; neither reaches Go.
func TestTraceAndAlignmentFlags(t *testing.T) {
	m := machine(t)
	s := m.State()
	for _, flags := range []uint64{0x100, 0x40000, 0x40100} {
		s.R[4] = m.Base() + OpenOffset + 0x100
		binary.LittleEndian.PutUint64(m.Bytes(OpenOffset+0x100, 8), 0x202|flags)
		m.SetCode(0, []byte{0x9D}) // popfq
		require.Equal(t, Done, m.Run().Kind)
		require.Equal(t, m.Base()+OpenOffset+0x108, s.R[4])
	}
}

func TestGS(t *testing.T) {
	m := machine(t)
	if !m.HasGS() {
		t.Skip("the kernel or the processor has no FSGSBASE")
	}
	m.LoadGS = true
	s := m.State()
	s.GSBase = m.Base() + OpenOffset
	binary.LittleEndian.PutUint64(m.Bytes(OpenOffset+0x10, 8), 0xABCDEF)
	m.SetCode(0, []byte{0x65, 0x48, 0x8B, 0x04, 0x25, 0x10, 0, 0, 0}) // mov rax, gs:[0x10]
	require.Equal(t, Done, m.Run().Kind)
	require.Equal(t, uint64(0xABCDEF), s.R[0])
	require.Equal(t, m.Base()+OpenOffset, s.GSBase)

	s.R[1] = 0x7FFF_1234_5678
	m.SetCode(0, []byte{0xF3, 0x48, 0x0F, 0xAE, 0xD9}) // wrgsbase rcx
	require.Equal(t, Done, m.Run().Kind)
	require.Equal(t, uint64(0x7FFF_1234_5678), s.GSBase)
}

// A million runs, with new code and faults among them, while other goroutines
// allocate and collect.
func TestSurvivesCollections(t *testing.T) {
	const runs = 1_000_000
	m := machine(t)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		var keep [64][]byte
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				keep[i&63] = make([]byte, 1000+i&4095)
				if i&0xFFF == 0 {
					runtime.GC()
				}
			}
		}
	})
	defer wg.Wait()
	defer close(stop)
	s := m.State()
	s.R[4] = 0xDEADBEEFDEADBEEF
	sum := uint64(0)
	for i := range uint64(runs) {
		switch {
		case i%64 == 0:
			m.SetCode(0, []byte{0x0F, 0x0B})
			if o := m.Run(); o.Kind != IllegalInstruction {
				t.Fatal(o)
			}
			continue
		case i&1 == 0:
			m.SetCode(0, []byte{0x48, 0x01, 0xC8}) // add rax, rcx
			sum += i
		default:
			m.SetCode(0, []byte{0x48, 0x29, 0xC8}) // sub rax, rcx
			sum -= i
		}
		s.R[1] = i
		if i%64 == 1 {
			s.R[0], sum = 0, -i
		}
		if o := m.Run(); o.Kind != Done || s.R[0] != sum || s.R[4] != 0xDEADBEEFDEADBEEF {
			t.Fatal(i, o, s.R[0], sum)
		}
	}
}

func BenchmarkRunSameCode(b *testing.B) {
	m := machine(b)
	m.SetCode(0, []byte{0x48, 0x01, 0xC8})
	for b.Loop() {
		m.Run()
	}
}

func BenchmarkRunNewCode(b *testing.B) {
	m := machine(b)
	code := [][]byte{{0x48, 0x01, 0xC8}, {0x48, 0x29, 0xC8}}
	i := 0
	for b.Loop() {
		m.SetCode(0, code[i&1])
		m.Run()
		i++
	}
}

func BenchmarkRunNewCodeNewPlace(b *testing.B) {
	m := machine(b)
	code := [][]byte{{0x48, 0x01, 0xC8}, {0x48, 0x29, 0xC8}}
	i := 0
	for b.Loop() {
		m.SetCode(i&31*128, code[i&1])
		m.Run()
		i++
	}
}

func BenchmarkException(b *testing.B) {
	m := machine(b)
	m.SetCode(0, []byte{0x0F, 0x0B})
	for b.Loop() {
		m.Run()
	}
}
