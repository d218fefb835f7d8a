package launcher

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/elf"
	"github.com/nuage-emu/nuage/launch"
)

// Options are what to run, and how.
type Options struct {
	Command string // the name of the launcher itself, for messages
	Program string // path of the program
	Config  *launch.Config
	// Requests are from Listen, if that was called early; nil is right, too.
	Requests *Requests

	Machine    nuage.Options // Trace included
	Generation abi.Generation
	StartForm  elf.Generation
	StackSize  uint64

	Stderr io.Writer
	// Registers are printed too when an instruction ends the program.
	Registers bool
	// Stats has counters printed in the end.
	Stats bool
	// PerfMap has the names of translated code written where perf looks.
	PerfMap bool
}

// Run starts the program, waits for its end, and returns the exit status: the
// program's own, or for a death by signal 128 and the signal's number, with a
// line on standard error. An error is about starting it: status [Failed].
//
// A request of the host to end (interrupt, terminate) is passed on to the
// program as that signal. A program that stops itself stays so until the host
// sends this process the signal to continue. This process does not stop with
// it: limits and requests to end go on to work.
func Run(o Options) (status int, err error) {
	ctx := context.Background()
	image, err := nuage.LoadFile(o.Program)
	if err != nil {
		return Failed, err
	}
	defer image.Close()
	config, described, err := arguments(ctx, o.Config)
	if err != nil {
		return Failed, err
	}
	config.Generation, config.StartForm, config.StackSize = o.Generation, o.StartForm, o.StackSize
	if err := o.perfMap(); err != nil {
		return Failed, err
	}
	machine, err := nuage.NewMachine(o.Machine)
	if err != nil {
		return Failed, err
	}
	defer machine.Close()
	asked := o.Requests.take()
	config.Stopped = func(_ *nuage.Process, sig cloudabi.Signal) {
		// Only now, since the runtime takes 0.1 ms to prepare for a signal.
		if continueSignal != nil {
			signal.Notify(asked, continueSignal)
		}
		o.stopped(sig)
	}
	begin := time.Now()
	process, err := machine.Start(ctx, image, config)
	if err != nil {
		return Failed, located(err, config, described)
	}
	s := wait(process, asked)
	elapsed := time.Since(begin)
	status = o.report(place(process, s), s)
	if o.Stats {
		_ = machine.Close() // which cannot fail; other processes end, and count
		WriteStats(o.Stderr, machine.Stats(), elapsed)
	}
	return status, nil
}

// perfMap opens the file for perf, if it is wanted.
func (o *Options) perfMap() error {
	if !o.PerfMap {
		return nil
	}
	f, err := nuage.CreatePerfMap()
	if err != nil {
		return fmt.Errorf("the map for perf cannot be written: %w", err)
	}
	o.Machine.PerfMap = f // open until this process ends
	return nil
}

func wait(p *nuage.Process, asked <-chan os.Signal) nuage.ExitStatus {
	for {
		select {
		case s := <-asked:
			if s == continueSignal {
				p.Continue()
			} else {
				p.Kill(meaning[s])
			}
		case <-p.Done():
			status, _ := p.Wait(context.Background()) // cannot fail any more
			return status
		}
	}
}

// stopped tells people why nothing happens any more.
func (o *Options) stopped(sig cloudabi.Signal) {
	how := "interrupt it to end it"
	if continueSignal != nil {
		how = fmt.Sprintf("kill -CONT %d lets it go on", os.Getpid())
	}
	fmt.Fprintf(o.Stderr, "%s: %s: stopped itself by signal %v; %s\n", o.Command, o.Program, sig, how)
}

// report says how the program died, if it did, and where, and returns the exit
// status.
func (o *Options) report(place string, s nuage.ExitStatus) int {
	if s.Signal == 0 {
		return int(s.Code)
	}
	fmt.Fprintf(o.Stderr, "%s: %s: %s\n", o.Command, o.Program, oneLine(s.String()+place))
	if o.Registers && s.Fault != nil {
		fmt.Fprintln(o.Stderr, strings.TrimRight(s.Fault.Registers, "\n"))
	}
	return SignalStatus(s.Signal)
}

// place names the function in which the program died.
func place(p *nuage.Process, s nuage.ExitStatus) string {
	if s.Fault == nil {
		return ""
	}
	name, off, ok := p.Inspect().Loaded().Symbol(s.Fault.Stop.PC)
	if !ok {
		return ""
	}
	return fmt.Sprintf(", in %s+%#x", name, off)
}

// oneLine keeps a message to one line, whatever got into it.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
