package x86

import (
	"math"

	"github.com/nuage-emu/nuage/cpu/softfloat"
)

// What turns signs, in op.imm. Negating the product or the addend of a sum
// negates no NaN.
const (
	fmaProduct = 1 << iota
	fmaEven    // the addend in even lanes
	fmaOdd     // the addend in odd lanes
)

// fma is the form of an order of operands: with 132 the first is multiplied
// by the third, and the second is added; with 213 the second is multiplied by
// the first; with 231 by the third (Vol. 1, 14.5.2). Which NaN shows follows
// that order too.
type fma struct {
	order int
	signs uint64
}

func (f fma) bind(b *binder) {
	d := &b.d
	scalar := d.Args[0].Op.Type == 'o'
	by := [4]opFunc{fmaPacked32, fmaPacked64, fmaScalar32, fmaScalar64}
	o := b.operands(by[b2u(scalar)*2+b2u(d.REX&rexW != 0)])
	o.imm, o.cc = f.signs, uint8(f.order%10) // the last digit tells them apart
	o.width = d.VecLen
}

// fmaOrder returns the factors and the addend of the operands.
func fmaOrder[T any](o *op, v1, v2, v3 T) (a, b, c T) {
	switch o.cc {
	case 2:
		return v1, v3, v2
	case 3:
		return v2, v1, v3
	}
	return v2, v3, v1
}

// fmaSource is the third operand of a packed form.
func (s *State) fmaSource(o *op) (v Vec) {
	switch {
	case !o.mem:
		return s.V[o.aux&31]
	case o.width == 32:
		return s.load256(o)
	}
	v[0], v[1] = s.load128(o)
	return v
}

// turned negates a number.
func turned(n softfloat.Num, turn uint64) softfloat.Num {
	n.Neg = n.Neg != (turn != 0 && !n.IsNaN())
	return n
}

// fused64 is a×b+c with the signs turned as signs says for an even lane.
func fused64(e *softfloat.Env, a, b, c, signs uint64) uint64 {
	x, z := turned(e.UnpackF64(a), signs&fmaProduct), turned(e.UnpackF64(c), signs&fmaEven)
	return e.MulAdd(x, e.UnpackF64(b), z, softfloat.Binary64).F64()
}

func fused32(e *softfloat.Env, a, b, c uint32, signs uint64) uint32 {
	x, z := turned(e.UnpackF32(a), signs&fmaProduct), turned(e.UnpackF32(c), signs&fmaEven)
	return e.MulAdd(x, e.UnpackF32(b), z, softfloat.Binary32).F32()
}

// fastFused64 is fused64 by the host: see softfloat/fast.go.
func fastFused64(a, b, c, signs uint64) (uint64, bool) {
	return softfloat.FastMulAddF64(a^signs&fmaProduct<<63, b, c^signs&fmaEven<<62)
}

func fastFused32(a, b, c uint32, signs uint64) (uint32, bool) {
	return softfloat.FastMulAddF32(a^uint32(signs&fmaProduct<<31), b, c^uint32(signs&fmaEven<<30))
}

// laneSigns is what signs says for lane i, where an even one has it.
func laneSigns(signs uint64, i int) uint64 {
	if i&1 != 0 {
		return signs&fmaProduct | signs>>1&fmaEven
	}
	return signs
}

func fmaScalar64(s *State, o *op) *op {
	v3 := s.V[o.aux&31][0]
	if o.mem {
		v3 = s.mem.Load64(s.ea(o))
	}
	d := &s.V[o.dst&15]
	a, b, c := fmaOrder(o, d[0], s.V[o.src&31][0], v3)
	r, ok := fastFused64(a, b, c, o.imm)
	if !ok || !s.hostFloat() {
		r = fused64(s.sseEnv(), a, b, c, o.imm)
		s.sseRaise()
	}
	*d = Vec{r, d[1]}
	return o.after()
}

func fmaScalar32(s *State, o *op) *op {
	v3 := uint32(s.V[o.aux&31][0])
	if o.mem {
		v3 = s.mem.Load32(s.ea(o))
	}
	d := &s.V[o.dst&15]
	a, b, c := fmaOrder(o, uint32(d[0]), uint32(s.V[o.src&31][0]), v3)
	r, ok := fastFused32(a, b, c, o.imm)
	if !ok || !s.hostFloat() {
		r = fused32(s.sseEnv(), a, b, c, o.imm)
		s.sseRaise()
	}
	*d = Vec{d[0]&^math.MaxUint32 | uint64(r), d[1]}
	return o.after()
}

func fmaPacked64(s *State, o *op) *op {
	v3 := s.fmaSource(o)
	a, b, c := fmaOrder(o, &s.V[o.dst&31], &s.V[o.src&31], &v3)
	var r Vec
	n := int(o.width) / 8
	ok := s.hostFloat()
	for i := 0; ok && i < n; i++ {
		r[i&3], ok = fastFused64(a[i&3], b[i&3], c[i&3], laneSigns(o.imm, i))
	}
	if !ok {
		e := s.sseEnv()
		for i := range r[:n] {
			r[i] = fused64(e, a[i], b[i], c[i], laneSigns(o.imm, i))
		}
		s.sseRaise()
	}
	s.V[o.dst&31] = r
	return o.after()
}

func fmaPacked32(s *State, o *op) *op {
	v3 := s.fmaSource(o)
	a, b, c := fmaOrder(o, &s.V[o.dst&31], &s.V[o.src&31], &v3)
	var r Vec
	n := int(o.width) / 8
	even, odd := laneSigns(o.imm, 0), laneSigns(o.imm, 1)
	ok := s.hostFloat()
	for i := 0; ok && i < n; i++ {
		x, y, z := a[i&3], b[i&3], c[i&3]
		lo, ok0 := fastFused32(uint32(x), uint32(y), uint32(z), even)
		hi, ok1 := fastFused32(uint32(x>>32), uint32(y>>32), uint32(z>>32), odd)
		r[i&3], ok = uint64(lo)|uint64(hi)<<32, ok0 && ok1
	}
	if !ok {
		e := s.sseEnv()
		for i := range r[:n] {
			x, y, z := a[i], b[i], c[i]
			lo := fused32(e, uint32(x), uint32(y), uint32(z), even)
			hi := fused32(e, uint32(x>>32), uint32(y>>32), uint32(z>>32), odd)
			r[i] = uint64(lo) | uint64(hi)<<32
		}
		s.sseRaise()
	}
	s.V[o.dst&31] = r
	return o.after()
}
