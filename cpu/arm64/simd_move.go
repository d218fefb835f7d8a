package arm64

// Advanced SIMD moves: duplicate, insert, extract, permute, table lookup and
// modified immediates.

// getElement and setElement access element i of e bits.

func getElement(v *[2]uint64, i, e uint) uint64 {
	at := i * e
	return v[at>>6&1] >> (at & 63) & ones(e)
}

func setElement(v *[2]uint64, i, e uint, x uint64) {
	at := i * e
	p := &v[at>>6&1]
	*p = *p&^(ones(e)<<(at&63)) | x&ones(e)<<(at&63)
}

// bindElement emits an op with the element number of argument arg in imm.
func bindElement(run opFunc, arg int) func(*binder) {
	return func(b *binder) {
		o := b.vector(run, arg)
		o.imm = b.d.Args[arg].Value >> 8
	}
}

// dupElement is DUP (element), and its scalar form.
func dupElement(s *State, o *op) *op {
	e := uint(o.sh)
	v := getElement(&s.V[o.rn&31], uint(o.imm), e)
	if o.cc != scalarForm {
		v = repeat(v, e)
	}
	s.put(o, v, v)
	return o.after()
}

func dupGeneral(s *State, o *op) *op {
	v := repeat(s.R[o.rn&63], uint(o.sh))
	s.put(o, v, v)
	return o.after()
}

func insGeneral(s *State, o *op) *op {
	setElement(&s.V[o.rd&31], uint(o.imm), uint(o.sh), s.R[o.rn&63])
	return o.after()
}

func insElement(s *State, o *op) *op {
	e := uint(o.sh)
	setElement(&s.V[o.rd&31], uint(o.imm), e, getElement(&s.V[o.rn&31], uint(o.ra), e))
	return o.after()
}

func bindInsElement(b *binder) {
	o := b.vector(insElement, 0)
	o.imm, o.ra = b.d.Args[0].Value>>8, uint8(b.d.Args[1].Value>>8)
}

func umov(s *State, o *op) *op {
	s.R[o.rd&63] = getElement(&s.V[o.rn&31], uint(o.imm), uint(o.sh))
	return o.after()
}

func smov32(s *State, o *op) *op {
	e := uint(o.sh)
	s.R[o.rd&63] = uint64(uint32(sx(getElement(&s.V[o.rn&31], uint(o.imm), e), e)))
	return o.after()
}

func smov64(s *State, o *op) *op {
	e := uint(o.sh)
	s.R[o.rd&63] = uint64(sx(getElement(&s.V[o.rn&31], uint(o.imm), e), e))
	return o.after()
}

// Modified immediates: imm is expanded already.

func modMOVI(s *State, o *op) *op {
	s.put(o, o.imm, o.imm)
	return o.after()
}

func modMVNI(s *State, o *op) *op {
	s.put(o, ^o.imm, ^o.imm)
	return o.after()
}

func modORR(s *State, o *op) *op {
	d := &s.V[o.rd&31]
	s.put(o, d[0]|o.imm, d[1]|o.imm)
	return o.after()
}

func modBIC(s *State, o *op) *op {
	d := &s.V[o.rd&31]
	s.put(o, d[0]&^o.imm, d[1]&^o.imm)
	return o.after()
}

// vecEXT takes bytes from rm:rn, from number imm on.
func vecEXT(s *State, o *op) *op {
	n, m := s.V[o.rn&31], s.V[o.rm&31]
	if o.cc == 0 {
		k := uint(o.imm) & 7 * 8
		s.put(o, n[0]>>k|m[0]<<(64-k), 0)
		return o.after()
	}
	src := [4]uint64{n[0], n[1], m[0], m[1]}
	w, k := o.imm>>3&1, uint(o.imm)&7*8
	s.put(o, src[w]>>k|src[w+1]<<(64-k), src[w+1]>>k|src[w+2]<<(64-k))
	return o.after()
}

// table is TBL and TBX: bytes of rm number bytes in the registers from rn on;
// a number beyond them gives zero or leaves the byte.
func table(keep bool, registers uint8) func(*binder) {
	run := func(s *State, o *op) *op {
		var t [8]uint64
		for i := range uint(o.ra) {
			v := &s.V[(uint(o.rn)+i)&31]
			t[2*i&7], t[(2*i+1)&7] = v[0], v[1]
		}
		size := uint64(o.ra) * 16
		d, m := s.V[o.rd&31], s.V[o.rm&31]
		lo := lookUp(&t, size, m[0], d[0], keep)
		s.put(o, lo, lookUp(&t, size, m[1], d[1], keep))
		return o.after()
	}
	return func(b *binder) {
		o := b.vector(run, 0)
		o.ra = registers
	}
}

