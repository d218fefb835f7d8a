package verify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/jit/asm/amd64"
	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/jit/verify"
)

// inTable is the entry of the table of indirect targets that T1 is the number of.
var inTable = amd64.Mem{Base: base, Index: t1, Scale: 3, Disp: -rewrite.TableBelow}

// dispatch is the table's use, with what may be wrong with it.
type dispatch struct {
	low, after func(p *plant)
	mark       rewrite.MarkState
	entry      amd64.Mem
	ahead      bool
	branch     func(p *plant, m amd64.Mem)
}

func (d dispatch) emit(p *plant) {
	p.Mov64(t0, amd64.RAX)
	p.mark(d.mark)
	if d.ahead {
		p.lookAhead()
	}
	d.low(p)
	if d.after != nil {
		d.after(p)
	}
	d.branch(p, d.entry)
}

// lookAhead reads the host stack ahead if the convention has it.
func (p *plant) lookAhead() {
	if p.c.State() == rewrite.StateInRegister {
		p.Load32(t1, amd64.At(amd64.RSP, -rewrite.StackAhead))
	}
}

// TestPlantedDispatch: jumps and calls through the table have one form.
func TestPlantedDispatch(t *testing.T) {
	branches := map[string]dispatch{
		"jump": {branch: func(p *plant, m amd64.Mem) { p.JmpMem(m) }},
		"call": {branch: func(p *plant, m amd64.Mem) { p.CallMem(m); p.mark(rewrite.Before); p.leave() }, ahead: true},
	}
	for name, d := range branches {
		d.low, d.entry, d.mark = func(p *plant) { p.Movzx16(t1, t0) }, inTable, rewrite.Arriving
		t.Run(name, func(t *testing.T) {
			forConventions(t, func(t *testing.T, c rewrite.Convention) { checkFor(t, c, plantedDispatch(d), nil) })
		})
	}
	check(t, []planted{
		{"call, then the end", verify.RuleBranch, func(p *plant) {
			p.Mov64(t0, amd64.RAX)
			p.Movzx16(t1, t0)
			p.CallMem(inTable)
		}},
		{"call of a way out, with a target", verify.RuleBranch, func(p *plant) {
			p.Mov64(t0, amd64.RAX)
			p.Movzx16(t1, t0)
			p.CallMem(p.at(rewrite.OffOut + 8*rewrite.ExitIndirect))
			p.leave()
		}},
	}, nil)
	checkFor(t, rewrite.StateInRegister, []planted{
		{"call, nothing read ahead", verify.RuleStack, func(p *plant) {
			p.Mov64(t0, amd64.RAX)
			p.Movzx16(t1, t0)
			p.CallMem(inTable)
			p.leave()
		}},
		{"call, what was read ahead as the number", verify.RuleBranch, func(p *plant) {
			p.Mov64(t0, amd64.RAX)
			p.Movzx16(t1, t0)
			p.lookAhead()
			p.CallMem(inTable)
			p.leave()
		}},
	}, nil)
}

