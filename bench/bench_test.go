package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/nuage-emu/nuage"
)

// TestProgramsComputeWhatTheyDoNatively runs every program's smallest workload
// in the interpreter.
func TestProgramsComputeWhatTheyDoNatively(t *testing.T) {
	rows, err := readGolden(goldenText)
	require.NoError(t, err)
	for _, set := range []string{"x86_64", "aarch64"} {
		for _, row := range rows {
			t.Run(set+"/"+row.program, func(t *testing.T) {
				t.Parallel()
				require.Equal(t, row.checksum, interpret(t, filepath.Join("bin", set, row.program), row.n))
			})
		}
	}
}

// interpret runs a program in the interpreter and returns its checksum. It
// skips the test if this build cannot run the program's instruction set.
func interpret(t *testing.T, path string, n uint64) string {
	image, err := nuage.LoadFile(path)
	require.NoError(t, err)
	defer image.Close()
	m, err := nuage.NewMachine(nuage.Options{Engine: nuage.Interpreter})
	require.NoError(t, err)
	defer m.Close()
	var out bytes.Buffer
	p, err := m.Start(t.Context(), image, nuage.Config{
		Args: map[string]any{"out": nuage.Writer(&out), "sink": nuage.Writer(io.Discard), "n": n},
	})
	if err != nil && strings.Contains(err.Error(), "can load and inspect but not run") {
		t.Skip(err)
	}
	require.NoError(t, err)
	status, err := p.Wait(context.Background())
	require.NoError(t, err)
	require.Zero(t, status.Code, "%v", status)
	fields := strings.Fields(out.String())
	require.Len(t, fields, 2, out.String())
	return fields[0]
}

// TestCountInstructions: the count grows with the work, repeats, and is
// of the program that was asked for.
func TestCountInstructions(t *testing.T) {
	for _, set := range []string{"x86_64", "aarch64"} {
		count := func(n uint64) uint64 {
			retired, out, err := countInstructions(t.Context(), "bin/"+set+"/statemachine", n)
			require.NoError(t, err)
			require.Len(t, strings.Fields(out), 2)
			return retired
		}
		none, hundred, twice := count(0), count(100), count(200)
		require.InDelta(t, hundred, count(100), 500) // it prints the time it took, in digits
		require.Greater(t, none, uint64(1000))
		require.InEpsilon(t, 2, float64(twice-none)/float64(hundred-none), 0.02)
	}
	_, _, err := countInstructions(t.Context(), "README.md", 1)
	require.Error(t, err)
}

// TestGoldenIsComplete holds the table of checksums, the programs and the
// files of src together.
func TestGoldenIsComplete(t *testing.T) {
	rows, err := readGolden(goldenText)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(goldenText, goldenHead))
	list, err := choose("..", nil)
	require.NoError(t, err)
	require.Len(t, rows, len(list))
	var names []string
	for i, p := range list {
		require.Equal(t, p.name, rows[i].program)
		require.Equal(t, p.test, rows[i].n)
		names = append(names, filepath.Join("src", p.name+".c"))
	}
	files, err := filepath.Glob("src/*.c")
	require.NoError(t, err)
	require.ElementsMatch(t, files, names)
}

// TestFlagsAreThoseOfTheGuests: the native programs are built with what
// conformance/build.sh says, but for what has no say in the code.
func TestFlagsAreThoseOfTheGuests(t *testing.T) {
	script, err := os.ReadFile("../conformance/build.sh")
	require.NoError(t, err)
	common := regexp.MustCompile(`(?s)\ncommon=\((.*?)\)`).FindSubmatch(script)
	require.NotNil(t, common, "build.sh has no list named common")
	final := regexp.MustCompile(`else echo (-\S+); fi`).FindSubmatch(script)
	require.NotNil(t, final, "build.sh does not say what the final generation adds")
	var want []string
	for _, flag := range append(strings.Fields(string(common[1])), string(final[1])) {
		if !strings.HasPrefix(flag, "-W") && !strings.HasPrefix(flag, "-I") && !strings.HasPrefix(flag, "-fdebug-") {
			want = append(want, flag)
		}
	}
	require.ElementsMatch(t, want, codeFlags)
	require.Contains(t, string(script), compiler+" ")
}

