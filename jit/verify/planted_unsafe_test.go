package verify_test

import (
	"encoding/hex"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/asm/amd64"
	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/jit/verify"
)

// The registers by what they are for.
const (
	gsp  = amd64.R13
	t0   = amd64.R9
	t1   = amd64.RCX
	base = amd64.R8

	guestRCX = amd64.R10

	spilled = x86.R9 // some guest registers without a host register, in both conventions
	another = x86.R13
)

const guestPC = 0x40_0000

const leaT0 = "4C 8D 0D 00 00 00 00" // T0 is an address of code

// plant is a unit under construction.
type plant struct {
	amd64.Asm
	c rewrite.Convention
	u rewrite.Unit
}

func (p *plant) mark(s rewrite.MarkState) {
	p.u.Marks = append(p.u.Marks, rewrite.Mark{Offset: uint32(p.Len()), PC: guestPC, State: s})
}

func (p *plant) hex(code string) {
	b, err := hex.DecodeString(strings.ReplaceAll(code, " ", ""))
	if err != nil {
		panic(err)
	}
	p.Bytes(b...)
}

// leave leaves the unit as translators do.
func (p *plant) leave() {
	p.MovImm(t0, guestPC)
	p.out(rewrite.ExitInterpret)
}

func (p *plant) out(reason uint32) {
	if m := p.at(rewrite.OffOut + 8*int32(reason)); reason == rewrite.ExitDirect {
		p.CallMem(m)
	} else {
		p.JmpMem(m)
	}
}

// at is a place in the State.
func (p *plant) at(off int32) amd64.Mem {
	if p.c.State() == rewrite.StateInRegister {
		return amd64.At(stateAt, off)
	}
	return amd64.AtGS(off)
}

// unit makes a unit of what f emits.
func unit(f func(p *plant)) *rewrite.Unit { return unitFor(rewrite.StateInGS, f) }

// unitFor is unit for a convention.
func unitFor(c rewrite.Convention, f func(p *plant)) *rewrite.Unit {
	p := &plant{c: c}
	p.u.Entries = []rewrite.Entry{{PC: guestPC}}
	p.mark(rewrite.Before)
	f(p)
	p.Link()
	p.u.Code = p.Code
	return &p.u
}

// window is the operand [base + index + disp].
func window(index amd64.Reg, disp int32) amd64.Mem {
	return amd64.Mem{Base: base, Index: index, Disp: disp}
}

func slot(r int) amd64.Mem { return amd64.AtGS(rewrite.OffR + 8*int32(r)) }

func upper(m amd64.Mem) amd64.Mem {
	m.Disp += 4
	return m
}

func context(off uintptr) amd64.Mem {
	return amd64.AtGS(rewrite.OffReason - int32(unsafe.Offsetof(x86.Context{}.Reason)) + int32(off))
}

// planted is a bug that a translator could have: what it emits before leaving
// as it should.
type planted struct {
	name string
	rule verify.Rule // "": no bug, it must pass
	emit func(p *plant)
}

// check runs the verifier over each.
func check(t *testing.T, list []planted, end func(p *plant)) {
	checkFor(t, rewrite.StateInGS, list, end)
}

// checkFor is check for a convention.
func checkFor(t *testing.T, convention rewrite.Convention, list []planted, end func(p *plant)) {
	for _, c := range list {
		t.Run(c.name, func(t *testing.T) {
			u := unitFor(convention, func(p *plant) {
				c.emit(p)
				if end != nil {
					end(p)
				}
			})
			c.requireVerdict(t, u, verify.NewFor(convention, all).Check(u))
		})
	}
}

// requireVerdict requires that a unit with the bug was refused for it.
func (c *planted) requireVerdict(t *testing.T, u *rewrite.Unit, err error) {
	t.Helper()
	if c.rule == "" {
		require.NoError(t, err, listing(u))
		return
	}
	var e *verify.Error
	require.ErrorAs(t, err, &e, listing(u))
	require.Equal(t, c.rule, e.Rule, "%v\n%s", err, listing(u))
}

func leave(p *plant) { p.leave() }

