package verify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/jit/asm/amd64"
	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/jit/verify"
)

// TestForbidden: instructions that generated code must not have.
func TestForbidden(t *testing.T) {
	for code, name := range map[string]string{
		"0F 05": "syscall", "0F 34": "sysenter", "0F 07": "sysret", "CC": "int3", "CD 80": "int", "F1": "int1", "CE": "into",
		"E4 00": "in", "EC": "in dx", "6C": "insb", "E6 00": "out", "EE": "out dx", "6E": "outsb", "F4": "hlt", "FA": "cli",
		"8E E0": "mov fs, eax", "8E D8": "mov ds, eax", "8C E0": "mov eax, fs", "0F A1": "pop fs", "0F A0": "push fs",
		"F3 48 0F AE D8": "wrgsbase", "F3 48 0F AE D0": "wrfsbase", "F3 48 0F AE C0": "rdfsbase", "F3 48 0F AE C8": "rdgsbase", "0F 01 F8": "swapgs",
		"9D": "popf", "9C": "pushf", "CF": "iret", "48 CF": "iretq", "CB": "retf", "CA 00 00": "retf imm", "FF 2C 24": "jmp far", "FF 1C 24": "call far",
		"43 0F AE 24 27": "xsave", "43 0F AE 2C 27": "xrstor", "43 0F AE 04 27": "fxsave", "43 0F AE 0C 27": "fxrstor", "0F 01 D0": "xgetbv", "0F 01 D1": "xsetbv",
		"0F A2": "cpuid", "0F 31": "rdtsc", "0F 01 F9": "rdtscp", "0F C7 F0": "rdrand", "0F C7 F8": "rdseed", "F3 0F C7 F8": "rdpid", "0F 01 EF": "wrpkru",
		"D9 E8": "fld1", "0F 6E C0": "movd mm0", "0F 77": "emms", "43 D9 04 27": "fld", "9B": "fwait",
		"C4 82 F1 90 04 27": "vgatherdq", "66 0F F7 C1": "maskmovdqu", "C5 F9 F7 C1": "vmaskmovdqu", "0F F7 C1": "maskmovq",
		"D7": "xlatb", "C8 00 00 00": "enter", "C9": "leave", "43 48 0F C7 0C 27": "prefix before REX", "4B 0F C7 0C 27": "cmpxchg16b",
		"43 0F AE 3C 27": "clflush", "43 0F 18 04 27": "prefetchnta", "0F 0B": "ud2", "E2 FE": "loop", "E0 FE": "loopne",
		"48 A1 00 00 00 00 00 00 00 00": "mov rax, moffs", "0F 53 C0": "rcpps", "AC": "lodsb", "AE": "scasb", "A6": "cmpsb",
		"62 F1 7C 48 58 C0": "EVEX", "8F E8 78 A2 C1 00": "XOP", "C5 F8 90 C9": "kmov", "68 00 00 00 00": "push imm", "6A 00": "push imm8", "51": "push rcx", "59": "pop rcx",
		"43 FF 34 27": "push mem", "43 8F 04 27": "pop mem", "C2 08 00": "ret imm", "0F 01 CA": "clac",
		"C7 F8 00 00 00 00": "xbegin", "0F 1A 00": "bndldx", "0F 1E C8": "hint", "0F 01 C8": "monitor", "0F 00 C8": "str",
		"0F 20 C0": "mov cr0", "0F 21 C0": "mov dr0", "0F 0D 08": "prefetchw",
	} {
		t.Run(name, func(t *testing.T) {
			u := unit(func(p *plant) { p.hex(code); p.leave() })
			var e *verify.Error
			require.ErrorAs(t, verify.New(all).Check(u), &e, listing(u))
			require.Contains(t, []verify.Rule{verify.RuleDecode, verify.RuleInstruction}, e.Rule, e)
			require.Zero(t, e.Offset, e)
		})
	}
}

