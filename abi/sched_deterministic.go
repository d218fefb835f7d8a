package abi

import (
	"slices"
	"sync"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// Deterministic mode. The guest threads of all processes of a machine run one
// at a time. A turn ends when the thread waits, yields, or has retired as many
// instructions as it was granted, which are few more than lead up to the next
// deadline; then the thread that has been ready longest has its turn. Time is
// virtual: a nanosecond for each retired instruction, and
// a jump to the next deadline when all threads wait. So the same programs, input
// and seed give the same instruction streams on every host, with every engine.
//
// What comes from outside cannot be determined, only kept from mattering when
// it comes:
//   - A stream that is not a network connection is waited for in place: no
//     other thread runs, and no time passes, until the host has answered.
//     This holds for non-blocking descriptors and in poll too: they find what
//     the host has answered, however long that took. What is written is waited
//     for in place as well, whatever it is written to.
//   - Connections and listening sockets are waited for by giving up the turn,
//     since others may have to serve what comes meanwhile. What has arrived is
//     looked at when all threads wait, and every inputPatience of virtual time.
//     If a deadline is near then, virtual time keeps pace with the host's.
//     A program with one connection is deterministic nevertheless; with several
//     the order in which the network delivers is part of the input.
//
// A machine whose threads all wait, without a deadline, for nothing that could
// come from outside is deadlocked: its processes are ended with signal kill.

// Deterministic asks for a deterministic machine.
type Deterministic struct {
	// Source is what random bytes, and the lengths of turns, are made of. It is
	// used by one goroutine at a time.
	Source Source
}

// Source is a generator that gives the same numbers in every run with the same
// seed; [math/rand/v2.ChaCha8] is one.
type Source interface {
	Uint64() uint64
	Read(p []byte) (int, error)
}

// Constants of deterministic mode, in nanoseconds or retired instructions.
const (
	// VirtualEpoch is the realtime clock's reading when a deterministic machine
	// is made: 2018-01-01 00:00 UTC.
	VirtualEpoch = 1_514_764_800_000_000_000

	virtualStart  = 1_000_000_000 // the monotonic clock's first reading
	virtualCPUs   = 2
	inputPatience = 10_000_000
	idleYield     = 1_000 // what a yield costs when no other thread is ready
)

// Lengths of turns, in retired instructions. The end of one costs some ten
// microseconds, so turns of a thread that is alone are long. Where others are
// ready they are short, so that threads meet in many ways, but each that a thread
// has used up makes the next one longer; now and then there is a short one.
const (
	shortestTurn = 8_192 // and up to twice as long, as all of them
	maxLevel     = 8     // how often it can double
	shortTurnIn  = 8     // one turn in so many is short
	longestTurn  = shortestTurn << (maxLevel + 1)
)

// turnLength is the length of a turn at a level, by a random number.
func turnLength(level uint8, r uint64) uint64 {
	n := uint64(shortestTurn) << level
	return n + r%n
}

// turn is what the scheduler knows of a thread. It is guarded by its mutex.
type turn struct {
	state    turnState
	woken    bool // an unpark came that nobody has consumed
	why      wait
	deadline uint64
	end      uint64 // of the turn, in instructions retired by the thread
	crowded  bool   // the turn's end takes into account that others are ready
	level    uint8  // of the thread's turns while others are
	counted  uint64 // instructions retired that the clock knows of
}

type turnState uint8

const (
	turnRunning turnState = iota
	turnReady
	turnWaiting
)

// deterministic is the scheduler of deterministic mode, and the host that
// threads see in it.
type deterministic struct {
	outside Host
	machine *Machine

	mu      sync.Mutex
	changed sync.Cond // something came from another goroutine than the running thread's
	source  Source
	now     uint64
	cycles  uint64
	looked  uint64 // when input was last looked at
	threads int
	current *Thread
	idle    bool      // a goroutine is looking for the next thread
	ready   []*Thread // first come, first served
	waiting []*Thread // in the order in which they began
	soonest uint64    // no deadline of those is before
	timers  []*virtualTimer
	digest  uint64
}

type virtualTimer struct {
	at uint64
	f  func()
}

func newDeterministic(m *Machine, outside Host, d *Deterministic) *deterministic {
	s := &deterministic{
		outside: outside, machine: m, source: d.Source, now: virtualStart, looked: virtualStart,
		soonest: Forever, digest: fnvOffset,
	}
	s.changed.L = &s.mu
	return s
}

func (s *deterministic) start(t *Thread, body func()) {
	s.mu.Lock()
	t.turn = turn{state: turnReady}
	s.threads++
	s.ready = append(s.ready, t)
	if s.current == nil && !s.idle {
		s.grant(s.pop())
	} else {
		s.changed.Broadcast()
	}
	s.mu.Unlock()
	go func() {
		<-t.wake
		body()
		s.finish(t)
	}()
}

// finish passes the turn on for a thread that runs no more.
func (s *deterministic) finish(t *Thread) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fold(t)
	s.threads--
	s.current = nil
	s.changed.Broadcast() // for Digest
	if n := s.next(); n != nil {
		s.grant(n)
	}
}

