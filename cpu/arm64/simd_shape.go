package arm64

// The shapes of Advanced SIMD instructions: which elements of which registers
// an operation takes and where the results go. A row's Do is a shape applied
// to a function of single elements; the widths come from the row's operands.

// laneFunc computes an element: d is its old value, n and m are the operands,
// all zero-extended, e is the width in bits. What exceeds the width of the
// result is cut off. For narrowing and lengthening shapes e is the narrow width.
type laneFunc = func(s *State, d, n, m uint64, e uint) uint64

// wordFunc computes all elements of a doubleword.
type wordFunc = func(n, m uint64) uint64

// In an op of this file rd, rn, rm and ra are the vector registers, sh is e,
// cc is Q, or 2 for a scalar, and imm an immediate or an element's number.
const scalarForm = 2

// part is the value of op.cc. Bit 28 tells scalar encodings from those of
// vectors, which have Q in bit 30 even where it is fixed.
func (b *binder) part() uint8 {
	if b.d.Word>>28&1 != 0 {
		return scalarForm
	}
	return uint8(b.d.Word >> 30 & 1)
}

// vector emits an op with everything filled in; e is the width of argument arg.
func (b *binder) vector(run opFunc, arg int) *op {
	part := b.part()
	o := b.operands(run)
	o.sh = uint8(b.d.Args[arg].Value)
	o.cc = part
	return o
}

// put writes the result of an operation of part cc.
func (s *State) put(o *op, lo, hi uint64) {
	d := &s.V[o.rd&31]
	if o.cc == scalarForm {
		lo &= ones(uint(o.sh))
	}
	if o.cc != 1 {
		hi = 0
	}
	d[0], d[1] = lo, hi
}

// lanes applies f to the elements of a doubleword.
func lanes(f laneFunc, s *State, d, n, m uint64, e uint) (r uint64) {
	mask := ones(e)
	for at := uint(0); at < 64; at += e {
		r |= f(s, d>>at&mask, n>>at&mask, m>>at&mask, e) & mask << at
	}
	return r
}

// runSame is the loop of operations whose operands and results have the same
// width. m is a pair of doublewords, which need not be a register's.
func (s *State) runSame(f laneFunc, o *op, m [2]uint64) {
	d, n, e := s.V[o.rd&31], s.V[o.rn&31], uint(o.sh)
	switch o.cc {
	case scalarForm:
		mask := ones(e)
		s.put(o, f(s, d[0]&mask, n[0]&mask, m[0]&mask, e), 0)
	case 0:
		s.put(o, lanes(f, s, d[0], n[0], m[0], e), 0)
	default:
		lo := lanes(f, s, d[0], n[0], m[0], e)
		s.put(o, lo, lanes(f, s, d[1], n[1], m[1], e))
	}
}

// same is for two registers and their results; with one operand, m is unused.
func same(f laneFunc) func(*binder) {
	run := func(s *State, o *op) *op {
		s.runSame(f, o, s.V[o.rm&31])
		return o.after()
	}
	return func(b *binder) { b.vector(run, 0) }
}

// fsame is same for floating point.
func fsame(f laneFunc) func(*binder) {
	run := func(s *State, o *op) *op {
		e := uint(o.sh)
		s.fpBegin(e)
		s.runSame(f, o, s.V[o.rm&31])
		s.fpEnd(e)
		return o.after()
	}
	return func(b *binder) { b.vector(run, 0) }
}

// wordRun is an operation on doublewords.
func wordRun(f wordFunc) opFunc {
	return func(s *State, o *op) *op {
		n, m := &s.V[o.rn&31], &s.V[o.rm&31]
		lo, hi := f(n[0], m[0]), uint64(0)
		if o.cc != 0 {
			hi = f(n[1], m[1])
		}
		d := &s.V[o.rd&31]
		d[0], d[1] = lo, hi
		return o.after()
	}
}

// words is same with functions of doublewords for the widths that have one;
// a single one is for every width. Scalars take the general way.
func inWords(f laneFunc, by ...wordFunc) func(*binder) {
	general := same(f)
	var runs [4]opFunc
	for i := range runs {
		if len(by) == 1 {
			runs[i] = wordRun(by[0])
		} else if i < len(by) && by[i] != nil {
			runs[i] = wordRun(by[i])
		}
	}
	return func(b *binder) {
		run := runs[widthIndex(b.d.Args[0].Value)]
		if run == nil || b.part() == scalarForm {
			general(b)
			return
		}
		b.vector(run, 0)
	}
}

