package arm64

import "github.com/nuage-emu/nuage/cpu"

// Branches and exception generating instructions (C3.1.1 to C3.1.3).
func branchRows() Section {
	return Section{Ref: "C3.1 Branches, Exception generating, and System instructions", Rows: []Spec{
		{"b", "000101iiiiiiiiiiiiiiiiiiiiiiiiii", "label", Ends, bindB},
		{"bl", "100101iiiiiiiiiiiiiiiiiiiiiiiiii", "label", Ends, bindBL},
		{"b.c", "01010100iiiiiiiiiiiiiiiiiii0cccc", "label", Ends | ReadsFlags, bindBcond},
		{"cbz", "z0110100iiiiiiiiiiiiiiiiiiittttt", "Rt label", Ends, exitWide(cbz32, cbz64)},
		{"cbnz", "z0110101iiiiiiiiiiiiiiiiiiittttt", "Rt label", Ends, exitWide(cbnz32, cbnz64)},
		{"tbz", "00110110bbbbbiiiiiiiiiiiiiittttt", "Wt #bit label", Ends, bindTB(tbz)},
		{"tbz", "10110110bbbbbiiiiiiiiiiiiiittttt", "Xt #bit label", Ends, bindTB(tbz)},
		{"tbnz", "00110111bbbbbiiiiiiiiiiiiiittttt", "Wt #bit label", Ends, bindTB(tbnz)},
		{"tbnz", "10110111bbbbbiiiiiiiiiiiiiittttt", "Xt #bit label", Ends, bindTB(tbnz)},
		{"br", "1101011000011111000000nnnnn00000", "Xn", Ends, bindIndirect(br)},
		{"blr", "1101011000111111000000nnnnn00000", "Xn", Ends, bindIndirect(blr)},
		{"ret", "1101011001011111000000nnnnn00000", "Xn", Ends, bindIndirect(br)},

		{"svc", "11010100000iiiiiiiiiiiiiiii00001", "#i", Ends, bindSVC},
		{"brk", "11010100001iiiiiiiiiiiiiiii00000", "#i", Ends, bindStop(breakpoint)},
		{"udf", "0000000000000000iiiiiiiiiiiiiiii", "#lsb", Ends, bindStop(illegal)},
	}}
}

// bindB: a direct branch costs nothing where the block can go on behind it.
func bindB(b *binder) {
	if b.goesOn(b.d.Args[0].Value) {
		return
	}
	o := b.emit(leaveDirect)
	o.link = b.link(linkDirect, b.d.Args[0].Value)
	b.done = true
}

func bindBL(b *binder) {
	if b.goesOn(b.d.Args[0].Value) {
		o := b.emit(movImm)
		o.rd, o.imm = LR, b.d.Next()
		return
	}
	o := b.emit(bl)
	b.exit(o)
	b.done = true
}

func bl(s *State, o *op) *op {
	s.R[LR] = o.pc + 4
	return s.leave(o.link)
}

// exit makes o leave the block by a direct link to the target if it is taken.
func (b *binder) exit(o *op) {
	o.link = b.link(linkDirect, b.d.Args[b.d.NArgs-1].Value)
}

func bindBcond(b *binder) {
	if b.fuse() {
		return
	}
	cc := uint8(b.d.Field('c'))
	if cc >= 14 {
		bindB(b)
		return
	}
	o := b.emit([8]opFunc{beq, bcs, bmi, bvs, bhi, bge, bgt}[cc>>1])
	o.cc = cc
	b.exit(o)
}

// branch leaves the block if the condition, negated if o.cc says so, holds.
func (s *State) branch(o *op, v bool) *op {
	if v != (o.cc&1 != 0) {
		s.exit = uint32(o.link)
		return nil
	}
	return o.after()
}

func beq(s *State, o *op) *op { return s.branch(o, s.fz == 0) }
func bcs(s *State, o *op) *op { return s.branch(o, s.fc != 0) }
func bmi(s *State, o *op) *op { return s.branch(o, int64(s.fn) < 0) }
func bvs(s *State, o *op) *op { return s.branch(o, int64(s.fv) < 0) }
func bhi(s *State, o *op) *op { return s.branch(o, s.fc != 0 && s.fz != 0) }
func bge(s *State, o *op) *op { return s.branch(o, int64(s.fn^s.fv) >= 0) }
func bgt(s *State, o *op) *op { return s.branch(o, s.fz != 0 && int64(s.fn^s.fv) >= 0) }

// exitWide binds CBZ and CBNZ.
func exitWide(f32, f64 opFunc) func(*binder) {
	return func(b *binder) {
		o := b.operands(wide{f32, f64}[b.d.Field('z')])
		b.exit(o)
	}
}

func cbz[T word](s *State, o *op) *op {
	if T(s.R[o.rd&63]) == 0 {
		s.exit = uint32(o.link)
		return nil
	}
	return o.after()
}

func cbnz[T word](s *State, o *op) *op {
	if T(s.R[o.rd&63]) != 0 {
		s.exit = uint32(o.link)
		return nil
	}
	return o.after()
}

// bindTB binds TBZ and TBNZ: the bit is in imm.
func bindTB(fn opFunc) func(*binder) {
	return func(b *binder) {
		o := b.operands(fn)
		o.imm = 1 << (b.d.Args[1].Value & 63)
		b.exit(o)
	}
}

func tbz(s *State, o *op) *op {
	if s.R[o.rd&63]&o.imm == 0 {
		s.exit = uint32(o.link)
		return nil
	}
	return o.after()
}

func tbnz(s *State, o *op) *op {
	if s.R[o.rd&63]&o.imm != 0 {
		s.exit = uint32(o.link)
		return nil
	}
	return o.after()
}

func bindIndirect(fn opFunc) func(*binder) {
	return func(b *binder) {
		o := b.operands(fn)
		o.link = b.link(linkIndirect, 0)
		b.done = true
	}
}

func br(s *State, o *op) *op {
	s.pc = s.R[o.rn&63]
	return s.leave(o.link)
}

func blr(s *State, o *op) *op {
	s.pc = s.R[o.rn&63]
	s.R[LR] = o.pc + 4
	return s.leave(o.link)
}

func bindSVC(b *binder) {
	o := b.emit(svc)
	o.link = b.link(linkStop, 0)
	b.done = true
}

// svc stops for a system call. The return from the kernel clears the exclusive
// monitor (D1.11).
func svc(s *State, o *op) *op {
	s.mon.size = 0
	s.pc = o.pc + 4
	s.stop = cpu.Stop{Kind: cpu.StopSyscall, PC: o.pc}
	return s.leave(o.link)
}

// bindStop binds an instruction that never completes.
func bindStop(fn opFunc) func(*binder) {
	return func(b *binder) {
		b.emit(fn)
		b.done = true
	}
}

func breakpoint(*State, *op) *op { panic(trapBreakpoint) }
