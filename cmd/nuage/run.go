package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/cmd/internal/launcher"
	"github.com/nuage-emu/nuage/elf"
	"github.com/nuage-emu/nuage/launch"
	"github.com/nuage-emu/nuage/memory"
)

// runCmd runs a program.
type runCmd struct {
	Program string `arg:"" help:"The program's file."`
	Config  string `arg:"" optional:"" placeholder:"CONFIG" help:"What the program is given, in YAML; - is standard input. Without it: an empty map."`

	Set  []string `sep:"none" group:"given" placeholder:"KEY=VALUE" help:"Give the program a value: null, true, 8, 1.5, text, or YAML such as '[1, 2]' or '\"8\"'."`
	FD   []string `sep:"none" name:"fd" group:"given" placeholder:"KEY=stdin|stdout|stderr|N" help:"Give it a descriptor of this process."`
	File []string `sep:"none" group:"given" placeholder:"KEY=PATH[:ro|rw|create]" help:"Give it a file: to read (ro, the default), to read and write (rw), or made or emptied first (create)."`
	Dir  []string `sep:"none" group:"given" placeholder:"KEY=PATH[:ro|rw|overlay]" help:"Give it a directory and all below: to read (ro, the default), to change (rw), or to change in memory only (overlay)."`

	Trace       traceFlag `group:"watch" placeholder:"FILE" help:"Print every system call, on standard error or to the file: --trace or --trace=FILE."`
	TraceFormat string    `group:"watch" enum:"text,json" default:"text" placeholder:"text" help:"How: text for people, or json, one object a line."`
	Registers   bool      `group:"watch" help:"Print the registers too when an instruction ends the program."`

	Stats    bool      `group:"watch" help:"Print counters in the end, on standard error: system calls, what was translated, how often translated code was left and why."`
	PerfMap  bool      `name:"perf-map" group:"watch" help:"Write /tmp/perf-PID.map, from which perf report knows the program's functions in translated code."`
	Lockstep everyFlag `group:"watch" placeholder:"N" help:"Run the program by interpreter and translator side by side, compare them every N instructions or so, and show the first difference: --lockstep or --lockstep=N. Files and directories are not changed."`

	Timeout        time.Duration `group:"limits" placeholder:"DURATION" help:"End the program (signal alrm) after this time, such as 10s."`
	MaxCPUTime     time.Duration `name:"max-cpu-time" group:"limits" placeholder:"DURATION" help:"End it (signal xcpu) after this time of computing, all threads together."`
	MaxMemory      size          `group:"limits" placeholder:"SIZE" help:"Memory it may have, such as 512M (default 1G)."`
	MaxOutput      size          `group:"limits" placeholder:"SIZE" help:"Bytes it may write to streams."`
	MaxThreads     uint64        `group:"limits" placeholder:"N" help:"Threads (default 1024)."`
	MaxProcesses   uint64        `group:"limits" placeholder:"N" help:"Processes (default 64)."`
	MaxDescriptors uint64        `group:"limits" placeholder:"N" help:"Descriptors of each process (default 1024)."`
	MaxOpenFiles   uint64        `group:"limits" placeholder:"N" help:"Open files of all processes (default 4096)."`

	Engine        string   `group:"machine" default:"auto" placeholder:"auto" help:"What runs the instructions: auto is the best there is, interp the interpreter, jit the translator of x86-64 programs (on amd64 hosts; nuage version --verbose says whether here)."`
	Memory        string   `group:"machine" default:"auto" placeholder:"auto" help:"How guest memory is kept: window (fast, protected by the host), paged (works everywhere), or auto."`
	Deterministic seedFlag `group:"machine" placeholder:"SEED" help:"Run the same way each time: threads one at a time, virtual time, random bytes from the seed: --deterministic or --deterministic=SEED."`
	Checked       bool     `group:"machine" help:"Make addresses above the 4 GiB window fault instead of wrapping around. Slower."`
	VerifyCode    bool     `group:"machine" help:"Have a second, independent pass prove that translated code stays inside the program's memory before it runs. Slower to start."`
	Stack         size     `group:"machine" placeholder:"SIZE" help:"Stack of the first thread (default 8M)."`
	Generation    string   `group:"machine" default:"auto" placeholder:"auto" help:"Numbers of the calls in a program that traps directly: auto (right for all since April 2015), 2015-03, 2015-04, 2015-06, 2015-08, G0 to G8, or final; see nuage calls."`
	Start         string   `group:"machine" placeholder:"FORM" help:"How a program is started that was built before 2015-07-16: 2015-startup-data, 2015-argv (2015-auxv and final are later). By default what fits --generation."`
}

