package elf

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

const (
	pageSize = memory.PageSize
	pageMask = pageSize - 1

	headerSize = 64 // of a 64-bit file
	phdrSize   = 56
	shdrSize   = 64
	symSize    = 24

	// maxPhdrs keeps the table within 64 KiB.
	maxPhdrs = 64 << 10 / phdrSize

	// maxAlign is the largest alignment a load bias can reasonably get in a
	// space of 4 GiB.
	maxAlign = 1 << 30

	// forbidden is how much at both ends of a space is never mapped.
	forbidden = 64 << 10
)

// Numbers of the ELF specification that this package looks at.
const (
	osABICloudABI = 17
	osABIFreeBSD  = 9

	machine386     = 3
	machineARM     = 40
	machineX86_64  = 62
	machineAArch64 = 183

	ptLoad   = 1
	ptInterp = 3
	ptNote   = 4
	ptPhdr   = 6
	ptTLS    = 7

	pfExec  = 1
	pfWrite = 2
	pfRead  = 4
)

const (
	adviseTarget = "build the program for x86_64-unknown-cloudabi or aarch64-unknown-cloudabi"
	adviseLink   = "link the program again"
	adviseCopy   = "the file is damaged or cut short; copy it again"
)

// machineName is the name of a processor that is not ours, or empty.
func machineName(machine uint16) string {
	switch machine {
	case machine386:
		return "i686"
	case machineARM:
		return "arm"
	case 8:
		return "MIPS"
	case 20:
		return "PowerPC"
	case 21:
		return "PowerPC 64"
	case 22:
		return "S/390"
	case 243:
		return "RISC-V"
	case 258:
		return "LoongArch"
	}
	return ""
}

// osABINames are those of some that are not ours.
var osABINames = [...]string{0: "System V, which Linux uses too", 2: "NetBSD", 3: "Linux", 6: "Solaris", 9: "FreeBSD", 12: "OpenBSD"}

// Parse checks the image in the first size bytes of r and describes it. It
// reads the headers only, at most 64 KiB. Every error is an [*Error].
func Parse(r io.ReaderAt, size int64) (*Image, error) { return parseImage(r, size, false) }

// ParseExec is Parse for a program that another one starts with proc_exec. It
// takes programs too that bear the mark of FreeBSD (EI_OSABI 9), unless a note
// says that they are meant for it: the C library's own tests make such a program
// of nothing but code, which starts on FreeBSD whatever its mark.
func ParseExec(r io.ReaderAt, size int64) (*Image, error) { return parseImage(r, size, true) }

func parseImage(r io.ReaderAt, size int64, marked bool) (*Image, error) {
	img := &Image{r: r, size: max(size, 0), Align: pageSize, marked: marked}
	head, err := img.parseHeader()
	if err != nil {
		return nil, err
	}
	phoff := binary.LittleEndian.Uint64(head[32:])
	if err := img.parseProgramHeaders(phoff); err != nil {
		return nil, err
	}
	if err := img.arrange(); err != nil {
		return nil, err
	}
	return img, nil
}

// read fills p from the file.
func (img *Image) read(p []byte, off int64, what string) error {
	n, err := img.r.ReadAt(p, off)
	switch {
	case n == len(p):
		return nil
	case err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return noexec(off+int64(n), what, adviseCopy, "the file ends here")
	}
	return &Error{Offset: off, Field: what, Problem: "cannot be read", Code: cloudabi.EIO, Err: err}
}

