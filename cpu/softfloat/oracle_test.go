package softfloat_test

import (
	"math"
	"math/big"
	"testing"

	. "github.com/nuage-emu/nuage/cpu/softfloat"
	"github.com/stretchr/testify/require"
)

// Tests that need nothing but Go: its own float64 and float32, and math/big.

// sameF64 lets any two NaNs pass: which one comes out is not Go's to say.
func sameF64(got uint64, want float64) bool {
	return got == math.Float64bits(want) || math.IsNaN(math.Float64frombits(got)) && math.IsNaN(want)
}

func sameF32(got uint32, want float32) bool {
	return got == math.Float32bits(want) || got<<1 > 0xff<<24 && want != want
}

func TestAgainstGo(t *testing.T) {
	r := newRNG(20)
	e := &Env{}
	for range 300_000 {
		a := r.f64()
		b := r.near64(a)
		x, y := math.Float64frombits(a), math.Float64frombits(b)
		if !sameF64(e.AddF64(a, b), x+y) || !sameF64(e.SubF64(a, b), x-y) || !sameF64(e.MulF64(a, b), float64(x*y)) ||
			!sameF64(e.DivF64(a, b), x/y) || !sameF64(e.SqrtF64(a), math.Sqrt(x)) {
			t.Fatalf("binary64: %016x, %016x", a, b)
		}
		c, d := uint32(a>>32), uint32(b>>32)
		if i := r.IntN(2); i == 0 {
			c = r.f32()
			d = r.near32(c)
		}
		u, v := math.Float32frombits(c), math.Float32frombits(d)
		if !sameF32(e.AddF32(c, d), u+v) || !sameF32(e.SubF32(c, d), u-v) || !sameF32(e.MulF32(c, d), float32(u*v)) || !sameF32(e.DivF32(c, d), u/v) {
			t.Fatalf("binary32: %08x, %08x", c, d)
		}
		if !sameF32(e.F64ToF32(a), float32(x)) || !sameF64(e.F32ToF64(c), float64(u)) {
			t.Fatalf("conversion: %016x, %08x", a, c)
		}
		if got := e.Round(FromInt(int64(a)), Binary64).F64(); !sameF64(got, float64(int64(a))) {
			t.Fatalf("from integer: %016x", a)
		}
		// Not float32(a): Go on 386 rounds that twice.
		want, _ := new(big.Float).SetUint64(a).Float32()
		if got := e.Round(FromUint(a), Binary32).F32(); !sameF32(got, want) {
			t.Fatalf("from unsigned: %016x", a)
		}
	}
}

func TestMulAddAgainstGo(t *testing.T) {
	r := newRNG(21)
	e := &Env{}
	for range 150_000 {
		a := r.f64()
		b, c := r.near64(a), r.near64(a)
		if got := e.MulAddF64(a, b, c); !sameF64(got, math.FMA(math.Float64frombits(a), math.Float64frombits(b), math.Float64frombits(c))) {
			t.Fatalf("%016x × %016x + %016x: %016x", a, b, c, got)
		}
	}
}

