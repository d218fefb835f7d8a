package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
)

// report is all that was measured.
type report struct {
	Machine machine   `json:"machine"`
	Runs    int       `json:"runs"`
	Seconds float64   `json:"seconds"`
	Columns []string  `json:"columns"`
	LeftOut []leftOut `json:"left_out"`
	Cells   []figure  `json:"cells"`
	Means   []mean    `json:"geomeans"`
	Startup []start   `json:"startup"`
	Speeds  []speed   `json:"instructions"`
	// Idle is the memory of an idle program in bytes, by the columns of x86-64
	// programs in Nuage.
	Idle map[string]spreadOf `json:"idle_bytes"`
}

// spreadOf is a figure measured several times.
type spreadOf struct {
	Median float64   `json:"median"`
	Spread float64   `json:"spread"` // (max - min) / median
	Each   []float64 `json:"each"`
}

func newSpread(values []float64) spreadOf {
	return spreadOf{Median: median(values), Spread: spread(values), Each: values}
}

// figure is one program in one column.
type figure struct {
	Program string `json:"program"`
	Group   group  `json:"group"`
	Column  string `json:"column"`
	N       uint64 `json:"n"`
	// Ratio is CPU time to native CPU time, start-up taken off both.
	Ratio spreadOf `json:"ratio"`
	// CPU and NativeCPU are nanoseconds of CPU time without start-up; for
	// system calls, of one call.
	CPU       float64  `json:"cpu_ns"`
	NativeCPU float64  `json:"native_cpu_ns"`
	Samples   []sample `json:"samples"`
	Natives   []sample `json:"native_samples"`
	Zeros     []sample `json:"zero_samples"`
}

// mean is the geometric mean of a group in a column: the median of the rounds'.
type mean struct {
	Group    group    `json:"group"`
	Column   string   `json:"column"`
	Programs int      `json:"programs"`
	Ratio    spreadOf `json:"ratio"`
}

// start is what a program that prints a line and ends takes in a column.
type start struct {
	Column string   `json:"column"`
	Wall   spreadOf `json:"wall_ns"`
	CPU    spreadOf `json:"cpu_ns"`
	PeakKB spreadOf `json:"peak_kb"`
}

func (s *session) report(m machine, cells []*cell, natives map[string]*cell) *report {
	m.Load[1] = load()
	r := &report{Machine: m, Runs: s.options.Runs, Seconds: s.options.Seconds, LeftOut: s.leftOut}
	for _, c := range s.columns {
		r.Columns = append(r.Columns, c.name)
	}
	for _, c := range cells {
		r.Cells = append(r.Cells, newFigure(c, natives))
	}
	r.Means = means(r.Cells, r.Columns[1:])
	return r
}

// addCosts adds what is not of the ratios.
func (r *report) addCosts(startup map[string][]sample, idle map[string][]float64, speeds []speed) {
	for _, c := range r.Columns {
		r.Startup = append(r.Startup, newStart(c, startup[c]))
	}
	r.Idle, r.Speeds = map[string]spreadOf{}, speeds
	for column, bytes := range idle {
		r.Idle[column] = newSpread(bytes)
	}
}

func newFigure(c *cell, natives map[string]*cell) figure {
	f := figure{Program: c.program.name, Group: c.program.group, Column: c.column.name, N: c.program.scaled(c.shift),
		Ratio: newSpread(c.ratios(natives)), Samples: c.runs, Natives: c.pairs, Zeros: c.zeros}
	f.CPU, f.NativeCPU = median(net(c.runs, c.zeros)), median(net(c.pairs, natives[c.program.name].zeros))
	if f.Group == calls {
		f.CPU /= float64(f.N * c.program.calls)
		f.NativeCPU /= float64(f.N * c.program.calls)
	}
	return f
}

func newStart(column string, samples []sample) start {
	var wall, cpu, peak []float64
	for _, r := range samples {
		wall, cpu, peak = append(wall, r.Wall), append(cpu, r.CPU), append(peak, float64(r.PeakKB))
	}
	return start{column, newSpread(wall), newSpread(cpu), newSpread(peak)}
}

