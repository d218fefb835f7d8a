package arm64

import (
	"math"

	"github.com/nuage-emu/nuage/cpu/softfloat"
)

// The short ways of the instructions that compiled programs use most. Each
// falls back on the general way of its shape where it does not apply.

// fast64 and fast32 do an operation on the host; ok is as in fp_host.go.
type (
	fast64 = func(d, n, m uint64) (r uint64, ok bool)
	fast32 = func(d, n, m uint32) (r uint32, ok bool)
)

func hostFDIV64(_, n, m uint64) (uint64, bool) { return hostDiv64(n, m) }
func hostFDIV32(_, n, m uint32) (uint32, bool) { return hostDiv32(n, m) }
func hostFMLS64(d, n, m uint64) (uint64, bool) { return hostFMA64(d, n^topD, m) }
func hostFMLS32(d, n, m uint32) (uint32, bool) { return hostFMA32(d, n^1<<31, m) }

// Those of two operands that have a function of their own for whole vectors.
func hostFADD64(_, n, m uint64) (uint64, bool) { return hostAdd64(n, m) }
func hostFADD32(_, n, m uint32) (uint32, bool) { return hostAdd32(n, m) }
func hostFSUB64(_, n, m uint64) (uint64, bool) { return hostSub64(n, m) }
func hostFSUB32(_, n, m uint32) (uint32, bool) { return hostSub32(n, m) }
func hostFMUL64(_, n, m uint64) (uint64, bool) { return hostMul64(n, m) }
func hostFMUL32(_, n, m uint32) (uint32, bool) { return hostMul32(n, m) }

// two32 does both elements of a doubleword.
func two32(f fast32, d, n, m uint64) (uint64, bool) {
	lo, ok := f(uint32(d), uint32(n), uint32(m))
	if !ok {
		return 0, false
	}
	hi, ok := f(uint32(d>>32), uint32(n>>32), uint32(m>>32))
	return uint64(lo) | uint64(hi)<<32, ok
}

// onHost does a vector operation on the host, or reports that it cannot.
func (s *State) onHost(o *op, m [2]uint64, single fast32, double fast64) bool {
	d, n := &s.V[o.rd&31], &s.V[o.rn&31]
	if !s.near() || o.cc == scalarForm {
		return false
	}
	var lo, hi uint64
	ok := false
	if o.sh == 64 {
		if lo, ok = double(d[0], n[0], m[0]); ok {
			hi, ok = double(d[1], n[1], m[1])
		}
	} else {
		if lo, ok = two32(single, d[0], n[0], m[0]); ok && o.cc == 1 {
			hi, ok = two32(single, d[1], n[1], m[1])
		}
	}
	if ok {
		d[0], d[1] = lo, hi
	}
	return ok
}

// fsameHost is fsame with the host's arithmetic.
func fsameHost(f laneFunc, single fast32, double fast64) func(*binder) {
	general := fsame(f)
	run := func(s *State, o *op) *op {
		if !s.onHost(o, s.V[o.rm&31], single, double) {
			e := uint(o.sh)
			s.fpBegin(e)
			s.runSame(f, o, s.V[o.rm&31])
			s.fpEnd(e)
		}
		return o.after()
	}
	return func(b *binder) {
		if b.d.Args[0].Value == 16 {
			general(b)
			return
		}
		b.vector(run, 0)
	}
}

// fbyElemHost is fbyElem with the host's arithmetic.
func fbyElemHost(f laneFunc, single fast32, double fast64) func(*binder) {
	general := fbyElem(f)
	run := func(s *State, o *op) *op {
		e := uint(o.sh)
		v := repeat(s.element(o, e), e)
		m := [2]uint64{v, v}
		if !s.onHost(o, m, single, double) {
			s.fpBegin(e)
			s.runSame(f, o, m)
			s.fpEnd(e)
		}
		return o.after()
	}
	return func(b *binder) {
		if b.d.Args[0].Value == 16 {
			general(b)
			return
		}
		b.indexed(run, 0)
	}
}

