package conformance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// TestHostileGuests runs programs that take all they can get, in one process
// and at the same time, and a well-behaved one among them. Each must end with
// the right status, and this process must live on with what it had before.
func TestHostileGuests(t *testing.T) {
	before := runtime.NumGoroutine()
	limits := nuage.Limits{Memory: 256 << 20, Threads: 64}
	for _, set := range runnable {
		for _, form := range forms(t) {
			t.Run(fmt.Sprintf("%s/%v", set, form), func(t *testing.T) {
				options := nuage.Options{Memory: form, Limits: limits}
				for _, what := range []string{"scribble", "threads", "memory", "regions", "files", "bomb"} {
					t.Run(what, func(t *testing.T) {
						t.Parallel()
						status, log := guest(t, options, set, "hostile", map[string]any{"what": what, "tmpdir": nuage.MemoryDir()})
						require.Empty(t, log)
						require.Equal(t, nuage.ExitStatus{}, status)
					})
				}
				for _, how := range []string{"loop", "sleep", "wait for self"} {
					t.Run("limit on "+how, func(t *testing.T) {
						t.Parallel()
						o := options
						o.Limits.WallTime = uint64(100 * time.Millisecond)
						status, log := guest(t, o, set, "die", map[string]any{"how": how})
						require.Empty(t, log)
						require.Equal(t, cloudabi.SIGALRM, status.Signal, status)
					})
					t.Run("cancel "+how, func(t *testing.T) {
						t.Parallel()
						cancelled(t, options, set, how)
					})
				}
				t.Run("CPU time", func(t *testing.T) {
					t.Parallel()
					o := options
					o.Limits.CPUTime = uint64(50 * time.Millisecond)
					status, _ := guest(t, o, set, "die", map[string]any{"how": "loop"})
					require.Equal(t, cloudabi.SIGXCPU, status.Signal, status)
				})
				t.Run("a good one", func(t *testing.T) {
					t.Parallel()
					status, log := guest(t, options, set, "io", map[string]any{"tmpdir": nuage.MemoryDir()})
					require.Empty(t, log)
					require.Equal(t, nuage.ExitStatus{}, status)
				})
			})
		}
	}
	// If some are left over, the end of all tests' time shows where they are.
	for runtime.NumGoroutine() > before+2 {
		time.Sleep(time.Millisecond)
	}
}

// TestWriters closes descriptors under threads that write to them all the time.
// What is opened next has the same number in the host.
func TestWriters(t *testing.T) {
	for _, set := range runnable {
		t.Run(set, func(t *testing.T) {
			null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
			require.NoError(t, err)
			defer null.Close()
			args := map[string]any{"what": "writers", "tmpdir": nuage.Dir(t.TempDir()), "keep": nuage.Writer(null)}
			for i := range 24 {
				sink := null
				if i%2 == 0 {
					r, w, err := os.Pipe()
					require.NoError(t, err)
					defer w.Close()
					go func() { _, _ = io.Copy(io.Discard, r); _ = r.Close() }()
					sink = w
				}
				args[fmt.Sprintf("sink%d", i)] = nuage.Writer(sink)
			}
			status, log := guest(t, nuage.Options{}, set, "hostile", args)
			require.Empty(t, log)
			require.Equal(t, nuage.ExitStatus{}, status)
		})
	}
}

// cancelled starts a guest that never ends and cancels it.
func cancelled(t *testing.T, o nuage.Options, set, how string) {
	program, err := Program(set, "die")
	require.NoError(t, err)
	image, err := nuage.LoadBytes(program)
	require.NoError(t, err)
	m, err := nuage.NewMachine(o)
	require.NoError(t, err)
	defer m.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var log bytes.Buffer
	p, err := m.Start(ctx, image, nuage.Config{Args: map[string]any{"log": nuage.Writer(&log), "how": how}})
	require.NoError(t, err)
	cancel()
	status, err := p.Wait(context.Background())
	require.NoError(t, err)
	require.Equal(t, cloudabi.SIGKILL, status.Signal)
}

// TestManyMachines runs a thousand machines side by side: all are alive at the
// same time, each waiting for a byte.
func TestManyMachines(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a thousand address spaces")
	}
	const machines = 1000
	program, err := Program("x86_64-final", "die")
	require.NoError(t, err)
	image, err := nuage.LoadBytes(program)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var all []*nuage.Machine
	var processes []*nuage.Process
	for range machines {
		m, err := nuage.NewMachine(nuage.Options{})
		require.NoError(t, err)
		all = append(all, m)
		var log bytes.Buffer
		p, err := m.Start(ctx, image, nuage.Config{Args: map[string]any{"log": nuage.Writer(&log), "how": "sleep"}})
		require.NoError(t, err)
		processes = append(processes, p)
	}
	for _, p := range processes {
		select {
		case <-p.Done():
			status, _ := p.Wait(ctx)
			t.Fatalf("ended early: %v", status)
		default:
		}
	}
	cancel()
	for i, p := range processes {
		status, err := p.Wait(context.Background())
		require.NoError(t, err)
		require.Equal(t, cloudabi.SIGKILL, status.Signal)
		require.NoError(t, all[i].Close())
	}
}
