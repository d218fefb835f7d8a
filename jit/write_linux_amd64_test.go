package jit

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/memory"
)

// A guest that writes, and one that does nothing else. The list of pieces is at
// listAt.
const (
	writeNumber0 = 0x10002
	writeFD0     = 7
	refused      = 21
	writeAt      = codeAt + 2
	listAt       = dataAt + 0x100
	textAt       = dataAt + 0x200
	countAt      = dataAt + 0x800
)

var (
	writeOnce = []byte{
		0xF9, 0xFD, // stc; std
		0x0F, 0x05, // syscall
		0x0F, 0x92, 0xC3, // setc bl
		0x49, 0x89, 0xC8, // mov r8, rcx
		0x4D, 0x89, 0xD9, // mov r9, r11
		0x0F, 0x05, // syscall
	}
	writeAlways = []byte{
		0x89, 0xD8, // mov eax, ebx
		0x0F, 0x05, // syscall
		0x48, 0x01, 0xC5, // add rbp, rax
		0xEB, 0xF7, // jmp to the beginning
	}
)

// plan makes the side's thread one that has a plan to write to fd.
func (s *side) plan(fd int, current *atomic.Uint64) *cpu.Write {
	w := &cpu.Write{PC: writeAt, Number: writeNumber0, Most: 512, Refused: refused,
		Plan: current.Load(), FD: writeFD0, Host: uint64(fd), Current: current}
	s.thread.Write = w
	return w
}

func pieces(t *testing.T, s *memory.Space, at uint64, list ...uint64) {
	t.Helper()
	var b []byte
	for _, v := range list {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	require.NoError(t, s.WriteAt(b, at))
}

// hostPipe is a pipe on which nothing waits. The test closes its ends.
func hostPipe(t *testing.T) (r, w int) {
	t.Helper()
	var p [2]int
	require.NoError(t, unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC))
	return p[0], p[1]
}

// closeAll closes descriptors, each of which must be open: a number closed twice
// may be another test's the second time.
func closeAll(t *testing.T, fds ...int) {
	t.Helper()
	for _, fd := range fds {
		require.NoError(t, unix.Close(fd))
	}
}

func pipeText(t *testing.T, r int) string {
	t.Helper()
	var b [4096]byte
	n, err := unix.Read(r, b[:])
	if err == unix.EAGAIN {
		return ""
	}
	require.NoError(t, err)
	return string(b[:n])
}

