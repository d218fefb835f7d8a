package x86

import "github.com/nuage-emu/nuage/memory"

// Strings (Vol. 1, 5.1.8 and 7.3.9).
var stringRows = Section{Ref: "Vol. 1, 5.1.8 String Instructions", Rows: []Spec{
	{"A4", "movsb", "=Yb Xb | +RDI +RSI", "r:d", Rep, bindMovs},
	{"A5", "movsw/movsd/movsq", "=Yv Xv | +RDI +RSI", "r:d", Rep, bindMovs},
	{"A6", "cmpsb", "Xb Yb | +RDI +RSI", "r:d w:oszapc", RepZ, bindCmps},
	{"A7", "cmpsw/cmpsd/cmpsq", "Xv Yv | +RDI +RSI", "r:d w:oszapc", RepZ, bindCmps},
	{"AA", "stosb", "=Yb | AL +RDI", "r:d", Rep, bindStos},
	{"AB", "stosw/stosd/stosq", "=Yv | rAX +RDI", "r:d", Rep, bindStos},
	{"AC", "lodsb", "Xb | =AL +RSI", "r:d", Rep, bindLods},
	{"AD", "lodsw/lodsd/lodsq", "Xv | =rAX +RSI", "r:d", Rep, bindLods},
	{"AE", "scasb", "Yb | AL +RDI", "r:d w:oszapc", RepZ, bindScas},
	{"AF", "scasw/scasd/scasq", "Yv | rAX +RDI", "r:d w:oszapc", RepZ, bindScas},
	{"D7", "xlatb", "| +AL RBX Mb", "", 0, bindXlat},
}}

// A repeated instruction is one that retires once, however many iterations it
// makes. It works in chunks and looks for an interrupt behind each; then it
// leaves by the link in op.aux, to be entered again with the registers as the
// iterations so far have left them.

// chunk is how many iterations are made between two looks for an interrupt.
const chunk = 1 << 14

// Kinds of repetition, in op.cc.
const (
	once = iota
	repeatEqual
	repeatUnequal
)

var (
	movsBy = sized{movs8, movs[uint16], movs32, movs64}
	stosBy = sized{stos8, stos[uint16], stos32, stos64}
	lodsBy = sized{lods8, lods[uint16], lods32, lods64}
	cmpsBy = sized{cmps8, cmps[uint16], cmps32, cmps64}
	scasBy = sized{scas8, scas[uint16], scas32, scas64}
)

func bindMovs(b *binder) { b.str(movsBy) }
func bindStos(b *binder) { b.str(stosBy) }
func bindLods(b *binder) { b.str(lodsBy) }
func bindCmps(b *binder) { b.str(cmpsBy) }
func bindScas(b *binder) { b.str(scasBy) }

// str emits a string operation: src is the segment base of the source, mem
// says that addresses and count have 32 bits, cc how it is repeated.
func (b *binder) str(by sized) {
	d := &b.d
	o := b.emit(by[sizeIndex(d.Size)])
	o.src = d.segment()
	o.mem = d.Has(PrefixAddr32)
	switch {
	case d.Has(PrefixRep):
		o.cc = repeatEqual
	case d.Has(PrefixRepne):
		o.cc = repeatUnequal
	}
	if o.cc != once {
		o.aux = b.link(linkAgain, 0)
	}
	o.width = b2u8(b.opts.Checked)
}

// count is the number of iterations still to make.
func (s *State) count(o *op) uint64 {
	switch {
	case o.cc == once:
		return 1
	case o.mem:
		return uint64(uint32(s.R[RCX]))
	}
	return s.R[RCX]
}

// advance moves register r by delta, in the address size.
func (s *State) advance(o *op, r uint8, delta uint64) {
	v := s.R[r&31] + delta
	if o.mem {
		v = uint64(uint32(v))
	}
	s.R[r&31] = v
}

// spend takes n iterations off the count.
func (s *State) spend(o *op, n uint64) {
	if o.cc != once {
		s.advance(o, RCX, -n)
	}
}

// step is the distance from one element to the next.
func step[T word](s *State) uint64 {
	n := uint64(width[T]() / 8)
	return n - 2*n*s.df
}

// strSrc and strDst are the addresses of the current elements.
func (s *State) strSrc(o *op, access memory.Prot) uint32 {
	return s.strAddress(o, s.R[RSI], s.R[o.src&31], access)
}

func (s *State) strDst(o *op, access memory.Prot) uint32 {
	return s.strAddress(o, s.R[RDI], 0, access)
}

func (s *State) strAddress(o *op, a, base uint64, access memory.Prot) uint32 {
	if o.mem {
		a = uint64(uint32(a))
	}
	a += base
	if o.width != 0 && a>>32 != 0 { // Options.Checked
		panic(&trap{kind: trapProtection.kind, fault: memory.Fault{Addr: a, Access: access}})
	}
	return uint32(a)
}

// pause leaves a repeated instruction that has iterations left.
func (s *State) pause(o *op) *op {
	s.pc = o.pc()
	return s.leave(o.aux)
}

