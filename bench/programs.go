package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// group is what a program's figures are summed up under.
type group string

const (
	integer  group = "integer"
	floating group = "floating point"
	calls    group = "system calls"
	// The same work in one thread and in two; in no mean, since what counts is
	// how much sooner the two are done.
	scaling group = "scaling"
)

// program is one file of src.
type program struct {
	name  string
	group group
	// test is the n of the golden checksums: the smallest one that goes
	// through all of the program.
	test uint64
	// full is the n of about a second of native time, bench_default in the
	// source.
	full uint64
	// calls is how many calls, processes or threads n = 1 stands for, in the
	// group calls.
	calls uint64
}

// programs are all of src, in the order of the table.
var programs = []program{
	{name: "aes", group: integer, test: 10},
	{name: "bintrees", group: integer, test: 5},
	{name: "blake3", group: integer, test: 60},
	{name: "crc", group: integer, test: 50},
	{name: "dct", group: integer, test: 1},
	{name: "deep", group: integer, test: 2},
	{name: "fannkuch", group: integer, test: 1},
	{name: "fib", group: integer, test: 8},
	{name: "filters", group: integer, test: 10},
	{name: "huffman", group: integer, test: 1},
	{name: "interp", group: integer, test: 1},
	{name: "kernels", group: integer, test: 10},
	{name: "longjmp", group: integer, test: 2},
	{name: "lu", group: integer, test: 3},
	{name: "lz", group: integer, test: 2},
	{name: "memory", group: integer, test: 2},
	{name: "montgomery", group: integer, test: 400},
	{name: "petri", group: integer, test: 60},
	{name: "pointers", group: integer, test: 100},
	{name: "quicksort", group: integer, test: 1},
	{name: "records", group: integer, test: 5},
	{name: "regex", group: integer, test: 20},
	{name: "sha256", group: integer, test: 100},
	{name: "statemachine", group: integer, test: 300},
	{name: "strhash", group: integer, test: 1},
	{name: "strings", group: integer, test: 20},
	{name: "threaded", group: integer, test: 10},
	{name: "virtual", group: integer, test: 20},
	{name: "vm", group: integer, test: 60},
	{name: "mandelbrot", group: floating, test: 60},
	{name: "matmul", group: floating, test: 1},
	{name: "matscalar", group: floating, test: 1},
	{name: "nbody", group: floating, test: 2},
	{name: "spectral", group: floating, test: 1},
	{name: "stream", group: floating, test: 3},
	{name: "parallel1", group: scaling, test: 3},
	{name: "parallel", group: scaling, test: 3},
	{name: "clock", group: calls, test: 3, calls: 1000},
	{name: "write", group: calls, test: 1, calls: 1000},
	{name: "processes", group: calls, test: 5, calls: 1},
	{name: "threads", group: calls, test: 20, calls: 1},
}

// helloProgram is what start-up is measured with: with n = 0 it prints one
// line and ends.
const helloProgram = "fib"

var fullPattern = regexp.MustCompile(`(?m)^const uint64_t bench_default = (\d+);$`)

// choose returns the named programs, or all, with their full n read from the
// sources below root.
func choose(root string, names []string) ([]program, error) {
	var list []program
	for _, p := range programs {
		if len(names) > 0 && !slices.Contains(names, p.name) {
			continue
		}
		path := filepath.Join(root, "bench", "src", p.name+".c")
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		m := fullPattern.FindSubmatch(source)
		if m == nil {
			return nil, fmt.Errorf("%s does not define bench_default", path)
		}
		if p.full, err = strconv.ParseUint(string(m[1]), 10, 64); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		list = append(list, p)
	}
	for _, name := range names {
		if !slices.ContainsFunc(programs, func(p program) bool { return p.name == name }) {
			return nil, fmt.Errorf("there is no program %q; there are %s", name, strings.Join(programNames(), ", "))
		}
	}
	return list, nil
}

func programNames() []string {
	var names []string
	for _, p := range programs {
		names = append(names, p.name)
	}
	return names
}

// maxShift bounds how much smaller than full n can get.
const maxShift = 10

// scaled is n for a 2^shift-th of the full work.
func (p program) scaled(shift int) uint64 { return max(1, p.full>>shift) }
