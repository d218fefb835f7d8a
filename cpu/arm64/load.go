package arm64

// Loads of one register (C3.2).
func loadRows() Section {
	return Section{Ref: "C3.2 Loads and stores", Rows: []Spec{
		{"ldrb", "0011100101iiiiiiiiiiiinnnnnttttt", "=Wt [n,#u]:1", 0, opFunc(ldrImm8)},
		{"ldrh", "0111100101iiiiiiiiiiiinnnnnttttt", "=Wt [n,#u]:2", 0, opFunc(ldrImm16)},
		{"ldr", "1011100101iiiiiiiiiiiinnnnnttttt", "=Wt [n,#u]:4", 0, opFunc(ldrImm32)},
		{"ldr", "1111100101iiiiiiiiiiiinnnnnttttt", "=Xt [n,#u]:8", 0, opFunc(ldrImm64)},
		{"ldrsb", "0011100111iiiiiiiiiiiinnnnnttttt", "=Wt [n,#u]:1", 0, opFunc(ldrsImm8x32)},
		{"ldrsb", "0011100110iiiiiiiiiiiinnnnnttttt", "=Xt [n,#u]:1", 0, opFunc(ldrsImm8x64)},
		{"ldrsh", "0111100111iiiiiiiiiiiinnnnnttttt", "=Wt [n,#u]:2", 0, opFunc(ldrsImm16x32)},
		{"ldrsh", "0111100110iiiiiiiiiiiinnnnnttttt", "=Xt [n,#u]:2", 0, opFunc(ldrsImm16x64)},
		{"ldrsw", "1011100110iiiiiiiiiiiinnnnnttttt", "=Xt [n,#u]:4", 0, opFunc(ldrsImm32x64)},

		{"ldurb", "00111000010iiiiiiiii00nnnnnttttt", "=Wt [n,#i]:1", 0, opFunc(ldrImm8)},
		{"ldurh", "01111000010iiiiiiiii00nnnnnttttt", "=Wt [n,#i]:2", 0, opFunc(ldrImm16)},
		{"ldur", "10111000010iiiiiiiii00nnnnnttttt", "=Wt [n,#i]:4", 0, opFunc(ldrImm32)},
		{"ldur", "11111000010iiiiiiiii00nnnnnttttt", "=Xt [n,#i]:8", 0, opFunc(ldrImm64)},
		{"ldursb", "00111000110iiiiiiiii00nnnnnttttt", "=Wt [n,#i]:1", 0, opFunc(ldrsImm8x32)},
		{"ldursb", "00111000100iiiiiiiii00nnnnnttttt", "=Xt [n,#i]:1", 0, opFunc(ldrsImm8x64)},
		{"ldursh", "01111000110iiiiiiiii00nnnnnttttt", "=Wt [n,#i]:2", 0, opFunc(ldrsImm16x32)},
		{"ldursh", "01111000100iiiiiiiii00nnnnnttttt", "=Xt [n,#i]:2", 0, opFunc(ldrsImm16x64)},
		{"ldursw", "10111000100iiiiiiiii00nnnnnttttt", "=Xt [n,#i]:4", 0, opFunc(ldrsImm32x64)},

		{"ldrb", "00111000010iiiiiiiii01nnnnnttttt", "=Wt [n],#i:1", 0, opFunc(ldrPost8)},
		{"ldrh", "01111000010iiiiiiiii01nnnnnttttt", "=Wt [n],#i:2", 0, opFunc(ldrPost16)},
		{"ldr", "10111000010iiiiiiiii01nnnnnttttt", "=Wt [n],#i:4", 0, opFunc(ldrPost32)},
		{"ldr", "11111000010iiiiiiiii01nnnnnttttt", "=Xt [n],#i:8", 0, opFunc(ldrPost64)},
		{"ldrsb", "00111000110iiiiiiiii01nnnnnttttt", "=Wt [n],#i:1", 0, opFunc(ldrsPost8x32)},
		{"ldrsb", "00111000100iiiiiiiii01nnnnnttttt", "=Xt [n],#i:1", 0, opFunc(ldrsPost8x64)},
		{"ldrsh", "01111000110iiiiiiiii01nnnnnttttt", "=Wt [n],#i:2", 0, opFunc(ldrsPost16x32)},
		{"ldrsh", "01111000100iiiiiiiii01nnnnnttttt", "=Xt [n],#i:2", 0, opFunc(ldrsPost16x64)},
		{"ldrsw", "10111000100iiiiiiiii01nnnnnttttt", "=Xt [n],#i:4", 0, opFunc(ldrsPost32x64)},

		// The unprivileged forms do the same at EL0.
		{"ldtrb", "00111000010iiiiiiiii10nnnnnttttt", "=Wt [n,#i]:1", 0, opFunc(ldrImm8)},
		{"ldtrh", "01111000010iiiiiiiii10nnnnnttttt", "=Wt [n,#i]:2", 0, opFunc(ldrImm16)},
		{"ldtr", "10111000010iiiiiiiii10nnnnnttttt", "=Wt [n,#i]:4", 0, opFunc(ldrImm32)},
		{"ldtr", "11111000010iiiiiiiii10nnnnnttttt", "=Xt [n,#i]:8", 0, opFunc(ldrImm64)},
		{"ldtrsb", "00111000110iiiiiiiii10nnnnnttttt", "=Wt [n,#i]:1", 0, opFunc(ldrsImm8x32)},
		{"ldtrsb", "00111000100iiiiiiiii10nnnnnttttt", "=Xt [n,#i]:1", 0, opFunc(ldrsImm8x64)},
		{"ldtrsh", "01111000110iiiiiiiii10nnnnnttttt", "=Wt [n,#i]:2", 0, opFunc(ldrsImm16x32)},
		{"ldtrsh", "01111000100iiiiiiiii10nnnnnttttt", "=Xt [n,#i]:2", 0, opFunc(ldrsImm16x64)},
		{"ldtrsw", "10111000100iiiiiiiii10nnnnnttttt", "=Xt [n,#i]:4", 0, opFunc(ldrsImm32x64)},

		{"ldrb", "00111000010iiiiiiiii11nnnnnttttt", "=Wt [n,#i]!:1", 0, opFunc(ldrPre8)},
		{"ldrh", "01111000010iiiiiiiii11nnnnnttttt", "=Wt [n,#i]!:2", 0, opFunc(ldrPre16)},
		{"ldr", "10111000010iiiiiiiii11nnnnnttttt", "=Wt [n,#i]!:4", 0, opFunc(ldrPre32)},
		{"ldr", "11111000010iiiiiiiii11nnnnnttttt", "=Xt [n,#i]!:8", 0, opFunc(ldrPre64)},
		{"ldrsb", "00111000110iiiiiiiii11nnnnnttttt", "=Wt [n,#i]!:1", 0, opFunc(ldrsPre8x32)},
		{"ldrsb", "00111000100iiiiiiiii11nnnnnttttt", "=Xt [n,#i]!:1", 0, opFunc(ldrsPre8x64)},
		{"ldrsh", "01111000110iiiiiiiii11nnnnnttttt", "=Wt [n,#i]!:2", 0, opFunc(ldrsPre16x32)},
		{"ldrsh", "01111000100iiiiiiiii11nnnnnttttt", "=Xt [n,#i]!:2", 0, opFunc(ldrsPre16x64)},
		{"ldrsw", "10111000100iiiiiiiii11nnnnnttttt", "=Xt [n,#i]!:4", 0, opFunc(ldrsPre32x64)},

		{"ldrb", "00111000011mmmmmoooS10nnnnnttttt", "=Wt [n,Rm,ext]:1", 0, indexed(ldrLSL8, ldrImm8)},
		{"ldrh", "01111000011mmmmmoooS10nnnnnttttt", "=Wt [n,Rm,ext]:2", 0, indexed(ldrLSL16, ldrImm16)},
		{"ldr", "10111000011mmmmmoooS10nnnnnttttt", "=Wt [n,Rm,ext]:4", 0, indexed(ldrLSL32, ldrImm32)},
		{"ldr", "11111000011mmmmmoooS10nnnnnttttt", "=Xt [n,Rm,ext]:8", 0, indexed(ldrLSL64, ldrImm64)},
		{"ldrsb", "00111000111mmmmmoooS10nnnnnttttt", "=Wt [n,Rm,ext]:1", 0, indexed(ldrsLSL8x32, ldrsImm8x32)},
		{"ldrsb", "00111000101mmmmmoooS10nnnnnttttt", "=Xt [n,Rm,ext]:1", 0, indexed(ldrsLSL8x64, ldrsImm8x64)},
		{"ldrsh", "01111000111mmmmmoooS10nnnnnttttt", "=Wt [n,Rm,ext]:2", 0, indexed(ldrsLSL16x32, ldrsImm16x32)},
		{"ldrsh", "01111000101mmmmmoooS10nnnnnttttt", "=Xt [n,Rm,ext]:2", 0, indexed(ldrsLSL16x64, ldrsImm16x64)},
		{"ldrsw", "10111000101mmmmmoooS10nnnnnttttt", "=Xt [n,Rm,ext]:4", 0, indexed(ldrsLSL32x64, ldrsImm32x64)},

		{"ldr", "00011000iiiiiiiiiiiiiiiiiiittttt", "=Wt [label]:4", 0, opFunc(ldrImm32)},
		{"ldr", "01011000iiiiiiiiiiiiiiiiiiittttt", "=Xt [label]:8", 0, opFunc(ldrImm64)},
		{"ldrsw", "10011000iiiiiiiiiiiiiiiiiiittttt", "=Xt [label]:4", 0, opFunc(ldrsImm32x64)},

		{"prfm", "1111100110iiiiiiiiiiiinnnnnttttt", "prfop [n,#u]~8", 0, opFunc(nop)},
		{"prfum", "11111000100iiiiiiiii00nnnnnttttt", "prfop [n,#i]~8", 0, opFunc(nop)},
		{"prfm", "11111000101mmmmmoooS10nnnnnttttt", "prfop [n,Rm,ext]~8", 0, opFunc(nop)},
		{"prfm", "11011000iiiiiiiiiiiiiiiiiiittttt", "prfop [label]~8", 0, opFunc(nop)},
	}}
}

