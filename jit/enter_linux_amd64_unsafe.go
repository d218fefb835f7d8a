//go:build linux && amd64

package jit

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// Offsets in cpu.Write, for the assembly.
const (
	writeNumber  = unsafe.Offsetof(cpu.Write{}.Number)
	writeMost    = unsafe.Offsetof(cpu.Write{}.Most)
	writePlan    = unsafe.Offsetof(cpu.Write{}.Plan)
	writeFD      = unsafe.Offsetof(cpu.Write{}.FD)
	writeHost    = unsafe.Offsetof(cpu.Write{}.Host)
	writeCurrent = unsafe.Offsetof(cpu.Write{}.Current)
	writeUnder   = unsafe.Offsetof(cpu.Write{}.Under)
	writeMade    = unsafe.Offsetof(cpu.Write{}.Made)
)

var hasFSGS = hasFSGSBase()

// vdsoClock is where the host's vDSO reads clocks; 0 if it does not.
var vdsoClock = vdsoClockgettimeSym

//go:linkname vdsoClockgettimeSym runtime.vdsoClockgettimeSym
var vdsoClockgettimeSym uintptr

func enter(s *x86.State)

func addresses() (handler, direct, indirect, syscall, interpret uintptr)

// best is the convention whose code is fastest here: the kernel must let
// programs set GS (Linux 5.9).
func best() rewrite.Convention {
	if hasFSGS {
		return rewrite.StateInGS
	}
	return rewrite.StateInRegister
}

func gateOf(c rewrite.Convention) gate {
	if c == rewrite.StateInGS {
		var g gate
		_, g.out[rewrite.ExitDirect], g.out[rewrite.ExitIndirect], g.out[rewrite.ExitSyscall], g.out[rewrite.ExitInterpret] = addresses()
		return g
	}
	return portableGate()
}

// hasFSGSBase reports whether user code may use RDGSBASE and WRGSBASE.
func hasFSGSBase() bool {
	const atHWCAP2, fsgsbase = 26, 2
	aux, err := unix.Auxv()
	if err != nil {
		return false
	}
	for _, a := range aux {
		if a[0] == atHWCAP2 {
			return a[1]&fsgsbase != 0
		}
	}
	return false
}
