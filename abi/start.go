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
	Engine func(*memory.Space) cpu.Engine

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
// When ctx is cancelled the process is killed, at once and wherever its threads
// are. An error means that nothing was started; errors about the image are
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
	p := m.newProcess(space, o.Engine, files)
	p.program.generation = o.Generation
	if o.Trace != nil {
		p.trace = o.Trace
	}
	if o.Stopped != nil {
		p.onStop = func(sig cloudabi.Signal) { o.Stopped(p, sig) }
	}
	err = p.launch(ctx, func(t *Thread) (cpu.Start, error) {
		load := elf.LoadOptions{
			Generation: o.StartForm,
			StackSize:  o.StackSize,
			ArgData:    o.ArgData,
			TID:        cloudabi.Tid(t.tid),
			NCPUs:      uint32(m.host.CPUs()),
		}
		m.host.Random(load.Canary[:])
		m.host.Random(load.PID[:])
		loaded, err := elf.Load(o.Image, space, load)
		if err != nil {
			return cpu.Start{}, err
		}
		p.program.loaded = loaded
		p.program.startForm = o.StartForm
		p.program.vdso = addressRange{loaded.VDSO.Addr, loaded.VDSO.Addr + loaded.VDSO.Len}
		return loaded.Start, nil
	})
	if err != nil {
		return nil, err
	}
	return p, nil
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

// newProcess makes a process without threads, which nobody knows yet.
func (m *Machine) newProcess(space *memory.Space, engine func(*memory.Space) cpu.Engine, files *fdTable) *Process {
	p := &Process{
		machine: m,
		fds:     files,
		trace:   m.trace,
		threads: make(map[uint32]*Thread),
		done:    make(chan struct{}),
	}
	p.program.space = space
	p.program.newEngine = engine
	p.program.engine = engine(space)
	return p
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
	stopWatching := context.AfterFunc(ctx, func() {
		p.KillFor(cloudabi.SIGKILL, fmt.Sprintf("cancelled: %v", context.Cause(ctx)))
	})
	p.onEnd(func() { stopWatching() })
	p.limitWallTime()
	p.limitCPUTime()
	t.start()
	return nil
}

// abandon releases a process that never ran.
func (p *Process) abandon() {
	p.over.Store(true)
	p.fds.closeAll()
	_ = p.program.engine.Close()
	_ = p.program.space.Close()
	close(p.done)
}
