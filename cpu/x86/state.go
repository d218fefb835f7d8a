package x86

import (
	"fmt"
	"io"
	"math/bits"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/softfloat"
	"github.com/nuage-emu/nuage/memory"
)

// Register numbers: indices into [State.R]. The first sixteen are the
// encoding order of the manual.
const (
	RAX = iota
	RCX
	RDX
	RBX
	RSP
	RBP
	RSI
	RDI
	R8
	R9
	R10
	R11
	R12
	R13
	R14
	R15

	// Zero always reads as zero and is never written: it stands for an absent
	// base, index or register operand, so that no access needs a test.
	Zero
	// FSBase and GSBase are the segment bases.
	FSBase
	GSBase
	// temp holds an address or an operand that takes two operations to make;
	// it is dead between instructions.
	temp

	// high, added to a register number, means bits 8 to 15 of that register:
	// AH, CH, DH and BH, which only instructions without a REX prefix reach.
	high = 32
)

// Vec is one vector register: YMM width, low lanes first. The SSE forms use
// the first two lanes and leave the others as they are.
type Vec [4]uint64

// Float80 is an x87 value: the explicit-integer-bit significand, and sign and
// exponent in the layout of the memory format.
type Float80 struct {
	Mant uint64
	SE   uint16
}

// FPU is the state of the x87 unit and, through the significands, of MMX.
type FPU struct {
	ST  [8]Float80 // physical registers R0 to R7; ST(i) is ST[(Top+i)&7]
	CW  uint16     // control word
	SW  uint16     // status word without TOP (bits 11 to 13 are zero here)
	Top uint8      // 0 to 7
	Tag uint8      // abridged tags as in FXSAVE: bit i set if physical register i is in use
	Op  uint16     // last opcode, 11 bits
	IP  uint64     // last instruction pointer
	DP  uint64     // last data pointer
}

// State is the architectural state of one x86-64 guest thread. It implements
// [cpu.State].
//
// The status flags are kept in a form that costs an instruction little: see
// flags.go. Read them through [State.Flags].
type State struct {
	R [32]uint64 // general registers, Zero, segment bases, temporaries

	cf uint64 // carry: 0 or 1
	fx uint64 // bit 4: AF; bit 63: OF xor CF
	fs uint64 // bit 63: SF; parity of the low byte: PF
	fz uint64 // zero if and only if ZF

	pc   uint64
	exit uint32 // which link of the block was left by
	df   uint64 // direction flag: 0 or 1
	id   uint64 // RFLAGS.ID: 0 or 1

	// V holds the sixteen vector registers. Those behind are temporaries of
	// the VEX forms (see vex_bind.go), dead between instructions.
	V     [32]Vec
	MXCSR uint32
	FPU   FPU

	Context Context // of generated code

	// What follows belongs to the Run under way.
	mem     *memory.Space
	thread  *cpu.Thread
	run     *run // nil between two Runs, else &running
	running run
	probing memory.Prot     // what ENTER was about to do
	float   softfloat.Env   // of the floating-point instruction under way
	joint   softfloat.Flags // all ones while a lane of several is under way: their exceptions are one's
	stop    cpu.Stop        // filled by an operation that leaves with exitStop
}

var _ cpu.State = (*State)(nil)

// Arch returns [cpu.X86_64].
func (s *State) Arch() cpu.Arch { return cpu.X86_64 }

// Reset implements [cpu.State]: abi/startup.md section 3, and the values of
// the ABI document for a fresh x87 unit and MXCSR.
func (s *State) Reset(st cpu.Start) {
	*s = State{pc: st.PC, MXCSR: 0x1f80, FPU: FPU{CW: 0x37f}}
	s.R[RSP] = st.SP
	s.R[FSBase] = st.ThreadPointer
	s.R[RDI], s.R[RSI] = st.Args[0], st.Args[1]
	s.SetFlags(0)
}

// PC returns the program counter.
func (s *State) PC() uint64 { return s.pc }

// SetPC sets the program counter.
func (s *State) SetPC(pc uint64) { s.pc = pc }

// SP returns rsp.
func (s *State) SP() uint64 { return s.R[RSP] }

// ThreadPointer returns the FS base.
func (s *State) ThreadPointer() uint64 { return s.R[FSBase] }

// SetThreadPointer sets the FS base.
func (s *State) SetThreadPointer(v uint64) { s.R[FSBase] = v }

// Trap implements [cpu.State]: abi/startup.md section 7.
func (s *State) Trap(t *cpu.Trap) {
	r := &s.R
	t.Number, t.Regs = r[RAX], 6
	a := &t.Args
	a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7] = r[RDI], r[RSI], r[RDX], r[R10], r[R8], r[R9], 0, 0
}

// SetResult sets rax (n = 0) or rdx (n = 1).
func (s *State) SetResult(n int, value uint64) {
	if n == 0 {
		s.R[RAX] = value
	} else {
		s.R[RDX] = value
	}
}

// SetCarry sets the carry flag: the error indication of the trap convention.
func (s *State) SetCarry(on bool) {
	if on {
		s.setCF(1)
	} else {
		s.setCF(0)
	}
}

// Clone implements [cpu.State].
func (s *State) Clone() cpu.State {
	c := *s
	c.mem, c.thread, c.run, c.stop = nil, nil, nil, cpu.Stop{}
	c.Context = Context{}
	c.R[Zero], c.R[temp] = 0, 0
	clear(c.V[16:])
	return &c
}

// Hash implements [cpu.State].
func (s *State) Hash() uint64 {
	h := hasher(0x9e3779b97f4a7c15)
	for _, v := range s.R[:GSBase+1] {
		h.add(v)
	}
	h.add(s.pc)
	h.add(s.Flags())
	h.add(uint64(s.MXCSR))
	for i := range s.V[:16] {
		for _, v := range s.V[i] {
			h.add(v)
		}
	}
	f := &s.FPU
	for _, v := range f.ST {
		h.add(v.Mant)
		h.add(uint64(v.SE))
	}
	h.add(uint64(f.CW) | uint64(f.SW)<<16 | uint64(f.Top)<<32 | uint64(f.Tag)<<40 | uint64(f.Op)<<48)
	h.add(f.IP)
	h.add(f.DP)
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
	for i := 0; i < 16; i += 4 {
		for j := i; j < i+4; j++ {
			fmt.Fprintf(w, "%-3s %016x  ", regNames64[j], s.R[j])
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "rip %016x  flags %06x [%s]  fs %x  gs %x\n", s.pc, s.Flags(), flagNames(s.Flags()), s.R[FSBase], s.R[GSBase])
	for i := 0; i < 16; i += 2 {
		for j := i; j < i+2; j++ {
			v := &s.V[j]
			fmt.Fprintf(w, "ymm%-2d %016x%016x%016x%016x  ", j, v[3], v[2], v[1], v[0])
		}
		fmt.Fprintln(w)
	}
	f := &s.FPU
	fmt.Fprintf(w, "mxcsr %08x  fcw %04x  fsw %04x  ftw %02x\n", s.MXCSR, f.CW, f.SW|uint16(f.Top)<<11, f.Tag)
	for i := range f.ST {
		v := f.ST[(int(f.Top)+i)&7]
		fmt.Fprintf(w, "st%d %04x %016x  ", i, v.SE, v.Mant)
		if i%4 == 3 {
			fmt.Fprintln(w)
		}
	}
}
