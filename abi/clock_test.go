package abi

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/elf"
)

type systemHost struct{ testHost }

func (h *systemHost) SystemClock() (uint64, Host) { return 77, h }

// TestOwnClock: engines may read clocks on their own only if nobody can tell.
func TestOwnClock(t *testing.T) {
	host := &systemHost{}
	thread := func(h Host) *Thread {
		th := &Thread{machine: &Machine{host: h}, proc: &Process{program: &program{vdso: addressRange{0x10000, 0x20000}}}}
		th.cpu.State = &scriptState{}
		return th
	}
	th := thread(host)
	c := th.ownClock()
	require.NotNil(t, c)
	require.Equal(t, uint64(77), c.Offset)
	id, ok := elf.VDSO(th.cpu.State.Arch()).StubAt(c.PC - 0x10000)
	require.True(t, ok)
	require.Equal(t, cloudabi.CallClockTimeGet, id)

	require.Nil(t, thread(&testHost{}).ownClock(), "other clocks")
	require.Nil(t, thread(struct{ *systemHost }{host}).ownClock(), "a host inside another, which may have its own")
	th.proc.trace = func(*TraceEvent) {}
	require.Nil(t, th.ownClock(), "somebody looks at calls")
	th = thread(host)
	th.proc.program.vdso = addressRange{}
	require.Nil(t, th.ownClock(), "a program of 2015")
}
