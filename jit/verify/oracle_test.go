package verify_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/asm/amd64"
	"github.com/nuage-emu/nuage/jit/rewrite"
	"github.com/nuage-emu/nuage/jit/verify"
	"github.com/nuage-emu/nuage/memory"
)

// The oracle runs a unit's host code, instruction by instruction, in the
// interpreter, with the registers as bad as they may be, and looks at where
// each access would have gone on the host. It knows nothing of how the verifier
// reasons. The machine is laid out in the interpreter's 4 GiB; the window's
// address is far above them, which the interpreter does not look at, so that
// an access to the window goes to its offset, and one to an address of the host
// that the code should not have is told apart.
const (
	oracleCode   = 0x2000_0000
	oracleState  = 0x3000_0000
	oracleStack  = 0x3100_0000
	oracleAhead  = 0x1_0000    // of the stack may be read before a call
	oracleExit   = 0x3300_0000 // where things lead to: no code
	oracleEntry  = 0x3300_1000
	oracleReturn = 0x3300_2000
	oracleData   = 0x1000_0000 // guest memory
	oracleSize   = 1 << 20
	oracleWindow = 0x7A7A_0000_0000_0000
	oracleBudget = 0x6B6B_0000_0000_0000             // where the budget ends
	oracleTable  = oracleWindow - rewrite.TableBelow // for guests: the last MiB
	tableBytes   = 8 << 16

	oracleCounted = 1 << 20 // more than a run counts
)

type oracle struct {
	convention rewrite.Convention

	space  *memory.Space
	engine cpu.Engine
	thread *cpu.Thread
	s      *x86.State
	state  []byte // as it was at the beginning of a run
}

func newOracle(t testing.TB, c rewrite.Convention) *oracle {
	o := &oracle{convention: c}
	var err error
	o.space, err = memory.New(memory.Options{Form: memory.Paged})
	require.NoError(t, err)
	for _, m := range []struct{ at, size uint64 }{
		{oracleState, 0x2000}, {oracleStack - oracleAhead, 0x2000 + oracleAhead}, {oracleTable & 0xFFFF_FFFF, tableBytes}, {oracleData, oracleSize},
	} {
		_, err := o.space.Map(memory.Mapping{Addr: m.at, Len: m.size, Prot: memory.Read | memory.Write, MaxProt: memory.Read | memory.Write, Fixed: true})
		require.NoError(t, err)
	}
	_, err = o.space.Map(memory.Mapping{Addr: oracleCode, Len: 1 << 20, Prot: memory.Write, MaxProt: memory.Read | memory.Write | memory.Exec, Fixed: true})
	require.NoError(t, err)
	table := make([]byte, tableBytes)
	for i := 0; i < len(table); i += 8 {
		binary.LittleEndian.PutUint64(table[i:], oracleEntry)
	}
	require.NoError(t, o.space.WriteAt(table, oracleTable&0xFFFF_FFFF))
	o.engine = x86.NewInterpreter(o.space, x86.Options{})
	o.thread = &cpu.Thread{State: o.engine.NewState()}
	o.s = o.thread.State.(*x86.State)
	return o
}

func (o *oracle) close(t testing.TB) {
	require.NoError(t, o.engine.Close())
	require.NoError(t, o.space.Close())
}

func (o *oracle) put64(t testing.TB, at, v uint64) {
	require.NoError(t, o.space.WriteAt(binary.LittleEndian.AppendUint64(nil, v), at))
}

func (o *oracle) load(t testing.TB, u *rewrite.Unit) {
	require.NoError(t, o.space.Protect(oracleCode, 1<<20, memory.Read|memory.Write))
	require.NoError(t, o.space.WriteAt(u.Code, oracleCode))
	require.NoError(t, o.space.Protect(oracleCode, 1<<20, memory.Read|memory.Exec))
}

// begin is where a unit may be entered, and what is assumed there.
type begin struct {
	offset uint64
	kind   beginKind
}

type beginKind uint8

const (
	atEntry   beginKind = iota
	atLanding           // T0 is the guest's
	atTarget            // T0 and T1 are the guest's
	atReturn            // T0 is the guest's; the stub's address is not on the host stack
)

// begins are the entries of a unit, and what is behind its calls.
func begins(u *rewrite.Unit) (list []begin) {
	for _, e := range u.Entries {
		list = append(list, begin{uint64(e.Offset), atEntry})
	}
	for at := 0; at < len(u.Code); {
		var d x86.Inst
		if x86.Decode(&d, u.Code[at:], uint64(at)) != nil {
			break
		}
		at += d.Len
		if d.Row.Name == "call" && at < len(u.Code) && !callsOut(&d) {
			list = append(list, begin{uint64(at), atLanding})
		}
	}
	return list
}