// TestPlantedPrefixes: what processors ignore or differ in.
func TestPlantedPrefixes(t *testing.T) {
	bad := func(code string) func(*plant) { return func(p *plant) { p.hex(code) } }
	operand := func(prefix string, f amd64.Form) func(*plant) {
		return func(p *plant) {
			p.hex(prefix)
			p.OpMem(f, amd64.RAX, window(gsp, 0))
		}
	}
	check(t, []planted{
		{"operand size twice", verify.RuleDecode, bad("66 66 89 C8")},
		{"REX before a prefix", verify.RuleDecode, bad("48 66 89 C8")},
		{"REX twice", verify.RuleDecode, bad("48 41 89 C8")},
		{"ds", verify.RuleDecode, operand("3E", amd64.Form{Opcode: 0x8B})},
		{"cs", verify.RuleDecode, bad("2E 89 C8")},
		{"rep that means nothing", verify.RuleDecode, bad("F3 89 C8")},
		{"repne that means nothing", verify.RuleDecode, bad("F2 89 C8")},
		{"gs that means nothing", verify.RuleDecode, bad("65 89 C8")},
		{"REX.B on a jump", verify.RuleDecode, bad("41 E9 00 00 00 00")},
		{"branch of 16 bits", verify.RuleDecode, bad("66 0F 84 00 00 00 00")},
		{"jump of 16 bits", verify.RuleDecode, bad("66 E9 00 00 00 00")},
		{"REX.W on a branch", verify.RuleDecode, bad("48 0F 84 00 00 00 00")},
		{"gs on lea", verify.RuleDecode, bad("65 8D 04 25 00 00 00 00")},
		{"lock", "", operand("F0", amd64.Form{Opcode: 0x01})},
		{"operand size", "", operand("66", amd64.Form{Opcode: 0x01})},
	}, leave)
	v := verify.New(func(f string) bool { return f != "AVX2" && f != "BMI2" })
	require.ErrorContains(t, v.Check(unit(func(p *plant) { p.hex("C5 FD FE C1"); p.leave() })), "the host has no AVX, AVX2")
	require.NoError(t, v.Check(unit(func(p *plant) { p.hex("C4 E2 78 F2 C3"); p.leave() }))) // andn is BMI1
}

// TestPlantedTables: what the unit says of itself is not true.
func TestPlantedTables(t *testing.T) {
	body := func() *rewrite.Unit {
		return unit(func(p *plant) {
			p.Mov64(amd64.RAX, amd64.RDX)
			p.AlignField(1)
			p.Bytes(0xE9)
			out := p.NewLabel()
			field := p.Rel32(out)
			p.u.Exits = []rewrite.Exit{{PC: guestPC + 64, Field: uint32(field)}}
			p.Bind(out)
			p.mark(rewrite.Before)
			p.MovImm(t0, guestPC+64)
			p.out(rewrite.ExitDirect)
		})
	}
	v := verify.New(all)
	require.NoError(t, v.Check(body()))
	for _, c := range []struct {
		name   string
		rule   verify.Rule
		change func(u *rewrite.Unit)
	}{
		{"no code", verify.RuleDecode, func(u *rewrite.Unit) { u.Code = nil }},
		{"cut off", verify.RuleDecode, func(u *rewrite.Unit) { u.Code = u.Code[:len(u.Code)-1] }},
		{"no entry", verify.RuleBranch, func(u *rewrite.Unit) { u.Entries = nil }},
		{"entry in an instruction", verify.RuleBranch, func(u *rewrite.Unit) { u.Entries[0].Offset = 1 }},
		{"entry behind the code", verify.RuleBranch, func(u *rewrite.Unit) { u.Entries[0].Offset = uint32(len(u.Code)) }},
		{"field not aligned", verify.RuleBranch, func(u *rewrite.Unit) { u.Exits[0].Field++ }},
		{"field of no branch", verify.RuleBranch, func(u *rewrite.Unit) { u.Exits[0].Field = 0 }},
		{"field behind the code", verify.RuleBranch, func(u *rewrite.Unit) { u.Exits[0].Field = 1 << 20 }},
		{"field twice", verify.RuleBranch, func(u *rewrite.Unit) { u.Exits = append(u.Exits, u.Exits[0]) }},
		{"exit elsewhere", verify.RuleLeave, func(u *rewrite.Unit) { u.Exits[0].PC++ }},
		{"exit not listed", verify.RuleLeave, func(u *rewrite.Unit) { u.Exits = nil }},
		{"mark in an instruction", verify.RuleMark, func(u *rewrite.Unit) {
			u.Marks = append([]rewrite.Mark{u.Marks[0]}, rewrite.Mark{Offset: 1}, u.Marks[1])
		}},
		{"marks out of order", verify.RuleMark, func(u *rewrite.Unit) { u.Marks[0], u.Marks[1] = u.Marks[1], u.Marks[0] }},
		{"mark behind the code", verify.RuleMark, func(u *rewrite.Unit) { u.Marks = append(u.Marks, rewrite.Mark{Offset: 1 << 20}) }},
		{"mark of no state", verify.RuleMark, func(u *rewrite.Unit) { u.Marks[0].State = 99 }},
		{"never a beginning", verify.RuleMark, func(u *rewrite.Unit) { u.Marks = nil }},
		{"branch into an instruction", verify.RuleBranch, func(u *rewrite.Unit) { u.Code[u.Exits[0].Field]++ }},
		{"branch before the unit", verify.RuleBranch, func(u *rewrite.Unit) { u.Code[u.Exits[0].Field+2] = 0x80 }},
		{"branch to itself", verify.RuleLeave, func(u *rewrite.Unit) {
			u.Marks[0].State = rewrite.Within
			copy(u.Code[u.Exits[0].Field:], []byte{0xFB, 0xFF, 0xFF, 0xFF})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := body()
			c.change(u)
			var e *verify.Error
			require.ErrorAs(t, v.Check(u), &e)
			require.Equal(t, c.rule, e.Rule, e)
		})
	}
}

