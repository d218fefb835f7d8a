// Package nuage runs CloudABI programs: a whole machine in pure Go around a
// program that can do nothing but compute and use what it was given.
//
// [LoadFile] reads and checks a program, [Run] runs it once:
//
//	image, err := nuage.LoadFile("prog")
//	status, err := nuage.Run(ctx, image, nuage.Config{
//		Args: map[string]any{"out": nuage.Writer(os.Stdout), "count": 3},
//	})
//
// A service that runs many programs makes a [Machine] with [Limits] for those
// that belong together, and starts processes on it. Machines share nothing;
// thousands may live side by side. A process ends when its context is
// cancelled, whatever the program is doing.
//
// What a program may reach is what its arguments name: a [Capability] stands in
// them wherever the program expects a descriptor. There is nothing else: no
// paths, no environment, no network, no host memory. The promise is in
// SECURITY.md.
//
// This package is a thin layer: processors are in cpu, guest memory in memory,
// system calls in abi, file systems in vfs. The command line (cmd/nuage) is
// built on this package alone.
package nuage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/arm64"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/elf"
	"github.com/nuage-emu/nuage/jit"
	"github.com/nuage-emu/nuage/memory"
)

// Image is a program that passed all checks. It may be started any number of
// times, at the same time too.
type Image struct {
	elf  *elf.Image
	file *os.File // what LoadFile opened, nil otherwise
	read io.ReaderAt
	size int64
	name string
}

// Load checks the program in the first size bytes of r. It reads the headers
// only; r is read again whenever the program is started, and must not change
// until then. An error says what is wrong with the program and what to do.
func Load(r io.ReaderAt, size int64) (*Image, error) {
	img, err := elf.Parse(r, size)
	if err != nil {
		return nil, err
	}
	return &Image{elf: img, read: r, size: size, name: "program"}, nil
}

// LoadBytes is [Load] for a program in memory, for example an embedded one.
func LoadBytes(b []byte) (*Image, error) { return Load(bytes.NewReader(b), int64(len(b))) }

// LoadFile is [Load] for a file of the host, which stays open until Close.
func LoadFile(path string) (*Image, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	var img *Image
	if err == nil {
		img, err = Load(f, info.Size())
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	img.file, img.name = f, path
	return img, nil
}

// Close closes the file that [LoadFile] opened. No process may be started from
// the image afterwards; running ones go on.
func (i *Image) Close() error {
	if i.file == nil {
		return nil
	}
	return i.file.Close()
}

// Arch is the instruction set the program was built for.
func (i *Image) Arch() cpu.Arch { return i.elf.Arch }

// ELF is the parsed image, for looking inside.
func (i *Image) ELF() *elf.Image { return i.elf }

// Engine is a way of running instructions.
type Engine uint8

// The engines.
const (
	// AutoEngine is the best engine for the program on this host: JIT where
	// that is to be had, else Interpreter. With Options.Checked it is the
	// Interpreter, and with Options.Deterministic also on processors that are
	// not Intel's, which leave other flags where the manual leaves them
	// undefined.
	AutoEngine Engine = iota
	// Interpreter runs on every host and is what others are measured against.
	Interpreter
	// JIT translates x86-64 programs to code for amd64 hosts with Linux,
	// Windows, FreeBSD or macOS, with memory in the window form; elsewhere no
	// process starts (jit.ErrUnavailable).
	JIT
)

// String returns auto, interp or jit.
func (e Engine) String() string {
	switch e {
	case AutoEngine:
		return "auto"
	case Interpreter:
		return "interp"
	case JIT:
		return "jit"
	}
	return fmt.Sprintf("Engine(%d)", uint8(e))
}

// The types of package abi that are part of this package's own.
type (
	// Limits bounds what the programs of a machine may use.
	Limits = abi.Limits
	// ExitStatus is how a process ended.
	ExitStatus = abi.ExitStatus
	// TraceEvent is one system call, as the trace hooks see it.
	TraceEvent = abi.TraceEvent
)

// NoLimit as a field of [Limits] means that there is no limit.
const NoLimit = abi.NoLimit

// Options are what a [Machine] is made with. The zero value is a good one.
type Options struct {
	Limits Limits
	Engine Engine
	// Checked makes an access whose address has bits above the 4 GiB window
	// fault, instead of ignoring those bits. Slower, for debugging.
	Checked bool
	// Memory is the way guest memory is kept on the host.
	Memory memory.Form
	// VerifyCode has a second, independent pass prove that what engine jit
	// translates stays inside the program's memory before it is run. Code that
	// does not pass ends the program with signal ill and a reason that begins
	// with "internal error". The interpreter makes no code to check.
	VerifyCode bool
	// Trace, if set, is called for every system call, on the goroutine of the
	// calling guest thread, many at once.
	Trace func(*TraceEvent)
	// Host is where time, timers and randomness come from; nil is the real
	// host.
	Host abi.Host
	// Deterministic makes a machine on which the same programs with the same
	// input and Seed do exactly the same every time, on every host: threads of
	// all processes run one at a time in virtual time, in which a second is a
	// billion instructions, or passes at once when all threads wait; the
	// realtime clock starts at [abi.VirtualEpoch]; random bytes, and how long
	// threads run before others do, come from Seed; numbers and times of host
	// files do not show. Input from files, pipes and readers is waited for
	// while time stands still. The order in which several network connections
	// deliver is part of the input. Processes that wait for one another for
	// ever are ended with signal kill. See [abi.Deterministic].
	Deterministic bool
	Seed          uint64
	// PerfMap, if set, gets a line for all code that engine jit makes: its
	// address and length in hexadecimal, and the place in the program that it
	// was made of, as far as that has a name. It is what perf reads as
	// /tmp/perf-PID.map; see [CreatePerfMap].
	PerfMap io.Writer
}

// engine makes what runs programs of the instruction set in an address space.
// What is translated is told to watch, unless that is nil.
func (o *Options) engine(arch cpu.Arch, space *memory.Space, watch *watch) (cpu.Engine, error) {
	if o.Engine > JIT {
		return nil, fmt.Errorf("there is no engine %v", o.Engine)
	}
	var reference cpu.Engine
	switch arch {
	case cpu.X86_64:
		reference = x86.NewInterpreter(space, x86.Options{Checked: o.Checked})
	case cpu.AArch64:
		reference = arm64.NewInterpreter(space, arm64.Options{Checked: o.Checked})
	default:
		return nil, fmt.Errorf("there is no engine for %v", arch)
	}
	switch {
	case o.Engine == Interpreter:
		return reference, nil
	case o.Engine == AutoEngine && (o.Checked || o.Deterministic && !jit.SameFlags()):
		return reference, nil
	case o.Checked:
		return nil, errors.New("engine jit does not check the upper halves of addresses: use engine interp")
	}
	e, err := watch.translator(space, reference, jit.Options{Metered: o.Deterministic, Verify: o.VerifyCode})
	if o.Engine == AutoEngine && errors.Is(err, jit.ErrUnavailable) {
		return reference, nil
	}
	return e, err
}

// Run runs the program once on a machine of its own with default options, and
// returns how it ended. When ctx is cancelled the program is killed; its
// status then says signal kill.
func Run(ctx context.Context, image *Image, config Config) (ExitStatus, error) {
	m, err := NewMachine(Options{})
	if err != nil {
		return ExitStatus{}, err
	}
	defer m.Close()
	p, err := m.Start(ctx, image, config)
	if err != nil {
		return ExitStatus{}, err
	}
	return p.Wait(context.WithoutCancel(ctx))
}
