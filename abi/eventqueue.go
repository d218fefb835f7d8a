package abi

import (
	"cmp"
	"container/heap"
	"slices"
	"sync"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// eventQueue is a descriptor that keeps subscriptions between calls, which
// programs of 2015 had. Each subscription is registered with its object all the
// time and comes on the list of what has fired when something happens there, so
// that waiting costs as much as there is to report. Its behaviour, as far as the
// ABI leaves it open, is that of the system the interface was modelled on:
//
//   - A subscription is known by its kind and its descriptor, or for a clock its
//     identifier. Adding it again changes it.
//   - As long as something is ready it is reported by every call, with flag
//     clear only after it has changed. A relative clock rings again and again, an
//     absolute one once.
//   - Closing a descriptor takes what was subscribed for its number away.
//   - What is wrong with a change is reported as an event if there is room, and
//     as the error of the call otherwise.
type eventQueue struct {
	proc  *Process
	queue waitQueue // threads that wait for events

	mu      sync.Mutex
	closed  bool
	watches map[watchKey]*watch
	clocks  clockHeap
	outside int // watches of objects that the host makes ready

	firedMu sync.Mutex
	fired   []*watch
	order   uint64 // of the next watch
}

// watchKey identifies a subscription.
type watchKey struct {
	typ   cloudabi.Eventtype
	ident uint64
}

// watch is a subscription of an event queue. Except where it says otherwise it
// is guarded by eventQueue.mu.
type watch struct {
	waitEntry
	queue *eventQueue
	key   watchKey
	sub   cloudabi.Subscription2015
	order uint64

	// The object, without a reference: an open file that is closed takes its
	// watches away.
	file   *openFile
	object *waitQueue // where it is registered; nil if it is always ready

	at, period uint64 // of a clock
	index      int    // in the heap of clocks

	disabled bool
	gone     bool
	queued   bool // on the fired list; eventQueue.firedMu
}

// maxWatches bounds the subscriptions of a queue; more is ENOMEM.
const maxWatches = 1 << 16

func newEventQueue(p *Process) *eventQueue {
	return &eventQueue{proc: p, watches: make(map[watchKey]*watch)}
}

func (q *eventQueue) filetype() cloudabi.Filetype { return cloudabi.FiletypePoll }
func (q *eventQueue) rights() cloudabi.RightsPair {
	return cloudabi.LargestRights2015(cloudabi.FiletypePoll)
}
func (q *eventQueue) stat() (cloudabi.Filestat, error) {
	return cloudabi.Filestat{Filetype: cloudabi.FiletypePoll}, nil
}

func (q *eventQueue) close() {
	q.mu.Lock()
	q.closed = true
	watches := make([]*watch, 0, len(q.watches))
	for _, w := range q.watches {
		watches = append(watches, w)
	}
	for _, w := range watches {
		q.drop(w)
	}
	q.mu.Unlock()
}

// pollFd applies changes to a queue and waits for events.
func (t *Thread) pollFd(a *args) cloudabi.Errno {
	var timeout *cloudabi.Subscription
	if a.v[5] != 0 {
		var b [cloudabi.SubscriptionSize]byte
		if errno := t.load(b[:], a.v[5]); errno != 0 {
			return errno
		}
		timeout = new(cloudabi.Subscription)
		timeout.Get(b[:])
		if timeout.Type != cloudabi.EventtypeClock {
			return cloudabi.EINVAL
		}
	}
	return t.pollQueue(a, pollForm{
		in: a.v[1], nin: a.v[2], out: a.v[3], nout: a.v[4],
		inSize: cloudabi.Subscription2015Size, outSize: cloudabi.Event2015Size,
	}, timeout)
}

// pollQueueEarly is poll before 2015-08-04, on a descriptor.
func (t *Thread) pollQueueEarly(a *args) cloudabi.Errno {
	return t.pollQueue(a, earlyForm(a, a.v[1], a.v[2], a.v[3], a.v[4]), nil)
}

func (t *Thread) pollQueue(a *args, f pollForm, timeout *cloudabi.Subscription) cloudabi.Errno {
	if f.nin > maxSubscriptions {
		return cloudabi.EINVAL
	}
	changes, errno := t.loadChanges(f)
	if errno != 0 {
		return errno
	}
	d, errno := t.proc.fds.get(a.fd(0), 0)
	if errno != 0 {
		return errno
	}
	defer d.file.release()
	q, ok := d.file.object.(*eventQueue)
	switch {
	case !ok:
		return cloudabi.EBADF
	case f.nin > 0 && d.base&cloudabi.RightPollModify == 0, f.nout > 0 && d.base&cloudabi.RightPollWait == 0:
		return cloudabi.ENOTCAPABLE
	}
	deadline := uint64(Forever)
	if timeout != nil {
		absolute := timeout.ClockFlags&cloudabi.SubscriptionClockAbstime != 0
		if deadline, errno = t.deadline(timeout, absolute); errno != 0 {
			return errno
		}
	}
	var events []cloudabi.Event2015
	for i := range changes {
		s := &changes[i]
		errno := t.change(q, s, f)
		if errno == 0 {
			continue
		}
		if uint64(len(events)) >= f.nout {
			return errno
		}
		events = append(events, queueEvent(s, errno))
	}
	if len(events) == 0 && f.nout > 0 {
		if events, ok = t.awaitEvents(q, int(min(f.nout, maxSubscriptions)), deadline); !ok {
			return cloudabi.EINTR
		}
	}
	a.out[0] = uint64(len(events))
	return t.storeEvents(events, f)
}

// loadChanges copies in subscriptions with their flags. In the earliest form
// there is an error number in their place; those are always to be added.
func (t *Thread) loadChanges(f pollForm) ([]cloudabi.Subscription2015, cloudabi.Errno) {
	changes := make([]cloudabi.Subscription2015, f.nin)
	var b [cloudabi.Subscription2015Size]byte
	for i := range changes {
		if errno := t.load(b[:f.inSize], f.in+uint64(i)*f.inSize); errno != 0 {
			return nil, errno
		}
		s := &changes[i]
		s.Get(b[:])
		if f.inSize < cloudabi.Subscription2015Size {
			s.ClockFlags = cloudabi.SubscriptionClockAbstime
			if s.Flags == 0 {
				s.Flags = cloudabi.SubscriptionAdd
			}
		}
	}
	return changes, cloudabi.ESUCCESS
}

func queueEvent(s *cloudabi.Subscription2015, errno cloudabi.Errno) cloudabi.Event2015 {
	return cloudabi.Event2015{
		Userdata:        s.Userdata,
		Type:            s.Type,
		Error:           errno,
		ClockIdentifier: s.ClockIdentifier,
		Condvar:         s.Condvar,
		FdReadwriteFd:   s.FdReadwriteFd,
		Lock:            s.Lock,
		ProcTerminateFd: s.ProcTerminateFd,
	}
}

// keyOf identifies a subscription; ok is false if its kind cannot be in a queue.
func keyOf(s *cloudabi.Subscription2015) (key watchKey, ok bool) {
	switch s.Type {
	case cloudabi.EventtypeClock:
		return watchKey{s.Type, uint64(s.ClockIdentifier)}, true
	case cloudabi.EventtypeFdRead, cloudabi.EventtypeFdWrite:
		return watchKey{s.Type, uint64(s.FdReadwriteFd)}, true
	case cloudabi.EventtypeProcTerminate:
		return watchKey{s.Type, uint64(s.ProcTerminateFd)}, true
	}
	return key, false
}

// change applies one subscription to a queue.
func (t *Thread) change(q *eventQueue, s *cloudabi.Subscription2015, f pollForm) cloudabi.Errno {
	key, ok := keyOf(s)
	if !ok {
		return cloudabi.EINVAL
	}
	if s.Flags&cloudabi.SubscriptionAdd != 0 && s.Flags&cloudabi.SubscriptionDelete == 0 {
		return t.addWatch(q, key, s)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.watches[key]
	if w == nil || !q.current(w) {
		return cloudabi.ENOENT
	}
	if s.Flags&cloudabi.SubscriptionDelete != 0 {
		q.drop(w)
		return cloudabi.ESUCCESS
	}
	q.enable(w, s.Flags)
	return cloudabi.ESUCCESS
}

// enable makes a watch report, or not. The caller holds q.mu.
func (q *eventQueue) enable(w *watch, flags cloudabi.Subflags) {
	switch {
	case flags&cloudabi.SubscriptionDisable != 0:
		w.disabled = true
	case flags&cloudabi.SubscriptionEnable != 0:
		w.disabled = false
		q.fire(w) // to look what has happened meanwhile
	}
}

// target is what a watch looks at, with a reference that the caller releases:
// nil for a clock.
func (t *Thread) target(key watchKey) (*openFile, cloudabi.Errno) {
	var need cloudabi.Rights
	switch key.typ {
	case cloudabi.EventtypeClock:
		return nil, cloudabi.ESUCCESS
	case cloudabi.EventtypeFdRead:
		need = cloudabi.RightPollFdReadwrite | cloudabi.RightFdRead
	case cloudabi.EventtypeFdWrite:
		need = cloudabi.RightPollFdReadwrite | cloudabi.RightFdWrite
	case cloudabi.EventtypeProcTerminate:
		need = cloudabi.RightPollProcTerminate
	}
	d, errno := t.proc.fds.get(cloudabi.Fd(key.ident), need)
	return d.file, errno
}

// addWatch puts a subscription into a queue, or changes the one that is there.
func (t *Thread) addWatch(q *eventQueue, key watchKey, s *cloudabi.Subscription2015) cloudabi.Errno {
	file, errno := t.target(key)
	if errno != 0 {
		return errno
	}
	w := &watch{queue: q, key: key, sub: *s, file: file, index: -1}
	if file == nil {
		errno = t.setClock(w)
	} else {
		defer file.release()
		errno = w.setObject()
	}
	if errno != 0 {
		return errno
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if old := q.watches[key]; old != nil {
		q.drop(old)
	}
	if len(q.watches) >= maxWatches || t.machine.quota.Charge(subscriptionCost) != nil {
		return cloudabi.ENOMEM
	}
	w.order = q.order
	q.order++
	q.watches[key] = w
	w.disabled = s.Flags&cloudabi.SubscriptionDisable != 0
	if file == nil {
		heap.Push(&q.clocks, w)
		q.queue.wake() // those who wait may have to wait less long
		return cloudabi.ESUCCESS
	}
	file.watch(w)
	if outside(file.object) {
		q.outside++
	}
	if w.object != nil {
		w.object.add(&w.waitEntry)
	}
	q.fire(w)
	return cloudabi.ESUCCESS
}

// setClock computes when a clock rings.
func (t *Thread) setClock(w *watch) cloudabi.Errno {
	absolute := w.sub.ClockFlags&cloudabi.SubscriptionClockAbstime != 0
	at, errno := t.deadline(&cloudabi.Subscription{
		ClockId: w.sub.ClockId, ClockTimeout: w.sub.ClockTimeout,
	}, absolute)
	w.at = at
	if !absolute {
		const least = 1e3 // a clock that rings all the time would never let wait
		w.period = max(uint64(w.sub.ClockTimeout), least)
	}
	return errno
}

// setObject finds out where changes of the object are told.
func (w *watch) setObject() cloudabi.Errno {
	o, process := w.file.object.(*processObject)
	if process != (w.key.typ == cloudabi.EventtypeProcTerminate) {
		return cloudabi.EINVAL // a device may have all rights
	}
	if process {
		w.object = o.waiters()
	} else if o, ok := w.file.object.(pollable); ok {
		w.object = o.waiters()
	}
	if w.key.typ != cloudabi.EventtypeProcTerminate {
		w.only = interestIn(direction(w.key.typ))
	}
	w.who = w
	return cloudabi.ESUCCESS
}

// unpark implements waiter.
func (w *watch) unpark() { w.queue.fire(w) }

// fire puts a watch on the list of those to look at. It takes only leaf locks.
func (q *eventQueue) fire(w *watch) {
	q.firedMu.Lock()
	if !w.queued {
		w.queued = true
		q.fired = append(q.fired, w)
	}
	q.firedMu.Unlock()
	q.queue.wake()
}

// drop takes a watch out. The caller holds q.mu.
func (q *eventQueue) drop(w *watch) {
	if w.gone {
		return
	}
	w.gone = true
	if q.watches[w.key] == w {
		delete(q.watches, w.key)
	}
	q.proc.machine.quota.Release(subscriptionCost)
	if w.index >= 0 {
		heap.Remove(&q.clocks, w.index)
	}
	if w.object != nil {
		w.object.remove(&w.waitEntry)
	}
	if w.file != nil {
		w.file.unwatchOne(w)
		if outside(w.file.object) {
			q.outside--
		}
	}
}

// current reports whether the number of a watch still stands for its object. The
// watch is dropped otherwise. The caller holds q.mu.
func (q *eventQueue) current(w *watch) bool {
	if w.file == nil {
		return true
	}
	fds := q.proc.fds
	fds.mu.RLock()
	d, errno := fds.peek(cloudabi.Fd(w.key.ident))
	same := errno == 0 && d.file == w.file
	fds.mu.RUnlock()
	if !same {
		q.drop(w)
	}
	return same
}

// awaitEvents waits for at most n events. ok is false if the process is ending.
func (t *Thread) awaitEvents(q *eventQueue, n int, deadline uint64) (events []cloudabi.Event2015, ok bool) {
	e := &waitEntry{who: t}
	q.queue.add(e)
	defer q.queue.remove(e)
	for {
		next := q.ring(t.machine.host)
		why := t.settleQueue(q)
		if events = q.collect(n); len(events) > 0 {
			return events, true
		}
		if deadline != Forever && t.machine.host.Monotonic() >= deadline {
			return nil, true
		}
		if !t.park(min(deadline, next), why) {
			return nil, false
		}
	}
}

// settleQueue returns what a wait for the queue is for. A deterministic machine
// first waits for what the host has begun, as poll does.
func (t *Thread) settleQueue(q *eventQueue) wait {
	q.mu.Lock()
	var settling []*watch
	why := waitEvent
	if q.outside > 0 {
		why = waitInput
		for _, w := range q.watches {
			if w.file == nil || w.disabled || !t.settles(w.file.object, direction(w.key.typ)) {
				continue
			}
			switch d, errno := q.proc.fds.get(cloudabi.Fd(w.key.ident), 0); {
			case errno != 0:
			case d.file == w.file:
				settling = append(settling, w) // with the reference
			default:
				defer d.file.release()
			}
		}
	}
	q.mu.Unlock()
	slices.SortFunc(settling, func(a, b *watch) int { return cmp.Compare(a.order, b.order) })
	for _, w := range settling {
		o, d := w.file.object.(pollable), direction(w.key.typ)
		t.await(o.waiters(), waitHost, func() bool { return o.ready(d).Ready })
		w.file.release()
	}
	return why
}

// ring fires the clocks that have been reached and returns when the next one is.
func (q *eventQueue) ring(h Host) (next uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.clocks) == 0 || q.clocks[0].at == Forever {
		return Forever
	}
	now := h.Monotonic()
	for len(q.clocks) > 0 && q.clocks[0].at <= now {
		w := q.clocks[0]
		q.fire(w)
		if w.period == 0 {
			w.at = Forever // it rings once
		} else {
			w.at = now + min(w.period, Forever-now)
		}
		heap.Fix(&q.clocks, 0)
	}
	if len(q.clocks) == 0 {
		return Forever
	}
	return q.clocks[0].at
}

// collect looks at what has fired and returns at most n events. What stays ready
// goes back behind the others, so that all have their turn.
func (q *eventQueue) collect(n int) (events []cloudabi.Event2015) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.firedMu.Lock()
	fired := q.fired
	q.fired = nil
	for _, w := range fired {
		w.queued = false
	}
	q.firedMu.Unlock()
	slices.SortStableFunc(fired, func(a, b *watch) int { return cmp.Compare(a.order, b.order) })
	var again []*watch
	for i, w := range fired {
		if len(events) == n {
			again = append(fired[i:len(fired):len(fired)], again...)
			break
		}
		if w.gone || w.disabled || !q.current(w) {
			continue
		}
		e, ready := w.look()
		if !ready {
			continue
		}
		events = append(events, e)
		switch {
		case w.sub.Flags&cloudabi.SubscriptionOneshot != 0, w.file == nil && w.period == 0:
			q.drop(w)
		case w.file != nil && w.sub.Flags&cloudabi.SubscriptionClear == 0:
			again = append(again, w)
		}
		w.order = q.order
		q.order++
	}
	q.firedMu.Lock()
	for _, w := range again {
		if !w.queued {
			w.queued = true
			q.fired = append(q.fired, w)
		}
	}
	q.firedMu.Unlock()
	return events
}

// look returns the event of a watch, if there is something to report. The caller
// holds q.mu.
func (w *watch) look() (cloudabi.Event2015, bool) {
	e := queueEvent(&w.sub, 0)
	switch w.key.typ {
	case cloudabi.EventtypeClock:
		return e, true
	case cloudabi.EventtypeProcTerminate:
		status, ended := w.file.object.(*processObject).ended()
		terminated(&e, status)
		return e, ended
	}
	r := w.file.ready(direction(w.key.typ), w.sub.FdReadwriteFlags&cloudabi.SubscriptionFdReadwritePoll != 0)
	e.FdReadwriteNbytes = cloudabi.Filesize(r.Bytes)
	if r.Hangup {
		e.FdReadwriteFlags = cloudabi.EventFdReadwriteHangup
	}
	e.Error = r.Err
	return e, r.Ready
}

// watch notes that an event queue looks at an open file.
func (f *openFile) watch(w *watch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.watched == nil {
		f.watched = make(map[*watch]struct{})
	}
	f.watched[w] = struct{}{}
}

func (f *openFile) unwatchOne(w *watch) {
	f.mu.Lock()
	delete(f.watched, w)
	f.mu.Unlock()
}

// unwatch drops all watches of an open file that is being closed.
func (f *openFile) unwatch() {
	f.mu.Lock()
	list := make([]*watch, 0, len(f.watched))
	for w := range f.watched {
		list = append(list, w)
	}
	f.mu.Unlock()
	for _, w := range list {
		w.queue.mu.Lock()
		w.queue.drop(w)
		w.queue.mu.Unlock()
	}
}

// clockHeap is the clocks of a queue, the one to ring next in front.
type clockHeap []*watch

func (h clockHeap) Len() int           { return len(h) }
func (h clockHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h clockHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements heap.Interface.
func (h *clockHeap) Push(x any) {
	w := x.(*watch)
	w.index = len(*h)
	*h = append(*h, w)
}

// Pop implements heap.Interface.
func (h *clockHeap) Pop() any {
	old := *h
	w := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	w.index = -1
	return w
}