func TestPlantedLeaving(t *testing.T) {
	exit := func(reason uint32) func(*plant) { return func(p *plant) { p.out(reason) } }
	check(t, []planted{
		{"indirect", "", func(p *plant) { p.Mov64(t0, amd64.RAX); p.out(rewrite.ExitIndirect) }},
		{"system call", "", func(p *plant) { p.MovImm(t0, 2); p.MovImm(t1, 1); p.out(rewrite.ExitSyscall) }},
		{"system call with rsp out of its range", verify.RuleLeave, func(p *plant) {
			p.op(0, gsp, 0x20)
			p.MovImm(t0, 2)
			p.MovImm(t1, 1)
			p.out(rewrite.ExitSyscall)
		}},
		{"system call with the base in a register", verify.RuleRegister, func(p *plant) {
			p.Mov64(amd64.RDX, base)
			p.mark(rewrite.Within)
			p.MovImm(t0, 2)
			p.MovImm(t1, 1)
			p.out(rewrite.ExitSyscall)
		}},
		{"another way out with rsp out of its range, which the engine sees", "", func(p *plant) { p.op(0, gsp, 0x20); p.leave() }},
		{"reason 0", verify.RuleState, func(p *plant) { p.MovImm(t0, 1); p.out(0) }},
		{"no such reason", verify.RuleState, func(p *plant) { p.MovImm(t0, 1); p.out(77) }},
		{"trap", verify.RuleBranch, func(p *plant) { p.MovImm(t0, 1); p.out(rewrite.ExitTrap) }},
		{"budget", verify.RuleBranch, func(p *plant) { p.MovImm(t0, 1); p.out(rewrite.ExitBudget) }},
		{"reason stored", verify.RuleState, func(p *plant) { p.Store32Imm(amd64.AtGS(rewrite.OffReason), rewrite.ExitInterpret) }},
		{"direct, without a call", verify.RuleLeave, func(p *plant) { p.MovImm(t0, 1); p.JmpMem(p.at(rewrite.OffOut + 8*rewrite.ExitDirect)) }},
		{"called, but not direct", verify.RuleBranch, func(p *plant) { p.MovImm(t0, 1); p.CallMem(p.at(rewrite.OffOut + 8*rewrite.ExitInterpret)) }},
		{"called through another field", verify.RuleBranch, func(p *plant) { p.MovImm(t0, 1); p.CallMem(amd64.AtGS(rewrite.OffR + 8*spilled)) }},
		{"T0 not set", verify.RuleLeave, exit(rewrite.ExitIndirect)},
		{"T0 the guest's", "", func(p *plant) { p.Mov64(t0, amd64.RAX); p.out(rewrite.ExitInterpret) }},
		{"T0 the guest's, system call", verify.RuleLeave, func(p *plant) { p.Mov64(t0, amd64.RAX); p.MovImm(t1, 1); p.out(rewrite.ExitSyscall) }},
		{"T0 the base", verify.RuleLeave, func(p *plant) { p.Mov64(t0, base); p.out(rewrite.ExitInterpret) }},
		{"T1 not set", verify.RuleLeave, func(p *plant) { p.MovImm(t0, 1); p.out(rewrite.ExitSyscall) }},
		{"T0 an address of code", verify.RuleLeave, func(p *plant) { p.hex(leaT0); p.out(rewrite.ExitInterpret) }},
		{"direct, nothing to fill in", verify.RuleLeave, func(p *plant) { p.MovImm(t0, 1); p.out(rewrite.ExitDirect) }},
		{"off the end", verify.RuleBranch, func(p *plant) { p.Mov64(amd64.RAX, amd64.RDX) }},
		{"jump through a register", verify.RuleBranch, func(p *plant) { p.hex("FF E0") }},
		{"jump through the window", verify.RuleBranch, func(p *plant) { p.JmpMem(window(gsp, 0)) }},
		{"jump through T1", verify.RuleBranch, func(p *plant) { p.JmpMem(amd64.At(t1, 8)) }},
	}, nil)
}

