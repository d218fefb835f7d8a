package abi

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/memory"
)

// The words of the model's lock and condition variable.
const (
	modelLock    = 0x100000
	modelCondvar = 0x100100
)

// modelThread is a thread that keeps to the protocol of section 8.2.
type modelThread struct {
	t     *Thread
	state byte // idle, r/w: holds; R/W: waits; C: waits on the condition variable; T: relocks after a timeout
	w     *futexWaiter
}

// model drives the queues without running anything: each action is one step of
// one thread, and waiting is a state.
type model struct {
	tb      testing.TB
	m       *Machine
	threads []*modelThread
}

func newModel(tb testing.TB, m *Machine, p *Process, n int) *model {
	space := p.program.space
	require.NoError(tb, space.StoreAtomic32(modelLock, 0))
	require.NoError(tb, space.StoreAtomic32(modelCondvar, 0))
	m.futex.init()
	mo := &model{tb: tb, m: m}
	for i := range n {
		mo.threads = append(mo.threads, &modelThread{state: 'i', t: &Thread{
			machine: m, proc: p, tid: uint32(10 + i), wake: make(chan struct{}, 1),
		}})
	}
	return mo
}

func (mo *model) word(addr uint64) uint32 {
	v, err := mo.threads[0].t.space().LoadAtomic32(addr)
	require.NoError(mo.tb, err)
	return v
}

func (mo *model) set(v uint32) {
	require.NoError(mo.tb, mo.threads[0].t.space().StoreAtomic32(modelLock, v))
}

// actions lists what a thread in a state may do.
func actions(state byte) string {
	switch state {
	case 'i':
		return "rws1"
	case 'w':
		return "uc1a"
	case 'r':
		return "u"
	case 'R', 'W', 'C':
		return "t"
	}
	return ""
}

// do lets thread i take an action.
func (mo *model) do(i int, action byte) {
	th := mo.threads[i]
	t, fx := th.t, &mo.m.futex
	key, errno := t.futexKey(modelLock, cloudabi.ScopePrivate)
	require.Zero(mo.tb, errno)
	ckey, _ := t.futexKey(modelCondvar, cloudabi.ScopePrivate)
	switch action {
	case 'r', 'w':
		write := action == 'w'
		v := mo.word(modelLock)
		switch {
		case write && v == 0:
			mo.set(t.tid | lockWrite)
			th.state = 'w'
		case !write && v&(lockWrite|lockManaged) == 0:
			mo.set(v + 1)
			th.state = 'r'
		default:
			th.w = &futexWaiter{t: t, write: write, lock: modelLock, key: key}
			th.state = action - 'a' + 'A'
			fx.acquire(th.w)
		}
	case 'u':
		v := mo.word(modelLock)
		if th.state == 'r' {
			switch {
			case v&lockOwner > 1:
				mo.set(v - 1)
				th.state = 'i'
				mo.settle()
				return
			case v == 1:
				mo.set(0)
				th.state = 'i'
				return
			}
			require.Equal(mo.tb, 1|lockManaged, v)
			v = t.tid | lockWrite | lockManaged
			mo.set(v)
		}
		th.state = 'i'
		if v == t.tid|lockWrite {
			mo.set(0)
			return
		}
		require.Zero(mo.tb, fx.release(t, modelLock, key), "release of %#x by %d", v, t.tid)
	case 'c':
		th.w = &futexWaiter{t: t, write: true, lock: modelLock, key: key, condvar: modelCondvar, condvarKey: ckey}
		th.state = 'C'
		require.Zero(mo.tb, fx.waitCondvar(th.w))
	case '1', 'a', 's':
		n := uint64(1)
		if action == 'a' {
			n = 0xffffffff
		}
		if mo.word(modelCondvar) != 0 {
			require.Zero(mo.tb, fx.signal(t, modelCondvar, ckey, n))
		}
	case 't':
		relock := th.state == 'C'
		if relock && th.w.condvar == 0 {
			return // signalled: does not time out any more
		}
		fx.giveUp(th.w)
		th.state = 'i'
		if relock {
			th.w.condvarKey = futexKey{}
			th.state = 'W'
			fx.acquire(th.w)
		}
	}
	mo.settle()
}

// settle notes who has been given the lock.
func (mo *model) settle() {
	for _, th := range mo.threads {
		if th.w == nil || !th.w.done {
			continue
		}
		require.Zero(mo.tb, th.w.errno)
		switch th.state {
		case 'R':
			th.state = 'r'
		case 'W', 'C':
			th.state = 'w'
		}
		th.w = nil
	}
}

