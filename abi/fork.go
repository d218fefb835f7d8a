package abi

import (
	"errors"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/memory"
)

// procFork makes a copy of the process with the calling thread alone in it.
//
// The copy is of one moment: the other threads of the process are brought to a
// safe point first (freeze), where they neither run instructions nor are inside
// a call, except for waiting. So memory and descriptors of the child go
// together, no write of another thread is half in it, and package memory may
// rearrange the parent's mappings to share pages.
func (t *Thread) procFork(a *args) cloudabi.Errno {
	for _, p := range a.store {
		// Found out later, it would leave two processes that both take
		// themselves for the parent.
		if t.accessible(p, 4, writeAccess) < 4 {
			return cloudabi.EFAULT
		}
	}
	if t.proc.fds.full() {
		return cloudabi.EMFILE
	}
	child, n, errno := t.forked()
	if errno != 0 {
		return errno
	}
	f, errno := t.machine.newOpenFile(&processObject{child}, 0)
	if errno == 0 {
		// If another thread has taken the last number meanwhile, the child
		// loses its last descriptor here.
		a.out[0], errno = t.addForked(f)
	}
	if errno != 0 {
		child.unregister(n)
		return errno
	}
	if !n.returnFork(a) {
		// The child's own memory, which nobody but this thread has touched:
		// it was unmapped before the copy was made. The parent will see.
		child.Kill(cloudabi.SIGKILL)
	}
	// A child that was killed by now runs no instruction, but its thread is
	// what cleans up after it.
	n.start()
	a.results = 1 // the parent's second output is undefined and stays what it was
	return cloudabi.ESUCCESS
}

func (t *Thread) addForked(f *openFile) (uint64, cloudabi.Errno) {
	most := f.object.rights()
	fd, errno := t.proc.fds.add(descriptor{f, most.Base, most.Inheriting})
	return uint64(fd), errno
}

// forked returns a copy of the process whose thread does not run yet.
func (t *Thread) forked() (*Process, *Thread, cloudabi.Errno) {
	p := t.proc
	if !p.freeze(t) {
		return nil, nil, cloudabi.EINTR
	}
	defer p.thaw()
	child := p.machine.newProcess(p.engines, p.fds.fork())
	child.form, child.trace, child.stopped = p.form, p.trace, p.stopped
	child.shownGeneration.Store(p.shownGeneration.Load())
	if err := child.adopt(p, t.cpu.State.Arch()); err != nil {
		child.fds.closeAll()
		close(child.done)
		return nil, nil, forkErrno(err)
	}
	n, err := child.register(p.family, t.cpu.State.Clone())
	if err != nil {
		child.abandon()
		return nil, nil, cloudabi.EAGAIN
	}
	return child, n, cloudabi.ESUCCESS
}

// adopt gives the process a copy of its parent's program.
func (p *Process) adopt(parent *Process, arch cpu.Arch) error {
	if p.machine.crowded() {
		return ErrProcesses // before the expensive part
	}
	from := parent.program
	space, err := from.space.Fork()
	if err != nil {
		return err
	}
	program, err := p.newProgram(arch, space)
	if err != nil {
		return err
	}
	program.vdso, program.loaded = from.vdso, from.loaded
	program.early = from.early
	program.generation, program.startForm, program.stackSize = from.generation, from.startForm, from.stackSize
	if program.file = from.file; program.file != nil {
		program.file.refs.Add(1)
	}
	p.program = program
	return nil
}

// register makes the process known, with its one thread.
func (p *Process) register(f *family, state cpu.State) (*Thread, error) {
	if err := p.machine.addProcess(p); err != nil {
		return nil, err
	}
	t, err := p.addThread(state)
	if err != nil {
		p.machine.removeProcess(p)
		return nil, err
	}
	if !f.add(p) {
		p.giveUp()
		p.dropThread(t)
		p.machine.removeProcess(p)
		return nil, ErrClosed
	}
	return t, nil
}

// unregister undoes register for a process whose thread never ran, and releases
// the process.
func (p *Process) unregister(t *Thread) {
	p.giveUp()
	p.machine.removeThread(t)
	p.family.remove(p)
	p.machine.removeProcess(p)
	p.abandon()
}

// giveUp gives a process that never runs a status, for those who have seen it
// being made.
func (p *Process) giveUp() {
	p.KillFor(cloudabi.SIGKILL, "there was no room for it, or it was ended before it began")
}

// forkErrno is what a fork that cannot be made answers with.
func forkErrno(err error) cloudabi.Errno {
	switch {
	case errors.Is(err, ErrClosed), errors.Is(err, ErrProcesses), errors.Is(err, ErrThreads):
		return cloudabi.EAGAIN
	case errors.Is(err, memory.ErrNoMemory):
		return cloudabi.ENOMEM
	}
	return cloudabi.ENOMEM // an engine that cannot be made
}

// returnFork gives the child's thread its results, in the form in which the
// parent has called.
func (t *Thread) returnFork(a *args) bool {
	const inChild = uint64(cloudabi.ProcessChild)
	s := t.cpu.State
	if a.direct {
		s.SetCarry(false)
		s.SetResult(0, inChild)
		s.SetResult(1, uint64(t.tid))
		return true
	}
	s.SetResult(0, uint64(cloudabi.ESUCCESS))
	for i, v := range []uint64{inChild, uint64(t.tid)} {
		var b [4]byte
		le.PutUint32(b[:], uint32(v))
		if t.store(b[:], a.store[i]) != 0 {
			return false
		}
	}
	return true
}

// The safe point of other threads. A thread counts as running from its start
// to its end, except inside park; a thread that wants to run while another one
// freezes the process goes back to waiting. The counter and the pointer are each
// written before the other one is read, so one of both sides always sees the
// other.

// enter is the return of t to running.
func (p *Process) enter(t *Thread) {
	for {
		p.running.Add(1)
		f := p.freezer.Load()
		if f == nil || f == t || t.dying() {
			return
		}
		p.exit()
		// A wake-up that was meant for what the thread waits for is not lost:
		// park may return early, and its caller looks.
		p.machine.sched.park(t, Forever, waitStop)
	}
}

// exit is the end of running, for a time or for good.
func (p *Process) exit() {
	p.running.Add(-1)
	if f := p.freezer.Load(); f != nil {
		f.unpark()
	}
}

// freeze brings all threads but t, which calls it, to a safe point until thaw.
// It reports false, and nothing is frozen, if t is to leave.
func (p *Process) freeze(t *Thread) bool {
	for !p.freezer.CompareAndSwap(nil, t) {
		if !t.park(Forever, waitEvent) {
			return false
		}
	}
	p.mu.Lock()
	p.setAttention()
	for _, o := range p.inOrder() {
		if o != t {
			o.cpu.Interrupt()
		}
	}
	p.mu.Unlock()
	for p.running.Load() > 1 {
		if !t.park(Forever, waitEvent) {
			p.thaw()
			return false
		}
	}
	return true
}

// thaw lets the other threads go on.
func (p *Process) thaw() {
	p.freezer.Store(nil)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.setAttention()
	for _, o := range p.inOrder() {
		o.unpark()
	}
}
