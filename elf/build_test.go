package elf

import (
	"bytes"
	"encoding/binary"

	"github.com/nuage-emu/nuage/cpu"
)

// testFile describes an ELF file for the builder below. Zero fields get what a
// good file has.
type testFile struct {
	arch  cpu.Arch
	typ   Type
	entry uint64
	heads []testHead
	size  int // of the file; 0: as large as needed
}

// testHead is a program header and the bytes it stands for.
type testHead struct {
	typ, flags             uint32
	off, addr, memsz, algn uint64
	filesz                 uint64 // 0: len(data)
	data                   []byte
}

// bytes builds the file.
func (f testFile) bytes() []byte {
	machine := uint16(machineX86_64)
	if f.arch == cpu.AArch64 {
		machine = machineAArch64
	}
	if f.typ == 0 {
		f.typ = Exec
	}
	out := words([]byte{0x7f, 'E', 'L', 'F', 2, 1, 1, osABICloudABI, 0, 0, 0, 0, 0, 0, 0, 0},
		uint16(f.typ), machine, uint32(1), f.entry, uint64(headerSize), uint64(0), uint32(0),
		[]uint16{headerSize, phdrSize, uint16(len(f.heads)), shdrSize, 0, 0})
	for _, h := range f.heads {
		if h.filesz == 0 {
			h.filesz = uint64(len(h.data))
		}
		out = words(out, h.typ, h.flags, h.off, h.addr, h.addr, h.filesz, max(h.memsz, h.filesz), h.algn)
	}
	for _, h := range f.heads {
		if need := int(h.off) + len(h.data); need > len(out) && len(h.data) > 0 {
			out = append(out, make([]byte, need-len(out))...)
		}
		copy(out[min(int(h.off), len(out)):], h.data)
	}
	if f.size > len(out) {
		out = append(out, make([]byte, f.size-len(out))...)
	}
	return out
}

// words appends numbers of any width.
func words(b []byte, v ...any) []byte {
	for _, v := range v {
		b, _ = binary.Append(b, binary.LittleEndian, v)
	}
	return b
}

const (
	rx = pfRead | pfExec
	rw = pfRead | pfWrite
)

// goodExec is a small ET_EXEC program: text at 0x400000 that covers the
// headers of the file.
func goodExec(arch cpu.Arch) testFile {
	return testFile{arch: arch, typ: Exec, entry: 0x401000, size: 0x1800, heads: []testHead{
		{typ: ptLoad, flags: rx, off: 0, addr: 0x400000, filesz: 0x1800, algn: pageSize},
	}}
}

// goodPIE is a static PIE with text, data that shares a page of the file with
// it, a bss and a TLS template.
func goodPIE(arch cpu.Arch) testFile {
	return testFile{arch: arch, typ: Dyn, entry: 0x1000, heads: []testHead{
		{typ: ptPhdr, flags: pfRead, off: headerSize, addr: headerSize, filesz: 4 * phdrSize},
		{typ: ptLoad, flags: rx, off: 0, addr: 0, filesz: 0x1410, algn: pageSize},
		{typ: ptLoad, flags: rw, off: 0x1410, addr: 0x2410, memsz: 0x3000, algn: pageSize, data: bytes.Repeat([]byte{0xd7}, 0x600)},
		{typ: ptTLS, flags: pfRead, off: 0x1410, addr: 0x2410, memsz: 0x40, filesz: 0x20, algn: 16},
	}}
}

// patch overwrites part of a file.
func patch(b []byte, off int, v ...byte) []byte {
	b = bytes.Clone(b)
	copy(b[off:], v)
	return b
}

func patch16(b []byte, off int, v uint16) []byte {
	return patch(b, off, binary.LittleEndian.AppendUint16(nil, v)...)
}

func patch64(b []byte, off int, v uint64) []byte {
	return patch(b, off, binary.LittleEndian.AppendUint64(nil, v)...)
}
