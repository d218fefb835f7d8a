package x86

// System instructions (Vol. 1, 5.20), and the segment register and far
// transfer instructions of 5.1.7 and 5.1.12. A user program gets a general
// protection fault from nearly all of them; UMIP is taken to be on. Segment
// registers can be read and have the values of a 64-bit user program; the
// selectors reach no descriptor.
var systemRows = Section{Ref: "Vol. 1, 5.20 System Instructions", Rows: []Spec{
	{"8C /r", "mov", "=Eh Sw", "", 0, bindMovSeg},
	{"8E /r", "mov", "=Sw Ew", "", Ends, opFunc(protection)},
	{"0F A0", "push", "FS | +RSP =Tv", "", D64, bindPushSeg},
	{"0F A8", "push", "GS | +RSP =Tv", "", D64, bindPushSeg},
	{"0F A1", "pop", "=FS | +RSP Tv", "", D64 | Ends, opFunc(protection)},
	{"0F A9", "pop", "=GS | +RSP Tv", "", D64 | Ends, opFunc(protection)},
	{"0F B2 /r", "lss", "=Gv Mp", "", Ends, opFunc(protection)},
	{"0F B4 /r", "lfs", "=Gv Mp", "", Ends, opFunc(protection)},
	{"0F B5 /r", "lgs", "=Gv Mp", "", Ends, opFunc(protection)},
	{"FF /3", "callf", "Mp", "", Ends, opFunc(protection)},
	{"FF /5", "jmpf", "Mp", "", Ends, opFunc(protection)},
	{"CA", "retf", "Iw", "", Ends, opFunc(protection)},
	{"CB", "retf", "", "", Ends, opFunc(protection)},
	{"CD", "int", "Ib", "", Ends, opFunc(protection)},
	{"CF", "iret/iretd/iretq", "", "w:oszapcd", Ends, opFunc(protection)},

	{"0F 02 /r", "lar", "=Gv Ew", "w:z", 0, bindNoDescriptor},
	{"0F 03 /r", "lsl", "=Gv Ew", "w:z", 0, bindNoDescriptor},
	{"0F 00 /4", "verr", "Ew", "w:z", 0, bindNoDescriptor},
	{"0F 00 /5", "verw", "Ew", "w:z", 0, bindNoDescriptor},

	{"E4", "in", "=AL Ib", "", Ends, opFunc(protection)},
	{"E5", "in", "=eAX Ib", "", Ends, opFunc(protection)},
	{"E6", "out", "Ib AL", "", Ends, opFunc(protection)},
	{"E7", "out", "Ib eAX", "", Ends, opFunc(protection)},
	{"EC", "in", "=AL DX", "", Ends, opFunc(protection)},
	{"ED", "in", "=eAX DX", "", Ends, opFunc(protection)},
	{"EE", "out", "DX AL", "", Ends, opFunc(protection)},
	{"EF", "out", "DX eAX", "", Ends, opFunc(protection)},
	{"6C", "insb", "=Yb DX", "", Rep | Ends, opFunc(protection)},
	{"6D", "insw/insd", "=Yz DX", "", Rep | Ends, opFunc(protection)},
	{"6E", "outsb", "DX Xb", "", Rep | Ends, opFunc(protection)},
	{"6F", "outsw/outsd", "DX Xz", "", Rep | Ends, opFunc(protection)},
	{"F4", "hlt", "", "", Ends, opFunc(protection)},
	{"FA", "cli", "", "", Ends, opFunc(protection)},
	{"FB", "sti", "", "", Ends, opFunc(protection)},

	{"0F 00 /0", "sldt", "=Eh", "", Ends, opFunc(protection)},
	{"0F 00 /1", "str", "=Eh", "", Ends, opFunc(protection)},
	{"0F 00 /2", "lldt", "Ew", "", Ends, opFunc(protection)},
	{"0F 00 /3", "ltr", "Ew", "", Ends, opFunc(protection)},
	{"0F 01 /0", "sgdt", "=Ma", "", Ends, opFunc(protection)},
	{"0F 01 /1", "sidt", "=Ma", "", Ends, opFunc(protection)},
	{"0F 01 /2", "lgdt", "Ma", "", Ends, opFunc(protection)},
	{"0F 01 /3", "lidt", "Ma", "", Ends, opFunc(protection)},
	{"0F 01 /4", "smsw", "=Eh", "", Ends, opFunc(protection)},
	{"0F 01 /6", "lmsw", "Ew", "", Ends, opFunc(protection)},
	{"0F 01 /7", "invlpg", "&Mb", "", Ends, opFunc(protection)},
	{"0F 01 F8", "swapgs", "", "", Ends, opFunc(protection)},
	{"0F 06", "clts", "", "", Ends, opFunc(protection)},
	{"0F 07", "sysret", "", "", Ends, opFunc(protection)},
	{"0F 08", "invd", "", "", Ends, opFunc(protection)},
	{"0F 09", "wbinvd", "", "", Ends, opFunc(protection)},
	{"0F 20 /r", "mov", "=Rq Cq", "", F64 | Ends, opFunc(protection)},
	{"0F 21 /r", "mov", "=Rq Dq", "", F64 | Ends, opFunc(protection)},
	{"0F 22 /r", "mov", "=Cq Rq", "", F64 | Ends, opFunc(protection)},
	{"0F 23 /r", "mov", "=Dq Rq", "", F64 | Ends, opFunc(protection)},
	{"0F 30", "wrmsr", "", "", Ends, opFunc(protection)},
	{"0F 32", "rdmsr", "", "", Ends, opFunc(protection)},
	{"0F 33", "rdpmc", "", "", Ends, opFunc(protection)},
}}

// selectors are what MOV from a segment register reads: ES CS SS DS FS GS.
var selectors = [8]uint16{0, 0x33, 0x2b, 0, 0, 0, 0, 0}

// bindMovSeg: a register receives the selector zero-extended to the operand
// size, memory always 16 bits.
func bindMovSeg(b *binder) {
	d := &b.d
	n := d.Args[1].Reg
	fn := sized{1: movRR[uint16], 2: movRR[uint32], 3: movRR[uint64]}[sizeIndex(d.Size)]
	if d.HasMem {
		fn = movMR[uint16]
	}
	o := b.operands(fn)
	o.src = Zero
	o.imm = uint64(selectors[n])
}

func bindPushSeg(b *binder) {
	d := &b.d
	fn := sized{1: push[uint16], 3: push[uint64]}[sizeIndex(d.Size)]
	o := b.operands(fn)
	o.dst = Zero
	o.imm = uint64(selectors[d.Args[0].Reg&7])
}

// bindNoDescriptor: no selector reaches a descriptor, which these instructions
// report by clearing ZF. The operand is read all the same.
func bindNoDescriptor(b *binder) {
	fn := noDescriptor1
	if b.d.NArgs == 2 {
		fn = noDescriptor2
	}
	b.operands(fn)
}

func noDescriptor1(s *State, o *op) *op {
	rmDst[uint16](s, o)
	s.setZ(false)
	return o.after()
}

func noDescriptor2(s *State, o *op) *op {
	rm[uint16](s, o)
	s.setZ(false)
	return o.after()
}