func plantedDispatch(d dispatch) []planted {
	with := func(change func(d *dispatch)) func(*plant) {
		d := d
		change(&d)
		return d.emit
	}
	low := func(f func(p *plant)) func(*plant) { return with(func(d *dispatch) { d.low = f }) }
	after := func(f func(p *plant)) func(*plant) { return with(func(d *dispatch) { d.after = f }) }
	// Where nothing is said of the thread, so that the branch itself is what is refused.
	within := func(f func(p *plant)) func(*plant) {
		return with(func(d *dispatch) { d.after, d.mark = f, rewrite.Within })
	}
	entry := func(f func(m *amd64.Mem)) func(*plant) { return with(func(d *dispatch) { f(&d.entry) }) }
	return []planted{
		{"as it is", "", with(func(*dispatch) {})},
		{"where nothing is said", "", within(nil)},
		{"whole address as the number", verify.RuleBranch, low(func(p *plant) { p.Mov64(t1, t0) })},
		{"32 bits as the number", verify.RuleBranch, low(func(p *plant) { p.Mov32(t1, t0) })},
		{"16 bits sign-extended", verify.RuleBranch, low(func(p *plant) {
			p.Op(amd64.Form{W: true, Map: amd64.Map0F, Opcode: 0xBF}, t1, t0)
		})},
		{"16 bits, others kept", verify.RuleBranch, low(func(p *plant) {
			p.Mov64(t1, amd64.RDX)
			p.Op(amd64.Form{Opsize: true, Opcode: 0x8B}, t1, t0)
		})},
		{"number not set", verify.RuleBranch, low(func(*plant) {})},
		{"number doubled", verify.RuleBranch, after(func(p *plant) { p.Lea64(t1, amd64.Mem{Base: t1, Index: t1}) })},
		{"one entry further", verify.RuleBranch, after(func(p *plant) { p.Lea64(t1, amd64.At(t1, 1)) })},
		{"one entry back", verify.RuleBranch, after(func(p *plant) { p.Lea64(t1, amd64.At(t1, -1)) })},
		{"number changed", verify.RuleBranch, after(func(p *plant) { p.Mov64(t1, amd64.RDX) })},
		{"number on one way", verify.RuleBranch, low(func(p *plant) {
			l := p.NewLabel()
			p.Mov64(t1, amd64.RDX)
			p.Jcc(4, l)
			p.Movzx16(t1, t0)
			p.Bind(l)
		})},
		{"another register's number", verify.RuleBranch, with(func(d *dispatch) {
			d.after, d.entry.Index = func(p *plant) { p.Movzx16(amd64.RDX, t0) }, amd64.RDX
		})},
		{"no number", verify.RuleBranch, entry(func(m *amd64.Mem) { m.Index = amd64.None })},
		{"scaled by 4", verify.RuleBranch, entry(func(m *amd64.Mem) { m.Scale = 2 })},
		{"not scaled", verify.RuleBranch, entry(func(m *amd64.Mem) { m.Scale = 0 })},
		{"a displacement further on", verify.RuleBranch, entry(func(m *amd64.Mem) { m.Disp += 8 })},
		{"a displacement further back", verify.RuleBranch, entry(func(m *amd64.Mem) { m.Disp -= 8 })},
		{"within an entry", verify.RuleBranch, entry(func(m *amd64.Mem) { m.Disp++ })},
		{"no displacement", verify.RuleBranch, entry(func(m *amd64.Mem) { m.Disp = 0 })},
		{"a displacement the other way", verify.RuleBranch, entry(func(m *amd64.Mem) { m.Disp = rewrite.TableBelow })},
		{"a base of the guest's", verify.RuleBranch, entry(func(m *amd64.Mem) { m.Base = amd64.RDX })},
		{"no base", verify.RuleBranch, entry(func(m *amd64.Mem) { m.Base = amd64.None })},
		{"the window's base elsewhere", verify.RuleBranch, with(func(d *dispatch) {
			d.after, d.mark, d.entry.Base = func(p *plant) { p.Mov64(t0, base) }, rewrite.Within, t0
		})},
		{"base and number exchanged", verify.RuleBranch, entry(func(m *amd64.Mem) { m.Base, m.Index = m.Index, m.Base })},
		{"through the guest's stack", verify.RuleBranch, with(func(d *dispatch) { d.entry = window(gsp, 0) })},
		{"through a register", verify.RuleBranch, with(func(d *dispatch) {
			d.branch = func(p *plant, _ amd64.Mem) { p.Op(amd64.Form{Opcode: 0xFF}, 4, amd64.RAX); p.leave() }
		})},
		{"call through a register", verify.RuleBranch, with(func(d *dispatch) {
			d.ahead, d.branch = true, func(p *plant, _ amd64.Mem) { p.Op(amd64.Form{Opcode: 0xFF}, 2, amd64.RAX); p.leave() }
		})},
		{"far", verify.RuleInstruction, with(func(d *dispatch) {
			d.branch = func(p *plant, m amd64.Mem) { p.OpMem(amd64.Form{Opcode: 0xFF}, 5, m); p.leave() }
		})},
		{"far call", verify.RuleInstruction, with(func(d *dispatch) {
			d.branch = func(p *plant, m amd64.Mem) { p.OpMem(amd64.Form{Opcode: 0xFF}, 3, m); p.leave() }
		})},
		{"operand size", verify.RuleDecode, after(func(p *plant) { p.hex("66") })},
		{"address of 32 bits", verify.RuleDecode, after(func(p *plant) { p.hex("67") })},
		{"a segment", verify.RuleDecode, after(func(p *plant) { p.hex("64") })},
		{"REX.W", verify.RuleDecode, with(func(d *dispatch) {
			branch := d.branch
			d.branch = func(p *plant, m amd64.Mem) {
				at := p.Len()
				branch(p, m)
				p.Code[at] |= 8
			}
		})},
		{"a host address as the target", verify.RuleRegister, within(func(p *plant) { p.Mov64(t0, base) })},
		{"with rsp out of its range", verify.RuleLeave, within(func(p *plant) { p.Mov64(gsp, amd64.RAX) })},
		{"with the base in a register", verify.RuleRegister, within(func(p *plant) { p.Mov64(amd64.RAX, base) })},
	}
}

