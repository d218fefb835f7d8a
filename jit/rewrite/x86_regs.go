package rewrite

import (
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/asm/amd64"
)

// Where the guest's registers are. The four that programs name least have no
// host register (counted over the programs of bench). The assembly of package
// jit knows this table too; a test compares them.
var hostOf = [16]amd64.Reg{
	x86.RAX: amd64.RAX, x86.RCX: amd64.RCX, x86.RDX: amd64.RDX, x86.RBX: amd64.RBX,
	x86.RSP: gsp, x86.RBP: amd64.RBP, x86.RSI: amd64.RSI, x86.RDI: amd64.RDI,
	x86.R8: amd64.R8, x86.R9: amd64.R9, x86.R10: amd64.R10, x86.R11: amd64.None,
	x86.R12: amd64.None, x86.R13: amd64.R11, x86.R14: amd64.None, x86.R15: amd64.None,
}

// HostRegister returns the host register that holds guest register r, and
// whether there is one.
func HostRegister(r int) (amd64.Reg, bool) { return hostOf[r], hostOf[r] != amd64.None }

// What the other host registers are for.
const (
	gsp  = amd64.R12 // the guest's rsp, below 4 GiB
	t0   = amd64.R13 // address of a memory operand; target of an indirect jump
	t1   = amd64.R14
	base = amd64.R15 // host address of guest address 0
)

// Offsets in the State, which GS points to.
func slot(r uint8) amd64.Mem { return amd64.AtGS(OffR + 8*int32(r)) }

func upperHalf(m amd64.Mem) amd64.Mem {
	m.Disp += 4
	return m
}

var (
	atReason   = amd64.AtGS(OffReason)
	atTable    = amd64.AtGS(OffTable)
	atExit     = amd64.AtGS(OffExit)
	atScratch  = amd64.AtGS(OffScratch)
	atScratch2 = amd64.AtGS(OffScratch2)
	atLeft     = amd64.AtGS(OffLeft)
)

// Reasons for which generated code leaves, in Context.Reason. What T0 and T1
// hold then is said for each.
const (
	// ExitDirect: a branch to T0 whose code was not known. T1 is the address
	// of the branch's displacement, to be filled in.
	ExitDirect = iota + 1
	// ExitIndirect: an indirect branch to T0 that the table does not have.
	ExitIndirect
	// ExitSyscall: a system call at T1; T0 is the address behind it.
	ExitSyscall
	// ExitInterpret: the instruction at T0 is the interpreter's.
	ExitInterpret
	// ExitBudget: less is left of the budget than the code at T0 would retire.
	ExitBudget
	// ExitTrap: a trap or a signal; see Context.Signal.
	ExitTrap
)
