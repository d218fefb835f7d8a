package verify

import (
	"sync"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// What host registers are for: the contract between generated code and the
// assembly that enters and leaves it.
const (
	stackPointer = x86.R13 // the guest's rsp
	temp0        = x86.R9  // Context.T0 on leaving
	temp1        = x86.RCX // Context.T1, and the guest's rcx where instructions imply it
	windowBase   = x86.R8
	hostStack    = x86.RSP
	statePointer = x86.R11 // if the State is not reached through GS
	counter      = x86.R15 // how far the budget reaches, if the convention counts
)

// roles is what differs between the conventions.
type roles struct {
	guest    uint16  // has a bit for each host register that holds one of the guest
	register bool    // statePointer holds the address of the State
	counts   bool    // counter is the counter
	spilled  []int   // the guest's registers that have no host register
	fields   []field // of the State, that code may touch

	entry, landing, target state // what is assumed there
}

const others = 1<<temp0 | 1<<temp1 | 1<<windowBase | 1<<hostStack

// conventions has the roles of each. Most processes do not verify.
var conventions = sync.OnceValue(func() []roles {
	return []roles{
		rewrite.StateInGS:                          newRoles(inGS),
		rewrite.StateInRegister:                    newRoles(inRegister),
		rewrite.StateInGS | rewrite.Counting:       newRoles(counting(inGS)),
		rewrite.StateInRegister | rewrite.Counting: newRoles(counting(inRegister)),
	}
})

var (
	inGS       = roles{guest: 1<<16 - 1 - others, spilled: []int{x86.R8, x86.R9, x86.R10, x86.R13}}
	inRegister = roles{
		guest: 1<<16 - 1 - others - 1<<statePointer, register: true,
		spilled: []int{x86.R8, x86.R9, x86.R10, x86.R11, x86.R13},
	}
)

func counting(r roles) roles {
	r.counts = true
	r.guest &^= 1 << counter
	return r
}

func newRoles(r roles) roles {
	r.fields = fieldsOf(&r)
	r.entry, r.landing, r.target = r.entryState(), r.landingState(), r.targetState()
	return r
}

// Reach is how far outside the window an access may lie, in bytes: nothing is
// mapped there.
const Reach = 64 << 10

// The table of indirect targets: tableEntries addresses of code, tableBelow below
// the window.
const (
	tableBelow   = 1 << 20
	tableEntries = 1 << 16
)

// No access of the guest gets there: this is not negative.
const _ = uint(tableBelow - 8*tableEntries - Reach)

// stackAhead is how far below RSP the host stack must have been read before a
// call, where the State is in a register.
const stackAhead = 32 << 10

// windowSize is that of the guest's address space.
const windowSize = 1 << 32
