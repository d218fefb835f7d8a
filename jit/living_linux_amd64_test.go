package jit

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"flag"
	"io"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/memory"
)

// Tests of generated code beside the Go runtime: its signals, its collector and
// its scheduler.

var livingTime = flag.Duration("living.time", 0, "how long to measure the collector's pauses, and to run guests under allocation pressure")

// guests runs endless programs of several shapes on n threads until stop is
// called. Many are threads of one space.
func guests(t *testing.T, n int, o Options) (stop func()) {
	var wg sync.WaitGroup
	var sides []*side
	var threads []*cpu.Thread
	var over atomic.Bool
	for i := range n {
		if i < 8 {
			s := newSide(t, endless[1+i].code, &o)
			mapWide(t, s)
			sides = append(sides, s)
		}
		s := sides[i%8]
		th := s.another(0)
		th.State.(*x86.State).R[x86.RSP] += uint64(i) * 256
		threads = append(threads, th)
		wg.Go(func() {
			for !over.Load() {
				if stop := s.engine.Run(th, cpu.Unlimited); stop.Kind != cpu.StopInterrupt {
					t.Errorf("%v", stop)
					return
				}
			}
		})
		untilRunning(th.State.(*x86.State))
	}
	return func() {
		over.Store(true)
		for _, th := range threads {
			th.Interrupt()
		}
		wg.Wait()
		for _, s := range sides {
			s.close(t)
		}
	}
}

// exact runs a program whose result is known, again and again.
func exact(t *testing.T, over *atomic.Bool) (runs int) {
	s := newSide(t, counting, &Options{})
	defer s.close(t)
	state := s.thread.State.(*x86.State)
	for ; !over.Load() || runs == 0; runs++ {
		state.R[x86.RAX] = 0
		state.SetPC(codeAt)
		stop := s.engine.Run(s.thread, cpu.Unlimited)
		if stop.Kind != cpu.StopSyscall || state.R[x86.RAX] != 500500 {
			t.Errorf("%v, rax %d", stop, state.R[x86.RAX])
			return runs
		}
	}
	return runs
}

var litter [][]byte

// TestCollector collects garbage again and again while guests run: it does not
// wait for them, and they do not notice.
func TestCollector(t *testing.T) {
	stop := guests(t, 2, Options{})
	var over atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() { exact(t, &over) })
	for range 50 {
		litter = nil
		for range 100 {
			litter = append(litter, make([]byte, 4096))
		}
		runtime.GC()
	}
	litter = nil
	over.Store(true)
	wg.Wait()
	stop()
}

// TestPreemption: on one processor for Go, with guests that never stop, others
// run, and the world stops.
func TestPreemption(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, o := range []Options{{}, {Metered: true}} {
		stop := guests(t, 3, o)
		ping, pong := make(chan int), make(chan int)
		go func() {
			for n := range ping {
				pong <- n + 1
			}
			close(pong)
		}()
		n := 0
		for range 300 {
			ping <- n
			n = <-pong
			runtime.Gosched()
		}
		close(ping)
		require.Equal(t, 300, n)
		var m runtime.MemStats
		runtime.ReadMemStats(&m) // stops the world
		runtime.GC()
		stop()
	}
}

// TestProfile takes a profile at 1,000 Hz of a process whose guests make calls,
// fault and are interrupted.
func TestProfile(t *testing.T) {
	var buf bytes.Buffer
	runtime.SetCPUProfileRate(1000) // the next line finds it set, and says so
	if err := pprof.StartCPUProfile(&buf); err != nil {
		t.Skip(err) // another profile is being taken
	}
	stop := guests(t, 2, Options{})
	var over atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() { exact(t, &over) })
	for begin := used(t); used(t) < begin+200*time.Millisecond; {
		fault(t)
	}
	over.Store(true)
	wg.Wait()
	stop()
	pprof.StopCPUProfile()
	z, err := gzip.NewReader(&buf)
	require.NoError(t, err)
	data, err := io.ReadAll(z)
	require.NoError(t, err)
	samples := 0
	for field := range fields(t, data) {
		if field == 2 {
			samples++
		}
	}
	require.NotZero(t, samples)
}

// fields walks over the fields of a message in the encoding of profiles.
func fields(t *testing.T, m []byte) func(func(uint64, []byte) bool) {
	return func(yield func(uint64, []byte) bool) {
		for len(m) > 0 {
			tag, n := binary.Uvarint(m)
			require.Positive(t, n)
			m = m[n:]
			v, n := binary.Uvarint(m) // numbers and lengths are all there is
			require.Positive(t, n)
			m = m[n:]
			var p []byte
			switch tag & 7 {
			case 0:
			case 2:
				require.LessOrEqual(t, v, uint64(len(m)))
				p, m = m[:v], m[v:]
			default:
				t.Fatalf("a field of type %d", tag&7)
			}
			if !yield(tag>>3, p) {
				return
			}
		}
	}
}