// check verifies what must hold at any time.
func (mo *model) check() {
	readers, writer, waiting, sleeping := uint32(0), uint32(0), 0, 0
	for _, th := range mo.threads {
		switch th.state {
		case 'r':
			readers++
		case 'w':
			require.Zero(mo.tb, writer, "two writers")
			writer = th.t.tid
		case 'R', 'W':
			waiting++
		case 'C':
			if th.w.condvar == 0 {
				waiting++
			} else {
				sleeping++
			}
		}
	}
	want := readers
	if writer != 0 {
		require.Zero(mo.tb, readers, "writer and readers")
		want = writer | lockWrite
	}
	if waiting > 0 {
		require.NotZero(mo.tb, want, "somebody waits for a free lock")
		want |= lockManaged
	}
	require.Equal(mo.tb, want, mo.word(modelLock), "lock word")
	require.Equal(mo.tb, sleeping > 0, mo.word(modelCondvar) != 0, "condition variable word")
	fx := &mo.m.futex
	require.Equal(mo.tb, waiting > 0, len(fx.locks) == 1)
	require.Equal(mo.tb, sleeping > 0, len(fx.condvars) == 1)
}

// states is the threads' states.
func (mo *model) states() (s []byte) {
	for _, th := range mo.threads {
		s = append(s, th.state)
	}
	return s
}

// key identifies the state: threads, words and the order of the queues.
func (mo *model) key() string {
	s := fmt.Sprintf("%x %x", mo.word(modelLock), mo.word(modelCondvar))
	s += string(mo.states())
	list := func(ws []*futexWaiter) {
		s += "/"
		for _, w := range ws {
			s += fmt.Sprint(w.t.tid)
		}
	}
	for _, l := range mo.m.futex.locks {
		s += fmt.Sprintf(" %d", l.owner)
		list(l.writers)
		list(l.readers)
	}
	for _, c := range mo.m.futex.condvars {
		list(c.waiters)
	}
	return s
}

// TestLockStates walks through every state that four threads can get a lock
// and a condition variable into, and checks each.
func TestLockStates(t *testing.T) {
	w := newWorld(t, Limits{})
	space, err := memory.New(memory.Options{})
	require.NoError(t, err)
	defer space.Close()
	_, err = space.Map(memory.Mapping{Addr: modelLock, Len: 4096, Prot: memory.Read | memory.Write, MaxProt: allAccess, Fixed: true})
	require.NoError(t, err)
	p := &Process{machine: w.m, program: &program{space: space}}

	type step struct {
		thread int
		action byte
	}
	n := 4
	if testing.Short() {
		n = 3
	}
	seen := map[string]bool{}
	queue := [][]step{nil}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		replay := func() *model {
			mo := newModel(t, w.m, p, n)
			for _, s := range path {
				mo.do(s.thread, s.action)
			}
			return mo
		}
		states := replay().states()
		for i := range n {
			for _, a := range actions(states[i]) {
				next := replay()
				next.do(i, byte(a))
				next.check()
				if t.Failed() {
					t.Fatalf("after %v", append(path, step{i, byte(a)}))
				}
				if k := next.key(); !seen[k] {
					seen[k] = true
					queue = append(queue, append(path[:len(path):len(path)], step{i, byte(a)}))
				}
			}
		}
	}
	t.Logf("%d states", len(seen))
	require.Greater(t, len(seen), 100)
}

// The C library's side of locks (abi/semantics.md section 8.2), for scripts.

func (g *guest) wrlock(addr uint64) {
	if g.cas(addr, 0, g.tid()|lockWrite) {
		return
	}
	e := g.poll(lockSub(true, addr, cloudabi.ScopePrivate))
	require.Equal(g, cloudabi.ESUCCESS, e[0].Error)
}

func (g *guest) rdlock(addr uint64) {
	for {
		v := g.word(addr)
		if v&(lockWrite|lockManaged) != 0 {
			break
		}
		if g.cas(addr, v, v+1) {
			return
		}
	}
	e := g.poll(lockSub(false, addr, cloudabi.ScopePrivate))
	require.Equal(g, cloudabi.ESUCCESS, e[0].Error)
}

func (g *guest) wrunlock(addr uint64) {
	if g.cas(addr, g.tid()|lockWrite, 0) {
		return
	}
	require.Equal(g, g.tid()|lockWrite|lockManaged, g.word(addr))
	g.ok(cloudabi.CallLockUnlock, addr, uint64(cloudabi.ScopePrivate))
}

