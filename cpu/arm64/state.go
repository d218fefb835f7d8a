package arm64

import (
	"fmt"
	"io"
	"math/bits"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/softfloat"
	"github.com/nuage-emu/nuage/memory"
)

// Register numbers: indices into [State.R].
const (
	// LR is the link register, X30.
	LR = 30
	// SP is the stack pointer: register 31 where the manual says <Xn|SP>.
	SP = 31
	// Zero always reads as zero and is never written; Discard is written and
	// means nothing. They are register 31 where the manual says XZR, so that
	// no access needs a test.
	Zero    = 32
	Discard = 33
	// temp holds an address that takes two operations to make; it is dead
	// between instructions.
	temp = 34
)

// Bits of PSTATE.NZCV as the MRS instruction gives them.
const (
	FlagN = 1 << 31
	FlagZ = 1 << 30
	FlagC = 1 << 29
	FlagV = 1 << 28
)

// State is the architectural state of one aarch64 guest thread. It implements
// [cpu.State].
//
// The condition flags are kept in a form that costs an instruction little: see
// flags.go. Read them through [State.Flags].
type State struct {
	R [64]uint64 // general registers, SP, Zero, Discard, temporaries

	fn uint64 // bit 63: N
	fz uint64 // zero if and only if Z
	fc uint64 // C: 0 or 1
	fv uint64 // bit 63: V

	pc   uint64
	exit uint32 // which link of the block was left by

	V    [32][2]uint64 // vector registers, low half first
	FPCR uint32
	FPSR uint32

	TPIDR   uint64 // TPIDR_EL0
	TPIDRRO uint64 // TPIDRRO_EL0, which a program can only read

	mon monitor

	// What follows belongs to the Run under way.
	float   softfloat.Env // of the operation under way
	host    bool          // it rounds to nearest: ordinary numbers may be left to the host
	inexact bool          // Inexact was noted before it
	mem     *memory.Space
	thread  *cpu.Thread
	run     *run // nil between two Runs, else &running
	running run
	fence   uint32   // touched by barriers
	stop    cpu.Stop // filled by an operation that leaves with linkStop
}

// monitor is the local exclusive monitor: what a load-exclusive saw.
type monitor struct {
	addr   uint64
	lo, hi uint64
	size   uint8 // bytes; 0: open
}

var _ cpu.State = (*State)(nil)

// Arch returns [cpu.AArch64].
func (s *State) Arch() cpu.Arch { return cpu.AArch64 }

// Reset implements [cpu.State]: abi/startup.md section 3.
func (s *State) Reset(st cpu.Start) {
	*s = State{pc: st.PC, TPIDR: st.ThreadPointer}
	s.R[0], s.R[1] = st.Args[0], st.Args[1]
	s.R[LR], s.R[SP] = st.PC, st.SP
	s.SetFlags(0)
}

// PC returns the program counter.
func (s *State) PC() uint64 { return s.pc }

// SetPC sets the program counter.
func (s *State) SetPC(pc uint64) { s.pc = pc }

// SP returns the stack pointer.
func (s *State) SP() uint64 { return s.R[SP] }

// ThreadPointer returns TPIDR_EL0.
func (s *State) ThreadPointer() uint64 { return s.TPIDR }

// SetThreadPointer sets TPIDR_EL0.
func (s *State) SetThreadPointer(v uint64) { s.TPIDR = v }

// Trap implements [cpu.State]: abi/startup.md section 7. A direct trap uses
// the first six arguments only; a stub of the vDSO all eight.
func (s *State) Trap(t *cpu.Trap) {
	t.Number, t.Regs = s.R[8], 8
	t.Args = [8]uint64(s.R[:8])
}

// SetResult sets x0 (n = 0) or x1 (n = 1).
func (s *State) SetResult(n int, value uint64) { s.R[n&1] = value }

// SetCarry sets the carry flag: the error indication of the trap convention.
func (s *State) SetCarry(on bool) {
	s.fc = 0
	if on {
		s.fc = 1
	}
}

// Clone implements [cpu.State].
func (s *State) Clone() cpu.State {
	c := *s
	c.mem, c.thread, c.run, c.stop = nil, nil, nil, cpu.Stop{}
	c.float, c.host, c.inexact = softfloat.Env{}, false, false
	clear(c.R[Zero:])
	return &c
}

// Hash implements [cpu.State].
func (s *State) Hash() uint64 {
	h := hasher(0x9e3779b97f4a7c15)
	for _, v := range s.R[:SP+1] {
		h.add(v)
	}
	h.add(s.pc)
	h.add(uint64(s.Flags()))
	h.add(uint64(s.FPCR)<<32 | uint64(s.FPSR))
	h.add(s.TPIDR)
	h.add(s.TPIDRRO)
	for i := range s.V {
		h.add(s.V[i][0])
		h.add(s.V[i][1])
	}
	if m := &s.mon; m.size != 0 {
		h.add(m.addr ^ uint64(m.size)<<56)
		h.add(m.lo)
		h.add(m.hi)
	}
	return uint64(h)
}

// hasher folds words into 64 bits by multiplying and folding; not
// cryptographic, and fixed for ever, since recordings hold its values.
type hasher uint64

func (h *hasher) add(v uint64) {
	hi, lo := bits.Mul64(uint64(*h)^v, 0xd6e8feb86659fd93)
	*h = hasher(bits.RotateLeft64(hi^lo, 23) + 0x9e3779b97f4a7c15)
}

// Dump implements [cpu.State].
func (s *State) Dump(w io.Writer) {
	for i := 0; i < 32; i += 4 {
		for j := i; j < i+4; j++ {
			fmt.Fprintf(w, "%-3s %016x  ", regName(uint8(j), true), s.R[j])
		}
		fmt.Fprintln(w)
	}
	f := []byte("nzcv")
	for i := range f {
		if s.Flags()&(FlagN>>i) != 0 {
			f[i] -= 'a' - 'A'
		}
	}
	fmt.Fprintf(w, "pc  %016x  [%s]  tpidr %x  fpcr %08x  fpsr %08x\n", s.pc, f, s.TPIDR, s.FPCR, s.FPSR)
	for i := 0; i < 32; i += 2 {
		fmt.Fprintf(w, "q%-2d %016x%016x  q%-2d %016x%016x\n", i, s.V[i][1], s.V[i][0], i+1, s.V[i+1][1], s.V[i+1][0])
	}
}