// TestWrite: a system call that writes as planned is over without a stop, with the
// same registers as otherwise, and is one like others, and nothing is written, if
// there is anything to it.
func TestWrite(t *testing.T) {
	start := func(s *side, change func(*x86.State)) *x86.State {
		state := s.thread.State.(*x86.State)
		for i := range 16 {
			if i != x86.RSP {
				state.R[i] = uint64(i) * 0x0123456789ABCDEF
			}
			state.V[i] = x86.Vec{uint64(i), uint64(i) << 50, uint64(i) << 7, 1}
		}
		state.R[x86.RAX], state.R[x86.RDI] = writeNumber0, 0xABC<<32|writeFD0
		state.R[x86.RSI], state.R[x86.RDX], state.R[x86.R10] = listAt, 1, countAt
		if change != nil {
			change(state)
		}
		state.SetPC(codeAt)
		return state
	}
	for name, o := range conventions {
		t.Run(name, func(t *testing.T) {
			plain, quick := newSide(t, writeOnce, o), newSide(t, writeOnce, o)
			defer plain.close(t)
			defer quick.close(t)
			r, w := hostPipe(t)
			defer closeAll(t, r, w)
			var current atomic.Uint64
			current.Store(1)
			write := quick.plan(w, &current)
			answers := !o.Portable && hasFSGS
			text := strings.Repeat("0123456789", 60)
			for _, s := range []*side{plain, quick} {
				require.NoError(t, s.space.WriteAt([]byte(text), textAt))
				require.NoError(t, s.space.WriteAt([]byte(text), dataAt+0x1FF0))
			}
			// answered runs the call and demands what another one would have done.
			answered := func(what, want string, result uint64, change func(*x86.State)) {
				state, other := start(quick, change), start(plain, change)
				require.Equal(t, cpu.StopSyscall, plain.engine.Run(plain.thread, cpu.Unlimited).Kind, what)
				made := write.Made
				stop := quick.engine.Run(quick.thread, cpu.Unlimited)
				if !answers {
					require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: writeAt}, stop, what)
					require.Equal(t, other.Hash(), state.Hash(), what)
					require.Empty(t, pipeText(t, r), what)
					return
				}
				require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: codeAt + 13}, stop, what)
				other.SetResult(0, result)
				require.Equal(t, cpu.StopSyscall, plain.engine.Run(plain.thread, cpu.Unlimited).Kind, what)
				require.Equal(t, other.R[:16], state.R[:16], what)
				require.Equal(t, other.V[:16], state.V[:16], what)
				require.Equal(t, other.Hash(), state.Hash(), what)
				require.Equal(t, want, pipeText(t, r), what)
				require.Equal(t, made+1, write.Made, what)
				require.Zero(t, write.Under.Load(), what)
				if result == 0 {
					var b [8]byte
					require.NoError(t, quick.space.ReadAt(b[:], state.R[x86.R10]))
					require.Equal(t, uint64(len(want)), binary.LittleEndian.Uint64(b[:]), what)
				}
			}
			// another runs a call that is somebody else's.
			another := func(what string, change func(*x86.State)) {
				state, other := start(quick, change), start(plain, change)
				made := write.Made
				require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: writeAt}, quick.engine.Run(quick.thread, cpu.Unlimited), what)
				require.Equal(t, cpu.StopSyscall, plain.engine.Run(plain.thread, cpu.Unlimited).Kind, what)
				require.Equal(t, other.Hash(), state.Hash(), what)
				require.Empty(t, pipeText(t, r), what)
				require.Equal(t, made, write.Made, what)
				require.Zero(t, write.Under.Load(), what)
			}
			list := func(addr, n uint64) {
				pieces(t, quick.space, listAt, addr, n)
				pieces(t, plain.space, listAt, addr, n)
			}

			list(textAt, 1)
			for range 3 {
				answered("one byte", "0", 0, nil)
			}
			list(textAt, 512)
			answered("the most", text[:512], 0, nil)
			list(dataAt+0x1FF0, 100)
			answered("in two pages", text[:100], 0, nil)
			answered("the number in two pages", text[:100], 0, func(s *x86.State) { s.R[x86.R10] = dataAt + 0x2FFD })
			list(listAt, 16)
			both := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, listAt), 16)
			answered("the number where the list is", string(both), 0, func(s *x86.State) { s.R[x86.R10] = listAt })
			list(textAt, 5)
			answered("no place for the number", "01234", refused, func(s *x86.State) { s.R[x86.R10] = 0x2000 })
			answered("one that may not be written", "01234", refused, func(s *x86.State) { s.R[x86.R10] = codeAt })
			answered("one that ends in the guard", "01234", refused, func(s *x86.State) { s.R[x86.R10] = 1<<32 - 4 })
			list(textAt, 5)
			answered("a list that is not aligned", "123", 0, func(s *x86.State) {
				s.R[x86.RSI] = listAt + 0x33
				pieces(t, quick.space, listAt+0x33, textAt+1, 3)
			})

			for what, change := range map[string]func(*x86.State){
				"another call":                  func(s *x86.State) { s.R[x86.RAX]++ },
				"another descriptor":            func(s *x86.State) { s.R[x86.RDI]++ },
				"no pieces":                     func(s *x86.State) { s.R[x86.RDX] = 0 },
				"two pieces":                    func(s *x86.State) { s.R[x86.RDX] = 2 },
				"very many pieces":              func(s *x86.State) { s.R[x86.RDX] = 1<<32 | 1 },
				"a list that is not mapped":     func(s *x86.State) { s.R[x86.RSI] = 0x2000 },
				"a list that ends in nothing":   func(s *x86.State) { s.R[x86.RSI] = codeAt + guestCode - 8 },
				"a list that ends in the guard": func(s *x86.State) { s.R[x86.RSI] = 1<<32 - 8 },
				"a list above the window":       func(s *x86.State) { s.R[x86.RSI] = 1<<32 | listAt },
				"a number above the window":     func(s *x86.State) { s.R[x86.R10] = 1<<32 | countAt },
			} {
				another(what, change)
			}
			for what, piece := range map[string][2]uint64{
				"nothing":                 {textAt, 0},
				"too much":                {textAt, 513},
				"all there is":            {textAt, 1<<64 - 1},
				"not mapped":              {0x2000, 1},
				"its end is not mapped":   {codeAt + guestCode - 1, 2},
				"its end is in the guard": {1<<32 - 1, 2},
				"above the window":        {1<<32 | textAt, 1},
				"far above the window":    {1<<63 | textAt, 1},
			} {
				list(piece[0], piece[1])
				another(what, nil)
			}

			// An object that has become shorter than its mapping.
			for _, s := range []*side{quick, plain} {
				o, err := memory.NewObject(nil)
				require.NoError(t, err)
				defer o.Close()
				require.NoError(t, o.Truncate(memory.PageSize))
				_, err = s.space.Map(memory.Mapping{Addr: stormAt, Len: memory.PageSize, Fixed: true, Shared: true, Object: o,
					Prot: memory.Read | memory.Write, MaxProt: memory.Read | memory.Write})
				require.NoError(t, err)
				require.NoError(t, o.Truncate(0))
			}
			another("a list that was cut off", func(s *x86.State) { s.R[x86.RSI] = stormAt })
			list(stormAt, 1)
			another("a piece that was cut off", nil)
			list(textAt, 5)
			answered("a place for the number that was cut off", "01234", refused, func(s *x86.State) { s.R[x86.R10] = stormAt })

			list(textAt, 1)
			current.Store(2)
			another("an old plan", nil)
			write.Plan = 0
			another("no plan", nil)
			write.Plan = 2
			answered("a new plan", "0", 0, nil)
			write.Host = 1 << 20
			another("no such descriptor", nil)
			write.Host = uint64(w)

			filler := make([]byte, 4096)
			for {
				if _, err := unix.Write(w, filler); err != nil {
					break
				}
			}
			state, other := start(quick, nil), start(plain, nil)
			require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: writeAt}, quick.engine.Run(quick.thread, cpu.Unlimited), "a full pipe")
			require.Equal(t, cpu.StopSyscall, plain.engine.Run(plain.thread, cpu.Unlimited).Kind)
			require.Equal(t, other.Hash(), state.Hash())
		})
	}
}

