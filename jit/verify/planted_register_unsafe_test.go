package verify_test

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/asm/amd64"
	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/jit/verify"
)

// stateAt is the register with the address of the State.
const stateAt = amd64.R11

// TestPlantedStateInRegister: the State by its register, and nothing but what
// may be touched of it; GS is the host's.
func TestPlantedStateInRegister(t *testing.T) {
	offContext := rewrite.OffReason - int32(unsafe.Offsetof(x86.Context{}.Reason))
	slot := func(r int) amd64.Mem { return amd64.At(stateAt, rewrite.OffR+8*int32(r)) }
	indexed := func(off int32) amd64.Mem { return amd64.Mem{Base: stateAt, Index: amd64.RDX, Disp: off} }
	checkFor(t, rewrite.StateInRegister, []planted{
		{"spilled registers", "", func(p *plant) { p.Load64(amd64.RAX, slot(spilled)); p.Store64(slot(x86.R11), amd64.RBX) }},
		{"through GS", verify.RuleDecode, func(p *plant) { p.Load64(amd64.RAX, amd64.AtGS(rewrite.OffR+8*spilled)) }},
		{"another register's base", verify.RuleMemory, func(p *plant) { p.Load64(amd64.RAX, amd64.At(t1, rewrite.OffR+8*spilled)) }},
		{"the State as a window", verify.RuleState, func(p *plant) { p.Load64(amd64.RAX, amd64.Mem{Base: stateAt, Index: amd64.RDX}) }},
		{"the window and the State", verify.RuleMemory, func(p *plant) { p.Load64(amd64.RAX, amd64.Mem{Base: base, Index: stateAt}) }},
		{"a register that has a host register", verify.RuleState, func(p *plant) { p.Store64(slot(x86.RBX), amd64.RAX) }},
		{"behind the State", verify.RuleState, func(p *plant) { p.Load64(amd64.RAX, amd64.At(stateAt, 1<<20)) }},
		{"before the State", verify.RuleState, func(p *plant) { p.Load64(amd64.RAX, amd64.At(stateAt, -8)) }},
		{"the window's base from the State", verify.RuleState, func(p *plant) { p.Load64(amd64.RAX, amd64.At(stateAt, rewrite.OffBase)) }},
		{"Running", verify.RuleState, func(p *plant) {
			p.Store64(amd64.At(stateAt, offContext+int32(unsafe.Offsetof(x86.Context{}.Running))), amd64.RAX)
		}},
		{"the pointer changed", verify.RuleRegister, func(p *plant) { p.Mov64(stateAt, amd64.RAX) }},
		{"the pointer moved", verify.RuleRegister, func(p *plant) { p.Lea64(stateAt, amd64.At(stateAt, 8)) }},
		{"the pointer's low byte", verify.RuleRegister, func(p *plant) { p.OpShort(amd64.Form{Opcode: 0xB0}, stateAt); p.Bytes(1) }},
		{"the pointer exchanged", verify.RuleRegister, func(p *plant) { p.Op(amd64.Form{W: true, Opcode: 0x87}, amd64.RAX, stateAt) }},
		{"the pointer known to the guest", verify.RuleMark, func(p *plant) { p.Mov64(amd64.RAX, stateAt) }},
		{"the pointer stored", verify.RuleRegister, func(p *plant) { p.Store64(window(gsp, 0), stateAt) }},
		{"the pointer spilled", verify.RuleState, func(p *plant) { p.Store64(slot(spilled), stateAt) }},
		{"the pointer in arithmetic", verify.RuleRegister, func(p *plant) { p.Op(amd64.Form{W: true, Opcode: 0x01}, stateAt, amd64.RAX) }},
		{"the pointer in a temporary", "", func(p *plant) { p.Mov64(t1, stateAt) }},
		{"the lookup", "", func(p *plant) { p.Movzx8(amd64.RDX, amd64.RAX); p.LoadByte(amd64.RDX, indexed(rewrite.OffAlign)) }},
		{"the lookup of a whole register", verify.RuleState, func(p *plant) { p.LoadByte(amd64.RDX, indexed(rewrite.OffAlign)) }},
		{"the lookup one further on", verify.RuleState, func(p *plant) { p.Movzx8(amd64.RDX, amd64.RAX); p.LoadByte(amd64.RDX, indexed(rewrite.OffAlign+1)) }},
		{"the lookup times two", verify.RuleState, func(p *plant) {
			p.Movzx8(amd64.RDX, amd64.RAX)
			p.LoadByte(amd64.RDX, amd64.Mem{Base: stateAt, Index: amd64.RDX, Scale: 1, Disp: rewrite.OffAlign})
		}},
		{"below the host stack", verify.RuleMemory, func(p *plant) { p.Load32(amd64.RAX, amd64.At(amd64.RSP, -8)) }},
		{"what lies below the host stack", verify.RuleMark, func(p *plant) { p.Load32(amd64.RAX, amd64.At(amd64.RSP, -rewrite.StackAhead)) }},
		{"a part of what lies below the host stack", verify.RuleMemory, func(p *plant) {
			p.OpMem(amd64.Form{Opsize: true, Opcode: 0x8B}, t1, amd64.At(amd64.RSP, -rewrite.StackAhead))
		}},
		{"written below the host stack", verify.RuleMemory, func(p *plant) { p.Store64(amd64.At(amd64.RSP, -rewrite.StackAhead), amd64.RAX) }},
	}, leave)
}

// TestPlantedCallsAhead: before every call the host stack has been read ahead.
func TestPlantedCallsAhead(t *testing.T) {
	ahead := func(p *plant) { p.Load32(t1, amd64.At(amd64.RSP, -rewrite.StackAhead)) }
	call := func(p *plant, before func(*plant)) {
		to := p.NewLabel()
		p.hex("90")
		p.mark(rewrite.Within)
		before(p)
		p.Call(to)
		p.leave()
		p.Bind(to)
		p.leave()
	}
	checkFor(t, rewrite.StateInRegister, []planted{
		{"read", "", func(p *plant) { call(p, ahead) }},
		{"not read", verify.RuleStack, func(p *plant) { call(p, func(*plant) {}) }},
		{"not far enough", verify.RuleMemory, func(p *plant) {
			call(p, func(p *plant) { p.Load32(t1, amd64.At(amd64.RSP, -rewrite.StackAhead+8)) })
		}},
		{"on one of two paths", verify.RuleStack, func(p *plant) {
			call(p, func(p *plant) {
				l := p.NewLabel()
				p.Jcc(4, l)
				ahead(p)
				p.Bind(l)
			})
		}},
		{"once for two calls", verify.RuleStack, func(p *plant) {
			first, second := p.NewLabel(), p.NewLabel()
			p.hex("90")
			p.mark(rewrite.Within)
			ahead(p)
			p.Call(first)
			p.leave()
			p.Bind(first)
			p.Call(second)
			p.leave()
			p.Bind(second)
			p.leave()
		}},
	}, nil)
	v := verify.New(all)
	var e *verify.Error
	require.ErrorAs(t, v.Check(unit(func(p *plant) { call(p, ahead) })), &e, "the other convention knows no such access")
	require.Equal(t, verify.RuleMemory, e.Rule)
}
