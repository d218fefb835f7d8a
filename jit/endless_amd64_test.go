//go:build linux || windows || freebsd || darwin

package jit

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/memory"
)

// wideAt is where endless string instructions have room: the object of the data
// again and again, without a gap.
const (
	wideAt   = 0xE000_0000
	wideSize = 128 << 20
)

// jumps is n jumps, each to the next, which is in another page for most, and
// the last to the first.
func jumps(n int) []byte {
	const apart = 300
	code := make([]byte, apart*n)
	for i := range n {
		to := (i + 1) % n * apart
		code[i*apart] = 0xE9
		binary.LittleEndian.PutUint32(code[i*apart+1:], uint32(to-i*apart-5))
	}
	return code
}

// endless is a program that never stops, for every way of not stopping.
var endless = []struct {
	name string
	code []byte
}{
	{"jmp itself", bytesOf(0xEB, 0xFE)},
	{"count", bytesOf(0x48, 0xFF, 0xC0 /* inc rax */, 0x75, 0xFB, 0xEB, 0xF9)},
	{"many jumps", jumps(100)},
	{"call and ret", bytesOf(0xE8, uint32(2), 0xEB, 0xF9, 0xC3)},
	{"call and ret, flags dead", bytesOf(0xE8, uint32(13), 0x89, 0xC3, 0x89, 0xC6, 0x89, 0xC7, 0x89, 0xC1 /* mov */, 0x83, 0xC0, 1, /* add eax, 1 */
		0xEB, 0xEE, 0xC3)},
	{"return elsewhere", bytesOf(0xE8, uint32(3), 0x0F, 0xEB, 0xF8 /* behind a byte: jmp */, 0x48, 0x83, 0x04, 0x24, 1 /* add qword [rsp], 1 */, 0xC3)},
	{"recursion", bytesOf(0xBC, uint32(dataAt+dataSize/2) /* mov esp */, 0xE8, ^uint32(9))},
	{"indirect recursion", bytesOf(0xBC, uint32(dataAt+dataSize/2), 0xB8, uint32(codeAt), 0xFF, 0xD0 /* call rax */)},
	{"jmp register", bytesOf(0x48, 0x8D, 0x05, ^uint32(6) /* lea rax, [it] */, 0xFF, 0xE0)},
	{"jmp memory", bytesOf(0xC7, 0x04, 0x25, uint32(dataAt), uint32(codeAt) /* mov dword [data], code */, 0xFF, 0x24, 0x25, uint32(dataAt))},
	{"push and ret", bytesOf(0xB8, uint32(codeAt), 0x50, 0xC3)},
	{"call register", bytesOf(0xB8, uint32(codeAt+9), 0xFF, 0xD0, 0xEB, 0xF7, 0xC3)},
	{"pushes and pops", bytesOf(0x50, 0x51, 0x52, 0x53, 0x41, 0x57, 0x41, 0x5F, 0x5B, 0x5A, 0x59, 0x58, 0xEB, 0xF2)},
	{"rep stosb", bytesOf(0xBF, uint32(wideAt), 0xB9, uint32(wideSize), 0xF3, 0xAA, 0xEB, 0xF2)},
	{"rep stosq", bytesOf(0xBF, uint32(wideAt), 0xB9, uint32(wideSize/8), 0xF3, 0x48, 0xAB, 0xEB, 0xF1)},
	{"rep movsb", bytesOf(0xBE, uint32(wideAt), 0xBF, uint32(wideAt+wideSize/2), 0xB9, uint32(wideSize/2), 0xF3, 0xA4, 0xEB, 0xED)},
	{"rep movsd", bytesOf(0xBE, uint32(wideAt), 0xBF, uint32(wideAt+wideSize/2), 0xB9, uint32(wideSize/8), 0xF3, 0xA5, 0xEB, 0xED)},
	{"repne scasb", bytesOf(0xB0, 1, 0xBF, uint32(wideAt), 0xB9, uint32(2<<20), 0xF2, 0xAE, 0xEB, 0xF0)},
	{"repe cmpsq", bytesOf(0xBE, uint32(wideAt), 0xBF, uint32(wideAt+dataSize), 0xB9, uint32(1<<18), 0xF3, 0x48, 0xA7, 0xEB, 0xEC)},
	{"lock add", bytesOf(0xB8, uint32(dataAt), 0xF0, 0x83, 0x00, 1, 0xEB, 0xF5)},
	{"the interpreter's", bytesOf(0x0F, 0x53, 0xC0 /* rcpps xmm0, xmm0 */, 0xEB, 0xFB)},
	{"rsp 0", bytesOf(0xBC, uint32(0), 0xEB, 0xF9)},
	{"rsp above 4 GiB", bytesOf(0x48, 0xBC, uint64(1<<40), 0xEB, 0xFE)},
	{"popf", bytesOf(0x9C, 0x9D, 0xEB, 0xFC)},
}