// A Fast result with Inexact set already, and an Exact result, are what the
// full operation gives, flags included.
func TestFastPath(t *testing.T) {
	r := newRNG(22)
	type op64 struct {
		fast, exact func(a, b uint64) (uint64, bool)
		full        func(e *Env, a, b uint64) uint64
	}
	type op32 struct {
		fast, exact func(a, b uint32) (uint32, bool)
		full        func(e *Env, a, b uint32) uint32
	}
	none64 := func(a, b uint64) (uint64, bool) { return 0, false }
	none32 := func(a, b uint32) (uint32, bool) { return 0, false }
	ops64 := []op64{
		{FastAddF64, ExactAddF64, (*Env).AddF64}, {FastSubF64, none64, (*Env).SubF64},
		{FastMulF64, ExactMulF64, (*Env).MulF64}, {FastDivF64, none64, (*Env).DivF64},
		{func(a, _ uint64) (uint64, bool) { return FastSqrtF64(a) }, none64, func(e *Env, a, _ uint64) uint64 { return e.SqrtF64(a) }},
	}
	ops32 := []op32{
		{FastAddF32, ExactAddF32, (*Env).AddF32}, {FastSubF32, none32, (*Env).SubF32},
		{FastMulF32, ExactMulF32, (*Env).MulF32}, {FastDivF32, none32, (*Env).DivF32},
		{func(a, _ uint32) (uint32, bool) { return FastSqrtF32(a) }, none32, func(e *Env, a, _ uint32) uint32 { return e.SqrtF32(a) }},
	}
	fast, exact := 0, 0
	check := func(name string, i int, ok, exactOK bool, got, gotExact, want uint64, e *Env, a, b uint64) {
		if ok {
			fast++
			if got != want || e.Flags&^Inexact != 0 {
				t.Fatalf("%s %d: %x, %x: fast %x, full %x flags %#x", name, i, a, b, got, want, e.Flags)
			}
		}
		if exactOK {
			exact++
			if gotExact != want || e.Flags != 0 {
				t.Fatalf("%s %d: %x, %x: exact %x, full %x flags %#x", name, i, a, b, gotExact, want, e.Flags)
			}
		}
	}
	for range 100_000 {
		a := r.f64()
		b := r.near64(a)
		c := r.f32()
		d := r.near32(c)
		for i, op := range ops64 {
			e := &Env{FlushToZero: r.IntN(2) == 0, DenormalsAreZero: r.IntN(2) == 0}
			f, ok := op.fast(a, b)
			x, xok := op.exact(a, b)
			check("binary64", i, ok, xok, f, x, op.full(e, a, b), e, a, b)
		}
		e := &Env{}
		n, ok := FastF64ToF32(a)
		check("narrow", 0, ok, false, uint64(n), 0, uint64(e.F64ToF32(a)), e, a, 0)
		for i, op := range ops32 {
			e := &Env{FlushToZero: r.IntN(2) == 0, DenormalsAreZero: r.IntN(2) == 0}
			f, ok := op.fast(c, d)
			x, xok := op.exact(c, d)
			check("binary32", i, ok, xok, uint64(f), uint64(x), uint64(op.full(e, c, d)), e, uint64(c), uint64(d))
		}
	}
	require.Greater(t, fast, 50_000)
	require.Greater(t, exact, 1000)
}

// value is a number as math/big has it.
func value(x X80) *big.Float {
	f := new(big.Float).SetPrec(64).SetUint64(x.Sig)
	exp := int(x.SE & 0x7fff)
	if exp == 0 {
		exp = 1
	}
	f.SetMantExp(f, exp-16383-63)
	if x.SE>>15 != 0 {
		f.Neg(f)
	}
	return f
}

var bigModes = []big.RoundingMode{
	NearestEven: big.ToNearestEven, Down: big.ToNegativeInf, Up: big.ToPositiveInf, TowardZero: big.ToZero, NearestAway: big.ToNearestAway,
}

// math/big has no exponent range to speak of, so results that overflow or are
// tiny are left to the tests against a processor.
func TestX80AgainstBig(t *testing.T) {
	r := newRNG(23)
	for range 40_000 {
		a := X80{r.bits(64) | 1<<63, uint16(r.IntN(2))<<15 | uint16(0x3fff-200+r.IntN(400))}
		b := X80{r.bits(64) | 1<<63, uint16(r.IntN(2))<<15 | uint16(0x3fff-200+r.IntN(400))}
		mode := Rounding(r.IntN(len(bigModes)))
		f, prec := Extended, uint(64)
		switch r.IntN(3) {
		case 0:
			f, prec = Extended53, 53
		case 1:
			f, prec = Extended24, 24
		}
		x, y := value(a), value(b)
		for i, op := range []struct {
			big  func(z, x, y *big.Float) *big.Float
			soft func(e *Env, a, b Num, f *Format) Num
		}{
			{(*big.Float).Add, (*Env).Add}, {(*big.Float).Sub, (*Env).Sub}, {(*big.Float).Mul, (*Env).Mul}, {(*big.Float).Quo, (*Env).Div},
		} {
			want := new(big.Float).SetPrec(prec).SetMode(bigModes[mode])
			op.big(want, x, y)
			e := &Env{Rounding: mode}
			got := op.soft(e, a.Unpack(), b.Unpack(), f).X80()
			if value(got).Cmp(want) != 0 || (e.Flags&Inexact != 0) != (want.Acc() != big.Exact) {
				t.Fatalf("operation %d, %v, %d bits: %x, %x: got %v flags %#x, want %v", i, mode, prec, a, b, value(got), e.Flags, want)
			}
			if e.RoundedUp != (want.Acc() == big.Above && want.Sign() > 0 || want.Acc() == big.Below && want.Sign() < 0) {
				t.Fatalf("operation %d: %x, %x: rounded up %v, want %v", i, a, b, e.RoundedUp, want.Acc())
			}
		}
	}
}

