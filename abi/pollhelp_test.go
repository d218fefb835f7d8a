package abi

import (
	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// poll waits for subscriptions and returns the events.
func (g *guest) poll(subs ...cloudabi.Subscription) []cloudabi.Event2015 {
	g.Helper()
	events, errno := g.tryPoll(subs...)
	require.Equal(g, cloudabi.ESUCCESS, errno)
	return events
}

func (g *guest) tryPoll(subs ...cloudabi.Subscription) ([]cloudabi.Event2015, cloudabi.Errno) {
	in := make([]byte, cloudabi.SubscriptionSize*len(subs))
	for i := range subs {
		subs[i].Put(in[i*cloudabi.SubscriptionSize:])
	}
	a := g.alloc(max(2*len(in), 4096))
	defer func() { _ = g.space.Unmap(a, uint64(max(2*len(in), 4096))) }()
	g.store(a, in)
	out, errno := g.sys(cloudabi.CallPoll, a, a+uint64(len(in)), uint64(len(subs)))
	if errno != 0 {
		return nil, errno
	}
	events := make([]cloudabi.Event2015, out[0])
	for i := range events {
		events[i].Get(g.load(a+uint64(len(in)+i*cloudabi.EventSize), cloudabi.EventSize))
	}
	return events, 0
}

func lockSub(write bool, addr uint64, scope cloudabi.Scope) cloudabi.Subscription {
	typ := cloudabi.EventtypeLockRdlock
	if write {
		typ = cloudabi.EventtypeLockWrlock
	}
	return cloudabi.Subscription{Userdata: 1, Type: typ, Lock: addr, LockScope: scope}
}

func clockSub(timeout uint64) cloudabi.Subscription {
	return cloudabi.Subscription{Userdata: 2, Type: cloudabi.EventtypeClock, ClockId: cloudabi.ClockMonotonic, ClockTimeout: cloudabi.Timestamp(timeout)}
}

func condvarSub(condvar, lock uint64, scope cloudabi.Scope) cloudabi.Subscription {
	return cloudabi.Subscription{Userdata: 3, Type: cloudabi.EventtypeCondvar,
		Condvar: condvar, CondvarLock: lock, CondvarScope: scope, CondvarLockScope: scope}
}
