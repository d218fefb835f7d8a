package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/nuage-emu/nuage"
	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// startup measures a program that prints one line and ends, in every column,
// in turns.
func (s *session) startup(ctx context.Context) (map[string][]sample, error) {
	s.log("start-up")
	all := map[string][]sample{}
	for range 1 + 6*s.options.Runs {
		for _, c := range s.columns {
			r, err := s.run(ctx, c, helloProgram, 0)
			if err != nil {
				return nil, err
			}
			all[c.name] = append(all[c.name], r)
		}
	}
	for name, list := range all {
		all[name] = list[1:] // the first one reads the files
	}
	return all, nil
}

// idlePrograms is how many idle programs the memory of one is taken from.
const idlePrograms = 50

// idle measures what one more idle program costs in memory, in a process of
// its own: bytes, a figure for each run, by the columns' names.
func (s *session) idle(ctx context.Context) (map[string][]float64, error) {
	s.log("memory of idle programs")
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	all := map[string][]float64{}
	for range s.options.Runs {
		for _, c := range s.columns {
			if c.engine == "" {
				continue
			}
			out, err := command(ctx, s.root, nil, self, "--idle", strconv.Itoa(idlePrograms), "--engine", c.engine)
			if err != nil {
				return nil, err
			}
			bytes, err := strconv.ParseFloat(strings.TrimSpace(out), 64)
			if err != nil {
				return nil, err
			}
			all[c.name] = append(all[c.name], bytes)
		}
	}
	return all, nil
}

// printIdle starts programs, stops each as soon as it has begun, and prints
// by how many bytes each has made this process larger.
func printIdle(ctx context.Context, w io.Writer, count int, engine string) error {
	root, err := findRoot()
	if err != nil {
		return err
	}
	image, err := nuage.LoadFile(root + "/bench/bin/x86_64/" + helloProgram)
	if err != nil {
		return err
	}
	defer image.Close()
	none := nuage.Limits{Memory: nuage.NoLimit, Threads: nuage.NoLimit, Processes: nuage.NoLimit}
	m, err := nuage.NewMachine(nuage.Options{Limits: none, Engine: engineNamed(engine)})
	if err != nil {
		return err
	}
	defer m.Close()
	const warm = 5 // pays for what is needed once
	var before int64
	for i := range warm + count {
		if i == warm {
			if before, err = resident(); err != nil {
				return err
			}
		}
		if err := startIdle(ctx, m, image); err != nil {
			return err
		}
	}
	after, err := resident()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, (after-before)/int64(count))
	return err
}

// startIdle starts a program that would run for hours, and stops it once it
// has read the clock, which it does when it begins to compute.
func startIdle(ctx context.Context, m *nuage.Machine, image *nuage.Image) error {
	begun := make(chan struct{}, 1)
	p, err := m.Start(ctx, image, nuage.Config{
		Args: map[string]any{"out": nuage.Writer(io.Discard), "n": int64(1) << 40},
		Trace: func(*nuage.TraceEvent) {
			select {
			case begun <- struct{}{}:
			default:
			}
		},
	})
	if err != nil {
		return err
	}
	select {
	case <-begun:
		p.Stop()
		return nil
	case <-p.Done():
		return fmt.Errorf("%s ended instead of computing", helloProgram)
	case <-ctx.Done():
		p.Kill(cloudabi.SIGKILL)
		return context.Cause(ctx)
	}
}

// resident is the resident memory of this process in bytes, after garbage has
// been collected and given back.
func resident() (int64, error) {
	runtime.GC()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status does not give VmRSS")
}