// op is ADD (0), OR (1), AND (4), SUB (5), CMP (7) of an immediate of 32 bits.
func (p *plant) op(n, r amd64.Reg, imm int32) {
	p.Op(amd64.Form{W: true, Opcode: 0x81}, n, r)
	p.U32(uint32(imm))
}

func TestPlantedMemory(t *testing.T) {
	check(t, []planted{
		{"nothing", "", func(p *plant) {}},
		{"rsp", "", func(p *plant) { p.Load64(amd64.RAX, window(gsp, -8)) }},
		{"zero-extended", "", func(p *plant) { p.Mov32(t0, amd64.RBX); p.Store64(window(t0, 0x7000), amd64.RAX) }},
		{"constant address", "", func(p *plant) { p.Store64(amd64.At(base, 0x7FFF_0000), amd64.RAX) }},
		{"32-bit write by the guest", "", func(p *plant) {
			p.Op(amd64.Form{Opcode: 0x01}, amd64.RAX, amd64.RBX)
			p.Load64(amd64.RAX, window(amd64.RBX, 8))
		}},
		{"byte write keeps the upper half", "", func(p *plant) {
			p.Mov32(amd64.RBX, amd64.RBX)
			p.hex("88 C3") // mov bl, al
			p.Load64(amd64.RAX, window(amd64.RBX, 8))
		}},
		{"all ways clear it", "", func(p *plant) {
			other, on := p.NewLabel(), p.NewLabel()
			p.Jcc(4, other)
			p.Mov32(amd64.RBX, amd64.RAX)
			p.Jmp(on)
			p.Bind(other)
			p.Load32(amd64.RBX, slot(spilled))
			p.Bind(on)
			p.Load64(amd64.RAX, window(amd64.RBX, 8))
		}},

		{"no window", verify.RuleMemory, func(p *plant) { p.hex("88 18") }},
		{"wrong base register", verify.RuleMemory, func(p *plant) { p.Load64(amd64.RAX, amd64.Mem{Base: amd64.RBP, Index: gsp}) }},
		{"T1 for the base", verify.RuleMemory, func(p *plant) { p.Load64(amd64.RAX, amd64.Mem{Base: t1, Index: gsp}) }},
		{"T0 for rsp", verify.RuleMemory, func(p *plant) { p.Load64(amd64.RAX, window(t0, 0)) }},
		{"index of 64 bits", verify.RuleMemory, func(p *plant) { p.Load64(amd64.RAX, window(amd64.RBX, 0)) }},
		{"index copied whole", verify.RuleMemory, func(p *plant) { p.Mov64(t0, amd64.RBX); p.Load64(amd64.RAX, window(t0, 0)) }},
		{"index written after it was cleaned", verify.RuleMemory, func(p *plant) {
			p.Mov32(amd64.RBX, amd64.RBX)
			p.Op(amd64.Form{W: true, Opcode: 0x01}, amd64.RAX, amd64.RBX)
			p.Load64(amd64.RAX, window(amd64.RBX, 8))
		}},
		{"index sign-extended", verify.RuleMemory, func(p *plant) {
			p.hex("48 63 DB") // movsxd rbx, ebx
			p.Load64(amd64.RAX, window(amd64.RBX, 8))
		}},
		{"index by BSF, which may leave it", verify.RuleMemory, func(p *plant) {
			p.hex("0F BC D8") // bsf ebx, eax
			p.Load64(amd64.RAX, window(amd64.RBX, 8))
		}},
		{"index clean on one way only", verify.RuleMemory, func(p *plant) {
			on := p.NewLabel()
			p.Jcc(4, on)
			p.Mov32(amd64.RBX, amd64.RBX)
			p.Bind(on)
			p.Load64(amd64.RAX, window(amd64.RBX, 8))
		}},
		{"index not clean the second time round", verify.RuleMemory, func(p *plant) {
			again := p.NewLabel()
			p.Mov32(amd64.RBX, amd64.RBX)
			p.Bind(again)
			p.Load64(amd64.RAX, window(amd64.RBX, 8))
			p.Op(amd64.Form{W: true, Opcode: 0x01}, amd64.RAX, amd64.RBX)
			p.Jcc(4, again)
		}},
		{"index grows the second time round", verify.RuleMemory, func(p *plant) {
			again := p.NewLabel()
			p.Mov32(amd64.RBX, amd64.RBX)
			p.Bind(again)
			p.Store64(window(amd64.RBX, 8), amd64.RAX)
			p.op(0, amd64.RBX, 0x1000)
			p.Jcc(4, again)
		}},
		{"index scaled", verify.RuleMemory, func(p *plant) {
			p.Load64(amd64.RAX, amd64.Mem{Base: base, Index: gsp, Scale: 1})
		}},
		{"displacement behind the guard", verify.RuleMemory, func(p *plant) { p.Load64(amd64.RAX, window(gsp, 0x1_0000)) }},
		{"displacement before the guard", verify.RuleMemory, func(p *plant) { p.Load64(amd64.RAX, window(gsp, -0x1_0001)) }},
		{"negative constant address", verify.RuleMemory, func(p *plant) { p.Store64(amd64.At(base, -0x2_0000), amd64.RAX) }},
		{"base forgotten", verify.RuleMemory, func(p *plant) { p.Mov32(t0, amd64.RBX); p.Load64(amd64.RAX, amd64.At(t0, 0)) }},
		{"base added twice", verify.RuleMemory, func(p *plant) {
			p.Lea64(t0, window(gsp, 0))
			p.Load64(amd64.RAX, window(t0, 0))
		}},
		{"rip-relative store", verify.RuleMemory, func(p *plant) { p.hex("48 89 05 00 00 00 00") }},
		{"absolute store", verify.RuleMemory, func(p *plant) { p.hex("48 89 04 25 00 00 00 00") }},
		{"host stack", verify.RuleMemory, func(p *plant) { p.hex("48 89 44 24 08") }},
		{"bit offset in a register", verify.RuleMemory, func(p *plant) {
			p.OpMem(amd64.Form{W: true, Map: amd64.Map0F, Opcode: 0xAB}, amd64.RAX, window(gsp, 0))
		}},
		{"address of 32 bits", verify.RuleDecode, func(p *plant) { p.hex("67"); p.Load32(amd64.RAX, window(gsp, 0)) }},
		{"fs", verify.RuleDecode, func(p *plant) { p.hex("64 48 8B 04 25 00 00 00 00") }},
		{"window and gs", verify.RuleState, func(p *plant) { p.hex("65"); p.Load64(amd64.RAX, window(gsp, 0)) }},
	}, leave)
}