// Scalars.

func fmovScalar64(s *State, o *op) *op {
	s.setScalar(o, s.V[o.rn&31][0])
	return o.after()
}

func fmovScalar32(s *State, o *op) *op {
	s.setScalar(o, uint64(uint32(s.V[o.rn&31][0])))
	return o.after()
}

func fneg64(s *State, o *op) *op {
	s.setScalar(o, s.V[o.rn&31][0]^topD)
	return o.after()
}

func fneg32(s *State, o *op) *op {
	s.setScalar(o, uint64(uint32(s.V[o.rn&31][0])^1<<31))
	return o.after()
}

func fabs64(s *State, o *op) *op {
	s.setScalar(o, s.V[o.rn&31][0]&^topD)
	return o.after()
}

func fabs32(s *State, o *op) *op {
	s.setScalar(o, s.V[o.rn&31][0]&0x7fffffff)
	return o.after()
}

func fsqrt64(s *State, o *op) *op {
	n := s.V[o.rn&31][0]
	r, ok := hostSqrt64(n)
	if !ok || !s.near() {
		r = s.scalar(laneFSQRT, 0, n, 0, 64)
	}
	s.setScalar(o, r)
	return o.after()
}

func fsqrt32(s *State, o *op) *op {
	n := uint32(s.V[o.rn&31][0])
	r, ok := hostSqrt32(n)
	if !ok || !s.near() {
		r = uint32(s.scalar(laneFSQRT, 0, uint64(n), 0, 32))
	}
	s.setScalar(o, uint64(r))
	return o.after()
}

// fcvtDS widens: exact for numbers.
func fcvtDS(s *State, o *op) *op {
	n := uint32(s.V[o.rn&31][0])
	if !softfloat.OrdinaryOrZero32(n) {
		return fcvt(s, o)
	}
	s.setScalar(o, math.Float64bits(float64(math.Float32frombits(n))))
	return o.after()
}

func fcvtSD(s *State, o *op) *op {
	r, ok := softfloat.FastF64ToF32(s.V[o.rn&31][0])
	if !ok || s.FPCR&fpcrRMode != 0 || s.FPSR&fpsrIXC == 0 {
		return fcvt(s, o)
	}
	s.setScalar(o, uint64(r))
	return o.after()
}

// integralHost rounds an ordinary number to an integer; the result is exact
// and, if exactness is not asked for, all there is.
func integralHost(x float64, r softfloat.Rounding) float64 {
	switch r {
	case softfloat.NearestEven:
		return math.RoundToEven(x)
	case softfloat.Down:
		return math.Floor(x)
	case softfloat.Up:
		return math.Ceil(x)
	case softfloat.NearestAway:
		return math.Round(x)
	}
	return math.Trunc(x)
}

// hostRelation compares numbers that no flag and no flushing concerns.
func hostRelation(n, m uint64, e uint) (r softfloat.Relation, ok bool) {
	var x, y float64
	switch {
	case e == 64 && softfloat.OrdinaryOrZero64(n) && softfloat.OrdinaryOrZero64(m):
		x, y = math.Float64frombits(n), math.Float64frombits(m)
	case e == 32 && softfloat.OrdinaryOrZero32(uint32(n)) && softfloat.OrdinaryOrZero32(uint32(m)):
		x, y = float64(math.Float32frombits(uint32(n))), float64(math.Float32frombits(uint32(m)))
	default:
		return 0, false
	}
	switch {
	case x < y:
		return softfloat.Less, true
	case x == y:
		return softfloat.Equal, true
	}
	return softfloat.Greater, true
}

// hostInt converts an integer, rounding to nearest.
func hostInt(v uint64, width, e uint, unsigned bool) (r uint64, exact, ok bool) {
	i := sx(v, width)
	if unsigned && width < 64 {
		i = int64(v)
	} else if unsigned && i < 0 {
		return 0, false, false // not right on every host
	}
	short := uint64(i+1<<53) <= 1<<54 // exact in double precision
	switch x := float64(i); {
	case e == 64:
		return math.Float64bits(x), short || x < 1<<63 && int64(x) == i, true
	case e == 32 && short:
		y := float32(x)
		return uint64(math.Float32bits(y)), float64(y) == x, true
	}
	return 0, false, false
}

