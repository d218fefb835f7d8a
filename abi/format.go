package abi

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// Lengths to which the trace shortens what it shows.
const (
	shownBytes    = 32   // of a buffer
	shownPath     = 1024 // of a path
	shownElements = 4    // of a list
)

// scalarFormats say how values of a type are written; those that are missing
// are numbers. Most programs start without a trace.
var scalarFormats = sync.OnceValue(func() map[string]func(uint64) string {
	return map[string]func(uint64) string{
		"advice":      func(v uint64) string { return cloudabi.Advice(v).String() },
		"clockid":     func(v uint64) string { return cloudabi.Clockid(v).String() },
		"fd":          fdText,
		"fdsflags":    func(v uint64) string { return cloudabi.Fdsflags(v).String() },
		"filedelta":   func(v uint64) string { return strconv.FormatInt(int64(v), 10) },
		"filetype":    func(v uint64) string { return cloudabi.Filetype(v).String() },
		"fsflags":     func(v uint64) string { return cloudabi.Fsflags(v).String() },
		"lookup":      lookupText,
		"mflags":      func(v uint64) string { return cloudabi.Mflags(v).String() },
		"mprot":       func(v uint64) string { return cloudabi.Mprot(v).String() },
		"msflags":     func(v uint64) string { return cloudabi.Msflags(v).String() },
		"oflags":      func(v uint64) string { return cloudabi.Oflags(v).String() },
		"scope":       func(v uint64) string { return cloudabi.Scope(v).String() },
		"sdflags":     func(v uint64) string { return cloudabi.Sdflags(v).String() },
		"signal":      func(v uint64) string { return cloudabi.Signal(v).String() },
		"ssflags":     func(v uint64) string { return cloudabi.Ssflags(v).String() },
		"timestamp":   timestampText,
		"ulflags":     func(v uint64) string { return cloudabi.Ulflags(v).String() },
		"whence":      func(v uint64) string { return cloudabi.Whence(v).String() },
		"eventtype":   func(v uint64) string { return cloudabi.Eventtype(v).String() },
		"threadentry": hexText,
	}
})

func hexText(v uint64) string { return "0x" + strconv.FormatUint(v, 16) }

func fdText(v uint64) string {
	if cloudabi.Fd(v) == cloudabi.MapAnonFd {
		return "-1"
	}
	return strconv.FormatUint(v, 10)
}

func lookupText(v uint64) string {
	s := fdText(v & 0xffffffff)
	if f := cloudabi.Lookupflags(v >> 32); f != 0 {
		s += "+" + f.String()
	}
	return s
}

func timestampText(v uint64) string {
	if v == Forever {
		return "never"
	}
	return fmt.Sprintf("%d.%09d", v/1e9, v%1e9)
}

// scalarText writes a value that is not what a pointer points to.
func scalarText(arg cloudabi.Arg, v uint64) string {
	if arg.Pointer {
		return hexText(v)
	}
	if f := scalarFormats()[arg.Type]; f != nil {
		return f(v)
	}
	return strconv.FormatUint(v, 10)
}

// tellsCount reports whether the text of a pointer shows how many elements
// there are.
func tellsCount(arg cloudabi.Arg) bool {
	switch arg.Type {
	case "char":
		return arg.Const
	case "iovec", "ciovec", "subscription", "subscription@2015", "fd":
		return true
	}
	return false
}

