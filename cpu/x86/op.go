package x86

import (
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

// op is one operation of a decoded block: usually a whole instruction with
// everything about its operands resolved, sometimes a part of one (an address
// that needs a segment base) or two fused (compare and branch).
//
// The operations of a block lie one behind the other; fn returns the operation
// to go on with, which is o.after() unless control leaves the block.
type op struct {
	fn    opFunc
	imm   uint64 // immediate; link address; whatever the function says
	next  uint64 // address of the following instruction
	disp  uint32 // address: R[base] + R[index]<<scale + disp, modulo 2^32
	base  uint8
	index uint8
	scale uint8
	dst   uint8 // first operand, if a register
	src   uint8 // second operand, if a register, else Zero
	aux   uint8 // third operand if a register; link number; condition
	width uint8 // bytes of the memory operand
	mem   bool  // there is a memory operand
	align uint8 // a memory operand's address must have these bits clear
	len   uint8 // of the instruction
	n     uint8 // instructions of the block before this one
	cc    uint8 // condition
}

// opFunc executes an operation. Rules:
//   - an access that may fault comes before every change of s;
//   - return o.after(), or s.leave(link), or s.trap...;
//   - nothing is allocated and no interface is called.
type opFunc = func(s *State, o *op) *op

// pc is the address of the instruction o belongs to.
func (o *op) pc() uint64 { return o.next - uint64(o.len) }

// ea is the effective address of the memory operand.
func (s *State) ea(o *op) uint32 {
	return uint32(s.R[o.base&31]+s.R[o.index&31]<<(o.scale&63)) + o.disp
}

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
	// A general protection exception has no address; the program sees it as
	// an access to address 0, which is what its signal would say.
	trapProtection = &trap{kind: cpu.StopFault, fault: memory.Fault{Access: memory.Read}}
	trapDivide     = &trap{kind: cpu.StopArithmetic, text: "divide error"}
	trapFloat      = &trap{kind: cpu.StopArithmetic, text: "floating-point exception"}
	trapIllegal    = &trap{kind: cpu.StopIllegal}
)

//go:generate go run ../internal/mono

// reg reads general register r as a T; r may be one of the high bytes if T is
// a byte.
func reg[T word](s *State, r uint8) T {
	if uint64(^T(0)) == 0xff {
		return T(s.R[r&31] >> (r >> 5 << 3))
	}
	return T(s.R[r&31])
}

// setReg writes general register r: a 32-bit write clears the upper half, 8-
// and 16-bit writes leave the rest (Vol. 1, 3.4.1.1).
func setReg[T word](s *State, r uint8, v T) {
	p := &s.R[r&31]
	if uint64(^T(0)) == 0xff {
		h := r >> 5 << 3
		*p = *p&^(0xff<<h) | uint64(v)<<h
	} else if uint64(^T(0)) == 0xffff {
		*p = *p&^0xffff | uint64(v)
	} else {
		*p = uint64(v)
	}
}

// src reads the second operand where it is a register or an immediate: the
// register is Zero or the immediate is 0.
func src[T word](s *State, o *op) T { return reg[T](s, o.src) + T(o.imm) }

// load reads the memory operand at address a.
func load[T word](s *State, a uint32) T {
	switch uint64(^T(0)) {
	case 0xff:
		return T(s.mem.Load8(a))
	case 0xffff:
		return T(s.mem.Load16(a))
	case 0xffffffff:
		return T(s.mem.Load32(a))
	}
	return T(s.mem.Load64(a))
}

// store writes the memory operand at address a.
func store[T word](s *State, a uint32, v T) {
	switch uint64(^T(0)) {
	case 0xff:
		s.mem.Store8(a, uint8(v))
	case 0xffff:
		s.mem.Store16(a, uint16(v))
	case 0xffffffff:
		s.mem.Store32(a, uint32(v))
	default:
		s.mem.Store64(a, uint64(v))
	}
}

// rm reads the operand found through ModRM.rm where it is the source: register
// src or memory.
func rm[T word](s *State, o *op) T {
	if o.mem {
		return load[T](s, s.ea(o))
	}
	return reg[T](s, o.src)
}

// rmDst reads the operand found through ModRM.rm where it is the destination:
// register dst or memory. Write it back with setRM.
func rmDst[T word](s *State, o *op) T {
	if o.mem {
		return load[T](s, s.ea(o))
	}
	return reg[T](s, o.dst)
}

// setRM writes the destination found through ModRM.rm. It may fault, so it
// comes before every other change.
func setRM[T word](s *State, o *op, v T) {
	if o.mem {
		store(s, s.ea(o), v)
	} else {
		setReg(s, o.dst, v)
	}
}

// vecSrc reads 16 bytes from vector register src or memory (the W operand as a
// source). A misaligned operand that must be aligned is a protection fault.
func (s *State) vecSrc(o *op) (lo, hi uint64) {
	if o.mem {
		return s.load128(o)
	}
	v := &s.V[o.src&31]
	return v[0], v[1]
}

// vecSrc64 and vecSrc32 read the low 8 or 4 bytes of vector register src, or
// just as many from memory.
func (s *State) vecSrc64(o *op) uint64 {
	if o.mem {
		return s.mem.Load64(s.ea(o))
	}
	return s.V[o.src&31][0]
}

func (s *State) vecSrc32(o *op) uint32 {
	if o.mem {
		return s.mem.Load32(s.ea(o))
	}
	return uint32(s.V[o.src&31][0])
}

// alignedEA is ea with the check of the operand's alignment.
func (s *State) alignedEA(o *op) uint32 {
	a := s.ea(o)
	if a&uint32(o.align) != 0 {
		panic(trapProtection)
	}
	return a
}

// load128 and store128 access the 16-byte memory operand.
func (s *State) load128(o *op) (lo, hi uint64) {
	return s.mem.Load128(s.alignedEA(o))
}

func (s *State) store128(o *op, lo, hi uint64) {
	s.mem.Store128(s.alignedEA(o), lo, hi)
}
