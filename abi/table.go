package abi

import (
	"sync/atomic"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// handler does a call's work. Results go to a.out and count only with
// ESUCCESS.
type handler func(t *Thread, a *args) cloudabi.Errno

// row is a row of the call table with everything dispatch needs at hand.
type row struct {
	id      cloudabi.CallID
	call    *cloudabi.Call
	handler handler           // nil: answered with ENOSYS
	inputs  []uint64          // mask of each input's declared width
	rights  []cloudabi.Rights // what the call demands in every case, for each input
}

// rows are those of the calls that somebody has made.
var rows [maxCalls]atomic.Pointer[row]

// rowOf returns the row of a call of [cloudabi.Calls].
func rowOf(id cloudabi.CallID) *row {
	if r := rows[id].Load(); r != nil {
		return r
	}
	r := newRow(id)
	rows[id].Store(r)
	return r
}

func newRow(id cloudabi.CallID) *row {
	c := &cloudabi.Calls[id]
	r := &row{
		id: id, call: c, handler: handlerOf(id),
		inputs: make([]uint64, len(c.Inputs)), rights: make([]cloudabi.Rights, len(c.Inputs)),
	}
	for i, in := range c.Inputs {
		r.inputs[i] = ^uint64(0) >> (64 - 8*in.Width)
	}
	for _, n := range c.Needs {
		if n.Condition == "" && !n.Inheriting {
			r.rights[n.Arg] |= n.Rights
		}
	}
	return r
}

// handlerOf says which method answers a call. What is missing here has no
// handler yet.
func handlerOf(id cloudabi.CallID) handler {
	handlers := [maxCalls]handler{
		cloudabi.CallClockResGet:   (*Thread).clockResGet,
		cloudabi.CallClockTimeGet:  (*Thread).clockTimeGet,
		cloudabi.CallCondvarSignal: (*Thread).condvarSignal,
		cloudabi.CallFdClose:       (*Thread).fdClose,
		cloudabi.CallFdCreate1:     (*Thread).fdCreate1,
		cloudabi.CallFdCreate2:     (*Thread).fdCreate2,
		cloudabi.CallFdDatasync:    (*Thread).fdDatasync,
		cloudabi.CallFdDup:         (*Thread).fdDup,
		cloudabi.CallFdPread:       (*Thread).fdPread,
		cloudabi.CallFdPwrite:      (*Thread).fdPwrite,
		cloudabi.CallFdRead:        (*Thread).fdRead,
		cloudabi.CallFdReplace:     (*Thread).fdReplace,
		cloudabi.CallFdSeek:        (*Thread).fdSeek,
		cloudabi.CallFdStatGet:     (*Thread).fdStatGet,
		cloudabi.CallFdStatPut:     (*Thread).fdStatPut,
		cloudabi.CallFdSync:        (*Thread).fdSync,
		cloudabi.CallFdWrite:       (*Thread).fdWrite,
		cloudabi.CallFileAdvise:    (*Thread).fileAdvise,
		cloudabi.CallFileAllocate:  (*Thread).fileAllocate,
		cloudabi.CallFileCreate:    (*Thread).fileCreate,
		cloudabi.CallFileLink:      (*Thread).fileLink,
		cloudabi.CallFileOpen:      (*Thread).fileOpen,
		cloudabi.CallFileReaddir:   (*Thread).fileReaddir,
		cloudabi.CallFileReadlink:  (*Thread).fileReadlink,
		cloudabi.CallFileRename:    (*Thread).fileRename,
		cloudabi.CallFileStatFget:  (*Thread).fileStatFget,
		cloudabi.CallFileStatFput:  (*Thread).fileStatFput,
		cloudabi.CallFileStatGet:   (*Thread).fileStatGet,
		cloudabi.CallFileStatPut:   (*Thread).fileStatPut,
		cloudabi.CallFileSymlink:   (*Thread).fileSymlink,
		cloudabi.CallFileUnlink:    (*Thread).fileUnlink,
		cloudabi.CallLockUnlock:    (*Thread).lockUnlock,
		cloudabi.CallMemAdvise:     (*Thread).memAdvise,
		cloudabi.CallMemLock:       (*Thread).memLock,
		cloudabi.CallMemMap:        (*Thread).memMap,
		cloudabi.CallMemProtect:    (*Thread).memProtect,
		cloudabi.CallMemSync:       (*Thread).memSync,
		cloudabi.CallMemUnlock:     (*Thread).memUnlock,
		cloudabi.CallMemUnmap:      (*Thread).memUnmap,
		cloudabi.CallPoll:          (*Thread).poll,
		cloudabi.CallPollFd:        (*Thread).pollFd,
		cloudabi.CallPollOnce:      (*Thread).pollOnce,
		cloudabi.CallProcExec:      (*Thread).procExec,
		cloudabi.CallProcExit:      (*Thread).procExit,
		cloudabi.CallProcFork:      (*Thread).procFork,
		cloudabi.CallProcRaise:     (*Thread).procRaise,
		cloudabi.CallRandomGet:     (*Thread).randomGet,
		cloudabi.CallSockAccept:    (*Thread).sockAccept,
		cloudabi.CallSockBind:      (*Thread).sockBind,
		cloudabi.CallSockConnect:   (*Thread).sockConnect,
		cloudabi.CallSockListen:    (*Thread).sockListen,
		cloudabi.CallSockRecv:      (*Thread).sockRecv,
		cloudabi.CallSockSend:      (*Thread).sockSend,
		cloudabi.CallSockShutdown:  (*Thread).sockShutdown,
		cloudabi.CallSockStatGet:   (*Thread).sockStatGet,
		cloudabi.CallThreadCreate:  (*Thread).threadCreate,
		cloudabi.CallThreadExit:    (*Thread).threadExit,
		cloudabi.CallThreadTcbSet:  (*Thread).threadTcbSet,
		cloudabi.CallThreadYield:   (*Thread).threadYield,
	}
	return handlers[id]
}

// Implemented reports whether the kernel answers the call with anything but
// ENOSYS.
func Implemented(id cloudabi.CallID) bool {
	return id < maxCalls && handlerOf(id) != nil
}