// means sums up the groups, round by round.
func means(cells []figure, columns []string) []mean {
	var list []mean
	for _, g := range []group{integer, floating} {
		for _, column := range columns {
			var rounds [][]float64
			programs := 0
			for _, f := range cells {
				if f.Group != g || f.Column != column {
					continue
				}
				programs++
				for i, ratio := range f.Ratio.Each {
					if i == len(rounds) {
						rounds = append(rounds, nil)
					}
					rounds[i] = append(rounds[i], ratio)
				}
			}
			if programs == 0 {
				continue
			}
			var each []float64
			for _, ratios := range rounds {
				each = append(each, geomean(ratios))
			}
			list = append(list, mean{g, column, programs, newSpread(each)})
		}
	}
	return list
}

func (r *report) json(path string) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	if path == "-" {
		_, err = os.Stdout.Write(text)
		return err
	}
	return os.WriteFile(path, text, 0o666)
}

// print prints the tables, and writes the JSON file. JSON on standard output
// moves the tables to standard error.
func (r *report) print(path string) error {
	w := os.Stdout
	if path == "-" {
		w = os.Stderr
	}
	if err := r.text(w); err != nil || path == "" {
		return err
	}
	return r.json(path)
}

// text prints the tables.
func (r *report) text(w io.Writer) error {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "%s, %d cores, %s, %s, %s, commit %s\n", m.Processor, m.Cores, m.System, m.Go, m.Compiler, m.Commit)
	fmt.Fprintf(&b, "%s UTC, load %s at the start and %s at the end, %d runs\n", m.Date, m.Load[0], m.Load[1], r.Runs)
	for _, l := range r.LeftOut {
		fmt.Fprintf(&b, "column %s left out: %s\n", l.Column, l.Reason)
	}
	fmt.Fprintf(&b, "\nCPU time as a multiple of native:\n\n%s\n", r.ratioTable())
	fmt.Fprintf(&b, "Start-up, system calls (CPU time), memory:\n\n%s", r.costTable())
	_, err := io.WriteString(w, b.String())
	return err
}

// find is the figure of a program in a column, nil if there is none.
func (r *report) find(program, column string) *figure {
	for i, f := range r.Cells {
		if f.Program == program && f.Column == column {
			return &r.Cells[i]
		}
	}
	return nil
}

func (r *report) ratioTable() *table {
	t := newTable("", append([]string{"native s"}, r.Columns[1:]...)...)
	for _, p := range programs {
		native, row := 0.0, []string{}
		for _, column := range r.Columns[1:] {
			f := r.find(p.name, column)
			if f == nil || f.Group == calls {
				continue
			}
			native = max(native, f.NativeCPU)
			row = append(row, ratio(f.Ratio.Median))
		}
		if len(row) > 0 {
			t.add(p.name, append([]string{fmt.Sprintf("%.3f", native/1e9)}, row...)...)
		}
	}
	for _, g := range []group{integer, floating} {
		row, count := []string{""}, 0
		for _, m := range r.Means {
			if m.Group == g {
				row, count = append(row, ratio(m.Ratio.Median)), m.Programs
			}
		}
		if count > 0 {
			t.add(fmt.Sprintf("geomean, %d %s", count, g), row...)
		}
	}
	r.spreads(t)
	return t
}

// spreads adds how far the runs lie apart, for the middle and the worst
// program.
func (r *report) spreads(t *table) {
	middle, worst := []string{""}, []string{""}
	for _, column := range r.Columns[1:] {
		var list []float64
		for _, f := range r.Cells {
			if f.Column == column && f.Group != calls {
				list = append(list, f.Ratio.Spread)
			}
		}
		m, w := median(list), spreadMax(list)
		middle, worst = append(middle, percent(m)), append(worst, percent(w))
	}
	t.add("spread of runs, middle", middle...)
	t.add("spread of runs, worst", worst...)
}

