package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// sample is what one run of a program took.
type sample struct {
	N        uint64  `json:"n"`
	CPU      float64 `json:"cpu_ns"`  // user and system, all threads of the process
	Wall     float64 `json:"wall_ns"` // from fork to the end of the process
	PeakKB   int64   `json:"peak_kb"`
	Checksum string  `json:"checksum"`
}

// patience bounds one run, in case a column hangs.
const patience = 10 * time.Minute

// run runs the program once in the column.
func (s *session) run(ctx context.Context, c *column, name string, n uint64) (sample, error) {
	argv := c.command(s, name, n)
	r, err := s.start(ctx, argv)
	if err != nil {
		return r, fmt.Errorf("%s in column %s, n = %d: %w\nthe command was: %s", name, c.name, n, err, strings.Join(argv, " "))
	}
	r.N = n
	return r, nil
}

// start runs a command through measure.c.
func (s *session) start(ctx context.Context, argv []string) (r sample, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	reader, writer, err := os.Pipe()
	if err != nil {
		return r, err
	}
	defer reader.Close()
	var stdout, stderr bytes.Buffer
	c := exec.CommandContext(ctx, filepath.Join(s.work, "measure"), argv...)
	c.Dir = s.root
	c.Stdout, c.Stderr, c.ExtraFiles = &stdout, &stderr, []*os.File{writer}
	c.WaitDelay = time.Second
	err = c.Start()
	_ = writer.Close()
	if err != nil {
		return r, err
	}
	line, _ := io.ReadAll(reader)
	if err := c.Wait(); err != nil {
		if ctx.Err() != nil {
			return r, fmt.Errorf("given up: %w", context.Cause(ctx))
		}
		return r, fmt.Errorf("%w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	return readSample(string(line), stdout.String(), stderr.String())
}

// readSample makes a sample of the line of measure.c and what the program
// printed.
func readSample(line, stdout, stderr string) (r sample, err error) {
	var status int // as wait(2) has it
	if _, err := fmt.Sscan(line, &r.Wall, &r.CPU, &r.PeakKB, &status); err != nil {
		return r, fmt.Errorf("measure printed %q: %w", line, err)
	}
	if signal := status & 0x7f; signal != 0 {
		return r, fmt.Errorf("it died of signal %d: %s", signal, strings.TrimSpace(stderr))
	}
	if status != 0 {
		return r, fmt.Errorf("it ended with status %d: %s", status>>8, strings.TrimSpace(stderr))
	}
	fields := strings.Fields(stdout)
	if len(fields) != 2 || len(fields[0]) != 16 {
		return r, fmt.Errorf("it printed %q, not a checksum of 16 digits and its time", stdout)
	}
	r.Checksum = fields[0]
	return r, nil
}