// Odd rounding: an inexact result has an odd last bit and lies next to the exact one.
func TestToOdd(t *testing.T) {
	r := newRNG(24)
	for range 100_000 {
		a := r.f64()
		odd, down, up := &Env{Rounding: ToOdd}, &Env{Rounding: Down}, &Env{Rounding: Up}
		o, d, u := odd.F64ToF32(a), down.F64ToF32(a), up.F64ToF32(a)
		if odd.Flags&(Overflow|Invalid) != 0 {
			continue
		}
		if odd.Flags&Inexact == 0 {
			require.Equal(t, d, o)
			continue
		}
		require.Equal(t, uint32(1), o&1, "%x", a)
		require.True(t, o == d || o == u, "%x", a)
	}
}

func TestF16RoundTrip(t *testing.T) {
	e := &Env{}
	for v := range 1 << 16 {
		n := e.UnpackF16(uint16(v))
		if n.Class == SignallingNaN {
			continue
		}
		wide := e.Round(n, Binary32).F32()
		require.Equal(t, uint16(v), e.Round(e.UnpackF32(wide), Binary16).F16(), "%04x", v)
	}
}

func TestIntegers(t *testing.T) {
	for _, c := range []struct {
		f     float64
		width uint
		want  int64
		ok    bool
		uwant uint64
		uok   bool
		flags Flags
	}{
		{0.5, 32, 0, true, 0, true, Inexact},
		{1.5, 16, 2, true, 2, true, Inexact},
		{-1, 16, -1, true, 0, false, 0},
		{-0.25, 64, 0, true, 0, true, Inexact},
		{32767.5, 16, 32767, false, 32768, true, Invalid},
		{-32768.5, 16, -32768, true, 0, false, Inexact},
		{4294967295, 32, 1<<31 - 1, false, 1<<32 - 1, true, Invalid},
		{18446744073709551615, 64, 1<<63 - 1, false, 1<<64 - 1, false, Invalid},
		{-9223372036854775808, 64, -1 << 63, true, 0, false, 0},
		{math.Inf(-1), 32, -1 << 31, false, 0, false, Invalid},
		{math.NaN(), 32, 0, false, 0, false, Invalid},
	} {
		e := &Env{}
		v, ok := e.ToInt(e.UnpackF64(math.Float64bits(c.f)), c.width)
		require.Equal(t, c.want, v, "%v", c.f)
		require.Equal(t, c.ok, ok, "%v", c.f)
		require.Equal(t, c.flags, e.Flags, "%v", c.f)
		u, uok := e.ToUint(e.UnpackF64(math.Float64bits(c.f)), c.width)
		require.Equal(t, c.uwant, u, "%v", c.f)
		require.Equal(t, c.uok, uok, "%v", c.f)
	}
}

func TestNaNRules(t *testing.T) {
	const q1, q2, s1 = 0x7ff8000000000001, 0xfff8000000000002, 0x7ff0000000000003
	for _, c := range []struct {
		rule NaNRule
		a, b uint64
		want uint64
	}{
		{NaNFirst, q1, q2, q1}, {NaNFirst, q2, q1, q2}, {NaNFirst, s1, q1, s1 | 1<<51}, {NaNFirst, q1, s1, q1},
		{NaNLarger, q1, q2, q2}, {NaNLarger, s1, q1, q1}, {NaNLarger, q1, q1 | 1<<63, q1},
		{NaNSignalling, q1, s1, s1 | 1<<51}, {NaNSignalling, q1, q2, q1},
		{NaNDefault, q1, q2, 0x7ff8000000000000},
	} {
		e := &Env{NaN: c.rule}
		require.Equal(t, c.want, e.AddF64(c.a, c.b), "rule %d: %x %x", c.rule, c.a, c.b)
		require.Equal(t, c.a == s1 || c.b == s1, e.Flags == Invalid)
	}
}