// callsOut reports whether a call is one that nothing comes back from.
func callsOut(d *x86.Inst) bool {
	return d.HasMem && (d.Prefix&x86.PrefixGS != 0 || d.Mem.Base == uint8(stateAt))
}

// run runs the unit from one of the places. It returns what the code did that it
// must not do, or nil.
func (o *oracle) run(t testing.TB, u *rewrite.Unit, from []begin, rnd *rand.Rand) error {
	starts := beginnings(u.Code)
	o.seed(t, u, from[rnd.IntN(len(from))], rnd)
	const sp = oracleStack + 0x1000
	for range 300 {
		pc := o.s.PC()
		switch pc {
		case oracleExit + rewrite.ExitDirect, oracleExit + rewrite.ExitIndirect, oracleExit + rewrite.ExitSyscall, oracleExit + rewrite.ExitInterpret:
			if o.addressIn(t0) {
				return fmt.Errorf("left with a host address in T0")
			}
			called := uint64(0)
			if pc == oracleExit+rewrite.ExitDirect { // and takes the address off the stack
				called = 8
			}
			return o.left(t, o.s.R[x86.RSP]+called, sp, starts)
		case oracleEntry: // T0 and T1 are the guest's
			if err := o.arrived(true); err != nil {
				return err
			}
			return o.left(t, o.s.R[x86.RSP], sp, starts)
		case oracleReturn: // T0 is the guest's
			if err := o.arrived(false); err != nil {
				return err
			}
			return o.left(t, o.s.R[x86.RSP], sp+8, starts)
		}
		if !starts[pc-oracleCode] {
			return fmt.Errorf("it runs at %#x, where no instruction begins", pc)
		}
		if err := o.outside(t, u, pc-oracleCode, sp, starts); err != nil {
			return err
		}
		var d x86.Inst
		if err := x86.Decode(&d, u.Code[pc-oracleCode:], pc); err != nil {
			return err
		}
		if stop, err := o.look(&d); stop || err != nil {
			return err
		}
		o.thread.Retired = 0
		if stop := o.engine.Run(o.thread, 1); stop.Kind != cpu.StopBudget {
			return nil // a fault or a division by zero: a trap
		}
		if o.s.R[base] != oracleWindow {
			return fmt.Errorf("%s has changed the window's base", d.Text(nil))
		}
		if o.convention.Counts() && o.s.R[counter]-(oracleBudget-oracleCounted) > 2*oracleCounted {
			return fmt.Errorf("%s has made the counter %#x", d.Text(nil), o.s.R[counter])
		}
		if o.register() && o.s.R[stateAt] != oracleState {
			return fmt.Errorf("%s has changed the address of the State", d.Text(nil))
		}
	}
	return nil
}

// slot is the place in the State of one of them.
func (o *oracle) slot(r int) int32 {
	if o.convention.Counts() && r == rewrite.Counter {
		return rewrite.OffDisplaced
	}
	return rewrite.OffR + 8*int32(r)
}

// register reports whether the State is reached through a register.
func (o *oracle) register() bool { return o.convention.State() == rewrite.StateInRegister }

// spilled are the guest's registers that are in the State.
func (o *oracle) spilled() (list []int) {
	for r := range 16 {
		if _, ok := o.convention.HostRegister(r); !ok {
			list = append(list, r)
		}
	}
	return list
}

// isGuests reports whether a host register is the guest's.
func (o *oracle) isGuests(r amd64.Reg) bool {
	for g := range 16 {
		if h, ok := o.convention.HostRegister(g); ok && h == r {
			return true
		}
	}
	return false
}

