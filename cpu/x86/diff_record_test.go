package x86

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"
)

// The record of long runs: a line a kind of run, form of memory and row,
// tab-separated:
//
//	kind ("random" or "edges")  form  first seeds  encodings  instances  differing encodings  row
//
// The encodings of a run have one seed each, from its first seed on. A run adds
// its numbers to the file. testdata/instances.txt holds those of the runs that
// the coverage list tells of; files of several runs may be put one behind the
// other, NUAGE_UPDATE=1 go test -run TestCoverageList adds them up.

const recordFile = "testdata/instances.txt"

// entry is a line of the record.
type entry struct {
	kind, form, row    string
	seeds              []string
	encodings          uint64
	instances, differs int
}

// runRecord is the contents of a record.
type runRecord map[[3]string]*entry

// add adds a line, to the one of the same kind, form and row if there is one.
func (rec runRecord) add(n entry) {
	key := [3]string{n.kind, n.form, n.row}
	e := rec[key]
	if e == nil {
		rec[key] = &n
		return
	}
	e.seeds = append(e.seeds, n.seeds...)
	e.encodings += n.encodings
	e.instances += n.instances
	e.differs += n.differs
}

// readRecord reads a record; no file is an empty one.
func readRecord(file string) (runRecord, error) {
	rec := runRecord{}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return rec, nil
	}
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(b)) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 7)
		if len(f) != 7 {
			return nil, fmt.Errorf("%s: %q is not a line of a record", file, line)
		}
		var n [3]uint64
		for i := range n {
			if n[i], err = strconv.ParseUint(f[3+i], 10, 63); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
		rec.add(entry{f[0], f[1], f[6], strings.Split(f[2], ","), n[0], int(n[1]), int(n[2])})
	}
	return rec, nil
}

// write writes the lines of the rows there are, in their order.
func (rec runRecord) write(file string) error {
	var b strings.Builder
	for _, r := range Rows() {
		for _, kind := range []string{"random", "edges"} {
			for _, form := range []string{"window", "paged"} {
				if e := rec[[3]string{kind, form, r.String()}]; e != nil {
					slices.Sort(e.seeds)
					fmt.Fprintf(&b, "%s\t%s\t%s\t%d\t%d\t%d\t%s\n", kind, form, strings.Join(slices.Compact(e.seeds), ","), e.encodings, e.instances, e.differs, r)
				}
			}
		}
	}
	return os.WriteFile(file, []byte(b.String()), 0o644)
}

// record adds the run to a record.
func (d *differ) record(file string) {
	rec, err := readRecord(file)
	require.NoError(d.t, err)
	kind := "random"
	if *diffEdges {
		kind = "edges"
	}
	for _, r := range d.list {
		if d.made[r] > 0 {
			rec.add(entry{kind, d.p.space.Form().String(), r.String(), []string{strconv.FormatUint(*diffSeed, 10)},
				d.last[r] - *diffSeed + 1, d.made[r], d.failed[r]})
		}
	}
	require.NoError(d.t, rec.write(file))
}

// tally is what the record says of a row.
type tally struct {
	random, edges, differ int
	encodings             uint64 // of random instances
}

func (rec runRecord) tally(r *Row) (t tally) {
	for _, form := range []string{"window", "paged"} {
		if e := rec[[3]string{"random", form, r.String()}]; e != nil {
			t.random, t.encodings, t.differ = t.random+e.instances, t.encodings+e.encodings, t.differ+e.differs
		}
		if e := rec[[3]string{"edges", form, r.String()}]; e != nil {
			t.edges, t.differ = t.edges+e.instances, t.differ+e.differs
		}
	}
	return t
}

// seeds lists the first seeds of the random runs.
func (rec runRecord) seeds() []string {
	var all []string
	for _, e := range rec {
		if e.kind == "random" {
			all = append(all, e.seeds...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