func (img *Image) parseHeader() ([]byte, error) {
	head := make([]byte, min(headerSize, img.size))
	if err := img.read(head, 0, "ELF header"); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte("#!")) {
		return nil, noexec(0, "", "run its interpreter instead", "the file is a script")
	}
	if len(head) >= 4 && !bytes.HasPrefix(head, []byte("\x7fELF")) {
		return nil, noexec(0, "e_ident", adviseTarget, "the file is not ELF: it begins with % x", head[:4])
	}
	if len(head) < headerSize {
		return nil, noexec(-1, "", adviseCopy, "the file has %d bytes, fewer than an ELF header", len(head))
	}
	le := binary.LittleEndian
	class, data, osABI := head[4], head[5], head[7]
	machine := le.Uint16(head[18:])
	if data != 1 {
		return nil, noexec(5, "EI_DATA", adviseTarget, "value %d, want 1 (little-endian)", data)
	}
	switch machine {
	case machineX86_64:
		img.Arch = cpu.X86_64
	case machineAArch64:
		img.Arch = cpu.AArch64
	default:
		name := machineName(machine)
		if name == "" {
			name = "an unknown processor"
		}
		return nil, noexec(18, "e_machine", adviseTarget, "value %d (%s), want 62 (x86-64) or 183 (aarch64)", machine, name)
	}
	if class != 2 {
		return nil, noexec(4, "EI_CLASS", adviseTarget, "value %d, want 2 (64-bit) for %v", class, img.Arch)
	}
	if head[6] != 1 {
		return nil, noexec(6, "EI_VERSION", adviseLink, "value %d, want 1", head[6])
	}
	img.marked = img.marked && osABI == osABIFreeBSD
	if osABI != osABICloudABI && !img.marked {
		name := ""
		if int(osABI) < len(osABINames) {
			name = osABINames[osABI]
		}
		if name == "" {
			name = "unknown"
		}
		return nil, noexec(7, "EI_OSABI", adviseTarget, "value %d (%s), want 17 (CloudABI)", osABI, name)
	}
	switch img.Type = Type(le.Uint16(head[16:])); img.Type {
	case Exec, Dyn:
	case 1:
		return nil, noexec(16, "e_type", adviseLink, "value 1 (an object file), want 2 or 3 (a program)")
	default:
		return nil, noexec(16, "e_type", adviseLink, "value %d, want 2 or 3 (a program)", uint16(img.Type))
	}
	if v := le.Uint32(head[20:]); v != 1 {
		return nil, noexec(20, "e_version", adviseLink, "value %d, want 1", v)
	}
	if n := le.Uint16(head[54:]); n != phdrSize {
		return nil, noexec(54, "e_phentsize", adviseLink, "value %d, want %d", n, phdrSize)
	}
	img.PhdrCount = int(le.Uint16(head[56:]))
	if img.PhdrCount == 0 || img.PhdrCount > maxPhdrs {
		return nil, noexec(56, "e_phnum", adviseLink, "value %d, want 1 to %d", img.PhdrCount, maxPhdrs)
	}
	img.Entry = le.Uint64(head[24:])
	return head, nil
}

// phdr is a program header as it is in the file.
type phdr struct {
	index                             int
	at                                int64 // where the header is in the file
	typ, flags                        uint32
	off, addr, filesz, memsz, alignTo uint64
}

func (p *phdr) bad(field string, at int64, advice, format string, args ...any) *Error {
	return noexec(p.at+at, fmt.Sprintf("program header %d: %s", p.index, field), advice, format, args...)
}

func (img *Image) parseProgramHeaders(phoff uint64) error {
	total := uint64(img.PhdrCount) * phdrSize
	if phoff < headerSize || phoff > uint64(img.size) || total > uint64(img.size)-phoff {
		return noexec(32, "e_phoff", adviseCopy, "the program headers at %#x to %#x are not inside the file of %#x bytes", phoff, phoff+total, img.size)
	}
	img.phdrs = make([]byte, total)
	if err := img.read(img.phdrs, int64(phoff), "program headers"); err != nil {
		return err
	}
	var phdrAt *phdr
	for i := range img.PhdrCount {
		b := img.phdrs[i*phdrSize:]
		le := binary.LittleEndian
		p := &phdr{index: i, at: int64(phoff) + int64(i)*phdrSize, typ: le.Uint32(b), flags: le.Uint32(b[4:]), off: le.Uint64(b[8:]),
			addr: le.Uint64(b[16:]), filesz: le.Uint64(b[32:]), memsz: le.Uint64(b[40:]), alignTo: le.Uint64(b[48:])}
		switch p.typ {
		case ptInterp:
			return p.bad("p_type", 0, "link it statically", "the program wants a dynamic linker (PT_INTERP)")
		case ptNote:
			if img.marked {
				return p.bad("p_type", 0, adviseTarget, "a note (PT_NOTE) says what the program, marked as FreeBSD's (EI_OSABI 9), is for")
			}
		case ptLoad:
			if err := img.addSegment(p); err != nil {
				return err
			}
		case ptPhdr:
			phdrAt = p
		case ptTLS: // the program's own business; kept for people who look at it
			img.TLS = &Segment{Offset: p.off, FileSize: p.filesz, Addr: p.addr, MemSize: p.memsz, Align: p.alignTo, Prot: prot(p.flags)}
		}
	}
	if len(img.Segments) == 0 {
		return noexec(int64(phoff), "program headers", adviseLink, "none of the %d is a segment to load (PT_LOAD)", img.PhdrCount)
	}
	img.findPhdrs(phoff, total, phdrAt)
	return nil
}

func prot(flags uint32) memory.Prot {
	var p memory.Prot
	if flags&pfRead != 0 {
		p |= memory.Read
	}
	if flags&pfWrite != 0 {
		p |= memory.Write
	}
	if flags&pfExec != 0 {
		p |= memory.Exec
	}
	return p
}