func (g *guest) rdunlock(addr uint64) {
	for {
		v := g.word(addr)
		switch {
		case v&lockOwner > 1:
			if g.cas(addr, v, v-1) {
				return
			}
		case v == 1:
			if g.cas(addr, v, 0) {
				return
			}
		default:
			if g.cas(addr, 1|lockManaged, g.tid()|lockWrite|lockManaged) {
				g.ok(cloudabi.CallLockUnlock, addr, uint64(cloudabi.ScopePrivate))
				return
			}
		}
	}
}

func (g *guest) signal(addr uint64, n uint64) {
	if g.word(addr) != 0 {
		g.ok(cloudabi.CallCondvarSignal, addr, uint64(cloudabi.ScopePrivate), n)
	}
}

func TestLockHammer(t *testing.T) {
	run(t, func(g *guest) {
		lock, cond, done := g.put(make([]byte, 4)), g.put(make([]byte, 4)), g.put(make([]byte, 4))
		var inside, readers, total atomic.Int64
		const threads, rounds = 6, 150
		body := func(g *guest) {
			for i := range rounds {
				if (i+int(g.tid()))%3 == 0 {
					g.rdlock(lock)
					readers.Add(1)
					require.Zero(g, inside.Load())
					g.ok(cloudabi.CallThreadYield)
					readers.Add(-1)
					g.rdunlock(lock)
					continue
				}
				g.wrlock(lock)
				require.EqualValues(g, 1, inside.Add(1))
				require.Zero(g, readers.Load())
				total.Add(1)
				if i%5 == 0 {
					g.ok(cloudabi.CallThreadYield)
				}
				if i%7 == 0 {
					inside.Add(-1)
					e := g.poll(condvarSub(cond, lock, cloudabi.ScopePrivate), clockSub(uint64(i)*1000))
					require.Equal(g, cloudabi.ESUCCESS, e[0].Error)
					require.EqualValues(g, 1, inside.Add(1))
				}
				if i%4 == 0 {
					g.signal(cond, uint64(i%2)*1000+1)
				}
				inside.Add(-1)
				g.wrunlock(lock)
			}
			g.wrlock(lock)
			v := g.word(done) + 1
			g.setWord(done, v)
			g.signal(cond, 1000)
			g.wrunlock(lock)
		}
		for range threads {
			g.thread(func(g *guest) { body(g); g.sys(cloudabi.CallThreadExit, g.put(make([]byte, 8)), 4) })
		}
		g.wrlock(lock)
		for g.word(done) < threads {
			g.poll(condvarSub(cond, lock, cloudabi.ScopePrivate))
		}
		g.wrunlock(lock)
		require.Zero(g, g.word(lock))
		require.Zero(g, g.word(cond))
		require.Greater(g, total.Load(), int64(threads*rounds/2))
	})
}

// TestManyReaders is the defect of the existing systems that is not copied: a
// writer waits for a lock that several readers hold.
func TestManyReaders(t *testing.T) {
	run(t, func(g *guest) {
		lock := g.put(make([]byte, 4))
		const n = 3
		g.setWord(lock, n)
		g.thread(func(g *guest) {
			g.wrlock(lock)
			require.Equal(g, g.tid()|lockWrite, g.word(lock))
			g.exit(0)
		})
		for g.waitingThreads() == 0 {
			g.ok(cloudabi.CallThreadYield)
		}
		require.Equal(g, n|lockManaged, g.word(lock))
		for range n {
			g.rdunlock(lock)
		}
		for {
			g.ok(cloudabi.CallThreadYield)
		}
	})
}