func nop(_ *State, o *op) *op { return o.after() }

// indexed binds an access with a register offset: lsl adds the shifted
// register itself; the extensions are an operation of their own, before imm.
func indexed(lsl, imm opFunc) func(*binder) {
	return func(b *binder) {
		d := &b.d
		if d.Field('o')&1 != 0 {
			o := b.operands(lsl)
			o.rm = b.reg('m')
			if d.Field('S') != 0 {
				o.sh = log2(d.mem().Op.Scale)
			}
			return
		}
		if !b.opts.Checked { // else operands does it
			b.emitIndex()
		}
		o := b.operands(imm)
		o.rn, o.imm = temp, 0
	}
}

func ldrImm[T unit](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(load[T](s, uint32(s.R[o.rn&63]+o.imm)))
	return o.after()
}

func ldrLSL[T unit](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(load[T](s, uint32(s.R[o.rn&63]+s.R[o.rm&63]<<(o.sh&63))))
	return o.after()
}

// The forms with write-back write the base last: where it is the register
// loaded too, which the manual leaves open, the base wins.
func ldrPre[T unit](s *State, o *op) *op {
	a := s.R[o.rn&63] + o.imm
	s.R[o.rd&63] = uint64(load[T](s, uint32(a)))
	s.R[o.rn&63] = a
	return o.after()
}

func ldrPost[T unit](s *State, o *op) *op {
	a := s.R[o.rn&63]
	s.R[o.rd&63] = uint64(load[T](s, uint32(a)))
	s.R[o.rn&63] = a + o.imm
	return o.after()
}

func ldrsImm[T unit, D word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(D(sext(load[T](s, uint32(s.R[o.rn&63]+o.imm)))))
	return o.after()
}

func ldrsLSL[T unit, D word](s *State, o *op) *op {
	s.R[o.rd&63] = uint64(D(sext(load[T](s, uint32(s.R[o.rn&63]+s.R[o.rm&63]<<(o.sh&63))))))
	return o.after()
}

func ldrsPre[T unit, D word](s *State, o *op) *op {
	a := s.R[o.rn&63] + o.imm
	s.R[o.rd&63] = uint64(D(sext(load[T](s, uint32(a)))))
	s.R[o.rn&63] = a
	return o.after()
}

func ldrsPost[T unit, D word](s *State, o *op) *op {
	a := s.R[o.rn&63]
	s.R[o.rd&63] = uint64(D(sext(load[T](s, uint32(a)))))
	s.R[o.rn&63] = a + o.imm
	return o.after()
}
