package abi

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// MachineOptions are what a [Machine] is made of.
type MachineOptions struct {
	Host   Host // required
	Limits Limits
	// Trace, if set, is told of every system call of every process. It is
	// called on the goroutine of the calling thread, many at once.
	Trace func(*TraceEvent)
	// Deterministic, if set, makes threads run one at a time in virtual time;
	// Host is then asked for nothing but the time that limits by wall clock and
	// network input need.
	Deterministic *Deterministic
}

// Machine is a set of guest processes that share limits, thread ids, and locks
// in shared memory. Machines have nothing in common with one another. All
// methods are safe for concurrent use.
type Machine struct {
	host   Host // what guests see
	outer  Host // the same, or the real one behind virtual time
	limits Limits
	// quantum is what outer says of rests; see Cooperative.
	quantum uint64
	sched   scheduler
	quota   *memory.Quota
	trace   func(*TraceEvent)
	futex   futexes
	net     network

	openFiles atomic.Int64
	shared    atomic.Uint64 // shared memory objects so far
	output    atomic.Uint64 // bytes written to host streams
	several   atomic.Bool   // there has been more than one process

	mu        sync.Mutex
	processes map[*Process]struct{}
	threads   map[uint32]*Thread // all live threads by id
	lastTid   uint32
	lastPid   uint64
	ended     ended
	closed    bool
	idle      chan struct{} // closed when closed and no process is left
}

// Errors of starting a process.
var (
	ErrClosed    = errors.New("abi: the machine is closed")
	ErrProcesses = errors.New("abi: the machine's limit of processes is reached")
	ErrThreads   = errors.New("abi: the machine's limit of threads is reached")
)

// NewMachine makes a machine without processes.
func NewMachine(o MachineOptions) (*Machine, error) {
	if o.Host == nil {
		return nil, errors.New("abi: a machine needs a host")
	}
	m := &Machine{
		host:      o.Host,
		outer:     o.Host,
		limits:    o.Limits.withDefaults(),
		quantum:   quantum(o.Host),
		sched:     parallel{o.Host, quantum(o.Host)},
		trace:     o.Trace,
		processes: make(map[*Process]struct{}),
		threads:   make(map[uint32]*Thread),
		lastTid:   firstTid - 1,
		idle:      make(chan struct{}),
	}
	if o.Deterministic != nil {
		s := newDeterministic(m, o.Host, o.Deterministic)
		m.sched, m.host = s, s
	}
	m.quota = memory.NewQuota(m.limits.Memory)
	m.futex.init()
	return m, nil
}

// Limits returns the limits in force.
func (m *Machine) Limits() Limits { return m.limits }

// Host returns the machine's seam to the outside.
func (m *Machine) Host() Host { return m.host }

// Quota is the account that guest memory is charged to; shared memory objects
// made for the guest from outside belong there too.
func (m *Machine) Quota() *memory.Quota { return m.quota }

// Processes returns the live processes in the order of their ids.
func (m *Machine) Processes() []*Process {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]*Process, 0, len(m.processes))
	for p := range m.processes {
		list = append(list, p)
	}
	sortProcesses(list)
	return list
}

// Close kills all processes and waits until they are gone. No process can be
// started on a closed machine.
func (m *Machine) Close() error {
	m.mu.Lock()
	m.closed = true
	if len(m.processes) == 0 {
		m.signalIdle()
	}
	m.mu.Unlock()
	for _, p := range m.Processes() {
		p.Kill(cloudabi.SIGKILL)
	}
	<-m.idle
	return nil
}

// signalIdle closes idle once. The caller holds m.mu.
func (m *Machine) signalIdle() {
	select {
	case <-m.idle:
	default:
		close(m.idle)
	}
}

// addProcess gives p an identity.
func (m *Machine) addProcess(p *Process) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		return ErrClosed
	case uint64(len(m.processes)) >= m.limits.Processes:
		return ErrProcesses
	}
	m.lastPid++
	p.id = m.lastPid
	if p.id > 1 {
		m.several.Store(true)
	}
	m.processes[p] = struct{}{}
	return nil
}

// crowded reports whether addProcess or addThread would fail at this moment.
func (m *Machine) crowded() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.closed || uint64(len(m.processes)) >= m.limits.Processes || uint64(len(m.threads)) >= m.limits.Threads
}

func (m *Machine) removeProcess(p *Process) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.processes, p)
	if m.closed && len(m.processes) == 0 {
		m.signalIdle()
	}
}

// Thread ids: 30 bits, and 0 and 1 are left out because existing systems give
// them a meaning as owners of locks (abi/semantics.md section 7).
const (
	firstTid = 2
	lastTid  = 1<<30 - 1
)

// addThread gives t an id that no live thread of the machine has. Ids are
// handed out in sequence, so that one is not reused soon.
func (m *Machine) addThread(t *Thread) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if uint64(len(m.threads)) >= min(m.limits.Threads, lastTid-firstTid) {
		return ErrThreads
	}
	for {
		if m.lastTid++; m.lastTid > lastTid {
			m.lastTid = firstTid
		}
		if _, taken := m.threads[m.lastTid]; !taken {
			break
		}
	}
	t.tid = m.lastTid
	m.threads[t.tid] = t
	return nil
}

func (m *Machine) removeThread(t *Thread) {
	m.mu.Lock()
	delete(m.threads, t.tid)
	m.ended.add(t)
	m.mu.Unlock()
}

// reserveOutput takes up to n bytes off what may still be written to the host.
func (m *Machine) reserveOutput(n int) int {
	if m.limits.OutputBytes == NoLimit {
		return n
	}
	for {
		used := m.output.Load()
		grant := min(uint64(n), m.limits.OutputBytes-min(used, m.limits.OutputBytes))
		if m.output.CompareAndSwap(used, used+grant) {
			return int(grant)
		}
	}
}

// returnOutput gives back what was reserved and not written.
func (m *Machine) returnOutput(n int) {
	if n > 0 && m.limits.OutputBytes != NoLimit {
		m.output.Add(-uint64(n))
	}
}

// environment is the machine as instructions see it.
type environment struct{ host Host }

// Cycles implements cpu.Environment.
func (e environment) Cycles() uint64 { return e.host.Cycles() }

// Entropy implements cpu.Environment.
func (e environment) Entropy() uint64 {
	var b [8]byte
	e.host.Random(b[:])
	return le.Uint64(b[:])
}

// limitText says for people which limit ended a process.
func limitText(name string, ns uint64) string {
	return fmt.Sprintf("limit of %s reached: %d.%03d s", name, ns/1e9, ns/1e6%1000)
}

// deadlockText says for people why the processes of a machine were ended.
func deadlockText(threads int) string {
	return fmt.Sprintf("deadlock: all threads of the machine (%d) wait, without a time limit, for one another", threads)
}