// TestWriteNobodyReads: the host's signal for that does no harm.
func TestWriteNobodyReads(t *testing.T) {
	s := newSide(t, writeOnce, &Options{Verify: true})
	defer s.close(t)
	r, w := hostPipe(t)
	var current atomic.Uint64
	current.Store(1)
	write := s.plan(w, &current)
	pieces(t, s.space, listAt, textAt, 1)
	closeAll(t, r)
	defer closeAll(t, w)
	state := s.thread.State.(*x86.State)
	for range 100 {
		state.R[x86.RAX], state.R[x86.RDI], state.R[x86.RSI], state.R[x86.RDX], state.R[x86.R10] = writeNumber0, writeFD0, listAt, 1, countAt
		state.SetPC(codeAt)
		require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: writeAt}, s.engine.Run(s.thread, cpu.Unlimited))
	}
	require.Zero(t, write.Made)
}

// storm is a thread that writes all the time. What is not answered on the way makes
// it a new plan.
type storm struct {
	*side
	t       *testing.T
	mu      *sync.RWMutex // of fd and current
	current *atomic.Uint64
	fd      *int
	write   *cpu.Write
	asked   atomic.Uint64
	done    <-chan cpu.Stop
}

// Syscall implements [cpu.Kernel].
func (s *storm) Syscall(uint64) bool {
	s.asked.Add(1)
	s.mu.RLock()
	s.write.Plan, s.write.Host = s.current.Load(), uint64(*s.fd)
	s.mu.RUnlock()
	s.thread.State.SetResult(0, 0)
	return true
}

