package abi

import (
	"slices"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/elf"
)

// A program that prints or counts writes few bytes again and again to the same
// descriptor. When that has gone the short way once (Thread.writeNow), the thread
// plans to do it again: an engine may write to the host's descriptor itself
// (cpu.Write), until something becomes of a descriptor of the process, or of the
// stream. Whoever does that makes all plans void, and has waited for the writes
// that rely on one before he goes on: the host's descriptor may be closed then, and
// its number mean something else.

// ownWrite is the call by which the program writes, if an engine may answer it
// alone: nobody looks at the calls or counts the bytes.
func (t *Thread) ownWrite() *cpu.Write {
	vdso := t.proc.program.vdso
	if t.proc.trace != nil || vdso.Start == vdso.End || t.machine.limits.OutputBytes != NoLimit {
		return nil
	}
	w := &t.write
	w.PC = vdso.Start + elf.VDSO(t.cpu.State.Arch()).Trap(cloudabi.CallFdWrite)
	w.Number = vdsoBase + uint64(cloudabi.CallFdWrite)
	w.Most, w.Refused = PromptMax, uint64(cloudabi.EFAULT)
	return w
}

// plan is called when fd has just taken a short write. The caller has held ft.mu
// since before that. A thread that the table does not know makes no plan: nobody
// would wait for it.
func (t *Thread) plan(ft *fdTable, fd cloudabi.Fd, h *hostStream) {
	w := t.cpu.Write
	if w == nil || !t.planner {
		return
	}
	if host, ok := h.prompt.Descriptor(); ok {
		w.Plan, w.FD, w.Host, w.Current = ft.generation.Load(), uint64(fd), host, &ft.generation
	}
}

// admit makes the thread one of those whose plans are made void.
func (t *Thread) admit(ft *fdTable) {
	t.planner = true
	ft.mu.Lock()
	defer ft.mu.Unlock()
	ft.generation.CompareAndSwap(0, 1) // 0 is no plan
	ft.machine = t.machine
	ft.planners = append(ft.planners, &t.write)
}

// dismiss is the opposite, for a thread that runs no more.
func (t *Thread) dismiss() {
	if !t.planner {
		return
	}
	ft := t.proc.fds
	ft.mu.Lock()
	defer ft.mu.Unlock()
	ft.planners = slices.DeleteFunc(ft.planners, func(w *cpu.Write) bool { return w == &t.write })
}

// patience is how often void looks for the end of a write before it lets time pass,
// and rest how much then, in nanoseconds: a host with much to do leaves threads
// aside wherever they are.
const (
	patience = 100
	rest     = 50_000
)

// void makes all plans void. When it returns no write relies on one. Writes that do
// wait for nothing. The caller holds ft.mu.
func (ft *fdTable) void() {
	if len(ft.planners) == 0 {
		return
	}
	now := ft.generation.Add(1)
	for _, w := range ft.planners {
		for try := 0; w.Busy(now); try++ {
			if try < patience {
				gosched()
			} else {
				ft.machine.sleep(rest)
			}
		}
	}
}

// sleep lets time pass, in nanoseconds.
func (m *Machine) sleep(n uint64) {
	over := make(chan struct{})
	m.host.At(m.host.Monotonic()+n, func() { close(over) })
	<-over
}

// voidPlans makes the plans of all processes void: a stream may be in several.
func (m *Machine) voidPlans() {
	for _, p := range m.Processes() {
		p.fds.mu.Lock()
		p.fds.void()
		p.fds.mu.Unlock()
	}
}
