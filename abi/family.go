package abi

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// family is a process that was started from outside and all its descendants.
// What whoever started it has asked for holds for them together: a program can
// neither outlive its context nor stretch its limits by handing its work on to
// a child. It ends with its last member.
//
// Its mutex comes before Process.mu.
type family struct {
	machine *Machine

	mu       sync.Mutex
	members  map[*Process]struct{}
	cpuUsed  uint64 // of members that are gone
	verdict  *ExitStatus
	unwatch  func() bool // of the context
	wallTime func()      // cancels the timer
	cpuTime  func()
}

// newFamily makes the family of p, which is known to the machine and has a
// thread that does not run yet.
func (m *Machine) newFamily(ctx context.Context, p *Process) *family {
	f := &family{machine: m, members: map[*Process]struct{}{p: {}}}
	f.mu.Lock()
	f.unwatch = context.AfterFunc(ctx, func() {
		f.kill(cloudabi.SIGKILL, fmt.Sprintf("cancelled: %v", context.Cause(ctx)))
	})
	if limit := m.limits.WallTime; limit != NoLimit {
		now := m.outer.Monotonic()
		f.wallTime = m.outer.At(now+min(limit, Forever-1-now), func() {
			f.kill(cloudabi.SIGALRM, limitText("run time", limit))
		})
	}
	f.mu.Unlock()
	f.limitCPUTime()
	return f
}

// add takes in a child. It fails if the family is being killed.
func (f *family) add(p *Process) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.verdict != nil {
		return false
	}
	p.family = f
	f.members[p] = struct{}{}
	return true
}

// remove takes out a process without threads.
func (f *family) remove(p *Process) {
	used := p.CPUTime()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.members, p)
	f.cpuUsed += used
	if len(f.members) > 0 {
		return
	}
	f.unwatch()
	for _, cancel := range []func(){f.wallTime, f.cpuTime} {
		if cancel != nil {
			cancel()
		}
	}
	f.cpuTime = nil
}

// kill ends all members, those that come later included.
func (f *family) kill(sig cloudabi.Signal, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.killLocked(sig, text)
}

func (f *family) killLocked(sig cloudabi.Signal, text string) {
	if f.verdict == nil {
		f.verdict = &ExitStatus{Signal: sig, Text: text}
	}
	list := slices.Collect(maps.Keys(f.members))
	sortProcesses(list)
	for _, p := range list {
		p.end(*f.verdict)
	}
}

// limitCPUTime arms the limit of Limits.CPUTime: the next look at the time
// used is when all threads together can have used up what is left, but at the
// latest after a tenth of a second, for threads that start meanwhile.
func (f *family) limitCPUTime() {
	limit := f.machine.limits.CPUTime
	if limit == NoLimit {
		return
	}
	const least, most = 1e6, 1e8
	f.mu.Lock()
	defer f.mu.Unlock()
	used, threads := f.cpuUsed, 0
	for p := range f.members {
		used += p.CPUTime()
		threads += len(p.Threads())
	}
	if len(f.members) == 0 || f.verdict != nil {
		return
	}
	if used >= limit {
		f.killLocked(cloudabi.SIGXCPU, limitText("CPU time", limit))
		return
	}
	wait := (limit - used) / uint64(max(threads, 1))
	at := f.machine.host.Monotonic() + min(max(wait, least), most)
	f.cpuTime = f.machine.host.At(at, f.limitCPUTime)
}
