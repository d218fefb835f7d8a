package lockstep

import (
	"fmt"
	"strings"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// Names are what people call the two sides.
var Names = [2]string{"interpreter", "translator"}

// Difference is how two runs differ, and where.
type Difference struct {
	// What differs, in words.
	What string
	// Comparison is the number of the one that failed, Good that of the last at
	// which everything was the same, and Instructions how many were compared.
	Comparison, Good, Instructions uint64
	// Thread is the thread's number, in the order in which threads ran first.
	Thread int
	// PC is the instruction with which the difference appears, or where the
	// slice began in which it does. Slice is the slice's length.
	PC, Slice uint64

	// Instruction is what is at PC, once it is known to be the one: bytes and
	// text. Exact is false if it appears only when the instructions from Start
	// on are translated together; After is how many instructions of the slice
	// are before it.
	Instruction  string
	Exact        bool
	Start, After uint64
	// Before are all registers before the instruction.
	Before string
	// Code is the translation of the code from Start on.
	Code string

	Registers []Register // that differ after it
	Memory    []Byte     // that differs after it: the first bytes

	symbol func(pc uint64) string
}

// Register is a register that is not the same.
type Register struct{ Name, Reference, Subject string }

// Byte is a byte of memory that is not the same.
type Byte struct {
	Addr               uint64
	Reference, Subject byte
}

func (d *Difference) at(pc uint64) string {
	if d.symbol != nil {
		if name := d.symbol(pc); name != "" {
			return fmt.Sprintf("%#x <%s>", pc, name)
		}
	}
	return fmt.Sprintf("%#x", pc)
}

// String is a report for people, of many lines.
func (d *Difference) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s and %s differ: %s\n", Names[Reference], Names[Subject], d.What)
	fmt.Fprintf(&b, "comparison %d, after %d instructions, thread %d\n", d.Comparison, d.Instructions, d.Thread)
	switch {
	case d.Instruction != "" && d.Exact:
		fmt.Fprintf(&b, "the instruction: %s  %s\n", d.at(d.PC), d.Instruction)
	case d.Instruction != "":
		fmt.Fprintf(&b, "the difference appears with: %s  %s\n", d.at(d.PC), d.Instruction)
		fmt.Fprintf(&b, "and only if it is translated together with what is before it, from %s on\n", d.at(d.Start))
	case d.PC != 0 && d.Slice > 0:
		fmt.Fprintf(&b, "in the %d instructions from %s on\n", d.Slice, d.at(d.PC))
	case d.PC != 0:
		fmt.Fprintf(&b, "at %s\n", d.at(d.PC))
	}
	if len(d.Registers) > 0 {
		fmt.Fprintf(&b, "\nregisters after it  %-34s %s\n", Names[Reference], Names[Subject])
		for _, r := range d.Registers {
			fmt.Fprintf(&b, "  %-17s %-34s %s\n", r.Name, r.Reference, r.Subject)
		}
	}
	if len(d.Memory) > 0 {
		fmt.Fprintf(&b, "\nmemory after it     %-34s %s\n", Names[Reference], Names[Subject])
		for _, m := range d.Memory {
			fmt.Fprintf(&b, "  %-17s %-34s %s\n", fmt.Sprintf("%08x", m.Addr), fmt.Sprintf("%02x", m.Reference), fmt.Sprintf("%02x", m.Subject))
		}
	}
	if d.Before != "" {
		fmt.Fprintf(&b, "\nregisters before it\n%s", d.Before)
	}
	if d.Code != "" {
		fmt.Fprintf(&b, "\n%s", d.Code)
	}
	return b.String()
}

// listing shows the translation of the code from pc up to and with the
// instruction at last: each guest instruction above the host code that was made
// of it.
func (x *examination) listing(pc, last uint64) string {
	_, n := x86.Disassemble(x.fetch(last), last, nil)
	end := last + uint64(n)
	fetch := func(pc uint64) []byte {
		if pc >= end {
			return nil
		}
		code := x.fetch(pc)
		return code[:min(uint64(len(code)), end-pc)]
	}
	tr := rewrite.NewTranslator(rewrite.Options{Supported: func(string) bool { return true }, Convention: rewrite.Counting, EveryRun: true})
	u, ok := tr.Translate(pc, fetch)
	if !ok {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "translation of the code at %#x (nuage jit --metered shows all)\n", pc)
	marks, seen, first := u.Marks, pc, true
	shown := map[uint64]bool{}
	for at := 0; at < len(u.Code); {
		for ; len(marks) > 0 && int(marks[0].Offset) <= at; marks = marks[1:] {
			m := uint64(marks[0].PC)
			if (m == seen && !first) || shown[m] || m < pc || m >= pc+uint64(u.Bytes) {
				continue
			}
			fmt.Fprintf(&b, "%8x  %s\n", m, x.instruction(m))
			shown[m], seen, first = true, m, false
		}
		text, n := x86.Disassemble(u.Code[at:], uint64(at), nil)
		n = max(n, 1)
		fmt.Fprintf(&b, "%10s%5x  %-30s  %s\n", "", at, fmt.Sprintf("% x", u.Code[at:at+n]), text)
		at += n
	}
	return b.String()
}
