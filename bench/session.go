package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"time"
)

// session is one course of measurements: build, see what can be measured, find
// a fitting n for each program in each column, then measure in rounds, so that
// a disturbance of some seconds meets all columns alike.
type session struct {
	options  options
	root     string            // of the repository
	work     string            // a temporary directory for what is built
	tools    map[string]string // paths of the installed peers
	programs []program
	columns  []*column // the first one is native
	leftOut  []leftOut
	began    time.Time
}

func newSession(ctx context.Context, o options) (s *session, err error) {
	s = &session{options: o, tools: map[string]string{}, began: time.Now()}
	if s.root, err = findRoot(); err != nil {
		return nil, err
	}
	if s.programs, err = choose(s.root, o.Programs); err != nil {
		return nil, err
	}
	if s.work, err = os.MkdirTemp("", "nuage-bench-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if err := s.buildTools(ctx); err != nil {
		return nil, err
	}
	s.log("building the programs for the host")
	if err := s.buildAll(ctx, "host"); err != nil {
		return nil, err
	}
	if o.Golden {
		return s, nil
	}
	return s, s.findColumns(ctx, o.Columns)
}

func (s *session) close() { _ = os.RemoveAll(s.work) }

// log says on standard error what is going on.
func (s *session) log(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench %5.0fs  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}

// cell is one program in one column.
type cell struct {
	program *program
	column  *column
	shift   int
	zeros   []sample // runs with n = 0
	runs    []sample
	pairs   []sample // the native run beside each of runs
}

func (s *session) measure(ctx context.Context) (*report, error) {
	machine := describe(ctx)
	startup, err := s.startup(ctx)
	if err != nil {
		return nil, err
	}
	idle, err := s.idle(ctx)
	if err != nil {
		return nil, err
	}
	cells, natives, err := s.plan(ctx)
	if err != nil {
		return nil, err
	}
	for round := range s.options.Runs {
		for i, c := range cells {
			if i == 0 || c.program != cells[i-1].program {
				s.log("round %d of %d: %s", round+1, s.options.Runs, c.program.name)
				if err := s.zero(ctx, natives[c.program.name], natives); err != nil {
					return nil, err
				}
			}
			if err := s.pair(ctx, c, natives); err != nil {
				return nil, err
			}
		}
	}
	speeds, err := s.speeds(ctx, cells, natives)
	if err != nil {
		return nil, err
	}
	r := s.report(machine, cells, natives)
	r.addCosts(startup, idle, speeds)
	return r, nil
}

// plan makes the cells and finds each one's n.
func (s *session) plan(ctx context.Context) (cells []*cell, natives map[string]*cell, err error) {
	natives = map[string]*cell{}
	for i := range s.programs {
		p := &s.programs[i]
		s.log("choosing n: %s", p.name)
		natives[p.name] = &cell{program: p, column: &native}
		if err := s.zero(ctx, natives[p.name], natives); err != nil {
			return nil, nil, err
		}
		for _, column := range s.columns[1:] {
			c := &cell{program: p, column: column}
			if err := s.pilot(ctx, c, natives); err != nil {
				return nil, nil, err
			}
			cells = append(cells, c)
		}
	}
	return cells, natives, nil
}

// pilot finds the largest n that keeps a run within the wanted time: from a
// small one up, until there is enough to tell by.
func (s *session) pilot(ctx context.Context, c *cell, natives map[string]*cell) error {
	if err := s.zero(ctx, c, natives); err != nil {
		return err
	}
	wanted := s.options.Seconds * 1e9
	for shift := maxShift; ; shift = max(0, shift-3) {
		r, err := s.run(ctx, c.column, c.program.name, c.program.scaled(shift))
		if err != nil {
			return err
		}
		net := r.CPU - c.zeros[0].CPU
		if net > wanted/20 || shift == 0 {
			c.shift = fitting(shift, net, wanted)
			return nil
		}
	}
}

// fitting is the shift whose run takes no more than the wanted time, or a
// little, if one with the given shift takes net. Half of it is the least.
func fitting(shift int, net, wanted float64) int {
	if net <= 0 {
		return 0
	}
	more := int(math.Floor(math.Log2(1.2 * wanted / net)))
	return min(max(shift-more, 0), maxShift)
}

// zero runs the program with n = 0.
func (s *session) zero(ctx context.Context, c *cell, natives map[string]*cell) error {
	r, err := s.run(ctx, c.column, c.program.name, 0)
	if err != nil {
		return err
	}
	c.zeros = append(c.zeros, r)
	return agree(c, r, natives[c.program.name].zeros[0])
}

// pair measures the cell once. Native runs that are too short to be exact are
// repeated, and the median of their times taken.
func (s *session) pair(ctx context.Context, c *cell, natives map[string]*cell) error {
	if err := s.zero(ctx, c, natives); err != nil {
		return err
	}
	n := c.program.scaled(c.shift)
	var cpu []float64
	var beside sample
	for range min(1<<c.shift/8+1, 5) {
		r, err := s.run(ctx, &native, c.program.name, n)
		if err != nil {
			return err
		}
		cpu, beside = append(cpu, r.CPU), r
	}
	beside.CPU = median(cpu)
	r, err := s.run(ctx, c.column, c.program.name, n)
	if err != nil {
		return err
	}
	c.runs, c.pairs = append(c.runs, r), append(c.pairs, beside)
	return agree(c, r, beside)
}

// agree compares a run's checksum with that of the native run of the same n.
func agree(c *cell, r, want sample) error {
	if r.N == want.N && r.Checksum == want.Checksum {
		return nil
	}
	return fmt.Errorf("%s in column %s computes something else: n = %d gives %s, natively n = %d gives %s",
		c.program.name, c.column.name, r.N, r.Checksum, want.N, want.Checksum)
}

// net is the CPU time of each run without start-up: less the median of the
// runs with n = 0.
func net(runs, zeros []sample) []float64 {
	var base, list []float64
	for _, z := range zeros {
		base = append(base, z.CPU)
	}
	start := median(base)
	for _, r := range runs {
		list = append(list, max(r.CPU-start, 1))
	}
	return list
}

// ratios are those of the pairs.
func (c *cell) ratios(natives map[string]*cell) []float64 {
	mine, theirs := net(c.runs, c.zeros), net(c.pairs, natives[c.program.name].zeros)
	for i := range mine {
		mine[i] /= theirs[i]
	}
	return mine
}