// TestPlantedTableAccess: the table is out of reach of everything else.
func TestPlantedTableAccess(t *testing.T) {
	number := func(f func(p *plant, m amd64.Mem)) func(*plant) {
		return func(p *plant) {
			p.Movzx16(t1, amd64.RAX)
			f(p, inTable)
		}
	}
	form := func(f amd64.Form, reg amd64.Reg) func(*plant) {
		return number(func(p *plant, m amd64.Mem) { p.OpMem(f, reg, m) })
	}
	at := func(m amd64.Mem) func(*plant) { return func(p *plant) { p.Load64(amd64.RAX, m) } }
	check(t, []planted{
		{"load", verify.RuleMemory, form(amd64.Form{W: true, Opcode: 0x8B}, amd64.RAX)},
		{"load of a byte", verify.RuleMemory, form(amd64.Form{Map: amd64.Map0F, Opcode: 0xB6}, amd64.RAX)},
		{"store", verify.RuleMemory, form(amd64.Form{W: true, Opcode: 0x89}, amd64.RAX)},
		{"add", verify.RuleMemory, form(amd64.Form{W: true, Opcode: 0x01}, amd64.RAX)},
		{"exchange", verify.RuleMemory, form(amd64.Form{W: true, Opcode: 0x87}, amd64.RAX)},
		{"compare", verify.RuleMemory, form(amd64.Form{W: true, Opcode: 0x39}, amd64.RAX)},
		{"compare and exchange", verify.RuleMemory, form(amd64.Form{Lock: true, W: true, Map: amd64.Map0F, Opcode: 0xB1}, amd64.RDX)},
		{"vector load", verify.RuleMemory, form(amd64.Form{Map: amd64.Map0F, Opcode: 0x10}, 0)},
		{"vector store", verify.RuleMemory, form(amd64.Form{Map: amd64.Map0F, Opcode: 0x11}, 0)},
		{"constant store", verify.RuleMemory, number(func(p *plant, m amd64.Mem) { p.Store64Imm(m, 1) })},
		{"push", verify.RuleInstruction, form(amd64.Form{Opcode: 0xFF}, 6)},
		{"first byte", verify.RuleMemory, at(amd64.At(base, -rewrite.TableBelow))},
		{"last byte", verify.RuleMemory, at(amd64.At(base, -rewrite.TableBelow+8<<16-1))},
		{"above the table", verify.RuleMemory, at(amd64.At(base, -rewrite.TableBelow+8<<16))},
		{"by rsp", verify.RuleMemory, at(window(gsp, -rewrite.TableBelow))},
		{"by its address", verify.RuleMemory, func(p *plant) {
			p.Lea64(t0, amd64.At(base, -rewrite.TableBelow))
			p.Load64(amd64.RAX, amd64.At(t0, 0))
		}},
		{"by a step down", verify.RuleMemory, func(p *plant) {
			p.Lea64(t0, amd64.At(base, -verify.Reach))
			p.Lea64(t0, amd64.At(t0, -verify.Reach))
			p.Load64(amd64.RAX, amd64.At(t0, 0))
		}},
		{"its address to the guest", verify.RuleMark, func(p *plant) {
			p.Lea64(amd64.RAX, amd64.At(base, -rewrite.TableBelow))
			p.mark(rewrite.Before)
		}},
		{"fill", verify.RuleMemory, func(p *plant) {
			p.mark(rewrite.Within)
			p.Mov64(t1, guestRCX)
			p.Lea64(amd64.RDI, amd64.At(base, -rewrite.TableBelow))
			p.mark(rewrite.FillBefore)
			p.hex("F3 48 AB")
		}},
		{"copy from it", verify.RuleMemory, func(p *plant) {
			p.mark(rewrite.Within)
			p.Mov64(t1, guestRCX)
			p.Lea64(amd64.RDI, window(gsp, 0))
			p.Lea64(amd64.RSI, amd64.At(base, -rewrite.TableBelow))
			p.mark(rewrite.CopyBefore)
			p.hex("F3 48 A5")
		}},
	}, leave)
	require.Less(t, int64(8<<16+verify.Reach), int64(rewrite.TableBelow)+1)
}

