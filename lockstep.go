package nuage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
	"github.com/nuage-emu/nuage/argdata"
	"github.com/nuage-emu/nuage/cpu"
	"github.com/nuage-emu/nuage/jit"
	"github.com/nuage-emu/nuage/jit/lockstep"
	"github.com/nuage-emu/nuage/memory"
)

// LockstepOptions say how [Lockstep] runs a program.
type LockstepOptions struct {
	// Options are those of both machines, which are deterministic whatever
	// they say. Engine and Memory are not looked at: the interpreter has paged
	// memory, the translator the window. The trace is the interpreter's.
	Options Options
	// Every is how many instructions lie between two comparisons, on average;
	// 0 begins with few and lets them grow to about a thousand. Generated code
	// runs up to the end of a slice as far as it fits there as a whole, so very
	// small numbers leave much to the interpreter on both sides.
	Every uint64
}

// LockstepResult is what came of a [Lockstep].
type LockstepResult struct {
	Status ExitStatus // the interpreter's
	Where  string     // the place in the program where a fault in Status was, if it has a name
	// Difference is nil if there was none; its String is a report.
	Difference *lockstep.Difference
	Counts     lockstep.Counts
	// Stats are those of the translator's machine.
	Stats Stats
}

// Lockstep runs an x86-64 program on two deterministic machines side by side, by
// the interpreter and by the translator, and compares them: how far each thread
// is, its registers, every system call, and memory. It ends at the first
// difference; the program is then run again a few times, to find the
// instruction. This is for finding out what is wrong with a translator.
//
// Both programs see the same input and the world sees one output: streams are
// read once and written once. Directories and files of the host are not
// changed: what the program changes stays in memory, and is gone in the end.
// Two capabilities for the same place do not see each other's changes. Network
// connections and listening sockets cannot be given to two programs; asking for
// that is an error. A program that stops itself is let go on.
//
// The error is about starting it; [jit.ErrUnavailable] is among them. Files that
// the program is given must not change meanwhile.
func Lockstep(ctx context.Context, image *Image, config Config, o LockstepOptions) (*LockstepResult, error) {
	if o.Options.Checked {
		return nil, errors.New("nuage: engine jit does not check the upper halves of addresses, so it cannot run in lockstep with them checked")
	}
	l := &locksteps{image: image, o: o}
	defer l.close()
	if err := l.available(); err != nil {
		return nil, err
	}
	if err := l.prepare(config); err != nil {
		return nil, err
	}
	r, err := l.run(ctx, lockstep.Closer{})
	if err != nil {
		return nil, err
	}
	if r.Difference != nil {
		r.Difference = l.closer(ctx, r.Difference)
	}
	return r, nil
}

// locksteps are the runs of one program in lockstep.
type locksteps struct {
	image  *Image
	o      LockstepOptions
	config [2]Config
	twins  []*twin
}

// available says whether there is a translator to compare with.
func (l *locksteps) available() error {
	if l.image.Arch() != cpu.X86_64 {
		return fmt.Errorf("lockstep: %w for %v", jit.ErrUnavailable, l.image.Arch())
	}
	if _, err := jit.Host(); err != nil {
		return fmt.Errorf("lockstep: %w", err)
	}
	return nil
}

// prepare makes what each side is given.
func (l *locksteps) prepare(config Config) error {
	c := converter{capabilities: config.Capabilities}
	value, err := c.value(config.Args, 0)
	if err != nil {
		return fmt.Errorf("nuage: arguments: %w", err)
	}
	named := map[uint32]bool{}
	if _, order, err := argdata.Encode(value, func(i uint32) bool { return uint64(i) < uint64(len(c.capabilities)) }); err == nil {
		for _, i := range order {
			named[i] = true
		}
	}
	trace := config.Trace
	if trace == nil {
		trace = l.o.Options.Trace
	}
	for side := range l.config {
		l.config[side] = config
		l.config[side].Args, l.config[side].Capabilities = value, make([]*Capability, len(c.capabilities))
		l.config[side].Stopped = func(p *Process, _ cloudabi.Signal) { p.Continue() }
		l.config[side].Trace = nil
	}
	l.o.Options.Trace = trace
	for i, capability := range c.capabilities {
		if !named[uint32(i)] {
			for side := range l.config {
				l.config[side].Capabilities[i] = capability
			}
			continue
		}
		t, err := capability.twin()
		if err != nil {
			return &OpenError{capability, err}
		}
		l.twins = append(l.twins, t)
		for side := range l.config {
			d := *capability
			d.make, d.once = func(m *Machine, image *Image) (abi.Object, error) { return t.make(side, m, image) }, false
			l.config[side].Capabilities[i] = &d
		}
	}
	return nil
}

