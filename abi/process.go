package abi

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/elf"
	"github.com/nuage-emu/nuage/memory"
)

// Process is one guest process: an address space, a descriptor table, and the
// threads that share them. All methods are safe for concurrent use.
type Process struct {
	machine *Machine
	family  *family
	id      uint64
	fds     *fdTable
	// program is replaced by proc_exec, with mu held, while the calling thread
	// is the only one: threads of the process read it freely.
	program *program
	engines Engines
	form    memory.Form
	started uint64 // realtime
	stopped func(*Process, cloudabi.Signal)
	trace   func(*TraceEvent)
	queue   waitQueue // woken when the process has ended

	// attention tells the threads at each system call and interrupt to look at
	// the life cycle: it is set while the process is halted, frozen, being
	// replaced or ending.
	attention atomic.Bool
	over      atomic.Bool // same as ending, for those who hold other mutexes
	// shownGeneration is the generation the program has shown itself to be
	// of, when that was left open.
	shownGeneration atomic.Int32

	// running counts the threads that do anything but wait in park. A thread
	// that forks is the freezer: all others wait until it is done (fork.go).
	running atomic.Int32
	freezer atomic.Pointer[Thread]

	mu       sync.Mutex
	threads  map[uint32]*Thread
	ending   bool
	halted   bool       // by a stop signal
	survivor *Thread    // of proc_exec: all others are to leave
	status   ExitStatus // valid when ending
	cpuUsed  uint64     // of threads that are gone
	done     chan struct{}
}

// program is what proc_exec replaces.
type program struct {
	space      *memory.Space
	engine     cpu.Engine
	vdso       addressRange
	generation Generation
	early      bool // from before the final ABI (era.go)
	startForm  elf.Generation
	stackSize  uint64
	loaded     elf.Loaded
	locked     lockedPages
	// file holds the descriptor the program was read from, if proc_exec did:
	// its symbols are read when somebody asks.
	file *openFile
}

// newProgram makes an engine for a space, which it takes over.
func (p *Process) newProgram(arch cpu.Arch, space *memory.Space) (*program, error) {
	engine, err := p.engines(arch, space)
	if err != nil {
		_ = space.Close()
		return nil, err
	}
	return &program{space: space, engine: engine}, nil
}

// close releases the program. No thread runs it any more.
func (g *program) close() {
	_ = g.engine.Close()
	_ = g.space.Close()
	if g.file != nil {
		g.file.release()
	}
}

// addressRange is the addresses from Start up to but not including End.
type addressRange struct{ Start, End uint64 }

func (r addressRange) contains(a uint64) bool { return a >= r.Start && a < r.End }

// ExitStatus is how a process ended.
type ExitStatus struct {
	// Signal is 0 if the program called proc_exit (or its last thread ended),
	// and otherwise the signal it died of.
	Signal cloudabi.Signal
	// Code is the argument of proc_exit; 0 if the process died of a signal.
	Code cloudabi.Exitcode
	// Text says in one line for people why the process died of a signal.
	Text string
	// Fault is set if a thread's own instruction was the cause.
	Fault *FaultReport
}

// FaultReport is what is known of an instruction that ended a process.
type FaultReport struct {
	Thread    cloudabi.Tid
	Stop      cpu.Stop
	Registers string // a dump, several lines
}

// String describes the status in one line.
func (s ExitStatus) String() string {
	switch {
	case s.Signal == 0:
		return fmt.Sprintf("exited with code %d", s.Code)
	case s.Text == "":
		return fmt.Sprintf("died of signal %v", s.Signal)
	}
	return fmt.Sprintf("died of signal %v: %s", s.Signal, s.Text)
}

// ID is a number that no other process of the machine has or had.
func (p *Process) ID() uint64 { return p.id }

// Space is the process's address space, for looking from outside: a debugger,
// a test. It must not be used after the process has ended or has replaced its
// program by proc_exec.
func (p *Process) Space() *memory.Space { return p.current().space }

// Loaded says where the program is in memory.
func (p *Process) Loaded() *elf.Loaded { return &p.current().loaded }

// current is the program, for those who are not threads of the process.
func (p *Process) current() *program {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.program
}

// Machine returns the machine the process runs on.
func (p *Process) Machine() *Machine { return p.machine }

// Done is closed when the process has ended and everything it held is
// released.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the end of the process. The error is ctx's; the process goes
// on if Wait is given up.
func (p *Process) Wait(ctx context.Context) (ExitStatus, error) {
	select {
	case <-p.done:
		return p.status, nil
	default:
	}
	select {
	case <-p.done:
		return p.status, nil
	case <-ctx.Done():
		return ExitStatus{}, ctx.Err()
	}
}

// Exited returns the status of a process that has ended or is about to.
func (p *Process) Exited() (ExitStatus, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status, p.ending
}

// Kill ends the process as if it had died of the signal. A process that is
// ending already keeps its status.
func (p *Process) Kill(sig cloudabi.Signal) {
	p.end(ExitStatus{Signal: sig, Text: "killed from outside"})
}