// TestNativeRun builds and measures a program as the command does.
func TestNativeRun(t *testing.T) {
	if _, err := exec.LookPath(compiler); err != nil {
		if os.Getenv("NUAGE_CI") != "" {
			t.Fatalf("%s is missing", compiler)
		}
		t.Skipf("needs %s", compiler)
	}
	s, err := newSession(t.Context(), options{Golden: true, Programs: []string{"statemachine"}})
	if err != nil && strings.Contains(err.Error(), "Linux on x86-64") {
		t.Skip(err)
	}
	require.NoError(t, err)
	defer s.close()
	var out strings.Builder
	require.NoError(t, s.golden(t.Context(), &out))
	rows, err := readGolden(out.String())
	require.NoError(t, err)
	require.Len(t, rows, 1)
	golden, err := readGolden(goldenText)
	require.NoError(t, err)
	require.Contains(t, golden, rows[0])

	r, err := s.run(t.Context(), &native, "statemachine", 300)
	require.NoError(t, err)
	require.Positive(t, r.CPU)
	require.GreaterOrEqual(t, r.Wall, 0.5*r.CPU)
	require.Less(t, r.PeakKB, int64(8<<10), "the harness's own memory is in the figure")

	false := &column{name: "false", command: func(*session, string, uint64) []string { return []string{"/bin/false"} }}
	_, err = s.run(t.Context(), false, "fib", 7)
	require.ErrorContains(t, err, "fib in column false, n = 7")
	require.ErrorContains(t, err, "status 1")
	require.ErrorContains(t, err, "the command was: /bin/false")
}

func TestReadSample(t *testing.T) {
	r, err := readSample("2000 1500 640 0\n", "00000000000003e8 17\n", "")
	require.NoError(t, err)
	require.Equal(t, sample{CPU: 1500, Wall: 2000, PeakKB: 640, Checksum: "00000000000003e8"}, r)
	_, err = readSample("2000 1500 640 11\n", "", "oh\n")
	require.ErrorContains(t, err, "signal 11: oh")
	_, err = readSample("2000 1500 640 0\n", "hello\n", "")
	require.ErrorContains(t, err, "not a checksum")
	_, err = readSample("", "", "")
	require.Error(t, err)
}

func TestAgree(t *testing.T) {
	c := &cell{program: &programs[0], column: &native}
	good := sample{N: 3, Checksum: "a"}
	require.NoError(t, agree(c, good, good))
	require.ErrorContains(t, agree(c, sample{N: 3, Checksum: "b"}, good), "computes something else: n = 3 gives b")
	require.Error(t, agree(c, sample{N: 4, Checksum: "a"}, good))
}

func TestStatistics(t *testing.T) {
	require.True(t, math.IsNaN(median(nil)))
	require.True(t, math.IsNaN(spread(nil)))
	require.True(t, math.IsNaN(geomean(nil)))
	values := []float64{9, 1, 5}
	require.Equal(t, 5.0, median(values))
	require.Equal(t, []float64{9, 1, 5}, values, "the order was changed")
	require.Equal(t, 3.0, median([]float64{4, 1, 2, 8}))
	require.InDelta(t, 8.0/5, spread(values), 1e-12)
	require.Zero(t, spread([]float64{-1, 0, 1}), "no number in JSON")
	require.InDelta(t, 4, geomean([]float64{2, 8}), 1e-12)
	require.Equal(t, 3.0, spreadMax([]float64{1, 3, 2}))
	require.True(t, math.IsNaN(spreadMax(nil)))
}

func TestFitting(t *testing.T) {
	for _, c := range []struct {
		shift       int
		net, wanted float64
		want        int
	}{
		{10, 1, 1024, 0},
		{10, 1, 64, 4},
		{0, 1, 1, 0},
		{0, 4, 1, 2},
		{3, 100, 1, maxShift},
		{4, 0, 1, 0},
		{7, 1.1, 1, 7},
	} {
		require.Equal(t, c.want, fitting(c.shift, c.net, c.wanted), "%+v", c)
	}
}

// TestRatios: start-up is taken off, and each run is divided by its own pair.
func TestRatios(t *testing.T) {
	cpu := func(values ...float64) (list []sample) {
		for _, v := range values {
			list = append(list, sample{CPU: v})
		}
		return list
	}
	p := &programs[0]
	natives := map[string]*cell{p.name: {program: p, zeros: cpu(10, 12, 900)}}
	c := &cell{program: p, zeros: cpu(100, 90, 110), runs: cpu(300, 500), pairs: cpu(22, 32)}
	require.Equal(t, []float64{20, 20}, c.ratios(natives))
	require.Equal(t, []float64{1}, net(cpu(5), cpu(10)), "a run shorter than start-up")
}

// sampleReport has two columns, of which one was not measured everywhere.
func sampleReport() *report {
	one := func(v ...float64) spreadOf { return newSpread(v) }
	r := &report{Columns: []string{"native", "interp", "qemu", "interp-a64"}, Runs: 2, LeftOut: []leftOut{{"blink", "blink is not installed"}},
		Cells: []figure{
			{Program: "fib", Group: integer, Column: "interp", Ratio: one(50, 52), CPU: 5e9, NativeCPU: 1e8},
			{Program: "fib", Group: integer, Column: "qemu", Ratio: one(7, 7), CPU: 5e9, NativeCPU: 9e8},
			{Program: "lz", Group: integer, Column: "interp", Ratio: one(200, 208), CPU: 5e9, NativeCPU: 2e8},
			{Program: "lz", Group: integer, Column: "qemu", Ratio: one(3, 3.03), CPU: 5e9, NativeCPU: 9e8},
			{Program: "fib", Group: integer, Column: "interp-a64", Ratio: one(40, 40), CPU: 4e9, NativeCPU: 1e8},
			{Program: "lz", Group: integer, Column: "interp-a64", Ratio: one(90, 90), CPU: 9e9, NativeCPU: 1e8},
			{Program: "clock", Group: calls, Column: "interp", Ratio: one(9), CPU: 333, NativeCPU: 31},
			{Program: "clock", Group: calls, Column: "qemu", Ratio: one(2), CPU: 66, NativeCPU: 33},
		},
		Speeds: []speed{{"fib", "x86_64", 7, 100, 0.5}, {"lz", "x86_64", 9, 100, 0.5}, {"fib", "aarch64", 7, 200, 0.25}},
		Idle:   map[string]spreadOf{"interp": one(3 << 20)}}
	for _, c := range r.Columns {
		r.Startup = append(r.Startup, start{c, one(1.5e6), one(1e6), one(2048)})
	}
	r.Means = means(r.Cells, r.Columns[1:])
	return r
}