// usualRun reads the arguments of a nuage run that has no flags but those most
// runs make do with: what it reads means the same to kong. It reports false for
// anything else, mistakes included. kong works through tags and descriptions of
// all flags before it looks at the command line, and even where there are few of
// them that is a fifteenth of the time that a short program takes.
func usualRun(args []string) (*runCmd, bool) {
	c := &runCmd{TraceFormat: "text", Engine: "auto", Memory: "auto", Generation: "auto"}
	var engine, operands []string
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if arg == "-" || arg != "" && arg[0] != '-' {
			operands = append(operands, arg)
			continue
		}
		name, value, attached := strings.Cut(arg, "=")
		if !attached && len(args) > 0 {
			value, args = args[0], args[1:]
		}
		if value == "" || value[0] == '-' {
			return nil, false
		}
		switch name {
		case "--set":
			c.Set = append(c.Set, value)
		case "--fd":
			c.FD = append(c.FD, value)
		case "--file":
			c.File = append(c.File, value)
		case "--dir":
			c.Dir = append(c.Dir, value)
		case "--engine":
			engine = append(engine, value)
		default:
			return nil, false
		}
	}
	if len(engine) > 1 || len(operands) < 1 || len(operands) > 2 {
		return nil, false
	}
	if c.Program = operands[0]; len(operands) > 1 {
		c.Config = operands[1]
	}
	if len(engine) > 0 {
		c.Engine = engine[0]
	}
	return c, true
}

// Help is shown by nuage run --help.
func (*runCmd) Help() string {
	return `The program can reach what it is given, and nothing else. A configuration says
what that is; the options --set, --fd, --file and --dir add to it, or do without.

Examples:
  nuage run prog
  nuage run prog config.yaml
  nuage run --set count=3 --fd out=stdout --file in=README.md prog
  nuage run --dir data=/srv/data --dir scratch=/tmp/x:rw prog config.yaml
  generate-config | nuage run prog -
  nuage run --stats prog config.yaml
  perf record nuage run --perf-map prog config.yaml
  nuage run --lockstep prog config.yaml
  nuage run --trace=calls.txt --timeout=10s --max-memory=256M prog config.yaml

A configuration:
  out: !fd stdout
  nthreads: 8
  input: !file {path: README.md}
  log: !file {path: log.txt, mode: create}
  tmpdir: !memory {}
  source: !overlay {path: src}
  server: !socket {bind: "127.0.0.1:8080"}

With --lockstep the program runs twice side by side and deterministically, by the
interpreter and the translator. Both read the same input and there is one output;
changes to files and directories stay in memory and are gone in the end; sockets
are refused. The first difference ends it; the program is then run again to find
the instruction, with the input that was kept. Without N comparisons begin close
together. An N below a hundred or so leaves much code to the interpreter on both
sides.

The exit status is the program's. When it died of a signal, it is 128 and the
signal's usual number (SIGSEGV: 139), and a line on standard error says why.
It is 127 when nuage itself failed, and 126 when --lockstep has found a
difference; a report on standard error says where.`
}

func (c *runCmd) Run(t *tool) (err error) {
	o := launcher.Options{Command: "nuage", Program: c.Program, Requests: t.requests, Stderr: t.stderr, StackSize: uint64(c.Stack),
		Registers: c.Registers, Stats: c.Stats, PerfMap: c.PerfMap}
	if err := c.machine(&o); err != nil {
		return err
	}
	if o.Config, err = c.config(t.stdin); err != nil {
		return err
	}
	if c.Trace.on {
		trace, err := launcher.NewTrace(c.Trace.file, c.TraceFormat, t.stderr)
		if err != nil {
			return err
		}
		defer func() {
			if e := trace.Close(); e != nil {
				fmt.Fprintf(t.stderr, "nuage: %v\n", e)
			}
		}()
		o.Machine.Trace = trace.Event
	}
	run := launcher.Run
	if c.Lockstep.on {
		run = func(o launcher.Options) (int, error) { return launcher.Lockstep(o, c.Lockstep.every) }
	}
	status, err := run(o)
	if err != nil {
		return err
	}
	return exitStatus(status)
}

