package softfloat_test

import (
	"fmt"
	"testing"

	. "github.com/nuage-emu/nuage/cpu/softfloat"
	"github.com/nuage-emu/nuage/cpu/softfloat/internal/native"
)

// The host processor as the oracle: every operation, on edge and random
// operands, in all rounding modes, results and flags.

func needNative(t *testing.T) {
	t.Helper()
	if !native.Available {
		t.Skip("needs a linux/amd64 host as the oracle")
	}
}

// trials of each operation; raise it to search for long.
const trials = 40_000

// sse is op xmm0, [rdi+0x20] on xmm0 from [rdi+0x10], result to [rdi+0x30];
// MXCSR from [rdi] to [rdi+4].
func sse(op ...byte) *native.Code {
	return native.New([]byte{0x0f, 0xae, 0x17, 0x0f, 0x10, 0x47, 0x10}, op, []byte{0x47, 0x20, 0x0f, 0x11, 0x47, 0x30, 0x0f, 0xae, 0x5f, 0x04})
}

// mxcsr draws a control word with all exceptions masked and the Env it means.
func mxcsr(r rng) (uint32, *Env) {
	rc := Rounding(r.IntN(4))
	e := &Env{Rounding: rc, FlushToZero: r.IntN(4) == 0, DenormalsAreZero: r.IntN(4) == 0}
	v := uint32(0x1f80) | uint32(rc)<<13
	if e.FlushToZero {
		v |= 1 << 15
	}
	if e.DenormalsAreZero {
		v |= 1 << 6
	}
	return v, e
}

func TestNativeF64(t *testing.T) {
	needNative(t)
	ops := []struct {
		name string
		op   byte
		f    func(e *Env, a, b uint64) uint64
	}{
		{"addsd", 0x58, (*Env).AddF64}, {"subsd", 0x5c, (*Env).SubF64}, {"mulsd", 0x59, (*Env).MulF64}, {"divsd", 0x5e, (*Env).DivF64},
		{"sqrtsd", 0x51, func(e *Env, _, b uint64) uint64 { return e.SqrtF64(b) }},
	}
	for _, op := range ops {
		t.Run(op.name, func(t *testing.T) {
			code := sse(0xf2, 0x0f, op.op)
			r := newRNG(1)
			for range trials {
				a := r.f64()
				b := r.near64(a)
				csr, e := mxcsr(r)
				var m native.Block
				m.Put32(0, csr)
				m.Put64(0x10, a)
				m.Put64(0x20, b)
				code.Run(&m)
				got := op.f(e, a, b)
				if got != m.Get64(0x30) || uint32(e.Flags) != m.Get32(4)&0x3f {
					t.Fatalf("%s %016x, %016x with %+v: got %016x flags %#x, host %016x flags %#x", op.name, a, b, *e, got, e.Flags, m.Get64(0x30), m.Get32(4)&0x3f)
				}
			}
		})
	}
}

func TestNativeF32(t *testing.T) {
	needNative(t)
	ops := []struct {
		name string
		op   byte
		f    func(e *Env, a, b uint32) uint32
	}{
		{"addss", 0x58, (*Env).AddF32}, {"subss", 0x5c, (*Env).SubF32}, {"mulss", 0x59, (*Env).MulF32}, {"divss", 0x5e, (*Env).DivF32},
		{"sqrtss", 0x51, func(e *Env, _, b uint32) uint32 { return e.SqrtF32(b) }},
	}
	for _, op := range ops {
		t.Run(op.name, func(t *testing.T) {
			code := sse(0xf3, 0x0f, op.op)
			r := newRNG(2)
			for range trials {
				a := r.f32()
				b := r.near32(a)
				csr, e := mxcsr(r)
				var m native.Block
				m.Put32(0, csr)
				m.Put32(0x10, a)
				m.Put32(0x20, b)
				code.Run(&m)
				got := op.f(e, a, b)
				if got != m.Get32(0x30) || uint32(e.Flags) != m.Get32(4)&0x3f {
					t.Fatalf("%s %08x, %08x with %+v: got %08x flags %#x, host %08x flags %#x", op.name, a, b, *e, got, e.Flags, m.Get32(0x30), m.Get32(4)&0x3f)
				}
			}
		})
	}
}

// eflags of a comparison, as COMISD and FCOMI set them.
func relationOf(flags uint64) Relation {
	switch flags & 0x45 {
	case 0x45:
		return Unordered
	case 0x40:
		return Equal
	case 0x01:
		return Less
	}
	return Greater
}

