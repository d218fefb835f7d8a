package arm64

// ZIP, UZP and TRN: elements of two registers in another order.

// spread functions put the elements of half a doubleword into the lower halves
// of elements twice as large, and gather functions take them from there
// (simd_fast.go).
var (
	spreads = [3]func(uint64) uint64{spreadB, spreadH, spreadS}
	gathers = [3]func(uint64) uint64{gatherB, gatherH, gatherS}
)

// permutation makes the functions for elements of 8, 16 and 32 bits by one that
// is given the width, and the function for 64 bits.
func permutation(by func(i int, e uint) opFunc, double opFunc) func(*binder) {
	runs := [4]opFunc{by(0, 8), by(1, 16), by(2, 32), double}
	return func(b *binder) { b.vector(runs[widthIndex(b.d.Args[0].Value)], 0) }
}

// zip interleaves the lower or, with upper 1, the upper halves.
func zip(upper int) func(*binder) {
	return permutation(func(i int, e uint) opFunc {
		spread := spreads[i]
		return func(s *State, o *op) *op {
			n, m := s.V[o.rn&31], s.V[o.rm&31]
			d := &s.V[o.rd&31]
			if o.cc == 0 {
				at := 32 * upper
				d[0], d[1] = spread(n[0]>>at&ones(32))|spread(m[0]>>at&ones(32))<<e, 0
				return o.after()
			}
			d[0] = spread(n[upper]&ones(32)) | spread(m[upper]&ones(32))<<e
			d[1] = spread(n[upper]>>32) | spread(m[upper]>>32)<<e
			return o.after()
		}
	}, pairOf(upper))
}

// pairOf is what all three do with doublewords.
func pairOf(i int) opFunc {
	return func(s *State, o *op) *op {
		s.V[o.rd&31] = [2]uint64{s.V[o.rn&31][i], s.V[o.rm&31][i]}
		return o.after()
	}
}

// unzip takes the even or, with odd 1, the odd elements.
func unzip(odd int) func(*binder) {
	return permutation(func(i int, e uint) opFunc {
		gather, shift := gathers[i], e*uint(odd)
		return func(s *State, o *op) *op {
			n, m := s.V[o.rn&31], s.V[o.rm&31]
			d := &s.V[o.rd&31]
			if o.cc == 0 {
				d[0], d[1] = gather(n[0]>>shift)|gather(m[0]>>shift)<<32, 0
				return o.after()
			}
			d[0] = gather(n[0]>>shift) | gather(n[1]>>shift)<<32
			d[1] = gather(m[0]>>shift) | gather(m[1]>>shift)<<32
			return o.after()
		}
	}, pairOf(odd))
}

// transpose makes pairs of the even or, with odd 1, the odd elements.
func transpose(odd int) func(*binder) {
	return permutation(func(i int, e uint) opFunc {
		even := ^uint64(0) / (1<<e + 1) // the lower one of every two elements
		one := func(n, m uint64) uint64 { return n&even | m&even<<e }
		if odd == 1 {
			one = func(n, m uint64) uint64 { return n>>e&even | m&^even }
		}
		return func(s *State, o *op) *op {
			n, m := s.V[o.rn&31], s.V[o.rm&31]
			lo, hi := one(n[0], m[0]), uint64(0)
			if o.cc == 1 {
				hi = one(n[1], m[1])
			}
			s.V[o.rd&31] = [2]uint64{lo, hi}
			return o.after()
		}
	}, pairOf(odd))
}
