package lockstep

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/memory"
)

const (
	codeAt = 0x40_0000
	dataAt = 0x60_0000
)

// summing is: mov ecx, 100; again: add rax, rcx; mov [0x600000+rcx*8], rax;
// dec ecx; jnz again; syscall
var summing = []byte{
	0xB9, 100, 0, 0, 0,
	0x48, 0x01, 0xC8,
	0x48, 0x89, 0x04, 0xCD, 0x00, 0x00, 0x60, 0x00,
	0xFF, 0xC9,
	0x75, 0xF1,
	0x0F, 0x05,
}

// both runs two programs as if they were one, and returns what the pair found.
// Different code stands for engines that take the same code for something else.
func both(t *testing.T, o Options, code [2][]byte) (Counts, *Difference) {
	t.Helper()
	o.Trial = func(_ int, space *memory.Space, _ uint64) (cpu.Engine, error) {
		return x86.NewInterpreter(space, x86.Options{}), nil
	}
	p := New(o)
	var wg sync.WaitGroup
	for side := range code {
		space, err := memory.New(memory.Options{Form: memory.Paged})
		require.NoError(t, err)
		for _, at := range []uint64{codeAt, dataAt} {
			_, err = space.Map(memory.Mapping{Addr: at, Len: 4096, Prot: memory.Read | memory.Write, MaxProt: memory.Read | memory.Write | memory.Exec, Fixed: true})
			require.NoError(t, err)
		}
		require.NoError(t, space.WriteAt(code[side], codeAt))
		require.NoError(t, space.Protect(codeAt, 4096, memory.Read|memory.Exec))
		e := p.Engine(side, space, x86.NewInterpreter(space, x86.Options{}))
		thread := &cpu.Thread{State: e.NewState()}
		thread.State.Reset(cpu.Start{PC: codeAt})
		wg.Go(func() {
			for stop := e.Run(thread, 1000); stop.Kind == cpu.StopBudget; stop = e.Run(thread, 1000) {
			}
			p.Finished(side)
		})
	}
	wg.Wait()
	return p.Outcome()
}

// change returns the code with another byte.
func change(at int, to byte) [2][]byte {
	b := append([]byte{}, summing...)
	b[at] = to
	return [2][]byte{summing, b}
}

func TestSame(t *testing.T) {
	for _, every := range []uint64{0, 1, 10, 1000} {
		counts, d := both(t, Options{Every: every}, [2][]byte{summing, summing})
		require.Nil(t, d, "%v", d)
		require.Equal(t, uint64(2+4*100), counts.Instructions)
		require.NotZero(t, counts.Memory)
	}
}

// TestFindsSlice: without looking closer the slice is known.
func TestFindsSlice(t *testing.T) {
	_, d := both(t, Options{Every: 10}, change(6, 0x29)) // sub
	require.NotNil(t, d)
	require.Equal(t, "the registers are not the same", d.What)
	require.Equal(t, uint64(1), d.Comparison)
	require.Equal(t, "rax", d.Registers[0].Name)
	require.Contains(t, d.String(), "instructions from 0x400000 on")
}

// TestFindsInstruction: a run that is known to differ in a slice is looked into.
func TestFindsInstruction(t *testing.T) {
	for _, c := range []struct {
		what        string
		at          int
		to          byte
		instruction uint64
		shows       string
	}{
		{"sub for add", 6, 0x29, codeAt + 5, "rax"},
		{"store of another register", 10, 0x0C, codeAt + 8, "00600318"},
		{"another address", 12, 8, codeAt + 8, "00600320"},
		{"another count", 1, 99, codeAt, "rcx"},
		{"not taken", 18, 0x70, codeAt + 18, "rip"},
	} {
		t.Run(c.what, func(t *testing.T) {
			code := change(c.at, c.to)
			_, first := both(t, Options{Every: 10}, code)
			require.NotNil(t, first)
			lo, hi := first.Good, first.Comparison
			for hi-lo > 1 {
				_, d := both(t, Options{Every: 10, Closer: Closer{From: max(lo, 1), Every: 1}}, code)
				require.NotNil(t, d)
				lo, hi = d.Good, d.Comparison
			}
			_, d := both(t, Options{Every: 10, Closer: Closer{From: ^uint64(0), Examine: hi}}, code)
			require.NotNil(t, d)
			require.Equal(t, c.instruction, d.PC, "%v", d)
			require.True(t, d.Exact)
			require.NotEmpty(t, d.Before)
			require.True(t, strings.Contains(d.String(), c.shows))
		})
	}
}

// TestEndsAlone: a side whose other one has ended does not wait for ever.
func TestEndsAlone(t *testing.T) {
	forever := append([]byte{0xEB, 0xFE}, summing[2:]...)
	_, d := both(t, Options{Every: 10}, [2][]byte{{0x0F, 0x05}, forever})
	require.NotNil(t, d)

	p := New(Options{})
	p.Finished(Reference)
	p.Call(Subject, "after the end")
	_, d = p.Outcome()
	require.Nil(t, d)
}

func TestCalls(t *testing.T) {
	p := New(Options{})
	p.Call(Subject, "one")
	p.Call(Subject, "two")
	p.Call(Reference, "one")
	counts, d := p.Outcome()
	require.Nil(t, d)
	require.Equal(t, uint64(1), counts.Calls)
	p.Call(Reference, "too")
	_, d = p.Outcome()
	require.NotNil(t, d)
	require.Contains(t, d.What, "interpreter too\n  translator  two")
}

// TestSlices: slices have the length that is asked for on average, and all
// lengths around it.
func TestSlices(t *testing.T) {
	for _, every := range []uint64{1, 2, 10, 1000} {
		p := New(Options{Every: every})
		var sum uint64
		seen := map[uint64]bool{}
		const n = 100_000
		for i := range uint64(n) {
			l := p.slice(i)
			require.NotZero(t, l)
			sum += l
			seen[l] = true
		}
		require.InDelta(t, float64(every), float64(sum)/n, float64(every)/20)
		require.Len(t, seen, int(2*every-1))
	}
	require.Less(t, New(Options{}).slice(0), uint64(32))
}