// describe writes input i for people. after says that the call is over and has
// succeeded, so that what it wrote can be shown as well.
func (t *Thread) describe(a *args, i int, v *[8]uint64, after bool) string {
	arg := a.row.call.Inputs[i]
	addr := v[i]
	if !arg.Pointer {
		return scalarText(arg, addr)
	}
	var n uint64 = 1
	if arg.Count >= 0 {
		n = v[arg.Count]
	}
	written := arg.Const || after
	switch arg.Type {
	case "char":
		if arg.Const {
			return t.quoted(addr, n, shownPath)
		}
		if after {
			return t.quoted(addr, min(n, a.out[0]), shownPath)
		}
	case "void":
		// Of mem_map and its kind the memory itself is not shown.
		if arg.Count >= 0 && written && !strings.HasPrefix(a.row.call.Name, "mem_") {
			if len(a.row.call.Outputs) > 0 {
				n = min(n, a.out[0])
			}
			return t.quoted(addr, n, shownBytes)
		}
	case "ciovec", "iovec":
		if arg.Type == "ciovec" || after {
			limit := uint64(Forever)
			if after {
				limit = a.out[0]
			}
			return t.iovecText(addr, n, limit)
		}
	case "fdstat":
		if written {
			return structText(t, addr, cloudabi.FdstatSize, t.numbering(a).fdstatText)
		}
	case "filestat":
		if written {
			return structText(t, addr, int(cloudabi.FilestatSize), filestatText)
		}
	case "send_in":
		return structText(t, addr, cloudabi.SendInSize, t.sendInText)
	case "send_out":
		if after {
			return structText(t, addr, cloudabi.SendOutSize, sendOutText)
		}
	case "recv_in":
		return structText(t, addr, cloudabi.RecvInSize, func(b []byte) string { return t.recvInText(b, v, after) })
	case "recv_out":
		if after {
			return structText(t, addr, cloudabi.RecvOut2015Size, t.recvOutText)
		}
	case "sockstat":
		if after && addr != 0 {
			return structText(t, addr, cloudabi.SockstatSize, sockstatText)
		}
	case "threadattr":
		return structText(t, addr, cloudabi.ThreadattrSize, threadattrText)
	case "subscription":
		if !a.fiveArg {
			return listText(t, addr, n, cloudabi.SubscriptionSize, subscriptionText)
		}
	case "event":
		if after && !a.fiveArg {
			return listText(t, addr, a.out[0], cloudabi.EventSize, eventText)
		}
	case "subscription@2015":
		if addr != 0 {
			return listText(t, addr, n, cloudabi.Subscription2015Size, changeText)
		}
	case "event@2015":
		if after {
			return listText(t, addr, a.out[0], cloudabi.Event2015Size, eventText)
		}
	case "fd":
		return listText(t, addr, n, 4, func(b []byte) string { return fdText(uint64(le.Uint32(b))) })
	case "lock", "condvar":
		if word, err := t.space().LoadAtomic32(addr); err == nil {
			return fmt.Sprintf("%#x:[%#x]", addr, word)
		}
	}
	return hexText(addr)
}

// quoted shows the n bytes at addr, at most limit of them.
func (t *Thread) quoted(addr, n, limit uint64) string {
	b := make([]byte, min(n, limit))
	if t.load(b, addr) != 0 {
		return hexText(addr)
	}
	s := strconv.Quote(string(b))
	if n > limit {
		s += "…"
	}
	return s
}

// iovecText shows the beginning of each buffer, up to limit bytes of them all.
func (t *Thread) iovecText(addr, n, limit uint64) string {
	return listText(t, addr, n, cloudabi.IovecSize, func(b []byte) string {
		var v cloudabi.Iovec
		v.Get(b)
		v.BufLen = min(v.BufLen, limit)
		limit -= v.BufLen
		return t.quoted(v.Buf, v.BufLen, shownBytes)
	})
}

// structText shows a structure in guest memory.
func structText(t *Thread, addr uint64, size int, text func([]byte) string) string {
	b := make([]byte, size)
	if t.load(b, addr) != 0 {
		return hexText(addr)
	}
	return text(b)
}

