//go:build linux && amd64

package native

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The arena is the range of addresses in which machines live, one region each.
// It lies between where Go places its image and the 4 GiB limit. The assembly
// knows these numbers.
const (
	arenaBase  = 0x2000_0000
	arenaSlots = 16

	stubOffset    = 0x0000 // one page, read and execute: entry and exit
	contextOffset = 0x5000 // one page: type context

	exitStub = stubOffset + 0x40
)

// context is the page through which Go, the stubs and the signal handler
// communicate. Its offsets are known to the assembly.
type context struct {
	State // 0
	_     [56]uint64

	// At 0x700.
	goSP, goBP uint64 // where to return to
	entry      uint64 // address of the entry stub
	exit       uint64 // address of ·exit
	running    uint64 // 1 from enter to exit
	extended   uint64 // 1: XSAVE and XRSTOR, x87 + SSE + AVX
	loadGS     uint64
	tid        uint64 // the thread that runs the machine
	goMXCSR    uint32
	_          uint32

	// At 0x748: what the signal handler saw; signal is 0 without one.
	signal    uint64
	vector    uint64
	errorCode uint64
	address   uint64
	pc        uint64

	_ uint64 // 0x770: scratch for the assembly
}

// Machine is a region of memory and a register state in which instructions are
// run natively. It belongs to the goroutine that made it, which stays locked
// to its thread until [Machine.Close].
//
// A run costs about a tenth of a microsecond and no system call; an exception
// costs about a microsecond.
type Machine struct {
	// LoadGS makes Run load and store State.GSBase. It needs a processor and a kernel
	// with the FSGSBASE instructions; see [Machine.HasGS].
	LoadGS bool

	slot   int
	base   uint64
	ctx    *context
	region []byte
	code   []byte // what was placed last
	at     int    // its offset
}

// enter loads the state of the context and jumps to its entry stub. It returns
// when the exit stub is reached.
//
//go:noescape
func enter(ctx *context)

func handlerPC() uintptr
func exitPC() uintptr

// The handlers that were installed before ours, by signal number; ours passes
// on what does not concern it.
var oldHandlers [32]uintptr

// machines lists the contexts of the open machines by slot, for the signal
// handler: a branch may have left the arena, and then only the thread tells
// whose exception it is.
var machines [arenaSlots]*context

var (
	slotLock    sync.Mutex
	handlerOnce sync.Once
	handlerErr  error
)

// New maps a region and locks the calling goroutine to its thread. The error
// is [ErrUnavailable], with the reason, if the host does not permit it.
func New() (*Machine, error) {
	handlerOnce.Do(func() { handlerErr = installHandlers() })
	if handlerErr != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, handlerErr)
	}
	slotLock.Lock()
	defer slotLock.Unlock()
	for slot, c := range machines {
		if c != nil {
			continue
		}
		m := &Machine{slot: slot, base: arenaBase + uint64(slot)*RegionSize}
		if err := m.mapRegion(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		runtime.LockOSThread()
		m.prepare()
		machines[slot] = m.ctx
		return m, nil
	}
	return nil, fmt.Errorf("%w: all %d machines are in use", ErrUnavailable, arenaSlots)
}

func (m *Machine) mapRegion() error {
	p, err := unix.MmapPtr(-1, 0, unsafe.Add(nil, m.base), RegionSize, unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_FIXED_NOREPLACE|unix.MAP_NORESERVE)
	if err != nil {
		return fmt.Errorf("mapping %#x: %w", m.base, err)
	}
	m.region = unsafe.Slice((*byte)(p), RegionSize)
	m.ctx = (*context)(unsafe.Pointer(&m.region[contextOffset]))
	m.writeStubs()
	for i := range m.region[CodeOffset : CodeOffset+CodeSize] {
		m.region[CodeOffset+i] = 0xCC
	}
	const none, read, exec = unix.PROT_NONE, unix.PROT_READ, unix.PROT_READ | unix.PROT_EXEC
	for _, r := range []struct{ offset, size, prot int }{
		{stubOffset, PageSize, exec},
		{CodeOffset, CodeSize, exec | unix.PROT_WRITE},
		{CodeOffset + CodeSize, contextOffset - CodeOffset - CodeSize, none},
		{OpenOffset + 2*PageSize, PageSize, none},
		{EdgeOffset + PageSize, ReadOnlyOffset - EdgeOffset - PageSize, none},
		{ReadOnlyOffset + PageSize, PageSize, read},
		{ReadOnlyOffset + 2*PageSize, RegionSize - ReadOnlyOffset - 2*PageSize, none},
	} {
		if err := unix.Mprotect(m.region[r.offset:r.offset+r.size], r.prot); err != nil {
			m.unmap()
			return fmt.Errorf("protecting %#x: %w", m.base+uint64(r.offset), err)
		}
	}
	return nil
}

func (m *Machine) unmap() {
	_ = unix.MunmapPtr(unsafe.Pointer(&m.region[0]), RegionSize) // test tool: nothing to do about a failure
}