func spreadMax(list []float64) float64 {
	most := math.NaN()
	for _, v := range list {
		if !(v <= most) {
			most = v
		}
	}
	return most
}

func (r *report) costTable() *table {
	t := newTable("", r.Columns...)
	wall, cpu, peak := []string{}, []string{}, []string{}
	for _, s := range r.Startup {
		wall = append(wall, fmt.Sprintf("%.2f", s.Wall.Median/1e6))
		cpu = append(cpu, fmt.Sprintf("%.2f", s.CPU.Median/1e6))
		peak = append(peak, fmt.Sprintf("%.1f", s.PeakKB.Median/1024))
	}
	t.add("hello, ms wall", wall...)
	t.add("hello, ms CPU", cpu...)
	t.add("hello, peak MB", peak...)
	for _, c := range []struct {
		program, title string
		unit           float64 // in ns
	}{
		{"clock", "clock call, ns", 1}, {"write", "1-byte write, ns", 1},
		{"processes", "fork, exit and wait, µs", 1e3}, {"threads", "create and join a thread, µs", 1e3},
	} {
		var row []string
		var native []float64
		for _, column := range r.Columns[1:] {
			if f := r.find(c.program, column); f != nil {
				row, native = append(row, fmt.Sprintf("%.0f", f.CPU/c.unit)), append(native, f.NativeCPU/c.unit)
			}
		}
		if len(row) > 0 {
			t.add(c.title, append([]string{fmt.Sprintf("%.0f", median(native))}, row...)...)
		}
	}
	if row := r.scalingRow(); len(row) > 0 {
		t.add("2 threads, times as fast as 1", row...)
	}
	if row := r.speedRow(); len(row) > 0 {
		t.add("instruction, ns", row...)
	}
	var idle []string
	for _, column := range r.Columns {
		text := ""
		if bytes, ok := r.Idle[column]; ok {
			text = fmt.Sprintf("%.2f", bytes.Median/(1<<20))
		}
		idle = append(idle, text)
	}
	t.add("idle program, MB", idle...)
	return t
}

// scalingRow is how much sooner two threads are done than one, in each column.
func (r *report) scalingRow() []string {
	wall := func(samples, zeros []sample, n uint64) float64 {
		var list, base []float64
		for _, s := range samples {
			list = append(list, s.Wall)
		}
		for _, s := range zeros {
			base = append(base, s.Wall)
		}
		if len(base) > 0 {
			return (median(list) - median(base)) / float64(n)
		}
		return median(list) / float64(n)
	}
	var native [2]*figure // of the largest n, beside which start-up is nothing
	row := []string{""}
	for _, column := range r.Columns[1:] {
		one, two := r.find("parallel1", column), r.find("parallel", column)
		if one == nil || two == nil {
			return nil
		}
		if native[0] == nil || one.N > native[0].N {
			native = [2]*figure{one, two}
		}
		row = append(row, fmt.Sprintf("%.2f", wall(one.Samples, one.Zeros, one.N)/wall(two.Samples, two.Zeros, two.N)))
	}
	if native[0] != nil {
		row[0] = fmt.Sprintf("%.2f", wall(native[0].Natives, nil, native[0].N)/wall(native[1].Natives, nil, native[1].N))
	}
	return row
}

// speedRow is what an instruction of the programs takes in each column: the
// geometric mean over the programs.
func (r *report) speedRow() []string {
	if len(r.Speeds) == 0 {
		return nil
	}
	var row []string
	for _, column := range r.Columns {
		var list []float64
		for _, s := range r.Speeds {
			if s.Set != setOf(column) {
				continue
			}
			if f := r.find(s.Program, column); f != nil {
				list = append(list, s.Native*f.Ratio.Median)
			} else if column == native.name {
				list = append(list, s.Native)
			}
		}
		text := ""
		if len(list) > 0 {
			text = fmt.Sprintf("%.2f", geomean(list))
		}
		row = append(row, text)
	}
	return row
}
