package elf

import (
	"bytes"
	"fmt"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

const (
	// DefaultBase is where a position-independent image is put if nobody
	// chooses: far from everything a wild small integer points to.
	DefaultBase = 16 << 20

	// DefaultStackSize is what programs get on common systems. Memory is
	// taken only when it is touched, so the size costs nothing until used.
	DefaultStackSize = 8 << 20

	// StackGuard is the inaccessible memory below the first stack, in bytes.
	StackGuard = 64 << 10

	// minStackSize holds what a program finds on its stack, and some calls.
	minStackSize = 64 << 10

	// chunkSize is how much of a file is read at a time.
	chunkSize = 256 << 10

	// ScanLap is how much the pieces for LoadOptions.Scan have in common.
	ScanLap = 64
)

// Generation is the age of a program as far as its start is concerned
// (abi/startup.md section 5). A program carries no mark of it.
type Generation uint8

// The ages.
const (
	// Final is for programs since 2016-04 and works for those since
	// 2015-07-16 too: they ignore what they do not know.
	Final Generation = iota
	// Auxv2015 is for 2015-07-16 to 2016-04-10, exactly as it was then: no
	// vDSO, no thread control block, a shorter auxiliary vector.
	Auxv2015
	// StartupData2015 is for 2015-04-07 to 2015-07-16: a structure in place
	// of the auxiliary vector.
	StartupData2015
	// Argv2015 is for programs before 2015-04-07: argument strings on the
	// stack, which are the argument data cut at its NULs.
	Argv2015
)

var generationNames = [...]string{Final: "final", Auxv2015: "2015-auxv", StartupData2015: "2015-startup-data", Argv2015: "2015-argv"}

// String returns the name [ParseGeneration] understands.
func (g Generation) String() string {
	if int(g) < len(generationNames) {
		return generationNames[g]
	}
	return fmt.Sprintf("Generation(%d)", uint8(g))
}

// ParseGeneration returns the generation of that name.
func ParseGeneration(name string) (Generation, error) {
	for g, n := range generationNames {
		if n == name {
			return Generation(g), nil
		}
	}
	return 0, fmt.Errorf("unknown way to start a program %q; there are %q", name, generationNames)
}

// LoadOptions is what a program receives and where it is put.
type LoadOptions struct {
	Generation Generation

	// Base is the address for a position-independent image, rounded up as
	// the image demands; 0 means DefaultBase. It is ignored for ET_EXEC.
	Base uint64

	// StackSize is the first stack's size in bytes, rounded up to pages; 0
	// means DefaultStackSize. Argument data does not count.
	StackSize uint64

	ArgData []byte
	TID     cloudabi.Tid // as the kernel uses it in lock words
	NCPUs   uint32       // 0 means 1

	// Canary and PID are random bytes; the bits that make a version-4 UUID
	// of PID are set by Load.
	Canary [64]byte
	PID    [16]byte

	// Scan, if set, is shown what the file has of the segments that cannot be
	// written, in pieces of which each begins with the last ScanLap bytes of the
	// one before it in the segment. It may keep none of it.
	Scan func(part []byte)
}

// Range is a range of guest memory.
type Range struct {
	Addr, Len uint64
}

// Contains reports whether addr is in the range.
func (r Range) Contains(addr uint64) bool { return addr-r.Addr < r.Len }

// Loaded is a program ready to run.
type Loaded struct {
	Image *Image
	Start cpu.Start
	Bias  uint64 // what was added to the image's addresses
	Code  Range  // from the image's first page to its last
	VDSO  Range  // empty if the program's generation has none
	Stack Range  // with the argument data at its upper end
}

// Symbol names the place addr in the program or in the vDSO, as disassemblers
// and traces want it.
func (l *Loaded) Symbol(addr uint64) (name string, off uint64, ok bool) {
	if l.VDSO.Contains(addr) {
		v := VDSO(l.Image.Arch)
		id, ok := v.StubAt(addr - l.VDSO.Addr)
		if !ok {
			return "", 0, false
		}
		return cloudabi.Calls[id].Symbol, addr - l.VDSO.Addr - v.Stub(id), true
	}
	if !l.Code.Contains(addr) {
		return "", 0, false
	}
	return l.Image.Symbols().At(addr - l.Bias)
}

// Address returns the address of a symbol of the program.
func (l *Loaded) Address(name string) (addr uint64, ok bool) {
	s, ok := l.Image.Symbols().Named(name)
	return s.Addr + l.Bias, ok
}

// Load puts the image, the vDSO and the first stack into space, which must be
// empty, and writes all that the program finds when it starts. After an error,
// always an [*Error], the contents of space are undefined.
func Load(img *Image, space *memory.Space, opts LoadOptions) (Loaded, error) {
	if len(space.Regions()) > 0 {
		return Loaded{}, &Error{Offset: -1, Problem: "the address space is in use", Code: cloudabi.ENOMEM}
	}
	l := &loader{img: img, space: space, opts: opts, vdso: VDSO(img.Arch)}
	for _, step := range []func() error{l.plan, l.mapImage, l.mapVDSO, l.mapStack, l.writeStart} {
		if err := step(); err != nil {
			return Loaded{}, err
		}
	}
	return l.out, nil
}

// loader is a Load under way.
type loader struct {
	img   *Image
	space *memory.Space
	opts  LoadOptions
	vdso  *VDSOImage
	out   Loaded
}

func (l *loader) nomem(err error, format string, args ...any) *Error {
	return &Error{Offset: -1, Problem: fmt.Sprintf(format, args...), Code: cloudabi.ENOMEM, Err: err}
}

// plan decides where everything goes: the vDSO at the top, the stack below it,
// a guard below that; the image must fit under the guard.
func (l *loader) plan() error {
	l.out.Image = l.img
	if l.opts.StackSize == 0 {
		l.opts.StackSize = DefaultStackSize
	}
	top := l.space.Size() - forbidden
	if l.opts.Generation == Final {
		l.out.VDSO.Len = l.vdso.MapSize()
		top -= l.out.VDSO.Len
		l.out.VDSO.Addr = top
		top -= pageSize
	}
	args := uint64(len(l.opts.ArgData)) + uint64(l.extraStack())
	if l.opts.StackSize > top || args > top || l.opts.StackSize+args > top-forbidden-StackGuard-pageSize {
		return l.nomem(nil, "a stack of %d bytes with %d bytes of arguments does not fit into the address space; ask for less", l.opts.StackSize, len(l.opts.ArgData))
	}
	l.out.Stack.Len = (max(l.opts.StackSize, minStackSize) + args + pageMask) &^ pageMask
	l.out.Stack.Addr = top - l.out.Stack.Len
	return l.placeImage(l.out.Stack.Addr - StackGuard)
}

// extraStack is an upper bound of what the start writes besides the bytes of
// the argument data.
func (l *loader) extraStack() int {
	n := pageSize + len(l.img.phdrs)
	if l.opts.Generation == Argv2015 { // a pointer for each string
		n += 8 * (len(l.opts.ArgData) + 1)
	}
	return n
}

// placeImage chooses the load bias.
func (l *loader) placeImage(limit uint64) error {
	img := l.img
	span := img.High - img.Low
	if img.Type == Exec {
		if img.High > limit {
			return noexec(-1, "program headers", "link it lower, or ask for a smaller stack", "the program wants memory up to %#x, and there is room below %#x", img.High, limit)
		}
	} else {
		base := l.opts.Base
		if base == 0 {
			base = DefaultBase
		}
		bias, ok := alignUp(max(base, img.Low, forbidden)-img.Low, img.Align)
		if !ok || bias > limit || img.High > limit || bias+img.High > limit {
			return l.nomem(nil, "the program needs %#x bytes at or above %#x, and there is room below %#x", span, base, limit)
		}
		l.out.Bias = bias
	}
	l.out.Code = Range{Addr: img.Low + l.out.Bias, Len: span}
	return nil
}

// mapImage maps the pages of the segments, fills them from the file and gives
// them their protection. Bytes of a page that belong to no segment are zero.
func (l *loader) mapImage() error {
	for i, runs := 0, l.img.runs; i < len(runs); {
		r := runs[i]
		for i++; i < len(runs) && runs[i].start == r.end; i++ {
			r.end = runs[i].end
		}
		m := memory.Mapping{Addr: r.start + l.out.Bias, Len: r.end - r.start, Prot: memory.Read | memory.Write, Fixed: true}
		if _, err := l.space.Map(m); err != nil {
			return l.nomem(err, "mapping %#x bytes of the program at %#x", m.Len, m.Addr)
		}
	}
	most := uint64(0)
	for _, s := range l.img.Segments {
		most = max(most, s.FileSize)
	}
	buf := make([]byte, ScanLap+min(most, chunkSize))
	for _, s := range l.img.Segments {
		if err := l.fill(s, buf); err != nil {
			return err
		}
	}
	for _, r := range l.img.runs {
		if r.prot == memory.Read|memory.Write {
			continue
		}
		if err := l.space.Protect(r.start+l.out.Bias, r.end-r.start, r.prot); err != nil {
			return l.nomem(err, "protecting the program at %#x", r.start+l.out.Bias)
		}
	}
	return nil
}

// fill copies a segment's part of the file. Chunks of zeros stay untouched, so
// that a file with holes takes no memory.
func (l *loader) fill(s Segment, buf []byte) error {
	scan, lap := l.opts.Scan, 0
	if s.Prot&memory.Write != 0 {
		scan = nil
	}
	for done := uint64(0); done < s.FileSize; {
		b := buf[lap:][:min(uint64(len(buf)-ScanLap), s.FileSize-done)]
		if err := l.img.read(b, int64(s.Offset+done), "segment"); err != nil {
			return err
		}
		if scan != nil {
			scan(buf[:lap+len(b)])
		}
		for at := 0; at < len(b); {
			// Cut at page boundaries of memory.
			addr := s.Addr + l.out.Bias + done + uint64(at)
			part := b[at:min(len(b), at+int(pageSize-addr&pageMask))]
			if !bytes.Equal(part, zeros[:len(part)]) {
				if err := l.space.WriteAt(part, addr); err != nil {
					return l.nomem(err, "writing the program to %#x", addr)
				}
			}
			at += len(part)
		}
		done += uint64(len(b))
		if scan != nil && done < s.FileSize {
			lap = copy(buf, b[len(b)-ScanLap:])
		}
	}
	return nil
}

var zeros [pageSize]byte

func (l *loader) mapVDSO() error {
	r := l.out.VDSO
	if r.Len == 0 {
		return nil
	}
	if _, err := l.space.Map(memory.Mapping{Addr: r.Addr, Len: r.Len, Prot: memory.Read | memory.Write, Fixed: true}); err != nil {
		return l.nomem(err, "mapping the vDSO at %#x", r.Addr)
	}
	if err := l.space.WriteAt(l.vdso.Data, r.Addr); err != nil {
		return l.nomem(err, "writing the vDSO to %#x", r.Addr)
	}
	if err := l.space.Protect(r.Addr, r.Len, memory.Read|memory.Exec); err != nil {
		return l.nomem(err, "protecting the vDSO at %#x", r.Addr)
	}
	return nil
}

func (l *loader) mapStack() error {
	r := l.out.Stack
	if _, err := l.space.Map(memory.Mapping{Addr: r.Addr, Len: r.Len, Prot: memory.Read | memory.Write, Fixed: true}); err != nil {
		return l.nomem(err, "mapping a stack of %d bytes at %#x", r.Len, r.Addr)
	}
	// Mapped, so that nobody else's memory is put there.
	if _, err := l.space.Map(memory.Mapping{Addr: r.Addr - StackGuard, Len: StackGuard, Fixed: true}); err != nil {
		return l.nomem(err, "mapping the guard of the stack")
	}
	return nil
}