// hostTruncate converts to an integer that fits 32 bits, signed or not.
func hostTruncate(n uint64, e uint, unsigned bool) (r uint64, exact, ok bool) {
	var x float64
	switch {
	case e == 64 && softfloat.OrdinaryOrZero64(n):
		x = math.Float64frombits(n)
	case e == 32 && softfloat.OrdinaryOrZero32(uint32(n)):
		x = float64(math.Float32frombits(uint32(n)))
	default:
		return 0, false, false
	}
	if x >= 1<<31 || x <= -1<<31 || unsigned && x < 0 {
		return 0, false, false
	}
	i := int64(x)
	return uint64(i), float64(i) == x, true
}

// Operations of three doublewords.
type word3 = func(d, n, m uint64) uint64

// inWords3 is same with functions of three doublewords for the widths that
// have one.
func inWords3(f laneFunc, by ...word3) func(*binder) {
	general := same(f)
	var runs [4]opFunc
	for i, w := range by {
		if w == nil {
			continue
		}
		runs[i] = func(s *State, o *op) *op {
			d, n, m := &s.V[o.rd&31], &s.V[o.rn&31], &s.V[o.rm&31]
			lo, hi := w(d[0], n[0], m[0]), uint64(0)
			if o.cc != 0 {
				hi = w(d[1], n[1], m[1])
			}
			d[0], d[1] = lo, hi
			return o.after()
		}
	}
	return func(b *binder) {
		if run := runs[widthIndex(b.d.Args[0].Value)]; run != nil {
			b.vector(run, 0)
			return
		}
		general(b)
	}
}

func wordMLAH(d, n, m uint64) uint64 { return wordADDH(d, wordMULH(n, m)) }
func wordMLAS(d, n, m uint64) uint64 { return wordADDS(d, wordMULS(n, m)) }
func wordMLSH(d, n, m uint64) uint64 { return wordSUBH(d, wordMULH(n, m)) }
func wordMLSS(d, n, m uint64) uint64 { return wordSUBS(d, wordMULS(n, m)) }

func wordBSL(d, n, m uint64) uint64 { return n&d | m&^d }
func wordBIT(d, n, m uint64) uint64 { return n&m | d&^m }
func wordBIF(d, n, m uint64) uint64 { return n&^m | d&m }

// Lengthening without a sign: half a doubleword spread over a whole one.

func spreadB(v uint64) uint64 {
	v = (v | v<<16) & 0x0000ffff0000ffff
	return (v | v<<8) & 0x00ff00ff00ff00ff
}
func spreadH(v uint64) uint64 { return (v | v<<16) & 0x0000ffff0000ffff }
func spreadS(v uint64) uint64 { return v }

// signExtend turns the elements of half the width at the bottom of the
// elements given by top into signed ones.
func signExtend(v, top uint64, e uint) uint64 {
	sign := top >> e
	return swarSub(v^sign, sign, top)
}

// longShiftWords is longShift by spreading. The elements' sign bits do not get
// lost in the shift, since it is shorter than they are.
func longShiftWords(f laneFunc, signed bool) func(*binder) {
	make1 := func(spread func(uint64) uint64, shift wordFunc, top uint64, e uint) opFunc {
		return func(s *State, o *op) *op {
			n := halfOf(&s.V[o.rn&31], o.cc)
			lo, hi := spread(n&0xffffffff), spread(n>>32)
			if signed {
				lo, hi = signExtend(lo, top, e), signExtend(hi, top, e)
			}
			s.V[o.rd&31] = [2]uint64{shift(lo, o.imm), shift(hi, o.imm)}
			return o.after()
		}
	}
	runs := [4]opFunc{make1(spreadB, wordSHLH, topH, 8), make1(spreadH, wordSHLS, topS, 16), make1(spreadS, wordSHLD, topD, 32)}
	general := longShift(f)
	return func(b *binder) {
		if run := runs[widthIndex(b.d.Args[1].Value)]; run != nil {
			b.vector(run, 1)
			return
		}
		general(b)
	}
}