// widthIndex is 0 for 8 bits, up to 3 for 64.
func widthIndex(e uint64) int {
	switch e & 0xff {
	case 8:
		return 0
	case 16:
		return 1
	case 32:
		return 2
	}
	return 3
}

// shift is same with the immediate for m, which is the same for all elements
// and may exceed their width.
func shift(f laneFunc, by ...wordFunc) func(*binder) {
	run := func(s *State, o *op) *op {
		d, n, e := s.V[o.rd&31], s.V[o.rn&31], uint(o.sh)
		if o.cc == scalarForm {
			mask := ones(e)
			s.put(o, f(s, d[0]&mask, n[0]&mask, o.imm, e), 0)
			return o.after()
		}
		lo, hi := shiftLanes(f, s, d[0], n[0], o.imm, e), uint64(0)
		if o.cc == 1 {
			hi = shiftLanes(f, s, d[1], n[1], o.imm, e)
		}
		s.put(o, lo, hi)
		return o.after()
	}
	var runs [4]opFunc
	for i, w := range by {
		if w != nil {
			runs[i] = shiftRun(w)
		}
	}
	return func(b *binder) {
		if word := runs[widthIndex(b.d.Args[0].Value)]; word != nil && b.part() != scalarForm {
			b.vector(word, 0)
			return
		}
		b.vector(run, 0)
	}
}

// shiftRun is wordRun with the immediate for m.
func shiftRun(f wordFunc) opFunc {
	return func(s *State, o *op) *op {
		n := &s.V[o.rn&31]
		lo, hi := f(n[0], o.imm), uint64(0)
		if o.cc != 0 {
			hi = f(n[1], o.imm)
		}
		d := &s.V[o.rd&31]
		d[0], d[1] = lo, hi
		return o.after()
	}
}

func shiftLanes(f laneFunc, s *State, d, n, k uint64, e uint) (r uint64) {
	mask := ones(e)
	for at := uint(0); at < 64; at += e {
		r |= f(s, d>>at&mask, n>>at&mask, k, e) & mask << at
	}
	return r
}

// fshift is shift for floating point: the immediate is a number of fraction bits.
func fshift(f laneFunc) func(*binder) {
	run := func(s *State, o *op) *op {
		d, n, e := s.V[o.rd&31], s.V[o.rn&31], uint(o.sh)
		s.fpBegin(e)
		lo, hi := uint64(0), uint64(0)
		switch o.cc {
		case scalarForm:
			lo = f(s, 0, n[0]&ones(e), o.imm, e)
		case 0:
			lo = shiftLanes(f, s, d[0], n[0], o.imm, e)
		default:
			lo, hi = shiftLanes(f, s, d[0], n[0], o.imm, e), shiftLanes(f, s, d[1], n[1], o.imm, e)
		}
		s.put(o, lo, hi)
		s.fpEnd(e)
		return o.after()
	}
	return func(b *binder) { b.vector(run, 0) }
}

// element is the element of rm that imm names, of e bits.
func (s *State) element(o *op, e uint) uint64 {
	at := uint(o.imm) * e
	return s.V[o.rm&31][at>>6&1] >> (at & 63) & ones(e)
}

// indexed emits an op whose last operand is an element of e bits.
func (b *binder) indexed(run opFunc, arg int) {
	o := b.vector(run, arg)
	o.imm = b.d.Args[2].Value >> 8
}

// byElem is same with one element of rm for every m.
func byElem(f laneFunc) func(*binder) {
	run := func(s *State, o *op) *op {
		e := uint(o.sh)
		m := repeat(s.element(o, e), e)
		s.runSame(f, o, [2]uint64{m, m})
		return o.after()
	}
	return func(b *binder) { b.indexed(run, 0) }
}

// fbyElem is byElem for floating point.
func fbyElem(f laneFunc) func(*binder) {
	run := func(s *State, o *op) *op {
		e := uint(o.sh)
		m := repeat(s.element(o, e), e)
		s.fpBegin(e)
		s.runSame(f, o, [2]uint64{m, m})
		s.fpEnd(e)
		return o.after()
	}
	return func(b *binder) { b.indexed(run, 0) }
}

