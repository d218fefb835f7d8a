package x86

// Miscellaneous (Vol. 1, 5.1.13 and 7.3.17), and the hints, fences and
// non-temporal integer stores that belong to SSE and SSE2.
var miscRows = Section{Ref: "Vol. 1, 5.1.13 Miscellaneous Instructions", Rows: []Spec{
	{"8D /r", "lea", "=Gv &Ma", "", 0, bindLea},
	{"NB 90", "nop", "", "", 0, opFunc(nop)},
	{"F3 NB 90", "pause", "", "", 0, opFunc(nop)},
	{"0F 0D /r", "prefetchw", "&Mb", "", 0, opFunc(nop)},
	{"0F 0D /r", "nop", "&Rv", "", 0, opFunc(nop)},
	{"0F 18 /r", "nop", "&Ev", "", 0, opFunc(nop)},
	{"0F 19 /r", "nop", "&Ev", "", 0, opFunc(nop)},
	{"0F 1A /r", "nop", "&Ev", "", 0, opFunc(nop)},
	{"0F 1B /r", "nop", "&Ev", "", 0, opFunc(nop)},
	{"0F 1C /r", "nop", "&Ev", "", 0, opFunc(nop)},
	{"0F 1D /r", "nop", "&Ev", "", 0, opFunc(nop)},
	{"0F 1E /r", "nop", "&Ev", "", 0, opFunc(nop)},
	{"F3 0F 1E FA", "endbr64", "", "", 0, opFunc(nop)},
	{"F3 0F 1E FB", "endbr32", "", "", 0, opFunc(nop)},
	{"0F 1F /r", "nop", "&Ev", "", 0, opFunc(nop)},
	{"NP 0F AE E8+i", "lfence", "", "", 0, opFunc(nop)},
	{"NP 0F AE F0+i", "mfence", "", "", 0, opFunc(nop)},
	{"NP 0F AE F8+i", "sfence", "", "", 0, opFunc(nop)},
	{"0F A2", "cpuid", "| +EAX +ECX =EDX =EBX", "", 0, opFunc(cpuid)},
	{"0F 31", "rdtsc", "| =EAX =EDX", "", 0, opFunc(rdtsc)},
	{"0F 01 F9", "rdtscp", "| =EAX =ECX =EDX", "", 0, opFunc(rdtscp)},
	{"0F 0B", "ud2", "", "", Ends, bindUndefined},
	{"0F B9 /r", "ud1", "Gv Ev", "", Ends, bindUndefined},
	{"0F FF /r", "ud0", "Gv Ev", "", Ends, bindUndefined},
}}

// bindLea: the address is kept in full, except under the address-size prefix.
func bindLea(b *binder) {
	d := &b.d
	size := d.Size
	if d.Has(PrefixAddr32) && size == 8 {
		size = 4
	}
	fn := sized{1: lea[uint16], 2: lea32, 3: lea64}[sizeIndex(size)]
	m := d.Mem
	disp := uint64(m.Disp)
	if m.RIP {
		disp += d.Next()
	}
	if size == 8 && m.Index == Zero {
		fn = leaBase
	}
	o := b.emit(fn)
	o.dst = d.Args[0].Reg
	o.base, o.index, o.scale, o.imm = m.Base, m.Index, m.Scale, disp
}

func lea[T word](s *State, o *op) *op {
	setReg(s, o.dst, T(s.R[o.base&31]+s.R[o.index&31]<<(o.scale&63)+o.imm))
	return o.after()
}

func leaBase(s *State, o *op) *op {
	s.R[o.dst&31] = s.R[o.base&31] + o.imm
	return o.after()
}

// nop: prefetches are hints, and the fences have nothing to add to the order
// in which the host performs the accesses of one goroutine, which x86 hosts
// keep and others are asked to keep by the locked instructions.
func nop(_ *State, o *op) *op { return o.after() }

func rdtsc(s *State, o *op) *op {
	v := s.cycles(o)
	s.R[RAX], s.R[RDX] = uint64(uint32(v)), v>>32
	return o.after()
}

func rdtscp(s *State, o *op) *op {
	v := s.cycles(o)
	s.R[RAX], s.R[RDX], s.R[RCX] = uint64(uint32(v)), v>>32, 0
	return o.after()
}

// cycles asks the environment, with an exact count of retired instructions for
// the case that its time is virtual.
func (s *State) cycles(o *op) uint64 {
	s.run.publish(o)
	if s.thread.Env == nil {
		return s.thread.Retired
	}
	return s.thread.Env.Cycles()
}

func bindUndefined(b *binder) { b.illegal() }