// machine reads the flags that say what the program runs on.
func (c *runCmd) machine(o *launcher.Options) (err error) {
	if o.Machine.Engine, err = launcher.Engine(c.Engine); err != nil {
		return err
	}
	if o.Machine.Memory, err = memory.ParseForm(c.Memory); err != nil {
		return err
	}
	if o.Generation, o.StartForm, err = generation(c.Generation, c.Start); err != nil {
		return err
	}
	if c.Timeout < 0 || c.MaxCPUTime < 0 {
		return fmt.Errorf("a time limit cannot be negative")
	}
	if c.Lockstep.on {
		switch {
		case c.Engine != "auto":
			return fmt.Errorf("--lockstep runs both engines: leave out --engine")
		case c.Memory != "auto":
			return fmt.Errorf("--lockstep uses both forms of memory: leave out --memory")
		case c.Checked:
			return fmt.Errorf("--lockstep and --checked exclude each other: the translator ignores the upper halves of addresses")
		}
	}
	o.Machine.Checked, o.Machine.VerifyCode = c.Checked, c.VerifyCode
	o.Machine.Deterministic, o.Machine.Seed = c.Deterministic.on, c.Deterministic.seed
	o.Machine.Limits = nuage.Limits{
		Memory: uint64(c.MaxMemory), Threads: c.MaxThreads, Processes: c.MaxProcesses,
		Descriptors: c.MaxDescriptors, OpenFiles: c.MaxOpenFiles, OutputBytes: uint64(c.MaxOutput),
		CPUTime: uint64(c.MaxCPUTime), WallTime: uint64(c.Timeout),
	}
	return nil
}

// generation reads the names of the two things that depend on a program's age.
// The form of start follows from the numbers unless it is named.
func generation(name, start string) (abi.Generation, elf.Generation, error) {
	if g, known := months[name]; known {
		name = g.String()
	}
	for g := abi.Auto; g <= abi.April2015; g++ {
		if g.String() != name {
			continue
		}
		if start != "" {
			form, err := elf.ParseGeneration(start)
			return g, form, err
		}
		switch g {
		case abi.G0, abi.G1:
			return g, elf.Argv2015, nil
		case abi.G2, abi.April2015:
			return g, elf.StartupData2015, nil
		}
		return g, elf.Final, nil
	}
	return 0, 0, fmt.Errorf("there is no generation %q; there are auto, G0 to G8, final, and by month 2015-03, 2015-04, 2015-06 and 2015-08", name)
}

// months are the generations by the time in which programs of each kind of
// start were built.
var months = map[string]abi.Generation{"2015-03": abi.G0, "2015-04": abi.April2015, "2015-06": abi.G2, "2015-08": abi.G3}

// config reads the configuration and adds what the flags give.
func (c *runCmd) config(stdin io.Reader) (*launch.Config, error) {
	config, err := c.file(stdin)
	if err != nil {
		return nil, err
	}
	for _, flag := range []struct {
		name   string
		values []string
		set    func(option, text string) error
	}{
		{"--set", c.Set, config.Set}, {"--fd", c.FD, config.SetFD},
		{"--file", c.File, config.SetFile}, {"--dir", c.Dir, config.SetDir},
	} {
		for _, v := range flag.values {
			if err := flag.set(flag.name, v); err != nil {
				return nil, err
			}
		}
	}
	return config, nil
}

func (c *runCmd) file(stdin io.Reader) (*launch.Config, error) {
	switch c.Config {
	case "":
		return launch.Empty(), nil
	case "-":
		return launch.Parse(stdin, "<stdin>")
	}
	f, err := os.Open(c.Config)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return launch.Parse(f, c.Config)
}
