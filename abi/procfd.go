package abi

import "github.com/nuage-emu/nuage/abi/cloudabi"

// processObject is what a process descriptor refers to: a child. The child
// lives no longer than the last descriptor, and what is known of it no longer
// than that either, so that nothing remains of processes that nobody holds.
type processObject struct{ child *Process }

func (o *processObject) filetype() cloudabi.Filetype { return cloudabi.FiletypeProcess }
func (o *processObject) rights() cloudabi.RightsPair {
	return cloudabi.LargestRights(cloudabi.FiletypeProcess)
}

// stat gives the start of the process for all times.
func (o *processObject) stat() (cloudabi.Filestat, error) {
	at := cloudabi.Timestamp(o.child.started)
	return cloudabi.Filestat{
		Filetype: cloudabi.FiletypeProcess,
		Ino:      cloudabi.Inode(o.child.id),
		Atim:     at, Mtim: at, Ctim: at,
	}, nil
}

func (o *processObject) close() {
	o.child.KillFor(cloudabi.SIGKILL, "its last process descriptor was closed")
}

// waiters is woken when the child has ended.
func (o *processObject) waiters() *waitQueue { return &o.child.queue }

// ended returns how the child ended, once it has and nothing is left of it: a
// parent that knows of the end finds the child's descriptors closed.
func (o *processObject) ended() (ExitStatus, bool) {
	select {
	case <-o.child.done:
		return o.child.status, true
	default:
		return ExitStatus{}, false
	}
}

// terminated fills in the event of a process that has ended.
func terminated(e *cloudabi.Event2015, s ExitStatus) {
	e.ProcTerminateSignal, e.ProcTerminateExitcode = s.Signal, s.Code
}
