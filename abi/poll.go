package abi

import (
	"sync"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// maxSubscriptions bounds the memory a single poll can cost; more is EINVAL.
const maxSubscriptions = 1 << 14

// subscriptionCost is the host memory that waiting for one thing takes, about.
const subscriptionCost = 512

// pollForm is what differs between the generations of poll.
type pollForm struct {
	in, nin, out, nout uint64
	inSize, outSize    uint64 // of an element
	absolute           bool   // clock timeouts are absolute whatever the flags say
}

// poll is the stateless form, and for programs from before 2015-08-04 the one
// with a descriptor in front.
func (t *Thread) poll(a *args) cloudabi.Errno {
	if a.fiveArg {
		if a.fd(0) != cloudabi.MapAnonFd {
			return t.pollQueueEarly(a)
		}
		return t.pollEarly(a, a.v[1], a.v[2], a.v[3], a.v[4])
	}
	return t.pollForm(a, pollForm{
		in: a.v[0], nin: a.v[2], out: a.v[1], nout: a.v[2],
		inSize: cloudabi.SubscriptionSize, outSize: cloudabi.EventSize,
	})
}

// pollOnce is the one-shot form from before 2015-04-08.
func (t *Thread) pollOnce(a *args) cloudabi.Errno {
	return t.pollEarly(a, a.v[0], a.v[1], a.v[2], a.v[3])
}

// pollEarly serves the forms from before 2015-08-04. What goes in has 48 bytes.
// Until 2015-06-17, in the middle of G2, what comes out had 48 bytes as well;
// its first 32 are those of the later form, so that it matters only for several
// events at once.
func (t *Thread) pollEarly(a *args, in, nin, out, nout uint64) cloudabi.Errno {
	return t.pollForm(a, earlyForm(a, in, nin, out, nout))
}

func earlyForm(a *args, in, nin, out, nout uint64) pollForm {
	f := pollForm{
		in: in, nin: nin, out: out, nout: nout, absolute: true,
		inSize: uint64(cloudabi.SubscriptionShort2015Size), outSize: cloudabi.EventSize,
	}
	if a.gen < G2 {
		f.outSize = uint64(cloudabi.EventInout2015Size)
	}
	return f
}

func (t *Thread) pollForm(a *args, f pollForm) cloudabi.Errno {
	if f.nin == 0 || f.nout == 0 || f.nin > maxSubscriptions {
		return cloudabi.EINVAL
	}
	// Many threads with long lists would be a way around the limit of memory.
	cost := f.nin * subscriptionCost
	if t.machine.quota.Charge(cost) != nil {
		return cloudabi.ENOMEM
	}
	defer t.machine.quota.Release(cost)
	subs, errno := t.loadSubscriptions(f)
	if errno != 0 {
		return errno
	}
	var events []cloudabi.Event2015
	switch first := subs[0].Type; {
	case isFutex(first) && (len(subs) == 1 || len(subs) == 2 && subs[1].Type == cloudabi.EventtypeClock):
		event, alive := t.pollFutex(subs, f.absolute || a.direct)
		if !alive {
			return cloudabi.EINTR
		}
		events = []cloudabi.Event2015{event}
	case anyFutex(subs):
		for i := range subs {
			events = append(events, cloudabi.Event2015{Userdata: subs[i].Userdata, Error: cloudabi.EINVAL})
		}
	default:
		p := newPoller(t, subs, f.absolute)
		events = p.wait()
		p.close()
		if events == nil {
			return cloudabi.EINTR
		}
	}
	events = events[:min(uint64(len(events)), f.nout)]
	a.out[0] = uint64(len(events))
	return t.storeEvents(events, f)
}

// storeEvents writes events to the guest.
func (t *Thread) storeEvents(events []cloudabi.Event2015, f pollForm) cloudabi.Errno {
	for i := range events {
		var b [cloudabi.Event2015Size]byte
		events[i].Put(b[:])
		if errno := t.store(b[:], f.out+uint64(i)*f.outSize); errno != 0 {
			return errno
		}
	}
	return cloudabi.ESUCCESS
}

// loadSubscriptions copies in what is to be waited for. The early forms have
// the same members at the same places and end before the clock's flags; their
// scopes may be missing.
func (t *Thread) loadSubscriptions(f pollForm) ([]cloudabi.Subscription, cloudabi.Errno) {
	subs := make([]cloudabi.Subscription, f.nin)
	var b [cloudabi.SubscriptionSize]byte
	for i := range subs {
		if errno := t.load(b[:f.inSize], f.in+uint64(i)*f.inSize); errno != 0 {
			return nil, errno
		}
		subs[i].Get(b[:])
		if f.inSize < cloudabi.SubscriptionSize {
			subs[i].ClockFlags = 0
			subs[i].LockScope = cloudabi.ScopeShared
			subs[i].CondvarScope, subs[i].CondvarLockScope = cloudabi.ScopeShared, cloudabi.ScopeShared
		}
	}
	return subs, cloudabi.ESUCCESS
}

func isFutex(e cloudabi.Eventtype) bool {
	return e == cloudabi.EventtypeLockRdlock || e == cloudabi.EventtypeLockWrlock || e == cloudabi.EventtypeCondvar
}

func anyFutex(subs []cloudabi.Subscription) bool {
	for i := range subs {
		if isFutex(subs[i].Type) {
			return true
		}
	}
	return false
}

// newEvent is the event of a subscription, with the identifiers that old
// programs expect in it.
func newEvent(s *cloudabi.Subscription) cloudabi.Event2015 {
	return cloudabi.Event2015{
		Userdata:        s.Userdata,
		Type:            s.Type,
		ClockIdentifier: s.ClockIdentifier,
		Condvar:         s.Condvar,
		FdReadwriteFd:   s.FdReadwriteFd,
		Lock:            s.Lock,
		ProcTerminateFd: s.ProcTerminateFd,
	}
}

// pollFutex waits for a lock or condition variable, with or without a clock.
// Timeouts of direct traps are always absolute here (abi/semantics.md section
// 9: so it was until 2018).
func (t *Thread) pollFutex(subs []cloudabi.Subscription, absolute bool) (cloudabi.Event2015, bool) {
	event := newEvent(&subs[0])
	deadline := uint64(Forever)
	if len(subs) == 2 {
		clock := &subs[1]
		var errno cloudabi.Errno
		absolute = absolute || clock.ClockFlags&cloudabi.SubscriptionClockAbstime != 0
		if deadline, errno = t.deadline(clock, absolute); errno != 0 {
			event = newEvent(clock)
			event.Error = errno
			return event, true
		}
	}
	w, errno := t.newFutexWaiter(&subs[0])
	if errno != 0 {
		event.Error = errno
		return event, true
	}
	fx := &t.machine.futex
	fx.mu.Lock()
	if w.condvar != 0 {
		errno = fx.waitCondvar(w)
	} else {
		fx.acquire(w)
	}
	fx.mu.Unlock()
	if errno != 0 {
		event.Error = errno
		return event, true
	}
	timedOut, alive := t.waitFutex(w, deadline)
	if !alive {
		return event, false
	}
	if timedOut {
		if w.condvarKey != (futexKey{}) {
			// The lock is taken again, without limit of time.
			w.condvarKey = futexKey{}
			fx.mu.Lock()
			fx.acquire(w)
			fx.mu.Unlock()
			if _, alive = t.waitFutex(w, Forever); !alive {
				return event, false
			}
		}
		if w.errno == 0 {
			return newEvent(&subs[1]), true
		}
	}
	event.Error = w.errno
	return event, true
}

// newFutexWaiter makes what the queues hold of a lock or condition variable
// subscription.
func (t *Thread) newFutexWaiter(s *cloudabi.Subscription) (*futexWaiter, cloudabi.Errno) {
	w := &futexWaiter{t: t, write: s.Type != cloudabi.EventtypeLockRdlock, lock: s.Lock}
	scope := s.LockScope
	var errno cloudabi.Errno
	if s.Type == cloudabi.EventtypeCondvar {
		w.lock, w.condvar, scope = s.CondvarLock, s.Condvar, s.CondvarLockScope
		if w.condvarKey, errno = t.futexKey(s.Condvar, s.CondvarScope); errno != 0 {
			return nil, errno
		}
	}
	w.key, errno = t.futexKey(w.lock, scope)
	return w, errno
}

// poller waits for several things at once. What is not ready at first stays
// registered with its object; a change there puts it on the list of what has
// fired, so that waking up costs as much as has happened and not as much as
// was asked for.
type poller struct {
	t        *Thread
	subs     []cloudabi.Subscription
	events   []cloudabi.Event2015 // parallel to subs, valid where ready
	ready    []bool
	count    int
	deadline uint64     // earliest of the clocks
	clocks   []uint64   // deadline of each clock subscription, by index; nil if there is none
	items    []pollItem // never moves: queues point into it
	why      wait       // what the poll as a whole waits for

	mu    sync.Mutex
	fired []*pollItem
}

// pollItem is a subscription that is not ready yet.
type pollItem struct {
	waitEntry
	poller *poller
	index  int
	file   *openFile // a reference is held
	queue  *waitQueue
	queued bool // on the fired list
}

func newPoller(t *Thread, subs []cloudabi.Subscription, absolute bool) *poller {
	p := &poller{
		t: t, subs: subs, deadline: Forever, why: waitEvent,
		items:  make([]pollItem, 0, len(subs)),
		events: make([]cloudabi.Event2015, len(subs)),
		ready:  make([]bool, len(subs)),
	}
	for i := range subs {
		p.events[i] = newEvent(&subs[i])
		switch subs[i].Type {
		case cloudabi.EventtypeClock:
			p.addClock(i, absolute)
		case cloudabi.EventtypeFdRead, cloudabi.EventtypeFdWrite:
			p.addDescriptor(i)
		case cloudabi.EventtypeProcTerminate:
			p.addProcess(i)
		default:
			p.fire(i, cloudabi.EINVAL)
		}
	}
	return p
}

// fire makes subscription i an event.
func (p *poller) fire(i int, errno cloudabi.Errno) {
	if !p.ready[i] {
		p.ready[i] = true
		p.count++
	}
	p.events[i].Error = errno
}

func (p *poller) addClock(i int, absolute bool) {
	s := &p.subs[i]
	at, errno := p.t.deadline(s, absolute || s.ClockFlags&cloudabi.SubscriptionClockAbstime != 0)
	if errno != 0 {
		p.fire(i, errno)
		return
	}
	if p.clocks == nil {
		p.clocks = make([]uint64, len(p.subs))
	}
	p.clocks[i] = at
	p.deadline = min(p.deadline, at)
}

func (p *poller) addDescriptor(i int) {
	s := &p.subs[i]
	need := cloudabi.RightPollFdReadwrite | cloudabi.RightFdRead
	if s.Type == cloudabi.EventtypeFdWrite {
		need = cloudabi.RightPollFdReadwrite | cloudabi.RightFdWrite
	}
	d, errno := p.t.proc.fds.get(s.FdReadwriteFd, need)
	if errno != 0 {
		p.fire(i, errno)
		return
	}
	item := p.add(i, d.file)
	item.only = interestIn(direction(s.Type))
	if o, ok := d.file.object.(pollable); ok {
		item.queue = o.waiters()
	}
	p.check(item)
}

// addProcess waits for a child.
func (p *poller) addProcess(i int) {
	need := cloudabi.RightPollProcTerminate
	if p.t.early() {
		need = 0 // their library expects to hear EINVAL of what is no process
	}
	d, errno := p.t.proc.fds.get(p.subs[i].ProcTerminateFd, need)
	if errno != 0 {
		p.fire(i, errno)
		return
	}
	o, ok := d.file.object.(*processObject)
	switch {
	case ok && d.base&cloudabi.RightPollProcTerminate == 0:
		d.file.release()
		p.fire(i, cloudabi.ENOTCAPABLE)
		return
	case !ok: // a device may have all rights
		d.file.release()
		p.fire(i, cloudabi.EINVAL)
		return
	}
	item := p.add(i, d.file)
	item.queue = o.waiters()
	p.check(item)
}

// add makes an item, which takes over the reference to the file.
func (p *poller) add(i int, f *openFile) *pollItem {
	p.items = append(p.items, pollItem{poller: p, index: i, file: f})
	item := &p.items[len(p.items)-1]
	item.who = item
	if outside(f.object) {
		p.why = waitInput
	}
	return item
}

// unpark implements waiter: it puts the item on the fired list.
func (i *pollItem) unpark() {
	p := i.poller
	p.mu.Lock()
	if !i.queued {
		i.queued = true
		p.fired = append(p.fired, i)
	}
	p.mu.Unlock()
	p.t.unpark()
}

// check asks whether a descriptor is ready.
func (p *poller) check(item *pollItem) {
	i := item.index
	s, e := &p.subs[i], &p.events[i]
	if s.Type == cloudabi.EventtypeProcTerminate {
		if status, ended := item.file.object.(*processObject).ended(); ended {
			terminated(e, status)
			p.fire(i, cloudabi.ESUCCESS)
		}
		return
	}
	direction := Input
	if s.Type == cloudabi.EventtypeFdWrite {
		direction = Output
	}
	if o := item.file.object; p.t.settles(o, direction) {
		h := o.(byteStream)
		p.t.await(h.waiters(), waitHost, func() bool { return h.ready(direction).Ready })
	}
	r := item.file.ready(direction, s.FdReadwriteFlags&cloudabi.SubscriptionFdReadwritePoll != 0)
	if !r.Ready {
		return
	}
	e.FdReadwriteNbytes = cloudabi.Filesize(r.Bytes)
	if r.Hangup {
		e.FdReadwriteFlags = cloudabi.EventFdReadwriteHangup
	}
	p.fire(i, r.Err)
}

// direction is the one that a subscription to a descriptor asks about.
func direction(e cloudabi.Eventtype) Direction {
	if e == cloudabi.EventtypeFdWrite {
		return Output
	}
	return Input
}

// ready tells whether a transfer would wait. always is for files, which
// otherwise are not ready for reading at their end.
func (f *openFile) ready(d Direction, always bool) Readiness {
	switch o := f.object.(type) {
	case pollable:
		return o.ready(d)
	case *regular:
		if d == Output {
			return Readiness{Ready: true}
		}
		size, err := o.Size()
		f.mu.Lock()
		left := max(size-f.offset, 0)
		f.mu.Unlock()
		return Readiness{Ready: always || left > 0 || err != nil, Bytes: uint64(left), Err: errnoOf(err)}
	}
	return Readiness{Ready: true}
}

// wait returns the events in the order of the subscriptions, nil if the
// process is ending.
func (p *poller) wait() []cloudabi.Event2015 {
	if !p.expired() && p.count == 0 {
		for i := range p.items {
			if item := &p.items[i]; item.queue != nil {
				item.queue.add(&item.waitEntry)
			}
		}
		// What happened before it was registered was not notified.
		for i := range p.items {
			p.check(&p.items[i])
		}
		for p.count == 0 && !p.expired() {
			if !p.t.park(p.deadline, p.why) {
				return nil
			}
			for _, item := range p.takeFired() {
				p.check(item)
			}
		}
	}
	events := make([]cloudabi.Event2015, 0, p.count)
	for i := range p.events {
		if p.ready[i] {
			events = append(events, p.events[i])
		}
	}
	return events
}

// expired makes events of the clocks that have been reached.
func (p *poller) expired() bool {
	if p.deadline == Forever {
		return false
	}
	now := p.t.machine.host.Monotonic()
	if now < p.deadline {
		return false
	}
	for i, at := range p.clocks {
		if p.subs[i].Type == cloudabi.EventtypeClock && !p.ready[i] && at <= now {
			p.fire(i, cloudabi.ESUCCESS)
		}
	}
	return true
}

func (p *poller) takeFired() []*pollItem {
	p.mu.Lock()
	defer p.mu.Unlock()
	fired := p.fired
	p.fired = nil
	for _, item := range fired {
		item.queued = false
	}
	return fired
}

func (p *poller) close() {
	for i := range p.items {
		item := &p.items[i]
		if item.queue != nil {
			item.queue.remove(&item.waitEntry)
		}
		item.file.release()
	}
}