// TestPlantedTargets: what the table of indirect targets leads to.
func TestPlantedTargets(t *testing.T) {
	v := verify.New(all)
	target := func(f func(p *plant)) *rewrite.Unit {
		u := unit(func(p *plant) {
			p.u.Marks[0].State = rewrite.Within
			f(p)
		})
		u.Entries = nil
		return u
	}
	for _, pc := range []uint64{0x1000, guestPC, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
		tr := rewrite.NewTranslator(rewrite.Options{Supported: all})
		require.NoError(t, v.CheckTarget(tr.EntryStub(pc)))
		require.Error(t, v.Check(tr.EntryStub(pc)))
		u, ok := tr.TranslateTarget(pc, func(uint64) []byte { return []byte{0x48, 0x01, 0xC8, 0xC3} })
		require.True(t, ok)
		require.NoError(t, v.CheckTarget(u))
	}

	for _, c := range []planted{
		{"T0 and T1 are numbers", "", func(p *plant) { p.Lea64(amd64.RAX, amd64.Mem{Base: t0, Index: t1}); p.mark(rewrite.Before); p.leave() }},
		{"T0 is where the guest goes on", "", func(p *plant) { p.mark(rewrite.Arriving); p.leave() }},
		{"back to the table", "", func(p *plant) { p.mark(rewrite.Arriving); p.Movzx16(t1, t0); p.JmpMem(inTable) }},
		{"back to the table for good", verify.RuleMark, func(p *plant) { p.Movzx16(t1, t0); p.JmpMem(inTable) }},
		{"T1 taken for the entry's number", verify.RuleBranch, func(p *plant) { p.mark(rewrite.Arriving); p.JmpMem(inTable) }},
		{"RSP moved", verify.RuleStack, func(p *plant) { p.Lea64(amd64.RSP, amd64.At(amd64.RSP, -8)); p.leave() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := target(c.emit)
			c.requireVerdict(t, u, v.CheckTarget(u))
		})
	}
}

// TestReturnStub: what the stub may do, only the stub may, and it must do it
// first.
func TestReturnStub(t *testing.T) {
	forConventions(t, func(t *testing.T, c rewrite.Convention) {
		v := verify.NewFor(c, all)
		tr := rewrite.NewTranslator(rewrite.Options{Supported: all, Convention: c})
		u := copyUnit(tr.ReturnStub())
		require.NoError(t, v.CheckReturnStub(u))
		u.Entries = []rewrite.Entry{{}}
		var e *verify.Error
		require.ErrorAs(t, v.Check(u), &e)
		require.Equal(t, verify.RuleStack, e.Rule)
		require.ErrorAs(t, v.CheckReturnStub(u), &e)
		require.Equal(t, verify.RuleBranch, e.Rule)
	})
	v := verify.New(all)
	back := func(p *plant) { p.Lea64(amd64.RSP, amd64.At(amd64.RSP, -8)) }
	on := func(p *plant) { p.Movzx16(t1, t0); p.JmpMem(inTable) }
	for _, c := range []struct {
		planted
		first rewrite.MarkState
	}{
		{planted{"as it is", "", func(p *plant) { back(p); p.mark(rewrite.Arriving); on(p) }}, rewrite.Within},
		{planted{"taken out too early", verify.RuleMark, func(p *plant) { back(p); on(p) }}, rewrite.Arriving},
		{planted{"an instruction too early", verify.RuleMark, func(p *plant) { back(p); on(p) }}, rewrite.Before},
		{planted{"never taken out", verify.RuleMark, func(p *plant) { back(p); on(p) }}, rewrite.Within},
		{planted{"to the table without its address", verify.RuleStack, on}, rewrite.Within},
		{planted{"a call without its address", verify.RuleStack, func(p *plant) { p.Movzx16(t1, t0); p.CallMem(inTable); p.leave() }}, rewrite.Within},
		{planted{"a return without its address", verify.RuleStack, func(p *plant) { p.Ret() }}, rewrite.Within},
		{planted{"out without its address", verify.RuleStack, leave}, rewrite.Within},
		{planted{"its address twice", verify.RuleStack, func(p *plant) { back(p); back(p); p.mark(rewrite.Arriving); on(p) }}, rewrite.Within},
		{planted{"its address on one way", verify.RuleStack, func(p *plant) {
			l := p.NewLabel()
			p.Jcc(4, l)
			back(p)
			p.Bind(l)
			on(p)
		}}, rewrite.Within},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := unit(c.emit)
			u.Entries, u.Marks[0].State = nil, c.first
			c.requireVerdict(t, u, v.CheckReturnStub(u))
		})
	}
}

