package verify

import "github.com/nuage-emu/nuage/cpu/x86"

// What host registers are for: the contract between generated code and the
// assembly that enters and leaves it.
const (
	stackPointer = x86.R12 // the guest's rsp
	temp0        = x86.R13 // Context.T0 on leaving
	temp1        = x86.R14 // Context.T1
	windowBase   = x86.R15
	hostStack    = x86.RSP
)

// guestRegisters has a bit for each host register that holds one of the guest.
const guestRegisters = 1<<16 - 1 - 1<<temp0 - 1<<temp1 - 1<<windowBase - 1<<hostStack

// spilled are the guest's registers that have no host register.
var spilled = [...]int{x86.R11, x86.R12, x86.R14, x86.R15}

// Reach is how far outside the window an access may lie, in bytes: nothing is
// mapped there.
const Reach = 64 << 10

// windowSize is that of the guest's address space.
const windowSize = 1 << 32