// halfOf is the operand of a lengthening operation: the lower or, by Q, the
// upper doubleword.
func halfOf(v *[2]uint64, cc uint8) uint64 {
	if cc == 1 {
		return v[1]
	}
	return v[0]
}

// lengthen makes results of 2e bits from the elements of n and m.
func (s *State) lengthen(f laneFunc, o *op, m uint64) {
	e := uint(o.sh)
	mask := ones(e)
	d, n := s.V[o.rd&31], halfOf(&s.V[o.rn&31], o.cc)
	if o.cc == scalarForm {
		s.V[o.rd&31] = [2]uint64{f(s, d[0]&ones(2*e), n&mask, m&mask, e) & ones(2*e), 0}
		return
	}
	var r [2]uint64
	for at := uint(0); at < 64; at += e {
		to := 2 * at
		r[to>>6] |= f(s, d[to>>6]>>(to&63)&ones(2*e), n>>at&mask, m>>at&mask, e) & ones(2*e) << (to & 63)
	}
	s.V[o.rd&31] = r
}

// long is for results of twice the width.
func long(f laneFunc) func(*binder) {
	run := func(s *State, o *op) *op {
		s.lengthen(f, o, halfOf(&s.V[o.rm&31], o.cc))
		return o.after()
	}
	return func(b *binder) { b.vector(run, 1) }
}

// longShift is long with the immediate for m.
func longShift(f laneFunc) func(*binder) {
	run := func(s *State, o *op) *op {
		k := o.imm
		s.lengthen(f, o, repeat(k, uint(o.sh)))
		return o.after()
	}
	return func(b *binder) { b.vector(run, 1) }
}

// longByElem is long with one element of rm for every m.
func longByElem(f laneFunc) func(*binder) {
	run := func(s *State, o *op) *op {
		e := uint(o.sh)
		s.lengthen(f, o, repeat(s.element(o, e), e))
		return o.after()
	}
	return func(b *binder) { b.indexed(run, 1) }
}

// widen is for results and n of twice the width of m.
func widen(f laneFunc) func(*binder) {
	run := func(s *State, o *op) *op {
		e := uint(o.sh)
		n, m := s.V[o.rn&31], halfOf(&s.V[o.rm&31], o.cc)
		var r [2]uint64
		for at := uint(0); at < 64; at += e {
			to := 2 * at
			r[to>>6] |= f(s, 0, n[to>>6]>>(to&63)&ones(2*e), m>>at&ones(e), e) & ones(2*e) << (to & 63)
		}
		s.V[o.rd&31] = r
		return o.after()
	}
	return func(b *binder) { b.vector(run, 2) }
}

// narrowInto puts a doubleword of narrow results into the half of rd that Q
// selects; the lower one clears the upper.
func (s *State) narrowInto(o *op, r uint64) {
	d := &s.V[o.rd&31]
	if o.cc == 1 {
		d[1] = r
		return
	}
	d[0], d[1] = r, 0
}

// narrowRun is for results of half the width; m is rm or, with amount, the
// immediate.
func narrowRun(f laneFunc, amount bool) opFunc {
	return func(s *State, o *op) *op {
		e := uint(o.sh)
		n, m := s.V[o.rn&31], s.V[o.rm&31]
		wide := ones(2 * e)
		if o.cc == scalarForm {
			s.put(o, f(s, 0, n[0]&wide, o.imm, e), 0)
			return o.after()
		}
		var r uint64
		for at := uint(0); at < 64; at += e {
			from := 2 * at
			k := m[from>>6] >> (from & 63) & wide
			if amount {
				k = o.imm
			}
			r |= f(s, 0, n[from>>6]>>(from&63)&wide, k, e) & ones(e) << at
		}
		s.narrowInto(o, r)
		return o.after()
	}
}

func narrow(f laneFunc) func(*binder) {
	run := narrowRun(f, false)
	return func(b *binder) { b.vector(run, 0) }
}

func narrowShift(f laneFunc) func(*binder) {
	run := narrowRun(f, true)
	return func(b *binder) { b.vector(run, 0) }
}

