package x86

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"
)

// The record of long runs: a line a row and form of memory, tab-separated:
//
//	kind ("random" or "edges")  form  first seed  last seed  instances  differing encodings  row
//
// A run appends its lines. testdata/instances.txt holds those of the runs that
// the coverage list tells of.

const recordFile = "testdata/instances.txt"

func (d *differ) record(file string) {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	require.NoError(d.t, err)
	w := bufio.NewWriter(f)
	kind := "random"
	if *diffEdges {
		kind = "edges"
	}
	for _, r := range d.list {
		if d.made[r] > 0 {
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%s\n", kind, d.p.space.Form(), *diffSeed, d.last[r], d.made[r], d.failed[r], r)
		}
	}
	require.NoError(d.t, w.Flush())
	require.NoError(d.t, f.Close())
}

// tally is what the record says of a row.
type tally struct {
	random, edges, differ int
	last                  uint64 // the last seed of random instances
}

func readRecord(file string) (map[string]*tally, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	rows := map[string]*tally{}
	for line := range strings.Lines(string(b)) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 7)
		if len(f) != 7 {
			return nil, fmt.Errorf("%s: %q is not a line of a record", file, line)
		}
		var n [4]uint64
		for i := range n {
			if n[i], err = strconv.ParseUint(f[2+i], 10, 64); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
		t := rows[f[6]]
		if t == nil {
			t = new(tally)
			rows[f[6]] = t
		}
		if f[0] == "edges" {
			t.edges += int(n[2])
		} else {
			t.random += int(n[2])
			t.last = max(t.last, n[1])
		}
		t.differ += int(n[3])
	}
	return rows, nil
}