func movs[T word](s *State, o *op) *op {
	for n := s.count(o); n != 0; n = s.count(o) {
		k := bulkMove[T](s, o, min(n, chunk))
		if k == 0 {
			from, to := s.strSrc(o, memory.Read), s.strDst(o, memory.Write)
			store(s, to, load[T](s, from))
			k = 1
		}
		s.advance(o, RSI, step[T](s)*k)
		s.advance(o, RDI, step[T](s)*k)
		s.spend(o, k)
		if o.cc == once {
			break
		}
		if k != n && s.thread.Pending() {
			return s.pause(o)
		}
	}
	return o.after()
}

// bulkMove copies up to n elements at once and returns how many; 0 if that is
// not possible or not worth it.
func bulkMove[T word](s *State, o *op, n uint64) uint64 {
	w := uint64(width[T]() / 8)
	if n < 4 || s.df != 0 {
		return 0
	}
	from, to := s.strSrc(o, memory.Read), s.strDst(o, memory.Write)
	if dist := uint64(to - from); dist != 0 && dist < n*w {
		return 0 // an overlap that makes the copy repeat a pattern
	}
	src := s.mem.Slice(from, int(n*w), memory.Read)
	dst := s.mem.Slice(to, int(n*w), memory.Write)
	n = uint64(min(len(src), len(dst))) / w
	if s.mem.Aliased(from, to, n*w) {
		// What is written may be read again, by its other address.
		for i := uint64(0); i < n*w; i += w {
			copy(dst[i:i+w], src[i:i+w])
		}
		return n
	}
	copy(dst[:n*w], src[:n*w])
	return n
}

func stos[T word](s *State, o *op) *op {
	for n := s.count(o); n != 0; n = s.count(o) {
		k := bulkFill[T](s, o, min(n, chunk))
		if k == 0 {
			store(s, s.strDst(o, memory.Write), T(s.R[RAX]))
			k = 1
		}
		s.advance(o, RDI, step[T](s)*k)
		s.spend(o, k)
		if o.cc == once {
			break
		}
		if k != n && s.thread.Pending() {
			return s.pause(o)
		}
	}
	return o.after()
}

// bulkFill is bulkMove for STOS.
func bulkFill[T word](s *State, o *op, n uint64) uint64 {
	w := uint64(width[T]() / 8)
	if n < 4 || s.df != 0 {
		return 0
	}
	dst := s.mem.Slice(s.strDst(o, memory.Write), int(n*w), memory.Write)
	n = uint64(len(dst)) / w
	if n == 0 {
		return 0
	}
	dst = dst[:n*w]
	for i := range dst[:w] {
		dst[i] = byte(s.R[RAX] >> (8 * i))
	}
	for done := int(w); done < len(dst); done *= 2 {
		copy(dst[done:], dst[:done])
	}
	return n
}

func lods[T word](s *State, o *op) *op {
	for n := s.count(o); n != 0; n = s.count(o) {
		v := load[T](s, s.strSrc(o, memory.Read))
		setReg(s, RAX, v)
		s.advance(o, RSI, step[T](s))
		s.spend(o, 1)
		if o.cc == once {
			break
		}
		if n%chunk == 1 && n != 1 && s.thread.Pending() {
			return s.pause(o)
		}
	}
	return o.after()
}

// compareString runs the iterations of CMPS and SCAS. The flags change when
// the instruction is complete: a fault or an interrupt in between leaves them
// as they were (Vol. 2B, REP).
func compareString[T word](s *State, o *op, next func(*State, *op) (a, b T)) *op {
	n := s.count(o)
	if n == 0 {
		return o.after()
	}
	for {
		a, b := next(s, o)
		s.spend(o, 1)
		n--
		if o.cc == once || n == 0 || (a == b) != (o.cc == repeatEqual) {
			cmpFlags(s, a, b)
			return o.after()
		}
		if n%chunk == 0 && s.thread.Pending() {
			return s.pause(o)
		}
	}
}

func cmps[T word](s *State, o *op) *op { return compareString(s, o, cmpsNext[T]) }
func scas[T word](s *State, o *op) *op { return compareString(s, o, scasNext[T]) }

func cmpsNext[T word](s *State, o *op) (a, b T) {
	a = load[T](s, s.strSrc(o, memory.Read))
	b = load[T](s, s.strDst(o, memory.Read))
	s.advance(o, RSI, step[T](s))
	s.advance(o, RDI, step[T](s))
	return a, b
}

func scasNext[T word](s *State, o *op) (a, b T) {
	b = load[T](s, s.strDst(o, memory.Read))
	s.advance(o, RDI, step[T](s))
	return T(s.R[RAX]), b
}

// bindXlat: al = [rbx + al].
func bindXlat(b *binder) {
	o := b.emit(xlat)
	o.src = b.d.segment()
	o.mem = b.d.Has(PrefixAddr32)
	o.width = b2u8(b.opts.Checked)
}

func xlat(s *State, o *op) *op {
	a := s.strAddress(o, s.R[RBX]+uint64(uint8(s.R[RAX])), s.R[o.src&31], memory.Read)
	setReg(s, RAX, s.mem.Load8(a))
	return o.after()
}
