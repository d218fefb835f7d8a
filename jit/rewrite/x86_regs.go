package rewrite

import (
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/asm/amd64"
)

// Convention is what generated code and the assembly that enters and leaves it
// have agreed on.
type Convention uint8

const (
	// StateInGS: GS points to the State. Traps leave the host stack alone.
	StateInGS Convention = iota
	// StateInRegister: R11 points to the State, and the guest's r11 is in it:
	// for hosts that do not let programs have GS. Traps may push up to
	// StackAhead bytes onto the host stack: so much of it is always left.
	StateInRegister
	// Counting goes with one of the others: metered code counts down in host
	// register R15. It has the address of a byte, as many bytes behind the first
	// that may be read as instructions may still be retired, so that a load tells
	// when it is too far down. The guest's r15 is in Context.Displaced.
	Counting
	conventions = 2 * Counting
)

func (c Convention) String() string {
	s := [...]string{"state in GS", "state in a register"}[c.State()]
	if c.Counts() {
		s += ", counting"
	}
	return s
}

// Counts reports whether code counts instructions.
func (c Convention) Counts() bool { return c&Counting != 0 }

// State is the convention without Counting: how the State is reached.
func (c Convention) State() Convention { return c &^ Counting }

// StackAhead is how far below RSP a call reads the host stack before it is
// made, in StateInRegister: its guard is met while there is room. Windows
// pushes the state of all vector registers, up to about 11 KB with tiles, and
// what dispatches exceptions needs about as much.
const StackAhead = 32 << 10

// hosts are the tables of all conventions.
var hosts = func() (h [conventions][16]amd64.Reg) {
	for c := range conventions {
		h[c] = hostsOf[c.State()]
		if c.Counts() {
			h[c][Counter] = amd64.None
		}
	}
	return h
}()

// hostsOf says where the guest's registers are in each convention. Those that
// programs name least have no host register (counted over what the programs of
// bench execute). The assembly of package jit knows this table too; a test compares
// them.
var hostsOf = [...][16]amd64.Reg{
	StateInGS: {
		x86.RAX: amd64.RAX, x86.RCX: amd64.R10, x86.RDX: amd64.RDX, x86.RBX: amd64.RBX,
		x86.RSP: gsp, x86.RBP: amd64.RBP, x86.RSI: amd64.RSI, x86.RDI: amd64.RDI,
		x86.R8: amd64.None, x86.R9: amd64.None, x86.R10: amd64.None, x86.R11: amd64.R11,
		x86.R12: amd64.R12, x86.R13: amd64.None, x86.R14: amd64.R14, x86.R15: amd64.R15,
	},
	StateInRegister: {
		x86.RAX: amd64.RAX, x86.RCX: amd64.R10, x86.RDX: amd64.RDX, x86.RBX: amd64.RBX,
		x86.RSP: gsp, x86.RBP: amd64.RBP, x86.RSI: amd64.RSI, x86.RDI: amd64.RDI,
		x86.R8: amd64.None, x86.R9: amd64.None, x86.R10: amd64.None, x86.R11: amd64.None,
		x86.R12: amd64.R12, x86.R13: amd64.None, x86.R14: amd64.R14, x86.R15: amd64.R15,
	},
}

// HostRegister returns the host register that holds guest register r, and
// whether there is one.
func (c Convention) HostRegister(r int) (amd64.Reg, bool) {
	return hosts[c][r], hosts[c][r] != amd64.None
}

// What the other host registers are for.
const (
	gsp   = amd64.R13 // the guest's rsp, below 4 GiB
	t0    = amd64.R9  // address of a memory operand; target of an indirect jump
	t1    = amd64.RCX // the only register that a branch can test without the flags
	base  = amd64.R8  // host address of guest address 0
	state = amd64.R11 // StateInRegister: the State
)

// The same for package jit, which loads and stores them on the way in and out.
const (
	RegisterT0    = t0
	RegisterT1    = t1
	RegisterBase  = base
	RegisterState = state
)

// at is the place at an offset of the State.
func (t *Translator) at(off int32) amd64.Mem { return t.atIndex(off, amd64.None) }

// atIndex is at, index bytes further on.
func (t *Translator) atIndex(off int32, index amd64.Reg) amd64.Mem {
	if t.o.Convention.State() == StateInRegister {
		return amd64.Mem{Base: state, Index: index, Disp: off}
	}
	return amd64.Mem{Base: index, Index: amd64.None, GS: true, Disp: off}
}

// slot is the place of a guest register that has no host register.
func (t *Translator) slot(r uint8) amd64.Mem {
	if r == Counter && t.o.Convention.Counts() {
		return t.at(OffDisplaced)
	}
	return t.at(OffR + 8*int32(r))
}

// Counter is the guest's register whose host register, and whose place in the
// State around the running of code, is the counter's if the convention counts.
const Counter = x86.R15

// counter is that host register.
const counter = amd64.R15

func upperHalf(m amd64.Mem) amd64.Mem {
	m.Disp += 4
	return m
}