func (l *locksteps) close() {
	for _, t := range l.twins {
		t.end()
	}
}

// run runs both sides once.
func (l *locksteps) run(outer context.Context, closer lockstep.Closer) (*LockstepResult, error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(outer))
	defer cancel()
	r := &runOfBoth{l: l, again: closer != lockstep.Closer{}}
	r.pair = lockstep.New(lockstep.Options{Every: l.o.Every, Trial: r.trial, Symbol: r.symbol, Ended: cancel, Closer: closer})
	defer context.AfterFunc(outer, func() { r.abandon(); cancel() })()
	for side := range r.machines {
		if err := r.machine(side); err != nil {
			return nil, errors.Join(err, r.close())
		}
	}
	for side := range r.machines {
		p, err := r.machines[side].Start(ctx, l.image, l.config[side])
		if err != nil {
			return nil, errors.Join(err, r.close())
		}
		r.processes[side] = p
	}
	if limit := l.o.Options.Limits.WallTime; limit != 0 && limit != NoLimit {
		defer time.AfterFunc(time.Duration(limit), func() { r.timeout(limit) }).Stop()
	}
	status := r.wait()
	counts, difference := r.pair.Outcome()
	if difference == nil && !r.left {
		difference = r.ends(status, counts)
	}
	result := &LockstepResult{Status: status[lockstep.Reference], Difference: difference, Counts: counts}
	if f := result.Status.Fault; f != nil {
		result.Where = r.symbol(f.Stop.PC)
	}
	err := r.close()
	result.Stats = r.machines[lockstep.Subject].Stats()
	return result, err
}

// runOfBoth is one run of the two machines.
type runOfBoth struct {
	l         *locksteps
	again     bool // what is known to differ is run again
	pair      *lockstep.Pair
	machines  [2]*Machine
	processes [2]*Process

	mu   sync.Mutex
	left bool // somebody outside has ended it
}

// machine makes the machine of a side.
func (r *runOfBoth) machine(side int) (err error) {
	o := r.l.o.Options
	o.Deterministic, o.Engine, o.Memory = true, Interpreter, memory.Paged
	o.Limits.WallTime = NoLimit
	if side == lockstep.Subject {
		o.Engine, o.Memory = JIT, memory.Window
	}
	trace := o.Trace
	o.Trace = func(e *TraceEvent) {
		r.pair.Call(side, fmt.Sprintf("process %d, at %d: %v", e.Process, e.Start, e))
		if side == lockstep.Reference && trace != nil && !r.again {
			trace(e)
		}
	}
	if r.machines[side], err = NewMachine(o); err != nil {
		return err
	}
	r.machines[side].engines = func(arch cpu.Arch, space *memory.Space) (cpu.Engine, error) {
		e, err := r.engine(side, arch, space, 0, &r.machines[side].watch)
		if err != nil {
			return nil, err
		}
		return r.pair.Engine(side, space, e), nil
	}
	return nil
}

// engine makes an engine of a side.
func (r *runOfBoth) engine(side int, arch cpu.Arch, space *memory.Space, boundary uint64, watch *watch) (cpu.Engine, error) {
	o := r.l.o.Options
	o.Engine = Interpreter
	reference, err := o.engine(arch, space, nil)
	if err != nil || side == lockstep.Reference || arch != cpu.X86_64 {
		return reference, err
	}
	return watch.translator(space, reference, jit.Options{Metered: true, EveryRun: true, Verify: o.VerifyCode, Boundary: boundary})
}

