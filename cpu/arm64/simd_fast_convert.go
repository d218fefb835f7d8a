package arm64

import "math"

// Conversions and comparisons of whole vectors, on the host where it may be
// done: see fp_host.go and simd_fast_float.go.

// fromIntegers is SCVTF and UCVTF of vectors.
func fromIntegers(unsigned bool, rest func(*binder)) func(*binder) {
	convert := func(v uint64) (r uint64, ok bool) {
		r, _, ok = hostInt(v, 64, 64, unsigned)
		return r, ok
	}
	single := func(v uint64) uint32 {
		if unsigned {
			return math.Float32bits(float32(float64(uint32(v))))
		}
		return math.Float32bits(float32(float64(int32(v))))
	}
	return straight(func(general opFunc) opFunc {
		return func(s *State, o *op) *op {
			n := &s.V[o.rn&31]
			lo, ok0 := convert(n[0])
			hi, ok1 := convert(n[1])
			if !ok0 || !ok1 || !s.near() {
				return general(s, o)
			}
			s.V[o.rd&31] = [2]uint64{lo, hi}
			return o.after()
		}
	}, func(general opFunc) opFunc {
		return func(s *State, o *op) *op {
			if !s.near() {
				return general(s, o)
			}
			n := &s.V[o.rn&31]
			s.join(o, single(n[0]), single(n[0]>>32), single(n[1]), single(n[1]>>32))
			return o.after()
		}
	}, rest)
}

// toIntegers is FCVTZS and FCVTZU of vectors.
func toIntegers(unsigned bool, rest func(*binder)) func(*binder) {
	return straight(func(general opFunc) opFunc {
		return func(s *State, o *op) *op {
			n := &s.V[o.rn&31]
			lo, _, ok0 := hostTruncate(n[0], 64, unsigned)
			hi, _, ok1 := hostTruncate(n[1], 64, unsigned)
			if !ok0 || !ok1 || s.FPSR&fpsrIXC == 0 {
				return general(s, o)
			}
			s.V[o.rd&31] = [2]uint64{lo, hi}
			return o.after()
		}
	}, func(general opFunc) opFunc {
		return func(s *State, o *op) *op {
			n := &s.V[o.rn&31]
			r0, _, ok0 := hostTruncate(n[0]&ones(32), 32, unsigned)
			r1, _, ok1 := hostTruncate(n[0]>>32, 32, unsigned)
			r2, _, ok2 := hostTruncate(n[1]&ones(32), 32, unsigned)
			r3, _, ok3 := hostTruncate(n[1]>>32, 32, unsigned)
			if !ok0 || !ok1 || !ok2 || !ok3 || s.FPSR&fpsrIXC == 0 {
				return general(s, o)
			}
			s.join(o, uint32(r0), uint32(r1), uint32(r2), uint32(r3))
			return o.after()
		}
	}, rest)
}

// Comparisons: a test gives the answer for two numbers, and ordered whether
// they are numbers, which then need no flag unless they might be flushed.
type test = func(x, y float64) (yes, ordered bool)

func testEQ(x, y float64) (yes, ordered bool) { return x == y, x == x && y == y }
func testGE(x, y float64) (yes, ordered bool) { return x >= y, x >= y || x < y }
func testGT(x, y float64) (yes, ordered bool) { return x > y, x > y || x <= y }

func compare2d(t test) func(opFunc) opFunc {
	return func(general opFunc) opFunc {
		return func(s *State, o *op) *op {
			n, m := &s.V[o.rn&31], &s.V[o.rm&31]
			lo, ok0 := t(math.Float64frombits(n[0]), math.Float64frombits(m[0]))
			hi, ok1 := t(math.Float64frombits(n[1]), math.Float64frombits(m[1]))
			if !ok0 || !ok1 || s.FPCR&fpcrFZ != 0 {
				return general(s, o)
			}
			s.V[o.rd&31] = [2]uint64{truth(lo), truth(hi)}
			return o.after()
		}
	}
}

func compare4s(t test) func(opFunc) opFunc {
	return func(general opFunc) opFunc {
		return func(s *State, o *op) *op {
			n, m := &s.V[o.rn&31], &s.V[o.rm&31]
			r0, ok0 := t(float32of(n[0]), float32of(m[0]))
			r1, ok1 := t(float32of(n[0]>>32), float32of(m[0]>>32))
			r2, ok2 := t(float32of(n[1]), float32of(m[1]))
			r3, ok3 := t(float32of(n[1]>>32), float32of(m[1]>>32))
			if !ok0 || !ok1 || !ok2 || !ok3 || s.FPCR&fpcrFZ != 0 {
				return general(s, o)
			}
			s.join(o, uint32(truth(r0)), uint32(truth(r1)), uint32(truth(r2)), uint32(truth(r3)))
			return o.after()
		}
	}
}

// faddp2d and faddp4s add neighbours.
func faddp2d(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], &s.V[o.rm&31]
		lo, ok0 := hostAdd64(n[0], n[1])
		hi, ok1 := hostAdd64(m[0], m[1])
		if !ok0 || !ok1 || !s.near() {
			return general(s, o)
		}
		s.V[o.rd&31] = [2]uint64{lo, hi}
		return o.after()
	}
}

func faddp4s(general opFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], &s.V[o.rm&31]
		r0, ok0 := hostAdd32(uint32(n[0]), uint32(n[0]>>32))
		r1, ok1 := hostAdd32(uint32(n[1]), uint32(n[1]>>32))
		r2, ok2 := hostAdd32(uint32(m[0]), uint32(m[0]>>32))
		r3, ok3 := hostAdd32(uint32(m[1]), uint32(m[1]>>32))
		if !ok0 || !ok1 || !ok2 || !ok3 || !s.near() {
			return general(s, o)
		}
		s.join(o, r0, r1, r2, r3)
		return o.after()
	}
}
