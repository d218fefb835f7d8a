package main

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/arm64"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/elf"
	"github.com/nuage-emu/nuage/memory"
)

// instruction is one of a listing.
type instruction struct {
	addr  uint64
	bytes []byte
	text  string
}

// sweep disassembles code that is loaded at addr, and starts anew at every
// symbol, so that data between functions does not throw it off.
func (i *inspection) sweep(code []byte, addr uint64, visit func(instruction)) {
	marks := i.marks(addr, addr+uint64(len(code)))
	for at := uint64(0); at < uint64(len(code)); {
		for len(marks) > 0 && marks[0] <= addr+at {
			marks = marks[1:]
		}
		limit := uint64(len(code))
		if len(marks) > 0 {
			limit = marks[0] - addr
		}
		text, n := i.decode(code[at:limit], addr+at)
		visit(instruction{addr + at, code[at : at+n], text})
		at += n
	}
}

// marks returns the addresses of symbols in a range, ascending.
func (i *inspection) marks(low, high uint64) []uint64 {
	all := i.syms.All()
	first, _ := slices.BinarySearchFunc(all, low, func(s elf.Symbol, a uint64) int {
		if s.Addr < a {
			return -1
		}
		return 1
	})
	var marks []uint64
	for _, s := range all[first:] {
		if s.Addr >= high {
			break
		}
		marks = append(marks, s.Addr)
	}
	return marks
}

// decode disassembles one instruction; n is at least 1.
func (i *inspection) decode(code []byte, pc uint64) (text string, n uint64) {
	disassemble := x86.Disassemble
	if i.img.Arch == cpu.AArch64 {
		disassemble = arm64.Disassemble
	}
	text, length := disassemble(code, pc, i.syms.At)
	return text, uint64(min(max(length, 1), len(code)))
}

// executable yields the segments that hold code.
func (i *inspection) executable(visit func(s elf.Segment, code []byte)) {
	if i.code == nil {
		i.code = make(map[uint64][]byte)
	}
	for _, s := range i.img.Segments {
		if s.Prot&memory.Exec == 0 {
			continue
		}
		code, ok := i.code[s.Addr]
		if !ok {
			code = i.contents(s)
			i.code[s.Addr] = code
		}
		visit(s, code)
	}
}

func (i *inspection) disassemble() {
	i.heading("\ncode")
	i.executable(func(s elf.Segment, code []byte) { i.list(code, s.Addr) })
}

// list prints a listing with the symbols as labels.
func (i *inspection) list(code []byte, addr uint64) {
	i.sweep(code, addr, func(in instruction) {
		if name, off, ok := i.syms.At(in.addr); ok && off == 0 {
			i.printf("\n%s\n", i.style.Bold(fmt.Sprintf("%016x <%s>:", in.addr, printable(name))))
		}
		i.printf("  %s  %s  %s\n", i.style.Dim(fmt.Sprintf("%8x", in.addr)), i.style.Dim(i.byteText(in.bytes)), in.text)
	})
}

func (i *inspection) byteText(b []byte) string {
	if i.img.Arch == cpu.AArch64 && len(b) == 4 {
		return fmt.Sprintf("%08x", binary.LittleEndian.Uint32(b))
	}
	return fmt.Sprintf("%-30s", fmt.Sprintf("% x", b))
}

// function prints the listing of one function.
func (i *inspection) function(name string) error {
	sym, ok := i.syms.Named(name)
	if !ok {
		return fmt.Errorf("the program has no symbol %q; nuage inspect --symbols lists them", name)
	}
	size := sym.Size
	if size == 0 { // up to the next symbol
		size = 1 << 20
		for _, mark := range i.marks(sym.Addr+1, sym.Addr+size) {
			size = mark - sym.Addr
			break
		}
	}
	found := false
	i.executable(func(s elf.Segment, code []byte) {
		if off := sym.Addr - s.Addr; sym.Addr >= s.Addr && off < uint64(len(code)) {
			found = true
			i.list(code[off:off+min(size, uint64(len(code))-off)], sym.Addr)
		}
	})
	if !found {
		return fmt.Errorf("symbol %q is not in the program's code", name)
	}
	return nil
}