// mapWide maps the room for string instructions.
func mapWide(t *testing.T, s *side) {
	for at := uint64(wideAt); at < wideAt+wideSize; at += dataSize {
		_, err := s.space.Map(memory.Mapping{Addr: at, Len: dataSize, Prot: memory.Read | memory.Write, MaxProt: memory.Read | memory.Write,
			Fixed: true, Shared: true, Object: s.data})
		require.NoError(t, err)
	}
}

// background runs a side on a goroutine of its own. What it returns gives each
// stop.
func background(s *side, t *cpu.Thread) <-chan cpu.Stop {
	done := make(chan cpu.Stop, 1)
	go func() { done <- s.engine.Run(t, cpu.Unlimited) }()
	return done
}

// stopOf waits for the end of a run; a guest that cannot be stopped would
// otherwise only show by the time limit of all tests.
func stopOf(t *testing.T, done <-chan cpu.Stop) cpu.Stop {
	t.Helper()
	select {
	case stop := <-done:
		return stop
	case <-time.After(time.Minute):
		panic("the guest has not stopped for a minute") // the goroutines say where it is
	}
}

// untilRunning returns when the thread has been seen in generated code, or
// never seems to get there.
func untilRunning(s *x86.State) {
	for end := time.Now().Add(2 * time.Millisecond); time.Now().Before(end); time.Sleep(50 * time.Microsecond) {
		if atomic.LoadUint64(&s.Context.Running) != 0 {
			return
		}
	}
}

// TestEndless interrupts programs that never stop. Metered ones have counted
// exactly: the interpreter is in the same state after as many instructions.
func TestEndless(t *testing.T) {
	for _, o := range []Options{{Verify: true}, {Metered: true, Verify: true}} {
		for _, p := range endless {
			name := p.name
			if o.Metered {
				name += ", metered"
			}
			t.Run(name, func(t *testing.T) { testEndless(t, p.code, o) })
		}
	}
}

func testEndless(t *testing.T, code []byte, o Options) {
	s, ref := newSide(t, code, &o), newSide(t, code, nil)
	defer s.close(t)
	defer ref.close(t)
	mapWide(t, s)
	mapWide(t, ref)
	state := s.thread.State.(*x86.State)
	rnd := rand.New(rand.NewPCG(1, 2))
	var took []time.Duration
	for i := range 11 {
		done := background(s, s.thread)
		if i > 5 { // as soon as can be, too
			untilRunning(state)
			time.Sleep(time.Duration(rnd.IntN(300)) * time.Microsecond)
		}
		begin := time.Now()
		s.thread.Interrupt()
		stop := stopOf(t, done)
		took = append(took, time.Since(begin))
		require.Equal(t, cpu.Stop{Kind: cpu.StopInterrupt, PC: state.PC()}, stop)
		require.False(t, s.thread.Pending())
	}
	slices.Sort(took)
	t.Logf("stopped after %v at the median, %v at most", took[len(took)/2], took[len(took)-1])
	if !o.Metered || s.thread.Retired > 2_000_000 {
		return
	}
	// One more, since a repeated instruction may be in its middle.
	stop := s.engine.Run(s.thread, 1)
	require.Equal(t, cpu.StopBudget, stop.Kind)
	stop = ref.engine.Run(ref.thread, s.thread.Retired)
	require.Equal(t, cpu.StopBudget, stop.Kind)
	if state.Hash() != ref.thread.State.Hash() {
		t.Fatalf("after %d instructions the engines differ\ninterpreter:\n%s\ntranslator:\n%s", s.thread.Retired, dump(ref.thread.State), dump(state))
	}
}

// TestCountingCanBeLeft: a signal finds a thread mostly at instructions that
// wait for others. In a short metered loop these are the ones that count, and it
// took seconds to hit another one.
func TestCountingCanBeLeft(t *testing.T) {
	tr := rewrite.NewTranslator(rewrite.Options{Supported: supported, Convention: rewrite.Counting})
	u, ok := tr.Translate(codeAt, func(uint64) []byte { return endless[0].code })
	require.True(t, ok)
	marks, state, within := u.Marks, rewrite.Within, 0
	for at := 0; ; {
		for ; len(marks) > 0 && int(marks[0].Offset) <= at; marks = marks[1:] {
			state = marks[0].State
		}
		if at == 0 {
			require.NotEqual(t, rewrite.Within, state)
		}
		if state == rewrite.Within {
			within++
		}
		text, n := x86.Disassemble(u.Code[at:], 0, nil)
		if strings.HasPrefix(text, "jmp") && state != rewrite.Within {
			break // the guest's own
		}
		at += n
	}
	require.LessOrEqual(t, within, 4)
}
