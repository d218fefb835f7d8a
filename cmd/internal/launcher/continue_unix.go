//go:build unix

package launcher

import (
	"os"
	"syscall"
)

// continueSignal is the host's request to go on after a stop.
var continueSignal os.Signal = syscall.SIGCONT