// KillFor is Kill with a reason for people.
func (p *Process) KillFor(sig cloudabi.Signal, text string) {
	p.end(ExitStatus{Signal: sig, Text: text})
}

// Exit ends the process as if it had called proc_exit.
func (p *Process) Exit(code cloudabi.Exitcode) { p.end(ExitStatus{Code: code}) }

// Stop suspends all threads, as signal stop does.
func (p *Process) Stop() { p.stop() }

// Continue resumes a stopped process.
func (p *Process) Continue() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.halted {
		return
	}
	p.halted = false
	p.setAttention()
	p.wakeAll()
}

// setAttention brings the flag up to date. The caller holds p.mu.
func (p *Process) setAttention() {
	p.attention.Store(p.ending || p.halted || p.survivor != nil || p.freezer.Load() != nil)
}

// Stopped reports whether the process is stopped.
func (p *Process) Stopped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.halted && !p.ending
}

// stop makes every thread pause before its next instruction.
func (p *Process) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ending {
		return
	}
	p.halted = true
	p.setAttention()
	p.wakeAll()
}

// end makes every thread leave. The first status counts.
func (p *Process) end(s ExitStatus) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ending {
		return
	}
	p.ending, p.status = true, s
	p.over.Store(true)
	p.setAttention()
	p.wakeAll()
}

// wakeAll gets every thread out of its engine or its wait. The caller holds
// p.mu.
func (p *Process) wakeAll() {
	for _, t := range p.inOrder() {
		t.cpu.Interrupt()
		t.unpark()
	}
}

// inOrder returns the threads by their ids, so that what is done to all of them
// is done in the same order every time. The caller holds p.mu.
func (p *Process) inOrder() []*Thread {
	list := make([]*Thread, 0, len(p.threads))
	for _, id := range p.threadIDs() {
		list = append(list, p.threads[uint32(id)])
	}
	return list
}

// isEnding reports whether the threads are to leave.
func (p *Process) isEnding() bool { return p.over.Load() }

// addThread makes a thread of the process; it does not run yet.
func (p *Process) addThread(state cpu.State) (*Thread, error) {
	t := &Thread{proc: p, machine: p.machine, wake: make(chan struct{}, 1)}
	t.cpu.State = state
	t.cpu.Env = environment{p.machine.host}
	if err := p.machine.addThread(t); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ending || p.survivor != nil {
		p.machine.removeThread(t)
		return nil, ErrClosed
	}
	p.threads[t.tid] = t
	if p.halted {
		t.cpu.Interrupt()
	}
	return t, nil
}

// dropThread takes out a thread that never ran, while another one runs.
func (p *Process) dropThread(t *Thread) {
	p.machine.removeThread(t)
	p.mu.Lock()
	delete(p.threads, t.tid)
	p.mu.Unlock()
}

// removeThread takes out a thread that will not run any more and, if it was
// the last one, releases the process. A process whose last thread leaves by
// thread_exit has exited with code 0.
func (p *Process) removeThread(t *Thread) {
	p.machine.removeThread(t)
	p.mu.Lock()
	delete(p.threads, t.tid)
	p.cpuUsed += t.busy(p.machine.host.Monotonic())
	last := len(p.threads) == 0
	if p.survivor != nil {
		p.survivor.unpark()
	}
	p.mu.Unlock()
	if last {
		p.end(ExitStatus{})
		p.release()
	}
}

// release gives back everything the process held. No thread is left.
func (p *Process) release() {
	p.family.remove(p)
	p.fds.closeAll()
	p.program.close()
	p.machine.removeProcess(p)
	close(p.done)
	p.queue.wake()
}

// CPUTime is the time its threads have spent running, in nanoseconds. The
// kernel takes a thread to be running whenever it does not wait for something,
// since a host cannot tell the CPU time of a goroutine.
func (p *Process) CPUTime() uint64 {
	now := p.machine.host.Monotonic()
	p.mu.Lock()
	defer p.mu.Unlock()
	total := p.cpuUsed
	for _, t := range p.threads {
		total += t.busy(now)
	}
	return total
}

// Threads returns the ids of the live threads in ascending order.
func (p *Process) Threads() []cloudabi.Tid {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.threadIDs()
}

// threadIDs is Threads for a caller who holds p.mu.
func (p *Process) threadIDs() []cloudabi.Tid {
	ids := make([]cloudabi.Tid, 0, len(p.threads))
	for id := range p.threads {
		ids = append(ids, cloudabi.Tid(id))
	}
	slices.Sort(ids)
	return ids
}

// dieOf ends the process because of an instruction of t.
func (p *Process) dieOf(t *Thread, sig cloudabi.Signal, stop cpu.Stop) {
	var regs strings.Builder
	t.cpu.State.Dump(&regs)
	p.end(ExitStatus{
		Signal: sig,
		Text:   fmt.Sprintf("%v, thread %d", stop, t.tid),
		Fault:  &FaultReport{Thread: cloudabi.Tid(t.tid), Stop: stop, Registers: regs.String()},
	})
}

func sortProcesses(list []*Process) {
	slices.SortFunc(list, func(a, b *Process) int {
		if a.id < b.id {
			return -1
		}
		return 1
	})
}
