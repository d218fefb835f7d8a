package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cmd/internal/launcher"
	"github.com/nuage-emu/nuage/elf"
	"github.com/nuage-emu/nuage/memory"
)

// inspectCmd shows what a program is without running it.
type inspectCmd struct {
	Program     string   `arg:"" help:"The program's file."`
	Segments    bool     `help:"Show the segments."`
	Calls       bool     `help:"Show the calls it uses, and where it traps directly."`
	Symbols     bool     `help:"List the symbols."`
	Disassemble bool     `short:"d" help:"Disassemble all code."`
	Function    []string `placeholder:"NAME" help:"Disassemble these functions only."`
	All         bool     `help:"Show everything."`
}

// Help is shown by nuage inspect --help.
func (*inspectCmd) Help() string {
	return `Without flags it shows what the program is, its segments, and the calls it uses.
The calls are found by the names in its data and by the trap instructions in
its code, so they are what it may use, not what it will.

Examples:
  nuage inspect prog
  nuage inspect --symbols prog
  nuage inspect --function=main prog
  nuage inspect -d prog | less`
}

func (c *inspectCmd) Run(t *tool) error {
	f, err := os.Open(c.Program)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a directory, not a program", c.Program)
	}
	img, err := elf.Parse(f, info.Size())
	if err != nil {
		return fmt.Errorf("%s is not a program that can run: %w", c.Program, err)
	}
	out := bufio.NewWriter(t.stdout)
	i := &inspection{Writer: out, style: launcher.StyleFor(t.stdout), img: img, file: f, syms: img.Symbols()}
	overview := !c.Segments && !c.Calls && !c.Symbols && !c.Disassemble && len(c.Function) == 0
	if overview || c.All {
		i.header(c.Program, info.Size())
	}
	if overview || c.All || c.Segments {
		i.segments()
	}
	if overview || c.All || c.Calls {
		i.calls()
	}
	if c.All || c.Symbols {
		i.symbols()
	}
	if c.All || c.Disassemble {
		i.disassemble()
	}
	for _, name := range c.Function {
		if err := i.function(name); err != nil {
			return err
		}
	}
	return out.Flush()
}

// inspection is one program being looked at. Addresses are before the load
// bias, as everything in the file is.
type inspection struct {
	*bufio.Writer
	style launcher.Style
	img   *elf.Image
	file  io.ReaderAt
	syms  *elf.Symbols
	code  map[uint64][]byte // contents of executable segments, by address
}

func (i *inspection) printf(format string, args ...any) { fmt.Fprintf(i, format, args...) }

func (i *inspection) heading(format string, args ...any) {
	i.printf("%s\n", i.style.Bold(fmt.Sprintf(format, args...)))
}

func (i *inspection) header(name string, size int64) {
	how := "at fixed addresses"
	if i.img.Type == elf.Dyn {
		how = "position-independent"
	}
	i.heading("%s: CloudABI program for %v, %s (%v), %d bytes", name, i.img.Arch, how, i.img.Type, size)
	i.printf("entry    %#x%s\n", i.img.Entry, i.place(i.img.Entry))
	i.printf("memory   %#x to %#x\n", i.img.Low, i.img.High)
	if tls := i.img.TLS; tls != nil {
		i.printf("TLS      %d bytes, %d of them initialised, aligned to %d\n", tls.MemSize, tls.FileSize, max(tls.Align, 1))
	}
	all := i.syms.All()
	functions := 0
	for _, s := range all {
		if s.Func {
			functions++
		}
	}
	if len(all) == 0 {
		i.printf("symbols  none: the program is stripped\n")
	} else {
		i.printf("symbols  %d, %d of them functions\n", len(all), functions)
	}
}

// place names an address, in angle brackets.
func (i *inspection) place(addr uint64) string {
	name, off, ok := i.syms.At(addr)
	switch {
	case !ok:
		return ""
	case off == 0:
		return " <" + printable(name) + ">"
	}
	return fmt.Sprintf(" <%s+%#x>", printable(name), off)
}