// Arm detects tininess before rounding, x86 after it.
func TestTinyBefore(t *testing.T) {
	// ½(1+2^-52) × 2^-1021(1-2^-52) rounds up to the smallest normal number.
	a, b := uint64(0x3fe0000000000001), uint64(0x001ffffffffffffe)
	after, before := &Env{}, &Env{TinyBefore: true}
	require.Equal(t, uint64(1)<<52, after.MulF64(a, b))
	require.Equal(t, uint64(1)<<52, before.MulF64(a, b))
	require.Equal(t, Inexact, after.Flags)
	require.Equal(t, Underflow|Inexact, before.Flags)
	after.FlushToZero, before.FlushToZero = true, true
	require.Equal(t, uint64(1)<<52, after.MulF64(a, b))
	require.Equal(t, uint64(0), before.MulF64(a, b))
}

func FuzzX80(f *testing.F) {
	f.Add(uint64(1)<<63, uint16(0x3fff), uint64(3)<<62, uint16(0x4000), uint8(0))
	f.Fuzz(func(t *testing.T, as uint64, ae uint16, bs uint64, be uint16, mode uint8) {
		a, b := X80{as, ae}, X80{bs, be}
		e := &Env{Rounding: Rounding(mode & 3), NaN: NaNLarger, Wrap: mode&4 != 0, Unmasked: Flags(mode >> 3)}
		x, y := a.Unpack(), b.Unpack()
		for _, n := range []Num{e.Add(x, y, Extended), e.Mul(x, y, Extended), e.Div(x, y, Extended24), e.Sqrt(x, Extended53), e.Scale(x, y),
			e.YLog2(x, y), e.YLog2P1(x, y), e.Atan2(x, y), e.Exp2M1(x)} {
			v := n.X80()
			require.NotEqual(t, Unsupported, v.Unpack().Class)
		}
		if r, _, complete := e.Remainder(x, y, mode&1 != 0); complete && !r.IsNaN() && y.Class < Zero && x.Class <= Zero {
			u, v := r.X80().Unpack(), y
			u.Neg, v.Neg = false, false
			if mode>>3&8 == 0 { // an unmasked underflow wraps the remainder
				require.NotEqual(t, Greater, (&Env{}).Compare(u, v, true), "%x rem %x", a, b)
			}
		}
	})
}

func BenchmarkAddF64(b *testing.B) {
	e := &Env{}
	x, y := math.Float64bits(1.1), math.Float64bits(2.3)
	for b.Loop() {
		x = e.AddF64(x, y)
	}
}

// The same of the fused multiply-add.
func TestFastMulAdd(t *testing.T) {
	r := newRNG(17)
	taken := 0
	for range 300000 {
		a := r.f64()
		b := r.near64(a)
		c := r.near64(b)
		if got, ok := FastMulAddF64(a, b, c); ok {
			e := Env{Flags: Inexact}
			if want := e.MulAddF64(a, b, c); got != want || e.Flags != Inexact {
				t.Fatalf("%x × %x + %x: fast %x, full %x flags %#x", a, b, c, got, want, e.Flags)
			}
			taken++
		}
		x := r.f32()
		y := r.near32(x)
		z := r.near32(y)
		if got, ok := FastMulAddF32(x, y, z); ok {
			e := Env{Flags: Inexact}
			if want := e.MulAddF32(x, y, z); got != want || e.Flags != Inexact {
				t.Fatalf("%x × %x + %x: fast %x, full %x flags %#x", x, y, z, got, want, e.Flags)
			}
			taken++
		}
	}
	require.Greater(t, taken, 10000)
}

func BenchmarkFastAddF64(b *testing.B) {
	x, y := math.Float64bits(1.1), math.Float64bits(2.3)
	for b.Loop() {
		x, _ = FastAddF64(x, y)
	}
}

func BenchmarkX80(b *testing.B) {
	e := &Env{NaN: NaNLarger}
	x, y := X80{0x8ccccccccccccccd, 0x3fff}, X80{0x9333333333333333, 0x3fff}
	for name, f := range map[string]func(e *Env, a, b Num, f *Format) Num{"add": (*Env).Add, "mul": (*Env).Mul, "div": (*Env).Div} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f(e, x.Unpack(), y.Unpack(), Extended).X80()
			}
		})
	}
	b.Run("sin", func(b *testing.B) {
		for b.Loop() {
			e.Sin(x.Unpack())
		}
	})
	b.Run("log2", func(b *testing.B) {
		for b.Loop() {
			e.YLog2(x.Unpack(), y.Unpack())
		}
	})
}