func (s *deterministic) park(t *Thread, deadline uint64, why wait) {
	s.mu.Lock()
	if why == waitHost {
		for !t.turn.woken {
			s.changed.Wait()
		}
	}
	if t.turn.woken {
		t.turn.woken = false
		s.mu.Unlock()
		return
	}
	t.turn.state, t.turn.why, t.turn.deadline = turnWaiting, why, deadline
	s.waiting = append(s.waiting, t)
	s.soonest = min(s.soonest, deadline)
	s.pass(t)
}

func (s *deterministic) unpark(t *Thread) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.turn.state == turnWaiting && t.turn.why != waitInput {
		s.resume(t)
	} else {
		// Input is looked at when it is its time.
		t.turn.woken = true
	}
	s.changed.Broadcast()
}

func (s *deterministic) yield(t *Thread) {
	s.mu.Lock()
	if len(s.ready) == 0 && t.cpu.Retired < t.turn.end {
		// It asked for others to run. All of them wait; let their time come.
		s.now += min(idleYield, s.soonest-min(s.soonest, s.now))
	}
	if t.turn.crowded && t.cpu.Retired >= t.turn.end {
		t.turn.level = min(t.turn.level+1, maxLevel)
	}
	t.turn.state = turnReady
	s.ready = append(s.ready, t)
	s.pass(t)
}

func (s *deterministic) budget(t *Thread) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.meet(t)
	if t.cpu.Retired >= t.turn.end {
		return 1 // a call was the last of the turn
	}
	return t.turn.end - t.cpu.Retired
}

func (s *deterministic) free() bool { return false }

// ran is called when the thread has come out of its engine for a reason that
// does not depend on other goroutines.
func (s *deterministic) ran(t *Thread) {
	s.mu.Lock()
	d := t.cpu.Retired - t.turn.counted
	t.turn.counted = t.cpu.Retired
	s.now += d
	s.mu.Unlock()
	t.timeMu.Lock()
	t.ran += d
	t.timeMu.Unlock()
}

// pass gives the turn of t, which is ready or waiting, to the next thread, and
// returns when t has it again. The caller holds s.mu; it is released.
func (s *deterministic) pass(t *Thread) {
	s.fold(t)
	s.current = nil
	n := s.next()
	s.grant(n)
	s.mu.Unlock()
	<-t.wake
}

// grant begins a turn. The caller holds s.mu.
func (s *deterministic) grant(t *Thread) {
	s.current = t
	t.turn.state = turnRunning
	t.turn.end = t.cpu.Retired + turnLength(maxLevel, s.source.Uint64())
	t.turn.crowded = false
	s.meet(t)
	// What waits for a time to come goes on when it does, or soon after: threads
	// that sleep for a moment again and again must not keep others from running.
	soonest := s.soonest
	for _, timer := range s.timers {
		soonest = min(soonest, timer.at)
	}
	if soonest > s.now {
		t.turn.end = min(t.turn.end, t.cpu.Retired+min(max(soonest-s.now, shortestTurn), longestTurn))
	}
	t.wake <- struct{}{}
}