// Narrowing without saturation: the lower halves of the elements together.

func gatherB(v uint64) uint64 { return packB(v & 0x00ff00ff00ff00ff) }
func gatherH(v uint64) uint64 {
	v &= 0x0000ffff0000ffff
	return (v | v>>16) & 0xffffffff
}
func gatherS(v uint64) uint64 { return v & 0xffffffff }

// narrowWords is narrowShift without rounding; without an immediate, the amount
// is zero.
func narrowWords() func(*binder) {
	make1 := func(gather func(uint64) uint64) opFunc {
		return func(s *State, o *op) *op {
			n := &s.V[o.rn&31]
			s.narrowInto(o, gather(n[0]>>o.imm)|gather(n[1]>>o.imm)<<32)
			return o.after()
		}
	}
	runs := [4]opFunc{make1(gatherB), make1(gatherH), make1(gatherS), nil}
	return func(b *binder) { b.vector(runs[widthIndex(b.d.Args[0].Value)&3], 0) }
}

// Lengthening products of words and halfwords.

type word4 = func(d [2]uint64, n, m uint64) [2]uint64

func longWords(f laneFunc, halves, singles word4) func(*binder) {
	general := long(f)
	make1 := func(w word4) opFunc {
		return func(s *State, o *op) *op {
			d := &s.V[o.rd&31]
			*d = w(*d, halfOf(&s.V[o.rn&31], o.cc), halfOf(&s.V[o.rm&31], o.cc))
			return o.after()
		}
	}
	runs := [4]opFunc{1: make1(halves), 2: make1(singles)}
	return func(b *binder) {
		if run := runs[widthIndex(b.d.Args[1].Value)]; run != nil {
			b.vector(run, 1)
			return
		}
		general(b)
	}
}

func wordSMULLH(_ [2]uint64, n, m uint64) [2]uint64 {
	p := func(at uint) uint64 { return uint64(uint32(int32(int16(n>>at)) * int32(int16(m>>at)))) }
	return [2]uint64{p(0) | p(16)<<32, p(32) | p(48)<<32}
}

func wordSMULLS(_ [2]uint64, n, m uint64) [2]uint64 {
	return [2]uint64{uint64(int64(int32(n)) * int64(int32(m))), uint64((int64(n) >> 32) * (int64(m) >> 32))}
}

func wordUMULLH(_ [2]uint64, n, m uint64) [2]uint64 {
	p := func(at uint) uint64 { return n >> at & 0xffff * (m >> at & 0xffff) }
	return [2]uint64{p(0) | p(16)<<32, p(32) | p(48)<<32}
}

func wordUMULLS(_ [2]uint64, n, m uint64) [2]uint64 {
	return [2]uint64{n & 0xffffffff * (m & 0xffffffff), n >> 32 * (m >> 32)}
}

func wordSMLALH(d [2]uint64, n, m uint64) [2]uint64 {
	p := wordSMULLH(d, n, m)
	return [2]uint64{wordADDS(d[0], p[0]), wordADDS(d[1], p[1])}
}

func wordSMLALS(d [2]uint64, n, m uint64) [2]uint64 {
	p := wordSMULLS(d, n, m)
	return [2]uint64{d[0] + p[0], d[1] + p[1]}
}

func wordUMLALH(d [2]uint64, n, m uint64) [2]uint64 {
	p := wordUMULLH(d, n, m)
	return [2]uint64{wordADDS(d[0], p[0]), wordADDS(d[1], p[1])}
}

func wordUMLALS(d [2]uint64, n, m uint64) [2]uint64 {
	p := wordUMULLS(d, n, m)
	return [2]uint64{d[0] + p[0], d[1] + p[1]}
}

