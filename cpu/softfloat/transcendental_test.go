package softfloat_test

import (
	"math"
	"testing"

	. "github.com/nuage-emu/nuage/cpu/softfloat"
	"github.com/nuage-emu/nuage/cpu/softfloat/internal/native"
	"github.com/stretchr/testify/require"
)

// ulps is the distance of two numbers in units in the last place.
func ulps(a, b X80) int64 {
	key := func(x X80) (hi int64, lo uint64) {
		if x.SE&0x8000 != 0 {
			return -int64(x.SE & 0x7fff), -x.Sig
		}
		return int64(x.SE), x.Sig
	}
	ah, al := key(a)
	bh, bl := key(b)
	if a.SE>>15 != b.SE>>15 {
		return math.MaxInt64
	}
	switch d := int64(al - bl); {
	case ah == bh:
		return max(d, -d)
	case a.Sig == 1<<63 && b.Sig == math.MaxUint64, b.Sig == 1<<63 && a.Sig == math.MaxUint64:
		return 1
	}
	return math.MaxInt64
}

// The processor and we agree within one unit in the last place, and on
// special operands, exceptions and C2 entirely.
func TestNativeTranscendental(t *testing.T) {
	needNative(t)
	single := func(f func(e *Env, a Num) Num) func(e *Env, a, b Num) (Num, Num, bool) {
		return func(e *Env, a, _ Num) (Num, Num, bool) { r := f(e, a); return r, r, true }
	}
	ops := []struct {
		name string
		op   byte
		pops bool // the result replaces ST(1)
		pair bool // a second result is pushed
		f    func(e *Env, a, b Num) (Num, Num, bool)
	}{
		{"f2xm1", 0xf0, false, false, single((*Env).Exp2M1)},
		{"fsin", 0xfe, false, false, func(e *Env, a, _ Num) (Num, Num, bool) { r, ok := e.Sin(a); return r, r, ok }},
		{"fcos", 0xff, false, false, func(e *Env, a, _ Num) (Num, Num, bool) { r, ok := e.Cos(a); return r, r, ok }},
		{"fsincos", 0xfb, false, true, func(e *Env, a, _ Num) (Num, Num, bool) { return e.SinCos(a) }},
		{"fptan", 0xf2, false, true, func(e *Env, a, _ Num) (Num, Num, bool) { return e.Tan(a) }},
		{"fyl2x", 0xf1, true, false, func(e *Env, a, b Num) (Num, Num, bool) { r := e.YLog2(a, b); return r, r, true }},
		{"fyl2xp1", 0xf9, true, false, func(e *Env, a, b Num) (Num, Num, bool) { r := e.YLog2P1(a, b); return r, r, true }},
		{"fpatan", 0xf3, true, false, func(e *Env, a, b Num) (Num, Num, bool) { r := e.Atan2(a, b); return r, r, true }},
	}
	for _, op := range ops {
		t.Run(op.name, func(t *testing.T) {
			code := x87(0xd9, op.op)
			r := newRNG(10)
			different := 0
			for range 8_000 {
				a := r.x80()
				b := r.nearX80(a)
				if r.IntN(2) == 0 {
					a = X80{r.bits(64) | 1<<63, uint16(r.IntN(2))<<15 | uint16(0x3fff-20+r.IntN(40))}
				}
				if a.SE&0x7fff >= 0x3fff && op.name == "f2xm1" && a.SE&0x7fff != 0x7fff {
					a.SE = a.SE&0x8000 | 0x3ffe - a.SE&15
				}
				if a.SE&0x7fff >= 0x3ffd && op.name == "fyl2xp1" && a.SE&0x7fff != 0x7fff {
					a.SE = a.SE&0x8000 | 0x3ffc - a.SE&15
				}
				e := &Env{NaN: NaNLarger}
				var m native.Block
				m.Put16(0, 0x37f)
				putX80(&m, 0x10, a)
				putX80(&m, 0x20, b)
				code.Run(&m)
				below, top, ok := op.f(e, a.Unpack(), b.Unpack())
				sw := m.Get16(4)
				if ok != (sw&0x400 == 0) {
					t.Fatalf("%s %x: in range %v, host status %#x", op.name, a, ok, sw)
				}
				if !ok {
					continue
				}
				got := []X80{below.X80()}
				want := []X80{getX80(&m, 0x30)}
				if op.pair {
					got = []X80{top.X80(), below.X80()}
					want = append(want, getX80(&m, 0x40))
				}
				for i := range got {
					if got[i] == want[i] {
						continue
					}
					different++
					if ulps(got[i], want[i]) > 1 {
						t.Fatalf("%s %04x:%016x, %04x:%016x result %d: got %04x:%016x, host %04x:%016x", op.name, a.SE, a.Sig, b.SE, b.Sig, i, got[i].SE, got[i].Sig, want[i].SE, want[i].Sig)
					}
				}
				// Processors call some exact results inexact, and then, if
				// they are tiny, underflows.
				if d := e.Flags ^ Flags(sw&0x3f); d != 0 && !(op.name == "fyl2x" && d == Underflow) {
					t.Fatalf("%s %04x:%016x, %04x:%016x: flags %#x, host %#x (got %x want %x)", op.name, a.SE, a.Sig, b.SE, b.Sig, e.Flags, sw&0x3f, got, want)
				}
			}
			t.Logf("%d results differ from the host's in the last place", different)
		})
	}
}

// Against the math package, on every host: to the 50 bits that it is good for.
func TestTranscendentalAgainstMath(t *testing.T) {
	e := &Env{NaN: NaNLarger}
	n := func(f float64) Num { return e.UnpackF64(math.Float64bits(f)) }
	f := func(n Num) float64 { return math.Float64frombits((&Env{}).Round(n.X80().Unpack(), Binary64).F64()) }
	r := newRNG(11)
	for range 5_000 {
		x, y := (r.Float64()-0.5)*200, (r.Float64()-0.5)*2
		sin, _ := e.Sin(n(x))
		require.InDelta(t, math.Sin(x), f(sin), 1e-14)
		cos, _ := e.Cos(n(x))
		require.InDelta(t, math.Cos(x), f(cos), 1e-14)
		require.InEpsilon(t, math.Atan2(y, x), f(e.Atan2(n(x), n(y))), 1e-14)
		require.InEpsilon(t, y*math.Log2(math.Abs(x)), f(e.YLog2(n(math.Abs(x)), n(y))), 1e-12)
		require.InEpsilon(t, math.Expm1(y*math.Ln2), f(e.Exp2M1(n(y))), 1e-13)
		require.InEpsilon(t, x*math.Log1p(y/4)/math.Ln2, f(e.YLog2P1(n(y/4), n(x))), 1e-12)
	}
}
