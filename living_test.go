package nuage_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/jit"
)

var processes = flag.Int("processes", 150, "how many processes TestManyProcesses starts and ends with each engine; -short takes 60 at most")

// engines runs a test with every engine that there is for x86-64 programs.
func engines(t *testing.T, test func(t *testing.T, o nuage.Options)) {
	for _, e := range []nuage.Engine{nuage.Interpreter, nuage.JIT} {
		t.Run(e.String(), func(t *testing.T) {
			o := nuage.Options{Engine: e}
			m, err := nuage.NewMachine(o)
			require.NoError(t, err)
			p, err := m.Start(t.Context(), guest(t, "die"), nuage.Config{Args: map[string]any{"log": nuage.Writer(io.Discard), "how": "return"}})
			if errors.Is(err, jit.ErrUnavailable) {
				t.Skip(err)
			}
			require.NoError(t, err)
			_, err = p.Wait(t.Context())
			require.NoError(t, err)
			require.NoError(t, m.Close())
			test(t, o)
		})
	}
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

// TestManyProcesses starts and ends processes, some of which return, fault, are
// killed or have threads, and finds as many goroutines, as many mappings and as
// much memory as before. What the Go runtime holds varies by more than some
// processes could leak, so there are several rounds: a leak makes each of them
// grow.
func TestManyProcesses(t *testing.T) {
	engines(t, func(t *testing.T, o nuage.Options) {
		m := machine(t, o)
		image := guest(t, "die")
		some := func(n int) {
			for i := range n {
				how := []string{"return", "return", "read", "divide", "loop", "recurse", "jump", "thread fault", "exit among threads"}[i%9]
				p, err := m.Start(t.Context(), image, nuage.Config{Args: map[string]any{"log": nuage.Writer(io.Discard), "how": how}})
				require.NoError(t, err)
				if how == "loop" {
					p.Kill(cloudabi.SIGKILL)
				}
				<-p.Done()
			}
		}
		count := *processes
		if testing.Short() {
			count = min(count, 60)
		}
		some(max(40, count/20)) // what is made once is there
		goroutines := runtime.NumGoroutine()
		for round := 1; ; round++ {
			memory, maps := used(t)
			begin := time.Now()
			some(count)
			took := time.Since(begin)
			settled(t, goroutines)
			memoryAfter, mapsAfter := used(t)
			t.Logf("%d processes in %v, %v each; resident %d KiB before and %d KiB after, mappings %d and %d",
				count, took, took/time.Duration(count), memory>>10, memoryAfter>>10, maps, mapsAfter)
			if memoryAfter <= memory+8<<20 && mapsAfter <= maps+50 {
				break
			}
			require.Less(t, round, 4, "each round needs more than the one before")
		}
	})
}

// used returns the memory and the mappings of the process that are in use, where
// the host tells.
func used(t *testing.T) (memory, mappings int) {
	for range 2 { // finalizers may hold something back
		runtime.GC()
	}
	debug.FreeOSMemory()
	if data, err := os.ReadFile("/proc/self/statm"); err == nil {
		pages, err := strconv.Atoi(strings.Fields(string(data))[1])
		require.NoError(t, err)
		memory = pages * os.Getpagesize()
	}
	data, _ := os.ReadFile("/proc/self/maps") // not there: none
	return memory, bytes.Count(data, []byte("\n"))
}

// TestDeathOfTheMachine closes machines whose threads are wherever programs are:
// in translated code, in a system call, being made, being translated.
func TestDeathOfTheMachine(t *testing.T) {
	engines(t, func(t *testing.T, o nuage.Options) {
		goroutines := runtime.NumGoroutine()
		null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
		require.NoError(t, err)
		defer null.Close()
		var images []*nuage.Image
		for _, name := range []string{"parallel", "threads", "processes", "interp", "deep", "virtual", "longjmp", "write"} {
			program, err := os.ReadFile(filepath.Join("bench", "bin", "x86_64", name))
			require.NoError(t, err)
			image, err := nuage.LoadBytes(program)
			require.NoError(t, err)
			images = append(images, image)
		}
		for round := range 6 {
			m, err := nuage.NewMachine(o)
			require.NoError(t, err)
			var started []*nuage.Process
			for range 2 {
				for _, image := range images {
					p, err := m.Start(t.Context(), image, nuage.Config{Args: map[string]any{"out": nuage.Writer(io.Discard), "sink": nuage.Writer(null), "n": int64(1 << 40)}})
					require.NoError(t, err)
					started = append(started, p)
				}
			}
			time.Sleep(time.Duration(round*round) * 3 * time.Millisecond) // any moment will do
			require.NoError(t, m.Close())
			for _, p := range started {
				status, err := p.Wait(t.Context())
				require.NoError(t, err)
				require.Equal(t, cloudabi.SIGKILL, status.Signal, "%v", status)
			}
		}
		settled(t, goroutines)
	})
}