// TestPlantedStackPointer: the guest's rsp may leave its range only until the
// check that follows.
func TestPlantedStackPointer(t *testing.T) {
	out := func(p *plant) amd64.Label { return p.NewLabel() }
	// unlessClean is the translator's check of a place in the State.
	unlessClean := func(p *plant, m amd64.Mem, half bool) {
		ok := p.NewLabel()
		if half {
			p.Load32(t1, upper(m))
		} else {
			p.Load64(t1, m)
		}
		p.Jecxz(ok)
		p.leave()
		p.Bind(ok)
	}
	use := func(p *plant) { p.Load64(amd64.RAX, window(gsp, 0)) }
	subAndJump := func(n int32, cc uint8) func(p *plant) {
		return func(p *plant) {
			l := out(p)
			p.op(5, gsp, n)
			p.Jcc(cc, l)
			use(p)
			p.Bind(l)
		}
	}
	check(t, []planted{
		{"sub and jc", "", func(p *plant) {
			l := out(p)
			p.op(5, gsp, 0x20)
			p.Jcc(2, l)
			use(p)
			p.leave()
			p.Bind(l)
		}},
		{"add and probe", "", func(p *plant) { p.op(0, gsp, 0x20); p.LoadByte(t0, window(gsp, 0)); use(p) }},
		{"store and check", "", func(p *plant) {
			p.Mov64(gsp, amd64.RBP)
			p.Store64(slot(x86.RSP), gsp)
			unlessClean(p, slot(x86.RSP), true)
			use(p)
		}},
		{"and", "", func(p *plant) { p.op(4, gsp, -16); use(p) }},
		{"leaving with it", "", func(p *plant) { p.Mov64(gsp, amd64.RBP) }},

		{"sub, no check", verify.RuleMemory, func(p *plant) { p.op(5, gsp, 0x20_0000); use(p) }},
		{"sub of a negative number and jc", verify.RuleMemory, subAndJump(-0x20_0000, 2)},
		{"sub and jz", verify.RuleMemory, subAndJump(0x20_0000, 4)},
		{"sub and jnc", verify.RuleMemory, subAndJump(0x20_0000, 3)},
		{"sub, flags changed, jc", verify.RuleMemory, func(p *plant) {
			l := out(p)
			p.op(5, gsp, 0x20_0000)
			p.op(7, amd64.RAX, 1)
			p.Jcc(2, l)
			use(p)
			p.Bind(l)
		}},
		{"sub of another register and jc", verify.RuleMemory, func(p *plant) {
			l := out(p)
			p.Mov64(gsp, amd64.RBP)
			p.op(5, amd64.RBX, 0x20)
			p.Jcc(2, l)
			use(p)
			p.Bind(l)
		}},
		{"add of much and probe", verify.RuleMemory, func(p *plant) { p.op(0, gsp, 0x2_0000); p.LoadByte(t0, window(gsp, 0)) }},
		{"access before the probe", verify.RuleLeave, func(p *plant) {
			p.op(0, gsp, 0x20)
			p.Call(call(p))
		}},
		{"mov, no check", verify.RuleMemory, func(p *plant) { p.Mov64(gsp, amd64.RBP); use(p) }},
		{"store before mov", verify.RuleMemory, func(p *plant) {
			p.Store64(slot(x86.RSP), gsp)
			p.Mov64(gsp, amd64.RBP)
			unlessClean(p, slot(x86.RSP), true)
			use(p)
		}},
		{"check of another place", verify.RuleMemory, func(p *plant) {
			p.Mov64(gsp, amd64.RBP)
			p.Store64(slot(x86.RSP), gsp)
			unlessClean(p, amd64.AtGS(rewrite.OffScratch), true)
			use(p)
		}},
		{"check of the lower half", verify.RuleMemory, func(p *plant) {
			p.Mov64(gsp, amd64.RBP)
			p.Store64(slot(x86.RSP), gsp)
			unlessClean(p, slot(x86.RSP), false)
			use(p)
		}},
		{"wrong side of the check", verify.RuleMemory, func(p *plant) {
			ok := p.NewLabel()
			p.Mov64(gsp, amd64.RBP)
			p.Store64(slot(x86.RSP), gsp)
			p.Load32(t1, upper(slot(x86.RSP)))
			p.Jecxz(ok)
			use(p)
			p.Bind(ok)
		}},
		{"store of 32 bits", verify.RuleMemory, func(p *plant) {
			p.Mov64(gsp, amd64.RBP)
			p.OpMem(amd64.Form{Opcode: 0x89}, gsp, slot(x86.RSP))
			unlessClean(p, slot(x86.RSP), true)
			use(p)
		}},
		{"written again after the check", verify.RuleMemory, func(p *plant) {
			p.Mov64(gsp, amd64.RBP)
			p.Store64(slot(x86.RSP), gsp)
			unlessClean(p, slot(x86.RSP), true)
			p.Mov64(gsp, amd64.RBP)
			use(p)
		}},
	}, leave)
}