func (s *storm) made() uint64 { return atomic.LoadUint64(&s.write.Made) }

// goOn returns when something was written.
func (s *storm) goOn() {
	for before := s.made(); s.made() == before; {
		runtime.Gosched()
	}
}

// interrupted takes the thread out and lets it in again.
func (s *storm) interrupted() {
	s.thread.Interrupt()
	require.Equal(s.t, cpu.StopInterrupt, stopOf(s.t, s.done).Kind)
	s.done = background(s.side, s.thread)
}

func (s *storm) end() {
	s.thread.Interrupt()
	require.Equal(s.t, cpu.StopInterrupt, stopOf(s.t, s.done).Kind)
	s.close(s.t)
}

func newStorm(t *testing.T, mu *sync.RWMutex, current *atomic.Uint64, fd *int) *storm {
	t.Helper()
	if !hasFSGS {
		t.Skip("this host does not let programs set GS")
	}
	s := &storm{side: newSide(t, writeAlways, &Options{Verify: true}), t: t, mu: mu, current: current, fd: fd}
	s.write = s.plan(*fd, current)
	s.thread.Kernel = s
	_, err := s.space.Map(memory.Mapping{Addr: stormAt, Len: 3 * memory.PageSize, Fixed: true,
		Prot: memory.Read | memory.Write, MaxProt: memory.Read | memory.Write})
	require.NoError(t, err)
	pieces(t, s.space, stormList, stormText, 1)
	require.NoError(t, s.space.WriteAt([]byte("x"), stormText))
	state := s.thread.State.(*x86.State)
	state.R[x86.RBX], state.R[x86.RDI], state.R[x86.RSI], state.R[x86.RDX], state.R[x86.R10] = writeNumber0, writeFD0, stormList, 1, stormCount
	s.done = background(s.side, s.thread)
	return s
}

// A page each.
const (
	stormAt    = 0x0080_0000
	stormList  = stormAt
	stormText  = stormAt + memory.PageSize
	stormCount = stormAt + 2*memory.PageSize
)

// TestWriteStormClosed: nothing is written to what has the number of a descriptor
// that was closed, although threads write all the time.
func TestWriteStormClosed(t *testing.T) {
	var mu sync.RWMutex
	var current atomic.Uint64
	current.Store(1)
	fd, err := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	defer func() { _ = unix.Close(fd) }()
	var threads []*storm
	for range 2 {
		threads = append(threads, newStorm(t, &mu, &current, &fd))
	}
	victim := filepath.Join(t.TempDir(), "victim")
	reused := 0
	for round := range 100 {
		s := threads[round%len(threads)]
		s.goOn()
		asked := s.asked.Load() // it has a plan that holds
		mu.Lock()
		now := current.Add(1)
		for _, s := range threads {
			for s.write.Busy(now) {
				runtime.Gosched()
			}
		}
		require.NoError(t, unix.Close(fd))
		n, err := unix.Open(victim, unix.O_WRONLY|unix.O_CREAT|unix.O_CLOEXEC, 0o600)
		require.NoError(t, err)
		if n == fd {
			reused++
		}
		fd, err = unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
		require.NoError(t, err)
		for s.asked.Load() == asked { // it waits for the lock
			runtime.Gosched()
		}
		require.NoError(t, unix.Close(n))
		mu.Unlock()
		switch round % 4 {
		case 0:
			s.interrupted()
		case 2:
			runtime.GC()
		}
	}
	for _, s := range threads {
		s.end()
	}
	require.NotZero(t, reused)
	st, err := os.Stat(victim)
	require.NoError(t, err)
	require.Zero(t, st.Size(), "the sandbox leaks")
}