func TestNativeCompare(t *testing.T) {
	needNative(t)
	saveFlags := []byte{0x9c, 0x58, 0x48, 0x89, 0x47, 0x40} // pushfq; pop rax; mov [rdi+0x40], rax
	for _, quiet := range []bool{true, false} {
		op := byte(0x2f)
		if quiet {
			op = 0x2e
		}
		head := []byte{0x0f, 0xae, 0x17, 0x0f, 0x10, 0x47, 0x10}
		tail := append(append([]byte{0x47, 0x20}, saveFlags...), 0x0f, 0xae, 0x5f, 0x04)
		code64 := native.New(head, []byte{0x66, 0x0f, op}, tail)
		code32 := native.New(head, []byte{0x0f, op}, tail)
		r := newRNG(3)
		for range trials {
			a := r.f64()
			b := r.near64(a)
			if r.IntN(8) == 0 {
				b = a
			}
			csr, e := mxcsr(r)
			var m native.Block
			m.Put32(0, csr)
			m.Put64(0x10, a)
			m.Put64(0x20, b)
			code64.Run(&m)
			if got := e.CompareF64(a, b, quiet); got != relationOf(m.Get64(0x40)) || uint32(e.Flags) != m.Get32(4)&0x3f {
				t.Fatalf("comisd %016x, %016x quiet %v %+v: got %v flags %#x, host %v flags %#x", a, b, quiet, *e, got, e.Flags, relationOf(m.Get64(0x40)), m.Get32(4)&0x3f)
			}
			e.Flags = 0
			code32.Run(&m)
			if got := e.CompareF32(uint32(a), uint32(b), quiet); got != relationOf(m.Get64(0x40)) || uint32(e.Flags) != m.Get32(4)&0x3f {
				t.Fatalf("comiss %08x, %08x quiet %v %+v: got %v flags %#x, host %v flags %#x", uint32(a), uint32(b), quiet, *e, got, e.Flags, relationOf(m.Get64(0x40)), m.Get32(4)&0x3f)
			}
		}
	}
}

func TestNativeConvert(t *testing.T) {
	needNative(t)
	narrow, widen := sse(0xf2, 0x0f, 0x5a), sse(0xf3, 0x0f, 0x5a)
	// cvtsd2si rax / eax, [rdi+0x20]
	toInt := func(op ...byte) *native.Code {
		return native.New([]byte{0x0f, 0xae, 0x17}, op, []byte{0x47, 0x20, 0x48, 0x89, 0x47, 0x30, 0x0f, 0xae, 0x5f, 0x04})
	}
	to64, to32 := toInt(0xf2, 0x48, 0x0f, 0x2d), toInt(0xf2, 0x0f, 0x2d)
	from64to64, from64to32 := sse(0xf2, 0x48, 0x0f, 0x2a), sse(0xf3, 0x48, 0x0f, 0x2a)
	r := newRNG(4)
	for range trials {
		v := r.f64()
		if r.IntN(2) == 0 {
			v = uint64(r.IntN(2))<<63 | uint64(1023+r.IntN(68)-2)<<52 | r.bits(52)
		}
		csr, e := mxcsr(r)
		var m native.Block
		m.Put32(0, csr)
		m.Put64(0x20, v)
		check := func(name string, got, want uint64) {
			t.Helper()
			if got != want || uint32(e.Flags) != m.Get32(4)&0x3f {
				t.Fatalf("%s %016x %+v: got %016x flags %#x, host %016x flags %#x", name, v, *e, got, e.Flags, want, m.Get32(4)&0x3f)
			}
			e.Flags = 0
		}
		narrow.Run(&m)
		check("cvtsd2ss", uint64(e.F64ToF32(v)), uint64(m.Get32(0x30)))
		widen.Run(&m)
		check("cvtss2sd", e.F32ToF64(uint32(v)), m.Get64(0x30))
		to64.Run(&m)
		i, ok := e.ToInt(e.UnpackF64(v), 64)
		if !ok {
			i = -1 << 63
		}
		check("cvtsd2si", uint64(i), m.Get64(0x30))
		to32.Run(&m)
		i, ok = e.ToInt(e.UnpackF64(v), 32)
		if !ok {
			i = -1 << 31
		}
		check("cvtsd2si 32", uint64(uint32(i)), uint64(m.Get32(0x30)))
		from64to64.Run(&m)
		check("cvtsi2sd", e.Round(FromInt(int64(v)), Binary64).F64(), m.Get64(0x30))
		from64to32.Run(&m)
		check("cvtsi2ss", uint64(e.Round(FromInt(int64(v)), Binary32).F32()), uint64(m.Get32(0x30)))
	}
}

