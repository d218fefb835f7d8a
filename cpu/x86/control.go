package x86

import (
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

// Control transfer (Vol. 1, 5.1.7 and 7.3.8).
var controlRows = Section{Ref: "Vol. 1, 5.1.7 Control Transfer Instructions", Rows: []Spec{
	{"70+cc", "jcc", "Jb", "r:oszpc", F64 | Ends, bindJcc},
	{"0F 80+cc", "jcc", "Jz", "r:oszpc", F64 | Ends, bindJcc},
	{"EB", "jmp", "Jb", "", F64 | Ends, bindJmp},
	{"E9", "jmp", "Jz", "", F64 | Ends, bindJmp},
	{"FF /4", "jmp", "Ev", "", F64 | Ends, bindJmpIndirect},
	{"E8", "call", "Jz | +RSP =Tv", "", F64 | Ends, bindCall},
	{"FF /2", "call", "Ev | +RSP =Tv", "", F64 | Ends, bindCallIndirect},
	{"C3", "ret", "| +RSP Tv", "", F64 | Ends, bindRet},
	{"C2", "ret", "Iw | +RSP Tv", "", F64 | Ends, bindRet},
	{"E0", "loopne", "Jb | +RCX", "r:z", F64 | Ends, bindLoop},
	{"E1", "loope", "Jb | +RCX", "r:z", F64 | Ends, bindLoop},
	{"E2", "loop", "Jb | +RCX", "", F64 | Ends, bindLoop},
	{"E3", "jrcxz", "Jb | RCX", "", F64 | Ends, bindLoop},
	{"C8", "enter", "Iw Ib | +RSP +RBP =Tv", "", D64, bindEnter},
	{"C9", "leave", "| +RSP +RBP Tv", "", D64, sized{1: leave[uint16], 3: leave64}},

	{"CC", "int3", "", "", Ends, bindBreakpoint},
	{"F1", "int1", "", "", Ends, bindBreakpoint},
	{"0F 05", "syscall", "| =RCX =R11", "", Ends, bindSyscall},
}}

// bindJcc: a conditional branch leaves the block if it is taken; the block
// goes on behind it.
func bindJcc(b *binder) {
	if b.fuse() {
		return
	}
	o := b.emit(jccBy[b.d.CC()>>1])
	o.cc = b.d.CC()
	o.aux = b.link(linkDirect, b.d.Args[0].Value)
}

// jccBy has a function for each pair of conditions; the lowest bit of the
// condition, which negates it, is o.cc's.
var jccBy = [8]opFunc{jcc, jb, je, jcc, js, jcc, jl, jle}

func jcc(s *State, o *op) *op {
	if s.cond(o.cc) {
		return s.leave(o.aux)
	}
	return o.after()
}

// branch leaves the block if the condition, negated if o.cc says so, holds.
func (s *State) branch(o *op, v bool) *op {
	if v != (o.cc&1 != 0) {
		s.exit = uint32(o.aux)
		return nil
	}
	return o.after()
}

func jb(s *State, o *op) *op { return s.branch(o, s.cf != 0) }
func je(s *State, o *op) *op { return s.branch(o, s.fz == 0) }
func js(s *State, o *op) *op { return s.branch(o, int64(s.fs) < 0) }
func jl(s *State, o *op) *op { return s.branch(o, int64(s.less()) < 0) }
func jle(s *State, o *op) *op {
	return s.branch(o, s.fz == 0 || int64(s.less()) < 0)
}

// bindJmp: a direct jump costs nothing where the block can go on behind it.
func bindJmp(b *binder) {
	if b.goesOn(b.d.Args[0].Value) {
		return
	}
	o := b.emit(leaveDirect)
	o.aux = b.link(linkDirect, b.d.Args[0].Value)
	b.done = true
}

func bindJmpIndirect(b *binder) {
	o := b.operands(jmpIndirect)
	o.aux = b.link(linkIndirect, 0)
	b.done = true
}

func jmpIndirect(s *State, o *op) *op {
	s.pc = rmDst[uint64](s, o)
	return s.leave(o.aux)
}

func bindCall(b *binder) {
	if b.goesOn(b.d.Args[0].Value) {
		b.emit(callOn)
		return
	}
	o := b.emit(call)
	o.aux = b.link(linkDirect, b.d.Args[0].Value)
	b.done = true
}

func call(s *State, o *op) *op {
	sp := s.R[RSP] - 8
	s.mem.Store64(uint32(sp), o.next)
	s.R[RSP] = sp
	return s.leave(o.aux)
}

// callOn is call where the block goes on at the target.
func callOn(s *State, o *op) *op {
	sp := s.R[RSP] - 8
	s.mem.Store64(uint32(sp), o.next)
	s.R[RSP] = sp
	return o.after()
}

func bindCallIndirect(b *binder) {
	o := b.operands(callIndirect)
	o.aux = b.link(linkIndirect, 0)
	b.done = true
}

func callIndirect(s *State, o *op) *op {
	target := rmDst[uint64](s, o)
	sp := s.R[RSP] - 8
	s.mem.Store64(uint32(sp), o.next)
	s.R[RSP] = sp
	s.pc = target
	return s.leave(o.aux)
}

func bindRet(b *binder) {
	o := b.emit(ret)
	o.imm = 8 + b.d.Imm&0xffff
	o.aux = b.link(linkIndirect, 0)
	b.done = true
}

func ret(s *State, o *op) *op {
	sp := s.R[RSP]
	s.pc = s.mem.Load64(uint32(sp))
	s.R[RSP] = sp + o.imm
	return s.leave(o.aux)
}

// bindLoop: the low two bits of the opcode tell the four instructions apart;
// with the address-size prefix the count is ecx.
func bindLoop(b *binder) {
	o := b.emit(loop)
	o.cc = b.d.Opcode & 3
	o.mem = b.d.Has(PrefixAddr32)
	o.aux = b.link(linkDirect, b.d.Args[0].Value)
}

func loop(s *State, o *op) *op {
	n := s.R[RCX]
	if o.cc != 3 {
		n--
	}
	if o.mem {
		n = uint64(uint32(n))
	}
	taken := n != 0
	switch o.cc {
	case 0:
		taken = taken && s.fz != 0
	case 1:
		taken = taken && s.fz == 0
	case 3:
		taken = !taken
	}
	if o.cc != 3 {
		s.R[RCX] = n
	}
	if taken {
		return s.leave(o.aux)
	}
	return o.after()
}

func bindEnter(b *binder) {
	o := b.emit(enter)
	o.imm = b.d.Args[0].Value & 0xffff
	o.cc = uint8(b.d.Args[1].Value) & 31
	o.width = b.d.Size
}

// enter builds a stack frame (Vol. 2A, ENTER). All of the stack it reads and
// writes is probed first, in the same order, so that a fault leaves nothing
// done.
func enter(s *State, o *op) *op {
	size, level := uint64(o.width), uint64(o.cc)
	sp := s.R[RSP]
	bp := s.R[RBP]
	s.probe(sp-size, size, memory.Write)
	for i := uint64(1); i <= level; i++ {
		if i < level {
			s.probe(bp-i*size, size, memory.Read)
		}
		s.probe(sp-(i+1)*size, size, memory.Write)
	}
	s.probe(sp-(level+1)*size-o.imm, size, memory.Write) // the new top of the stack is only checked
	s.storeSized(uint32(sp-size), bp, size)
	sp -= size
	frame := sp
	for i := uint64(1); i < level; i++ {
		bp -= size
		v := s.loadSized(uint32(bp), size)
		sp -= size
		s.storeSized(uint32(sp), v, size)
	}
	if level > 0 {
		sp -= size
		s.storeSized(uint32(sp), frame, size)
	}
	if size == 2 {
		setReg(s, RBP, uint16(frame))
	} else {
		s.R[RBP] = frame
	}
	s.R[RSP] = sp - o.imm
	return o.after()
}

// probe panics as an access would, leaving word of its kind for the report.
func (s *State) probe(a, n uint64, access memory.Prot) {
	s.probing = access
	s.mem.Probe(uint32(a), uint32(n), access)
}

// loadSized and storeSized access 2 or 8 bytes.
func (s *State) loadSized(a uint32, size uint64) uint64 {
	if size == 2 {
		return uint64(s.mem.Load16(a))
	}
	return s.mem.Load64(a)
}

func (s *State) storeSized(a uint32, v, size uint64) {
	if size == 2 {
		s.mem.Store16(a, uint16(v))
	} else {
		s.mem.Store64(a, v)
	}
}

func leave[T word](s *State, o *op) *op {
	sp := s.R[RBP]
	v := load[T](s, uint32(sp))
	setReg(s, RBP, v)
	s.R[RSP] = sp + uint64(width[T]()/8)
	return o.after()
}

// bindBreakpoint: int3 and int1 stop behind the instruction, which counts.
func bindBreakpoint(b *binder) { b.stop(cpu.StopBreakpoint, stopBehind) }

func bindSyscall(b *binder) { b.stop(cpu.StopSyscall, syscall) }

// stop ends the block with a stop that retires the instruction.
func (b *binder) stop(kind cpu.StopKind, fn opFunc) {
	o := b.emit(fn)
	o.imm = uint64(kind)
	o.aux = b.link(linkStop, 0)
	b.done = true
}

func stopBehind(s *State, o *op) *op {
	s.pc = o.next
	s.stop = cpu.Stop{Kind: cpu.StopKind(o.imm), PC: o.pc()}
	return s.leave(o.aux)
}

func syscall(s *State, o *op) *op {
	s.R[RCX], s.R[R11] = o.next, s.Flags()
	return stopBehind(s, o)
}

// illegal ends the block with bytes that are not an instruction.
func (b *binder) illegal() {
	b.emit(undefined)
	b.done = true
}

// undefined raises #UD, protection #GP.
func undefined(*State, *op) *op  { panic(trapIllegal) }
func protection(*State, *op) *op { panic(trapProtection) }
