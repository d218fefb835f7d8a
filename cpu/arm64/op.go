package arm64

import (
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

// op is one operation of a decoded block: usually a whole instruction with
// everything about its operands resolved, sometimes a part of one or two fused
// (compare and branch).
//
// The operations of a block lie one behind the other; fn returns the operation
// to go on with, which is o.after() unless control leaves the block.
type op struct {
	fn   opFunc
	imm  uint64 // immediate, offset or target; whatever the function says
	pc   uint64 // address of the instruction
	rd   uint8  // Rd, or Rt of a load or store
	rn   uint8  // Rn
	rm   uint8  // Rm
	ra   uint8  // Ra, or Rt2
	sh   uint8  // amount of a shift; lane; whatever the function says
	cc   uint8  // condition
	link uint8  // the link by which the block is left
	n    uint8  // instructions of the block before this one
}

// opFunc executes an operation. Rules:
//   - an access that may fault comes before every change of s;
//   - return o.after(), or s.leave(link), or panic with a *trap;
//   - nothing is allocated and no interface is called.
type opFunc = func(s *State, o *op) *op

// leave ends the block by link k.
func (s *State) leave(k uint8) *op {
	s.exit = uint32(k)
	return nil
}

// trap is what an operation panics with when its instruction cannot complete:
// the run loop turns it into a Stop at that instruction.
type trap struct {
	kind  cpu.StopKind
	fault memory.Fault
	text  string
}

var (
	trapIllegal    = &trap{kind: cpu.StopIllegal}
	trapBreakpoint = &trap{kind: cpu.StopBreakpoint}
)

//go:generate go run ../internal/mono