// listText shows the first few of the n elements at addr.
func listText(t *Thread, addr, n uint64, size int, text func([]byte) string) string {
	var parts []string
	for i := range min(n, shownElements) {
		parts = append(parts, structText(t, addr+i*uint64(size), size, text))
	}
	if n > shownElements {
		parts = append(parts, fmt.Sprintf("… %d more", n-shownElements))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (n numbering) fdstatText(b []byte) string {
	var s cloudabi.Fdstat
	s.Get(b)
	n.readFdstat(&s)
	return fmt.Sprintf("{%v, flags=%v, base=%s, inheriting=%s}",
		s.Filetype, s.Flags, RightsText(s.RightsBase), RightsText(s.RightsInheriting))
}

// RightsText names a word of rights in short: the names, or the kind it is the
// largest set of.
func RightsText(r cloudabi.Rights) string {
	if r == cloudabi.RightsAll {
		return "all"
	}
	for _, kind := range []cloudabi.Filetype{
		cloudabi.FiletypeDirectory, cloudabi.FiletypeRegularFile, cloudabi.FiletypeSharedMemory,
		cloudabi.FiletypeSocketStream, cloudabi.FiletypeProcess,
	} {
		switch most := cloudabi.LargestRights(kind); r {
		case 0:
			return "0"
		case most.Base:
			return "all-of-" + kind.String()
		case most.Inheriting:
			return "all-below-" + kind.String()
		}
	}
	return r.String()
}

func filestatText(b []byte) string {
	var s cloudabi.Filestat
	s.Get(b)
	return fmt.Sprintf("{%v, size=%d, nlink=%d, ino=%d, mtim=%s}", s.Filetype, s.Size, s.Nlink, s.Ino, timestampText(uint64(s.Mtim)))
}

func threadattrText(b []byte) string {
	var s cloudabi.Threadattr
	s.Get(b)
	return fmt.Sprintf("{entry=%#x, stack=%#x+%#x, argument=%#x}", s.EntryPoint, s.Stack, s.StackLen, s.Argument)
}

func subscriptionText(b []byte) string {
	var s cloudabi.Subscription
	s.Get(b)
	switch s.Type {
	case cloudabi.EventtypeClock:
		how := "+"
		if s.ClockFlags&cloudabi.SubscriptionClockAbstime != 0 {
			how = "="
		}
		return fmt.Sprintf("clock %v%s%s", s.ClockId, how, timestampText(uint64(s.ClockTimeout)))
	case cloudabi.EventtypeCondvar:
		return fmt.Sprintf("condvar %#x %v, lock %#x %v", s.Condvar, s.CondvarScope, s.CondvarLock, s.CondvarLockScope)
	case cloudabi.EventtypeLockRdlock, cloudabi.EventtypeLockWrlock:
		return fmt.Sprintf("%v %#x %v", s.Type, s.Lock, s.LockScope)
	case cloudabi.EventtypeFdRead, cloudabi.EventtypeFdWrite:
		return fmt.Sprintf("%v %d", s.Type, s.FdReadwriteFd)
	case cloudabi.EventtypeProcTerminate:
		return fmt.Sprintf("%v %d", s.Type, s.ProcTerminateFd)
	}
	return s.Type.String()
}

// changeText is a subscription of 2015, with what is to be done with it.
func changeText(b []byte) string {
	var s cloudabi.Subscription2015
	s.Get(b)
	if s.Flags == 0 {
		return subscriptionText(b)
	}
	return s.Flags.String() + " " + subscriptionText(b)
}

func eventText(b []byte) string {
	var e cloudabi.Event2015
	e.Get(b)
	s := e.Type.String()
	switch e.Type {
	case cloudabi.EventtypeFdRead, cloudabi.EventtypeFdWrite:
		s += fmt.Sprintf(" %d nbytes=%d", e.FdReadwriteFd, e.FdReadwriteNbytes)
		if e.FdReadwriteFlags != 0 {
			s += " " + e.FdReadwriteFlags.String()
		}
	case cloudabi.EventtypeProcTerminate:
		if s += fmt.Sprintf(" %d", e.ProcTerminateFd); e.ProcTerminateSignal != 0 {
			s += fmt.Sprintf(" signal=%v", e.ProcTerminateSignal)
		} else if e.Error == 0 {
			s += fmt.Sprintf(" exitcode=%d", e.ProcTerminateExitcode)
		}
	}
	if e.Error != 0 {
		s += " " + e.Error.String()
	}
	return s
}