func TestNativeMulAdd(t *testing.T) {
	needNative(t)
	// vfmadd213sd xmm0, xmm1, [rdi+0x40]: xmm0*xmm1 + mem; skipped without FMA.
	if !hasFMA() {
		t.Skip("the host has no FMA")
	}
	// c4 e2 f1 a9 47 40: VEX.LIG.66.0F38.W1 A9, vvvv = xmm1
	code := func(w byte) *native.Code {
		return native.New([]byte{0x0f, 0xae, 0x17, 0x0f, 0x10, 0x47, 0x10, 0x0f, 0x10, 0x4f, 0x20,
			0xc4, 0xe2, 0x71 | w, 0xa9, 0x47, 0x40, 0x0f, 0x11, 0x47, 0x30, 0x0f, 0xae, 0x5f, 0x04})
	}
	c64, c32 := code(0x80), code(0)
	r := newRNG(5)
	for range trials {
		a := r.f64()
		b := r.near64(a)
		c := r.near64(a)
		if r.IntN(2) == 0 { // near the product
			ex := (int(a>>52&0x7ff) + int(b>>52&0x7ff) - 1023 + r.IntN(140) - 70) & 0x7ff
			c = uint64(r.IntN(2))<<63 | uint64(ex)<<52 | r.bits(52)
		}
		csr, e := mxcsr(r)
		var m native.Block
		m.Put32(0, csr)
		m.Put64(0x10, a)
		m.Put64(0x20, b)
		m.Put64(0x40, c)
		c64.Run(&m)
		// The 213 form prefers the NaN of its second operand, xmm1.
		if got := e.MulAddF64(b, a, c); got != m.Get64(0x30) || uint32(e.Flags) != m.Get32(4)&0x3f {
			t.Fatalf("fma %016x %016x %016x %+v: got %016x flags %#x, host %016x flags %#x", a, b, c, *e, got, e.Flags, m.Get64(0x30), m.Get32(4)&0x3f)
		}
		e.Flags = 0
		c32.Run(&m)
		if got := e.MulAddF32(uint32(b), uint32(a), uint32(c)); got != m.Get32(0x30) || uint32(e.Flags) != m.Get32(4)&0x3f {
			t.Fatalf("fma32 %08x %08x %08x %+v: got %08x flags %#x, host %08x flags %#x", uint32(a), uint32(b), uint32(c), *e, got, e.Flags, m.Get32(0x30), m.Get32(4)&0x3f)
		}
	}
}

// hasFMA asks CPUID.
func hasFMA() bool {
	var m native.Block
	// push rbx; mov eax,1; xor ecx,ecx; cpuid; mov [rdi],ecx; pop rbx
	native.New([]byte{0x53, 0xb8, 1, 0, 0, 0, 0x31, 0xc9, 0x0f, 0xa2, 0x89, 0x0f, 0x5b}).Run(&m)
	return m.Get32(0)>>12&1 != 0 && m.Get32(0)>>28&1 != 0
}

// x87 is op with st0 from [rdi+0x10] and st1 from [rdi+0x20]; st0 goes to
// [rdi+0x30], then st1 to [rdi+0x40], the control word comes from [rdi], the status goes to [rdi+4].
func x87(op ...byte) *native.Code {
	return native.New([]byte{0xdb, 0xe3, 0xd9, 0x2f, 0xdb, 0x6f, 0x20, 0xdb, 0x6f, 0x10, 0xdb, 0xe2}, op,
		[]byte{0xdd, 0x7f, 0x04, 0xdb, 0xe2, 0xdb, 0x7f, 0x30, 0xdd, 0x7f, 0x08, 0xdb, 0xe2, 0xdb, 0x7f, 0x40, 0xdb, 0xe2})
}

func putX80(m *native.Block, at int, x X80) {
	m.Put64(at, x.Sig)
	m.Put16(at+8, x.SE)
}

func getX80(m *native.Block, at int) X80 { return X80{m.Get64(at), m.Get16(at + 8)} }

// control draws a control word and the Env and Format it means.
func control(r rng, unmask bool) (uint16, *Env, *Format) {
	rc := Rounding(r.IntN(4))
	pc := r.IntN(3)
	e := &Env{Rounding: rc, NaN: NaNLarger, Wrap: true}
	if unmask && r.IntN(2) == 0 {
		e.Unmasked = Flags(r.IntN(8)) << 3
	}
	cw := uint16(0x3f&^e.Unmasked) | uint16(rc)<<10 | []uint16{0, 0x200, 0x300}[pc]
	return cw, e, []*Format{Extended24, Extended53, Extended}[pc]
}