// meet ends the turn of t sooner when others have become ready. The caller holds
// s.mu.
func (s *deterministic) meet(t *Thread) {
	if len(s.ready) > 0 && !t.turn.crowded {
		t.turn.crowded = true
		r, level := s.source.Uint64(), t.turn.level
		if r>>32%shortTurnIn == 0 {
			level = 0
		}
		t.turn.end = min(t.turn.end, t.cpu.Retired+turnLength(level, r))
	}
}

func (s *deterministic) pop() *Thread {
	t := s.ready[0]
	s.ready = s.ready[1:]
	return t
}

// resume makes a waiting thread ready. The caller holds s.mu.
func (s *deterministic) resume(t *Thread) {
	i := slices.Index(s.waiting, t)
	s.waiting = slices.Delete(s.waiting, i, i+1)
	t.turn.state, t.turn.woken = turnReady, false
	s.ready = append(s.ready, t)
}

// next waits until a thread is ready, and takes it off the queue; nil if there
// are no threads. The caller holds s.mu, which is released meanwhile.
func (s *deterministic) next() *Thread {
	s.idle = true
	defer func() { s.idle = false }()
	for {
		s.ring()
		s.expire()
		if len(s.ready) == 0 || s.now-s.looked >= inputPatience {
			s.lookAtInput()
		}
		switch {
		case len(s.ready) > 0:
			return s.pop()
		case s.threads == 0:
			return nil
		}
		s.whileAllWait()
	}
}

// ring calls the timers that are due. The caller holds s.mu, which is released
// meanwhile.
func (s *deterministic) ring() {
	for i := 0; i < len(s.timers); {
		timer := s.timers[i]
		if timer.at > s.now {
			i++
			continue
		}
		s.timers = slices.Delete(s.timers, i, i+1)
		s.mu.Unlock()
		timer.f()
		s.mu.Lock()
		i = 0
	}
}

// expire resumes the threads whose deadline has come, the earliest first.
func (s *deterministic) expire() {
	for s.soonest <= s.now {
		var first *Thread
		s.soonest = Forever
		for _, t := range s.waiting {
			if first == nil || t.turn.deadline < first.turn.deadline {
				if first != nil {
					s.soonest = min(s.soonest, first.turn.deadline)
				}
				first = t
			} else {
				s.soonest = min(s.soonest, t.turn.deadline)
			}
		}
		if first == nil {
			return
		}
		if first.turn.deadline > s.now {
			s.soonest = first.turn.deadline
			return
		}
		s.resume(first)
	}
}

// lookAtInput resumes the threads whose input has come.
func (s *deterministic) lookAtInput() {
	s.looked = s.now
	for i := 0; i < len(s.waiting); {
		if t := s.waiting[i]; t.turn.woken {
			s.resume(t)
		} else {
			i++
		}
	}
}

// whileAllWait does what can be done when no thread is ready: it lets time
// jump, waits for the outside, or ends what is deadlocked. The caller holds
// s.mu, which is released meanwhile.
func (s *deterministic) whileAllWait() {
	waits := func(why wait) bool {
		return slices.ContainsFunc(s.waiting, func(t *Thread) bool { return t.turn.why == why })
	}
	s.soonest = Forever
	for _, t := range s.waiting {
		s.soonest = min(s.soonest, t.turn.deadline)
	}
	switch input := waits(waitInput); {
	case s.soonest != Forever && input:
		s.keepPace()
	case s.soonest != Forever:
		s.now = max(s.now, s.soonest)
	case input || waits(waitStop):
		s.changed.Wait()
	default:
		s.endDeadlock()
	}
}