// addv32 is ADDV of four words.
func addv32(s *State, o *op) *op {
	n := &s.V[o.rn&31]
	v := wordADDS(n[0], n[1])
	s.V[o.rd&31] = [2]uint64{uint64(uint32(v) + uint32(v>>32)), 0}
	return o.after()
}

// uaddlv8 sums bytes: with CNT before it, it counts bits.
func uaddlv8(s *State, o *op) *op {
	n := &s.V[o.rn&31]
	const m = 0x00ff00ff00ff00ff
	v := n[0]&m + n[0]>>8&m
	if o.cc == 1 {
		v += n[1]&m + n[1]>>8&m
	}
	s.V[o.rd&31] = [2]uint64{v * 0x0001000100010001 >> 48, 0}
	return o.after()
}

func addp64(s *State, o *op) *op {
	n := &s.V[o.rn&31]
	s.V[o.rd&31] = [2]uint64{n[0] + n[1], 0}
	return o.after()
}

// forWidth is a shape with a function of its own for elements of width e in
// argument arg.
func forWidth(e uint64, arg int, run opFunc, rest func(*binder)) func(*binder) {
	return func(b *binder) {
		if b.d.Args[arg].Value == e {
			b.vector(run, 0)
			return
		}
		rest(b)
	}
}

// dupGeneral32 is DUP of a word.
func dupGeneral32(s *State, o *op) *op {
	v := uint64(uint32(s.R[o.rn&63]))
	v |= v << 32
	s.V[o.rd&31] = [2]uint64{v, v * uint64(o.cc&1)}
	return o.after()
}

// pick is FMAX and its sisters for scalars: of two numbers that differ, one is
// the result.
func pick(f laneFunc, greatest bool) func(*binder) {
	run := func(s *State, o *op) *op {
		e := uint(o.sh)
		n, m := s.V[o.rn&31][0]&ones(e), s.V[o.rm&31][0]&ones(e)
		r, ok := hostRelation(n, m, e)
		switch {
		case !ok || r == softfloat.Equal:
			m = s.scalar(f, 0, n, m, e)
		case (r == softfloat.Greater) == greatest:
			m = n
		}
		s.setScalar(o, m)
		return o.after()
	}
	return func(b *binder) { b.vector(run, 0) }
}

// wholeOf is a shape with functions of its own for four words and for two
// doublewords.
func wholeOf(words, doubles opFunc, rest func(*binder)) func(*binder) {
	return func(b *binder) {
		rest(b)
		o := &b.ops[len(b.ops)-1]
		switch {
		case o.cc != 1:
		case o.sh == 32:
			o.fn = words
		case o.sh == 64:
			o.fn = doubles
		}
	}
}

func add2d(s *State, o *op) *op {
	n, m := &s.V[o.rn&31], &s.V[o.rm&31]
	s.V[o.rd&31] = [2]uint64{n[0] + m[0], n[1] + m[1]}
	return o.after()
}

func sub2d(s *State, o *op) *op {
	n, m := &s.V[o.rn&31], &s.V[o.rm&31]
	s.V[o.rd&31] = [2]uint64{n[0] - m[0], n[1] - m[1]}
	return o.after()
}

func add4s(s *State, o *op) *op {
	n, m := &s.V[o.rn&31], &s.V[o.rm&31]
	s.join(o, uint32(n[0])+uint32(m[0]), uint32(n[0]>>32)+uint32(m[0]>>32), uint32(n[1])+uint32(m[1]), uint32(n[1]>>32)+uint32(m[1]>>32))
	return o.after()
}

func sub4s(s *State, o *op) *op {
	n, m := &s.V[o.rn&31], &s.V[o.rm&31]
	s.join(o, uint32(n[0])-uint32(m[0]), uint32(n[0]>>32)-uint32(m[0]>>32), uint32(n[1])-uint32(m[1]), uint32(n[1]>>32)-uint32(m[1]>>32))
	return o.after()
}