func (x xstate) String() string {
	return fmt.Sprintf("%04x:%016x flags %#x c1 %v", x.x.SE, x.x.Sig, x.flags, x.c1)
}

type xstate struct {
	x     X80
	flags Flags
	c1    bool
}

func TestNativeX80(t *testing.T) {
	needNative(t)
	ops := []struct {
		name string
		op   []byte
		f    func(e *Env, a, b Num, f *Format) Num
	}{
		{"fadd", []byte{0xd8, 0xc1}, (*Env).Add},
		{"fsub", []byte{0xd8, 0xe1}, (*Env).Sub},
		{"fmul", []byte{0xd8, 0xc9}, (*Env).Mul},
		{"fdiv", []byte{0xd8, 0xf1}, (*Env).Div},
		{"fsqrt", []byte{0xd9, 0xfa}, func(e *Env, a, _ Num, f *Format) Num { return e.Sqrt(a, f) }},
		{"fscale", []byte{0xd9, 0xfd}, func(e *Env, a, b Num, _ *Format) Num { return e.Scale(a, b) }},
		{"frndint", []byte{0xd9, 0xfc}, func(e *Env, a, _ Num, _ *Format) Num {
			if a.Class == Subnormal {
				e.Flags |= Denormal
			}
			return e.RoundToIntegral(a, true)
		}},
	}
	for _, op := range ops {
		t.Run(op.name, func(t *testing.T) {
			code := x87(op.op...)
			r := newRNG(6)
			for range trials {
				a := r.x80()
				b := r.nearX80(a)
				if op.name == "fscale" && r.IntN(2) == 0 {
					b = X80{r.bits(64) | 1<<63, uint16(r.IntN(2))<<15 | uint16(0x3fff+r.IntN(20))}
				}
				cw, e, f := control(r, true)
				var m native.Block
				m.Put16(0, cw)
				putX80(&m, 0x10, a)
				putX80(&m, 0x20, b)
				code.Run(&m)
				got := op.f(e, a.Unpack(), b.Unpack(), f).X80()
				if pre := e.Flags & BeforeResult & e.Unmasked; pre != 0 {
					e.Flags &= BeforeResult
					e.RoundedUp = false
					got = a
				}
				sw := m.Get16(4)
				want := xstate{getX80(&m, 0x30), Flags(sw & 0x3f), sw>>9&1 != 0}
				if have := (xstate{got, e.Flags, e.RoundedUp}); have != want {
					t.Fatalf("%s %04x:%016x, %04x:%016x cw %#x:\n got %v\nhost %v", op.name, a.SE, a.Sig, b.SE, b.Sig, cw, have, want)
				}
			}
		})
	}
}

func TestNativeRemainder(t *testing.T) {
	needNative(t)
	for _, nearest := range []bool{false, true} {
		op := byte(0xf8)
		if nearest {
			op = 0xf5
		}
		code := x87(0xd9, op)
		r := newRNG(7)
		for range trials {
			a := r.x80()
			b := r.nearX80(a)
			cw, e, _ := control(r, true)
			var m native.Block
			m.Put16(0, cw)
			putX80(&m, 0x10, a)
			putX80(&m, 0x20, b)
			code.Run(&m)
			n, q, complete := e.Remainder(a.Unpack(), b.Unpack(), nearest)
			got := n.X80()
			c1 := q&1 != 0
			cc := uint16(q&4<<6 | q&1<<9 | q&2<<13)
			if !complete {
				cc = 1 << 10
			}
			sw := m.Get16(4)
			if want := getX80(&m, 0x30); got != want || uint16(e.Flags) != sw&0x3f || cc != sw&0x4700 {
				t.Fatalf("fprem nearest %v %04x:%016x, %04x:%016x:\n got %04x:%016x flags %#x cc %#x c1 %v\nhost %04x:%016x flags %#x cc %#x",
					nearest, a.SE, a.Sig, b.SE, b.Sig, got.SE, got.Sig, e.Flags, cc, c1, want.SE, want.Sig, sw&0x3f, sw&0x4700)
			}
		}
	}
}

