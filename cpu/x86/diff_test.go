package x86

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nuage-emu/nuage/cpu/x86/native"
	"github.com/nuage-emu/nuage/memory"
	"github.com/stretchr/testify/require"
	"golang.org/x/arch/x86/x86asm"
)

// The differential suite: every row of the table, as instances with edge and
// random operands, on the host processor and in the interpreter. It needs
// linux/amd64 (package native) and skips elsewhere.
//
// By default every row gets a few encodings with some states each, whatever
// the time, and more while -diff.time lasts. To run for long:
//
//	go test ./cpu/x86 -run Differential -timeout 0 -diff.time 1h -diff.seed 1000000
//	go test ./cpu/x86 -run Differential -timeout 0 -diff.count 70000 -diff.record run.txt
//	go test ./cpu/x86 -run Differential -timeout 0 -diff.edges -diff.rows 'cvt|round'
//
// A failure prints the command that repeats it. Flags that the manual leaves
// undefined are compared on Intel processors, whose behaviour the interpreter
// has; what else may differ, and why, is in diff_excuse_test.go; what is not
// run at all, in diff_rows_test.go.
var (
	diffTime   = flag.Duration("diff.time", 3*time.Second, "how long the differential test runs in all, if not told a count")
	diffCount  = flag.Int("diff.count", 0, "differential test: how many instances every row gets in all, whatever the time")
	diffEdges  = flag.Bool("diff.edges", false, "differential test: all combinations of edge operands instead of random instances")
	diffSeed   = flag.Uint64("diff.seed", 1, "first seed of the differential test; every encoding of a row has the next")
	diffRow    = flag.String("diff.row", "", "differential test: only rows whose text contains this")
	diffRows   = flag.String("diff.rows", "", "differential test: only rows whose text matches this regular expression")
	diffPart   = flag.String("diff.part", "0/1", "differential test: k/n, only the rows whose number leaves k when divided by n: for several processes at a time")
	diffOnce   = flag.Bool("diff.once", false, "differential test: only the encoding of -diff.seed")
	diffRecord = flag.String("diff.record", "", "differential test: add the numbers of instances by row to this file; TestCoverageList reads testdata/instances.txt")
)

const (
	diffMinimum = 3  // encodings that every row gets at least, whatever the time
	diffStates  = 24 // states an encoding is run with

	// In a long run, the states of an encoding: placing code costs the host
	// ten times as much as running it.
	diffStatesLong = 64
)

// TestDifferential compares the interpreter with the host processor.
func TestDifferential(t *testing.T) {
	for _, form := range []memory.Form{memory.Window, memory.Paged} {
		t.Run(form.String(), func(t *testing.T) {
			d := newDiffer(t, form)
			share := *diffTime / 4
			if form == memory.Window {
				share *= 3
			}
			switch {
			case *diffOnce:
				for _, r := range d.list {
					d.instance(r, *diffSeed)
				}
			case *diffEdges:
				d.allEdges()
			case *diffCount > 0:
				n := *diffCount / 4
				if form == memory.Window {
					n = *diffCount - n
				}
				d.counted(n)
			default:
				d.timed(time.Now().Add(share))
			}
			d.summary()
		})
	}
}

// differ is a run of the suite.
type differ struct {
	t      *testing.T
	p      *pair
	list   []*Row
	states int
	failed map[*Row]int
	made   map[*Row]int
	last   map[*Row]uint64 // the last seed
	in     input
	shown  int
	began  time.Time
}

func newDiffer(t *testing.T, form memory.Form) *differ {
	d := &differ{t: t, p: newPair(t, form), states: diffStates, failed: map[*Row]int{}, made: map[*Row]int{}, last: map[*Row]uint64{}, began: time.Now()}
	match := regexp.MustCompile(*diffRows)
	var part, parts int
	_, err := fmt.Sscanf(*diffPart, "%d/%d", &part, &parts)
	require.NoError(t, err, "-diff.part")
	require.Positive(t, parts, "-diff.part")
	for _, r := range Rows() {
		if r.Index()%parts != part {
			continue
		}
		text := r.String()
		if runnable(r) && (d.p.hasAVX || !r.vex) && strings.Contains(text, *diffRow) && match.MatchString(text) {
			d.list = append(d.list, r)
		}
	}
	return d
}

