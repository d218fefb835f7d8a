// Package launcher is what nuage run and cloudabi-run have in common: opening
// what a configuration asks for, running the program, and turning its end into
// an exit status and a line on standard error.
//
// It is a thin layer on the embedding API (package nuage) and on package
// launch, which reads configurations. Start reading at [Run].
package launcher

import (
	"fmt"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// Failed is the exit status of everything that goes wrong before the program
// runs (abi/argdata.md section 6).
const Failed = 127

// signalBase is added to the number of a signal to make an exit status, as
// shells have it.
const signalBase = 128

// hostSignals are the numbers that shells and people know the signals by:
// those of Linux on x86-64 and arm64, on every host, so that scripts see the
// same everywhere. CloudABI's own numbers are alphabetical.
var hostSignals = map[cloudabi.Signal]int{
	cloudabi.SIGHUP: 1, cloudabi.SIGINT: 2, cloudabi.SIGQUIT: 3, cloudabi.SIGILL: 4, cloudabi.SIGTRAP: 5,
	cloudabi.SIGABRT: 6, cloudabi.SIGBUS: 7, cloudabi.SIGFPE: 8, cloudabi.SIGKILL: 9, cloudabi.SIGUSR1: 10,
	cloudabi.SIGSEGV: 11, cloudabi.SIGUSR2: 12, cloudabi.SIGPIPE: 13, cloudabi.SIGALRM: 14, cloudabi.SIGTERM: 15,
	cloudabi.SIGCHLD: 17, cloudabi.SIGCONT: 18, cloudabi.SIGSTOP: 19, cloudabi.SIGTSTP: 20, cloudabi.SIGTTIN: 21,
	cloudabi.SIGTTOU: 22, cloudabi.SIGURG: 23, cloudabi.SIGXCPU: 24, cloudabi.SIGXFSZ: 25, cloudabi.SIGVTALRM: 26,
	cloudabi.SIGSYS: 31,
}

// SignalStatus is the exit status for a death by the signal.
func SignalStatus(sig cloudabi.Signal) int {
	if n, ok := hostSignals[sig]; ok {
		return signalBase + n
	}
	panic(fmt.Sprintf("launcher: no host number for %v", sig))
}