func TestLockErrors(t *testing.T) {
	run(t, func(g *guest) {
		lock, cond := g.put(make([]byte, 4)), g.put(make([]byte, 4))
		one := func(s cloudabi.Subscription) cloudabi.Errno {
			e := g.poll(s)
			require.Len(g, e, 1)
			require.Equal(g, s.Userdata, e[0].Userdata)
			require.Equal(g, s.Type, e[0].Type)
			return e[0].Error
		}
		private, shared := cloudabi.ScopePrivate, cloudabi.ScopeShared
		g.fails(cloudabi.EINVAL, cloudabi.CallLockUnlock, lock, 0)
		g.fails(cloudabi.EINVAL, cloudabi.CallLockUnlock, lock, 12)
		g.fails(cloudabi.EFAULT, cloudabi.CallLockUnlock, 16, 4)
		g.fails(cloudabi.EFAULT, cloudabi.CallLockUnlock, 1<<32, 8)
		g.fails(cloudabi.EINVAL, cloudabi.CallCondvarSignal, cond, 1, 1)
		g.fails(cloudabi.EFAULT, cloudabi.CallCondvarSignal, 16, 4, 1)
		g.ok(cloudabi.CallCondvarSignal, cond, 4, 5)
		g.ok(cloudabi.CallCondvarSignal, cond, 8, 0)
		require.Equal(g, cloudabi.EINVAL, one(lockSub(true, lock, 7)))
		require.Equal(g, cloudabi.EFAULT, one(lockSub(true, 16, private)))
		require.Equal(g, cloudabi.EFAULT, one(lockSub(false, 16, shared)))
		require.Equal(g, cloudabi.ESUCCESS, one(lockSub(true, lock, private)))
		require.Equal(g, g.tid()|lockWrite, g.word(lock))
		require.Equal(g, cloudabi.EDEADLK, one(lockSub(true, lock, private)))
		// Nobody manages a lock that has the bit nevertheless.
		g.setWord(lock, lockManaged)
		require.Equal(g, cloudabi.EINVAL, one(lockSub(true, lock, private)))
		require.Equal(g, cloudabi.EINVAL, one(lockSub(false, lock, private)))
		// Without waiters, release stores 0 whatever was there.
		g.ok(cloudabi.CallLockUnlock, lock, 4)
		require.Zero(g, g.word(lock))
		g.setWord(lock, 5)
		require.Equal(g, cloudabi.ESUCCESS, one(lockSub(false, lock, shared)))
		require.EqualValues(g, 6, g.word(lock))
		g.setWord(lock, 77|lockWrite)
		require.Equal(g, cloudabi.EPERM, one(condvarSub(cond, lock, private)))
		require.Zero(g, g.word(cond))
		g.setWord(lock, g.tid()|lockWrite)
		s := condvarSub(cond, lock, private)
		s.CondvarScope = 0
		require.Equal(g, cloudabi.EINVAL, one(s))
		require.Equal(g, cloudabi.EFAULT, one(condvarSub(32, lock, private)))

		// A timeout gives the word back.
		g.setWord(lock, 77|lockWrite)
		e := g.poll(lockSub(true, lock, private), clockSub(1000))
		require.Len(g, e, 1)
		require.Equal(g, cloudabi.EventtypeClock, e[0].Type)
		require.EqualValues(g, 2, e[0].Userdata)
		require.Equal(g, 77|lockWrite, g.word(lock))
		g.setWord(lock, g.tid()|lockWrite)
		e = g.poll(condvarSub(cond, lock, private), clockSub(0))
		require.Equal(g, cloudabi.EventtypeClock, e[0].Type)
		require.Equal(g, g.tid()|lockWrite, g.word(lock), "taken again")
		require.Zero(g, g.word(cond))

		// Only as the first of one or two.
		for _, subs := range [][]cloudabi.Subscription{
			{clockSub(0), lockSub(true, lock, private)},
			{lockSub(true, lock, private), clockSub(0), clockSub(0)},
			{lockSub(true, lock, private), lockSub(true, lock, private)},
		} {
			e := g.poll(subs...)
			require.Len(g, e, len(subs))
			for i := range e {
				require.Equal(g, cloudabi.EINVAL, e[i].Error)
				require.Zero(g, e[i].Type)
				require.Equal(g, subs[i].Userdata, e[i].Userdata)
			}
		}
		bad := clockSub(0)
		bad.ClockId = cloudabi.ClockThreadCputimeId
		e = g.poll(lockSub(true, lock, private), bad)
		require.Equal(g, cloudabi.ENOTSUP, e[0].Error)
		require.Equal(g, cloudabi.EventtypeClock, e[0].Type)
	})
}

func TestWaitOnAnotherLock(t *testing.T) {
	run(t, func(g *guest) {
		lock, other, cond := g.put(make([]byte, 4)), g.put(make([]byte, 4)), g.put(make([]byte, 4))
		g.thread(func(g *guest) {
			g.wrlock(lock)
			g.poll(condvarSub(cond, lock, cloudabi.ScopePrivate))
			g.wrunlock(lock)
			g.exit(0)
		})
		for g.word(cond) == 0 {
			g.ok(cloudabi.CallThreadYield)
		}
		require.Equal(g, ^uint32(0), g.word(cond))
		g.wrlock(other)
		e := g.poll(condvarSub(cond, other, cloudabi.ScopePrivate))
		require.Equal(g, cloudabi.EINVAL, e[0].Error)
		require.Equal(g, ^uint32(0), g.word(cond))
		g.signal(cond, 1)
		require.Zero(g, g.word(cond))
		for {
			g.ok(cloudabi.CallThreadYield)
		}
	})
}