// writeStubs encodes the two pieces of code that must know their context
// without a register.
func (m *Machine) writeStubs() {
	r := m.region
	rel := func(at int, op []byte, target int) int {
		copy(r[at:], op)
		at += len(op) + 4
		binary.LittleEndian.PutUint32(r[at-4:], uint32(target-at))
		return at
	}
	field := func(off uintptr) int { return contextOffset + int(off) }
	var c context

	// mov rsp, [rsp+32] (the context's rsp); jmp [rip → State.PC]
	at := stubOffset + copy(r[stubOffset:], []byte{0x48, 0x8B, 0x64, 0x24, 32})
	rel(at, []byte{0xFF, 0x25}, field(unsafe.Offsetof(c.PC)))

	// mov [rip → State.R[4]], rsp; lea rsp, [rip → context]; jmp [rip → exit]
	at = rel(exitStub, []byte{0x48, 0x89, 0x25}, field(unsafe.Offsetof(c.R))+32)
	at = rel(at, []byte{0x48, 0x8D, 0x25}, contextOffset)
	rel(at, []byte{0xFF, 0x25}, field(unsafe.Offsetof(c.exit)))
}

func (m *Machine) prepare() {
	c := m.ctx
	c.entry = m.base + stubOffset
	c.exit = uint64(exitPC())
	c.goMXCSR = 0x1F80
	c.tid = uint64(unix.Gettid())
	c.FX.FCW, c.FX.MXCSR = 0x37F, 0x1F80
}

// Close unmaps the region and unlocks the goroutine from its thread.
func (m *Machine) Close() {
	slotLock.Lock()
	defer slotLock.Unlock()
	machines[m.slot] = nil
	m.unmap()
	runtime.UnlockOSThread()
}

// Base is the address of the region.
func (m *Machine) Base() uint64 { return m.base }

// State is where a run takes its registers from and leaves them. It stays
// valid, and the same, until Close.
func (m *Machine) State() *State { return &m.ctx.State }

// Bytes returns n bytes of the region's memory at an offset. The caller keeps
// to what is accessible (see [OpenOffset] and the others) and may write there.
func (m *Machine) Bytes(offset, n int) []byte { return m.region[offset : offset+n : offset+n] }

// HasGS reports whether LoadGS may be set: it tries an instruction of FSGSBASE,
// so code is to be placed, and registers are to be set, afterwards.
func (m *Machine) HasGS() bool {
	m.SetCode(0, []byte{0xF3, 0x48, 0x0F, 0xAE, 0xC8}) // rdgsbase rax
	return m.Run().Kind == Done
}

// UseAVX makes Run load and store YMMHigh too.
func (m *Machine) UseAVX() error {
	if !hasAVX() {
		return fmt.Errorf("%w: the processor has no AVX", ErrUnavailable)
	}
	m.ctx.extended = 1
	return nil
}

// SetCode places code at an offset within the code pages, ended by a jump to
// the exit. What was placed before is overwritten with int3. Placing the same
// code again costs nothing.
func (m *Machine) SetCode(offset int, code []byte) {
	if offset == m.at && string(code) == string(m.code) {
		return
	}
	pages := m.region[CodeOffset : CodeOffset+CodeSize]
	for i := range min(len(m.code)+5, len(pages)-m.at) {
		pages[m.at+i] = 0xCC
	}
	m.at, m.code = offset, append(m.code[:0], code...)
	n := copy(pages[offset:], code)
	// Code that touches the end of the pages has no way out but an exception.
	if end := offset + n; end+5 <= len(pages) {
		pages[end] = 0xE9
		from := CodeOffset + end + 5
		binary.LittleEndian.PutUint32(pages[end+1:], uint32(exitStub-from))
	}
}

// Run executes the placed code, from its first byte, with the state.
func (m *Machine) Run() Outcome {
	c := m.ctx
	c.PC = m.base + CodeOffset + uint64(m.at)
	c.Flags = c.Flags&FlagsMask | 0x202
	c.FX.MXCSR &= 0xFFFF
	c.signal = 0
	c.loadGS = 0
	if m.LoadGS {
		c.loadGS = 1
	}
	if c.extended != 0 {
		c.header = [64]byte{0: 7} // XSTATE_BV: x87, SSE, AVX
	}
	enter(c)
	const resume = 1 << 16 // RF is set in the image that a fault pushes
	c.Flags &^= resume
	if c.signal == 0 {
		c.PC = m.base + CodeOffset + uint64(m.at+len(m.code))
		return Outcome{PC: c.PC}
	}
	c.PC = c.pc
	o := Outcome{Kind: kindOfVector(uint8(c.vector)), Vector: uint8(c.vector), PC: c.pc}
	if o.Kind == PageFault {
		o.Addr, o.Present = c.address, c.errorCode&1 != 0
		o.Write, o.Fetch = c.errorCode&2 != 0, c.errorCode&16 != 0
	}
	return o
}

// sigaction is the kernel's struct of rt_sigaction.
type sigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

// installHandlers puts our handler before Go's for the signals that an
// instruction can cause. It stays for the life of the process.
func installHandlers() error {
	for _, sig := range []unix.Signal{unix.SIGILL, unix.SIGTRAP, unix.SIGBUS, unix.SIGFPE, unix.SIGSEGV} {
		var a sigaction
		if _, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), 0, uintptr(unsafe.Pointer(&a)), 8, 0, 0); e != 0 {
			return fmt.Errorf("reading the handler of %v: %w", sig, e)
		}
		oldHandlers[sig] = a.handler
		a.handler = handlerPC()
		if _, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&a)), 0, 8, 0, 0); e != 0 {
			return fmt.Errorf("installing a handler for %v: %w", sig, e)
		}
	}
	return nil
}
