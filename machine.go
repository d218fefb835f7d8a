package nuage

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/pprof"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/abi/host"
	"github.com/nuage-emu/nuage/argdata"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/elf"
	"github.com/nuage-emu/nuage/memory"
)

// Machine is a set of processes that share limits and can share memory. It is
// safe for concurrent use. Close it when it is no longer needed.
type Machine struct {
	abi     *abi.Machine
	options Options
	engines abi.Engines
	watch   watch
}

// NewMachine makes a machine without processes.
func NewMachine(o Options) (*Machine, error) {
	if o.Host == nil {
		o.Host = host.New()
	}
	options := abi.MachineOptions{Host: o.Host, Limits: o.Limits, Trace: o.Trace}
	if o.Deterministic {
		options.Deterministic = &abi.Deterministic{Source: host.Seeded(o.Seed)}
	}
	m, err := abi.NewMachine(options)
	if err != nil {
		return nil, err
	}
	machine := &Machine{abi: m, options: o}
	machine.watch.machine = machine
	machine.engines = func(arch cpu.Arch, space *memory.Space) (cpu.Engine, error) {
		return machine.options.engine(arch, space, &machine.watch)
	}
	return machine, nil
}

// Close kills all processes and waits until they are gone.
func (m *Machine) Close() error { return m.abi.Close() }

// Limits returns the limits in force, defaults filled in.
func (m *Machine) Limits() Limits { return m.abi.Limits() }

// Digest stands for everything that has happened on a deterministic machine:
// runs that were the same have the same digest. It is 0 for other machines.
func (m *Machine) Digest() uint64 { return m.abi.Digest() }

// Processes returns the live processes in the order in which they began.
func (m *Machine) Processes() []*Process {
	var list []*Process
	for _, p := range m.abi.Processes() {
		list = append(list, &Process{p})
	}
	return list
}

// Config is what a process is started with.
type Config struct {
	// Args are the program's arguments. They are made of nil, bool, all
	// integer and float types, string, []byte, time.Time, []any,
	// map[string]any (in the order of its keys), [argdata.Value], and
	// [*Capability] wherever the program expects a descriptor. The same
	// capability in two places is one descriptor.
	Args any

	// Capabilities are for descriptors in Args that are written as
	// argdata.FD(i): they stand for Capabilities[i].
	Capabilities []*Capability

	// StackSize is the initial thread's, in bytes; 0 is the default.
	StackSize uint64

	// Generation and StartForm are for programs of 2015 that cannot be told
	// apart by what they do; the zero values are right for nearly all.
	Generation abi.Generation
	StartForm  elf.Generation

	// Trace, if set, is told of this process's calls instead of the machine's.
	Trace func(*TraceEvent)

	// Stopped, if set, is called when the program has raised a stop signal;
	// it may call Continue or Kill. Without it the process stays stopped.
	Stopped func(*Process, cloudabi.Signal)
}

// Start runs the program as a new process of the machine. When ctx is
// cancelled the process is killed, at once and wherever its threads are. An
// error means that nothing was started; capabilities that take over what they
// were made from (see there) have then closed it.
//
// In CPU profiles of package runtime/pprof the process's goroutines have the
// label "program" with the name of the image's file.
func (m *Machine) Start(ctx context.Context, image *Image, config Config) (*Process, error) {
	c := converter{capabilities: config.Capabilities}
	value, err := c.value(config.Args, 0)
	if err != nil {
		return nil, fmt.Errorf("nuage: arguments: %w", err)
	}
	data, order, err := argdata.Encode(value, func(i uint32) bool { return uint64(i) < uint64(len(c.capabilities)) })
	if err != nil {
		return nil, fmt.Errorf("nuage: arguments: %w", err)
	}
	descriptors := make([]abi.DescriptorSpec, 0, len(order))
	for _, i := range order {
		spec, err := c.capabilities[i].open(m, image)
		if err != nil {
			return nil, errors.Join(err, discard(descriptors))
		}
		descriptors = append(descriptors, spec)
	}
	o := abi.StartOptions{
		Image:       image.elf,
		ArgData:     data,
		Descriptors: descriptors,
		Engine:      m.engines,
		Form:        m.options.Memory,
		Generation:  config.Generation,
		StartForm:   config.StartForm,
		StackSize:   config.StackSize,
		Trace:       config.Trace,
	}
	if config.Stopped != nil {
		o.Stopped = func(p *abi.Process, sig cloudabi.Signal) { config.Stopped(&Process{p}, sig) }
	}
	m.watch.started(image)
	var p *abi.Process
	// Goroutines pass their labels on to those that they start: a profile of
	// this process tells which programs it was busy with.
	pprof.Do(ctx, pprof.Labels("program", filepath.Base(image.name)), func(ctx context.Context) {
		p, err = m.abi.Start(ctx, o)
	})
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", image.name, err)
	}
	return &Process{p}, nil
}

// discard closes descriptors that no process was made for.
func discard(specs []abi.DescriptorSpec) error {
	for _, s := range specs {
		abi.Discard(s.Object)
	}
	return nil
}

// Process is one running or ended program. It is safe for concurrent use.
type Process struct{ abi *abi.Process }

// ID is a number that no other process of the machine has or had.
func (p *Process) ID() uint64 { return p.abi.ID() }

// Wait waits for the end of the process and returns how it ended. When ctx
// ends first, Wait returns its error and the process goes on.
func (p *Process) Wait(ctx context.Context) (ExitStatus, error) { return p.abi.Wait(ctx) }

// Done is closed when the process has ended and has released everything.
func (p *Process) Done() <-chan struct{} { return p.abi.Done() }

// Kill ends the process as by the signal.
func (p *Process) Kill(sig cloudabi.Signal) { p.abi.Kill(sig) }

// Stop suspends the process until Continue.
func (p *Process) Stop() { p.abi.Stop() }

// Continue lets a stopped process go on.
func (p *Process) Continue() { p.abi.Continue() }

// CPUTime is the time in nanoseconds the process's threads have been running.
func (p *Process) CPUTime() uint64 { return p.abi.CPUTime() }

// Inspect gives access to the kernel's view of the process: its memory, its
// threads, where it was loaded.
func (p *Process) Inspect() *abi.Process { return p.abi }