// printable keeps a hostile name from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r == 0xfffd {
			return '?'
		}
		return r
	}, s)
}

func protText(p memory.Prot) string {
	b := []byte("---")
	for n, bit := range []memory.Prot{memory.Read, memory.Write, memory.Exec} {
		if p&bit != 0 {
			b[n] = "rwx"[n]
		}
	}
	return string(b)
}

func (i *inspection) segments() {
	i.heading("\nsegments")
	i.printf("  %-10s  %-10s  %-10s  %-10s  %-8s  %s\n", "address", "memory", "offset", "in file", "align", "protection")
	for _, s := range i.img.Segments {
		i.printf("  %#-10x  %#-10x  %#-10x  %#-10x  %#-8x  %s\n", s.Addr, s.MemSize, s.Offset, s.FileSize, s.Align, protText(s.Prot))
	}
}

func (i *inspection) symbols() {
	i.heading("\nsymbols")
	for _, s := range i.syms.All() {
		kind := "     "
		if s.Func {
			kind = "func "
		}
		i.printf("  %016x  %8d  %s %s\n", s.Addr, s.Size, kind, printable(s.Name))
	}
	if len(i.syms.All()) == 0 {
		i.printf("  none: the program is stripped\n")
	}
}

// calls shows the system calls that the program may use, by both ways.
func (i *inspection) calls() {
	i.heading("\ncalls")
	names := i.callNames()
	sites := i.traps()
	if len(names) == 0 && len(sites) == 0 {
		i.printf("  none found\n")
		return
	}
	if len(names) > 0 {
		i.printf("  by name, through the vDSO (%d):\n", len(names))
		i.columns(names)
	}
	if len(sites) > 0 {
		i.printf("  by number, trapping directly (%d places):\n", len(sites))
		for _, s := range sites {
			i.printf("    %016x  %s%s\n", s.addr, s.text(), i.place(s.addr))
		}
	}
}

// columns prints words in lines of a readable width.
func (i *inspection) columns(words []string) {
	const width = 90
	line := "   "
	for _, w := range words {
		if len(line)+1+len(w) > width {
			i.printf("%s\n", line)
			line = "   "
		}
		line += " " + w
	}
	i.printf("%s\n", line)
}

// symbolPrefix is what the names of all calls begin with in the vDSO.
const symbolPrefix = "cloudabi_sys_"

// callNames looks for the names of calls in the data. A program looks them up
// in the vDSO's symbol table, and so has each in a string: the whole symbol, or
// without the prefix that all share.
func (i *inspection) callNames() []string {
	full, bare := map[cloudabi.CallID]bool{}, map[cloudabi.CallID]bool{}
	for _, s := range i.img.Segments {
		data := i.contents(s)
		for len(data) > 0 {
			end := bytes.IndexByte(data, 0)
			if end < 0 {
				break
			}
			// Linkers share the tails of strings, so a symbol may be the end
			// of a longer one.
			word := string(data[max(0, end-64):end])
			if at := strings.LastIndex(word, symbolPrefix); at >= 0 {
				if id, ok := callNamed(word[at:]); ok {
					full[id] = true
				}
			} else if id, ok := callNamed(word); ok {
				bare[id] = true
			}
			data = data[end+1:]
		}
	}
	// One bare name, such as "poll", may be any string.
	if len(bare) > 1 {
		maps.Copy(full, bare)
	}
	var names []string
	for _, id := range slices.Sorted(maps.Keys(full)) {
		names = append(names, cloudabi.Calls[id].Name)
	}
	return names
}

// maxContents bounds what is read of a segment.
const maxContents = 256 << 20

// contents reads what a segment has in the file; the image was checked, so
// less can only be there if the file changes meanwhile.
func (i *inspection) contents(s elf.Segment) []byte {
	b := make([]byte, min(s.FileSize, maxContents))
	n, _ := i.file.ReadAt(b, int64(s.Offset))
	return b[:n]
}