func (r *runOfBoth) trial(side int, space *memory.Space, boundary uint64) (cpu.Engine, error) {
	return r.engine(side, cpu.X86_64, space, boundary, nil)
}

func (r *runOfBoth) symbol(pc uint64) string {
	p := r.processes[lockstep.Reference]
	if p == nil {
		return ""
	}
	name, off, ok := p.Inspect().Loaded().Symbol(pc)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s+%#x", name, off)
}

// abandon is for those outside who end the programs.
func (r *runOfBoth) abandon() {
	r.mu.Lock()
	r.left = true
	r.mu.Unlock()
	r.pair.Abandon()
}

// timeout ends both programs as the limit of time does.
func (r *runOfBoth) timeout(limit uint64) {
	r.abandon()
	for _, p := range r.processes {
		p.Inspect().KillFor(cloudabi.SIGALRM, fmt.Sprintf("limit of time reached: %v", time.Duration(limit)))
	}
}

// wait waits for the end of both programs.
func (r *runOfBoth) wait() (status [2]ExitStatus) {
	var both sync.WaitGroup
	for side, p := range r.processes {
		both.Go(func() {
			status[side], _ = p.Wait(context.Background()) // cannot fail
			r.pair.Finished(side)
		})
	}
	both.Wait()
	return status
}

// ends compares how the two programs have ended.
func (r *runOfBoth) ends(status [2]ExitStatus, counts lockstep.Counts) *lockstep.Difference {
	texts := [2]string{status[0].String(), status[1].String()}
	if texts[0] == texts[1] {
		if len(r.machines[0].Processes())+len(r.machines[1].Processes()) > 0 {
			return nil // other processes go on
		}
		for side := range texts {
			texts[side] = fmt.Sprintf("digest %#x", r.machines[side].Digest())
		}
	}
	if texts[0] == texts[1] {
		return nil
	}
	return &lockstep.Difference{
		What:       fmt.Sprintf("the end is not the same: %s by the interpreter, %s by the translator", texts[0], texts[1]),
		Comparison: counts.Comparisons, Instructions: counts.Instructions,
	}
}

func (r *runOfBoth) close() error {
	r.pair.Abandon()
	var errs []error
	for _, m := range r.machines {
		if m != nil {
			errs = append(errs, m.Close())
		}
	}
	return errors.Join(errs...)
}

// Looking closer at a difference: in each run, memory is compared at this many
// more places between the last that was the same and the first that was not.
const (
	closerSteps = 64
	maxCloser   = 8
)

// closer runs the program again to find the instruction.
func (l *locksteps) closer(ctx context.Context, first *lockstep.Difference) *lockstep.Difference {
	best := first
	failed := func(why string) *lockstep.Difference {
		best.What += "\n(" + why + ")"
		return best
	}
	for _, t := range l.twins {
		if t.forgotten() {
			return failed("the program has read or written more than is kept to run it again; the instruction is not known")
		}
	}
	again := func(c lockstep.Closer) *lockstep.Difference {
		r, err := l.run(ctx, c)
		if err != nil || ctx.Err() != nil {
			return nil
		}
		return r.Difference
	}
	lo, hi := first.Good, first.Comparison
	for n := 0; hi-lo > 1 && n < maxCloser; n++ {
		d := again(lockstep.Closer{From: max(lo, 1), Every: max(1, (hi-lo)/closerSteps)})
		if d == nil {
			return failed("a second run did not come to it; the instruction is not known")
		}
		best, lo, hi = d, d.Good, d.Comparison
	}
	if hi == 0 {
		return best
	}
	d := again(lockstep.Closer{From: ^uint64(0), Examine: hi})
	if d == nil {
		return failed("a last run did not come to it; the instruction is not known")
	}
	d.Comparison, d.Slice = best.Comparison, best.Slice
	return d
}