// call emits a function that returns, out of line, and returns its label.
func call(p *plant) amd64.Label {
	f, on := p.NewLabel(), p.NewLabel()
	p.Jmp(on)
	p.Bind(f)
	p.Load64(t0, window(gsp, 0))
	p.Ret()
	p.Bind(on)
	return f
}

func TestPlantedState(t *testing.T) {
	var list []planted
	c := x86.Context{}
	for name, off := range map[string]uintptr{
		"GoSP": unsafe.Offsetof(c.GoSP), "GoBP": unsafe.Offsetof(c.GoBP), "HostSP": unsafe.Offsetof(c.HostSP), "Target": unsafe.Offsetof(c.Target),
		"T0": unsafe.Offsetof(c.T0), "T1": unsafe.Offsetof(c.T1), "Flags": unsafe.Offsetof(c.Flags), "Signal": unsafe.Offsetof(c.Signal),
		"TrapPC": unsafe.Offsetof(c.TrapPC), "Running": unsafe.Offsetof(c.Running), "Kick": unsafe.Offsetof(c.Kick),
		"Out": unsafe.Offsetof(c.Out) + 8, "Base": unsafe.Offsetof(c.Base), "FSBase": unsafe.Offsetof(c.FSBase),
		"ThreadID": unsafe.Offsetof(c.ThreadID), "Owner": unsafe.Offsetof(c.Owner), "Left": unsafe.Offsetof(c.Left), "Displaced": unsafe.Offsetof(c.Displaced), "Reason": unsafe.Offsetof(c.Reason),
	} {
		list = append(list, planted{"store " + name, verify.RuleState, func(p *plant) { p.Store64(context(off), amd64.RAX) }},
			planted{"add to " + name, verify.RuleState, func(p *plant) { p.OpMem(amd64.Form{W: true, Opcode: 0x01}, amd64.RAX, context(off)) }})
		list = append(list, planted{"load " + name, verify.RuleState, func(p *plant) { p.Load64(t0, context(off)) }})
	}
	list = append(list, []planted{
		{"spilled register", "", func(p *plant) { p.Load64(amd64.RAX, slot(spilled)); p.Store64(slot(another), amd64.RBX) }},
		{"Zero written", verify.RuleState, func(p *plant) { p.Store64(slot(int(x86.Zero)), amd64.RAX) }},
		{"FS base written", verify.RuleState, func(p *plant) { p.Store64(slot(int(x86.FSBase)), amd64.RAX) }},
		{"register behind the last", verify.RuleState, func(p *plant) { p.Store64(slot(32), amd64.RAX) }},
		{"before the State", verify.RuleState, func(p *plant) { p.Store64(amd64.AtGS(-8), amd64.RAX) }},
		{"across a slot's end", verify.RuleState, func(p *plant) { p.Store64(upper(slot(another)), amd64.RAX) }},
		{"across two slots", verify.RuleState, func(p *plant) { p.Store64(upper(slot(spilled)), amd64.RAX) }},
		{"wider than the slot", verify.RuleState, func(p *plant) { p.OpMem(amd64.Form{Map: amd64.Map0F, Opcode: 0x11}, 0, slot(another)) }},
		{"index in the State", verify.RuleState, func(p *plant) {
			p.OpMem(amd64.Form{W: true, Opcode: 0x89}, amd64.RAX, amd64.Mem{Base: amd64.RBX, Index: amd64.None, GS: true, Disp: rewrite.OffR + 8*spilled})
		}},
		{"wrong way out", verify.RuleState, func(p *plant) { p.JmpMem(context(unsafe.Offsetof(c.Target))) }},
		{"spilled register as way out", verify.RuleBranch, func(p *plant) { p.JmpMem(slot(spilled)) }},
	}...)
	check(t, list, func(p *plant) {
		p.mark(rewrite.Before)
		p.leave()
	})
}

