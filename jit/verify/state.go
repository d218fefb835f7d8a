package verify

import (
	"math/bits"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// state is what is known before an instruction, whichever way led there.
type state struct {
	r      [16]value
	hidden uint16 // the registers that may hold what the guest must not know
	cell   [cells]cell
	carry  uint16 // the registers that are below 4 GiB if CF is clear
	refs   uint16 // at least the registers that something here refers to
	popped bool   // the stub for returns: its address has been taken off the host stack
	ahead  bool   // the host stack has been read as far ahead as a call needs
	looked bool   // a place where the thread can be taken out has been passed
}

// cell is what is known of a tracked field of the State.
type cell struct {
	v    value
	same uint16 // the registers that are equal to it
}

// entryState is what is assumed at an entry.
func (r *roles) entryState() state {
	var s state
	for k := range uint8(16) {
		s.set(k, anything)
		if r.guest>>k&1 != 0 {
			s.set(k, unknown)
		}
	}
	s.set(stackPointer, word)
	s.set(windowBase, value{kind: window})
	for i := range s.cell {
		s.cell[i].v = anything
	}
	return s
}

// landingState is what is assumed behind a return.
func (r *roles) landingState() state {
	s := r.entryState()
	s.set(temp0, unknown)
	return s
}

// targetState is what is assumed at what the table of indirect targets holds.
func (r *roles) targetState() state {
	s := r.entryState()
	s.set(temp0, unknown)
	s.set(temp1, unknown)
	return s
}

// set gives register r another value.
func (s *state) set(r uint8, v value) {
	if s.refs>>r&1 != 0 {
		for i := range s.r {
			s.r[i].upper &^= 1 << r
		}
		for i := range s.cell {
			s.cell[i].v.upper &^= 1 << r
			s.cell[i].same &^= 1 << r
		}
		s.carry &^= 1 << r
		s.refs &^= 1 << r
	}
	v.upper &^= 1 << r
	s.put(r, v)
	s.refs |= v.upper
}

// put is set for what is known besides: nothing else is forgotten.
func (s *state) put(r uint8, v value) {
	s.r[r] = v
	s.hidden &^= 1 << r
	if v.kind != data {
		s.hidden |= 1 << r
	}
}

// setPart gives the low width bytes of register r another value.
func (s *state) setPart(r, width uint8, v value) {
	switch old := s.r[r]; {
	case width == 8:
		s.set(r, v)
	case width == 4:
		s.set(r, v.truncate())
	case old.is32():
		s.set(r, within(0, max(old.hi, 0xFFFF)))
	default:
		s.set(r, unknown)
	}
}

// clean notes that register r is below 4 GiB.
func (s *state) clean(r uint8) {
	if v := &s.r[r]; v.kind == data && !v.is32() {
		*v = value{kind: data, lo: 0, hi: max32, upper: v.upper}
	}
}

// zero notes that register r is zero; if half, that its low 32 bits are.
func (s *state) zero(r uint8, half bool) {
	v := s.r[r]
	if half && !v.is32() {
		return
	}
	for k := range s.r {
		if v.upper>>k&1 != 0 {
			s.clean(uint8(k))
		}
	}
}

// noBorrow notes that CF is clear.
func (s *state) noBorrow() {
	for k := range s.r {
		if s.carry>>k&1 != 0 {
			s.clean(uint8(k))
		}
	}
}

// join makes s cover t too. It reports whether s has changed.
func (s *state) join(t *state) (changed bool) {
	for i := range s.r {
		if s.r[i] == t.r[i] {
			continue
		}
		if j := s.r[i].join(t.r[i]); j != s.r[i] {
			s.put(uint8(i), j)
			changed = true
		}
	}
	for i := range s.cell {
		j := cell{s.cell[i].v.join(t.cell[i].v), s.cell[i].same & t.cell[i].same}
		changed = changed || j != s.cell[i]
		s.cell[i] = j
	}
	carry, looked, ahead := s.carry&t.carry, s.looked && t.looked, s.ahead && t.ahead
	changed = changed || carry != s.carry || looked != s.looked || ahead != s.ahead
	s.carry, s.looked, s.ahead = carry, looked, ahead
	s.refs |= t.refs
	return changed
}

// sum is the value of a memory operand's address, without a segment's base.
func (s *state) sum(in *instruction) value { return s.sumOf(&in.Mem) }

// sumOf is sum for the operand m.
func (s *state) sumOf(m *x86.Mem) value {
	if m.RIP {
		return anything
	}
	b, x := constant(0), constant(0)
	if m.Base != x86.Zero {
		b = s.r[m.Base]
	}
	if m.Index != x86.Zero {
		x = s.r[m.Index].shift(m.Scale)
	}
	switch {
	case m.Index == x86.Zero && m.Disp == 0:
		return b
	case m.Base == x86.Zero && m.Disp == 0:
		return x
	case m.Disp == 0:
		return b.add(x)
	}
	return b.add(x).add(constant(m.Disp))
}

// leaks returns one of the registers of mask that may hold what the guest must
// not know.
func (s *state) leaks(mask uint16) (r uint8, yes bool) {
	m := s.hidden & mask
	return uint8(bits.TrailingZeros16(m)), m != 0
}

// added has, for each state of a mark, the registers that hold window
// addresses. If there are any, T1 has the guest's rcx.
var added = [...]uint16{
	rewrite.Before: 0, rewrite.ProbeBefore: 0, rewrite.CopyBefore: 1<<x86.RSI | 1<<x86.RDI, rewrite.FillBefore: 1 << x86.RDI,
	rewrite.Arriving: 0,
}

// mayTrap reports whether an instruction may be refused where the mark is m:
// the engine takes that for the guest's.
func mayTrap(m rewrite.MarkState) bool {
	return m != rewrite.Within && m != rewrite.Arriving
}
