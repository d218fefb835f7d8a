//go:build linux && amd64

package jit

import (
	_ "unsafe" // for linkname

	"golang.org/x/sys/unix"

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

var hasFSGS = hasFSGSBase()

// vdsoClock is where the host's vDSO reads clocks; 0 if it does not.
var vdsoClock = vdsoClockgettimeSym

//go:linkname vdsoClockgettimeSym runtime.vdsoClockgettimeSym
var vdsoClockgettimeSym uintptr

func enter(s *x86.State)

func addresses() (handler, exit, missed uintptr)

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
		_, exit, missed := addresses()
		return gate{out: exit, missed: missed}
	}
	return portableGate
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
