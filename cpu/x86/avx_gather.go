package x86

import "github.com/nuage-emu/nuage/memory"

// The gathers of AVX2. An element is loaded where its mask's top bit is set.
// Elements are done from the lowest up, and each that is done clears its mask,
// so that an instruction that is stopped by a fault goes on where it was: it is
// the one kind of instruction that may have happened in part. What the manual
// leaves open of that is as on Intel's processors: the masks are made all ones
// or zeros at once, over the vector length, and the destination is cleared
// above it with the first element that arrives.
var gatherRows = Section{Ref: "Vol. 1, 5.16 Intel AVX2: gathers", Feature: "AVX2", Rows: []Spec{
	{"VEX.128.66.0F38.W0 90 /r", "vpgatherdd", "+Vdq vm32x +Hdq", "", 0, bindGather},
	{"VEX.256.66.0F38.W0 90 /r", "vpgatherdd", "+Vqq vm32y +Hqq", "", 0, bindGather},
	{"VEX.128.66.0F38.W1 90 /r", "vpgatherdq", "+Vdq vm32x +Hdq", "", 0, bindGather},
	{"VEX.256.66.0F38.W1 90 /r", "vpgatherdq", "+Vqq vm32x +Hqq", "", 0, bindGather},
	{"VEX.128.66.0F38.W0 91 /r", "vpgatherqd", "+Vdq vm64x +Hdq", "", 0, bindGather},
	{"VEX.256.66.0F38.W0 91 /r", "vpgatherqd", "+Vdq vm64y +Hdq", "", 0, bindGather},
	{"VEX.128.66.0F38.W1 91 /r", "vpgatherqq", "+Vdq vm64x +Hdq", "", 0, bindGather},
	{"VEX.256.66.0F38.W1 91 /r", "vpgatherqq", "+Vqq vm64y +Hqq", "", 0, bindGather},
	{"VEX.128.66.0F38.W0 92 /r", "vgatherdps", "+Vdq vm32x +Hdq", "", 0, bindGather},
	{"VEX.256.66.0F38.W0 92 /r", "vgatherdps", "+Vqq vm32y +Hqq", "", 0, bindGather},
	{"VEX.128.66.0F38.W1 92 /r", "vgatherdpd", "+Vdq vm32x +Hdq", "", 0, bindGather},
	{"VEX.256.66.0F38.W1 92 /r", "vgatherdpd", "+Vqq vm32x +Hqq", "", 0, bindGather},
	{"VEX.128.66.0F38.W0 93 /r", "vgatherqps", "+Vdq vm64x +Hdq", "", 0, bindGather},
	{"VEX.256.66.0F38.W0 93 /r", "vgatherqps", "+Vdq vm64y +Hdq", "", 0, bindGather},
	{"VEX.128.66.0F38.W1 93 /r", "vgatherqpd", "+Vdq vm64x +Hdq", "", 0, bindGather},
	{"VEX.256.66.0F38.W1 93 /r", "vgatherqpd", "+Vqq vm64y +Hqq", "", 0, bindGather},
}}

// bindGather: op.dst is the destination, op.src the mask, op.aux the indices,
// of 32 bits if op.mem; op.cc counts the elements, op.width is the vector
// length in words of 64 bits. An address is the sum of the registers op.base
// and op.index, op.imm and a scaled index.
func bindGather(b *binder) {
	d := &b.d
	fn := gather32
	count := d.VecLen / 4
	if d.REX&rexW != 0 {
		fn, count = gather64, d.VecLen/8
	}
	if d.Row.vsib == 64 {
		count = d.VecLen / 8
	}
	o := b.emit(fn)
	o.dst, o.src, o.aux = d.Args[0].Reg, d.VVVV, d.Mem.Index
	o.base, o.index, o.scale, o.imm = d.Mem.Base, d.segment(), d.Mem.Scale, uint64(d.Mem.Disp)
	o.mem, o.cc, o.width = d.Row.vsib == 32, count, d.VecLen/8
	switch {
	case !b.opts.Checked:
	case d.Has(PrefixAddr32):
		o.align = checked32
	default:
		o.align = checked64
	}
}

// What op.align says of a gather: how to check addresses (Options.Checked).
const (
	checked64 = 1 + iota
	checked32
)

// element is the address of element i.
func (s *State) element(o *op, i uint64) uint32 {
	x := s.V[o.aux&31][i&3]
	if o.mem {
		x = uint64(int32(s.V[o.aux&31].lane32(i)))
	}
	a := s.R[o.base&31] + x<<(o.scale&63) + o.imm
	if o.align == checked32 {
		a = uint64(uint32(a))
	}
	a += s.R[o.index&31]
	if o.align != 0 && a>>32 != 0 {
		panic(&trap{kind: trapProtection.kind, fault: memory.Fault{Addr: a, Access: memory.Read}})
	}
	return uint32(a)
}

// setLane32 replaces doubleword i of v.
func (v *Vec) setLane32(i, w uint64) {
	p, n := &v[i>>1&3], i&1*32
	*p = *p&^(0xffffffff<<n) | w<<n
}

func gather32(s *State, o *op) *op {
	d, mask := &s.V[o.dst&31], &s.V[o.src&31]
	n := uint64(o.cc)
	for i := range mask {
		mask[i] = fillTopD(mask[i])
	}
	clear(mask[o.width:])
	for i := range n {
		if mask.lane32(i) != 0 {
			v := s.mem.Load32(s.element(o, i))
			clear(d[o.width:])
			d.setLane32(i, uint64(v))
			mask.setLane32(i, 0)
		}
	}
	clear(d[n/2:])
	clear(mask[n/2:])
	return o.after()
}

func gather64(s *State, o *op) *op {
	d, mask := &s.V[o.dst&31], &s.V[o.src&31]
	n := uint64(o.cc)
	for i := range mask {
		mask[i] = fillQ(mask[i])
	}
	clear(mask[o.width:])
	for i := range n {
		if mask[i] != 0 {
			v := s.mem.Load64(s.element(o, i))
			clear(d[o.width:])
			d[i] = v
			mask[i] = 0
		}
	}
	clear(d[n:])
	return o.after()
}
