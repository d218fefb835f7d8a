//go:build amd64 && (linux || windows || freebsd || darwin)

package jit

import (
	_ "unsafe" // for linkname

	"github.com/nuage-emu/nuage/cpu/x86"
	"github.com/nuage-emu/nuage/jit/rewrite"
)

// For the assembly.
const (
	offR          = rewrite.OffR
	offV          = rewrite.OffV
	offMXCSR      = rewrite.OffMXCSR
	offGoSP       = rewrite.OffGoSP
	offGoBP       = rewrite.OffGoBP
	offHostSP     = rewrite.OffHostSP
	offTarget     = rewrite.OffTarget
	offT0         = rewrite.OffT0
	offT1         = rewrite.OffT1
	offFlags      = rewrite.OffFlags
	offReason     = rewrite.OffReason
	offSignal     = rewrite.OffSignal
	offTrapPC     = rewrite.OffTrapPC
	offTrapAddr   = rewrite.OffTrapAddr
	offRunning    = rewrite.OffRunning
	offKick       = rewrite.OffKick
	offBase       = rewrite.OffBase
	offFSBase     = rewrite.OffFSBase
	offThreadID   = rewrite.OffThreadID
	offUpper      = rewrite.OffUpper
	offStackLow   = rewrite.OffStackLow
	offFixed      = rewrite.OffFixed
	offClockPC    = rewrite.OffClockPC
	offClockCall  = offClockPC + 8
	offClockMono  = offClockPC + 16
	offClockReal  = offClockPC + 24
	offClockAdd   = offClockPC + 32
	offWritePC    = rewrite.OffWritePC
	offWrite      = rewrite.OffWrite
	offWritten    = rewrite.OffWritten
	tableBelow    = rewrite.TableBelow
	exitSyscall   = rewrite.ExitSyscall
	exitTrap      = rewrite.ExitTrap
	exitDirect    = rewrite.ExitDirect
	exitInterpret = rewrite.ExitInterpret
	exitIndirect  = rewrite.ExitIndirect
)

var (
	hasAVX   bool // set with code memory
	hasInUse bool
	goMXCSR  uint32  = 0x1F80
	codeLow  uintptr // executable view of the code memory
	codeSize uintptr
)

func enterPortable(s *x86.State)

//go:linkname entersyscall runtime.entersyscall
func entersyscall()

//go:linkname exitsyscall runtime.exitsyscall
func exitsyscall()

// execute runs generated code until it leaves. For Go the goroutine is in a
// system call meanwhile: a garbage collection does not wait for it.
//
//go:nosplit
func execute(s *x86.State, c rewrite.Convention) {
	entersyscall()
	if c == rewrite.StateInRegister {
		enterPortable(s)
	} else {
		enter(s)
	}
	exitsyscall()
}
