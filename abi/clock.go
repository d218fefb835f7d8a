package abi

import (
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/elf"
)

func (t *Thread) clockResGet(a *args) cloudabi.Errno {
	id := cloudabi.Clockid(a.v[0])
	if id < cloudabi.ClockMonotonic || id > cloudabi.ClockThreadCputimeId {
		return cloudabi.EINVAL
	}
	a.out[0] = t.machine.host.Resolution(id)
	return cloudabi.ESUCCESS
}

func (t *Thread) clockTimeGet(a *args) cloudabi.Errno {
	host := t.machine.host
	switch cloudabi.Clockid(a.v[0]) {
	case cloudabi.ClockMonotonic:
		a.out[0] = host.Monotonic()
	case cloudabi.ClockRealtime:
		a.out[0] = host.Realtime()
	case cloudabi.ClockProcessCputimeId:
		a.out[0] = t.proc.CPUTime()
	case cloudabi.ClockThreadCputimeId:
		a.out[0] = t.busy(host.Monotonic())
	default:
		return cloudabi.EINVAL
	}
	return cloudabi.ESUCCESS
}

// deadline turns a clock subscription into a time of the host's monotonic
// clock. A time of the realtime clock is converted once, so that a later step
// of that clock goes unnoticed, as on existing systems.
func (t *Thread) deadline(s *cloudabi.Subscription, absolute bool) (uint64, cloudabi.Errno) {
	host := t.machine.host
	timeout := uint64(s.ClockTimeout)
	now := host.Monotonic()
	reference := now
	switch s.ClockId {
	case cloudabi.ClockMonotonic:
	case cloudabi.ClockRealtime:
		if absolute {
			reference = host.Realtime()
		}
	case cloudabi.ClockProcessCputimeId, cloudabi.ClockThreadCputimeId:
		return 0, cloudabi.ENOTSUP
	default:
		return 0, cloudabi.EINVAL
	}
	if absolute {
		timeout -= min(timeout, reference)
		if s.ClockTimeout == Forever {
			timeout = Forever
		}
	}
	if timeout >= Forever-now {
		return Forever, cloudabi.ESUCCESS
	}
	return now + timeout, cloudabi.ESUCCESS
}

// ownClock is the call by which the program reads clocks, if an engine may
// answer it alone: nobody looks at the calls, and clocks are the system's.
func (t *Thread) ownClock() *cpu.Clock {
	system, ok := t.machine.host.(SystemClock)
	vdso := t.proc.program.vdso
	if !ok || t.proc.trace != nil || vdso.Start == vdso.End {
		return nil
	}
	offset, itself := system.SystemClock()
	if itself != t.machine.host {
		return nil
	}
	return &cpu.Clock{
		PC:        vdso.Start + elf.VDSO(t.cpu.State.Arch()).Trap(cloudabi.CallClockTimeGet),
		Number:    vdsoBase + uint64(cloudabi.CallClockTimeGet),
		Monotonic: uint64(cloudabi.ClockMonotonic),
		Realtime:  uint64(cloudabi.ClockRealtime),
		Offset:    offset,
	}
}