// TestPlantedArriving: where the guest goes on at T0, that is a number of its,
// and all else is its.
func TestPlantedArriving(t *testing.T) {
	arriving := func(s rewrite.MarkState, f func(p *plant)) func(*plant) {
		return func(p *plant) {
			p.mark(rewrite.Within)
			p.Mov64(t0, amd64.RAX)
			f(p)
			p.mark(s)
			p.hex("90")
		}
	}
	then := func(f func(p *plant)) func(*plant) {
		return func(p *plant) {
			arriving(rewrite.Arriving, func(*plant) {})(p)
			f(p)
		}
	}
	nothing := func(*plant) {}
	check(t, []planted{
		{"a register", "", arriving(rewrite.Arriving, nothing)},
		{"a constant", "", arriving(rewrite.Arriving, func(p *plant) { p.MovImm(t0, 1<<40) })},
		{"T1 is nobody's", "", arriving(rewrite.Arriving, func(p *plant) { p.Mov64(t1, base) })},
		{"T0 not set", verify.RuleMark, func(p *plant) { p.mark(rewrite.Arriving) }},
		{"T0 set too late", verify.RuleMark, func(p *plant) { p.mark(rewrite.Arriving); p.Mov64(t0, amd64.RAX) }},
		{"T0 set on one way", verify.RuleMark, func(p *plant) {
			l := p.NewLabel()
			p.Jcc(4, l)
			p.Mov64(t0, amd64.RAX)
			p.Bind(l)
			p.mark(rewrite.Arriving)
		}},
		{"the base in T0", verify.RuleMark, arriving(rewrite.Arriving, func(p *plant) { p.Mov64(t0, base) })},
		{"an address of code in T0", verify.RuleMark, arriving(rewrite.Arriving, func(p *plant) { p.hex(leaT0) })},
		{"the base in rcx", verify.RuleMark, arriving(rewrite.Arriving, func(p *plant) { p.Mov64(guestRCX, base) })},
		{"the base in a register", verify.RuleMark, arriving(rewrite.Arriving, func(p *plant) { p.Mov64(amd64.RDX, base) })},
		{"the base added to rdi", verify.RuleMark, arriving(rewrite.Arriving, func(p *plant) { p.Lea64(amd64.RDI, window(gsp, 0)) })},
		{"rsp out of its range", verify.RuleMark, arriving(rewrite.Arriving, func(p *plant) { p.op(0, gsp, 0x20) })},
		{"load", verify.RuleMark, then(func(p *plant) { p.Load64(amd64.RAX, window(gsp, 0)) })},
		{"store", verify.RuleMark, then(func(p *plant) { p.Store64(window(gsp, 0), amd64.RAX) })},
		{"vector load", verify.RuleMark, then(func(p *plant) { p.OpMem(amd64.Form{Map: amd64.Map0F, Opcode: 0x10}, 0, window(gsp, 0)) })},
		{"probe", verify.RuleMark, then(func(p *plant) { p.LoadByte(t0, window(gsp, 0)) })},
		{"division", verify.RuleMark, then(func(p *plant) { p.hex("F7 F3") })},
		{"floating point", verify.RuleMark, then(func(p *plant) { p.hex("F2 0F 58 C1") })},
		{"fill", verify.RuleMark, func(p *plant) {
			p.Mov64(t0, amd64.RAX)
			p.Lea64(amd64.RDI, window(gsp, 0))
			p.mark(rewrite.Within)
			p.hex("AA")
		}},
		{"T0 lost", verify.RuleMark, then(func(p *plant) { p.Mov64(t0, base); p.hex("90") })},
		{"a cycle that can be left", "", then(func(p *plant) {
			again := p.NewLabel()
			p.Bind(again)
			p.hex("90")
			p.Jcc(4, again)
		})},
	}, leave)
}