func TestNativeExtractAndCompareX80(t *testing.T) {
	needNative(t)
	extract := x87(0xd9, 0xf4)
	fcomi, fucomi := x87(0xdb, 0xf1, 0x9c, 0x58, 0x48, 0x89, 0x47, 0x50), x87(0xdb, 0xe9, 0x9c, 0x58, 0x48, 0x89, 0x47, 0x50)
	r := newRNG(8)
	for range trials {
		a := r.x80()
		b := r.nearX80(a)
		if r.IntN(8) == 0 {
			b = a
		}
		cw, e, _ := control(r, false)
		var m native.Block
		m.Put16(0, cw)
		putX80(&m, 0x10, a)
		putX80(&m, 0x20, b)
		extract.Run(&m)
		exp, sig := e.Extract(a.Unpack())
		if getX80(&m, 0x30) != sig.X80() || getX80(&m, 0x40) != exp.X80() || uint16(e.Flags) != m.Get16(4)&0x3f {
			t.Fatalf("fxtract %x: got %x %x flags %#x, host %x %x flags %#x", a, sig.X80(), exp.X80(), e.Flags, getX80(&m, 0x30), getX80(&m, 0x40), m.Get16(4)&0x3f)
		}
		e.Flags = 0
		for _, quiet := range []bool{false, true} {
			code := fcomi
			if quiet {
				code = fucomi
			}
			code.Run(&m)
			got := e.Compare(a.Unpack(), b.Unpack(), quiet)
			if got != relationOf(m.Get64(0x50)) || uint16(e.Flags) != m.Get16(4)&0x3f {
				t.Fatalf("fcomi %x, %x quiet %v: got %v flags %#x, host %v flags %#x", a, b, quiet, got, e.Flags, relationOf(m.Get64(0x50)), m.Get16(4)&0x3f)
			}
			e.Flags = 0
		}
	}
}

func TestNativeX80Stores(t *testing.T) {
	needNative(t)
	// Stores st0 to [rdi+0x30] and pops.
	fix := func(opcode, digit byte) *native.Code {
		return native.New([]byte{0xdb, 0xe3, 0xd9, 0x2f, 0xdb, 0x6f, 0x10, 0xdb, 0xe2, opcode, 0x47 | digit<<3, 0x30, 0xdd, 0x7f, 0x04, 0xdb, 0xe2, 0xdb, 0xe3})
	}
	f32, f64, i16, i32, i64, bcd := fix(0xd9, 3), fix(0xdd, 3), fix(0xdf, 3), fix(0xdb, 3), fix(0xdf, 7), fix(0xdf, 6)
	r := newRNG(9)
	for range trials {
		a := r.x80()
		if r.IntN(2) == 0 {
			a = X80{r.bits(64) | 1<<63, uint16(r.IntN(2))<<15 | uint16(0x3fff+r.IntN(68)-2)}
		}
		if r.IntN(3) == 0 {
			a = X80{r.bits(64) | 1<<63, uint16(r.IntN(2))<<15 | uint16(0x3fff+[]int{127, -127, -150, 1023, -1023, -1075}[r.IntN(6)]+r.IntN(5)-2)}
		}
		cw, e, _ := control(r, false)
		var m native.Block
		m.Put16(0, cw)
		putX80(&m, 0x10, a)
		n := a.Unpack()
		run := func(name string, code *native.Code, size int, got [16]byte) {
			t.Helper()
			var want [16]byte
			copy(m[0x30:], want[:])
			code.Run(&m)
			copy(want[:size], m[0x30:])
			sw := m.Get16(4)
			if got != want || uint16(e.Flags) != sw&0x3f || e.RoundedUp != (sw>>9&1 != 0) {
				t.Fatalf("%s %04x:%016x cw %#x: got %x flags %#x c1 %v, host %x sw %#x", name, a.SE, a.Sig, cw, got, e.Flags, e.RoundedUp, want, sw)
			}
			e.Flags = 0
		}
		le := func(v uint64, size int) (out [16]byte) {
			for i := range size {
				out[i] = byte(v >> (8 * i))
			}
			return out
		}
		toInt := func(width uint) [16]byte {
			v, ok := e.ToInt(n, width)
			if !ok {
				v = -1 << (width - 1)
			}
			return le(uint64(v), int(width/8))
		}
		run("fstp m32", f32, 4, le(uint64(e.RoundQuietly(n, Binary32).F32()), 4))
		run("fstp m64", f64, 8, le(e.RoundQuietly(n, Binary64).F64(), 8))
		run("fistp m16", i16, 2, toInt(16))
		run("fistp m32", i32, 4, toInt(32))
		run("fistp m64", i64, 8, toInt(64))
		var out [16]byte
		b := e.ToBCD(n)
		copy(out[:], b[:])
		run("fbstp", bcd, 10, out)
	}
}