func TestMeans(t *testing.T) {
	list := sampleReport().Means
	require.Len(t, list, 3, "floating point was not measured")
	require.Equal(t, "interp", list[0].Column)
	require.Equal(t, 2, list[0].Programs)
	require.InDeltaSlice(t, []float64{100, 104}, list[0].Ratio.Each, 0.01)
}

func TestText(t *testing.T) {
	var b strings.Builder
	require.NoError(t, sampleReport().text(&b))
	text := b.String()
	for _, line := range []string{
		"column blink left out: blink is not installed",
		"|                        | native s | interp | qemu | interp-a64 |",
		"|------------------------|---------:|-------:|-----:|-----------:|",
		"| fib                    |    0.900 |   51.0 | 7.00 |       40.0 |",
		"| geomean, 2 integer     |          |    102 | 4.59 |       60.0 |",
		"| spread of runs, worst  |          |     4% |   1% |         0% |",
		"| hello, ms wall   |   1.50 |   1.50 | 1.50 |       1.50 |",
		"| clock call, ns   |     32 |    333 |   66 |            |",
		"| instruction, ns  |   0.50 |  51.00 | 2.30 |      10.00 |", // an instruction of another build is another one
	} {
		require.True(t, slices.ContainsFunc(strings.Split(text, "\n"), func(l string) bool { return strings.HasPrefix(l, line) }), "no line %q in\n%s", line, text)
	}
	require.NotContains(t, text, "NaN")
}

func TestJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	want := sampleReport()
	require.NoError(t, want.json(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var got report
	require.NoError(t, json.Unmarshal(text, &got))
	require.Equal(t, want, &got)
}

func TestTable(t *testing.T) {
	list := newTable("what", "é", "long")
	list.add("a", "1")
	require.Equal(t, "| what |  é | long |\n|------|---:|-----:|\n| a    |  1 |      |\n", list.String())
	require.Equal(t, []string{"1.23", "12.3", "123", ""}, []string{ratio(1.234), ratio(12.34), ratio(123.4), ratio(math.NaN())})
}

func TestChoose(t *testing.T) {
	list, err := choose("..", []string{"lz", "fib"})
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, uint64(4300), list[0].full)
	require.Equal(t, uint64(1), list[0].scaled(40))
	_, err = choose("..", []string{"fig"})
	require.ErrorContains(t, err, `there is no program "fig"; there are aes, bintrees`)
}

func TestOptions(t *testing.T) {
	for args, want := range map[string]string{
		"--runs=0":         "must be positive",
		"--runs=x":         "see --help",
		"--frobnicate":     "see --help",
		"--programs=fig":   "there is no program",
		"--list --seconds": "see --help",
	} {
		require.ErrorContains(t, run(t.Context(), strings.Fields(args)), want, args)
	}
}

func TestReadGolden(t *testing.T) {
	for _, bad := range []string{"fib 1\n", "fib x 00\n"} {
		_, err := readGolden(bad)
		require.Error(t, err, bad)
	}
}

// TestScaling: the same work in one thread and in two, start-up taken off,
// whatever n each was measured with.
func TestScaling(t *testing.T) {
	wall := func(values ...float64) (list []sample) {
		for _, v := range values {
			list = append(list, sample{Wall: v})
		}
		return list
	}
	r := &report{Columns: []string{"native", "interp"}, Cells: []figure{
		{Program: "parallel1", Column: "interp", N: 100, Samples: wall(1010, 1010), Zeros: wall(10), Natives: wall(50)},
		{Program: "parallel", Column: "interp", N: 200, Samples: wall(1010), Zeros: wall(10), Natives: wall(55)},
	}}
	require.Equal(t, []string{"1.82", "2.00"}, r.scalingRow())
	r.Cells = r.Cells[:1]
	require.Nil(t, r.scalingRow())
}

func TestEngineNamed(t *testing.T) {
	require.Equal(t, nuage.AutoEngine, engineNamed("auto"))
	for _, name := range engines() {
		require.Equal(t, name, engineNamed(name).String())
	}
}
