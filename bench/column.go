package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/nuage-emu/nuage"
)

// column is a way of running the programs.
type column struct {
	name  string
	about string
	// command is how it runs a program.
	command func(s *session, name string, n uint64) []string
	// tool is what must be installed, and target what natives must be built
	// for: host or aarch64; both may be empty.
	tool, target string
	// engine is of x86-64 programs in Nuage.
	engine string
}

// leftOut is a column that cannot be measured here.
type leftOut struct {
	Column string `json:"column"`
	Reason string `json:"reason"`
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

var native = column{name: "native", about: "the program itself, built for the host", target: "host",
	command: func(s *session, name string, n uint64) []string {
		return []string{s.nativePath("host", name), number(n)}
	}}

// peer is a column that runs a static Linux program.
func peer(name, about, target, tool string, flags ...string) column {
	return column{name: name, about: about, tool: tool, target: target,
		command: func(s *session, name string, n uint64) []string {
			return append(append([]string{s.tools[tool]}, flags...), s.nativePath(target, name), number(n))
		}}
}

// guest is a column that runs the CloudABI programs with an engine of Nuage.
func guest(name, engine, set string, flags ...string) column {
	about := strings.Join(append([]string{"nuage run --engine", engine}, flags...), " ")
	c := column{name: name, about: fmt.Sprintf("%s, the program built for CloudABI on %s", about, set),
		command: func(s *session, name string, n uint64) []string {
			argv := []string{filepath.Join(s.work, "nuage"), "run", "--engine=" + engine, "--fd=out=stdout", "--set=n=" + number(n)}
			argv = append(argv, flags...)
			if name == "write" {
				argv = append(argv, "--file=sink=/dev/null:rw")
			}
			return append(argv, filepath.Join(s.root, "bench", "bin", set, name))
		}}
	if set == "x86_64" && len(flags) == 0 {
		c.engine = engine
	}
	return c
}

// engines are the engines that this build names, but for auto, which is one of
// the others.
func engines() []string {
	var names []string
	for e := nuage.AutoEngine + 1; !strings.HasPrefix(e.String(), "Engine("); e++ {
		names = append(names, e.String())
	}
	return names
}

// engineNamed is the engine of that name, and auto if there is none.
func engineNamed(name string) nuage.Engine {
	return nuage.AutoEngine + nuage.Engine(1+slices.Index(engines(), name))
}

// allColumns are the columns there could be, but for the native one.
func allColumns() []column {
	var list []column
	for _, e := range engines() {
		list = append(list, guest(e, e, "x86_64"), guest(e+"-a64", e, "aarch64"))
	}
	list = append(list, guest("jit-det", nuage.JIT.String(), "x86_64", "--deterministic"))
	return append(list,
		peer("qemu-x86_64", "qemu-user on the native program", "host", "qemu-x86_64"),
		peer("qemu-aarch64", "qemu-user on the program built for Linux on aarch64", "aarch64", "qemu-aarch64"),
		peer("valgrind", "valgrind without a tool, on the native program", "host", "valgrind", "--tool=none", "-q"),
		peer("blink", "blink on the native program", "host", "blink"))
}

// findColumns fills in the columns that work here, and the reasons why the
// others do not. Those asked for by name have to.
func (s *session) findColumns(ctx context.Context, names []string) error {
	all := allColumns()
	for _, name := range names {
		if name != native.name && !slices.ContainsFunc(all, func(c column) bool { return c.name == name }) {
			return fmt.Errorf("there is no column %q; --list names them", name)
		}
	}
	s.columns = []*column{&native}
	for _, c := range all {
		if len(names) > 0 && !slices.Contains(names, c.name) {
			continue
		}
		switch reason, err := s.probe(ctx, &c); {
		case err != nil:
			return err
		case reason == "":
			s.columns = append(s.columns, &c)
		case len(names) > 0:
			return fmt.Errorf("column %s cannot be measured here: %s", c.name, reason)
		default:
			s.leftOut = append(s.leftOut, leftOut{c.name, reason})
		}
	}
	return nil
}

// probe says why a column cannot be measured; nothing if it can.
func (s *session) probe(ctx context.Context, c *column) (reason string, err error) {
	if c.tool != "" {
		path, err := exec.LookPath(c.tool)
		if err != nil {
			return c.tool + " is not installed", nil
		}
		s.tools[c.tool] = path
	}
	if c.target == "aarch64" {
		if err := s.buildNative(ctx, c.target, helloProgram); err != nil {
			return compiler + " cannot build static programs for Linux on aarch64 here (Debian: apt install libc6-dev-arm64-cross gcc-aarch64-linux-gnu lld-14)", ctx.Err()
		}
		if err := s.buildAll(ctx, c.target); err != nil {
			return "", err
		}
	}
	if r, err := s.start(ctx, c.command(s, helloProgram, 0)); err != nil {
		return lastLine(err.Error()), ctx.Err()
	} else if want, err := s.run(ctx, &native, helloProgram, 0); err != nil || r.Checksum != want.Checksum {
		return fmt.Sprintf("%s with n = 0 gives %s, natively %s", helloProgram, r.Checksum, want.Checksum), err
	}
	return "", nil
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// list prints what there is to choose from.
func (s *session) list(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "programs\tgroup\tn for a second")
	for _, p := range s.programs {
		fmt.Fprintf(t, "  %s\t%s\t%d\n", p.name, p.group, p.full)
	}
	fmt.Fprintln(t, "columns")
	for _, c := range s.columns {
		fmt.Fprintf(t, "  %s\t%s\n", c.name, c.about)
	}
	if len(s.leftOut) > 0 {
		fmt.Fprintln(t, "left out")
	}
	for _, l := range s.leftOut {
		fmt.Fprintf(t, "  %s\t%s\n", l.Column, l.Reason)
	}
	return t.Flush()
}
