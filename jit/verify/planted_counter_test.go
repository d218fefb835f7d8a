package verify_test

import (
	"testing"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/asm/amd64"
	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/jit/verify"
)

// counter is the register that code counts in, if the convention says so.
const counter = amd64.R15

// TestPlantedCounter: code counts with the counter by a few instructions at a
// time, and sees whether what it points to can be read, but not the counter, nor
// what is there.
func TestPlantedCounter(t *testing.T) {
	look := func(p *plant) { p.LoadByte(t1, amd64.At(counter, -5)) }
	list := []planted{
		{"look and count", "", func(p *plant) { look(p); p.Lea64(counter, amd64.At(counter, -5)) }},
		{"as much as a unit has", "", func(p *plant) { p.LoadByte(t1, amd64.At(counter, -128)); p.Lea64(counter, amd64.At(counter, -128)) }},
		{"given back", "", func(p *plant) { p.Lea64(counter, amd64.At(counter, 128)) }},
		{"much", verify.RuleRegister, func(p *plant) { p.Lea64(counter, amd64.At(counter, -129)) }},
		{"much given", verify.RuleRegister, func(p *plant) { p.Lea64(counter, amd64.At(counter, 129)) }},
		{"its low half", verify.RuleRegister, func(p *plant) { p.Lea32(counter, amd64.At(counter, -5)) }},
		{"a register taken from it", verify.RuleRegister, func(p *plant) { p.Lea64(counter, amd64.Mem{Base: counter, Index: amd64.RAX, Disp: -5}) }},
		{"twice", verify.RuleRegister, func(p *plant) { p.Lea64(counter, amd64.Mem{Base: counter, Index: counter, Disp: -5}) }},
		{"set", verify.RuleRegister, func(p *plant) { p.MovImm(counter, 1<<20) }},
		{"copied into", verify.RuleRegister, func(p *plant) { p.Mov64(counter, amd64.RAX) }},
		{"copied from", verify.RuleRegister, func(p *plant) { p.Mov64(amd64.RAX, counter) }},
		{"copied to a temporary", verify.RuleRegister, func(p *plant) { p.Mov64(t0, counter) }},
		{"its address computed", verify.RuleRegister, func(p *plant) { p.Lea64(amd64.RAX, amd64.At(counter, -5)) }},
		{"in arithmetic", verify.RuleRegister, func(p *plant) { p.Op(amd64.Form{W: true, Opcode: 0x2B}, amd64.RAX, counter) }},
		{"counted by arithmetic", verify.RuleRegister, func(p *plant) { p.Op(amd64.Form{W: true, Opcode: 0x83}, 5, counter); p.Bytes(5) }},
		{"stored", verify.RuleRegister, func(p *plant) { p.Store64(window(gsp, 0), counter) }},
		{"spilled", verify.RuleRegister, func(p *plant) { p.Store64(p.at(rewrite.OffDisplaced), counter) }},
		{"as an index of the window", verify.RuleRegister, func(p *plant) { p.Load64(amd64.RAX, window(counter, 0)) }},
		{"a look far away", verify.RuleRegister, func(p *plant) { p.LoadByte(t1, amd64.At(counter, -129)) }},
		{"a look into the guest's register", verify.RuleRegister, func(p *plant) { p.LoadByte(amd64.RAX, amd64.At(counter, -5)) }},
		{"a look at more", verify.RuleRegister, func(p *plant) { p.Load32(t1, amd64.At(counter, -5)) }},
		{"a look with an index", verify.RuleRegister, func(p *plant) { p.LoadByte(t1, amd64.Mem{Base: counter, Index: amd64.RAX}) }},
		{"a look that writes", verify.RuleRegister, func(p *plant) { p.Store64(amd64.At(counter, -5), amd64.RAX) }},
		{"what it looked at", verify.RuleMark, func(p *plant) { look(p); p.Mov64(amd64.RAX, t1) }},
		{"what it looked at, stored", verify.RuleRegister, func(p *plant) { look(p); p.Store64(window(gsp, 0), t1) }},
		{"a look where no instruction begins", verify.RuleMark, func(p *plant) { p.hex("90"); p.mark(rewrite.Within); look(p) }},
		{"the guest's register", "", func(p *plant) {
			p.Load64(amd64.RAX, p.at(rewrite.OffDisplaced))
			p.Store64(p.at(rewrite.OffDisplaced), amd64.RBX)
		}},
		{"the place of the guest's register otherwise", verify.RuleState, func(p *plant) { p.Store64(p.at(rewrite.OffR+8*x86.R15), amd64.RBX) }},
	}
	checkFor(t, rewrite.StateInGS|rewrite.Counting, list, leave)
	checkFor(t, rewrite.StateInRegister|rewrite.Counting, list, leave)
	checkFor(t, rewrite.StateInGS, []planted{
		{"a look without a counter", verify.RuleMemory, look},
		{"a register of the guest's", "", func(p *plant) { p.Lea64(counter, amd64.At(counter, -5)); p.Mov64(amd64.RAX, counter) }},
		{"nothing is displaced", verify.RuleState, func(p *plant) { p.Load64(amd64.RAX, p.at(rewrite.OffDisplaced)) }},
	}, leave)
}
