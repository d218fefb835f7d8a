package abi

import "sync"

// network is what the sockets and fifos of a machine have in common. Its mutex
// guards the state of all of them: who is connected to whom, what has been sent,
// and which descriptors are under way in messages.
type network struct {
	mu       sync.Mutex
	bound    map[any]*socket // by the identity of the name
	fifos    map[any]*pipe   // likewise, while they are open
	inflight map[*openFile]struct{}
	passed   int // descriptors under way
}

// Descriptors under way in messages hold their open files. A socket that is
// only held by messages waiting at sockets that are only held by messages, in a
// circle or to itself, can never be received from again, and yet it holds all
// there is. collect finds such circles and empties them. It runs whenever an
// open file that is under way loses a reference and may be held by messages
// alone; its cost is in proportion to the messages at such sockets, of which
// Limits.OpenFiles bounds the number.

// launch counts descriptors that go into a message. It reports whether there may
// be that many. The caller holds n.mu.
func (n *network) launch(fds []descriptor, limit uint64) bool {
	if len(fds) == 0 {
		return true
	}
	if uint64(n.passed+len(fds)) > limit {
		return false
	}
	if n.inflight == nil {
		n.inflight = make(map[*openFile]struct{})
	}
	for _, d := range fds {
		n.passed++
		d.file.inflight.Add(1)
		n.inflight[d.file] = struct{}{}
	}
	return true
}

// land undoes launch for descriptors that leave a message. The references
// remain. The caller holds n.mu.
func (n *network) land(fds []descriptor) {
	for _, d := range fds {
		n.passed--
		if d.file.inflight.Add(-1) == 0 {
			delete(n.inflight, d.file)
		}
	}
}

// collect empties the sockets that nothing can reach any more.
func (m *Machine) collect() {
	n := &m.net
	n.mu.Lock()
	var lost []descriptor
	for s := range n.unreachable() {
		lost = append(lost, s.discardAll()...)
	}
	n.land(lost)
	n.mu.Unlock()
	releaseSlots(lost)
}

// unreachable returns the sockets that only messages hold, except those that
// hang on a message which can be received. An open file that is held by nothing
// but messages cannot get another reference while n.mu is held, since receiving
// needs the mutex. The caller holds it.
func (n *network) unreachable() map[*socket]struct{} {
	candidates := make(map[*openFile]int) // and how many references candidates hold
	for f := range n.inflight {
		if _, ok := f.object.(*socket); ok && f.refs.Load() == f.inflight.Load() {
			candidates[f] = 0
		}
	}
	if len(candidates) == 0 {
		return nil
	}
	for f := range candidates {
		f.object.(*socket).eachPassed(func(g *openFile) {
			if _, ok := candidates[g]; ok {
				candidates[g]++
			}
		})
	}
	var reachable []*openFile
	for f, internal := range candidates {
		if f.inflight.Load() > int64(internal) {
			reachable = append(reachable, f)
			delete(candidates, f)
		}
	}
	for len(reachable) > 0 {
		f := reachable[len(reachable)-1]
		reachable = reachable[:len(reachable)-1]
		f.object.(*socket).eachPassed(func(g *openFile) {
			if _, ok := candidates[g]; ok {
				delete(candidates, g)
				reachable = append(reachable, g)
			}
		})
	}
	lost := make(map[*socket]struct{}, len(candidates))
	for f := range candidates {
		lost[f.object.(*socket)] = struct{}{}
	}
	return lost
}

// eachPassed calls f for the open files in messages at a socket, and at the
// connections it has not accepted yet.
func (s *socket) eachPassed(f func(*openFile)) {
	for _, m := range s.in.messages {
		for _, d := range m.fds {
			f(d.file)
		}
	}
	for _, c := range s.pending {
		c.eachPassed(f)
	}
}

// discardAll empties what eachPassed goes through.
func (s *socket) discardAll() (fds []descriptor) {
	fds = s.in.discard()
	for _, c := range s.pending {
		fds = append(fds, c.discardAll()...)
	}
	return fds
}