// seed sets the machine up.
func (o *oracle) seed(t testing.TB, u *rewrite.Unit, from begin, rnd *rand.Rand) {
	o.s.Reset(cpu.Start{PC: oracleCode + from.offset})
	o.thread.State = o.s
	for r := range 16 {
		switch rnd.IntN(6) {
		case 0:
			o.s.R[r] = rnd.Uint64() >> 2
		case 1:
			o.s.R[r] = uint64(int64(rnd.IntN(256)) - 128)
		case 2:
			o.s.R[r] = 0xFFFF_FFFF - uint64(rnd.IntN(64))
		default:
			o.s.R[r] = oracleData + uint64(rnd.IntN(oracleSize))
		}
		for k := range o.s.V[r] {
			o.s.V[r][k] = rnd.Uint64()
		}
	}
	o.s.R[gsp] = oracleData + oracleSize/2
	if rnd.IntN(4) == 0 {
		o.s.R[gsp] = uint64(rnd.Uint32())
	}
	o.s.SetFlags(rnd.Uint64() & (x86.FlagsStatus | x86.FlagD))
	o.s.R[base] = oracleWindow
	if from.kind == atEntry && rnd.IntN(2) == 0 {
		o.s.R[t0] = oracleWindow + uint64(rnd.Uint32())
	}
	if from.kind != atTarget && rnd.IntN(2) == 0 {
		o.s.R[t1] = oracleWindow + uint64(rnd.Uint32())
	}
	// What the code compares T0 with, so that it goes on.
	var d x86.Inst
	if from.kind != atEntry && rnd.IntN(3) > 0 && x86.Decode(&d, u.Code[from.offset:], 0) == nil && d.Row.Name == "lea" {
		o.s.R[t0] = -uint64(d.Mem.Disp)
	}
	o.s.R[x86.RSP] = oracleStack + 0x1000
	if from.kind == atReturn {
		o.s.R[x86.RSP] += 8
	}
	if o.register() {
		o.s.R[stateAt] = oracleState
	} else {
		o.s.R[x86.GSBase] = oracleState
	}
	o.put64(t, oracleStack+0x1000, oracleReturn)

	o.state = make([]byte, 0x2000)
	for i := range o.state {
		o.state[i] = byte(rnd.Uint32())
	}
	set := func(off int32, v uint64) { binary.LittleEndian.PutUint64(o.state[off:], v) }
	for _, r := range o.spilled() {
		set(o.slot(r), oracleData+uint64(rnd.IntN(oracleSize)))
	}
	set(rewrite.OffR+8*x86.FSBase, oracleData)
	set(rewrite.OffR+8*x86.GSBase, 0)
	for _, reason := range rewrite.WaysOut {
		set(rewrite.OffOut+8*int32(reason), oracleExit+uint64(reason))
	}
	if o.convention.Counts() {
		o.s.R[counter] = oracleBudget + uint64(rnd.IntN(1000))
	}
	require.NoError(t, o.space.WriteAt(o.state, oracleState))
}

// look says whether the instruction accesses what it must not (the error), or
// what would be a fault on the host (stop).
func (o *oracle) look(d *x86.Inst) (stop bool, err error) {
	for i := range d.Args[:d.NArgs] {
		a := &d.Args[i]
		switch {
		case a.Kind == x86.ArgMem && a.Op.Access:
			if stop, err = o.operand(d, a); stop || err != nil {
				return stop, err
			}
		case a.Kind == x86.ArgStrDst:
			stop, err = o.window(d, o.s.R[x86.RDI], 8)
		case a.Kind == x86.ArgStrSrc && !stop && err == nil:
			stop, err = o.window(d, o.s.R[x86.RSI], 8)
		}
	}
	switch d.Row.Name {
	case "push", "pop", "call", "ret":
		if sp := o.s.R[x86.RSP]; sp < oracleStack+0x100 || sp > oracleStack+0x1008 {
			return false, fmt.Errorf("%s with the host stack at %#x", d.Text(nil), sp)
		}
	}
	if stop || err != nil || d.Prefix&x86.PrefixRep == 0 || d.Row.Attr&x86.Rep == 0 {
		return stop, err
	}
	// A long copy would walk over what is not the window's here.
	return o.s.R[x86.RCX] > 16, nil
}

func (o *oracle) operand(d *x86.Inst, a *x86.Arg) (stop bool, err error) {
	ea := uint64(d.Mem.Disp)
	if d.Mem.RIP {
		ea += d.Next()
	}
	if d.Mem.Base != x86.Zero {
		ea += o.s.R[d.Mem.Base]
	}
	if d.Mem.Index != x86.Zero {
		ea += o.s.R[d.Mem.Index] << d.Mem.Scale
	}
	if d.Prefix&x86.PrefixAddr32 != 0 {
		ea = uint64(uint32(ea))
	}
	inState := d.Prefix&x86.PrefixGS != 0
	if o.register() {
		if inState {
			return false, fmt.Errorf("%s accesses what the host has in GS", d.Text(nil))
		}
		inState = d.Mem.Base == uint8(stateAt)
		if inState {
			ea -= o.s.R[stateAt]
		}
	}
	switch {
	case o.convention.Counts() && d.Mem.Base == uint8(counter) && d.Mem.Index == x86.Zero && a.Width == 1 && !a.Op.Write:
		return ea < oracleBudget, nil
	case o.register() && d.Mem.Base == x86.RSP && ea >= oracleStack-oracleAhead && ea < oracleStack+0x1000 && !a.Op.Write:
		return false, nil
	case inState:
		if ea+uint64(a.Width) > 0x2000 {
			return false, fmt.Errorf("%s accesses the State at %#x", d.Text(nil), ea)
		}
		return false, nil
	case ea >= oracleTable && ea < oracleTable+tableBytes && ea%8 == 0 && (d.Row.Name == "jmp" || d.Row.Name == "call"):
		return false, nil
	}
	return o.window(d, ea, uint64(a.Width))
}

