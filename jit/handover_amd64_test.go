//go:build linux || windows || freebsd || darwin

package jit

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
)

// another makes a further thread of a side, at the offset of its code.
func (s *side) another(offset uint64) *cpu.Thread {
	t := &cpu.Thread{State: s.engine.NewState(), Env: &environment{}}
	t.State.Reset(cpu.Start{PC: codeAt + offset, SP: dataAt + dataSize/2})
	return t
}

// callAgain is a loop around a system call, with a call and an indirect jump in
// it: mov ecx, 10; l: call f; dec ecx; jnz l; syscall; lea rax, [again]; jmp rax;
// f: ret
var callAgain = bytesOf(0xB9, uint32(10), 0xE8, uint32(15), 0xFF, 0xC9, 0x75, 0xF7, 0x0F, 0x05,
	0x48, 0x8D, 0x05, ^uint32(22), 0xFF, 0xE0, 0xC3)

// TestInterruptStorm: no interruption is lost, wherever in or around generated
// code it finds the thread, and however many there are at once.
func TestInterruptStorm(t *testing.T) {
	for _, o := range []Options{{}, {Metered: true}} {
		s := newSide(t, callAgain, &o)
		const threads, stops = 3, 150
		var wg sync.WaitGroup
		for range threads {
			th := s.another(0)
			taken := make(chan struct{})
			wg.Add(3)
			go func() {
				defer wg.Done()
				for n := 0; n < stops; {
					if s.engine.Run(th, cpu.Unlimited).Kind == cpu.StopInterrupt {
						n++
						taken <- struct{}{}
					}
				}
				close(taken)
			}()
			again := make(chan struct{}, 1)
			go func() { // a second one that interrupts, at any time
				defer wg.Done()
				for range again {
					if th.Pending() {
						th.Interrupt()
					}
				}
			}()
			go func() {
				defer wg.Done()
				defer close(again)
				for {
					th.Interrupt()
					select {
					case again <- struct{}{}:
					default:
					}
					if _, ok := <-taken; !ok {
						return
					}
				}
			}()
		}
		wg.Wait()
		s.close(t)
	}
}

// TestHundredsOfThreads: threads that never stop, many times as many as the
// host has processors, are all interrupted, and leave no goroutine behind. Code
// changes under them meanwhile.
func TestHundredsOfThreads(t *testing.T) {
	before := runtime.NumGoroutine()
	s := newSide(t, endless[3].code, &Options{})
	const n = 300
	var threads []*cpu.Thread
	var wg sync.WaitGroup
	for range n {
		th := s.another(0)
		th.State.(*x86.State).R[x86.RSP] += uint64(len(threads)) * 64
		threads = append(threads, th)
		wg.Add(1)
		go func() {
			defer wg.Done()
			stop := s.engine.Run(th, cpu.Unlimited)
			if stop.Kind != cpu.StopInterrupt {
				t.Errorf("%v", stop)
			}
		}()
	}
	begin := time.Now()
	for _, th := range threads {
		for atomic.LoadUint64(&th.State.(*x86.State).Context.ThreadID) == 0 && time.Since(begin) < time.Second {
			time.Sleep(time.Millisecond) // most have been in generated code
		}
	}
	begin = time.Now()
	e := s.engine.(*engine)
	for range 3 {
		e.onCode()
	}
	changed := time.Now()
	for _, th := range threads {
		th.Interrupt()
	}
	wg.Wait()
	t.Logf("3 changes of code took %v, stopping all %v", changed.Sub(begin), time.Since(changed))
	s.close(t)
	settled(t, before)
}

// TestTurns: of many threads that never stop, no more than there are processors
// are in generated code, and all get on.
func TestTurns(t *testing.T) {
	before := runtime.NumGoroutine()
	s := newSide(t, bytesOf(0x48, 0xFF, 0x07, 0xEB, 0xFB) /* again: inc qword [rdi]; jmp again */, &Options{})
	threads := make([]*cpu.Thread, 5*runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i := range threads {
		threads[i] = s.another(0)
		threads[i].State.(*x86.State).R[x86.RDI] = dataAt + uint64(i)*64
		wg.Go(func() { s.engine.Run(threads[i], cpu.Unlimited) })
	}
	turns.mu.Lock()
	require.NotZero(t, len(turns.engines))
	turns.mu.Unlock()
	// Twice, with turns between.
	counts := make([]uint64, len(threads))
	for range 2 {
		for i := range threads {
			for {
				n, err := s.space.LoadAtomic64(dataAt + uint64(i)*64)
				require.NoError(t, err)
				if n > counts[i] {
					counts[i] = n
					break
				}
				time.Sleep(time.Millisecond)
			}
		}
		for few := false; !few; time.Sleep(time.Millisecond) {
			turns.mu.Lock()
			in, _ := inCode()
			turns.mu.Unlock()
			few = len(in) <= runtime.GOMAXPROCS(0)
		}
	}
	for _, th := range threads {
		th.Interrupt()
	}
	wg.Wait()
	s.close(t)
	settled(t, before)
}

// settled waits until there are no more goroutines than there were before.
func settled(t *testing.T, before int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