// keepPace waits for input until the host's clock has gone as far as virtual
// time would jump.
func (s *deterministic) keepPace() {
	reached := false
	at := s.outside.Monotonic()
	at += min(s.soonest-min(s.soonest, s.now), Forever-1-at)
	target := s.soonest
	cancel := s.outside.At(at, func() {
		s.mu.Lock()
		reached = true
		s.changed.Broadcast()
		s.mu.Unlock()
	})
	s.changed.Wait()
	if reached {
		s.now = max(s.now, target)
	}
	s.mu.Unlock()
	cancel()
	s.mu.Lock()
}

// endDeadlock ends the processes of all threads.
func (s *deterministic) endDeadlock() {
	n := len(s.waiting)
	s.mu.Unlock()
	for _, p := range s.machine.Processes() {
		p.KillFor(cloudabi.SIGKILL, deadlockText(n))
	}
	s.mu.Lock()
	if len(s.ready) == 0 {
		s.changed.Wait()
	}
}

// Monotonic implements [Host].
func (s *deterministic) Monotonic() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Realtime implements [Host].
func (s *deterministic) Realtime() uint64 { return VirtualEpoch - virtualStart + s.Monotonic() }

// Resolution implements [Host].
func (s *deterministic) Resolution(cloudabi.Clockid) uint64 { return 1 }

// At implements [Host]. f is called when a turn ends; a timer does not make
// time jump, only the deadline of a waiting thread does.
func (s *deterministic) At(t uint64, f func()) (cancel func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	timer := &virtualTimer{t, f}
	s.timers = append(s.timers, timer)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if i := slices.Index(s.timers, timer); i >= 0 {
			s.timers = slices.Delete(s.timers, i, i+1)
		}
	}
}

// Random implements [Host].
func (s *deterministic) Random(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.source.Read(p) // a generator does not fail
}

// Cycles implements [Host]. Within a turn it counts how often it is asked, so
// that it does not depend on how exactly an engine counts in the middle of a
// block.
func (s *deterministic) Cycles() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cycles = max(s.cycles+1, s.now)
	return s.cycles
}

// CPUs implements [Host].
func (s *deterministic) CPUs() int { return virtualCPUs }

// FNV-1a, 64 bits.
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// fold takes the end of a turn into the digest. The caller holds s.mu.
func (s *deterministic) fold(t *Thread) {
	for _, v := range [...]uint64{uint64(t.tid), t.cpu.Retired, s.now, t.cpu.State.Hash()} {
		for range 8 {
			s.digest = (s.digest ^ v&0xff) * fnvPrime
			v >>= 8
		}
	}
}

// Digest folds the whole course of a deterministic machine so far into 64 bits:
// which threads ran how far, when, and with which registers. Runs with equal
// programs, input and seeds have equal digests. It is 0 in parallel mode.
func (m *Machine) Digest() uint64 {
	s, ok := m.sched.(*deterministic)
	if !ok {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// A process may be known to have ended before its last thread has left.
	for s.current != nil && s.current.proc.isEnding() {
		s.changed.Wait()
	}
	return s.digest
}

// Networked is implemented by streams of the host that are connections: what
// they will bring, and when, may depend on what the guest does meanwhile.
type Networked interface{ Networked() bool }

// settles reports whether the object is waited for in place in the given
// direction, so that it is never found to be not ready yet.
func (t *Thread) settles(o Object, d Direction) bool {
	if !t.machine.deterministic() {
		return false
	}
	h, ok := o.(*hostStream)
	if !ok {
		return false
	}
	n, ok := h.Stream.(Networked)
	return d == Output || !ok || !n.Networked()
}

// inputOf is how a thread waits for input from the object.
func (t *Thread) inputOf(o Object) wait {
	switch {
	case t.settles(o, Input):
		return waitHost
	case outside(o):
		return waitInput
	}
	return waitEvent
}

// outside reports whether the host decides when the object becomes ready.
func outside(o Object) bool {
	switch o.(type) {
	case *hostStream, *listener:
		return true
	}
	return false
}

// deterministic reports whether the machine is in deterministic mode.
func (m *Machine) deterministic() bool {
	_, ok := m.sched.(*deterministic)
	return ok
}
