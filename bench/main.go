// Command bench measures how fast Nuage runs programs, next to the host itself
// and next to other emulators, and prints ratios.
//
//	go run ./bench --help
//
// The programs are the C files in src: each computes something that depends on
// a number n and prints a checksum. They are built twice from the same source
// with the same flags: for CloudABI, by conformance/build.sh, with the results
// in bin; and for the host, by this command, each time. Whatever runs a program
// is a column of the table; every column's checksums must be the native ones.
// A figure is made of pairs: one run in the column, one native run of the same
// n beside it in time, both as CPU time of the whole process less that of a run
// with n = 0. See README.md for what the figures mean and the latest ones.
//
// What is not here: micro-benchmarks of single packages, which live beside
// what they measure as Go benchmarks.
//
// Start reading in session.go, which is the course of a measurement. Programs,
// columns, statistics and tables have files of their own.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// options is the command line.
type options struct {
	JSON     string   `name:"json" placeholder:"FILE" help:"Also write everything measured, each run of it, to the file (- is standard output; the tables then go to standard error)."`
	Runs     int      `default:"5" placeholder:"N" help:"How often each pair is measured; the median counts (default 5)."`
	Seconds  float64  `default:"1" placeholder:"S" help:"CPU time that one run in a column should take; n is made smaller for slow columns until it fits (default 1)."`
	Programs []string `placeholder:"NAME" help:"Measure only these programs, separated by commas (--list names them)."`
	Columns  []string `placeholder:"NAME" help:"Measure only these columns (--list names them). Native is always measured."`
	Quick    bool     `help:"One run of a tenth of a second: to see whether everything works, not for figures."`
	List     bool     `help:"List the programs and the columns that can be measured here, and what is missing for the others."`
	Golden   bool     `help:"Print the checksums of native runs with small n, which the tests are checked against: testdata/golden.txt."`
	Idle     int      `hidden:"" help:"Print the memory of a process that runs this many idle programs more, in bytes for each."`
	Engine   string   `hidden:"" default:"auto" help:"The engine for idle."`
}

const description = `Measure how fast Nuage runs programs, as ratios to the same programs built for the host,
beside the other emulators that are installed (qemu-user, valgrind, blink).

The table shows CPU time divided by native CPU time, for the same work, without start-up:
2.00 is half as fast as native. Below it: start-up, system calls, memory. Progress is on
standard error. Needs clang-14 and Linux on x86-64.

Examples:
  go run ./bench --quick                            does everything work? about a minute
  go run ./bench                                    all of it, about a quarter of an hour
  go run ./bench --columns interp --programs fib,lz --runs 9
  go run ./bench --json result.json                 with every single run
  go run ./bench --golden >bench/testdata/golden.txt   after a change to a program`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var o options
	parser, err := kong.New(&o, kong.Name("bench"), kong.Description(description),
		kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 100}))
	if err != nil {
		return err
	}
	if _, err := parser.Parse(args); err != nil {
		return fmt.Errorf("%w; see --help", err)
	}
	switch {
	case o.Runs < 1 || o.Seconds <= 0:
		return errors.New("--runs and --seconds must be positive")
	case o.Idle > 0:
		return printIdle(ctx, os.Stdout, o.Idle, o.Engine)
	}
	if o.Quick {
		o.Runs, o.Seconds = 1, 0.1
	}
	s, err := newSession(ctx, o)
	if err != nil {
		return err
	}
	defer s.close()
	switch {
	case o.Golden:
		return s.golden(ctx, os.Stdout)
	case o.List:
		return s.list(os.Stdout)
	}
	r, err := s.measure(ctx)
	if err != nil {
		return err
	}
	return r.print(o.JSON)
}