func (d *differ) timed(end time.Time) {
	for seed := *diffSeed; ; seed++ {
		for _, r := range d.list {
			d.instance(r, seed)
		}
		if done := seed - *diffSeed + 1; done >= diffMinimum && time.Now().After(end) {
			return
		}
	}
}

// counted gives every row n instances.
func (d *differ) counted(n int) {
	d.states = diffStatesLong
	for _, r := range d.list {
		barren := 0 // encodings in a row that gave no instance
		for seed := *diffSeed; d.made[r] < n && d.failed[r] < 10; seed++ {
			before := d.made[r]
			d.instance(r, seed)
			if barren++; d.made[r] != before {
				barren = 0
			}
			if barren > 10000 {
				d.t.Errorf("%v: no instance among seeds up to %d", r, seed)
				break
			}
		}
	}
}

// make generates the encoding of a seed and decodes it, or returns nil if the
// dice fell badly or made another row of it (a 66 prefix, REX.W).
func (d *differ) make(r *Row, seed uint64) (*rand.Rand, *encoding, *Inst) {
	rnd := seedOf(r, seed)
	e := encode(rnd, r, d.p.base, d.p.hasGS, seed%3 == 0)
	if e == nil {
		return nil, nil, nil
	}
	var inst Inst
	pc := d.p.base + native.CodeOffset + uint64(e.at)
	err := Decode(&inst, e.code, pc)
	if err == nil && inst.Row != r {
		return nil, nil, nil
	}
	return rnd, e, &inst
}

// instance runs one encoding of a row with several states.
func (d *differ) instance(r *Row, seed uint64) {
	rnd, e, inst := d.make(r, seed)
	if e == nil {
		return
	}
	d.last[r] = seed
	var w *walk
	if seed%2 == 0 && inst.Row != nil {
		w = newWalk(e, inst, d.p.base)
	}
	placed := false
	for k := range d.states {
		if !d.in.prepare(rnd, e, d.p.base) {
			continue
		}
		if w != nil && w.total > 1 {
			w.set(&d.in, rnd.IntN(w.total))
		}
		if !placed {
			d.p.place(d.t, e)
			placed = true
		}
		if text := d.one(r, e); text != "" {
			d.report(r, e, seed, k, text)
			return
		}
	}
}

// one runs an instance and returns the differences.
func (d *differ) one(r *Row, e *encoding) string {
	d.made[r]++
	d.p.run(d.t, e, &d.in)
	return d.p.compare(e)
}

func (d *differ) report(r *Row, e *encoding, seed uint64, k int, text string) {
	d.failed[r]++
	if d.failed[r] > 1 || d.shown >= 60 {
		return
	}
	d.shown++
	pc := d.p.base + native.CodeOffset + uint64(e.at)
	asm := "?" // a foreign disassembler: ours reads the same table
	if inst, err := x86asm.Decode(e.code, 64); err == nil {
		asm = x86asm.IntelSyntax(inst, pc, nil)
	}
	how := fmt.Sprintf("-diff.seed %d -diff.once", seed)
	if *diffEdges {
		how = "-diff.edges"
	}
	d.t.Errorf("%s: state %d of seed %d\n  % x  %s  at %#x\n  input %s\n%s  again: go test ./cpu/x86 -run 'TestDifferential/%s' -diff.row '%s' %s",
		r, k, seed, e.code, asm, pc, d.p.inputs(e, &d.in), text, d.p.space.Form(), r, how)
}

func (d *differ) summary() {
	total := 0
	var none []string
	for _, r := range d.list {
		total += d.made[r]
		if d.made[r] == 0 && !*diffOnce && (*diffCount == 0 || *diffCount > 1000) && !*diffEdges {
			none = append(none, r.String())
		}
	}
	if len(none) > 0 {
		d.t.Errorf("rows without an instance: %s", strings.Join(none, "; "))
	}
	if len(d.failed) > 0 {
		var names []string
		for r, n := range d.failed {
			names = append(names, fmt.Sprintf("%s (%d)", r, n))
		}
		d.t.Errorf("%d rows differ: %s", len(d.failed), strings.Join(names, "; "))
	}
	d.t.Logf("%d rows, %d instances, %.0f a second", len(d.list), total, float64(total)/time.Since(d.began).Seconds())
	if *diffRecord != "" {
		d.record(*diffRecord)
	}
}