// TestWriteStormUnmapped takes the memory away from under a thread that writes all
// the time: what was written is counted, and what was not is asked for.
func TestWriteStormUnmapped(t *testing.T) {
	var mu sync.RWMutex
	var current atomic.Uint64
	current.Store(1)
	r, w := hostPipe(t)
	var read uint64
	reader := make(chan struct{})
	file := os.NewFile(uintptr(r), "pipe") // waits for data by itself
	defer file.Close()
	go func() {
		defer close(reader)
		b := make([]byte, 64<<10)
		for {
			n, err := file.Read(b)
			if read += uint64(n); err != nil {
				return
			}
		}
	}()
	s := newStorm(t, &mu, &current, &w)
	asked := func() {
		for before := s.asked.Load(); s.asked.Load() == before; {
			runtime.Gosched()
		}
	}
	for round := range 20 {
		for _, at := range []uint64{stormList, stormText} {
			require.NoError(t, s.space.Protect(at, memory.PageSize, 0))
			asked()
			require.NoError(t, s.space.Protect(at, memory.PageSize, memory.Read|memory.Write))
			s.goOn()
		}
		require.NoError(t, s.space.Protect(stormCount, memory.PageSize, memory.Read))
		s.goOn()
		require.NoError(t, s.space.Protect(stormCount, memory.PageSize, memory.Read|memory.Write))
		s.goOn()
		if round%4 == 0 {
			s.interrupted()
		}
	}
	state := s.thread.State.(*x86.State)
	s.end()
	require.NotZero(t, state.R[x86.RBP], "there were refused places for the number")
	require.Zero(t, state.R[x86.RBP]%refused)
	closeAll(t, w)
	<-reader
	require.Equal(t, s.write.Made, read)
}

// TestFlagsAround: generated code finds the flags that it is entered with, and those
// before a call behind one.
func TestFlagsAround(t *testing.T) {
	for name, o := range conventions {
		t.Run(name, func(t *testing.T) {
			s := newSide(t, []byte{
				0x0F, 0x05, // syscall, which writes
				0x0F, 0x05, // syscall
			}, o)
			defer s.close(t)
			r, w := hostPipe(t)
			defer closeAll(t, r, w)
			var current atomic.Uint64
			current.Store(1)
			s.plan(w, &current).PC = codeAt
			pieces(t, s.space, listAt, textAt, 1)
			state := s.thread.State.(*x86.State)
			answers := !o.Portable && hasFSGS
			for i := range uint64(128) {
				// CF, PF, AF, ZF, SF, DF, OF
				flags := 2 | i&1 | i>>1&1<<2 | i>>2&1<<4 | i>>3&1<<6 | i>>4&1<<7 | i>>5&1<<10 | i>>6&1<<11
				for _, number := range []uint64{writeNumber0, 1} {
					state.R[x86.RAX], state.R[x86.RDI], state.R[x86.RSI], state.R[x86.RDX], state.R[x86.R10] = number, writeFD0, listAt, 1, countAt
					state.SetPC(codeAt)
					state.SetFlags(flags)
					before := state.Flags()
					require.Equal(t, flags, before&0xCD7)
					stop := s.engine.Run(s.thread, cpu.Unlimited)
					if answers && number == writeNumber0 {
						require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: codeAt + 2}, stop)
						require.Equal(t, "\x00", pipeText(t, r))
					} else {
						require.Equal(t, cpu.Stop{Kind: cpu.StopSyscall, PC: codeAt}, stop)
					}
					require.Equal(t, before, state.Flags())
					require.Equal(t, before, state.R[x86.R11])
				}
			}
		})
	}
}
