package jit

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
)

// TestStaleThreadNumber: the number of the host thread is looked up when the
// thread-local storage is another one. A new thread may have that of a dead
// one; then the number is that of nobody, or of somebody else.
func TestStaleThreadNumber(t *testing.T) {
	s := newSide(t, endless[1].code, &Options{})
	defer s.close(t)
	x := &s.thread.State.(*x86.State).Context
	for _, number := range []uint64{1 << 22, uint64(unix.Getpid())} {
		done := background(s, s.thread)
		for atomic.LoadUint64(&x.Running) == 0 || atomic.LoadUint64(&x.ThreadID) == 0 {
			runtime.Gosched()
		}
		was := atomic.SwapUint64(&x.ThreadID, number)
		s.thread.Interrupt()
		require.Equal(t, cpu.StopInterrupt, stopOf(t, done).Kind)
		atomic.StoreUint64(&x.ThreadID, was)
	}
}

// TestMigration runs a guest on goroutines that die with their host threads, one
// after the other, and interrupts it all the time.
func TestMigration(t *testing.T) {
	s := newSide(t, callAgain, &Options{})
	defer s.close(t)
	x := &s.thread.State.(*x86.State).Context
	hosts := map[uint64]bool{}
	var over atomic.Bool
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for !over.Load() {
			s.thread.Interrupt()
			time.Sleep(100 * time.Microsecond)
		}
	}()
	calls := 0
	for range 60 {
		done := make(chan struct{})
		go func() {
			defer close(done)
			runtime.LockOSThread() // and the thread ends with the goroutine
			for range 20 {
				if s.engine.Run(s.thread, cpu.Unlimited).Kind == cpu.StopSyscall {
					calls++
				}
			}
			hosts[x.ThreadID] = true
		}()
		<-done
	}
	over.Store(true)
	wg.Wait()
	require.Greater(t, len(hosts), 10, "host threads")
	require.Greater(t, calls, 100)
}
