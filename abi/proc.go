package abi

import (
	"fmt"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

func (t *Thread) procExit(a *args) cloudabi.Errno {
	code := a.v[0]
	if a.direct && (a.gen == G0 || a.gen == G1) {
		code &= 0xff // it was a byte until 2015-05-17
	}
	t.proc.Exit(cloudabi.Exitcode(code))
	return cloudabi.ESUCCESS
}

// procRaise sends a signal to the process itself. There are no handlers, so a
// signal terminates, stops, or does nothing.
func (t *Thread) procRaise(a *args) cloudabi.Errno {
	sig := cloudabi.Signal(a.v[0])
	switch sig {
	case 0, cloudabi.SIGCHLD, cloudabi.SIGPIPE, cloudabi.SIGURG, cloudabi.SIGCONT:
		return cloudabi.ESUCCESS
	case cloudabi.SIGSTOP, cloudabi.SIGTSTP, cloudabi.SIGTTIN, cloudabi.SIGTTOU:
		t.proc.stop()
		if f := t.proc.stopped; f != nil {
			f(t.proc, sig)
		}
		return cloudabi.ESUCCESS
	}
	if sig > cloudabi.SIGXFSZ {
		return cloudabi.EINVAL
	}
	t.proc.end(ExitStatus{Signal: sig, Text: fmt.Sprintf("raised by the program, thread %d", t.tid)})
	return cloudabi.ESUCCESS
}
