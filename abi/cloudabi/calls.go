package cloudabi

import "fmt"

// CallID names a call, as an index into [Calls]. It belongs to this module,
// not to the ABI: programs use the numbers of a generation or symbols.
type CallID uint8

// String returns the name of the call.
func (id CallID) String() string {
	if int(id) < len(Calls) {
		return Calls[id].Name
	}
	return fmt.Sprintf("CallID(%d)", uint8(id))
}

// Indices of the generations in [Generations] and in [Call.Number].
const (
	G0 = iota
	G1
	G2
	G3 // the numbering of every direct trap since August 2015
	G4
	G5
	G6
	G7
	G8
	G9 // the final ABI

	generationCount
)

// Generation is one table of call numbers.
type Generation struct {
	ID    string
	From  string // first day, as 2015-03-04
	Until string // first day of the next one; empty for the final ABI
	Note  string
	Table []CallID // by number
}

// Call is what there is to know of a system call without executing it.
type Call struct {
	Name    string
	Symbol  string // in the vDSO
	Purpose string

	// Number is the call's number in each generation, -1 where it is absent.
	Number [generationCount]int

	// Inputs and Outputs hold for the final ABI, or for the last one that had
	// the call. At trap level outputs are registers; in C they are pointers
	// behind the inputs, stored to when the call succeeds.
	Inputs, Outputs []Arg
	Noreturn        bool
	Needs           []Need
	// Errors are the error numbers that a program can bring about by what it
	// does, exhausted limits among them; not those of a failing host.
	Errors  []Errno
	Earlier []Signature // oldest first
}

// Arg is an input or an output of a call.
type Arg struct {
	Name string
	// Type is the ABI's name of the type without cloudabi_ and _t, or size,
	// char, void, uintN; for a pointer it is what the address is of.
	Type    string
	Width   int // bytes that count of the register
	Pointer bool
	Const   bool // the call does not write there
	Atomic  bool
	Signed  bool
	Count   int // input that holds the number of elements (bytes for void and char); -1 for a single one
}

// Signature is what a call looked like before a date.
type Signature struct {
	Until           string
	Note            string
	Inputs, Outputs []Arg
}

// Need is a right a call demands; a call without any demands none beyond the
// descriptor's existence.
type Need struct {
	Arg        int  // input that names the descriptor
	Inheriting bool // the right must be in the inheriting word, not in the base word
	Rights     Rights
	Condition  string // empty: always
}

// RightsPair is the two words of rights of a descriptor.
type RightsPair struct {
	Base, Inheriting Rights
}

// UnpackLookup splits the register in which a lookup argument travels: the
// descriptor in the low half, the flags in the high half.
func UnpackLookup(register uint64) Lookup {
	return Lookup{Fd: Fd(register), Flags: Lookupflags(register >> 32)}
}