// TestPlantedCycles: every cycle, by way of calls too, has a place where the
// thread can be taken out.
func TestPlantedCycles(t *testing.T) {
	// around is a call of what returns at once, again and again.
	around := func(landing, function rewrite.MarkState) func(*plant) {
		return func(p *plant) {
			again, f := p.NewLabel(), p.NewLabel()
			p.Load64(t0, window(gsp, 0))
			p.mark(rewrite.Within)
			p.Bind(again)
			p.Call(f)
			p.mark(landing)
			p.MovImm(t0, 1)
			p.mark(rewrite.Within)
			p.Jmp(again)
			p.Bind(f)
			p.MovImm(t0, 1)
			p.mark(function)
			p.Ret()
		}
	}
	check(t, []planted{
		{"taken out at the landing", "", around(rewrite.Arriving, rewrite.Within)},
		{"never taken out", verify.RuleMark, around(rewrite.Within, rewrite.Within)},
		{"taken out at the next instruction", "", func(p *plant) {
			on := p.NewLabel()
			p.hex("90")
			p.mark(rewrite.Within)
			p.Call(on)
			p.mark(rewrite.Before)
			p.Bind(on)
			p.leave()
		}},
		{"from a landing on to a return", verify.RuleMark, func(p *plant) {
			f := call(p)
			p.hex("90")
			p.mark(rewrite.Within)
			p.Call(f)
			p.MovImm(t0, 1)
			p.Ret()
		}},
	}, nil)
}

// TestPlantedNothing: of the instructions that do nothing, only those of the
// list may be used.
func TestPlantedNothing(t *testing.T) {
	code := func(code string) func(*plant) { return func(p *plant) { p.hex(code) } }
	list := []planted{
		{"registers", verify.RuleInstruction, code("0F 1F C0")},
		{"another extension", verify.RuleInstruction, code("0F 1F 08")},
		{"another base", verify.RuleInstruction, code("0F 1F 01")},
		{"another displacement of 8 bits", verify.RuleInstruction, code("0F 1F 40 01")},
		{"another displacement of 32 bits", verify.RuleInstruction, code("0F 1F 80 00 00 01 00")},
		{"another index", verify.RuleInstruction, code("0F 1F 44 08 00")},
		{"relative to rip", verify.RuleInstruction, code("0F 1F 05 00 00 00 00")},
		{"operand size without need", verify.RuleInstruction, code("66 0F 1F 00")},
		{"REX", verify.RuleInstruction, code("41 0F 1F 00")},
		{"REX.W", verify.RuleInstruction, code("48 90")},
		{"operand size twice", verify.RuleDecode, code("66 66 90")},
		{"gs", verify.RuleInstruction, code("65 0F 1F 00")},
		{"cs", verify.RuleDecode, code("66 2E 0F 1F 84 00 00 00 00 00")},
		{"repne", verify.RuleDecode, code("F2 90")},
		{"lock", verify.RuleDecode, code("F0 90")},
		{"xchg with the base", verify.RuleRegister, code("41 90")},
		{"hint", verify.RuleInstruction, code("0F 19 00")},
		{"endbr64", verify.RuleInstruction, code("F3 0F 1E FA")},
	}
	for _, n := range []string{
		"90", "66 90", "0F 1F 00", "0F 1F 40 00", "0F 1F 44 00 00", "66 0F 1F 44 00 00", "0F 1F 80 00 00 00 00",
		"0F 1F 84 00 00 00 00 00", "66 0F 1F 84 00 00 00 00 00",
	} {
		list = append(list, planted{n, "", code(n)})
	}
	check(t, list, leave)
}
