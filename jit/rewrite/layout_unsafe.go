package rewrite

import (
	"unsafe"

	"github.com/nuage-emu/nuage/cpu/x86"
)

// Offsets in x86.State, in bytes.
const (
	OffR         = int32(unsafe.Offsetof(x86.State{}.R))
	OffV         = int32(unsafe.Offsetof(x86.State{}.V))
	OffMXCSR     = int32(unsafe.Offsetof(x86.State{}.MXCSR))
	offContext   = int32(unsafe.Offsetof(x86.State{}.Context))
	OffGoSP      = offContext + int32(unsafe.Offsetof(x86.Context{}.GoSP))
	OffGoBP      = offContext + int32(unsafe.Offsetof(x86.Context{}.GoBP))
	OffHostSP    = offContext + int32(unsafe.Offsetof(x86.Context{}.HostSP))
	OffTarget    = offContext + int32(unsafe.Offsetof(x86.Context{}.Target))
	OffT0        = offContext + int32(unsafe.Offsetof(x86.Context{}.T0))
	OffT1        = offContext + int32(unsafe.Offsetof(x86.Context{}.T1))
	OffFlags     = offContext + int32(unsafe.Offsetof(x86.Context{}.Flags))
	OffReason    = offContext + int32(unsafe.Offsetof(x86.Context{}.Reason))
	OffSignal    = offContext + int32(unsafe.Offsetof(x86.Context{}.Signal))
	OffTrapPC    = offContext + int32(unsafe.Offsetof(x86.Context{}.TrapPC))
	OffTrapAddr  = offContext + int32(unsafe.Offsetof(x86.Context{}.TrapAddr))
	OffRunning   = offContext + int32(unsafe.Offsetof(x86.Context{}.Running))
	OffKick      = offContext + int32(unsafe.Offsetof(x86.Context{}.Kick))
	OffOut       = offContext + int32(unsafe.Offsetof(x86.Context{}.Out))
	OffScratch   = offContext + int32(unsafe.Offsetof(x86.Context{}.Scratch))
	OffScratch2  = offContext + int32(unsafe.Offsetof(x86.Context{}.Scratch2))
	OffDisplaced = offContext + int32(unsafe.Offsetof(x86.Context{}.Displaced))
	OffAlign     = offContext + int32(unsafe.Offsetof(x86.Context{}.Align))
	OffBase      = offContext + int32(unsafe.Offsetof(x86.Context{}.Base))
	OffFSBase    = offContext + int32(unsafe.Offsetof(x86.Context{}.FSBase))
	OffStackLow  = offContext + int32(unsafe.Offsetof(x86.Context{}.StackLow))
	OffFixed     = offContext + int32(unsafe.Offsetof(x86.Context{}.Fixed))
	OffClockPC   = offContext + int32(unsafe.Offsetof(x86.Context{}.ClockPC))
	OffWritePC   = offContext + int32(unsafe.Offsetof(x86.Context{}.WritePC))
	OffWrite     = offContext + int32(unsafe.Offsetof(x86.Context{}.Write))
	OffWritten   = offContext + int32(unsafe.Offsetof(x86.Context{}.Written))
	OffUpper     = offContext + int32(unsafe.Offsetof(x86.Context{}.Upper))
	OffThreadID  = offContext + int32(unsafe.Offsetof(x86.Context{}.ThreadID))
)