// lookUp does eight bytes of a table.
func lookUp(t *[8]uint64, size, numbers, old uint64, keep bool) (r uint64) {
	for k := 0; k < 64; k += 8 {
		switch at := numbers >> k & 0xff; {
		case at < size:
			r |= t[at>>3&7] >> (at & 7 * 8) & 0xff << k
		case keep:
			r |= old & (0xff << k)
		}
	}
	return r
}

// saddlv adds all elements of rn as signed numbers.
func saddlv(s *State, o *op) *op {
	n, e := &s.V[o.rn&31], uint(o.ra)
	count := 64 / e
	if o.cc == 1 {
		count *= 2
	}
	var sum int64
	for i := range count {
		sum += sx(getElement(n, i, e), e)
	}
	s.V[o.rd&31] = [2]uint64{uint64(sum) & ones(uint(o.sh)), 0}
	return o.after()
}

func bindSaddlv(b *binder) {
	o := b.vector(saddlv, 0)
	o.ra = uint8(b.d.Args[1].Value)
}

// The logical operations with all of 128 bits are what copies and most of all
// bit twiddling are made of.

func and128(s *State, o *op) *op {
	n, m := &s.V[o.rn&31], &s.V[o.rm&31]
	s.V[o.rd&31] = [2]uint64{n[0] & m[0], n[1] & m[1]}
	return o.after()
}

func orr128(s *State, o *op) *op {
	n, m := &s.V[o.rn&31], &s.V[o.rm&31]
	s.V[o.rd&31] = [2]uint64{n[0] | m[0], n[1] | m[1]}
	return o.after()
}

func eor128(s *State, o *op) *op {
	n, m := &s.V[o.rn&31], &s.V[o.rm&31]
	s.V[o.rd&31] = [2]uint64{n[0] ^ m[0], n[1] ^ m[1]}
	return o.after()
}

// whole is a shape with a function of its own for Q = 1.
func whole(run opFunc, rest func(*binder)) func(*binder) {
	return func(b *binder) {
		if b.part() == 1 {
			b.vector(run, 0)
			return
		}
		rest(b)
	}
}

// dot is the dot product of groups of four bytes, added to words.
func dot(signed bool) func(s *State, o *op, m [2]uint64) {
	return func(s *State, o *op, m [2]uint64) {
		d, n := s.V[o.rd&31], s.V[o.rn&31]
		for i := range d {
			var r uint64
			for at := uint(0); at < 64; at += 32 {
				sum := uint32(d[i] >> at)
				for k := at; k < at+32; k += 8 {
					if signed {
						sum += uint32(int32(int8(n[i]>>k)) * int32(int8(m[i]>>k)))
					} else {
						sum += uint32(uint8(n[i]>>k)) * uint32(uint8(m[i]>>k))
					}
				}
				r |= uint64(sum) << at
			}
			d[i] = r
		}
		s.put(o, d[0], d[1])
	}
}

func dotVector(signed bool) opFunc {
	f := dot(signed)
	return func(s *State, o *op) *op {
		f(s, o, s.V[o.rm&31])
		return o.after()
	}
}

func dotElement(signed bool) opFunc {
	f := dot(signed)
	return func(s *State, o *op) *op {
		m := repeat(s.element(o, 32), 32)
		f(s, o, [2]uint64{m, m})
		return o.after()
	}
}

func bindVector(run opFunc) func(*binder) { return func(b *binder) { b.vector(run, 0) } }

func bindDotElement(signed bool) func(*binder) {
	run := dotElement(signed)
	return func(b *binder) { b.indexed(run, 0) }
}

