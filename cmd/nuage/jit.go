package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"sort"

	"github.com/nuage-emu/nuage/cmd/internal/launcher"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/elf"
	"github.com/nuage-emu/nuage/jit"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// jitCmd shows what the translator makes of a program.
type jitCmd struct {
	Program string   `arg:"" help:"The program's file: for x86-64."`
	Symbol  []string `placeholder:"NAME" help:"Translate these functions only."`
	Metered bool     `help:"Show code that counts instructions, as --deterministic has it."`
}

// Help is shown by nuage jit --help.
func (*jitCmd) Help() string {
	return `Each guest instruction is followed by the host code made of it, as the engine
jit would make it on a host with every feature, before branches out of a
translation are connected. The program is not run. Code that a branch leaves by
stands at the end of its translation. In the end it says how much code that is,
and which instructions are left to the interpreter. What a program really makes
the translator do is counted by nuage run --stats.

Examples:
  nuage jit --symbol=main prog
  nuage jit prog | less`
}

func (c *jitCmd) Run(t *tool) error {
	f, err := os.Open(c.Program)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	img, err := elf.Parse(f, info.Size())
	if err != nil {
		return fmt.Errorf("%s is not a program that can run: %w", c.Program, err)
	}
	if img.Arch != cpu.X86_64 {
		return fmt.Errorf("%s is for %v: %w for that yet; nuage inspect -d shows its code", c.Program, img.Arch, jit.ErrUnavailable)
	}
	out := bufio.NewWriter(t.stdout)
	i := &inspection{Writer: out, style: launcher.StyleFor(t.stdout), img: img, file: f, syms: img.Symbols()}
	convention := rewrite.StateInGS
	if c.Metered {
		convention |= rewrite.Counting
	}
	l := &translation{inspection: i, translator: rewrite.NewTranslator(rewrite.Options{
		Supported: func(string) bool { return true }, Convention: convention,
	})}
	if err := l.list(c.Symbol); err != nil {
		return err
	}
	l.summary()
	return out.Flush()
}

// translation is a listing under way.
type translation struct {
	*inspection
	translator                *rewrite.Translator
	units, guest, bytes, host int
	interpreted               map[string]int
}

// list translates from every function on, in the order of addresses, what has
// not been translated on the way.
func (l *translation) list(names []string) error {
	l.interpreted = make(map[string]int)
	var starts []uint64
	for _, name := range names {
		s, ok := l.syms.Named(name)
		if !ok {
			return fmt.Errorf("the program has no symbol %q; nuage inspect --symbols lists them", name)
		}
		starts = append(starts, s.Addr)
	}
	only := len(names) > 0
	if !only {
		for _, s := range l.syms.All() {
			if s.Func {
				starts = append(starts, s.Addr)
			}
		}
		starts = append(starts, l.img.Entry)
	}
	sort.Slice(starts, func(a, b int) bool { return starts[a] < starts[b] })
	done := make(map[uint64]bool)
	any := false
	for _, at := range starts {
		end := at + 1
		if s, ok := l.syms.Named(l.nameAt(at)); ok && s.Size > 0 {
			end = s.Addr + s.Size
		}
		for at < end && !done[at] {
			if l.codeAt(at) == nil {
				break
			}
			any = true
			next := l.unit(at, done)
			if next <= at {
				break
			}
			at = next
		}
	}
	if !any {
		return errors.New("there is no code at what was asked for")
	}
	return nil
}

func (l *translation) nameAt(pc uint64) string {
	name, _, _ := l.syms.At(pc)
	return name
}

// codeAt returns the program's code from pc on, as far as it goes, or nil.
func (l *translation) codeAt(pc uint64) (code []byte) {
	l.executable(func(s elf.Segment, b []byte) {
		if off := pc - s.Addr; pc >= s.Addr && off < uint64(len(b)) {
			code = b[off:]
		}
	})
	return code
}

// unit prints the translation of the code at pc and returns where it ends.
func (l *translation) unit(pc uint64, done map[uint64]bool) (end uint64) {
	if name, off, ok := l.syms.At(pc); ok && off == 0 {
		l.printf("\n%s\n", l.style.Bold(fmt.Sprintf("%016x <%s>:", pc, printable(name))))
	} else {
		l.printf("\n")
	}
	u, ok := l.translator.Translate(pc, l.codeAt)
	if !ok {
		text, n := l.decode(l.codeAt(pc), pc)
		l.printf("%s  %s\n", l.style.Dim(fmt.Sprintf("%8x", pc)), l.style.Bold(text))
		l.printf("%10s%s\n", "", "the interpreter's")
		l.interpreted[firstWord(text)]++
		done[pc] = true
		return pc + n
	}
	l.units, l.guest, l.bytes, l.host = l.units+1, l.guest+u.Guest, l.bytes+u.Bytes, l.host+len(u.Code)
	marks, seen := u.Marks, pc
	first := true
	for at := 0; at < len(u.Code); {
		for len(marks) > 0 && int(marks[0].Offset) <= at {
			m := uint64(marks[0].PC)
			marks = marks[1:]
			if (m != seen || first) && !done[m] && m >= pc && m < pc+uint64(u.Bytes) {
				text, n := l.decode(l.codeAt(m), m)
				l.printf("%s  %s\n", l.style.Dim(fmt.Sprintf("%8x", m)), l.style.Bold(text))
				done[m], seen, first = true, m, false
				end = max(end, m+n)
			}
		}
		text, n := x86.Disassemble(u.Code[at:], uint64(at), nil)
		n = max(n, 1)
		l.printf("%10s%s  %s\n", "", l.style.Dim(fmt.Sprintf("%5x  %-30s", at, fmt.Sprintf("% x", u.Code[at:at+n]))), text)
		at += n
	}
	return end
}

func firstWord(text string) string {
	for i, c := range text {
		if c == ' ' {
			return text[:i]
		}
	}
	return text
}

func (l *translation) summary() {
	if l.bytes == 0 {
		return
	}
	l.printf("\n%d translations of %d instructions: %d bytes of code from %d, %.2f times as many\n",
		l.units, l.guest, l.host, l.bytes, float64(l.host)/float64(l.bytes))
	if len(l.interpreted) == 0 {
		return
	}
	l.printf("the interpreter's:")
	names := make([]string, 0, len(l.interpreted))
	for name := range l.interpreted {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		l.printf(" %s %d", name, l.interpreted[name])
	}
	l.printf("\n")
}
