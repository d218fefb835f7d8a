package abi

import "github.com/nuage-emu/nuage/abi/cloudabi"

// Counts are what the threads of a machine have done that have ended.
type Counts struct {
	Processes uint64 // begun
	Threads   uint64 // ended
	// Retired is how many instructions they have retired, as far as the engine
	// counts them: all for the interpreter, and for translated code that is
	// deterministic; otherwise those that were left to the interpreter.
	Retired uint64
	Calls   map[string]uint64 // system calls by name, refused ones too
}

// maxCalls is above the number of calls there are.
const maxCalls = 64

// ended is what is kept of threads that have ended. Machine.mu guards it.
type ended struct {
	threads, retired uint64
	made             [maxCalls]uint64
}

// add counts a thread that runs no more.
func (e *ended) add(t *Thread) {
	e.threads++
	e.retired += t.cpu.Retired
	for i, n := range t.made {
		e.made[i] += n
	}
	e.made[cloudabi.CallFdWrite] += t.write.Made
}

// Counts returns what has been counted so far.
func (m *Machine) Counts() Counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := Counts{Processes: m.lastPid, Threads: m.ended.threads, Retired: m.ended.retired, Calls: map[string]uint64{}}
	for i := range cloudabi.Calls {
		if n := m.ended.made[i]; n > 0 {
			c.Calls[cloudabi.Calls[i].Name] = n
		}
	}
	return c
}