// TestJoin is how the C library joins: a read lock on the word that the thread
// holds for writing from its birth and gives up when it is gone.
func TestJoin(t *testing.T) {
	w := newWorld(t, Limits{})
	w.run(func(g *guest) {
		word := g.put(make([]byte, 4))
		for range 20 {
			go1 := g.put(make([]byte, 4))
			tid := g.thread(func(g *guest) {
				for g.word(go1) == 0 {
					g.ok(cloudabi.CallThreadYield)
				}
				g.sys(cloudabi.CallThreadExit, word, uint64(cloudabi.ScopePrivate))
			})
			g.setWord(word, tid|lockWrite)
			g.setWord(go1, 1)
			g.rdlock(word)
			require.EqualValues(g, 1, g.word(word))
			g.setWord(word, 0)
		}
	})
}

func TestSharedScope(t *testing.T) {
	// Two processes with one shared memory object: the same word at different
	// addresses.
	w := newWorld(t, Limits{})
	o, err := memory.NewObject(w.m.quota)
	require.NoError(t, err)
	require.NoError(t, o.Truncate(4096))
	// The object is closed with each descriptor; a second reference keeps it.
	shared := &sharedMemory{memory: o}
	keep := func() Object { return &keptObject{shared} }
	lockAndHold := func(g *guest) {
		m := g.ok(cloudabi.CallMemMap, 0, 4096, 6, 8, 0, 0)
		e := g.poll(lockSub(true, m, cloudabi.ScopeShared))
		require.Equal(g, cloudabi.ESUCCESS, e[0].Error)
		for g.word(m+8) == 0 {
			g.ok(cloudabi.CallThreadYield)
		}
		g.ok(cloudabi.CallLockUnlock, m, uint64(cloudabi.ScopeShared))
		g.exit(0)
	}
	p1 := w.start(t.Context(), lockAndHold, DescriptorSpec{Object: keep()})
	p2 := w.start(t.Context(), func(g *guest) {
		g.alloc(65536) // so that addresses differ
		m := g.ok(cloudabi.CallMemMap, 0, 4096, 6, 8, 0, 0)
		for g.word(m) == 0 {
			g.ok(cloudabi.CallThreadYield)
		}
		g.thread(func(g *guest) {
			for g.word(m)&lockManaged == 0 {
				g.ok(cloudabi.CallThreadYield)
			}
			g.setWord(m+8, 1)
			for {
				g.ok(cloudabi.CallThreadYield)
			}
		})
		e := g.poll(lockSub(true, m, cloudabi.ScopeShared))
		require.Equal(g, cloudabi.ESUCCESS, e[0].Error)
		require.Equal(g, g.tid()|lockWrite, g.word(m))
		// A private waiter would never have been found.
		g.exit(0)
	}, DescriptorSpec{Object: keep()})
	require.Equal(t, ExitStatus{}, w.wait(p1))
	require.Equal(t, ExitStatus{}, w.wait(p2))
	require.Empty(t, w.m.futex.locks)
	require.NoError(t, o.Close())
}

// keptObject is an object that its descriptors do not close.
type keptObject struct{ *sharedMemory }

func (keptObject) close() {}

// TestDeathOfAWaiter: a process that dies while it waits for a shared lock
// leaves the word as if it had never come.
func TestDeathOfAWaiter(t *testing.T) {
	w := newWorld(t, Limits{})
	o, err := memory.NewObject(w.m.quota)
	require.NoError(t, err)
	require.NoError(t, o.Truncate(4096))
	p := w.start(t.Context(), func(g *guest) {
		m := g.ok(cloudabi.CallMemMap, 0, 4096, 6, 8, 0, 0)
		g.setWord(m, 1000|lockWrite)
		g.poll(lockSub(true, m, cloudabi.ScopeShared))
	}, DescriptorSpec{Object: &keptObject{&sharedMemory{memory: o}}})
	parked(t, p)
	p.Kill(cloudabi.SIGKILL)
	w.wait(p)
	b := make([]byte, 4)
	_, err = o.ReadAt(b, 0)
	require.NoError(t, err)
	require.Equal(t, 1000|lockWrite, le.Uint32(b))
	require.Empty(t, w.m.futex.locks)
	require.NoError(t, o.Close())
}
