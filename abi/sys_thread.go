package abi

import (
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/elf"
)

func (t *Thread) threadCreate(a *args) cloudabi.Errno {
	var b [cloudabi.ThreadattrSize]byte
	if errno := t.load(b[:], a.v[0]); errno != 0 {
		return errno
	}
	var attr cloudabi.Threadattr
	attr.Get(b[:])
	state := t.proc.program.engine.NewState()
	n, err := t.proc.addThread(state)
	if err != nil {
		return cloudabi.EAGAIN
	}
	program := t.proc.program
	start, err := elf.PlaceThread(program.space, state.Arch(), program.startForm, attr, cloudabi.Tid(n.tid))
	if err != nil {
		t.proc.dropThread(n)
		return errnoOf(err)
	}
	state.Reset(start)
	// The thread may run before the call returns; it knows its id from its
	// first argument.
	a.out[0] = uint64(n.tid)
	n.start()
	return cloudabi.ESUCCESS
}

// threadExit ends the thread. The lock is released by leave, when the thread
// uses its stack no more; errors in that are ignored.
func (t *Thread) threadExit(a *args) cloudabi.Errno {
	scope, _, errno := t.scope(a, 1)
	if errno == 0 {
		t.exitLock, t.exitScope = a.v[0], scope
	}
	t.exiting = true
	return cloudabi.ESUCCESS
}

func (t *Thread) releaseExitLock() {
	if t.exitScope != 0 {
		_ = t.unlock(t.exitLock, t.exitScope)
	}
}

func (t *Thread) threadYield(*args) cloudabi.Errno {
	t.machine.sched.yield(t)
	return cloudabi.ESUCCESS
}

// threadTcbSet is how x86-64 programs set their FS base until April 2016.
func (t *Thread) threadTcbSet(a *args) cloudabi.Errno {
	if t.cpu.State.Arch() != cpu.X86_64 {
		return cloudabi.ENOSYS
	}
	if int64(a.v[0])<<16>>16 != int64(a.v[0]) {
		return cloudabi.EINVAL // not canonical
	}
	t.cpu.State.SetThreadPointer(a.v[0])
	return cloudabi.ESUCCESS
}