func (img *Image) addSegment(p *phdr) error {
	switch {
	case p.filesz > p.memsz:
		return p.bad("p_filesz", 32, adviseLink, "%#x bytes of file for %#x bytes of memory", p.filesz, p.memsz)
	case p.off > uint64(img.size) || p.filesz > uint64(img.size)-p.off:
		return p.bad("p_offset", 8, adviseCopy, "%#x bytes at %#x are not inside the file of %#x bytes", p.filesz, p.off, img.size)
	case p.filesz > 0 && (p.addr^p.off)&pageMask != 0:
		return p.bad("p_vaddr", 16, adviseLink, "address %#x and file offset %#x differ within the page", p.addr, p.off)
	case p.alignTo&(p.alignTo-1) != 0 || p.alignTo > maxAlign:
		return p.bad("p_align", 48, adviseLink, "value %#x, want a power of two up to %#x", p.alignTo, uint64(maxAlign))
	case p.memsz > math.MaxUint64-pageSize || p.addr > math.MaxUint64-pageSize-p.memsz:
		return p.bad("p_memsz", 40, adviseLink, "%#x bytes at %#x exceed the address space", p.memsz, p.addr)
	case p.flags&(pfWrite|pfExec) == pfWrite|pfExec:
		return p.bad("p_flags", 4, adviseLink, "the segment is writable and executable, which the ABI refuses")
	case p.memsz > 0 && img.Type == Exec && p.addr < forbidden:
		return p.bad("p_vaddr", 16, "link it at 0x10000 or above", "address %#x lies in the first 64 KiB, which are never mapped", p.addr)
	}
	if p.memsz == 0 {
		return nil // occupies nothing
	}
	img.Segments = append(img.Segments, Segment{Offset: p.off, FileSize: p.filesz, Addr: p.addr, MemSize: p.memsz, Align: p.alignTo, Prot: prot(p.flags)})
	if p.alignTo > img.Align {
		img.Align = p.alignTo
	}
	return nil
}

// findPhdrs looks for the program headers in memory: where PT_PHDR says, if
// that is inside a segment, or in the segment that holds their part of the
// file.
func (img *Image) findPhdrs(phoff, total uint64, p *phdr) {
	for _, s := range img.Segments {
		if p != nil && s.contains(p.addr, total) {
			img.PhdrAddr = p.addr
			return
		}
	}
	for _, s := range img.Segments {
		if phoff >= s.Offset && total <= s.FileSize && phoff-s.Offset <= s.FileSize-total {
			img.PhdrAddr = s.Addr + phoff - s.Offset
			return
		}
	}
}

// arrange sorts the segments, refuses what overlaps, and works out the
// protection of every page.
func (img *Image) arrange() error {
	slices.SortStableFunc(img.Segments, func(a, b Segment) int { return cmp.Compare(a.Addr, b.Addr) })
	entry := false
	for i, s := range img.Segments {
		if i > 0 && img.Segments[i-1].end() > s.Addr {
			return noexec(-1, "program headers", adviseLink, "the segments at %#x and %#x overlap", img.Segments[i-1].Addr, s.Addr)
		}
		entry = entry || s.Prot&memory.Exec != 0 && s.contains(img.Entry, 1)
		if err := img.addRun(s); err != nil {
			return err
		}
	}
	if !entry {
		return noexec(24, "e_entry", adviseLink, "address %#x is not inside an executable segment", img.Entry)
	}
	img.Low, img.High = img.runs[0].start, img.runs[len(img.runs)-1].end
	return nil
}

// addRun adds the pages of a segment. Segments are disjoint and come in order,
// so at most one page is shared with what is there already: that page gets the
// protection of both.
func (img *Image) addRun(s Segment) error {
	run := pageRun{start: s.Addr &^ pageMask, end: (s.end() + pageMask) &^ pageMask, prot: s.Prot}
	if n := len(img.runs); n > 0 && img.runs[n-1].end > run.start {
		last := &img.runs[n-1]
		both := last.prot | s.Prot
		if both&memory.Write != 0 && both&memory.Exec != 0 {
			return noexec(-1, "program headers", "link it with -z separate-code", "the page at %#x would be writable and executable, which the ABI refuses", run.start)
		}
		shared := pageRun{start: run.start, end: last.end, prot: both}
		if last.end = shared.start; last.start == last.end {
			img.runs = img.runs[:n-1]
		}
		img.runs = append(img.runs, shared)
		run.start = shared.end
	}
	if run.start < run.end {
		img.runs = append(img.runs, run)
	}
	return nil
}

// alignUp rounds to a power of two; ok is false when that leaves 64 bits.
func alignUp(v, align uint64) (uint64, bool) {
	sum, carry := bits.Add64(v, align-1, 0)
	return sum &^ (align - 1), carry == 0
}