// window says whether an access lies in the window or its guards. One to what
// the window does not have here is a fault.
func (o *oracle) window(d *x86.Inst, ea, width uint64) (stop bool, err error) {
	at := ea - oracleWindow + verify.Reach
	if at > 1<<32+2*verify.Reach-width {
		return false, fmt.Errorf("%s accesses %#x on the host", d.Text(nil), ea)
	}
	at = uint64(uint32(at - verify.Reach))
	return at < oracleData || at+width > oracleData+oracleSize, nil
}

// outside checks the machine at an offset of the unit where a mark says that the
// thread may be taken out.
func (o *oracle) outside(t testing.TB, u *rewrite.Unit, offset, sp uint64, starts map[uint64]bool) error {
	k := sort.Search(len(u.Marks), func(k int) bool { return uint64(u.Marks[k].Offset) > offset }) - 1
	if k < 0 || u.Marks[k].State == rewrite.Within {
		return nil
	}
	if err := o.stack(t, o.s.R[x86.RSP], sp, starts); err != nil {
		return err
	}
	m := u.Marks[k].State
	for r := range amd64.Reg(16) {
		added := r == x86.RDI && (m == rewrite.CopyBefore || m == rewrite.FillBefore) || r == x86.RSI && m == rewrite.CopyBefore
		if o.isGuests(r) && !added && o.addressIn(r) {
			return fmt.Errorf("at %#x, marked %d, with a host address in %s", offset, m, x86.RegName(uint8(r), 8))
		}
	}
	if (m == rewrite.CopyBefore || m == rewrite.FillBefore) && o.addressIn(t1) {
		return fmt.Errorf("at %#x, marked %d, with a host address in T1 for rcx", offset, m)
	}
	if m == rewrite.Arriving {
		return o.arrived(false)
	}
	return nil
}

// arrived checks the machine where the guest goes on at T0; saved: and T1 is the
// guest's too.
func (o *oracle) arrived(saved bool) error {
	switch {
	case o.addressIn(t0) || saved && o.addressIn(t1):
		return fmt.Errorf("T0 or T1 is a host address: %#x, %#x", o.s.R[t0], o.s.R[t1])
	case o.s.R[gsp]>>32 != 0:
		return fmt.Errorf("the guest's rsp is %#x", o.s.R[gsp])
	}
	return nil
}

// addressIn reports whether what is in a register comes from a host address.
func (o *oracle) addressIn(r amd64.Reg) bool {
	v := o.s.R[r]
	return v == oracleState || v>>48 == oracleWindow>>48 || -v>>48 == oracleWindow>>48 || v>>32 == oracleBudget>>32
}

// stack checks that RSP, at sp, is where it was before, or that there are only
// landings from there on.
func (o *oracle) stack(t testing.TB, sp, before uint64, starts map[uint64]bool) error {
	for ; sp < before; sp += 8 {
		var b [8]byte
		require.NoError(t, o.space.ReadAt(b[:], sp))
		if landing := binary.LittleEndian.Uint64(b[:]); !starts[landing-oracleCode] {
			return fmt.Errorf("%#x is on the host stack", landing)
		}
	}
	if sp != before {
		return fmt.Errorf("the host stack is at %#x instead of %#x", sp, before)
	}
	return nil
}

// left checks the machine where the code has left the unit: the host stack is
// where it was, or below that are landings only.
func (o *oracle) left(t testing.TB, sp, before uint64, starts map[uint64]bool) error {
	if err := o.stack(t, sp, before, starts); err != nil {
		return err
	}
	for r := range amd64.Reg(16) {
		if o.isGuests(r) && o.addressIn(r) {
			return fmt.Errorf("left with a host address in %s", x86.RegName(uint8(r), 8))
		}
	}
	now := make([]byte, len(o.state))
	require.NoError(t, o.space.ReadAt(now, oracleState))
	free := [][2]int32{{rewrite.OffReason, 4}, {rewrite.OffScratch, 8}, {rewrite.OffScratch2, 8}, {rewrite.OffR + 8*x86.RSP, 8}}
	for _, r := range o.spilled() {
		free = append(free, [2]int32{o.slot(r), 8})
	}
	for _, f := range free {
		copy(now[f[0]:f[0]+f[1]], o.state[f[0]:])
	}
	for i := range now {
		if now[i] != o.state[i] {
			return fmt.Errorf("the State has changed at %#x", i)
		}
	}
	return nil
}

// beginnings are the offsets at which instructions begin.
func beginnings(code []byte) map[uint64]bool {
	m := make(map[uint64]bool)
	for at := 0; at < len(code); {
		var d x86.Inst
		if x86.Decode(&d, code[at:], uint64(at)) != nil {
			return m
		}
		m[uint64(at)] = true
		at += d.Len
	}
	return m
}
