package launcher

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// Requests are the host's requests to end: interrupt and terminate. Until a
// program takes them they end this process, with the status that the program
// would have had.
type Requests struct {
	asked chan os.Signal
	ready chan struct{} // closed when the runtime passes signals on
	taken chan struct{} // closed when they are the program's
}

// meaning is what the requests are to the guest.
var meaning = map[os.Signal]cloudabi.Signal{
	os.Interrupt:    cloudabi.SIGINT,
	syscall.SIGTERM: cloudabi.SIGTERM,
}

// Listen prepares for requests, beside what the caller goes on to do: it takes
// the runtime a quarter of a millisecond and three threads, so it is the first
// thing that a command does which runs a program. It is never undone, which would
// take as long again: a process that listens ends with the program.
func Listen() *Requests {
	r := &Requests{make(chan os.Signal, 1), make(chan struct{}), make(chan struct{})}
	go func() {
		signal.Notify(r.asked, os.Interrupt, syscall.SIGTERM)
		close(r.ready)
		select {
		case s := <-r.asked:
			os.Exit(SignalStatus(meaning[s]))
		case <-r.taken:
		}
	}()
	return r
}

// take makes the requests the caller's, and returns when none can be missed any
// more. Without Listen, of nobody's requests, it listens first.
func (r *Requests) take() chan os.Signal {
	if r == nil {
		r = Listen()
	}
	close(r.taken)
	<-r.ready
	return r.asked
}