// TestPlantedDirect: the way out that all branches of a unit share is called.
func TestPlantedDirect(t *testing.T) {
	// direct is two branches out that share what before and the rest emit.
	direct := func(before func(p *plant)) func(p *plant) {
		return func(p *plant) {
			tail := p.NewLabel()
			var outs []amd64.Label
			for i := range 2 {
				p.AlignField(2)
				p.Bytes(0x0F, 0x84+byte(i))
				outs = append(outs, p.NewLabel())
				p.u.Exits = append(p.u.Exits, rewrite.Exit{PC: guestPC + 64 + uint64(i), Field: uint32(p.Rel32(outs[i]))})
			}
			p.leave()
			p.mark(rewrite.Within)
			p.Bind(tail)
			before(p)
			p.out(rewrite.ExitDirect)
			for i, l := range outs {
				p.mark(rewrite.Before)
				p.Bind(l)
				p.MovImm(t0, guestPC+64+uint64(i))
				p.Jmp(tail)
			}
		}
	}
	check(t, []planted{
		{"as it is", "", direct(func(*plant) {})},
		{"T1 the guest's", "", direct(func(p *plant) { p.Mov64(t1, amd64.RAX) })},
		{"T1 the base", "", direct(func(p *plant) { p.Mov64(t1, base) })},
		{"T0 the base", verify.RuleLeave, direct(func(p *plant) { p.Mov64(t0, base) })},
		{"the base in a register", verify.RuleRegister, direct(func(p *plant) { p.Mov64(amd64.RDX, base) })},
		{"the stub for returns", verify.RuleStack, direct(func(p *plant) { p.Lea64(amd64.RSP, amd64.At(amd64.RSP, -8)) })},
	}, nil)
}

func TestPlantedMarks(t *testing.T) {
	check(t, []planted{
		{"access within", verify.RuleMark, func(p *plant) { p.mark(rewrite.Within); p.Load64(amd64.RAX, window(gsp, 0)) }},
		{"division within", verify.RuleMark, func(p *plant) { p.mark(rewrite.Within); p.hex("F7 F3") }},
		{"copy within", verify.RuleMark, func(p *plant) {
			p.mark(rewrite.Within)
			p.Lea64(amd64.RDI, window(gsp, 0))
			p.Lea64(amd64.RSI, window(gsp, 0))
			p.hex("A4")
		}},
		{"cycle within", verify.RuleMark, func(p *plant) {
			p.mark(rewrite.Within)
			again := p.NewLabel()
			p.Bind(again)
			p.Mov64(amd64.RAX, amd64.RDX)
			p.Jcc(4, again)
			p.mark(rewrite.Before)
		}},
		{"copy, but nothing was added", verify.RuleMark, func(p *plant) { p.mark(rewrite.CopyBefore) }},
		{"fill, but nothing was added", verify.RuleMark, func(p *plant) { p.mark(rewrite.FillBefore) }},
		{"no beginning on the way to a return", verify.RuleMark, func(p *plant) {
			p.u.Marks[0].State = rewrite.Within
			p.MovImm(t0, 1)
			p.Ret()
		}},
	}, leave)
}

