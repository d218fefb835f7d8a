package lockstep

import (
	"bytes"
	"fmt"
	"math/bits"
	"strings"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/memory"
)

const pageSize = memory.PageSize

// pageSet is a set of the pages of a window.
type pageSet [1 << 32 / pageSize / 64]uint64

func (s *pageSet) add(pages []uint64) {
	for _, a := range pages {
		s[a/pageSize/64] |= 1 << (a / pageSize % 64)
	}
}

func (s *pageSet) list() (pages []uint64) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			pages = append(pages, uint64(i*64+bits.TrailingZeros64(w))*pageSize)
		}
	}
	return pages
}

// memory compares what the reference has changed since the last time, or all
// that either side has ever changed. The caller holds p.mu, and both sides stand
// still.
func (p *Pair) memory(space int, all bool) *Difference {
	s := p.spaces[space]
	pages := s.space[Reference].DirtyPages(true)
	if s.ever == nil {
		s.ever = new(pageSet)
	}
	s.ever.add(pages)
	if all {
		union := *s.ever
		union.add(s.space[Subject].DirtyPages(false))
		pages = union.list()
		s.count = uint64(len(pages))
	}
	list := differing(s.space, pages)
	if len(list) == 0 {
		return nil
	}
	return &Difference{What: "memory is not the same", Memory: list}
}

// maxBytes is how many bytes of memory a difference shows.
const maxBytes = 16

// differing returns the first bytes of the pages that differ.
func differing(s [2]*memory.Space, pages []uint64) (list []Byte) {
	var buf [2][pageSize]byte
	for _, at := range pages {
		var ok [2]bool
		for i := range s {
			ok[i] = s[i].ReadAt(buf[i][:], at) == nil
		}
		if !ok[0] || !ok[1] || bytes.Equal(buf[0][:], buf[1][:]) {
			continue
		}
		for i := range buf[0] {
			if buf[0][i] == buf[1][i] {
				continue
			}
			if list = append(list, Byte{at + uint64(i), buf[0][i], buf[1][i]}); len(list) == maxBytes {
				return list
			}
		}
	}
	return list
}

// Registers returns the registers that are not the same in two states.
func Registers(a, b cpu.State) (list []Register) {
	s, ok := a.(*x86.State)
	t, also := b.(*x86.State)
	if !ok || !also {
		return nil
	}
	add := func(name string, v, w string) {
		if v != w {
			list = append(list, Register{name, v, w})
		}
	}
	word := func(v uint64) string { return fmt.Sprintf("%016x", v) }
	add("rip", word(s.PC()), word(t.PC()))
	for i := range 16 {
		add(x86.RegName(uint8(i), 8), word(s.R[i]), word(t.R[i]))
	}
	add("flags", flags(s.Flags()), flags(t.Flags()))
	add("fs", word(s.R[x86.FSBase]), word(t.R[x86.FSBase]))
	add("gs", word(s.R[x86.GSBase]), word(t.R[x86.GSBase]))
	vector := func(v x86.Vec) string { return fmt.Sprintf("%016x_%016x_%016x_%016x", v[3], v[2], v[1], v[0]) }
	for i := range 16 {
		add(fmt.Sprintf("ymm%d", i), vector(s.V[i]), vector(t.V[i]))
	}
	add("mxcsr", fmt.Sprintf("%08x", s.MXCSR), fmt.Sprintf("%08x", t.MXCSR))
	for i := range s.FPU.ST {
		x, y := s.FPU.ST[i], t.FPU.ST[i]
		add(fmt.Sprintf("fpr%d", i), fmt.Sprintf("%04x_%016x", x.SE, x.Mant), fmt.Sprintf("%04x_%016x", y.SE, y.Mant))
	}
	rest := func(f x86.FPU) string {
		return fmt.Sprintf("cw %04x sw %04x top %d tags %02x op %03x ip %x dp %x", f.CW, f.SW, f.Top, f.Tag, f.Op, f.IP, f.DP)
	}
	add("x87", rest(s.FPU), rest(t.FPU))
	return list
}

// flags are RFLAGS with the names of those that are set.
func flags(v uint64) string {
	text := fmt.Sprintf("%06x", v)
	for _, f := range []struct {
		bit  uint64
		name string
	}{{x86.FlagO, "O"}, {x86.FlagD, "D"}, {x86.FlagS, "S"}, {x86.FlagZ, "Z"}, {x86.FlagA, "A"}, {x86.FlagP, "P"}, {x86.FlagC, "C"}} {
		if v&f.bit != 0 {
			text += " " + f.name
		}
	}
	return text
}

// dump is all registers of a state.
func dump(s cpu.State) string {
	var b strings.Builder
	s.Dump(&b)
	return b.String()
}
