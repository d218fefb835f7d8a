// Package vdso builds the images of the vDSO that package elf embeds: the shared
// object through which programs call the system, whose functions are traps. It
// is no part of what runs programs.
package vdso

import (
	"encoding/binary"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
)

// Numbers of the ELF specification and of ours.
const (
	headerSize = 64 // of a 64-bit file
	phdrSize   = 56
	shdrSize   = 64
	symSize    = 24
	pageSize   = 4096
	stubSize   = 16 // as elf.VDSOImage has it

	osABICloudABI  = 17
	etDyn          = 3
	machineX86_64  = 62
	machineAArch64 = 183
	ptLoad         = 1
	ptDynamic      = 2
	pfExec         = 1
	pfRead         = 4
)

// stubX86 is mov %rcx, %r10; mov $n, %eax; syscall; ret.
func stubX86(n uint32) []byte {
	b := []byte{0x49, 0x89, 0xca, 0xb8, 0, 0, 0, 0, 0x0f, 0x05, 0xc3, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc}
	binary.LittleEndian.PutUint32(b[4:], n)
	return b
}

// stubAArch64 is mov x8, #low; movk x8, #high, lsl 16; svc #0; ret.
func stubAArch64(n uint32) []byte {
	var b []byte
	for _, w := range []uint32{0xd2800008 | n&0xffff<<5, 0xf2a00008 | n>>16<<5, 0xd4000001, 0xd65f03c0} {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

// sysvHash is the hash function of DT_HASH.
func sysvHash(name string) uint32 {
	var h uint32
	for _, c := range []byte(name) {
		h = h<<4 + uint32(c)
		g := h & 0xf0000000
		h = (h ^ g>>24) &^ g
	}
	return h
}

// hashTable writes a DT_HASH table for symbols 1 to n.
func hashTable(hashes []uint32) []byte {
	n := uint32(len(hashes)) + 1
	buckets, chains := make([]uint32, 31), make([]uint32, n)
	for i, h := range hashes {
		b := &buckets[h%uint32(len(buckets))]
		chains[i+1], *b = *b, uint32(i+1)
	}
	out := []uint32{uint32(len(buckets)), n}
	out = append(append(out, buckets...), chains...)
	var b []byte
	for _, w := range out {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

// blob builds the image front to back.
type blob struct{ data []byte }

func (b *blob) u16(v ...uint16) {
	for _, v := range v {
		b.data = binary.LittleEndian.AppendUint16(b.data, v)
	}
}

func (b *blob) u32(v ...uint32) {
	for _, v := range v {
		b.data = binary.LittleEndian.AppendUint32(b.data, v)
	}
}

func (b *blob) u64(v ...uint64) {
	for _, v := range v {
		b.data = binary.LittleEndian.AppendUint64(b.data, v)
	}
}

func (b *blob) align(n int) uint64 {
	for len(b.data)%n != 0 {
		b.data = append(b.data, 0)
	}
	return uint64(len(b.data))
}

// section is a section header in the making.
type section struct {
	name                  string
	typ, flags            uint32
	off, size             uint64
	link, info            uint32
	alignTo, entrySize    uint64
	notLoaded, nullHeader bool
}

// Build returns the image for an instruction set, in which the call with the id
// 0 traps with the number trapBase, and so on. It lays it out: headers, hash table, symbols, strings,
// dynamic section, stubs; then what only tools read, the section headers.
// Addresses in it are offsets from its beginning.
func Build(arch cpu.Arch, trapBase uint32) []byte {
	machine, stub := uint16(machineX86_64), stubX86
	if arch == cpu.AArch64 {
		machine, stub = machineAArch64, stubAArch64
	}
	const soname = "nuage-vdso.so"
	strings := []byte("\x00" + soname + "\x00")
	var names []uint32
	var hashes []uint32
	for _, c := range cloudabi.Calls {
		names = append(names, uint32(len(strings)))
		strings = append(append(strings, c.Symbol...), 0)
		hashes = append(hashes, sysvHash(c.Symbol))
	}
	const phdrs = 2
	b := &blob{data: make([]byte, headerSize+phdrs*phdrSize)}

	hash := section{name: ".hash", typ: 5, flags: 2, off: b.align(8), link: 2, alignTo: 8, entrySize: 4}
	b.data = append(b.data, hashTable(hashes)...)
	hash.size = uint64(len(b.data)) - hash.off

	symCount := uint64(len(cloudabi.Calls)) + 1
	syms := section{name: ".dynsym", typ: 11, flags: 2, off: b.align(8), size: symCount * symSize, link: 3, info: 1, alignTo: 8, entrySize: symSize}
	str := section{name: ".dynstr", typ: 3, flags: 2, off: syms.off + syms.size, size: uint64(len(strings)), alignTo: 1}
	dynOff := (str.off + str.size + 7) &^ 7
	dyn := section{name: ".dynamic", typ: 6, flags: 2, off: dynOff, size: 7 * 16, link: 3, alignTo: 8, entrySize: 16}
	textOff := (dyn.off + dyn.size + stubSize - 1) &^ (stubSize - 1)
	text := section{name: ".text", typ: 1, flags: 6, off: textOff, size: stubSize * uint64(len(cloudabi.Calls)), alignTo: stubSize}

	b.data = append(b.data, make([]byte, symSize)...) // symbol 0 is no symbol
	for i := range cloudabi.Calls {
		b.u32(names[i])
		b.data = append(b.data, 1<<4|2, 0) // STB_GLOBAL, STT_FUNC; STV_DEFAULT
		b.u16(5)                           // .text
		b.u64(text.off+stubSize*uint64(i), stubSize)
	}
	b.data = append(b.data, strings...)
	b.align(8)
	const dtHash, dtStrtab, dtSymtab, dtStrsz, dtSyment, dtSoname = 4, 5, 6, 10, 11, 14
	b.u64(dtHash, hash.off, dtStrtab, str.off, dtSymtab, syms.off, dtStrsz, str.size, dtSyment, symSize, dtSoname, 1, 0, 0)
	b.align(stubSize)
	for i := range cloudabi.Calls {
		b.data = append(b.data, stub(trapBase+uint32(i))...)
	}
	shoff := b.sectionTable([]section{{nullHeader: true}, hash, syms, str, dyn, text})
	b.headers(machine, shoff, 7, dyn)
	return b.data
}

// sectionTable appends the names of the sections and their headers.
func (b *blob) sectionTable(sections []section) (shoff uint64) {
	names := section{name: ".shstrtab", typ: 3, off: uint64(len(b.data)), alignTo: 1, notLoaded: true}
	sections = append(sections, names)
	text := []byte{0}
	var at []uint32
	for _, s := range sections {
		at = append(at, uint32(len(text)))
		text = append(append(text, s.name...), 0)
	}
	sections[len(sections)-1].size = uint64(len(text))
	b.data = append(b.data, text...)
	shoff = b.align(8)
	for i, s := range sections {
		if s.nullHeader {
			b.data = append(b.data, make([]byte, shdrSize)...)
			continue
		}
		addr := s.off
		if s.notLoaded {
			addr = 0
		}
		b.u32(at[i], s.typ)
		b.u64(uint64(s.flags), addr, s.off, s.size)
		b.u32(s.link, s.info)
		b.u64(s.alignTo, s.entrySize)
	}
	return shoff
}

// headers fills in the ELF header and the program headers, which stand first.
func (b *blob) headers(machine uint16, shoff uint64, sections uint16, dyn section) {
	total := uint64(len(b.data))
	h := &blob{data: []byte{0x7f, 'E', 'L', 'F', 2, 1, 1, osABICloudABI, 0, 0, 0, 0, 0, 0, 0, 0}}
	h.u16(uint16(etDyn), machine)
	h.u32(1)
	h.u64(0, headerSize, shoff)
	h.u32(0)
	h.u16(headerSize, phdrSize, 2, shdrSize, sections, sections-1)
	h.u32(ptLoad, pfRead|pfExec)
	h.u64(0, 0, 0, total, total, pageSize)
	h.u32(ptDynamic, pfRead)
	h.u64(dyn.off, dyn.off, dyn.off, dyn.size, dyn.size, 8)
	copy(b.data, h.data)
}