// TestPlantedLookup: bytes of the table Align, and no others.
func TestPlantedLookup(t *testing.T) {
	look := func(index amd64.Reg, disp int32, zero func(p *plant)) func(*plant) {
		return func(p *plant) {
			zero(p)
			p.LoadByte(amd64.RDX, amd64.Mem{Base: index, Index: amd64.None, GS: true, Disp: disp})
		}
	}
	byteOf := func(p *plant) { p.Movzx8(amd64.RDX, amd64.RAX) }
	check(t, []planted{
		{"as it is", "", look(amd64.RDX, rewrite.OffAlign, byteOf)},
		{"whole register", verify.RuleState, look(amd64.RDX, rewrite.OffAlign, func(p *plant) {})},
		{"16 bits", verify.RuleState, look(amd64.RDX, rewrite.OffAlign, func(p *plant) { p.Movzx16(amd64.RDX, amd64.RAX) })},
		{"one further", verify.RuleState, look(amd64.RDX, rewrite.OffAlign+1, byteOf)},
		{"one before", verify.RuleState, look(amd64.RDX, rewrite.OffAlign-1, byteOf)},
		{"another field", verify.RuleState, look(amd64.RDX, rewrite.OffBase, byteOf)},
		{"8 bytes", verify.RuleState, func(p *plant) {
			byteOf(p)
			p.Load64(amd64.RDX, amd64.Mem{Base: amd64.RDX, Index: amd64.None, GS: true, Disp: rewrite.OffAlign})
		}},
		{"store", verify.RuleState, func(p *plant) {
			byteOf(p)
			p.OpMem(amd64.Form{Opcode: 0x88}, amd64.RBX, amd64.Mem{Base: amd64.RDX, Index: amd64.None, GS: true, Disp: rewrite.OffAlign})
		}},
		{"base of the window as the index", verify.RuleState, look(base, rewrite.OffAlign, byteOf)},
	}, leave)
}

// copying is REP MOVS with its checks.
type copying struct{ noCheck, noSource, late, noRemove, half, noBase, noCount, noTake bool }

func (c copying) emit(p *plant) {
	scratch, scratch2 := amd64.AtGS(rewrite.OffScratch), amd64.AtGS(rewrite.OffScratch2)
	ok := p.NewLabel()
	p.Store64(scratch, amd64.RDI)
	p.Store64(scratch2, amd64.RSI)
	p.Load32(t0, upper(scratch))
	p.Load32(t1, upper(scratch2))
	if c.noSource {
		p.MovImm(t1, 0)
	}
	if c.half {
		p.Lea32(t0, amd64.Mem{Base: t0, Index: t1})
	} else {
		p.Lea64(t0, amd64.Mem{Base: t0, Index: t1})
	}
	p.Mov64(t1, t0)
	if !c.noCheck {
		p.Jrcxz(ok)
		p.leave()
		p.Bind(ok)
	}
	if c.late {
		p.Mov64(amd64.RDI, amd64.RBX)
	}
	switch {
	case c.noCount:
		p.mark(rewrite.Within)
		p.Mov64(t1, base)
	case !c.noCheck:
		p.Mov64(t1, guestRCX)
	}
	if !c.noBase {
		p.Lea64(amd64.RDI, amd64.Mem{Base: base, Index: amd64.RDI})
		p.mark(rewrite.FillBefore)
		p.Lea64(amd64.RSI, amd64.Mem{Base: base, Index: amd64.RSI})
		p.mark(rewrite.CopyBefore)
	}
	p.hex("F3 48 A5")
	p.mark(rewrite.Within)
	if !c.noTake {
		p.Mov64(guestRCX, t1)
	}
	p.Mov64(t0, base)
	p.Not64(t0)
	p.Lea64(amd64.RDI, amd64.Mem{Base: amd64.RDI, Index: t0, Disp: 1})
	if !c.noRemove {
		p.Lea64(amd64.RSI, amd64.Mem{Base: amd64.RSI, Index: t0, Disp: 1})
	}
	p.mark(rewrite.Before)
}

func TestPlantedStrings(t *testing.T) {
	check(t, []planted{
		{"as it is", "", copying{}.emit},
		{"no check", verify.RuleMark, copying{noCheck: true}.emit},
		{"source not checked", verify.RuleMark, copying{noSource: true}.emit},
		{"sum of the halves cut off", verify.RuleMark, copying{half: true}.emit},
		{"pointer changed after the check", verify.RuleMark, copying{late: true}.emit},
		{"count not known to be the guest's", verify.RuleMark, copying{noCount: true}.emit},
		{"count not taken back, which confinement does not need", "", copying{noTake: true}.emit},
		{"base not added", verify.RuleMemory, copying{noBase: true}.emit},
		{"base not removed", verify.RuleMark, copying{noRemove: true}.emit},
		{"with addresses of 32 bits", verify.RuleDecode, func(p *plant) { p.hex("67 F3 A4") }},
		{"with a segment", verify.RuleDecode, func(p *plant) { p.hex("65 F3 A4") }},
		{"scanning", verify.RuleInstruction, func(p *plant) { p.hex("F2 AE") }},
	}, leave)
}