// fcadd adds a rotated complex number: by 90 degrees, the imaginary part is
// subtracted from the real one and the real one added to the imaginary one.
func fcadd(s *State, o *op) *op {
	e := uint(o.sh)
	n, m := s.V[o.rn&31], s.V[o.rm&31]
	negRe, negIm := uint64(1)<<(e-1), uint64(0)
	if o.imm == 270 {
		negRe, negIm = negIm, negRe
	}
	s.fpBegin(e)
	var r [2]uint64
	for i := uint(0); i < s.elements(o, e); i += 2 {
		re := laneFADD(s, 0, getElement(&n, i, e), getElement(&m, i+1, e)^negRe, e)
		setElement(&r, i, e, re)
		setElement(&r, i+1, e, laneFADD(s, 0, getElement(&n, i+1, e), getElement(&m, i, e)^negIm, e))
	}
	s.fpEnd(e)
	s.V[o.rd&31] = r
	return o.after()
}

// elements is how many elements of e bits the operation has.
func (s *State) elements(o *op, e uint) uint {
	if o.cc == 1 {
		return 128 / e
	}
	return 64 / e
}

// fcmla multiplies by one part of a complex number, chosen with the signs by
// the rotation, and accumulates.
func (s *State) fcmla(o *op, m func(i uint) uint64) {
	e := uint(o.sh)
	d, n := s.V[o.rd&31], s.V[o.rn&31]
	sign := uint64(1) << (e - 1)
	var r [2]uint64
	s.fpBegin(e)
	for i := uint(0); i < s.elements(o, e); i += 2 {
		re, im := m(i), m(i+1)
		x, a, b := getElement(&n, i, e), re, im
		switch o.imm {
		case 90:
			x, a, b = getElement(&n, i+1, e), im^sign, re
		case 180:
			a, b = re^sign, im^sign
		case 270:
			x, a, b = getElement(&n, i+1, e), im, re^sign
		}
		setElement(&r, i, e, s.mulAdd(getElement(&d, i, e), x, a, e))
		setElement(&r, i+1, e, s.mulAdd(getElement(&d, i+1, e), x, b, e))
	}
	s.fpEnd(e)
	s.V[o.rd&31] = r
}

func fcmlaVector(s *State, o *op) *op {
	m, e := s.V[o.rm&31], uint(o.sh)
	s.fcmla(o, func(i uint) uint64 { return getElement(&m, i, e) })
	return o.after()
}

// fcmlaElement takes one complex number for all, whose number is ra.
func fcmlaElement(s *State, o *op) *op {
	m, e := s.V[o.rm&31], uint(o.sh)
	s.fcmla(o, func(i uint) uint64 { return getElement(&m, 2*uint(o.ra)+i&1, e) })
	return o.after()
}

func bindFcmlaElement(b *binder) {
	o := b.vector(fcmlaElement, 0)
	o.ra = uint8(b.d.Args[2].Value >> 8)
}

// convertNarrow and convertLong are FCVTN, FCVTXN and FCVTL.

func convertNarrow(odd bool) func(*binder) {
	run := func(s *State, o *op) *op {
		e := uint(o.sh)
		n := s.V[o.rn&31]
		env := s.fpBegin(2 * e)
		if odd {
			env.Rounding = toOdd
		}
		var r uint64
		for at := uint(0); at < 64; at += e {
			from := 2 * at
			if o.cc == scalarForm && at != 0 {
				break
			}
			r |= s.convert(n[from>>6]>>(from&63)&ones(2*e), 2*e, e) << at
		}
		s.fpEnd(2 * e)
		s.narrowInto(o, r)
		return o.after()
	}
	return func(b *binder) { b.vector(run, 0) }
}

func convertLong(s *State, o *op) *op {
	e := uint(o.sh)
	n := halfOf(&s.V[o.rn&31], o.cc)
	s.fpBegin(e)
	var r [2]uint64
	for at := uint(0); at < 64; at += e {
		to := 2 * at
		r[to>>6] |= s.convert(n>>at&ones(e), e, 2*e) << (to & 63)
	}
	s.fpEnd(e)
	s.V[o.rd&31] = r
	return o.after()
}

func bindConvertLong(b *binder) { b.vector(convertLong, 1) }

// reverse turns the elements of every container of size bits around.
func reverse(size uint) func(*binder) {
	run := func(s *State, o *op) *op {
		n, e := s.V[o.rn&31], uint(o.sh)
		s.put(o, reverseIn(n[0], size, e), reverseIn(n[1], size, e))
		return o.after()
	}
	byBytes := wordRun(map[uint]wordFunc{16: wordREV16B, 32: wordREV32B, 64: wordREV64B}[size])
	return func(b *binder) {
		if b.d.Args[0].Value == 8 {
			b.vector(byBytes, 0)
			return
		}
		b.vector(run, 0)
	}
}
