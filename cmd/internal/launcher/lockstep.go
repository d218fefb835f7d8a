package launcher

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// Differ is the exit status of a run in lockstep that has found a difference.
const Differ = 126

// Lockstep runs the program by interpreter and translator side by side. It is
// like [Run], but for the status [Differ] and a report on standard error when
// they differ; every is how many instructions lie between two comparisons, 0 the
// package's choice. A request of the host to end ends both programs.
func Lockstep(o Options, every uint64) (status int, err error) {
	image, err := nuage.LoadFile(o.Program)
	if err != nil {
		return Failed, err
	}
	defer image.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	config, described, err := arguments(ctx, o.Config)
	if err != nil {
		return Failed, err
	}
	config.Generation, config.StartForm, config.StackSize = o.Generation, o.StartForm, o.StackSize
	asked := o.Requests.take()
	var request atomic.Uint32
	go func() {
		select {
		case s := <-asked:
			request.Store(uint32(meaning[s]))
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := o.perfMap(); err != nil {
		return Failed, err
	}
	begin := time.Now()
	r, err := nuage.Lockstep(ctx, image, config, nuage.LockstepOptions{Options: o.Machine, Every: every})
	if err != nil {
		return Failed, located(err, config, described)
	}
	if o.Stats {
		elapsed := time.Since(begin)
		defer func() { WriteStats(o.Stderr, r.Stats, elapsed) }()
	}
	if r.Difference != nil {
		fmt.Fprintf(o.Stderr, "%s: %s: %s\n", o.Command, o.Program, strings.TrimRight(r.Difference.String(), "\n"))
		return Differ, nil
	}
	if sig := cloudabi.Signal(request.Load()); sig != 0 {
		fmt.Fprintf(o.Stderr, "%s: %s: ended by signal %v; no difference in %d comparisons\n", o.Command, o.Program, sig, r.Counts.Comparisons)
		return SignalStatus(sig), nil
	}
	fmt.Fprintf(o.Stderr, "%s: %s: no difference in %d comparisons after %d instructions and %d system calls\n",
		o.Command, o.Program, r.Counts.Comparisons, r.Counts.Instructions, r.Counts.Calls)
	where := ""
	if r.Where != "" {
		where = ", in " + r.Where
	}
	return o.report(where, r.Status), nil
}