// used is the processor time of the process.
func used(t *testing.T) time.Duration {
	var u unix.Rusage
	require.NoError(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// fault runs guests that divide by zero, read where nothing is, and meet an
// instruction that is none.
func fault(t *testing.T) {
	t.Helper()
	// again: xor ecx, ecx; div ecx
	s := newSide(t, bytesOf(0x31, 0xC9, 0xF7, 0xF1), &Options{})
	stop := s.engine.Run(s.thread, cpu.Unlimited)
	require.Equal(t, cpu.StopArithmetic, stop.Kind)
	require.Equal(t, uint64(codeAt+2), stop.PC)
	s.close(t)
	// mov eax, [0x1234567]
	s = newSide(t, bytesOf(0x90, 0x8B, 0x04, 0x25, uint32(0x1234567)), &Options{})
	stop = s.engine.Run(s.thread, cpu.Unlimited)
	require.Equal(t, cpu.Stop{Kind: cpu.StopFault, PC: codeAt + 1, Fault: memory.Fault{Addr: 0x1234567, Access: memory.Read}}, stop)
	s.close(t)
	s = newSide(t, bytesOf(0x90, 0x0F, 0x0B), &Options{}) // ud2
	stop = s.engine.Run(s.thread, cpu.Unlimited)
	require.Equal(t, cpu.StopIllegal, stop.Kind)
	s.close(t)
}

// interrupted interrupts a guest that does not stop by itself.
func interrupted(t *testing.T) {
	t.Helper()
	s := newSide(t, endless[3].code, &Options{})
	done := background(s, s.thread)
	untilRunning(s.thread.State.(*x86.State))
	s.thread.Interrupt()
	require.Equal(t, cpu.StopInterrupt, stopOf(t, done).Kind)
	s.close(t)
}

// sent sends the signals of traps to a thread in generated code, which are none.
func sent(t *testing.T, heard chan os.Signal) {
	t.Helper()
	s := newSide(t, endless[3].code, &Options{})
	x := &s.thread.State.(*x86.State).Context
	done := background(s, s.thread)
	for _, sig := range []unix.Signal{unix.SIGSEGV, unix.SIGFPE, unix.SIGBUS, unix.SIGILL} {
		for range 50 {
			for atomic.LoadUint64(&x.Running) == 0 || atomic.LoadUint64(&x.ThreadID) == 0 {
				runtime.Gosched()
			}
			require.NoError(t, unix.Tgkill(unix.Getpid(), int(atomic.LoadUint64(&x.ThreadID)), sig))
			for <-heard != sig {
			}
		}
	}
	s.thread.Interrupt()
	require.Equal(t, cpu.StopInterrupt, stopOf(t, done).Kind)
	s.close(t)
}

// TestSignals: whatever the embedding program wants of the signals that
// generated code needs, faults are found and guests can be stopped; and the
// program gets its signals.
func TestSignals(t *testing.T) {
	all := []os.Signal{unix.SIGURG, unix.SIGSEGV, unix.SIGFPE, unix.SIGBUS, unix.SIGILL, unix.SIGPROF}
	works := func() {
		t.Helper()
		fault(t)
		interrupted(t)
	}
	works()
	defer signal.Reset(all...)
	heard := make(chan os.Signal, 1000)
	for range 2 {
		signal.Notify(heard, all...)
		works()
		stop := guests(t, runtime.GOMAXPROCS(0), Options{})
		for len(heard) > 0 { // those for Go's own use are heard too
			<-heard
		}
		require.NoError(t, unix.Kill(unix.Getpid(), unix.SIGURG))
		for <-heard != unix.SIGURG {
		}
		stop()
		sent(t, heard)
		signal.Stop(heard)
		works()
		signal.Ignore(all...)
		works()
		works()
		signal.Reset(all...)
		works()
	}
}

// strangers runs other programs of the host that compute and never wait, until
// stop is called.
func strangers(t *testing.T, n int) (stop func()) {
	var list []*exec.Cmd
	for range n {
		c := exec.Command("/bin/sh", "-c", "while :; do :; done")
		require.NoError(t, c.Start())
		list = append(list, c)
	}
	return func() {
		for _, c := range list {
			require.NoError(t, c.Process.Kill())
			require.Error(t, c.Wait())
		}
	}
}

// TestPauses measures how long the world stands still for the collector, with
// no guests, with as many as there are processors, and with a hundred; and with
// other programs in their place, which no collector stops, but which take the
// processors from it as well. It asserts nothing: the host has other things to
// do, too.
func TestPauses(t *testing.T) {
	if *livingTime == 0 {
		t.Skip("measures with -living.time=10s")
	}
	all := runtime.GOMAXPROCS(0)
	for _, load := range []struct {
		name  string
		begin func() (stop func())
	}{
		{"idle", func() func() { return func() {} }},
		{"1 guest", func() func() { return guests(t, 1, Options{}) }},
		{"1 other program", func() func() { return strangers(t, 1) }},
		{"a guest for each processor", func() func() { return guests(t, all, Options{}) }},
		{"another program for each processor", func() func() { return strangers(t, all) }},
		{"100 guests", func() func() { return guests(t, 100, Options{}) }},
	} {
		stop := load.begin()
		before := pauses()
		for begin := time.Now(); time.Since(begin) < *livingTime/3; {
			for range 100 {
				litter = append(litter, make([]byte, 4096))
			}
			litter = litter[max(0, len(litter)-1000):]
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
		stop()
		after := pauses()
		for i, name := range pauseMetrics {
			t.Logf("%s, %s: %s", load.name, name, quantiles(before[i].Value.Float64Histogram(), after[i].Value.Float64Histogram()))
		}
	}
}

var pauseMetrics = []string{"/sched/pauses/total/gc:seconds", "/sched/pauses/stopping/gc:seconds"}

func pauses() []metrics.Sample {
	var s []metrics.Sample
	for _, name := range pauseMetrics {
		s = append(s, metrics.Sample{Name: name})
	}
	metrics.Read(s)
	return s
}

func quantiles(before, after *metrics.Float64Histogram) string {
	counts := slices.Clone(after.Counts)
	total := uint64(0)
	for i := range counts {
		counts[i] -= before.Counts[i]
		total += counts[i]
	}
	text := ""
	for _, q := range []float64{0.5, 0.9, 0.99, 1} {
		sum := uint64(0)
		for i, n := range counts {
			if sum += n; float64(sum) >= q*float64(total) {
				bound := after.Buckets[i+1]
				if math.IsInf(bound, 1) {
					bound = after.Buckets[i]
				}
				text += " " + time.Duration(bound*1e9).String()
				break
			}
		}
	}
	return text
}

// TestSoak runs guests for -living.time under allocation pressure: ones that
// never stop, ones whose results are known, and ones that fault; their code
// changes and they are interrupted all the time. Afterwards there is as much
// memory and there are as many goroutines and mappings as in the beginning.
func TestSoak(t *testing.T) {
	if *livingTime == 0 {
		t.Skip("runs with -living.time=10m")
	}
	var m runtime.MemStats
	round := func(d time.Duration) (runs int) {
		stop := guests(t, 12, Options{})
		stopMetered := guests(t, 3, Options{Metered: true, Verify: true})
		changing := newSide(t, endless[4].code, &Options{})
		done := background(changing, changing.thread)
		var over atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() { runs = exact(t, &over) })
		wg.Go(func() {
			for !over.Load() {
				fault(t)
				changing.engine.(*engine).onCode()
			}
		})
		kept := make([][]byte, 20000)
		for begin, i := time.Now(), 0; time.Since(begin) < d; i++ {
			kept[i%len(kept)] = make([]byte, 64+i%4096)
			if i%4096 == 0 {
				time.Sleep(100 * time.Microsecond)
			}
		}
		over.Store(true)
		wg.Wait()
		changing.thread.Interrupt()
		stopOf(t, done)
		changing.close(t)
		stop()
		stopMetered()
		return runs
	}
	round(min(*livingTime/10, 10*time.Second)) // what is made once is there
	before, mapsBefore, goroutines := resident(t), mappings(t), runtime.NumGoroutine()
	earlier := pauses()
	runs := round(*livingTime)
	later := pauses()
	runtime.ReadMemStats(&m)
	settled(t, goroutines)
	after, mapsAfter := resident(t), mappings(t)
	t.Logf("%d runs with known results, %d collections, resident %d KiB before and %d KiB after, mappings %d and %d",
		runs, m.NumGC, before>>10, after>>10, mapsBefore, mapsAfter)
	for i, name := range pauseMetrics {
		t.Logf("%s: %s", name, quantiles(earlier[i].Value.Float64Histogram(), later[i].Value.Float64Histogram()))
	}
	require.Less(t, after, before+64<<20)
	require.Less(t, mapsAfter, mapsBefore+100)
}

// resident is the memory of the process that is in use, in bytes.
func resident(t *testing.T) int {
	runtime.GC()
	debug.FreeOSMemory()
	data, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	f := strings.Fields(string(data))
	pages, err := strconv.Atoi(f[1])
	require.NoError(t, err)
	return pages * os.Getpagesize()
}

// mappings is how many mappings the process has.
func mappings(t *testing.T) int {
	data, err := os.ReadFile("/proc/self/maps")
	require.NoError(t, err)
	return bytes.Count(data, []byte("\n"))
}
