package verify

import (
	"fmt"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// Rule is what a unit has violated. The package comment explains each.
type Rule string

// The rules.
const (
	RuleDecode      Rule = "decoding"
	RuleInstruction Rule = "instruction"
	RuleBranch      Rule = "branch"
	RuleMemory      Rule = "memory"
	RuleState       Rule = "state"
	RuleRegister    Rule = "register"
	RuleStack       Rule = "host stack"
	RuleLeave       Rule = "leaving"
	RuleMark        Rule = "mark"
)

// Error says why a unit is not confined, and where.
type Error struct {
	Rule   Rule
	Offset int    // in the unit's code
	Inst   string // what stands there, if it is an instruction
	Text   string
}

func (e *Error) Error() string {
	if e.Inst == "" {
		return fmt.Sprintf("code at offset %#x violates the rule %q: %s", e.Offset, e.Rule, e.Text)
	}
	return fmt.Sprintf("code at offset %#x, %s, violates the rule %q: %s", e.Offset, e.Inst, e.Rule, e.Text)
}

// Verifier checks units. It keeps its memory from one to the next and is not
// safe for concurrent use.
type Verifier struct {
	roles     *roles
	supported func(feature string) bool
	features  map[string]bool
	rules     []rule

	unit  *rewrite.Unit
	at    *state
	insts []instruction
	index []int32 // of the instruction at an offset, or -1
	heads []head
	work  []int32
	seen  []uint8
}

// New returns a verifier for a host that has the features that supported
// reports, named as in x86.Section.Feature; one that names several, separated
// by ", ", is asked for one by one. Code reaches the State through GS.
func New(supported func(feature string) bool) *Verifier {
	return NewFor(rewrite.StateInGS, supported)
}

// NewFor is New for code of a convention.
func NewFor(c rewrite.Convention, supported func(feature string) bool) *Verifier {
	return &Verifier{
		roles: &conventions()[c], supported: supported, features: make(map[string]bool), rules: rules(),
	}
}

// Check proves that the unit is confined, or returns an *Error that says what
// could not be proved.
func (v *Verifier) Check(u *rewrite.Unit) error { return v.check(u, nil) }

// CheckTarget is Check for a unit whose beginning is put into the table of
// indirect targets: T0 is the address that the guest goes to, T1 a number of its
// too. It need have no other entries.
func (v *Verifier) CheckTarget(u *rewrite.Unit) error {
	return v.check(u, &v.roles.target)
}

// CheckReturnStub is Check for what rewrite.Translator.ReturnStub makes. Its
// only entry is the beginning; what is special is that a return has just taken
// its address off the host stack.
func (v *Verifier) CheckReturnStub(u *rewrite.Unit) error {
	if len(u.Entries) > 0 {
		return failAt(RuleBranch, int(u.Entries[0].Offset), "the stub for returns has no other entries")
	}
	s := v.roles.landing
	s.popped = true
	return v.check(u, &s)
}

// check checks a unit. At its beginning the state is at, if that is not nil.
func (v *Verifier) check(u *rewrite.Unit, at *state) error {
	v.unit, v.at = u, at
	if err := v.sweep(); err != nil {
		return err
	}
	if err := v.marks(); err != nil {
		return err
	}
	if err := v.branches(); err != nil {
		return err
	}
	if err := v.follow(); err != nil {
		return err
	}
	return v.cycles()
}

// fail makes the error of rule for the instruction in.
func (v *Verifier) fail(r Rule, in *instruction, format string, args ...any) error {
	return &Error{Rule: r, Offset: in.at, Inst: in.Text(nil), Text: fmt.Sprintf(format, args...)}
}

// failAt is fail for a place that is no instruction.
func failAt(r Rule, offset int, format string, args ...any) error {
	return &Error{Rule: r, Offset: offset, Text: fmt.Sprintf(format, args...)}
}

func name(r uint8) string { return x86.RegName(r, 8) }
