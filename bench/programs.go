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
}

// programs are all of src. In those of the group calls, n counts thousands of
// system calls.
var programs = []program{
	{name: "bintrees", group: integer, test: 5},
	{name: "fannkuch", group: integer, test: 1},
	{name: "fib", group: integer, test: 8},
	{name: "interp", group: integer, test: 1},
	{name: "lz", group: integer, test: 2},
	{name: "memory", group: integer, test: 2},
	{name: "pointers", group: integer, test: 100},
	{name: "quicksort", group: integer, test: 1},
	{name: "sha256", group: integer, test: 100},
	{name: "statemachine", group: integer, test: 300},
	{name: "strhash", group: integer, test: 1},
	{name: "mandelbrot", group: floating, test: 60},
	{name: "matmul", group: floating, test: 1},
	{name: "nbody", group: floating, test: 2},
	{name: "spectral", group: floating, test: 1},
	{name: "stream", group: floating, test: 3},
	{name: "clock", group: calls, test: 3},
	{name: "write", group: calls, test: 1},
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
