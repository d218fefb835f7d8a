package arm64

// A subtraction or AND that sets the flags and the conditional branch behind it
// make one operation. The flags are set all the same: whoever stands at either
// target may read them.

// fusedSubs and fusedAnds hold the functions by condition without its lowest
// bit, which negates it; those that compilers do not use are absent. The first
// index is 0 for a register, 1 for an immediate.
var fusedSubs = [2][8]wide{
	{
		0: {subsRegeq32, subsRegeq64},
		1: {subsRegcs32, subsRegcs64},
		4: {subsReghi32, subsReghi64},
		5: {subsRegge32, subsRegge64},
		6: {subsReggt32, subsReggt64},
	},
	{
		0: {subsImmeq32, subsImmeq64},
		1: {subsImmcs32, subsImmcs64},
		4: {subsImmhi32, subsImmhi64},
		5: {subsImmge32, subsImmge64},
		6: {subsImmgt32, subsImmgt64},
	},
}

var fusedAnds = [2][8]wide{
	{0: {andsRegeq32, andsRegeq64}, 2: {andsRegmi32, andsRegmi64}},
	{0: {andsImmeq32, andsImmeq64}, 2: {andsImmmi32, andsImmmi64}},
}

// fuse tries to make one operation of the conditional branch being bound and
// the operation before it, which must be the instruction directly before.
func (b *binder) fuse() bool {
	p := &b.prev
	if p.Row == nil || len(b.ops) == 0 || b.prevFlags == nil {
		return false
	}
	cc := uint8(b.d.Field('c'))
	fn := b.prevFlags[cc>>1][p.Field('z')]
	if fn == nil {
		return false
	}
	o := &b.ops[len(b.ops)-1]
	o.fn, o.cc = fn, cc
	b.exit(o)
	return true
}

// fusible binds an instruction that a conditional branch behind it may join.
func fusible(do func(*binder), fused *[8]wide) func(*binder) {
	return func(b *binder) {
		do(b)
		b.flags = fused
	}
}

// immediateBy binds an instruction with an immediate by sf.
func immediateBy(f32, f64 opFunc) func(*binder) {
	return func(b *binder) { b.operands(wide{f32, f64}[b.d.Field('z')]) }
}

func signed[T word](v T) int64 { return int64(up(v)) }

func subsRegeq[T word](s *State, o *op) *op {
	a, b := T(s.R[o.rn&63]), T(s.R[o.rm&63]<<(o.sh&63))
	subFlags(s, a, b)
	s.R[o.rd&63] = uint64(a - b)
	return s.branch(o, a == b)
}

func subsRegcs[T word](s *State, o *op) *op {
	a, b := T(s.R[o.rn&63]), T(s.R[o.rm&63]<<(o.sh&63))
	subFlags(s, a, b)
	s.R[o.rd&63] = uint64(a - b)
	return s.branch(o, a >= b)
}

func subsReghi[T word](s *State, o *op) *op {
	a, b := T(s.R[o.rn&63]), T(s.R[o.rm&63]<<(o.sh&63))
	subFlags(s, a, b)
	s.R[o.rd&63] = uint64(a - b)
	return s.branch(o, a > b)
}

func subsRegge[T word](s *State, o *op) *op {
	a, b := T(s.R[o.rn&63]), T(s.R[o.rm&63]<<(o.sh&63))
	subFlags(s, a, b)
	s.R[o.rd&63] = uint64(a - b)
	return s.branch(o, signed(a) >= signed(b))
}

func subsReggt[T word](s *State, o *op) *op {
	a, b := T(s.R[o.rn&63]), T(s.R[o.rm&63]<<(o.sh&63))
	subFlags(s, a, b)
	s.R[o.rd&63] = uint64(a - b)
	return s.branch(o, signed(a) > signed(b))
}

func andsRegeq[T word](s *State, o *op) *op {
	r := T(s.R[o.rn&63] & (s.R[o.rm&63] << (o.sh & 63)))
	logicFlags(s, r)
	s.R[o.rd&63] = uint64(r)
	return s.branch(o, r == 0)
}

func andsRegmi[T word](s *State, o *op) *op {
	r := T(s.R[o.rn&63] & (s.R[o.rm&63] << (o.sh & 63)))
	logicFlags(s, r)
	s.R[o.rd&63] = uint64(r)
	return s.branch(o, signed(r) < 0)
}

func subsImmeq[T word](s *State, o *op) *op {
	a, b := T(s.R[o.rn&63]), T(o.imm)
	subFlags(s, a, b)
	s.R[o.rd&63] = uint64(a - b)
	return s.branch(o, a == b)
}

func subsImmcs[T word](s *State, o *op) *op {
	a, b := T(s.R[o.rn&63]), T(o.imm)
	subFlags(s, a, b)
	s.R[o.rd&63] = uint64(a - b)
	return s.branch(o, a >= b)
}

func subsImmhi[T word](s *State, o *op) *op {
	a, b := T(s.R[o.rn&63]), T(o.imm)
	subFlags(s, a, b)
	s.R[o.rd&63] = uint64(a - b)
	return s.branch(o, a > b)
}

func subsImmge[T word](s *State, o *op) *op {
	a, b := T(s.R[o.rn&63]), T(o.imm)
	subFlags(s, a, b)
	s.R[o.rd&63] = uint64(a - b)
	return s.branch(o, signed(a) >= signed(b))
}

func subsImmgt[T word](s *State, o *op) *op {
	a, b := T(s.R[o.rn&63]), T(o.imm)
	subFlags(s, a, b)
	s.R[o.rd&63] = uint64(a - b)
	return s.branch(o, signed(a) > signed(b))
}

func andsImmeq[T word](s *State, o *op) *op {
	r := T(s.R[o.rn&63] & o.imm)
	logicFlags(s, r)
	s.R[o.rd&63] = uint64(r)
	return s.branch(o, r == 0)
}

func andsImmmi[T word](s *State, o *op) *op {
	r := T(s.R[o.rn&63] & o.imm)
	logicFlags(s, r)
	s.R[o.rd&63] = uint64(r)
	return s.branch(o, signed(r) < 0)
}
