package x86

import (
	"math/bits"
	"strings"
)

// RFLAGS bits (Vol. 1, 3.4.3).
const (
	FlagC  = 1 << 0
	FlagP  = 1 << 2
	FlagA  = 1 << 4
	FlagZ  = 1 << 6
	FlagS  = 1 << 7
	FlagD  = 1 << 10
	FlagO  = 1 << 11
	FlagID = 1 << 21

	// FlagsStatus are the flags that arithmetic changes.
	FlagsStatus = FlagC | FlagP | FlagA | FlagZ | FlagS | FlagO

	// flagsFixed reads as one in every user-mode program: bit 1 and IF.
	flagsFixed = 1<<1 | 1<<9
)

// The status flags live in four words, none of which is in a "mode":
//
//	cf  the carry flag itself, 0 or 1
//	fz  zero if and only if ZF
//	fs  bit 63 is SF; the parity of the low byte is PF
//	fx  bit 4 is AF; bit 63 is OF xor CF
//
// An instruction stores its result, sign-extended from the operand's width, in
// fz and fs, and the word of carries a^b^r, sign-extended too, in fx: the
// carry into the top bit is OF xor the carry out of it. So writing all flags
// is four stores, any combination can be represented, and a reader computes
// just the flag it wants.

// Flags returns RFLAGS as PUSHF shows it.
func (s *State) Flags() uint64 {
	return s.status() | s.df<<10 | s.id<<21 | flagsFixed
}

// status returns the six status flags in their places.
func (s *State) status() uint64 {
	f := s.cf | s.fx&FlagA | s.fs>>63<<7 | (s.fx>>63^s.cf)<<11
	if s.fz == 0 {
		f |= FlagZ
	}
	if s.pf() {
		f |= FlagP
	}
	return f
}

// SetFlags sets every flag that user code may change: the status flags, DF and
// ID. TF, AC and NT are ignored: the model has no single-step trap of its own,
// never checks alignment, and has no nested tasks.
func (s *State) SetFlags(f uint64) {
	s.df, s.id = f>>10&1, f>>21&1
	s.setStatus(f)
}

// setStatus sets the six status flags from their places in f.
func (s *State) setStatus(f uint64) {
	s.cf = f & FlagC
	s.fz = ^f & FlagZ
	s.fs = f&FlagS<<56 | (^f&FlagP)>>2
	s.fx = f&FlagA | (f>>11^f)<<63
}

// setCF changes CF alone.
func (s *State) setCF(c uint64) {
	s.fx ^= (s.cf ^ c) << 63
	s.cf = c
}

// setCO changes CF and OF alone, as the rotates do.
func (s *State) setCO(c, o uint64) {
	s.cf = c
	s.fx = s.fx&(1<<63-1) | (c^o)<<63
}

// setZ changes ZF alone.
func (s *State) setZ(z bool) {
	s.fz = 1
	if z {
		s.fz = 0
	}
}

func (s *State) pf() bool { return bits.OnesCount8(uint8(s.fs))&1 == 0 }

// sf xor of is bit 63 of this word.
func (s *State) less() uint64 { return s.fs ^ s.fx ^ s.cf<<63 }

// cond evaluates condition cc (the tttn field, Vol. 2D B.1.4.7).
func (s *State) cond(cc uint8) bool {
	var v bool
	switch cc >> 1 & 7 {
	case 0: // o
		v = int64(s.fx^s.cf<<63) < 0
	case 1: // b
		v = s.cf != 0
	case 2: // z
		v = s.fz == 0
	case 3: // be
		v = s.cf != 0 || s.fz == 0
	case 4: // s
		v = int64(s.fs) < 0
	case 5: // p
		v = s.pf()
	case 6: // l
		v = int64(s.less()) < 0
	default: // le
		v = s.fz == 0 || int64(s.less()) < 0
	}
	return v != (cc&1 != 0)
}

// FlagsRead returns the RFLAGS bits the instruction reads: those of its row,
// or of its condition.
func (d *Inst) FlagsRead() uint32 {
	if d.Row.count == 16 {
		return condFlags(d.CC())
	}
	return d.Row.FlagsRead()
}

// condFlags says which flags condition cc reads.
func condFlags(cc uint8) uint32 {
	return [8]uint32{FlagO, FlagC, FlagZ, FlagC | FlagZ, FlagS, FlagP, FlagS | FlagO, FlagS | FlagO | FlagZ}[cc>>1&7]
}

var condNames = [16]string{"o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"}

// flagNames spells the flags that are set: "oszapc", and d.
func flagNames(f uint64) string {
	var b strings.Builder
	for _, x := range []struct {
		bit  uint64
		name byte
	}{{FlagO, 'o'}, {FlagD, 'd'}, {FlagS, 's'}, {FlagZ, 'z'}, {FlagA, 'a'}, {FlagP, 'p'}, {FlagC, 'c'}} {
		if f&x.bit != 0 {
			b.WriteByte(x.name)
		} else {
			b.WriteByte('-')
		}
	}
	return b.String()
}

// word is an integer operand's type.
type word interface {
	uint8 | uint16 | uint32 | uint64
}

// sext sign-extends from T's width. The compiler folds the test away.
func sext[T word](v T) uint64 {
	switch uint64(^T(0)) {
	case 0xff:
		return uint64(int8(v))
	case 0xffff:
		return uint64(int16(v))
	case 0xffffffff:
		return uint64(int32(v))
	}
	return uint64(v)
}

// width is T's width in bits.
func width[T word]() uint {
	switch uint64(^T(0)) {
	case 0xff:
		return 8
	case 0xffff:
		return 16
	case 0xffffffff:
		return 32
	}
	return 64
}

// b2u is 1 for true.
func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