func TestPlantedRegisters(t *testing.T) {
	check(t, []planted{
		{"write the base", verify.RuleRegister, func(p *plant) { p.Mov64(base, amd64.RAX) }},
		{"write part of the base", verify.RuleRegister, func(p *plant) { p.OpShort(amd64.Form{Opcode: 0xB0}, base); p.Bytes(1) }},
		{"xchg the base", verify.RuleRegister, func(p *plant) { p.Op(amd64.Form{W: true, Opcode: 0x87}, amd64.RAX, base) }},
		{"mulx the base", verify.RuleRegister, func(p *plant) {
			p.Op(amd64.Form{VEX: true, W: true, Prefix: 0xF2, Map: amd64.Map0F38, Opcode: 0xF6, VVVV: uint8(amd64.RBX)}, base, amd64.RAX)
		}},
		{"zero of what may be a host address", "", func(p *plant) { p.Op(amd64.Form{W: true, Opcode: 0x33}, t1, t1); p.Mov64(amd64.RAX, t1) }},
		{"zero of 32 bits", "", func(p *plant) { p.Op(amd64.Form{Opcode: 0x29}, t0, t0); p.Load64(amd64.RAX, window(t0, 0)) }},
		{"zero of 16 bits", verify.RuleRegister, func(p *plant) { p.Op(amd64.Form{Opsize: true, Opcode: 0x33}, t1, t1) }},
		{"zero of a byte", verify.RuleRegister, func(p *plant) { p.Op(amd64.Form{Opcode: 0x32}, t1, t1) }},
		{"zero of two registers", verify.RuleRegister, func(p *plant) { p.Op(amd64.Form{W: true, Opcode: 0x33}, t1, t0) }},
		{"zero with the carry", verify.RuleRegister, func(p *plant) { p.Op(amd64.Form{W: true, Opcode: 0x1B}, t1, t1) }},
		{"zero in the base", verify.RuleRegister, func(p *plant) { p.Op(amd64.Form{W: true, Opcode: 0x33}, base, base) }},
		{"write rsp", verify.RuleRegister, func(p *plant) { p.Mov64(amd64.RSP, amd64.RAX) }},
		{"add to rsp", verify.RuleRegister, func(p *plant) { p.op(0, amd64.RSP, 8) }},
		{"read rsp", verify.RuleRegister, func(p *plant) { p.Mov64(amd64.RAX, amd64.RSP) }},
		{"the stub's lea", verify.RuleStack, func(p *plant) { p.Lea64(amd64.RSP, amd64.At(amd64.RSP, -8)) }},
		{"another lea", verify.RuleRegister, func(p *plant) { p.Lea64(amd64.RSP, amd64.At(amd64.RSP, 8)) }},
		{"base to the guest", verify.RuleMark, func(p *plant) { p.Mov64(amd64.RAX, base) }},
		{"rip to the guest", verify.RuleMark, func(p *plant) { p.hex("48 8D 05 00 00 00 00") }},
		{"rsp to the guest", verify.RuleMark, func(p *plant) { p.Lea64(amd64.RAX, amd64.At(amd64.RSP, 16)) }},
		{"T1 to the guest", verify.RuleMark, func(p *plant) { p.Mov64(amd64.RAX, t1) }},
		{"half of T1 to the guest", verify.RuleMark, func(p *plant) { p.Mov32(amd64.RAX, t1) }},
		{"base to a vector", verify.RuleRegister, func(p *plant) { p.Op(amd64.Form{W: true, Prefix: 0x66, Map: amd64.Map0F, Opcode: 0x6E}, 0, base) }},
		{"base to the window", verify.RuleRegister, func(p *plant) { p.Store64(window(gsp, 0), base) }},
		{"base to a spilled register", verify.RuleState, func(p *plant) { p.Store64(slot(spilled), base) }},
		{"base to the flags", verify.RuleRegister, func(p *plant) { p.Op(amd64.Form{W: true, Opcode: 0x39}, base, amd64.RAX) }},
		{"base by arithmetic", verify.RuleRegister, func(p *plant) { p.Op(amd64.Form{W: true, Opcode: 0x01}, base, amd64.RAX) }},
		{"base by way of a field", verify.RuleMark, func(p *plant) {
			p.Store64(amd64.AtGS(rewrite.OffScratch), base)
			p.Load64(amd64.RAX, amd64.AtGS(rewrite.OffScratch))
		}},
	}, func(p *plant) {
		p.mark(rewrite.Before)
		p.leave()
	})
}

func TestPlantedHostStack(t *testing.T) {
	check(t, []planted{
		{"call and return", "", func(p *plant) { p.Call(call(p)); p.hex("90") }},
		{"push", verify.RuleInstruction, func(p *plant) { p.mark(rewrite.Within); p.hex("5159") }},
		{"pop", verify.RuleInstruction, func(p *plant) { p.mark(rewrite.Within); p.hex("59") }},
		{"return to what is not known", verify.RuleRegister, func(p *plant) { p.Ret() }},
		{"return with rsp out of its range", verify.RuleLeave, func(p *plant) {
			p.Load64(t0, window(gsp, 0))
			p.op(0, gsp, 0x20)
			p.Ret()
		}},
		{"call at the end", verify.RuleBranch, func(p *plant) {
			p.leave()
			p.Call(call(p))
		}},
	}, func(p *plant) {
		if n := len(p.Code); n < 5 || p.Code[n-5] != 0xE8 {
			p.leave()
		}
	})
}
