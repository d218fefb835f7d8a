package native

// The code that the server executes for a batch: from each record it loads the
// registers that the batch names, executes the instruction, and stores them
// there again; all others it loads before the first record and stores behind
// the last.

// Places in the server's memory.
const (
	// HandlerAt is the code that signals are sent to.
	HandlerAt = CodeBase + 0x800
	savedAt   = CodeBase + CodeSize // what belongs to Go
	cursorAt  = savedAt + 32        // of a probe: where to go on, and where the answer goes
	commonAt  = savedAt + 64
	// CommonAt is where the server keeps [Common], CommonSize bytes.
	CommonAt   = commonAt
	CommonSize = commonSize
)

// System registers as MSR has them: o0 op1 CRn CRm op2.
const (
	nzcv = 1<<14 | 3<<11 | 4<<7 | 2<<3
	fpcr = 1<<14 | 3<<11 | 4<<7 | 4<<3
	fpsr = fpcr | 1
)

// assembler writes code from CodeBase on.
type assembler struct {
	code []uint32
	at   int // where the next word goes
}

func (a *assembler) emit(w uint32) {
	if a.code[a.at] != 0 {
		panic("native: code overwritten")
	}
	a.code[a.at] = w
	a.at++
}

// org continues at an address.
func (a *assembler) org(addr uint64) { a.at = int(addr-CodeBase) / 4 }
func (a *assembler) here() uint64    { return CodeBase + uint64(4*a.at) }

func (a *assembler) ldr(t, n uint8, off int) {
	a.emit(0xf9400000 | uint32(off/8)<<10 | uint32(n)<<5 | uint32(t))
}
func (a *assembler) str(t, n uint8, off int) {
	a.emit(0xf9000000 | uint32(off/8)<<10 | uint32(n)<<5 | uint32(t))
}
func (a *assembler) ldrQ(t, n uint8, off int) {
	a.emit(0x3dc00000 | uint32(off/16)<<10 | uint32(n)<<5 | uint32(t))
}
func (a *assembler) strQ(t, n uint8, off int) {
	a.emit(0x3d800000 | uint32(off/16)<<10 | uint32(n)<<5 | uint32(t))
}
func (a *assembler) msr(reg uint32, t uint8) { a.emit(0xd5100000 | reg<<5 | uint32(t)) }
func (a *assembler) mrs(t uint8, reg uint32) { a.emit(0xd5300000 | reg<<5 | uint32(t)) }
func (a *assembler) toSP(n uint8)            { a.emit(0x91000000 | uint32(n)<<5 | 31) }
func (a *assembler) fromSP(d uint8)          { a.emit(0x91000000 | 31<<5 | uint32(d)) }

// number puts a number of 32 bits into register d.
func (a *assembler) number(d uint8, v uint64) {
	a.emit(0xd2800000 | uint32(v&0xffff)<<5 | uint32(d))
	a.emit(0xf2a00000 | uint32(v>>16&0xffff)<<5 | uint32(d))
}

func (a *assembler) branch(target uint64) {
	a.emit(0x14000000 | uint32(int64(target-a.here())/4)&0x03ffffff)
}

// enter saves what Go's code relies on, and leave returns to it.
func (a *assembler) enter() {
	a.number(1, savedAt)
	a.str(28, 1, 0)
	a.str(29, 1, 8)
	a.str(30, 1, 16)
	a.fromSP(2)
	a.str(2, 1, 24)
}

func (a *assembler) leave() {
	a.msr(fpcr, 31)
	a.number(1, savedAt)
	a.ldr(2, 1, 24)
	a.toSP(2)
	a.ldr(28, 1, 0)
	a.ldr(29, 1, 8)
	a.ldr(30, 1, 16)
	a.emit(0xd65f03c0) // ret
}

var environment = [...]struct {
	off int
	reg uint32
}{{offFPCR, fpcr}, {offFPSR, fpsr}, {offNZCV, nzcv}}

// program writes the code.
func (b *Batch) program() []uint32 {
	a := &assembler{code: make([]uint32, 0x2000/4)}
	p, e, t := b.Scratch()

	a.enter()
	a.number(p, commonAt)
	for i := range uint8(32) {
		a.ldrQ(i, p, 256+16*int(i))
	}
	for i := range uint8(31) {
		if i != p {
			a.ldr(i, p, 8*int(i))
		}
	}
	a.number(p, RecordBase)
	a.number(e, RecordBase+uint64(len(b.Records)*b.stride()))

	loop := a.here()
	for _, s := range environment {
		a.ldr(t, p, s.off)
		a.msr(s.reg, t)
	}
	a.ldr(t, p, offSP)
	a.toSP(t)
	for i, r := range b.V {
		a.ldrQ(r, p, offV+16*i)
	}
	for i, r := range b.X {
		a.ldr(r, p, offX+8*i)
	}
	start := Slot - 4*uint64(len(b.Before))
	a.branch(start)

	out := a.here()
	a.str(t, p, offPath)
	for _, s := range environment {
		a.mrs(t, s.reg)
		a.str(t, p, s.off)
	}
	a.fromSP(t)
	a.str(t, p, offSP)
	for i, r := range b.V {
		a.strQ(r, p, offV+16*i)
	}
	for i, r := range b.X {
		a.str(r, p, offX+8*i)
	}
	a.emit(0x91000000 | uint32(b.stride())<<10 | uint32(p)<<5 | uint32(p)) // add p, p, #stride
	a.emit(0xeb00001f | uint32(e)<<16 | uint32(p)<<5)                      // cmp p, e
	a.emit(0x54000001 | uint32(int64(loop-a.here())/4)&0x7ffff<<5)         // b.ne loop
	a.number(p, commonAt)
	for i := range uint8(32) {
		a.strQ(i, p, 256+16*int(i))
	}
	for i := range uint8(31) {
		a.str(i, p, 8*int(i))
	}
	a.leave()
	b.handler(a, out)

	a.org(start)
	for _, w := range b.Before {
		a.emit(w)
	}
	a.at++ // the instruction may be zero
	a.code[a.at-1] = b.Word
	a.arrive(t, 0, out)
	for i, pad := range Pads {
		a.org(pad)
		a.arrive(t, uint32(i)+1, out)
	}
	return a.code
}

// arrive notes which way was taken.
func (a *assembler) arrive(t uint8, path uint32, out uint64) {
	a.emit(0xd2800000 | path<<5 | uint32(t))
	a.branch(out)
}

// handler writes what a signal does: it notes signal and address, and goes on
// behind the instruction. The offsets are those of Linux's siginfo and ucontext.
func (b *Batch) handler(a *assembler, out uint64) {
	const infoAddr, contextX, contextPC = 16, 184, 440
	p, _, t := b.Scratch()
	a.org(HandlerAt)
	a.ldr(3, 1, infoAddr)
	a.ldr(5, 2, contextX+8*int(p))
	a.str(3, 5, offFault)
	a.emit(0x91402000 | 0<<5 | 4) // add x4, x0, #0x8000, which is Signal
	a.str(4, 2, contextX+8*int(t))
	a.number(6, out)
	a.str(6, 2, contextPC)
	a.emit(0xd65f03c0) // ret
}