// trapSite is an instruction that makes a system call.
type trapSite struct {
	addr   uint64
	number int // -1: not set near by
}

// text says which call it is. The numbers are those of the generation that all
// direct traps since August 2015 use.
func (s trapSite) text() string {
	table := cloudabi.Generations[cloudabi.G3].Table
	switch {
	case s.number < 0:
		return "number not known"
	case s.number < len(table):
		return fmt.Sprintf("%d %s", s.number, cloudabi.Calls[table[s.number]].Name)
	}
	return fmt.Sprintf("%d, which is no call", s.number)
}

// traps finds the trap instructions, with the number that the code before
// them puts in the register for it.
func (i *inspection) traps() []trapSite {
	track := trackX86
	if i.img.Arch == cpu.AArch64 {
		track = trackArm
	}
	var sites []trapSite
	i.executable(func(s elf.Segment, code []byte) {
		number := -1
		i.sweep(code, s.Addr, func(in instruction) {
			if _, off, ok := i.syms.At(in.addr); ok && off == 0 {
				number = -1
			}
			var trap bool
			trap, number = track(in, number)
			if trap {
				sites = append(sites, trapSite{in.addr, number})
				number = -1
			}
		})
	})
	return sites
}

// trackX86 follows constants into eax. A trap is the instruction syscall.
func trackX86(in instruction, number int) (trap bool, _ int) {
	b := in.bytes
	le := binary.LittleEndian
	small := func(v uint32) int { return int(min(v, 1<<20)) }
	switch {
	case len(b) == 2 && b[0] == 0x0f && b[1] == 0x05:
		return true, number
	case len(b) == 5 && b[0] == 0xb8: // mov imm32, eax
		return false, small(le.Uint32(b[1:]))
	case len(b) == 6 && b[0] == 0xc7 && b[1] == 0xc0:
		return false, small(le.Uint32(b[2:]))
	case len(b) == 7 && b[0] == 0x48 && b[1] == 0xc7 && b[2] == 0xc0: // mov imm32, rax
		return false, small(le.Uint32(b[3:]))
	case len(b) == 2 && (b[0] == 0x31 || b[0] == 0x33) && b[1] == 0xc0: // xor eax, eax
		return false, 0
	case strings.HasPrefix(in.text, "call") || strings.HasPrefix(in.text, "ret") || strings.HasPrefix(in.text, "jmp"):
		return false, -1
	}
	_, operands, _ := strings.Cut(in.text, " ")
	first, _, _ := strings.Cut(strings.TrimSpace(operands), ",")
	if slices.Contains([]string{"rax", "eax", "ax", "al"}, first) {
		return false, -1
	}
	return false, number
}

// trackArm follows constants into x8. A trap is svc #0.
func trackArm(in instruction, number int) (trap bool, _ int) {
	if len(in.bytes) != 4 {
		return false, -1
	}
	w := binary.LittleEndian.Uint32(in.bytes)
	switch {
	case w == 0xd4000001:
		return true, number
	case w&0x7fe0001f == 0x52800008: // movz w8 or x8
		return false, int(w >> 5 & 0xffff)
	case w == 0x2a1f03e8 || w == 0xaa1f03e8: // mov w8 or x8, from the zero register
		return false, 0
	case w>>26 == 0x25 || w&0xfffffc1f == 0xd65f0000 || w>>26 == 0x05: // bl, ret, b
		return false, -1
	}
	_, operands, _ := strings.Cut(in.text, " ")
	first, _, _ := strings.Cut(strings.TrimSpace(operands), ",")
	if first == "x8" || first == "w8" {
		return false, -1
	}
	return false, number
}
