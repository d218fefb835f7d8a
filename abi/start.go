package abi

import (
	"context"
	"errors"
	"fmt"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/elf"
	"github.com/nuage-emu/nuage/memory"
)

// StartOptions say what a new process is and what it is given.
type StartOptions struct {
	Image   *elf.Image // required
	ArgData []byte     // the encoded argument data (package argdata)

	// Descriptors become the numbers 0, 1, 2 … Start takes them over, also
	// when it fails.
	Descriptors []DescriptorSpec

	// Engine makes what runs the threads of an address space. Required.
	Engine Engines

	// Form is the way guest memory is kept on the host.
	Form memory.Form

	// Generation is the table of numbers of direct traps; StartForm is how
	// the program expects to be started. The zero values are right for
	// nearly every program.
	Generation Generation
	StartForm  elf.Generation
	StackSize  uint64 // 0: elf.DefaultStackSize

	// Trace, if set, is told of this process's calls instead of the machine's.
	Trace func(*TraceEvent)
	// Stopped, if set, is called when the process has raised one of the stop
	// signals, on the goroutine of the thread; it may call Continue or Kill.
	// Without it the process stays stopped until somebody does.
	Stopped func(*Process, cloudabi.Signal)
}

// Engines makes what runs the threads of an address space in programs of an
// instruction set. It is called for the first program, for every copy that
// proc_fork makes, and for every program that proc_exec starts, which may be of
// another instruction set; an error then answers the call with ENOEXEC.
type Engines func(cpu.Arch, *memory.Space) (cpu.Engine, error)

// DescriptorSpec is a descriptor a process starts with.
type DescriptorSpec struct {
	Object Object
	// Base and Inheriting are cut down to the largest sets of the object's
	// kind. Both zero means those sets.
	Base, Inheriting cloudabi.Rights
	// NoRights gives the descriptor none at all, instead of the largest sets.
	NoRights bool
	Flags    cloudabi.Fdflags
	// ReadOnly and WriteOnly say that the object was opened for only one of
	// the two: the other fails with EBADF, or EACCES when it is mapped.
	ReadOnly, WriteOnly bool
}

// Start loads an image into a new address space and runs it as a new process.
// When ctx is cancelled the process and all that it has forked are killed, at
// once and wherever their threads are. An error means that nothing was started; errors about the image are
// *elf.Error.
func (m *Machine) Start(ctx context.Context, o StartOptions) (*Process, error) {
	files, err := m.openAll(o.Descriptors)
	if err != nil {
		return nil, err
	}
	if o.Image == nil || o.Engine == nil {
		files.closeAll()
		return nil, errors.New("abi: starting a process needs an image and an engine")
	}
	space, err := memory.New(memory.Options{Form: o.Form, Quota: m.quota})
	if err != nil {
		files.closeAll()
		return nil, err
	}
	p := m.newProcess(o.Engine, files)
	if p.program, err = p.newProgram(o.Image.Arch, space); err != nil {
		files.closeAll()
		return nil, err
	}
	p.form = o.Form
	p.program.generation, p.program.startForm, p.program.stackSize = o.Generation, o.StartForm, o.StackSize
	if o.Trace != nil {
		p.trace = o.Trace
	}
	p.stopped = o.Stopped
	err = p.launch(ctx, func(t *Thread) (cpu.Start, error) {
		start, err := p.program.load(t, o.Image, o.ArgData)
		files.show(p.program.early)
		return start, err
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// load puts an image into the program's space, to be begun by thread t, and finds
// out how old the program is, as far as the caller has not set it.
func (g *program) load(t *Thread, image *elf.Image, argdata []byte) (cpu.Start, error) {
	host := t.machine.host
	o := elf.LoadOptions{
		Generation: g.startForm,
		StackSize:  g.stackSize,
		ArgData:    argdata,
		TID:        cloudabi.Tid(t.tid),
		NCPUs:      uint32(host.CPUs()),
	}
	host.Random(o.Canary[:])
	host.Random(o.PID[:])
	early, ok := isEarly(image, g.generation)
	if !ok {
		o.Scan = func(part []byte) { early = early || hasEarlyName(part) }
	}
	loaded, err := elf.Load(image, g.space, o)
	if err != nil {
		return cpu.Start{}, err
	}
	g.loaded, g.early = loaded, early
	g.vdso = addressRange{loaded.VDSO.Addr, loaded.VDSO.Addr + loaded.VDSO.Len}
	return loaded.Start, nil
}

// openAll makes a table of the descriptors a process starts with.
func (m *Machine) openAll(specs []DescriptorSpec) (*fdTable, error) {
	ft := &fdTable{limit: m.limits.Descriptors}
	for i, s := range specs {
		if s.Object == nil {
			closeObjects(specs[i:])
			ft.closeAll()
			return nil, fmt.Errorf("abi: descriptor %d has no object", i)
		}
		f, errno := m.newOpenFile(s.Object, s.Flags)
		if errno == 0 {
			f.readable, f.writable = !s.WriteOnly, !s.ReadOnly
			most := s.Object.rights()
			if s.Base|s.Inheriting == 0 && !s.NoRights {
				s.Base, s.Inheriting = most.Base, most.Inheriting
			}
			_, errno = ft.add(descriptor{f, s.Base & most.Base, s.Inheriting & most.Inheriting})
		}
		if errno != 0 {
			closeObjects(specs[i+1:])
			ft.closeAll()
			return nil, fmt.Errorf("abi: giving the process descriptor %d: %w", i, errno)
		}
	}
	return ft, nil
}

func closeObjects(specs []DescriptorSpec) {
	for _, s := range specs {
		if s.Object != nil {
			s.Object.close()
		}
	}
}

// newProcess makes a process without a program and threads, which nobody knows
// yet.
func (m *Machine) newProcess(engines Engines, files *fdTable) *Process {
	return &Process{
		machine: m,
		fds:     files,
		engines: engines,
		started: m.host.Realtime(),
		trace:   m.trace,
		threads: make(map[uint32]*Thread),
		done:    make(chan struct{}),
	}
}

// launch gives the process an identity and its first thread, has load put the
// program into memory, and lets it run. If it fails the process is gone.
func (p *Process) launch(ctx context.Context, load func(*Thread) (cpu.Start, error)) error {
	if err := p.machine.addProcess(p); err != nil {
		p.abandon()
		return err
	}
	state := p.program.engine.NewState()
	t, err := p.addThread(state)
	if err == nil {
		var start cpu.Start
		if start, err = load(t); err == nil {
			state.Reset(start)
		} else {
			p.machine.removeThread(t)
		}
	}
	if err != nil {
		p.machine.removeProcess(p)
		p.abandon()
		return err
	}
	p.family = p.machine.newFamily(ctx, p)
	t.start()
	return nil
}

// abandon releases a process that never ran.
func (p *Process) abandon() {
	p.over.Store(true)
	p.fds.closeAll()
	p.program.close()
	close(p.done)
}