// pairs is the loop of the pairwise operations: f of neighbours, of rn and then
// of rm.
func (s *State) pairs(f laneFunc, o *op) {
	e := uint(o.sh)
	n, m := s.V[o.rn&31], s.V[o.rm&31]
	half := func(v uint64) (r uint64) {
		for at := uint(0); at < 64; at += 2 * e {
			r |= f(s, 0, v>>at&ones(e), v>>(at+e)&ones(e), e) & ones(e) << (at / 2)
		}
		return r
	}
	switch {
	case e == 64:
		lo := f(s, 0, n[0], n[1], e)
		s.put(o, lo, f(s, 0, m[0], m[1], e))
	case o.cc == 1:
		lo := half(n[0]) | half(n[1])<<32
		s.put(o, lo, half(m[0])|half(m[1])<<32)
	default:
		s.put(o, half(n[0])|half(m[0])<<32, 0)
	}
}

func pairwise(f laneFunc) func(*binder) {
	run := func(s *State, o *op) *op {
		s.pairs(f, o)
		return o.after()
	}
	return func(b *binder) { b.vector(run, 0) }
}

func fpairwise(f laneFunc) func(*binder) {
	run := func(s *State, o *op) *op {
		e := uint(o.sh)
		s.fpBegin(e)
		s.pairs(f, o)
		s.fpEnd(e)
		return o.after()
	}
	return func(b *binder) { b.vector(run, 0) }
}

// pairwiseWords is pairwise for bytes or words by a function that reduces two
// doublewords to one.
func pairwiseWords(f laneFunc, by ...wordFunc) func(*binder) {
	general := pairwise(f)
	var runs [4]opFunc
	for i, w := range by {
		if w == nil {
			continue
		}
		runs[i] = func(s *State, o *op) *op {
			n, m := s.V[o.rn&31], s.V[o.rm&31]
			if o.cc == 1 {
				s.V[o.rd&31] = [2]uint64{w(n[0], n[1]), w(m[0], m[1])}
			} else {
				s.V[o.rd&31] = [2]uint64{w(n[0], m[0]), 0}
			}
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

// pairLong is for sums of neighbours of twice the width (SADDLP, SADALP).
func pairLong(f laneFunc) func(*binder) {
	run := func(s *State, o *op) *op {
		e := uint(o.sh)
		d, n := s.V[o.rd&31], s.V[o.rn&31]
		half := func(d, n uint64) (r uint64) {
			for at := uint(0); at < 64; at += 2 * e {
				r |= f(s, d>>at&ones(2*e), n>>at&ones(e), n>>(at+e)&ones(e), e) & ones(2*e) << at
			}
			return r
		}
		lo := half(d[0], n[0])
		s.put(o, lo, half(d[1], n[1]))
		return o.after()
	}
	return func(b *binder) { b.vector(run, 1) }
}

// scalarPair is f of the two elements of a register.
func scalarPair(f laneFunc) func(*binder) {
	run := func(s *State, o *op) *op {
		e := uint(o.sh)
		n := s.V[o.rn&31]
		a, b := n[0]&ones(e), n[0]>>(e&63)&ones(e)
		if e == 64 {
			b = n[1]
		}
		s.fpBegin(e)
		s.put(o, f(s, 0, a, b, e), 0)
		s.fpEnd(e)
		return o.after()
	}
	return func(b *binder) { b.vector(run, 0) }
}

// across folds all elements of rn in halves, as the manual's Reduce does: the
// result of each half, then f of the two. The result has the width of arg 0.
func across(f laneFunc, isFloat bool) func(*binder) {
	run := func(s *State, o *op) *op {
		e := uint(o.ra)
		n := s.V[o.rn&31]
		bytes := uint(8)
		if o.cc == 1 {
			bytes = 16
		}
		if isFloat {
			s.fpBegin(e)
		}
		var v [16]uint64
		count := bytes * 8 / e
		for i := range count {
			at := i * e
			v[i&15] = n[at>>6&1] >> (at & 63) & ones(e)
		}
		for count > 1 {
			count /= 2
			for i := range count {
				v[i&15] = f(s, 0, v[2*i&15], v[(2*i+1)&15], e)
			}
		}
		if isFloat {
			s.fpEnd(e)
		}
		s.V[o.rd&31] = [2]uint64{v[0] & ones(uint(o.sh)), 0}
		return o.after()
	}
	return func(b *binder) {
		o := b.vector(run, 0)
		o.ra = uint8(b.d.Args[1].Value)
	}
}
