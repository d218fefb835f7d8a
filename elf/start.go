package elf

import (
	"bytes"
	"encoding/binary"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

// stackWriter puts things on a stack, downwards. The first error sticks.
type stackWriter struct {
	space *memory.Space
	sp    uint64
	err   error
}

// push writes b below what is there, at a multiple of align, and returns its
// address.
func (w *stackWriter) push(b []byte, align uint64) uint64 {
	w.sp = (w.sp - uint64(len(b))) &^ (align - 1)
	if w.err == nil && len(b) > 0 {
		w.err = w.space.WriteAt(b, w.sp)
	}
	return w.sp
}

func (w *stackWriter) pushWords(words []uint64, align uint64) uint64 {
	b := make([]byte, 0, 8*len(words))
	for _, v := range words {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return w.push(b, align)
}

// writeStart writes what the program's generation finds on its stack and sets
// the first registers.
func (l *loader) writeStart() error {
	w := &stackWriter{space: l.space, sp: l.out.Stack.Addr + l.out.Stack.Len}
	l.out.Start.PC = l.img.Entry + l.out.Bias
	switch l.opts.Generation {
	case StartupData2015:
		l.startData(w)
	case Argv2015:
		l.startArgv(w)
	default:
		l.startAuxv(w)
	}
	if w.err != nil {
		return l.nomem(w.err, "writing the first stack")
	}
	return nil
}

// phdrAddr is where the program finds its program headers: where a segment
// holds them, else in a copy on the stack, for it reads them in any case.
func (l *loader) phdrAddr(w *stackWriter) uint64 {
	if l.img.PhdrAddr != 0 {
		return l.img.PhdrAddr + l.out.Bias
	}
	return w.push(l.img.phdrs, 8)
}

// pushArgData writes the argument data and a NUL behind it that is not
// counted, for programs that take it for a string.
func (l *loader) pushArgData(w *stackWriter) uint64 {
	w.push([]byte{0}, 1)
	return w.push(l.opts.ArgData, 8)
}

func (l *loader) ncpus() uint64 { return uint64(max(l.opts.NCPUs, 1)) }

// enterFrame is the stack pointer of a function that was just called, below
// what was pushed.
func enterFrame(arch cpu.Arch, sp uint64) uint64 {
	if arch == cpu.X86_64 {
		return sp&^15 - 8
	}
	return sp &^ 15
}

// startAuxv is the start with an auxiliary vector. The entries have the order
// that FreeBSD gives them, which is free.
func (l *loader) startAuxv(w *stackWriter) {
	final := l.opts.Generation == Final
	argdata := l.pushArgData(w)
	canary := w.push(l.opts.Canary[:], 8)
	var pid uint64
	if final {
		id := l.opts.PID
		id[6] = id[6]&0x0f | 0x40
		id[8] = id[8]&0x3f | 0x80
		pid = w.push(id[:], 8)
	}
	phdr := l.phdrAddr(w)
	var vector []byte
	for _, e := range []struct {
		cloudabi.Auxv
		finalOnly bool
	}{
		{cloudabi.Auxv{Type: cloudabi.AtArgdata, Val: argdata}, false},
		{cloudabi.Auxv{Type: cloudabi.AtArgdatalen, Val: uint64(len(l.opts.ArgData))}, false},
		{cloudabi.Auxv{Type: cloudabi.AtBase, Val: l.out.Bias}, true},
		{cloudabi.Auxv{Type: cloudabi.AtCanary, Val: canary}, false},
		{cloudabi.Auxv{Type: cloudabi.AtCanarylen, Val: uint64(len(l.opts.Canary))}, false},
		{cloudabi.Auxv{Type: cloudabi.AtNcpus, Val: l.ncpus()}, false},
		{cloudabi.Auxv{Type: cloudabi.AtPagesz, Val: pageSize}, false},
		{cloudabi.Auxv{Type: cloudabi.AtPhdr, Val: phdr}, false},
		{cloudabi.Auxv{Type: cloudabi.AtPhnum, Val: uint64(l.img.PhdrCount)}, false},
		{cloudabi.Auxv{Type: cloudabi.AtPid, Val: pid}, true},
		{cloudabi.Auxv{Type: cloudabi.AtSysinfoEhdr, Val: l.out.VDSO.Addr}, true},
		{cloudabi.Auxv{Type: cloudabi.AtTid, Val: uint64(l.opts.TID)}, false},
		{cloudabi.Auxv{Type: cloudabi.AtNull}, false},
	} {
		if final || !e.finalOnly {
			vector = append(vector, make([]byte, cloudabi.AuxvSize)...)
			e.Put(vector[len(vector)-cloudabi.AuxvSize:])
		}
	}
	l.out.Start.Args[0] = w.push(vector, 16)
	if final {
		l.out.Start.ThreadPointer = pushTCB(w, l.img.Arch)
	}
	l.out.Start.SP = enterFrame(l.img.Arch, w.sp)
}

// pushTCB writes an empty thread control block, and for x86-64 the word that
// holds its address, and returns the thread pointer.
func pushTCB(w *stackWriter, arch cpu.Arch) uint64 {
	tcb := w.pushWords([]uint64{0}, 8)
	if arch == cpu.X86_64 {
		return w.pushWords([]uint64{tcb}, 8)
	}
	return tcb
}

// startData is the start with a structure, of 2015-04-07 to 2015-07-16.
func (l *loader) startData(w *stackWriter) {
	argdata := l.pushArgData(w)
	d := cloudabi.StartupData{
		Arg: argdata, Arglen: uint64(len(l.opts.ArgData)),
		ElfPhdr: l.phdrAddr(w), ElfPhdrlen: uint64(l.img.PhdrCount),
		ThreadId: l.opts.TID, RandomSeed: binary.LittleEndian.Uint64(l.opts.Canary[:]),
		Ncpus: uint32(l.ncpus()), Pagesize: pageSize,
	}
	var b [cloudabi.StartupDataSize]byte
	d.Put(b[:])
	l.out.Start.Args = [2]uint64{w.push(b[:], 16), cloudabi.StartupDataSize}
	l.out.Start.SP = enterFrame(l.img.Arch, w.sp)
}

// startArgv is the start of before 2015-04-07: argument count, pointers, an
// empty environment and a small auxiliary vector of the ELF tradition. Both
// the first argument register and the stack pointer lead to it; the latter
// has the alignment of a function's entry, hence the odd place on x86-64.
func (l *loader) startArgv(w *stackWriter) {
	const atPhent, atPhnum = 4, 5
	var words []uint64
	if data := l.opts.ArgData; len(data) > 0 {
		base := l.pushArgData(w)
		for at := 0; at < len(data); {
			words = append(words, base+uint64(at))
			n := bytes.IndexByte(data[at:], 0)
			if n < 0 {
				break
			}
			at += n + 1
		}
	}
	words = append([]uint64{uint64(len(words))}, words...)
	words = append(words, 0, 0,
		uint64(cloudabi.AtPhdr), l.phdrAddr(w), atPhent, phdrSize, atPhnum, uint64(l.img.PhdrCount), 0, 0)
	w.sp &^= 15
	if odd := uint64(len(words)) % 2; l.img.Arch == cpu.X86_64 && odd == 0 || l.img.Arch == cpu.AArch64 && odd == 1 {
		w.sp -= 8
	}
	at := w.pushWords(words, 8)
	l.out.Start.SP, l.out.Start.Args[0] = at, at
}
